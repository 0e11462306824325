/**
 * The conformance suite on WebGPU at default limits, with kernels as written for GPUs, and parts of it with limits that cut kernels; all of it with the
 * environment variable TENON_CONFORMANCE=full, as a software adapter takes tens of milliseconds to compile a kernel. Full limits are in webgpu_conformance_full_test.ts.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { conformanceCases, runConformance } from "../conformance.ts";
import type { ConformanceCase } from "../conformance_case.ts";
import { gpuTest } from "./device.ts";
import { policyOf } from "./policy.ts";

const full = Deno.env.get("TENON_CONFORMANCE") === "full";

const wordOf = (test: ConformanceCase): string => test.name.split(" ")[0];

gpuTest("conformance, GPU kernels, default limits", { kernels: "gpu", defaultLimits: true }, (backend) => {
  assertEquals(runConformance(backend, policyOf(backend)).failures, []);
});

// Two binding windows from 1,025 floats on, dispatches in two dimensions from nine workgroups on and in three from 65 on.
const tiny = { bindingBytes: 4096, workgroupsPerDimension: 8 };

/** Windows of each buffer. */
function windowsOf({ plan }: ConformanceCase): number[] {
  return plan.slots.map((s) => Math.ceil(s.count * 4 / tiny.bindingBytes));
}

/** Windows of all buffers together. */
function bindingsOf(test: ConformanceCase): number {
  return windowsOf(test).reduce((sum, n) => sum + n, 0);
}

gpuTest("conformance, small windows and dispatches", { kernels: "gpu", limits: tiny }, (backend) => {
  const cases = conformanceCases.filter((test) => windowsOf(test).some((n) => n > 1) && bindingsOf(test) <= 8)
    .filter((_, i) => full || i % 16 === 0);
  assertGreater(cases.length, 10);
  assertEquals(runConformance(backend, policyOf(backend), cases).failures, []);
});

// So few bindings that most of these plans are cut into parts.
const four = { ...tiny, storageBuffers: 4 };

gpuTest("conformance, more windows than bindings", { kernels: "gpu", limits: four }, (backend) => {
  const large = conformanceCases.filter((test) => bindingsOf(test) > four.storageBuffers);
  const cases = full ? large : [...Map.groupBy(large, wordOf).values()].map((list) => list[list.length >> 1]);
  assertGreater(cases.length, 8);
  assertEquals(runConformance(backend, policyOf(backend), cases).failures, []);
});
