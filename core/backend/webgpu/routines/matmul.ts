/**
 * Matrix multiplication: as a general product, or, with a single row or column on a GPU, as a loop kernel whose reduction runs along k.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import type { Instr, LoopKernel } from "../../../kernel/ir.ts";
import type { RoutineStep } from "../../../kernel/plan.ts";
import { stridesOf } from "../../../shape.ts";
import type { Builder } from "../builder.ts";
import { zeroKernel } from "../loops/copy.ts";
import { lowerLoop } from "../loops/lower.ts";
import { lowerProduct } from "./gemm.ts";

/** Adds the dispatches of a matrix product. */
export function lowerMatmul(builder: Builder, step: RoutineStep<"matmul">): void {
  const [a, b] = step.inputs;
  const rank = step.outputShape.length;
  const batch = step.outputShape.slice(0, rank - 2);
  const [m, n] = step.outputShape.slice(rank - 2);
  const k = a.layout.shape[rank - 1];
  const dtype = builder.dtypeOf(step.output);
  if (k === 0) {
    const count = builder.count(step.output);
    lowerLoop(builder, zeroKernel(count, dtype), [], [step.output], step.label);
    return;
  }
  const outStrides = stridesOf(step.outputShape);
  const as = a.layout.strides, bs = b.layout.strides;
  const loops = builder.target.software ? n === 1 : n === 1 || m === 1;
  if (loops) {
    const kernel = dotProducts(step, k, dtype);
    lowerLoop(builder, kernel, [a.slot, b.slot], [step.output], step.label);
    return;
  }
  // When all batches share b, their rows are rows of one product.
  const shared = bs.slice(0, rank - 2).every((s) => s === 0);
  const none = { extents: [], strides: [] };
  const rows = shared ? [...batch, m] : [m];
  const batches = shared ? [] : batch;
  const skip = shared ? 0 : rank - 2;
  const batchPart = (strides: readonly number[]) => ({
    extents: batches,
    strides: strides.slice(0, batches.length),
  });
  lowerProduct(
    builder,
    {
      a: {
        offset: a.layout.offset,
        batch: batchPart(as),
        row: { extents: rows, strides: as.slice(skip, rank - 1) },
        k: { extents: [k], strides: [as[rank - 1]] },
        coordinates: [],
      },
      b: {
        offset: b.layout.offset,
        batch: shared ? none : batchPart(bs),
        row: { extents: [n], strides: [bs[rank - 1]] },
        k: { extents: [k], strides: [bs[rank - 2]] },
        coordinates: [],
      },
      out: {
        offset: 0,
        batch: batchPart(outStrides),
        row: { extents: rows, strides: outStrides.slice(skip, rank - 1) },
        column: { extents: [n], strides: [1] },
      },
      dtype,
    },
    a.slot,
    b.slot,
    step.output,
    [a.dtype, b.dtype],
    step.label,
  );
}

/** Each element of the result as a reduction. */
function dotProducts(step: RoutineStep<"matmul">, k: number, dtype: DType): LoopKernel {
  const [a, b] = step.inputs;
  const rank = step.outputShape.length;
  const as = a.layout.strides, bs = b.layout.strides;
  const fold: DType = kindOf(dtype) === "float" ? "float32" : dtype;
  const head = rank - 2;
  const aAt = { offset: a.layout.offset, strides: [...as.slice(0, head), as[head], 0, as[head + 1]] };
  const bAt = { offset: b.layout.offset, strides: [...bs.slice(0, head), 0, bs[head + 1], bs[head]] };
  const code: Instr[] = [
    { op: "load", dtype: a.dtype, level: "inner", input: 0, at: aAt, guards: [] },
    { op: "load", dtype: b.dtype, level: "inner", input: 1, at: bAt, guards: [] },
    { op: "cast", dtype: fold, level: "inner", arg: 0 },
    { op: "cast", dtype: fold, level: "inner", arg: 1 },
    { op: "apply", fn: "mul", dtype: fold, level: "inner", args: [2, 3] },
    { op: "reduce", dtype: fold, level: "outer", combiner: "sum", arg: 4 },
    { op: "cast", dtype, level: "outer", arg: 5 },
    {
      op: "store",
      dtype,
      level: "outer",
      output: 0,
      at: { offset: 0, strides: [...stridesOf(step.outputShape), 0] },
      arg: 6,
    },
  ];
  return { outer: step.outputShape, inner: [k], inputs: [a.dtype, b.dtype], outputs: [dtype], code };
}
