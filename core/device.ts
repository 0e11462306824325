/**
 * Devices by name: which exist, which one is the default. The choice is settled once while this module loads: a real GPU if there is one, else
 * the CPU. The environment variable `TENON_DEVICE` (`cpu`, `webgpu`, `reference`; read where `--allow-env` allows) decides instead; `webgpu`
 * then takes a software adapter too.
 *
 * @module
 */
import type { Backend, DeviceInfo } from "./backend/backend.ts";
import { type CpuBackend, createCpuBackend } from "./backend/cpu/backend.ts";
import { createReferenceBackend } from "./backend/reference/reference.ts";
import type { WebGpuBackend, WebGpuOptions } from "./backend/webgpu/backend.ts";
import { findGpu } from "./backend/webgpu/find.ts";
import { DeviceError } from "./errors.ts";

export type { GpuLimits, WebGpuOptions } from "./backend/webgpu/device.ts";

/** `cpu`, `webgpu`, or `reference` (a plain interpreter, for tests). */
export type DeviceName = "cpu" | "webgpu" | "reference";

const names: readonly DeviceName[] = ["cpu", "webgpu", "reference"];
const backends = new Map<DeviceName, Backend>();
const factories: Partial<Record<DeviceName, () => Backend>> = {
  cpu: cpuBackend,
  reference: createReferenceBackend,
};
const replaced: ((name: DeviceName) => void)[] = [];
let current: DeviceName = "cpu";
let cpu: CpuBackend | null = null;
/** The GPU in use, or being opened. */
let gpu: Promise<WebGpuBackend> | null = null;

function cpuBackend(): CpuBackend {
  return cpu ??= createCpuBackend();
}

/** The backend of a device; started on first use. */
export function backendOf(name: DeviceName): Backend {
  let backend = backends.get(name);
  if (backend === undefined) {
    const create = factories[name];
    if (create === undefined) {
      throw new DeviceError(
        `device "${name}" is not available here; available: ${availableDevices().join(", ")}` +
          (name === "webgpu" ? '; a GPU is opened with await requestDevice("webgpu")' : ""),
      );
    }
    backend = create();
    registerBackend(name, backend);
  }
  return backend;
}

/** Makes a backend available under a name. What the backend before it held is given up. */
export function registerBackend(name: DeviceName, backend: Backend): void {
  const before = backends.get(name);
  backends.set(name, backend);
  if (before !== undefined && before !== backend) { for (const tell of replaced) tell(name); }
}

/** Calls `tell` when another backend takes the place of one that may hold values. */
export function onReplaced(tell: (name: DeviceName) => void): void {
  replaced.push(tell);
}

/** The devices that can be used now. */
export function availableDevices(): DeviceName[] {
  return names.filter((name) => backends.has(name) || factories[name] !== undefined);
}

/** The device that new tensors are on when nothing else is said. */
export function defaultDevice(): DeviceName {
  return current;
}

/**
 * Sets the device of new tensors. `torch.set_default_device`.
 *
 * @throws {DeviceError} when it does not exist here; a GPU that was not chosen by itself is opened with `await requestDevice("webgpu")` first
 * @example
 * ```ts
 * import { defaultDevice, ones, setDefaultDevice } from "@tenon/tenon";
 * setDefaultDevice("cpu");
 * console.log(defaultDevice(), ones(1).device); // cpu cpu
 * ```
 */
export function setDefaultDevice(name: DeviceName): void {
  backendOf(name);
  current = name;
}

/**
 * What a device is: threads, SIMD level, adapter name.
 *
 * @example
 * ```ts
 * import { deviceInfo } from "@tenon/tenon";
 * console.log(deviceInfo("cpu").device); // cpu
 * ```
 */
export function deviceInfo(name: DeviceName = current): DeviceInfo {
  return backendOf(name).info();
}

/**
 * Sets how many threads take part in large computations on the CPU, the main thread included. Results do not depend on it. `torch.set_num_threads`.
 *
 * @throws {ValueError} unless it is an integer from 1 to 64
 * @example
 * ```ts
 * import { getNumThreads, setNumThreads } from "@tenon/tenon";
 * setNumThreads(1);
 * console.log(getNumThreads()); // 1
 * ```
 */
export function setNumThreads(count: number): void {
  cpuBackend().setNumThreads(count);
}

/** How many threads take part in large computations on the CPU: the number of processors unless set. `torch.get_num_threads`. */
export function getNumThreads(): number {
  return cpuBackend().numThreads;
}

/**
 * Opens a device, so that tensors can be made on it: `webgpu` where it was not chosen by itself, because the adapter is a software one, or
 * because `TENON_DEVICE=cpu` was set, or after its device was lost. A device that is open already stays as it is. Values that were on a lost
 * device and nowhere else are gone; those that can be computed again are.
 *
 * Each worker opens the GPU for itself. On Linux Deno then also loads OpenGL's libEGL, which may abort a process whose workers end together
 * with it; with `DENO_WEBGPU_BACKEND=vulkan` in the environment it is not loaded.
 *
 * @throws {DeviceError} when there is no adapter
 * @example
 * ```ts ignore
 * import { requestDevice, setDefaultDevice, tensor } from "@tenon/tenon";
 * await requestDevice("webgpu");
 * const onGpu = tensor([1, 2], { device: "webgpu" });
 * setDefaultDevice("webgpu");
 * ```
 */
export async function requestDevice(
  name: DeviceName = "webgpu",
  options: WebGpuOptions = { allowSoftware: true },
): Promise<DeviceInfo> {
  if (name !== "webgpu") return backendOf(name).info();
  // What has become of a device is told when the program yields, which it may not have done since.
  if (gpu !== null) await new Promise((resolve) => setTimeout(resolve));
  while (gpu !== null) {
    const found = gpu, open = await found;
    if (!open.lost) return open.info();
    // Who asked at the same time may have opened a fresh one meanwhile.
    if (gpu === found) gpu = null;
  }
  const opening = openGpu(options);
  gpu = opening;
  opening.catch(() => {
    if (gpu === opening) gpu = null;
  });
  return (await opening).info();
}

async function openGpu(options: WebGpuOptions): Promise<WebGpuBackend> {
  const { createWebGpuBackend } = await import("./backend/webgpu/backend.ts");
  const backend = await createWebGpuBackend(options);
  registerBackend("webgpu", backend);
  return backend;
}

/** The variable's value; undefined where it is not set or may not be read without asking the user. */
function environment(variable: string): string | undefined {
  if (typeof Deno === "undefined") return undefined;
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

const wanted = environment("TENON_DEVICE");
if (wanted !== undefined && wanted !== "") {
  const name = names.find((n) => n === wanted);
  if (name === undefined) {
    throw new DeviceError(`TENON_DEVICE is "${wanted}"; it must be one of ${names.join(", ")}`);
  }
  await requestDevice(name);
  setDefaultDevice(name);
} else {
  const adapter = await findGpu();
  if (adapter !== null) {
    // A GPU that gives no device is no reason to fail: requestDevice says why.
    await requestDevice("webgpu", { adapter }).then(() => setDefaultDevice("webgpu"), () => {});
  }
}
