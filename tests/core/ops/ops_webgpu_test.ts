/**
 * The operations against PyTorch on WebGPU, as ops_test.ts and its neighbours do on the CPU: every case but those of dtypes and values that WebGPU does
 * not hold. Compiling kernels takes long on a software adapter, so every twelfth case runs; with TENON_CONFORMANCE=full all of them.
 */
import { assertGreater } from "@std/assert";
import { setFusion, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";
import { type Case, casesOf, runCases } from "./runner.ts";

const full = Deno.env.get("TENON_CONFORMANCE") === "full";

/** float64 is refused, and so is an int64 that does not fit 32 bits. */
function fits(c: Case): boolean {
  const text = JSON.stringify(c);
  return !text.includes("float64") && !/"-?\d{10,}"/.test(text);
}

/** Whether it is about subnormal numbers, which a device may take for zero. */
function isSubnormal(c: Case): boolean {
  return /\de-(39|4\d)\b/.test(JSON.stringify(c));
}

for (const file of ["ops", "ops_nn", "ops_matrix", "ops_forms"]) {
  for (const fusion of [true, false]) {
    forEachDevice(`${file} as PyTorch's, fusion ${fusion ? "on" : "off"}`, (device) => {
      setFusion(fusion);
      try {
        const first = fusion ? 0 : 6;
        const flushes = tensor([1e-40]).mul(2).item() === 0;
        const cases = [...casesOf(file).values()].flat().filter(fits).filter((_, i) =>
          full || i % 12 === first
        ).filter((c) => !(flushes && isSubnormal(c)));
        assertGreater(cases.length, 10);
        runCases(cases, { device, strided: !fusion });
      } finally {
        setFusion(true);
      }
    }, { devices: ["webgpu"] });
  }
}
