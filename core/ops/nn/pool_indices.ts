/**
 * Max pooling with the places of what it takes, under the names that PyTorch has for it: `maxPool2d` and its kin with `returnIndices`.
 *
 * @module
 */
import { needed, settingsOf } from "../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import type { ValuesAndIndices } from "../reduce.ts";
import {
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type OutputSizes,
} from "./adaptive_pool.ts";
import {
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  type FractionalMaxPoolOptions,
} from "./fractional_pool.ts";
import {
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxPoolKinds,
  type MaxPoolOptions,
  type MaxPoolSettings,
} from "./max_pool.ts";
import type { KernelSize } from "./pool.ts";
import type { Sizes } from "./spatial.ts";

function settingsWith(
  op: string,
  settings: MaxPoolSettings,
): KernelSize & MaxPoolOptions & { readonly returnIndices: true } {
  const options = settingsOf<KernelSize & MaxPoolOptions>(op, settings, maxPoolKinds);
  return { ...options, kernelSize: needed(op, options, "kernelSize"), returnIndices: true };
}

/** The largest element of each window of x [N, C, L] or [C, L], and where it is. `torch.nn.functional.max_pool1d_with_indices`. */
export function maxPool1dWithIndices(x: Tensor, ...settings: MaxPoolSettings): ValuesAndIndices {
  return maxPool1d(x, settingsWith("max_pool1d_with_indices", settings));
}

/**
 * The largest element of each window of x [N, C, H, W] or [C, H, W], and where it is in the flattened plane.
 * `torch.nn.functional.max_pool2d_with_indices`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const [values, indices] = nn.functional.maxPool2dWithIndices(tensor([[[1, 4], [3, 2]]]), 2);
 * console.log(values.tolist(), indices.tolist()); // [ [ [ 4 ] ] ] [ [ [ 1 ] ] ]
 * ```
 */
export function maxPool2dWithIndices(x: Tensor, ...settings: MaxPoolSettings): ValuesAndIndices {
  return maxPool2d(x, settingsWith("max_pool2d_with_indices", settings));
}

/** The largest element of each window of x [N, C, D, H, W] or [C, D, H, W], and where it is. `torch.nn.functional.max_pool3d_with_indices`. */
export function maxPool3dWithIndices(x: Tensor, ...settings: MaxPoolSettings): ValuesAndIndices {
  return maxPool3d(x, settingsWith("max_pool3d_with_indices", settings));
}

/** `adaptiveMaxPool1d` and where the elements are. `torch.nn.functional.adaptive_max_pool1d_with_indices`. */
export function adaptiveMaxPool1dWithIndices(x: Tensor, outputSize: OutputSizes): ValuesAndIndices {
  return adaptiveMaxPool1d(x, outputSize, { returnIndices: true });
}

/** `adaptiveMaxPool2d` and where the elements are. `torch.nn.functional.adaptive_max_pool2d_with_indices`. */
export function adaptiveMaxPool2dWithIndices(x: Tensor, outputSize: OutputSizes): ValuesAndIndices {
  return adaptiveMaxPool2d(x, outputSize, { returnIndices: true });
}

/** `adaptiveMaxPool3d` and where the elements are. `torch.nn.functional.adaptive_max_pool3d_with_indices`. */
export function adaptiveMaxPool3dWithIndices(x: Tensor, outputSize: OutputSizes): ValuesAndIndices {
  return adaptiveMaxPool3d(x, outputSize, { returnIndices: true });
}

/** `fractionalMaxPool2d` and where the elements are. `torch.nn.functional.fractional_max_pool2d_with_indices`. */
export function fractionalMaxPool2dWithIndices(
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolOptions,
): ValuesAndIndices {
  return fractionalMaxPool2d(x, kernelSize, { ...options, returnIndices: true });
}

/** `fractionalMaxPool3d` and where the elements are. `torch.nn.functional.fractional_max_pool3d_with_indices`. */
export function fractionalMaxPool3dWithIndices(
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolOptions,
): ValuesAndIndices {
  return fractionalMaxPool3d(x, kernelSize, { ...options, returnIndices: true });
}
