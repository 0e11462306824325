/**
 * Buffers that take more bindings than a kernel has: what is cut, packed and bound in parts, on a device with four bindings of 4 KiB.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import { kernelText, type LoopKernel } from "../../../../core/kernel/ir.ts";
import type { Plan } from "../../../../core/kernel/plan.ts";
import { affine, dense, hostOf, KernelBuilder, numbers, routinePlan, runPlan, strided } from "../build.ts";
import { small } from "../conformance_values.ts";
import { randomKernel } from "../random_kernel.ts";
import { gpuTest } from "./device.ts";

const cramped = { limits: { bindingBytes: 4096, storageBuffers: 4 } };

gpuTest("twelve inputs of three windows each run on four bindings", cramped, (backend) => {
  // out[i] = x1[i] + ... + x12[i] with x_j[i] = j * i: 78 i
  const n = 3000, k = new KernelBuilder([n]);
  let sum = k.load("float32", n);
  for (let j = 2; j <= 12; j++) sum = k.apply("add", sum, k.load("float32", n));
  const inputs = Array.from(
    { length: 12 },
    (_, j) => Float32Array.from({ length: n }, (_, i) => (j + 1) * i),
  );
  const want = Float32Array.from({ length: n }, (_, i) => 78 * i);
  assertEquals(runPlan(backend, k.store(sum, n).plan(), inputs), [want]);
});

gpuTest("a row that no bindings hold is folded in pieces", cramped, (backend) => {
  // sum of a[i] b[i] c[i] with 1, 2 and 3 everywhere: 6 n; and the place of the largest of a + b, which is the last but one.
  const n = 5000, k = new KernelBuilder([], [n]);
  const a = k.load("float32", n), b = k.load("float32", n), c = k.load("float32", n);
  const at = { offset: 0, strides: [0] };
  k.store(k.reduce("sum", k.apply("mul", k.apply("mul", a, b), c)), 1, at);
  k.store(k.reduce("argmax", k.apply("add", a, b), "int64"), 1, at);
  const inputs = [1, 2, 3].map((v) => new Float32Array(n).fill(v));
  assertEquals(runPlan(backend, k.plan(), inputs), [new Float32Array([6 * n]), new BigInt64Array([0n])]);
  inputs[0][n - 2] = 3;
  assertEquals(runPlan(backend, k.plan(), inputs)[1], new BigInt64Array([BigInt(n - 2)]));
});

/** A plan of one kernel whose loads are all of one buffer, and whose stores are all to another. */
function ofTwoBuffers(k: KernelBuilder): Plan {
  const plan = k.plan(), [input] = plan.slots, output = plan.slots[plan.slots.length - 1];
  const { code, inputs, outputs, ...loops } = k.kernel();
  const kernel: LoopKernel = {
    ...loops,
    inputs: inputs.slice(0, 1),
    outputs: outputs.slice(0, 1),
    code: code.map((i) => i.op === "load" ? { ...i, input: 0 } : i.op === "store" ? { ...i, output: 0 } : i),
  };
  return {
    slots: [input, output],
    steps: [{ kind: "loop", kernel, inputs: [0], outputs: [1], label: "test" }],
  };
}

const upTo = (n: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: n }, (_, i) => i);

gpuTest("loads of one buffer that lie further apart than bindings reach", cramped, (backend) => {
  // out[i] = x[i] + 2 x[i + 5000], of a buffer of seven windows
  const n = 1500, k = new KernelBuilder([n]);
  const near = k.load("float32", 6500), far = k.load("float32", 6500, affine(5000, 1));
  k.store(k.apply("add", near, k.apply("mul", far, k.constant("float32", 2))), n);
  assertEquals(runPlan(backend, ofTwoBuffers(k), [upTo(6500)]), [upTo(n).map((i) => 3 * i + 10_000)]);
});

gpuTest("more such loads than there are bindings", cramped, (backend) => {
  // out[i] = x[i] + x[i + 2000] + ... + x[i + 10000] = 6 i + 30000
  const n = 500, k = new KernelBuilder([n]), size = 10_000 + n;
  let sum = k.load("float32", size);
  for (let j = 1; j <= 5; j++) sum = k.apply("add", sum, k.load("float32", size, affine(j * 2000, 1)));
  k.store(sum, n);
  assertEquals(runPlan(backend, ofTwoBuffers(k), [upTo(size)]), [upTo(n).map((i) => 6 * i + 30_000)]);
});

gpuTest("such loads in a reduction that is cut", cramped, (backend) => {
  // The sum of x[i] + 2 x[i + 5000] over 600 values of i: 3 * 179700 + 600 * 10000
  const n = 600, k = new KernelBuilder([], [n]);
  const near = k.load("float32", 5000 + n), far = k.load("float32", 5000 + n, affine(5000, 1));
  k.store(
    k.reduce("sum", k.apply("add", near, k.apply("mul", far, k.constant("float32", 2)))),
    1,
    affine(0, 0),
  );
  assertEquals(runPlan(backend, ofTwoBuffers(k), [upTo(5000 + n)]), [Float32Array.of(6_539_100)]);
});

gpuTest("stores to one buffer that lie further apart than bindings reach", cramped, (backend) => {
  // out[i] = out[i + 8000] = 2 x[i]
  const n = 1500, k = new KernelBuilder([n]);
  const x = k.load("float32", n), twice = k.apply("add", x, x);
  k.store(twice, 9500).store(twice, 9500, affine(8000, 1));
  const [out] = runPlan(backend, ofTwoBuffers(k), [upTo(n)]), want = upTo(n).map((i) => 2 * i);
  assertEquals([out.slice(0, n), out.slice(8000)], [want, want]);
});

