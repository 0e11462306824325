/**
 * The routines: which function lowers which. A routine that is missing does not compile.
 *
 * @module
 */
import type { RoutineName, RoutineStep } from "../../../kernel/plan.ts";
import type { Builder } from "../builder.ts";
import { lowerLoop } from "../loops/lower.ts";
import { lowerConv, lowerConvInputGrad, lowerConvWeightGrad } from "./conv.ts";
import { lowerFold, lowerGather, lowerScatter } from "./indexing.ts";
import { lowerMatmul } from "./matmul.ts";
import { lowerArgsort } from "./ordering.ts";
import { lowerScan } from "./scan.ts";

/** Adds the dispatches of a routine. */
type Lowering<N extends RoutineName> = (builder: Builder, step: RoutineStep<N>) => void;

const lowerings: { readonly [N in RoutineName]: Lowering<N> } = {
  matmul: lowerMatmul,
  conv: lowerConv,
  convInputGrad: lowerConvInputGrad,
  convWeightGrad: lowerConvWeightGrad,
  gather: lowerGather,
  scatter: lowerScatter,
  argsort: lowerArgsort,
  scan: lowerScan,
  fold: lowerFold,
};

/** Adds the dispatches of a routine and of the loop that follows it. */
export function lowerRoutine<N extends RoutineName>(builder: Builder, step: RoutineStep<N>): void {
  lowerings[step.name](builder, step);
  const after = step.epilogue;
  if (after !== null) lowerLoop(builder, after.kernel, after.inputs, after.outputs, after.label);
}
