/**
 * Finding and counting values: places in sorted sequences, histograms, distinct values. What has as many elements as there are distinct
 * values reads its argument.
 *
 * @module
 */
import { type DType, hostArray, isFloat, isInt, readElement, scalarName, writeElement } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import { normalizeDim, sameShape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { cast, commonType } from "./cast.ts";
import { fromHost, full, onesLike, tensor, zeros } from "./create.ts";
import * as math from "./elementwise.ts";
import { eq, ge, gt, le, logicalAnd, logicalNot, lt, ne, where } from "./logical.ts";
import { inPlace, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions, type Kinds } from "./options.ts";
import { checkHeld, indexSelect } from "./indexing/indexing.ts";
import { nonzero } from "./indexing/mask.ts";
import { amax, amin } from "./extremes.ts";
import { gatherExact, scatterExact } from "./routine.ts";
import { cumsum } from "./scan.ts";
import { argsort } from "./sort.ts";
import { expand, narrow, padDim, reshape, transpose } from "./view.ts";

/** Options of `bucketize`. */
export interface BucketizeOptions {
  /** Behind equal elements instead of before them. */
  readonly right?: boolean;
  /** int32 instead of int64. */
  readonly outInt32?: boolean;
}

/** Options of `searchsorted`. */
export interface SearchOptions extends BucketizeOptions {
  /** `right` in words. */
  readonly side?: "left" | "right";
  /** The order that sorts the sequence, where it is not sorted itself: what `argsort` gives, int64. */
  readonly sorter?: Tensor | null;
}

const searchOptions = ["right", "outInt32", "side", "sorter"] as const;

/** Whether equal elements are passed; the two ways of saying so must agree. */
function passesEqual({ right, side }: SearchOptions): boolean {
  if (side !== undefined && side !== "left" && side !== "right") {
    throw new ValueError(
      `torch.searchsorted(): side can only be 'left' or 'right' but got ${side}`,
    );
  }
  if (right === true && side === "left") {
    throw new ValueError(
      "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True",
    );
  }
  return right === true || side === "right";
}

/** The sequence in the order of its sorter. */
function inOrder(sequence: Tensor, sorter: Tensor | null | undefined): Tensor {
  if (sorter === undefined || sorter === null) return sequence;
  if (!sameShape(sorter.shape, sequence.shape)) {
    throw new ShapeError(
      `torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor [${
        sequence.shape.join(", ")
      }]and got sorter tensor [${sorter.shape.join(", ")}]`,
    );
  }
  if (sorter.dtype !== "int64") {
    throw new DTypeError(
      `torch.searchsorted(): sorter must be a tensor of long dtype but got dtype ${scalarName(sorter.dtype)}`,
    );
  }
  return gatherExact(sequence, sequence.shape.length - 1, sorter);
}

/**
 * For each value the place where it would go into the sorted sequence, int64 unless asked otherwise. The sequence is a vector, or has the leading dimensions of the values
 * and is sorted along the last one. `torch.searchsorted`.
 */
export function searchsorted(
  sorted: Tensor | readonly number[],
  values: Tensor | number,
  options: SearchOptions = {},
): Tensor {
  checkOptions("searchsorted", options, searchOptions);
  const right = passesEqual(options);
  const sequence = inOrder(sorted instanceof Tensor ? sorted : tensor(sorted), options.sorter);
  const wanted = values instanceof Tensor
    ? values
    : full([], values, { dtype: sequence.dtype, device: sequence.device });
  const rank = sequence.shape.length;
  const matches = rank === 1 ||
    (rank === wanted.shape.length && sameShape(sequence.shape.slice(0, -1), wanted.shape.slice(0, -1)));
  if (rank === 0 || !matches) {
    throw new ShapeError(
      `torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but we got boundaries tensor [${
        sequence.shape.join(", ")
      }] and input value tensor [${wanted.shape.join(", ")}]`,
    );
  }
  const dtype = commonType("searchsorted", [sequence, wanted]);
  const size = sequence.shape[rank - 1];
  // A vector is searched with a flat list of values.
  const shape = rank === 1 ? [sizeOf(wanted.shape)] : wanted.shape;
  const items = reshape(cast(wanted, dtype), shape), from = cast(sequence, dtype);
  const start = (value: number) => full(shape, value, { dtype: "int64", device: sequence.device });
  let low = start(0), high = start(size);
  // Binary search, all values in step; NaN goes behind everything.
  for (let left = size; left > 0; left = Math.floor(left / 2)) {
    const middle = math.floorDivide(math.add(low, high), 2);
    const found = gatherExact(from, rank - 1, math.minimum(middle, size - 1));
    const stays = right ? gt(found, items) : ge(found, items);
    const open = lt(low, high);
    const up = logicalAnd(open, logicalNot(stays));
    high = where(logicalAnd(open, stays), middle, high);
    low = where(up, math.add(middle, 1), low);
  }
  return reshape(cast(low, options.outInt32 ? "int32" : "int64"), wanted.shape);
}

/** The number of the interval between sorted boundaries that each element lies in, int64. `torch.bucketize`. */
export function bucketize(
  x: Tensor | number,
  boundaries: Tensor | readonly number[],
  options: BucketizeOptions = {},
): Tensor {
  checkOptions("bucketize", options, { right: "boolean", outInt32: "boolean" });
  const edges = boundaries instanceof Tensor ? boundaries : tensor(boundaries);
  if (edges.shape.length !== 1) {
    throw new ShapeError(
      `boundaries tensor must be 1 dimension, but got dim(${edges.shape.length}), in bucketize`,
    );
  }
  return searchsorted(edges, x, options);
}

/**
 * How many elements lie in each of `bins` equal intervals from `min` to `max` (both included); by default from the smallest to the largest
 * element. Other elements are not counted. The dtype of x. `torch.histc`.
 */
export function histc(
  x: Tensor,
  bins: number | Named<{ bins: number; min: number; max: number }> = 100,
  min: number | Named<{ bins: number; min: number; max: number }> = 0,
  max: number | Named<{ bins: number; min: number; max: number }> = 0,
): Tensor {
  if (isNamed(bins) || isNamed(min) || isNamed(max)) {
    return histc(x, ...inPlace("histc", ["bins", "min", "max"], [bins, min, max]));
  }
  checkCall("histc", [x]);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `"histogram_cpu" not implemented for '${scalarName(x.dtype)}': it needs floats, in histc`,
    );
  }
  if (!Number.isInteger(bins) || bins < 1) {
    throw new ValueError(`torch.histogram(): bins must be > 0, but got ${bins} for dimension 0, in histc`);
  }
  if (min > max) {
    throw new ValueError(`torch.histc: max must be larger than min, but got min ${min} and max ${max}`);
  }
  const endless = (low: number, high: number) =>
    new ValueError(`torch.histc: range of [${low}, ${high}] is not finite`);
  if (!Number.isFinite(max - min)) throw endless(min, max);
  const base = zeros([bins], { dtype: x.dtype, device: x.device });
  const size = sizeOf(x.shape);
  if (size === 0) return base;
  if (min === max) checkHeld(x, (v) => !Number.isFinite(Number(v)), (v) => endless(Number(v), Number(v)));
  const flat = reshape(x.detach(), [size]);
  const bound = (value: number) => full([], value, { dtype: x.dtype, device: x.device });
  let low = min === max ? amin(flat) : bound(min), high = min === max ? amax(flat) : bound(max);
  const equal = eq(low, high);
  low = where(equal, math.sub(low, 1), low);
  high = where(equal, math.add(high, 1), high);
  const inside = logicalAnd(ge(flat, low), le(flat, high));
  const place = math.floor(math.div(math.mul(math.sub(flat, low), bins), math.sub(high, low)));
  const bin = where(inside, math.minimum(place, bins - 1), 0);
  return scatterExact(base, 0, cast(bin, "int64"), cast(inside, x.dtype), "add");
}

