/**
 * The adjoint of a convolution in its input, also the transposed convolution. The positions of one residue modulo the stride, a phase, are a convolution of the gradient with the
 * taps that reach them, whose stride is 1: nothing is multiplied with zeros between the elements. Phases are matrix products over tables; several are put together in the end.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import type { RoutineStep } from "../../../../kernel/plan.ts";
import { type Shape, sizeOf, stridesOf } from "../../../../shape.ts";
import type { StepContext, StepRunner } from "../../engine.ts";
import { LoopCall, type LoopRunner } from "../../loops.ts";
import type { FloatType } from "../lane_ops.ts";
import { Gemm, type GemmSpec, grid, type Product, steps } from "../product/gemm.ts";
import {
  following,
  type RoutineMaker,
  runLoop,
  runner,
  withEpilogue,
  Workspace,
  zeroKernel,
} from "../routine.ts";
import { computeType, type Staged, stageInput, stageOutput, stagePadded } from "../stage.ts";
import { nativeInputGrad } from "./conv_native.ts";
import { depthwiseInputGrad } from "./depthwise.ts";
import { exactWhere } from "./input_grad_exact.ts";
import { Interleave } from "./interleave.ts";
import { floatOf, sooner, zeros } from "./method.ts";
import { type Phase, phasesOf, runOf, sums } from "./windows.ts";
import { winogradInputGrad } from "./winograd_conv.ts";

/** Phases that join the same places of g: their results are rows of one product. */
interface Group {
  readonly members: number[];
  readonly phases: (readonly Phase[])[];
}

function groupsOf(phases: readonly (readonly Phase[])[]): Group[] {
  const groups = new Map<string, Group>();
  phases.forEach((phase, i) => {
    if (phase.some(({ taps }) => taps.length === 0)) return;
    const key = phase.map(({ taps }) => taps.map(({ shift }) => shift).join()).join(";");
    const group = groups.get(key) ?? { members: [], phases: [] };
    groups.set(key, group);
    group.members.push(i);
    group.phases.push(phase);
  });
  return [...groups.values()];
}

/** The sizes of an adjoint. */
interface Sizes {
  readonly dtype: FloatType;
  readonly batch: number;
  readonly groups: number;
  /** Channels of a group of the result, and those of g. */
  readonly channels: number;
  readonly depth: number;
}

/** Elements of a row of g, margin and all, for one that counts, up to which rows of results are computed with what lies between them, as one. */
const WASTE = 1.2;

/** The columns of a phase: the points of `counts`, or all elements of g from the first to the last of them, whose rows have the strides `at`. */
function columnsOf(counts: Shape, at: readonly number[], bytes: number) {
  const span = counts.reduce((sum, n, d) => sum + (n - 1) * at[d], 1), exact = sizeOf(counts);
  return at.at(-1) === 1 && span >= exact && span <= WASTE * exact
    ? { columns: span, table: steps(span, bytes), run: span, strides: at }
    : { columns: exact, table: grid(counts, at, bytes), run: runOf(counts, at), strides: stridesOf(counts) };
}

/** Bytes of the phases that are kept before they are put together, unless those of one image are more. */
const KEPT_BYTES = 1 << 23;

/** Images whose phases are computed at a time: a divisor of all. */
function imagesOf(batch: number, bytes: number): number {
  let images = batch;
  while (batch % images !== 0 || (images > 1 && images * bytes > KEPT_BYTES)) images--;
  return images;
}

