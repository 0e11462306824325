/**
 * Schedulers that go up and down: OneCycleLR and CyclicLR. They move the momentum the other way.
 *
 * @module
 */
import { ValueError } from "../../../core/errors.ts";
import { needed } from "../../../core/ops/arguments.ts";
import {
  eachGroup,
  LRScheduler,
  type Scheduled,
  scheduled,
  type ScheduledGroup,
  type SchedulerArguments,
  schedulerKinds,
  type SchedulerOptions,
} from "./scheduler.ts";

/** Options of OneCycleLR. */
export interface OneCycleLROptions extends SchedulerOptions {
  /** Number of steps in all; this, or epochs and steps per epoch. */
  readonly totalSteps?: number | null;
  /** Number of epochs. */
  readonly epochs?: number | null;
  /** Steps of each epoch. */
  readonly stepsPerEpoch?: number | null;
  /** The share of steps that go up; 0.3 by default. */
  readonly pctStart?: number;
  /** Along a cosine or a line; "cos" by default. */
  readonly annealStrategy?: "cos" | "linear";
  /** Whether the momentum moves the other way; true by default. */
  readonly cycleMomentum?: boolean;
  /** The least momentum; 0.85 by default. */
  readonly baseMomentum?: number | readonly number[];
  /** The largest momentum; 0.95 by default. */
  readonly maxMomentum?: number | readonly number[];
  /** The largest learning rate over the first one; 25 by default. */
  readonly divFactor?: number;
  /** The first learning rate over the last one; 1e4 by default. */
  readonly finalDivFactor?: number;
  /** Come down to the first learning rate before falling to the last. */
  readonly threePhase?: boolean;
}

type PhaseRate = "initialLr" | "maxLr" | "minLr";
type PhaseMomentum = "maxMomentum" | "baseMomentum";

/** @internal */
export interface Phase {
  readonly end: number;
  readonly rates: readonly [PhaseRate, PhaseRate];
  readonly momenta: readonly [PhaseMomentum, PhaseMomentum];
}

/** @internal */
export interface OneCycleSettings {
  totalSteps: number;
  cycleMomentum: boolean;
}

/** Whether momentum is the first of `betas`, or a setting of its own. */
function momentumKind(op: string, optimizer: Scheduled): "betas" | "momentum" {
  if ("betas" in optimizer.defaults) return "betas";
  if ("momentum" in optimizer.defaults) return "momentum";
  throw new ValueError(`optimizer must support momentum with \`cycle_momentum\` option enabled, in ${op}`);
}

function setMomentum(group: ScheduledGroup, momentum: number): void {
  if (group.betas === undefined) group.momentum = momentum;
  else group.betas = [momentum, group.betas[1]];
}

