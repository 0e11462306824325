/**
 * The scheduler that looks at a metric.
 *
 * @module
 */
import { ValueError } from "../../../core/errors.ts";
import type { Kinds } from "../../../core/ops/options.ts";
import { Tensor } from "../../../core/tensor.ts";
import {
  checkOptimizer,
  eachGroup,
  numbers,
  printRate,
  type Scheduled,
  scheduled,
  type SchedulerArguments,
  type SchedulerStateDict,
  spelled,
} from "./scheduler.ts";

/** Options of ReduceLROnPlateau. */
export interface PlateauOptions {
  /** Whether a smaller or a larger metric is better; "min" by default. */
  readonly mode?: "min" | "max";
  /** What the learning rate is multiplied by; 0.1 by default. */
  readonly factor?: number;
  /** How many bad steps are forgiven; 10 by default. */
  readonly patience?: number;
  /** How much better is better; 1e-4 by default. */
  readonly threshold?: number;
  /** Whether that is a share of the best or an amount; "rel" by default. */
  readonly thresholdMode?: "rel" | "abs";
  /** For how many steps after a reduction nothing counts; 0 by default. */
  readonly cooldown?: number;
  /** The least learning rate; 0 by default. */
  readonly minLr?: number | readonly number[];
  /** Smaller reductions are not made; 1e-8 by default. */
  readonly eps?: number;
  /** Print each reduction. */
  readonly verbose?: boolean;
}

const kinds: Kinds<PlateauOptions> = {
  mode: "string",
  factor: "number",
  patience: "number",
  threshold: "number",
  thresholdMode: "string",
  cooldown: "number",
  minLr: "rates",
  eps: "number",
  verbose: "boolean",
};

/**
 * Reduces the learning rate when a metric has stopped improving. `torch.optim.lr_scheduler.ReduceLROnPlateau`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const optimizer = new optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 1 });
 * const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 1 });
 * for (const loss of [3, 3, 3]) scheduler.step(loss);
 * console.log(scheduler.getLastLr()); // [ 0.1 ]
 * ```
 */
export class ReduceLROnPlateau {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Scheduled;
  /** The best metric so far. */
  best: number;
  /** Bad steps since the last good one. */
  numBadEpochs = 0;
  /** Steps left in which nothing counts. */
  cooldownCounter = 0;
  /** Number of the last step. */
  lastEpoch = 0;
  private readonly settings: Required<Omit<PlateauOptions, "minLr" | "verbose">>;
  private readonly minLrs: number[];
  private verbose: boolean;
  private lastLr: number[];

  /** Takes the optimizer and the settings, by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [],
      [mode: "min" | "max", factor: number, patience: number],
      unknown,
      PlateauOptions
    >
  ) {
    const [optimizer, options] = scheduled<PlateauOptions>("ReduceLROnPlateau", given, kinds);
    checkOptimizer("ReduceLROnPlateau", optimizer);
    const { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = "rel" } = options;
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    if (!(factor < 1)) throw new ValueError(`Factor should be < 1.0., got ${factor}`);
    if (mode !== "min" && mode !== "max") throw new ValueError(`mode ${mode} is unknown!`);
    if (thresholdMode !== "rel" && thresholdMode !== "abs") {
      throw new ValueError(`threshold mode ${thresholdMode} is unknown!`);
    }
    this.optimizer = optimizer;
    this.verbose = options.verbose ?? false;
    this.settings = { factor, patience, cooldown, mode, threshold, thresholdMode, eps };
    this.minLrs = eachGroup("ReduceLROnPlateau", "min_lr", optimizer, minLr);
    this.best = mode === "min" ? Infinity : -Infinity;
    this.lastLr = optimizer.paramGroups.map((group) => group.lr);
  }

  /** Takes the metric of a step, a number or a tensor with one element. */
  step(metric: number | Tensor): void {
    const current = metric instanceof Tensor ? Number(metric.item()) : metric;
    const { patience, cooldown, factor, eps } = this.settings;
    this.lastEpoch++;
    if (this.isBetter(current)) {
      this.best = current;
      this.numBadEpochs = 0;
    } else {
      this.numBadEpochs++;
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > patience) {
      this.optimizer.paramGroups.forEach((group, i) => {
        const reduced = Math.max(group.lr * factor, this.minLrs[i]);
        if (group.lr - reduced <= eps) return;
        group.lr = reduced;
        if (this.verbose) printRate("reducing", i, reduced, this.lastEpoch);
      });
      this.cooldownCounter = cooldown;
      this.numBadEpochs = 0;
    }
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** Whether a metric is better than the best so far. */
  private isBetter(current: number): boolean {
    const { mode, threshold, thresholdMode } = this.settings;
    const least = thresholdMode === "rel";
    if (mode === "min") return current < (least ? this.best * (1 - threshold) : this.best - threshold);
    return current > (least ? this.best * (1 + threshold) : this.best + threshold);
  }

  /** The learning rates of the last step. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Settings and position in PyTorch's form. */
  stateDict(): SchedulerStateDict {
    const settings = Object.entries(this.settings).map(([key, value]) => [spelled(key), value]);
    return {
      ...Object.fromEntries(settings),
      min_lrs: [...this.minLrs],
      verbose: this.verbose,
      cooldown_counter: this.cooldownCounter,
      best: this.best,
      num_bad_epochs: this.numBadEpochs,
      mode_worse: this.settings.mode === "min" ? Infinity : -Infinity,
      last_epoch: this.lastEpoch,
      _last_lr: [...this.lastLr],
    };
  }

  /** Takes over what `stateDict` gave. */
  loadStateDict(state: Readonly<SchedulerStateDict>): void {
    for (const key of Object.keys(this.settings)) {
      const value = state[spelled(key)];
      if (value !== undefined) Object.assign(this.settings, { [key]: value });
    }
    this.minLrs.splice(0, this.minLrs.length, ...numbers("min_lrs", state, this.minLrs));
    this.cooldownCounter = Number(state.cooldown_counter ?? this.cooldownCounter);
    this.verbose = Boolean(state.verbose ?? this.verbose);
    this.best = Number(state.best ?? this.best);
    this.numBadEpochs = Number(state.num_bad_epochs ?? this.numBadEpochs);
    this.lastEpoch = Number(state.last_epoch ?? this.lastEpoch);
    this.lastLr = numbers("_last_lr", state, this.lastLr);
  }
}
