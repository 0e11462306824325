/**
 * The dtype of new float tensors when nothing else is said. The dtypes themselves are dtype.ts.
 *
 * @module
 */
import { type DType, isFloat } from "./dtype.ts";
import { DTypeError } from "./errors.ts";

let current: DType = "float32";

/** The dtype of new float tensors when nothing else is said: float32 unless it was set. `torch.get_default_dtype`. */
export function getDefaultDtype(): DType {
  return current;
}

/**
 * Sets the dtype that numbers, `zeros`, `rand`, layers and the like have from now on, and that integers become in functions such as `exp`.
 * Typed arrays keep theirs. `torch.set_default_dtype`.
 *
 * @throws {DTypeError} when it is not a floating-point dtype
 * @example
 * ```ts
 * import { setDefaultDtype, tensor } from "@tenon/tenon";
 * setDefaultDtype("float64");
 * console.log(tensor([0.1]).dtype, String(tensor([0.1]))); // float64 tensor([0.1000])
 * setDefaultDtype("float32");
 * ```
 */
export function setDefaultDtype(dtype: DType): void {
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `only floating-point types are supported as the default type, but setDefaultDtype got ${dtype}`,
    );
  }
  current = dtype;
}
