/**
 * Depthwise convolutions, where every channel has filters of its own, and their adjoints: as matrix products they would have a single row. Planes are brought to a thread's own memory,
 * with their margins, strip by strip. The code is depthwise_code.ts and depthwise_grad_code.ts.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import type { RoutineInput, RoutineStep } from "../../../../kernel/plan.ts";
import { type Shape, sizeOf, stridesOf } from "../../../../shape.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine, StepContext, StepRunner } from "../../engine.ts";
import type { LoopRunner, TileFollow } from "../../loops.ts";
import type { PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import type { FloatType } from "../lane_ops.ts";
import { grid } from "../product/gemm.ts";
import { following, runner, Workspace } from "../routine.ts";
import { computeType, type Staged, stageInput, stageOutput } from "../stage.ts";
import { depthwiseModule, depthwiseScratch } from "./depthwise_code.ts";
import { depthwiseGradModule, depthwiseGradScratch } from "./depthwise_grad_code.ts";
import { type DepthwiseForm, depthwiseWords, MARGIN } from "./depthwise_plane.ts";
import { phasesOf } from "./windows.ts";

const rowKernels = engineCache((engine: Engine, key: string): PoolKernel => {
  const form: DepthwiseForm = JSON.parse(key);
  engine.pool.reserveScratch(depthwiseScratch(form));
  return engine.pool.load(depthwiseModule(form, engine.features.relaxedSimd))[0];
});

const filterKernels = engineCache((engine: Engine, key: string): PoolKernel => {
  const form: DepthwiseForm = JSON.parse(key);
  engine.pool.reserveScratch(depthwiseGradScratch(form));
  return engine.pool.load(depthwiseGradModule(form, engine.features.relaxedSimd))[0];
});

/** Taps up to which code is made for their number; phases of a stride, for the same reason; and channels of the result for one of x up to which the rows of a matrix product are too few. */
const TAPS = 64, PHASES = 4, MULTIPLIER = 2;

/** Points of the result between the first dimension and the last, at most: there is code for each. */
const POINTS = 16;

/** Nanoseconds that an output takes for each tap, roughly, and a row in all cases. */
const TAP = 0.06, ROW = 10;
/** Nanoseconds that a unit of work should take, and units that are enough. */
const UNIT_TIME = 12_000, UNITS = 64;
/** Bytes of a strip of x: half of the first-level cache. */
const STRIP_BYTES = 1 << 14;

/** A window that moves along one dimension of x. */
interface Along {
  /** Elements of x, zeros before it (fewer than none cut off), and all that is read. */
  readonly size: number;
  readonly low: number;
  readonly all: number;
  /** Elements of x from one position of a phase to the next, and of the result. */
  readonly step: number;
  readonly outStep: number;
  /** The positions that the same taps reach, and the elements of x that these meet. */
  readonly phases: readonly {
    readonly count: number;
    readonly taps: readonly { tap: number; at: number }[];
  }[];
}

/** How a convolution moves along a dimension. */
function forward(
  size: number,
  out: number,
  kernel: number,
  stride: number,
  low: number,
  dilation: number,
): Along {
  const taps = Array.from({ length: kernel }, (_, tap) => ({ tap, at: tap * dilation }));
  const all = (out - 1) * stride + (kernel - 1) * dilation + 1;
  return { size, low, all, step: stride, outStep: 1, phases: [{ count: out, taps }] };
}

/** How the adjoint of a convolution moves along a dimension of the gradient. */
function backward(
  size: number,
  out: number,
  kernel: number,
  stride: number,
  pad: number,
  dilation: number,
): Along {
  const phases = phasesOf(out, kernel, stride, dilation, pad);
  const low = Math.max(...phases.flatMap(({ taps }) => taps.map(({ shift }) => -shift)));
  const moved = phases.map(({ count, taps }) => ({
    count,
    taps: taps.map(({ tap, shift }) => ({ tap, at: shift + low })),
  }));
  const all = Math.max(...moved.flatMap(({ count, taps }) => taps.map(({ at }) => at + count)));
  return { size, low, all, step: 1, outStep: stride, phases: moved };
}

/** Whether the kernels are for such filters. */
function suits([channels, depth, ...kernel]: Shape, groups: number): boolean {
  return depth === 1 && channels <= MULTIPLIER * groups && sizeOf(kernel) <= TAPS && sizeOf(kernel) > 0;
}

/** Every choice of one from each list. */
function choices<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, own) => all.flatMap((some) => own.map((one) => [...some, one])), [[]]);
}

