/**
 * Scans by workgroups: rows of one block and of blocks of blocks, both directions, every combiner, and blocks that end where rows do.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import type { DType } from "../../../../core/dtype.ts";
import type { ScanCombiner } from "../../../../core/kernel/plan.ts";
import { dense, hostOf, routinePlan, runPlan, strided } from "../build.ts";
import { gpuTest } from "./device.ts";

const reference = createReferenceBackend();

gpuTest("scans have the values of the reference", { kernels: "gpu" }, (backend) => {
  const cases: readonly [DType, ScanCombiner, boolean, number, number][] = [
    ["int32", "sum", false, 3, 65],
    ["int32", "sum", true, 2, 256],
    ["int64", "sum", false, 2, 1025],
    ["int32", "max", true, 3, 257],
    ["float32", "min", false, 1, 3000],
    ["float32", "max", false, 2, 1024],
    ["float16", "sum", false, 2, 300],
    ["float32", "prod", false, 2, 300],
  ];
  for (const [dtype, combiner, reverse, rows, n] of cases) {
    const plan = routinePlan("scan", { combiner, reverse }, [dense(dtype, [rows, n])], dtype, [rows, n]);
    const values = Array.from(
      { length: rows * n },
      (_, i) => combiner === "prod" ? 1 - 2 * (i % 2) : (i * 37) % 7 - 3,
    );
    if (combiner === "min") values[2000] = NaN;
    const data = [hostOf(dtype, values)];
    assertEquals(
      runPlan(backend, plan, data),
      runPlan(reference, plan, data),
      `${combiner} of ${dtype}, ${rows}x${n}`,
    );
  }
});

gpuTest("a scan of a million ones, and of a transposed operand", { kernels: "gpu" }, (backend) => {
  // 1,024 blocks, whose sums are one block more.
  const n = 1 << 20,
    ones = routinePlan(
      "scan",
      { combiner: "sum", reverse: false },
      [
        strided("float32", 1, [1, n], [0, 0]),
      ],
      "float32",
      [1, n],
    );
  assertEquals(
    runPlan(backend, ones, [Float32Array.of(1)])[0],
    Float32Array.from({ length: n }, (_, i) => i + 1),
  );
  const turned = routinePlan(
    "scan",
    { combiner: "sum", reverse: true },
    [
      strided("float32", 4 * 300, [4, 300], [1, 4]),
    ],
    "float32",
    [4, 300],
  );
  const data = [Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i))];
  const found = runPlan(backend, turned, data)[0], wanted = runPlan(reference, turned, data)[0];
  found.forEach((x, i) => assertAlmostEquals(Number(x), Number(wanted[i]), 1e-5));
});