gpuTest("a sum that is stored twice, far apart", cramped, (backend) => {
  const n = 5000, k = new KernelBuilder([], [n]), sum = k.reduce("sum", k.load("float32", n));
  k.store(sum, 8001, affine(0, 0)).store(sum, 8001, affine(8000, 0));
  const [out] = runPlan(backend, ofTwoBuffers(k), [new Float32Array(n).fill(1)]);
  assertEquals([out[0], out[8000]], [n, n]);
});

gpuTest("parts that differ in where they begin share their kernels", cramped, (backend) => {
  // A row of the first factor lies across the bindings, so each of 21 rows is multiplied by itself, in several pieces.
  const [m, k, n] = [21, 1003, 3];
  const plan = routinePlan("matmul", {}, [dense("float32", [m, k]), dense("float32", [k, n])], "float32", [
    m,
    n,
  ]);
  const data = [m * k, k * n].map((size) => Float32Array.from({ length: size }, (_, i) => i % 7 - 3));
  assertEquals(runPlan(backend, plan, data), runPlan(createReferenceBackend(), plan, data));
  assertLess(Number(backend.info().details.kernels), 20);
});

gpuTest("kernels of one submission have as many parameters as they like", cramped, (backend) => {
  // Parts of a gather are told more than parts of a sum, whose bindings are of the same kinds.
  const shape = [64, 40], n = 64 * 40, k = new KernelBuilder([n]);
  const operands = [dense("float32", [8, 40]), dense("int64", shape)];
  const gathers = backend.prepare(routinePlan("gather", { dim: 0 }, operands, "float32", shape));
  const sums = backend.prepare(
    k.store(k.apply("add", k.load("float32", n), k.load("float32", n)), n).plan(),
  );
  const [x, y, z, sum] = [320, n, n, n].map((count) => backend.allocate("float32", count));
  const at = backend.allocate("int64", n);
  backend.write(x, "float32", upTo(320));
  backend.write(z, "float32", upTo(n));
  backend.write(at, "int64", new BigInt64Array(n).fill(7n));
  gathers.run([x, at], [y]);
  sums.run([z, y], [sum]);
  // Each row is met by the last one of x.
  assertEquals(backend.read(sum, "float32", n), upTo(n).map((i) => i + 7 * 40 + i % 40));
});

gpuTest("a scan over elements that lie further apart than bindings reach", cramped, (backend) => {
  // Rows of six, of which the elements lie 1500 apart: 1, 2, ... 6 times the row's number.
  const rows = 1500, n = 6, x = upTo(rows * n).map((i) => i % rows);
  const plan = routinePlan(
    "scan",
    { combiner: "sum", reverse: false },
    [strided("float32", rows * n, [rows, n], [1, rows])],
    "float32",
    [rows, n],
  );
  assertEquals(runPlan(backend, plan, [x]), [upTo(rows * n).map((i) => Math.floor(i / n) * (i % n + 1))]);
});

gpuTest("a scatter along columns that are longer than bindings reach", cramped, (backend) => {
  // Each column of 101 elements lies across twelve bindings.
  const shape = [101, 119], index = [60, 119], count = 60 * 119;
  const operands = [dense("float32", shape), dense("int64", index), dense("float32", index)];
  const plan = routinePlan("scatter", { dim: 0, mode: "add" }, operands, "float32", shape);
  const to = BigInt64Array.from({ length: count }, (_, i) => BigInt(i * 7 % 101));
  const data = [upTo(101 * 119), to, upTo(count)];
  assertEquals(runPlan(backend, plan, data), runPlan(createReferenceBackend(), plan, data));
});

gpuTest("a fold whose taps no bindings hold goes on from what it has, unrounded", cramped, (backend) => {
  // Sums up to about 900, which bfloat16 would round on the way.
  const outs = 90, taps = 70, size = outs + taps - 1;
  for (const dtype of ["float16", "bfloat16", "float32", "int8"] as const) {
    const plan = routinePlan("fold", { size, stride: 1, dilation: 1 }, [dense(dtype, [outs, taps])], dtype, [
      size,
    ]);
    const data = [hostOf(dtype, Array.from({ length: outs * taps }, (_, i) => i % 5 === 0 ? 60 : 1))];
    assertEquals(runPlan(backend, plan, data), runPlan(createReferenceBackend(), plan, data), dtype);
  }
});

gpuTest("random kernels on few small bindings", { ...cramped, kernels: "software" }, (backend) => {
  const reference = createReferenceBackend();
  let ran = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const k = randomKernel(seed), plan = k.plan("random");
    const large = plan.slots.filter(({ count }) => count > 1024).length;
    // Kernels that are cut into many parts take long to compile.
    if (large === 0 || large > 3 || k.code.some(({ dtype }) => backend.unsupported(dtype) !== null)) continue;
    ran++;
    const inputs = k.inputs.map(({ dtype, count }, i) => small(dtype, count, seed * 7 + i));
    const [got, want] = [backend, reference].map((b) => runPlan(b, plan, inputs).map(numbers));
    assertEquals(got, want, `seed ${seed}\n${kernelText(k.kernel())}`);
  }
  assertGreater(ran, 8);
});
