/**
 * The convolutions, and gradients in images, that go to Winograd's method: float32, filters of 3 x 3, strides and dilations of 1.
 *
 * @module
 */
import type { ConvAttrs, RoutineStep } from "../../../../kernel/plan.ts";
import { contiguous, type Layout } from "../../../../layout.ts";
import type { Shape } from "../../../../shape.ts";
import type { StepContext, StepRunner } from "../../engine.ts";
import type { LoopRunner } from "../../loops.ts";
import { following, runner, Workspace } from "../routine.ts";
import { computeType, stageInput, stageOutput, stagePadded } from "../stage.ts";
import { suitsWinograd, Winograd, winogradExtent } from "./winograd.ts";
import { WinogradGrad } from "./winograd_grad.ts";

/** Filters up to which the sums of their gradients, of which there are several, are small beside the work. */
const GRAD_FILTERS = 1 << 14;

/** Whether a convolution has the one form that the method is for. */
function suits(
  context: StepContext,
  step: RoutineStep,
  { stride, dilation }: ConvAttrs,
  weight: Layout,
): boolean {
  const [, , ...kernel] = weight.shape, [, , down, across] = weight.strides;
  return computeType(context.slots[step.output].dtype) === "float32" && kernel.length === 2 &&
    kernel.every((n) => n === 3) &&
    across === 1 && down === 3 && [...stride, ...dilation].every((n) => n === 1);
}

/** x [N, C, ...in], w [O, C / groups, 3, 3] -> [N, O, ...out]; null where another method is better. */
export function winogradConv(
  context: StepContext,
  step: RoutineStep<"conv">,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const { attrs, inputs: [x, w] } = step, { groups, padLow } = attrs;
  const rows = w.layout.shape[0] / groups, depth = w.layout.shape[1];
  if (!suits(context, step, attrs, w.layout)) return null;
  return winograd(context, step, epilogue, { x, w, rows, depth, groups, padLow, turned: false });
}

/** g [N, O, ...out], w [O, C / groups, 3, 3] -> [N, C, ...in]: the convolution of g with filters that are turned round; null where another method is better. */
export function winogradInputGrad(
  context: StepContext,
  step: RoutineStep<"convInputGrad">,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const { attrs, inputs: [g, w] } = step, { groups, padLow } = attrs;
  const rows = w.layout.shape[1], depth = w.layout.shape[0] / groups;
  if (!suits(context, step, attrs, w.layout)) return null;
  return winograd(context, step, epilogue, {
    x: g,
    w,
    rows,
    depth,
    groups,
    padLow: padLow.map((n) => 2 - n),
    turned: true,
  });
}

/** x [N, C, ...in], g [N, O, ...out] -> [O, C / groups, 3, 3]; null where another method is better. */
export function winogradWeightGrad(
  context: StepContext,
  step: RoutineStep<"convWeightGrad">,
): StepRunner | null {
  const { attrs, inputs: [x, g] } = step, { groups, padLow } = attrs;
  const [batch, channels, height, width] = g.layout.shape,
    depth = step.outputShape[1],
    rows = channels / groups;
  if (!suits(context, step, attrs, contiguous(step.outputShape))) return null;
  if (!suitsWinograd({ rows, depth, height, width }) || rows * depth > GRAD_FILTERS) return null;
  const space = new Workspace(context), result = stageOutput(context, space, step);
  const extent = winogradExtent(height, width), size = x.layout.shape.slice(2);
  const image = stagePadded(
    context,
    space,
    x,
    padLow,
    extent.map((n, d) => n - size[d] - padLow[d]),
    1,
    "rows",
  );
  const margin = [extent[0] - 2 - height, extent[1] - 2 - width];
  const grad = stagePadded(context, space, g, [0, 0], margin, 1, "rows");
  const [xImage, xChannel, xRow] = image.layout.strides, [gImage, gChannel, gRow] = grad.layout.strides;
  const product = new WinogradGrad(context.engine, {
    ...{ batch, groups, rows, depth, height, width },
    xStrides: [xImage, xChannel, xRow],
    gStrides: [gImage, gChannel, gRow],
  });
  const place = space.take(product.workspaceBytes);
  const run = () => {
    product.run(image.stage(), grad.stage(), result.address(), space.at(place));
    result.finish();
  };
  return runner(run, image, grad, result, product);
}

interface Operands {
  readonly x: RoutineStep["inputs"][number];
  readonly w: RoutineStep["inputs"][number];
  readonly rows: number;
  readonly depth: number;
  readonly groups: number;
  /** Zeros before x. */
  readonly padLow: Shape;
  readonly turned: boolean;
}

function winograd(
  context: StepContext,
  step: RoutineStep,
  epilogue: LoopRunner | null,
  { x, w, rows, depth, groups, padLow, turned }: Operands,
): StepRunner[] | null {
  const [batch, , height, width] = step.outputShape;
  if (!suitsWinograd({ rows, depth, height, width })) return null;
  const space = new Workspace(context);
  const extent = winogradExtent(height, width), size = x.layout.shape.slice(2);
  const high = extent.map((n, d) => n - size[d] - padLow[d]);
  const image = stagePadded(context, space, x, padLow, high, 1, "rows");
  const filters = stageInput(context, space, w), result = stageOutput(context, space, step);
  const [xImage, xChannel, xRow] = image.layout.strides, [wOut, wIn] = filters.layout.strides;
  const product = new Winograd(context.engine, {
    ...{ batch, groups, rows, depth, height, width, turned },
    filterStrides: turned ? [depth * wOut, wIn, wOut] : [rows * wOut, wOut, wIn],
    xStrides: [xImage, xChannel, xRow],
  });
  const place = space.take(product.workspaceBytes);
  const follow = result.direct ? epilogue?.call.follow(rows, height * width, batch * groups) ?? null : null;
  return following(epilogue, follow, (bound) =>
    runner(
      () => {
        product.run(filters.stage(), image.stage(), result.address(), space.at(place), bound());
        result.finish();
      },
      image,
      filters,
      result,
      product,
    ));
}
