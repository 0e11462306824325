/**
 * Tensors joined along a dimension, and cut into parts.
 *
 * @module
 */
import { apply, named } from "../apply.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { concatPrim } from "../prim/routine.ts";
import { type PadAttrs, padPrim } from "../prim/view.ts";
import { normalizeDim, sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast, commonType } from "./cast.ts";
import { inPlace, isNamed, type Named } from "./arguments.ts";
import { add } from "./elementwise.ts";
import { checkCall, requireKind, requireTensors } from "./options.ts";
import { nothing } from "./routine.ts";
import { narrow, padDim, unsqueeze } from "./view.ts";

/**
 * The tensors one after the other along `dim`. `torch.cat`.
 *
 * @throws {ShapeError} when sizes differ in other dimensions than `dim`
 * @example
 * ```ts
 * import { cat, tensor } from "@tenon/tenon";
 * const x = tensor([[1, 2]]);
 * console.log(cat([x, x]).tolist(), cat([x, x], 1).tolist()); // [ [ 1, 2 ], [ 1, 2 ] ] [ [ 1, 2, 1, 2 ] ]
 * ```
 */
export function cat(tensors: readonly Tensor[], dim: number | Named<{ dim: number }> = 0): Tensor {
  if (isNamed(dim)) return cat(tensors, ...inPlace("cat", ["dim"], [dim]));
  requireTensors("cat", tensors);
  if (tensors.length === 0) throw new ValueError("torch.cat(): expected a non-empty list of Tensors");
  // PyTorch ignores 1-D empty tensors here, whatever the rank of the others.
  const real = tensors.filter((t) => !(t.shape.length === 1 && t.shape[0] === 0));
  if (real.length === 0) {
    return cast(tensors[0], tensors.length === 1 ? tensors[0].dtype : commonType("cat", tensors));
  }
  const first = real[0];
  const number = tensors.findIndex((t) => t.shape.length === 0);
  if (number >= 0) {
    throw new ShapeError(
      `zero-dimensional tensor (at position ${number}) cannot be concatenated, in cat; stack([a, b]) joins numbers`,
    );
  }
  const at = normalizeDim("cat", dim, first.shape.length);
  real.forEach((t, i) => {
    if (t.shape.length !== first.shape.length) {
      throw new ShapeError(
        `Tensors must have same number of dimensions: got ${first.shape.length} and ${t.shape.length}, in cat`,
      );
    }
    t.shape.forEach((s, d) => {
      if (d !== at && s !== first.shape[d]) {
        throw new ShapeError(
          `Sizes of tensors must match except in dimension ${at}. Expected size ${
            first.shape[d]
          } but got size ${s} for tensor number ${i} in the list., in cat of [${
            first.shape.join(", ")
          }] and [${t.shape.join(", ")}]`,
        );
      }
    });
  });
  const dtype = commonType("cat", tensors.length === 1 ? [first, first] : tensors);
  const parts = real.filter((t) => sizeOf(t.shape) > 0).map((t) => cast(t, dtype));
  if (parts.length === 0) {
    const total = real.reduce((n, t) => n + t.shape[at], 0);
    const shape = first.shape.map((s, d) => d === at ? total : s);
    return nothing(shape, real.map((t) => cast(t, dtype)));
  }
  return parts.length === 1 ? parts[0] : apply(concatPrim, parts, { dim: at });
}

/** The part of a concatenation's gradient that belongs to one argument. */
export function concatPart(g: Tensor, xs: readonly Tensor[], dim: number, argument: number): Tensor {
  const start = xs.slice(0, argument).reduce((n, x) => n + x.shape[dim], 0);
  return narrow(g, dim, start, xs[argument].shape[dim]);
}

/** A tensor that is zeros but for a part of it along one dimension, from `start` to `end`; null when it is none. */
function partOf(
  x: Tensor,
): { readonly part: Tensor; readonly dim: number; start: number; end: number } | null {
  if (x.prim !== padPrim || x.inputs.length !== 1) return null;
  const { low, high, value } = x.attrs as PadAttrs, [part] = x.inputs;
  const dims = low.flatMap((n, d) => n + high[d] > 0 ? [d] : []), [dim] = dims;
  if (dims.length !== 1 || Number(value) !== 0) return null;
  return { part, dim, start: low[dim], end: low[dim] + part.shape[dim] };
}

/**
 * The sum of two tensors of the same shape. Where each is a part along one dimension with zeros around it, and the one part begins where the other ends, it is the parts side by side:
 * gradients of all the parts of a tensor would otherwise be added up at every element of it.
 */
export function addParts(a: Tensor, b: Tensor): Tensor {
  const x = partOf(a), y = partOf(b);
  if (x === null || y === null || x.dim !== y.dim) return add(a, b);
  if (x.start !== y.end && y.start !== x.end) return add(a, b);
  const [first, last] = x.end === y.start ? [x, y] : [y, x], { dim } = x;
  const parts = [first.part, last.part].flatMap((part) =>
    part.prim === concatPrim && (part.attrs as { readonly dim: number }).dim === dim ? part.inputs : [part]
  );
  return padDim(apply(concatPrim, parts, { dim }), dim, first.start, a.shape[dim] - last.end, 0);
}

