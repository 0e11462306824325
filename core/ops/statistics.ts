/**
 * Statistics made of reductions: those that skip NaN, pairs of results, covariance; and comparisons of whole tensors.
 *
 * @module
 */
import { named } from "../apply.ts";
import { isFloat, isInt, scalarName } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import { normalizeDim, sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat, cast, checkTensors } from "./cast.ts";
import { div, mul, sqrt, sub } from "./elementwise.ts";
import { checkHeld } from "./indexing/indexing.ts";
import { type CloseOptions, eq, isclose, isnan, logicalNot, where } from "./logical.ts";
import { matmul } from "./linalg/matmul.ts";
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions } from "./options.ts";
import { clamp } from "./pointwise.ts";
import { amax, amin } from "./extremes.ts";
import { all, type Dims, mean, type ReduceOptions, std, sum, variance, type VarOptions } from "./reduce.ts";
import { diagonal, reshape, squeeze, transpose, unsqueeze } from "./view.ts";

/** The sum of the elements that are not NaN. `torch.nansum`. */
export function nansum(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return nansum(x, ...inPlaceWith("nansum", ["dim"], [dim], options));
  checkCall("nansum", [x]);
  checkOptions("nansum", options, { keepdim: "boolean", dtype: "string" });
  return named("Nansum", sum(where(isnan(x), 0, x), dim, options));
}

/** The mean of the elements that are not NaN. `torch.nanmean`. */
export function nanmean(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return nanmean(x, ...inPlaceWith("nanmean", ["dim"], [dim], options));
  checkCall("nanmean", [x]);
  checkOptions("nanmean", options, { keepdim: "boolean", dtype: "string" });
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
  options: { readonly dim?: number | null; readonly keepdim?: boolean } = {},
): NamedTuple<readonly ["min", "max"]> {
  checkTensors("aminmax", [x]);
  checkOptions("aminmax", options, { dim: "number?", keepdim: "boolean" });
  const { keepdim } = options, dim = options.dim ?? undefined;
  if (sizeOf(x.shape) === 0) {
    if (dim === undefined) {
      throw new ShapeError(
        "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.",
      );
    }
    if (x.shape[normalizeDim("aminmax", dim, x.shape.length)] === 0) {
      throw new IndexError(`aminmax: Expected reduction dim ${dim} to have non-zero size.`);
    }
  }
  // Of a number PyTorch keeps the dimension that was named.
  const y = x.shape.length === 0 && dim !== undefined && keepdim ? reshape(x, [1]) : x;
  return namedTuple("aminmax", ["min", "max"], amin(y, dim, { keepdim }), amax(y, dim, { keepdim }));
}

/** The standard deviation and the mean. `torch.std_mean`. */
export function stdMean(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, VarOptions>,
  options: VarOptions = {},
): [Tensor, Tensor] {
  if (isNamed(dim)) return stdMean(x, ...inPlaceWith("std_mean", ["dim"], [dim], options));
  checkCall("std_mean", [x]);
  checkOptions<Omit<VarOptions, "dtype">>("std_mean", options, {
    keepdim: "boolean",
    correction: "number?",
    unbiased: "boolean",
  });
  const { keepdim, dtype } = options;
  return [named("StdMean", std(x, dim, options)), named("StdMean", mean(x, dim, { keepdim, dtype }))];
}

/**
 * The variance and the mean. `torch.var_mean`.
 *
 * @example
 * ```ts
 * import { tensor, varMean } from "@tenon/tenon";
 * const [variance, mean] = varMean(tensor([1, 2, 3]));
 * console.log(variance.item(), mean.item()); // 1 2
 * ```
 */
export function varMean(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, VarOptions>,
  options: VarOptions = {},
): [Tensor, Tensor] {
  if (isNamed(dim)) return varMean(x, ...inPlaceWith("var_mean", ["dim"], [dim], options));
  checkCall("var_mean", [x]);
  checkOptions<Omit<VarOptions, "dtype">>("var_mean", options, {
    keepdim: "boolean",
    correction: "number?",
    unbiased: "boolean",
  });
  const { keepdim, dtype } = options;
  return [named("VarMean", variance(x, dim, options)), named("VarMean", mean(x, dim, { keepdim, dtype }))];
}

/** Options of `cov`. */
export interface CovOptions {
  /** What is taken off the number of observations; 1 by default. */
  readonly correction?: number;
  /** How often each observation was made: a vector of integers. */
  readonly fweights?: Tensor | null;
  /** How much each observation counts: a vector of floats. */
  readonly aweights?: Tensor | null;
}

