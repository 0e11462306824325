/**
 * What the `name_` forms fill: anything whose value can be replaced. `nn.Parameter` is one.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";

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
