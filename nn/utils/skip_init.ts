/**
 * Making a module without drawing the first values of its parameters.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { getRngState, setRngState } from "../../core/ops/rng_state.ts";
import { Module } from "../module/module.ts";

/**
 * A module of a class and arguments whose parameters are about to be replaced: the default generator is as it was before.
 * `torch.nn.utils.skip_init`.
 *
 * @throws {ValueError} when the class is no module
 * @example
 * ```ts
 * import { manualSeed, nn, rand } from "@tenon/tenon";
 * manualSeed(0);
 * const first = rand([]).item();
 * manualSeed(0);
 * const layer = nn.utils.skipInit(nn.Linear, 5, 1);
 * console.log(layer.outFeatures, rand([]).item() === first); // 1 true
 * ```
 */
export function skipInit<A extends readonly unknown[], M extends Module>(
  moduleClass: new (...args: A) => M,
  ...args: A
): M {
  if (typeof moduleClass !== "function" || !(moduleClass.prototype instanceof Module)) {
    throw new ValueError(`Expected a Module; got ${moduleClass}, in skipInit`);
  }
  const state = getRngState();
  try {
    return new moduleClass(...args);
  } finally {
    setRngState(state);
  }
}
