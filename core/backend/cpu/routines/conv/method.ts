/**
 * What the convolution and its adjoints share: what there is to do where nothing is summed, and which of several methods is taken.
 *
 * @module
 */
import { type DType, isFloat } from "../../../../dtype.ts";
import { DTypeError } from "../../../../errors.ts";
import type { RoutineStep } from "../../../../kernel/plan.ts";
import type { StepContext, StepRunner } from "../../engine.ts";
import { LoopCall, type LoopRunner } from "../../loops.ts";
import { runLoop, runner, withEpilogue, zeroKernel } from "../routine.ts";

/** The dtype of a convolution. */
export function floatOf(context: StepContext, step: RoutineStep): DType {
  const { dtype } = context.slots[step.output];
  if (!isFloat(dtype)) throw new DTypeError(`${step.name} is defined for float dtypes, got ${dtype}`);
  return dtype;
}

/** Zeros: what a sum of nothing gives. */
export function zeros(context: StepContext, step: RoutineStep): StepRunner {
  const call = new LoopCall(context.engine, zeroKernel(context.slots[step.output].dtype, step.outputShape));
  return runner(() => runLoop(call, context.at[step.output]), call);
}

/** Output channels up to which the library, for which patches are copied out, is slower than Winograd's method with its fewer multiplications. */
const FEW_CHANNELS = 128;

/** Of Winograd's method and the system's BLAS the one that is faster for so many output channels, if they can do it at all. */
export function sooner(
  channels: number,
  winograd: () => StepRunner[] | null,
  native: () => StepRunner | null,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const library = () => {
    const product = native();
    return product === null ? null : withEpilogue(product, epilogue);
  };
  return channels <= FEW_CHANNELS ? winograd() ?? library() : library() ?? winograd();
}
