/**
 * Depthwise convolutions, where every channel has filters of its own, and their gradients: as matrix products they would have a single row. The code is
 * depthwise_code.ts.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import type { ConvAttrs, RoutineInput, RoutineStep } from "../../../../kernel/plan.ts";
import { type Shape, sizeOf } from "../../../../shape.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine, StepContext, StepRunner } from "../../engine.ts";
import type { LoopRunner, TileFollow } from "../../loops.ts";
import type { PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import { depthwiseModule, depthwiseScratch, depthwiseWords } from "./depthwise_code.ts";
import type { FloatType } from "../floats.ts";
import { grid } from "../product/gemm.ts";
import { following, runner, Workspace } from "../routine.ts";
import { computeType, type Staged, stageInput, stageOutput, stagePadded, stageSpread } from "../stage.ts";
import { splitOf, sums, windowOf } from "./windows.ts";

const kernels = engineCache(
  (engine: Engine, key: `${FloatType} ${number} ${number} ${1 | 2}`): PoolKernel[] => {
    const [dtype, ...sizes] = key.split(" "), [taps, width, step] = sizes.map(Number);
    engine.pool.reserveScratch(depthwiseScratch(taps));
    const form = { dtype: dtype as FloatType, taps, width, step: step as 1 | 2 };
    return engine.pool.load(depthwiseModule(form, engine.features.relaxedSimd));
  },
);

/** Taps up to which code is made for their number, and channels of the result for one of x up to which the rows of a matrix product are too few. */
const TAPS = 64, MULTIPLIER = 2;

/** Nanoseconds that an output takes for each tap, roughly, and a row in all cases. */
const TAP = 0.12, ROW = 20;
/** Nanoseconds that a unit of work should take, and units that are enough. */
const UNIT_TIME = 12_000, UNITS = 64;

/** What the kernels need to know of a convolution. Tables are of byte offsets. */
interface Spec {
  readonly batch: number;
  /** Channels of the result, and how many of them share a channel of x. */
  readonly channels: number;
  readonly multiplier: number;
  readonly out: Shape;
  readonly x: Staged;
  readonly xTaps: Int32Array;
  /** Elements between neighbouring outputs along each dimension; 1 or 2 along the last. */
  readonly steps: readonly number[];
  readonly dtype: FloatType;
}

/** Whether the kernels are for such filters: few enough, and the outputs of a row read elements that are near each other, or can be made so. */
function suits([channels, depth, ...kernel]: Shape, groups: number, stride: readonly number[]): boolean {
  return depth === 1 && channels <= MULTIPLIER * groups && sizeOf(kernel) <= TAPS &&
    (stride[stride.length - 1] <= 2 || kernel[kernel.length - 1] > 1);
}

/** As `splitOf`, but every second element can be read as it is. */
function partsOf(stride: readonly number[], kernel: Shape): number {
  return stride[stride.length - 1] <= 2 ? 1 : splitOf(stride, kernel);
}

/** What the kernels need to know where x [N, C, ...in] meets filters [C * multiplier, 1, ...kernel] in `outputs` [N, C * multiplier, ...out]. */
function specOf(
  context: StepContext,
  space: Workspace,
  attrs: ConvAttrs,
  input: RoutineInput,
  kernel: Shape,
  [batch, channels, ...out]: Shape,
  dtype: FloatType,
): Spec {
  const { stride, padLow, padHigh, groups } = attrs, split = partsOf(stride, kernel);
  const x = stagePadded(context, space, input, padLow, padHigh, split, "rows");
  const { taps, steps } = windowOf(attrs, kernel, x, split);
  const xTaps = sums(taps, bytesOf(dtype));
  return { batch, channels, multiplier: channels / groups, out, x, xTaps, steps, dtype };
}

/** The kernels for a convolution. */
function kernelsOf(engine: Engine, { dtype, xTaps, out, steps }: Spec): PoolKernel[] {
  const last = out.length - 1;
  return kernels(engine, `${dtype} ${xTaps.length} ${out[last]} ${steps[last] === 2 ? 2 : 1}`);
}

/** x [N, C, ...in], w [C * multiplier, 1, ...k] -> [N, C * multiplier, ...out]; null where it would not be faster than a matrix product. */
export function depthwiseConv(
  context: StepContext,
  step: RoutineStep<"conv">,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const { attrs, inputs: [input, weight] } = step, { shape } = weight.layout, kernel = shape.slice(2);
  if (!suits(shape, attrs.groups, attrs.stride)) return null;
  const dtype = computeType(context.slots[step.output].dtype), space = new Workspace(context);
  const spec = specOf(context, space, attrs, input, kernel, step.outputShape, dtype);
  const w = stageInput(context, space, weight);
  const wTaps = grid(kernel, w.layout.strides.slice(2), bytesOf(dtype));
  return rowsRunner(context, space, step, epilogue, spec, w, wTaps);
}

/** Outputs of the gradient for one element of g, up to which it pays to put zeros between these. */
const MOST_SPREAD = 4;

