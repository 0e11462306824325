/**
 * Order along a dimension: sorting, the largest elements, medians and quantiles. Everything takes its values by index, so gradients go to the
 * elements that were chosen. NaN counts as largest.
 *
 * @module
 */
import { named } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import { normalizeDim, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { mustWait, waiting } from "../transform/waiting.ts";
import { cast, checkTensors } from "./cast.ts";
import { fromHost, full, tensor, zeros } from "./create.ts";
import { quickSelect } from "./quick_select.ts";
import { iota } from "./ranges.ts";
import { add, ceil, floor, maximum, mul, round, sub } from "./elementwise.ts";
import { isnan, logicalNot, lt, where } from "./logical.ts";
import { atLeastVector, checkHeld } from "./indexing/indexing.ts";
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions, type Kinds, requireKind } from "./options.ts";
import { lerp } from "./pointwise.ts";
import { amax, amin, equalsShared } from "./extremes.ts";
import {
  all,
  any,
  type ReduceOptions,
  sum,
  sumDims,
  type ValuesAndIndices,
  valuesAndIndices,
} from "./reduce.ts";
import { argsortLast, gatherExact } from "./routine.ts";
import { expand, narrow, permute, reshape, squeeze, transpose, unsqueeze } from "./view.ts";
import { cat } from "./join.ts";

/** Options of sorting. Sorting is always stable. */
export interface SortOptions {
  /** Largest first. */
  readonly descending?: boolean;
  /** Equal elements keep their order, as they do in any case. */
  readonly stable?: boolean;
}

function order(x: Tensor, dim: number, descending: boolean): Tensor {
  if (x.shape.length === 0) return zeros([], { dtype: "int64", device: x.device });
  const numbers = x.dtype === "bool" ? cast(x, "uint8") : x.detach();
  return transpose(argsortLast(transpose(numbers, dim, -1), descending), dim, -1);
}

function taken(op: string, name: string, x: Tensor, dim: number, indices: Tensor): ValuesAndIndices {
  if (x.shape.length === 0) return valuesAndIndices(op, x.value, indices);
  return valuesAndIndices(op, named(name, gatherExact(x, dim, indices)), indices);
}

/** The elements in order along `dim` and the indices they came from; equal ones keep their order. `torch.sort` (stable). */
export function sort(
  x: Tensor,
  dim: number | Named<{ dim: number }, SortOptions> = -1,
  options: SortOptions = {},
): ValuesAndIndices {
  if (isNamed(dim)) return sort(x, ...inPlaceWith("sort", ["dim"], [dim], options));
  checkTensors("sort", [x]);
  checkOptions("sort", options, { descending: "boolean", stable: "boolean" });
  const at = normalizeDim("sort", dim, x.shape.length);
  return taken("sort", "Sort", x, at, order(x, at, options.descending ?? false));
}

/** The indices that sort x along `dim`, int64. `torch.argsort` (stable). */
export function argsort(
  x: Tensor,
  dim: number | Named<{ dim: number }, SortOptions> = -1,
  options: SortOptions = {},
): Tensor {
  if (isNamed(dim)) return argsort(x, ...inPlaceWith("argsort", ["dim"], [dim], options));
  checkTensors("argsort", [x]);
  checkOptions("argsort", options, { descending: "boolean", stable: "boolean" });
  return order(x, normalizeDim("argsort", dim, x.shape.length), options.descending ?? false);
}

/** The elements in order along the first dimension. `torch.msort`. */
export function msort(x: Tensor): Tensor {
  return sort(x, 0).values;
}

/** Options of `topk`. */
export interface TopkOptions {
  /** The largest elements, not the smallest; true by default. */
  readonly largest?: boolean;
  /** PyTorch's flag: the result is sorted in any case. */
  readonly sorted?: boolean;
}

const topkKinds: Kinds<TopkOptions> = {
  largest: "boolean",
  sorted: "boolean",
};

/** The `k` largest elements along `dim`, or the smallest ones, and their indices; sorted in any case. `torch.topk`. */
export function topk(
  x: Tensor,
  k: number | Named<{ k: number; dim: number }, TopkOptions>,
  dim: number | Named<{ dim: number }, TopkOptions> = -1,
  options: TopkOptions = {},
): ValuesAndIndices {
  if (isNamed(k) || isNamed(dim)) return topk(x, ...inPlaceWith("topk", ["k", "dim"], [k, dim], options, 1));
  checkCall("topk", [x], options, topkKinds);
  const at = normalizeDim("topk", dim, x.shape.length), size = x.shape[at] ?? 1;
  if (!Number.isInteger(k) || k < 0 || k > size) {
    throw new IndexError(
      `selected index k out of range, in topk: k is ${k}, but dimension ${at} has ${size} elements`,
    );
  }
  const largest = options.largest ?? true, block = blockLength(size, k);
  if (block > 0) return taken("topk", "Topk", x, at, firstOf(x, at, k, largest, block));
  const indices = order(x, at, largest);
  return taken("topk", "Topk", x, at, x.shape.length === 0 ? indices : narrow(indices, at, 0, k));
}

