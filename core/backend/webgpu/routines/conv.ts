/**
 * Convolution and its two adjoints as general products in which one operand is read through windows (implicit GEMM): no patches are ever copied.
 * The gradient of few weights is a reduction for each of them.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Affine, Guard, Instr, LoopKernel } from "../../../kernel/ir.ts";
import type { RoutineInput, RoutineStep } from "../../../kernel/plan.ts";
import { contiguous } from "../../../layout.ts";
import { sizeOf, stridesOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { zeroKernel } from "../loops/copy.ts";
import { lowerLoop } from "../loops/lower.ts";
import { lowerProduct } from "./gemm.ts";
import type { Coordinate, IndexPart } from "./gemm_index.ts";
import type { Product } from "./gemm_job.ts";

/** out[n, o, p] = sum over c, q of w[o, c, q] x[n, c, p * stride - pad + q * dilation]. */
export function lowerConv(builder: Builder, step: RoutineStep<"conv">): void {
  const [source, w] = step.inputs;
  const { stride, dilation, groups } = step.attrs;
  const [n, o, ...out] = step.outputShape;
  const [, c, ...kernel] = w.layout.shape;
  const windows = forwardWindows(step.attrs, out, kernel);
  const { input: x, coordinates } = windowedInput(builder, source, windows, step.label);
  const xs = x.layout.strides, ws = w.layout.strides;
  const positions = sizeOf(out), rows = o / groups;
  run(builder, step, w, x, {
    a: {
      offset: w.layout.offset,
      batch: group(groups, ws[0] * rows),
      row: { extents: [rows], strides: [ws[0]] },
      k: { extents: [c, ...kernel], strides: ws.slice(1) },
      coordinates: [],
    },
    b: {
      offset: x.layout.offset,
      batch: group(groups, xs[1] * c),
      row: windowed(n, xs[0], out, stride),
      k: windowed(c, xs[1], kernel, dilation),
      coordinates,
    },
    out: {
      offset: 0,
      batch: group(groups, rows * positions),
      row: { extents: [rows], strides: [positions] },
      column: { extents: [n, positions], strides: [o * positions, 1] },
    },
  });
}

/** dx[n, c, i] = sum over o, q of w[o, c, q] g[n, o, (i + pad - q * dilation) / stride], where that is a position of g. */
export function lowerConvInputGrad(builder: Builder, step: RoutineStep<"convInputGrad">): void {
  const [source, w] = step.inputs;
  const { stride, dilation, padLow, groups } = step.attrs;
  const [n, channels, ...size] = step.outputShape;
  const [o, c, ...kernel] = w.layout.shape;
  const windows = padLow.map((pad, d): Window => ({
    start: pad,
    step: stride[d],
    low: pad - (kernel[d] - 1) * dilation[d],
    high: pad + size[d] - 1,
  }));
  const { input: g, coordinates } = windowedInput(builder, source, windows, step.label);
  const gs = g.layout.strides, ws = w.layout.strides;
  const positions = sizeOf(size), rows = o / groups;
  run(builder, step, w, g, {
    a: {
      offset: w.layout.offset,
      batch: group(groups, ws[0] * rows),
      row: { extents: [c], strides: [ws[1]] },
      k: { extents: [rows, ...kernel], strides: [ws[0], ...ws.slice(2)] },
      coordinates: [],
    },
    b: {
      offset: g.layout.offset,
      batch: group(groups, gs[1] * rows),
      row: windowed(n, gs[0], size, size.map(() => 1)),
      k: windowed(rows, gs[1], kernel, dilation.map((d) => -d)),
      coordinates,
    },
    out: {
      offset: 0,
      batch: group(groups, c * positions),
      row: { extents: [c], strides: [positions] },
      column: { extents: [n, positions], strides: [channels * positions, 1] },
    },
  });
}

