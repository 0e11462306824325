/**
 * How tests run on WebGPU: as it is, or with no more than every WebGPU device has. Programs that tests start run the same way.
 *
 * @module
 */
import { defaultDevice, requestDevice, setDefaultDevice } from "../core/device.ts";
import { isFused, useFusion } from "./core/devices.ts";

/** One way to run on WebGPU. */
export interface WebGpuRun {
  /** Whether the device has the default limits and no features. */
  readonly defaultLimits: boolean;
  /** Whether kernels are written as for GPUs on software adapters too. */
  readonly gpuKernels: boolean;
}

/** What TENON_WEBGPU_LIMITS=default and TENON_WEBGPU_KERNELS=gpu say. */
function runOfEnvironment(): WebGpuRun {
  return {
    defaultLimits: Deno.env.get("TENON_WEBGPU_LIMITS") === "default",
    gpuKernels: Deno.env.get("TENON_WEBGPU_KERNELS") === "gpu",
  };
}

/** Opens WebGPU, on a software adapter too, and makes it the default device. */
export async function useWebGpu(
  { defaultLimits, gpuKernels }: WebGpuRun = runOfEnvironment(),
): Promise<void> {
  await requestDevice("webgpu", {
    allowSoftware: true,
    defaultLimits,
    kernels: gpuKernels ? "gpu" : undefined,
  });
  setDefaultDevice("webgpu");
}

/** Arguments with which `deno run` has the default device of these tests, whatever the program may ask the environment. */
export function deviceArguments(): string[] {
  if (defaultDevice() !== "webgpu") return [];
  const code = `import { useFusion, useWebGpu } from "${import.meta.url}";
useFusion(${isFused()});
await useWebGpu(${JSON.stringify(runOfEnvironment())});`;
  return [`--preload=data:application/typescript,${encodeURIComponent(code)}`];
}

export { useFusion };
