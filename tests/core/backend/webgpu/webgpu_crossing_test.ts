/**
 * Kernels that read across the direction in which they write, through shared memory: transposing copies and expressions of transposed operands.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import { crossingOf } from "../../../../core/backend/webgpu/wgsl/crossing.ts";
import type { DType } from "../../../../core/dtype.ts";
import { affine, hostOf, KernelBuilder, runPlan } from "../build.ts";
import { gpuTest } from "./device.ts";

const reference = createReferenceBackend();

/** The copy of [..., columns, rows] as [..., rows, columns]. */
function transposing(dtype: DType, batch: number, rows: number, columns: number): KernelBuilder {
  const k = new KernelBuilder([batch, rows, columns]), count = batch * rows * columns;
  return k.store(k.load(dtype, count, affine(0, rows * columns, 1, rows)), count);
}

/** Whether the kernel of a plan goes through shared memory. */
const crosses = (k: KernelBuilder): boolean =>
  crossingOf({
    kernel: k.kernel(),
    inputs: k.inputs,
    outputs: k.outputs,
    alias: k.inputs.map(() => -1),
  }) !== null;

for (const limits of [{}, { bindingBytes: 4096, workgroupsPerDimension: 3 }]) {
  const how = "bindingBytes" in limits ? "small windows and dispatches" : "full limits";
  gpuTest(`transposing copies, ${how}`, { kernels: "gpu", limits }, (backend) => {
    const cases = [["float32", 1, 33, 65], ["int32", 3, 32, 40], ["bool", 1, 16, 31], [
      "float16",
      2,
      17,
      18,
    ]] as const;
    for (const [dtype, batch, rows, columns] of cases) {
      const k = transposing(dtype, batch, rows, columns), count = batch * rows * columns;
      assertEquals(crosses(k), true);
      const data = [
        hostOf(dtype, Array.from({ length: count }, (_, i) => dtype === "bool" ? i * i % 2 : i % 2000)),
      ];
      assertEquals(
        runPlan(backend, k.plan(), data),
        runPlan(reference, k.plan(), data),
        `${dtype} ${rows}x${columns}`,
      );
    }
  });
}

gpuTest("expressions of plain, transposed, padded and broadcast operands", { kernels: "gpu" }, (backend) => {
  const rows = 40, columns = 50, count = rows * columns;
  const k = new KernelBuilder([rows, columns]);
  const plain = k.load("float32", count), turned = k.load("float32", count, affine(0, 1, rows));
  // Every second column of a transposed operand, and zeros around another.
  const wide = k.load("float32", 2 * count, affine(rows, 1, 2 * rows));
  const guards = [{ at: affine(-3, 0, 1), low: 0, high: columns - 5 }, {
    at: affine(-2, 1, 0),
    low: 0,
    high: rows - 2,
  }];
  const padded = k.load("float32", count, affine(-2 - 3 * rows, 1, rows), guards);
  const row = k.load("float32", rows, affine(0, 1, 0)), column = k.load("float32", columns, affine(0, 0, 1));
  const sum = [turned, wide, padded, row, column].reduce((a, b) => k.apply("add", a, b), plain);
  k.store(sum, count).store(k.apply("mul", turned, column), count);
  assertEquals(crosses(k), true);
  const data = k.inputs.map(({ count }, i) =>
    Float32Array.from({ length: count }, (_, j) => (j * 7 + i) % 64)
  );
  const found = runPlan(backend, k.plan(), data);
  assertEquals(found, runPlan(reference, k.plan(), data));
  assertNotEquals(found[0], found[1]);
});

Deno.test("what is small, runs on, or lies in place of a result takes no detour", () => {
  assertEquals(crosses(transposing("float32", 1, 15, 64)), false);
  assertEquals(crosses(transposing("float32", 1, 64, 15)), false);
  const plain = new KernelBuilder([64, 64]);
  plain.store(plain.load("float32", 4096), 4096);
  assertEquals(crosses(plain), false);
  const kernel = transposing("float32", 1, 64, 64).kernel();
  assertEquals(
    crossingOf({ kernel, inputs: [{ count: 4096 }], outputs: [{ count: 4096 }], alias: [0] }),
    null,
  );
});
