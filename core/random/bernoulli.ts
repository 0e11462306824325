/**
 * Coin flips: `bernoulli` with one probability or with one per element, and the mask of dropout.
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
  writeElement,
} from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { eachUniform, fillWith } from "./fill.ts";
import type { Generator } from "./generator.ts";

/** `count` times `value` with probability `p`, else 0. */
function flips(generator: Generator, count: number, dtype: DType, p: number, value: number): HostArray {
  const out = hostArray(dtype, count), element = hostArray(dtype, 1);
  writeElement(element, dtype, 0, isFloat(dtype) ? roundTo(dtype, value) : value);
  if (out instanceof BigInt64Array) {
    eachUniform(generator, count, (u, i) => {
      if (u < p) out[i] = 1n;
    });
  } else {
    const heads = element[0] as number;
    eachUniform(generator, count, (u, i) => {
      if (u < p) out[i] = heads;
    });
  }
  return out;
}

/**
 * `count` zeros and ones, one with probability `p` (`Tensor.bernoulli_`), in any dtype.
 *
 * @throws {ValueError} when p is not between 0 and 1.
 */
export function bernoulli(generator: Generator, count: number, dtype: DType, p = 0.5): HostArray {
  if (!(p >= 0 && p <= 1)) {
    throw new ValueError(`bernoulli_ expects p to be in [0, 1], but got p=${p}`);
  }
  return flips(generator, count, dtype, p, 1);
}

/**
 * Zeros and ones, one for each element of `probabilities` (`torch.bernoulli(input)`). Spends 24 random bits per element, 53
 * for float64 probabilities.
 *
 * @throws {ValueError} when a probability is not between 0 and 1.
 */
export function bernoulliEach(
  generator: Generator,
  probabilities: HostArray,
  probabilityDType: DType,
  dtype: DType,
): HostArray {
  let i = 0;
  return fillWith(probabilities.length, dtype, () => {
    const p = Number(readElement(probabilities, probabilityDType, i++));
    if (!(p >= 0 && p <= 1)) {
      throw new ValueError(
        `Expected p_in >= 0 && p_in <= 1 to be true, but got false: bernoulli got probability ${p} at element ` +
          `${i - 1}, which is not between 0 and 1`,
      );
    }
    const u = probabilityDType === "float64"
      ? generator.uniform()
      : (generator.bits32() & 0xffffff) * 2 ** -24;
    return u < p ? 1 : 0;
  });
}

/**
 * What `F.dropout(x, p)` multiplies `count` elements of a float dtype with: 0 with probability `p`, else 1 / (1 - p).
 * With p = 1 nothing is drawn.
 *
 * @throws {ValueError} when p is not between 0 and 1.
 */
export function dropoutMask(generator: Generator, count: number, dtype: DType, p: number): HostArray {
  if (!(p >= 0 && p <= 1)) {
    throw new ValueError(`dropout probability has to be between 0 and 1, but got ${p}`);
  }
  if (p === 1) return hostArray(dtype, count);
  const keep = 1 - p;
  return flips(generator, count, dtype, keep, 1 / roundTo(dtype, keep));
}
