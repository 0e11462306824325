/**
 * Distributions that are one formula over a double-precision uniform number: exponential, Cauchy, geometric.
 *
 * @module
 */
import { type DType, type HostArray, toInt32 } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { checkDType, checkFloat, fillWith } from "./fill.ts";
import type { Generator } from "./generator.ts";
import { fma, log, tan } from "./libm/mod.ts";

/**
 * `count` waiting times of rate `lambda` (`Tensor.exponential_`), in a float dtype.
 *
 * @throws {ValueError} when lambda is negative.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function exponential(generator: Generator, count: number, dtype: DType, lambda = 1): HostArray {
  checkFloat("exponential_cpu", "exponential", dtype);
  if (!(lambda >= 0)) {
    throw new ValueError(`exponential_ expects lambda >= 0.0, but found lambda=${lambda}`);
  }
  const scale = -1 / lambda;
  return fillWith(count, dtype, () => scale * log(1 - generator.uniform()));
}

/**
 * `count` numbers of the Cauchy distribution (`Tensor.cauchy_`), in a float dtype.
 *
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function cauchy(generator: Generator, count: number, dtype: DType, median = 0, sigma = 1): HostArray {
  checkFloat("cauchy_cpu", "cauchy", dtype);
  return fillWith(count, dtype, () => fma(sigma, tan(Math.PI * (generator.uniform() - 0.5)), median));
}

/**
 * `count` numbers of trials up to and with the first success, each of probability `p` (`Tensor.geometric_`), in any dtype
 * but bool.
 *
 * @throws {ValueError} when p is not between 0 and 1, both excluded.
 * @throws {DTypeError} for bool.
 */
export function geometric(generator: Generator, count: number, dtype: DType, p: number): HostArray {
  checkDType("geometric_cpu", "geometric", dtype, dtype !== "bool", "a number dtype");
  if (!(p > 0 && p < 1)) throw new ValueError(`geometric_ expects p to be in (0, 1), but got p=${p}`);
  const scale = log(1 - p);
  const draw = () => Math.ceil(log(generator.uniform()) / scale);
  // PyTorch's casts to uint8 go through int64, but not this one.
  return fillWith(count, dtype, dtype === "uint8" ? () => toInt32(draw()) : draw);
}
