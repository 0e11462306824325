/**
 * Reductions: sums, products, truth, and the statistics made of them. The largest and smallest are in extremes.ts.
 *
 * @module
 */
import { apply, named } from "../apply.ts";
import { type DType, isFloat, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import type { Primitive } from "../prim/primitive.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import * as prim from "../prim/reduce.ts";
import { normalizeDims, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat, cast, checkTensors, inSingle } from "./cast.ts";
import { add, div, exp, log, mul, sqrt, sub } from "./elementwise.ts";
import { eq, gt, isfinite, ne, toBool, where } from "./logical.ts";
import { inPlace, inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions, type Kinds, withoutNulls } from "./options.ts";
import { iota } from "./ranges.ts";
import { narrow, padDim, reshape, spread, squeeze } from "./view.ts";

/** One dimension, several, or all when null or not given. */
export type Dims = number | readonly number[] | null;

/** Options of reductions. */
export interface ReduceOptions {
  /** Keep the reduced dimensions with size 1. */
  readonly keepdim?: boolean;
  /** Convert to this dtype first. */
  readonly dtype?: DType;
}

/** What the options of a reduction hold. */
export const reduceOptions: Kinds<ReduceOptions> = { keepdim: "boolean", dtype: "string" };

/** Values and the indices they came from: `const { values, indices } = ...` or `const [values, indices] = ...`. */
export interface ValuesAndIndices extends NamedTuple<readonly ["values", "indices"]> {
  /** The values. */
  readonly values: Tensor;
  /** int64, along the dimension. */
  readonly indices: Tensor;
}

/** The result of the operation that PyTorch names `op`. */
export function valuesAndIndices(op: string, values: Tensor, indices: Tensor): ValuesAndIndices {
  return namedTuple(op, ["values", "indices"], values, indices);
}

function keep(y: Tensor, x: Tensor, dims: readonly number[], keepdim: boolean | undefined): Tensor {
  return keepdim ? reshape(y, x.shape.map((s, d) => dims.includes(d) ? 1 : s)) : y;
}

/** The reduction of a primitive over checked dimensions. */
export function over(
  p: Primitive<prim.ReduceAttrs>,
  x: Tensor,
  dims: readonly number[],
  keepdim?: boolean,
): Tensor {
  if (dims.length === 0) return x.value;
  return keep(apply(p, [x], { dims: [...dims].sort((a, b) => a - b) }), x, dims, keepdim);
}

/** The sum over `dims`, which disappear; the dtype stays. */
export function sumDims(x: Tensor, dims: readonly number[]): Tensor {
  return over(prim.sumPrim, x, dims);
}

/** The number of each element of x among the flattened `dims`, 1 where there are others. int32. */
export function numbered(x: Tensor, dims: readonly number[]): Tensor {
  const sides = x.shape.map((s, d) => dims.includes(d) ? s : 1);
  return reshape(iota([sizeOf(sides)], 0, { device: x.device, dtype: "int32" }), sides);
}

/**
 * The number among the flattened `dims`, which disappear, of the element that a window takes as its largest, which is `largest`: of the first of equal ones, but
 * of the last NaN. int32.
 */
export function windowPlace(x: Tensor, dims: readonly number[], largest: Tensor): Tensor {
  const at = numbered(x, dims), count = sizeOf(at.shape);
  // Ranks: 0 where another is larger, count down to 1 for equal ones in their order, and growing from there on for NaN.
  const nan = isFloat(x.dtype) ? where(ne(x, x), add(at, count + 1), 0) : 0;
  const rank = where(eq(x, spread(largest, dims, x.shape)), sub(count, at), nan);
  const best = over(prim.amaxPrim, rank, dims);
  return where(gt(best, count), sub(best, count + 1), sub(count, best));
}

/** Empty `dim` lists mean all dimensions, as PyTorch's sum does. */
export function allIfEmpty(dim: Dims | undefined): Dims | undefined {
  return Array.isArray(dim) && dim.length === 0 ? undefined : dim;
}

function accumulating(x: Tensor, dtype: DType | undefined): Tensor {
  return cast(x, dtype ?? (isFloat(x.dtype) ? x.dtype : "int64"));
}

/**
 * The sum; integers and bools sum as int64. `torch.sum`.
 *
 * @example
 * ```ts
 * import { sum, tensor } from "@tenon/tenon";
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(sum(x).item(), sum(x, 0).tolist(), sum(x, 1, { keepdim: true }).shape); // 10 [ 4, 6 ] [ 2, 1 ]
 * ```
 */
export function sum(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return sum(x, ...inPlaceWith("sum", ["dim"], [dim], options));
  checkTensors("sum", [x]);
  checkOptions("sum", options, reduceOptions);
  const dims = normalizeDims("sum", allIfEmpty(dim), x.shape.length);
  const y = over(prim.sumPrim, accumulating(x, options.dtype), dims, options.keepdim);
  return named((dim ?? null) === null ? "Sum" : "SumBackward1", y, x);
}

/** The product; integers and bools multiply as int64. `torch.prod`. */
export function prod(
  x: Tensor,
  dim?: number | null | Named<{ dim: number | null }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return prod(x, ...inPlaceWith("prod", ["dim"], [dim], options));
  checkTensors("prod", [x]);
  checkOptions("prod", options, reduceOptions);
  const dims = normalizeDims("prod", dim, x.shape.length);
  const y = over(prim.prodPrim, accumulating(x, options.dtype), dims, options.keepdim);
  return named((dim ?? null) === null ? "Prod" : "ProdBackward1", y, x);
}

/**
 * The mean of floats. `torch.mean`.
 *
 * @throws {DTypeError} when the elements are no floats
 * @example
 * ```ts
 * import { mean, tensor } from "@tenon/tenon";
 * console.log(mean(tensor([[1, 2], [3, 6]]), 1).tolist()); // [ 1.5, 4.5 ]
 * ```
 */
export function mean(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return mean(x, ...inPlaceWith("mean", ["dim"], [dim], options));
  checkTensors("mean", [x]);
  checkOptions("mean", options, reduceOptions);
  const { dtype } = withoutNulls(options), y = dtype === undefined ? x : cast(x, dtype);
  if (!isFloat(y.dtype)) {
    throw new DTypeError(
      `mean(): could not infer output dtype. ${
        dtype === undefined ? "Input" : "Optional"
      } dtype must be either a floating point or complex dtype. Got: ${
        scalarName(y.dtype)
      }; cast with .to("float32")`,
    );
  }
  const dims = normalizeDims("mean", allIfEmpty(dim), x.shape.length);
  const count = dims.reduce((n, d) => n * x.shape[d], 1);
  return named(
    (dim ?? null) === null ? "Mean" : "MeanBackward1",
    inSingle(y, (z) => div(over(prim.sumPrim, z, dims, options.keepdim), count)),
  );
}

/** Truth values as PyTorch gives them: bool, but uint8 for uint8. */
function truth(y: Tensor, x: Tensor): Tensor {
  return x.dtype === "uint8" ? cast(y, "uint8") : y;
}

/** Whether any element is non-zero, as bool. `torch.any`. */
export function any(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return any(x, ...inPlaceWith("any", ["dim"], [dim], options));
  checkTensors("any", [x]);
  checkOptions("any", options, reduceOptions);
  const dims = normalizeDims("any", dim, x.shape.length);
  return truth(over(prim.amaxPrim, toBool(x), dims, options.keepdim), x);
}

/**
 * Whether all elements are non-zero, as bool. `torch.all`.
 *
 * @example
 * ```ts
 * import { all, tensor } from "@tenon/tenon";
 * console.log(all(tensor([true, false])).item(), all(tensor([[1, 1], [0, 1]]), 1).tolist()); // false [ true, false ]
 * ```
 */
export function all(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return all(x, ...inPlaceWith("all", ["dim"], [dim], options));
  checkTensors("all", [x]);
  checkOptions("all", options, reduceOptions);
  const dims = normalizeDims("all", dim, x.shape.length);
  return truth(over(prim.aminPrim, toBool(x), dims, options.keepdim), x);
}

/**
 * How many elements are non-zero, int64. `torch.count_nonzero`.
 *
 * @example
 * ```ts
 * import { countNonzero, tensor } from "@tenon/tenon";
 * console.log(countNonzero(tensor([[0, 2], [3, 4]]), 1).tolist()); // [ 1, 2 ]
 * ```
 */
export function countNonzero(x: Tensor, dim?: Dims | Named<{ dim: Dims }>): Tensor {
  if (isNamed(dim)) return countNonzero(x, ...inPlace("count_nonzero", ["dim"], [dim]));
  checkCall("count_nonzero", [x]);
  return sum(toBool(x), dim);
}

/** Options of variance and standard deviation. */
export interface VarOptions extends ReduceOptions {
  /** Subtracted from the count in the divisor: 1 (Bessel) by default. */
  readonly correction?: number;
  /** `false` is correction 0. */
  readonly unbiased?: boolean;
}

const varOptions: Kinds<VarOptions> = { unbiased: "boolean", correction: "number?", ...reduceOptions };

/** The variance, unbiased by default. `torch.var`. */
export function variance(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, VarOptions>,
  options: VarOptions = {},
): Tensor {
  if (isNamed(dim)) return variance(x, ...inPlaceWith("var", ["dim"], [dim], options));
  checkTensors("var", [x]);
  checkOptions("var", options, varOptions);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(`std and var only support floating point and complex dtypes, but got ${x.dtype}`);
  }
  const dims = normalizeDims("var", allIfEmpty(dim), x.shape.length);
  const count = dims.reduce((n, d) => n * x.shape[d], 1);
  const correction = options.correction ?? (options.unbiased === false ? 0 : 1);
  return named(
    "Var",
    inSingle(x, (y) => {
      const centred = sub(y, mean(y, dims.length === 0 ? undefined : dims, { keepdim: true }));
      const total = over(prim.sumPrim, mul(centred, centred), dims, options.keepdim);
      return div(total, Math.max(0, count - correction));
    }),
  );
}

