/**
 * Normalisation with running statistics: batch and instance norm.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { isHalf } from "../../dtype.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { sizeOf, torchSize } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, inSingle, requireFloat } from "../cast.ts";
import { add, mul, rsqrt, sub } from "../elementwise.ts";
import {
  checkParameterTypes,
  type MaybeTensor,
  mixed,
  type NormOptions,
  perChannel,
  scaled,
} from "./normalization.ts";
import { inPlaceWith, isNamed, type Named, settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { mean } from "../reduce.ts";
import { expand, reshape } from "../view.ts";

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
  weight: "tensor?",
  bias: "tensor?",
  training: "boolean",
  momentum: "any",
  eps: "number",
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

/** Refuses what is not one number for each channel, of which there are `copies` in all. */
function checkChannels(
  op: string,
  channels: number,
  named: readonly (readonly [string, MaybeTensor])[],
  copies = 1,
): void {
  for (const [name, v] of named) {
    if (v && sizeOf(v.shape) !== channels) {
      throw new ShapeError(
        `${name} should contain ${channels * copies} elements not ${sizeOf(v.shape) * copies}, in ${op}`,
      );
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
  ...settings: Trailing<
    [weight: Tensor | null, bias: Tensor | null, training: boolean, momentum: number | Tensor, eps: number],
    BatchNormOptions
  >
): RunningNormResult {
  const options = settingsOf<BatchNormOptions>("batch_norm", settings, batchNormKinds, 5);
  checkCall("batch_norm", [x], undefined, undefined, { runningMean, runningVar });
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
        `${
          runningMean ? "running_var" : "running_mean"
        } must be defined in evaluation mode: give both, or training, in batch_norm`,
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
  weight: "tensor?",
  bias: "tensor?",
  useInputStats: "boolean",
  momentum: "any",
  eps: "number",
};

/** Batch norm of each example for itself. `torch.nn.functional.instance_norm`. */
export function instanceNorm(
  x: Tensor,
  runningMean:
    | Tensor
    | null
    | Named<{ runningMean: Tensor | null; runningVar: Tensor | null }, InstanceNormOptions> = null,
  runningVar:
    | Tensor
    | null
    | Named<{ runningMean: Tensor | null; runningVar: Tensor | null }, InstanceNormOptions> = null,
  ...settings: Trailing<
    [
      weight: Tensor | null,
      bias: Tensor | null,
      useInputStats: boolean,
      momentum: number | Tensor,
      eps: number,
    ],
    InstanceNormOptions
  >
): RunningNormResult {
  const options = settingsOf<InstanceNormOptions>("instance_norm", settings, instanceNormKinds, 5);
  if (isNamed(runningMean) || isNamed(runningVar)) {
    return instanceNorm(
      x,
      ...inPlaceWith("instance_norm", ["runningMean", "runningVar"], [runningMean, runningVar], options),
    );
  }
  checkCall("instance_norm", [x], undefined, undefined, { runningMean, runningVar });
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
  checkChannels("instance_norm", channels, [
    ["running_mean", runningMean],
    ["running_var", runningVar],
    ["weight", weight ?? null],
    ["bias", bias ?? null],
  ], n);
  for (const v of [runningMean, runningVar, weight, bias]) {
    if (!v || v.shape.length < 2) continue;
    throw new ShapeError(
      `Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor, in instance_norm: a vector of ${channels} elements is needed, not [${
        v.shape.join(", ")
      }]`,
    );
  }
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
