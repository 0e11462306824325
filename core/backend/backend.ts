/**
 * What a device must do, on one screen: opaque buffers, whole plans, and reads. Backends import dtype, shape, layout, errors, kernel and
 * this file; nothing above.
 *
 * Ordering: `write`, `run` and `read` on one backend happen in the order they are called. `run` may return before the work is done; a
 * `read` waits for all that came before it. What goes wrong after `run` returned is thrown by the next `run` or `read`.
 *
 * @module
 */
import type { DType, HostArray } from "../dtype.ts";
import type { Plan } from "../kernel/plan.ts";

/** Device memory for the elements of one tensor. Only the backend that made it can look inside. */
export interface DeviceBuffer {
  /** Bytes it takes on the device. */
  readonly bytes: number;
}

/** A plan made ready on a device: compiled kernels, planned scratch memory. */
export interface Executable {
  /**
   * Runs the plan. `inputs` and `outputs` are in the order of the plan's input and output slots. An output whose slot takes an input over in place is given the
   * very same buffer.
   */
  run(inputs: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): void;
  /** Compiles what `run` would have to compile first, without blocking for long. null when there is nothing. */
  compiling(): Promise<void> | null;
  /** Frees what the plan holds. */
  dispose(): void;
}

/** What a device is, for people. */
export interface DeviceInfo {
  /** The name of the device. */
  readonly device: string;
  /** Facts such as `threads: 2`, `simd: "relaxed"`, `adapter: "llvmpipe"`. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Bytes a backend holds now. */
export interface BackendMemory {
  /** In buffers handed out and not freed. */
  readonly used: number;
  /** Taken from the system, scratch and free lists included. */
  readonly reserved: number;
}

/** Elements to be read. */
export interface Reading {
  readonly buffer: DeviceBuffer;
  readonly dtype: DType;
  readonly count: number;
}

/** A device. */
export interface Backend {
  readonly name: string;
  /** What is run is done when `run` returns, so that looking at a result costs nothing. */
  readonly immediate: boolean;
  /** Most buffers that one loop kernel may use, inputs and outputs together. */
  readonly maxBuffers: number;
  /** Why a dtype cannot be held here, or null when it can. */
  unsupported(dtype: DType): string | null;
  /** Bytes that `count` elements take here. */
  bytesFor(dtype: DType, count: number): number;
  /** Uninitialised memory for `count` elements (count >= 1). Throws OutOfMemoryError when there is none left. */
  allocate(dtype: DType, count: number): DeviceBuffer;
  /** Gives a buffer back. Work already queued may still use it. */
  free(buffer: DeviceBuffer): void;
  /** Copies host elements to a buffer. `data` may be changed by the caller afterwards. */
  write(buffer: DeviceBuffer, dtype: DType, data: HostArray): void;
  /** Copies `count` elements to a new host array, waiting for them. Throws DeviceError where waiting is impossible, naming `await t.data()`. */
  read(buffer: DeviceBuffer, dtype: DType, count: number): HostArray;
  /** The same for several buffers, waiting once. */
  readAll(list: readonly Reading[]): HostArray[];
  /** The same as `read` without blocking. */
  readAsync(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray>;
  /** Makes a plan ready. Kernels seen before are not compiled again; others may wait for the first run. */
  prepare(plan: Plan): Executable;
  info(): DeviceInfo;
  memory(): BackendMemory;
}
