/**
 * Views and shape operations: reshape, permute, expand, slices, padding, windows. None of them copies before evaluation needs it. Joining and splitting are
 * in join.ts.
 *
 * @module
 */
import { apply, named } from "../apply.ts";
import { isInt, scalarName } from "../dtype.ts";
import { IndexError, ShapeError, ValueError } from "../errors.ts";
import { aliasPrim } from "../prim/source.ts";
import { reshapeCopies } from "../prim/strides.ts";
import * as prim from "../prim/view.ts";
import { normalizeDim, normalizeDims, sameShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Scalar } from "./cast.ts";
import { fillValue, full } from "./create.ts";
import { add } from "./elementwise.ts";
import { type ByName, type Given, inOrder, inPlace, isNamed, type Named } from "./arguments.ts";
import { checkCall, requireKind } from "./options.ts";
import { nothing } from "./routine.ts";

/** The same elements under another shape; one size may be -1. `torch.reshape`. */
export function reshape(x: Tensor, shape: Shape | Named<{ shape: Shape }>): Tensor {
  if (isNamed(shape)) return reshape(x, ...inPlace("reshape", ["shape"], [shape], 1));
  checkCall("reshape", [x]);
  requireKind("reshape", "shape", shape, "numbers");
  const size = sizeOf(x.shape), open = shape.indexOf(-1), text = `[${shape.join(", ")}]`;
  let target: Shape = [...shape]; // what callers do to their list later is not to be seen here
  if (open >= 0) {
    const rest = shape.reduce((n, d, i) => i === open ? n : n * d, 1);
    if (shape.lastIndexOf(-1) !== open) {
      throw new ShapeError("only one dimension can be inferred, in reshape");
    }
    if (rest === 0 && size === 0) {
      throw new ShapeError(
        `cannot reshape tensor of ${size} elements into shape ${text} because the unspecified dimension size -1 can be any value and is ambiguous`,
      );
    }
    target = shape.map((d, i) => i === open ? size / rest : d);
  }
  if (sizeOf(target) !== size || target.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError(
      `shape '${text}' is invalid for input of size ${size}, in reshape of [${x.shape.join(", ")}]`,
    );
  }
  if (sameShape(target, x.shape)) return x.value;
  const y = apply(prim.reshapePrim, [x], { shape: target });
  return y.track === 0 ? y : named(reshapeCopies(x, target) ? "UnsafeView" : "ReshapeAlias", y);
}

/** A new node with the same value. */
export function alias(x: Tensor): Tensor {
  return apply(aliasPrim, [x], undefined);
}

/** Dimensions in the order `dims`. `torch.permute`. */
export function permute(x: Tensor, dims: Shape | Named<{ dims: Shape }>): Tensor {
  if (isNamed(dims)) return permute(x, ...inPlace("permute", ["dims"], [dims], 1));
  checkCall("permute", [x]);
  requireKind("permute", "dims", dims, "numbers");
  if (dims.length !== x.shape.length) {
    throw new ShapeError(
      `permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = ${x.shape.length} is not equal to len(dims) = ${dims.length}`,
    );
  }
  const order = dims.map((d) => normalizeDim("permute", d, x.shape.length));
  if (new Set(order).size !== order.length) {
    throw new ValueError(`permute(): duplicate dims are not allowed. Got [${dims.join(", ")}]`);
  }
  return order.every((d, i) => d === i) ? x.value : apply(prim.permutePrim, [x], { dims: order });
}

/** Two dimensions swapped. `torch.transpose`. */
export function transpose(x: Tensor, dim0: number, dim1: number | Named<{ dim1: number }>): Tensor;
/** By name. */
export function transpose(x: Tensor, named: Named<{ dim0: number; dim1: number }>): Tensor;
/** Either form. */
export function transpose(x: Tensor, dim0: ByName<number>, dim1?: ByName<number>): Tensor;
/** Either form: what is by position makes no list. */
export function transpose(x: Tensor, dim0: ByName<number>, dim1?: ByName<number>): Tensor {
  if (typeof dim0 === "number" && typeof dim1 === "number") return swapped(x, dim0, dim1);
  return swapped(x, ...inOrder<[number, number]>("transpose", ["dim0", "dim1"], 2, [dim0, dim1]));
}

