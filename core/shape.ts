/**
 * Shapes: sizes, broadcasting, dimension arithmetic. Where elements lie in memory is layout.ts.
 *
 * @module
 */
import { IndexError, ShapeError } from "./errors.ts";
import { inWords } from "./words.ts";

/** The extents of a tensor, outermost first; `[]` is a single value. */
export type Shape = readonly number[];

/** Sizes or dimensions as arguments: `f(2, 3)` or `f([2, 3])`. */
export type SizeList = readonly [Shape] | readonly number[];

/** The list in arguments that may come either way. */
export function sizesIn(args: SizeList): Shape {
  const [first] = args;
  return typeof first === "object" ? first : args as readonly number[];
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i], 1);
  }
  return strides;
}

/** The text PyTorch prints: `torch.Size([2, 3])`. */
export function torchSize(shape: Shape): string {
  return `torch.Size([${shape.join(", ")}])`;
}

/** A copy of the shape that prints as PyTorch's does; in all else an array like any other. */
export function withTorchText(shape: Shape): Shape {
  const text = { value: () => torchSize(shape) };
  return Object.defineProperties([...shape], {
    toString: text,
    [Symbol.for("nodejs.util.inspect.custom")]: text,
  });
}

/** Whether the last dimensions of a shape are those of another, which then broadcasts to it. */
function endsWith(shape: Shape, end: Shape): boolean {
  const extra = shape.length - end.length;
  if (extra < 0) return false;
  for (let i = 0; i < end.length; i++) if (shape[extra + i] !== end[i]) return false;
  return true;
}

/** The shape both broadcast to; throws with PyTorch's sentence when they do not. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (endsWith(a, b)) return a;
  if (endsWith(b, a)) return b;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  // From the last dimension, as PyTorch: of several that do not fit it names that one.
  for (let i = rank - 1; i >= 0; i--) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `The size of tensor a (${x}) must match the size of tensor b (${y}) at non-singleton dimension ${i}` +
          `, in ${op} of shapes [${a.join(", ")}] and [${b.join(", ")}]`,
      );
    }
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/**
 * The shape that all shapes broadcast to. `torch.broadcast_shapes`.
 *
 * @throws {ShapeError} when two sizes of one dimension differ and neither is 1
 */
export function commonShape(...shapes: readonly Shape[]): Shape {
  for (const shape of shapes) {
    if (!Array.isArray(shape)) {
      throw new ShapeError(`broadcast_shapes: expected shapes such as [2, 3], but got ${shape}`);
    }
    if (shape.some((size) => !Number.isInteger(size))) {
      throw new ShapeError(`broadcast_shapes: sizes are whole numbers, but got [${shape.join(", ")}]`);
    }
    const negative = shape.find((size) => size < 0);
    if (negative === undefined) continue;
    throw new ShapeError(
      `Trying to create tensor with negative dimension (${negative}): (${negative}), in broadcast_shapes of [${
        shape.join(", ")
      }]`,
    );
  }
  return shapes.reduce<Shape>((a, b) => broadcastShapes("broadcast_shapes", a, b), []);
}

/** What is refused where a dimension is wanted. Tensors are known by their sizes here, as shapes come before tensors. */
function noDimension(op: string, dim: unknown): IndexError {
  const isTensor = dim !== null && (typeof dim === "object" || typeof dim === "function") && "shape" in dim;
  return new IndexError(
    `${op}(): argument 'dim' must be int, not ${
      isTensor
        ? "Tensor; .item() reads its number"
        : typeof dim === "object" && dim !== null
        ? `{ ${Object.keys(dim).join(", ")} }`
        : inWords(dim)
    }`,
  );
}

/** A dimension as a non-negative number; negative counts from the end. A 0-d tensor accepts 0 and -1, as in PyTorch. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  if (typeof dim !== "number") throw noDimension(op, dim);
  const limit = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -limit || dim >= limit) {
    throw new IndexError(
      `Dimension out of range (expected to be in range of [${-limit}, ${
        limit - 1
      }], but got ${dim}), in ${op}`,
    );
  }
  return dim < 0 ? dim + limit : dim;
}

/** Several dimensions, normalised and checked for repeats; `undefined` and null mean all of them. */
export function normalizeDims(
  op: string,
  dims: number | readonly number[] | null | undefined,
  rank: number,
): number[] {
  const list: number[] = [];
  if (dims === undefined || dims === null) {
    for (let d = 0; d < rank; d++) list.push(d);
    return list;
  }
  if (typeof dims === "number") list.push(normalizeDim(op, dims, rank));
  else if (!Array.isArray(dims)) throw noDimension(op, dims);
  else {
    for (const dim of dims) {
      const d = normalizeDim(op, dim, rank);
      if (list.includes(d)) {
        throw new IndexError(`dim ${d} appears multiple times in the list of dims, in ${op}`);
      }
      list.push(d);
    }
  }
  return rank === 0 ? [] : list;
}
