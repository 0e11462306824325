/**
 * A backend that counts what it is asked for: what tests of lazy evaluation look at.
 *
 * @module
 */
import type { Backend, DeviceBuffer } from "../../core/backend/backend.ts";
import { backendOf, defaultDevice, type DeviceName, registerBackend } from "../../core/device.ts";
import { OutOfMemoryError } from "../../core/errors.ts";
import { setDebug } from "../../core/mod.ts";

/** What happened since the last `reset`. */
export interface Counts {
  /** Plans compiled. */
  plans: number;
  /** Plans given up. */
  dropped: number;
  /** Plans run. */
  runs: number;
  /** Steps run, by their label: `matmul`, or `mul, add`. */
  readonly steps: Map<string, number>;
  /** Buffers allocated. */
  buffers: number;
  /** Elements read back from the device. */
  read: number;
}

/** The default device from now on: a counting backend in its place, which holds at most `capacity` bytes. */
export function countingDevice(
  capacity = Infinity,
): { device: DeviceName; counts: Counts; reset: () => void } {
  const counts: Counts = { plans: 0, dropped: 0, runs: 0, steps: new Map(), buffers: 0, read: 0 };
  const reset = () => {
    counts.plans =
      counts.dropped =
      counts.runs =
      counts.buffers =
      counts.read =
        0;
    counts.steps.clear();
  };
  const device = defaultDevice(), inner = backendOf(device);
  const sizes = new Map<DeviceBuffer, number>();
  let held = 0;
  const backend: Backend = {
    name: inner.name,
    immediate: inner.immediate,
    maxBuffers: inner.maxBuffers,
    unsupported: (dtype) => inner.unsupported(dtype),
    bytesFor: (dtype, count) => inner.bytesFor(dtype, count),
    allocate(dtype, count) {
      const bytes = inner.bytesFor(dtype, count);
      if (held + bytes > capacity) {
        throw new OutOfMemoryError(`out of memory: ${bytes} bytes for ${count} x ${dtype}`);
      }
      counts.buffers++;
      const buffer = inner.allocate(dtype, count);
      held += bytes;
      sizes.set(buffer, bytes);
      return buffer;
    },
    free(buffer) {
      held -= sizes.get(buffer) ?? 0;
      sizes.delete(buffer);
      inner.free(buffer);
    },
    write: (buffer, dtype, data) => inner.write(buffer, dtype, data),
    read(buffer, dtype, count) {
      counts.read += count;
      return inner.read(buffer, dtype, count);
    },
    readAll(list) {
      for (const { count } of list) counts.read += count;
      return inner.readAll(list);
    },
    readAsync: (buffer, dtype, count) => inner.readAsync(buffer, dtype, count),
    prepare(plan) {
      counts.plans++;
      const executable = inner.prepare(plan);
      return {
        run(inputs, outputs) {
          counts.runs++;
          for (const { label } of plan.steps) counts.steps.set(label, (counts.steps.get(label) ?? 0) + 1);
          executable.run(inputs, outputs);
        },
        compiling: () => executable.compiling(),
        dispose() {
          counts.dropped++;
          executable.dispose();
        },
      };
    },
    info: () => inner.info(),
    memory: () => inner.memory(),
  };
  registerBackend(device, backend);
  return { device, counts, reset };
}

/** The debug texts of the plans that `fn` makes. */
export function plansOf(fn: () => void): string[] {
  const texts: string[] = [];
  setDebug((text) => texts.push(text));
  try {
    fn();
  } finally {
    setDebug(false);
  }
  return texts;
}
