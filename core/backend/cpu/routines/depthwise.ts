/**
 * The gradient of a depthwise convolution's weight, where every channel has a filter of its own: a matrix product of one row would have too few columns, so it is a loop that folds
 * over the outputs.
 *
 * @module
 */
import type { Instr } from "../../../kernel/ir.ts";
import type { RoutineStep } from "../../../kernel/plan.ts";
import { stridesOf } from "../../../shape.ts";
import type { StepContext, StepRunner } from "../engine.ts";
import { LoopCall } from "../loops.ts";
import { runLoop, runner, type Workspace } from "./routine.ts";
import { computeType, type Staged } from "./stage.ts";

/** x [N, C, ...in] (padded), g [N, C, ...out] -> [C, 1, ...kernel]. */
export function depthwiseWeightGrad(
  context: StepContext,
  space: Workspace,
  step: RoutineStep<"convWeightGrad">,
  x: Staged,
  g: Staged,
): StepRunner {
  const { dtype } = context.slots[step.output], compute = computeType(dtype);
  const { stride, dilation } = step.attrs;
  const [batch, channels, ...out] = g.layout.shape, kernel = step.outputShape.slice(2);
  const [xImage, xChannel, ...xSpatial] = x.layout.strides,
    [gImage, gChannel, ...gSpatial] = g.layout.strides;
  const load = (input: number, strides: readonly number[]): Instr => ({
    op: "load",
    dtype: compute,
    level: "inner",
    input,
    at: { offset: 0, strides },
    guards: [],
  });
  const outer = [channels, ...kernel], inner = [batch, ...out];
  const code: Instr[] = [
    load(0, [
      xChannel,
      ...xSpatial.map((s, d) => s * dilation[d]),
      xImage,
      ...xSpatial.map((s, d) => s * stride[d]),
    ]),
    load(1, [gChannel, ...kernel.map(() => 0), gImage, ...gSpatial]),
    { op: "apply", dtype: compute, level: "inner", fn: "mul", args: [0, 1] },
    { op: "reduce", dtype: compute, level: "outer", combiner: "sum", arg: 2 },
  ];
  if (dtype !== compute) code.push({ op: "cast", dtype, level: "outer", arg: 3 });
  const at = { offset: 0, strides: [...stridesOf(outer), ...inner.map(() => 0)] };
  code.push({ op: "store", dtype, level: "outer", output: 0, at, arg: code.length - 1 });
  const call = new LoopCall(context.engine, {
    outer,
    inner,
    inputs: [compute, compute],
    outputs: [dtype],
    code,
  });
  const partials = space.take(call.workspaceBytes);
  const run = () => runLoop(call, x.stage(), g.stage(), context.at[step.output], space.at(partials));
  return runner(run, x, g, call);
}
