/**
 * Several tensors at once: brought to one shape, made grids and tuples, given at least so many dimensions, stacked along named directions.
 *
 * @module
 */
import { named } from "../apply.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { broadcastShapes, type Shape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { checkTensors, commonType } from "./cast.ts";
import { cat, stack } from "./join.ts";
import { checkCall, requireTensors } from "./options.ts";
import { expand, padDim, reshape, unsqueeze } from "./view.ts";

/** Tensors as arguments: `f(a, b)` or `f([a, b])`. */
export type TensorList = readonly [readonly Tensor[]] | readonly Tensor[];

/** The list in arguments that may come either way. */
function tensorsIn(op: string, args: TensorList): readonly Tensor[] {
  const [first] = args, tensors: readonly Tensor[] = Array.isArray(first) ? first : args as readonly Tensor[];
  checkTensors(op, tensors);
  return tensors;
}

/** The tensors at one shape: `broadcastTensors(a, b)` or `broadcastTensors([a, b])`. `torch.broadcast_tensors`. */
export function broadcastTensors(...args: TensorList): Tensor[] {
  const tensors = tensorsIn("broadcast_tensors", args);
  const shape = tensors.reduce<Shape>((acc, t) => broadcastShapes("broadcast_tensors", acc, t.shape), []);
  return tensors.map((t) => expand(t, shape));
}

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** "ij": each result varies along the dimension of its vector; "xy" swaps the first two. */
  readonly indexing?: "ij" | "xy";
}

/**
 * Vectors as grids: `meshgrid(x, y)` or `meshgrid([x, y])`, and options. `torch.meshgrid`.
 *
 * @throws {ShapeError} when an argument has more than one dimension
 * @example
 * ```ts
 * import { arange, meshgrid } from "@tenon/tenon";
 * const [rows, columns] = meshgrid(arange(2), arange(3), { indexing: "ij" });
 * console.log(rows.tolist(), columns.tolist()); // [ [ 0, 0, 0 ], [ 1, 1, 1 ] ] [ [ 0, 1, 2 ], [ 0, 1, 2 ] ]
 * ```
 */
