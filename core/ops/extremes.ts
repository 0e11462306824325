/**
 * The largest and the smallest: values, their places, both along a dimension.
 *
 * @module
 */
import { named } from "../apply.ts";
import { type DType, isFloat } from "../dtype.ts";
import { DTypeError, IndexError } from "../errors.ts";
import type { Primitive } from "../prim/primitive.ts";
import * as prim from "../prim/reduce.ts";
import { normalizeDim, normalizeDims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { cast, checkTensors, type Scalar } from "./cast.ts";
import { full } from "./create.ts";
import { maximum, minimum } from "./elementwise.ts";
import { eq, isnan, logicalOr, where } from "./logical.ts";
import { checkOptions } from "./options.ts";
import {
  allIfEmpty,
  type Dims,
  over,
  type ReduceOptions,
  reduceOptions,
  type ValuesAndIndices,
  valuesAndIndices,
} from "./reduce.ts";
import { gatherExact } from "./routine.ts";
import { squeeze } from "./view.ts";

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

/**
 * The largest value over dims; equal ones share the gradient. `torch.amax`.
 *
 * @throws {IndexError} when there are no elements and `dim` is not given
 * @example
 * ```ts
 * import { amax, tensor } from "@tenon/tenon";
 * console.log(amax(tensor([[1, 5], [7, 2]]), 0).tolist()); // [ 7, 5 ]
 * ```
 */
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
  return named("Amax", over(prim.amaxPrim, x, dims, options.keepdim), x);
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
  return named("Amin", over(prim.aminPrim, x, dims, options.keepdim), x);
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

/**
 * The index of the first largest value: of the flattened tensor, or along `dim`. NaN counts as largest. `torch.argmax`.
 *
 * @throws {IndexError} when there are no elements and `dim` is not given
 * @example
 * ```ts
 * import { argmax, tensor } from "@tenon/tenon";
 * const x = tensor([[1, 5], [7, 2]]);
 * console.log(argmax(x).item(), argmax(x, 1).tolist()); // 2 [ 1, 0 ]
 * ```
 */
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
  return over(p, x, dims);
}

/** `value`, whose gradient all elements of the vector x share that equal it, or are NaN as it is: then x has a NaN. */
export function equalsShared(x: Tensor, value: Tensor): Tensor {
  return over(prim.maxPrim, where(logicalOr(eq(x, value), isnan(value)), x, -Infinity), [0]);
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

/**
 * The largest value; with `dim`, values and indices along it. `torch.max`.
 *
 * @throws {IndexError} when there are no elements and `dim` is not given
 * @example
 * ```ts
 * import { max, tensor } from "@tenon/tenon";
 * const x = tensor([[1, 5], [7, 2]]);
 * const { values, indices } = max(x, 1);
 * console.log(max(x).item(), values.tolist(), indices.tolist()); // 7 [ 5, 7 ] [ 1, 0 ]
 * ```
 */
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
    ? extremeOf(prim.maxPrim, "max", x)
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
    ? extremeOf(prim.minPrim, "min", x)
    : extremeAlong(prim.argminPrim, "min", x, dim, options.keepdim);
}
