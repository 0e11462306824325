/**
 * Convolution and its two adjoints as matrix products over tables (implicit im2col): no patch is ever copied out, packing finds the
 * elements where they are. Operands are padded with zeros first, where there is padding. What has a better form goes to depthwise.ts, winograd_conv.ts or conv_native.ts.
 *
 * @module
 */
import { bytesOf, type DType, isFloat } from "../../../../dtype.ts";
import { DTypeError } from "../../../../errors.ts";
import type { RoutineStep } from "../../../../kernel/plan.ts";
import { sizeOf, stridesOf } from "../../../../shape.ts";
import type { StepContext, StepRunner } from "../../engine.ts";
import { LoopCall, type LoopRunner } from "../../loops.ts";
import { nativeConv, nativeInputGrad, nativeWeightGrad } from "./conv_native.ts";
import { depthwiseConv, depthwiseInputGrad, depthwiseWeightGrad } from "./depthwise.ts";
import { Gemm, type GemmSpec, grid, type Product } from "../product/gemm.ts";
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
import { partsOf, sumOfParts } from "./split.ts";
import { multiples, runOf, scaled, splitOf, sums, windowOf } from "./windows.ts";
import { winogradConv, winogradInputGrad, winogradWeightGrad } from "./winograd_conv.ts";

/** The dtype of a convolution. */
function floatOf(context: StepContext, step: RoutineStep): DType {
  const { dtype } = context.slots[step.output];
  if (!isFloat(dtype)) throw new DTypeError(`${step.name} is defined for float dtypes, got ${dtype}`);
  return dtype;
}

/** Zeros: what a sum of nothing gives. */
function zeros(context: StepContext, step: RoutineStep): StepRunner {
  const call = new LoopCall(context.engine, zeroKernel(context.slots[step.output].dtype, step.outputShape));
  return runner(() => runLoop(call, context.at[step.output]), call);
}

/** Output channels up to which the library, for which patches are copied out, is slower than Winograd's method with its fewer multiplications. */
const FEW_CHANNELS = 128;

/** Of Winograd's method and the system's BLAS the one that is faster for so many output channels, if they can do it at all. */
function sooner(
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

/** x [N, C, ...in], w [O, C / groups, ...k] -> [N, O, ...out]: for each image and group, w [O, Ck] times patches [Ck, out]. */
export const conv: RoutineMaker<"conv"> = (context, step, epilogue) => {
  const dtype = floatOf(context, step), compute = computeType(dtype), bytes = bytesOf(compute);
  const { stride, padLow, padHigh, groups } = step.attrs;
  const [batch, outChannels, ...out] = step.outputShape, pixels = sizeOf(out);
  const [, channels, ...kernel] = step.inputs[1].layout.shape;
  const patch = [channels, ...kernel];
  if (sizeOf(patch) === 0) return withEpilogue(zeros(context, step), epilogue);
  const quick = depthwiseConv(context, step, epilogue) ?? sooner(
    outChannels / groups,
    () => winogradConv(context, step, epilogue),
    () => nativeConv(context, step),
    epilogue,
  );
  if (quick !== null) return quick;
  const space = new Workspace(context);
  const split = splitOf(stride, kernel);
  const x = stagePadded(context, space, step.inputs[0], padLow, padHigh, split);
  const w = stageInput(context, space, step.inputs[1]);
  const [xImage, xChannel] = x.layout.strides, ws = w.layout.strides;
  const { taps, steps } = windowOf(step.attrs, kernel, x, split);
  const rows = outChannels / groups;
  const products: Product[] = [];
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      products.push({
        a: bytes * g * rows * ws[0],
        b: bytes * (n * xImage + g * channels * xChannel),
        c: bytes * (n * outChannels + g * rows) * pixels,
      });
    }
  }
  const spec: GemmSpec = {
    dtype: compute,
    rows,
    columns: pixels,
    depth: sizeOf(patch),
    aRows: grid([rows], [ws[0]], bytes),
    aColumns: grid(patch, ws.slice(1), bytes),
    bRows: sums([multiples(channels, xChannel), ...taps], bytes),
    bColumns: grid(out, steps, bytes),
    cStride: pixels * bytes,
    cColumns: null,
    run: runOf(out, steps),
    near: sizeOf(kernel) > 1,
    products,
    packFirst: ["A"],
  };
  const result = stageOutput(context, space, step);
  const gemm = new Gemm(context.engine, spec), packed = space.take(gemm.workspaceBytes);
  const follow = result.direct ? epilogue?.call.follow(rows, pixels, products.length) ?? null : null;
  return following(epilogue, follow, (bound) =>
    runner(
      () => {
        gemm.run(w.stage(), x.stage(), result.address(), space.at(packed), bound());
        result.finish();
      },
      x,
      w,
      result,
      gemm,
    ));
};

