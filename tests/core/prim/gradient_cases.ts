/**
 * Where each primitive's gradient is checked: arguments and attributes, well inside the regions in which it is smooth.
 */
import * as create from "../../../core/ops/create.ts";
import type { Shape } from "../../../core/shape.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { widest } from "../precision.ts";

/** One application of a primitive. */
export interface GradientCase {
  readonly inputs: readonly Tensor[];
  /** The arguments to differentiate; the others are indices or conditions. */
  readonly wrt: readonly number[];
  readonly attrs?: unknown;
}

/** Arguments are on the CPU, for float64; tests on other devices move them. */
const tensor: typeof create.tensor = (data, options) => create.tensor(data, { ...options, device: "cpu" });

/** Whether the default device can run a case: one casts to float64. */
export function isHeld({ attrs }: GradientCase): boolean {
  return widest() === "float64" || JSON.stringify(attrs)?.includes("float64") !== true;
}

let state = 1;

/** Numbers in (low, high) that look random and are the same in every run (Park and Miller's generator). */
function next(low: number, high: number): number {
  state = (state * 48271) % 0x7fffffff;
  return low + (high - low) * (state / 0x7fffffff);
}

/** A float64 tensor with elements in (low, high) */
export function random(shape: Shape, low: number, high: number): Tensor {
  const values = Float64Array.from({ length: sizeOf(shape) }, () => next(low, high));
  return tensor(values, { shape });
}

/** Elements far from each other, in an order that is not sorted: for extremes, whose order no small step may change. */
function spaced(shape: Shape): Tensor {
  const n = sizeOf(shape);
  return tensor(Float64Array.from({ length: n }, (_, i) => ((i * 7 + 3) % 11) - 4.5 + i / 100), { shape });
}

function index(values: readonly number[], shape: Shape): Tensor {
  return tensor(values, { dtype: "int64" }).reshape(shape);
}

function bools(values: readonly boolean[], shape: Shape): Tensor {
  return tensor(values).reshape(shape);
}

const shapes: readonly Shape[] = [[], [3], [2, 3]];

const one = (...ranges: readonly (readonly [number, number])[]): GradientCase[] =>
  ranges.flatMap(([low, high]) => shapes.map((s) => ({ inputs: [random(s, low, high)], wrt: [0] })));

const two = (a: readonly [number, number], b: readonly [number, number], wrt = [0, 1]): GradientCase[] =>
  shapes.map((s) => ({ inputs: [random(s, ...a), random(s, ...b)], wrt }));

const any = [-1.4, 1.3] as const, positive = [0.3, 2] as const, negative = [-2, -0.3] as const;
const unit = [-0.8, 0.8] as const;
// Between whole numbers, where rounding is constant.
const between = [2.1, 2.4] as const, below = [-1.9, -1.6] as const;

const reduction = (): GradientCase[] => [
  { inputs: [spaced([4])], wrt: [0], attrs: { dims: [0] } },
  { inputs: [spaced([2, 3])], wrt: [0], attrs: { dims: [0] } },
  { inputs: [spaced([2, 3, 2])], wrt: [0], attrs: { dims: [0, 2] } },
  { inputs: [spaced([1, 3])], wrt: [0], attrs: { dims: [0, 1] } },
];

const conv = { stride: [1], padLow: [0], padHigh: [0], dilation: [1], groups: 1 };
const strided = { stride: [2], padLow: [1], padHigh: [2], dilation: [2], groups: 2 };
const plane = { stride: [1, 2], padLow: [1, 0], padHigh: [0, 1], dilation: [1, 1], groups: 1 };

const scatter = (mode: string, wrt: readonly number[]): GradientCase[] => [
  {
    inputs: [spaced([3]), index([2, 0], [2]), random([2], 0.5, 2)],
    wrt,
    attrs: { dim: 0, mode },
  },
  {
    inputs: [spaced([2, 3]), index([2, 0, 1, 2], [2, 2]), spaced([2, 2])],
    wrt,
    attrs: { dim: 1, mode },
  },
];
// An index that occurs twice.
const twice = (mode: string): GradientCase => ({
  inputs: [random([3], 0.5, 2), index([1, 1, 0, 1], [4]), spaced([4])],
  wrt: [0, 2],
  attrs: { dim: 0, mode },
});

