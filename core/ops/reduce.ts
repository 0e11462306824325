/**
 * Reductions: sums, products, extremes, their indices, and the statistics made of them.
 *
 * @module
 */
import { apply, named } from "../apply.ts";
import { type DType, isFloat, scalarName } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { Primitive } from "../prim/primitive.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import * as prim from "../prim/reduce.ts";
import { normalizeDim, normalizeDims, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat, cast, checkTensors, inSingle, type Scalar } from "./cast.ts";
import { full } from "./create.ts";
import {
  div,
  eq,
  exp,
  isfinite,
  log,
  maximum,
  minimum,
  mul,
  sqrt,
  sub,
  toBool,
  where,
} from "./elementwise.ts";
import { inPlace, inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions, type Kinds, withoutNulls } from "./options.ts";
import { gatherExact } from "./routine.ts";
import { narrow, padDim, reshape, squeeze } from "./view.ts";

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

/** Empty `dim` lists mean all dimensions, as PyTorch's sum does. */
export function allIfEmpty(dim: Dims | undefined): Dims | undefined {
  return Array.isArray(dim) && dim.length === 0 ? undefined : dim;
}

function accumulating(x: Tensor, dtype: DType | undefined): Tensor {
  return cast(x, dtype ?? (isFloat(x.dtype) ? x.dtype : "int64"));
}

/** The sum; integers and bools sum as int64. `torch.sum`. */
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

/** The mean of floats. `torch.mean`. */
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

function refuseEmpty(op: string, x: Tensor, dims: readonly number[], whole: boolean): void {
  if (dims.some((d) => x.shape[d] === 0)) {
    throw new IndexError(
      whole
        ? `${op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument. The shape is [${
          x.shape.join(", ")
        }]`
        : `${op}(): Expected reduction dim ${
          dims.find((d) => x.shape[d] === 0)
        } to have non-zero size. The shape is [${x.shape.join(", ")}]`,
    );
  }
}

/** The largest value over dims; equal ones share the gradient. `torch.amax`. */
export function amax(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return amax(x, ...inPlaceWith("amax", ["dim"], [dim], options));
  checkTensors("amax", [x]);
  checkOptions("amax", options, reduceOptions);
  const dims = normalizeDims("amax", allIfEmpty(dim), x.shape.length);
  refuseEmpty("amax", x, dims, allIfEmpty(dim) === undefined);
  return over(prim.amaxPrim, x, dims, options.keepdim);
}

/** The smallest value over dims; equal ones share the gradient. `torch.amin`. */
export function amin(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return amin(x, ...inPlaceWith("amin", ["dim"], [dim], options));
  checkTensors("amin", [x]);
  checkOptions("amin", options, reduceOptions);
  const dims = normalizeDims("amin", allIfEmpty(dim), x.shape.length);
  refuseEmpty("amin", x, dims, allIfEmpty(dim) === undefined);
  return over(prim.aminPrim, x, dims, options.keepdim);
}

const lowestInt: Readonly<Partial<Record<DType, Scalar>>> = {
  int64: -(2n ** 63n),
  int32: -(2 ** 31),
  int16: -(2 ** 15),
  int8: -128,
};

/** What no element of the dtype is below. */
export function lowest(dtype: DType): Scalar {
  return isFloat(dtype) ? -Infinity : lowestInt[dtype] ?? 0;
}

/** What no element of the dtype is above. */
export function highest(dtype: DType): Scalar {
  if (isFloat(dtype)) return Infinity;
  const low = lowestInt[dtype];
  if (low === undefined) return dtype === "bool" ? 1 : 255;
  return typeof low === "bigint" ? -low - 1n : -1 - Number(low);
}

/** The place of the first largest element among the flattened `dims`, which disappear. No dimension is empty. */
export function argmaxDims(x: Tensor, dims: readonly number[]): Tensor {
  return over(prim.argmaxPrim, x, dims);
}

function argReduce(
  p: Primitive<prim.ReduceAttrs>,
  x: Tensor,
  dim: number | null | undefined,
  keepdim?: boolean,
): Tensor {
  const dims = normalizeDims(p.name, dim, x.shape.length);
  refuseEmpty(p.name, x, dims, dim === undefined);
  if (x.dtype === "bool") {
    throw new DTypeError(`"${p.name}_cpu" not implemented for 'Bool'; cast with .to("uint8")`);
  }
  if (x.shape.length === 0) return full([], 0, { dtype: "int64", device: x.device });
  return over(p, x, dims, keepdim);
}

