/**
 * The routine primitives: operations that are not one loop nest, a kernel per backend each; and concatenation.
 *
 * @module
 */
import { GradError, type TenonError } from "../errors.ts";
import type { ConvAttrs, Routines, ScanCombiner, ScatterMode } from "../kernel/plan.ts";
import { castLike } from "../ops/cast.ts";
import { add, div, maximum, minimum, mul, sub } from "../ops/elementwise.ts";
import { max } from "../ops/extremes.ts";
import { eq, ge, logicalAnd, lt, where } from "../ops/logical.ts";
import { expand, mT, reshape, transpose, windows } from "../ops/view.ts";
import { concatPart } from "../ops/join.ts";
import * as op from "../ops/routine.ts";
import { fullLike, zeros } from "../ops/create.ts";
import { iota } from "../ops/ranges.ts";
import type { Tensor } from "../tensor.ts";
import { definePrimitive, type Primitive } from "./primitive.ts";

/** a [...batch, M, K] times b [...batch, K, N], equal batch dimensions. */
export const matmulPrim: Primitive<undefined> = definePrimitive<undefined>({
  name: "matmul",
  torchName: "Mm",
  infer: ([a, b]) => ({ shape: [...a.shape.slice(0, -1), b.shape[b.shape.length - 1]], dtype: a.dtype }),
  // dA = G B^T, dB = A^T G
  vjp: [(g, _y, [, b]) => op.matmulExact(g, mT(b)), (g, _y, [a]) => op.matmulExact(mT(a), g)],
  // Rows of all examples times one b are more rows.
  batch: {
    compose: ([a, b], [, plain], _, size) =>
      plain !== null && plain.shape.length === 2
        ? split(op.matmulExact(merge(a), plain), 0, size)
        : op.matmulExact(a, b),
  },
  lowering: { kind: "routine", name: "matmul", attrs: () => ({}) },
});

/** [B, N, ...] -> [B N, ...]. */
function merge(x: Tensor): Tensor {
  return reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
}

/** [..., B N, ...] -> [..., B, N, ...] at `dim`. */
function split(x: Tensor, dim: number, size: number): Tensor {
  return reshape(x, [...x.shape.slice(0, dim), size, x.shape[dim] / size, ...x.shape.slice(dim + 1)]);
}

/** [B, N, C, ...] -> [N, B C, ...]: the examples as groups of channels. */
function grouped(x: Tensor): Tensor {
  const swapped = transpose(x, 0, 1);
  const [n, b, c, ...rest] = swapped.shape;
  return reshape(swapped, [n, b * c, ...rest]);
}

/** [N, B C, ...] -> [B, N, C, ...]. */
function ungrouped(y: Tensor, size: number): Tensor {
  return transpose(split(y, 1, size), 0, 1);
}

/** As many groups for each example as there were. */
function widened<A extends ConvAttrs>(attrs: A, size: number): A {
  return { ...attrs, groups: attrs.groups * size };
}

/** A convolution of every example: those with one w are more of N; each with a w of its own is more of the groups. */
function overExamples<A extends ConvAttrs>(
  conv: (x: Tensor, w: Tensor, attrs: A) => Tensor,
  [x, w]: readonly Tensor[],
  [, plain]: readonly (Tensor | null)[],
  attrs: A,
  size: number,
): Tensor {
  return plain !== null
    ? split(conv(merge(x), plain, attrs), 0, size)
    : ungrouped(conv(grouped(x), merge(w), widened(attrs, size)), size);
}

const convFields = {
  stride: true,
  padLow: true,
  padHigh: true,
  dilation: true,
  groups: true,
} as const;

/** x [N, C, ...in], w [O, C / groups, ...k] -> [N, O, ...out]. */
export const convPrim: Primitive<ConvAttrs> = definePrimitive<ConvAttrs>({
  name: "conv",
  fields: { ...convFields },
  torchName: "Convolution",
  infer: ([x, w], attrs) => ({
    shape: [
      x.shape[0],
      w.shape[0],
      ...attrs.stride.map((stride, i) => {
        const span = attrs.dilation[i] * (w.shape[i + 2] - 1) + 1;
        return Math.floor((x.shape[i + 2] + attrs.padLow[i] + attrs.padHigh[i] - span) / stride) + 1;
      }),
    ],
    dtype: x.dtype,
  }),
  // The convolution is bilinear; its two adjoints are the primitives below, and the three differentiate into each other.
  vjp: [
    (g, _y, [x, w], attrs) => op.convInputGrad(g, w, { ...attrs, inputSize: x.shape.slice(2) }),
    (g, _y, [x, w], attrs) => op.convWeightGrad(x, g, { ...attrs, kernelSize: w.shape.slice(2) }),
  ],
  batch: {
    compose: (xs, plain, attrs, size) => overExamples(op.convExact, xs, plain, attrs, size),
  },
  lowering: { kind: "routine", name: "conv", attrs: (attrs) => attrs },
});