/**
 * The tensors along a new dimension. `torch.stack`.
 *
 * @throws {ShapeError} when the shapes differ
 * @example
 * ```ts
 * import { stack, tensor } from "@tenon/tenon";
 * console.log(stack([tensor([1, 2]), tensor([3, 4])], 1).tolist()); // [ [ 1, 3 ], [ 2, 4 ] ]
 * ```
 */
export function stack(tensors: readonly Tensor[], dim: number | Named<{ dim: number }> = 0): Tensor {
  if (isNamed(dim)) return stack(tensors, ...inPlace("stack", ["dim"], [dim]));
  requireTensors("stack", tensors);
  if (tensors.length === 0) throw new ValueError("stack expects a non-empty TensorList");
  const at = normalizeDim("stack", dim, tensors[0].shape.length + 1);
  tensors.forEach((t, i) => {
    if (!sameShape(t.shape, tensors[0].shape)) {
      throw new ShapeError(
        `stack expects each tensor to be equal size, but got [${
          tensors[0].shape.join(", ")
        }] at entry 0 and [${t.shape.join(", ")}] at entry ${i}`,
      );
    }
  });
  return named("Stack", cat(tensors.map((t) => unsqueeze(t, at)), at));
}

/**
 * Pieces of `size` (the last may be smaller), or of the sizes listed. `torch.split`.
 *
 * @throws {ShapeError} when listed sizes do not add up to that of the dimension
 * @example
 * ```ts
 * import { arange, split } from "@tenon/tenon";
 * console.log(split(arange(5), 2).map((part) => part.tolist())); // [ [ 0, 1 ], [ 2, 3 ], [ 4 ] ]
 * ```
 */
export function split(
  x: Tensor,
  size: number | readonly number[] | Named<{ splitSizeOrSections: number | readonly number[]; dim: number }>,
  dim: number | Named<{ dim: number }> = 0,
): Tensor[] {
  if (isNamed(size) || isNamed(dim)) {
    return split(x, ...inPlace("split", ["splitSizeOrSections", "dim"], [size, dim], 1));
  }
  checkCall("split", [x]);
  requireKind("split", "split_size_or_sections", size, "sizes");
  requireDimensions("split", x);
  const at = normalizeDim("split", dim, x.shape.length), total = x.shape[at];
  if (typeof size === "number" && (!Number.isInteger(size) || size < 0 || (size === 0 && total > 0))) {
    throw new ValueError(
      size === 0
        ? `split_size can only be 0 if dimension size is 0, but got dimension size of ${total}`
        : `split expects split_size be non-negative, but got split_size=${size}`,
    );
  }
  if (typeof size !== "number" && size.some((s) => !(s >= 0))) {
    throw new ValueError(
      `split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=[${
        size.join(", ")
      }]`,
    );
  }
  const sizes = typeof size !== "number"
    ? size
    : Array.from({ length: Math.max(1, Math.ceil(total / Math.max(size, 1))) }, (_, i) =>
      Math.min(size, total - i * size));
  if (sizes.reduce((a, b) => a + b, 0) !== total) {
    throw new ShapeError(
      `split_with_sizes expects split_sizes to sum exactly to ${total} (input tensor's size at dimension ${at}), but got split_sizes=[${
        sizes.join(", ")
      }]`,
    );
  }
  const name = typeof size === "number" ? "Split" : "SplitWithSizes";
  let start = 0;
  return sizes.map((n) => named(name, narrow(x, at, (start += n) - n, n), x));
}

function requireDimensions(op: string, x: Tensor): void {
  if (x.shape.length === 0) throw new ShapeError(`${op} expects at least a 1-dimensional tensor`);
}

/**
 * At most `chunks` pieces of equal size. `torch.chunk`.
 *
 * @throws {ValueError} when `chunks` is below 1
 * @example
 * ```ts
 * import { arange, chunk } from "@tenon/tenon";
 * console.log(chunk(arange(5), 2).map((part) => part.tolist())); // [ [ 0, 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function chunk(
  x: Tensor,
  chunks: number | Named<{ chunks: number; dim: number }>,
  dim: number | Named<{ dim: number }> = 0,
): Tensor[] {
  if (isNamed(chunks) || isNamed(dim)) {
    return chunk(x, ...inPlace("chunk", ["chunks", "dim"], [chunks, dim], 1));
  }
  checkCall("chunk", [x]);
  requireDimensions("chunk", x);
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ValueError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
  }
  const at = normalizeDim("chunk", dim, x.shape.length);
  return x.shape[at] === 0
    ? Array.from({ length: chunks }, () => x.value)
    : split(x, Math.ceil(x.shape[at] / chunks), at);
}
