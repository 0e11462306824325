/**
 * Conformance cases of loops that do not fold: views and guards, long chains, and plans of several steps. Folds are in conformance_folds.ts.
 *
 * @module
 */
import { type DType, dtypes, isFloat } from "../../../core/dtype.ts";
import type { Affine, Guard } from "../../../core/kernel/ir.ts";
import type { Plan } from "../../../core/kernel/plan.ts";
import { sizeOf } from "../../../core/shape.ts";
import { affine, hostOf, KernelBuilder, slot } from "./build.ts";
import { type ConformanceCase, exactly, numerically } from "./conformance_case.ts";
import { small, spread } from "./conformance_values.ts";

interface View {
  readonly name: string;
  readonly loops: readonly number[];
  readonly count: number;
  readonly at: Affine;
  readonly guards?: readonly Guard[];
}

const views: readonly View[] = [
  { name: "transposed", loops: [37, 53], count: 37 * 53, at: affine(0, 1, 37) },
  { name: "row broadcast", loops: [13, 17], count: 17, at: affine(0, 0, 1) },
  { name: "column broadcast", loops: [13, 17], count: 13, at: affine(0, 1, 0) },
  { name: "one element", loops: [1031], count: 3, at: affine(2, 0) },
  { name: "reversed", loops: [1031], count: 1031, at: affine(1030, -1) },
  { name: "every third", loops: [5, 67], count: 1100, at: affine(1, 220, 3) },
  { name: "windows", loops: [20, 3], count: 41, at: affine(0, 2, 1) },
  { name: "permuted in 4 dimensions", loops: [3, 5, 2, 7], count: 210, at: affine(0, 1, 6, 3, 30) },
  { name: "in 6 dimensions", loops: [2, 3, 1, 2, 3, 5], count: 180, at: affine(4, 90, 15, 7, 45, 5, -1) },
  { name: "no loops", loops: [], count: 3, at: affine(1) },
  {
    name: "padded",
    loops: [11, 19],
    count: 7 * 13,
    at: affine(-2 * 13 - 3, 13, 1),
    guards: [{ at: affine(-2, 1, 0), low: 0, high: 7 }, { at: affine(-3, 0, 1), low: 0, high: 13 }],
  },
  {
    name: "dilated by guards",
    loops: [23],
    count: 40,
    at: affine(-5, 2),
    guards: [{ at: affine(-5, 2), low: 0, high: 40 }, { at: affine(0, 1), low: 3, high: 20 }],
  },
  {
    name: "never inside",
    loops: [9],
    count: 4,
    at: affine(100, 1),
    guards: [{ at: affine(100, 1), low: 0, high: 4 }],
  },
];

function viewCases(dtype: DType): ConformanceCase[] {
  return views.map(({ name, loops, count, at, guards }) => {
    const k = new KernelBuilder(loops);
    const plan = k.store(k.load(dtype, count, at, guards), sizeOf(loops)).plan("view");
    return { name: `view ${name} ${dtype}`, plan, inputs: [spread(dtype, count, 11)], tolerance: exactly };
  });
}

function indexCases(): ConformanceCase[] {
  const store = new KernelBuilder([19, 31]);
  store.store(store.load("float32", 589), 589, affine(18, -1, 19));
  const positions = (dtype: "int32" | "int64") => {
    const k = new KernelBuilder([7, 11]);
    k.store(k.index(dtype, affine(-5, 3, -2)), 77);
    k.store(
      k.inside([{ at: affine(-5, 3, -2), low: -3, high: 9 }, { at: affine(0, 1, 1), low: 2, high: 12 }]),
      77,
    );
    return k.plan("index");
  };
  const constants = new KernelBuilder([5]);
  for (
    const [dtype, value] of [
      ["float32", -0],
      ["float32", NaN],
      ["float32", -Infinity],
      ["int32", -(2 ** 31)],
      ["bool", 1],
    ] as const
  ) {
    constants.store(constants.constant(dtype, value), 5);
  }
  const bigints = new KernelBuilder([5]);
  bigints.store(bigints.constant("int64", -(2n ** 62n) - 1n), 5);
  return [
    {
      name: "store transposed and reversed",
      plan: store.plan("store"),
      inputs: [spread("float32", 589, 12)],
      tolerance: exactly,
    },
    { name: "index int32", plan: positions("int32"), inputs: [], tolerance: exactly },
    { name: "index int64", plan: positions("int64"), inputs: [], tolerance: exactly },
    { name: "constants", plan: constants.plan("constants"), inputs: [], tolerance: exactly },
    { name: "constants int64", plan: bigints.plan("constants"), inputs: [], tolerance: exactly },
  ];
}

