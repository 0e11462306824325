/**
 * What the `name_` forms fill: anything whose value can be replaced. `nn.Parameter` is one.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import type { Generator } from "../core/random/generator.ts";
import type { Shape } from "../core/shape.ts";
import type { Kinds } from "../core/ops/options.ts";
import { Tensor } from "../core/tensor.ts";
import { inWords } from "../core/words.ts";
import type { FillOptions } from "./constant.ts";

/** A cell that holds a tensor. */
export interface Initialisable {
  /** The shape to fill. */
  readonly shape: Shape;
  /** The dtype to fill with. */
  readonly dtype: DType;
  /** The device of the value. */
  readonly device: DeviceName;
  /** The value; assigning replaces it. */
  data: Tensor;
}

/** Settings of all that is drawn into a parameter. */
export interface DrawSettings {
  /** What the numbers come from; the default generator when not given. */
  readonly generator?: Generator;
}

/** Settings of what is scaled. */
export interface GainSettings extends DrawSettings {
  /** The factor; 1 by default. */
  readonly gain?: number;
}

/** What those settings hold. */
export const gainKinds: Kinds<GainSettings> = { gain: "number", generator: "generator" };

/** Gives a cell what `make` makes in its shape, dtype and device. */
export function fill<T extends Initialisable>(
  op: string,
  target: T,
  make: (shape: Shape, form: Required<FillOptions>) => Tensor,
): T {
  checkTarget(op, target);
  const { shape, dtype, device } = target;
  target.data = make(shape, { dtype, device });
  return target;
}

/** Refuses what is no cell for a tensor. */
export function checkTarget(op: string, target: unknown): void {
  if (target instanceof Tensor) return;
  const cell = typeof target === "object" && target !== null && "shape" in target && "data" in target;
  if (cell) return;
  throw new ValueError(`${op}: expected an nn.Parameter, but got ${inWords(target)}`);
}