/** `transpose`, of arguments in their places. */
function swapped(x: Tensor, dim0: number, dim1: number): Tensor {
  checkCall("transpose", [x]);
  const a = normalizeDim("transpose", dim0, x.shape.length),
    b = normalizeDim("transpose", dim1, x.shape.length);
  if (a === b) return x.value;
  const dims = x.shape.map((_, d) => d === a ? b : d === b ? a : d);
  return named("Transpose", apply(prim.permutePrim, [x], { dims }));
}

/** The last two dimensions swapped. */
export function mT(x: Tensor): Tensor {
  if (x.shape.length === 0) return x.value;
  if (x.shape.length < 2) {
    throw new ShapeError(
      `tensor.mT is only supported on matrices or batches of matrices. Got ${x.shape.length}-D tensor.`,
    );
  }
  return transpose(x, -2, -1);
}

/** Dimensions of size 1 repeated to `shape`, new dimensions in front; -1 keeps a size. `torch.Tensor.expand`. */
export function expand(x: Tensor, shape: Shape | Named<{ size: Shape }>): Tensor {
  if (isNamed(shape)) return expand(x, ...inPlace("expand", ["size"], [shape], 1));
  checkCall("expand", [x]);
  requireKind("expand", "size", shape, "numbers");
  if (!Number.isSafeInteger(sizeOf(shape))) {
    throw new ShapeError(`numel: integer multiplication overflow, in expand to [${shape.join(", ")}]`);
  }
  if (sameShape(x.shape, shape)) return x.value;
  const extra = shape.length - x.shape.length;
  if (extra < 0) {
    throw new ShapeError(
      `expand(torch.${scalarName(x.dtype)}Tensor{[${x.shape.join(", ")}]}, size=[${
        shape.join(", ")
      }]): the number of sizes provided (${shape.length}) must be greater or equal to the number of dimensions in the tensor (${x.shape.length})`,
    );
  }
  const target = shape.map((s, i) => {
    const have = i < extra ? 1 : x.shape[i - extra];
    if (s === -1 && i >= extra) return have;
    if (s < 0 && have === 1) {
      const place = i < extra ? "a leading, non-existing dimension" : "dimension";
      throw new ShapeError(
        `The expanded size of the tensor (${s}) isn't allowed in ${place} ${i}, in expand to [${
          shape.join(", ")
        }]`,
      );
    }
    if (have !== 1 && have !== s) {
      throw new ShapeError(
        `The expanded size of the tensor (${s}) must match the existing size (${have}) at non-singleton dimension ${i}.  Target sizes: [${
          shape.join(", ")
        }].  Tensor sizes: [${x.shape.join(", ")}]`,
      );
    }
    return s;
  });
  if (sameShape(x.shape, target)) return x.value;
  // Where nothing is repeated it is a reshape.
  return sizeOf(x.shape) === sizeOf(target)
    ? reshape(x, target)
    : apply(prim.expandPrim, [x], { shape: target });
}

/** A dimension of size 1 put in at `dim`. `torch.unsqueeze`. */
export function unsqueeze(x: Tensor, dim: number | Named<{ dim: number }>): Tensor {
  if (isNamed(dim)) return unsqueeze(x, ...inPlace("unsqueeze", ["dim"], [dim]));
  checkCall("unsqueeze", [x]);
  const at = normalizeDim("unsqueeze", dim, x.shape.length + 1);
  return named("Unsqueeze", reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]));
}

/** Dimensions of size 1 removed: all of them, or those named. `torch.squeeze`. */
export function squeeze(
  x: Tensor,
  dim?: number | readonly number[] | Named<{ dim: number | readonly number[] }>,
): Tensor {
  if (isNamed(dim)) return squeeze(x, ...inPlace("squeeze", ["dim"], [dim]));
  checkCall("squeeze", [x]);
  const dims = normalizeDims("squeeze", dim, x.shape.length);
  const y = reshape(x, x.shape.filter((s, d) => s !== 1 || !dims.includes(d)));
  return named(dim === undefined ? "Squeeze" : "SqueezeBackward1", y, x);
}

