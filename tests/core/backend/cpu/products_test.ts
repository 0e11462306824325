/**
 * Matrix products of float32 on the CPU are PyTorch's to the bit, small ones in the order of OpenBLAS's kernels for small matrices
 * (fixtures/products.py).
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import { add, bmm, dot, full, manualSeed, mm, randn, type Tensor } from "../../../../core/mod.ts";

interface Case {
  readonly kind: "linear" | "mm" | "transposed" | "bmm";
  readonly shape: [number, number, number];
  /** Of the first 300 elements. */
  readonly bits: number[];
}

const fixture = new URL("../../../fixtures/products.json", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(await Deno.readTextFile(fixture));

const normal = (...shape: number[]) => randn(shape, { device: "cpu" });

const product: Record<Case["kind"], (m: number, k: number, n: number) => Tensor> = {
  linear: (m, k, n) => {
    const x = normal(m, k), weight = normal(n, k);
    return add(mm(x, weight.t()), normal(n));
  },
  mm: (m, k, n) => mm(normal(m, k), normal(k, n)),
  transposed: (m, k, n) => {
    const a = normal(k, m);
    return mm(a.t(), normal(k, n));
  },
  bmm: (m, k, n) => bmm(normal(3, m, k), normal(3, k, n)),
};

for (const { kind, shape: [m, k, n], bits } of cases) {
  Deno.test(`products: ${kind} of [${m}, ${k}] and [${k}, ${n}] has PyTorch's bits`, () => {
    manualSeed(m * k + n);
    const result = Float32Array.from(product[kind](m, k, n).toTypedArray() as Float32Array);
    assertEquals([...new Int32Array(result.buffer)].slice(0, bits.length), bits);
  });
}

Deno.test("products: a long dot product is summed in blocks", () => {
  // The plain sum of equal squares that are no short binary fractions drifts with its length.
  const n = 2 ** 18, x = full([n], Math.fround(0.1), { device: "cpu" });
  const exact = n * Math.fround(0.1) ** 2;
  assertLess(Math.abs(dot(x, x).item() - exact) / exact, 32 * 2 ** -24);
});