/** Elements of a block, so that there are few of them and few elements in `k` of them; 0 where sorting everything is as good. */
function blockLength(size: number, k: number): number {
  if (k === 0 || size < 256) return 0;
  const block = 2 ** Math.round(Math.log2(Math.sqrt(size / k)));
  return 8 * k * block <= size ? block : 0;
}

/**
 * What `order` begins with, `k` long: the first elements all stand in the `k` blocks whose own firsts come first, as any other block has `k` elements before
 * its own. So whole blocks and the few elements behind the last of them are all that has to be sorted.
 */
function firstOf(x: Tensor, dim: number, k: number, largest: boolean, block: number): Tensor {
  const numbers = transpose(x.dtype === "bool" ? cast(x, "uint8") : x.detach(), dim, -1);
  const rows = numbers.shape.slice(0, -1), last = rows.length, size = numbers.shape[last];
  const count = Math.floor(size / block), whole = count * block, { device } = x;
  const blocks = reshape(narrow(numbers, last, 0, whole), [...rows, count, block]);
  const chosen = sort(narrow(argsortLast(firstInBlocks(blocks, largest), largest), last, 0, k), last).values;
  const inside = iota([...rows, k, block], last + 1, { device });
  const members = reshape(add(mul(unsqueeze(chosen, -1), block), inside), [...rows, k * block]);
  const rest = size - whole;
  const places = rest === 0
    ? members
    : cat([members, add(iota([...rows, rest], last, { device }), whole)], last);
  const best = narrow(argsortLast(gatherExact(numbers, last, places), largest), last, 0, k);
  return transpose(gatherExact(places, last, best), dim, -1);
}

/** The element of each block that comes first. NaN counts as largest: it is the smallest only where there is nothing else. */
function firstInBlocks(blocks: Tensor, largest: boolean): Tensor {
  if (largest) return amax(blocks, -1);
  if (!isFloat(blocks.dtype)) return amin(blocks, -1);
  const nan = isnan(blocks), least = amin(where(nan, Infinity, blocks), -1);
  return where(all(nan, -1), NaN, least);
}

function one(
  op: string,
  name: string,
  x: Tensor,
  dim: number,
  indices: Tensor,
  keepdim?: boolean,
): ValuesAndIndices {
  const all = taken(op, name, x, dim, indices);
  if (keepdim || x.shape.length === 0) return all;
  return valuesAndIndices(op, named(name, squeeze(all.values, dim)), squeeze(all.indices, dim));
}

/** The places of the k-th smallest elements along `dim`, which counts from the end, k from 0. Of equal ones PyTorch's is taken. */
function selected(x: Tensor, dim: number, k: number): Tensor {
  if (mustWait(x)) return waiting([x], (t) => selected(t, dim, k));
  const rows = transpose(x, dim, -1), kept = [...rows.shape.slice(0, -1), 1];
  const places = quickSelect(rows.toTypedArray(), x.dtype, rows.shape[kept.length - 1], k);
  return transpose(fromHost(places, kept, "int64", x.device), dim, -1);
}

/** The k-th smallest element along `dim` (k counts from 1) and its index: on the CPU that of PyTorch where several are equal. `torch.kthvalue`. */
export function kthvalue(
  x: Tensor,
  k: number | Named<{ k: number; dim: number }, ReduceOptions>,
  dim: number | Named<{ dim: number }, ReduceOptions> = -1,
  options: ReduceOptions = {},
): ValuesAndIndices {
  if (isNamed(k) || isNamed(dim)) {
    return kthvalue(x, ...inPlaceWith("kthvalue", ["k", "dim"], [k, dim], options, 1));
  }
  checkCall("kthvalue", [x]);
  checkOptions<Pick<ReduceOptions, "keepdim">>("kthvalue", options, { keepdim: "boolean" });
  const at = normalizeDim("kthvalue", dim, x.shape.length), size = x.shape[at] ?? 1;
  if (!Number.isInteger(k) || k < 1 || k > size) {
    throw new IndexError(
      `kthvalue(): selected number k out of range for dimension ${at}: k is ${k}, but there are ${size} elements`,
    );
  }
  const places = x.shape.length === 0
    ? order(x, at, false)
    : x.device === "cpu"
    ? selected(x.detach(), at - x.shape.length, k - 1)
    : narrow(order(x, at, false), at, k - 1, 1);
  return one("kthvalue", "Kthvalue", x, at, places, options.keepdim);
}

