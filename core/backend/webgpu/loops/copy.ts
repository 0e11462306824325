/**
 * The loop kernels that copy a strided view to contiguous memory, and that write zeros.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { LoopKernel } from "../../../kernel/ir.ts";
import type { Layout } from "../../../layout.ts";
import { stridesOf } from "../../../shape.ts";

/** One load, one store. */
export function copyKernel(layout: Layout, dtype: DType): LoopKernel {
  const { shape, strides, offset } = layout;
  return {
    outer: shape,
    inner: [],
    inputs: [dtype],
    outputs: [dtype],
    code: [
      { op: "load", dtype, level: "outer", input: 0, at: { offset, strides }, guards: [] },
      { op: "store", dtype, level: "outer", output: 0, at: { offset: 0, strides: stridesOf(shape) }, arg: 0 },
    ],
  };
}

/** Zeros everywhere. */
export function zeroKernel(count: number, dtype: DType): LoopKernel {
  return {
    outer: [count],
    inner: [],
    inputs: [],
    outputs: [dtype],
    code: [
      { op: "const", dtype, level: "outer", value: dtype === "int64" ? 0n : 0 },
      { op: "store", dtype, level: "outer", output: 0, at: { offset: 0, strides: [1] }, arg: 0 },
    ],
  };
}
