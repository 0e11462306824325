/**
 * Conformance cases of loops that fold: every combiner over shapes, views and dtypes, and row programs such as softmax.
 *
 * @module
 */
import { type DType, dtypes, type HostArray, isFloat } from "../../../core/dtype.ts";
import type { Combiner, Guard } from "../../../core/kernel/ir.ts";
import { sizeOf, stridesOf } from "../../../core/shape.ts";
import { affine, hostOf, KernelBuilder } from "./build.ts";
import { type ConformanceCase, exactly, numerically, type Tolerance } from "./conformance_case.ts";
import { floatLimits, indices, small, spread, uniform } from "./conformance_values.ts";

const near = (ulps: number, absolute: number): Tolerance => ({ ...numerically, ulps, absolute });

const combiners: readonly Combiner[] = ["sum", "prod", "max", "min", "argmax", "argmin"];

/** Loops and the layout of the operand over them. */
const folds: readonly { outer: number[]; inner: number[]; strides?: number[] }[] = [
  { outer: [], inner: [1] },
  { outer: [], inner: [100_003] },
  { outer: [7], inner: [13] },
  { outer: [1009], inner: [3] },
  { outer: [3], inner: [1025] },
  { outer: [257], inner: [31], strides: [1, 257] },
  { outer: [5, 7], inner: [4, 6], strides: [168, 1, 42, 7] },
  { outer: [2, 3], inner: [5, 4, 3], strides: [60, 120, 12, 3, 1] },
  { outer: [64], inner: [64] },
];

function reduceCase(
  combiner: Combiner,
  dtype: DType,
  fold: typeof folds[number],
  what: string,
  x: HostArray,
  tolerance: Tolerance,
): ConformanceCase {
  const k = new KernelBuilder(fold.outer, fold.inner);
  const at = fold.strides === undefined ? k.contiguous : affine(0, ...fold.strides);
  const positional = combiner === "argmax" || combiner === "argmin";
  const wide = (dtype === "float16" || dtype === "bfloat16") && !positional;
  const folded = k.reduce(
    combiner,
    k.load(dtype, x.length, at),
    positional ? "int64" : wide ? "float32" : dtype,
  );
  const plan = k.store(wide ? k.cast(dtype, folded) : folded, sizeOf(fold.outer), k.perOuter).plan(combiner);
  return {
    name: `${combiner} ${dtype} [${fold.outer}] x [${fold.inner}]${
      fold.strides === undefined ? "" : ` by ${fold.strides}`
    }${what}`,
    plan,
    inputs: [x],
    tolerance,
  };
}

/** Signs and powers of two, so that products are exact, and no longer than what stays in range. */
function factors(dtype: DType, count: number): HostArray {
  const next = uniform(13);
  const values = isFloat(dtype)
    ? [1, -1, 1, -1, 2, 0.5]
    : dtype === "bool"
    ? [1, 1, 1, 0]
    : dtype === "uint8"
    ? [1, 3, 5]
    : [1, -1, 3, -5];
  let balance = 0;
  return hostOf(
    dtype,
    Array.from({ length: count }, () => {
      let v = values[Math.floor(next() * values.length)];
      // Powers of two cancel, so that no order of multiplying overflows.
      if (isFloat(dtype) && Math.abs(v) !== 1) v = balance++ % 2 === 0 ? 2 : 0.5;
      return v;
    }),
  );
}

function reduceCases(): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  for (const dtype of dtypes) {
    for (const combiner of combiners) {
      for (
        const fold of dtype === "float32" || dtype === "int64"
          ? folds
          : folds.filter((_, i) => i === 1 || i === 2 || i === 6)
      ) {
        const count = sizeOf(fold.outer) * sizeOf(fold.inner);
        const x = combiner === "prod" ? factors(dtype, count) : small(dtype, count, 14);
        cases.push(reduceCase(combiner, dtype, fold, "", x, numerically));
      }
      if (!isFloat(dtype)) continue;
      // NaN and infinities at both ends; long enough to pass through every unrolled path.
      const marks = new Map([
        [0, NaN],
        [25, NaN],
        [27, Infinity],
        [40, -Infinity],
        [64, Infinity],
        [53, -Infinity],
        [54, Infinity],
        [70, NaN],
        [77, NaN],
      ]);
      const special = hostOf(dtype, Array.from({ length: 91 }, (_, i) => marks.get(i) ?? i % 5));
      if (combiner !== "prod") {
        cases.push(
          reduceCase(
            combiner,
            dtype,
            { outer: [7], inner: [13] },
            " with NaN and infinities",
            special,
            numerically,
          ),
        );
      }
    }
  }
  // Sums whose error must stay small however long they are.
  for (const dtype of ["float32", "float64"] as const) {
    const x = hostOf(dtype, Array.from({ length: 1_000_003 }, (_, i) => 0.1 + (i % 7) * 1e-3));
    cases.push(reduceCase("sum", dtype, { outer: [], inner: [x.length] }, " of tenths", x, near(8, 0)));
    const y = spread(dtype, 24 * 1000, 16, 2);
    const tolerance = near(4, 2 ** (4 - floatLimits(dtype).bits) * 1e4);
    cases.push(reduceCase("sum", dtype, { outer: [24], inner: [1000] }, " of random numbers", y, tolerance));
    cases.push(
      reduceCase(
        "sum",
        dtype,
        { outer: [24], inner: [1000], strides: [1, 24] },
        " of random numbers",
        y,
        tolerance,
      ),
    );
  }
  // An empty inner space gives the identity.
  for (const combiner of ["sum", "prod", "max", "min"] as const) {
    for (const dtype of ["float32", "int32"] as const) {
      const k = new KernelBuilder([3], [2, 0]);
      const plan = k.store(k.reduce(combiner, k.load(dtype, 1)), 3, k.perOuter).plan(combiner);
      cases.push({
        name: `${combiner} ${dtype} of nothing`,
        plan,
        inputs: [hostOf(dtype, [1])],
        tolerance: exactly,
      });
    }
  }
  return cases;
}