/** The form of the kernels for a window along all dimensions, and the table of the rows of x; null where there would be too much code. */
function formOf(
  dtype: FloatType,
  given: readonly Along[],
  kernel: Shape,
  out: Shape,
  xStrides: readonly number[],
  planes: number,
): { readonly form: DepthwiseForm; readonly xRows: number[] } | null {
  // A line is a plane of one row.
  const row: Along = {
    size: 1,
    low: 0,
    all: 1,
    step: 1,
    outStep: 1,
    phases: [{ count: 1, taps: [{ tap: 0, at: 0 }] }],
  };
  const along = given.length === 1 ? [row, ...given] : given, rank = along.length, last = rank - 1;
  const shape = given.length === 1 ? [1, ...out] : out, filter = given.length === 1 ? [1, ...kernel] : kernel;
  const strides = given.length === 1 ? [0, ...xStrides] : xStrides, bytes = bytesOf(dtype);
  const outAt = stridesOf(shape), filterAt = stridesOf(filter), end = along[last];
  const split = end.step, part = Math.ceil(end.all / split), middle = along.slice(1, last);
  const between = sizeOf(middle.map(({ all }) => all));
  // Bytes between neighbours in the copy of x.
  const at = [between, ...stridesOf(middle.map(({ all }) => all)), 1].map((rows) =>
    rows * split * part * bytes
  );
  const columnAt = (p: number) => (p % split * part + Math.floor(p / split)) * bytes;
  const outer = choices(
    along.slice(0, last).map(({ phases }) => phases.map((phase, number) => ({ phase, number }))),
  );
  const kinds = outer.map((phases) => {
    const taps = choices(phases.map(({ phase }) => phase.taps));
    const columns = end.phases.map((phase) =>
      taps.flatMap((rows) =>
        phase.taps.map((column) => ({
          w: rows.reduce((sum, { tap }, d) => sum + tap * filterAt[d], column.tap),
          at: rows.reduce((sum, own, d) => sum + own.at * at[d], columnAt(column.at)),
        }))
      )
    );
    const points = choices(
      phases.slice(1).map(({ phase }) => Array.from({ length: phase.count }, (_, i) => i)),
    );
    const start = phases.reduce((sum, { number }, d) => sum + number * outAt[d], 0);
    return {
      columns,
      rows: phases[0].phase.count,
      points: points.map((point) => ({
        from: point.reduce((sum, i, d) => sum + i * middle[d].step * at[d + 1], 0),
        to: bytes * point.reduce((sum, i, d) => sum + i * middle[d].outStep * outAt[d + 1], start),
      })),
    };
  });
  const points = kinds.reduce((sum, kind) => sum + kind.points.length, 0);
  if (end.phases.length > 2 || kinds.length > PHASES || points > Math.max(POINTS, kinds.length)) return null;
  const [first] = along, rows = first.phases[0].count, line = between * split * part * bytes;
  // Rows of x that a strip of so many rows needs.
  const reach = Math.max(...first.phases.flatMap(({ taps }) => taps.map(({ at }) => at)));
  const needed = (strip: number) => (strip - 1) * first.step + reach + 1;
  const time = (TAP * sizeOf(kernel) * sizeOf(out) + ROW * sizeOf(shape.slice(0, last))) / rows;
  const fitting = Math.floor((STRIP_BYTES / line - needed(0)) / first.step);
  const shared = Math.max(UNIT_TIME / time, rows * planes / UNITS, needed(0));
  const strip = Math.max(1, Math.min(rows, Math.max(needed(0), fitting), Math.ceil(shared)));
  const inside = Math.max(0, -end.low), lead = Math.max(0, end.low);
  const form: DepthwiseForm = {
    dtype,
    taps: sizeOf(kernel),
    width: shape[last],
    kinds,
    rowStep: first.step * at[0],
    outStep: first.outStep * outAt[0] * bytes,
    strip,
    stripStep: strip * first.step * between,
    stripRows: needed(strip) * between,
    allRows: first.all * between,
    lead,
    first: inside,
    inner: Math.max(0, Math.min(end.size, end.all - end.low) - inside),
    split,
    part,
  };
  const places = along.slice(0, last).map(({ all, low, size }, d) =>
    Array.from({ length: all }, (_, i) => i >= low && i - low < size ? (i - low) * strides[d] * bytes : null)
  );
  const xRows = choices(places).map((offsets) =>
    offsets.reduce((sum: number, offset) => offset === null || sum === MARGIN ? MARGIN : sum + offset, 0)
  );
  return { form, xRows };
}

/** x [N, C, ...in], w [C * multiplier, 1, ...k] -> [N, C * multiplier, ...out]; null where it would not be faster than a matrix product. */
export function depthwiseConv(
  context: StepContext,
  step: RoutineStep<"conv">,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const { attrs, inputs: [input, weight] } = step,
    { shape } = weight.layout,
    { stride, padLow, dilation } = attrs;
  const along = step.outputShape.slice(2).map((out, d) =>
    forward(input.layout.shape[d + 2], out, shape[d + 2], stride[d], padLow[d], dilation[d])
  );
  return suits(shape, attrs.groups)
    ? rowsRunner(context, step, epilogue, input, weight, attrs.groups, along)
    : null;
}

