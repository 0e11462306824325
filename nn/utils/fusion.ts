/**
 * Fusing a batch norm in evaluation mode into the layer before it.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { onesLike, zerosLike } from "../../core/ops/create.ts";
import { add, mul, rsqrt, sub } from "../../core/ops/elementwise.ts";
import { reshape } from "../../core/ops/view.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { BatchNorm } from "../batch_norm.ts";
import type { ConvModule } from "../conv.ts";
import { deepcopy } from "../module/deepcopy.ts";
import { className } from "../module/fields.ts";
import type { Linear } from "../linear.ts";
import type { Module } from "../module/module.ts";
import { Parameter } from "../module/parameter.ts";

function statisticsOf(op: string, layer: Module, norm: BatchNorm): [mean: Tensor, variance: Tensor] {
  if (layer.training || norm.training) {
    throw new ValueError(`${op}: Fusion only for eval!; call eval() on ${className(layer)} and the norm`);
  }
  const { runningMean, runningVar } = norm;
  if (runningMean === null || runningVar === null) {
    throw new ValueError(`${op}: the norm has no running statistics to fuse`);
  }
  return [runningMean, runningVar];
}

/** A copy of a layer with the parameters that it has when a norm is part of it. */
function fused<M extends Module>(layer: M, [weight, bias]: readonly [Parameter, Parameter]): M {
  const copy = deepcopy(layer);
  Reflect.set(copy, "weight", weight);
  Reflect.set(copy, "bias", bias);
  return copy;
}

/**
 * One convolution in place of a convolution and the batch norm after it, both in evaluation mode; neither is changed. For a transposed
 * convolution pass `transpose` true. `torch.nn.utils.fuse_conv_bn_eval`.
 *
 * @throws {ValueError} when one of them is in training mode, or the norm has no running statistics
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const conv = new nn.Conv2d(3, 8, 3).eval(), norm = new nn.BatchNorm2d(8).eval(), x = randn([1, 3, 5, 5]);
 * const both = nn.utils.fuseConvBnEval(conv, norm);
 * console.log(both(x).sub(norm(conv(x))).abs().max().item() < 1e-5); // true
 * ```
 */
export function fuseConvBnEval<M extends ConvModule>(
  conv: M,
  norm: BatchNorm,
  transpose = false,
): M {
  const [mean, variance] = statisticsOf("fuseConvBnEval", conv, norm);
  const { weight, bias } = conv;
  return fused(
    conv,
    fuseConvBnWeights(weight, bias, mean, variance, norm.eps, norm.weight, norm.bias, transpose),
  );
}

/** Weight and bias of a convolution that does what a convolution and a batch norm do. `torch.nn.utils.fuse_conv_bn_weights`. */
export function fuseConvBnWeights(
  convWeight: Tensor,
  convBias: Tensor | null,
  runningMean: Tensor,
  runningVar: Tensor,
  eps: number,
  normWeight: Tensor | null,
  normBias: Tensor | null,
  transpose = false,
): [weight: Parameter, bias: Parameter] {
  return noGrad(() => {
    const scale = mul(normWeight ?? onesLike(runningMean), rsqrt(add(runningVar, eps)));
    const each = convWeight.shape.map((_, d) => d === (transpose ? 1 : 0) ? -1 : 1);
    const shift = mul(sub(convBias ?? zerosLike(runningMean), runningMean), scale);
    return [
      new Parameter(mul(convWeight, reshape(scale, each))),
      new Parameter(add(shift, normBias ?? zerosLike(runningMean))),
    ];
  });
}

/** One linear layer in place of a linear layer and the batch norm after it, both in evaluation mode. `torch.nn.utils.fuse_linear_bn_eval`. */
export function fuseLinearBnEval<M extends Linear<boolean>>(linear: M, norm: BatchNorm): M {
  const [mean, variance] = statisticsOf("fuseLinearBnEval", linear, norm);
  const { weight, bias } = linear;
  return fused(linear, fuseConvBnWeights(weight, bias, mean, variance, norm.eps, norm.weight, norm.bias));
}

/** Weight and bias of a linear layer that does what a linear layer and a batch norm do. `torch.nn.utils.fuse_linear_bn_weights`. */
export function fuseLinearBnWeights(
  linearWeight: Tensor,
  linearBias: Tensor | null,
  runningMean: Tensor,
  runningVar: Tensor,
  eps: number,
  normWeight: Tensor | null,
  normBias: Tensor | null,
): [weight: Parameter, bias: Parameter] {
  return fuseConvBnWeights(linearWeight, linearBias, runningMean, runningVar, eps, normWeight, normBias);
}
