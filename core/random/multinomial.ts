/**
 * `multinomial`: draws of categories by weight, with and without replacement.
 *
 * @module
 */
import {
  type DType,
  type HostArray,
  hostArray,
  isFloat,
  readElement,
  roundTo,
  scalarName,
} from "../dtype.ts";
import { DTypeError, ValueError } from "../errors.ts";
import type { Generator } from "./generator.ts";
import { log } from "./libm/mod.ts";

/**
 * For each row of `weights` (`rows` x `categories`, contiguous, a float dtype) `samples` categories, as an int64 array
 * of `rows` x `samples` (`torch.multinomial`). The weights need not sum to one.
 *
 * Without replacement, categories of weight 0 come last; among themselves they come in order here, while PyTorch
 * leaves their order to its `topk`.
 *
 * @throws {ValueError} when a weight is negative, infinite or NaN, a row has no weight, or more samples than categories are
 * asked for without replacement.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function multinomial(
  generator: Generator,
  weights: HostArray,
  dtype: DType,
  rows: number,
  categories: number,
  samples: number,
  replacement = false,
): BigInt64Array<ArrayBuffer> {
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `multinomial only supports floating-point dtypes for input, got: ${
        scalarName(dtype)
      }; cast the weights with .to("float32")`,
    );
  }
  if (!(samples > 0)) throw new ValueError(`cannot sample n_sample <= 0 samples: multinomial got ${samples}`);
  if (!replacement && samples > categories) {
    throw new ValueError(
      `cannot sample n_sample > prob_dist.size(-1) samples without replacement: multinomial of ${samples} ` +
        `samples from ${categories} categories; pass { replacement: true } to allow repeats`,
    );
  }
  const out = new BigInt64Array(rows * samples);
  if (replacement) {
    for (let row = 0; row < rows; row++) {
      const cumulative = cumulativeWeights(weights, dtype, row * categories, categories);
      for (let s = 0; s < samples; s++) {
        out[row * samples + s] = BigInt(find(cumulative, generator.uniform()));
      }
    }
    return out;
  }
  checkWeights(weights, dtype, rows, categories);
  const keys = new Float64Array(rows * categories);
  for (let i = 0; i < keys.length; i++) {
    const waiting = roundTo(dtype, -log(1 - generator.uniform()));
    keys[i] = roundTo(dtype, Number(readElement(weights, dtype, i)) / waiting);
  }
  for (let row = 0; row < rows; row++) {
    const key = keys.subarray(row * categories, (row + 1) * categories);
    const order = Uint32Array.from(key, (_, i) => i).sort((a, b) => key[b] - key[a] || a - b);
    for (let s = 0; s < samples; s++) out[row * samples + s] = BigInt(order[s]);
  }
  return out;
}

function checkWeights(weights: HostArray, dtype: DType, rows: number, categories: number): void {
  for (let row = 0; row < rows; row++) {
    let any = false;
    for (let i = row * categories; i < (row + 1) * categories; i++) {
      const w = Number(readElement(weights, dtype, i));
      if (!(w >= 0 && w < Infinity)) {
        throw new ValueError(
          "probability tensor contains either `inf`, `nan` or element < 0: multinomial got weight " +
            `${w} for category ${i - row * categories}`,
        );
      }
      any ||= w > 0;
    }
    if (!any) throw noWeight(row);
  }
}

function noWeight(row: number): ValueError {
  return new ValueError(
    `invalid multinomial distribution (sum of probabilities <= 0): row ${row} has no positive weight`,
  );
}

/** Running sums of a row in its own precision, scaled so that the last one is 1. */
function cumulativeWeights(weights: HostArray, dtype: DType, at: number, categories: number): HostArray {
  const precision = dtype === "float64" ? "float64" : "float32";
  const sums = hostArray(precision, categories);
  let sum = 0;
  for (let j = 0; j < categories; j++) {
    const w = Number(readElement(weights, dtype, at + j));
    if (!(w >= 0 && w < Infinity)) {
      const what = w < 0 ? "probability entry < 0" : "probability entry = infinity or NaN";
      throw new ValueError(
        `invalid multinomial distribution (encountering ${what}): multinomial got weight ${w} for category ${j}`,
      );
    }
    sum = sums[j] = roundTo(precision, sum + w);
  }
  if (!(sum > 0)) throw noWeight(at / categories);
  for (let j = 0; j < categories; j++) sums[j] = Number(sums[j]) / sum;
  sums[categories - 1] = 1;
  return sums;
}

/** The first place whose running sum is not below `u`. */
function find(cumulative: HostArray, u: number): number {
  let low = 0, high = cumulative.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulative[middle] < u) low = middle + 1;
    else high = middle;
  }
  return low;
}
