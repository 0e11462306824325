/**
 * The base of the schedulers that set the learning rate from the number of steps.
 *
 * @module
 */
import { ValueError } from "../../../core/errors.ts";
import { answerSpelling, snake } from "../../../core/habits.ts";
import { warnOnce } from "../../../core/warnings.ts";
import { needed, type NeededThen, settingsOf } from "../../../core/ops/arguments.ts";
import { checkKind, type Kinds } from "../../../core/ops/options.ts";

/** What schedulers know of a group. */
export interface ScheduledGroup {
  /** The learning rate. */
  lr: number;
  /** The learning rate at the start; schedulers note it. */
  initialLr?: number;
  /** The largest learning rate of a cycle. */
  maxLr?: number;
  /** The least learning rate of a cycle. */
  minLr?: number;
  /** The momentum, if the optimizer has one. */
  momentum?: number;
  /** The decays of averages, if the optimizer has them. */
  betas?: readonly [number, number];
  /** The largest momentum of a cycle. */
  maxMomentum?: number;
  /** The least momentum of a cycle. */
  baseMomentum?: number;
}

/** What a scheduler works on: an optimizer. */
export interface Scheduled {
  /** Groups of parameters, each with a learning rate. */
  readonly paramGroups: ScheduledGroup[];
  /** Settings of groups that say nothing else. */
  readonly defaults: object;
  /** How often its `step` was called, if it counts. */
  readonly stepCount?: number;
}

/** Options of every scheduler. */
export interface SchedulerOptions {
  /** The number of the last step when a run goes on; -1, the default, at its start. */
  readonly lastEpoch?: number;
  /** Print the learning rates of each step. */
  readonly verbose?: boolean;
}

/** What those options hold; they come last. */
export const schedulerKinds: Kinds<SchedulerOptions> = { lastEpoch: "whole", verbose: "boolean" };

/**
 * What the constructor of a scheduler takes: the optimizer and what else it needs, R, which N has by name; then P, and the options O. All of them may
 * stand by name.
 */
export type SchedulerArguments<R extends readonly unknown[], P extends readonly unknown[], N, O> = NeededThen<
  [optimizer: Scheduled, ...R],
  P,
  { readonly optimizer: Scheduled } & N,
  O
>;

/** The optimizer, and what a scheduler is given beside it. */
export function scheduled<O extends object>(
  op: string,
  given: readonly unknown[],
  kinds: Kinds<O>,
): [Scheduled, Partial<O>] {
  const all = { optimizer: "any", ...kinds };
  const options = settingsOf<O & { readonly optimizer?: Scheduled }>(
    op,
    given,
    all as Kinds<O & { readonly optimizer?: Scheduled }>,
  );
  return [needed(op, options as { readonly optimizer?: Scheduled }, "optimizer"), options];
}

/** The state of a scheduler in PyTorch's form. */
export type SchedulerStateDict = Record<string, unknown>;

/** PyTorch's spelling of settings, where it is not snake case. */
const spellings: Readonly<Record<string, string>> = {
  tMax: "T_max",
  t0: "T_0",
  tMult: "T_mult",
  tI: "T_i",
  tCur: "T_cur",
};

