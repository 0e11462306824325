/**
 * Writing slices into tensors and reading them by strides: PyTorch's scatter-to-a-view functions, and index writes with lists of index tensors.
 * `x.at(...)` says the same more shortly.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../../errors.ts";
import { normalizeDim, sameShape, type Shape, sizeOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { cast, commonType, type Scalar } from "../cast.ts";
import { full } from "../create.ts";
import { iota } from "../ranges.ts";
import { add, mul } from "../elementwise.ts";
import { alongDim, atLeastVector, type IndexLike, take, toIndex } from "./indexing.ts";
import { scatterReduce, type ScatterReduction } from "./scatter.ts";
import { scatterExact } from "../routine.ts";
import { Selection } from "./selection.ts";
import { diagonal, expand, reshape, select, sliceBounds, strided } from "../view.ts";
import { type Given, inOrder } from "../arguments.ts";
import { checkCall, type Kinds, requireKind } from "../options.ts";

/** x with what the view `read` shows replaced by `source`. */
function written(op: string, x: Tensor, source: Tensor, read: (x: Tensor) => Tensor): Tensor {
  const view = read(x);
  if (!sameShape(view.shape, source.shape)) {
    throw new ShapeError(
      `expected src to have a size equal to the slice of self. src size = [${
        source.shape.join(", ")
      }], slice size = [${view.shape.join(", ")}], in ${op}`,
    );
  }
  if (sizeOf(view.shape) === 0) return x.value;
  const count = sizeOf(x.shape), flat = (t: Tensor) => reshape(t, [sizeOf(t.shape)]);
  // The same view of the elements' numbers says where each source element goes.
  const places = read(reshape(iota([count], 0, { device: x.device }), x.shape));
  return reshape(scatterExact(flat(x), 0, flat(places), flat(cast(source, x.dtype)), "set"), x.shape);
}

/** A slice and its place, by position or by name. */
export type SelectScatterArguments = Given<
  [src: Tensor, dim: number, index: number],
  [],
  { src: Tensor; dim: number; index: number }
>;

/**
 * x with the slice at `index` along `dim` replaced by `source`. `torch.select_scatter`.
 *
 * @example
 * ```ts
 * import { ones, selectScatter, zeros } from "@tenon/tenon";
 * console.log(selectScatter(zeros(2, 2), ones(2), 1, 0).tolist()); // [ [ 1, 0 ], [ 1, 0 ] ]
 * ```
 */
export function selectScatter(x: Tensor, ...given: SelectScatterArguments): Tensor {
  const names = ["src", "dim", "index"];
  const [source, dim, index] = inOrder<[Tensor, number, number]>("select_scatter", names, 3, given);
  checkCall("select_scatter", [x, source]);
  return named("SelectScatter", written("select_scatter", x, source, (t) => select(t, dim, index)));
}

/** Where a slice lies, by position or by name. */
export type SliceArguments = Given<
  [],
  [dim: number, start: number | null, end: number | null, step: number],
  { dim: number; start: number | null; end: number | null; step: number }
>;

/** x with `start:end:step` along `dim` replaced by `source`. `torch.slice_scatter`. */
export function sliceScatter(
  x: Tensor,
  source: Tensor,
  ...given: SliceArguments
): Tensor {
  const [dim = 0, start, end, step = 1] = inOrder<[number?, (number | null)?, (number | null)?, number?]>(
    "slice_scatter",
    ["dim", "start", "end", "step"],
    0,
    given,
  );
  checkCall("slice_scatter", [x, source]);
  const at = normalizeDim("slice_scatter", dim, x.shape.length);
  const bounds = sliceBounds(x.shape[at], start, end, step);
  return named(
    "SliceScatter",
    written("slice_scatter", x, source, (t) => strided(t, at, bounds.start, bounds.step, bounds.size)),
  );
}

/** A diagonal and its place, by position or by name. */
export type DiagonalScatterArguments = Given<
  [src: Tensor],
  [offset: number, dim1: number, dim2: number],
  { src: Tensor; offset: number; dim1: number; dim2: number }
>;