/** The adjoint of `conv` in x; also the transposed convolution. g [N, O, ...out], w [O, C / groups, ...k] -> [N, C, ...inputSize]. */
export const convInputGradPrim: Primitive<Routines["convInputGrad"]> = definePrimitive<
  Routines["convInputGrad"]
>({
  name: "convInputGrad",
  fields: { ...convFields, inputSize: true },
  torchName: "Convolution",
  infer: ([g, w], { groups, inputSize }) => ({
    shape: [g.shape[0], w.shape[1] * groups, ...inputSize],
    dtype: g.dtype,
  }),
  vjp: [
    (h, _y, [, w], attrs) => op.convExact(h, w, attrs),
    (h, _y, [g, w], attrs) => op.convWeightGrad(h, g, { ...attrs, kernelSize: w.shape.slice(2) }),
  ],
  batch: {
    compose: (xs, plain, attrs, size) => overExamples(op.convInputGrad, xs, plain, attrs, size),
  },
  lowering: { kind: "routine", name: "convInputGrad", attrs: (attrs) => attrs },
});

/** The adjoint of `conv` in w. x [N, C, ...in], g [N, O, ...out] -> [O, C / groups, ...kernelSize]. */
export const convWeightGradPrim: Primitive<Routines["convWeightGrad"]> = definePrimitive<
  Routines["convWeightGrad"]
>({
  name: "convWeightGrad",
  fields: { ...convFields, kernelSize: true },
  torchName: "Convolution",
  infer: ([x, g], { groups, kernelSize }) => ({
    shape: [g.shape[1], x.shape[1] / groups, ...kernelSize],
    dtype: x.dtype,
  }),
  vjp: [
    (h, _y, [x, g], attrs) => op.convInputGrad(g, h, { ...attrs, inputSize: x.shape.slice(2) }),
    (h, _y, [x], attrs) => op.convExact(x, h, attrs),
  ],
  batch: {
    compose: ([x, g], _, attrs, size) =>
      split(op.convWeightGrad(grouped(x), grouped(g), widened(attrs, size)), 0, size),
  },
  lowering: { kind: "routine", name: "convWeightGrad", attrs: (attrs) => attrs },
});

/** Attributes of `withinPrim`: what indices must be in, [low, end), and what others are refused with. */
export interface WithinAttrs {
  readonly low: number;
  readonly end: number;
  readonly refuse: (index: number | bigint) => TenonError;
}

/** The largest index that a refusal names. */
const largestNamed = 2 ** 29;

/** Indices whose values are not at hand yet, where the device does not refuse those out of range by itself. */
export const withinPrim: Primitive<WithinAttrs> = definePrimitive<WithinAttrs>({
  name: "within",
  fields: { low: true, end: true, refuse: false },
  torchName: "",
  infer: ([index]) => index,
  vjp: null,
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "reshape" },
  refusal: {
    late: true,
    // Even from above, odd from below.
    found: ([index], { low, end }) => {
      const named = maximum(minimum(index, largestNamed), -largestNamed);
      const below = where(lt(index, low), sub(1, mul(named, 2)), 0);
      return max(where(ge(index, end), add(mul(named, 2), 2), below));
    },
    error: (_y, { refuse }, found) => {
      const n = Number(found);
      return refuse(n % 2 === 0 ? n / 2 - 1 : (1 - n) / 2);
    },
  },
});

/** out[i] = x[i with i[dim] replaced by index[i]]. */
export const gatherPrim: Primitive<{ readonly dim: number }> = definePrimitive<{ readonly dim: number }>({
  name: "gather",
  fields: { dim: true },
  torchName: "Gather",
  infer: ([x, index]) => ({ shape: index.shape, dtype: x.dtype }),
  vjp: [
    (g, _y, [x, index], { dim }) => {
      // With one index per row the gradient is where the index is: no scatter, and it fuses.
      if (x.shape.every((s, d) => index.shape[d] === (d === dim ? 1 : s))) {
        const here = eq(iota(x.shape, dim, { device: g.device }), expand(index, x.shape));
        return where(here, expand(g, x.shape), 0);
      }
      return op.scatterExact(zeros(x.shape, { dtype: g.dtype, device: g.device }), dim, index, g, "add");
    },
    null,
  ],
  batch: { attrs: ({ dim }) => ({ dim: dim + 1 }) },
  lowering: { kind: "routine", name: "gather", attrs: (attrs) => attrs },
});

/** Attributes of `scatterPrim`. */
export interface ScatterAttrs {
  readonly dim: number;
  readonly mode: ScatterMode;
}