export function meshgrid(...tensors: readonly Tensor[]): Tensor[];
/** Vectors as grids. */
export function meshgrid(tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[];
/** Vectors as grids. */
export function meshgrid(x: Tensor, y: Tensor, options: MeshgridOptions): Tensor[];
/** Vectors as grids. */
export function meshgrid(
  ...args: readonly (Tensor | readonly Tensor[] | MeshgridOptions | undefined)[]
): Tensor[] {
  const tensors = args.flat().filter((x) => x instanceof Tensor);
  const last = args[args.length - 1];
  const options: MeshgridOptions = typeof last === "object" && last !== null && "indexing" in last
    ? last
    : {};
  if (tensors.length === 0) throw new ValueError("meshgrid expects a non-empty TensorList");
  const { indexing = "ij" } = options;
  if (indexing !== "ij" && indexing !== "xy") {
    throw new ValueError(
      `torch.meshgrid: indexing must be one of "xy" or "ij", but received: ${indexing}`,
    );
  }
  if (indexing === "xy" && tensors.length > 1) {
    const [a, b, ...rest] = tensors;
    const [y, x, ...others] = meshgrid([b, a, ...rest]);
    return [x, y, ...others];
  }
  tensors.forEach((t) => {
    if (t.shape.length > 1) {
      throw new ShapeError(
        `torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: [${t.shape.join(", ")}]`,
      );
    }
  });
  if (tensors.some((t) => t.dtype !== tensors[0].dtype)) {
    throw new DTypeError(
      `meshgrid expects all tensors to have the same dtype, but got ${
        tensors.map((t) => t.dtype).join(", ")
      }; cast with .to()`,
    );
  }
  const shape = tensors.map((t) => sizeOf(t.shape));
  return tensors.map((t, i) => expand(reshape(t, shape.map((s, d) => d === i ? s : 1)), shape));
}

/**
 * All tuples of one element of each vector, as rows. `torch.cartesian_prod`.
 *
 * @example
 * ```ts
 * import { cartesianProd, tensor } from "@tenon/tenon";
 * console.log(cartesianProd(tensor([1, 2]), tensor([3, 4])).tolist()); // [ [ 1, 3 ], [ 1, 4 ], [ 2, 3 ], [ 2, 4 ] ]
 * ```
 */
export function cartesianProd(...tensors: readonly Tensor[]): Tensor {
  checkCall("cartesian_prod", tensors);
  tensors.forEach((t) => {
    if (t.shape.length !== 1) {
      throw new ShapeError(`Expect a 1D vector, but got shape [${t.shape.join(", ")}]`);
    }
  });
  if (tensors.length === 1) return tensors[0].value;
  return stack(meshgrid(tensors).map((t) => reshape(t, [sizeOf(t.shape)])), 1);
}

/** `f` of one tensor, or of each of several, which may come as a list. */
function each(op: string, args: TensorList, f: (x: Tensor) => Tensor): Tensor | Tensor[] {
  const [first] = args;
  return args.length === 1 && first instanceof Tensor ? f(first) : tensorsIn(op, args).map(f);
}

const asVector = (x: Tensor): Tensor => x.shape.length === 0 ? reshape(x, [1]) : x.value;
const asMatrix = (x: Tensor): Tensor => x.shape.length < 2 ? unsqueeze(asVector(x), 0) : x.value;
const asCuboid = (x: Tensor): Tensor => x.shape.length < 3 ? unsqueeze(asMatrix(x), 2) : x.value;

/** At least one dimension. `torch.atleast_1d`. */
export function atleast1d(x: Tensor): Tensor;
/** Each with at least one dimension. */
export function atleast1d(...tensors: TensorList): Tensor[];
/** Each with at least one dimension. */
export function atleast1d(...args: TensorList): Tensor | Tensor[] {
  return each("atleast_1d", args, asVector);
}

/** At least two dimensions, new ones in front. `torch.atleast_2d`. */
export function atleast2d(x: Tensor): Tensor;
/** Each with at least two dimensions. */
export function atleast2d(...tensors: TensorList): Tensor[];
/** Each with at least two dimensions. */
export function atleast2d(...args: TensorList): Tensor | Tensor[] {
  return each("atleast_2d", args, asMatrix);
}

/** At least three dimensions; a matrix gets the new one at the end. `torch.atleast_3d`. */
export function atleast3d(x: Tensor): Tensor;
/** Each with at least three dimensions. */
export function atleast3d(...tensors: TensorList): Tensor[];
/** Each with at least three dimensions. */
export function atleast3d(...args: TensorList): Tensor | Tensor[] {
  return each("atleast_3d", args, asCuboid);
}

function requireSome(op: string, tensors: readonly Tensor[]): void {
  requireTensors(op, tensors);
  if (tensors.length === 0) throw new ValueError(`${op} expects a non-empty TensorList`);
}

/**
 * The tensors side by side: along dimension 1, vectors along 0. `torch.hstack`.
 *
 * @throws {ShapeError} when other sizes differ
 * @example
 * ```ts
 * import { hstack, tensor } from "@tenon/tenon";
 * console.log(hstack([tensor([1, 2]), tensor([3])]).tolist()); // [ 1, 2, 3 ]
 * ```
 */
export function hstack(tensors: readonly Tensor[]): Tensor {
  requireSome("hstack", tensors);
  const parts = tensors.map(asVector);
  return cat(parts, (parts[0]?.shape.length ?? 0) > 1 ? 1 : 0);
}

/**
 * The tensors one below the other, vectors as rows. `torch.vstack`.
 *
 * @throws {ShapeError} when other sizes differ
 * @example
 * ```ts
 * import { tensor, vstack } from "@tenon/tenon";
 * console.log(vstack([tensor([1, 2]), tensor([3, 4])]).tolist()); // [ [ 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function vstack(tensors: readonly Tensor[]): Tensor {
  requireSome("vstack", tensors);
  return cat(tensors.map(asMatrix), 0);
}

/** `vstack` under its other name. `torch.row_stack`. */
export const rowStack: typeof vstack = vstack;

/** The tensors behind each other, along dimension 2. `torch.dstack`. */
export function dstack(tensors: readonly Tensor[]): Tensor {
  requireSome("dstack", tensors);
  return cat(tensors.map(asCuboid), 2);
}

/** The vectors as columns, matrices side by side. `torch.column_stack`. */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  requireSome("column_stack", tensors);
  return cat(tensors.map((t) => t.shape.length < 2 ? reshape(t, [sizeOf(t.shape), 1]) : t.value), 1);
}

/**
 * Matrices along the diagonal of one matrix, zeros elsewhere: `blockDiag(a, b)` or `blockDiag([a, b])`. `torch.block_diag`.
 *
 * @example
 * ```ts
 * import { blockDiag, ones } from "@tenon/tenon";
 * console.log(blockDiag(ones(1, 1), ones(1, 2)).tolist()); // [ [ 1, 0, 0 ], [ 0, 1, 1 ] ]
 * ```
 */
export function blockDiag(...args: TensorList): Tensor {
  const blocks = tensorsIn("block_diag", args).map((x, i) => {
    if (x.shape.length <= 2) return asMatrix(x);
    throw new ShapeError(
      `torch.block_diag: Input tensors must have 2 or fewer dimensions. Input ${i} has ${x.shape.length} dimensions`,
    );
  });
  const dtype = commonType("block_diag", blocks);
  const width = blocks.reduce((n, t) => n + t.shape[1], 0);
  let start = 0;
  const rows = blocks.map((t) => {
    const left = start;
    start += t.shape[1];
    return padDim(t.to(dtype), 1, left, width - left - t.shape[1], 0);
  });
  return named("BlockDiag", cat(rows, 0));
}
