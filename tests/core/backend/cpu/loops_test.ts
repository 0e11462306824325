/**
 * Compiled loops beyond the conformance suite: sizes that are split among threads, cut to pieces or turned in tiles, and kernels put together at random.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { compileLoop } from "../../../../core/backend/cpu/loop/compile.ts";
import { detectFeatures } from "../../../../core/backend/cpu/wasm/features.ts";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import type { HostArray } from "../../../../core/dtype.ts";
import { kernelText, type LoopKernel } from "../../../../core/kernel/ir.ts";
import { affine, KernelBuilder, runPlan } from "../build.ts";
import { small, spread } from "../conformance_values.ts";
import { randomKernel } from "../random_kernel.ts";

const reference = createReferenceBackend();
const threads = [1, 2, 3].map((count) => createCpuBackend({ threads: count }));
const plain = createCpuBackend({ threads: 1, simd: "plain" });

/** The outputs on one thread, after checking that they are the same to the bit on several. */
function onThreads(k: KernelBuilder, inputs: readonly HostArray[]): HostArray[] {
  const [one, ...several] = threads.map((backend) => runPlan(backend, k.plan("test"), inputs));
  for (const other of several) assertEquals(other, one);
  return one;
}

Deno.test("loops: random kernels give the reference's values on any number of threads", () => {
  for (let seed = 1; seed <= 120; seed++) {
    const k = randomKernel(seed);
    const inputs = k.inputs.map((input, i) => small(input.dtype, input.count, seed * 7 + i));
    const want = runPlan(reference, k.plan("random"), inputs);
    const where = `seed ${seed}\n${kernelText(k.kernel())}`;
    for (const backend of [...threads, plain]) {
      assertEquals(runPlan(backend, k.plan("random"), inputs).map(numbers), want.map(numbers), where);
    }
  }
});

/** Elements with the sign of zero left out. */
function numbers(array: HostArray): (number | bigint)[] {
  return Array.from<number | bigint>(array).map((v) => v === 0 ? 0 : v);
}

Deno.test("loops: every second element is read, whatever the length", () => {
  for (const dtype of ["float32", "int32", "float64", "float16"] as const) {
    for (let n = 1; n <= 40; n++) {
      const k = new KernelBuilder([n]), x = small(dtype, 2 * n - 1, n);
      k.store(k.load(dtype, 2 * n - 1, affine(0, 2)), n);
      assertEquals([...runPlan(threads[0], k.plan("half"), [x])[0]], [...x].filter((_, i) => i % 2 === 0));
    }
  }
});

Deno.test("loops: a long float sum has the digits of an exact one, whatever the threads", () => {
  const n = 3_000_017, x = spread("float32", n, 1, 3) as Float32Array;
  const k = new KernelBuilder([], [n]);
  k.store(k.reduce("sum", k.load("float32", n)), 1, k.perOuter);
  const exact = x.reduce((sum, v) => sum + v, 0);
  const [[sum]] = onThreads(k, [x]) as Float32Array[];
  // Half a unit of the sum, and what blocks of 32 terms lose.
  const size = x.reduce((all, v) => all + Math.abs(v), 0);
  assertEquals(
    Math.abs(sum - exact) < Math.abs(exact) * 2 ** -24 + size * 2 ** -30,
    true,
    `${sum}, not ${exact}`,
  );
});

Deno.test("loops: several sweeps over few long rows are cut to pieces", () => {
  const rows = 3, columns = 200_003, count = rows * columns;
  const k = new KernelBuilder([rows], [columns]);
  const x = k.load("float32", count), n = k.constant("float32", columns);
  const centred = k.apply("sub", x, k.apply("div", k.reduce("sum", x), n));
  const variance = k.apply("div", k.reduce("sum", k.apply("mul", centred, centred)), n);
  k.store(k.apply("mul", centred, k.apply("rsqrt", variance)), count);
  k.store(variance, rows, k.perOuter).store(k.reduce("argmax", centred, "int64"), rows, k.perOuter);
  const inputs = [small("float32", count, 2)];
  const [scaled, variances, places] = onThreads(k, inputs);
  const [wanted, exact, first] = runPlan(reference, k.plan("rows"), inputs);
  assertEquals(places, first);
  const near = (a: HostArray, b: HostArray) => a.every((v, i) => Math.abs(Number(v) - Number(b[i])) < 2e-6);
  assertEquals([near(scaled, wanted), near(variances, exact)], [true, true]);
});

