/**
 * The accuracy of the vector functions on float32: the bounds that loop/math_f32.ts states, over the whole range of floats and densely where
 * the functions bend, with relaxed SIMD and without. The wanted values are JavaScript's, in float64.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { erf } from "../../../../core/backend/reference/special.ts";
import type { UnaryFn } from "../../../../core/kernel/scalar.ts";
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