function totalOf({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  const whole = (name: string, n: number | null | undefined): number => {
    if (!Number.isInteger(n) || Number(n) <= 0) {
      throw new ValueError(`Expected positive integer ${name}, but got ${n}`);
    }
    return Number(n);
  };
  if (totalSteps !== undefined && totalSteps !== null) return whole("total_steps", totalSteps);
  if ((epochs ?? null) === null && (stepsPerEpoch ?? null) === null) {
    throw new ValueError("You must define either total_steps OR (epochs AND steps_per_epoch), in OneCycleLR");
  }
  return whole("epochs", epochs) * whole("steps_per_epoch", stepsPerEpoch);
}

function phasesOf(total: number, share: number, three: boolean): Phase[] {
  const up: Phase = {
    end: share * total - 1,
    rates: ["initialLr", "maxLr"],
    momenta: ["maxMomentum", "baseMomentum"],
  };
  if (!three) {
    return [up, { end: total - 1, rates: ["maxLr", "minLr"], momenta: ["baseMomentum", "maxMomentum"] }];
  }
  return [
    up,
    { end: 2 * share * total - 2, rates: ["maxLr", "initialLr"], momenta: ["baseMomentum", "maxMomentum"] },
    { end: total - 1, rates: ["initialLr", "minLr"], momenta: ["maxMomentum", "maxMomentum"] },
  ];
}

/**
 * Up to a large learning rate and down to a tiny one, once. `torch.optim.lr_scheduler.OneCycleLR`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const optimizer = new optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 0.1 });
 * const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, 1, { totalSteps: 5 });
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0].toFixed(4);
 * });
 * console.log(rates.join(" ")); // 0.9505 0.6113 0.1883 0.0000
 * ```
 */
export class OneCycleLR
  extends LRScheduler<OneCycleSettings & { phases: Phase[]; annealStrategy: "cos" | "linear" }> {
  /** Takes the optimizer and the largest learning rate; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [maxLr: number | readonly number[]],
      [totalSteps: number | null, epochs: number | null, stepsPerEpoch: number | null],
      { readonly maxLr: number | readonly number[] },
      OneCycleLROptions
    >
  ) {
    type Given = OneCycleLROptions & { readonly maxLr: number | readonly number[] };
    const [optimizer, options] = scheduled<Given>("OneCycleLR", given, {
      maxLr: "rates",
      totalSteps: "number?",
      epochs: "number?",
      stepsPerEpoch: "number?",
      pctStart: "number",
      annealStrategy: "string",
      cycleMomentum: "boolean",
      baseMomentum: "rates",
      maxMomentum: "rates",
      divFactor: "number",
      finalDivFactor: "number",
      threePhase: "boolean",
      ...schedulerKinds,
    });
    const {
      pctStart = 0.3,
      annealStrategy = "cos",
      cycleMomentum = true,
      divFactor = 25,
      finalDivFactor = 1e4,
    } = options;
    const totalSteps = totalOf(options), maxLr = needed("OneCycleLR", options, "maxLr");
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new ValueError(`Expected float between 0 and 1 pct_start, but got ${pctStart}`);
    }
    if (annealStrategy !== "cos" && annealStrategy !== "linear") {
      throw new ValueError(`anneal_strategy must by one of 'cos' or 'linear', instead got ${annealStrategy}`);
    }
    const largest = eachGroup("OneCycleLR", "max_lr", optimizer, maxLr);
    const fresh = (options.lastEpoch ?? -1) === -1;
    if (fresh) {
      optimizer.paramGroups.forEach((group, i) => {
        group.initialLr = largest[i] / divFactor;
        group.maxLr = largest[i];
        group.minLr = group.initialLr / finalDivFactor;
      });
    }
    if (cycleMomentum) {
      momentumKind("OneCycleLR", optimizer);
      const most = eachGroup("OneCycleLR", "max_momentum", optimizer, options.maxMomentum ?? 0.95);
      const least = eachGroup("OneCycleLR", "base_momentum", optimizer, options.baseMomentum ?? 0.85);
      if (fresh) {
        optimizer.paramGroups.forEach((group, i) => {
          setMomentum(group, most[i]);
          group.maxMomentum = most[i];
          group.baseMomentum = least[i];
        });
      }
    }
    const phases = phasesOf(totalSteps, pctStart, options.threePhase ?? false);
    super(optimizer, { totalSteps, phases, annealStrategy, cycleMomentum }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { totalSteps, phases, annealStrategy, cycleMomentum } = this.settings, step = this.lastEpoch;
    if (step > totalSteps) {
      throw new ValueError(
        `Tried to step ${
          step + 1
        } times. The specified number of total steps is ${totalSteps}, in OneCycleLR`,
      );
    }
    const found = phases.findIndex((phase) => step <= phase.end);
    const at = found < 0 ? phases.length - 1 : found;
    const start = at === 0 ? 0 : phases[at - 1].end, { end, rates, momenta } = phases[at];
    const way = (step - start) / (end - start);
    const between = (a: number, b: number) =>
      annealStrategy === "cos" ? b + (a - b) / 2 * (Math.cos(Math.PI * way) + 1) : (b - a) * way + a;
    return this.optimizer.paramGroups.map((group) => {
      if (cycleMomentum) {
        setMomentum(group, between(group[momenta[0]] as number, group[momenta[1]] as number));
      }
      return between(group[rates[0]] as number, group[rates[1]] as number);
    });
  }

  /** Position in PyTorch's form; what the phases are follows from the constructor's arguments. */
  override stateDict(): Record<string, unknown> {
    const { phases: _phases, anneal_strategy: _strategy, ...state } = super.stateDict();
    return { ...state, use_beta1: "betas" in this.optimizer.defaults };
  }
}

/** Options of CyclicLR. */
export interface CyclicLROptions extends SchedulerOptions {
  /** Steps that go up; 2000 by default. */
  readonly stepSizeUp?: number;
  /** Steps that go down; as many as go up by default. */
  readonly stepSizeDown?: number | null;
  /** Cycles of one height, of half the height each time, or of a height that falls by gamma each step. */
  readonly mode?: "triangular" | "triangular2" | "exp_range";
  /** For "exp_range"; 1 by default. */
  readonly gamma?: number;
  /** A function of cycle or step in place of the modes. */
  readonly scaleFn?: ((x: number) => number) | null;
  /** What `scaleFn` is a function of; "cycle" by default. */
  readonly scaleMode?: "cycle" | "iterations";
  /** Whether the momentum moves the other way; true by default. */
  readonly cycleMomentum?: boolean;
  /** The least momentum; 0.8 by default. */
  readonly baseMomentum?: number | readonly number[];
  /** The largest momentum; 0.9 by default. */
  readonly maxMomentum?: number | readonly number[];
}

/** The rates that CyclicLR goes between. */
export interface CyclicRates {
  /** The least learning rate, or one for each group. */
  readonly baseLr: number | readonly number[];
  /** The largest learning rate, or one for each group. */
  readonly maxLr: number | readonly number[];
}

/** @internal */
export interface CyclicSettings {
  maxLrs: number[];
  totalSize: number;
  stepRatio: number;
  mode: string;
  gamma: number;
  scaleMode: "cycle" | "iterations";
  cycleMomentum: boolean;
  baseMomentums: number[];
  maxMomentums: number[];
  scale: (x: number) => number;
}

/** Up and down between two learning rates, again and again. `torch.optim.lr_scheduler.CyclicLR`. */
export class CyclicLR extends LRScheduler<CyclicSettings> {
  /** Takes the optimizer, the least and the largest learning rate; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [baseLr: number | readonly number[], maxLr: number | readonly number[]],
      [stepSizeUp: number, stepSizeDown: number | null],
      CyclicRates,
      CyclicLROptions
    >
  ) {
    const [optimizer, options] = scheduled<CyclicLROptions & CyclicRates>("CyclicLR", given, {
      baseLr: "rates",
      maxLr: "rates",
      stepSizeUp: "number",
      stepSizeDown: "number?",
      mode: "string",
      gamma: "number",
      scaleFn: "function?",
      scaleMode: "string",
      cycleMomentum: "boolean",
      baseMomentum: "rates",
      maxMomentum: "rates",
      ...schedulerKinds,
    });
    const baseLr = needed("CyclicLR", options, "baseLr"), maxLr = needed("CyclicLR", options, "maxLr");
    const { stepSizeUp: up = 2000, mode = "triangular", gamma = 1, cycleMomentum = true } = options;
    const total = up + (options.stepSizeDown ?? up);
    const scales: Readonly<Record<string, (x: number) => number>> = {
      triangular: () => 1,
      triangular2: (x) => 1 / 2 ** (x - 1),
      exp_range: (x) => gamma ** x,
    };
    const custom = options.scaleFn ?? null;
    if (custom === null && !Object.hasOwn(scales, mode)) {
      throw new ValueError(`mode is invalid and scale_fn is None: ${mode}`);
    }
    const lowest = eachGroup("CyclicLR", "base_lr", optimizer, baseLr);
    const fresh = (options.lastEpoch ?? -1) === -1;
    if (fresh) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = lowest[i];
        group.initialLr ??= lowest[i];
      });
    }
    let baseMomentums: number[] = [], maxMomentums: number[] = [];
    if (cycleMomentum) {
      if (momentumKind("CyclicLR", optimizer) !== "momentum") {
        throw new ValueError(
          "optimizer must support momentum with `cycle_momentum` option enabled, in CyclicLR",
        );
      }
      baseMomentums = eachGroup("CyclicLR", "base_momentum", optimizer, options.baseMomentum ?? 0.8);
      maxMomentums = eachGroup("CyclicLR", "max_momentum", optimizer, options.maxMomentum ?? 0.9);
      if (fresh) optimizer.paramGroups.forEach((group, i) => group.momentum = baseMomentums[i]);
    }
    const own: CyclicSettings = {
      maxLrs: eachGroup("CyclicLR", "max_lr", optimizer, maxLr),
      totalSize: total,
      stepRatio: up / total,
      mode,
      gamma,
      scaleMode: custom === null
        ? mode === "exp_range" ? "iterations" : "cycle"
        : options.scaleMode ?? "cycle",
      cycleMomentum,
      baseMomentums,
      maxMomentums,
      scale: custom ?? scales[mode],
    };
    super(optimizer, own, options);
    this.baseLrs = lowest;
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { maxLrs, totalSize, stepRatio, scaleMode, scale, cycleMomentum, baseMomentums, maxMomentums } =
      this.settings;
    const cycle = Math.floor(1 + this.lastEpoch / totalSize);
    const x = 1 + this.lastEpoch / totalSize - cycle;
    const height = (x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1)) *
      scale(scaleMode === "cycle" ? cycle : this.lastEpoch);
    if (cycleMomentum) {
      this.optimizer.paramGroups.forEach((group, i) =>
        group.momentum = maxMomentums[i] - (maxMomentums[i] - baseMomentums[i]) * height
      );
    }
    return this.baseLrs.map((lr, i) => lr + (maxLrs[i] - lr) * height);
  }

  /** Settings and position in PyTorch's form; functions are not part of it. */
  override stateDict(): Record<string, unknown> {
    const { scale: _scale, ...state } = super.stateDict();
    return state;
  }
}