/** The index of the first largest value: of the flattened tensor, or along `dim`. NaN counts as largest. `torch.argmax`. */
export function argmax(
  x: Tensor,
  dim?: number | null | Named<{ dim: number | null }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return argmax(x, ...inPlaceWith("argmax", ["dim"], [dim], options));
  checkTensors("argmax", [x]);
  checkOptions("argmax", options, reduceOptions);
  return argReduce(prim.argmaxPrim, x, dim, options.keepdim);
}

/** The index of the first smallest value: of the flattened tensor, or along `dim`. NaN counts as smallest. `torch.argmin`. */
export function argmin(
  x: Tensor,
  dim?: number | null | Named<{ dim: number | null }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return argmin(x, ...inPlaceWith("argmin", ["dim"], [dim], options));
  checkTensors("argmin", [x]);
  checkOptions("argmin", options, reduceOptions);
  return argReduce(prim.argminPrim, x, dim, options.keepdim);
}

function extremeOf(p: Primitive<prim.ReduceAttrs>, op: "max" | "min", x: Tensor): Tensor {
  const dims = normalizeDims(op, undefined, x.shape.length);
  refuseEmpty(op, x, dims, true);
  return named(op === "max" ? "MaxBackward1" : "MinBackward1", over(p, x, dims), x);
}

function extremeAlong(
  p: Primitive<prim.ReduceAttrs>,
  op: string,
  x: Tensor,
  dim: number,
  keepdim?: boolean,
): ValuesAndIndices {
  const d = normalizeDim(op, dim, x.shape.length);
  if (x.shape.length === 0) {
    return valuesAndIndices(op, x.value, full([], 0, { dtype: "int64", device: x.device }));
  }
  refuseEmpty(op, x, [d], false);
  const comparable = x.dtype === "bool" ? cast(x, "uint8") : x;
  const indices = over(p, comparable, [d], true);
  // Values by index, so that the gradient goes to that one element.
  const values = gatherExact(x, d, indices), name = op === "max" ? "Max" : "Min";
  if (keepdim) return valuesAndIndices(op, named(name, values), indices);
  return valuesAndIndices(op, named(name, squeeze(values, d)), squeeze(indices, d));
}

/** The largest value; with `dim`, values and indices along it. `torch.max`. */
export function max(x: Tensor): Tensor;

/** The largest values along `dim` and their indices. */
export function max(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;

/** The same, with the dimension among the options. */
export function max(x: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;

/** The larger one of two tensors' elements: `maximum`. */
export function max(x: Tensor, other: Tensor): Tensor;

export function max(
  x: Tensor,
  dim?: number | Tensor | Named<{ dim: number }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(dim)) {
    const [at, rest] = inPlaceWith("max", ["dim"], [dim], options);
    return typeof at === "number" ? max(x, at, rest) : max(x);
  }
  checkTensors("max", [x]);
  checkOptions("max", options, reduceOptions);
  if (dim !== undefined && typeof dim !== "number") return maximum(x, dim);
  return dim === undefined
    ? extremeOf(prim.amaxPrim, "max", x)
    : extremeAlong(prim.argmaxPrim, "max", x, dim, options.keepdim);
}

/** The smallest value; with `dim`, values and indices along it. `torch.min`. */
export function min(x: Tensor): Tensor;

/** The smallest values along `dim` and their indices. */
export function min(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;

/** The same, with the dimension among the options. */
export function min(x: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;

/** The smaller one of two tensors' elements: `minimum`. */
export function min(x: Tensor, other: Tensor): Tensor;

export function min(
  x: Tensor,
  dim?: number | Tensor | Named<{ dim: number }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(dim)) {
    const [at, rest] = inPlaceWith("min", ["dim"], [dim], options);
    return typeof at === "number" ? min(x, at, rest) : min(x);
  }
  checkTensors("min", [x]);
  checkOptions("min", options, reduceOptions);
  if (dim !== undefined && typeof dim !== "number") return minimum(x, dim);
  return dim === undefined
    ? extremeOf(prim.aminPrim, "min", x)
    : extremeAlong(prim.argminPrim, "min", x, dim, options.keepdim);
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

/** Whether all elements are non-zero, as bool. `torch.all`. */
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

/** How many elements are non-zero, int64. `torch.count_nonzero`. */
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

/** The standard deviation, unbiased by default. `torch.std`. */
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

/** ln of the sum of e^x, without overflow. `torch.logsumexp`. */
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