/** g [N, C, ...out], w [C, 1, ...k] -> [N, C, ...in]: the convolution of g, with zeros between its elements, with filters that are turned round; null where that does not pay. */
export function depthwiseInputGrad(
  context: StepContext,
  step: RoutineStep<"convInputGrad">,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const { attrs, inputs: [grad, weight] } = step, { stride, dilation, padLow, groups } = attrs;
  const { shape } = weight.layout, kernel = shape.slice(2), [batch, channels, ...out] = step.outputShape;
  const ones = stride.map(() => 1);
  if (!suits(shape, groups, ones) || shape[0] !== groups || sizeOf(stride) > MOST_SPREAD) return null;
  const dtype = computeType(context.slots[step.output].dtype), bytes = bytesOf(dtype);
  const space = new Workspace(context), size = grad.layout.shape.slice(2);
  const reach = kernel.map((n, d) => dilation[d] * (n - 1)), low = reach.map((n, d) => n - padLow[d]);
  const padded = out.map((n, d) => n + reach[d]);
  const high = padded.map((n, d) => n - size[d] - low[d]);
  const inside = low.every((n, d) => n >= 0 && n + (size[d] - 1) * stride[d] < padded[d]);
  const dense = stride.every((s) => s === 1);
  if (!dense && !inside) return null;
  const x = dense
    ? stagePadded(context, space, grad, low, high, 1, "rows")
    : stageSpread(context, space, grad, low, stride, padded);
  const w = stageInput(context, space, weight);
  const { taps, steps } = windowOf({ ...attrs, stride: ones }, kernel, x, 1);
  const spec = { batch, channels, multiplier: 1, out, x, xTaps: sums(taps, bytes), steps, dtype };
  const turned = grid(kernel, w.layout.strides.slice(2), bytes).reverse();
  return rowsRunner(context, space, step, epilogue, spec, w, turned);
}

/** Words that all kernels take. */
function wordsOf({ channels, multiplier, out, x, dtype }: Spec) {
  const [xImage, xChannel] = x.layout.strides.map((n) => n * bytesOf(dtype));
  return { channels, multiplier, rows: sizeOf(out.slice(0, -1)), xImage, xChannel };
}

/** Byte offsets of the rows of outputs. */
function rowsOf(out: Shape, steps: readonly number[], dtype: FloatType): Int32Array {
  return grid(out.slice(0, -1), steps.slice(0, out.length - 1), bytesOf(dtype));
}

function rowsRunner(
  context: StepContext,
  space: Workspace,
  step: RoutineStep,
  epilogue: LoopRunner | null,
  spec: Spec,
  w: Staged,
  wTaps: Int32Array,
): StepRunner[] {
  const { engine } = context, { batch, out, x, xTaps, steps, dtype } = spec;
  const words = wordsOf(spec), { rows, channels } = words, planes = batch * channels;
  const width = out[out.length - 1];
  const time = TAP * xTaps.length * width + ROW;
  const strip = Math.min(rows, Math.max(Math.ceil(UNIT_TIME / time), Math.ceil(rows * planes / UNITS)));
  const strips = Math.ceil(rows / strip), units = strips * planes, chunk = chunkOf(units, time * strip);
  const block = argumentsAt(
    engine,
    depthwiseWords,
    { ...words, strip, strips, wChannel: w.layout.strides[0] * bytesOf(dtype) },
    { xTaps, wTaps, xRows: rowsOf(out, steps, dtype) },
  );
  const [kernel] = kernelsOf(engine, spec),
    result = stageOutput(context, space, step);
  const run = (bound: TileFollow | null) => {
    setAddresses(block, x.stage(), w.stage(), result.address());
    const follow = bound === null ? null : { ...bound, tileRows: strip, tileColumns: width };
    if (chunk < units) engine.pool.run(kernel, units, chunk, block.address, follow);
    else {
      kernel.fn(0, units, block.address, engine.pool.scratch);
      if (bound !== null) bound.kernel.fn(0, bound.points, bound.args, 0);
    }
    result.finish();
  };
  const follow = result.direct ? epilogue?.call.follow(rows, width, planes) ?? null : null;
  return following(epilogue, follow, (bound) => runner(() => run(bound()), x, w, result, block));
}

function setAddresses({ words }: ArgumentBlock, x: number, w: number, out: number): void {
  words[depthwiseWords.x] = x;
  words[depthwiseWords.w] = w;
  words[depthwiseWords.out] = out;
}

/** x [N, C, ...in], g [N, C * multiplier, ...out] -> [C * multiplier, 1, ...kernelSize]; null where it would not be faster than a matrix product. */
export function depthwiseWeightGrad(
  context: StepContext,
  step: RoutineStep<"convWeightGrad">,
): StepRunner | null {
  const { attrs, inputs: [input, grad] } = step, { shape } = grad.layout;
  if (!suits(step.outputShape, attrs.groups, attrs.stride)) return null;
  const { engine } = context, dtype = computeType(context.slots[step.output].dtype), bytes = bytesOf(dtype);
  const space = new Workspace(context);
  const spec = specOf(context, space, attrs, input, step.outputShape.slice(2), shape, dtype);
  const g = stageInput(context, space, grad, "rows"), result = stageOutput(context, space, step);
  const { batch, channels, out, x, xTaps, steps } = spec;
  const [gImage, gChannel, ...gSteps] = g.layout.strides;
  const block = argumentsAt(
    engine,
    depthwiseWords,
    { ...wordsOf(spec), batch, gImage: gImage * bytes, gChannel: gChannel * bytes },
    { xTaps, xRows: rowsOf(out, steps, dtype), gRows: rowsOf(out, gSteps, dtype) },
  );
  const [, filters] = kernelsOf(engine, spec);
  const time = batch * sizeOf(out) * xTaps.length * TAP;
  const run = () => {
    setAddresses(block, x.stage(), g.stage(), result.address());
    runChunked(engine.pool, filters, channels, chunkOf(channels, time), block.address);
    result.finish();
  };
  return runner(run, x, g, result, block);
}
