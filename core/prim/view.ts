/**
 * The view primitives: index maps from the result to the argument, no kernels.
 *
 * @module
 */
import { constant, type IndexMap, plus, scaled } from "../graph/index_map.ts";
import { fullLike } from "../ops/create.ts";
import { where } from "../ops/logical.ts";
import { diagonalMask } from "../ops/ranges.ts";
import { fold } from "../ops/routine.ts";
import { sumDims } from "../ops/reduce.ts";
import * as view from "../ops/view.ts";
import type { Shape } from "../shape.ts";
import { definePrimitive, type Primitive } from "./primitive.ts";

const loopsOf = (index: IndexMap): number => index.at.length > 0 ? index.at[0].strides.length : 0;

/** Attributes that name the result's shape. */
export interface ShapeAttrs {
  readonly shape: Shape;
}

/** The same elements under another shape. */
export const reshapePrim: Primitive<ShapeAttrs> = definePrimitive<ShapeAttrs>({
  name: "reshape",
  fields: { shape: true },
  torchName: "View",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  vjp: [(g, _y, [x]) => view.reshape(g, x.shape)],
  batch: { attrs: ({ shape }, size) => ({ shape: [size, ...shape] }) },
  lowering: { kind: "reshape" },
});

/** Result dimension `d` is argument dimension `dims[d]`. */
export const permutePrim: Primitive<{ readonly dims: readonly number[] }> = definePrimitive<
  { readonly dims: readonly number[] }
>({
  name: "permute",
  fields: { dims: true },
  torchName: "Permute",
  infer: ([x], { dims }) => ({ shape: dims.map((d) => x.shape[d]), dtype: x.dtype }),
  vjp: [(g, _y, _xs, { dims }) => view.permute(g, inverse(dims))],
  batch: { attrs: ({ dims }) => ({ dims: [0, ...dims.map((d) => d + 1)] }) },
  lowering: {
    kind: "view",
    map: (index, _from, _to, { dims }) => ({
      at: inverse(dims).map((d) => index.at[d]),
      guards: index.guards,
    }),
  },
});

function inverse(dims: readonly number[]): number[] {
  const out = new Array<number>(dims.length);
  dims.forEach((d, i) => out[d] = i);
  return out;
}

/** Repeats dimensions of size 1, and the whole in new dimensions in front. */
export const expandPrim: Primitive<ShapeAttrs> = definePrimitive<ShapeAttrs>({
  name: "expand",
  fields: { shape: true },
  torchName: "Expand",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  // What was repeated is summed.
  vjp: [(g, _y, [x], { shape }) => {
    const extra = shape.length - x.shape.length;
    const dims = shape.map((_, d) => d).filter((d) => d < extra || x.shape[d - extra] !== shape[d]);
    return view.reshape(sumDims(g, dims), x.shape);
  }],
  // The new dimensions stand behind the batch.
  batch: {
    compose: ([x], _plain, { shape }, size) => {
      const [, ...own] = x.shape, ones = new Array<number>(shape.length - own.length).fill(1);
      return view.expand(view.reshape(x, [size, ...ones, ...own]), [size, ...shape]);
    },
  },
  lowering: {
    kind: "view",
    map: (index, from, to) => ({
      at: index.at.slice(to.length - from.length).map((a, d) =>
        from[d] === 1 ? constant(0, a.strides.length) : a
      ),
      guards: index.guards,
    }),
  },
});

