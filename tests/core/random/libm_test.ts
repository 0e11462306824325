/**
 * The functions behind the distributions against the C library's bits (tests/fixtures/libm.py), with the machine's fused multiply-add and with
 * the one of plain arithmetic.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { erf, erff } from "../../../core/random/libm/erf.ts";
import { expf, fmaf, logf } from "../../../core/random/libm/float.ts";
import { isFused } from "../../../core/random/libm/fused.ts";
import { buildLibm, exp, fma, log } from "../../../core/random/libm/mod.ts";
import { fnv1a } from "./bytes.ts";

type Case = [name: string, low: number, high: number, count: number, hash: number, wrong: [number, number][]];

const cases: Case[] = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/libm.json", import.meta.url)),
);

const plain = buildLibm(false), machine = buildLibm(true);
const builds = isFused(machine.fma) ? { machine, plain } : { plain };

/** Each function, under the name of what stands behind it where there are two. */
const functions: [name: string, by: string, f: (x: number) => number][] = [
  ...Object.entries(builds).flatMap(([build, libm]) =>
    (["log", "exp", "sin", "cos", "tan"] as const).map((
      name,
    ): [string, string, (x: number) => number] => [name, build, libm[name]])
  ),
  ["erf", "machine", erf],
  ["logf", "machine", logf],
  ["expf", "machine", expf],
  ["erff", "machine", erff],
];

for (const [name, by, f] of functions) {
  for (const [, low, high, count, hash, wrong] of cases.filter((c) => c[0] === name)) {
    Deno.test(`${name} from ${low} to ${high} has the C library's bits (${by} multiply-add)`, () => {
      for (const [x, y] of wrong) assertEquals(f(x), y, `${name}(${x})`);
      const isSingle = name.endsWith("f") && name !== "erf",
        values = new (isSingle ? Float32Array : Float64Array)(count);
      for (let i = 0; i < count; i++) {
        const u = (Math.imul(i, 0x9e3779b1) >>> 0) / 2 ** 32, x = low + (high - low) * u;
        values[i] = f(isSingle ? Math.fround(x) : x);
      }
      assertEquals(fnv1a(new Uint8Array(values.buffer)), hash);
    });
  }
}

Deno.test("the fixture has values that are not the nearest doubles, of each function", () => {
  const wrong = new Set(cases.filter((c) => c[5].length > 0).map((c) => c[0]));
  assertEquals([...wrong].sort(), ["cos", "erf", "erff", "exp", "expf", "log", "logf", "sin", "tan"]);
});

Deno.test("log and exp outside the numbers that their algorithms are for", () => {
  assertEquals([0, -1, Infinity, NaN].map(log), [-Infinity, NaN, Infinity, NaN]);
  assertEquals([Infinity, 1e4, -1e4, -Infinity, NaN].map(exp), [Infinity, Infinity, 0, 0, NaN]);
  assertEquals([0, 2 ** -60, -(2 ** -53)].map(exp), [1, 1, 1 - 2 ** -53]);
});

for (const [build, libm] of Object.entries(builds)) {
  Deno.test(`fma rounds once (${build})`, () => {
    const e = 2 ** -52, { fma } = libm;
    // (1 + e)(1 - e) - 1 = -e^2, which a rounded product loses.
    assertEquals(fma(1 + e, 1 - e, -1), -(e * e));
    // 1 + e/2 is a tie that goes to 1; with e^2/2 more it is above the tie.
    assertEquals(fma(2 ** -53, 1 + e, 1), 1 + e);
    assertEquals(fma(2 ** -53, 1, 1), 1);
    assertEquals(fma(-3, 0.1, Infinity), Infinity);
    assertEquals(fma(1e300, 0.5, 1), 5e299);
    assert(Number.isNaN(fma(Infinity, 1, -Infinity)));
  });
}

Deno.test("fma from plain arithmetic is exact: against integers, for sums that cancel and sums that tie", () => {
  let state = 1;
  const next = (bits: number) => {
    let value = 0;
    for (let n = 0; n < bits; n++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      value = 2 * value + (state >>> 31);
    }
    return value - 2 ** (bits - 1);
  };
  for (let i = 0; i < 20000; i++) {
    const a = next(53), b = next(53 - i % 50), c = i % 3 === 0 ? -a * b : next(53) * 2 ** (i % 60);
    // All three are whole numbers, and bigints round to the nearest double.
    const exact = Number(BigInt(a) * BigInt(b) + BigInt(c));
    assertEquals(plain.fma(a, b, c), exact, `${a} * ${b} + ${c}`);
    assertEquals(fma(a, b, c), exact, `${a} * ${b} + ${c}`);
  }
});

Deno.test("fmaf rounds once, where a double's sum would be a tie", () => {
  const e = 2 ** -23, a = 1 + 2 ** -20, b = 2 ** -24 * (1 - 2 ** -20);
  // a b = e/2 (1 - 2^-40): 1 + e + a b is just below the tie 1 + 3e/2, which goes to 1 + 2e, and 1 + e - a b just above 1 + e/2, which goes to 1.
  assertEquals(fmaf(a, b, 1 + e), 1 + e);
  assertEquals(fmaf(-a, b, 1 + e), 1 + e);
  assertEquals(fmaf(1, e / 2, 1), 1);
  assertEquals(fmaf(1, e / 2, 1 + e), 1 + 2 * e);
});