/** Dimensions `start` to `end` as one. `torch.flatten`. */
export function flatten(
  x: Tensor,
  start: number | Named<{ startDim: number; endDim: number }> = 0,
  end: number | Named<{ startDim: number; endDim: number }> = -1,
): Tensor {
  if (isNamed(start) || isNamed(end)) {
    return flatten(x, ...inPlace("flatten", ["startDim", "endDim"], [start, end]));
  }
  checkCall("flatten", [x]);
  const from = normalizeDim("flatten", start, x.shape.length),
    to = normalizeDim("flatten", end, x.shape.length);
  if (from > to) {
    throw new ValueError(
      `flatten() has invalid args: start_dim cannot come after end_dim (${start}, ${end})`,
    );
  }
  return reshape(x, [
    ...x.shape.slice(0, from),
    sizeOf(x.shape.slice(from, to + 1)),
    ...x.shape.slice(to + 1),
  ]);
}

/** A dimension and the sizes that it has, by position or by name. */
export type UnflattenArguments = Given<[dim: number, sizes: Shape], [], { dim: number; sizes: Shape }>;

/** One dimension as several; one size may be -1. `torch.unflatten`. */
export function unflatten(x: Tensor, ...given: UnflattenArguments): Tensor {
  const [dim, sizes] = inOrder<[number, Shape]>("unflatten", ["dim", "sizes"], 2, given);
  checkCall("unflatten", [x]);
  requireKind("unflatten", "sizes", sizes, "numbers");
  const at = normalizeDim("unflatten", dim, x.shape.length);
  if (x.shape.length === 0) {
    throw new IndexError(`Dimension specified as ${dim} but tensor has no dimensions, in unflatten`);
  }
  const known = sizes.reduce((n, s) => s === -1 ? n : n * s, 1);
  const full = sizes.map((s) => s === -1 ? x.shape[at] / known : s);
  if (sizeOf(full) !== x.shape[at] || full.some((s) => !Number.isInteger(s))) {
    throw new ShapeError(
      `unflatten: Provided sizes [${sizes.join(", ")}] don't multiply up to the size of dim ${dim} (${
        x.shape[at]
      }) in the input tensor`,
    );
  }
  return named("View", reshape(x, [...x.shape.slice(0, at), ...full, ...x.shape.slice(at + 1)]), x);
}

/** The indices `start, start + step, ...` along `dim`, `size` of them, checked by the caller. */
export function strided(x: Tensor, dim: number, start: number, step: number, size: number): Tensor {
  if (start === 0 && step === 1 && size === x.shape[dim]) return x.value;
  return apply(prim.slicePrim, [x], { dim, start, step: size <= 1 ? 1 : step, size });
}

/** The start that a 0-d tensor of integers holds; reads it. */
function startIn(start: Tensor): number {
  if (start.shape.length > 0 || !isInt(start.dtype)) {
    throw new ShapeError("start must be an 0-dim integral Tensor., in narrow");
  }
  return Number(start.item<number | bigint>());
}

/** `length` indices along `dim` from `start` on; a start in a tensor is read. `torch.narrow`. */
export function narrow(
  x: Tensor,
  dim: number,
  start: number | Tensor,
  length: number | Named<{ length: number }>,
): Tensor;
/** By name, all or those after the dimension. */
export function narrow(
  x: Tensor,
  dim: ByName<number>,
  named?: Named<{ dim: number; start: number | Tensor; length: number }>,
): Tensor;
/** Either form. */
export function narrow(
  x: Tensor,
  dim: ByName<number>,
  start?: ByName<number | Tensor>,
  length?: ByName<number>,
): Tensor;
/** Either form: what is by position makes no list. */
export function narrow(
  x: Tensor,
  dim: ByName<number>,
  start?: ByName<number | Tensor>,
  length?: ByName<number>,
): Tensor {
  if (typeof dim === "number" && typeof start === "number" && typeof length === "number") {
    return narrowed(x, dim, start, length);
  }
  const names = ["dim", "start", "length"], given = [dim, start, length];
  return narrowed(x, ...inOrder<[number, number | Tensor, number]>("narrow", names, 3, given));
}

