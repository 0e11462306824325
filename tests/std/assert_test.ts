/**
 * The adapter keeps @std/assert's rules; each line here also holds when the import map points at `jsr:@std/assert@1`.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  AssertionError,
  assertIsError,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
  equal,
} from "@std/assert";

Deno.test("equal is deep, with NaN equal to itself and 0 equal to -0", () => {
  assert(equal([1, { a: [NaN, 0] }], [1, { a: [NaN, -0] }]));
  assert(equal(new Float32Array([1, NaN]), new Float32Array([1, NaN])));
  assert(equal(new Map([["a", [1]]]), new Map([["a", [1]]])));
  assert(equal(new Set([[1], [2]]), new Set([[2], [1]])));
  assert(!equal(new Float32Array([1]), new Float64Array([1])));
  assert(!equal([1, 2], [1, 2, 3]));
  assert(!equal({ a: 1, b: undefined }, { a: 1 }));
  assert(!equal(1, 1n));
  const loop: { self?: unknown } = {}, other: { self?: unknown } = {};
  loop.self = loop;
  other.self = other;
  assert(equal(loop, other));
});

Deno.test("assertAlmostEquals takes one part in 1e7 by default", () => {
  assertAlmostEquals(1 + 0.9e-7, 1);
  assertAlmostEquals(Infinity, Infinity);
  assertThrows(() => assertAlmostEquals(1 + 1.1e-7, 1), AssertionError, "to be close to");
  assertThrows(() => assertAlmostEquals(NaN, 1), AssertionError);
  assertAlmostEquals(NaN, NaN);
});

Deno.test("assertThrows checks that it threw, the class and the text", async () => {
  assertThrows(() => assertThrows(() => 1), AssertionError, "Expected function to throw");
  const boom = () => {
    throw new RangeError("out of range");
  };
  assertIsError(assertThrows(boom, RangeError, "of range"), RangeError, /^out/);
  assertThrows(() => assertThrows(boom, TypeError), AssertionError, "instance of");
  assertThrows(() => assertThrows(boom, RangeError, "within"), AssertionError, "to include");
  await assertRejects(() => Promise.reject(new TypeError("no")), TypeError, "no");
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError, "to reject");
});

Deno.test("the other comparisons", () => {
  assertThrows(() => assertStrictEquals(0, -0), AssertionError);
  assertThrows(() => assertNotEquals([0], [-0]), AssertionError);
  assertThrows(() => assertEquals([1], [2], "why"), AssertionError, "why");
  assertArrayIncludes([[1], [2], [3]], [[3]]);
  assertObjectMatch({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } });
  assertThrows(() => assertObjectMatch({ a: 1 }, { a: 2 }), AssertionError);
});
