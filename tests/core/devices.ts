/**
 * Tests that run once per device. Loading this file opens WebGPU, on a software adapter too. Tests that run in parallel need
 * `DENO_WEBGPU_BACKEND=vulkan,metal,dx12` in the environment, as `deno task test` sets it: without OpenGL, whose libEGL frees at exit what threads free.
 *
 * @module
 */
import {
  defaultDevice,
  type DeviceName,
  registerBackend,
  requestDevice,
  setDefaultDevice,
} from "../../core/device.ts";
import { createWebGpuBackend } from "../../core/backend/webgpu/backend.ts";

/** Whether a missing WebGPU fails the run. Otherwise its tests are shown as ignored. */
const required = Deno.env.get("TENON_REQUIRE_WEBGPU") === "1";

/** WebGPU as the tests use it. With TENON_WEBGPU_LIMITS=default, as the smallest device would give it. */
const missing: unknown = await open().then(() => null, (error: unknown) => error);

async function open(): Promise<void> {
  if (Deno.env.get("TENON_WEBGPU_LIMITS") !== "default") return void await requestDevice("webgpu");
  registerBackend(
    "webgpu",
    await createWebGpuBackend({ allowSoftware: true, defaultLimits: true, kernels: "gpu" }),
  );
}

/** The devices that tests run on: the fast ones and the plain interpreter. */
export const testDevices: readonly DeviceName[] = ["cpu", "reference", "webgpu"];

/** How a test runs on each device. */
export interface EachDevice {
  /** The devices; all of them when not given. */
  readonly devices?: readonly DeviceName[];
}

/** Registers `body` as a test for each device, which is the default one while the body runs. */
export function forEachDevice(
  name: string,
  body: (device: DeviceName) => void | Promise<void>,
  options: EachDevice = {},
): void {
  for (const device of options.devices ?? testDevices) {
    const gone = device === "webgpu" && missing !== null;
    Deno.test({
      name: `${name}, on ${device}`,
      ignore: gone && !required,
      // Workers of the cpu device and the queue of a GPU outlive the test that started them.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        if (gone) throw missing;
        const before = defaultDevice();
        setDefaultDevice(device);
        try {
          await body(device);
        } finally {
          setDefaultDevice(before);
        }
      },
    });
  }
}
