/**
 * The loop kernels that copy a strided view to contiguous memory, and that write zeros.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Instr, LoopKernel } from "../../../kernel/ir.ts";
import type { Layout } from "../../../layout.ts";
import { stridesOf } from "../../../shape.ts";

/** One load, one store, and between them a cast where another dtype is wanted. */
export function copyKernel(layout: Layout, dtype: DType, to: DType = dtype): LoopKernel {
  const { shape, strides, offset } = layout;
  const casts: Instr[] = to === dtype ? [] : [{ op: "cast", dtype: to, level: "outer", arg: 0 }];
  const at = { offset: 0, strides: stridesOf(shape) };
  return {
    outer: shape,
    inner: [],
    inputs: [dtype],
    outputs: [to],
    code: [
      { op: "load", dtype, level: "outer", input: 0, at: { offset, strides }, guards: [] },
      ...casts,
      { op: "store", dtype: to, level: "outer", output: 0, at, arg: casts.length },
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
