/**
 * Double-precision arithmetic that JavaScript lacks: the fused multiply-add that PyTorch's build uses.
 *
 * @module
 */

const scratch = new Float64Array(1);
const scratchBits = new BigInt64Array(scratch.buffer);

/** Half of a double: the upper 26 bits of it, as Dekker splits it. */
function upper(a: number): number {
  const t = 134217729 * a;
  return t - (t - a);
}

/**
 * `a * b + c` rounded once. Exact while `a * b` neither overflows nor loses bits to underflow, which holds for
 * the magnitudes that random numbers have.
 */
export function fma(a: number, b: number, c: number): number {
  const p = a * b;
  if (c === 0 || !Number.isFinite(p) || !Number.isFinite(c)) return p + c;
  // p + pe = a * b and s + se = p + c, both exactly.
  const ah = upper(a), al = a - ah, bh = upper(b), bl = b - bh;
  const pe = al * bl - (((p - ah * bh) - al * bh) - ah * bl);
  const s = p + c;
  const t = s - p;
  const se = (p - (s - t)) + (c - t);
  // Adding the two small parts to s in one more rounding would round twice. Rounding their sum to odd first makes the
  // final addition see on which side of a tie it is.
  let small = pe + se;
  const st = small - pe;
  const lost = (pe - (small - st)) + (se - st);
  if (lost !== 0) {
    scratch[0] = small;
    if ((scratchBits[0] & 1n) === 0n) {
      scratchBits[0] += (lost > 0) === (small > 0) ? 1n : -1n;
      small = scratch[0];
    }
  }
  return s + small;
}
