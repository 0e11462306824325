/**
 * Initialisation without randomness: constants, the identity, Dirac kernels.
 *
 * @module
 */
import { inPlace, isNamed, type Named } from "../core/ops/arguments.ts";
import { checkKind, requireKind } from "../core/ops/options.ts";
import { ShapeError, ValueError } from "../core/errors.ts";
import { type DType, getDefaultDtype } from "../core/dtype.ts";
import type { DeviceName } from "../core/device.ts";
import { fromHost, full } from "../core/ops/create.ts";
import { eye as identity } from "../core/ops/ranges.ts";
import { cast } from "../core/ops/cast.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { fill, type Initialisable } from "./target.ts";

/** Options of the pure forms that draw nothing. */
export interface FillOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType;
  /** Device; the default device when not given. */
  readonly device?: DeviceName;
}

/** A tensor of one value. */
export function constant(shape: Shape, value: number, options: FillOptions = {}): Tensor {
  return full(shape, value, { ...options, dtype: options.dtype ?? getDefaultDtype() });
}

/**
 * Fills with one value. `torch.nn.init.constant_`.
 *
 * @example
 * ```ts
 * import { init, nn } from "@tenon/tenon";
 * const layer = new nn.Linear(2, 2);
 * init.constant_(layer.bias!, 0.5);
 * console.log(layer.bias!.tolist()); // [ 0.5, 0.5 ]
 * ```
 */
export function constant_<T extends Initialisable>(target: T, value: number | Named<{ val: number }>): T {
  if (isNamed(value)) return constant_(target, ...inPlace("constant_", ["val"], [value], 1));
  return fill("constant_", target, (shape, form) => {
    requireKind("constant_", "val", value, "number");
    return constant(shape, value, form);
  });
}

/** A tensor of ones. */
export function ones(shape: Shape, options: FillOptions = {}): Tensor {
  return constant(shape, 1, options);
}

/** Fills with ones. `torch.nn.init.ones_`. */
export function ones_<T extends Initialisable>(target: T): T {
  return fill("ones_", target, ones);
}

/** A tensor of zeros. */
export function zeros(shape: Shape, options: FillOptions = {}): Tensor {
  return constant(shape, 0, options);
}

/** Fills with zeros. `torch.nn.init.zeros_`. */
export function zeros_<T extends Initialisable>(target: T): T {
  return fill("zeros_", target, zeros);
}

/** A matrix with ones on the diagonal, so that a Linear passes on as many inputs as it can. */
export function eye(shape: Shape, options: FillOptions = {}): Tensor {
  checkKind("init.eye", "shape", shape ?? null, "numbers");
  if (shape.length !== 2) {
    throw new ShapeError(
      `Only tensors with 2 dimensions are supported, in init.eye: got shape [${shape.join(", ")}]`,
    );
  }
  const { dtype = getDefaultDtype(), device } = options;
  return cast(identity(shape[0], shape[1], { device }), dtype);
}

/** Fills a matrix with ones on the diagonal and zeros elsewhere. `torch.nn.init.eye_`. */
export function eye_<T extends Initialisable>(target: T): T {
  return fill("eye_", target, eye);
}

/**
 * A convolution kernel [out, in, ...kernel] that passes on as many channels of each group as it can: a one in the middle of each.
 *
 * @throws {ShapeError} unless there are 3, 4 or 5 dimensions
 * @throws {ValueError} when the first is not divisible by `groups`
 */
export function dirac(shape: Shape, groups = 1, options: FillOptions = {}): Tensor {
  checkKind("init.dirac", "shape", shape ?? null, "numbers");
  if (shape.length < 3 || shape.length > 5) {
    throw new ShapeError(
      `Only tensors with 3, 4, or 5 dimensions are supported, in init.dirac: got shape [${shape.join(", ")}]`,
    );
  }
  const [out, inputs, ...kernel] = shape;
  if (!Number.isInteger(groups) || groups < 1 || out % groups !== 0) {
    throw new ValueError(`dim 0 must be divisible by groups, in init.dirac: got ${out} and groups=${groups}`);
  }
  const size = sizeOf(kernel), perGroup = out / groups;
  const middle = kernel.reduce((at, k) => at * k + Math.floor(k / 2), 0);
  const data = new Float32Array(sizeOf(shape));
  for (let g = 0; g < groups; g++) {
    for (let d = 0; d < Math.min(perGroup, inputs); d++) {
      data[((g * perGroup + d) * inputs + d) * size + middle] = 1;
    }
  }
  return cast(fromHost(data, shape, "float32", options.device), options.dtype ?? getDefaultDtype());
}

/** Fills a convolution kernel so that it passes on as many channels as it can. `torch.nn.init.dirac_`. */
export function dirac_<T extends Initialisable>(
  target: T,
  groups: number | Named<{ groups: number }> = 1,
): T {
  if (isNamed(groups)) return dirac_(target, ...inPlace("dirac_", ["groups"], [groups]));
  return fill("dirac_", target, (shape, form) => dirac(shape, groups, form));
}
