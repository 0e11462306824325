/**
 * Every layer against PyTorch on WebGPU, the cases of layers_test.ts in float32. Compiling kernels takes long on a software adapter, so each layer runs its
 * first case with inputs, with fusion on and off by turns; with TENON_CONFORMANCE=full all cases run in both ways. A few run on a second device, as the smallest
 * would be: default limits and kernels as for GPUs.
 *
 * @module
 */
import { createWebGpuBackend } from "../../core/backend/webgpu/backend.ts";
import { backendOf, registerBackend } from "../../core/device.ts";
import { setFusion } from "../../core/evaluate.ts";
import { forEachDevice } from "../core/devices.ts";
import { type LayerCase, layerCases, runLayerCase } from "./layer_cases.ts";

const full = Deno.env.get("TENON_CONFORMANCE") === "full";
const devices = ["webgpu"] as const;

function run(cases: readonly LayerCase[], fusion: boolean): void {
  setFusion(fusion);
  try {
    cases.forEach(runLayerCase);
  } finally {
    setFusion(true);
  }
}

const classes = [...Map.groupBy(layerCases, (c) => c.name)].map(([name, cases]) => {
  const first = cases.filter((c) => c.inputs !== undefined).slice(0, 1);
  return { name, cases: full ? cases : first };
}).filter(({ cases }) => cases.length > 0);

classes.forEach(({ name, cases }, i) => {
  for (const fusion of full ? [true, false] : [i % 2 === 0]) {
    forEachDevice(
      `nn.${name} is PyTorch's, fusion ${fusion ? "on" : "off"}`,
      () => run(cases, fusion),
      { devices },
    );
  }
});

forEachDevice("layers are PyTorch's at default limits, with kernels for GPUs", async () => {
  const before = backendOf("webgpu");
  const small = await createWebGpuBackend({ allowSoftware: true, defaultLimits: true, kernels: "gpu" });
  registerBackend("webgpu", small);
  try {
    const some = classes.filter((_, i) => full || i % 8 === 1);
    run(some.flatMap(({ cases }) => cases), true);
  } finally {
    registerBackend("webgpu", before);
    small.destroy();
  }
}, { devices });
