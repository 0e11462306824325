/**
 * Operations whose value is computed on the host, matrix by matrix, when they are called. They read their arguments, so where a
 * function is traced they wait (transform/waiting.ts); their gradients are written with operations, and can be differentiated again.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { type DType, hostArray, isFloat, readElement, scalarName, writeElement } from "../dtype.ts";
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
