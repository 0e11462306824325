/**
 * Uniform initialisation.
 *
 * @module
 */
import { uniform as draw } from "../core/ops/random.ts";
import type { Generator } from "../core/random/generator.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { FillOptions } from "./constant.ts";
import { checkTarget, type Initialisable } from "./target.ts";

/** Options of the pure forms that draw. */
export interface InitOptions extends FillOptions {
  /** Where the random numbers come from; the default generator when not given. */
  readonly generator?: Generator;
}

/** A tensor drawn uniformly from [low, high). */
export function uniform(shape: Shape, low = 0, high = 1, options: InitOptions = {}): Tensor {
  return draw(shape, low, high, options);
}

/** Fills uniformly from [low, high). `torch.nn.init.uniform_`. */
export function uniform_<T extends Initialisable>(target: T, low = 0, high = 1, generator?: Generator): T {
  checkTarget("uniform_", target, { low, high });
  target.data = uniform(target.shape, low, high, { dtype: target.dtype, device: target.device, generator });
  return target;
}
