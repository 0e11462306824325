/**
 * Normal initialisation, whole or cut off at two bounds.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { add, mul } from "../core/ops/elementwise.ts";
import { clamp } from "../core/ops/pointwise.ts";
import { erfUniform, normal as draw } from "../core/ops/random.ts";
import type { Generator } from "../core/random/generator.ts";
import { erf } from "../core/random/libm/erf.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { type DrawSettings, fill, type Initialisable } from "./target.ts";
import type { InitOptions } from "./uniform.ts";

/** Settings of `normal_`. */
export interface NormalSettings extends DrawSettings {
  /** The mean; 0 by default. */
  readonly mean?: number;
  /** The standard deviation; 1 by default. */
  readonly std?: number;
}

/** Settings of `truncNormal_`. */
export interface TruncNormalSettings extends NormalSettings {
  /** The least value; -2 by default. */
  readonly a?: number;
  /** The largest value; 2 by default. */
  readonly b?: number;
}

/** A tensor drawn from a normal distribution. */
export function normal(shape: Shape, mean = 0, std = 1, options: InitOptions = {}): Tensor {
  return draw(mean, std, shape, options);
}

/**
 * Fills from a normal distribution. `torch.nn.init.normal_`.
 *
 * @example
 * ```ts
 * import { init, nn } from "@tenon/tenon";
 * const layer = new nn.Linear(4, 8);
 * init.normal_(layer.weight, { std: 0.01 });
 * console.log(layer.weight.abs().max().item() < 0.1); // true
 * ```
 */
export function normal_<T extends Initialisable>(
  target: T,
  ...settings: Trailing<[mean: number, std: number, generator: Generator], NormalSettings>
): T {
  const { mean = 0, std = 1, generator } = settingsOf<NormalSettings>("normal_", settings, {
    mean: "number",
    std: "number",
    generator: "generator",
  });
  return fill("normal_", target, (shape, form) => normal(shape, mean, std, { ...form, generator }));
}

/**
 * A tensor drawn from the part of a normal distribution that lies in [a, b], by inverting its distribution function.
 *
 * @throws {ValueError} when std is not positive or a is above b
 */
export function truncNormal(
  shape: Shape,
  mean = 0,
  std = 1,
  a = -2,
  b = 2,
  options: InitOptions = {},
): Tensor {
  if (!(std > 0) || !(a <= b)) {
    throw new ValueError(`truncNormal needs std > 0 and a <= b, but got std ${std}, a ${a} and b ${b}`);
  }
  const [low, high] = [a, b].map((bound) => (1 + erf((bound - mean) / std / Math.SQRT2)) / 2);
  const y = erfUniform(shape, 2 * low - 1, 2 * high - 1, options);
  return clamp(add(mul(y, std * Math.SQRT2), mean), a, b);
}

/** Fills from the part of a normal distribution that lies in [a, b]. `torch.nn.init.trunc_normal_`. */
export function truncNormal_<T extends Initialisable>(
  target: T,
  ...settings: Trailing<
    [mean: number, std: number, a: number, b: number, generator: Generator],
    TruncNormalSettings
  >
): T {
  const { mean = 0, std = 1, a = -2, b = 2, generator } = settingsOf<TruncNormalSettings>(
    "truncNormal_",
    settings,
    { mean: "number", std: "number", a: "number", b: "number", generator: "generator" },
  );
  return fill(
    "truncNormal_",
    target,
    (shape, form) => truncNormal(shape, mean, std, a, b, { ...form, generator }),
  );
}