/** g [N, O, ...out], w [O, C / groups, ...k] -> [N, C, ...inputSize]. */
export const convInputGrad: RoutineMaker<"convInputGrad"> = (context, step, epilogue) => {
  const dtype = computeType(floatOf(context, step));
  const { stride, padLow, dilation, groups, inputSize } = step.attrs;
  const [batch, allChannels] = step.outputShape, channels = allChannels / groups;
  const [, outChannels, ...out] = step.inputs[0].layout.shape, depth = outChannels / groups;
  const kernel = step.inputs[1].layout.shape.slice(2);
  const perDim = inputSize.map((size, d) => phasesOf(size, kernel[d], stride[d], dilation[d], padLow[d]));
  const phases = perDim.reduce<Phase[][]>((all, own) => all.flatMap((p) => own.map((q) => [...p, q])), [[]]);
  const reached = depth > 0 ? groupsOf(phases) : [];
  if (reached.length === 0) return withEpilogue(zeros(context, step), epilogue);
  // Margins of zeros, for what lies outside g.
  const counts = perDim.map(([{ count }]) => count);
  const shifts = perDim.map((list) => list.flatMap((p) => p.taps.map(({ shift }) => shift)));
  const low = shifts.map((list) => Math.max(0, ...list.map((shift) => -shift)));
  const high = shifts.map((list, d) => Math.max(0, ...list.map((shift) => shift + counts[d] - out[d])));
  const general = () => {
    const space = new Workspace(context);
    const g = stagePadded(context, space, step.inputs[0], low, high);
    const w = stageInput(context, space, step.inputs[1]);
    const sizes: Sizes = { dtype, batch, groups, channels, depth };
    return phases.length === 1
      ? whole(context, space, step, epilogue, sizes, g, w, low, reached[0].phases[0])
      : inPhases(context, space, step, epilogue, sizes, g, w, low, reached, counts);
  };
  const runners = depthwiseInputGrad(context, step, epilogue) ?? sooner(
    depth,
    () => winogradInputGrad(context, step, epilogue),
    () => nativeInputGrad(context, step),
    epilogue,
  ) ?? general();
  if ([...low, ...high].every((n) => n === 0)) return runners;
  return exactWhere(context, step, reached.flatMap((group) => group.phases), runners, epilogue);
};

/** The product for phases that join the same places, but for where its results go. Their channels are its rows, phase after phase. */
function productOf(
  { dtype, channels, depth }: Sizes,
  g: Staged,
  w: Staged,
  low: readonly number[],
  phases: readonly (readonly Phase[])[],
) {
  const bytes = bytesOf(dtype), [wOut, wIn, ...wSpatial] = w.layout.strides;
  const [, gChannel, ...gSpatial] = g.layout.strides;
  const along = (phase: readonly Phase[], of: (tap: Phase["taps"][number], d: number) => number) =>
    phase.map(({ taps }, d) => taps.map((tap) => of(tap, d)));
  const over = (step: number, tables: number[][]) =>
    sums([Array.from({ length: depth }, (_, o) => o * step), ...tables], bytes);
  // Taps of phases that join the same places are the same number of places apart.
  const firsts = phases.map((phase) =>
    phase.reduce((sum, { taps }, d) => sum + (taps[0].tap - phases[0][d].taps[0].tap) * wSpatial[d], 0)
  );
  const aRows = sums([firsts, Array.from({ length: channels }, (_, c) => c * wIn)], bytes);
  const aColumns = over(wOut, along(phases[0], ({ tap }, d) => tap * wSpatial[d]));
  const bRows = over(gChannel, along(phases[0], ({ shift }, d) => (shift + low[d]) * gSpatial[d]));
  const near = phases[0].some(({ taps }) => taps.length > 1);
  return {
    dtype,
    rows: aRows.length,
    depth: aColumns.length,
    aRows,
    aColumns,
    bRows,
    near,
    packFirst: ["A"],
  } as const;
}

/** Byte offsets of the operands for each image and group, with those of the results. */
function productsFor(
  { dtype, groups, depth }: Sizes,
  images: number,
  g: Staged,
  w: Staged,
  to: (image: number, group: number) => number,
): Product[] {
  const bytes = bytesOf(dtype), products: Product[] = [];
  for (let n = 0; n < images; n++) {
    for (let k = 0; k < groups; k++) {
      products.push({
        a: bytes * k * depth * w.layout.strides[0],
        b: bytes * (n * g.layout.strides[0] + k * depth * g.layout.strides[1]),
        c: bytes * to(n, k),
      });
    }
  }
  return products;
}

