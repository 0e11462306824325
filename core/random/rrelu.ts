/**
 * The slopes of a randomised leaky ReLU in training, as PyTorch's CPU generator gives them.
 *
 * @module
 */
import { type DType, type HostArray, hostArray, readElement, roundTo, writeElement } from "../dtype.ts";
import type { Generator } from "./generator.ts";

/** For each of `values` its slope: one in [lower, upper) where it is not positive, for which alone is drawn, else 1. */
export function rreluSlopes(
  generator: Generator,
  values: HostArray,
  dtype: DType,
  lower: number,
  upper: number,
): HostArray {
  const from = roundTo(dtype, lower), range = roundTo(dtype, upper) - from;
  const slopes = hostArray(dtype, values.length);
  for (let i = 0; i < values.length; i++) {
    const slope = Number(readElement(values, dtype, i)) <= 0 ? generator.uniform() * range + from : 1;
    writeElement(slopes, dtype, i, slope);
  }
  return slopes;
}