function medianAlong(
  op: "median" | "nanmedian",
  x: Tensor,
  dim: number,
  keepdim: boolean | undefined,
): ValuesAndIndices {
  const at = normalizeDim(op, dim, x.shape.length), size = x.shape[at] ?? 1;
  if (x.dtype === "bool") {
    throw new DTypeError(`"median_cpu" not implemented for 'Bool': cast with .to("uint8"), in ${op}`);
  }
  if (size === 0) {
    throw new IndexError(`${op}(): Expected reduction dim ${at} to have non-zero size.`);
  }
  const indices = order(x, at, false);
  if (x.shape.length === 0) return taken(op, "Median", x, at, indices);
  const middle = Math.floor((size - 1) / 2);
  const valid = sum(cast(logicalNot(isnan(x)), "int64"), at, { keepdim: true });
  let place: Tensor;
  if (op === "median") {
    // NaN sorts last, and the first one is enough.
    place = where(lt(valid, size), valid, middle);
  } else {
    place = maximum(sub(valid, 1), 0).floorDivide(2);
  }
  const name = op === "median" ? "MedianBackward1" : "NanmedianBackward1";
  return one(op, name, x, at, gatherExact(indices, at, place), keepdim);
}

function medianOf(op: "median" | "nanmedian", x: Tensor): Tensor {
  const flat = reshape(x, [sizeOf(x.shape)]);
  if (flat.shape[0] === 0) return cast(full([], NaN, { device: x.device }), x.dtype);
  const { values } = medianAlong(op, flat, 0, false), name = op === "median" ? "Median" : "Nanmedian";
  if (!isFloat(x.dtype)) return named(name, values, x);
  return named(name, equalsShared(flat, values.detach()), x);
}

