/**
 * The conformance suite on WebGPU: kernels as written for software devices at full limits, and as written for GPUs at default limits. A software
 * adapter takes tens of milliseconds to compile a kernel, so each run takes every sixth case of each function, fold and routine, and the two
 * runs not the same ones; with the environment variable TENON_CONFORMANCE=full they take all.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import type { WebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { KernelBuilder, runPlan } from "../build.ts";
import { conformanceCases, type Policy, runConformance } from "../conformance.ts";
import type { ConformanceCase } from "../conformance_case.ts";
import { gpuTest } from "./device.ts";

/** int64 is held in 32 bits here: values that do not fit are refused, products that leave them wrap. */
function skip(test: ConformanceCase): boolean {
  const wide = test.inputs.some((x) =>
    x instanceof BigInt64Array && x.some((v) => v !== BigInt.asIntN(32, v))
  );
  const literals = test.plan.steps.some((s) =>
    s.kind === "loop" &&
    s.kernel.code.some((i) =>
      i.op === "const" && i.dtype === "int64" && BigInt(i.value) !== BigInt.asIntN(32, BigInt(i.value))
    )
  );
  // Casts of large floats to int64 leave 32 bits too, and NaN becomes the smallest of the 32.
  const nan = test.inputs.some((x) => !(x instanceof BigInt64Array) && x.some(Number.isNaN));
  return wide || literals || (nan && /^cast \w+ to int64/.test(test.name)) ||
    /^(prod|scan) int64|^scan int64 prod|to int64 out of range|^(mul|pow|shl) int64/.test(test.name);
}

/** What a device is allowed: to flush subnormal numbers to zero, and then to take them for zero. */
function policyOf(backend: WebGpuBackend): Policy {
  const k = new KernelBuilder([1]);
  const twice = k.store(k.apply("mul", k.load("float32", 1), k.constant("float32", 2)), 1).plan();
  const [out] = runPlan(backend, twice, [new Float32Array([1e-40])]);
  return {
    skip: (test) => skip(test) || (out[0] === 0 && test.name.includes("of subnormals")),
    tolerance: () => ({ flushes: true }),
  };
}

const full = Deno.env.get("TENON_CONFORMANCE") === "full";

/** Every sixth case of those whose names begin with the same word, from number `first` on; at least one of each. */
function sample(first: number): readonly ConformanceCase[] {
  if (full) return conformanceCases;
  const seen = new Map<string, number>();
  const count = Map.groupBy(conformanceCases, wordOf);
  return conformanceCases.filter((test) => {
    const word = wordOf(test), number = seen.get(word) ?? 0;
    seen.set(word, number + 1);
    return number % 6 === Math.min(first, (count.get(word)?.length ?? 1) - 1);
  });
}

const wordOf = (test: ConformanceCase): string => test.name.split(" ")[0];

gpuTest("conformance, software kernels, full limits", { kernels: "software" }, (backend) => {
  assertEquals(runConformance(backend, policyOf(backend), sample(0)).failures, []);
});

gpuTest("conformance, GPU kernels, default limits", { kernels: "gpu", defaultLimits: true }, (backend) => {
  assertEquals(runConformance(backend, policyOf(backend), sample(3)).failures, []);
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
