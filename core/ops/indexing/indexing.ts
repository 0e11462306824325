/**
 * Reading and writing at index tensors along one dimension: gather, indexSelect, indexAdd and their kin. Scattering is in scatter.ts, masks in mask.ts,
 * `x.at(...)` in selection.ts.
 *
 * @module
 */
import { apply, named } from "../../apply.ts";
import type { DType, HostArray } from "../../dtype.ts";
import { checkFits } from "../../dtype_info.ts";
import { DTypeError, IndexError, ShapeError, type TenonError } from "../../errors.ts";
import { withinPrim } from "../../prim/routine.ts";
import { normalizeDim, type Shape, sizeOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { cast, factorOf, type Scalar } from "../cast.ts";
import { full, type NestedArray, tensor } from "../create.ts";
import { add, mul } from "../elementwise.ts";
import { eq, ge, logicalAnd, lt, where } from "../logical.ts";
import { type Given, inOrder } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { gatherExact, scatterExact } from "../routine.ts";
import { expand, reshape } from "../view.ts";

/** Indices: an integer tensor, or nested arrays of whole numbers. */
export type IndexLike = Tensor | NestedArray;

/** How to fix a tensor of numbers of classes that is of the wrong dtype; the most common case is `tensor([0, 1])`, which is float32. */
export const classHint = 'convert it with .to("int64")';

/** The same for an index, which may be an array, too. */
export const indexHint = `${classHint}, or pass a plain array of whole numbers`;

/** Indices as an int64 tensor on the device of `like`. `refuse` makes the error for any other dtype. */
export function toIndex(index: IndexLike, like: Tensor, refuse: (got: DType) => Error): Tensor {
  if (index instanceof Tensor) {
    if (index.dtype === "int64") return index.value;
    if (index.dtype === "int32") return cast(index, "int64");
    throw refuse(index.dtype);
  }
  const check = (level: NestedArray): void => {
    if (Array.isArray(level)) return level.forEach(check);
    if (typeof level !== "bigint" && !Number.isInteger(level)) {
      throw new IndexError(`indices must be whole numbers, but got ${String(level)}`);
    }
  };
  check(index);
  return tensor(index, { dtype: "int64", device: like.device });
}

/** Values that are on the host already; null when they are not. */
export function heldValues(x: Tensor): HostArray | null {
  let given = x.value;
  // The same elements in another shape.
  while (given.storage === null && given.prim.lowering.kind === "reshape") given = given.inputs[0];
  return given.storage?.residency.host ?? null;
}

/**
 * Values that are on the host already are checked at once, so that the error stands where the mistake is: few of them, unless nobody looks later. Whether they
 * were.
 */
export function checkHeld(
  x: Tensor,
  wrong: (value: number | bigint) => boolean,
  refuse: (value: number | bigint) => Error,
  most = 256,
): boolean {
  const host = heldValues(x);
  if (host === null || host.length > most || x.dtype === "bfloat16") return false;
  for (const value of host) if (wrong(value)) throw refuse(value);
  return true;
}

/**
 * Indices that must be in [low, end): looked at now where they are on the host, and else where they are used. Those equal to `ignore` become `low`. What
 * is read and written by them elsewhere the CPU refuses by itself, unless they are not `told` to it.
 */
export function within(
  index: Tensor,
  low: number,
  end: number,
  refuse: (got: number | bigint) => TenonError,
  { ignore, told = true }: { readonly ignore?: number; readonly told?: boolean } = {},
): Tensor {
  // WebGPU leaves out what it would read or write elsewhere, and does not tell.
  const quiet = (index.device === "webgpu" || !told) && sizeOf(index.shape) > 0;
  const wrong = (i: number | bigint) => (i < low || i >= end) && Number(i) !== ignore;
  const seen = checkHeld(index, wrong, refuse, quiet ? Infinity : undefined);
  const places = ignore === undefined ? index.value : where(eq(index, ignore), low, index);
  return seen || !quiet ? places : apply(withinPrim, [places], { low, end, refuse });
}

/** The refusal of an index of another dtype. */
export function expectInt64(op: string): (got: DType) => DTypeError {
  return (got) => new DTypeError(`${op}(): Expected dtype int64 for index, but got ${got}; ${indexHint}`);
}

/** Negative indices count from the end; those out of range stay as they are, for the error to name them. */
export function wrapNegative(index: Tensor, size: number): Tensor {
  return where(logicalAnd(lt(index, 0), ge(index, -size)), add(index, size), index);
}

/** A 0-d tensor as a vector of one element, as PyTorch's indexing functions see it. */
export function atLeastVector(x: Tensor): Tensor {
  return x.shape.length === 0 ? reshape(x, [1]) : x.value;
}

/** `within` a dimension of x, which is not empty if there are indices. */
export function withinDim(
  op: string,
  x: Tensor,
  dim: number,
  index: Tensor,
  sentence = (got: number | bigint): string =>
    `index ${got} is out of bounds for dimension ${dim} with size ${x.shape[dim]}, in ${op}`,
  low = 0,
): Tensor {
  const size = x.shape[dim];
  if (size === 0 && sizeOf(index.shape) > 0) {
    throw new IndexError(
      `index out of range: dimension ${dim} of a tensor of shape [${x.shape.join(", ")}] is empty, in ${op}`,
    );
  }
  return within(index, low, size, (got) => new IndexError(sentence(got)));
}

/** A dimension and indices along it, by position or by name. */
export type AlongIndex = Given<
  [dim: number, index: IndexLike],
  [],
  { dim: number; index: IndexLike }
>;

/** The places, and the dimension if they are along one; by position or by name. */
export type FreeAlongIndex = Given<
  [index: IndexLike],
  [dim: number | null],
  { indices: IndexLike; dim: number | null }
>;

/** The same and slices for these places; then options O. */
export type SourceAlongIndex<O = unknown> = Given<
  [dim: number, index: IndexLike, source: Tensor],
  [],
  { dim: number; index: IndexLike; source: Tensor },
  O
>;

/** The same and a value for these places. */
export type FillAlongIndex = Given<
  [dim: number, index: IndexLike, value: Scalar | Tensor],
  [],
  { dim: number; index: IndexLike; value: Scalar | Tensor }
>;

/**
 * `out[i][j] = x[index[i][j]][j]` for dim 0, and so on for other dims: the index has the rank of x, and the result its shape. Indices are not
 * negative. `torch.gather`.
 *
 * @throws {ShapeError} when ranks differ or the index is larger than x in another dimension than `dim`
 * @throws {DTypeError} when the index is not of integers
 * @example
 * ```ts
 * import { gather, tensor } from "@tenon/tenon";
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(gather(x, 1, [[0, 0], [1, 0]]).tolist()); // [ [ 1, 1 ], [ 4, 3 ] ]
 * ```
 */
export function gather(x: Tensor, ...given: AlongIndex): Tensor {
  const [dim, index] = inOrder<[number, IndexLike]>("gather", ["dim", "index"], 2, given);
  checkCall("gather", [x]);
  const at = normalizeDim("gather", dim, x.shape.length);
  const idx = toIndex(index, x, expectInt64("gather"));
  const from = atLeastVector(x), places = atLeastVector(idx);
  if (from.shape.length !== places.shape.length) {
    throw new ShapeError(
      `Index tensor must have the same number of dimensions as input tensor, in gather: got index [${
        idx.shape.join(", ")
      }] and input [${x.shape.join(", ")}]`,
    );
  }
  if (places.shape.some((s, d) => d !== at && s > from.shape[d])) {
    throw new ShapeError(
      `Size does not match at dimension ${
        places.shape.findIndex((s, d) => d !== at && s > from.shape[d])
      } expected index [${places.shape.join(", ")}] to be smaller than self [${
        from.shape.join(", ")
      }] apart from dimension ${at}, in gather`,
    );
  }
  const y = named("Gather", gatherExact(from, at, withinDim("gather", from, at, places)));
  return idx.shape.length === 0 ? reshape(y, []) : y;
}

function vectorIndex(op: string, x: Tensor, index: IndexLike): Tensor {
  const idx = atLeastVector(toIndex(index, x, (got) =>
    new DTypeError(
      `${op}(): Expected dtype int32 or int64 for index, but got ${got}; ${indexHint}`,
    )));
  if (idx.shape.length !== 1) {
    throw new ShapeError(
      `${op}(): Index is supposed to be a vector, but got shape [${idx.shape.join(", ")}]`,
    );
  }
  return idx;
}

/** A vector of indices repeated over all other dimensions of `shape`. */
export function alongDim(index: Tensor, dim: number, shape: Shape): Tensor {
  const target = shape.map((s, d) => d === dim ? index.shape[0] : s);
  return expand(reshape(index, shape.map((_, d) => d === dim ? index.shape[0] : 1)), target);
}

/** What PyTorch says of an index outside a dimension whose slices are taken. */
function outsideSelf(op: string, x: Tensor, dim: number): (got: number | bigint) => string {
  return (got) =>
    `index out of range in self, in ${op}: ${got} is not in [0, ${x.shape[dim]}), dimension ${dim} of [${
      x.shape.join(", ")
    }]`;
}

/**
 * The slices of x along `dim` at a vector of indices, which are not negative. `torch.index_select`.
 *
 * @example
 * ```ts
 * import { indexSelect, tensor } from "@tenon/tenon";
 * console.log(indexSelect(tensor([[1, 2], [3, 4]]), 1, [1, 0]).tolist()); // [ [ 2, 1 ], [ 4, 3 ] ]
 * ```
 */
export function indexSelect(x: Tensor, ...given: AlongIndex): Tensor {
  const [dim, index] = inOrder<[number, IndexLike]>("index_select", ["dim", "index"], 2, given);
  checkCall("index_select", [x]);
  const at = normalizeDim("index_select", dim, x.shape.length);
  const idx = vectorIndex("index_select", x, index), from = atLeastVector(x);
  if (x.shape.length === 0 && idx.shape[0] !== 1) {
    throw new ShapeError(
      `index_select(): Index to scalar can have only 1 value, got ${idx.shape[0]} value(s)`,
    );
  }
  const inside = withinDim("index_select", from, at, idx, outsideSelf("index_select", from, at));
  const y = named("IndexSelect", gatherExact(from, at, alongDim(inside, at, from.shape)));
  return x.shape.length === 0 ? reshape(y, []) : y;
}

interface SliceOperands {
  readonly base: Tensor;
  readonly at: number;
  readonly index: Tensor;
  readonly source: Tensor;
}

function sliceOperands(op: string, x: Tensor, dim: number, index: IndexLike, source: Tensor): SliceOperands {
  const at = normalizeDim(op, dim, x.shape.length);
  const base = atLeastVector(x), from = atLeastVector(source), idx = vectorIndex(op, x, index);
  if (source.dtype !== x.dtype) {
    throw new DTypeError(
      `${op}(): self (${x.dtype}) and source (${source.dtype}) must have the same scalar type; cast one with .to()`,
    );
  }
  const wanted = base.shape.map((s, d) => d === at ? idx.shape[0] : s);
  if (from.shape.length !== wanted.length || from.shape.some((s, d) => s !== wanted[d])) {
    throw new ShapeError(
      `${op}(): the source must have shape [${
        wanted.join(", ")
      }] (that of self, with one slice per index along dim ${at}), but has [${source.shape.join(", ")}]`,
    );
  }
  const inside = withinDim(op, base, at, idx, op === "index_add" ? outsideSelf(op, base, at) : undefined);
  return { base, at, index: alongDim(inside, at, base.shape), source: from };
}

const indexAddKinds: Kinds<{ readonly alpha?: number }> = {
  alpha: "number",
};

/**
 * x with the slices of `source`, times `alpha`, added at the indices along `dim`. `torch.index_add`.
 *
 * @example
 * ```ts
 * import { indexAdd, tensor, zeros } from "@tenon/tenon";
 * console.log(indexAdd(zeros(3), 0, [0, 2, 2], tensor([1, 2, 3])).tolist()); // [ 1, 0, 5 ]
 * ```
 */
export function indexAdd(x: Tensor, ...given: SourceAlongIndex<{ readonly alpha?: number }>): Tensor {
  const [dim, index, source, options = {}] = inOrder<
    [number, IndexLike, Tensor, { readonly alpha?: number }?]
  >("index_add", ["dim", "index", "source"], 3, given, true);
  checkCall("index_add", [x, source], options, indexAddKinds);
  const { base, at, index: idx, source: from } = sliceOperands("index_add", x, dim, index, source);
  const scaled = options.alpha === undefined
    ? from
    : mul(from, factorOf("index_add", options.alpha, x.dtype));
  return named("IndexAdd", reshape(scatterExact(base, at, idx, scaled, "add"), x.shape));
}

/** x with the slices at the indices along `dim` replaced by those of `source`. `torch.index_copy`. */
export function indexCopy(x: Tensor, ...given: SourceAlongIndex): Tensor {
  const names = ["dim", "index", "source"];
  const [dim, index, source] = inOrder<[number, IndexLike, Tensor]>("index_copy", names, 3, given);
  checkCall("index_copy", [x, source]);
  const { base, at, index: idx, source: from } = sliceOperands("index_copy", x, dim, index, source);
  return named("IndexCopy", reshape(scatterExact(base, at, idx, from, "set"), x.shape));
}

/** x with the slices at the indices along `dim` filled with one value; negative indices count from the end. `torch.index_fill`. */
export function indexFill(x: Tensor, ...args: FillAlongIndex): Tensor {
  const [dim, index, value] = inOrder<[number, IndexLike, Scalar | Tensor]>(
    "index_fill",
    ["dim", "index", "value"],
    3,
    args,
  );
  checkCall("index_fill", [x]);
  const at = normalizeDim("index_fill", dim, x.shape.length);
  if (value instanceof Tensor && value.shape.length > 0) {
    throw new ShapeError(
      `index_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.shape.length} dimension(s).`,
    );
  }
  if (!(value instanceof Tensor)) checkFits("index_fill", value, x.dtype);
  const base = atLeastVector(x), given = vectorIndex("index_fill", x, index), size = base.shape[at];
  const idx = wrapNegative(withinDim("index_fill", base, at, given, undefined, -size), size);
  const places = alongDim(idx, at, base.shape);
  const source = value instanceof Tensor
    ? expand(cast(value, x.dtype), places.shape)
    : full(places.shape, value, { dtype: x.dtype, device: x.device });
  return named("IndexFill", reshape(scatterExact(base, at, places, source, "set"), x.shape));
}

/** The elements of the flattened x at the indices, in the shape of the index; negative ones count from the end. `torch.take`. */
export function take(x: Tensor, ...given: Given<[index: IndexLike], [], { index: IndexLike }>): Tensor {
  const [index] = inOrder<[IndexLike]>("take", ["index"], 1, given);
  checkCall("take", [x]);
  const idx = toIndex(
    index,
    x,
    (got) => new DTypeError(`take(): Expected a long tensor for index, but got ${got}; ${indexHint}`),
  );
  const size = sizeOf(x.shape), flat = reshape(x, [size]);
  if (size === 0 && sizeOf(idx.shape) > 0) throw new IndexError("take(): tried to take from an empty tensor");
  const inside = within(
    idx,
    -size,
    size,
    (got) =>
      new IndexError(`out of range: tried to access index ${got} on a tensor of ${size} elements. In take`),
  );
  const y = gatherExact(flat, 0, reshape(wrapNegative(inside, size), [sizeOf(idx.shape)]));
  return named("Take", reshape(y, idx.shape));
}

/**
 * `gather` whose index broadcasts with x in all other dimensions; without `dim` over the flattened x. `torch.take_along_dim`.
 *
 * @example
 * ```ts
 * import { takeAlongDim, tensor } from "@tenon/tenon";
 * const x = tensor([[3, 1], [2, 4]]);
 * console.log(takeAlongDim(x, x.argsort(1), 1).tolist()); // [ [ 1, 3 ], [ 2, 4 ] ]
 * ```
 */
export function takeAlongDim(x: Tensor, ...given: FreeAlongIndex): Tensor {
  const [index, dim] = inOrder<[IndexLike, (number | null)?]>("take_along_dim", ["indices", "dim"], 1, given);
  checkCall("take_along_dim", [x]);
  const idx = toIndex(index, x, (got) =>
    new DTypeError(
      `torch.take_along_dim(): dtype of indices should be Long but got ${got}; ${indexHint}`,
    ));
  if (dim === undefined || dim === null) {
    return gather(reshape(x, [sizeOf(x.shape)]), 0, reshape(idx, [sizeOf(idx.shape)]));
  }
  const at = normalizeDim("take_along_dim", dim, x.shape.length);
  if (idx.shape.length !== x.shape.length) {
    throw new ShapeError(
      `torch.take_along_dim(): input and indices should have the same number of dimensions, but got ${x.shape.length} dimensions for input, and ${idx.shape.length} dimensions for indices`,
    );
  }
  const common = x.shape.map((s, d) => s === 1 ? idx.shape[d] : s);
  const from = expand(x, common.map((s, d) => d === at ? x.shape[d] : s));
  return gather(from, at, expand(idx, common.map((s, d) => d === at ? idx.shape[d] : s)));
}
