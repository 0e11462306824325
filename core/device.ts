/**
 * Devices by name: which exist, which one is the default. The choice is settled once while this module loads.
 *
 * @module
 */
import type { Backend, DeviceInfo } from "./backend/backend.ts";
import { createReferenceBackend } from "./backend/reference/reference.ts";
import { DeviceError } from "./errors.ts";

/** `cpu`, `webgpu`, or `reference` (a plain interpreter, for tests). */
export type DeviceName = "cpu" | "webgpu" | "reference";

const backends = new Map<DeviceName, Backend>();
const factories: Partial<Record<DeviceName, () => Backend>> = {
  cpu: createReferenceBackend,
  reference: createReferenceBackend,
};
let current: DeviceName = "cpu";

/** The backend of a device; started on first use. */
export function backendOf(name: DeviceName): Backend {
  let backend = backends.get(name);
  if (backend === undefined) {
    const create = factories[name];
    if (create === undefined) {
      throw new DeviceError(
        `device "${name}" is not available here; available: ${availableDevices().join(", ")}`,
      );
    }
    backend = create();
    backends.set(name, backend);
  }
  return backend;
}

/** Makes a backend available under a name, as device set-up does. */
export function registerBackend(name: DeviceName, backend: Backend): void {
  backends.set(name, backend);
}

/** The devices that can be used now. */
export function availableDevices(): DeviceName[] {
  const all: DeviceName[] = ["cpu", "webgpu", "reference"];
  return all.filter((name) => backends.has(name) || factories[name] !== undefined);
}

/** The device that new tensors are on when nothing else is said. */
export function defaultDevice(): DeviceName {
  return current;
}

/** Sets the device of new tensors. Throws DeviceError when it does not exist here. */
export function setDefaultDevice(name: DeviceName): void {
  backendOf(name);
  current = name;
}

/** What a device is: threads, SIMD level, adapter name. */
export function deviceInfo(name: DeviceName = current): DeviceInfo {
  return backendOf(name).info();
}
