/**
 * The loop kernel that copies a strided view to contiguous memory.
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
