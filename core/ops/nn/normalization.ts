/**
 * Normalisation over dimensions: layer, group and root-mean-square norm, local responses. Norms with running statistics are in batch_norm.ts, unit vectors in
 * similarity.ts.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { isFloat, isHalf, scalarName } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { sameShape, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { inSingle, requireFloat } from "../cast.ts";
import { add, div, mul, pow, rsqrt, sub } from "../elementwise.ts";
import {
  type Given,
  inPlaceWith,
  isNamed,
  type Named,
  needed,
  settingsOf,
  type Trailing,
} from "../arguments.ts";
import { checkCall, checkKind, type Kinds } from "../options.ts";
import { mean, sum } from "../reduce.ts";
import { padDim, reshape, windows } from "../view.ts";

/** Options of norms over fixed dimensions. */
export interface NormOptions {
  /** Added to the variance. */
  readonly eps?: number;
}

const normKinds: Kinds<NormOptions> = { eps: "number" };

/** Factor and offset, where they are given by name. */
export interface Affine {
  /** The factor, or null. */
  readonly weight: Tensor | null;
  /** The offset, or null. */
  readonly bias: Tensor | null;
}

/** A parameter that may be missing. */
export type MaybeTensor = Tensor | null | undefined;

/** (x - mean) / sqrt(variance + eps) over dims, with the biased variance. */
function standardized(x: Tensor, dims: readonly number[], eps: number): Tensor {
  const centred = sub(x, mean(x, dims, { keepdim: true }));
  const spread = mean(mul(centred, centred), dims, { keepdim: true });
  return mul(centred, rsqrt(add(spread, eps)));
}

/** x times the weight plus the bias, those that there are. */
export function scaled(x: Tensor, weight: MaybeTensor, bias: MaybeTensor): Tensor {
  const y = weight ? mul(x, weight) : x;
  return bias ? add(y, bias) : y;
}

/** Parameters have the input's dtype, or are float32 where the input is of half precision. */
export function checkParameterTypes(
  op: string,
  x: Tensor,
  parameters: readonly MaybeTensor[],
  sentence = (wanted: string, found: string) => `expected scalar type ${wanted} but found ${found}`,
): void {
  for (const p of parameters) {
    if (!p || p.dtype === x.dtype || (isHalf(x.dtype) && p.dtype === "float32")) continue;
    throw new DTypeError(
      `${
        sentence(scalarName(x.dtype), scalarName(p.dtype))
      }, in ${op} of ${x.dtype} with parameters of ${p.dtype}; cast one with .to()`,
    );
  }
}

/** The sentence on parameters of another dtype. */
export const mixed = (wanted: string) =>
  `mixed dtype (CPU): expect parameter to have scalar type of ${wanted}`;

function checkNormalized(
  op: string,
  x: Tensor,
  normalizedShape: Shape,
  parameters: readonly (readonly [string, MaybeTensor])[],
): number[] {
  checkKind(op, "normalized_shape", normalizedShape ?? null, "numbers");
  const rank = normalizedShape.length, from = x.shape.length - rank;
  if (rank === 0) {
    throw new ShapeError(
      `Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = [], in ${op}`,
    );
  }
  for (const [name, parameter] of parameters) {
    if (parameter && !sameShape(parameter.shape, normalizedShape)) {
      throw new ShapeError(
        `Expected ${name} to be of same shape as normalized_shape, but got ${name} of shape [${
          parameter.shape.join(", ")
        }] and normalized_shape = [${normalizedShape.join(", ")}], in ${op}`,
      );
    }
  }
  if (from < 0 || !sameShape(x.shape.slice(from), normalizedShape)) {
    throw new ShapeError(
      `Given normalized_shape=[${normalizedShape.join(", ")}], expected input with shape [*, ${
        normalizedShape.join(", ")
      }], but got input of size[${x.shape.join(", ")}], in ${op}`,
    );
  }
  requireFloat(op, x);
  checkParameterTypes(op, x, parameters.map(([, p]) => p));
  return normalizedShape.map((_, i) => from + i);
}

