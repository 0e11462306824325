/**
 * The indices that `x.at(...)` takes, and what they mean for a shape: how each dimension is cut, and which index tensors and masks remain.
 * What reads and writes through them is selection.ts.
 *
 * @module
 */
import { IndexError } from "../../errors.ts";
import { Tensor } from "../../tensor.ts";
import { full, type NestedArray, tensor } from "../create.ts";
import { toBool } from "../logical.ts";
import { indexHint, toIndex, within, wrapNegative } from "./indexing.ts";
import { sliceBounds } from "../view.ts";
import type { Shape } from "../../shape.ts";

/** Python's `start:end:step`; `{}` is a whole dimension. Bounds are clipped, negative ones count from the end. */
export interface Slice {
  /** From which index, negative from the end. */
  readonly start?: number;
  /** Before which index, negative from the end. */
  readonly end?: number;
  /** May be negative, unlike PyTorch's. */
  readonly step?: number;
}

/** A bound of a slice in text; empty is the end, and `-${n}` counts from it. */
export type Bound = number | `-${number}` | "";
/** A slice in Python's own writing: `":"`, `"1:"`, `":-1"`, `"::2"`. */
export type SliceText = `${Bound}:${Bound}` | `${Bound}:${Bound}:${Bound}`;

/**
 * One index: a number (the dimension disappears), a slice, `null` (a new dimension), `"..."` (as many whole dimensions as are left), an integer
 * tensor or array of whole numbers, a bool tensor or array (as many dimensions as it has), or a boolean.
 */
export type Index = number | boolean | null | "..." | SliceText | Slice | Tensor | readonly NestedArray[];

/** How one dimension of the source is cut, and whether it disappears. */
export interface Cut {
  readonly start: number;
  readonly step: number;
  readonly size: number;
  readonly drop: boolean;
}

/** An index tensor (int64, wrapped) or a mask, at dimension `dim` of the view. */
export type Advanced =
  | { readonly kind: "index"; readonly dim: number; readonly index: Tensor }
  | { readonly kind: "mask"; readonly dim: number; readonly mask: Tensor };

/** What a list of indices means for one tensor. */
export interface Parsed {
  readonly cuts: readonly Cut[];
  /** The shape of the view. */
  readonly shape: Shape;
  readonly advanced: readonly Advanced[];
  /** PyTorch's name of the last view that the indices make. */
  readonly torchName: string;
}

/** One index after its various writings are gone; "..." is resolved later. */
type Term = number | null | Slice | Tensor | Mask;

/** A bool tensor among the indices. */
class Mask {
  constructor(readonly mask: Tensor) {}
}

/** Resolves indices against the shape of x. */
export function parse(x: Tensor, indices: readonly Index[]): Parsed {
  const given = indices.map((index) => index === "..." ? index : toTerm(x, index));
  if (given.filter((t) => t === "...").length > 1) {
    throw new IndexError("an index can only have a single ellipsis ('...')");
  }
  const rank = x.shape.length;
  const used = given.reduce<number>((n, t) => n + dimsOf(t), 0);
  if (used > rank) {
    throw new IndexError(
      rank === 0 && used === 1 && typeof indices[0] === "number"
        ? "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number: item() is the way here"
        : `too many indices for tensor of dimension ${rank}: got ${used}`,
    );
  }
  const rest = new Array<Term>(rank - used).fill({});
  const terms = given.flatMap((t) => t === "..." ? rest : [t]);
  if (!given.includes("...")) terms.push(...rest);
  const cuts: Cut[] = [], shape: number[] = [], advanced: Advanced[] = [];
  const whole = () => {
    const size = x.shape[cuts.length];
    cuts.push({ start: 0, step: 1, size, drop: false });
    shape.push(size);
  };
  // A whole dimension among several indices makes no view; alone, it does.
  let torchName = indices.length === 1 ? "Slice" : "Alias";
  for (const term of terms) {
    const d = cuts.length, size = x.shape[d];
    if (term === null) {
      shape.push(1);
      torchName = "Unsqueeze";
    } else if (typeof term === "number") {
      checkIndex(term, d, size);
      torchName = "Select";
      cuts.push({ start: term < 0 ? term + size : term, step: 1, size: 1, drop: true });
    } else if (term instanceof Mask) {
      const { mask } = term;
      checkMask(mask, x, d);
      const dim = shape.length;
      if (mask.shape.length === 0) {
        // A single truth value adds a dimension of size 1 or 0.
        const places = mask.item<boolean>() ? [0] : [];
        advanced.push({ kind: "index", dim, index: tensor(places, { dtype: "int64", device: x.device }) });
        shape.push(1);
      } else {
        advanced.push({ kind: "mask", dim, mask });
        mask.shape.forEach(whole);
      }
    } else if (term instanceof Tensor) {
      const inside = within(term, -size, size, (got) => outside(got, d, size));
      advanced.push({ kind: "index", dim: shape.length, index: wrapNegative(inside, size) });
      whole();
    } else if (typeof term !== "object" || Array.isArray(term)) {
      throw new IndexError(
        `only integers, slices (:), ellipsis (...), null, tensors and arrays of them are valid indices, but got ${typeof term}`,
      );
    } else {
      const cut = { ...sliceBounds(size, term.start, term.end, term.step), drop: false };
      cuts.push(cut);
      shape.push(cut.size);
      if (cut.size !== size || cut.step !== 1) torchName = "Slice";
    }
  }
  return { cuts, shape, advanced, torchName };
}

