/**
 * Tests that run once per device, with kernels fused and not: on the fast CPU engine and on the plain interpreter, and on WebGPU where tests/on_webgpu.ts is
 * loaded before them.
 *
 * @module
 */
import { defaultDevice, type DeviceName, setDefaultDevice } from "../../core/device.ts";
import { setFusion } from "../../core/evaluate.ts";

let testDevices: readonly DeviceName[] = ["cpu", "reference"];
/** Whether whoever loaded this file runs each test with fusion and without. */
let repeated = false;
let fused = true;

/** From now on tests are registered for this device alone, once; the caller runs them both ways. */
export function testOnly(device: DeviceName): void {
  testDevices = [device];
  repeated = true;
}

/** Whether kernels are fused now. */
export function isFused(): boolean {
  return fused;
}

/** Fuses kernels from now on, or not. */
export function useFusion(on: boolean): void {
  fused = on;
  setFusion(on);
}

/** What `body` gives with fusion or without. */
export function withFusion<T>(on: boolean, body: () => T): T {
  const before = fused;
  useFusion(on);
  let result: T | undefined;
  try {
    result = body();
    return result instanceof Promise ? result.finally(() => useFusion(before)) as T : result;
  } finally {
    if (!(result instanceof Promise)) useFusion(before);
  }
}

/** Registers `body` as a test with fusion and one without. */
export function forEachFusion(name: string, body: (fusion: boolean) => void | Promise<void>): void {
  if (repeated) Deno.test(name, () => body(fused));
  else {
    for (const on of [true, false]) {
      Deno.test(`${name}, fusion ${on ? "on" : "off"}`, () => withFusion(on, () => body(on)));
    }
  }
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
    Deno.test({
      name: `${name}, on ${device}`,
      // Workers of the cpu device outlive the test that started them.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
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
