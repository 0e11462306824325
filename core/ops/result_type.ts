/**
 * The dtype that an operation on two operands has, as a public function. The rules are dtype.ts.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import { commonType, type TensorLike } from "./cast.ts";

/**
 * The dtype of the result of arithmetic on `a` and `b`: tensors with dimensions decide before 0-d tensors, and those before numbers, unless the
 * kind (bool, integer, float) is higher. `torch.result_type`.
 *
 * @example
 * ```ts
 * import { ones, resultType } from "@tenon/tenon";
 * console.log(resultType(ones([2], { dtype: "int8" }), 1), resultType(ones([2], { dtype: "int8" }), 0.5)); // int8 float32
 * ```
 */
export function resultType(a: TensorLike, b: TensorLike): DType {
  return commonType("resultType", [a, b]);
}