/**
 * Mean 0 and variance 1 over the last dimensions, which `normalizedShape` names; then times weight plus bias.
 * `torch.nn.functional.layer_norm`.
 *
 * @throws {ShapeError} when the last dimensions of x are not `normalizedShape`
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(nn.functional.layerNorm(tensor([1, 2, 3]), [3]))); // tensor([-1.2247,  0.0000,  1.2247])
 * ```
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: Shape | Named<{ normalizedShape: Shape } & Affine, NormOptions>,
  weight?: Tensor | null | Named<Affine, NormOptions>,
  bias?: Tensor | null | Named<Affine, NormOptions>,
  ...settings: Trailing<[eps: number], NormOptions>
): Tensor {
  const options = settingsOf<NormOptions>("layer_norm", settings, normKinds);
  if (isNamed(normalizedShape) || isNamed(weight) || isNamed(bias)) {
    const names = ["normalizedShape", "weight", "bias"], values = [normalizedShape, weight, bias] as const;
    return layerNorm(x, ...inPlaceWith("layer_norm", names, values, options, 1));
  }
  checkCall("layer_norm", [x], undefined, undefined, { weight, bias });
  const dims = checkNormalized("layer_norm", x, normalizedShape, [["weight", weight], ["bias", bias]]);
  const normal = (y: Tensor) => sizeOf(y.shape) === 0 ? y : standardized(y, dims, options.eps ?? 1e-5);
  return named("NativeLayerNorm", inSingle(x.value, (y) => scaled(normal(y), weight, bias)));
}

const machineEpsilon: Readonly<Record<string, number>> = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

/**
 * x over its root mean square along the last dimensions, times weight. eps is the dtype's own by default. `torch.nn.functional.rms_norm`.
 *
 * @throws {ShapeError} when the last dimensions of x are not `normalizedShape`
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(nn.functional.rmsNorm(tensor([3, 4]), [2]))); // tensor([0.8485, 1.1314])
 * ```
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: Shape | Named<{ normalizedShape: Shape; weight: Tensor | null }, NormOptions>,
  weight?: Tensor | null | Named<{ weight: Tensor | null }, NormOptions>,
  options: NormOptions = {},
): Tensor {
  if (isNamed(normalizedShape) || isNamed(weight)) {
    const names = ["normalizedShape", "weight"], values = [normalizedShape, weight] as const;
    return rmsNorm(x, ...inPlaceWith("rms_norm", names, values, options, 1));
  }
  checkCall("rms_norm", [x], options, normKinds, { weight });
  const dims = checkNormalized("rms_norm", x, normalizedShape, [["weight", weight]]);
  const eps = options.eps ?? machineEpsilon[x.dtype];
  const unit = (y: Tensor) =>
    sizeOf(y.shape) === 0 ? y : mul(y, rsqrt(add(mean(mul(y, y), dims, { keepdim: true }), eps)));
  return inSingle(x.value, (y) => scaled(unit(y), weight, null));
}

/** A channel vector in the place of dimension 1. */
export function perChannel(v: Tensor, rank: number): Tensor {
  return reshape(v, Array.from({ length: rank }, (_, d) => d === 1 ? sizeOf(v.shape) : 1));
}