/** Programs over rows of `x`, each a few stages. */
const rowPrograms: Readonly<Record<string, (k: KernelBuilder, dtype: DType, count: number) => void>> = {
  softmax: (k, dtype, count) => {
    const x = k.load(dtype, count);
    const e = k.apply("exp", k.apply("sub", x, k.reduce("max", x)));
    k.store(k.apply("div", e, k.reduce("sum", e)), count);
  },
  "log softmax": (k, dtype, count) => {
    const x = k.load(dtype, count);
    const shifted = k.apply("sub", x, k.reduce("max", x));
    k.store(k.apply("sub", shifted, k.apply("log", k.reduce("sum", k.apply("exp", shifted)))), count);
  },
  "layer norm": (k, dtype, count) => {
    const n = k.constant(dtype, sizeOf(k.inner)), x = k.load(dtype, count);
    const mean = k.apply("div", k.reduce("sum", x), n), distance = k.apply("sub", x, mean);
    const variance = k.apply("div", k.reduce("sum", k.apply("mul", distance, distance)), n);
    const scale = k.apply("rsqrt", k.apply("add", variance, k.constant(dtype, 1e-5)));
    const perColumn = affine(0, ...k.outer.map(() => 0), ...stridesOf(k.inner));
    const weight = k.load(dtype, sizeOf(k.inner), perColumn);
    k.store(k.apply("mul", k.apply("mul", distance, scale), weight), count);
    k.store(mean, sizeOf(k.outer), k.perOuter);
    k.store(scale, sizeOf(k.outer), k.perOuter);
  },
  "negative log likelihood": (k, dtype, count) => {
    const x = k.load(dtype, count), target = k.load("int64", sizeOf(k.outer), k.perOuter);
    const position = k.index("int64", affine(0, ...k.outer.map(() => 0), ...stridesOf(k.inner)));
    const picked = k.apply("where", k.apply("eq", position, target), x, k.constant(dtype, 0));
    const top = k.reduce("max", x);
    const total = k.reduce("sum", k.apply("exp", k.apply("sub", x, top)));
    k.store(
      k.apply("sub", k.apply("add", k.apply("log", total), top), k.reduce("sum", picked)),
      sizeOf(k.outer),
      k.perOuter,
    );
  },
  "several folds at once": (k, dtype, count) => {
    const x = k.load(dtype, count), rows = sizeOf(k.outer);
    k.store(k.apply("sub", k.reduce("max", x), k.reduce("min", x)), rows, k.perOuter);
    k.store(k.reduce("argmax", k.apply("abs", x), "int64"), rows, k.perOuter);
    k.store(k.apply("gt", x, k.constant(dtype, 0.5)), count);
    k.store(k.reduce("sum", k.cast("int64", k.apply("gt", x, k.constant(dtype, 0.5)))), rows, k.perOuter);
    // An outer value, folded and stored at every inner point.
    const scale = k.load(dtype, rows, k.perOuter);
    k.store(scale, count);
    k.store(k.reduce("sum", scale), rows, k.perOuter);
  },
};

function rowCases(): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  for (const [name, program] of Object.entries(rowPrograms)) {
    for (const dtype of ["float32", "float64"] as const) {
      for (
        const [outer, inner] of [[[5], [10]], [[3], [1000]], [[2, 3], [7, 19]], [[1], [5000]], [[700], [2]]]
      ) {
        const k = new KernelBuilder(outer, inner), count = sizeOf(outer) * sizeOf(inner);
        program(k, dtype, count);
        const inputs = k.inputs.map((i, n) =>
          i.dtype === "int64" ? indices(sizeOf(inner), i.count, 17) : small(i.dtype, i.count, 18 + n)
        );
        cases.push({
          name: `${name} ${dtype} [${outer}] x [${inner}]`,
          plan: k.plan(name),
          inputs,
          tolerance: near(16, 2 ** (4 - floatLimits(dtype).bits)),
        });
      }
    }
  }
  // Max pooling: a padded window, where the padding counts as the lowest value.
  const window: Guard = { at: affine(-1, 2, 1), low: 0, high: 20 };
  const pool = new KernelBuilder([10], [3]);
  const x = pool.load("float32", 20, window.at, [window]);
  const masked = pool.apply("where", pool.inside([window]), x, pool.constant("float32", -Infinity));
  pool.store(pool.reduce("max", masked), 10, pool.perOuter).store(
    pool.reduce("argmax", masked, "int64"),
    10,
    pool.perOuter,
  );
  cases.push({
    name: "max pooling with padding",
    plan: pool.plan("max pool"),
    inputs: [hostOf("float32", Array.from({ length: 20 }, (_, i) => -((i * 7) % 5) - 1))],
    tolerance: exactly,
  });
  return cases;
}

/** Every fold. */
export function foldCases(): ConformanceCase[] {
  return [...reduceCases(), ...rowCases()];
}
