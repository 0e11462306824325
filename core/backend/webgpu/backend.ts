/**
 * The WebGPU backend: the verbs of backend.ts over a device. Each part has its own file: the device and its faults, memory, the queue, reads,
 * kernels (loops/, wgsl/) and routines.
 *
 * @module
 */
import type { Backend, BackendMemory, DeviceBuffer, DeviceInfo, Executable, Reading } from "../backend.ts";
import type { DType, HostArray } from "../../dtype.ts";
import { DeviceError, DTypeError, OutOfMemoryError } from "../../errors.ts";
import type { Plan, Step } from "../../kernel/plan.ts";
import { Builder } from "./builder.ts";
import { type Gpu, openGpu, type WebGpuOptions } from "./device.ts";
import { type Machine, WebGpuExecutable } from "./executable.ts";
import { lowerLoop } from "./loops/lower.ts";
import { hardwareRounds, softwareRounds } from "./loops/rounds.ts";
import { type Block, ownBuffer, Pool, WebGpuBuffer } from "./memory.ts";
import { Pipelines } from "./pipelines.ts";
import { Queue } from "./queue.ts";
import { lowerRoutine } from "./routines/table.ts";
import { Staging } from "./staging.ts";
import { fromWords, toWords, unsupportedReason, wordBytes, wordOf } from "./storage.ts";
import { Tuner } from "./tuner.ts";
import type { Target } from "./wgsl/emitter.ts";

export type { WebGpuOptions } from "./device.ts";

/** Bytes of several buffers that are read together. */
const gathered = 1 << 20;

/** Elements of one buffer: kernels number them in i32. */
const mostElements = 2 ** 31 - 1;

/** A WebGPU device as a backend. Make one with {@linkcode createWebGpuBackend}. */
export class WebGpuBackend implements Backend {
  readonly name = "webgpu";
  readonly immediate = false;
  readonly maxBuffers: number;
  readonly #machine: Machine;
  readonly #staging: Staging;
  readonly #target: Target;
  readonly #tuner: Tuner;
  #used = 0;

