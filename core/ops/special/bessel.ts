/**
 * Bessel and Airy functions. Computed on the host (host.ts), by recurrences, trapezoidal sums that converge fast, and expansions for large arguments. The modified
 * functions I0 and I1 are in special.ts.
 *
 * @module
 */
import { readElement } from "../../dtype.ts";
import { GradError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { asFloat } from "../cast.ts";
import { abs, div, mul, neg, sin, sub } from "../elementwise.ts";
import { eq, where } from "../logical.ts";
import { hostResult } from "../host.ts";
import { checkCall } from "../options.ts";

const euler = 0.5772156649015329;
/** From where on the expansions for large arguments are exact to the last digits. */
const far = 25;

/** J_0, J_1, ... of x in (0, far) by the recurrence from above, which is stable, up to a common factor that makes J_0 + 2 J_2 + 2 J_4 + ... one. */
function besselJs(x: number): Float64Array {
  const start = 2 * Math.ceil((x + 40) / 2), j = new Float64Array(start + 2);
  j[start] = 1e-300;
  for (let k = start; k > 0; k--) j[k - 1] = 2 * k / x * j[k] - j[k + 1];
  let total = j[0];
  for (let k = 2; k <= start; k += 2) total += 2 * j[k];
  return j.map((v) => v / total);
}

/** Amplitude and phase of Hankel's expansion: J = a cos - b sin of the angle, Y = a sin + b cos, both times sqrt(2 / (pi x)). */
function hankel(x: number, order: 0 | 1): { readonly a: number; readonly b: number; readonly angle: number } {
  const mu = 4 * order * order;
  let term = 1, a = 1, b = 0;
  for (let k = 1; k < 60; k++) {
    const next = term * (mu - (2 * k - 1) ** 2) / (8 * k * x);
    if (Math.abs(next) > Math.abs(term) || next === 0) break;
    term = next;
    if (k % 2 === 1) b += k % 4 === 1 ? term : -term;
    else a += k % 4 === 2 ? -term : term;
  }
  return { a, b, angle: x - (order / 2 + 0.25) * Math.PI };
}

function besselJ(x: number, order: 0 | 1): number {
  const size = Math.abs(x), sign = x < 0 && order === 1 ? -1 : 1;
  if (size === 0) return order === 0 ? 1 : x;
  if (size === Infinity) return 0;
  if (size < 1e-8) return order === 0 ? 1 : x / 2;
  if (size < far) return sign * besselJs(size)[order];
  const { a, b, angle } = hankel(size, order);
  return sign * Math.sqrt(2 / (Math.PI * size)) * (a * Math.cos(angle) - b * Math.sin(angle));
}

function besselY(x: number, order: 0 | 1): number {
  if (x === 0) return -Infinity;
  if (x < 0) return NaN;
  if (x === Infinity) return 0;
  if (x >= far) {
    const { a, b, angle } = hankel(x, order);
    return Math.sqrt(2 / (Math.PI * x)) * (a * Math.sin(angle) + b * Math.cos(angle));
  }
  if (x < 1e-8) {
    return order === 0 ? 2 / Math.PI * (Math.log(x / 2) + euler) : -2 / (Math.PI * x);
  }
  // Neumann's series
  const j = besselJs(x), log = Math.log(x / 2) + euler - order;
  let rest = 0;
  for (let k = 1; order + 2 * k < j.length; k++) {
    rest += (k % 2 === 1 ? -1 : 1) * (order + 2 * k) / (k * (k + order)) * j[order + 2 * k];
  }
  const first = order === 0 ? 0 : 2 / x * j[0];
  return (2 * log * j[order] - 2 * rest - first) / Math.PI;
}

/** e^x K_order(x): the integral of e^(-x (cosh t - 1)) cosh(order t) over t from 0. */
function scaledBesselK(x: number, order: number): number {
  if (x === 0) return Infinity;
  if (!(x > 0)) return NaN;
  if (x === Infinity) return 0;
  // The trapezoidal sum converges exponentially; its step follows the width of the integrand.
  const step = 0.1 / Math.sqrt(1 + x / 10);
  let total = 0.5;
  for (let k = 1;; k++) {
    const t = k * step, term = Math.exp(-2 * x * Math.sinh(t / 2) ** 2) * Math.cosh(order * t);
    total += term;
    if (!(term > total * 1e-18) && x * Math.sinh(t) > order) return total * step;
  }
}

/** Ai by Taylor's series of y'' = x y, step by step from 0 down; by K_1/3 above. */
function airy(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const zeta = 2 / 3 * Math.abs(x) ** 1.5;
  if (x === Infinity || x === -Infinity) return 0;
  if (x > 1) return Math.sqrt(x / 3) / Math.PI * Math.exp(-zeta) * scaledBesselK(zeta, 1 / 3);
  if (x < -far) {
    let term = 1, even = 1, odd = 0;
    for (let k = 1; k < 40; k++) {
      const next = term * (6 * k - 5) * (6 * k - 1) / (72 * k * zeta);
      if (next > term) break;
      term = next;
      if (k % 2 === 1) odd += k % 4 === 1 ? term : -term;
      else even += k % 4 === 2 ? -term : term;
    }
    const angle = zeta + Math.PI / 4;
    return (Math.sin(angle) * even - Math.cos(angle) * odd) / (Math.sqrt(Math.PI) * (-x) ** 0.25);
  }
  // Ai(0) and Ai'(0)
  let at = 0, y = 0.3550280538878172, slope = -0.2588194037928068;
  while (at !== x) {
    const h = Math.max(-0.5, Math.min(0.5, x - at)), c = [y, slope, at * y / 2];
    for (let k = 1; k < 30; k++) c.push((at * c[k] + c[k - 1]) / ((k + 2) * (k + 1)));
    let value = 0, derivative = 0;
    for (let k = c.length - 1; k >= 0; k--) value = value * h + c[k];
    for (let k = c.length - 1; k >= 1; k--) derivative = derivative * h + k * c[k];
    [at, y, slope] = [Math.abs(x - at) <= 0.5 ? x : at + h, value, derivative];
  }
  return y;
}

/** `f` of each element; `slope` gives the derivative from the argument and the value. */
function mapped(
  op: string,
  x: Tensor,
  f: (x: number) => number,
  slope: ((x: Tensor, y: Tensor) => Tensor) | null,
): Tensor {
  checkCall(op, [x]);
  if (mustWait(x)) return waiting([x], (t) => mapped(op, t, f, slope));
  const z = asFloat(x), data = z.toTypedArray();
  const values = Float64Array.from(
    { length: data.length },
    (_, i) => f(Number(readElement(data, z.dtype, i))),
  );
  const y: Tensor = hostResult([z], z.shape, z.dtype, [values], (g) => {
    if (slope === null) throw new GradError(`derivative for ${op} is not implemented; detach() its argument`);
    return [mul(g, slope(z, y))];
  });
  return y;
}

/** The Bessel function of the first kind, order 0. Reads x. `torch.special.bessel_j0`. */
export function besselJ0(x: Tensor): Tensor {
  return mapped("bessel_j0", x, (v) => besselJ(v, 0), (z) => neg(besselJ1(z)));
}

/** The Bessel function of the first kind, order 1. Reads x. `torch.special.bessel_j1`. */
export function besselJ1(x: Tensor): Tensor {
  checkCall("bessel_j1", [x]);
  // J1' = J0 - J1 / x, 1/2 at 0
  const over = (z: Tensor, y: Tensor) => where(eq(z, 0), 0.5, div(y, where(eq(z, 0), 1, z)));
  return mapped("bessel_j1", x, (v) => besselJ(v, 1), (z, y) => sub(besselJ0(z), over(z, y)));
}

/** The Bessel function of the second kind, order 0. Reads x. `torch.special.bessel_y0`. */
export function besselY0(x: Tensor): Tensor {
  return mapped("bessel_y0", x, (v) => besselY(v, 0), (z) => neg(besselY1(z)));
}

/** The Bessel function of the second kind, order 1. Reads x. `torch.special.bessel_y1`. */
export function besselY1(x: Tensor): Tensor {
  return mapped("bessel_y1", x, (v) => besselY(v, 1), (z, y) => sub(besselY0(z), div(y, z)));
}

/** The modified Bessel function of the second kind, order 0. Reads x. `torch.special.modified_bessel_k0`. */
export function modifiedBesselK0(x: Tensor): Tensor {
  return mapped(
    "modified_bessel_k0",
    x,
    (v) => scaledBesselK(v, 0) * Math.exp(-v),
    (z) => neg(modifiedBesselK1(z)),
  );
}

/** The modified Bessel function of the second kind, order 1. Reads x. `torch.special.modified_bessel_k1`. */
export function modifiedBesselK1(x: Tensor): Tensor {
  return mapped(
    "modified_bessel_k1",
    x,
    (v) => scaledBesselK(v, 1) * Math.exp(-v),
    // K1' = -K0 - K1 / x
    (z, y) => neg(modifiedBesselK0(z).add(div(y, z))),
  );
}

/** e^x K0(x). Reads x. `torch.special.scaled_modified_bessel_k0`. */
export function scaledModifiedBesselK0(x: Tensor): Tensor {
  return mapped(
    "scaled_modified_bessel_k0",
    x,
    (v) => scaledBesselK(v, 0),
    (z, y) => sub(y, scaledModifiedBesselK1(z)),
  );
}

/** e^x K1(x). Reads x. `torch.special.scaled_modified_bessel_k1`. */
export function scaledModifiedBesselK1(x: Tensor): Tensor {
  return mapped(
    "scaled_modified_bessel_k1",
    x,
    (v) => scaledBesselK(v, 1),
    (z, y) => sub(sub(y, scaledModifiedBesselK0(z)), div(y, z)),
  );
}

/** The Airy function Ai, without a gradient. Reads x. `torch.special.airy_ai`. */
export function airyAi(x: Tensor): Tensor {
  return mapped("airy_ai", x, airy, null);
}

/** The spherical Bessel function sin(x) / x. `torch.special.spherical_bessel_j0`. */
export function sphericalBesselJ0(x: Tensor): Tensor {
  checkCall("spherical_bessel_j0", [x]);
  const y = asFloat(x), zero = eq(y, 0), z = where(zero, 1, y);
  return where(zero, 1, where(eq(abs(y), Infinity), 0, div(sin(z), z)));
}
