/**
 * What is particular to the WebGPU backend: reads of every size, narrowed int64, freed and lost devices, packing of many buffers.
 *
 * @module
 */
import {
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DeviceError, DTypeError, OutOfMemoryError } from "../../../../core/errors.ts";
import { createWebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { openGpu } from "../../../../core/backend/webgpu/device.ts";
import { Pipelines } from "../../../../core/backend/webgpu/pipelines.ts";
import { dense, hostOf, KernelBuilder, routinePlan, runPlan } from "../build.ts";
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

gpuTest("a read of more than there is names both sizes", {}, async (backend) => {
  const buffer = backend.allocate("float32", 3), message = "read of 16 bytes from a buffer of 12";
  assertThrows(() => backend.read(buffer, "float32", 4), DeviceError, message);
  await assertRejects(() => backend.readAsync(buffer, "float32", 4), DeviceError, message);
});

gpuTest("buffers are read together, small and large, of any dtype", {}, (backend) => {
  const list = [3, 70_000, 1, 5, 400_000, 2, 300_000, 7].map((count, i) => {
    const dtype = (["float16", "int64", "bool", "float32"] as const)[i % 4];
    const data = hostOf(dtype, Array.from({ length: count }, (_, k) => (k + i) % 2));
    const buffer = backend.allocate(dtype, count);
    backend.write(buffer, dtype, data);
    return { buffer, dtype, count, data };
  });
  assertEquals(backend.readAll(list), list.map(({ data }) => data));
  assertEquals(backend.readAll([]), []);
});

gpuTest("a buffer of more elements than kernels can number is refused", {}, (backend) => {
  assertThrows(() => backend.allocate("bool", 2 ** 31), OutOfMemoryError, "32 bits");
});

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

gpuTest("a read that is on its way when its device goes fails by name", {}, async (backend) => {
  const buffer = backend.allocate("float32", 1000);
  const reads = Array.from({ length: 8 }, () => backend.readAsync(buffer, "float32", 1000));
  backend.destroy();
  for (const read of await Promise.allSettled(reads)) {
    if (read.status === "rejected") assertInstanceOf(read.reason, DeviceError);
  }
});

gpuTest("a kernel of twelve inputs runs on eight bindings", { defaultLimits: true }, (backend) => {
  // out = x1 + ... + x12 with x_j = j everywhere: 1 + 2 + ... + 12 = 78
  const k = new KernelBuilder([5]);
  let sum = k.load("float32", 5);
  for (let j = 2; j <= 12; j++) sum = k.apply("add", sum, k.load("float32", 5));
  const inputs = Array.from({ length: 12 }, (_, j) => new Float32Array(5).fill(j + 1));
  assertEquals(runPlan(backend, k.store(sum, 5).plan(), inputs), [new Float32Array(5).fill(78)]);
});

gpuTest("a row of one element is read in its fold and after it", {}, (backend) => {
  const k = new KernelBuilder([], [1]);
  const x = k.load("float32", 2, { offset: 1, strides: [1] }), sum = k.reduce("sum", x);
  k.store(k.apply("sub", k.apply("mul", x, sum), x), 1, { offset: 0, strides: [0] });
  // x * x - x at 3
  assertEquals(runPlan(backend, k.plan(), [new Float32Array([5, 3])]), [new Float32Array([6])]);
});

gpuTest("four million ones sum to four million", {}, (backend) => {
  const n = 1 << 22;
  const k = new KernelBuilder([], [n]);
  k.store(k.reduce("sum", k.load("float32", n)), 1, { offset: 0, strides: [0] });
  assertEquals(runPlan(backend, k.plan(), [new Float32Array(n).fill(1)]), [new Float32Array([n])]);
});

gpuTest("the error of a running sum does not grow with its length", {}, (backend) => {
  // out[i] = (i + 1) x, each within ten units in the last place; one after the other they would be off by thousands
  const n = 1 << 18, x = Math.fround(0.1);
  const plan = routinePlan("scan", { combiner: "sum", reverse: false }, [dense("float32", [n])], "float32", [
    n,
  ]);
  const [sums] = runPlan(backend, plan, [new Float32Array(n).fill(x)]);
  for (let i = 0; i < n; i++) {
    const want = (i + 1) * x, unit = 2 ** (Math.floor(Math.log2(want)) - 23);
    assertLess(Math.abs(Number(sums[i]) - want), 10 * unit, `element ${i}`);
  }
});

gpuTest("a product of a shape seen before takes the kernels chosen then", {}, (backend) => {
  const ones = (m: number, n: number) => new Float32Array(m * n).fill(1);
  const kernels = (m: number, k: number, n: number): unknown => {
    const plan = routinePlan("matmul", {}, [dense("float32", [m, k]), dense("float32", [k, n])], "float32", [
      m,
      n,
    ]);
    assertEquals(runPlan(backend, plan, [ones(m, k), ones(k, n)])[0][m * n - 1], k);
    return backend.info().details.kernels;
  };
  const once = kernels(96, 512, 20);
  assertEquals(kernels(96, 512, 20), once);
  assertNotEquals(kernels(96, 512, 24), once);
});

gpuTest("a kernel that the device refuses is named, and the device goes on", {}, async (backend) => {
  const gpu = await openGpu({ allowSoftware: true });
  const pipelines = new Pipelines(gpu);
  const source = { code: "fn main() { return 1; }", access: [], groups: [1, 1, 1], parameters: [] } as const;
  const refused = pipelines.of(source, "softmax, mul");
  const error = assertThrows(() => pipelines.compile(refused), DeviceError);
  assertStringIncludes(error.message, "the kernel of softmax, mul");
  assertStringIncludes(error.message, source.code);
  const works = "@compute @workgroup_size(1) fn main() {}";
  const later = await assertRejects(() => pipelines.compileAsync([refused]), DeviceError);
  assertEquals(later.message, error.message);
  const empty = pipelines.of({ ...source, code: works }, "empty");
  assertEquals(pipelines.count, 0);
  await pipelines.compileAsync([empty]);
  assertEquals(pipelines.compile(pipelines.of({ ...source, code: works }, "again")), empty.compiled);
  assertEquals(pipelines.count, 1);
  gpu.device.destroy();
  const buffer = backend.allocate("float32", 1);
  backend.write(buffer, "float32", new Float32Array([7]));
  assertEquals(backend.read(buffer, "float32", 1), new Float32Array([7]));
});

gpuTest(
  "a buffer that the device cannot have is refused with its size, and the device goes on",
  {},
  (backend) => {
    const count = 2 ** 34;
    const error = assertThrows(() => backend.allocate("float32", count), DeviceError, "out of memory");
    assertStringIncludes(error.message, `${count * 4} bytes`);
    const buffer = backend.allocate("float32", 1);
    backend.write(buffer, "float32", new Float32Array([7]));
    assertEquals(backend.read(buffer, "float32", 1), new Float32Array([7]));
  },
);

gpuTest("devices live side by side", {}, async (first) => {
  const second = await createWebGpuBackend({ allowSoftware: true, kernels: "gpu" });
  const k = new KernelBuilder([3]);
  const plan = k.store(k.apply("add", k.load("float32", 3), k.constant("float32", 1)), 3).plan();
  const x = new Float32Array([1, 2, 3]);
  for (const backend of [first, second, first]) {
    assertEquals(runPlan(backend, plan, [x]), [new Float32Array([2, 3, 4])]);
  }
  const foreign = second.allocate("float32", 3), own = first.allocate("float32", 3);
  assertThrows(() => first.prepare(plan).run([foreign], [own]), DeviceError, "another device");
  second.destroy();
  assertEquals(runPlan(first, plan, [x]), [new Float32Array([2, 3, 4])]);
});
