/**
 * Kaiming (He) initialisation: keeps the variance of activations through layers with rectifiers.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import { checkOptions, type Kinds } from "../core/ops/options.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { calculateFans, calculateGain, type Nonlinearity } from "./fan.ts";
import { normal } from "./normal.ts";
import { checkTarget, type Initialisable } from "./target.ts";
import { type InitOptions, uniform } from "./uniform.ts";

/** Options of Kaiming initialisation. */
export interface KaimingOptions extends InitOptions {
  /** Negative slope of the rectifier that follows, for leaky_relu; 0 by default. */
  readonly a?: number;
  /** Keep the variance in the forward ("fan_in") or the backward pass ("fan_out"). */
  readonly mode?: "fan_in" | "fan_out";
  /** The non-linearity that follows; "leaky_relu" by default. */
  readonly nonlinearity?: Nonlinearity;
}

const kinds: Kinds<KaimingOptions> = {
  a: "number",
  mode: "string",
  nonlinearity: "string",
  generator: "any",
  dtype: "string",
  device: "string",
};

function standardDeviation(
  shape: Shape,
  { a = 0, mode = "fan_in", nonlinearity = "leaky_relu", ...options }: KaimingOptions,
): [deviation: number, options: InitOptions] {
  if (mode !== "fan_in" && mode !== "fan_out") {
    throw new ValueError(`Mode ${mode} not supported, please use one of fan_in, fan_out`);
  }
  const { fanIn, fanOut } = calculateFans(shape);
  return [calculateGain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut), options];
}

/** A weight [out, in, ...] drawn uniformly within gain * sqrt(3 / fan). */
export function kaimingUniform(shape: Shape, options: KaimingOptions = {}): Tensor {
  checkOptions("kaimingUniform", options, kinds);
  const [deviation, others] = standardDeviation(shape, options);
  const bound = Math.sqrt(3) * deviation;
  return uniform(shape, -bound, bound, others);
}

/** Fills uniformly within gain * sqrt(3 / fan). `torch.nn.init.kaiming_uniform_`. */
export function kaimingUniform_<T extends Initialisable>(target: T, options: KaimingOptions = {}): T {
  checkTarget("kaimingUniform_", target);
  if (!target.shape.includes(0)) {
    target.data = kaimingUniform(target.shape, { ...options, dtype: target.dtype, device: target.device });
  }
  return target;
}

/** A weight [out, in, ...] drawn from a normal distribution of deviation gain / sqrt(fan). */
export function kaimingNormal(shape: Shape, options: KaimingOptions = {}): Tensor {
  checkOptions("kaimingNormal", options, kinds);
  const [deviation, others] = standardDeviation(shape, options);
  return normal(shape, 0, deviation, others);
}

/** Fills from a normal distribution of deviation gain / sqrt(fan). `torch.nn.init.kaiming_normal_`. */
export function kaimingNormal_<T extends Initialisable>(target: T, options: KaimingOptions = {}): T {
  checkTarget("kaimingNormal_", target);
  if (!target.shape.includes(0)) {
    target.data = kaimingNormal(target.shape, { ...options, dtype: target.dtype, device: target.device });
  }
  return target;
}
