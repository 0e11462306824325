/**
 * Schedulers of the learning rate: what `torch.optim.lr_scheduler` offers.
 *
 * @module
 */
export * from "./cosine.ts";
export * from "./cycle.ts";
export * from "./decay.ts";
export * from "./plateau.ts";
export {
  LRScheduler,
  type Scheduled,
  type ScheduledGroup,
  type SchedulerArguments,
  type SchedulerOptions,
  type SchedulerStateDict,
} from "./scheduler.ts";
export * from "./sequence.ts";