/** The cases of each primitive that has a gradient. */
export const gradientCases: Readonly<Record<string, readonly GradientCase[]>> = {
  neg: one(any),
  abs: one(positive, negative),
  sign: one(positive, negative),
  floor: one(between, below),
  ceil: one(between, below),
  trunc: one(between, below),
  round: one(between, below),
  sqrt: one(positive),
  rsqrt: one(positive),
  reciprocal: one(positive, negative),
  exp: one(any),
  exp2: one(any),
  expm1: one(any),
  log: one(positive),
  log2: one(positive),
  log10: one(positive),
  log1p: one([-0.7, 2]),
  sin: one(any),
  cos: one(any),
  tan: one([-1.2, 1.2]),
  asin: one(unit),
  acos: one(unit),
  atan: one(any),
  sinh: one(any),
  cosh: one(any),
  tanh: one(any),
  asinh: one(any),
  acosh: one([1.3, 3]),
  atanh: one(unit),
  sigmoid: one(any, [3, 6]),
  erf: one(any),
  erfc: one(any),
  erfinv: one(unit),
  lgamma: one([0.6, 4], [-1.7, -1.3]),
  digamma: one([0.6, 4], [-1.7, -1.3]),
  add: two(any, any),
  sub: two(any, any),
  mul: two(any, any),
  div: [...two(any, positive), ...two(any, negative)],
  floorDivide: two([2.1, 2.4], [0.9, 1]),
  remainder: [...two([2.1, 2.4], [0.9, 1]), ...two([-2.4, -2.1], [0.9, 1]), ...two([2.1, 2.4], [-1, -0.9])],
  fmod: [...two([2.1, 2.4], [0.9, 1]), ...two([-2.4, -2.1], [0.9, 1])],
  pow: [
    ...two(positive, any),
    // Whole exponents of a negative base, where the exponent cannot move.
    { inputs: [random([2], ...negative), tensor([2, 3], { dtype: "float64" })], wrt: [0] },
    { inputs: [tensor([0, 0], { dtype: "float64" }), tensor([2, 3], { dtype: "float64" })], wrt: [0] },
    { inputs: [random([2], ...any), tensor([0, 1], { dtype: "float64" })], wrt: [0] },
  ],
  max: [...two([0, 1], [2, 3]), ...two([2, 3], [0, 1])],
  min: [...two([0, 1], [2, 3]), ...two([2, 3], [0, 1])],
  // The first argument is always 0.
  relu: [...two([0, 0], positive, [1]), ...two([0, 0], negative, [1])],
  atan2: [...two(positive, positive), ...two(negative, negative), ...two(any, negative)],
  hypot: [...two(positive, any), ...two(negative, positive)],
  copysign: [...two(positive, negative), ...two(negative, positive)],
  where: [
    { inputs: [bools([true, false], [2]), random([2], ...any), random([2], ...any)], wrt: [1, 2] },
    { inputs: [tensor(true), random([], ...any), random([], ...any)], wrt: [1, 2] },
  ],
  cast: [{ inputs: [random([3], ...any)], wrt: [0], attrs: { dtype: "float64" } }],
  sum: reduction(),
  prod: [
    ...reduction(),
    // One zero, and two.
    { inputs: [tensor([2, 0, 3], { dtype: "float64" })], wrt: [0], attrs: { dims: [0] } },
    { inputs: [tensor([[2, 0, 0], [1, 2, 3]], { dtype: "float64" })], wrt: [0], attrs: { dims: [1] } },
  ],
  amax: reduction(),
  amin: reduction(),
  "max of all": reduction(),
  "min of all": reduction(),
  "max of window": reduction(),
  alias: one(any),
  barrier: one(any),
  probability: [{ inputs: [random([2, 3], 0.1, 0.9)], wrt: [0], attrs: undefined }],
  reshape: [
    { inputs: [random([2, 3], ...any)], wrt: [0], attrs: { shape: [3, 2] } },
    { inputs: [random([1], ...any)], wrt: [0], attrs: { shape: [] } },
  ],
  permute: [{ inputs: [random([2, 3, 1], ...any)], wrt: [0], attrs: { dims: [2, 0, 1] } }],
  expand: [
    { inputs: [random([1, 3], ...any)], wrt: [0], attrs: { shape: [2, 3] } },
    { inputs: [random([2, 1, 1], ...any)], wrt: [0], attrs: { shape: [2, 3, 2] } },
  ],
  slice: [
    { inputs: [random([2, 5], ...any)], wrt: [0], attrs: { dim: 1, start: 1, step: 2, size: 2 } },
    { inputs: [random([5], ...any)], wrt: [0], attrs: { dim: 0, start: 4, step: -2, size: 3 } },
    { inputs: [random([3, 2], ...any)], wrt: [0], attrs: { dim: 0, start: 0, step: 1, size: 2 } },
  ],
  pad: [
    { inputs: [random([3], ...any)], wrt: [0], attrs: { low: [1], high: [2], value: 0 } },
    { inputs: [random([2, 2], ...any)], wrt: [0], attrs: { low: [0, 1], high: [1, 0], value: 2.5 } },
  ],
  window: [
    { inputs: [random([6], ...any)], wrt: [0], attrs: { dim: 0, size: 3, stride: 1, dilation: 1 } },
    { inputs: [random([7, 2], ...any)], wrt: [0], attrs: { dim: 0, size: 2, stride: 2, dilation: 3 } },
  ],
  diagonal: [
    { inputs: [random([3, 3], ...any)], wrt: [0], attrs: { dim1: 0, dim2: 1, offset: 0 } },
    { inputs: [random([2, 3, 2], ...any)], wrt: [0], attrs: { dim1: 2, dim2: 1, offset: 1 } },
    { inputs: [random([4, 2], ...any)], wrt: [0], attrs: { dim1: 0, dim2: 1, offset: -2 } },
  ],
  matmul: [
    { inputs: [random([2, 3], ...any), random([3, 2], ...any)], wrt: [0, 1] },
    { inputs: [random([2, 1, 2], ...any), random([2, 2, 1], ...any)], wrt: [0, 1] },
  ],
  conv: [
    { inputs: [random([1, 2, 5], ...any), random([2, 2, 3], ...any)], wrt: [0, 1], attrs: conv },
    { inputs: [random([2, 2, 5], ...any), random([2, 1, 2], ...any)], wrt: [0, 1], attrs: strided },
    { inputs: [random([1, 1, 3, 4], ...any), random([1, 1, 2, 2], ...any)], wrt: [0, 1], attrs: plane },
  ],
  convInputGrad: [
    {
      inputs: [random([1, 2, 3], ...any), random([2, 2, 3], ...any)],
      wrt: [0, 1],
      attrs: { ...conv, inputSize: [5] },
    },
    {
      inputs: [random([2, 2, 3], ...any), random([2, 1, 2], ...any)],
      wrt: [0, 1],
      attrs: { ...strided, inputSize: [5] },
    },
  ],
  convWeightGrad: [
    {
      inputs: [random([1, 2, 5], ...any), random([1, 2, 3], ...any)],
      wrt: [0, 1],
      attrs: { ...conv, kernelSize: [3] },
    },
    {
      inputs: [random([2, 2, 5], ...any), random([2, 2, 3], ...any)],
      wrt: [0, 1],
      attrs: { ...strided, kernelSize: [2] },
    },
  ],
  gather: [
    { inputs: [random([3], ...any), index([2, 0, 2, 2], [4])], wrt: [0], attrs: { dim: 0 } },
    { inputs: [random([2, 3], ...any), index([1, 0, 0], [1, 3])], wrt: [0], attrs: { dim: 0 } },
    { inputs: [random([2, 3], ...any), index([2, 2], [2, 1])], wrt: [0], attrs: { dim: 1 } },
  ],
  scatter: [
    ...scatter("set", [0, 2]),
    ...scatter("add", [0, 2]),
    ...scatter("mul", [0, 2]),
    ...scatter("max", [0, 2]),
    ...scatter("min", [0, 2]),
    ...["add", "mul", "max", "min"].map(twice),
    {
      // A single zero among the factors.
      inputs: [random([2], 0.5, 2), index([1, 1], [2]), tensor([0, 2], { dtype: "float64" })],
      wrt: [0],
      attrs: { dim: 0, mode: "mul" },
    },
  ],
  scan: [false, true].flatMap((reverse) => [
    { inputs: [random([4], ...any)], wrt: [0], attrs: { combiner: "sum", reverse } },
    { inputs: [random([2, 3], ...any)], wrt: [0], attrs: { combiner: "sum", reverse } },
    { inputs: [random([4], ...any)], wrt: [0], attrs: { combiner: "prod", reverse } },
    { inputs: [tensor([2, 0, 3], { dtype: "float64" })], wrt: [0], attrs: { combiner: "prod", reverse } },
  ]),
  fold: [
    { inputs: [random([3, 2], ...any)], wrt: [0], attrs: { size: 4, stride: 1, dilation: 1 } },
    { inputs: [random([2, 2, 3], ...any)], wrt: [0], attrs: { size: 8, stride: 2, dilation: 2 } },
  ],
  concat: [
    { inputs: [random([2], ...any), random([3], ...any)], wrt: [0, 1], attrs: { dim: 0 } },
    {
      inputs: [random([2, 1], ...any), random([2, 2], ...any), random([2, 1], ...any)],
      wrt: [0, 1, 2],
      attrs: { dim: 1 },
    },
  ],
};

/** Primitives that have no gradient and say so with `null`. */
export const withoutGradient: readonly string[] = [
  "not",
  "nextafter",
  ...["div_floor", "div_trunc", "remainder", "fmod"].map((op) => `${op}_by_nonzero`),
  "within",
  ...["and", "or", "xor", "shl", "shr", "ushr"],
  ...["eq", "ne", "lt", "le", "gt", "ge"],
  ...["argmax", "argmin", "argsort"],
];

/** Primitives whose gradient is given with each use of them; transform/custom_test.ts checks those. */
export const withGivenGradient: readonly string[] = ["custom", "call"];

/** Primitives without arguments: nothing to differentiate. */
export const withoutArguments: readonly string[] = ["leaf", "full", "iota", "placeholder"];
