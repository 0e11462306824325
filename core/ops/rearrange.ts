/**
 * Rearranging elements by composing views: rolling, repeating, triangles, diagonals, pieces.
 *
 * @module
 */
import { named } from "../apply.ts";
import { IndexError, ShapeError, ValueError } from "../errors.ts";
import { normalizeDim, type Shape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { repeatEach } from "./binning.ts";
import { fullLike, tensor } from "./create.ts";
import { diagonalMask, iota } from "./ranges.ts";
import { add } from "./elementwise.ts";
import { le, where } from "./logical.ts";
import {
  diagonal,
  expand,
  flip,
  narrow,
  padDim,
  permute,
  reshape,
  select,
  transpose,
  unsqueeze,
} from "./view.ts";
import { cat, split } from "./join.ts";
import { type Given, inOrder, inPlace, inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, requireKind } from "./options.ts";

/**
 * Elements moved along dimensions, those that leave at one end coming in at the other; without `dims` in the flattened order. `torch.roll`.
 *
 * @example
 * ```ts
 * import { arange, roll } from "@tenon/tenon";
 * console.log(roll(arange(5), 2, 0).tolist()); // [ 3, 4, 0, 1, 2 ]
 * ```
 */
export function roll(
  x: Tensor,
  shifts: number | readonly number[] | Named<Record<"shifts" | "dims", number | readonly number[]>>,
  dims?: number | readonly number[] | null | Named<{ dims: number | readonly number[] | null }>,
): Tensor {
  if (isNamed(shifts) || isNamed(dims)) {
    return roll(x, ...inPlace("roll", ["shifts", "dims"], [shifts, dims], 1));
  }
  checkCall("roll", [x]);
  requireKind("roll", "shifts", shifts, "sizes");
  const by = typeof shifts === "number" ? [shifts] : shifts;
  if (by.length === 0) throw new ValueError("`shifts` required, in roll");
  if (dims === undefined || dims === null) {
    if (by.length !== 1) {
      throw new ValueError(`shifts and dimensions must align. shifts: ${by.length}, dims:0, in roll`);
    }
    return named("Roll", reshape(roll(reshape(x, [sizeOf(x.shape)]), by, 0), x.shape), x);
  }
  requireKind("roll", "dims", dims, "sizes");
  const along = typeof dims === "number" ? [dims] : dims;
  if (along.length !== by.length) {
    throw new ValueError(
      `shifts and dimensions must align. shifts: ${by.length}, dims:${along.length}, in roll`,
    );
  }
  const y = along.reduce((acc, dim, i) => {
    const at = normalizeDim("roll", dim, x.shape.length), size = x.shape[at];
    const shift = size === 0 ? 0 : ((by[i] % size) + size) % size;
    if (shift === 0) return acc;
    return cat([narrow(acc, at, size - shift, shift), narrow(acc, at, 0, size - shift)], at);
  }, x.value);
  return named("Roll", y, x);
}

/** Turned by 90 degrees, `k` times, from the first of `dims` towards the second. `torch.rot90`. */
export function rot90(
  x: Tensor,
  k: number | Named<{ k: number; dims: readonly number[] }> = 1,
  dims: readonly number[] | Named<{ k: number; dims: readonly number[] }> = [0, 1],
): Tensor {
  if (isNamed(k) || isNamed(dims)) return rot90(x, ...inPlace("rot90", ["k", "dims"], [k, dims]));
  checkCall("rot90", [x]);
  requireKind("rot90", "k", k, "whole");
  requireKind("rot90", "dims", dims, "numbers");
  if (dims.length !== 2) {
    throw new ValueError(`expected total rotation dims == 2, but got dims = ${dims.length}, in rot90`);
  }
  if (x.shape.length < 2) {
    throw new ShapeError(`expected total dims >= 2, but got total dims = ${x.shape.length}, in rot90`);
  }
  dims.forEach((d, i) => {
    if (d < -x.shape.length || d >= x.shape.length) {
      throw new IndexError(`Rotation dim${i} out of range, dim${i} = ${d}, in rot90`);
    }
  });
  const [a, b] = dims.map((d) => normalizeDim("rot90", d, x.shape.length));
  if (a === b) {
    throw new ValueError(
      `expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}, in rot90`,
    );
  }
  switch (((k % 4) + 4) % 4) {
    case 1:
      return named("Rot90", transpose(flip(x, b), a, b));
    case 2:
      return named("Rot90", flip(x, [a, b]), x);
    case 3:
      return named("Rot90", flip(transpose(x, a, b), b));
    default:
      return x.value;
  }
}

/** x repeated `sizes[d]` times along each dimension; more sizes than dimensions add dimensions in front. `torch.Tensor.repeat`. */
export function repeat(x: Tensor, sizes: Shape | Named<{ repeats: Shape }>): Tensor {
  if (isNamed(sizes)) return repeat(x, ...inPlace("repeat", ["repeats"], [sizes], 1));
  checkCall("repeat", [x]);
  requireKind("repeat", "repeats", sizes, "numbers");
  const extra = sizes.length - x.shape.length;
  if (extra < 0) {
    throw new ShapeError(
      `Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor, in repeat: got [${
        sizes.join(", ")
      }] for shape [${x.shape.join(", ")}]`,
    );
  }
  if (sizes.some((n) => !Number.isInteger(n) || n < 0)) {
    const extra = sizes.length - x.shape.length,
      shape = sizes.map((s, d) => s * (d < extra ? 1 : x.shape[d - extra]));
    throw new ValueError(
      `Trying to create tensor with negative dimension ${shape.find((s) => s < 0)}: [${
        shape.join(", ")
      }], in repeat(${sizes.join(", ")})`,
    );
  }
  const shape = sizes.map((_, d) => d < extra ? 1 : x.shape[d - extra]);
  const apart = reshape(x, shape.flatMap((s) => [1, s]));
  const wide = expand(apart, shape.flatMap((s, d) => [sizes[d], s]));
  return named("Repeat", reshape(wide, shape.map((s, d) => s * sizes[d])));
}

/** `repeat` that fills missing sizes in front with 1. `torch.tile`. */
export function tile(x: Tensor, sizes: Shape | Named<{ dims: Shape }>): Tensor {
  if (isNamed(sizes)) return tile(x, ...inPlace("tile", ["dims"], [sizes], 1));
  checkCall("tile", [x]);
  requireKind("tile", "dims", sizes, "numbers");
  const missing = x.shape.length - sizes.length;
  return repeat(x, missing > 0 ? [...new Array<number>(missing).fill(1), ...sizes] : sizes);
}

/** Options of `repeatInterleave`. */
export interface RepeatOptions {
  /** The size along `dim` that the repeats make; it is found without. */
  readonly outputSize?: number | null;
}

/**
 * Each element repeated in place: `repeats` times, or as often as `repeats[i]` says, along `dim`; without `dim` over the flattened x.
 * `torch.repeat_interleave`.
 *
 * @example
 * ```ts
 * import { repeatInterleave, tensor } from "@tenon/tenon";
 * console.log(repeatInterleave(tensor([1, 2]), 2).tolist()); // [ 1, 1, 2, 2 ]
 * ```
 */
export function repeatInterleave(
  x: Tensor,
  repeats:
    | number
    | readonly number[]
    | Tensor
    | Named<{ repeats: number | readonly number[] | Tensor; dim: number | null }, RepeatOptions>,
  dim?: number | null | Named<{ dim: number | null }, RepeatOptions>,
  options: RepeatOptions = {},
): Tensor {
  if (isNamed(repeats) || isNamed(dim)) {
    return repeatInterleave(
      x,
      ...inPlaceWith("repeat_interleave", ["repeats", "dim"], [repeats, dim], options, 1),
    );
  }
  checkCall("repeat_interleave", [x], options, { outputSize: "whole?" });
  if (dim === undefined || dim === null) {
    return repeatInterleave(reshape(x, [sizeOf(x.shape)]), repeats, 0, options);
  }
  const at = normalizeDim("repeat_interleave", dim, x.shape.length), y = repeatedAlong(x, repeats, at);
  if ((options.outputSize ?? y.shape[at]) !== y.shape[at]) {
    throw new ValueError(
      `repeat_interleave: allocated size does not match required size: output_size is ${options.outputSize}, and the repeats make ${
        y.shape[at]
      }`,
    );
  }
  return y;
}

function repeatedAlong(x: Tensor, repeats: number | readonly number[] | Tensor, at: number): Tensor {
  if (typeof repeats === "number") {
    if (!Number.isInteger(repeats) || repeats < 0) {
      throw new ValueError(`repeats can not be negative, but got ${repeats}, in repeat_interleave`);
    }
    const apart = unsqueeze(x, at + 1);
    const wide = expand(apart, apart.shape.map((s, d) => d === at + 1 ? repeats : s));
    return named("IndexSelect", reshape(wide, x.shape.map((s, d) => d === at ? s * repeats : s)));
  }
  const times = repeats instanceof Tensor ? repeats : tensor(repeats, { dtype: "int64", device: x.device });
  if (
    times.shape.length > 1 ||
    (times.shape.length === 1 && times.shape[0] !== 1 && times.shape[0] !== x.shape[at])
  ) {
    throw new ShapeError(
      `repeats must have the same size as input along dim, in repeat_interleave: got [${
        times.shape.join(", ")
      }] for size ${x.shape[at]}`,
    );
  }
  return repeatEach(x, times, at);
}

function triangle(op: string, x: Tensor, lower: boolean, offset: number): Tensor {
  checkCall(op, [x]);
  requireKind(op, "diagonal", offset, "whole");
  if (x.shape.length < 2) {
    throw new ShapeError(
      `${op}: input tensor must have at least 2 dimensions, but got shape [${x.shape.join(", ")}]`,
    );
  }
  const [rows, columns] = x.shape.slice(-2), device = x.device;
  const row = iota([rows, columns], 0, { device }), column = iota([rows, columns], 1, { device });
  const chosen = lower ? le(column, add(row, offset)) : le(add(row, offset), column);
  return named(lower ? "Tril" : "Triu", where(chosen, x, fullLike(x, 0)));
}

/**
 * The matrices with zeros above the diagonal `offset`. `torch.tril`.
 *
 * @example
 * ```ts
 * import { ones, tril } from "@tenon/tenon";
 * console.log(tril(ones(3, 3)).tolist()); // [ [ 1, 0, 0 ], [ 1, 1, 0 ], [ 1, 1, 1 ] ]
 * ```
 */
export function tril(x: Tensor, offset: number | Named<{ diagonal: number }> = 0): Tensor {
  if (isNamed(offset)) return tril(x, ...inPlace("tril", ["diagonal"], [offset]));
  return triangle("tril", x, true, offset);
}

/** The matrices with zeros below the diagonal `offset`. `torch.triu`. */
export function triu(x: Tensor, offset: number | Named<{ diagonal: number }> = 0): Tensor {
  if (isNamed(offset)) return triu(x, ...inPlace("triu", ["diagonal"], [offset]));
  return triangle("triu", x, false, offset);
}

/** The number or the numbers that a tensor of int64 holds. */
function placesIn(sections: Tensor): number | number[] {
  if (sections.dtype !== "int64" || sections.shape.length > 1) {
    throw new ShapeError(
      `tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor of int64, but got a tensor with ${sections.shape.length} dims of ${sections.dtype}`,
    );
  }
  const values = Array.from(sections.toTypedArray(), Number);
  return sections.shape.length === 0 ? values[0] : values;
}

/**
 * Pieces: as many as said, of nearly equal size, or cut before each of the indices. `torch.tensor_split`.
 *
 * @example
 * ```ts
 * import { arange, tensorSplit } from "@tenon/tenon";
 * console.log(tensorSplit(arange(5), [1, 3]).map((part) => part.tolist())); // [ [ 0 ], [ 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function tensorSplit(
  x: Tensor,
  sections: number | readonly number[] | Tensor,
  dim: number | Named<{ dim: number }> = 0,
): Tensor[] {
  if (isNamed(dim)) return tensorSplit(x, sections, ...inPlace("tensor_split", ["dim"], [dim]));
  checkCall("tensor_split", [x]);
  if (sections instanceof Tensor) return tensorSplit(x, placesIn(sections), dim);
  requireKind("tensor_split", "indices_or_sections", sections, "sizes");
  if (x.shape.length === 0) {
    throw new ShapeError(
      "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims",
    );
  }
  const at = normalizeDim("tensor_split", dim, x.shape.length), size = x.shape[at];
  if (typeof sections === "number") {
    if (!Number.isInteger(sections) || sections < 1) {
      throw new ValueError(`number of sections must be larger than 0, got ${sections}, in tensor_split`);
    }
    const least = Math.floor(size / sections), larger = size % sections;
    const sizes = Array.from({ length: sections }, (_, i) => i < larger ? least + 1 : least);
    return split(x, sizes, at).map((piece) => named("Slice", piece, x));
  }
  const edge = (v: number) => Math.min(Math.max(v < 0 ? v + size : v, 0), size);
  const cuts = [0, ...sections.map(edge), size];
  return cuts.slice(1).map((end, i) => narrow(x, at, Math.min(cuts[i], size), Math.max(0, end - cuts[i])));
}

/**
 * The slices along `dim`, which disappears. `torch.unbind`.
 *
 * @example
 * ```ts
 * import { tensor, unbind } from "@tenon/tenon";
 * const [first, second] = unbind(tensor([[1, 2], [3, 4]]));
 * console.log(first.tolist(), second.tolist()); // [ 1, 2 ] [ 3, 4 ]
 * ```
 */
export function unbind(x: Tensor, dim: number | Named<{ dim: number }> = 0): Tensor[] {
  if (isNamed(dim)) return unbind(x, ...inPlace("unbind", ["dim"], [dim]));
  checkCall("unbind", [x]);
  const at = normalizeDim("unbind", dim, x.shape.length);
  if (x.shape.length === 0) {
    throw new IndexError(`Dimension specified as ${dim} but tensor has no dimensions, in unbind`);
  }
  return Array.from({ length: x.shape[at] }, (_, i) => named("Unbind", select(x, at, i)));
}

/** Dimensions and where they go, by position or by name. */
export type MovedimArguments = Given<
  [source: number | readonly number[], destination: number | readonly number[]],
  [],
  { source: number | readonly number[]; destination: number | readonly number[] }
>;

/**
 * Dimensions `source` moved to the places `destination`, the others keeping their order. `torch.movedim`.
 *
 * @example
 * ```ts
 * import { movedim, zeros } from "@tenon/tenon";
 * console.log(movedim(zeros(2, 3, 4), 0, -1).shape); // [ 3, 4, 2 ]
 * ```
 */
export function movedim(x: Tensor, ...given: MovedimArguments): Tensor {
  type Dims = number | readonly number[];
  const [source, destination] = inOrder<[Dims, Dims]>("movedim", ["source", "destination"], 2, given);
  checkCall("movedim", [x]);
  requireKind("movedim", "destination", destination, "sizes");
  requireKind("movedim", "source", source, "sizes");
  const listOf = (dims: number | readonly number[]) => typeof dims === "number" ? [dims] : dims;
  const [sources, destinations] = [listOf(source), listOf(destination)];
  if (sources.length !== destinations.length) {
    throw new ValueError(
      `movedim: Invalid source or destination dims: source ([${
        sources.join(", ")
      }] dims) should contain the same number of dims as destination ([${destinations.join(", ")}] dims)`,
    );
  }
  const [from, to] = ([["source", sources], ["destination", destinations]] as const).map(([name, dims]) => {
    const list = dims.map((d) => normalizeDim("movedim", d, x.shape.length));
    if (new Set(list).size === list.length) return x.shape.length === 0 ? [] : list;
    throw new ValueError(`movedim: repeated dim in \`${name}\` ([${dims.join(", ")}])`);
  });
  const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
  return permute(x, x.shape.map((_, d) => to.includes(d) ? from[to.indexOf(d)] : rest.shift() as number));
}

/** `expand` under NumPy's name. `torch.broadcast_to`. */
export function broadcastTo(x: Tensor, shape: Shape | Named<{ size: Shape }>): Tensor {
  return expand(x, shape);
}

/** The last dimension on the diagonal `offset` of matrices in dimensions `dim1` and `dim2` of the result, zeros elsewhere. `torch.diag_embed`. */
export function diagEmbed(
  x: Tensor,
  offset: number | Named<{ offset: number; dim1: number; dim2: number }> = 0,
  dim1: number | Named<{ offset: number; dim1: number; dim2: number }> = -2,
  dim2: number | Named<{ offset: number; dim1: number; dim2: number }> = -1,
): Tensor {
  if (isNamed(offset) || isNamed(dim1) || isNamed(dim2)) {
    return diagEmbed(x, ...inPlace("diag_embed", ["offset", "dim1", "dim2"], [offset, dim1, dim2]));
  }
  checkCall("diag_embed", [x]);
  requireKind("diag_embed", "offset", offset, "whole");
  const rank = x.shape.length + 1;
  const a = normalizeDim("diag_embed", dim1, rank), b = normalizeDim("diag_embed", dim2, rank);
  if (a === b) {
    throw new ValueError(`diagonal dimensions cannot be identical ${dim1}, ${dim2}, in diag_embed`);
  }
  const last = x.shape.length - 1, side = (x.shape[last] ?? 1) + Math.abs(offset);
  const rows = padDim(x, last, Math.max(0, -offset), Math.max(0, offset), 0);
  const spread = expand(unsqueeze(rows, -1), [...rows.shape, side]);
  const mask = diagonalMask(side, side, offset, x.device);
  const placed = where(mask, spread, fullLike(spread, 0));
  return named("DiagEmbed", movedim(placed, [rank - 2, rank - 1], [a, b]));
}

/**
 * The matrix with a vector on its diagonal, or the diagonal of a matrix. `torch.diag`.
 *
 * @example
 * ```ts
 * import { diag, tensor } from "@tenon/tenon";
 * console.log(diag(tensor([1, 2])).tolist()); // [ [ 1, 0 ], [ 0, 2 ] ]
 * ```
 */
export function diag(x: Tensor, offset: number | Named<{ diagonal: number }> = 0): Tensor {
  if (isNamed(offset)) return diag(x, ...inPlace("diag", ["diagonal"], [offset]));
  checkCall("diag", [x]);
  if (x.shape.length === 1) return named("Diag", diagEmbed(x, offset));
  if (x.shape.length === 2) return named("Diag", diagonal(x, offset));
  throw new ShapeError(`matrix or a vector expected, in diag: got shape [${x.shape.join(", ")}]`);
}
