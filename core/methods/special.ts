/**
 * Special functions and what takes elements one by one. One line each over the public operations, which say more.
 *
 * @module
 */
import type { NamedTuple } from "../named_tuple.ts";
import { copysign, hypot, nextafter } from "../ops/elementwise.ts";
import { hardshrink, prelu } from "../ops/nn/activation.ts";
import { clamp } from "../ops/pointwise.ts";
import type { TensorLike } from "../ops/cast.ts";
import { igamma, igammac } from "../ops/special/gamma.ts";
import * as op from "../ops/special/special.ts";
import { dist, renorm, type RenormArguments } from "../ops/linalg/matrix_functions.ts";
import type { Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { IndexMethods } from "./index.ts";

/** Special functions and what takes elements one by one. */
export abstract class SpecialMethods extends IndexMethods {
  /** The larger of both, the other where one is NaN. */
  fmax(this: Tensor, other: Tensor): Tensor {
    return op.fmax(this, other);
  }

  /** The smaller of both, the other where one is NaN. */
  fmin(this: Tensor, other: Tensor): Tensor {
    return op.fmin(this, other);
  }

  /** To the power `exponent`, in float64. */
  floatPower(this: Tensor, exponent: TensorLike): Tensor {
    return op.floatPower(this, exponent);
  }

  /** Times 2 to the power `exponent`. */
  ldexp(this: Tensor, exponent: Tensor): Tensor {
    return op.ldexp(this, exponent);
  }

  /** Mantissas in [0.5, 1) and exponents. */
  frexp(this: Tensor): NamedTuple<readonly ["mantissa", "exponent"]> {
    return op.frexp(this);
  }

  /** The greatest common divisor. */
  gcd(this: Tensor, other: Tensor): Tensor {
    return op.gcd(this, other);
  }

  /** The least common multiple. */
  lcm(this: Tensor, other: Tensor): Tensor {
    return op.lcm(this, other);
  }

  /** The n-th derivative of `digamma`. */
  polygamma(this: Tensor, n: number): Tensor {
    return op.polygamma(n, this);
  }

  /** ln of the multivariate gamma function. */
  mvlgamma(this: Tensor, p: number): Tensor {
    return op.mvlgamma(this, p);
  }

  /** The modified Bessel function of order 0. */
  i0(this: Tensor): Tensor {
    return op.i0(this);
  }

  /** The regularised lower incomplete gamma function at (this, x). */
  igamma(this: Tensor, x: Tensor): Tensor {
    return igamma(this, x);
  }

  /** The regularised upper incomplete gamma function at (this, x). */
  igammac(this: Tensor, x: Tensor): Tensor {
    return igammac(this, x);
  }

  /** Whether elements are -Infinity. */
  isneginf(this: Tensor): Tensor {
    return op.isneginf(this);
  }

  /** Whether elements are Infinity. */
  isposinf(this: Tensor): Tensor {
    return op.isposinf(this);
  }

  /** True everywhere: there are no complex dtypes. */
  isreal(this: Tensor): Tensor {
    return op.isreal(this);
  }

  /** The magnitude of this with the sign of `other`. */
  copysign(this: Tensor, other: TensorLike): Tensor {
    return copysign(this, other);
  }

  /** sqrt(this^2 + other^2). */
  hypot(this: Tensor, other: TensorLike): Tensor {
    return hypot(this, other);
  }

  /** The next representable value towards `other`. */
  nextafter(this: Tensor, other: TensorLike): Tensor {
    return nextafter(this, other);
  }

  /** 0 where |x| is at most `lambda`, else x. */
  hardshrink(this: Tensor, lambda?: number | Named<{ lambd: number }>): Tensor {
    return hardshrink(this, lambda);
  }

  /** x where positive, else weight * x. */
  prelu(this: Tensor, weight: Tensor): Tensor {
    return prelu(this, weight);
  }

  /** No less than `min`. */
  clampMin(this: Tensor, min: TensorLike): Tensor {
    return clamp(this, min);
  }

  /** No more than `max`. */
  clampMax(this: Tensor, max: TensorLike): Tensor {
    return clamp(this, null, max);
  }

  /** The p-norm of the difference. */
  dist(this: Tensor, other: Tensor, p?: number | Named<{ p: number }>): Tensor {
    return dist(this, other, p);
  }

  /** Slices along `dim` scaled down to a p-norm. */
  renorm(this: Tensor, ...given: RenormArguments): Tensor {
    return renorm(this, ...given);
  }
}
