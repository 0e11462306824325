/**
 * Keys of the pure random functions: making them, splitting them, and the raw bits they stand for.
 *
 * @module
 */
import type { DeviceName } from "../../device.ts";
import { TenonError, ValueError } from "../../errors.ts";
import { cast } from "../../ops/cast.ts";
import { checkShape, fromHost, full, zeros } from "../../ops/create.ts";
import { bitwiseAnd, bitwiseLeftShift, bitwiseOr, bitwiseXor } from "../../ops/logical.ts";
import { stack } from "../../ops/join.ts";
import type { Shape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { keyWords, threefry2x32, wordPairs } from "./threefry.ts";
import { checkOptions } from "../../ops/options.ts";

/**
 * The key of a seed: an int32 tensor [2] with the high and the low 32 bits of it. `jax.random.key`.
 *
 * A key is used once: for new numbers, `split` it or `foldIn` a counter.
 *
 * @throws {ValueError} when the seed is not an integer of 64 bits
 * @example
 * ```ts
 * import { random } from "@tenon/tenon";
 * const [a, b] = random.split(random.key(0));
 * console.log(String(random.normal(a, [2]))); // tensor([ 1.0040, -0.9063])
 * console.log(String(random.uniform(b, [2])));
 * ```
 */
export function key(seed: number | bigint, options: { readonly device?: DeviceName } = {}): Tensor {
  checkOptions("key", options, ["device"]);
  if (typeof seed !== "bigint" && !Number.isSafeInteger(seed)) {
    throw new ValueError(`key: a seed is a whole number or a bigint, but got ${seed}`);
  }
  const value = BigInt(seed);
  if (value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw new ValueError(`key: a seed has 64 bits, but got ${value}`);
  }
  const words = Int32Array.of(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
  return fromHost(words, [2], "int32", options.device);
}

/**
 * `count` new keys from one, int32 [count, 2]; the old one must not be used again. `jax.random.split`.
 *
 * @throws {ValueError} when count is not a whole number
 * @example
 * ```ts
 * import { random } from "@tenon/tenon";
 * const [a, b, c] = random.split(random.key(42), 3);
 * console.log([a, b, c].map((k) => k.shape.join())); // [ "2", "2", "2" ]
 * ```
 */
export function split(key: Tensor, count = 2): Tensor {
  const [a, b] = wordPairs("split", key, checkShape("split", [count]));
  return stack([a, b], 1);
}

/** The key for the whole number `data` under `key`: for loops and names, where splitting would need to know how many. `jax.random.fold_in`. */
export function foldIn(key: Tensor, data: number | bigint | Tensor): Tensor {
  const [k0, k1] = keyWords("foldIn", key);
  if (!(data instanceof Tensor) && typeof data !== "bigint" && !Number.isSafeInteger(data)) {
    throw new ValueError(`foldIn: data is a whole number, but got ${data}`);
  }
  if (data instanceof Tensor && data.shape.length > 0) {
    throw new TenonError(`foldIn: data is one number, but got a tensor of shape [${data.shape.join(", ")}]`);
  }
  const count = data instanceof Tensor
    ? cast(data, "int32")
    : full([], BigInt.asIntN(32, BigInt(data)), { dtype: "int32", device: key.device });
  return stack(threefry2x32(k0, k1, zeros([], { dtype: "int32", device: key.device }), count), 0);
}

/** Widths of random words. */
export type BitWidth = 8 | 16 | 32 | 64;

/**
 * Random bits, `width` for each element: int32, unsigned below 32 bits and the bit pattern for 32; int64, the bit pattern, for 64.
 * `jax.random.bits`.
 */
export function bits(key: Tensor, shape: Shape = [], width: BitWidth = 32): Tensor {
  const [a, b] = wordPairs("bits", key, checkShape("bits", shape));
  if (width === 64) {
    return bitwiseOr(bitwiseLeftShift(cast(a, "int64"), 32), bitwiseAnd(cast(b, "int64"), 0xffffffff));
  }
  const word = bitwiseXor(a, b);
  return width === 32 ? word : bitwiseAnd(word, 2 ** width - 1);
}
