/**
 * The matrix product of any strided operands: which form it takes.
 *
 * @module
 */
import { bytesOf, type DType, isFloat } from "../../../../dtype.ts";
import type { Instr, LoopKernel } from "../../../../kernel/ir.ts";
import type { RoutineInput } from "../../../../kernel/plan.ts";
import { type Shape, stridesOf } from "../../../../shape.ts";
import type { Engine, StepContext, StepRunner } from "../../engine.ts";
import { LoopCall, type LoopRunner } from "../../loops.ts";
import { type NativeGemm, nativeGemm, storedAs } from "./blas.ts";
import { fewDots, isUndivided, laneColumns, laneDots, suitsDots } from "./dots.ts";
import type { FloatType, ProductType } from "../lane_ops.ts";
import { Gemm, type GemmSpec, steps } from "./gemm.ts";
import { type Problem, problemOf } from "./problem.ts";
import {
  loopRoutine,
  type RoutineMaker,
  runLoop,
  runner,
  withEpilogue,
  Workspace,
  zeroKernel,
} from "../routine.ts";
import { computeType, type Staged, type StagedResult, stageInput, stageOutput } from "../stage.ts";

/** a [...batch, M, K], b [...batch, K, N] -> [...batch, M, N]. */
export const matmul: RoutineMaker<"matmul"> = (context, step, epilogue) => {
  const [a, b] = step.inputs, { dtype } = context.slots[step.output];
  if (a.layout.shape[a.layout.shape.length - 1] === 0) {
    const zero = new LoopCall(context.engine, zeroKernel(dtype, step.outputShape));
    return withEpilogue(runner(() => runLoop(zero, context.at[step.output]), zero), epilogue);
  }
  if (!isFloat(dtype)) return integers(context, step, epilogue);
  const space = new Workspace(context);
  const left = stageInput(context, space, a), right = stageInput(context, space, b);
  const result = stageOutput(context, space, step);
  const problem = problemOf(left.layout, right.layout, step.outputShape);
  const native = nativeProduct(context.engine, problem, computeType(dtype));
  if (native !== null) {
    const product = () => {
      native(left.stage(), right.stage(), result.address());
      result.finish();
    };
    return withEpilogue(runner(product, left, right, result), epilogue);
  }
  const rounded = isSmallBatch(problem),
    last = computeType(dtype) === "float32" && !rounded ? laneColumns(problem) : 0;
  if (last > 0) {
    const lanes = laneDots(context.engine, problem, last);
    const gemm = last < problem.columns
      ? new Gemm(context.engine, specOf(problem, "float32", problem.columns - last))
      : null;
    const packed = space.take(gemm?.workspaceBytes ?? 0);
    const product = () => {
      const a = left.stage(), b = right.stage(), c = result.address();
      lanes.run(a, b, c);
      gemm?.run(a, b, c, space.at(packed));
      result.finish();
    };
    return withEpilogue(
      runner(product, left, right, result, lanes, ...(gemm === null ? [] : [gemm])),
      epilogue,
    );
  }
  if (suitsDots(problem) && !rounded) {
    const dots = fewDots(context.engine, problem, computeType(dtype));
    const product = () => {
      dots.run(left.stage(), right.stage(), result.address());
      result.finish();
    };
    return withEpilogue(runner(product, left, right, result, dots), epilogue);
  }
  const spec = { ...specOf(problem, computeType(dtype)), rounded };
  return packedProduct(context, space, epilogue, problem, spec, left, right, result);
};

/** Integers: of few rows or columns as a loop, else packed, the small ones widened to int32. */
const integers: RoutineMaker<"matmul"> = (context, step, epilogue) => {
  const [a, b] = step.inputs, { dtype } = context.slots[step.output];
  if (suitsDots(problemOf(a.layout, b.layout, step.outputShape))) {
    const kernel = matmulKernel(a, b, step.outputShape, dtype);
    return withEpilogue(loopRoutine(context, step, [kernel]), epilogue);
  }
  const compute = dtype === "int64" ? "int64" : "int32", space = new Workspace(context);
  const [left, right] = [a, b].map((input) => stageInput(context, space, input, null, compute));
  const result = stageOutput(context, space, step, compute);
  const problem = problemOf(left.layout, right.layout, step.outputShape);
  return packedProduct(context, space, epilogue, problem, specOf(problem, compute), left, right, result);
};