/** Prints the learning rate of a group as PyTorch does; a step that is given has its number in front. */
export function printRate(what: string, group: number, rate: number, epoch?: number): void {
  const [digits, exponent] = rate.toExponential(4).split("e");
  const power = `${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  const step = epoch === undefined
    ? ""
    : `Epoch ${Number.isInteger(epoch) ? String(epoch).padStart(5, "0") : epoch.toFixed(2)}: `;
  const text = `${step}${what} learning rate of group ${group} to ${digits}e${power}.`;
  console.log(step === "" ? text[0].toUpperCase() + text.slice(1) : text);
}

/** A setting's name in PyTorch. */
export function spelled(name: string): string {
  return spellings[name] ?? snake(name);
}

/** Refuses what is no optimizer. */
export function checkOptimizer(op: string, optimizer: Scheduled): void {
  if (typeof optimizer === "object" && optimizer !== null && Array.isArray(optimizer.paramGroups)) return;
  throw new ValueError(`${optimizer === null ? "null" : typeof optimizer} is not an Optimizer, in ${op}`);
}

/** One value for each group, for the scheduler `op`. */
export function eachGroup(
  op: string,
  name: string,
  optimizer: Scheduled,
  value: number | readonly number[],
): number[] {
  checkOptimizer(op, optimizer);
  checkKind(op, name, value ?? null, "rates");
  const groups = optimizer.paramGroups.length;
  if (typeof value === "number") return new Array<number>(groups).fill(value);
  if (value.length !== groups) {
    throw new ValueError(`expected ${groups} values for ${name}, got ${value.length}, in ${op}`);
  }
  return [...value];
}

/** The base of schedulers; S are their settings, all of them plain values. */
export abstract class LRScheduler<S extends object> {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Scheduled;
  /** Learning rates at the start. */
  baseLrs: number[];
  /** Number of the last step. */
  lastEpoch: number;
  /** The settings. */
  protected settings: S;
  /** How often `step` was called. */
  protected stepCount = 0;
  /** The learning rates of the last step. */
  protected lastLr: number[] = [];
  /** Whether the learning rates of each step are printed. */
  protected verbose: boolean;

  /** Takes the optimizer and sets the learning rates of the first step. */
  constructor(optimizer: Scheduled, settings: S, options: SchedulerOptions = {}) {
    checkOptimizer(this.constructor.name, optimizer);
    const { lastEpoch = -1 } = options;
    optimizer.paramGroups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined) {
        throw new ValueError(
          `param 'initial_lr' is not specified in param_groups[${i}] when resuming an optimizer; load the optimizer's state dict first`,
        );
      }
    });
    this.optimizer = optimizer;
    this.settings = settings;
    this.verbose = options.verbose ?? false;
    this.baseLrs = optimizer.paramGroups.map((group) => group.initialLr as number);
    this.lastEpoch = lastEpoch;
    this.initialStep();
  }

  /** The learning rates of step `lastEpoch`, from those that the groups have. */
  protected abstract rates(): number[];

  /** The learning rates of step `lastEpoch`, from the first ones; null where they depend on the way. */
  protected closedForm(): number[] | null {
    return null;
  }

  /** Learning rates that the groups have. */
  protected get current(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** The step that belongs to making a scheduler. @internal */
  initialStep(): void {
    this.stepCount = 0;
    this.step();
  }

  /** Sets the learning rates of the next step, or of a given one. Call it after the optimizer's `step`. */
  step(epoch?: number): void {
    if (this.stepCount === 1 && this.optimizer.stepCount === 0) {
      warnOnce(
        "lr_scheduler.step",
        "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the opposite order: `optimizer.step()` " +
          "before `lr_scheduler.step()`. Failure to do this will skip the first value of the learning rate schedule.",
      );
    }
    this.stepCount++;
    if (epoch === undefined) this.lastEpoch++;
    else this.lastEpoch = epoch;
    this.apply((epoch === undefined ? null : this.closedForm()) ?? this.rates(), epoch);
  }

  /** Sets the learning rates of a step, which may be a given one. */
  protected apply(rates: readonly number[], epoch?: number): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      group.lr = rates[i];
      if (this.verbose) printRate("adjusting", i, rates[i], epoch);
    });
    this.lastLr = this.current;
  }

  /** The learning rates of the last step. `get_last_lr`. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Settings and position in PyTorch's form. */
  stateDict(): SchedulerStateDict {
    return {
      ...Object.fromEntries(Object.entries(this.settings).map(([key, value]) => [spelled(key), value])),
      base_lrs: [...this.baseLrs],
      last_epoch: this.lastEpoch,
      verbose: this.verbose,
      _step_count: this.stepCount,
      _get_lr_called_within_step: false,
      _last_lr: [...this.lastLr],
    };
  }

  /** Takes over what `stateDict` gave. */
  loadStateDict(state: Readonly<SchedulerStateDict>): void {
    for (const key of Object.keys(this.settings)) {
      const value = state[spelled(key)];
      // Functions are not part of a state.
      if (value !== undefined && typeof Reflect.get(this.settings, key) !== "function") {
        Object.assign(this.settings, { [key]: value });
      }
    }
    this.verbose = Boolean(state.verbose ?? this.verbose);
    this.baseLrs = numbers("base_lrs", state, this.baseLrs);
    this.lastLr = numbers("_last_lr", state, this.lastLr);
    this.lastEpoch = Number(state.last_epoch ?? this.lastEpoch);
    this.stepCount = Number(state._step_count ?? this.stepCount);
  }
}

/** A list of numbers in a state dict. */
export function numbers(key: string, state: Readonly<SchedulerStateDict>, otherwise: number[]): number[] {
  const value = state[key];
  return Array.isArray(value) ? value.map(Number) : otherwise;
}

answerSpelling(LRScheduler.prototype, "lastEpoch", "baseLrs");
