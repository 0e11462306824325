/**
 * Special functions in double precision.
 *
 * @module
 */

/** erf(x) / x as a polynomial in x^2 on [0, 1]: a Chebyshev interpolant computed with 50 digits, highest power first. */
// deno-fmt-ignore
const erfSeries = [
  -4.2320376764874594e-12, 8.709755232851789e-11, -1.2164764337224506e-9, 1.479243542696247e-8, -1.6364645854816389e-7,
  1.6462045711013026e-6, -1.4925647581008593e-5, 1.2055332903350668e-4, -8.548327021945428e-4, 5.223977625423455e-3,
  -0.026866170645129854, 0.1128379167095512, -0.37612638903183754, 1.1283791670955126,
];

/** The Chebyshev series of (x + 3) exp(x^2) erfc(x) for x from 1/2 to infinity, in (x - 3) / (x + 3) stretched to [-1, 1]; highest term first. */
// deno-fmt-ignore
const erfcSeries = [
  4.172132918632426e-18, 4.9520286791923116e-17, -2.838815734098364e-17, -1.281287144602533e-15, -7.449265813067267e-16,
  3.349998418368677e-14, 4.5623603194493126e-14, -9.359859669085587e-13, -1.5757236804853054e-12, 2.914923574058876e-11,
  3.839894117956319e-11, -1.0252307411489935e-9, -7.440460510579276e-12, 3.9064296956969565e-8, -1.018301676780893e-7,
  -1.3559965891164476e-6, 1.1014269903565408e-5, 5.638199110659617e-6, -6.913182204502768e-4, 6.8295045686714816e-3,
  -0.04260547909736576, 0.20027266807544394, -0.7520774257150896, 1.1524464011975497,
];

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

/** B(2k) / (2k (2k - 1)), k from 8 down to 1: Stirling's series. */
// deno-fmt-ignore
const stirling = [-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12];

/** B(2k) / (2k), k from 8 down to 1. */
const psiSeries = [-3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12];

const eulerGamma = 0.5772156649015329;

/** (-1)^k (zeta(k) - 1) / k, k from 30 down to 2: the series of lgamma about 2. */
// deno-fmt-ignore
const zetaSeries = [
  3.1044247747322276e-11, -6.4229645638381e-11, 1.330476437424449e-10, -2.7595228851242334e-10, 5.731367241678862e-10,
  -1.1921401405860912e-9, 2.4836745438024785e-9, -5.183475041970047e-9, 1.0838659214896955e-8, -2.2711094608943164e-8,
  4.7698101693639804e-8, -1.0043224823968099e-7, 2.1207184805554665e-7, -4.492469198764566e-7, 9.55141213040742e-7,
  -2.039215753801366e-6, 4.374866789907488e-6, -9.439488275268397e-6, 2.050721277567069e-5, -4.492623673813314e-5,
  9.945751278180853e-5, -2.2315475845357939e-4, 5.096695247430425e-4, -1.192753911703261e-3, 2.8905103307415234e-3,
  -7.385551028673986e-3, 0.020580808427784546, -0.0673523010531981, 0.3224670334241132,
];

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
    const series = horner(1 / (x * x), stirling) / x;
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
  return z * ((1 - eulerGamma) + z * horner(z, zetaSeries));
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
