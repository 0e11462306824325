/**
 * Convolutions in the system's BLAS, one image and group at a time: patches are copied out to a matrix, which the library multiplies; for the gradient in x, the
 * product is added up from patches again.
 *
 * @module
 */
import { bytesOf, type DType } from "../../../../dtype.ts";
import type { LoopKernel } from "../../../../kernel/ir.ts";
import type { ConvAttrs, Routines, RoutineStep } from "../../../../kernel/plan.ts";
import { isContiguous, type Layout } from "../../../../layout.ts";
import { type Shape, sizeOf, stridesOf } from "../../../../shape.ts";
import type { StepContext, StepRunner } from "../../engine.ts";
import { LoopCall } from "../../loops.ts";
import { nativeGemm, type Stored } from "../product/blas.ts";
import type { FloatType } from "../lane_ops.ts";
import { copyKernel, runLoop, runner, sumKernel, Workspace } from "../routine.ts";
import { computeType, type Staged, stageInput, stageOutput, stagePadded } from "../stage.ts";

/** The sizes of a convolution: of one group of one image, where nothing else is said. */
interface Sizes {
  readonly batch: number;
  readonly groups: number;
  /** Channels of the result. */
  readonly rows: number;
  readonly channels: number;
  readonly kernel: Shape;
  readonly out: Shape;
  readonly patch: number;
  readonly pixels: number;
  readonly type: FloatType;
  readonly bytes: number;
}

function sizesOf(
  context: StepContext,
  step: RoutineStep,
  weight: Shape,
  result: Shape,
  groups: number,
): Sizes {
  const [all, channels, ...kernel] = weight, [batch, , ...out] = result;
  const type = computeType(context.slots[step.output].dtype), rows = all / groups;
  const patch = channels * sizeOf(kernel), pixels = sizeOf(out);
  return { batch, groups, rows, channels, kernel, out, patch, pixels, type, bytes: bytesOf(type) };
}

const asIs = (step: number): Stored => ({ transposed: false, step });
const transposed = (step: number): Stored => ({ transposed: true, step });

/** Whether the dimensions of an operand from the second (of a weight) or third (of an image) on lie in order, without gaps. */
function dense({ shape, strides }: Layout, from: number): boolean {
  return isContiguous({ shape: shape.slice(from), strides: strides.slice(from), offset: 0 });
}

/** Copies the patches of a group of an image to a matrix [patch, pixels], unless they are one already. */
interface Patches {
  /** Where the matrix is, for the elements of a group that begin at `address`. */
  at(address: number): number;
  dispose(): void;
}

function patchesOf(
  context: StepContext,
  space: Workspace,
  x: Staged,
  attrs: ConvAttrs,
  sizes: Sizes,
): Patches {
  const { channels, kernel, out, patch, pixels, type, bytes } = sizes;
  const [, channel, ...spatial] = x.layout.strides;
  const layout: Layout = {
    shape: [channels, ...kernel, ...out],
    strides: [
      channel,
      ...spatial.map((s, d) => s * attrs.dilation[d]),
      ...spatial.map((s, d) => s * attrs.stride[d]),
    ],
    offset: 0,
  };
  if (isContiguous(layout)) return { at: (address) => address, dispose: () => {} };
  const copy = new LoopCall(context.engine, copyKernel(type, type, layout));
  const place = space.take(patch * pixels * bytes);
  return {
    at: (address) => {
      runLoop(copy, address, space.at(place));
      return space.at(place);
    },
    dispose: () => copy.dispose(),
  };
}

/** Calls `visit` with the numbers of each image and group. */
function each({ batch, groups }: Sizes, visit: (image: number, group: number) => void): void {
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) visit(n, g);
  }
}

/** The convolution, or null where the library is not to be used. */
export function nativeConv(context: StepContext, step: RoutineStep<"conv">): StepRunner | null {
  const { engine } = context, { attrs, inputs: [input, weight] } = step, { groups } = attrs;
  const sizes = sizesOf(context, step, weight.layout.shape, step.outputShape, groups);
  const { rows, patch, pixels, type, bytes, channels } = sizes;
  const product = {
    dtype: type,
    alone: false,
    m: rows,
    n: pixels,
    k: patch,
    a: asIs(weight.layout.strides[0]),
    b: asIs(pixels),
  };
  if (!dense(weight.layout, 1)) return null;
  const gemm = nativeGemm(engine, product);
  if (gemm === null) return null;
  const space = new Workspace(context);
  const x = stagePadded(context, space, input, attrs.padLow, attrs.padHigh);
  const w = stageInput(context, space, weight), result = stageOutput(context, space, step);
  const patches = patchesOf(context, space, x, attrs, sizes), [xImage, xChannel] = x.layout.strides;
  const run = () => {
    const from = x.stage(), left = w.stage(), to = result.address();
    each(sizes, (n, g) => {
      const right = patches.at(from + bytes * (n * xImage + g * channels * xChannel));
      gemm(
        left + bytes * g * rows * w.layout.strides[0],
        right,
        to + bytes * (n * groups + g) * rows * pixels,
      );
    });
    result.finish();
  };
  return runner(run, x, w, result, patches);
}

