/**
 * The single-precision Box-Muller transform of PyTorch's vectorised `normal_`, step for step: Cephes' polynomials for
 * log, sin and cos, with a fused multiply-add wherever PyTorch's AVX2 build has one. Which elements pair up, and when
 * this transform is used at all, is normal.ts.
 *
 * `fround(a * b + c)` stands for a float32 fused multiply-add: the product of two float32 is exact in a double.
 *
 * @module
 */

const fround = Math.fround;

/** The polynomials' coefficients, highest power first, and the constants around them; all are float32. */
export const constants = {
  /** log(1 + x) - x + x^2 / 2 over x^3, where 1 + x lies between sqrt(1/2) and sqrt(2). */
  log: [
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
  ].map(fround),
  /** (sin(x) - x) / x^3 and (cos(x) - 1 + x^2 / 2) / x^4, in powers of x^2, up to pi / 4. */
  sin: [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(fround),
  cos: [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(fround),
  sqrtHalf: fround(0.707106781186547524),
  /** log 2, as a short number and the rest. */
  log2Rest: fround(-2.12194440e-4),
  log2Short: fround(0.693359375),
  twoPi: fround(2 * Math.PI),
  fourOverPi: fround(1.27323954473516),
  /** -pi / 4 in three parts, each so short that a multiple of it is exact. */
  minusQuarterPi: [-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8].map(fround),
} as const;

// Locals of the module, because the loop below reads them 16 times a block.
const [logP0, logP1, logP2, logP3, logP4, logP5, logP6, logP7, logP8] = constants.log;
const [sinP0, sinP1, sinP2] = constants.sin;
const [cosP0, cosP1, cosP2] = constants.cos;
const [quarterPi1, quarterPi2, quarterPi3] = constants.minusQuarterPi;
const { sqrtHalf, log2Rest, log2Short, twoPi, fourOverPi } = constants;

/** 2^-n, for n up to 25. */
const powersOfHalf = Float64Array.from({ length: 26 }, (_, n) => 2 ** -n);

/** Words and numbers of one block. */
export const blockSize = 16;

/**
 * Turns the block of 16 random words from `bits[words]` on into 16 normals from `out[to]` on: word `j` and word `j + 8`
 * become the two numbers at the same places.
 */
export function boxMullerFloat32(
  bits: Int32Array,
  words: number,
  out: Float32Array,
  to: number,
  mean: number,
  std: number,
): void {
  for (let j = 0; j < 8; j++) {
    // u1 = 1 - k / 2^24 = m / 2^24 is exact; as x * 2^e with x in [1/2, 1).
    const m = 0x1000000 - (bits[words + j] & 0xffffff);
    const width = 32 - Math.clz32(m);
    let x = m * powersOfHalf[width];
    let e = width - 24;
    if (x < sqrtHalf) {
      e -= 1;
      x = fround(fround(x - 1) + x);
    } else x = fround(x - 1);
    const xx = fround(x * x);
    let log = fround(logP0 * x + logP1);
    log = fround(log * x + logP2);
    log = fround(log * x + logP3);
    log = fround(log * x + logP4);
    log = fround(log * x + logP5);
    log = fround(log * x + logP6);
    log = fround(log * x + logP7);
    log = fround(log * x + logP8);
    log = fround(log * x);
    log = fround(log * xx + fround(e * log2Rest));
    log = fround(log - xx * 0.5);
    log = fround(e * log2Short + fround(x + log));
    const radius = fround(Math.sqrt(-2 * log));

    const theta = fround(twoPi * ((bits[words + 8 + j] & 0xffffff) * 2 ** -24));
    const octant = (Math.trunc(fround(theta * fourOverPi)) + 1) & ~1;
    let y = fround(octant * quarterPi1 + theta);
    y = fround(octant * quarterPi2 + y);
    y = fround(octant * quarterPi3 + y);
    const yy = fround(y * y);
    let cos = fround(cosP0 * yy + cosP1);
    cos = fround(cos * yy + cosP2);
    cos = fround(cos * yy);
    cos = fround(cos * yy - fround(yy * 0.5));
    cos = fround(cos + 1);
    let sin = fround(sinP0 * yy + sinP1);
    sin = fround(sin * yy + sinP2);
    sin = fround(sin * yy);
    sin = fround(sin * y + y);
    // Odd quarter turns swap sine and cosine; the half turns set the signs.
    const swap = (octant & 2) !== 0;
    const c = swap ? sin : cos, s = swap ? cos : sin;
    const n1 = fround(radius * (((octant + 2) & 4) !== 0 ? -c : c));
    const n2 = fround(radius * ((octant & 4) !== 0 ? -s : s));
    out[to + j] = fround(n1 * std + mean);
    out[to + 8 + j] = fround(n2 * std + mean);
  }
}
