/**
 * Norms that learn their number of channels from the first input.
 *
 * @module
 */
import { tensor } from "../core/ops/create.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  type RunningNorm,
  type RunningNormArguments,
  type RunningNormOptions,
  runningNormOptions,
} from "./batch_norm.ts";
import {
  hasUninitialized,
  initializeOnCall,
  materialize,
  materializeFrom,
  UninitializedBuffer,
  UninitializedParameter,
} from "./module/uninitialized.ts";

/** What a lazy InstanceNorm is made with: unlike the ordinary one it learns and tracks unless told not to, so A is true by default. */
function learnt<A extends boolean>(options: RunningNormOptions<A>): RunningNormOptions<A> {
  return { trackRunningStats: true, ...options, affine: options.affine ?? true as A };
}

/** Makes a norm of no channels a lazy one. */
function defer(
  norm: RunningNorm,
  ordinary: { readonly prototype: RunningNorm },
  options: RunningNormOptions,
): void {
  const { affine = true, trackRunningStats = true, dtype, device } = options;
  if (affine) {
    norm.weight = new UninitializedParameter({ dtype, device });
    norm.bias = new UninitializedParameter({ dtype, device });
  }
  if (trackRunningStats) {
    norm.runningMean = new UninitializedBuffer({ dtype, device });
    norm.runningVar = new UninitializedBuffer({ dtype, device });
    norm.numBatchesTracked = tensor(0n, { dtype: "int64", device });
  }
  initializeOnCall(norm, ordinary, (called, x) => {
    called.numFeatures = x.size(1);
    if (!hasUninitialized(called)) return;
    const each = [called.numFeatures];
    materialize(called, { weight: each, bias: each, running_mean: each, running_var: each });
    called.resetParameters();
  });
}

/**
 * A BatchNorm1d that learns its number of channels from the first input, and is a BatchNorm1d afterwards. `torch.nn.LazyBatchNorm1d`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const norm = new nn.LazyBatchNorm1d();
 * norm(ones([8, 4]));
 * console.log(norm.numFeatures, norm instanceof nn.LazyBatchNorm1d); // 4 false
 * ```
 */
export class LazyBatchNorm1d<A extends boolean = true, T extends boolean = true> extends BatchNorm1d<A, T> {
  /** Takes what comes after the number of channels, by position or by name. */
  constructor(...settings: RunningNormArguments<A, T>) {
    const options = runningNormOptions("LazyBatchNorm1d", settings);
    super(0, options);
    defer(this, BatchNorm1d, options);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    super.beforeLoad(state, prefix);
    materializeFrom(this, state, prefix);
  }
}

/** A BatchNorm2d that learns its number of channels from the first input, and is a BatchNorm2d afterwards. `torch.nn.LazyBatchNorm2d`. */
export class LazyBatchNorm2d<A extends boolean = true, T extends boolean = true> extends BatchNorm2d<A, T> {
  /** Takes what comes after the number of channels, by position or by name. */
  constructor(...settings: RunningNormArguments<A, T>) {
    const options = runningNormOptions("LazyBatchNorm2d", settings);
    super(0, options);
    defer(this, BatchNorm2d, options);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    super.beforeLoad(state, prefix);
    materializeFrom(this, state, prefix);
  }
}

/** A BatchNorm3d that learns its number of channels from the first input, and is a BatchNorm3d afterwards. `torch.nn.LazyBatchNorm3d`. */
export class LazyBatchNorm3d<A extends boolean = true, T extends boolean = true> extends BatchNorm3d<A, T> {
  /** Takes what comes after the number of channels, by position or by name. */
  constructor(...settings: RunningNormArguments<A, T>) {
    const options = runningNormOptions("LazyBatchNorm3d", settings);
    super(0, options);
    defer(this, BatchNorm3d, options);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    super.beforeLoad(state, prefix);
    materializeFrom(this, state, prefix);
  }
}

/** An InstanceNorm1d that learns its number of channels from the first input, and is an InstanceNorm1d afterwards. `torch.nn.LazyInstanceNorm1d`. */
export class LazyInstanceNorm1d<A extends boolean = true> extends InstanceNorm1d<A> {
  /** Takes what comes after the number of channels, by position or by name. */
  constructor(...settings: RunningNormArguments<A>) {
    const options = learnt(runningNormOptions("LazyInstanceNorm1d", settings));
    super(0, options);
    defer(this, InstanceNorm1d, options);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    super.beforeLoad(state, prefix);
    materializeFrom(this, state, prefix);
  }
}

/** An InstanceNorm2d that learns its number of channels from the first input, and is an InstanceNorm2d afterwards. `torch.nn.LazyInstanceNorm2d`. */
export class LazyInstanceNorm2d<A extends boolean = true> extends InstanceNorm2d<A> {
  /** Takes what comes after the number of channels, by position or by name. */
  constructor(...settings: RunningNormArguments<A>) {
    const options = learnt(runningNormOptions("LazyInstanceNorm2d", settings));
    super(0, options);
    defer(this, InstanceNorm2d, options);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    super.beforeLoad(state, prefix);
    materializeFrom(this, state, prefix);
  }
}

/** An InstanceNorm3d that learns its number of channels from the first input, and is an InstanceNorm3d afterwards. `torch.nn.LazyInstanceNorm3d`. */
export class LazyInstanceNorm3d<A extends boolean = true> extends InstanceNorm3d<A> {
  /** Takes what comes after the number of channels, by position or by name. */
  constructor(...settings: RunningNormArguments<A>) {
    const options = learnt(runningNormOptions("LazyInstanceNorm3d", settings));
    super(0, options);
    defer(this, InstanceNorm3d, options);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    super.beforeLoad(state, prefix);
    materializeFrom(this, state, prefix);
  }
}
