/**
 * How the threads of a workgroup meet: with subgroup operations, where the device has them, reductions give what they give without.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { createWebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { Meeting } from "../../../../core/backend/webgpu/wgsl/meeting.ts";
import type { DType, HostArray } from "../../../../core/dtype.ts";
import type { Combiner, ReduceInstr } from "../../../../core/kernel/ir.ts";
import { KernelBuilder, runPlan } from "../build.ts";
import { gpuTest } from "./device.ts";

const combiners: readonly Combiner[] = ["sum", "max", "min", "argmax", "argmin", "prod"];

/** Rows that begin alike; float rows end in a NaN, in infinities, and in nothing special. */
function rowsOf(dtype: DType, columns: number): HostArray {
  const rows = [0, 1, 2].flatMap((row) =>
    Array.from({ length: columns }, (_, i) => dtype === "bool" ? +(i % 7 === row) : ((i * 37 + row) % 19) - 9)
  );
  if (dtype === "bool") return Uint8Array.from(rows);
  if (dtype === "int32") return Int32Array.from(rows);
  rows[columns - 1] = NaN;
  rows[2 * columns - 1] = rows[2 * columns - 3] = Infinity;
  return Float32Array.from(rows, (x) => 1 + x / 64);
}

// Workgroups of 64, 128 and 256 threads.
for (const columns of [65, 300, 1026]) {
  gpuTest(`rows of ${columns} meet in subgroups as in a tree`, { kernels: "gpu" }, async (backend) => {
    const tree = await createWebGpuBackend({ allowSoftware: true, kernels: "gpu", subgroups: false });
    assertEquals(tree.info().details.subgroups, false);
    for (const dtype of ["float32", "int32", "bool"] as const) {
      const k = new KernelBuilder([3], [columns]);
      const x = k.load(dtype, 3 * columns);
      for (const combiner of combiners) {
        k.store(k.reduce(combiner, x, combiner.startsWith("arg") ? "int64" : dtype), 3, k.perOuter);
      }
      const plan = k.plan(), data = [rowsOf(dtype, columns)];
      const found = runPlan(backend, plan, data), expected = runPlan(tree, plan, data);
      assertEquals(runPlan(backend, plan, data), found, "the same again");
      combiners.forEach((combiner, c) => {
        if (dtype !== "float32" || /max|min/.test(combiner)) {
          assertEquals(found[c], expected[c], `${combiner} of ${dtype}`);
          return;
        }
        found[c].forEach((value, i) => {
          const wanted = Number(expected[c][i]);
          if (!Number.isFinite(wanted)) return assertEquals(value, wanted);
          assertAlmostEquals(Number(value), wanted, 1e-5 * Math.abs(wanted));
        });
      });
    }
    tree.destroy();
  });
}

Deno.test("a meeting of subgroups has few barriers, and one of trees no subgroup operations", () => {
  const instr: ReduceInstr = { op: "reduce", dtype: "float32", level: "outer", combiner: "max", arg: 0 };
  const text = (size: number, lanes: number): string =>
    new Meeting(size, lanes).lines([{ i: 1, instr, argType: "float32" }]).join("\n");
  const barriers = (code: string): number => code.split("workgroupBarrier").length - 1;
  assertEquals(barriers(text(256, 32)), 3);
  assertEquals(barriers(text(128, 32)), 2);
  assertEquals(barriers(text(64, 128)), 2);
  assertMatch(text(64, 128), /min\(i32\(lanes\), 64\)/);
  assertMatch(text(256, 4), /subgroupShuffleXor/);
  assertNotMatch(text(256, 0), /subgroup|lane/);
  assert(/half > 0/.test(text(256, 0)));
});
