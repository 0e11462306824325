/**
 * Tests of digits on every device: they compute in the widest floats that the default device holds, and expect as many digits.
 *
 * @module
 */
import { defaultDevice, setDefaultDevice } from "../../core/device.ts";
import type { Tensor } from "../../core/tensor.ts";

/** float64, or float32 where the default device has nothing wider. */
export function widest(): "float64" | "float32" {
  return defaultDevice() === "webgpu" ? "float32" : "float64";
}

/** How far a result may be off: the one number in float64, the other where float32 is the widest. */
export function within(double: number, single: number): number {
  return widest() === "float64" ? double : single;
}

/** A tensor on the default device, its float64 in the widest floats there. */
export function moved(x: Tensor): Tensor {
  return (x.dtype === "float64" ? x.to(widest()) : x).to(defaultDevice());
}

/** What `body` gives with the CPU as the default device: differences, which need float64. */
export function onCpu<T>(body: () => T): T {
  const before = defaultDevice();
  setDefaultDevice("cpu");
  try {
    return body();
  } finally {
    setDefaultDevice(before);
  }
}