/** The factors of a scattered product get the product of the others; a single zero among them is left out, not divided by. */
function scatterProductGrad(
  g: Tensor,
  y: Tensor,
  base: Tensor,
  index: Tensor,
  source: Tensor,
  dim: number,
  argument: number,
): Tensor {
  if (argument === 0) {
    const rest = op.scatterExact(fullLike(base, 1), dim, index, source, "mul");
    return mul(g, rest);
  }
  const zero = eq(source, 0);
  const zeros = op.gatherExact(
    op.scatterExact(fullLike(base, 0), dim, index, castLike(zero, source), "add"),
    dim,
    index,
  );
  const single = logicalAnd(zero, eq(zeros, 1));
  const without = op.scatterExact(base, dim, index, where(single, 1, source), "mul");
  return where(
    single,
    op.gatherExact(mul(g, without), dim, index),
    div(op.gatherExact(mul(g, y), dim, index), where(zero, 1, source)),
  );
}

/** All that equal the extreme share the gradient evenly. */
function scatterExtremeGrad(
  g: Tensor,
  y: Tensor,
  base: Tensor,
  index: Tensor,
  source: Tensor,
  dim: number,
  argument: number,
): Tensor {
  const ofBase = castLike(eq(base, y), g), ofSource = castLike(eq(source, op.gatherExact(y, dim, index)), g);
  const shared = div(g, maximum(op.scatterExact(ofBase, dim, index, ofSource, "add"), 1));
  return argument === 0 ? mul(ofBase, shared) : mul(ofSource, op.gatherExact(shared, dim, index));
}

/** base with source merged in at index. */
export const scatterPrim: Primitive<ScatterAttrs> = definePrimitive<ScatterAttrs>({
  name: "scatter",
  fields: { dim: true, mode: true },
  torchName: "Scatter",
  infer: ([base]) => base,
  vjp: (g, y, [base, index, source], { dim, mode }, argument) => {
    if (argument === 1) return null;
    if (mode === "mul") return scatterProductGrad(g, y, base, index, source, dim, argument);
    if (mode === "max" || mode === "min") return scatterExtremeGrad(g, y, base, index, source, dim, argument);
    // set: what was overwritten gets nothing; add: the base passes through
    if (argument === 0) {
      return mode === "add" ? g : op.scatterExact(g, dim, index, fullLike(source, 0), "set");
    }
    return op.gatherExact(g, dim, index);
  },
  batch: { attrs: ({ dim, mode }) => ({ dim: dim + 1, mode }) },
  lowering: { kind: "routine", name: "scatter", attrs: (attrs) => attrs },
});

/** The stable order along the last dimension. */
export const argsortPrim: Primitive<{ readonly descending: boolean }> = definePrimitive<
  { readonly descending: boolean }
>({
  name: "argsort",
  fields: { descending: true },
  torchName: "",
  infer: ([x]) => ({ shape: x.shape, dtype: "int64" }),
  vjp: null,
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "routine", name: "argsort", attrs: (attrs) => attrs },
});

/** Attributes of `scanPrim`. */
export interface ScanAttrs {
  readonly combiner: ScanCombiner;
  readonly reverse: boolean;
}

/** Inclusive fold along the last dimension. */
export const scanPrim: Primitive<ScanAttrs> = definePrimitive<ScanAttrs>({
  name: "scan",
  fields: { combiner: true, reverse: true },
  torchName: "Cumsum",
  infer: ([x]) => x,
  vjp: [(g, _y, [x], { combiner, reverse }) => {
    // y_i = sum of x_j up to i, so x_j's gradient is the sum of g_i from j on
    if (combiner === "sum") return op.scan(g, "sum", !reverse);
    if (combiner === "prod") return op.scanProductGrad(g, x, reverse);
    throw new GradError(
      `derivative for scan with "${combiner}" is not implemented; cummax and cummin have one`,
    );
  }],
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "routine", name: "scan", attrs: (attrs) => attrs },
});

/** Attributes of `foldPrim`. */
export interface FoldAttrs {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

/** The adjoint of a window: [..., out, k] -> [..., size]. */
export const foldPrim: Primitive<FoldAttrs> = definePrimitive<FoldAttrs>({
  name: "fold",
  fields: { size: true, stride: true, dilation: true },
  torchName: "Fold",
  infer: ([g], { size }) => ({ shape: [...g.shape.slice(0, -2), size], dtype: g.dtype }),
  vjp: [(h, _y, [g], { stride, dilation }) => windows(h, -1, g.shape[g.shape.length - 1], stride, dilation)],
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "routine", name: "fold", attrs: (attrs) => attrs },
});

/** The arguments one after the other along `dim`; equal shapes otherwise, no empty ones. */
export const concatPrim: Primitive<{ readonly dim: number }> = definePrimitive<{ readonly dim: number }>({
  name: "concat",
  fields: { dim: true },
  torchName: "Cat",
  infer: (xs, { dim }) => ({
    shape: xs[0].shape.map((s, d) => d === dim ? xs.reduce((sum, x) => sum + x.shape[dim], 0) : s),
    dtype: xs[0].dtype,
  }),
  vjp: (g, _y, xs, { dim }, argument) => concatPart(g, xs, dim, argument),
  batch: { attrs: ({ dim }) => ({ dim: dim + 1 }) },
  lowering: { kind: "concat", dim: (attrs) => attrs.dim },
});
