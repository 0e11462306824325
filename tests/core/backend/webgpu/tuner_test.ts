/**
 * The tiles of large matrix products: every one gives the same digits, each fits into the shared memory of the device, and which is taken is measured once.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Builder } from "../../../../core/backend/webgpu/builder.ts";
import { type Gpu, openGpu } from "../../../../core/backend/webgpu/device.ts";
import { type Machine, WebGpuExecutable } from "../../../../core/backend/webgpu/executable.ts";
import { Pool, WebGpuBuffer } from "../../../../core/backend/webgpu/memory.ts";
import { Pipelines } from "../../../../core/backend/webgpu/pipelines.ts";
import { Queue } from "../../../../core/backend/webgpu/queue.ts";
import type { Tile } from "../../../../core/backend/webgpu/routines/gemm_job.ts";
import { fitted, largeTiles } from "../../../../core/backend/webgpu/routines/gemm_tile.ts";
import { lowerMatmul } from "../../../../core/backend/webgpu/routines/matmul.ts";
import { Staging } from "../../../../core/backend/webgpu/staging.ts";
import { Tuner } from "../../../../core/backend/webgpu/tuner.ts";
import type { Target } from "../../../../core/backend/webgpu/wgsl/emitter.ts";
import { dense, routinePlan, strided } from "../build.ts";
import { gpuTest } from "./device.ts";

async function open(defaultLimits = false): Promise<{ machine: Machine; target: Target; canWait: boolean }> {
  const gpu: Gpu = await openGpu({ allowSoftware: true, defaultLimits });
  const staging = await Staging.open(gpu.device);
  const queue = new Queue(gpu, staging);
  const machine = { gpu, queue, pool: new Pool(gpu, queue), pipelines: new Pipelines(gpu) };
  const target = {
    ...gpu.limits,
    hasF16: gpu.hasF16,
    subgroupLanes: 0,
    software: false,
    rounds: 65_535,
    rounding: { exact: false },
  };
  return { machine, target, canWait: staging.canReadNow };
}

/** A product of odd sizes that fills a device, with this large tile. */
function product(
  { machine, target }: { machine: Machine; target: Target },
  tile: Tile,
  turned: boolean,
): Float32Array {
  const { pool, queue, gpu, pipelines } = machine;
  const m = 1290, n = 1283, k = 39;
  const b = turned ? strided("float32", k * n, [k, n], [1, k]) : dense("float32", [k, n]);
  const plan = routinePlan("matmul", {}, [dense("float32", [m, k]), b], "float32", [m, n]);
  const builder = new Builder(plan, gpu, target, pipelines, { large: () => tile });
  const [step] = plan.steps;
  assert(step.kind === "routine" && step.name === "matmul");
  lowerMatmul(builder, { ...step, name: "matmul", attrs: {} });
  const value = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
  const blocks = [value(m * k), value(k * n), new Float32Array(m * n)].map((data) => {
    const block = pool.take(Math.ceil(data.byteLength / 16) * 16);
    queue.upload(block, data);
    return new WebGpuBuffer(block, data.byteLength);
  });
  new WebGpuExecutable(machine, builder.finish()).run(blocks.slice(0, 2), blocks.slice(2));
  const result = new Float32Array(queue.read(blocks[2].block, m * n * 4));
  for (const buffer of blocks) pool.give(buffer.release());
  return result;
}

for (const defaultLimits of [false, true]) {
  gpuTest(
    `all large tiles give the same digits${defaultLimits ? " at default limits" : ""}`,
    {},
    async () => {
      const opened = await open(defaultLimits);
      if (!opened.canWait) return;
      for (const turned of [false, true]) {
        const [expected, ...others] = largeTiles.map((tile) => product(opened, tile, turned));
        let sum = 0;
        for (let i = 0; i < 39; i++) {
          sum += Math.sin((39 * 7 + i) ** 2) * Math.sin((turned ? 39 * 5 + i : i * 1283 + 5) ** 2);
        }
        assert(Math.abs(expected[7 * 1283 + 5] - sum) < 1e-3, `${expected[7 * 1283 + 5]} is not ${sum}`);
        for (const other of others) assertEquals(other, expected);
      }
      opened.machine.gpu.device.destroy();
    },
  );
}

gpuTest("the fastest tile is measured once for operands of the same dtypes, where it pays", {}, async () => {
  const { machine, target, canWait } = await open();
  const tuner = new Tuner(machine, target, () => canWait, 8);
  const types = ["float32", "float32"] as const;
  assertEquals(tuner.large(types, 1e6), largeTiles[0]);
  assertEquals(machine.pipelines.count, 0);
  const tile = tuner.large(types, 1e10), compiled = machine.pipelines.count;
  assert(largeTiles.includes(tile));
  if (canWait) assertEquals(compiled, largeTiles.length);
  assertEquals(tuner.large(types, 1e6), tile);
  assertEquals(machine.pipelines.count, compiled);
  machine.gpu.device.destroy();
});

Deno.test("a tile takes as many steps along k as shared memory has room for", () => {
  const limits = (workgroupBytes: number) => ({
    workgroupBytes,
    storageBuffers: 8,
    bindingBytes: 1 << 27,
    bufferBytes: 1 << 28,
    workgroupsPerDimension: 65_535,
    memoryBytes: Infinity,
  });
  const [usual] = largeTiles;
  assertEquals(fitted(usual, [4, 4], limits(32_768)).kt, 16);
  assertEquals(fitted(usual, [4, 4], limits(16_384)).kt, 8);
  assertEquals(fitted(usual, [2, 2], limits(16_384)).kt, 16);
});

gpuTest("a product that would take a slow GPU seconds is cut into several dispatches", {}, async () => {
  const { machine, target } = await open();
  const { gpu, pipelines } = machine, size = 8192;
  const dispatches = (side: number): number => {
    const square = dense("float32", [side, side]);
    const plan = routinePlan("matmul", {}, [square, square], "float32", [side, side]);
    const builder = new Builder(plan, gpu, target, pipelines, { large: () => largeTiles[0] });
    const [step] = plan.steps;
    assert(step.kind === "routine" && step.name === "matmul");
    lowerMatmul(builder, { ...step, name: "matmul", attrs: {} });
    return builder.finish().commands.length;
  };
  // 2^40 operations; 2^37 of them are one dispatch.
  assertEquals([dispatches(size), dispatches(size / 2)], [8, 1]);
  gpu.device.destroy();
});