/** Mean 0 and variance 1 over each of `numGroups` groups of channels, per example. `torch.nn.functional.group_norm`. */
export function groupNorm(
  x: Tensor,
  numGroups: number | Named<{ numGroups: number } & Affine, NormOptions>,
  weight?: Tensor | null | Named<Affine, NormOptions>,
  bias?: Tensor | null | Named<Affine, NormOptions>,
  ...settings: Trailing<[eps: number], NormOptions>
): Tensor {
  const options = settingsOf<NormOptions>("group_norm", settings, normKinds);
  if (isNamed(numGroups) || isNamed(weight) || isNamed(bias)) {
    const names = ["numGroups", "weight", "bias"], values = [numGroups, weight, bias] as const;
    return groupNorm(x, ...inPlaceWith("group_norm", names, values, options, 1));
  }
  checkCall("group_norm", [x], undefined, undefined, { weight, bias });
  const rank = x.shape.length;
  if (rank < 2) {
    throw new ShapeError(
      `Expected at least 2 dimensions for input tensor but received ${rank}, in group_norm`,
    );
  }
  if (!Number.isInteger(numGroups) || numGroups < 1 || x.shape[1] % numGroups !== 0) {
    throw new ShapeError(
      `Expected number of channels in input to be divisible by num_groups, but got input of shape [${
        x.shape.join(", ")
      }] and num_groups=${numGroups}`,
    );
  }
  requireFloat("group_norm", x);
  for (const [name, p] of [["weight", weight], ["bias", bias]] as const) {
    if (!p || sameShape(p.shape, [x.shape[1]])) continue;
    throw new ShapeError(
      `Expected ${name} to be a vector of size equal to the number of channels in input, but got ${name} of shape [${
        p.shape.join(", ")
      }] and input of shape [${x.shape.join(", ")}], in group_norm`,
    );
  }
  checkParameterTypes("group_norm", x, [weight, bias]);
  if (sizeOf(x.shape) === numGroups) {
    throw new ValueError(
      `Expected more than 1 value per channel when training, got input size [${
        [x.shape[0] * x.shape[1] / numGroups, numGroups, ...x.shape.slice(2)].join(", ")
      }], in group_norm`,
    );
  }
  // A size of -1 cannot be told where there are no elements.
  const normal = (y: Tensor) =>
    sizeOf(y.shape) === 0
      ? y
      : reshape(standardized(reshape(y, [y.shape[0], numGroups, -1]), [2], options.eps ?? 1e-5), y.shape);
  const factor = weight ? perChannel(weight, rank) : null, shift = bias ? perChannel(bias, rank) : null;
  return named("NativeGroupNorm", inSingle(x.value, (y) => scaled(normal(y), factor, shift)));
}

/** Options of `localResponseNorm`. */
export interface LocalResponseNormOptions {
  /** Factor of the sum of squares. */
  readonly alpha?: number;
  /** Exponent. */
  readonly beta?: number;
  /** Added to the sum. */
  readonly k?: number;
}

const localResponseNormKinds: Kinds<{ readonly size: number } & LocalResponseNormOptions> = {
  size: "whole",
  alpha: "number",
  beta: "number",
  k: "number",
};

/** x over (k + alpha times the mean square of `size` neighbouring channels)^beta. `torch.nn.functional.local_response_norm`. */
export function localResponseNorm(
  x: Tensor,
  ...settings: Given<
    [size: number],
    [alpha: number, beta: number, k: number],
    { size: number },
    LocalResponseNormOptions
  >
): Tensor {
  const options = settingsOf<{ readonly size: number } & LocalResponseNormOptions>(
    "local_response_norm",
    settings,
    localResponseNormKinds,
  );
  checkCall("local_response_norm", [x]);
  const size = needed("local_response_norm", options, "size");
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  if (x.shape.length < 3) {
    throw new ShapeError(
      `Expected 3D or higher dimensionality input (got ${x.shape.length} dimensions), in local_response_norm`,
    );
  }
  if (sizeOf(x.shape) === 0) return x.value;
  if (!Number.isInteger(size) || size < 1) {
    throw new ValueError(`kernel size should be greater than zero, but got ${size}, in local_response_norm`);
  }
  const square = padDim(mul(x, x), 1, Math.floor(size / 2), Math.floor((size - 1) / 2), 0);
  const total = sum(windows(square, 1, size, 1), -1);
  const average = isFloat(x.dtype) ? div(total, size) : div(total, size, { roundingMode: "trunc" });
  return div(x, pow(add(mul(average, alpha), k), beta));
}
