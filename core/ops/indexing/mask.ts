/**
 * Masks: filling and choosing elements by a bool tensor, and the way from masks to indices and back. What depends on how many elements are
 * true (nonzero, maskedSelect) reads the mask, because a shape must be known at once.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { hostArray, isInt, scalarName, torchName } from "../../dtype.ts";
import { checkFits } from "../../dtype_info.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { broadcastShapes, type Shape, sizeOf, stridesOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { cast, type Scalar } from "../cast.ts";
import { fromHost, full, onesLike, tensor, zeros } from "../create.ts";
import { floorDivide, remainder, sub } from "../elementwise.ts";
import { toBool, where } from "../logical.ts";
import { indexHint, type IndexLike, toIndex, within } from "./indexing.ts";
import { gatherExact, scan, scatterExact } from "../routine.ts";
import { expand, reshape } from "../view.ts";
import { type Given, inOrder, inPlace, isNamed, type Named } from "../arguments.ts";
import { checkCall, type Kinds, requireKind } from "../options.ts";

function checkMask(op: string, mask: Tensor): void {
  if (mask.dtype !== "bool") {
    throw new DTypeError(
      `${op}: expected BoolTensor or ByteTensor for mask, but got ${mask.dtype}; compare, or convert with .to("bool")`,
    );
  }
}

/**
 * x with one value where the mask is true; both broadcast. The dtype of x stays. `torch.masked_fill`.
 *
 * @throws {DTypeError} when the mask is not bool
 * @throws {ShapeError} when it does not broadcast to x
 * @example
 * ```ts
 * import { maskedFill, tensor } from "@tenon/tenon";
 * const x = tensor([1, -2, 3]);
 * console.log(maskedFill(x, x.lt(0), 0).tolist()); // [ 1, 0, 3 ]
 * ```
 */
export function maskedFill(
  x: Tensor,
  ...given: Given<
    [mask: Tensor, value: Scalar | Tensor],
    [],
    { mask: Tensor; value: Scalar | Tensor }
  >
): Tensor {
  const [mask, value] = inOrder<[Tensor, Scalar | Tensor]>("masked_fill", ["mask", "value"], 2, given);
  checkCall("masked_fill", [x, mask]);
  checkMask("masked_fill", mask);
  if (value instanceof Tensor && value.shape.length > 0) {
    throw new ShapeError(
      `masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.shape.length} dimension(s).`,
    );
  }
  if (!(value instanceof Tensor)) checkFits("masked_fill", value, x.dtype);
  const fill = value instanceof Tensor
    ? cast(value, x.dtype)
    : full([], value, { dtype: x.dtype, device: x.device });
  return named(value instanceof Tensor ? "MaskedFillBackward1" : "MaskedFill", where(mask, fill, x));
}

/** The places, in row-major order, where a host copy of `mask` is not zero. */
function truePlaces(mask: Tensor): Uint32Array {
  const data = toBool(mask).toTypedArray(), places = new Uint32Array(data.length);
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) places[count++] = i;
  return places.subarray(0, count);
}

/** An int64 tensor of numbers under 2^32, set by `write`: no bigint is made for each. */
function int64Tensor(
  shape: Shape,
  like: Tensor,
  write: (set: (at: number, value: number) => void) => void,
): Tensor {
  const host = hostArray("int64", sizeOf(shape)), view = new DataView(host.buffer, host.byteOffset);
  write((at, value) => view.setUint32(8 * at, value, true));
  return fromHost(host, shape, "int64", like.device);
}

/**
 * The elements where the mask is true, as a vector; both broadcast. Reads the mask. `torch.masked_select`.
 *
 * @throws {DTypeError} when the mask is not bool
 * @throws {ShapeError} when both do not broadcast
 * @example
 * ```ts
 * import { maskedSelect, tensor } from "@tenon/tenon";
 * const x = tensor([[1, -2], [3, 4]]);
 * console.log(maskedSelect(x, x.gt(0)).tolist()); // [ 1, 3, 4 ]
 * ```
 */
export function maskedSelect(x: Tensor, ...given: Given<[mask: Tensor], [], { mask: Tensor }>): Tensor {
  const [mask] = inOrder<[Tensor]>("masked_select", ["mask"], 1, given);
  checkCall("masked_select", [x, mask]);
  checkMask("masked_select", mask);
  const shape = broadcastShapes("masked_select", x.shape, mask.shape);
  const places = truePlaces(expand(mask, shape));
  const flat = reshape(expand(x, shape), [sizeOf(shape)]);
  const index = int64Tensor([places.length], x, (set) => places.forEach((place, i) => set(i, place)));
  return named("MaskedSelect", gatherExact(flat, 0, index));
}

/** A mask and values for where it is true, by position or by name. */
export type MaskedScatterArguments = Given<
  [mask: Tensor, source: Tensor],
  [],
  { mask: Tensor; source: Tensor }
>;

/** x with the elements of `source`, in order, where the mask is true. `torch.Tensor.masked_scatter`. */
export function maskedScatter(x: Tensor, ...given: MaskedScatterArguments): Tensor {
  const [mask, source] = inOrder<[Tensor, Tensor]>("masked_scatter", ["mask", "source"], 2, given);
  checkCall("masked_scatter", [x, mask, source]);
  checkMask("masked_scatter", mask);
  if (source.dtype !== x.dtype) {
    throw new DTypeError(
      `masked_scatter: expected self and source to have same dtypes but got ${scalarName(x.dtype)} and ${
        scalarName(source.dtype)
      }`,
    );
  }
  const shape = broadcastShapes("masked_scatter", x.shape, mask.shape);
  const chosen = expand(mask, shape), size = sizeOf(shape), flat = reshape(chosen, [size]);
  if (sizeOf(source.shape) === 0) {
    if (truePlaces(mask).length === 0) return expand(x, shape);
    throw new ShapeError("masked_scatter: the source has no elements, but the mask chooses some");
  }
  // The n-th true place takes element n of the source.
  const order = sub(scan(cast(flat, "int64"), "sum", false), 1);
  const values = gatherExact(reshape(source, [sizeOf(source.shape)]), 0, where(flat, order, 0));
  return named("MaskedScatter", where(chosen, reshape(values, shape), expand(x, shape)));
}

