/**
 * Walking strided spaces: which element addresses a run of row-major points touches.
 * Shared by loads, stores and guards of loop kernels and by the operands of routines.
 *
 * @module
 */
import type { Affine } from "../../kernel/ir.ts";

/**
 * Writes to `out` the addresses `base + sum(strides[d] * i[d])` of `count` points from the row-major point number `start` on.
 */
export function fillAddresses(
  extents: readonly number[],
  strides: readonly number[],
  base: number,
  start: number,
  count: number,
  out: Float64Array,
): void {
  const last = extents.length - 1;
  if (last < 0) {
    out[0] = base;
    return;
  }
  const index = new Array<number>(extents.length);
  let at = base;
  for (let d = last, rest = start; d >= 0; d--) {
    index[d] = rest % extents[d];
    rest = Math.floor(rest / extents[d]);
    at += index[d] * strides[d];
  }
  const step = strides[last];
  for (let i = 0; i < count;) {
    const end = Math.min(count, i + extents[last] - index[last]);
    index[last] += end - i;
    for (; i < end; i++, at += step) out[i] = at;
    for (let d = last; d > 0 && index[d] === extents[d]; d--) {
      at += strides[d - 1] - extents[d] * strides[d];
      index[d] = 0;
      index[d - 1]++;
    }
  }
}

/** The part of an affine function that the first `index.length` loops decide. */
export function baseAddress(at: Affine, index: readonly number[]): number {
  let base = at.offset;
  for (let d = 0; d < index.length; d++) base += index[d] * at.strides[d];
  return base;
}

/** Steps a row-major multi-index on by one point; false when it has gone all the way round. */
export function advance(index: number[], extents: readonly number[]): boolean {
  for (let d = extents.length - 1; d >= 0; d--) {
    if (++index[d] < extents[d]) return true;
    index[d] = 0;
  }
  return false;
}
