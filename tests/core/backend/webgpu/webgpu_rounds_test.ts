/**
 * Loops longer than llvmpipe lets a thread run: reductions, products and scatters are cut, and none of their elements is left out.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import { affine, dense, KernelBuilder, routinePlan, runPlan, strided } from "../build.ts";
import { gpuTest } from "./device.ts";

/** More than the 65,535 rounds that all loops of a thread may take together. */
const long = 70_001;

for (const kernels of ["software", "gpu"] as const) {
  gpuTest(`every element of a long reduction counts, ${kernels} kernels`, { kernels }, (backend) => {
    for (const [outer, inner] of [[[1], [long]], [[200], [long]], [[200], [7, 10_007]]]) {
      const k = new KernelBuilder(outer, inner), count = outer[0], size = inner.reduce((n, d) => n * d, 1);
      const at = k.index("int32", affine(0, 0, ...inner.length === 1 ? [1] : [10_007, 1]));
      k.store(k.reduce("max", at), count, k.perOuter).store(
        k.reduce("argmax", at, "int64"),
        count,
        k.perOuter,
      );
      const [most, where] = runPlan(backend, k.plan(), []);
      assertEquals([most, where], [
        new Int32Array(count).fill(size - 1),
        new BigInt64Array(count).fill(BigInt(size - 1)),
      ]);
    }
  });

  gpuTest(`every source of a long scatter counts, ${kernels} kernels`, { kernels }, (backend) => {
    const operands = [
      dense("float32", [3]),
      strided("int64", 1, [long], [0]),
      strided("float32", 1, [long], [0]),
    ];
    const plan = routinePlan("scatter", { dim: 0, mode: "add" }, operands, "float32", [3]);
    const [out] = runPlan(backend, plan, [new Float32Array(3), BigInt64Array.of(1n), Float32Array.of(1)]);
    assertEquals(out, Float32Array.of(0, long, 0));
  });
}

gpuTest("every step of a long product counts", { kernels: "software" }, (backend) => {
  const a = strided("int32", 1, [1536, long], [0, 0]), b = strided("int32", 1, [long, 8], [0, 0]);
  const plan = routinePlan("matmul", {}, [a, b], "int32", [1536, 8]);
  const [out] = runPlan(backend, plan, [Int32Array.of(1), Int32Array.of(2)]);
  assertEquals(out, new Int32Array(1536 * 8).fill(2 * long));
});

gpuTest("functions with loops of their own count too", {}, (backend) => {
  // 5,000 powers of 31 rounds each, in one thread.
  const k = new KernelBuilder([200], [5000]), base = k.index("int32", affine(1, 0, 2));
  const power = k.apply("pow", base, k.constant("int32", 2 ** 31 - 1));
  const plan = k.store(k.reduce("max", power), 200, k.perOuter).plan();
  assertEquals(runPlan(backend, plan, []), runPlan(createReferenceBackend(), plan, []));
});