const nonzeroKinds: Kinds<{ readonly asTuple?: boolean }> = {
  asTuple: "boolean",
};

/**
 * The indices of the elements that are not zero, int64 [count, rank], in row-major order; with `asTuple` one vector per dimension. Reads x.
 * `torch.nonzero`.
 *
 * @example
 * ```ts
 * import { nonzero, tensor } from "@tenon/tenon";
 * console.log(nonzero(tensor([[0, 1], [2, 0]])).tolist()); // [ [ 0, 1 ], [ 1, 0 ] ]
 * ```
 */
export function nonzero(x: Tensor): Tensor;
/** One index tensor per dimension. */
export function nonzero(x: Tensor, options: { readonly asTuple: true }): Tensor[];
/** Either form. */
export function nonzero(x: Tensor, options: { readonly asTuple?: boolean }): Tensor | Tensor[];
/** Either form. */
export function nonzero(x: Tensor, options: { readonly asTuple?: boolean } = {}): Tensor | Tensor[] {
  checkCall("nonzero", [x], options, nonzeroKinds);
  const places = truePlaces(x), rank = x.shape.length;
  // PyTorch sees a 0-d tensor as a vector when it returns a tuple.
  const shape = options.asTuple && rank === 0 ? [1] : x.shape;
  const strides = stridesOf(shape);
  /** Sets the indices along a dimension, `step` elements apart. */
  const column = (d: number, step: number, set: (at: number, value: number) => void) =>
    places.forEach((place, i) =>
      set(i * step + (step > 1 ? d : 0), Math.floor(place / strides[d]) % shape[d])
    );
  if (options.asTuple) {
    return shape.map((_, d) => int64Tensor([places.length], x, (set) => column(d, 1, set)));
  }
  return int64Tensor([places.length, rank], x, (set) => shape.forEach((_, d) => column(d, rank, set)));
}

/** The indices of the elements that are not zero, int64 [count, rank]. Reads x. `torch.argwhere`. */
export function argwhere(x: Tensor): Tensor {
  return nonzero(x);
}

/**
 * The indices along each dimension of a tensor of `shape` that indices into its flattened form stand for, int64. `torch.unravel_index`.
 *
 * @example
 * ```ts
 * import { tensor, unravelIndex } from "@tenon/tenon";
 * console.log(unravelIndex(tensor([5n, 7n]), [3, 4]).map((t) => t.tolist())); // [ [ 1, 1 ], [ 1, 3 ] ]
 * ```
 */
export function unravelIndex(indices: Tensor, shape: Shape): Tensor[] {
  checkCall("unravel_index", [indices]);
  requireKind("unravel_index", "shape", shape, "numbers");
  if (!isInt(indices.dtype)) {
    throw new DTypeError(
      `expected 'indices' to be integer dtype, but got ${
        torchName(indices.dtype)
      }, in unravel_index; cast with .to("int64")`,
    );
  }
  if (shape.some((s) => !Number.isInteger(s) || s < 0)) {
    throw new ValueError(
      `'shape' cannot have negative values, but got [${shape.join(", ")}], in unravel_index`,
    );
  }
  const index = cast(indices, "int64");
  return stridesOf(shape).map((stride, d) => remainder(floorDivide(index, stride), shape[d]));
}

/**
 * Vectors of length `numClasses` that are 1 at the index and 0 elsewhere, int64; one more dimension than the index. Without `numClasses` the
 * largest index is read. `torch.nn.functional.one_hot`.
 *
 * @example
 * ```ts
 * import { oneHot } from "@tenon/tenon";
 * console.log(oneHot([0, 2], 3).tolist()); // [ [ 1, 0, 0 ], [ 0, 0, 1 ] ]
 * ```
 */
export function oneHot(index: IndexLike, numClasses: number | Named<{ numClasses: number }> = -1): Tensor {
  if (isNamed(numClasses)) return oneHot(index, ...inPlace("one_hot", ["numClasses"], [numClasses]));
  const given = index instanceof Tensor ? index : tensor(index, { dtype: "int64" });
  const idx = toIndex(
    given,
    given,
    (got) => new DTypeError(`one_hot is only applicable to index tensor, but got ${got}; ${indexHint}`),
  );
  if (numClasses === 0 || numClasses < -1 || !Number.isInteger(numClasses)) {
    throw new ValueError(`one_hot: num_classes should be a positive number or -1, but got ${numClasses}`);
  }
  let classes = numClasses;
  if (classes === -1) {
    if (sizeOf(idx.shape) === 0) {
      throw new ValueError(
        "Can not infer total number of classes from empty tensor, in one_hot: give numClasses",
      );
    }
    classes = Number(idx.max().item<number | bigint>()) + 1;
  }
  const inside = within(idx, 0, classes, (got) =>
    new ValueError(
      got < 0
        ? `Class values must be non-negative. one_hot got ${got}`
        : `Class values must be smaller than num_classes. one_hot got ${got} with ${classes} classes`,
    ));
  const base = zeros([...idx.shape, classes], { dtype: "int64", device: idx.device });
  const last = reshape(inside, [...idx.shape, 1]);
  // A scatter and not a comparison: an index out of range is an error.
  return scatterExact(base, idx.shape.length, last, onesLike(last), "set");
}
