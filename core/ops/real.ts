/**
 * What PyTorch has for complex numbers, as far as real ones have it too.
 *
 * @module
 */
import { named } from "../apply.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat } from "./cast.ts";
import { isnan, lt, mul, sign, where } from "./elementwise.ts";
import { checkCall } from "./options.ts";

/** The angle to the positive numbers: 0, pi for negative ones, NaN for NaN. Without a slope. `torch.angle`. */
export function angle(x: Tensor): Tensor {
  checkCall("angle", [x]);
  const y = asFloat(x);
  // The sign has a slope of zero, and so has this.
  return named("Angle", where(isnan(y), NaN, where(lt(y, 0), Math.PI, mul(sign(y), 0))));
}

/** x itself. `torch.real`. */
export function real(x: Tensor): Tensor {
  checkCall("real", [x]);
  return x.value;
}

/** x itself. `torch.conj`. */
export function conj(x: Tensor): Tensor {
  checkCall("conj", [x]);
  return x.value;
}

/** x itself. `torch.conj_physical`. */
export function conjPhysical(x: Tensor): Tensor {
  checkCall("conj_physical", [x]);
  return x.value;
}

/** False: there are no complex dtypes. `torch.is_complex`. */
export function isComplex(_x: Tensor): boolean {
  checkCall("is_complex", [_x]);
  return false;
}
