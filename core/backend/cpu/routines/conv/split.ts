/**
 * Products with a small result and a great depth: the depth is dealt out to several products, whose results are added. The number of parts depends on the
 * sizes alone, so the result does not depend on the threads.
 *
 * @module
 */
import type { DType } from "../../../../dtype.ts";
import type { LoopKernel } from "../../../../kernel/ir.ts";
import type { FloatType } from "../lane_ops.ts";
import { sumKernel } from "../routine.ts";

/** Elements of a result that can be shared among threads as it is. */
const LARGE_RESULT = 1 << 18;
/** Parts that keep any number of threads busy. */
const PARTS = 8;
/** Bytes that the results of all parts may take; and up to which every slice is a part of its own, whose rows are contiguous more often. */
const PART_LIMIT = 1 << 26, SMALL_PARTS = 1 << 20;

/** Into how many parts to cut `units` equal slices of the depth, for a result of `count` elements of `bytes` bytes: a divisor of `units`. */
export function partsOf(units: number, count: number, bytes: number): number {
  if (count >= LARGE_RESULT) return 1;
  if (units * count * bytes <= SMALL_PARTS) return units;
  const most = Math.floor(PART_LIMIT / (count * bytes));
  for (let parts = Math.min(PARTS, units); parts <= Math.min(units, most); parts++) {
    if (units % parts === 0) return parts;
  }
  return 1;
}

/** A kernel that adds up `parts` arrays of `count` elements that lie behind each other. */
export function sumOfParts(from: FloatType, to: DType, parts: number, count: number): LoopKernel {
  return sumKernel(from, to, {
    outer: [count],
    inner: [parts],
    from: { offset: 0, strides: [1, count] },
    to: { offset: 0, strides: [1, 0] },
  });
}
