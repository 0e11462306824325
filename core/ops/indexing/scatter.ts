/**
 * Scattering: elements of one tensor put, added or merged into another where an index says.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { type DType, isFloat } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { floorDividePrim } from "../../prim/elementwise.ts";
import { normalizeDim, sizeOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import type { Scalar } from "../cast.ts";
import { full, onesLike, zerosLike } from "../create.ts";
import { binaryAs, div, maximum } from "../elementwise.ts";
import { atLeastVector, expectInt64, type IndexLike, toIndex, withinDim } from "./indexing.ts";
import { type Given, inOrder } from "../arguments.ts";
import { checkCall, checkOptions, isRecord, type Kinds } from "../options.ts";
import { highest, lowest } from "../extremes.ts";
import { scatterExact } from "../routine.ts";
import { narrow, reshape } from "../view.ts";

interface ScatterOperands {
  readonly base: Tensor;
  readonly at: number;
  readonly index: Tensor;
  readonly source: Tensor;
}

/** Checks of all scatters; 0-d tensors become vectors, a number becomes a source, and the source is cut to the index. */
function scatterOperands(
  op: string,
  x: Tensor,
  dim: number,
  index: IndexLike,
  source: Tensor | Scalar,
): ScatterOperands {
  const at = normalizeDim(op, dim, x.shape.length);
  const base = atLeastVector(x), idx = atLeastVector(toIndex(index, x, expectInt64(op)));
  if (!(source instanceof Tensor)) {
    const value = full(idx.shape, source, { dtype: x.dtype, device: x.device });
    return scatterOperands(op, x, dim, idx, value);
  }
  if (source.dtype !== x.dtype) {
    throw new DTypeError(
      `scatter(): Expected self.dtype to be equal to src.dtype, in ${op}: got ${x.dtype} and ${source.dtype}; cast one with .to()`,
    );
  }
  const from = atLeastVector(source);
  if (sizeOf(idx.shape) === 0) return { base, at, index: idx, source: from };
  if (idx.shape.length !== base.shape.length || idx.shape.length !== from.shape.length) {
    throw new ShapeError(
      `Index tensor must have the same number of dimensions as ${
        idx.shape.length !== base.shape.length ? "self" : "src"
      } tensor, in ${op}: got self [${x.shape.join(", ")}], index [${idx.shape.join(", ")}] and src [${
        source.shape.join(", ")
      }]`,
    );
  }
  if (idx.shape.some((s, d) => (d !== at && s > base.shape[d]) || s > from.shape[d])) {
    throw new ShapeError(
      `Expected index [${idx.shape.join(", ")}] to be smaller than self [${
        base.shape.join(", ")
      }] apart from dimension ${at} and to be smaller size than src [${from.shape.join(", ")}], in ${op}`,
    );
  }
  return {
    base,
    at,
    index: withinDim(op, base, at, idx),
    source: idx.shape.reduce((acc, s, d) => narrow(acc, d, 0, s), from.value),
  };
}

/** Options of `scatter`. */
export interface ScatterOptions {
  /** Merge with what is there, and where an index occurs twice, instead of replacing it. */
  readonly reduce?: "add" | "multiply" | null;
}

const mergeModes = { add: "add", multiply: "mul" } as const;

/** What `scatter` writes where, by position or by name: `src` is a tensor, `value` a number. */
export type ScatterArguments = Given<
  [dim: number, index: IndexLike, source: Tensor | Scalar],
  [],
  { dim: number; index: IndexLike; src: Tensor; value: Scalar },
  ScatterOptions
>;

/** What `scatterAdd` adds where, by position or by name. */
export type ScatterAddArguments = Given<
  [dim: number, index: IndexLike, source: Tensor],
  [],
  { dim: number; index: IndexLike; src: Tensor }
>;

/** The arguments in their places; PyTorch has two names for the third. */
function scatterArguments(
  given: ScatterArguments,
): readonly [number, IndexLike, Tensor | Scalar, ScatterOptions?] {
  const byValue = given.some((part) => isRecord(part) && "value" in part);
  return inOrder("scatter", ["dim", "index", byValue ? "value" : "src"], 3, given, true);
}

/**
 * x with `x[index[i][j]][j] = source[i][j]` for dim 0, and so on; the source may be a number. Where an index occurs twice, the last one
 * stays. Indices are not negative. `torch.scatter`.
 *
 * @example
 * ```ts
 * import { scatter, zeros } from "@tenon/tenon";
 * console.log(scatter(zeros([2, 3]), 1, [[2], [0]], 1).tolist()); // [ [ 0, 0, 1 ], [ 1, 0, 0 ] ]
 * ```
 */
