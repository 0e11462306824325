/**
 * A reference backend that counts: what tests of lazy evaluation look at.
 *
 * @module
 */
import type { Backend } from "../../core/backend/backend.ts";
import { createReferenceBackend } from "../../core/backend/reference/reference.ts";
import { registerBackend } from "../../core/device.ts";
import { OutOfMemoryError } from "../../core/errors.ts";
import { bytesOf } from "../../core/dtype.ts";
import { setDebug } from "../../core/mod.ts";

/** What happened since the last `reset`. */
export interface Counts {
  /** Plans compiled. */
  plans: number;
  /** Plans run. */
  runs: number;
  /** Steps run, by their label: `matmul`, or `mul, add`. */
  readonly steps: Map<string, number>;
  /** Buffers allocated. */
  buffers: number;
  /** Elements read back from the device. */
  read: number;
}

/** A counting backend in the place of the reference device, which holds at most `capacity` bytes. */
export function countingDevice(capacity = Infinity): { counts: Counts; reset: () => void } {
  const counts: Counts = { plans: 0, runs: 0, steps: new Map(), buffers: 0, read: 0 };
  const reset = () => {
    counts.plans =
      counts.runs =
      counts.buffers =
      counts.read =
        0;
    counts.steps.clear();
  };
  const inner = createReferenceBackend();
  const backend: Backend = {
    name: "reference",
    maxBuffers: inner.maxBuffers,
    unsupported: (dtype) => inner.unsupported(dtype),
    bytesFor: (dtype, count) => inner.bytesFor(dtype, count),
    allocate(dtype, count) {
      if (inner.memory().used + bytesOf(dtype) * count > capacity) {
        throw new OutOfMemoryError(`out of memory: ${bytesOf(dtype) * count} bytes for ${count} x ${dtype}`);
      }
      counts.buffers++;
      return inner.allocate(dtype, count);
    },
    free: (buffer) => inner.free(buffer),
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
        dispose: () => executable.dispose(),
      };
    },
    info: () => inner.info(),
    memory: () => inner.memory(),
  };
  registerBackend("reference", backend);
  return { counts, reset };
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

/** How many steps the plans of debug texts have. */
export function stepsIn(texts: readonly string[]): number {
  return texts.reduce((n, text) => n + text.matchAll(/^#\d+ /gm).toArray().length, 0);
}