/** The product of both kinds of weights, or null. */
function observationWeights(count: number, { fweights, aweights }: CovOptions): Tensor | null {
  const kinds = [["fweights", fweights, isInt, "integral"], [
    "aweights",
    aweights,
    isFloat,
    "floating point",
  ]] as const;
  let product: Tensor | null = null;
  for (const [name, w, allowed, kind] of kinds) {
    if (w === undefined || w === null) continue;
    if (w.shape.length > 1) {
      throw new ShapeError(
        `cov(): expected ${name} to have one or fewer dimensions but got ${name} with ${w.shape.length} dimensions`,
      );
    }
    if (!allowed(w.dtype)) {
      throw new DTypeError(
        `cov(): expected ${name} to have ${kind} dtype but got ${name} with ${scalarName(w.dtype)} dtype`,
      );
    }
    if (sizeOf(w.shape) !== count) {
      throw new ShapeError(
        `cov(): expected ${name} to have the same numel as there are observations in the input but got ${
          sizeOf(w.shape)
        } != ${count}`,
      );
    }
    const held = checkHeld(w, (v) => v < 0, () => new ValueError(`cov(): ${name} cannot be negative`));
    if (held && w.toTypedArray().every((v) => Number(v) === 0)) {
      throw new ValueError("cov(): weights sum to zero, can't be normalized");
    }
    product = product === null ? w : mul(product, w);
  }
  return product;
}

/**
 * The covariance matrix of variables in rows, observations in columns, which may be weighted. `torch.cov`.
 *
 * @throws {ShapeError} when there are more than two dimensions
 * @example
 * ```ts
 * import { cov, tensor } from "@tenon/tenon";
 * console.log(cov(tensor([[1, 2, 3], [3, 2, 1]])).tolist()); // [ [ 1, -1 ], [ -1, 1 ] ]
 * ```
 */
export function cov(x: Tensor, options: CovOptions = {}): Tensor {
  checkTensors("cov", [x]);
  checkOptions("cov", options, { correction: "whole", fweights: "tensor?", aweights: "tensor?" });
  if (x.shape.length > 2) {
    throw new ShapeError(
      `cov(): expected input to have two or fewer dimensions but got an input with ${x.shape.length} dimensions`,
    );
  }
  if (x.dtype === "bool") throw new DTypeError("cov(): bool dtype is not supported for input");
  const rows = x.shape.length < 2 ? reshape(x, [1, -1]) : x, y = asFloat(rows), count = y.shape[1];
  const { correction = 1, aweights } = options, w = observationWeights(count, options);
  if (w === null) {
    const centred = sub(y, mean(y, 1, { keepdim: true }));
    const c = div(matmul(centred, transpose(centred, 0, 1)), Math.max(0, count - correction));
    return named("Squeeze", squeeze(c));
  }
  const total = sum(w), centred = sub(y, div(sum(mul(y, w), 1, { keepdim: true }), total));
  // Weights that are no counts: the correction is that of the effective number of observations.
  const off = aweights && correction !== 0 ? div(mul(sum(mul(w, aweights)), correction), total) : correction;
  const c = div(matmul(centred, transpose(mul(centred, w), 0, 1)), clamp(sub(total, off), 0));
  return named("Squeeze", squeeze(c));
}

/** The correlation matrix of variables in rows, observations in columns. `torch.corrcoef`. */
export function corrcoef(x: Tensor): Tensor {
  checkCall("corrcoef", [x]);
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

/**
 * Whether all elements are close, by the rule of `isclose`. Reads both. `torch.allclose`.
 *
 * @example
 * ```ts
 * import { allclose, tensor } from "@tenon/tenon";
 * console.log(allclose(tensor([1, 2]), tensor([1, 2 + 1e-6]))); // true
 * ```
 */
export function allclose(a: Tensor, b: Tensor, options: CloseOptions = {}): boolean {
  checkCall("allclose", [a, b]);
  checkOptions("allclose", options, { rtol: "number", atol: "number", equalNan: "boolean" });
  return all(isclose(a, b, options)).item<boolean>();
}

/**
 * Whether shapes and all elements are the same. Reads both. `torch.equal`.
 *
 * @example
 * ```ts
 * import { equal, tensor } from "@tenon/tenon";
 * console.log(equal(tensor([1, 2]), tensor([1, 2])), equal(tensor([1]), tensor([1, 1]))); // true false
 * ```
 */
export function equal(a: Tensor, b: Tensor): boolean {
  checkCall("equal", [a, b]);
  return sameShape(a.shape, b.shape) && all(eq(a, b)).item<boolean>();
}
