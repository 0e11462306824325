/**
 * The double-precision functions behind PyTorch's scalar distributions, as glibc computes them. JavaScript leaves the
 * last bit of `Math.log` and its like to the engine, so the places that need them call these.
 *
 * @module
 */

export const log = Math.log;
export const sin = Math.sin;
export const cos = Math.cos;
export const tan = Math.tan;
export const exp = Math.exp;

const words = new Uint32Array(2);
const asDouble = new Float64Array(words.buffer);
const high = 1;

const ln2Hi = 6.93147180369123816490e-01, ln2Lo = 1.90821492927058770002e-10;
const p1 = 6.666666666666735130e-01, p2 = 3.999999999940941908e-01, p3 = 2.857142874366239149e-01;
const p4 = 2.222219843214978396e-01, p5 = 1.818357216161805012e-01, p6 = 1.531383769920937332e-01;
const p7 = 1.479819860511658591e-01;

/** log(1 + x) for x in (-1, 0]: fdlibm's method with glibc's order of operations in the polynomial. */
export function log1p(x: number): number {
  if (x > -(2 ** -29)) return x > -(2 ** -54) ? x : x - x * x * 0.5;
  let f = x, k = 0, correction = 0, fraction = 1;
  asDouble[0] = x;
  if ((words[high] & 0x7fffffff) > 0x3fd2bec3) {
    // 1 + x = 2^k (1 + f), where 1 + f lies between sqrt(1/2) and sqrt(2).
    const u = 1 + x;
    asDouble[0] = u;
    k = (words[high] >>> 20) - 1023;
    correction = (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
    fraction = words[high] & 0xfffff;
    if (fraction < 0x6a09e) {
      words[high] = fraction | 0x3ff00000;
    } else {
      k += 1;
      words[high] = fraction | 0x3fe00000;
      fraction = (0x100000 - fraction) >> 2;
    }
    f = asDouble[0] - 1;
  }
  const halfSquare = 0.5 * f * f;
  if (fraction === 0) {
    if (f === 0) return k === 0 ? 0 : k * ln2Hi + (correction + k * ln2Lo);
    const r = halfSquare * (1 - 0.66666666666666666 * f);
    return k === 0 ? f - r : k * ln2Hi - ((r - (k * ln2Lo + correction)) - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
  const r = z * p1 + z2 * (p2 + z * p3) + z4 * (p4 + z * p5) + z6 * (p6 + z * p7);
  if (k === 0) return f - (halfSquare - s * (halfSquare + r));
  return k * ln2Hi - ((halfSquare - (s * (halfSquare + r) + (k * ln2Lo + correction))) - f);
}