/** x with the diagonal of two dimensions replaced by `source`. `torch.diagonal_scatter`. */
export function diagonalScatter(x: Tensor, ...given: DiagonalScatterArguments): Tensor {
  const [source, offset = 0, dim1 = 0, dim2 = 1] = inOrder<[Tensor, number?, number?, number?]>(
    "diagonal_scatter",
    ["src", "offset", "dim1", "dim2"],
    1,
    given,
  );
  checkCall("diagonal_scatter", [x, source]);
  return named(
    "DiagonalScatter",
    written("diagonal_scatter", x, source, (t) => diagonal(t, offset, dim1, dim2)),
  );
}

/** Sizes, strides and where they begin, by position or by name. */
export type StridedArguments = Given<
  [size: Shape, stride: readonly number[]],
  [storageOffset: number],
  { size: Shape; stride: readonly number[]; storageOffset: number }
>;

/** The elements of the row-major x at `offset + sum(strides[d] * i[d])`, which may overlap. `torch.as_strided`. */
export function asStrided(x: Tensor, ...given: StridedArguments): Tensor {
  const names = ["size", "stride", "storageOffset"];
  const [size, strides, offset = 0] = inOrder<[Shape, readonly number[], number?]>(
    "as_strided",
    names,
    2,
    given,
  );
  checkCall("as_strided", [x]);
  requireKind("as_strided", "size", size, "numbers");
  requireKind("as_strided", "stride", strides, "numbers");
  if (size.length !== strides.length) {
    throw new ValueError(
      `mismatch in length of strides and shape, in as_strided: ${strides.length} and ${size.length}`,
    );
  }
  if (strides.some((s) => !Number.isInteger(s) || s < 0) || !Number.isInteger(offset) || offset < 0) {
    throw new ValueError(
      `as_strided: Negative strides are not supported at the moment, got strides: [${
        strides.join(", ")
      }] and offset ${offset}`,
    );
  }
  const last = size.reduce((sum, s, d) => sum + (s - 1) * strides[d], offset), count = sizeOf(x.shape);
  if (sizeOf(size) > 0 && last >= count) {
    throw new IndexError(
      `setStorage: sizes [${size.join(", ")}], strides [${
        strides.join(", ")
      }], storage offset ${offset} are out of bounds for ${count} elements, in as_strided`,
    );
  }
  let index: Tensor = full(size, offset, { dtype: "int64", device: x.device });
  strides.forEach((s, d) => index = add(index, mul(iota(size, d, { device: x.device }), s)));
  return named("AsStrided", take(x, index));
}

/** Elements, and the sizes, strides and beginning of their places, by position or by name. */
export type StridedScatterArguments = Given<
  [src: Tensor, size: Shape, stride: readonly number[]],
  [storageOffset: number],
  { src: Tensor; size: Shape; stride: readonly number[]; storageOffset: number }
>;

/** x with the elements that `asStrided` would read replaced by `source`. `torch.as_strided_scatter`. */
export function asStridedScatter(
  x: Tensor,
  ...given: StridedScatterArguments
): Tensor {
  const [source, size, strides, offset = 0] = inOrder<[Tensor, Shape, readonly number[], number?]>(
    "as_strided_scatter",
    ["src", "size", "stride", "storageOffset"],
    3,
    given,
  );
  checkCall("as_strided_scatter", [x, source]);
  return named(
    "AsStridedScatter",
    written("as_strided_scatter", x, source, (t) => asStrided(t, size, strides, offset)),
  );
}

/** Places and values for them, by position or by name. */
export type IndexPutArguments = Given<
  [indices: readonly (Tensor | null)[], values: Tensor],
  [accumulate: boolean],
  { indices: readonly (Tensor | null)[]; values: Tensor; accumulate: boolean }
>;

/**
 * x with `values` at a list of index tensors, one for each leading dimension (null keeps a dimension whole). `torch.Tensor.index_put`.
 *
 * @example
 * ```ts
 * import { indexPut, tensor, zeros } from "@tenon/tenon";
 * console.log(indexPut(zeros(3), [tensor([0n, 2n])], tensor([5, 6])).tolist()); // [ 5, 0, 6 ]
 * ```
 */
export function indexPut(x: Tensor, ...given: IndexPutArguments): Tensor {
  const [indices, values, accumulate = false] = inOrder<[readonly (Tensor | null)[], Tensor, boolean?]>(
    "index_put",
    ["indices", "values", "accumulate"],
    2,
    given,
  );
  checkCall("index_put", [x, values]);
  if (!Array.isArray(indices)) {
    throw new ValueError("index_put: expected an array of index tensors, or null for all");
  }
  if (values.dtype !== x.dtype) {
    throw new DTypeError(
      `Index put requires the source and destination dtypes match, got ${x.dtype} for the destination and ${values.dtype} for the source.`,
    );
  }
  const region = new Selection(x, indices.map((index) => index ?? {}));
  return accumulate ? region.add(values) : region.set(values);
}

