/** Signatures are exact, and the cache of plans keeps those that are used. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { PlanCache, Signature } from "../../../core/graph/signature.ts";

function row(...values: unknown[]): Int32Array {
  const signature = new Signature();
  for (const value of values) signature.pushValue(value);
  return signature.copy();
}

const atom = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.constantFrom(
    -0,
    NaN,
    Infinity,
    2 ** 31,
    2 ** 53,
    1e-320,
    "sum",
    "max",
    true,
    false,
    undefined,
    0n,
    1n,
    -1n,
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const attribute = fc.oneof(atom, fc.array(atom, { maxLength: 4 }));

/** Equal as attributes are: NaN is itself, -0 is not 0, 1n is not 1. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => same(x, b[i]));
  return Object.is(a, b);
}

Deno.test("rows are equal exactly when the attributes are", () => {
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 4 }), fc.array(attribute, { maxLength: 4 }), (a, b) => {
      assertEquals(row(...a), row(...a));
      if (same(a, b)) assertEquals(row(...a), row(...b));
      else assertNotEquals(row(...a), row(...b));
    }),
    { numRuns: 2000, seed: 5 },
  );
});

Deno.test("what looks alike is told apart", () => {
  const rows = [
    [0],
    [-0],
    [0n],
    [false],
    [undefined],
    [[]],
    [[0]],
    [[-0]],
    [[[0]]],
    [0, 0],
    [[0, 0]],
    [NaN],
    ["0"],
    [1],
    [true],
  ];
  const texts = rows.map((values) => row(...values).join());
  assertEquals(new Set(texts).size, texts.length);
});

Deno.test("a signature grows as far as it has to, and is written anew after clear", () => {
  const signature = new Signature();
  for (let i = 0; i < 5000; i++) signature.push(i);
  const stored = signature.copy();
  assert(signature.equals(stored) && stored[4999] === 4999);
  signature.clear();
  signature.push(7);
  assert(!signature.equals(stored) && signature.copy().length === 1);
});

Deno.test("a plan is made once; beyond the limit the unused go, and are told", () => {
  const dropped: number[] = [];
  const cache = new PlanCache<number>(3, (plan) => dropped.push(plan));
  let made = 0;
  const find = (n: number) => {
    const signature = new Signature();
    signature.push(n);
    return cache.find(signature, () => (made++, n));
  };
  for (const n of [1, 2, 3, 1, 2, 3]) assertEquals(find(n), n);
  assertEquals([made, dropped], [3, []]);
  // Nothing that is looked up again and again goes, however many others come.
  for (let n = 10; n < 40; n++) {
    find(1);
    find(n);
  }
  assertEquals(cache.size, 3);
  assert(!dropped.includes(1), `${dropped}`);
  assertEquals([made, dropped.slice(0, 3)], [33, [2, 3, 10]]);
});