/** dw[o, c, q] = sum over n, p of g[n, o, p] x[n, c, p * stride - pad + q * dilation]. */
export function lowerConvWeightGrad(builder: Builder, step: RoutineStep<"convWeightGrad">): void {
  const [source, g] = step.inputs;
  const { stride, dilation, groups } = step.attrs;
  const [o, c, ...kernel] = step.outputShape;
  const [n, , ...out] = g.layout.shape;
  if (isNarrow(o / groups, c * sizeOf(kernel), builder.target.software)) {
    const kernel = sumsOfProducts(step, builder.dtypeOf(step.output));
    return lowerLoop(builder, kernel, [source.slot, g.slot], [step.output], step.label);
  }
  const windows = forwardWindows(step.attrs, out, kernel);
  const { input: x, coordinates } = windowedInput(builder, source, windows, step.label);
  const xs = x.layout.strides, gs = g.layout.strides;
  const rows = o / groups, columns = c * sizeOf(kernel);
  run(builder, step, g, x, {
    a: {
      offset: g.layout.offset,
      batch: group(groups, gs[1] * rows),
      row: { extents: [rows], strides: [gs[1]] },
      k: { extents: [n, ...out], strides: [gs[0], ...gs.slice(2)] },
      coordinates: [],
    },
    b: {
      offset: x.layout.offset,
      batch: group(groups, xs[1] * c),
      row: windowed(c, xs[1], kernel, dilation),
      k: windowed(n, xs[0], out, stride),
      coordinates,
    },
    out: {
      offset: 0,
      batch: group(groups, rows * columns),
      row: { extents: [rows], strides: [columns] },
      column: { extents: [columns], strides: [1] },
    },
  });
}

/**
 * Whether a group has so few weights, as of one or two filters in a depthwise convolution, that tiles of a product would be nearly empty. A software device
 * fits its tiles to the shape, so there it takes fewer.
 */
function isNarrow(rows: number, columns: number, software: boolean): boolean {
  return software ? rows <= 2 && columns <= 64 : rows * columns <= 64;
}

/** Each element of the gradient of the weights as a reduction over the samples and positions. */
function sumsOfProducts(step: RoutineStep<"convWeightGrad">, dtype: DType): LoopKernel {
  const [x, g] = step.inputs;
  const { stride, dilation, padLow, groups } = step.attrs;
  const [o, c, ...kernel] = step.outputShape;
  const [n, , ...out] = g.layout.shape;
  const xs = x.layout.strides, gs = g.layout.strides, none = out.map(() => 0);
  // The loops: groups, rows of a group, channels, taps; then samples and positions.
  const coordinates = out.map((_, d): Affine => {
    const one = (step: number): number[] => none.map((_, e) => e === d ? step : 0);
    return { offset: -padLow[d], strides: [0, 0, 0, ...one(dilation[d]), 0, ...one(stride[d])] };
  });
  const across = (first: readonly number[]): Affine =>
    coordinates.reduce((sum, { offset, strides }, d) => ({
      offset: sum.offset + offset * xs[d + 2],
      strides: sum.strides.map((s, i) => s + strides[i] * xs[d + 2]),
    }), { offset: x.layout.offset, strides: first });
  const xAt = across([xs[1] * c, 0, xs[1], ...none, xs[0], ...none]);
  const gAt = {
    offset: g.layout.offset,
    strides: [gs[1] * (o / groups), gs[1], 0, ...none, gs[0], ...gs.slice(2)],
  };
  const guards = coordinates.flatMap((at, d): Guard[] => {
    const high = x.layout.shape[d + 2];
    const last = at.offset + (kernel[d] - 1) * dilation[d] + (out[d] - 1) * stride[d];
    return at.offset >= 0 && last < high ? [] : [{ at, low: 0, high }];
  });
  const outer = [groups, o / groups, c, ...kernel], inner = [n, ...out];
  const code: Instr[] = [
    { op: "load", dtype: x.dtype, level: "inner", input: 0, at: xAt, guards },
    { op: "load", dtype: g.dtype, level: "inner", input: 1, at: gAt, guards: [] },
    { op: "cast", dtype: "float32", level: "inner", arg: 0 },
    { op: "cast", dtype: "float32", level: "inner", arg: 1 },
    { op: "apply", fn: "mul", dtype: "float32", level: "inner", args: [2, 3] },
    { op: "reduce", dtype: "float32", level: "outer", combiner: "sum", arg: 4 },
    { op: "cast", dtype, level: "outer", arg: 5 },
    {
      op: "store",
      dtype,
      level: "outer",
      output: 0,
      at: { offset: 0, strides: [...stridesOf(outer), ...inner.map(() => 0)] },
      arg: 6,
    },
  ];
  return { outer, inner, inputs: [x.dtype, g.dtype], outputs: [dtype], code };
}

function group(groups: number, stride: number): IndexPart {
  return { extents: [groups], strides: [stride] };
}

/** An index of one plain dimension and spatial ones, each of which moves its window coordinate. */
function windowed(
  extent: number,
  stride: number,
  spatial: readonly number[],
  steps: readonly number[],
): IndexPart {
  return {
    extents: [extent, ...spatial],
    strides: [stride, ...spatial.map(() => 0)],
    moves: [spatial.map(() => 0), ...spatial.map((_, d) => spatial.map((_, c) => c === d ? steps[d] : 0))],
  };
}

