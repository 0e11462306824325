/**
 * Normalisation over dimensions: layer, batch, group, instance and root-mean-square norm, unit vectors, distances of vectors.
 *
 * @module
 */
import { checkCall, checkKind, type Kinds } from "./options.ts";
import { named } from "../apply.ts";
import { isHalf, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { broadcastShapes, sameShape, type Shape, sizeOf, torchSize } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast, commonType, inSingle, requireFloat } from "./cast.ts";
import { add, div, lt, mul, pow, rsqrt, sqrt, sub, where } from "./elementwise.ts";
import { mean, norm, sum } from "./reduce.ts";
import { expand, padDim, reshape, windows } from "./view.ts";

/** Options of norms over fixed dimensions. */
export interface NormOptions {
  /** Added to the variance. */
  readonly eps?: number;
}

const normKinds: Kinds<NormOptions> = { eps: "number" };

/** A parameter that may be missing. */
type MaybeTensor = Tensor | null | undefined;

/** (x - mean) / sqrt(variance + eps) over dims, with the biased variance. */
function standardized(x: Tensor, dims: readonly number[], eps: number): Tensor {
  const centred = sub(x, mean(x, dims, { keepdim: true }));
  const spread = mean(mul(centred, centred), dims, { keepdim: true });
  return mul(centred, rsqrt(add(spread, eps)));
}

function scaled(x: Tensor, weight: MaybeTensor, bias: MaybeTensor): Tensor {
  const y = weight ? mul(x, weight) : x;
  return bias ? add(y, bias) : y;
}