/**
 * How often each whole number from 0 on occurs, int64; with `weights` the sums of these. Reads the largest value. `torch.bincount`.
 */
export function bincount(
  x: Tensor,
  weights?: Tensor | null | Named<{ weights: Tensor | null; minlength: number }>,
  minlength: number | Named<{ weights: Tensor | null; minlength: number }> = 0,
): Tensor {
  if (isNamed(weights) || isNamed(minlength)) {
    return bincount(x, ...inPlace("bincount", ["weights", "minlength"], [weights, minlength]));
  }
  checkCall("bincount", [x], undefined, undefined, { weights });
  if (!isInt(x.dtype)) {
    throw new DTypeError(
      `"bincount_cpu" not implemented for '${scalarName(x.dtype)}': it needs integers; use .to("int64")`,
    );
  }
  if (x.shape.length !== 1) {
    throw new ShapeError(
      `bincount only supports 1-d non-negative integral inputs., but the shape is [${x.shape.join(", ")}]`,
    );
  }
  if (!Number.isInteger(minlength) || minlength < 0) {
    throw new ValueError(`minlength should be >= 0, but got ${minlength}, in bincount`);
  }
  if (weights && x.shape[0] > 0 && !sameShape(weights.shape, x.shape)) {
    throw new ShapeError(
      `weights should be 1-d and have the same length as input, in bincount: got [${
        weights.shape.join(", ")
      }] and [${x.shape.join(", ")}]`,
    );
  }
  const index = cast(x, "int64");
  const size = x.shape[0] === 0 ? 0 : Number(amax(index).item<number | bigint>()) + 1;
  if (x.shape[0] > 0 && Number(amin(index).item<number | bigint>()) < 0) {
    throw new ValueError("bincount only supports 1-d non-negative integral inputs.");
  }
  // Of nothing there are counts, whatever the weights.
  const source = weights && x.shape[0] > 0
    ? (weights.dtype === "float32" ? weights : cast(weights, "float64"))
    : onesLike(index);
  const base = zeros([Math.max(size, minlength)], { dtype: source.dtype, device: x.device });
  return scatterExact(base, 0, index, source, "add");
}