export function scatter(
  x: Tensor,
  ...given: ScatterArguments
): Tensor {
  const [dim, index, source, options = {}] = scatterArguments(given);
  checkCall("scatter", [x]);
  checkOptions("scatter", options, { reduce: "string" });
  const { reduce = null } = options, mode = reduce === null ? "set" : mergeModes[reduce];
  if (mode === undefined) {
    throw new ValueError(`reduce argument must be either add or multiply., in scatter: got ${reduce}`);
  }
  const { base, at, index: idx, source: from } = scatterOperands("scatter", x, dim, index, source);
  const y = reshape(scatterExact(base, at, idx, from, mode), x.shape);
  return source instanceof Tensor ? named("Scatter", y) : named("ScatterBackward1", y);
}

/** x with `x[index[i][j]][j] += source[i][j]` for dim 0, and so on; indices that occur twice add twice. `torch.scatter_add`. */
export function scatterAdd(x: Tensor, ...given: ScatterAddArguments): Tensor {
  const names = ["dim", "index", "src"];
  const [dim, index, source] = inOrder<[number, IndexLike, Tensor]>("scatter_add", names, 3, given);
  checkCall("scatter_add", [x, source]);
  const { base, at, index: idx, source: from } = scatterOperands("scatter_add", x, dim, index, source);
  return named("ScatterAdd", reshape(scatterExact(base, at, idx, from, "add"), x.shape));
}

/** How `scatterReduce` merges. */
export type ScatterReduction = "sum" | "prod" | "mean" | "amax" | "amin";

/** What `scatterReduce` merges where and how, by position or by name. */
export type ScatterReduceArguments = Given<
  [dim: number, index: IndexLike, source: Tensor, reduce: ScatterReduction],
  [],
  { dim: number; index: IndexLike; src: Tensor; reduce: ScatterReduction },
  { readonly includeSelf?: boolean }
>;

/** The value that changes nothing under a reduction of this dtype. */
function identityOf(reduce: ScatterReduction, dtype: DType): Scalar {
  if (reduce === "sum" || reduce === "mean") return 0;
  if (reduce === "prod") return 1;
  return reduce === "amax" ? lowest(dtype) : highest(dtype);
}

const scatterReduceKinds: Kinds<{ readonly includeSelf?: boolean }> = {
  includeSelf: "boolean",
};

const scatterModes = { sum: "add", mean: "add", prod: "mul", amax: "max", amin: "min" } as const;

/**
 * x with all source elements of one index merged: "sum", "prod", "mean", "amax" or "amin". With `includeSelf: false` the elements of x at
 * these indices take no part. `torch.scatter_reduce`.
 */
export function scatterReduce(
  x: Tensor,
  ...given: ScatterReduceArguments
): Tensor {
  const [dim, index, source, reduce, options = {}] = inOrder<
    [number, IndexLike, Tensor, ScatterReduction, { readonly includeSelf?: boolean }?]
  >("scatter_reduce", ["dim", "index", "src", "reduce"], 4, given, true);
  checkCall("scatter_reduce", [x, source], options, scatterReduceKinds);
  if (!Object.hasOwn(scatterModes, reduce)) {
    throw new ValueError(
      `reduce argument must be either sum, prod, mean, amax or amin, got ${reduce}, in scatter_reduce`,
    );
  }
  const { base, at, index: idx, source: from } = scatterOperands("scatter_reduce", x, dim, index, source);
  const includeSelf = options.includeSelf ?? true;
  const blank = full(idx.shape, identityOf(reduce, x.dtype), { dtype: x.dtype, device: x.device });
  const start = includeSelf ? base : scatterExact(base, at, idx, blank, "set");
  const merged = scatterExact(start, at, idx, from, scatterModes[reduce]);
  if (reduce !== "mean") return named("ScatterReduce", reshape(merged, x.shape));
  const counts = scatterExact(
    includeSelf ? onesLike(base) : zerosLike(base),
    at,
    idx,
    onesLike(from),
    "add",
  );
  const divisor = maximum(counts, 1);
  const mean = isFloat(x.dtype) ? div(merged, divisor) : binaryAs(floorDividePrim, merged, divisor, x.dtype);
  return named("ScatterReduce", reshape(mean, x.shape));
}