/** Parameters have the input's dtype, or are float32 where the input is of half precision. */
function checkParameterTypes(
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

const mixed = (wanted: string) => `mixed dtype (CPU): expect parameter to have scalar type of ${wanted}`;

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
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: Shape,
  weight?: Tensor | null,
  bias?: Tensor | null,
  options: NormOptions = {},
): Tensor {
  checkCall("layer_norm", [x], options, normKinds, { weight, bias });
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

/** x over its root mean square along the last dimensions, times weight. eps is the dtype's own by default. `torch.nn.functional.rms_norm`. */
export function rmsNorm(
  x: Tensor,
  normalizedShape: Shape,
  weight?: Tensor | null,
  options: NormOptions = {},
): Tensor {
  checkCall("rms_norm", [x], options, normKinds, { weight });
  const dims = checkNormalized("rms_norm", x, normalizedShape, [["weight", weight]]);
  const eps = options.eps ?? machineEpsilon[x.dtype];
  const unit = (y: Tensor) =>
    sizeOf(y.shape) === 0 ? y : mul(y, rsqrt(add(mean(mul(y, y), dims, { keepdim: true }), eps)));
  return inSingle(x.value, (y) => scaled(unit(y), weight, null));
}

/** Options of `batchNorm`. */
export interface BatchNormOptions extends NormOptions {
  /** Factor after normalising. */
  readonly weight?: Tensor | null;
  /** Added after normalising. */
  readonly bias?: Tensor | null;
  /** Normalise with the batch's own statistics and update the running ones. */
  readonly training?: boolean;
  /** Share of the new statistics in the running ones; a 0-d tensor where it changes from step to step. */
  readonly momentum?: number | Tensor;
}

const batchNormKinds: Kinds<BatchNormOptions> = {
  eps: "number",
  weight: "tensor?",
  bias: "tensor?",
  training: "boolean",
  momentum: "any",
};

/** What a norm with running statistics gives back. */
export interface RunningNormResult {
  /** The normalised tensor. */
  readonly output: Tensor;
  /** The updated running mean; null when there is none. */
  readonly runningMean: Tensor | null;
  /** The updated running variance (of unbiased variances); null when there is none. */
  readonly runningVar: Tensor | null;
}

/** A channel vector in the place of dimension 1. */
function perChannel(v: Tensor, rank: number): Tensor {
  return reshape(v, Array.from({ length: rank }, (_, d) => d === 1 ? sizeOf(v.shape) : 1));
}

function checkChannels(
  op: string,
  channels: number,
  named: readonly (readonly [string, MaybeTensor])[],
): void {
  for (const [name, v] of named) {
    if (v && sizeOf(v.shape) !== channels) {
      throw new ShapeError(`${name} should contain ${channels} elements not ${sizeOf(v.shape)}, in ${op}`);
    }
  }
}

function mix(running: Tensor, fresh: Tensor, momentum: number | Tensor): Tensor {
  const mixed = inSingle(running, (r) => {
    const kept = mul(r, typeof momentum === "number" ? 1 - momentum : sub(1, momentum));
    return add(kept, mul(fresh, momentum));
  });
  return mixed.detach();
}

/**
 * Mean 0 and variance 1 per channel (dimension 1). In training with the batch's mean and biased variance, else with the running ones. Tensors
 * being immutable, the updated running statistics (from the unbiased variance) are returned beside the output.
 * `torch.nn.functional.batch_norm`.
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: BatchNormOptions = {},
): RunningNormResult {
  checkCall("batch_norm", [x], options, batchNormKinds, { runningMean, runningVar });
  const { weight, bias, training = false, momentum = 0.1, eps = 1e-5 } = options;
  const rank = x.shape.length;
  if (rank < 2) {
    throw new ShapeError(
      `batch_norm: expected an input of at least 2 dimensions [N, C, ...], got [${x.shape.join(", ")}]`,
    );
  }
  requireFloat("batch_norm", x);
  const channels = x.shape[1];
  checkChannels("batch_norm", channels, [
    ["running_mean", runningMean],
    ["running_var", runningVar],
    ["weight", weight],
    ["bias", bias],
  ]);
  checkParameterTypes("batch_norm", x, [weight, bias, runningMean, runningVar], mixed);
  const single = isHalf(x.dtype) ? cast(x, "float32") : x.value;
  const affine = (y: Tensor) => {
    const z = scaled(y, weight ? perChannel(weight, rank) : null, bias ? perChannel(bias, rank) : null);
    return named("NativeBatchNorm", cast(z, x.dtype));
  };
  if (!training) {
    if (!runningMean || !runningVar) {
      throw new ValueError(
        "Expected running_mean and running_var to be defined when training=False, in batch_norm",
      );
    }
    const centred = sub(single, perChannel(runningMean, rank));
    return {
      output: affine(mul(centred, rsqrt(add(cast(perChannel(runningVar, rank), single.dtype), eps)))),
      runningMean,
      runningVar,
    };
  }
  const count = sizeOf(x.shape) / Math.max(channels, 1);
  if (count === 1) {
    throw new ValueError(
      `Expected more than 1 value per channel when training, got input size ${
        torchSize(x.shape)
      }, in batch_norm: use a larger batch or eval()`,
    );
  }
  if (sizeOf(x.shape) === 0) return { output: affine(single), runningMean, runningVar };
  const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
  const average = mean(single, dims, { keepdim: true });
  const centred = sub(single, average);
  const spread = mean(mul(centred, centred), dims, { keepdim: true });
  const fresh = (v: Tensor) => reshape(v, [channels]).detach();
  return {
    output: affine(mul(centred, rsqrt(add(spread, eps)))),
    runningMean: runningMean === null ? null : mix(runningMean, fresh(average), momentum),
    runningVar: runningVar === null
      ? null
      : mix(runningVar, mul(fresh(spread), count / (count - 1)), momentum),
  };
}

/** Mean 0 and variance 1 over each of `numGroups` groups of channels, per example. `torch.nn.functional.group_norm`. */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  weight?: Tensor | null,
  bias?: Tensor | null,
  options: NormOptions = {},
): Tensor {
  checkCall("group_norm", [x], options, normKinds, { weight, bias });
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
  // A size of -1 cannot be told where there are no elements.
  const normal = (y: Tensor) =>
    sizeOf(y.shape) === 0
      ? y
      : reshape(standardized(reshape(y, [y.shape[0], numGroups, -1]), [2], options.eps ?? 1e-5), y.shape);
  const factor = weight ? perChannel(weight, rank) : null, shift = bias ? perChannel(bias, rank) : null;
  return named("NativeGroupNorm", inSingle(x.value, (y) => scaled(normal(y), factor, shift)));
}

/** Options of `instanceNorm`. */
export interface InstanceNormOptions extends NormOptions {
  /** Factor after normalising. */
  readonly weight?: Tensor | null;
  /** Added after normalising. */
  readonly bias?: Tensor | null;
  /** Normalise with each instance's own statistics; else with the running ones. */
  readonly useInputStats?: boolean;
  /** Share of the new statistics. */
  readonly momentum?: number | Tensor;
}

const instanceNormKinds: Kinds<InstanceNormOptions> = {
  eps: "number",
  weight: "tensor?",
  bias: "tensor?",
  useInputStats: "boolean",
  momentum: "any",
};

