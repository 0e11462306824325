/**
 * What every distribution needs around its formula: checks of dtype, and loops that write one value after the other
 * in the target dtype. The formulas are in the files named after them.
 *
 * @module
 */
import { type DType, hostArray, isFloat, scalarName, writeElement } from "../dtype.ts";
import type { HostArray } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import type { Generator } from "./generator.ts";
import { type RandomKernel, randomKernel } from "./simd.ts";

/** Throws unless `accepted`; with PyTorch's sentence, which names its kernel. */
export function checkDType(kernel: string, op: string, dtype: DType, accepted: boolean, needs: string): void {
  if (accepted) return;
  throw new DTypeError(
    `"${kernel}" not implemented for '${scalarName(dtype)}': ${op} of dtype ${dtype} needs ${needs}`,
  );
}

/** Throws unless `dtype` is a floating-point type. */
export function checkFloat(kernel: string, op: string, dtype: DType): void {
  checkDType(kernel, op, dtype, isFloat(dtype), "a floating-point dtype");
}

/** `count` values of `next`, in order, cast from double to `dtype`. */
export function fillWith(count: number, dtype: DType, next: () => number): HostArray {
  const out = hostArray(dtype, count);
  if (out instanceof Float32Array || out instanceof Float64Array) {
    for (let i = 0; i < count; i++) out[i] = next();
  } else {
    const halfway = isFloat(dtype);
    for (let i = 0; i < count; i++) {
      const value = next();
      writeElement(out, dtype, i, halfway ? Math.fround(value) : value);
    }
  }
  return out;
}

const chunk = new Int32Array(4096);

/** From here on making the kernel pays. */
const worthKernel = 1 << 15;

/**
 * Calls `use(bits, start, count, kernel)` for chunk after chunk of 32-bit draws, `count` in all. The chunks are reused;
 * with a kernel, which large counts get where there is one, they are its own `bits`. All but the last are multiples of 16.
 */
export function inChunks(
  generator: Generator,
  count: number,
  use: (bits: Int32Array, start: number, count: number, kernel: RandomKernel | null) => void,
): void {
  const kernel = count >= worthKernel ? randomKernel() : null;
  const bits = kernel?.bits ?? chunk;
  for (let start = 0; start < count; start += bits.length) {
    const take = Math.min(bits.length, count - start);
    if (kernel !== null) generator.fillBitsWith(kernel, take);
    else generator.fillBits(bits, 0, take);
    use(bits, start, take, kernel);
  }
}

/** Calls `use(u, i)` for `count` numbers of `generator.uniform()`, in chunks: the same numbers, faster for many. */
export function eachUniform(generator: Generator, count: number, use: (u: number, i: number) => void): void {
  inChunks(generator, 2 * count, (bits, start, take) => {
    let i = start / 2;
    for (let j = 0; j < take; j += 2, i++) {
      use(((bits[j] & 0x1fffff) * 2 ** 32 + (bits[j + 1] >>> 0)) * 2 ** -53, i);
    }
  });
}