/** The only phase there is: the result itself. */
function whole(
  context: StepContext,
  space: Workspace,
  step: RoutineStep<"convInputGrad">,
  epilogue: LoopRunner | null,
  sizes: Sizes,
  g: Staged,
  w: Staged,
  low: readonly number[],
  phase: readonly Phase[],
): StepRunner[] {
  const { dtype, batch, groups, channels } = sizes, bytes = bytesOf(dtype), { inputSize } = step.attrs;
  const plane = sizeOf(inputSize), gSpatial = g.layout.strides.slice(2);
  const spec: GemmSpec = {
    ...productOf(sizes, g, w, low, [phase]),
    columns: plane,
    bColumns: grid(inputSize, gSpatial, bytes),
    cStride: plane * bytes,
    cColumns: null,
    run: runOf(inputSize, gSpatial),
    products: productsFor(sizes, batch, g, w, (n, k) => (n * groups + k) * channels * plane),
  };
  const gemm = new Gemm(context.engine, spec), packed = space.take(gemm.workspaceBytes);
  const result = stageOutput(context, space, step);
  const follow = result.direct ? epilogue?.call.follow(channels, plane, batch * groups) ?? null : null;
  return following(epilogue, follow, (bound) =>
    runner(
      () => {
        gemm.run(w.stage(), g.stage(), result.address(), space.at(packed), bound());
        result.finish();
      },
      g,
      w,
      result,
      gemm,
    ));
}

/** Several phases, of some images at a time, which are then put together. */
function inPhases(
  context: StepContext,
  space: Workspace,
  step: RoutineStep<"convInputGrad">,
  epilogue: LoopRunner | null,
  sizes: Sizes,
  g: Staged,
  w: Staged,
  low: readonly number[],
  reached: readonly Group[],
  counts: Shape,
): StepRunner[] {
  const { dtype, batch, groups, channels } = sizes, bytes = bytesOf(dtype), { engine } = context;
  const { stride, inputSize } = step.attrs, last = inputSize.length - 1;
  const { columns, table, run, strides } = columnsOf(counts, g.layout.strides.slice(2), bytes);
  // Phases in the order in which they are computed; those that no tap reaches are zeros and are not there.
  const order = reached.flatMap(({ members }) => members),
    place = new Map(order.map((phase, i) => [phase, i]));
  const groupStride = order.length * channels * columns;
  const images = imagesOf(batch, groups * groupStride * bytes);
  let before = 0;
  const gemms = reached.map((group) => {
    const first = before * channels * columns;
    before += group.members.length;
    const gemm = new Gemm(engine, {
      ...productOf(sizes, g, w, low, group.phases),
      columns,
      bColumns: table,
      cStride: columns * bytes,
      cColumns: null,
      run,
      products: productsFor(sizes, images, g, w, (n, k) => (n * groups + k) * groupStride + first),
    });
    return { gemm, packed: space.take(gemm.workspaceBytes) };
  });
  const lines = inputSize.slice(0, last),
    numbers = stridesOf(inputSize.map((size, d) => Math.min(size, stride[d])));
  const rows: number[] = [];
  grid(lines, stridesOf(lines), 1).forEach((line) => {
    const at = lines.map((size, d) => Math.floor(line / sizeOf(lines.slice(d + 1))) % size);
    const phase = at.reduce((sum, i, d) => sum + i % stride[d] * numbers[d], 0);
    const offset = at.reduce((sum, i, d) => sum + Math.floor(i / stride[d]) * strides[d], 0);
    for (let r = 0; r < stride[last]; r++) {
      const own = r < inputSize[last] ? place.get(phase + r) : undefined;
      rows.push(own === undefined ? -1 : own * channels * columns + offset);
    }
  });
  const join = new Interleave(engine, {
    ...{ dtype, step: stride[last], width: inputSize[last], groups: images * groups, planes: channels },
    ...{ groupStride, planeStride: columns, rows },
  });
  const kept = space.take(images * groups * groupStride * bytes);
  const nothing = rows.includes(-1) ? new LoopCall(engine, zeroKernel(dtype, [counts[last]])) : null;
  const zeros = space.take(nothing === null ? 0 : counts[last] * bytes);
  const result = stageOutput(context, space, step);
  const calculate = () => {
    const a = w.stage(), b = g.stage(), to = result.address();
    if (nothing !== null) runLoop(nothing, space.at(zeros));
    for (let n = 0; n < batch; n += images) {
      const from = b + n * g.layout.strides[0] * bytes;
      for (const { gemm, packed } of gemms) gemm.run(a, from, space.at(kept), space.at(packed));
      join.run(space.at(kept), to + n * groups * channels * sizeOf(inputSize) * bytes, space.at(zeros));
    }
    result.finish();
  };
  const owned = [
    g,
    w,
    result,
    join,
    ...gemms.map(({ gemm }) => gemm),
    ...(nothing === null ? [] : [nothing]),
  ];
  return withEpilogue(runner(calculate, ...owned), epilogue);
}
