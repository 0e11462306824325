/**
 * The CPU routines where they are shared among threads: the same bits with any number of threads, and errors of indices. That they are right is
 * checked in ../engine_test.ts.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { type CpuBackend, createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { IndexError } from "../../../../core/errors.ts";
import { dense, routinePlan, runPlan } from "../build.ts";
import { indices } from "../conformance_values.ts";
import { large, randoms } from "../large_plans.ts";

/** Workers start once there was some work for them. */
function warm(backend: CpuBackend): CpuBackend {
  const { plan, inputs } = large["a b"];
  for (let i = 0; i < 40 && !backend.info().details.workersStarted; i++) runPlan(backend, plan, inputs);
  assertEquals(backend.info().details.workersStarted, true);
  return backend;
}

Deno.test("routines give the same bits on any number of threads", () => {
  const one = createCpuBackend({ threads: 1, blas: "none" });
  const several = [2, 3].map((threads) => warm(createCpuBackend({ threads, blas: "none" })));
  for (const [name, { plan, inputs }] of Object.entries(large)) {
    const [want] = runPlan(one, plan, inputs);
    for (const backend of several) {
      for (let repeat = 0; repeat < 3; repeat++) assertEquals(runPlan(backend, plan, inputs)[0], want, name);
    }
  }
});

Deno.test("images whose phases are computed in parts are those of all at once", () => {
  // The planes of an image take 32 MiB; a tap reaches the phases of every second row.
  const backend = createCpuBackend({ threads: 1, blas: "none" });
  const G = [3, 1, 1024, 1024], W = [1, 2, 1, 2], size = [2048, 2048];
  const attrs = { stride: [2, 2], padLow: [0, 0], padHigh: [0, 0], dilation: [1, 1], groups: 1 };
  const plan = routinePlan(
    "convInputGrad",
    { ...attrs, inputSize: size },
    [dense("float32", G), dense("float32", W)],
    "float32",
    [3, 2, ...size],
  );
  const g = randoms(3 << 20, 1), [result] = runPlan(backend, plan, [g, Float32Array.of(2, 4, 8, 16)]);
  for (const at of [0, 1023, 1024 * 512 + 7, (1 << 20) + 3, (3 << 20) - 1]) {
    const image = at >> 20, row = at >> 10 & 1023, column = at & 1023;
    for (let channel = 0; channel < 2; channel++) {
      const to = (((image * 2 + channel) * 2048) + 2 * row) * 2048 + 2 * column,
        factor = channel === 0 ? 2 : 8;
      const want = [g[at] * factor, g[at] * factor * 2, 0, 0];
      assertEquals([0, 1, 2048, 2049].map((i) => result[to + i]), want);
    }
  }
});

Deno.test("an index out of range is an error that names the first one", () => {
  const backend = createCpuBackend({ threads: 2 });
  const x = dense("float32", [4, 3]), index = dense("int64", [5, 3]), at = indices(4, 15, 1);
  at[7] = 4n;
  at[11] = -9n;
  const gather = routinePlan("gather", { dim: 0 }, [x, index], "float32", [5, 3]);
  assertThrows(
    () => runPlan(backend, gather, [randoms(12, 1), at]),
    IndexError,
    "index 4 is out of bounds for dimension 0 with size 4",
  );
  const scatter = routinePlan(
    "scatter",
    { dim: 0, mode: "set" },
    [x, index, index].map((o, i) => i === 2 ? dense("float32", [5, 3]) : o),
    "float32",
    [4, 3],
  );
  assertThrows(
    () => runPlan(backend, scatter, [randoms(12, 1), at, randoms(15, 2)]),
    IndexError,
    "index 4 is out of bounds for dimension 0 with size 4",
  );
  at[7] = at[11] = 0n;
  assertEquals(runPlan(backend, gather, [randoms(12, 1), at])[0].length, 15);
});