/** Options of `unique`. */
export interface UniqueOptions {
  /** Distinct slices along this dimension instead of distinct elements. */
  readonly dim?: number | null;
  /** In ascending order, as the result is in any case. */
  readonly sorted?: boolean;
  /** Also return where each element went. */
  readonly returnInverse?: boolean;
  /** Also return how often each value occurs. */
  readonly returnCounts?: boolean;
}

/** What `unique` is asked for: I says whether for the inverse, C whether for the counts. */
export type UniqueParts<I, C> = I extends true
  ? C extends true ? NamedTuple<readonly ["values", "inverse", "counts"]>
  : NamedTuple<readonly ["values", "inverse"]>
  : C extends true ? NamedTuple<readonly ["values", "counts"]>
  : Tensor;

/** The value of an option, false when it is not there. */
export type Asked<O, K extends string> = O extends { readonly [P in K]?: infer V } ? V : false;

/** What `unique` gives for options O: the values, or a tuple of `values`, `inverse` and `counts` as asked, in that order. */
export type UniqueResult<O> = UniqueParts<Asked<O, "returnInverse">, Asked<O, "returnCounts">>;

/** The values, and what else the options ask for. */
export function uniqueResult<O extends UniqueOptions>(
  options: O,
  values: Tensor,
  inverse: () => Tensor,
  counts: () => Tensor,
): UniqueResult<O> {
  const parts: [string, Tensor][] = [["values", values]];
  if (options.returnInverse) parts.push(["inverse", inverse()]);
  if (options.returnCounts) parts.push(["counts", counts()]);
  const tuple = namedTuple("", parts.map(([name]) => name), ...parts.map(([, part]) => part));
  return (parts.length === 1 ? values : tuple) as UniqueResult<O>;
}

/** What those options hold. */
export const uniqueKinds: Kinds<UniqueOptions> = {
  sorted: "boolean",
  returnInverse: "boolean",
  returnCounts: "boolean",
  dim: "number?",
};

/** Refuses slices along `dim` that have nothing to compare: of no dimensions, or with a size of zero elsewhere. */
export function checkSlices(op: string, x: Tensor, dim: number, at: number): void {
  if (x.shape.length === 0) {
    throw new IndexError(`Dimension specified as ${dim} but tensor has no dimensions, in ${op}`);
  }
  if (!x.shape.some((s, d) => d !== at && s === 0)) return;
  throw new ShapeError(
    `${
      x.shape[at] === 0
        ? "Number of zero sized dimensions is more than one"
        : "There are 0 sized dimensions, and they aren't selected"
    }, so unique cannot be applied, in ${op} of shape [${x.shape.join(", ")}] along dimension ${at}`,
  );
}

/**
 * The distinct values in ascending order; with `returnInverse` or `returnCounts` also the place of each element among them, and how often
 * each occurs, int64. Reads x. Every NaN is distinct. `torch.unique`.
 *
 * @example
 * ```ts
 * import { tensor, unique } from "@tenon/tenon";
 * const [values, counts] = unique(tensor([3, 1, 3]), { returnCounts: true });
 * console.log(values.tolist(), counts.tolist()); // [ 1, 3 ] [ 1, 2 ]
 * ```
 */
