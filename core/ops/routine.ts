/**
 * Operations with a kernel of their own, in their exact form: shapes and dtypes already agree. What users call, with broadcasting and
 * checks, is in linalg/matmul.ts, nn/conv.ts, indexing/ and sort.ts.
 *
 * @module
 */
import { apply } from "../apply.ts";
import type { ConvAttrs, Routines, ScanCombiner, ScatterMode } from "../kernel/plan.ts";
import * as prim from "../prim/routine.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { pull } from "../transform/pull.ts";
import { cast } from "./cast.ts";
import { full, fullLike, zeros } from "./create.ts";
import { add, mul } from "./elementwise.ts";
import { where } from "./logical.ts";
import { sumDims } from "./reduce.ts";
import { flip, narrow, padDim } from "./view.ts";

/** Zeros that depend on `xs` without using their values: what an operation gives that has nothing to sum. Its gradients are zeros. */
export function nothing(shape: readonly number[], xs: readonly Tensor[]): Tensor {
  const [{ dtype, device }] = xs;
  return xs.reduce((acc, x) => {
    if (x.value.track === 0) return acc;
    const none = where(full(x.shape, false, { device }), x, 0);
    return add(acc, sumDims(cast(none, dtype), x.shape.map((_, d) => d)));
  }, zeros(shape, { dtype, device }));
}

/** a [...batch, M, K] times b [...batch, K, N]. */
export function matmulExact(a: Tensor, b: Tensor): Tensor {
  const shape = [...a.shape.slice(0, -1), b.shape[b.shape.length - 1]];
  if (sizeOf(shape) === 0 || a.shape[a.shape.length - 1] === 0) return nothing(shape, [a, b]);
  return apply(prim.matmulPrim, [a, b], undefined);
}

/** x [N, C, ...in], w [O, C / groups, ...k]. */
export function convExact(x: Tensor, w: Tensor, attrs: ConvAttrs): Tensor {
  const { stride, padLow, padHigh, dilation, groups } = attrs;
  return apply(prim.convPrim, [x, w], { stride, padLow, padHigh, dilation, groups });
}

/** The adjoint of `convExact` in x. */
export function convInputGrad(
  g: Tensor,
  w: Tensor,
  attrs: Routines["convInputGrad"],
): Tensor {
  const { stride, padLow, padHigh, dilation, groups, inputSize } = attrs;
  return apply(prim.convInputGradPrim, [g, w], { stride, padLow, padHigh, dilation, groups, inputSize });
}

/** The adjoint of `convExact` in w. */
export function convWeightGrad(
  x: Tensor,
  g: Tensor,
  attrs: Routines["convWeightGrad"],
): Tensor {
  const { stride, padLow, padHigh, dilation, groups, kernelSize } = attrs;
  return apply(prim.convWeightGradPrim, [x, g], { stride, padLow, padHigh, dilation, groups, kernelSize });
}

/** out[i] = x[i with i[dim] replaced by index[i]]; index int64, of x's rank. */
export function gatherExact(x: Tensor, dim: number, index: Tensor): Tensor {
  if (sizeOf(index.shape) === 0) return nothing(index.shape, [x]);
  return apply(prim.gatherPrim, [x, index], { dim });
}

/** base with source merged in at index along dim. */
export function scatterExact(
  base: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  mode: ScatterMode,
): Tensor {
  if (sizeOf(index.shape) === 0) return base;
  return apply(prim.scatterPrim, [base, index, source], { dim, mode });
}

/** The stable order along the last dimension, int64. */
export function argsortLast(x: Tensor, descending: boolean): Tensor {
  return sizeOf(x.shape) === 0
    ? zeros(x.shape, { dtype: "int64", device: x.device })
    : apply(prim.argsortPrim, [x], { descending });
}

/** Inclusive fold along the last dimension. */
export function scan(x: Tensor, combiner: ScanCombiner, reverse: boolean): Tensor {
  return sizeOf(x.shape) === 0 ? x : apply(prim.scanPrim, [x], { combiner, reverse });
}

/** The gradient of a cumulative product: that of the same product by doubling, which is exact at zeros too. */
export function scanProductGrad(g: Tensor, x: Tensor, reverse: boolean): Tensor {
  const doubling = (input: Tensor): Tensor => {
    const last = input.shape.length - 1, n = input.shape[last];
    let y = reverse ? flip(input, last) : input;
    for (let step = 1; step < n; step *= 2) {
      y = mul(y, padDim(narrow(y, last, 0, n - step), last, step, 0, 1));
    }
    return reverse ? flip(y, last) : y;
  };
  return pull(doubling, x, g) ?? fullLike(x, 0);
}

/** The adjoint of windows: g [..., out, k] -> [..., size]. */
export function fold(g: Tensor, size: number, stride: number, dilation: number): Tensor {
  const shape = [...g.shape.slice(0, -2), size];
  return sizeOf(g.shape) === 0 ? nothing(shape, [g]) : apply(prim.foldPrim, [g], { size, stride, dilation });
}
