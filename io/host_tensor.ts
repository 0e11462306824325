/**
 * A tensor as files hold it: dtype, shape and elements on the host. Every file format reads into and writes from this;
 * making a device tensor of it is the checkpoint's business.
 *
 * @module
 */
import { bytesOf, type DType, type HostArray, hostArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";

/** A tensor's elements on the host, row-major: `bfloat16` as raw bits, `bool` as 0 and 1. */
export interface HostTensor {
  /** Element type. */
  readonly dtype: DType;
  /** Extents, outermost first; `[]` is a single value. */
  readonly shape: Shape;
  /** As many elements as the shape says. */
  readonly data: HostArray;
}

/**
 * `length` little-endian elements that start at `offset` of `bytes`: a view where the alignment allows it, otherwise a
 * copy. Bytes of a bool other than 0 and 1 count as true.
 */
export function elementsAt(bytes: Uint8Array, offset: number, dtype: DType, length: number): HostArray {
  const size = bytesOf(dtype);
  const part = bytes.subarray(offset, offset + length * size);
  if (dtype === "bool") return part.some((b) => b > 1) ? part.map((b) => b === 0 ? 0 : 1) : part;
  if (dtype === "uint8") return part;
  // A typed array may not start between the multiples of its element size, not even an empty one.
  const aligned = part.byteOffset % size === 0 ? part : part.slice();
  return viewOf(aligned, dtype, length);
}

type ViewConstructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => HostArray;

function viewOf(bytes: Uint8Array, dtype: DType, length: number): HostArray {
  const View = hostArray(dtype, 0).constructor as ViewConstructor;
  return new View(bytes.buffer, bytes.byteOffset, length);
}

/** The bytes behind a host array, without a copy. */
export function bytesBehind(data: HostArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The number of bytes that `shape` takes, or `null` when it is no shape or too large to count exactly. */
export function byteLengthOf(dtype: DType, shape: Shape): number | null {
  let bytes = bytesOf(dtype);
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) return null;
    bytes *= extent;
    if (!Number.isSafeInteger(bytes)) return null;
  }
  return bytes;
}