/** Along one dimension: the taps that reach positions r, r + stride, ..., and the place in g that each joins with position r. */
interface Phase {
  readonly start: number;
  readonly count: number;
  readonly taps: readonly { readonly tap: number; readonly shift: number }[];
}

function phasesOf(size: number, kernel: number, stride: number, dilation: number, pad: number): Phase[] {
  return Array.from({ length: Math.min(stride, size) }, (_, start) => ({
    start,
    count: Math.ceil((size - start) / stride),
    taps: Array.from(
      { length: kernel },
      (_, tap) => ({ tap, shift: (start + pad - tap * dilation) / stride }),
    )
      .filter(({ shift }) => Number.isInteger(shift)),
  }));
}

/**
 * g [N, O, ...out], w [O, C / groups, ...k] -> [N, C, ...inputSize]. The positions of one residue modulo the stride are a convolution of g with the taps
 * that reach them, whose stride is 1; so nothing is multiplied with zeros between the elements of g.
 */
export const convInputGrad: RoutineMaker<"convInputGrad"> = (context, step, epilogue) => {
  const dtype = floatOf(context, step), compute = computeType(dtype), bytes = bytesOf(compute);
  const { stride, padLow, dilation, groups, inputSize } = step.attrs;
  const [batch, allChannels] = step.outputShape, channels = allChannels / groups;
  const [, outChannels, ...out] = step.inputs[0].layout.shape, depth = outChannels / groups;
  const kernel = step.inputs[1].layout.shape.slice(2);
  const perDim = inputSize.map((size, d) => phasesOf(size, kernel[d], stride[d], dilation[d], padLow[d]));
  const phases = perDim.reduce<Phase[][]>((all, own) => all.flatMap((p) => own.map((q) => [...p, q])), [[]]);
  const reached = phases.filter((p) => depth > 0 && p.every((q) => q.taps.length > 0));
  if (reached.length === 0) return withEpilogue(zeros(context, step), epilogue);
  const quick = depthwiseInputGrad(context, step, epilogue) ?? sooner(
    depth,
    () => winogradInputGrad(context, step, epilogue),
    () => nativeInputGrad(context, step),
    epilogue,
  );
  if (quick !== null) return quick;
  // Margins of zeros, for what lies outside g.
  const low = perDim.map((list) => Math.max(0, ...list.flatMap((p) => p.taps.map(({ shift }) => -shift))));
  const high = perDim.map((list, d) =>
    Math.max(0, ...list.flatMap((p) => p.taps.map(({ shift }) => shift + p.count - out[d])))
  );
  const space = new Workspace(context);
  const g = stagePadded(context, space, step.inputs[0], low, high);
  const w = stageInput(context, space, step.inputs[1]);
  const [gImage, gChannel, ...gSpatial] = g.layout.strides, [wOut, wIn, ...wSpatial] = w.layout.strides;
  const to = stridesOf(inputSize), plane = sizeOf(inputSize);
  const result = stageOutput(context, space, step);
  const gemms = reached.map((phase) => {
    const counts = phase.map((p) => p.count), taps = phase.map((p) => p.taps.length);
    const tables = [0, 1].map((side) => {
      const table = phase.map(({ taps }, d) =>
        taps.map(({ tap, shift }) => side === 0 ? tap * wSpatial[d] : (shift + low[d]) * gSpatial[d])
      );
      return sums(
        [Array.from({ length: depth }, (_, o) => o * (side === 0 ? wOut : gChannel)), ...table],
        bytes,
      );
    });
    const first = bytes * phase.reduce((sum, p, d) => sum + p.start * to[d], 0);
    const products: Product[] = [];
    for (let n = 0; n < batch; n++) {
      for (let k = 0; k < groups; k++) {
        products.push({
          a: bytes * k * depth * wOut,
          b: bytes * (n * gImage + k * depth * gChannel),
          c: bytes * (n * allChannels + k * channels) * plane + first,
        });
      }
    }
    const spec: GemmSpec = {
      dtype: compute,
      rows: channels,
      columns: sizeOf(counts),
      depth: depth * sizeOf(taps),
      aRows: grid([channels], [wIn], bytes),
      aColumns: tables[0],
      bRows: tables[1],
      bColumns: grid(counts, gSpatial, bytes),
      cStride: plane * bytes,
      cColumns: stride.every((s) => s === 1) ? null : grid(counts, scaled(stride, to), bytes),
      run: runOf(counts, gSpatial),
      near: sizeOf(taps) > 1,
      products,
      packFirst: ["A"],
    };
    const gemm = new Gemm(context.engine, spec);
    return { gemm, packed: space.take(gemm.workspaceBytes) };
  });
  const missed = reached.length === phases.length
    ? null
    : new LoopCall(context.engine, zeroKernel(compute, step.outputShape));
  const whole = result.direct && phases.length === 1;
  const follow = whole ? epilogue?.call.follow(channels, plane, batch * groups) ?? null : null;
  const owned = [g, w, result, ...gemms.map((p) => p.gemm), ...(missed === null ? [] : [missed])];
  return following(epilogue, follow, (bound) =>
    runner(() => {
      const a = w.stage(), b = g.stage();
      if (missed !== null) runLoop(missed, result.address());
      for (const { gemm, packed } of gemms) gemm.run(a, b, result.address(), space.at(packed), bound());
      result.finish();
    }, ...owned));
};