/** g [N, C, ...out], w [C, 1, ...k] -> [N, C, ...in]; null where it would not be faster than a matrix product. */
export function depthwiseInputGrad(
  context: StepContext,
  step: RoutineStep<"convInputGrad">,
  epilogue: LoopRunner | null,
): StepRunner[] | null {
  const { attrs, inputs: [grad, weight] } = step,
    { shape } = weight.layout,
    { stride, padLow, dilation } = attrs;
  if (!suits(shape, attrs.groups) || shape[0] !== attrs.groups) return null;
  const along = step.outputShape.slice(2).map((out, d) =>
    backward(grad.layout.shape[d + 2], out, shape[d + 2], stride[d], padLow[d], dilation[d])
  );
  return rowsRunner(context, step, epilogue, grad, weight, attrs.groups, along);
}

function rowsRunner(
  context: StepContext,
  step: RoutineStep,
  epilogue: LoopRunner | null,
  input: RoutineInput,
  weight: RoutineInput,
  groups: number,
  along: readonly Along[],
): StepRunner[] | null {
  const { engine } = context, dtype = computeType(context.slots[step.output].dtype), bytes = bytesOf(dtype);
  const [batch, channels, ...out] = step.outputShape, planes = batch * channels;
  const kernel = weight.layout.shape.slice(2), space = new Workspace(context);
  const x = stageInput(context, space, input, "rows"), w = stageInput(context, space, weight);
  const made = formOf(dtype, along, kernel, out, x.layout.strides.slice(2), planes);
  if (made === null) {
    [x, w].forEach((staged) => staged.dispose());
    return null;
  }
  const { form, xRows } = made, strips = Math.ceil(form.kinds[0].rows / form.strip), units = strips * planes;
  const chunk = chunkOf(units, (TAP * sizeOf(kernel) * sizeOf(out) + ROW * xRows.length) / strips);
  const rowCount = sizeOf(out.slice(0, -1)), width = out[out.length - 1];
  const block = argumentsAt(
    engine,
    depthwiseWords,
    {
      ...xWords(x, bytes),
      ...{ channels, multiplier: channels / groups, strips, outPlane: sizeOf(out) * bytes },
      wChannel: w.layout.strides[0] * bytes,
    },
    { xRows, wTaps: grid(kernel, w.layout.strides.slice(2), bytes) },
  );
  const rows = rowKernels(engine, JSON.stringify(form)), result = stageOutput(context, space, step);
  // Rows of the result that a strip is: some of its first dimension.
  const tileRows = out.length === 1 ? 1 : form.strip * along[0].outStep * sizeOf(out.slice(1, -1));
  const run = (bound: TileFollow | null) => {
    setAddresses(block, x.stage(), w.stage(), result.address());
    const follow = bound === null ? null : { ...bound, tileRows, tileColumns: width };
    if (chunk < units) engine.pool.run(rows, units, chunk, block.address, follow);
    else {
      rows.fn(0, units, block.address, engine.pool.scratch);
      if (bound !== null) bound.kernel.fn(0, bound.points, bound.args, 0);
    }
    result.finish();
  };
  const follow = result.direct ? epilogue?.call.follow(rowCount, width, planes) ?? null : null;
  return following(epilogue, follow, (bound) => runner(() => run(bound()), x, w, result, block));
}

/** Where the images and channels of x are. */
function xWords({ layout }: Staged, bytes: number) {
  const [xImage, xChannel] = layout.strides.map((n) => n * bytes);
  return { xImage, xChannel };
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
  const { attrs, inputs: [input, grad], outputShape } = step, { stride, padLow, dilation, groups } = attrs;
  if (!suits(outputShape, groups)) return null;
  const { engine } = context, dtype = computeType(context.slots[step.output].dtype), bytes = bytesOf(dtype);
  const [batch, channels, ...out] = grad.layout.shape, kernel = outputShape.slice(2);
  const space = new Workspace(context);
  const x = stageInput(context, space, input, "rows"), g = stageInput(context, space, grad, "rows");
  const along = out.map((size, d) =>
    forward(input.layout.shape[d + 2], size, kernel[d], stride[d], padLow[d], dilation[d])
  );
  const made = formOf(dtype, along, kernel, out, x.layout.strides.slice(2), UNITS);
  if (made === null) {
    [x, g].forEach((staged) => staged.dispose());
    return null;
  }
  const { form, xRows } = made, [gImage, gChannel, ...gSteps] = g.layout.strides;
  const strips = Math.ceil(form.kinds[0].rows / form.strip);
  const block = argumentsAt(
    engine,
    depthwiseWords,
    {
      ...xWords(x, bytes),
      ...{ channels, multiplier: channels / groups, strips, batch },
      ...{ gImage: gImage * bytes, gChannel: gChannel * bytes },
    },
    { xRows, gRows: grid(out.slice(0, -1), gSteps, bytes) },
  );
  const filters = filterKernels(engine, JSON.stringify(form)), result = stageOutput(context, space, step);
  const time = batch * (TAP * sizeOf(kernel) * sizeOf(out) + ROW * xRows.length);
  const run = () => {
    setAddresses(block, x.stage(), g.stage(), result.address());
    runChunked(engine.pool, filters, channels, chunkOf(channels, time), block.address);
    result.finish();
  };
  return runner(run, x, g, result, block);
}
