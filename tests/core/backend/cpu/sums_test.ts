/**
 * Sums and means of float32 on the CPU are PyTorch's to the bit, up to the length that PyTorch sums in one thread
 * (fixtures/sums.py). Lengths 5 to 7 are left out: the order differs there.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { manualSeed, randn, type Tensor } from "../../../../core/mod.ts";

interface Case {
  readonly length: number;
  readonly sum: number[];
  readonly absolute: number[];
  readonly mean: number[];
  readonly centered: number[];
  readonly rows: number[];
  /** Null where PyTorch uses several threads if it has them. */
  readonly all: number[] | null;
}

interface Broadcast {
  readonly shape: [number, number];
  readonly mean: number[];
  readonly centered: number[];
}

interface Ragged {
  readonly shape: [number, number];
  readonly sum: number[];
  readonly absolute: number[];
}

interface Columns {
  readonly shape: [number, number];
  readonly sum: number[];
  readonly mean: number[];
}

interface Fixture {
  readonly cases: Case[];
  readonly broadcast: Broadcast[];
  readonly ragged: Ragged[];
  readonly columns: Columns[];
}

const fixture = new URL("../../../fixtures/sums.json", import.meta.url);
const { cases, broadcast, ragged, columns }: Fixture = JSON.parse(await Deno.readTextFile(fixture));

function bits(x: Tensor): number[] {
  return [...new Int32Array(Float32Array.from(x.toTypedArray() as Float32Array).buffer)];
}

Deno.test("sums: one run of elements, alone, in an expression, in rows, as a mean", () => {
  for (const { length, sum, absolute, mean, centered, rows, all } of cases) {
    manualSeed(length);
    const x = randn([length], { device: "cpu" }), matrix = randn([3, length], { device: "cpu" });
    const where = `length ${length}`;
    assertEquals(bits(x.sum()), sum, where);
    assertEquals(bits(x.abs().sum()), absolute, where);
    assertEquals(bits(x.mean()), mean, where);
    assertEquals(bits(x.sub(x.mean()).mean()), centered, where);
    assertEquals(bits(matrix.sum(1)), rows, where);
    if (all !== null) assertEquals(bits(matrix.mean()), all, where);
  }
});

Deno.test("sums: two loops, because a row is added to a matrix on the way", () => {
  for (const { shape: [rows, columns], mean, centered } of broadcast) {
    manualSeed(rows * columns);
    const matrix = randn([rows, columns], { device: "cpu" });
    const x = matrix.add(randn([columns], { device: "cpu" })), where = `${rows} by ${columns}`;
    assertEquals(bits(x.sub(x.mean()).mean()), centered, where);
    assertEquals(bits(x.mean()), mean, where);
  }
});

Deno.test("sums: two loops of which the inner one has no whole rounds", () => {
  for (const { shape: [rows, columns], sum, absolute } of ragged) {
    manualSeed(rows * columns);
    const matrix = randn([rows, columns], { device: "cpu" });
    const x = matrix.add(randn([columns], { device: "cpu" })), where = `${rows} by ${columns}`;
    assertEquals(bits(x.sum()), sum, where);
    assertEquals(bits(x.abs().div(2).sum()), absolute, where);
  }
});

Deno.test("sums: columns, several blocks of rows", () => {
  for (const { shape: [rows, count], sum, mean } of columns) {
    manualSeed(rows + count);
    const x = randn([rows, count], { device: "cpu" }), where = `${rows} by ${count}`;
    assertEquals(bits(x.sum(0)), sum, where);
    assertEquals(bits(x.mul(2).mean(0)), mean, where);
  }
});