/**
 * The standard deviation, unbiased by default. `torch.std`.
 *
 * @example
 * ```ts
 * import { std, tensor } from "@tenon/tenon";
 * const x = tensor([1, 2, 3, 4]);
 * console.log(std(x).item().toFixed(4), std(x, 0, { unbiased: false }).item().toFixed(4)); // 1.2910 1.1180
 * ```
 */
export function std(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, VarOptions>,
  options: VarOptions = {},
): Tensor {
  if (isNamed(dim)) return std(x, ...inPlaceWith("std", ["dim"], [dim], options));
  checkTensors("std", [x]);
  checkOptions("std", options, varOptions);
  return named("Std", inSingle(x, (y) => flatAtZero(sqrt, variance(y, dim, options))));
}

/**
 * ln of the sum of e^x, without overflow. `torch.logsumexp`.
 *
 * @example
 * ```ts
 * import { logsumexp, tensor } from "@tenon/tenon";
 * console.log(logsumexp(tensor([1000, 1000]), 0).item().toFixed(4)); // 1000.6932
 * ```
 */
export function logsumexp(
  x: Tensor,
  dim: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return logsumexp(x, ...inPlaceWith("logsumexp", ["dim"], [dim], options));
  checkTensors("logsumexp", [x]);
  checkOptions("logsumexp", options, reduceOptions);
  const y = asFloat(x);
  const dims = normalizeDims("logsumexp", dim, x.shape.length);
  if (dims.length === 0) return y;
  const top = sizeOf(dims.map((d) => x.shape[d])) === 0 ? null : over(prim.amaxPrim, y, dims, true).detach();
  // An infinite maximum must not be subtracted: inf - inf is NaN.
  const shift = top === null ? null : where(isfinite(top), top, 0);
  const full = inSingle(y, (z) => {
    const total = log(over(prim.sumPrim, exp(shift === null ? z : sub(z, shift)), dims, true));
    return shift === null ? total : total.add(cast(shift, total.dtype));
  });
  return named("Logsumexp", options.keepdim ? full : squeeze(full, dims));
}

