/**
 * What the `name_` forms fill: anything whose value can be replaced. `nn.Parameter` is one.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { checkKind } from "../core/ops/options.ts";
import { Tensor } from "../core/tensor.ts";

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

/** Refuses what is no cell for a tensor, and arguments that are no numbers. */
export function checkTarget(
  op: string,
  target: unknown,
  numbers: Readonly<Record<string, unknown>> = {},
): void {
  for (const name in numbers) checkKind(op, name, numbers[name], "number");
  if (target instanceof Tensor) return;
  const cell = typeof target === "object" && target !== null && "shape" in target && "data" in target;
  if (cell) return;
  throw new ValueError(
    `${op}: expected an nn.Parameter, but got ${
      Array.isArray(target) ? "an array" : target === null ? "null" : typeof target
    }`,
  );
}
