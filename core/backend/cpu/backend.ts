/**
 * The CPU backend: buffers in one shared WebAssembly memory, plans compiled to WebAssembly SIMD and run by a pool of threads, main thread included. How a plan
 * is run is executable.ts.
 *
 * @module
 */
import { bytesOf, type DType, type HostArray } from "../../dtype.ts";
import { DeviceError, DTypeError } from "../../errors.ts";
import type { Plan } from "../../kernel/plan.ts";
import type { Backend, BackendMemory, DeviceBuffer, DeviceInfo, Executable, Reading } from "../backend.ts";
import type { Views } from "./arena.ts";
import { Engine } from "./engine.ts";
import { CpuBuffer, CpuExecutable } from "./executable.ts";
import { blasName } from "./routines/product/blas.ts";
import { detectFeatures } from "./wasm/features.ts";

/** How a CPU backend is set up. */
export interface CpuOptions {
  /** Threads for large kernels, the main thread included; the number of processors unless given. */
  readonly threads?: number;
  /** Bytes that all buffers together may take; 4 GiB unless given. */
  readonly memoryLimit?: number;
  /** `plain` does without relaxed SIMD where the engine has it, for tests. */
  readonly simd?: "plain";
  /** `none` does without the system's BLAS where the program may use it (`--allow-ffi`). */
  readonly blas?: "none";
}

/** The backend. */
export class CpuBackend implements Backend {
  readonly name = "cpu";
  readonly immediate = true;
  readonly maxBuffers = Infinity;
  readonly #engine: Engine;
  #used = 0;

  constructor(options: CpuOptions = {}) {
    this.#engine = new Engine(
      options.memoryLimit,
      options.simd === "plain" ? { relaxedSimd: false } : detectFeatures(),
      options.blas !== "none",
    );
    if (options.threads !== undefined) this.#engine.pool.setNumThreads(options.threads);
  }

  unsupported(_dtype: DType): string | null {
    return null;
  }

  bytesFor(dtype: DType, count: number): number {
    return bytesOf(dtype) * count;
  }

  allocate(dtype: DType, count: number): DeviceBuffer {
    const bytes = bytesOf(dtype) * count;
    const buffer = new CpuBuffer(bytes, this.#engine.allocate(bytes));
    this.#used += bytes;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    const own = ownBuffer(buffer);
    own.freed = true;
    this.#used -= own.bytes;
    this.#engine.arena.release(own.address, own.bytes);
  }

  write(buffer: DeviceBuffer, dtype: DType, data: HostArray): void {
    const { address, bytes } = ownBuffer(buffer);
    const view = viewOf(this.#engine.arena.views, dtype), at = address / bytesOf(dtype);
    if (data.byteLength > bytes) {
      throw new DeviceError(`write: ${data.byteLength} bytes do not fit a buffer of ${bytes}`);
    }
    if (view instanceof BigInt64Array) {
      if (data instanceof BigInt64Array) return view.set(data, at);
    } else if (!(data instanceof BigInt64Array)) return view.set(data, at);
    throw new DTypeError(`write: a buffer of ${dtype} cannot take a ${data.constructor.name}`);
  }

  read(buffer: DeviceBuffer, dtype: DType, count: number): HostArray {
    const at = ownBuffer(buffer).address / bytesOf(dtype);
    // A slice of a shared array is a copy that is not shared.
    return viewOf(this.#engine.arena.views, dtype).slice(at, at + count);
  }

  readAll(list: readonly Reading[]): HostArray[] {
    return list.map(({ buffer, dtype, count }) => this.read(buffer, dtype, count));
  }

  readAsync(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray> {
    return new Promise((resolve) => resolve(this.read(buffer, dtype, count)));
  }

  prepare(plan: Plan): Executable {
    return new CpuExecutable(this.#engine, plan);
  }

  /** Threads that take part in large kernels. */
  get numThreads(): number {
    return this.#engine.pool.threads;
  }

  /** Sets how many threads take part in large kernels, the main thread included. Throws ValueError unless it is an integer from 1 to 64. */
  setNumThreads(count: number): void {
    this.#engine.pool.setNumThreads(count);
  }

  info(): DeviceInfo {
    const { pool, kernels, features } = this.#engine;
    return {
      device: "cpu",
      details: {
        engine: "WebAssembly",
        simd: features.relaxedSimd ? "relaxed" : "plain",
        blas: blasName(this.#engine),
        threads: pool.threads,
        workersStarted: pool.started,
        kernels,
      },
    };
  }

  memory(): BackendMemory {
    return { used: this.#used, reserved: this.#engine.arena.reserved };
  }
}

/** Makes a CPU backend. Nothing is compiled and no thread is started before there is work for it. */
export function createCpuBackend(options?: CpuOptions): CpuBackend {
  return new CpuBackend(options);
}

function ownBuffer(buffer: DeviceBuffer): CpuBuffer {
  if (!(buffer instanceof CpuBuffer)) throw new DeviceError("a buffer of another backend was given");
  if (buffer.freed) throw new DeviceError("a buffer was used after it was freed");
  return buffer;
}

function viewOf(views: Views, dtype: DType): HostArray {
  return views[viewNames[dtype]];
}

const viewNames: Readonly<Record<DType, keyof Views>> = {
  float32: "f32",
  float64: "f64",
  float16: "f16",
  bfloat16: "u16",
  int64: "i64",
  int32: "i32",
  int16: "i16",
  int8: "i8",
  uint8: "u8",
  bool: "u8",
};