/** `narrow`, of arguments in their places. */
function narrowed(x: Tensor, dim: number, start: number | Tensor, length: number): Tensor {
  checkCall("narrow", [x]);
  if (typeof start !== "number") {
    checkCall("narrow", [start]);
    return narrowed(x, dim, startIn(start), length);
  }
  if (x.shape.length === 0) throw new ShapeError("narrow() cannot be applied to a 0-dim tensor.");
  const at = normalizeDim("narrow", dim, x.shape.length), size = x.shape[at];
  requireKind("narrow", "length", length, "whole");
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(from) || from < 0 || length < 0 || from + length > size) {
    throw new IndexError(
      `start (${start}) + length (${length}) exceeds dimension size (${size}), in narrow.`,
    );
  }
  return strided(x, at, from, 1, length);
}

/** Start, step and number of the indices `start:end:step` of a dimension, by Python's rules. */
export function sliceBounds(
  size: number,
  start?: number | null,
  end?: number | null,
  step = 1,
): { readonly start: number; readonly step: number; readonly size: number } {
  if (step === 0 || !Number.isInteger(step)) {
    throw new ValueError(
      `slice step ${step === 0 ? "cannot be zero" : "must be a whole number"}: got ${step}`,
    );
  }
  const low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  const clip = (v: number | null | undefined, otherwise: number) => {
    if (v === undefined || v === null) return otherwise;
    if (!Number.isInteger(v)) throw new ValueError(`slice indices must be whole numbers, got ${v}`);
    return Math.min(Math.max(v < 0 ? v + size : v, low), high);
  };
  const from = clip(start, step > 0 ? 0 : size - 1), to = clip(end, step > 0 ? size : -1);
  const count = Math.max(0, Math.ceil((to - from) / step));
  return { start: count === 0 ? 0 : from, step: count <= 1 ? 1 : step, size: count };
}

/** Python's `x[start:end:step]` along `dim`: bounds are clipped, negative ones count from the end; the step may be negative. */
export function slice(x: Tensor, dim: number, start?: number | null, end?: number | null, step = 1): Tensor {
  checkCall("slice", [x]);
  if (x.shape.length === 0) throw new IndexError("slice() cannot be applied to a 0-dim tensor.");
  const at = normalizeDim("slice", dim, x.shape.length);
  const bounds = sliceBounds(x.shape[at], start, end, step);
  return strided(x, at, bounds.start, bounds.step, bounds.size);
}

/** One index along `dim`, which disappears. `torch.select`. */
export function select(x: Tensor, dim: number, index: number | Named<{ index: number }>): Tensor;
/** By name. */
export function select(x: Tensor, named: Named<{ dim: number; index: number }>): Tensor;
/** Either form. */
export function select(x: Tensor, dim: ByName<number>, index?: ByName<number>): Tensor;
/** Either form: what is by position makes no list. */
export function select(x: Tensor, dim: ByName<number>, index?: ByName<number>): Tensor {
  if (typeof dim === "number" && typeof index === "number") return selected(x, dim, index);
  return selected(x, ...inOrder<[number, number]>("select", ["dim", "index"], 2, [dim, index]));
}

/** `select`, of arguments in their places. */
function selected(x: Tensor, dim: number, index: number): Tensor {
  checkCall("select", [x]);
  if (x.shape.length === 0) throw new IndexError("select() cannot be applied to a 0-dim tensor.");
  const at = normalizeDim("select", dim, x.shape.length), size = x.shape[at];
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new IndexError(
      `select(): index ${index} out of range for tensor of size [${x.shape.join(", ")}] at dimension ${at}`,
    );
  }
  const one = strided(x, at, index < 0 ? index + size : index, 1, 1);
  return named("Select", reshape(one, x.shape.filter((_, d) => d !== at)));
}

/** Dimensions reversed. `torch.flip`. */
export function flip(
  x: Tensor,
  dims: number | readonly number[] | Named<{ dims: number | readonly number[] }>,
): Tensor {
  if (isNamed(dims)) return flip(x, ...inPlace("flip", ["dims"], [dims]));
  checkCall("flip", [x]);
  requireKind("flip", "dims", dims, "sizes");
  const y = normalizeDims("flip", dims, x.shape.length)
    .reduce((acc, d) => x.shape[d] > 1 ? strided(acc, d, x.shape[d] - 1, -1, x.shape[d]) : acc, x.value);
  return named("Flip", y, x);
}

