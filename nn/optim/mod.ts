/**
 * Optimizers: what `torch.optim` offers.
 *
 * @module
 */
export { Adam, type AdamSettings, AdamW } from "./adam.ts";
export { Adadelta, type AdadeltaSettings, Adagrad, type AdagradSettings } from "./adagrad.ts";
export { ASGD, type ASGDSettings, Rprop, type RpropSettings } from "./asgd.ts";
export { LBFGS, type LBFGSSettings } from "./lbfgs.ts";
export * as lrScheduler from "./lr_scheduler/mod.ts";
export {
  Adamax,
  type AdamaxSettings,
  MomentOptimizer,
  type MomentSettings,
  NAdam,
  type NAdamSettings,
  RAdam,
} from "./moments.ts";
export {
  type FixedSettings,
  Optimizer,
  type ParameterGroup,
  type ParametersOrGroups,
  type SettingsOrRate,
  type Update,
} from "./optimizer.ts";
export type { OptimizerStateDict, ParameterState, StateValue } from "./state.ts";
export { RMSprop, type RMSpropSettings } from "./rmsprop.ts";
export { SGD, type SGDSettings } from "./sgd.ts";
export * as swaUtils from "./swa_utils.ts";