/** Places of the flattened tensor and values for them, by position or by name. */
export type PutArguments = Given<
  [index: IndexLike, source: Tensor],
  [accumulate: boolean],
  { index: IndexLike; source: Tensor; accumulate: boolean }
>;

/** x with the elements of the flattened x at `index` replaced by those of `source`, or added to. `torch.Tensor.put`. */
export function put(x: Tensor, ...given: PutArguments): Tensor {
  const names = ["index", "source", "accumulate"];
  const [index, source, accumulate = false] = inOrder<[IndexLike, Tensor, boolean?]>("put_", names, 2, given);
  checkCall("put", [x, source]);
  const places = toIndex(
    index,
    x,
    (got) => new DTypeError(`put_(): Expected a long tensor for index, but got ${got}`),
  );
  if (sizeOf(places.shape) !== sizeOf(source.shape)) {
    throw new ShapeError(
      `put_(): Expected source and index to have the same number of elements, but got source.numel() = ${
        sizeOf(source.shape)
      }, index.numel() = ${sizeOf(places.shape)}`,
    );
  }
  const flat = reshape(x, [sizeOf(x.shape)]), at = reshape(places, [sizeOf(places.shape)]);
  return named("Put", reshape(indexPut(flat, [at], reshape(source, at.shape), accumulate), x.shape));
}

const indexReduceKinds: Kinds<{ readonly includeSelf?: boolean }> = {
  includeSelf: "boolean",
};

/** How slices are merged. */
export type IndexReduction = Exclude<ScatterReduction, "sum">;

/** Places, slices for them and how they are merged, by position or by name. */
export type IndexReduceArguments = Given<
  [dim: number, index: IndexLike, source: Tensor, reduce: IndexReduction],
  [],
  { dim: number; index: IndexLike; source: Tensor; reduce: IndexReduction },
  { readonly includeSelf?: boolean }
>;

/** x with the slices of `source` merged in at a vector of indices along `dim`: "prod", "mean", "amax" or "amin". `torch.index_reduce`. */
export function indexReduce(x: Tensor, ...given: IndexReduceArguments): Tensor {
  const [dim, index, source, reduce, options = {}] = inOrder<
    [number, IndexLike, Tensor, IndexReduction, { readonly includeSelf?: boolean }?]
  >("index_reduce", ["dim", "index", "source", "reduce"], 4, given, true);
  checkCall("index_reduce", [x, source], options, indexReduceKinds);
  if (!["prod", "mean", "amax", "amin"].includes(reduce)) {
    throw new ValueError(
      `index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ${reduce}.`,
    );
  }
  const at = normalizeDim("index_reduce", dim, x.shape.length);
  const places = toIndex(
    index,
    x,
    (got) => new DTypeError(`index_reduce(): Expected dtype int32 or int64 for index, but got ${got}`),
  );
  const vector = atLeastVector(places), from = atLeastVector(source);
  if (vector.shape.length !== 1 || from.shape[at] !== vector.shape[0]) {
    throw new ShapeError(
      `index_reduce(): the index must be a vector with one element for each slice of the source along dim ${at}, but got [${
        places.shape.join(", ")
      }] and source [${source.shape.join(", ")}]`,
    );
  }
  const y = scatterReduce(atLeastVector(x), at, alongDim(vector, at, from.shape), from, reduce, options);
  return named("IndexReduce", reshape(y, x.shape));
}

/** A tensor of the shape and dtype of x, with one value everywhere. `torch.fill`. */
export function fill(x: Tensor, value: Scalar | Tensor): Tensor {
  checkCall("fill", [x]);
  commonType("fill", [x, value]);
  if (!(value instanceof Tensor)) return full(x.shape, value, { dtype: x.dtype, device: x.device });
  if (value.shape.length > 0) {
    throw new ShapeError(
      `fill only supports 0-dimension value tensor but got tensor with ${value.shape.length} dimensions.`,
    );
  }
  return expand(cast(value, x.dtype), x.shape);
}
