/**
 * Optimizers: what `torch.optim` offers.
 *
 * @module
 */
export { Adam, type AdamSettings, AdamW } from "./adam.ts";
export {
  Optimizer,
  type OptimizerStateDict,
  type ParameterGroup,
  type ParametersOrGroups,
  type ParameterState,
  type StateValue,
  type Update,
} from "./optimizer.ts";
export { SGD, type SGDSettings } from "./sgd.ts";
