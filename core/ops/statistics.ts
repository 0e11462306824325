/**
 * Statistics made of reductions: those that skip NaN, pairs of results, covariance; and comparisons of whole tensors.
 *
 * @module
 */
import { named } from "../apply.ts";
import { isFloat, isInt, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import { sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat, cast } from "./cast.ts";
import { div, eq, isnan, mul, sqrt, sub, where } from "./elementwise.ts";
import { logicalNot } from "./logical.ts";
import { matmul } from "./linalg.ts";
import { clamp, type CloseOptions, isclose } from "./pointwise.ts";
import {
  all,
  amax,
  amin,
  type Dims,
  mean,
  type ReduceOptions,
  std,
  sum,
  variance,
  type VarOptions,
} from "./reduce.ts";
import { diagonal, reshape, transpose, unsqueeze } from "./view.ts";

/** The sum of the elements that are not NaN. `torch.nansum`. */
export function nansum(x: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor {
  return named("Nansum", sum(where(isnan(x), 0, x), dim, options));
}

/** The mean of the elements that are not NaN. `torch.nanmean`. */
export function nanmean(x: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor {
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `nanmean(): expected input to have floating point or complex dtype but got ${x.dtype}`,
    );
  }
  const { keepdim, dtype } = options;
  const count = sum(cast(logicalNot(isnan(x)), dtype ?? x.dtype), dim, { keepdim });
  return div(nansum(x, dim, options), count);
}

/** The smallest and the largest element, overall or along `dim`. `torch.aminmax`. */
export function aminmax(
  x: Tensor,
  options: { readonly dim?: number; readonly keepdim?: boolean } = {},
): NamedTuple<readonly ["min", "max"]> {
  const { dim, keepdim } = options;
  return namedTuple("aminmax", ["min", "max"], amin(x, dim, { keepdim }), amax(x, dim, { keepdim }));
}

/** The standard deviation and the mean. `torch.std_mean`. */
export function stdMean(x: Tensor, dim?: Dims, options: VarOptions = {}): [Tensor, Tensor] {
  const { keepdim, dtype } = options;
  return [named("StdMean", std(x, dim, options)), named("StdMean", mean(x, dim, { keepdim, dtype }))];
}

/** The variance and the mean. `torch.var_mean`. */
export function varMean(x: Tensor, dim?: Dims, options: VarOptions = {}): [Tensor, Tensor] {
  const { keepdim, dtype } = options;
  return [named("VarMean", variance(x, dim, options)), named("VarMean", mean(x, dim, { keepdim, dtype }))];
}

/** The covariance matrix of variables in rows, observations in columns. `torch.cov`. */
export function cov(x: Tensor, options: { readonly correction?: number } = {}): Tensor {
  if (x.shape.length > 2) {
    throw new ShapeError(
      `cov(): expected input to have two or fewer dimensions but got an input with ${x.shape.length} dimensions`,
    );
  }
  const rows = x.shape.length < 2 ? reshape(x, [1, -1]) : x, y = asFloat(rows);
  const centred = sub(y, mean(y, 1, { keepdim: true }));
  const divisor = Math.max(0, y.shape[1] - (options.correction ?? 1));
  const c = div(matmul(centred, transpose(centred, 0, 1)), divisor);
  return named("Squeeze", x.shape.length < 2 ? reshape(c, []) : c);
}

/** The correlation matrix of variables in rows, observations in columns. `torch.corrcoef`. */
export function corrcoef(x: Tensor): Tensor {
  if (x.shape.length > 2) {
    throw new ShapeError(
      `corrcoef(): expected input to have two or fewer dimensions but got an input with ${x.shape.length} dimensions`,
    );
  }
  const c = cov(x);
  if (c.shape.length === 0) return div(c, c);
  const scale = sqrt(diagonal(c));
  return clamp(div(c, mul(unsqueeze(scale, 1), unsqueeze(scale, 0))), -1, 1);
}

/** Whether all elements are close, by the rule of `isclose`. Reads both. `torch.allclose`. */
export function allclose(a: Tensor, b: Tensor, options: CloseOptions = {}): boolean {
  return all(isclose(a, b, options)).item<boolean>();
}

/** Whether shapes and all elements are the same. Reads both. `torch.equal`. */
export function equal(a: Tensor, b: Tensor): boolean {
  return sameShape(a.shape, b.shape) && all(eq(a, b)).item<boolean>();
}
