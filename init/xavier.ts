/**
 * Xavier (Glorot) initialisation: keeps the variance through layers with symmetric activations, forwards and backwards.
 *
 * @module
 */
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import type { Generator } from "../core/random/generator.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { calculateFans } from "./fan.ts";
import { normal } from "./normal.ts";
import { fill, gainKinds, type GainSettings, type Initialisable } from "./target.ts";
import { type InitOptions, uniform } from "./uniform.ts";

function standardDeviation(shape: Shape, gain: number): number {
  const { fanIn, fanOut } = calculateFans(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** A weight [out, in, ...] drawn uniformly within gain * sqrt(6 / (fanIn + fanOut)). */
export function xavierUniform(shape: Shape, gain = 1, options: InitOptions = {}): Tensor {
  const bound = Math.sqrt(3) * standardDeviation(shape, gain);
  return uniform(shape, -bound, bound, options);
}

/** Fills uniformly within gain * sqrt(6 / (fanIn + fanOut)). `torch.nn.init.xavier_uniform_`. */
export function xavierUniform_<T extends Initialisable>(
  target: T,
  ...settings: Trailing<[gain: number, generator: Generator], GainSettings>
): T {
  const { gain = 1, generator } = settingsOf<GainSettings>("xavierUniform_", settings, gainKinds);
  return fill("xavierUniform_", target, (shape, form) => xavierUniform(shape, gain, { ...form, generator }));
}

/** A weight [out, in, ...] drawn from a normal distribution of deviation gain * sqrt(2 / (fanIn + fanOut)). */
export function xavierNormal(shape: Shape, gain = 1, options: InitOptions = {}): Tensor {
  return normal(shape, 0, standardDeviation(shape, gain), options);
}

/** Fills from a normal distribution of deviation gain * sqrt(2 / (fanIn + fanOut)). `torch.nn.init.xavier_normal_`. */
export function xavierNormal_<T extends Initialisable>(
  target: T,
  ...settings: Trailing<[gain: number, generator: Generator], GainSettings>
): T {
  const { gain = 1, generator } = settingsOf<GainSettings>("xavierNormal_", settings, gainKinds);
  return fill("xavierNormal_", target, (shape, form) => xavierNormal(shape, gain, { ...form, generator }));
}