/** A long chain over several operands: activation functions, a comparison, a selection, a cast. */
function chainCases(): ConformanceCase[] {
  return [1, 3, 4, 1023, 100_001].map((n) => {
    const k = new KernelBuilder([n]);
    const x = k.load("float32", n), a = k.load("float32", 1, affine(0, 0)), counts = k.load("int32", n);
    const t = k.apply("tanh", k.apply("add", k.apply("mul", x, a), k.constant("float32", 0.25)));
    const y = k.apply("sub", k.apply("mul", t, k.apply("sigmoid", x)), k.apply("mul", x, x));
    const z = k.apply("where", k.apply("lt", x, k.cast("float32", counts)), y, k.apply("neg", x));
    k.store(z, n).store(k.cast("int32", k.apply("mul", x, k.constant("float32", 8))), n);
    return {
      name: `chain of ${n}`,
      plan: k.plan("chain"),
      inputs: [small("float32", n, 21), small("float32", 1, 22), small("int32", n, 23)],
      tolerance: { ...numerically, ulps: 4, absolute: 2 ** -22 },
    };
  });
}

/** Steps that hand values on through temporaries, the second one written in place of the first, the output in place of an input. */
function planCases(): ConformanceCase[] {
  const n = 1003;
  const binary = (fn: "add" | "mul") => {
    const k = new KernelBuilder([n]);
    return k.store(k.apply(fn, k.load("float32", n), k.load("float32", n)), n).kernel();
  };
  const step = (fn: "add" | "mul", inputs: number[], output: number) => ({
    kind: "loop" as const,
    kernel: binary(fn),
    inputs,
    outputs: [output],
    label: fn,
  });
  const plan: Plan = {
    slots: [
      { ...slot("input", "float32", n, 4), last: 3 },
      { ...slot("input", "float32", n, 4), last: 2 },
      { ...slot("temp", "float32", n), first: 0, last: 1 },
      { ...slot("temp", "float32", n), first: 1, last: 2, inPlaceOf: 2 },
      { ...slot("output", "float32", n), first: 2, last: 3 },
      { ...slot("output", "float32", n), first: 3, last: 3, inPlaceOf: 0 },
    ],
    steps: [step("add", [0, 1], 2), step("mul", [2, 2], 3), step("add", [3, 1], 4), step("mul", [0, 4], 5)],
  };
  return [{
    name: "temporaries and slots in place",
    plan,
    inputs: [small("float32", n, 24), small("float32", n, 25)],
    tolerance: exactly,
  }];
}

/** What compilers like to simplify, wrongly where x is infinite, NaN or zero: x * 0, x - x, x / x; and folding of constants that gives NaN. */
function simplificationCases(): ConformanceCase[] {
  const values = [0, -0, 1, -2.5, Infinity, -Infinity, NaN, 3, 1e30], n = values.length;
  return dtypes.filter(isFloat).map((dtype) => {
    const k = new KernelBuilder([n]);
    const x = k.load(dtype, n), zero = k.constant(dtype, 0);
    k.store(k.apply("mul", x, zero), n).store(k.apply("mul", k.constant(dtype, -0), x), n);
    k.store(k.apply("sub", x, x), n).store(k.apply("div", x, x), n);
    k.store(k.apply("div", zero, zero), n, k.contiguous);
    return {
      name: `simplifications ${dtype}`,
      plan: k.plan("simplifications"),
      inputs: [hostOf(dtype, values)],
      tolerance: exactly,
    };
  });
}

/** Two outputs: the first, a constant, takes the place of the input that the second one is made of. */
function overwritingCases(): ConformanceCase[] {
  return [3, 8, 1003].map((n) => {
    const k = new KernelBuilder([n]);
    const one = k.constant("float32", 1);
    k.load("float32", n);
    k.store(one, n).store(k.apply("mul", 1, k.constant("float32", 3)), n);
    const plan = k.plan("overwriting");
    return {
      name: `overwriting an input of ${n} that another output needs`,
      plan: { ...plan, slots: plan.slots.map((s, i) => i === 1 ? { ...s, inPlaceOf: 0 } : s) },
      inputs: [small("float32", n, 26)],
      tolerance: exactly,
    };
  });
}

/** Loads and tests that are in range for no point of the loop, or for all. */
function decidedCases(): ConformanceCase[] {
  const k = new KernelBuilder([4]);
  const guard = (offset: number, stride: number) => [{ at: affine(offset, stride), low: 0, high: 5 }];
  const never = k.load("float32", 5, affine(-1, 0), guard(-1, 0));
  const always = k.load("float32", 5, affine(1, 1), guard(1, 1));
  const some = k.load("float32", 5, affine(2, 1), guard(2, 1));
  k.store(k.apply("add", never, k.apply("add", always, some)), 4);
  k.store(k.inside(guard(9, 0)), 4, k.contiguous).store(k.inside(guard(0, 1)), 4, k.contiguous);
  return [{
    name: "guards that always or never hold",
    plan: k.plan("guards"),
    inputs: [27, 28, 29].map((seed) => small("float32", 5, seed)),
    tolerance: exactly,
  }];
}

/** Loops without folds, and plans of them. */
export function loopCases(): ConformanceCase[] {
  return [
    ...dtypes.flatMap(viewCases),
    ...indexCases(),
    ...chainCases(),
    ...planCases(),
    ...simplificationCases(),
    ...overwritingCases(),
    ...decidedCases(),
  ];
}
