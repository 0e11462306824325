/**
 * Elementwise methods. One line each over the public operations, which say more.
 *
 * @module
 */
import type { TensorLike } from "../ops/cast.ts";
import * as op from "../ops/elementwise.ts";
import * as logic from "../ops/logical.ts";
import type { Tensor } from "../tensor.ts";
import { ReadMethods } from "./read.ts";

/** Elementwise methods. */
export abstract class MathMethods extends ReadMethods {
  /** Plus `other`, times `alpha`. */
  add(this: Tensor, other: TensorLike, options?: { readonly alpha?: number | Tensor }): Tensor {
    return op.add(this, other, options);
  }

  /** Minus `other`, times `alpha`. */
  sub(this: Tensor, other: TensorLike, options?: { readonly alpha?: number | Tensor }): Tensor {
    return op.sub(this, other, options);
  }

  /** Divided by `other`. */
  div(this: Tensor, other: TensorLike, options?: { readonly roundingMode?: "trunc" | "floor" }): Tensor {
    return op.div(this, other, options);
  }

  /** Times `other`. */
  mul(this: Tensor, other: TensorLike): Tensor {
    return op.mul(this, other);
  }

  /** Divided and rounded down. */
  floorDivide(this: Tensor, other: TensorLike): Tensor {
    return op.floorDivide(this, other);
  }

  /** Modulo, with the divisor's sign. */
  remainder(this: Tensor, other: TensorLike): Tensor {
    return op.remainder(this, other);
  }

  /** Modulo, with this tensor's sign. */
  fmod(this: Tensor, other: TensorLike): Tensor {
    return op.fmod(this, other);
  }

  /** To the power `other`. */
  pow(this: Tensor, other: TensorLike): Tensor {
    return op.pow(this, other);
  }

  /** The larger of both. */
  maximum(this: Tensor, other: TensorLike): Tensor {
    return op.maximum(this, other);
  }

  /** The smaller of both. */
  minimum(this: Tensor, other: TensorLike): Tensor {
    return op.minimum(this, other);
  }

  /** The angle of the point (other, this). */
  atan2(this: Tensor, other: TensorLike): Tensor {
    return op.atan2(this, other);
  }

  /** Equal. */
  eq(this: Tensor, other: TensorLike): Tensor {
    return logic.eq(this, other);
  }

  /** Not equal. */
  ne(this: Tensor, other: TensorLike): Tensor {
    return logic.ne(this, other);
  }

  /** Less. */
  lt(this: Tensor, other: TensorLike): Tensor {
    return logic.lt(this, other);
  }

  /** Less or equal. */
  le(this: Tensor, other: TensorLike): Tensor {
    return logic.le(this, other);
  }

  /** Greater. */
  gt(this: Tensor, other: TensorLike): Tensor {
    return logic.gt(this, other);
  }

  /** Greater or equal. */
  ge(this: Tensor, other: TensorLike): Tensor {
    return logic.ge(this, other);
  }

  /** Both non-zero. */
  logicalAnd(this: Tensor, other: TensorLike): Tensor {
    return logic.logicalAnd(this, other);
  }

  /** One of both non-zero. */
  logicalOr(this: Tensor, other: TensorLike): Tensor {
    return logic.logicalOr(this, other);
  }

  /** Exactly one non-zero. */
  logicalXor(this: Tensor, other: TensorLike): Tensor {
    return logic.logicalXor(this, other);
  }

  /** Bitwise and. */
  bitwiseAnd(this: Tensor, other: TensorLike): Tensor {
    return logic.bitwiseAnd(this, other);
  }

  /** Bitwise or. */
  bitwiseOr(this: Tensor, other: TensorLike): Tensor {
    return logic.bitwiseOr(this, other);
  }

  /** Bitwise exclusive or. */
  bitwiseXor(this: Tensor, other: TensorLike): Tensor {
    return logic.bitwiseXor(this, other);
  }

  /** Shifted left. */
  bitwiseLeftShift(this: Tensor, other: TensorLike): Tensor {
    return logic.bitwiseLeftShift(this, other);
  }

  /** Shifted right, keeping the sign. */
  bitwiseRightShift(this: Tensor, other: TensorLike): Tensor {
    return logic.bitwiseRightShift(this, other);
  }

  /** This where the condition is true, `other` elsewhere. */
  where(this: Tensor, condition: Tensor, other: TensorLike): Tensor {
    return logic.where(condition, this, other);
  }

