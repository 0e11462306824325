/**
 * Schedulers made of others: one after the other, or all at once.
 *
 * @module
 */
import { ValueError } from "../../../core/errors.ts";
import { type Given, inOrder, needed } from "../../../core/ops/arguments.ts";
import { checkKind } from "../../../core/ops/options.ts";
import {
  checkOptimizer,
  type LRScheduler,
  numbers,
  type Scheduled,
  scheduled,
  type SchedulerArguments,
  schedulerKinds,
  type SchedulerOptions,
  type SchedulerStateDict,
} from "./scheduler.ts";

/** Any scheduler that counts steps. */
export type AnyScheduler = LRScheduler<object>;

function checkOwner(op: string, optimizer: Scheduled, schedulers: readonly AnyScheduler[]): void {
  checkOptimizer(op, optimizer);
  schedulers.forEach((scheduler, i) => {
    if (scheduler.optimizer !== optimizer) {
      throw new ValueError(
        `${op} expects all schedulers to belong to the same optimizer, but got schedulers at index 0 and ${i} to be different`,
      );
    }
  });
}

/** Schedulers, and when the next one begins. */
export interface Sequence {
  /** The schedulers in order, all of one optimizer. */
  readonly schedulers: readonly AnyScheduler[];
  /** The steps at which the second and later ones begin. */
  readonly milestones: readonly number[];
}

/** One scheduler after the other, the next one from each milestone on. `torch.optim.lr_scheduler.SequentialLR`. */
export class SequentialLR {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Scheduled;
  /** Number of the last step. */
  lastEpoch: number;
  private readonly schedulers: readonly AnyScheduler[];
  private milestones: readonly number[];
  private lastLr: number[];

  /** Takes the optimizer, its schedulers, and the steps at which the second and later ones begin. */
  constructor(
    ...given: SchedulerArguments<
      [schedulers: readonly AnyScheduler[], milestones: readonly number[]],
      [],
      Sequence,
      SchedulerOptions
    >
  ) {
    const [optimizer, options] = scheduled<Sequence & SchedulerOptions>("SequentialLR", given, {
      schedulers: "iterable",
      milestones: "numbers",
      ...schedulerKinds,
    });
    const schedulers = needed("SequentialLR", options, "schedulers");
    const milestones = needed("SequentialLR", options, "milestones");
    checkOwner("Sequential Schedulers", optimizer, schedulers);
    if (milestones.length !== schedulers.length - 1) {
      throw new ValueError(
        `Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${milestones.length}`,
      );
    }
    this.optimizer = optimizer;
    this.schedulers = schedulers;
    this.milestones = [...milestones];
    this.lastEpoch = (options.lastEpoch ?? -1) + 1;
    // Making the schedulers took a step of each; only the first one's counts.
    for (const group of optimizer.paramGroups) group.lr = group.initialLr as number;
    for (const scheduler of schedulers) scheduler.lastEpoch--;
    schedulers[0].initialStep();
    this.lastLr = schedulers[0].getLastLr();
  }

  /** Sets the learning rates of the next step. */
  step(): void {
    this.lastEpoch++;
    const at = this.milestones.filter((m) => m <= this.lastEpoch).length;
    const scheduler = this.schedulers[at];
    if (at > 0 && this.milestones[at - 1] === this.lastEpoch) scheduler.step(0);
    else scheduler.step();
    this.lastLr = scheduler.getLastLr();
  }

  /** The learning rates of the last step. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Position, and the state of each scheduler, in PyTorch's form. */
  stateDict(): SchedulerStateDict {
    return {
      _milestones: [...this.milestones],
      last_epoch: this.lastEpoch,
      _last_lr: [...this.lastLr],
      _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()),
    };
  }

  /** Takes over what `stateDict` gave. */
  loadStateDict(state: Readonly<SchedulerStateDict>): void {
    this.milestones = numbers("_milestones", state, [...this.milestones]);
    this.lastEpoch = Number(state.last_epoch ?? this.lastEpoch);
    this.lastLr = numbers("_last_lr", state, this.lastLr);
    const inner: readonly SchedulerStateDict[] = Array.isArray(state._schedulers) ? state._schedulers : [];
    inner.forEach((own, i) => this.schedulers[i].loadStateDict(own));
  }
}

/** Several schedulers that all take every step. `torch.optim.lr_scheduler.ChainedScheduler`. */
export class ChainedScheduler {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Scheduled;
  private readonly schedulers: readonly AnyScheduler[];

  /** Takes the schedulers, all of one optimizer. */
  constructor(...given: Given<[schedulers: readonly AnyScheduler[]], [], Pick<Sequence, "schedulers">>) {
    const [schedulers] = inOrder<[readonly AnyScheduler[]]>("ChainedScheduler", ["schedulers"], 1, given);
    checkKind("ChainedScheduler", "schedulers", schedulers ?? null, "iterable");
    if (schedulers.length === 0) throw new ValueError("ChainedScheduler expects at least one scheduler");
    checkOwner("ChainedScheduler", schedulers[0].optimizer, schedulers);
    this.optimizer = schedulers[0].optimizer;
    this.schedulers = schedulers;
  }

  /** Takes a step of each. */
  step(): void {
    for (const scheduler of this.schedulers) scheduler.step();
  }

  /** The learning rates of the last step. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** The state of each scheduler in PyTorch's form. */
  stateDict(): SchedulerStateDict {
    return {
      _last_lr: this.getLastLr(),
      _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()),
    };
  }

  /** Takes over what `stateDict` gave. */
  loadStateDict(state: Readonly<SchedulerStateDict>): void {
    const inner: readonly SchedulerStateDict[] = Array.isArray(state._schedulers) ? state._schedulers : [];
    inner.forEach((own, i) => this.schedulers[i].loadStateDict(own));
  }
}
