/**
 * What the conformance suite asks of WebGPU.
 *
 * @module
 */
import type { WebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { KernelBuilder, runPlan } from "../build.ts";
import type { Policy } from "../conformance.ts";
import type { ConformanceCase } from "../conformance_case.ts";

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
export function policyOf(backend: WebGpuBackend): Policy {
  const k = new KernelBuilder([1]);
  const twice = k.store(k.apply("mul", k.load("float32", 1), k.constant("float32", 2)), 1).plan();
  const [out] = runPlan(backend, twice, [new Float32Array([1e-40])]);
  return {
    skip: (test) => skip(test) || (out[0] === 0 && test.name.includes("of subnormals")),
    tolerance: () => ({ flushes: true }),
  };
}
