/**
 * Norms with running statistics: BatchNorm and InstanceNorm. Norms without are in normalization.ts, lazy ones in lazy_norm.ts.
 *
 * @module
 */
import { getDefaultDtype } from "../core/dtype.ts";
import { drawsFreely, followState, type StateCell } from "../core/effects.ts";
import { GradError, ShapeError } from "../core/errors.ts";
import { checkTensors } from "../core/ops/cast.ts";
import { full, ones, tensor, zeros } from "../core/ops/create.ts";
import { batchNorm, instanceNorm, type RunningNormResult } from "../core/ops/nn/batch_norm.ts";
import type { Kinds } from "../core/ops/options.ts";
import { squeeze, unsqueeze } from "../core/ops/view.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluateWithStep } from "../core/transform/backward.ts";
import { ones_, zeros_ } from "../init/constant.ts";
import { needed, type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { type BiasOf, checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { setField } from "./module/fields.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";
import { flag, float } from "./module/repr.ts";

/** Options of BatchNorm and InstanceNorm. */
export interface RunningNormOptions<A extends boolean = boolean, T extends boolean = boolean>
  extends FactoryOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Share of a batch in the running statistics; 0.1 by default. With null they are the plain average of all batches. */
  readonly momentum?: number | null;
  /** Whether factor and offset are learned. */
  readonly affine?: A;
  /** Whether there are running statistics, for use in evaluation mode. */
  readonly trackRunningStats?: T;
}

/** Arguments of norms after the number of features. */
export type RunningNormArguments<A extends boolean = boolean, T extends boolean = boolean> = Trailing<
  [eps: number, momentum: number | null, affine: A, trackRunningStats: T],
  RunningNormOptions<A, T>
>;

/** What these norms cannot do without, where it is given by name. */
export interface NumFeatures {
  /** Number of channels. */
  readonly numFeatures: number;
}

/** Arguments of norms. */
export type NormArguments<A extends boolean = boolean, T extends boolean = boolean> = NeededThen<
  [numFeatures: number],
  [eps: number, momentum: number | null, affine: A, trackRunningStats: T],
  NumFeatures,
  RunningNormOptions<A, T>
>;

/** What a norm made with the option `trackRunningStats: T` has: a tensor, or null for false. */
export type StatisticOf<T extends boolean> = T extends false ? null : Tensor;

const kinds: Kinds<RunningNormOptions> = {
  eps: "number",
  momentum: "number?",
  affine: "boolean",
  trackRunningStats: "boolean",
  ...factoryKinds,
};

/** The options that arguments of a norm amount to. */
export function runningNormOptions<A extends boolean, T extends boolean>(
  op: string,
  settings: RunningNormArguments<A, T>,
): RunningNormOptions<A, T> {
  return settingsOf<RunningNormOptions<A, T>>(op, settings, kinds);
}

/** The same with the number of channels. */
function normOptions<A extends boolean, T extends boolean>(
  op: string,
  settings: NormArguments<A, T>,
): NumFeatures & RunningNormOptions<A, T> {
  const options = settingsOf<NumFeatures & RunningNormOptions<A, T>>(op, settings, {
    numFeatures: "any",
    ...kinds,
  });
  return { ...options, numFeatures: needed(op, options, "numFeatures") };
}

/** What norms with running statistics share. */
export abstract class RunningNorm<A extends boolean = boolean> extends Module {
  /** Number of channels. */
  numFeatures: number;
  /** Added to the variance. */
  eps: number;
  /** Share of a batch in the running statistics, or null for the plain average. */
  momentum: number | null;
  /** Whether factor and offset are learned. */
  affine: boolean;
  /** Whether there are running statistics. */
  trackRunningStats: boolean;
  /** [numFeatures], or null when not affine. */
  declare weight: BiasOf<A>;
  /** [numFeatures], or null when not affine. */
  declare bias: BiasOf<A>;
  /** [numFeatures], or null. */
  declare runningMean: Tensor | null;
  /** [numFeatures], or null. */
  declare runningVar: Tensor | null;
  /** int64, no dimensions, or null. */
  declare numBatchesTracked: Tensor | null;

  /** Takes the number of channels. */
  constructor(
    numFeatures: number,
    { eps = 1e-5, momentum = 0.1, affine = true, ...options }: RunningNormOptions,
  ) {
    super();
    checkSizes(this.reprName(), { numFeatures });
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = options.trackRunningStats ?? true;
    const { dtype = getDefaultDtype(), device } = options;
    const each = [numFeatures];
    this.registerParameter("weight", affine ? new Parameter(ones(each, { dtype, device })) : null);
    this.registerParameter("bias", affine ? new Parameter(zeros(each, { dtype, device })) : null);
    const track = this.trackRunningStats;
    const buffer = (key: string, name: string, value: Tensor) =>
      setField(this, key, track ? value : null, "buffer", name);
    buffer("runningMean", "running_mean", zeros(each, { dtype, device }));
    buffer("runningVar", "running_var", ones(each, { dtype, device }));
    buffer("numBatchesTracked", "num_batches_tracked", tensor(0n, { dtype: "int64", device }));
  }

  /** Sets the running statistics back to mean 0 and variance 1. */
  resetRunningStats(): void {
    const { runningMean, runningVar, numBatchesTracked } = this;
    if (runningMean === null || runningVar === null || numBatchesTracked === null) return;
    this.runningMean = full(runningMean.shape, 0, { dtype: runningMean.dtype, device: runningMean.device });
    this.runningVar = full(runningVar.shape, 1, { dtype: runningVar.dtype, device: runningVar.device });
    this.numBatchesTracked = tensor(0n, { dtype: "int64", device: numBatchesTracked.device });
  }

  /** Sets running statistics, factor and offset back. */
  resetParameters(): void {
    this.resetRunningStats();
    const { weight, bias }: { weight: Parameter | null; bias: Parameter | null } = this;
    if (weight !== null) ones_(weight);
    if (bias !== null) zeros_(bias);
  }

  /** Refuses inputs of the wrong rank. */
  protected abstract checkInput(x: Tensor): void;

  /**
   * Tells a function that is traced once and replayed that the running statistics will change (with `counting` the count of batches too), and what
   * else happens at each call. Whether there is such a function.
   */
  protected follow(each: () => void, counting = false): boolean {
    const cell = (key: "runningMean" | "runningVar" | "numBatchesTracked"): StateCell => ({
      read: () => this[key] as Tensor,
      write: (next) => this[key] = next,
    });
    const cells = this.runningMean === null || this.runningVar === null
      ? []
      : [cell("runningMean"), cell("runningVar")];
    if (counting && this.numBatchesTracked !== null) cells.push(cell("numBatchesTracked"));
    if (followState(this, cells, each)) return true;
    if (!drawsFreely()) {
      throw new GradError(
        `Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, were not batched, in ${this.reprName()}: ` +
          "inside vmap call eval(), or pass { trackRunningStats: false }",
      );
    }
    return false;
  }

  /** Takes over updated statistics; an optimizer step computes them with what it computes anyway. */
  protected keep({ runningMean, runningVar }: RunningNormResult, traced: boolean): void {
    if (
      runningMean === null || runningVar === null || this.runningMean === null || this.runningVar === null
    ) return;
    if (!traced) {
      evaluateWithStep(runningMean, this.runningMean);
      evaluateWithStep(runningVar, this.runningVar);
    }
    this.runningMean = runningMean;
    this.runningVar = runningVar;
  }

  /** State dicts without a count of batches come from before there was one. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    const key = `${prefix}num_batches_tracked`, count = this.numBatchesTracked;
    if (count !== null && !Object.hasOwn(state, key)) {
      state[key] = tensor(0n, { dtype: "int64", device: count.device });
    }
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    const momentum = this.momentum === null ? "None" : float(this.momentum);
    return `${this.numFeatures}, eps=${float(this.eps)}, momentum=${momentum}, affine=${
      flag(this.affine)
    }, ` +
      `track_running_stats=${flag(this.trackRunningStats)}`;
  }
}

/** Batch norm for the ranks that a subclass takes. */
export abstract class BatchNorm<A extends boolean = true, T extends boolean = true> extends RunningNorm<A> {
  /** [numFeatures], or null without running statistics. */
  declare runningMean: StatisticOf<T>;
  /** [numFeatures], or null without running statistics. */
  declare runningVar: StatisticOf<T>;
  /** The count as a number, and the tensor that holds it: reading that one back each time would be slow. */
  private counted: { readonly tensor: Tensor; readonly count: number } | null = null;

  /** Takes the number of channels and the others, by position or by name. */
  constructor(...settings: NormArguments<A, T>) {
    const { numFeatures, ...options } = normOptions(new.target.name, settings);
    super(numFeatures, options);
  }

  /** Counts one batch more. */
  private count(): number {
    const last = this.numBatchesTracked;
    if (last === null) return 0;
    const count = (this.counted?.tensor === last ? this.counted.count : Number(last.item())) + 1;
    this.numBatchesTracked = tensor(BigInt(count), { dtype: "int64", device: last.device });
    this.counted = { tensor: this.numBatchesTracked, count };
    return count;
  }

  /** Counts one batch more without reading the count, and gives the share of a batch in the average of all. */
  private countInGraph(): Tensor | number {
    const last = this.numBatchesTracked, mean: Tensor | null = this.runningMean;
    if (last === null || mean === null) return 0;
    this.numBatchesTracked = last.add(1n);
    return this.numBatchesTracked.to(mean.dtype).reciprocal();
  }

  /** What the layer computes. In training mode it updates the running statistics. */
  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    const update = this.training && this.trackRunningStats;
    // The plain average goes by the number of batches, which a function that is replayed has to compute.
    const average = this.momentum === null;
    const traced = update && this.follow(() => average || void this.count(), average);
    const known = this.runningMean !== null && this.runningVar !== null;
    const count = update && !traced ? this.count() : 0;
    // The share is a tensor where it changes, so that plans hold for every value of it.
    const share = this.momentum ??
      (traced
        ? this.countInGraph()
        : count > 0 && this.runningMean !== null
        ? tensor(1 / count, { dtype: this.runningMean.dtype, device: x.device })
        : 0);
    const result = batchNorm(
      x,
      !this.training || this.trackRunningStats ? this.runningMean : null,
      !this.training || this.trackRunningStats ? this.runningVar : null,
      {
        weight: this.weight,
        bias: this.bias,
        training: this.training || !known,
        momentum: share,
        eps: this.eps,
      },
    );
    if (update) this.keep(result, traced);
    return result.output;
  }
}

function checkRank(op: string, x: Tensor, ranks: readonly number[]): void {
  checkTensors(op, [x]);
  if (ranks.includes(x.ndim)) return;
  throw new ShapeError(
    `expected ${
      ranks.map((r) => `${r}D`).join(" or ")
    } input (got ${x.ndim}D input), in ${op}: the shape is [${x.shape.join(", ")}]`,
  );
}

/**
 * Mean 0 and variance 1 per channel of [N, C] or [N, C, L]. `torch.nn.BatchNorm1d`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const norm = new nn.BatchNorm1d(4, { momentum: 0.2 });
 * norm(ones([8, 4]));
 * console.log(Object.keys(norm.stateDict()).join(" ")); // weight bias running_mean running_var num_batches_tracked
 * ```
 */
export class BatchNorm1d<A extends boolean = true, T extends boolean = true> extends BatchNorm<A, T> {
  /** Refuses inputs of the wrong rank. */
  protected override checkInput(x: Tensor): void {
    checkRank("BatchNorm1d", x, [2, 3]);
  }
}

/** Mean 0 and variance 1 per channel of [N, C, H, W]. `torch.nn.BatchNorm2d`. */
export class BatchNorm2d<A extends boolean = true, T extends boolean = true> extends BatchNorm<A, T> {
  /** Refuses inputs of the wrong rank. */
  protected override checkInput(x: Tensor): void {
    checkRank("BatchNorm2d", x, [4]);
  }
}

/** Mean 0 and variance 1 per channel of [N, C, D, H, W]. `torch.nn.BatchNorm3d`. */
export class BatchNorm3d<A extends boolean = true, T extends boolean = true> extends BatchNorm<A, T> {
  /** Refuses inputs of the wrong rank. */
  protected override checkInput(x: Tensor): void {
    checkRank("BatchNorm3d", x, [5]);
  }
}

/** Instance norm for the rank that a subclass takes. */
export abstract class InstanceNorm<A extends boolean = false> extends RunningNorm<A> {
  /** Number of dimensions of an input with a batch dimension. */
  protected abstract get rank(): number;

  /** Takes the number of channels and the others, by position or by name. Nothing is learned or tracked unless asked for. */
  constructor(...settings: NormArguments<A>) {
    const { numFeatures, ...options } = normOptions(new.target.name, settings);
    super(numFeatures, { affine: false, trackRunningStats: false, ...options });
  }

  /** Refuses inputs of the wrong rank. */
  protected override checkInput(x: Tensor): void {
    checkRank(this.reprName(), x, [this.rank - 1, this.rank]);
  }

  /** What the layer computes; an input without a batch dimension gives an output without one. */
  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    const single = x.ndim === this.rank - 1;
    const useInputStats = this.training || !this.trackRunningStats;
    const traced = useInputStats && this.trackRunningStats && this.follow(() => {});
    const result = instanceNorm(single ? unsqueeze(x, 0) : x, this.runningMean, this.runningVar, {
      weight: this.weight,
      bias: this.bias,
      useInputStats,
      momentum: this.momentum ?? 0,
      eps: this.eps,
    });
    if (useInputStats) this.keep(result, traced);
    return single ? squeeze(result.output, 0) : result.output;
  }
}

/**
 * Mean 0 and variance 1 per channel and example of [N, C, L] or [C, L]. `torch.nn.InstanceNorm1d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const y = new nn.InstanceNorm1d(3)(randn([2, 3, 5]));
 * console.log(y.mean(2).abs().max().item() < 1e-5); // true
 * ```
 */
export class InstanceNorm1d<A extends boolean = false> extends InstanceNorm<A> {
  /** [N, C, L]. */
  protected override get rank(): number {
    return 3;
  }
}

/** Mean 0 and variance 1 per channel and example of [N, C, H, W] or [C, H, W]. `torch.nn.InstanceNorm2d`. */
export class InstanceNorm2d<A extends boolean = false> extends InstanceNorm<A> {
  /** [N, C, H, W]. */
  protected override get rank(): number {
    return 4;
  }
}

/** Mean 0 and variance 1 per channel and example of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.InstanceNorm3d`. */
export class InstanceNorm3d<A extends boolean = false> extends InstanceNorm<A> {
  /** [N, C, D, H, W]. */
  protected override get rank(): number {
    return 5;
  }
}
