/**
 * The bytes of a tensor under another dtype. They are read on the host, so a compiled function cannot trace it.
 *
 * @module
 */
import { bytesOf, type DType, hostArray, isDType, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fromHost } from "./create.ts";

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
 * The same bytes as elements of `dtype`; with another width, the last dimension has more or fewer of them. No gradient goes through.
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