/** `step - 1` zeros between neighbours along `dim`. */
export function dilate(x: Tensor, dim: number, step: number): Tensor {
  if (step === 1) return x;
  const apart = padDim(unsqueeze(x, dim + 1), dim + 1, 0, step - 1, 0);
  const joined = reshape(apart, x.shape.map((s, d) => d === dim ? s * step : s));
  return narrow(joined, dim, 0, (x.shape[dim] - 1) * step + 1);
}

/** A border of `value` along one dimension; negative amounts cut. */
export function padDim(x: Tensor, dim: number, low: number, high: number, value: Scalar): Tensor {
  const cut = strided(x, dim, Math.max(0, -low), 1, x.shape[dim] + Math.min(0, low) + Math.min(0, high));
  if (low <= 0 && high <= 0) return cut;
  const at = (amount: number) => x.shape.map((_, d) => d === dim ? Math.max(0, amount) : 0);
  return padConstant(cut, at(low), at(high), value);
}

/** A border of `value` around all dimensions; amounts are not negative. */
export function padConstant(x: Tensor, low: Shape, high: Shape, value: Scalar): Tensor {
  const fill = fillValue(value, x.dtype);
  if (sizeOf(x.shape) === 0) {
    const border = full(x.shape.map((s, d) => s + low[d] + high[d]), fill, {
      dtype: x.dtype,
      device: x.device,
    });
    return x.value.track === 0 ? border : add(border, nothing(border.shape, [x]));
  }
  return apply(prim.padPrim, [x], { low, high, value: fill });
}

/** Windows of `size` along `dim`, their elements in a new last dimension. `torch.Tensor.unfold`, with dilation. */
export function windows(x: Tensor, dim: number, size: number, stride: number, dilation = 1): Tensor {
  const at = normalizeDim("unfold", dim, x.shape.length);
  requireKind("unfold", "size", size, "whole");
  if (size < 0) throw new ValueError(`size is ${size} but must be >= 0, in unfold`);
  // A number is seen as a vector, without the dimension that counts the windows.
  if (x.shape.length === 0) return select(windows(reshape(x, [1]), dim, size, stride, dilation), 0, 0);
  const span = (size - 1) * dilation + 1;
  if (span > x.shape[at]) {
    throw new ShapeError(
      `maximum size for tensor at dimension ${at} is ${x.shape[at]} but size is ${span}, in unfold`,
    );
  }
  if (!Number.isInteger(stride) || stride < 1) {
    throw new ValueError(`step is ${stride} but must be > 0, in unfold`);
  }
  if (stride === size && dilation === 1) {
    // Windows side by side only cut the dimension in two; the gradient of that is a view too.
    const count = Math.floor(x.shape[at] / size), rank = x.shape.length;
    const cut = reshape(
      strided(x, at, 0, 1, count * size),
      x.shape.flatMap((s, d) => d === at ? [count, size] : [s]),
    );
    const order = Array.from({ length: rank + 1 }, (_, d) => d).filter((d) => d !== at + 1);
    return named("Unfold", permute(cut, [...order, at + 1]));
  }
  return apply(prim.windowPrim, [x], { dim: at, size, stride, dilation });
}

/** The diagonal of two dimensions, as the last dimension. `torch.diagonal`. */
export function diagonal(
  x: Tensor,
  offset: number | Named<{ offset: number; dim1: number; dim2: number }> = 0,
  dim1: number | Named<{ offset: number; dim1: number; dim2: number }> = 0,
  dim2: number | Named<{ offset: number; dim1: number; dim2: number }> = 1,
): Tensor {
  if (isNamed(offset) || isNamed(dim1) || isNamed(dim2)) {
    return diagonal(x, ...inPlace("diagonal", ["offset", "dim1", "dim2"], [offset, dim1, dim2]));
  }
  checkCall("diagonal", [x]);
  requireKind("diagonal", "offset", offset, "whole");
  const a = normalizeDim("diagonal", dim1, x.shape.length),
    b = normalizeDim("diagonal", dim2, x.shape.length);
  if (a === b) throw new IndexError(`diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
  return apply(prim.diagonalPrim, [x], { dim1: a, dim2: b, offset });
}

/** Undoes a reduction's loss of dimensions: g has `shape` without `dims`. */
export function spread(g: Tensor, dims: readonly number[], shape: Shape): Tensor {
  return expand(reshape(g, shape.map((s, d) => dims.includes(d) ? 1 : s)), shape);
}