  /** The nearest whole number, half to even. */
  round(this: Tensor, options?: { readonly decimals?: number }): Tensor {
    return op.round(this, options);
  }

  /** -x. */
  neg(this: Tensor): Tensor {
    return op.neg(this);
  }

  /** |x|. */
  abs(this: Tensor): Tensor {
    return op.abs(this);
  }

  /** -1, 0 or 1. */
  sign(this: Tensor): Tensor {
    return op.sign(this);
  }

  /** The largest whole number not above. */
  floor(this: Tensor): Tensor {
    return op.floor(this);
  }

  /** The smallest whole number not below. */
  ceil(this: Tensor): Tensor {
    return op.ceil(this);
  }

  /** Without the fraction. */
  trunc(this: Tensor): Tensor {
    return op.trunc(this);
  }

  /** The square root. */
  sqrt(this: Tensor): Tensor {
    return op.sqrt(this);
  }

  /** 1 / sqrt(x). */
  rsqrt(this: Tensor): Tensor {
    return op.rsqrt(this);
  }

  /** 1 / x. */
  reciprocal(this: Tensor): Tensor {
    return op.reciprocal(this);
  }

  /** e^x. */
  exp(this: Tensor): Tensor {
    return op.exp(this);
  }

  /** 2^x. */
  exp2(this: Tensor): Tensor {
    return op.exp2(this);
  }

  /** e^x - 1. */
  expm1(this: Tensor): Tensor {
    return op.expm1(this);
  }

  /** The natural logarithm. */
  log(this: Tensor): Tensor {
    return op.log(this);
  }

  /** The logarithm to base 2. */
  log2(this: Tensor): Tensor {
    return op.log2(this);
  }

  /** The logarithm to base 10. */
  log10(this: Tensor): Tensor {
    return op.log10(this);
  }

  /** ln(1 + x). */
  log1p(this: Tensor): Tensor {
    return op.log1p(this);
  }

  /** The sine. */
  sin(this: Tensor): Tensor {
    return op.sin(this);
  }

  /** The cosine. */
  cos(this: Tensor): Tensor {
    return op.cos(this);
  }

  /** The tangent. */
  tan(this: Tensor): Tensor {
    return op.tan(this);
  }

  /** The arc sine. */
  asin(this: Tensor): Tensor {
    return op.asin(this);
  }

  /** The arc cosine. */
  acos(this: Tensor): Tensor {
    return op.acos(this);
  }

  /** The arc tangent. */
  atan(this: Tensor): Tensor {
    return op.atan(this);
  }

  /** The hyperbolic sine. */
  sinh(this: Tensor): Tensor {
    return op.sinh(this);
  }

  /** The hyperbolic cosine. */
  cosh(this: Tensor): Tensor {
    return op.cosh(this);
  }

  /** The hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return op.tanh(this);
  }

  /** The inverse hyperbolic sine. */
  asinh(this: Tensor): Tensor {
    return op.asinh(this);
  }

  /** The inverse hyperbolic cosine. */
  acosh(this: Tensor): Tensor {
    return op.acosh(this);
  }

  /** The inverse hyperbolic tangent. */
  atanh(this: Tensor): Tensor {
    return op.atanh(this);
  }

  /** 1 / (1 + e^-x). */
  sigmoid(this: Tensor): Tensor {
    return op.sigmoid(this);
  }

  /** The error function. */
  erf(this: Tensor): Tensor {
    return op.erf(this);
  }

  /** 1 - erf(x). */
  erfc(this: Tensor): Tensor {
    return op.erfc(this);
  }

  /** The inverse error function. */
  erfinv(this: Tensor): Tensor {
    return op.erfinv(this);
  }

  /** ln|gamma(x)|. */
  lgamma(this: Tensor): Tensor {
    return op.lgamma(this);
  }

  /** The derivative of lgamma. */
  digamma(this: Tensor): Tensor {
    return op.digamma(this);
  }

  /** True where zero. */
  logicalNot(this: Tensor): Tensor {
    return logic.logicalNot(this);
  }

  /** All bits inverted. */
  bitwiseNot(this: Tensor): Tensor {
    return logic.bitwiseNot(this);
  }

  /** Where NaN. */
  isnan(this: Tensor): Tensor {
    return logic.isnan(this);
  }

  /** Where infinite. */
  isinf(this: Tensor): Tensor {
    return logic.isinf(this);
  }

  /** Where neither NaN nor infinite. */
  isfinite(this: Tensor): Tensor {
    return logic.isfinite(this);
  }
}