/** The gradient in w, or null where the library is not to be used. */
export function nativeWeightGrad(
  context: StepContext,
  step: RoutineStep<"convWeightGrad">,
): StepRunner | null {
  const { engine } = context, { attrs, inputs: [input, grad] } = step, { groups } = attrs;
  const sizes = sizesOf(context, step, step.outputShape, grad.layout.shape, groups);
  const { rows, patch, pixels, type, bytes, channels } = sizes;
  const product = {
    dtype: type,
    alone: false,
    m: rows,
    n: patch,
    k: pixels,
    a: asIs(grad.layout.strides[1]),
    b: transposed(pixels),
  };
  if (!dense(grad.layout, 2)) return null;
  const gemm = nativeGemm(engine, product);
  if (gemm === null) return null;
  const space = new Workspace(context);
  const x = stagePadded(context, space, input, attrs.padLow, attrs.padHigh);
  const g = stageInput(context, space, grad), result = stageOutput(context, space, step);
  const patches = patchesOf(context, space, x, attrs, sizes);
  const [xImage, xChannel] = x.layout.strides, [gImage, gChannel] = g.layout.strides;
  const run = () => {
    const from = x.stage(), left = g.stage(), to = result.address();
    each(sizes, (n, k) => {
      const right = patches.at(from + bytes * (n * xImage + k * channels * xChannel));
      gemm(left + bytes * (n * gImage + k * rows * gChannel), right, to + bytes * k * rows * patch, n > 0);
    });
    result.finish();
  };
  return runner(run, x, g, result, patches);
}

/** The gradient in x where all strides are 1, or null where the library is not to be used. */
export function nativeInputGrad(context: StepContext, step: RoutineStep<"convInputGrad">): StepRunner | null {
  const { engine } = context, { attrs, inputs: [grad, weight] } = step, { groups } = attrs;
  const sizes = sizesOf(context, step, weight.layout.shape, grad.layout.shape, groups);
  const { rows, patch, pixels, type, bytes, channels, kernel, out } = sizes;
  const product = {
    dtype: type,
    alone: false,
    m: patch,
    n: pixels,
    k: rows,
    a: transposed(weight.layout.strides[0]),
    b: asIs(grad.layout.strides[1]),
  };
  if (attrs.stride.some((s) => s !== 1) || !dense(weight.layout, 1) || !dense(grad.layout, 2)) return null;
  const gemm = nativeGemm(engine, product);
  if (gemm === null) return null;
  const space = new Workspace(context);
  const w = stageInput(context, space, weight), g = stageInput(context, space, grad);
  const result = stageOutput(context, space, step), [gImage, gChannel] = g.layout.strides;
  // With single taps and no padding, the product is the result.
  const single = sizeOf(kernel) === 1 && [...attrs.padLow, ...attrs.padHigh].every((n) => n === 0);
  const sum = new LoopCall(engine, sumOfPatches(1, channels, kernel, out, attrs, type));
  const place = single ? 0 : space.take(patch * pixels * bytes), plane = channels * sizeOf(attrs.inputSize);
  const partials = space.take(sum.workspaceBytes);
  const run = () => {
    const left = w.stage(), right = g.stage(), to = result.address();
    each(sizes, (n, k) => {
      const image = to + bytes * (n * groups + k) * plane, product = single ? image : space.at(place);
      gemm(
        left + bytes * k * rows * w.layout.strides[0],
        right + bytes * (n * gImage + k * rows * gChannel),
        product,
      );
      if (!single) runLoop(sum, product, image, space.at(partials));
    });
    result.finish();
  };
  return runner(run, w, g, result, sum);
}

/** A kernel that adds up patches [images, channels, ...kernel, ...out] to images [images, channels, ...in]; all strides of the convolution are 1. */
function sumOfPatches(
  images: number,
  channels: number,
  kernel: Shape,
  out: Shape,
  { padLow, dilation, inputSize }: Routines["convInputGrad"],
  dtype: DType,
): LoopKernel {
  const outer = [images, channels, ...inputSize], rank = kernel.length;
  const [image, channel, ...rest] = stridesOf([images, channels, ...kernel, ...out]);
  const tap = rest.slice(0, rank), pixel = rest.slice(rank);
  // The output that joins position i with tap k is i + pad - k * dilation.
  const along = (d: number) => [
    0,
    0,
    ...inputSize.map((_, i) => i === d ? 1 : 0),
    ...kernel.map((_, i) => i === d ? -dilation[d] : 0),
  ];
  return sumKernel(dtype, dtype, {
    outer,
    inner: kernel,
    from: {
      offset: padLow.reduce((offset, n, d) => offset + n * pixel[d], 0),
      strides: [image, channel, ...pixel, ...tap.map((s, d) => s - dilation[d] * pixel[d])],
    },
    guards: out.map((size, d) => ({ at: { offset: padLow[d], strides: along(d) }, low: 0, high: size })),
    to: { offset: 0, strides: [...stridesOf(outer), ...kernel.map(() => 0)] },
  });
}