/**
 * x [N, C, ...in], g [N, O, ...out] -> [O, C / groups, ...kernelSize]: for each group, g [O, N out] times patches [N out, Ck]. The images are dealt out to several
 * products, whose results are added, when the result alone is too small to be shared among threads.
 */
export const convWeightGrad: RoutineMaker<"convWeightGrad"> = (context, step, epilogue) => {
  const dtype = floatOf(context, step), compute = computeType(dtype), bytes = bytesOf(compute);
  const { stride, padLow, padHigh, groups } = step.attrs;
  const [batch, outChannels, ...out] = step.inputs[1].layout.shape, rows = outChannels / groups;
  const patch = step.outputShape.slice(1), [channels, ...kernel] = patch, columns = sizeOf(patch);
  if (batch * sizeOf(out) === 0) return withEpilogue(zeros(context, step), epilogue);
  const quick = depthwiseWeightGrad(context, step) ?? winogradWeightGrad(context, step) ??
    nativeWeightGrad(context, step);
  if (quick !== null) return withEpilogue(quick, epilogue);
  const space = new Workspace(context);
  const split = splitOf(stride, kernel);
  const x = stagePadded(context, space, step.inputs[0], padLow, padHigh, split);
  const g = stageInput(context, space, step.inputs[1]);
  const { taps, steps } = windowOf(step.attrs, kernel, x, split);
  const [xImage, xChannel] = x.layout.strides, [gImage, gChannel, ...gSpatial] = g.layout.strides;
  const parts = partsOf(batch, rows * columns * groups, bytes), images = batch / parts;
  const products: Product[] = [];
  for (let p = 0; p < parts; p++) {
    for (let k = 0; k < groups; k++) {
      products.push({
        a: bytes * (p * images * gImage + k * rows * gChannel),
        b: bytes * (p * images * xImage + k * channels * xChannel),
        c: bytes * (p * groups + k) * rows * columns,
      });
    }
  }
  const spec: GemmSpec = {
    dtype: compute,
    rows,
    columns,
    depth: images * sizeOf(out),
    aRows: grid([rows], [gChannel], bytes),
    aColumns: grid([images, ...out], [gImage, ...gSpatial], bytes),
    bRows: grid([images, ...out], [xImage, ...steps], bytes),
    bColumns: sums([multiples(channels, xChannel), ...taps], bytes),
    cStride: columns * bytes,
    cColumns: null,
    run: 0,
    near: false,
    products,
    packFirst: [],
  };
  const gemm = new Gemm(context.engine, spec), packed = space.take(gemm.workspaceBytes);
  const product = (
    staged: readonly Staged[],
    c: () => number,
    finish: () => void,
    ...owned: { dispose(): void }[]
  ) =>
    runner(
      () => {
        gemm.run(g.stage(), x.stage(), c(), space.at(packed));
        finish();
      },
      ...staged,
      gemm,
      ...owned,
    );
  if (parts === 1) {
    const result = stageOutput(context, space, step);
    return withEpilogue(product([x, g], result.address, result.finish, result), epilogue);
  }
  const count = sizeOf(step.outputShape), place = space.take(parts * count * bytes);
  const sum = new LoopCall(context.engine, sumOfParts(compute, dtype, parts, count));
  const finish = () => runLoop(sum, space.at(place), context.at[step.output]);
  return withEpilogue(product([x, g], () => space.at(place), finish, sum), epilogue);
};
