/**
 * Products in half precision, of both kinds of kernels: products exact, sums in float32, one rounding at the end, half of the memory.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import { dense, routinePlan, runPlan, strided } from "../build.ts";
import { gpuTest } from "./device.ts";

/** Sums of a few hundred products of these are exact in float32, and most of them not in float16. */
const values = (count: number, seed: number): Float16Array =>
  Float16Array.from({ length: count }, (_, i) => ((i * 31 + seed * 17) % 129 - 64) / 8);

for (const kernels of ["gpu", "software"] as const) {
  gpuTest(`float16 products have the bits of the reference, ${kernels} kernels`, { kernels }, (backend) => {
    const reference = createReferenceBackend();
    // Full tiles, edges within a vector, one row, a long k that is cut into parts; one transposition each, as kernels take long to compile.
    const cases = [[64, 64, 32], [33, 18, 20], [1, 40, 64], [36, 20, 600]] as const;
    cases.forEach(([m, n, k], i) => {
      const a = i % 2 === 0 ? dense("float16", [m, k]) : strided("float16", m * k, [m, k], [1, m]);
      const b = i < 2 ? dense("float16", [k, n]) : strided("float16", k * n, [k, n], [1, k]);
      const plan = routinePlan("matmul", {}, [a, b], "float16", [m, n]);
      const data = [values(m * k, 1), values(k * n, 2)];
      assertEquals(runPlan(backend, plan, data), runPlan(reference, plan, data), `${m}x${n}x${k}`);
    });
  });

  gpuTest(
    `float16 subnormals and infinities go through products, ${kernels} kernels`,
    { kernels },
    (backend) => {
      const n = 8,
        plan = routinePlan("matmul", {}, [dense("float16", [n, n]), dense("float16", [n, n])], "float16", [
          n,
          n,
        ]);
      const identity = Float16Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0);
      const small = Float16Array.from({ length: n * n }, (_, i) => (i - 20) * 2 ** -24);
      assertEquals(runPlan(backend, plan, [small, identity]), [small]);
      const large = new Float16Array(n * n).fill(60000), [sums] = runPlan(backend, plan, [large, identity]);
      assertEquals(sums, large);
      assertEquals(runPlan(backend, plan, [large, large])[0], new Float16Array(n * n).fill(Infinity));
    },
  );
}

gpuTest("float16 takes two bytes for each element, on the device too", {}, (backend) => {
  const before = backend.memory().reserved, count = 1 << 20;
  const half = backend.allocate("float16", count), single = backend.allocate("float32", count);
  assertEquals([half.bytes, single.bytes], [2 * count, 4 * count]);
  assertEquals(backend.memory().reserved - before, 6 * count);
});