  /** A backend over an open device. */
  constructor(gpu: Gpu, staging: Staging, software: boolean) {
    this.#staging = staging;
    this.maxBuffers = gpu.limits.storageBuffers;
    const queue = new Queue(gpu, staging);
    this.#machine = {
      gpu,
      pool: new Pool(gpu, queue),
      queue,
      pipelines: new Pipelines(gpu),
    };
    this.#target = {
      bindingBytes: gpu.limits.bindingBytes,
      storageBuffers: gpu.limits.storageBuffers,
      workgroupsPerDimension: gpu.limits.workgroupsPerDimension,
      hasF16: gpu.hasF16,
      subgroupLanes: gpu.subgroupLanes,
      software,
      rounds: gpu.software ? softwareRounds : hardwareRounds,
      rounding: { exact: !gpu.software },
    };
    this.#tuner = new Tuner(this.#machine, this.#target, () => staging.canReadNow);
  }

  /** Whether the device is gone and every later call throws. */
  get lost(): boolean {
    return this.#machine.gpu.faults.lost;
  }

  unsupported(dtype: DType): string | null {
    return unsupportedReason(dtype);
  }

  bytesFor(dtype: DType, count: number): number {
    return count * wordBytes(wordOf(dtype, this.#machine.gpu.hasF16));
  }

  allocate(dtype: DType, count: number): DeviceBuffer {
    this.#machine.gpu.faults.check();
    const bytes = this.bytesFor(dtype, count);
    if (count > mostElements) {
      throw new OutOfMemoryError(
        `webgpu: out of memory: a buffer of ${bytes} bytes was asked for and kernels number elements in 32 bits; ` +
          "split the tensor, or keep it on the cpu device",
      );
    }
    const block = this.#machine.pool.take(Math.ceil(bytes / 16) * 16);
    this.#used += bytes;
    return new WebGpuBuffer(block, bytes);
  }

  free(buffer: DeviceBuffer): void {
    const { pool } = this.#machine;
    pool.give(ownBuffer(buffer, pool).release());
    this.#used -= buffer.bytes;
  }

  write(buffer: DeviceBuffer, dtype: DType, data: HostArray): void {
    const { gpu, queue, pool } = this.#machine;
    gpu.faults.check();
    const words = toWords(dtype, wordOf(dtype, gpu.hasF16), data);
    if (words.byteLength > buffer.bytes) {
      throw new DeviceError(`webgpu: write of ${words.byteLength} bytes to a buffer of ${buffer.bytes}`);
    }
    if (words.byteLength > 0) queue.upload(ownBuffer(buffer, pool).block, words);
  }

  read(buffer: DeviceBuffer, dtype: DType, count: number): HostArray {
    this.#checkReads();
    const { block, bytes } = this.#source({ buffer, dtype, count });
    return this.#fromWords(dtype, this.#machine.queue.read(block, bytes), count);
  }

  readAll(list: readonly Reading[]): HostArray[] {
    const { queue, pool } = this.#machine;
    this.#checkReads();
    const results: HostArray[] = [];
    // Neighbours are gathered on the device: each wait costs time, and memory of the runtime until the program yields.
    for (let first = 0, next = 0; first < list.length; first = next) {
      const starts: number[] = [];
      let end = 0;
      for (; next < list.length; next++) {
        const { bytes } = this.#source(list[next]);
        if (next > first && end + bytes > gathered) break;
        starts.push(end);
        end += bytes;
      }
      const group = list.slice(first, next);
      const whole = group.length === 1 ? null : roomFor(pool, end);
      if (whole === null) {
        for (const { buffer, dtype, count } of group) results.push(this.read(buffer, dtype, count));
        continue;
      }
      starts.forEach((start, i) => {
        const { block } = this.#source(group[i]);
        queue.copy(block, 0, whole, start, (starts[i + 1] ?? end) - start, "read");
      });
      const bytes = queue.read(whole, end);
      pool.give(whole);
      group.forEach(({ dtype, count }, i) =>
        results.push(this.#fromWords(dtype, bytes.slice(starts[i], starts[i + 1]), count))
      );
    }
    return results;
  }

  async readAsync(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray> {
    this.#machine.gpu.faults.check();
    const { block, bytes } = this.#source({ buffer, dtype, count });
    return this.#fromWords(dtype, await this.#machine.queue.readAsync(block, bytes), count);
  }

  prepare(plan: Plan): Executable {
    const { gpu, pipelines } = this.#machine;
    gpu.faults.check();
    for (const step of plan.steps) refuseUnsupported(plan, step);
    const builder = new Builder(plan, gpu, this.#target, pipelines, this.#tuner);
    for (const step of plan.steps) {
      if (step.kind === "loop") lowerLoop(builder, step.kernel, step.inputs, step.outputs, step.label);
      else lowerRoutine(builder, step);
    }
    return new WebGpuExecutable(this.#machine, builder.finish());
  }

  info(): DeviceInfo {
    const { gpu, pipelines } = this.#machine;
    return {
      device: "webgpu",
      details: {
        adapter: gpu.adapterName,
        software: gpu.software,
        float16: gpu.hasF16 ? "native" : "in float32 words",
        subgroups: gpu.subgroupLanes > 0,
        synchronousReads: this.#staging.canReadNow,
        storageBuffers: gpu.limits.storageBuffers,
        bindingBytes: gpu.limits.bindingBytes,
        kernels: pipelines.count,
      },
    };
  }

  memory(): BackendMemory {
    return { used: this.#used, reserved: this.#machine.pool.reserved + this.#staging.bytes };
  }

  /** Gives the device back. Every later call throws. */
  destroy(): void {
    this.#machine.gpu.faults.lose("destroyed");
    this.#machine.gpu.device.destroy();
  }

  #checkReads(): void {
    this.#machine.gpu.faults.check();
    if (this.#staging.canReadNow) return;
    throw new DeviceError("webgpu: this runtime cannot read device memory synchronously; use await t.data()");
  }

  #fromWords(dtype: DType, bytes: ArrayBuffer, count: number): HostArray {
    return fromWords(dtype, wordOf(dtype, this.#machine.gpu.hasF16), bytes, count);
  }

  /** The memory to read from, and how many bytes: whole words. */
  #source({ buffer, dtype, count }: Reading): { readonly block: Block; readonly bytes: number } {
    const { block, bytes } = ownBuffer(buffer, this.#machine.pool);
    const wanted = this.bytesFor(dtype, count);
    if (wanted > bytes) throw new DeviceError(`webgpu: read of ${wanted} bytes from a buffer of ${bytes}`);
    return { block, bytes: Math.ceil(wanted / 4) * 4 };
  }
}

/** A block, or null when the device has no memory left: what is read may be on its way out for that very reason. */
function roomFor(pool: Pool, bytes: number): Block | null {
  try {
    return pool.take(bytes);
  } catch (error) {
    if (error instanceof OutOfMemoryError) return null;
    throw error;
  }
}

/** Throws DTypeError where a step has values of a dtype that WebGPU does not hold, in memory or only on the way. */
function refuseUnsupported(plan: Plan, step: Step): void {
  const loop = step.kind === "loop" ? step : step.epilogue;
  const slots = step.kind === "loop" ? [...step.inputs, ...step.outputs] : [step.output];
  const found = [...slots.map((s) => plan.slots[s].dtype), ...loop?.kernel.code.map((i) => i.dtype) ?? []];
  for (const dtype of found) {
    const reason = unsupportedReason(dtype);
    if (reason !== null) throw new DTypeError(`${dtype} on webgpu: ${reason}, in ${step.label}`);
  }
}

/**
 * Opens a GPU as a backend. Several can live side by side; after a device is lost a fresh one is made by calling this again.
 *
 * @throws {DeviceError} When there is no adapter, or only a software one and `allowSoftware` is not set.
 */
export async function createWebGpuBackend(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const gpu = await openGpu(options);
  const staging = await Staging.open(gpu.device);
  gpu.faults.check();
  return new WebGpuBackend(
    gpu,
    staging,
    options.kernels === undefined ? gpu.software : options.kernels === "software",
  );
}
