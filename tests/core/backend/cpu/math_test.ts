/**
 * The accuracy of the vector functions: the bounds that loop/math_f32.ts and its neighbours for float64 state, over the whole range of floats and densely where
 * the functions bend, with relaxed SIMD and without. The wanted values are JavaScript's, in float64, which are within 1 ULP themselves; special functions are compared with
 * the plain loops of the reference.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { digamma, erf, erfc, erfinv, lgamma } from "../../../../core/backend/reference/special.ts";
import type { BinaryFn, UnaryFn } from "../../../../core/kernel/scalar.ts";
import { KernelBuilder, runPlan } from "../build.ts";

const sigmoid = (x: number) => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));

/** The function in float64, and its bound in units in the last place. */
const functions: readonly (readonly [UnaryFn, (x: number) => number, number])[] = [
  ["exp", Math.exp, 1.5],
  ["exp2", (x) => 2 ** x, 1.5],
  ["expm1", Math.expm1, 2],
  ["log", Math.log, 1.5],
  ["log2", Math.log2, 2],
  ["log10", Math.log10, 2],
  ["log1p", Math.log1p, 2],
  ["sin", Math.sin, 1.6],
  ["cos", Math.cos, 1.6],
  ["tan", Math.tan, 3.5],
  ["tanh", Math.tanh, 6],
  ["sigmoid", sigmoid, 2.5],
  ["erf", erf, 6],
];

/** Those that float32 has no code of its own for: computed on float64, they are rounded once more. The bound is that of float64. */
const wide: readonly (readonly [UnaryFn, (x: number) => number, number])[] = [
  ["exp", Math.exp, 2],
  ["exp2", (x) => 2 ** x, 2],
  ["expm1", Math.expm1, 2],
  ["log", Math.log, 2],
  ["log2", Math.log2, 2],
  ["log10", Math.log10, 2],
  ["log1p", Math.log1p, 2],
  ["sin", Math.sin, 2],
  ["cos", Math.cos, 2],
  ["tan", Math.tan, 3],
  ["asin", Math.asin, 2.5],
  ["acos", Math.acos, 2.5],
  ["atan", Math.atan, 2],
  ["sinh", Math.sinh, 3],
  ["cosh", Math.cosh, 3],
  ["tanh", Math.tanh, 4],
  ["asinh", Math.asinh, 3],
  ["acosh", Math.acosh, 3],
  ["atanh", Math.atanh, 3],
  ["sigmoid", sigmoid, 3],
  ["erf", erf, 3],
  ["erfc", erfc, 8],
  ["erfinv", erfinv, 6],
];

/** Of two arguments; remainders and floored quotients are exact. */
const ofTwo: readonly (readonly [BinaryFn, (x: number, y: number) => number, number])[] = [
  ["atan2", Math.atan2, 2],
  ["hypot", Math.hypot, 3],
  ["fmod", (x, y) => x % y, 0],
];