/** A root whose gradient at 0 is 0, as that of a norm. */
export function flatAtZero(root: (x: Tensor) => Tensor, x: Tensor): Tensor {
  if (x.track === 0) return root(x);
  const zero = eq(x, 0);
  return where(zero, 0, root(where(zero, 1, x)));
}

/** For each element the product of all others over `dims`; the gradient of a product. */
export function exclusiveProduct(x: Tensor, dims: readonly number[]): Tensor {
  // Products of all others, by doubling from both sides, so that zeros need no division. One dimension at a time is not enough:
  // the reduced dimensions are brought together first.
  const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const order = [...kept, ...dims];
  if (sizeOf(x.shape) === 0) return x.value;
  const count = sizeOf(dims.map((d) => x.shape[d]));
  const flat = reshape(x.permute(order), [...kept.map((d) => x.shape[d]), count]);
  const last = flat.shape.length - 1;
  let before = padDim(narrow(flat, last, 0, count - 1), last, 1, 0, 1);
  let after = padDim(narrow(flat, last, 1, count - 1), last, 0, 1, 1);
  for (let step = 1; step < count; step *= 2) {
    before = mul(before, padDim(narrow(before, last, 0, count - step), last, step, 0, 1));
    after = mul(after, padDim(narrow(after, last, step, count - step), last, 0, step, 1));
  }
  const others = reshape(mul(before, after), order.map((d) => x.shape[d]));
  return others.permute(order.map((_, i) => order.indexOf(i)));
}

/** x summed to a shape that broadcasts to its own. `torch.Tensor.sum_to_size`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const extra = x.shape.length - shape.length;
  if (extra < 0 || shape.some((s, d) => s !== 1 && s !== x.shape[extra + d])) {
    throw new ShapeError(
      `size {[${shape.join(", ")}]} is not expandable to size {[${x.shape.join(", ")}]}., in sum_to_size`,
    );
  }
  const dims = x.shape.map((_, d) => d).filter((d) =>
    d < extra || (shape[d - extra] === 1 && x.shape[d] !== 1)
  );
  const y = isFloat(x.dtype) ? sumDims(x, dims) : dims.length === 0 ? x : sum(x, dims);
  return dims.length === 0 ? reshape(y, shape) : named("SumBackward1", reshape(y, shape));
}