function dimsOf(term: Term | "..."): number {
  if (term === null || term === "...") return 0;
  return term instanceof Mask ? term.mask.shape.length : 1;
}

function toTerm(x: Tensor, index: Exclude<Index, "...">): Term {
  if (index === null) return null;
  if (typeof index === "number") return index;
  if (typeof index === "boolean") return new Mask(full([], index, { device: x.device }));
  if (typeof index === "string") return sliceOf(index);
  if (isArray(index)) return toTerm(x, arrayIndex(x, index));
  if (!(index instanceof Tensor)) return index;
  if (index.dtype === "bool" || index.dtype === "uint8") return new Mask(toBool(index));
  return toIndex(index, x, (got) =>
    new IndexError(
      `tensors used as indices must be long, byte or bool tensors, but got ${got}; ${indexHint}`,
    ));
}

function isArray(index: Slice | Tensor | readonly NestedArray[]): index is readonly NestedArray[] {
  return Array.isArray(index);
}

function sliceOf(text: string): Slice {
  const match = text.match(/^\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?$/);
  if (match === null) {
    throw new IndexError(
      `"${text}" is not an index: use a number, "start:end:step", { start, end, step }, "...", null, or a tensor`,
    );
  }
  const [start, end, step] = match.slice(1).map((s) => s === undefined || s === "" ? undefined : Number(s));
  return { start, end, step };
}

function arrayIndex(x: Tensor, index: NestedArray): Tensor {
  let first: NestedArray = index;
  while (Array.isArray(first)) first = first[0];
  if (typeof first === "boolean") return tensor(index, { device: x.device });
  return toIndex(index, x, (got) => new IndexError(`indices must be whole numbers, but got ${got}`));
}

function checkIndex(index: number, dim: number, size: number): void {
  if (!Number.isInteger(index)) {
    throw new IndexError(
      `only integers, slices (\`:\`), ellipsis (\`...\`), None and long or byte Variables are valid indices (got float): ${index} for dimension ${dim}`,
    );
  }
  if (index < -size || index >= size) throw outside(index, dim, size);
}

function outside(index: number | bigint, dim: number, size: number): IndexError {
  return new IndexError(`index ${index} is out of bounds for dimension ${dim} with size ${size}`);
}

function checkMask(mask: Tensor, x: Tensor, dim: number): void {
  mask.shape.forEach((s, i) => {
    if (s !== x.shape[dim + i]) {
      throw new IndexError(
        `The shape of the mask [${
          mask.shape.join(", ")
        }] at index ${i} does not match the shape of the indexed tensor [${x.shape.join(", ")}] at index ${
          dim + i
        }`,
      );
    }
  });
}
