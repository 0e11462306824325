/**
 * Pure random integers, coin flips, categories and orders. Each takes a key first, and gives the same numbers whenever it is given the same key.
 *
 * @module
 */
import { bytesOf, type DType, isFloat, isInt } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { cast, checkTensors, type TensorLike } from "../../ops/cast.ts";
import { zeros } from "../../ops/create.ts";
import { arange } from "../../ops/ranges.ts";
import * as op from "../../ops/elementwise.ts";
import { bitwiseAnd, bitwiseRightShift, bitwiseXor, lt, where } from "../../ops/logical.ts";
import { indexSelect, takeAlongDim } from "../../ops/indexing/indexing.ts";
import { argmax } from "../../ops/extremes.ts";
import { checkOptions } from "../../ops/options.ts";
import { searchsorted } from "../../ops/binning.ts";
import { cumsum } from "../../ops/scan.ts";
import { argsort, topk } from "../../ops/sort.ts";
import { narrow, reshape, select } from "../../ops/view.ts";
import { normalizeDim, type Shape, sizeOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { gumbel, uniform } from "./continuous.ts";
import { bits, split } from "./keys.ts";

/** x mod span, both unsigned numbers of `width` bits, x as the bit pattern in a signed tensor. */
function unsignedRemainder(x: Tensor, span: bigint, width: 32 | 64): Tensor {
  const lowest = -(1n << BigInt(width - 1)), literal = BigInt.asIntN(width, span);
  const reduce = (y: Tensor) => {
    // Unsigned order is signed order with the sign bit flipped.
    const inside = lt(bitwiseXor(y, lowest), literal ^ lowest);
    return where(inside, y, op.sub(y, literal));
  };
  if (literal < 0n) return reduce(x);
  const half = bitwiseAnd(bitwiseRightShift(x, 1), -lowest - 1n);
  return reduce(op.add(op.mul(op.remainder(half, span), 2), bitwiseAnd(x, 1)));
}

/**
 * Integers in [minval, maxval), int32 unless `dtype` names another integer type. `jax.random.randint`.
 *
 * @throws {ValueError} for an empty range, or one outside the dtype
 */
export function randint(
  key: Tensor,
  shape: Shape,
  minval: number | bigint,
  maxval: number | bigint,
  options: { readonly dtype?: DType } = {},
): Tensor {
  checkOptions("random.randint", options, ["dtype"]);
  const dtype = options.dtype ?? "int32";
  if (!isInt(dtype)) throw new DTypeError(`random.randint: needs an integer dtype, but got ${dtype}`);
  const own = 1n << BigInt(8 * bytesOf(dtype)), lowest = dtype === "uint8" ? 0n : -own / 2n;
  for (const value of [minval, maxval]) {
    if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
      throw new ValueError(`random.randint: bounds are whole numbers or bigints, but got ${value}`);
    }
  }
  const low = BigInt(minval), high = BigInt(maxval), span = high - low;
  if (span <= 0n || low < lowest || high > lowest + own) {
    throw new ValueError(
      `random.randint: ${dtype} holds ${lowest} to ${lowest + own - 1n}, but the range is [${low}, ${high})`,
    );
  }
  // Narrow integers are drawn from 32 bits too: with fewer, the rest of the division would favour small ones.
  const width = dtype === "int64" ? 64 : 32, whole = 1n << BigInt(width);
  const [upper, lower] = [...split(key)].map((k) => bits(k, shape, width));
  let offset = lower;
  if (span < whole) {
    // (upper 2^width + lower) mod span, from two words, so that the bias is small.
    const root = (1n << BigInt(width / 2)) % span, factor = BigInt.asUintN(width, root * root) % span;
    offset = unsignedRemainder(lower, span, width);
    if (factor !== 0n) {
      const high = op.mul(unsignedRemainder(upper, span, width), BigInt.asIntN(width, factor));
      offset = unsignedRemainder(op.add(high, offset), span, width);
    }
  }
  return cast(op.add(offset, low), dtype);
}

/**
 * Whether a coin with probability `p` of true, a number or a tensor, came up so; bool, of `shape` or of the shape of `p`.
 * `jax.random.bernoulli`.
 */
export function bernoulli(key: Tensor, p: TensorLike = 0.5, shape?: Shape): Tensor {
  const dtype = p instanceof Tensor && isFloat(p.dtype) ? p.dtype : "float32";
  return lt(uniform(key, shape ?? (p instanceof Tensor ? p.shape : []), 0, 1, { dtype }), p);
}

/** -1 or 1, each with probability 1/2; int32 unless `dtype` is given. `jax.random.rademacher`. */
export function rademacher(
  key: Tensor,
  shape: Shape = [],
  options: { readonly dtype?: DType } = {},
): Tensor {
  checkOptions("random.rademacher", options, ["dtype"]);
  const coin = bernoulli(key, 0.5, shape);
  return cast(op.sub(op.mul(cast(coin, "int32"), 2), 1), options.dtype ?? "int32");
}

/**
 * Categories drawn with the probabilities softmax(logits) along `axis`; int64. `shape` ends with the shape of `logits` without that axis, which it
 * is when not given; what stands before are more draws. `jax.random.categorical`.
 *
 * @throws {ShapeError} when `shape` does not end so
 */