/** The product of operands that are packed, or read in place where they are used a few times only. */
function packedProduct(
  context: StepContext,
  space: Workspace,
  epilogue: LoopRunner | null,
  problem: Problem,
  spec: GemmSpec,
  left: Staged,
  right: Staged,
  result: StagedResult,
): StepRunner[] {
  const gemm = new Gemm(context.engine, spec), packed = space.take(gemm.workspaceBytes);
  const { rows, columns, products } = problem;
  const follow = result.direct ? epilogue?.call.follow(rows, columns, products.length) ?? null : null;
  const product = runner(
    () => {
      if (follow !== null) epilogue?.bind();
      gemm.run(left.stage(), right.stage(), result.address(), space.at(packed), follow);
      result.finish();
    },
    ...[left, right, result, gemm, ...(follow !== null && epilogue !== null ? [epilogue] : [])],
  );
  return follow === null ? withEpilogue(product, epilogue) : [product];
}

/** Multiply-adds of a product up to which PyTorch computes a batch of them by itself, product and sum rounded one after the other. */
const OWN = 400;

function isSmallBatch({ rows, columns, depth, products }: Problem): boolean {
  return products.length > 1 && rows * columns * depth < OWN;
}

/** The first columns of a problem, or all of them. */
function specOf(problem: Problem, dtype: ProductType, columns = problem.columns): GemmSpec {
  const { rows, depth, aRow, aColumn, bRow, bColumn, products } = problem;
  const bytes = bytesOf(dtype);
  return {
    dtype,
    rows,
    columns,
    depth,
    aRows: steps(rows, aRow * bytes),
    aColumns: steps(depth, aColumn * bytes),
    bRows: steps(depth, bRow * bytes),
    bColumns: steps(columns, bColumn * bytes),
    cStride: problem.columns * bytes,
    cColumns: null,
    products: products.map(({ a, b, c }) => ({ a: a * bytes, b: b * bytes, c: c * bytes })),
    run: bColumn === 1 || columns === 1 ? columns : 0,
    near: false,
    packFirst: ["A", "B"],
    undivided: isUndivided(problem),
  };
}

/** The products as calls of the system's BLAS, or null where that is not to be used. */
function nativeProduct(engine: Engine, problem: Problem, dtype: FloatType): NativeGemm | null {
  const { rows: m, columns: n, depth: k, aRow, aColumn, bRow, bColumn, products } = problem;
  const a = storedAs(m, k, aRow, aColumn), b = storedAs(k, n, bRow, bColumn), bytes = bytesOf(dtype);
  if (a === null || b === null) return null;
  const gemm = nativeGemm(engine, { dtype, m, n, k, a, b, alone: products.length === 1 });
  if (gemm === null) return null;
  return (at, bt, ct) => {
    for (const { a, b, c } of products) gemm(at + a * bytes, bt + b * bytes, ct + c * bytes);
  };
}

/** The product as a loop over the result that folds over the depth. */
function matmulKernel(a: RoutineInput, b: RoutineInput, out: Shape, dtype: DType): LoopKernel {
  const rank = out.length, depth = a.layout.shape[rank - 1];
  const x = a.layout.strides, y = b.layout.strides;
  const load = (input: number, strides: readonly number[]): Instr => ({
    op: "load",
    dtype,
    level: "inner",
    input,
    at: { offset: 0, strides },
    guards: [],
  });
  return {
    outer: out,
    inner: [depth],
    inputs: [dtype, dtype],
    outputs: [dtype],
    code: [
      load(0, [...x.slice(0, rank - 1), 0, x[rank - 1]]),
      load(1, [...y.slice(0, rank - 2), 0, y[rank - 1], y[rank - 2]]),
      { op: "apply", dtype, level: "inner", fn: "mul", args: [0, 1] },
      { op: "reduce", dtype, level: "outer", combiner: "sum", arg: 2 },
      {
        op: "store",
        dtype,
        level: "outer",
        output: 0,
        at: { offset: 0, strides: [...stridesOf(out), 0] },
        arg: 3,
      },
    ],
  };
}