/** Where windows go along one spatial dimension: coordinates from `low` to `high`, of which multiples of `step` name elements. */
interface Window {
  readonly start: number;
  readonly step: number;
  readonly low: number;
  readonly high: number;
}

/** The windows of x that the positions `out` of the result read. */
function forwardWindows(
  { stride, dilation, padLow }: RoutineStep<"conv" | "convWeightGrad">["attrs"],
  out: readonly number[],
  kernel: readonly number[],
): Window[] {
  return padLow.map((pad, d) => ({
    start: -pad,
    step: 1,
    low: -pad,
    high: -pad + (out[d] - 1) * stride[d] + (kernel[d] - 1) * dilation[d],
  }));
}

/**
 * An operand that is read through windows. Software devices pay for each test in the innermost loop, more than for a copy of the operand with
 * zeros around its elements (and between them, where the step is not 1), which no window leaves; so there it is copied.
 */
function windowedInput(
  builder: Builder,
  input: RoutineInput,
  windows: readonly Window[],
  label: string,
): { readonly input: RoutineInput; readonly coordinates: Coordinate[] } {
  const { shape, strides } = input.layout;
  const padded = [...shape.slice(0, 2), ...windows.map(({ low, high }) => high - low + 1)];
  const tested = windows.some((w, d) => w.step !== 1 || w.low < 0 || w.high >= shape[d + 2]);
  // Elements that no window reaches would have to be cut off, and a copy that is much larger costs more than it saves.
  const covered = windows.every((w, d) => w.low <= 0 && w.high >= (shape[d + 2] - 1) * w.step);
  if (!builder.target.software || !tested || !covered || sizeOf(padded) > 5 * sizeOf(shape)) {
    return {
      input,
      coordinates: windows.map(({ start, step }, d) => ({
        start,
        step,
        size: shape[d + 2],
        stride: strides[d + 2],
      })),
    };
  }
  const layout = contiguous(padded);
  const slot = builder.temp(builder.word(input.dtype), sizeOf(padded));
  pad(builder, input, windows, padded, slot, label);
  return {
    input: { slot, dtype: input.dtype, layout },
    coordinates: windows.map(({ start, low }, d) => ({
      start: start - low,
      step: 1,
      size: padded[d + 2],
      stride: layout.strides[d + 2],
    })),
  };
}

/** Copies the input into the middle of zeros. */
function pad(
  builder: Builder,
  { slot, dtype, layout }: RoutineInput,
  windows: readonly Window[],
  padded: readonly number[],
  to: Ref,
  label: string,
): void {
  const { shape, strides } = layout;
  const target = stridesOf(padded);
  const one = windows.every(({ step }) => step === 1);
  const across = (sum: number, terms: readonly number[]): number => terms.reduce((n, t) => n + t, sum);
  if (!one) lowerLoop(builder, zeroKernel(sizeOf(padded), dtype), [], [to], label);
  const load: Instr = {
    op: "load",
    dtype,
    level: "outer",
    input: 0,
    at: {
      offset: one ? across(layout.offset, windows.map(({ low }, d) => low * strides[d + 2])) : layout.offset,
      strides,
    },
    guards: one
      ? windows.map(({ low }, d) => ({
        at: { offset: low, strides: padded.map((_, k) => k === d + 2 ? 1 : 0) },
        low: 0,
        high: shape[d + 2],
      }))
      : [],
  };
  const store: Instr = {
    op: "store",
    dtype,
    level: "outer",
    output: 0,
    at: one ? { offset: 0, strides: target } : {
      offset: across(0, windows.map(({ low }, d) => -low * target[d + 2])),
      strides: target.map((s, k) => k < 2 ? s : s * windows[k - 2].step),
    },
    arg: 0,
  };
  const outer = one ? padded : shape;
  lowerLoop(builder, { outer, inner: [], inputs: [dtype], outputs: [dtype], code: [load, store] }, [slot], [
    to,
  ], label);
}

function run(
  builder: Builder,
  step: RoutineStep<"conv" | "convInputGrad" | "convWeightGrad">,
  a: RoutineInput,
  b: RoutineInput,
  product: Omit<Product, "dtype">,
): void {
  const dtype = builder.dtypeOf(step.output);
  lowerProduct(builder, { ...product, dtype }, a.slot, b.slot, step.output, [a.dtype, b.dtype], step.label);
}
