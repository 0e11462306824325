/**
 * Tests that run once per device. Loading this file opens WebGPU, on a software adapter too. Tests that run in parallel need
 * `DENO_WEBGPU_BACKEND=vulkan,metal,dx12` in the environment, as `deno task test` sets it: without OpenGL, whose libEGL frees at exit what threads free.
 *
 * @module
 */
import { defaultDevice, type DeviceName, requestDevice, setDefaultDevice } from "../../core/device.ts";

/** Why there is no WebGPU, or null. */
export const missing: unknown = await requestDevice("webgpu", {
  allowSoftware: true,
  defaultLimits: Deno.env.get("TENON_WEBGPU_LIMITS") === "default",
  kernels: Deno.env.get("TENON_WEBGPU_KERNELS") === "gpu" ? "gpu" : undefined,
}).then(() => null, (error: unknown) => error);

/** Whether tests on WebGPU are shown as ignored: it is missing, and TENON_REQUIRE_WEBGPU=1 does not make that a failure. */
export const ignored: boolean = missing !== null && Deno.env.get("TENON_REQUIRE_WEBGPU") !== "1";

/** The devices that tests run on: the fast ones and the plain interpreter. */
let testDevices: readonly DeviceName[] = ["cpu", "reference", "webgpu"];

/** Whether kernels are fused, in tests that run both ways. */
export let fusions: readonly boolean[] = [true, false];

/** From now on tests are registered for this device alone, and for one way of fusion. */
export function testOnly(device: DeviceName, fusion: boolean): void {
  testDevices = [device];
  fusions = [fusion];
}

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
  for (const device of testDevices) {
    if (options.devices?.includes(device) === false) continue;
    const gone = device === "webgpu" && missing !== null;
    Deno.test({
      name: `${name}, on ${device}`,
      ignore: gone && ignored,
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