/** Batch norm of each example for itself. `torch.nn.functional.instance_norm`. */
export function instanceNorm(
  x: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  options: InstanceNormOptions = {},
): RunningNormResult {
  checkCall("instance_norm", [x], options, instanceNormKinds, { runningMean, runningVar });
  const { weight, bias, useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
  if (x.shape.length < 2) {
    throw new ShapeError(
      `instance_norm: expected an input of at least 2 dimensions, got [${x.shape.join(", ")}]`,
    );
  }
  const [n, channels, ...space] = x.shape;
  if (!useInputStats && (runningMean === null || runningVar === null)) {
    throw new ValueError("Expected running_mean and running_var to be defined when use_input_stats is false");
  }
  if (useInputStats && sizeOf(space) === 1) {
    throw new ValueError(
      `Expected more than 1 spatial element when training, got input size ${
        torchSize(x.shape)
      }, in instance_norm`,
    );
  }
  checkChannels("instance_norm", channels, [["running_mean", runningMean], ["running_var", runningVar]]);
  // The examples become channels of one batch.
  const tiled = (v: Tensor | null) => v === null ? null : reshape(expand(v, [n, channels]), [n * channels]);
  const result = batchNorm(reshape(x, [1, n * channels, ...space]), tiled(runningMean), tiled(runningVar), {
    weight: tiled(weight ?? null),
    bias: tiled(bias ?? null),
    training: useInputStats,
    momentum,
    eps,
  });
  const averaged = (v: Tensor | null) => v === null ? null : mean(reshape(v, [n, channels]), 0);
  return {
    output: named("View", reshape(result.output, x.shape)),
    runningMean: useInputStats ? averaged(result.runningMean) : runningMean,
    runningVar: useInputStats ? averaged(result.runningVar) : runningVar,
  };
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

const localResponseNormKinds: Kinds<LocalResponseNormOptions> = {
  alpha: "number",
  beta: "number",
  k: "number",
};

/** x over (k + alpha times the mean square of `size` neighbouring channels)^beta. `torch.nn.functional.local_response_norm`. */
export function localResponseNorm(x: Tensor, size: number, options: LocalResponseNormOptions = {}): Tensor {
  checkCall("local_response_norm", [x], options, localResponseNormKinds);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  if (x.shape.length < 3) {
    throw new ShapeError(
      `Expected 3D or higher dimensionality input (got ${x.shape.length} dimensions), in local_response_norm`,
    );
  }
  if (sizeOf(x.shape) === 0) return x.value;
  const square = padDim(mul(x, x), 1, Math.floor(size / 2), Math.floor((size - 1) / 2), 0);
  const average = div(sum(windows(square, 1, size, 1), -1), size);
  return div(x, pow(add(mul(average, alpha), k), beta));
}

/** No less than `eps`; the gradient stops where it is less. */
function atLeast(x: Tensor, eps: number): Tensor {
  return where(lt(x, eps), eps, x);
}

/** Options of `normalize`. */
export interface NormalizeOptions {
  /** The exponent of the norm. */
  readonly p?: number;
  /** Dimension to normalise over. */
  readonly dim?: number | readonly number[];
  /** The norm is taken to be no less than this. */
  readonly eps?: number;
}

const normalizeKinds: Kinds<NormalizeOptions> = { p: "number", dim: "sizes", eps: "number" };

/** x over its p-norm along `dim`. `torch.nn.functional.normalize`. */
export function normalize(x: Tensor, options: NormalizeOptions = {}): Tensor {
  checkCall("normalize", [x], options, normalizeKinds);
  const { p = 2, dim = 1, eps = 1e-12 } = options;
  return div(x, atLeast(norm(x, p, dim, { keepdim: true }), eps));
}

/** The cosine of the angle between vectors along `dim`. `torch.nn.functional.cosine_similarity`. */
export function cosineSimilarity(
  a: Tensor,
  b: Tensor,
  options: { readonly dim?: number; readonly eps?: number } = {},
): Tensor {
  checkCall("cosine_similarity", [a, b], options, { dim: "number", eps: "number" });
  const { dim = 1, eps = 1e-8 } = options;
  // Broadcast first: `dim` counts in the common shape.
  const shape = broadcastShapes("cosine_similarity", a.shape, b.shape);
  const dtype = commonType("cosine_similarity", [a, b]);
  const unit = (x: Tensor) => {
    const y = expand(cast(x, dtype), shape), square = sum(mul(y, y), dim, { keepdim: true });
    // Raised without a trace: the gradient passes on to the square even where eps stands for it.
    const raised = add(atLeast(square, eps * eps).detach(), sub(square, square.detach()));
    return div(y, sqrt(raised));
  };
  return sum(mul(unit(a), unit(b)), dim);
}

/** Options of `pairwiseDistance`. */
export interface PairwiseDistanceOptions {
  /** Order of the norm. */
  readonly p?: number;
  /** Added to the difference. */
  readonly eps?: number;
  /** Keep the reduced dimension with size 1. */
  readonly keepdim?: boolean;
}

const pairwiseDistanceKinds: Kinds<PairwiseDistanceOptions> = {
  p: "number",
  eps: "number",
  keepdim: "boolean",
};

/** The p-norm of a - b + eps along the last dimension. `torch.nn.functional.pairwise_distance`. */
export function pairwiseDistance(a: Tensor, b: Tensor, options: PairwiseDistanceOptions = {}): Tensor {
  checkCall("pairwise_distance", [a, b], options, pairwiseDistanceKinds);
  const { p = 2, eps = 1e-6, keepdim = false } = options;
  return norm(add(sub(a, b), eps), p, -1, { keepdim });
}
