/**
 * Pure random numbers: uniform, normal and what is one formula over them. Each takes a key first, and gives the same numbers whenever it is
 * given the same key.
 *
 * @module
 */
import { type DType, isFloat } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import { cast, type TensorLike } from "../../ops/cast.ts";
import {
  abs,
  add,
  div,
  erf,
  erfinv,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  nextafter,
  sign,
  sqrt,
  sub,
  tan,
} from "../../ops/elementwise.ts";
import { lt, unsignedRightShift, where } from "../../ops/logical.ts";
import type { Shape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { checkShape, full } from "../../ops/create.ts";
import { checkOptions } from "../../ops/options.ts";
import { bits } from "./keys.ts";
import { wordPairs } from "./threefry.ts";

/** Options of the pure functions that make floats. */
export interface FloatOptions {
  /** float32 when not given. */
  readonly dtype?: DType;
}

/** Bits of the mantissa after the leading one, and of the smallest normal number's exponent. */
const formats: Readonly<Partial<Record<DType, { readonly digits: number; readonly smallest: number }>>> = {
  float64: { digits: 52, smallest: 2 ** -1022 },
  float32: { digits: 23, smallest: 2 ** -126 },
  float16: { digits: 10, smallest: 2 ** -14 },
  bfloat16: { digits: 7, smallest: 2 ** -126 },
};

function formatOf(op: string, options: FloatOptions) {
  checkOptions(`random.${op}`, options, ["dtype"]);
  const dtype = options.dtype ?? "float32", format = formats[dtype];
  if (!isFloat(dtype) || format === undefined) {
    throw new DTypeError(`random.${op}: needs a floating-point dtype, but got ${dtype}`);
  }
  return { dtype, ...format };
}

/** Multiples of 2^-digits in [0, 1): as many random bits as the mantissa has. */
function unit(op: string, key: Tensor, shape: Shape, dtype: DType, digits: number): Tensor {
  if (dtype === "float64") {
    const [high, low] = wordPairs(op, key, shape);
    // high / 2^32 as an unsigned word, then the 20 bits below it; both terms and the sum are exact.
    const unsigned = add(mul(cast(high, dtype), 2 ** -32), cast(lt(high, 0), dtype));
    return add(unsigned, mul(cast(unsignedRightShift(low, 12), dtype), 2 ** -52));
  }
  const width = dtype === "float32" ? 32 : dtype === "float16" ? 16 : 8;
  return mul(cast(unsignedRightShift(bits(key, shape, width), width - digits), dtype), 2 ** -digits);
}

/**
 * Numbers in [minval, maxval), uniform; the bounds may be tensors, and gradients flow to them. `jax.random.uniform`.
 *
 * @throws {DTypeError} for a dtype that is not floating-point
 */
export function uniform(
  key: Tensor,
  shape: Shape = [],
  minval: TensorLike = 0,
  maxval: TensorLike = 1,
  options: FloatOptions = {},
): Tensor {
  const { dtype, digits } = formatOf("uniform", options);
  const u = unit("uniform", key, checkShape("uniform", shape), dtype, digits);
  if (minval === 0 && maxval === 1) return u;
  const low = bound(minval, u), high = bound(maxval, u);
  return maximum(low, add(mul(u, sub(high, low)), low));
}

/** A bound as a tensor beside `x`, in its dtype: differences of bounds are rounded as the dtype rounds. */
function bound(value: TensorLike, x: Tensor): Tensor {
  return value instanceof Tensor
    ? cast(value, x.dtype)
    : full([], value, { dtype: x.dtype, device: x.device });
}

/** The bounds of (-1, 1) that the inverse error function takes. */
function symmetric(key: Tensor, shape: Shape, dtype: DType, digits: number): Tensor {
  return uniform(key, shape, -1 + 2 ** -(digits + 1), 1, { dtype });
}

/**
 * Normal numbers with mean 0 and standard deviation 1. `jax.random.normal`.
 *
 * @example
 * ```ts
 * import { random } from "@tenon/tenon";
 * console.log(String(random.normal(random.key(42)))); // tensor(-0.0283)
 * ```
 */
export function normal(key: Tensor, shape: Shape = [], options: FloatOptions = {}): Tensor {
  const { dtype, digits } = formatOf("normal", options);
  const u = symmetric(key, shape, dtype, digits);
  if (dtype === "float64") return mul(erfinv(u), Math.SQRT2);
  return cast(mul(giles(cast(u, "float32")), Math.SQRT2), dtype);
}

/** Coefficients in powers of w - 2.5, and of sqrt(w) - 3 in the tails, where w = -log(1 - x^2); highest power first. */
const centre = [
  2.81022636e-08,
  3.43273939e-07,
  -3.5233877e-06,
  -4.39150654e-06,
  0.00021858087,
  -0.00125372503,
  -0.00417768164,
  0.246640727,
  1.50140941,
];
const tail = [
  -0.000200214257,
  0.000100950558,
  0.00134934322,
  -0.00367342844,
  0.00573950773,
  -0.0076224613,
  0.00943887047,
  1.00167406,
  2.83297682,
];

/**
 * The inverse error function by Giles' single-precision polynomials, which is how JAX turns uniform numbers to normal ones: many times as fast as the
 * exact one. Not for gradients: the unused side of the choice is not finite at 0.
 */
function giles(x: Tensor): Tensor {
  const horner = (w: Tensor, [first, ...rest]: readonly number[]) =>
    rest.reduce<TensorLike>((sum, c) => add(mul(sum, w), c), first);
  const w = neg(log1p(neg(mul(x, x))));
  const factor = where(lt(w, 5), horner(sub(w, 2.5), centre), horner(sub(sqrt(w), 3), tail));
  return mul(factor, x);
}

/**
 * Normal numbers that lie between `lower` and `upper`, which may be tensors that gradients flow to. `jax.random.truncated_normal`.
 *
 * The numbers are inverse distribution values: bounds far out in one tail lose precision in float32.
 */
export function truncatedNormal(
  key: Tensor,
  lower: TensorLike,
  upper: TensorLike,
  shape: Shape = [],
  options: FloatOptions = {},
): Tensor {
  const { dtype } = formatOf("truncatedNormal", options);
  const model = full([], 0, { dtype, device: key.device });
  const low = bound(lower, model), high = bound(upper, model);
  const u = uniform(key, shape, erf(div(low, Math.SQRT2)), erf(div(high, Math.SQRT2)), { dtype });
  const x = mul(erfinv(u), Math.SQRT2);
  // Rounding must not push a number onto a bound.
  return minimum(
    maximum(x, nextafter(low.detach(), Infinity)),
    nextafter(high.detach(), -Infinity),
  );
}

/** Waiting times of rate 1. `jax.random.exponential`. */
export function exponential(key: Tensor, shape: Shape = [], options: FloatOptions = {}): Tensor {
  return neg(log1p(neg(uniform(key, shape, 0, 1, options))));
}

/** Numbers of the standard Gumbel distribution. `jax.random.gumbel`. */
export function gumbel(key: Tensor, shape: Shape = [], options: FloatOptions = {}): Tensor {
  const { smallest } = formatOf("gumbel", options);
  return neg(log(neg(log(uniform(key, shape, smallest, 1, options)))));
}

/** Numbers of the Laplace distribution: e^-|x| / 2. `jax.random.laplace`. */
export function laplace(key: Tensor, shape: Shape = [], options: FloatOptions = {}): Tensor {
  const { dtype, digits } = formatOf("laplace", options);
  const u = symmetric(key, shape, dtype, digits);
  return mul(sign(u), log1p(neg(abs(u))));
}

/** Numbers of the standard logistic distribution. `jax.random.logistic`. */
export function logistic(key: Tensor, shape: Shape = [], options: FloatOptions = {}): Tensor {
  const { smallest } = formatOf("logistic", options);
  const u = uniform(key, shape, smallest, 1, options);
  return sub(log(u), log1p(neg(u)));
}

/** Numbers of the standard Cauchy distribution. `jax.random.cauchy`. */
export function cauchy(key: Tensor, shape: Shape = [], options: FloatOptions = {}): Tensor {
  const { digits } = formatOf("cauchy", options);
  return tan(mul(sub(uniform(key, shape, 2 ** -digits, 1, options), 0.5), Math.PI));
}