export function categorical(key: Tensor, logits: Tensor, axis = -1, shape?: Shape): Tensor {
  checkTensors("random.categorical", [logits]);
  const dim = normalizeDim("random.categorical", axis, logits.shape.length);
  const batch = logits.shape.filter((_, d) => d !== dim);
  const result = shape ?? batch, more = result.length - batch.length;
  if (more < 0 || batch.some((extent, d) => result[more + d] !== extent)) {
    throw new ShapeError(
      `random.categorical: the shape [${result.join(", ")}] does not end with [${batch.join(", ")}], ` +
        `which is [${logits.shape.join(", ")}] without axis ${axis}`,
    );
  }
  const noise = gumbel(key, [...result.slice(0, more), ...logits.shape], { dtype: logits.dtype });
  return argmax(op.add(noise, logits), more + dim);
}

/** Rounds of sorting after which all orders of `n` things are as good as equally likely. */
function roundsFor(n: number): number {
  return Math.ceil(3 * Math.log(Math.max(1, n)) / Math.log(2 ** 32 - 1));
}

/** Random places along `dim` of a tensor of `shape`, sorted by fresh words again and again. */
function shuffle(key: Tensor, x: Tensor, dim: number): Tensor {
  let result = x, next = key;
  for (let round = roundsFor(sizeOf(x.shape)); round > 0; round--) {
    const [kept, used] = split(next);
    next = kept;
    // Words sort as unsigned numbers.
    const order = argsort(bitwiseXor(bits(used, x.shape), -(2 ** 31)), dim);
    result = takeAlongDim(result, order, dim);
  }
  return result;
}

/**
 * The integers below `x` in random order, int64; or the tensor `x` with its slices along `axis` in random order, with `independent` each line in
 * its own. `jax.random.permutation`.
 */
export function permutation(
  key: Tensor,
  x: number | Tensor,
  options: { readonly axis?: number; readonly independent?: boolean } = {},
): Tensor {
  if (!(x instanceof Tensor)) {
    if (!Number.isInteger(x) || x < 0) {
      throw new ValueError(`random.permutation: needs a tensor or a whole number from 0, but got ${x}`);
    }
    return shuffle(key, arange(x, undefined, 1, { device: key.device }), 0);
  }
  const dim = normalizeDim("random.permutation", options.axis ?? 0, x.shape.length);
  if (options.independent || x.shape.length === 1) return shuffle(key, x, dim);
  return indexSelect(x, dim, permutation(key, x.shape[dim]));
}

/** Options of `choice`. */
export interface ChoiceOptions {
  /** Whether something may be chosen more than once; true when not given. */
  readonly replace?: boolean;
  /** The probability of each, [n]; all alike when not given. */
  readonly p?: Tensor;
  /** The axis of `a` to choose along; 0 when not given. */
  readonly axis?: number;
}

/**
 * Random elements of `a` (slices along `axis`), or of the integers below the number `a`, int64. `jax.random.choice`.
 *
 * @throws {ValueError} when more are asked for than there are and `replace` is false
 */
export function choice(
  key: Tensor,
  a: number | Tensor,
  shape: Shape = [],
  options: ChoiceOptions = {},
): Tensor {
  const dim = a instanceof Tensor ? normalizeDim("random.choice", options.axis ?? 0, a.shape.length) : 0;
  const n = a instanceof Tensor ? a.shape[dim] : a, draws = sizeOf(shape);
  const { replace = true, p } = options;
  if (!Number.isInteger(n) || (n <= 0 && draws > 0)) {
    throw new ValueError(`random.choice: a must be greater than 0 unless no samples are taken, but got ${n}`);
  }
  if (!replace && draws > n) {
    throw new ValueError(
      `Cannot take a larger sample (size ${draws}) than population (size ${n}) when 'replace=False', in random.choice`,
    );
  }
  if (p !== undefined && (p.shape.length !== 1 || p.shape[0] !== n)) {
    throw new ShapeError(`random.choice: p must have shape [${n}], but has [${p.shape.join(", ")}]`);
  }
  const index = draws === 0
    ? zeros([0], { dtype: "int64", device: key.device })
    : chosen(key, n, draws, replace, p, shape);
  if (!(a instanceof Tensor)) return reshape(index, shape);
  const taken = indexSelect(a, dim, reshape(index, [draws]));
  return reshape(taken, [...a.shape.slice(0, dim), ...shape, ...a.shape.slice(dim + 1)]);
}

function chosen(
  key: Tensor,
  n: number,
  draws: number,
  replace: boolean,
  p: Tensor | undefined,
  shape: Shape,
): Tensor {
  if (p === undefined) {
    return replace ? cast(randint(key, shape, 0, n), "int64") : narrow(permutation(key, n), 0, 0, draws);
  }
  const weights = isFloat(p.dtype) ? p : cast(p, "float32");
  if (replace) {
    const sums = cumsum(weights, 0);
    const level = op.mul(
      op.sub(1, uniform(key, shape, 0, 1, { dtype: weights.dtype })),
      select(sums, 0, n - 1),
    );
    return searchsorted(sums, level);
  }
  // The largest of Gumbel numbers shifted by log p are a sample without replacement.
  return topk(op.add(gumbel(key, [n], { dtype: weights.dtype }), op.log(weights)), draws).indices;
}
