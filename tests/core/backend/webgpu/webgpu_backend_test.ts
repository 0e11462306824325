/**
 * What is particular to the WebGPU backend: reads of every size, narrowed int64, freed and lost devices, packing of many buffers.
 *
 * @module
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DeviceError, DTypeError } from "../../../../core/errors.ts";
import { createWebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { KernelBuilder, runPlan } from "../build.ts";
import { gpuTest } from "./device.ts";

gpuTest(
  "reads give what was written, at once and awaited, smaller and larger than the staging buffers",
  {},
  async (backend) => {
    for (const n of [1, 3, 70_000, 1_500_000]) {
      const data = Float32Array.from({ length: n }, (_, i) => i);
      const buffer = backend.allocate("float32", n);
      backend.write(buffer, "float32", data);
      assertEquals(backend.read(buffer, "float32", n), data);
      assertEquals(await backend.readAsync(buffer, "float32", n), data);
      backend.free(buffer);
    }
  },
);

gpuTest("an int64 that does not fit 32 bits is refused", {}, (backend) => {
  const buffer = backend.allocate("int64", 1);
  assertThrows(
    () => backend.write(buffer, "int64", new BigInt64Array([2n ** 40n])),
    DTypeError,
    "does not fit",
  );
});

gpuTest(
  "a freed buffer and a destroyed device give errors, and a fresh device works",
  {},
  async (backend) => {
    const buffer = backend.allocate("float32", 4);
    backend.free(buffer);
    assertThrows(() => backend.read(buffer, "float32", 4), DeviceError, "freed");
    backend.destroy();
    assertStringIncludes(assertThrows(() => backend.allocate("float32", 4), DeviceError).message, "lost");
    const fresh = await createWebGpuBackend({ allowSoftware: true });
    const again = fresh.allocate("float32", 1);
    fresh.write(again, "float32", new Float32Array([7]));
    assertEquals(fresh.read(again, "float32", 1), new Float32Array([7]));
    fresh.destroy();
  },
);

gpuTest("a kernel of twelve inputs runs on eight bindings", { defaultLimits: true }, (backend) => {
  // out = x1 + ... + x12 with x_j = j everywhere: 1 + 2 + ... + 12 = 78
  const k = new KernelBuilder([5]);
  let sum = k.load("float32", 5);
  for (let j = 2; j <= 12; j++) sum = k.apply("add", sum, k.load("float32", 5));
  const inputs = Array.from({ length: 12 }, (_, j) => new Float32Array(5).fill(j + 1));
  assertEquals(runPlan(backend, k.store(sum, 5).plan(), inputs), [new Float32Array(5).fill(78)]);
});

gpuTest("four million ones sum to four million", {}, (backend) => {
  const n = 1 << 22;
  const k = new KernelBuilder([], [n]);
  k.store(k.reduce("sum", k.load("float32", n)), 1, { offset: 0, strides: [0] });
  assertEquals(runPlan(backend, k.plan(), [new Float32Array(n).fill(1)]), [new Float32Array([n])]);
});
