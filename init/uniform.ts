/**
 * Uniform initialisation.
 *
 * @module
 */
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { uniform as draw } from "../core/ops/random.ts";
import type { Generator } from "../core/random/generator.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { FillOptions } from "./constant.ts";
import { type DrawSettings, fill, type Initialisable } from "./target.ts";

/** Options of the pure forms that draw. */
export interface InitOptions extends FillOptions {
  /** Where the random numbers come from; the default generator when not given. */
  readonly generator?: Generator;
}

/** A tensor drawn uniformly from [low, high). */
export function uniform(shape: Shape, low = 0, high = 1, options: InitOptions = {}): Tensor {
  return draw(shape, low, high, options);
}

/** Settings of `uniform_`. */
export interface UniformSettings extends DrawSettings {
  /** The least value; 0 by default. */
  readonly a?: number;
  /** The bound above all values; 1 by default. */
  readonly b?: number;
}

/** Fills uniformly from [a, b). `torch.nn.init.uniform_`. */
export function uniform_<T extends Initialisable>(
  target: T,
  ...settings: Trailing<[a: number, b: number, generator: Generator], UniformSettings>
): T {
  const { a = 0, b = 1, generator } = settingsOf<UniformSettings>("uniform_", settings, {
    a: "number",
    b: "number",
    generator: "generator",
  });
  return fill("uniform_", target, (shape, form) => uniform(shape, a, b, { ...form, generator }));
}
