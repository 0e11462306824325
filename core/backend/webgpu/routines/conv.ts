/**
 * Convolution and its two adjoints as general products in which one operand is read through windows (implicit GEMM): no patches are ever copied.
 *
 * @module
 */
import type { RoutineInput, RoutineStep } from "../../../kernel/plan.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder } from "../builder.ts";
import { lowerProduct, type Product } from "./gemm.ts";
import type { Coordinate, IndexPart } from "./gemm_index.ts";

/** out[n, o, p] = sum over c, q of w[o, c, q] x[n, c, p * stride - pad + q * dilation]. */
export function lowerConv(builder: Builder, step: RoutineStep<"conv">): void {
  const [x, w] = step.inputs;
  const { stride, dilation, padLow, groups } = step.attrs;
  const [n, o, ...out] = step.outputShape;
  const [, c, ...kernel] = w.layout.shape;
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
      coordinates: coordinatesOf(x, padLow.map((p) => -p), padLow.map(() => 1)),
    },
    out: {
      batch: group(groups, rows * positions),
      row: { extents: [rows], strides: [positions] },
      column: { extents: [n, positions], strides: [o * positions, 1] },
    },
    dtype: builder.dtypeOf(step.output),
  });
}

/** dx[n, c, i] = sum over o, q of w[o, c, q] g[n, o, (i + pad - q * dilation) / stride], where that is a position of g. */
export function lowerConvInputGrad(builder: Builder, step: RoutineStep<"convInputGrad">): void {
  const [g, w] = step.inputs;
  const { stride, dilation, padLow, groups } = step.attrs;
  const [n, channels, ...size] = step.outputShape;
  const [o, c, ...kernel] = w.layout.shape;
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
      coordinates: coordinatesOf(g, padLow, stride),
    },
    out: {
      batch: group(groups, c * positions),
      row: { extents: [c], strides: [positions] },
      column: { extents: [n, positions], strides: [channels * positions, 1] },
    },
    dtype: builder.dtypeOf(step.output),
  });
}

/** dw[o, c, q] = sum over n, p of g[n, o, p] x[n, c, p * stride - pad + q * dilation]. */
export function lowerConvWeightGrad(builder: Builder, step: RoutineStep<"convWeightGrad">): void {
  const [x, g] = step.inputs;
  const { stride, dilation, padLow, groups } = step.attrs;
  const [o, c, ...kernel] = step.outputShape;
  const [n, , ...out] = g.layout.shape;
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
      coordinates: coordinatesOf(x, padLow.map((p) => -p), padLow.map(() => 1)),
    },
    out: {
      batch: group(groups, rows * columns),
      row: { extents: [rows], strides: [columns] },
      column: { extents: [columns], strides: [1] },
    },
    dtype: builder.dtypeOf(step.output),
  });
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

function coordinatesOf(
  input: RoutineInput,
  starts: readonly number[],
  steps: readonly number[],
): Coordinate[] {
  return starts.map((start, d) => ({
    start,
    step: steps[d],
    size: input.layout.shape[d + 2],
    stride: input.layout.strides[d + 2],
  }));
}

function run(
  builder: Builder,
  step: RoutineStep<"conv" | "convInputGrad" | "convWeightGrad">,
  a: RoutineInput,
  b: RoutineInput,
  product: Product,
): void {
  lowerProduct(builder, product, a.slot, b.slot, step.output, [a.dtype, b.dtype], step.label);
}
