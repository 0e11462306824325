/**
 * Conformance cases of the routines but the matrix product. Operands are small multiples of 1/4 or integers, so that products and sums are exact in any order and
 * results must agree to the last bit.
 *
 * @module
 */
import { type DType, dtypes, isFloat } from "../../../core/dtype.ts";
import type { ConvAttrs, ScatterMode } from "../../../core/kernel/plan.ts";
import { sizeOf } from "../../../core/shape.ts";
import { dense, hostOf, strided } from "./build.ts";
import { type ConformanceCase, routineCase } from "./conformance_case.ts";
import { indices, small } from "./conformance_values.ts";

const floats = dtypes.filter(isFloat);

interface ConvSpec {
  readonly batch: number;
  readonly channels: readonly [number, number];
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride?: readonly number[];
  readonly pad?: readonly (readonly [number, number])[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
}

const convs: readonly ConvSpec[] = [
  { batch: 2, channels: [3, 5], size: [17], kernel: [3] },
  {
    batch: 1,
    channels: [4, 6],
    size: [16],
    kernel: [5],
    stride: [3],
    pad: [[2, 1]],
    dilation: [2],
    groups: 2,
  },
  { batch: 2, channels: [3, 8], size: [9, 11], kernel: [3, 3], pad: [[1, 1], [1, 1]] },
  { batch: 2, channels: [16, 16], size: [8, 8], kernel: [1, 1] },
  { batch: 1, channels: [16, 8], size: [7, 7], kernel: [1, 1], stride: [2, 2] },
  { batch: 2, channels: [8, 8], size: [10, 7], kernel: [3, 3], pad: [[1, 1], [1, 1]], groups: 8 },
  {
    batch: 1,
    channels: [4, 8],
    size: [10, 9],
    kernel: [3, 2],
    stride: [2, 1],
    pad: [[0, 2], [3, 1]],
    dilation: [1, 3],
    groups: 2,
  },
  { batch: 3, channels: [1, 1], size: [5, 5], kernel: [5, 5] },
  { batch: 1, channels: [3, 2], size: [13, 13], kernel: [7, 7], stride: [4, 4], pad: [[3, 3], [3, 3]] },
  { batch: 1, channels: [2, 3], size: [4, 5], kernel: [2, 2], pad: [[3, 3], [3, 3]] },
  { batch: 2, channels: [32, 33], size: [12, 12], kernel: [3, 3], pad: [[1, 1], [1, 1]] },
  // Many channels on one side: each element of the other operand is used often.
  { batch: 2, channels: [4, 64], size: [8, 8], kernel: [3, 3], pad: [[1, 1], [1, 1]] },
  { batch: 2, channels: [64, 8], size: [8, 8], kernel: [3, 3], stride: [2, 2], pad: [[1, 0], [1, 0]] },
  { batch: 1, channels: [8, 128], size: [6, 8], kernel: [1, 3], dilation: [1, 2], groups: 2 },
  // Phases of a stride: all of one kind, of several, some that no tap reaches, rows of more than two, and more of them than elements.
  { batch: 2, channels: [3, 4], size: [8, 20], kernel: [4, 4], stride: [4, 4] },
  { batch: 2, channels: [3, 5], size: [11, 23], kernel: [3, 3], stride: [2, 2], pad: [[1, 1], [1, 1]] },
  { batch: 1, channels: [4, 4], size: [9, 22], kernel: [2, 1], stride: [3, 2], dilation: [2, 1], groups: 2 },
  { batch: 1, channels: [2, 3], size: [7, 19], kernel: [3, 5], stride: [2, 3], dilation: [2, 2] },
  { batch: 2, channels: [2, 2], size: [3, 4], kernel: [2, 3], stride: [5, 7], pad: [[1, 1], [0, 0]] },
  // Every channel with filters of its own: long rows and short ones, two filters for a channel, any number of dimensions.
  { batch: 2, channels: [4, 4], size: [6, 39], kernel: [3, 3], pad: [[1, 1], [1, 1]], groups: 4 },
  {
    batch: 2,
    channels: [3, 6],
    size: [9, 71],
    kernel: [5, 5],
    stride: [1, 2],
    pad: [[2, 2], [2, 3]],
    dilation: [2, 1],
    groups: 3,
  },
  { batch: 1, channels: [5, 5], size: [3], kernel: [3], pad: [[1, 1]], groups: 5 },
  {
    batch: 2,
    channels: [3, 3],
    size: [9, 12],
    kernel: [3, 3],
    stride: [2, 2],
    pad: [[1, 1], [1, 1]],
    groups: 3,
  },
  {
    batch: 1,
    channels: [2, 2],
    size: [7, 8],
    kernel: [3, 2],
    stride: [2, 1],
    pad: [[3, 3], [0, 1]],
    groups: 2,
  },
  {
    batch: 2,
    channels: [3, 3],
    size: [4, 3, 6],
    kernel: [3, 1, 2],
    pad: [[1, 1], [0, 0], [1, 0]],
    groups: 3,
  },
  // Planes that are cut into strips, and phases in three dimensions.
  { batch: 1, channels: [1, 1], size: [40, 130], kernel: [3, 3], pad: [[1, 1], [1, 1]] },
  {
    batch: 1,
    channels: [1, 1],
    size: [129, 140],
    kernel: [3, 3],
    stride: [2, 2],
    pad: [[1, 1], [1, 1]],
  },
  {
    batch: 1,
    channels: [2, 2],
    size: [5, 6, 7],
    kernel: [3, 3, 3],
    stride: [2, 2, 2],
    pad: [[1, 1], [1, 1], [1, 1]],
    groups: 2,
  },
  {
    batch: 1,
    channels: [2, 4],
    size: [5, 6, 4],
    kernel: [2, 3, 2],
    stride: [2, 1, 1],
    pad: [[1, 0], [1, 1], [0, 1]],
    dilation: [1, 2, 1],
  },
];

function convCases(dtype: DType, spec: ConvSpec): ConformanceCase[] {
  const { batch, channels: [cin, cout], size, kernel, groups = 1 } = spec;
  const ones = size.map(() => 1);
  const { stride = ones, dilation = ones, pad = size.map(() => [0, 0] as const) } = spec;
  const attrs: ConvAttrs = {
    stride,
    dilation,
    groups,
    padLow: pad.map((p) => p[0]),
    padHigh: pad.map((p) => p[1]),
  };
  const out = size.map((s, d) =>
    Math.floor((s + pad[d][0] + pad[d][1] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1
  );
  const X = [batch, cin, ...size], W = [cout, cin / groups, ...kernel], G = [batch, cout, ...out];
  const [x, w, g] = [X, W, G].map((shape) => dense(dtype, shape));
  const what = `[${X}] * [${W}] stride ${stride} pad ${
    pad.map((p) => p.join("+"))
  } dilation ${dilation} groups ${groups}`;
  // Channels last, as a permuted view.
  const strides = [cin * sizeOf(size), 1, ...size.map((_, d) => cin * sizeOf(size.slice(d + 1)))];
  const last = strided(dtype, sizeOf(X), X, strides);
  const [first, row] = [size[0], sizeOf(size.slice(1))], contiguous = x.layout.strides;
  const backwards = [...contiguous.slice(0, 2), -row, ...contiguous.slice(3)];
  const flipped = strided(dtype, sizeOf(X), X, backwards, (first - 1) * row);
  return [
    routineCase(what, "conv", attrs, [x, w], dtype, G),
    routineCase(`${what} channels last`, "conv", attrs, [last, w], dtype, G),
    routineCase(`${what} upside down`, "conv", attrs, [flipped, w], dtype, G),
    routineCase(what, "convInputGrad", { ...attrs, inputSize: size }, [g, w], dtype, X),
    routineCase(what, "convWeightGrad", { ...attrs, kernelSize: kernel }, [x, g], dtype, W),
  ];
}

function indexingCases(dtype: DType): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const places: [number[], number, number][] = [[[11], 0, 30], [[7, 5], 0, 9], [[7, 5], 1, 3], [
    [3, 4, 6],
    1,
    8,
  ], [
    [100, 16],
    0,
    64,
  ]];
  for (const [shape, dim, length] of places) {
    const index = shape.map((n, d) => d === dim ? length : n), count = sizeOf(index);
    const at = indices(shape[dim], count, 41), x = small(dtype, sizeOf(shape), 42);
    const what = `[${shape}] dim ${dim} by ${length}`;
    const I = dense("int64", index);
    cases.push(routineCase(what, "gather", { dim }, [dense(dtype, shape), I], dtype, index, [x, at]));
    // An embedding: the index is one number per row, broadcast along it.
    const perRow = strided("int64", length, index, index.map((_, d) => d === dim ? 1 : 0));
    cases.push(
      routineCase(`${what} broadcast`, "gather", { dim }, [dense(dtype, shape), perRow], dtype, index, [
        x,
        at.slice(0, length),
      ]),
    );
    for (const mode of ["set", "add", "mul", "max", "min"] satisfies ScatterMode[]) {
      // Few products, so that they stay exact.
      const source = mode === "mul"
        ? hostOf(
          dtype,
          Array.from({ length: count }, (_, i) => dtype === "uint8" || dtype === "bool" ? 1 : i % 3 - 1),
        )
        : small(dtype, count, 43);
      cases.push(
        routineCase(
          `${mode} ${what}`,
          "scatter",
          { dim, mode },
          [dense(dtype, shape), I, dense(dtype, index)],
          dtype,
          shape,
          [x, at, source],
        ),
      );
    }
    cases.push(
      routineCase(
        `add ${what} broadcast`,
        "scatter",
        { dim, mode: "add" },
        [dense(dtype, shape), perRow, dense(dtype, index)],
        dtype,
        shape,
        [x, at.slice(0, length), small(dtype, count, 43)],
      ),
    );
  }
  return cases;
}

function sortCases(dtype: DType): ConformanceCase[] {
  return [[1], [5], [3, 17], [2, 3, 64], [2, 1000], [4099]].flatMap((shape) => {
    const count = sizeOf(shape), x = small(dtype, count, 44);
    if (isFloat(dtype) && count > 8) {
      const special = hostOf(dtype, [NaN, Infinity, -Infinity, NaN, 0, -0]);
      for (let i = 0; i < 6; i++) x[Math.floor((i + 0.5) * count / 6)] = special[i];
    }
    const reversed = strided(
      dtype,
      count,
      shape,
      [...dense(dtype, shape).layout.strides.slice(0, -1), -1],
      shape[shape.length - 1] - 1,
    );
    return [
      ...[false, true].map((descending) =>
        routineCase(
          `[${shape}]${descending ? " descending" : ""} of ${dtype}`,
          "argsort",
          { descending },
          [dense(dtype, shape)],
          "int64",
          shape,
          [x],
        )
      ),
      routineCase(
        `[${shape}] reversed view of ${dtype}`,
        "argsort",
        { descending: false },
        [reversed],
        "int64",
        shape,
        [x],
      ),
    ];
  });
}

function scanCases(dtype: DType): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  for (const shape of [[1], [7], [3, 33], [2, 2, 1025]]) {
    for (const combiner of ["sum", "prod", "max", "min"] as const) {
      for (const reverse of [false, true]) {
        const n = sizeOf(shape);
        // Powers of two that cancel, and NaN near the middle for the extremes.
        const x = combiner === "prod"
          ? hostOf(
            dtype,
            Array.from({ length: n }, (_, i) => isFloat(dtype) ? [1, 2, -1, 0.5][i % 4] : [1, 3][i % 2]),
          )
          : small(dtype, n, 45);
        if (isFloat(dtype) && combiner !== "prod" && n > 20) x[n >> 1] = hostOf(dtype, [NaN])[0];
        cases.push(
          routineCase(
            `${combiner}${reverse ? " reverse" : ""} [${shape}]`,
            "scan",
            { combiner, reverse },
            [dense(dtype, shape)],
            dtype,
            shape,
            [x],
          ),
        );
      }
    }
    const columns = strided(
      dtype,
      sizeOf(shape) * 2,
      shape,
      dense(dtype, shape).layout.strides.map((s) => s * 2),
      1,
    );
    cases.push(
      routineCase(
        `sum [${shape}] of every second`,
        "scan",
        { combiner: "sum", reverse: false },
        [columns],
        dtype,
        shape,
      ),
    );
  }
  return cases;
}

function foldCases(dtype: DType): ConformanceCase[] {
  return [[10, 3, 1, 1], [10, 2, 2, 1], [11, 3, 2, 2], [64, 5, 3, 1], [9, 9, 1, 1], [7, 1, 3, 1]].flatMap(
    ([size, k, stride, dilation]) => {
      const windows = Math.floor((size - dilation * (k - 1) - 1) / stride) + 1;
      const swapped = strided(dtype, 3 * windows * k, [3, windows, k], [windows * k, 1, windows]);
      return [dense(dtype, [windows, k]), swapped].map((g) =>
        routineCase(
          `[${g.layout.shape}] to ${size} stride ${stride} dilation ${dilation}`,
          "fold",
          { size, stride, dilation },
          [g],
          dtype,
          [...g.layout.shape.slice(0, -2), size],
        )
      );
    },
  );
}

/** The routines, with several attributes, shapes and dtypes. */
export function routineCases(): ConformanceCase[] {
  const some: DType[] = ["float32", "float64", "float16", "bfloat16", "int64", "int32"];
  return [
    ...convs.flatMap((spec) => convCases("float32", spec)),
    ...floats.filter((d) => d !== "float32").flatMap((dtype) =>
      convs.slice(1, 4).flatMap((spec) => convCases(dtype, spec))
    ),
    ...[...some, "uint8" as const, "bool" as const].flatMap(indexingCases),
    ...[...some, "int8" as const, "bool" as const].flatMap(sortCases),
    ...some.flatMap(scanCases),
    ...(["float32", "float64", "int64", "bfloat16"] as const).flatMap(foldCases),
  ];
}
