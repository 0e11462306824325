/**
 * `uniform_`: numbers between two bounds, as PyTorch's CPU generator gives them, and the slopes of a randomised leaky ReLU. Integers are
 * in integers.ts.
 *
 * @module
 */
import { type DType, type HostArray, hostArray, readElement, roundTo, writeElement } from "../dtype.ts";
import { finfo } from "../dtype_info.ts";
import { ValueError } from "../errors.ts";
import { checkFloat, fillWith, inChunks } from "./fill.ts";
import type { Generator } from "./generator.ts";
import { fma } from "./libm/mod.ts";

/**
 * `count` numbers in [low, high), contiguous, in a float dtype (`Tensor.uniform_`; with the default bounds `torch.rand`).
 *
 * Random bits are spent per dtype as PyTorch spends them: one 32-bit draw each, two for float64.
 *
 * @throws {ValueError} when low > high or a bound is outside the dtype's range.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function uniform(generator: Generator, count: number, dtype: DType, low = 0, high = 1): HostArray {
  checkFloat("check_uniform_bounds", "uniform", dtype);
  const limit = finfo(dtype).max;
  for (const [name, bound] of [["from", low], ["to", high]] as const) {
    if (!(Math.abs(bound) <= limit)) {
      throw new ValueError(`${name} is out of bounds for ${dtype}: uniform between ${low} and ${high}`);
    }
  }
  if (low > high) {
    throw new ValueError(
      `uniform_ expects to return a [from, to) range, but found from=${low} > to=${high}: swap the bounds`,
    );
  }
  if (high - low > limit) {
    throw new ValueError(
      `uniform_ expects to-from <= std::numeric_limits<${dtype}>::max(), but found to=${high} and from=${low} ` +
        `which result in to-from to exceed the limit`,
    );
  }
  if (dtype === "float64") {
    const range = high - low;
    if (low === 0 && range === 1) return fillWith(count, dtype, () => generator.uniform());
    return fillWith(count, dtype, () => fma(generator.uniform(), range, low));
  }
  // The bounds and their difference are rounded to the dtype before they are used, the result once more after.
  const from = roundTo(dtype, low);
  const range = roundTo(dtype, roundTo(dtype, high) - from);
  const out = hostArray(dtype, count);
  if (out instanceof Float32Array) {
    const step = range * 2 ** -24;
    inChunks(generator, count, (bits, start, take) => {
      for (let i = 0; i < take; i++) out[start + i] = (bits[i] & 0xffffff) * step + from;
    });
    return out;
  }
  const digits = dtype === "float16" ? 11 : 8;
  const mask = 2 ** digits - 1, step = range * 2 ** -digits;
  inChunks(generator, count, (bits, start, take) => {
    for (let i = 0; i < take; i++) {
      writeElement(out, dtype, start + i, Math.fround((bits[i] & mask) * step + from));
    }
  });
  return out;
}

/** For each of `values` its slope in training (`torch.rrelu`): one in [lower, upper) where it is not positive, for which alone is drawn, else 1. */
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
