/**
 * The incomplete gamma functions. Computed on the host (host.ts), by the series or the continued fraction, whichever converges fast.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { GradError } from "../../errors.ts";
import { readElement } from "../../dtype.ts";
import { broadcastShapes, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { cast } from "../cast.ts";
import { exp, floatsAlone, lgamma, log, mul, neg, sub } from "../elementwise.ts";
import { hostResult } from "../host.ts";
import { expand } from "../view.ts";
import { checkCall } from "../options.ts";

/** ln gamma(a) for a > 0: Stirling's series after a few steps up. */
function logGamma(a: number): number {
  let shift = 0, x = a;
  for (; x < 10; x++) shift -= Math.log(x);
  const y = 1 / (x * x);
  const series =
    (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * 691 / 360360))))) / x;
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** zeta(k), k from 12 down to 2, and Euler's gamma. */
// deno-fmt-ignore
const zetas = [
  1.000246086553308, 1.0004941886041194, 1.000994575127818, 1.0020083928260821, 1.0040773561979444, 1.0083492773819229,
  1.0173430619844492, 1.03692775514337, 1.0823232337111381, 1.2020569031595942, 1.6449340668482264, 0.5772156649015329,
];

/** ln gamma(1 + a) for a > 0: where a is small, the sum of (-a)^k zeta(k) / k, which is small as well. */
function logGammaNext(a: number): number {
  if (a > 0.05) return logGamma(a + 1);
  return zetas.reduce((sum, zeta, i) => -a * (zeta / (zetas.length - i) + sum), 0);
}

/** Q for small a, without the loss of what is near 1: 1 - x^a / gamma(1 + a) minus x^a / gamma(a) times a sum of (-x)^n / (n! (a + n)). */
function upperSeries(a: number, x: number): number {
  let power = 1, sum = 0;
  for (let n = 1; n < 100; n++) {
    power *= -x / n;
    sum += power / (a + n);
    if (Math.abs(power) < 1e-18) break;
  }
  const log = a * Math.log(x) - logGammaNext(a);
  return -Math.expm1(log) - a * Math.exp(log) * sum;
}

/** m - ln(1 + m), which loses no digits near 0. */
function logGap(m: number): number {
  if (Math.abs(m) > 0.1) return m - Math.log1p(m);
  let sum = 0;
  for (let k = 20; k >= 2; k--) sum = 1 / k - m * sum;
  return m * m * sum;
}

/** Temme's expansion for large a: the error function of a distance from x = a, and a correction of order a^(-1/2). */
function uniformGamma(a: number, x: number, upper: boolean): number {
  const m = (x - a) / a, half = logGap(m), eta = Math.sign(m) * Math.sqrt(2 * half);
  const near = Math.abs(eta) < 1e-3;
  const first = near ? -1 / 3 + eta / 12 - 2 * eta * eta / 135 : 1 / m - 1 / eta;
  const rest = Math.exp(-a * half) / Math.sqrt(2 * Math.PI * a) * (first - 1 / (540 * a));
  // The complement of the error function is itself such a function, with a = 1/2.
  const tail = incompleteGamma(0.5, a * half, true) / 2, above = eta > 0 ? tail : 1 - tail;
  return upper ? above + rest : 1 - above - rest;
}

/** The lower (P) or upper (Q) regularised function; they add to 1. */
function incompleteGamma(a: number, x: number, upper: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(x) || a < 0 || x < 0) return NaN;
  if (a === 0) return x === 0 ? NaN : upper ? 0 : 1;
  if (x === 0) return upper ? 1 : 0;
  if (x === Infinity) return a === Infinity ? NaN : upper ? 0 : 1;
  if (a === Infinity) return upper ? 1 : 0;
  if (a > 1e6) return uniformGamma(a, x, upper);
  if (upper && x <= 1.1 && a < (x <= 0.5 ? -0.4 / Math.log(x) : x * 1.1)) return upperSeries(a, x);
  const factor = Math.exp(a * Math.log(x) - x - logGammaNext(a));
  if (x <= 1.1 || x <= a) {
    // P = x^a e^-x / gamma(a + 1) * sum of x^n / ((a + 1) ... (a + n))
    let term = 1, total = term;
    for (let n = 1; n < 20000 && term > total * 1e-17; n++) {
      term *= x / (a + n);
      total += term;
    }
    return upper ? 1 - factor * total : factor * total;
  }
  // Q = x^a e^-x / gamma(a) times a continued fraction, by Lentz's method
  const tiny = 1e-300;
  let b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (let n = 1; n < 20000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b || tiny);
    c = b + an / c || tiny;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return upper ? factor * a * h : 1 - factor * a * h;
}

function regularised(op: string, a: Tensor, x: Tensor, upper: boolean): Tensor {
  checkCall(op, [a, x]);
  const dtype = floatsAlone(op, a, x), shape = broadcastShapes(op, a.shape, x.shape);
  const p = expand(cast(a, dtype), shape), q = expand(cast(x, dtype), shape);
  if (mustWait(p, q)) return waiting([p, q], (s, t) => regularised(op, s, t, upper));
  const left = p.toTypedArray(), right = q.toTypedArray();
  const values = Array.from(
    { length: sizeOf(shape) },
    (_, i) =>
      incompleteGamma(Number(readElement(left, dtype, i)), Number(readElement(right, dtype, i)), upper),
  );
  // dP/dx = x^(a - 1) e^-x / gamma(a)
  return named(
    upper ? "Igammac" : "Igamma",
    hostResult([p, q], shape, dtype, [values], (g) => {
      if (p.track !== 0) {
        throw new GradError(
          `the derivative for 'self' is not implemented: ${op} has a gradient in its second argument alone; detach() the first`,
        );
      }
      const slope = exp(sub(sub(mul(sub(p, 1), log(q)), q), lgamma(p)));
      return [null, mul(g, upper ? neg(slope) : slope)];
    }),
  );
}

/** The regularised lower incomplete gamma function P(a, x), with a gradient in x. Reads both. `torch.special.gammainc`. */
export function igamma(a: Tensor, x: Tensor): Tensor {
  return regularised("igamma", a, x, false);
}

/** The regularised upper incomplete gamma function Q(a, x), with a gradient in x. Reads both. `torch.special.gammaincc`. */
export function igammac(a: Tensor, x: Tensor): Tensor {
  return regularised("igammac", a, x, true);
}
