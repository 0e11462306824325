/**
 * The conformance suite on WebGPU: kernels as written for software devices at full limits, and as written for GPUs at default limits.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { runConformance } from "../conformance.ts";
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
  // Casts of large floats to int64 leave 32 bits too.
  return wide || literals ||
    /^(prod|scan) int64|^scan int64 prod|to int64 out of range|^(mul|pow|shl) int64/.test(test.name);
}

// WebGPU devices may flush subnormal numbers to zero.
const policy = { skip, tolerance: () => ({ flushes: true }) };

gpuTest("conformance, software kernels, full limits", { kernels: "software" }, (backend) => {
  assertEquals(runConformance(backend, policy).failures, []);
});

gpuTest("conformance, GPU kernels, default limits", { kernels: "gpu", defaultLimits: true }, (backend) => {
  assertEquals(runConformance(backend, policy).failures, []);
});
