/**
 * The bilinear form of two vectors. Matrix products are in linalg.ts.
 *
 * @module
 */
import { named } from "../apply.ts";
import { checkCall } from "./options.ts";
import { scalarName } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./elementwise.ts";
import { matmul } from "./linalg.ts";
import { sum } from "./reduce.ts";
import { permute, reshape, unsqueeze } from "./view.ts";

/**
 * y = x1^T W x2 + b for each of the outputs: [..., in1] and [..., in2] with a weight [out, in1, in2] give [..., out].
 * `torch.nn.functional.bilinear`.
 *
 * @throws {ShapeError} when the leading dimensions differ, or a last one is not what the weight needs
 */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  checkCall("bilinear", [x1, x2, weight], undefined, undefined, { bias });
  if (weight.shape.length !== 3) {
    throw new ShapeError(
      `bilinear: the weight must have shape [out, in1, in2], got [${weight.shape.join(", ")}]`,
    );
  }
  const [out, in1, in2] = weight.shape;
  const lead = x1.shape.slice(0, -1);
  if (x1.shape.length === 0 || !sameShape(lead, x2.shape.slice(0, -1))) {
    throw new ShapeError(
      `bilinear(): input batch dimensions do not match: got [${x1.shape.join(", ")}] and [${
        x2.shape.join(", ")
      }]`,
    );
  }
  for (const [i, x, size] of [[1, x1, in1], [2, x2, in2]] as const) {
    if (x.shape.at(-1) !== size) {
      throw new ShapeError(
        `bilinear(): input${i} size does not match weight size: got ${x.shape.at(-1)} but expected ${size}`,
      );
    }
  }
  for (const x of [x1, x2]) {
    if (x.dtype === weight.dtype) continue;
    throw new DTypeError(
      `expected scalar type ${scalarName(x.dtype)} but found ${
        scalarName(weight.dtype)
      }, in bilinear of ${x1.dtype} and ${x2.dtype} with a weight of ${weight.dtype}; cast with .to()`,
    );
  }
  // [..., in2] times [in2, out * in1], then the dot product with x1 for each output.
  const flat = reshape(permute(weight, [2, 0, 1]), [in2, out * in1]);
  const partial = reshape(matmul(x2, flat), [...lead, out, in1]);
  const y = sum(mul(partial, unsqueeze(x1, -2)), -1, { dtype: weight.dtype });
  return bias ? add(y, bias) : named("ReshapeAlias", y);
}
