/**
 * Operations whose value is computed on the host when they are called, as they read their arguments: what those of matrices share, and the bytes of a tensor
 * seen as another dtype. Where a function is traced, those of matrices wait (transform/waiting.ts); their gradients are written with operations, and can be
 * differentiated again.
 *
 * @module
 */
import { apply } from "../apply.ts";
import {
  bytesOf,
  type DType,
  hostArray,
  isDType,
  isFloat,
  readElement,
  scalarName,
  writeElement,
} from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { customPrim } from "../prim/source.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fromHost } from "./create.ts";
import { checkCall } from "./options.ts";

/** The elements of x as float64, one array for each matrix of the last two dimensions. */
export function matricesOf(x: Tensor): Float64Array[] {
  const data = x.toTypedArray(), size = sizeOf(x.shape.slice(-2)), count = sizeOf(x.shape.slice(0, -2));
  return Array.from(
    { length: count },
    (_, b) => Float64Array.from({ length: size }, (_, i) => Number(readElement(data, x.dtype, b * size + i))),
  );
}

/** The tensor of the parts one after the other. `pull` gives the gradients of `xs`, from the cotangent; it may use the tensor that is being made. */
export function hostResult(
  xs: readonly Tensor[],
  shape: Shape,
  dtype: DType,
  parts: readonly ArrayLike<number>[],
  pull: ((g: Tensor) => readonly (Tensor | null)[]) | null,
): Tensor {
  const host = hostArray(dtype, sizeOf(shape));
  let next = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) writeElement(host, dtype, next++, part[i]);
  const value = fromHost(host, shape, dtype, xs[0].device);
  return pull === null || xs.every((x) => x.value.track === 0)
    ? value
    : apply(customPrim, [value, ...xs], { pull });
}

/** Refuses what is not a float32 or float64 tensor of matrices. */
export function requireMatrices(op: string, x: Tensor, name = "A"): void {
  checkCall(op, [x]);
  if (x.shape.length < 2) {
    throw new ShapeError(
      `${op}: The input tensor ${name} must have at least 2 dimensions., but has shape [${
        x.shape.join(", ")
      }]`,
    );
  }
  if (x.dtype !== "float32" && x.dtype !== "float64") {
    throw new DTypeError(
      isFloat(x.dtype)
        ? `${op}: Low precision dtypes not supported. Got ${x.dtype}; cast with .to("float32")`
        : `${op}: Expected a floating point or complex tensor as input. Got ${
          scalarName(x.dtype)
        }; cast with .to("float32")`,
    );
  }
}

/** `requireMatrices` of square ones. */
export function requireSquare(op: string, x: Tensor): void {
  requireMatrices(op, x);
  const [m, n] = x.shape.slice(-2);
  if (m !== n) {
    throw new ShapeError(`${op}: A must be batches of square matrices, but they are ${m} by ${n} matrices`);
  }
}

/** The shape of the same bytes as elements of another width. */
function shapeAs(x: Tensor, dtype: DType): readonly number[] {
  const from = bytesOf(x.dtype), to = bytesOf(dtype);
  if (from === to) return x.shape;
  const what = `to view ${scalarName(x.dtype)} as ${scalarName(dtype)} (different element sizes)`;
  if (x.shape.length === 0) throw new ShapeError(`self.dim() cannot be 0 ${what}`);
  const last = x.shape[x.shape.length - 1];
  if (last * from % to !== 0) {
    throw new ShapeError(`self.size(-1) must be divisible by ${to / from} ${what}, but got ${last}`);
  }
  return [...x.shape.slice(0, -1), last * from / to];
}

/**
 * The same bytes as elements of `dtype`; with another width, the last dimension has more or fewer of them. They are read on the host, so a compiled
 * function cannot trace it, and no gradient goes through.
 * `torch.Tensor.view(dtype)`.
 *
 * @throws {ShapeError} when the last dimension does not hold whole elements
 */
export function viewAsType(x: Tensor, dtype: DType): Tensor {
  if (!isDType(dtype)) throw new DTypeError(`view: "${dtype}" is not a dtype`);
  const shape = shapeAs(x, dtype), target = hostArray(dtype, sizeOf(shape)), data = x.toTypedArray();
  const bytes = new Uint8Array(target.buffer);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  // A bool is one byte that is 0 or 1.
  if (dtype === "bool") bytes.forEach((b, i) => bytes[i] = b === 0 ? 0 : 1);
  return fromHost(target, shape, dtype, x.device);
}
