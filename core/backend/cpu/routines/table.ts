/**
 * The routines: which function makes which ready. A routine that is missing does not compile.
 *
 * @module
 */
import type { RoutineName, RoutineStep } from "../../../kernel/plan.ts";
import type { StepContext, StepRunner } from "../engine.ts";
import type { LoopRunner } from "../loops.ts";
import { argsort } from "./argsort.ts";
import { conv, convWeightGrad } from "./conv/conv.ts";
import { convInputGrad } from "./conv/input_grad.ts";
import { fold } from "./fold.ts";
import { gather } from "./gather.ts";
import { matmul } from "./product/matmul.ts";
import type { RoutineMaker } from "./routine.ts";
import { scan } from "./scan.ts";
import { scatter } from "./scatter.ts";

const makers: { readonly [N in RoutineName]: RoutineMaker<N> } = {
  matmul,
  conv,
  convInputGrad,
  convWeightGrad,
  gather,
  scatter,
  argsort,
  scan,
  fold,
};

/** Runners of a routine and of its epilogue, in the order they are to be run. */
export function routineRunner<N extends RoutineName>(
  context: StepContext,
  step: RoutineStep<N>,
  epilogue: LoopRunner | null,
): StepRunner[] {
  return makers[step.name](context, step, epilogue);
}
