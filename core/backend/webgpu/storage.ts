/**
 * How each dtype is held in device memory. Integers and bool are 32-bit words that wrap to their width after each operation; int64 is narrowed to
 * int32, and writing a value that does not fit is refused (in kernels, the limits of int64 stand for those of int32). float16 is true half
 * precision where the device has `shader-f16`, otherwise a float32 word rounded to half precision after each operation, as bfloat16 always is.
 * float64 is not held.
 *
 * @module
 */
import { type DType, type HostArray, hostArray, kindOf, toBFloat16Bits } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";

/** The WGSL type of an element in a storage buffer. */
export type Word = "f32" | "i32" | "f16";

/** Why WebGPU cannot hold a dtype, or null. */
export function unsupportedReason(dtype: DType): string | null {
  return dtype === "float64"
    ? "WebGPU has no 64-bit floating point; convert to float32, or use the cpu device for float64"
    : null;
}

/** The word that holds a dtype. */
export function wordOf(dtype: DType, hasF16: boolean): Word {
  if (dtype === "float64") throw new DTypeError(`float64 on webgpu: ${unsupportedReason(dtype)}`);
  if (kindOf(dtype) !== "float") return "i32";
  return dtype === "float16" && hasF16 ? "f16" : "f32";
}

/** Bytes of a word. */
export function wordBytes(word: Word): number {
  return word === "f16" ? 2 : 4;
}

/** Host elements as device words. May be a view of `data` itself. */
export function toWords(dtype: DType, word: Word, data: HostArray): ArrayBufferView<ArrayBuffer> {
  if (word === "f16" || dtype === "float32" || dtype === "int32") {
    return new Uint8Array(ownBuffer(data), data.byteOffset, data.byteLength);
  }
  if (dtype === "bfloat16") {
    const words = new Uint32Array(data.length);
    for (let i = 0; i < data.length; i++) words[i] = Number(data[i]) << 16;
    return words;
  }
  if (word === "f32") return Float32Array.from(data as Float16Array);
  if (dtype === "int64") return narrow(data as BigInt64Array);
  return Int32Array.from(data as Uint8Array | Int8Array | Int16Array);
}

/** Device words as host elements. `bytes` starts at the first element. */
export function fromWords(dtype: DType, word: Word, bytes: ArrayBuffer, count: number): HostArray {
  if (dtype === "float32") return new Float32Array(bytes, 0, count);
  if (dtype === "int32") return new Int32Array(bytes, 0, count);
  if (word === "f16") return new Float16Array(bytes, 0, count);
  const out = hostArray(dtype, count);
  if (dtype === "int64") {
    const words = new Int32Array(bytes, 0, count);
    for (let i = 0; i < count; i++) out[i] = BigInt(words[i]);
  } else if (dtype === "bfloat16") {
    const values = new Float32Array(bytes, 0, count);
    for (let i = 0; i < count; i++) out[i] = toBFloat16Bits(values[i]);
  } else {
    const words = word === "f32" ? new Float32Array(bytes, 0, count) : new Int32Array(bytes, 0, count);
    (out as Float16Array | Uint8Array).set(words);
  }
  return out;
}

/** Refuses an int64 value that does not fit the 32 bits WebGPU holds. */
export function narrowInt64(value: bigint): number {
  if (value !== BigInt.asIntN(32, value)) {
    throw new DTypeError(
      `value cannot be converted to type int32 without overflow, on webgpu: int64 is held in 32 bits there and ${value} ` +
        "does not fit; keep the tensor on the cpu device",
    );
  }
  return Number(value);
}

function narrow(data: BigInt64Array): Int32Array<ArrayBuffer> {
  const words = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) words[i] = narrowInt64(data[i]);
  return words;
}

/** The buffer under a typed array; a copy of the array where that buffer is shared between threads, which WebGPU refuses. */
function ownBuffer(data: HostArray): ArrayBuffer {
  return data.buffer instanceof ArrayBuffer ? data.buffer : sharedCopy(data);
}

function sharedCopy(data: HostArray): ArrayBuffer {
  const copy = new ArrayBuffer(data.byteOffset + data.byteLength);
  new Uint8Array(copy, data.byteOffset).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return copy;
}
