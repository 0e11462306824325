/**
 * How the threads of a workgroup meet: with subgroup operations, where the device has them, reductions give what they give without.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { createWebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { Builder } from "../../../../core/backend/webgpu/builder.ts";
import { openGpu } from "../../../../core/backend/webgpu/device.ts";
import { lowerLoop } from "../../../../core/backend/webgpu/loops/lower.ts";
import { Pipelines } from "../../../../core/backend/webgpu/pipelines.ts";
import { largeTiles } from "../../../../core/backend/webgpu/routines/gemm_tile.ts";
import { accumulator, type Reduction } from "../../../../core/backend/webgpu/wgsl/fold.ts";
import { libraryFor } from "../../../../core/backend/webgpu/wgsl/library.ts";
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

/** The program of one meeting of `size` threads, thread t with value t of `x`: what each of them holds afterwards, and where it was found. */
function meetingText(size: number, lanes: number, combiner: Combiner): string {
  const instr: ReduceInstr = { op: "reduce", dtype: "float32", level: "outer", combiner, arg: 0 };
  const r: Reduction = { i: 1, instr, argType: "float32" }, arg = combiner.startsWith("arg");
  const meeting = new Meeting(size, lanes), name = accumulator(r);
  const lines = [
    "let t = i32(thread);",
    `var ${name} = x[t];`,
    ...arg ? [`var ${name}_at = t;`] : [],
    ...meeting.lines([r]),
    `y[t] = ${name};`,
    `y[t + ${size}] = ${arg ? `f32(${name}_at)` : "0.0"};`,
  ];
  const main = `@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) thread: u32${meeting.inputs}) {
${lines.join("\n")}
}
`;
  return `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
${meeting.declarations}${libraryFor(main)}
${main}`;
}

// Subgroups of fewer threads than was said, of more, and of more than there are in the workgroup.
gpuTest("meetings do not rest on the number of threads in a subgroup", {}, async () => {
  const gpu = await openGpu({ allowSoftware: true }), { device } = gpu;
  if (gpu.subgroupLanes === 0) return device.destroy();
  const buffer = (usage: number): GPUBuffer => device.createBuffer({ size: 2048, usage });
  const x = buffer(0x88), y = buffer(0x84), out = buffer(0x9);
  const values = Float32Array.from({ length: 256 }, (_, i) => (i * 37 + 11) % 251);
  values[3] = NaN;
  for (
    const [size, lanes] of [[4, 4], [4, 64], [8, 1], [16, 4], [64, 2], [64, 64], [256, 4], [256, 32], [
      256,
      128,
    ]]
  ) {
    for (const combiner of ["sum", "max", "argmin"] as const) {
      const own = combiner === "sum" ? values.map((v) => v || 1) : values;
      device.queue.writeBuffer(x, 0, own);
      const module = device.createShaderModule({ code: gpu.directives + meetingText(size, lanes, combiner) });
      const pipeline = device.createComputePipeline({
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
      const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      const entries = [x, y].map((buffer, binding) => ({ binding, resource: { buffer } }));
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(1);
      pass.end();
      encoder.copyBufferToBuffer(y, 0, out, 0, 2048);
      device.queue.submit([encoder.finish()]);
      await out.mapAsync(1);
      const found = new Float32Array(out.getMappedRange().slice(0));
      out.unmap();
      const sum = own.slice(0, size).reduce((a, b) => a + b, 0);
      const [value, at] = combiner === "sum" ? [sum, 0] : [NaN, combiner === "max" ? 0 : 3];
      const wanted = Float32Array.from({ length: 2 * size }, (_, i) => i < size ? value : at);
      assertEquals(
        found.slice(0, 2 * size),
        wanted,
        `${combiner} of ${size} threads in subgroups of ${lanes}`,
      );
    }
  }
  device.destroy();
});

Deno.test("a meeting of subgroups has few barriers, and one of trees no subgroup operations", () => {
  const instr: ReduceInstr = { op: "reduce", dtype: "float32", level: "outer", combiner: "max", arg: 0 };
  const text = (size: number, lanes: number): string =>
    new Meeting(size, lanes).lines([{ i: 1, instr, argType: "float32" }]).join("\n");
  const barriers = (code: string): number => code.split("workgroupBarrier").length - 1;
  assertEquals(barriers(text(256, 32)), 3);
  assertEquals(barriers(text(128, 32)), 2);
  assertEquals(barriers(text(64, 128)), 2);
  assertMatch(text(64, 128), /min\(i32\(subgroupAdd\(1u\)\), 64\)/);
  assertMatch(text(256, 4), /subgroupShuffleXor/);
  assertNotMatch(text(256, 0), /subgroup|lane/);
  assert(/half > 0/.test(text(256, 0)));
});

gpuTest("many reductions in one sweep fit the shared memory of every device", {}, async () => {
  const gpu = await openGpu({ allowSoftware: true, defaultLimits: true });
  for (const lanes of [0, 4]) {
    // Twenty sums and twenty places, with 60 words for each thread: 15 KiB for 64 threads, 60 KiB for 256.
    const k = new KernelBuilder([2], [2000]), x = k.load("float32", 4000);
    const sums = Array.from({ length: 20 }, (_, i) => {
      const shifted = k.apply("mul", x, k.constant("float32", i - 9));
      return k.apply(
        "add",
        k.reduce("sum", shifted),
        k.cast("float32", k.reduce("argmax", shifted, "int64")),
      );
    });
    const plan = k.store(sums.reduce((a, b) => k.apply("add", a, b)), 2, k.perOuter).plan();
    const target = {
      ...gpu.limits,
      hasF16: gpu.hasF16,
      subgroupLanes: lanes,
      software: false,
      rounds: Infinity,
      rounding: { exact: true },
    };
    const tiles = { large: () => largeTiles[0] };
    const builder = new Builder(plan, gpu, target, new Pipelines(gpu), tiles);
    lowerLoop(builder, k.kernel(), [0], [1], "test");
    const [command] = builder.finish().commands;
    assert(command.kind === "dispatch");
    const arrays = [...command.pipeline.source.code.matchAll(/var<workgroup> \w+: array<\w+, (\d+)>/g)];
    const bytes = arrays.reduce((sum, [, count]) => sum + 4 * Number(count), 0);
    assert(arrays.length === 60 && bytes <= 16384, `${arrays.length} arrays, ${bytes} bytes`);
  }
  gpu.device.destroy();
});
