/**
 * Methods of tensors under the function names that `torch` has for them, those for complex numbers among them as far as real ones have them too.
 *
 * @module
 */
import { named } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { sameShape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { asFloat, type Scalar, type TensorLike } from "./cast.ts";
import { full, type TensorOptions } from "./create.ts";
import { add, mul, sign, sub } from "./elementwise.ts";
import { isnan, lt, ne, where } from "./logical.ts";
import { checkCall, type Kinds } from "./options.ts";
import { clamp } from "./pointwise.ts";
import { mT, transpose } from "./view.ts";

/** The transpose of a matrix; a vector or a number as it is. `torch.t`. */
export function t(x: Tensor): Tensor {
  checkCall("t", [x]);
  if (x.shape.length > 2) {
    throw new ShapeError(`t() expects a tensor with <= 2 dimensions, but self is ${x.shape.length}D`);
  }
  return x.shape.length < 2 ? x.value : named("T", transpose(x, 0, 1));
}

/** The last two dimensions swapped. `torch.adjoint`. */
export function adjoint(x: Tensor): Tensor {
  checkCall("adjoint", [x]);
  return mT(x);
}

/** A tensor with the value of x, whose gradient flows there. `torch.clone`. */
export function clone(x: Tensor): Tensor {
  checkCall("clone", [x]);
  return x.clone();
}

/** The value of x without its history. `torch.detach`. */
export function detach(x: Tensor): Tensor {
  checkCall("detach", [x]);
  return x.detach();
}

/** Number of elements. `torch.numel`. */
export function numel(x: Tensor): number {
  checkCall("numel", [x]);
  return sizeOf(x.shape);
}

/** Whether a value is a tensor. `torch.is_tensor`. */
export function isTensor(x: unknown): x is Tensor {
  return x instanceof Tensor;
}

/** Whether the dtype is one of the floating-point types. `torch.is_floating_point`. */
export function isFloatingPoint(x: Tensor): boolean {
  checkCall("is_floating_point", [x]);
  return isFloat(x.dtype);
}

/** Whether the single element is not zero. Reads x. `torch.is_nonzero`. */
export function isNonzero(x: Tensor): boolean {
  checkCall("is_nonzero", [x]);
  if (sizeOf(x.shape) !== 1) {
    throw new ShapeError(
      sizeOf(x.shape) === 0
        ? "Boolean value of Tensor with no values is ambiguous, in is_nonzero"
        : "Boolean value of Tensor with more than one value is ambiguous, in is_nonzero",
    );
  }
  return ne(x, 0).item<boolean>();
}

/** A 0-d tensor; float32 without a dtype. `torch.scalar_tensor`. */
export function scalarTensor(value: Scalar, options: TensorOptions = {}): Tensor {
  return full([], value, { dtype: "float32", ...options });
}

/** `f` of x; all NaN where the bound is a number that is NaN, which `clamp` does not see. */
function bounded(x: Tensor, bound: TensorLike, f: (x: Tensor) => Tensor): Tensor {
  const y = f(x);
  return Number.isNaN(bound) ? full(y.shape, NaN, { dtype: y.dtype, device: y.device }) : y;
}

/** No less than `min`. `torch.clamp_min`. */
export function clampMin(x: Tensor, min: TensorLike): Tensor {
  checkCall("clamp_min", [x]);
  return named(`ClampMinBackward${min instanceof Tensor ? 1 : 0}`, bounded(x, min, (y) => clamp(y, min)));
}

/** No more than `max`. `torch.clamp_max`. */
export function clampMax(x: Tensor, max: TensorLike): Tensor {
  checkCall("clamp_max", [x]);
  return named(
    `ClampMaxBackward${max instanceof Tensor ? 1 : 0}`,
    bounded(x, max, (y) => clamp(y, null, max)),
  );
}

const rsubKinds: Kinds<{ readonly alpha?: number | Tensor }> = {
  alpha: "scalar",
};

/** other - alpha * x. `torch.rsub`. */
export function rsub(
  x: Tensor,
  other: TensorLike,
  options: { readonly alpha?: number | Tensor } = {},
): Tensor {
  checkCall("rsub", [x], options, rsubKinds);
  return named(`RsubBackward${other instanceof Tensor ? 0 : 1}`, sub(other, x, options));
}

/** The angle to the positive numbers: 0, pi for negative ones, NaN for NaN. Without a slope. `torch.angle`. */
export function angle(x: Tensor): Tensor {
  checkCall("angle", [x]);
  const y = asFloat(x);
  // The sign has a slope of zero, and so has this. The sum makes 0 of -0.
  return named("Angle", where(isnan(y), NaN, where(lt(y, 0), Math.PI, add(mul(sign(y), 0), 0))));
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

/** Whether the dtype has negative numbers. `torch.is_signed`. */
export function isSigned(x: Tensor): boolean {
  checkCall("is_signed", [x]);
  return x.dtype !== "uint8" && x.dtype !== "bool";
}

/** Whether two tensors have the same shape. `torch.is_same_size`. */
export function isSameSize(x: Tensor, other: Tensor): boolean {
  checkCall("is_same_size", [x, other]);
  return sameShape(x.shape, other.shape);
}

/** False: no tensor is the lazy conjugate of another. `torch.is_conj`. */
export function isConj(x: Tensor): boolean {
  checkCall("is_conj", [x]);
  return false;
}

/** False: no tensor is the lazy negative of another. `torch.is_neg`. */
export function isNeg(x: Tensor): boolean {
  checkCall("is_neg", [x]);
  return false;
}

/** x itself. `torch.resolve_conj`. */
export function resolveConj(x: Tensor): Tensor {
  checkCall("resolve_conj", [x]);
  return x.value;
}

/** x itself. `torch.resolve_neg`. */
export function resolveNeg(x: Tensor): Tensor {
  checkCall("resolve_neg", [x]);
  return x.value;
}
