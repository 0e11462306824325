/**
 * The operations against PyTorch on WebGPU, as ops_test.ts and its neighbours do on the CPU: every case but those of dtypes and values that WebGPU does
 * not hold. Compiling kernels takes long on a software adapter, so each operation runs every third case; with TENON_CONFORMANCE=full all of them.
 */
import { assertGreater } from "@std/assert";
import { setFusion } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";
import { type Case, casesOf, runCases } from "./runner.ts";

const full = Deno.env.get("TENON_CONFORMANCE") === "full";

/** float64 is refused, and so is an int64 that does not fit 32 bits. */
function fits(c: Case): boolean {
  const text = JSON.stringify(c);
  return !text.includes("float64") && !/"-?\d{10,}"/.test(text);
}

for (const file of ["ops", "ops_nn", "ops_matrix"]) {
  for (const fusion of [true, false]) {
    forEachDevice(`${file} as PyTorch's, fusion ${fusion ? "on" : "off"}`, (device) => {
      setFusion(fusion);
      try {
        const first = fusion ? 0 : 1;
        const cases = [...casesOf(file).values()].flatMap((list) =>
          list.filter(fits).filter((_, i, all) => full || i % 3 === Math.min(first, all.length - 1))
        );
        assertGreater(cases.length, 50);
        runCases(cases, { device, strided: !fusion });
      } finally {
        setFusion(true);
      }
    }, { devices: ["webgpu"] });
  }
}
