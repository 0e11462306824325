/**
 * Special functions in double precision.
 *
 * @module
 */

import { erfcSeries, erfSeries, lgammaSeries, psiSeries, stirlingSeries } from "../../kernel/series.ts";

/** The error function. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a > 1)) return x * horner(x * x, erfSeries);
  return Math.sign(x) * (1 - erfc(a));
}

/** The complementary error function, 1 - erf(x). */
export function erfc(x: number): number {
  if (!(x >= 0.5)) return 1 - erf(x);
  if (x > 28) return 0;
  // exp(-x^2) with x split so that the square of the head is exact: rounding x^2 would cost a factor of x^2 in accuracy.
  const head = Math.fround(x);
  const gauss = Math.exp(-head * head) * Math.exp((head - x) * (head + x));
  const low = (0.5 - 3) / (0.5 + 3);
  const t = 2 * ((x - 3) / (x + 3) - low) / (1 - low) - 1;
  let a = 0, b = 0;
  for (let i = 0; i < erfcSeries.length - 1; i++) [a, b] = [2 * t * a - b + erfcSeries[i], a];
  return gauss * (t * a - b + erfcSeries[erfcSeries.length - 1]) / (x + 3);
}

/**
 * The inverse of `erf`: a first guess good to a few percent, and Halley's method on whichever of erf and erfc loses nothing, which triples the
 * good digits in each step.
 */
export function erfinv(y: number): number {
  const a = Math.abs(y);
  if (!(a <= 1)) return NaN;
  if (a === 1) return y * Infinity;
  // Winitzki's guess in the middle; in the tail erfc(x) ~ exp(-x^2) / (x sqrt(pi)) solved for the x of the exponential.
  const w = Math.log((1 - a) * (1 + a)), h = 2 / (Math.PI * 0.147) + w / 2;
  let x = a < 0.5 ? a : Math.sqrt(Math.sqrt(h * h - w / 0.147) - h);
  for (let i = 0; a > 0.999 && i < 3; i++) x = Math.sqrt(-Math.log((1 - a) * x * Math.sqrt(Math.PI)));
  for (let i = 0; i < 4; i++) {
    const error = a < 0.5 ? erf(x) - a : (1 - a) - erfc(x);
    const u = error * Math.sqrt(Math.PI) / 2 * Math.exp(x * x);
    x -= u / (1 + x * u);
  }
  return y < 0 || Object.is(y, -0) ? -x : x;
}

function horner(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (const c of coefficients) sum = sum * x + c;
  return sum;
}

/** The logarithm of |Gamma(x)|. */
export function lgamma(x: number): number {
  if (x !== x) return NaN;
  if (x === Infinity || x === -Infinity) return Infinity;
  if (x === 0) return Infinity;
  if (x < -0.5) {
    if (Number.isInteger(x)) return Infinity;
    // |Gamma(x) Gamma(-x)| = pi / |x sin(pi x)|
    return Math.log(Math.PI / Math.abs(x * Math.sin(Math.PI * (x - Math.round(x))))) - lgamma(-x);
  }
  if (x >= 12) {
    const series = horner(1 / (x * x), stirlingSeries) / x;
    return (x - 0.5) * (Math.log(x) - 1) + (series + (Math.log(2 * Math.PI) - 1) / 2);
  }
  if (x < 0.5) return lgammaAbout2(x) - Math.log1p(x) - Math.log(Math.abs(x));
  if (x < 1.5) return lgammaAbout2(x - 1) - Math.log1p(x - 1);
  let product = 1;
  for (; x > 2.5; product *= x) x -= 1;
  return Math.log(product) + lgammaAbout2(x - 2);
}

/** lgamma(2 + z) = (1 - gamma) z + sum (-1)^k (zeta(k) - 1) z^k / k, |z| <= 1/2. */
function lgammaAbout2(z: number): number {
  return z * horner(z, lgammaSeries);
}

/** The derivative of lgamma. As in PyTorch -inf at 0, +inf at -0 and NaN at the negative integers. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x === Infinity) return x;
  if (x < 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    // psi(x) = psi(1 - x) - pi / tan(pi x)
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.round(x)));
  }
  let sum = 0;
  for (; x < 12; x += 1) sum -= 1 / x;
  const y = 1 / (x * x);
  return sum + Math.log(x) - 0.5 / x - y * horner(y, psiSeries);
}