/** Attributes of `slicePrim`: result index i is argument index `start + i * step`; a negative step runs backwards. */
export interface SliceAttrs {
  readonly dim: number;
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

/** Every `step`-th index along a dimension. */
export const slicePrim: Primitive<SliceAttrs> = definePrimitive<SliceAttrs>({
  name: "slice",
  fields: { dim: true, start: true, step: true, size: true },
  torchName: "Slice",
  infer: ([x], { dim, size }) => ({ shape: x.shape.map((s, d) => d === dim ? size : s), dtype: x.dtype }),
  // The gradient stands where the elements came from, zeros elsewhere.
  vjp: [(g, _y, [x], { dim, start, step, size }) => {
    if (size === 0) return fullLike(x, 0);
    const forward = step > 0 ? g : view.flip(g, dim);
    const first = step > 0 ? start : start + (size - 1) * step;
    const spread = view.dilate(forward, dim, Math.abs(step));
    return view.padDim(spread, dim, first, x.shape[dim] - first - spread.shape[dim], 0);
  }],
  batch: { attrs: (attrs) => ({ ...attrs, dim: attrs.dim + 1 }) },
  lowering: {
    kind: "view",
    map: (index, _from, _to, { dim, start, step }) => ({
      at: index.at.map((a, d) => d === dim ? scaled(a, step, start) : a),
      guards: index.guards,
    }),
  },
});

/** Attributes of `padPrim`; amounts are not negative. */
export interface PadAttrs {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly value: number | bigint;
}

/** A border of one value. */
export const padPrim: Primitive<PadAttrs> = definePrimitive<PadAttrs>({
  name: "pad",
  fields: { low: true, high: true, value: true },
  torchName: "ConstantPadNd",
  infer: ([x], { low, high }) => ({ shape: x.shape.map((s, d) => low[d] + s + high[d]), dtype: x.dtype }),
  vjp: [(g, _y, [x], { low }) => x.shape.reduce((acc, s, d) => view.narrow(acc, d, low[d], s), g)],
  batch: { attrs: ({ low, high, value }) => ({ low: [0, ...low], high: [0, ...high], value }) },
  lowering: {
    kind: "view",
    map: (index, from, to, { low }) => {
      const at = index.at.map((a, d) => scaled(a, 1, -low[d]));
      const guards = at.flatMap((a, d) => from[d] === to[d] ? [] : [{ at: a, low: 0, high: from[d] }]);
      return { at, guards: [...index.guards, ...guards] };
    },
    fill: (attrs) => attrs.value,
  },
});

/** Attributes of `windowPrim`. */
export interface WindowAttrs {
  readonly dim: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

/** [..., L, ...] -> [..., out, ..., size]: windows along `dim`, their elements in a new last dimension. */
export const windowPrim: Primitive<WindowAttrs> = definePrimitive<WindowAttrs>({
  name: "window",
  fields: { dim: true, size: true, stride: true, dilation: true },
  torchName: "Unfold",
  infer: ([x], { dim, size, stride, dilation }) => {
    const out = Math.floor((x.shape[dim] - (size - 1) * dilation - 1) / stride) + 1;
    return { shape: [...x.shape.map((s, d) => d === dim ? out : s), size], dtype: x.dtype };
  },
  vjp: [(g, _y, [x], { dim, stride, dilation }) => {
    // fold works on the last two dimensions: [.., out at dim, .., k] -> [.., out, k] -> [.., L]
    const rank = x.shape.length;
    const others = Array.from({ length: rank }, (_, d) => d).filter((d) => d !== dim);
    const folded = fold(view.permute(g, [...others, dim, rank]), x.shape[dim], stride, dilation);
    const back = Array.from({ length: rank }, (_, d) => d === dim ? rank - 1 : others.indexOf(d));
    return view.permute(folded, back);
  }],
  batch: { attrs: (attrs) => ({ ...attrs, dim: attrs.dim + 1 }) },
  lowering: {
    kind: "view",
    map: (index, from, _to, { dim, stride, dilation }) => ({
      at: from.map((_, d) =>
        d === dim ? plus(scaled(index.at[d], stride), scaled(index.at[from.length], dilation)) : index.at[d]
      ),
      guards: index.guards,
    }),
  },
});

/** Attributes of `diagonalPrim`: the result's last dimension runs along the diagonal of `dim1` and `dim2`. */
export interface DiagonalAttrs {
  readonly dim1: number;
  readonly dim2: number;
  readonly offset: number;
}

/** Removes dims 1 and 2, appends their diagonal. */
export const diagonalPrim: Primitive<DiagonalAttrs> = definePrimitive<DiagonalAttrs>({
  name: "diagonal",
  fields: { dim1: true, dim2: true, offset: true },
  torchName: "Diagonal",
  infer: ([x], { dim1, dim2, offset }) => {
    const rows = x.shape[dim1] + Math.min(offset, 0), columns = x.shape[dim2] - Math.max(offset, 0);
    const size = Math.max(0, Math.min(rows, columns));
    return { shape: [...x.shape.filter((_, d) => d !== dim1 && d !== dim2), size], dtype: x.dtype };
  },
  vjp: [(g, _y, [x], { dim1, dim2, offset }) => {
    // Each diagonal element is spread over its row, and only the one on the diagonal stays.
    const rank = x.shape.length;
    const rows = x.shape[dim1];
    const last = g.shape.length - 1;
    const first = Math.max(0, -offset);
    const along = view.padDim(g, last, first, rows - first - g.shape[last], 0);
    const spread = view.expand(view.unsqueeze(along, -1), [...along.shape, x.shape[dim2]]);
    const others = Array.from({ length: rank }, (_, d) => d).filter((d) => d !== dim1 && d !== dim2);
    const order = [...others, dim1, dim2];
    const mask = diagonalMask(rows, x.shape[dim2], offset, g.device);
    const placed = where(mask, spread, fullLike(spread, 0));
    return view.permute(placed, inverse(order));
  }],
  batch: { attrs: ({ dim1, dim2, offset }) => ({ dim1: dim1 + 1, dim2: dim2 + 1, offset }) },
  lowering: {
    kind: "view",
    map: (index, from, _to, { dim1, dim2, offset }) => {
      const loops = loopsOf(index);
      const along = index.at.length > 0 ? index.at[index.at.length - 1] : constant(0, loops);
      let next = 0;
      return {
        at: from.map((_, d) => {
          if (d === dim1) return scaled(along, 1, Math.max(0, -offset));
          if (d === dim2) return scaled(along, 1, Math.max(0, offset));
          return index.at[next++];
        }),
        guards: index.guards,
      };
    },
  },
});
