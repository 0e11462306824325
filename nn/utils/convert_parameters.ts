/**
 * All parameters as one vector, and back.
 *
 * @module
 */
import { ShapeError } from "../../core/errors.ts";
import { checkTensors } from "../../core/ops/cast.ts";
import { checkKind } from "../../core/ops/options.ts";
import { narrow, reshape } from "../../core/ops/view.ts";
import { cat } from "../../core/ops/join.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Parameter } from "../module/parameter.ts";

/**
 * The elements of all parameters, one after the other. `torch.nn.utils.parameters_to_vector`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * console.log(nn.utils.parametersToVector(new nn.Linear(3, 2).parameters()).shape); // [ 8 ]
 * ```
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  checkKind("parametersToVector", "parameters", parameters ?? null, "iterable");
  return cat([...parameters].map((p) => reshape(p, [-1])), 0);
}

/**
 * Gives parameters the elements of a vector. `torch.nn.utils.vector_to_parameters`.
 *
 * @throws {ShapeError} unless the vector has as many elements as the parameters
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = new nn.Linear(2, 1);
 * const vector = nn.utils.parametersToVector(layer.parameters());
 * nn.utils.vectorToParameters(vector.mul(0), layer.parameters());
 * console.log(layer.bias!.tolist()); // [ 0 ]
 * ```
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Parameter>): void {
  checkTensors("vectorToParameters", [vector]);
  checkKind("vectorToParameters", "parameters", parameters ?? null, "iterable");
  const list = [...parameters];
  const total = list.reduce((n, p) => n + sizeOf(p.shape), 0);
  if (vector.ndim !== 1 || vector.shape[0] !== total) {
    throw new ShapeError(
      `vectorToParameters: the parameters have ${total} elements, but the vector has shape [${
        vector.shape.join(", ")
      }]`,
    );
  }
  let start = 0;
  for (const p of list) {
    const size = sizeOf(p.shape);
    p.data = reshape(narrow(vector, 0, start, size), p.shape).detach();
    start += size;
  }
}
