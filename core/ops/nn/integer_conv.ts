/**
 * Convolution of integers: their windows as rows of a matrix product, which is exact and wraps to the width of the dtype. Floats have kernels of
 * their own.
 *
 * @module
 */
import type { ConvAttrs, Routines } from "../../kernel/plan.ts";
import type { Tensor } from "../../tensor.ts";
import { matmulExact } from "../routine.ts";
import { dilate, flip, padConstant, padDim, permute, reshape, transpose, windows } from "../view.ts";

/** x [N, C, ...in], w [O, C / groups, ...k] -> [N, O, ...out]. */
export function convIntegers(x: Tensor, w: Tensor, attrs: ConvAttrs): Tensor {
  const { stride, padLow, padHigh, dilation, groups } = attrs, rank = stride.length;
  const [n, c] = x.shape, [o, , ...kernel] = w.shape;
  const padded = padConstant(x, [0, 0, ...padLow], [0, 0, ...padHigh], 0);
  const seen = kernel.reduce((acc, k, i) => windows(acc, 2 + i, k, stride[i], dilation[i]), padded);
  const out = seen.shape.slice(2, 2 + rank);
  // [N, G, C / G, ...out, ...k] -> [G, N, ...out, C / G, ...k]
  const space = out.map((_, i) => 3 + i), within = kernel.map((_, i) => 3 + rank + i);
  const split = reshape(seen, [n, groups, c / groups, ...out, ...kernel]);
  const rows = reshape(permute(split, [1, 0, ...space, 2, ...within]), [groups, -1, sizeOfWindow(w)]);
  const columns = transpose(reshape(w, [groups, o / groups, -1]), 1, 2);
  // [G, N ...out, O / G] -> [N, G, O / G, ...out]
  const product = reshape(matmulExact(rows, columns), [groups, n, ...out, o / groups]);
  return reshape(permute(product, [1, 0, 2 + rank, ...out.map((_, i) => 2 + i)]), [n, o, ...out]);
}

/** Elements that one output element sums. */
function sizeOfWindow(w: Tensor): number {
  return w.shape.slice(1).reduce((a, b) => a * b, 1);
}

/** The adjoint of `convIntegers` in x. g [N, O, ...out], w [O, C / groups, ...k] -> [N, C, ...inputSize]. */
export function convIntegersInputGrad(
  g: Tensor,
  w: Tensor,
  { stride, padLow, dilation, groups, inputSize }: Routines["convInputGrad"],
): Tensor {
  const [o, c, ...kernel] = w.shape, still = kernel.map(() => 0);
  // The elements of g a stride apart meet the kernel from its other end.
  const spread = kernel.reduce((acc, k, i) => {
    const apart = dilate(acc, 2 + i, stride[i]), reach = dilation[i] * (k - 1), low = reach - padLow[i];
    return padDim(apart, 2 + i, low, inputSize[i] + reach - low - apart.shape[2 + i], 0);
  }, g);
  const back = flip(w, kernel.map((_, i) => 2 + i));
  const swapped = transpose(reshape(back, [groups, o / groups, c, ...kernel]), 1, 2);
  return convIntegers(spread, reshape(swapped, [groups * c, o / groups, ...kernel]), {
    stride: kernel.map(() => 1),
    padLow: still,
    padHigh: still,
    dilation,
    groups,
  });
}
