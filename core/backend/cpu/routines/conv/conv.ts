/**
 * Convolution and its adjoint in the filters as matrix products over tables (implicit im2col): no patch is ever copied out, packing finds the
 * elements where they are. Operands are padded with zeros first, where there is padding. What has a better form goes to depthwise.ts, winograd_conv.ts or conv_native.ts;
 * the adjoint in the input is input_grad.ts.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import { sizeOf } from "../../../../shape.ts";
import { LoopCall } from "../../loops.ts";
import { nativeConv, nativeWeightGrad } from "./conv_native.ts";
import { depthwiseConv, depthwiseWeightGrad } from "./depthwise.ts";
import { Gemm, type GemmSpec, grid, type Product } from "../product/gemm.ts";
import { following, type RoutineMaker, runLoop, runner, withEpilogue, Workspace } from "../routine.ts";
import { computeType, type Staged, stageInput, stageOutput, stagePadded } from "../stage.ts";
import { floatOf, sooner, zeros } from "./method.ts";
import { partsOf, sumOfParts } from "./split.ts";
import { multiples, runOf, splitOf, sums, windowOf } from "./windows.ts";
import { winogradConv, winogradWeightGrad } from "./winograd_conv.ts";

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