/** Bit patterns all over the floats, subnormals, infinities and NaN among them; then even steps around zero and one. */
function samples(): Float32Array {
  const patterns = new Uint32Array(1 << 16);
  for (let i = 0; i < patterns.length; i++) patterns[i] = i * 65536 + (i * 40503 & 0xffff);
  const steps = (count: number, middle: number, width: number) =>
    Float32Array.from({ length: count }, (_, i) => middle + (i / count - 0.5) * width);
  const parts = [
    new Float32Array(patterns.buffer),
    steps(30_000, 0, 24),
    steps(30_000, 0, 210),
    steps(10_000, 1, 0.2),
    Float32Array.of(0, -0, Infinity, -Infinity, NaN, 2 ** -149, 2 ** 20 + 1, -(2 ** 127)),
  ];
  const all = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** The distance of float32 values in units in the last place of the wanted one, which may lie between two floats. */
function distance(got: number, want: number): number {
  const size = Math.max(Math.abs(want), 2 ** -126);
  return Math.abs(got - want) / 2 ** (Math.floor(Math.log2(size)) - 23);
}

for (const simd of ["relaxed", "plain"] as const) {
  Deno.test(`vector functions are as exact as stated, ${simd} SIMD`, () => {
    const backend = createCpuBackend({ threads: 1, ...(simd === "plain" ? { simd } : {}) });
    const x = samples();
    for (const [fn, exact, bound] of functions) {
      const k = new KernelBuilder([x.length]);
      const plan = k.store(k.apply(fn, k.load("float32", x.length)), x.length).plan(fn);
      const [y] = runPlan(backend, plan, [x]) as Float32Array[];
      for (let i = 0; i < x.length; i++) {
        const want = exact(x[i]), rounded = Math.fround(want);
        if (Number.isFinite(rounded) && Number.isFinite(y[i])) {
          assertLessOrEqual(distance(y[i], want), bound, `${fn}(${x[i]}) = ${y[i]}, not ${want}`);
          if (fn === "tanh" || fn === "erf" || fn === "sigmoid") assertLessOrEqual(Math.abs(y[i]), 1);
        } else assertEquals(y[i], rounded, `${fn}(${x[i]})`);
      }
    }
  });
}

Deno.test("exp does not depend on what is beside it in a vector", () => {
  const kinds = [1, -1.5, 88, 88.8, 100, 1e30, -88, -95.5, -103.9, -104.1, -1e9, Infinity, -Infinity, NaN, 0];
  const count = kinds.length, x = new Float32Array(4 * count * count);
  for (let i = 0; i < x.length; i++) {
    x[i] = kinds[(i % 4 === 3 ? Math.floor(i / 4 / count) : Math.floor(i / 4)) % count];
  }
  const backend = createCpuBackend({ threads: 1 });
  const exp = (x: Float32Array) => {
    const k = new KernelBuilder([x.length]);
    const plan = k.store(k.apply("exp", k.load("float32", x.length)), x.length).plan("exp");
    return runPlan(backend, plan, [x])[0] as Float32Array;
  };
  const alone = new Map(kinds.map((kind) => [kind, exp(Float32Array.of(kind))[0]]));
  assertEquals(
    [...exp(x)],
    Array.from(x, (_, i) => alone.get(kinds.find((kind) => Object.is(Math.fround(kind), x[i]))!)),
  );
});

Deno.test("vector functions keep the sign of zero and reach 1 exactly", () => {
  const x = Float32Array.of(0, -0, 20, -20, 1e30, -1e30);
  const backend = createCpuBackend({ threads: 1 });
  for (const fn of ["tanh", "erf"] as const) {
    const k = new KernelBuilder([6]);
    const [y] = runPlan(backend, k.store(k.apply(fn, k.load("float32", 6)), 6).plan(fn), [x]);
    assertEquals([...y as Float32Array], [0, -0, 1, -1, 1, -1]);
    assert(Object.is(y[1], -0));
  }
});

Deno.test("pow is right within 0.51 units in the last place", () => {
  const bases = [0.1, 0.5, 0.999, 1.001, 1.5, 2, 3, 10, 1e5, 1e-20, 1e30];
  const powers = [-3, -2.5, -1, -0.3, 0.1, 0.25, 1, 1.5, 2.7, 3, 7];
  const x = Float32Array.from(bases.flatMap((b) => powers.map(() => b)));
  const y = Float32Array.from(bases.flatMap(() => powers)), n = x.length;
  const k = new KernelBuilder([n]);
  const plan = k.store(k.apply("pow", k.load("float32", n), k.load("float32", n)), n).plan("pow");
  const [z] = runPlan(createCpuBackend({ threads: 1 }), plan, [x, y]) as Float32Array[];
  for (let i = 0; i < n; i++) {
    const want = x[i] ** y[i];
    if (Math.fround(want) === Infinity) assertEquals(z[i], Infinity);
    else assertLessOrEqual(distance(z[i], want), 0.51, `${x[i]} ** ${y[i]} = ${z[i]}, not ${want}`);
  }
});

/** Numbers of all magnitudes, densely around zero and one, and what is special. */
function samples64(): Float64Array {
  const steps = (count: number, width: number) =>
    Array.from({ length: count }, (_, i) => (i / count - 0.5) * width + 1e-7);
  const powers = Array.from(
    { length: 4000 },
    (_, i) => (i % 2 === 0 ? 1 : -1) * 2 ** ((i - 2000) / 2) * (1 + i / 5e3),
  );
  const edges = [
    7 / 16,
    11 / 16,
    19 / 16,
    39 / 16,
    0.5,
    1,
    1.5,
    2,
    12,
    22,
    28,
    709.7,
    710.3,
    710.6,
    745.2,
    1023.5,
    1024,
    1074.5,
  ];
  const special = [
    0,
    2 ** -1074,
    2 ** -1022,
    2 ** 19,
    2 ** 20,
    1e22,
    2 ** 1023,
    Infinity,
    1 - 2 ** -53,
    Math.PI,
    1e5 * Math.PI,
  ];
  return Float64Array.from([
    ...steps(6000, 2.4),
    ...steps(6000, 60),
    ...steps(4000, 1500),
    ...powers,
    ...[...edges, ...special].flatMap((x) => [x, -x]),
    NaN,
  ]);
}

/** The distance of float64 values in units in the last place of the wanted one. */
function distance64(got: number, want: number): number {
  const size = Math.max(Math.abs(want), 2 ** -1022);
  return Math.abs(got - want) / 2 ** (Math.floor(Math.log2(size)) - 52);
}

for (const simd of ["relaxed", "plain"] as const) {
  Deno.test(`functions on float64 are as exact as stated, and float32 by way of it, ${simd} SIMD`, () => {
    const backend = createCpuBackend({ threads: 1, ...(simd === "plain" ? { simd } : {}) });
    const x = samples64(), narrow = Float32Array.from(x), own = new Set<string>(functions.map(([fn]) => fn));
    const check = (what: string, got: number, want: number, far: number, bound: number) => {
      if (Number.isFinite(want) && Number.isFinite(got) && want !== 0) {
        assertLessOrEqual(far, bound, `${what} = ${got}, not ${want}`);
      } else assertEquals(got, want, what);
    };
    for (const [fn, exact, bound] of wide) {
      const run = (dtype: "float32" | "float64", values: Float32Array | Float64Array) => {
        const k = new KernelBuilder([x.length]);
        const plan = k.store(k.apply(fn, k.load(dtype, x.length)), x.length).plan(fn);
        return runPlan(backend, plan, [values as Float64Array<ArrayBuffer>])[0] as Float64Array;
      };
      const y = run("float64", x), z = own.has(fn) ? null : run("float32", narrow);
      for (let i = 0; i < x.length; i++) {
        const want = exact(x[i]);
        check(`${fn}(${x[i]})`, y[i], want, distance64(y[i], want), bound);
        if (z === null) continue;
        const near = exact(narrow[i]), rounded = Math.fround(near);
        const far = rounded === 0 ? 0 : distance(z[i], near);
        check(`${fn}(${narrow[i]}) of float32`, z[i], rounded, far, 0.51);
      }
    }
    const turned = x.toReversed();
    for (const [fn, exact, bound] of ofTwo) {
      const k = new KernelBuilder([x.length]);
      const value = k.apply(fn, k.load("float64", x.length), k.load("float64", x.length));
      const [y] = runPlan(backend, k.store(value, x.length).plan(fn), [x, turned]) as Float64Array[];
      for (let i = 0; i < x.length; i++) {
        const want = exact(x[i], turned[i]), what = `${fn}(${x[i]}, ${turned[i]})`;
        // JavaScript's angle of numbers that are too far apart has lost the sign of zero.
        if (want === 0 && y[i] === 0 && fn === "atan2") continue;
        check(what, y[i], want, distance64(y[i], want), bound);
      }
    }
  });
}

Deno.test("lgamma and digamma on float64 are those of the reference, up to rounding", () => {
  const backend = createCpuBackend({ threads: 1 });
  const x = Float64Array.from({ length: 4000 }, (_, i) => (i - 1500) / 71 + 1e-5);
  for (const [fn, exact] of [["lgamma", lgamma], ["digamma", digamma]] as const) {
    const k = new KernelBuilder([x.length]);
    const plan = k.store(k.apply(fn, k.load("float64", x.length)), x.length).plan(fn);
    const [y] = runPlan(backend, plan, [x]) as Float64Array[];
    // Around their zeros the terms that cancel are of the size of one.
    for (let i = 0; i < x.length; i++) {
      const want = exact(x[i]), bound = 2 ** -49 * Math.max(1, Math.abs(want));
      assertLessOrEqual(Math.abs(y[i] - want), bound, `${fn}(${x[i]}) = ${y[i]}, not ${want}`);
    }
  }
});

Deno.test("angles do not depend on what is beside them in a vector", () => {
  const backend = createCpuBackend({ threads: 1 }),
    angles = Array.from({ length: 200 }, (_, i) => i * 1.37 - 90);
  for (const dtype of ["float32", "float64"] as const) {
    const array = (values: number[]) =>
      dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
    for (const fn of ["sin", "cos", "tan"] as const) {
      const run = (values: number[]) => {
        const k = new KernelBuilder([values.length]);
        const plan = k.store(k.apply(fn, k.load(dtype, values.length)), values.length).plan(fn);
        return [...runPlan(backend, plan, [array(values)])[0]] as number[];
      };
      const beside = run(angles.flatMap((x) => [x, 1e10, x, Infinity]));
      assertEquals(beside.filter((_, i) => i % 4 === 0), run(angles), `${fn} of ${dtype}`);
    }
  }
});
