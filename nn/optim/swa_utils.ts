/**
 * Averages of weights along a run: the averaged model, the scheduler that goes with it, and the statistics of its norms.
 *
 * @module
 */
import type { DeviceName } from "../../core/device.ts";
import { ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { tensor } from "../../core/ops/create.ts";
import { checkKind, checkOptions, type Kinds } from "../../core/ops/options.ts";
import type { Tensor } from "../../core/tensor.ts";
import { type Given, needed, settingsOf } from "../../core/ops/arguments.ts";
import { BatchNorm } from "../batch_norm.ts";
import { deepcopy } from "../module/deepcopy.ts";
import { setField } from "../module/fields.ts";
import { type Layer, Module } from "../module/module.ts";
import {
  eachGroup,
  LRScheduler,
  scheduled,
  type SchedulerArguments,
  schedulerKinds,
  type SchedulerOptions,
} from "./lr_scheduler/scheduler.ts";

/** The new average from the old one, a value, and how many values are in the old one. */
export type AverageFunction = (averaged: Tensor, value: Tensor, count: number) => Tensor;

/** The same for all parameters at once. */
export type MultiAverageFunction = (
  averaged: readonly Tensor[],
  values: readonly Tensor[],
  count: number,
) => readonly Tensor[];

/** Options of AveragedModel. */
export interface AveragedModelOptions {
  /** Device of the average; that of the model when not given. */
  readonly device?: DeviceName | null;
  /** How values are averaged; the plain average when not given. */
  readonly avgFn?: AverageFunction | null;
  /** How all values are averaged at once, in place of `avgFn`. */
  readonly multiAvgFn?: MultiAverageFunction | null;
  /** Whether buffers are averaged too. */
  readonly useBuffers?: boolean;
}

const plainAverage: AverageFunction = (averaged, value, count) =>
  averaged.add(value.sub(averaged).div(count + 1));

/** The plain average, for AveragedModel. `torch.optim.swa_utils.get_swa_avg_fn`. */
export function getSwaAvgFn(): AverageFunction {
  return plainAverage;
}

/** The plain average of all parameters at once, for AveragedModel. `torch.optim.swa_utils.get_swa_multi_avg_fn`. */
export function getSwaMultiAvgFn(): MultiAverageFunction {
  return eachOf(plainAverage);
}

/**
 * An average that forgets: decay times the old one, and 1 - decay times the value. `torch.optim.swa_utils.get_ema_avg_fn`.
 *
 * @throws {ValueError} unless the decay is from 0 to 1
 */
export function getEmaAvgFn(decay = 0.999): AverageFunction {
  if (!(decay >= 0 && decay <= 1)) {
    throw new ValueError(`Invalid decay value ${decay} provided. Please provide a value in [0,1] range.`);
  }
  return (averaged, value) => averaged.mul(decay).add(value.mul(1 - decay));
}

/** The same for all parameters at once. `torch.optim.swa_utils.get_ema_multi_avg_fn`. */
export function getEmaMultiAvgFn(decay = 0.999): MultiAverageFunction {
  return eachOf(getEmaAvgFn(decay));
}

function eachOf(average: AverageFunction): MultiAverageFunction {
  return (averaged, values, count) => averaged.map((a, i) => average(a, values[i], count));
}

/**
 * A copy of a model whose parameters are averages of those that the model had. `torch.optim.swa_utils.AveragedModel`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const model = new nn.Linear(1, 1), average = new optim.swaUtils.AveragedModel(model);
 * for (const value of [1, 3]) {
 *   nn.init.constant_(model.weight, value);
 *   average.updateParameters(model);
 * }
 * console.log(average.getParameter("module.weight").item()); // 2
 * ```
 */
export class AveragedModel extends Module {
  /** The copy that holds the averages. */
  readonly module: Layer;
  /** How many values are in the averages, int64. */
  declare nAveraged: Tensor;
  private readonly average: MultiAverageFunction;
  private readonly useBuffers: boolean;

  /** Takes the model to copy; the others by name. */
  constructor(
    ...given: Given<
      [model: Module],
      [
        device: DeviceName | null,
        avgFn: AverageFunction | null,
        multiAvgFn: MultiAverageFunction | null,
        useBuffers: boolean,
      ],
      { readonly model: Module },
      AveragedModelOptions
    >
  ) {
    super();
    const options = settingsOf<AveragedModelOptions & { readonly model?: Module }>("AveragedModel", given, {
      model: "any",
      device: "string?",
      avgFn: "function?",
      multiAvgFn: "function?",
      useBuffers: "boolean",
    });
    const model = needed("AveragedModel", options, "model"), { device = null } = options;
    this.module = deepcopy(model) as Layer;
    if (device !== null) this.module.to(device);
    setField(this, "nAveraged", tensor(0n, { dtype: "int64" }), "buffer", "n_averaged");
    if (options.avgFn && options.multiAvgFn) {
      throw new ValueError("Only one of avg_fn and multi_avg_fn should be provided, to AveragedModel");
    }
    this.average = options.multiAvgFn ?? eachOf(options.avgFn ?? plainAverage);
    this.useBuffers = options.useBuffers ?? false;
  }

  /** What the averaged model computes. */
  override forward(...inputs: Tensor[]): Tensor {
    return this.module(...inputs);
  }

  /** Adds the parameters that a model has now to the averages. */
  updateParameters(model: Module): void {
    const count = Number(this.nAveraged.item());
    const next = (averaged: readonly Tensor[], values: readonly Tensor[]): readonly Tensor[] => {
      const moved = values.map((value, i) => value.detach().to(averaged[i].device));
      if (count === 0) return moved;
      const fresh = noGrad(() => this.average(averaged.map((a) => a.detach()), moved, count));
      return fresh.map((value, i) => value.to(averaged[i].dtype));
    };
    const own = this.module.parameters();
    next(own, model.parameters()).forEach((value, i) => own[i].data = value);
    if (this.useBuffers) {
      const theirs = new Map(model.namedBuffers());
      for (const [path, buffer] of this.module.namedBuffers()) {
        const value = theirs.get(path);
        if (value !== undefined) replaceBuffer(this.module, path, next([buffer], [value])[0]);
      }
    }
    this.nAveraged = tensor(BigInt(count + 1), { dtype: "int64" });
  }
}

/** Sets a buffer by its dotted name, through the state dict, which knows what its field is called. */
function replaceBuffer(module: Module, path: string, value: Tensor): void {
  module.loadStateDict({ [path]: value }, { strict: false });
}

/**
 * Computes the running statistics of all batch norms anew, as the plain average over a pass of data: batches are tensors, or arrays whose
 * first element is one. `torch.optim.swa_utils.update_bn`.
 */
export function updateBn(
  loader: Iterable<Tensor | readonly [Tensor, ...unknown[]]>,
  model: Module & ((x: Tensor) => unknown),
  options: { readonly device?: DeviceName | null } = {},
): void {
  checkKind("updateBn", "loader", loader ?? null, "iterable");
  checkOptions("updateBn", options, { device: "string?" });
  const norms = model.modules().filter((m): m is BatchNorm => m instanceof BatchNorm);
  if (norms.length === 0) return;
  const { training } = model, momenta = norms.map((norm) => norm.momentum);
  model.train();
  for (const norm of norms) {
    norm.resetRunningStats();
    norm.momentum = null;
  }
  try {
    noGrad(() => {
      for (const batch of loader) {
        const x = Array.isArray(batch) ? batch[0] as Tensor : batch as Tensor;
        model(options.device ? x.to(options.device) : x);
      }
    });
  } finally {
    norms.forEach((norm, i) => norm.momentum = momenta[i]);
    model.train(training);
  }
}

/** Options of SWALR. */
export interface SWALROptions extends SchedulerOptions {
  /** Steps until the learning rate is reached; 10 by default. */
  readonly annealEpochs?: number;
  /** Along a cosine or a line; "cos" by default. */
  readonly annealStrategy?: "cos" | "linear";
}

const kinds: Kinds<SWALROptions> = { annealEpochs: "number", annealStrategy: "string", ...schedulerKinds };

/** @internal */
export interface SWALRSettings {
  annealEpochs: number;
  readonly swaLrs: readonly number[];
  readonly anneal: (t: number) => number;
}

/** From the learning rate that is there to a constant one. `torch.optim.swa_utils.SWALR`. */
export class SWALR extends LRScheduler<SWALRSettings> {
  /** Takes the optimizer and the learning rate, or one for each group; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [swaLr: number | readonly number[]],
      [annealEpochs: number, annealStrategy: "cos" | "linear"],
      { readonly swaLr: number | readonly number[] },
      SWALROptions
    >
  ) {
    type Own = SWALROptions & { readonly swaLr: number | readonly number[] };
    const [optimizer, options] = scheduled<Own>("SWALR", given, { swaLr: "rates", ...kinds });
    const { annealEpochs = 10, annealStrategy = "cos" } = options;
    if (annealStrategy !== "cos" && annealStrategy !== "linear") {
      throw new ValueError(`anneal_strategy must by one of 'cos' or 'linear', instead got ${annealStrategy}`);
    }
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0) {
      throw new ValueError(`anneal_epochs must be equal or greater than 0, got ${annealEpochs}`);
    }
    const swaLrs = eachGroup("SWALR", "swa_lr", optimizer, needed("SWALR", options, "swaLr"));
    const anneal = annealStrategy === "cos"
      ? (t: number) => (1 - Math.cos(Math.PI * t)) / 2
      : (t: number) => t;
    super(optimizer, { annealEpochs, swaLrs, anneal }, options);
  }

  /** The learning rates of the next step. */
  protected override rates(): number[] {
    const { annealEpochs, swaLrs, anneal } = this.settings;
    const step = annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1;
    const share = (n: number) => anneal(Math.max(0, Math.min(1, n / Math.max(1, annealEpochs))));
    const before = share(step - 1), now = share(step);
    return this.current.map((lr, i) => {
      const first = before === 1 ? swaLrs[i] : (lr - before * swaLrs[i]) / (1 - before);
      return swaLrs[i] * now + first * (1 - now);
    });
  }

  /** Position in PyTorch's form; the learning rates belong to the groups. */
  override stateDict(): Record<string, unknown> {
    const { swa_lrs: _rates, anneal: _anneal, ...state } = super.stateDict();
    return state;
  }
}