export function unique<const O extends UniqueOptions = Record<never, never>>(
  x: Tensor,
  given?: O,
): UniqueResult<O> {
  checkCall("unique", [x], given, uniqueKinds);
  const options: UniqueOptions = given ?? {};
  const dim = options.dim ?? undefined;
  const at = dim === undefined ? 0 : normalizeDim("unique", dim, x.shape.length);
  if (dim !== undefined) checkSlices("unique", x, dim, at);
  const source = dim === undefined ? reshape(x.detach(), [sizeOf(x.shape)]) : x.detach();
  if (source.shape.length === 1 && source.shape[0] > 0) return distinct(source, options as O, x);
  // Slices as rows of a host array, whose elements are compared in the order that PyTorch's exchange of dimensions leaves.
  const count = source.shape[at];
  const rows = transpose(source, at, 0);
  const data = rows.toTypedArray(), width = count === 0 ? 0 : data.length / count;
  const values = Array.from({ length: data.length }, (_, i) => readElement(data, x.dtype, i));
  const compare = (a: number, b: number): number => {
    for (let i = 0; i < width; i++) {
      const p = values[a * width + i], q = values[b * width + i];
      if (p < q) return -1;
      if (p > q) return 1;
      // A NaN is not equal to anything, and sorts last.
      if (p !== p || q !== q) return p === p ? -1 : 1;
    }
    return 0;
  };
  const order = Array.from({ length: count }, (_, i) => i).sort(compare);
  const firsts: number[] = [], counts: number[] = [];
  const inverse = new Array<number>(count);
  order.forEach((row, i) => {
    if (i === 0 || compare(order[i - 1], row) !== 0) {
      firsts.push(row);
      counts.push(0);
    }
    counts[counts.length - 1]++;
    inverse[row] = firsts.length - 1;
  });
  const found = indexSelect(source, at, int64(firsts, x));
  const places = () => int64(inverse, x);
  return uniqueResult(
    options as O,
    found,
    () => dim === undefined ? reshape(places(), x.shape) : places(),
    () => int64(counts, x),
  );
}

/** `unique` of a vector that holds elements: in ascending order each begins a run where it differs from the one before. */
function distinct<O extends UniqueOptions>(source: Tensor, options: O, x: Tensor): UniqueResult<O> {
  const [count] = source.shape, order = argsort(source, 0), sorted = gatherExact(source, 0, order);
  const begins = ne(narrow(sorted, 0, 1, count - 1), narrow(sorted, 0, 0, count - 1));
  const fresh = padDim(begins, 0, 1, 0, true), firsts = reshape(nonzero(fresh), [-1]);
  return uniqueResult(
    options,
    gatherExact(sorted, 0, firsts),
    () => {
      const run = math.sub(cumsum(fresh, 0), 1);
      const places = scatterExact(zeros([count], { dtype: "int64", device: x.device }), 0, order, run, "set");
      return options.dim === undefined || options.dim === null ? reshape(places, x.shape) : places;
    },
    () => math.sub(padDim(narrow(firsts, 0, 1, firsts.shape[0] - 1), 0, 0, 1, count), firsts),
  );
}

function int64(values: readonly number[], like: Tensor): Tensor {
  const dtype: DType = "int64", host = hostArray(dtype, values.length);
  values.forEach((v, i) => writeElement(host, dtype, i, v));
  return fromHost(host, [values.length], dtype, like.device);
}

/** Values that repeat each element as often as `repeats` says, along `dim`. Reads `repeats`. */
export function repeatEach(x: Tensor, repeats: Tensor, dim: number): Tensor {
  if (!isInt(repeats.dtype)) {
    throw new DTypeError(
      `"repeat_interleave_cpu" not implemented for '${
        scalarName(repeats.dtype)
      }': repeats are integers; cast with .to("int64")`,
    );
  }
  const times = expand(repeats, [x.shape[dim]]).toTypedArray();
  const index: number[] = [];
  times.forEach((n, i) => {
    if (n < 0) throw new ValueError("repeats can not be negative, in repeat_interleave");
    for (let k = 0; k < Number(n); k++) index.push(i);
  });
  return indexSelect(x, dim, int64(index, x));
}