/** The middle element, the lower one of two; with `dim`, values and indices along it. NaN if there is one. `torch.median`. */
export function median(x: Tensor): Tensor;
/** The medians along `dim` and their indices. */
export function median(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
/** The same, with the dimension among the options. */
export function median(x: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;
/** The medians along `dim` and their indices. */
export function median(
  x: Tensor,
  dim?: number | Named<{ dim: number }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(dim)) return median(x, ...inPlaceWith("median", ["dim"], [dim], options));
  checkCall("median", [x]);
  checkOptions<Pick<ReduceOptions, "keepdim">>("median", options, { keepdim: "boolean" });
  return dim === undefined ? medianOf("median", x) : medianAlong("median", x, dim, options.keepdim);
}

/** The median of the elements that are not NaN; NaN when there are none. `torch.nanmedian`. */
export function nanmedian(x: Tensor): Tensor;
/** The medians along `dim` without NaN, and their indices. */
export function nanmedian(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
/** The same, with the dimension among the options. */
export function nanmedian(x: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;
/** The medians along `dim` without NaN, and their indices. */
export function nanmedian(
  x: Tensor,
  dim?: number | Named<{ dim: number }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(dim)) return nanmedian(x, ...inPlaceWith("nanmedian", ["dim"], [dim], options));
  checkCall("nanmedian", [x]);
  checkOptions<Pick<ReduceOptions, "keepdim">>("nanmedian", options, { keepdim: "boolean" });
  return dim === undefined ? medianOf("nanmedian", x) : medianAlong("nanmedian", x, dim, options.keepdim);
}

/** What to do between two elements. */
export type Interpolation = "linear" | "lower" | "higher" | "midpoint" | "nearest";

/** Options of quantiles. */
export interface QuantileOptions {
  /** Keep the reduced dimension with size 1. */
  readonly keepdim?: boolean;
  /** "linear" by default. */
  readonly interpolation?: Interpolation;
}

const quantileKinds: Kinds<QuantileOptions> = {
  keepdim: "boolean",
  interpolation: "any",
};

function quantileOf(
  op: "quantile" | "nanquantile",
  x: Tensor,
  q: number | readonly number[] | Tensor,
  given: number | null | undefined,
  options: QuantileOptions,
): Tensor {
  const dim = given ?? undefined;
  if (x.dtype !== "float32" && x.dtype !== "float64") {
    throw new DTypeError(`${op}() input tensor must be either float or double dtype, but got ${x.dtype}`);
  }
  if (sizeOf(x.shape) === 0) throw new ShapeError(`${op}() input tensor must be non-empty`);
  const levels = q instanceof Tensor ? q : tensor(q, { dtype: x.dtype, device: x.device });
  if (levels.shape.length > 1) {
    throw new ShapeError(
      `${op}() q must be a scalar or 1D tensor, but has shape [${levels.shape.join(", ")}]`,
    );
  }
  if (levels.dtype !== x.dtype) {
    throw new DTypeError(
      `${op}() q tensor must be same dtype as the input tensor (${x.dtype}), but is ${levels.dtype}`,
    );
  }
  const fractions = typeof q === "number" ? [q] : q instanceof Tensor ? [] : q;
  requireKind(op, "q", fractions, "rates");
  const beyond = (v: number | bigint) => !(v >= 0 && v <= 1);
  const range = (got: unknown) =>
    new ValueError(`${op}() q values must be in the range [0, 1], but got ${got}`);
  if (fractions.some(beyond)) throw range(fractions.join(", "));
  if (q instanceof Tensor) checkHeld(q, beyond, range);
  const at = dim === undefined ? 0 : normalizeDim(op, dim, x.shape.length);
  const source = dim === undefined ? reshape(x, [sizeOf(x.shape)]) : atLeastVector(x);
  // Rows in the last dimension: [..., n], sorted with NaN at the end.
  const rows = transpose(source, at, -1), size = rows.shape[rows.shape.length - 1];
  const sorted = sort(rows).values;
  const kept = rows.shape.slice(0, -1), count = sizeOf(levels.shape);
  const wide = [...kept, count], last = kept.length;
  const nan = isnan(rows).detach();
  let ranks = expand(reshape(levels, [count]), wide);
  if (op === "quantile") {
    // A row with a NaN gives it: all ranks point to its end.
    ranks = where(any(nan, last, { keepdim: true }), size - 1, mul(ranks, size - 1));
  } else {
    const valid = sumDims(cast(logicalNot(nan), x.dtype), [last]);
    ranks = mul(ranks, reshape(maximum(sub(valid, 1), 0), [...kept, 1]));
  }
  const pick = (rank: Tensor) => gatherExact(sorted, last, cast(rank, "int64"));
  const below = () => pick(floor(ranks)), above = () => pick(ceil(ranks));
  let y: Tensor;
  switch (options.interpolation ?? "linear") {
    case "linear":
      y = lerp(below(), above(), sub(ranks, floor(ranks)));
      break;
    case "lower":
      y = below();
      break;
    case "higher":
      y = above();
      break;
    case "midpoint":
      y = lerp(below(), above(), 0.5);
      break;
    case "nearest":
      y = pick(round(ranks));
      break;
    default:
      throw new ValueError(
        `${op}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${options.interpolation}`,
      );
  }
  // [..., q] with `at` moved last -> q in front, and `at` back in its place when kept.
  const front = permute(y, [last, ...kept.map((_, d) => d)]);
  const withDim = transpose(reshape(front, [count, ...kept, 1]), at + 1, -1);
  const shape = withDim.shape.slice(1);
  const out = options.keepdim
    ? (dim === undefined ? x.shape.map(() => 1) : shape.slice(0, x.shape.length))
    : shape.filter((_, d) => d !== at);
  return named("SqueezeBackward3", reshape(withDim, levels.shape.length === 0 ? out : [count, ...out]));
}

/** One fraction, or several. */
export type Levels = number | readonly number[] | Tensor;

/** The values below which a fraction q of the elements lies; several fractions come first in the result. `torch.quantile`. */
export function quantile(
  x: Tensor,
  q: Levels | Named<{ q: Levels; dim: number | null }, QuantileOptions>,
  dim?: number | null | Named<{ dim: number | null }, QuantileOptions>,
  options: QuantileOptions = {},
): Tensor {
  if (isNamed(q) || isNamed(dim)) {
    return quantile(x, ...inPlaceWith("quantile", ["q", "dim"], [q, dim], options, 1));
  }
  checkCall("quantile", [x], options, quantileKinds);
  return quantileOf("quantile", x, q, dim, options);
}

/** Quantiles of the elements that are not NaN. `torch.nanquantile`. */
export function nanquantile(
  x: Tensor,
  q: Levels | Named<{ q: Levels; dim: number | null }, QuantileOptions>,
  dim?: number | null | Named<{ dim: number | null }, QuantileOptions>,
  options: QuantileOptions = {},
): Tensor {
  if (isNamed(q) || isNamed(dim)) {
    return nanquantile(x, ...inPlaceWith("nanquantile", ["q", "dim"], [q, dim], options, 1));
  }
  checkCall("nanquantile", [x], options, quantileKinds);
  return quantileOf("nanquantile", x, q, dim, options);
}
