/**
 * Optimizers: what `torch.optim` offers.
 *
 * @module
 */
export { Adam, type AdamSettings, AdamW, SparseAdam, type SparseAdamSettings } from "./adam.ts";
export { Adadelta, type AdadeltaSettings, Adagrad, type AdagradSettings } from "./adagrad.ts";
export { ASGD, type ASGDSettings, Rprop, type RpropSettings } from "./asgd.ts";
export { LBFGS, type LBFGSSettings } from "./lbfgs.ts";
export * as lrScheduler from "./lr_scheduler/mod.ts";
export {
  Adamax,
  type AdamaxSettings,
  type Decayed,
  type DecaySettings,
  MomentOptimizer,
  type MomentSettings,
  NAdam,
  type NAdamSettings,
  RAdam,
  type RAdamSettings,
} from "./moments.ts";
export {
  type FixedSettings,
  Optimizer,
  type OptimizerArguments,
  type ParameterGroup,
  type ParametersOrGroups,
  type Settings,
  type Update,
} from "./optimizer.ts";
export type { OptimizerStateDict, ParameterState, StateValue } from "./state.ts";
export { RMSprop, type RMSpropSettings } from "./rmsprop.ts";
export { SGD, type SGDArguments, type SGDSettings } from "./sgd.ts";
export * as swaUtils from "./swa_utils.ts";
