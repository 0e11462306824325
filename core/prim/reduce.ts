/**
 * The reduction primitives. The folded dimensions disappear; keepdim is a reshape on top.
 *
 * @module
 */
import type { Combiner } from "../kernel/ir.ts";
import { div, mul } from "../ops/elementwise.ts";
import { eq, isnan, logicalAnd, logicalOr, where } from "../ops/logical.ts";
import { castLike } from "../ops/cast.ts";
import { exclusiveProduct, numbered, sumDims, windowPlace } from "../ops/reduce.ts";
import { spread } from "../ops/view.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { definePrimitive, type Primitive, type Vjp } from "./primitive.ts";

/** Sorted, non-negative dimensions. */
export interface ReduceAttrs {
  readonly dims: readonly number[];
}

function reduce(
  name: string,
  torchName: string,
  combiner: Combiner,
  vjp: Vjp<ReduceAttrs>,
): Primitive<ReduceAttrs> {
  return definePrimitive<ReduceAttrs>({
    name,
    fields: { dims: true },
    torchName,
    infer: ([x], { dims }) => ({
      shape: x.shape.filter((_, d) => !dims.includes(d)),
      dtype: combiner === "argmax" || combiner === "argmin" ? "int64" : x.dtype,
    }),
    vjp,
    batch: { attrs: ({ dims }) => ({ dims: dims.map((d) => d + 1) }) },
    lowering: { kind: "reduce", combiner, dims: (attrs) => attrs.dims },
  });
}

const back = (g: Tensor, dims: readonly number[], shape: Shape) => spread(g, dims, shape);

// Every element counts once.
export const sumPrim = reduce("sum", "Sum", "sum", [(g, _y, [x], { dims }) => back(g, dims, x.shape)]);
// d prod = sum_i (product of the others) dx_i, finite where elements are zero
export const prodPrim = reduce("prod", "Prod", "prod", [
  (g, _y, [x], { dims }) => mul(back(g, dims, x.shape), exclusiveProduct(x, dims)),
]);

/** The extreme elements, told by `hits` from the extreme, share the gradient evenly. */
const shared = (hits: (x: Tensor, extreme: Tensor) => Tensor): Vjp<ReduceAttrs> => [(g, y, [x], { dims }) => {
  const hit = castLike(hits(x, back(y, dims, x.shape)), g);
  return mul(hit, back(div(g, sumDims(hit, dims)), dims, x.shape));
}];
// Nothing equals NaN, and what all of nothing shares is NaN for everyone.
export const amaxPrim = reduce("amax", "Amax", "max", shared(eq));
export const aminPrim = reduce("amin", "Amin", "min", shared(eq));
// With the extreme of a whole tensor, NaN share among themselves.
const alike = (x: Tensor, extreme: Tensor) => logicalOr(eq(x, extreme), logicalAnd(isnan(x), isnan(extreme)));
export const maxPrim = reduce("max of all", "MaxBackward1", "max", shared(alike));
export const minPrim = reduce("min of all", "MinBackward1", "min", shared(alike));
// A window's largest element is one of them, and so has all of the gradient.
export const windowMaxPrim = reduce("max of window", "MaxPool2DWithIndices", "max", [
  (g, y, [x], { dims }) => {
    const taken = eq(numbered(x, dims), back(windowPlace(x, dims, y), dims, x.shape));
    return where(taken, back(g, dims, x.shape), 0);
  },
]);
// Indices have no gradient.
export const argmaxPrim = reduce("argmax", "", "argmax", null);
export const argminPrim = reduce("argmin", "", "argmin", null);