Deno.test("loops: transposing copies of every element size, whole tiles and edges", () => {
  for (const dtype of ["float32", "float64", "int16", "uint8", "bool"] as const) {
    for (const [rows, columns] of [[300, 257], [64, 64], [9, 1000], [1003, 11]]) {
      const count = rows * columns;
      const k = new KernelBuilder([2, rows, columns]);
      k.store(k.load(dtype, 2 * count, affine(0, count, 1, rows)), 2 * count);
      const inputs = [spread(dtype, 2 * count, 3)];
      assertEquals(
        onThreads(k, inputs),
        runPlan(reference, k.plan("copy"), inputs),
        `${dtype} ${rows}x${columns}`,
      );
    }
  }
});

/** Runs a kernel of one pass on float32 in a memory of its own, over the ranges between `cuts`. */
function runRanges(
  kernel: LoopKernel,
  x: Float32Array,
  outputs: number,
  cuts: readonly number[],
): Float32Array {
  const { bytes } = compileLoop(kernel, detectFeatures());
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const run = Object.values(exports)[0] as (
    start: number,
    end: number,
    args: number,
    scratch: number,
  ) => void;
  const input = 1 << 16, output = 1 << 21, table = 1 << 15, scratch = 3 << 20;
  new Float32Array(memory.buffer).set(x, input / 4);
  new Int32Array(memory.buffer).set([input, output], table / 4);
  for (let i = 1; i < cuts.length; i++) run(cuts[i - 1], cuts[i], table, scratch);
  return new Float32Array(memory.buffer).slice(output / 4, output / 4 + outputs);
}

Deno.test("loops: the points of a kernel may be taken in any ranges", () => {
  const rows = 37, columns = 53, count = rows * columns;
  const elementwise = new KernelBuilder([rows, columns]);
  const scaled = elementwise.apply(
    "mul",
    elementwise.load("float32", count),
    elementwise.constant("float32", 3),
  );
  elementwise.store(
    elementwise.apply("sub", scaled, elementwise.load("float32", count, affine(4, 53, 0))),
    count,
  );
  const folding = new KernelBuilder([rows], [columns]);
  const e = folding.apply("exp", folding.load("float32", count));
  folding.store(folding.apply("div", e, folding.reduce("sum", e)), count);
  const columnwise = new KernelBuilder([columns], [rows]);
  columnwise.store(
    columnwise.reduce("sum", columnwise.load("float32", count, affine(0, 1, 53))),
    columns,
    columnwise.perOuter,
  );
  const x = small("float32", count, 5) as Float32Array;
  for (
    const [k, points, outputs] of [[elementwise, count, count], [folding, rows, count], [
      columnwise,
      columns,
      columns,
    ]] as const
  ) {
    // Both loads of the first kernel read the same buffer.
    const kernel = {
      ...k.kernel(),
      inputs: ["float32" as const],
      code: k.code.map((i) => i.op === "load" ? { ...i, input: 0 } : i),
    };
    const whole = runRanges(kernel, x, outputs, [0, points]);
    assertEquals(runRanges(kernel, x, outputs, [0, 1, 3, 4, 11, 12, 25, points - 1, points]), whole);
  }
});

Deno.test("loops: kernels that no plan uses any more are given up, the oldest first", () => {
  const backend = createCpuBackend({ threads: 1 });
  const run = (summand: number) => {
    const k = new KernelBuilder([1]);
    k.store(k.apply("add", k.load("float32", 1), k.constant("float32", summand)), 1);
    return runPlan(backend, k.plan("add"), [Float32Array.of(1)])[0][0];
  };
  for (let i = 0; i < 2100; i++) assertEquals(run(i), i + 1);
  assertEquals(backend.info().details.kernels, 2048);
  assertEquals([run(0), run(2099)], [1, 2100]);
});
