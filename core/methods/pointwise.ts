/**
 * Elementwise methods that are made of others. One line each over the public operations, which say more.
 *
 * @module
 */
import * as activation from "../ops/nn/activation.ts";
import type { TensorLike } from "../ops/cast.ts";
import * as logic from "../ops/logical.ts";
import * as op from "../ops/pointwise.ts";
import * as soft from "../ops/nn/softmax.ts";
import * as statistics from "../ops/statistics.ts";
import type { Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { LinalgMethods } from "./linalg.ts";

/** Elementwise methods that are made of others. */
export abstract class PointwiseMethods extends LinalgMethods {
  /** Itself where positive, else 0. */
  relu(this: Tensor): Tensor {
    return activation.relu(this);
  }

  /** Exponentials that sum to 1 along a dimension: `logits.softmax(-1)`. */
  softmax(
    this: Tensor,
    dim: number | Named<{ dim: number }, soft.SoftmaxOptions>,
    options?: soft.SoftmaxOptions,
  ): Tensor {
    return soft.softmax(this, dim, options);
  }

  /** The logarithm of `softmax`, exact also where that is 0: `logits.logSoftmax(-1)`. */
  logSoftmax(
    this: Tensor,
    dim: number | Named<{ dim: number }, soft.SoftmaxOptions>,
    options?: soft.SoftmaxOptions,
  ): Tensor {
    return soft.logSoftmax(this, dim, options);
  }

  /** Between two bounds, numbers or tensors; either may be left out: `x.clamp(0, 1)`, `x.clamp({ max: 5 })`. */
  clamp(
    this: Tensor,
    min?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
    max?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
  ): Tensor {
    return op.clamp(this, min, max);
  }

  /** `clamp` under NumPy's name. */
  clip(
    this: Tensor,
    min?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
    max?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
  ): Tensor {
    return op.clip(this, min, max);
  }

  /** On the straight line to `end`: this + weight (end - this). */
  lerp(this: Tensor, end: Tensor, weight: Tensor | number): Tensor {
    return op.lerp(this, end, weight);
  }

  /** This plus value * a * b. */
  addcmul(this: Tensor, a: Tensor, b: Tensor, options?: { readonly value?: number | Tensor }): Tensor {
    return op.addcmul(this, a, b, options);
  }

  /** This plus value * a / b. */
  addcdiv(this: Tensor, a: Tensor, b: Tensor, options?: { readonly value?: number | Tensor }): Tensor {
    return op.addcdiv(this, a, b, options);
  }

  /** NaN and infinities replaced by numbers. */
  nanToNum(this: Tensor, options?: op.NanToNumOptions): Tensor {
    return op.nanToNum(this, options);
  }

  /** x * x. */
  square(this: Tensor): Tensor {
    return op.square(this);
  }

  /** Without the whole part. */
  frac(this: Tensor): Tensor {
    return op.frac(this);
  }

  /** Degrees as radians. */
  deg2rad(this: Tensor): Tensor {
    return op.deg2rad(this);
  }

  /** Radians as degrees. */
  rad2deg(this: Tensor): Tensor {
    return op.rad2deg(this);
  }

  /** 0 below zero, 1 above, `values` at zero. */
  heaviside(this: Tensor, values: Tensor): Tensor {
    return op.heaviside(this, values);
  }

  /** ln(e^this + e^other). */
  logaddexp(this: Tensor, other: Tensor): Tensor {
    return op.logaddexp(this, other);
  }

  /** log2(2^this + 2^other). */
  logaddexp2(this: Tensor, other: Tensor): Tensor {
    return op.logaddexp2(this, other);
  }

  /** this * ln(other), 0 where this is 0. */
  xlogy(this: Tensor, other: Tensor): Tensor {
    return op.xlogy(this, other);
  }

  /** sin(pi x) / (pi x). */
  sinc(this: Tensor): Tensor {
    return op.sinc(this);
  }

  /** ln(x / (1 - x)). */
  logit(this: Tensor, eps?: number | null | Named<{ eps: number | null }>): Tensor {
    return op.logit(this, eps);
  }

  /** Whether the sign bit is set. */
  signbit(this: Tensor): Tensor {
    return op.signbit(this);
  }

  /** Whether elements are close, as bool. */
  isclose(this: Tensor, other: Tensor, options?: logic.CloseOptions): Tensor {
    return logic.isclose(this, other, options);
  }

  /** Whether all elements are close, as a boolean: |this - other| <= atol + rtol |other|. */
  allclose(this: Tensor, other: Tensor, options?: logic.CloseOptions): boolean {
    return statistics.allclose(this, other, options);
  }

  /** Whether shape and all elements are the same, as a boolean: what `===` and `if (x == y)` do not say. */
  equal(this: Tensor, other: Tensor): boolean {
    return statistics.equal(this, other);
  }
}
