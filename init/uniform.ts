/**
 * Uniform initialisation.
 *
 * @module
 */
import { fromHost } from "../core/ops/create.ts";
import type { DType } from "../core/dtype.ts";
import type { DeviceName } from "../core/device.ts";
import { defaultGenerator, type Generator } from "../core/random/generator.ts";
import { uniform as fill } from "../core/random/uniform.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Initialisable } from "./target.ts";

/** Options of the pure forms. */
export interface InitOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType;
  /** Device; the default device when not given. */
  readonly device?: DeviceName;
  /** Where the random numbers come from; the default generator when not given. */
  readonly generator?: Generator;
}

/** A tensor drawn uniformly from [low, high). */
export function uniform(shape: Shape, low = 0, high = 1, options: InitOptions = {}): Tensor {
  const dtype = options.dtype ?? "float32";
  const data = fill(options.generator ?? defaultGenerator, sizeOf(shape), dtype, low, high);
  return fromHost(data, shape, dtype, options.device);
}

/** Fills uniformly from [low, high). `torch.nn.init.uniform_`. */
export function uniform_<T extends Initialisable>(target: T, low = 0, high = 1, generator?: Generator): T {
  target.data = uniform(target.shape, low, high, { dtype: target.dtype, device: target.device, generator });
  return target;
}
