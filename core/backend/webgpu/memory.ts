/**
 * Device memory: buffers pooled by size class, and the handles that the backend gives out. When work uses a buffer is the queue's business.
 *
 * @module
 */
import type { DeviceBuffer } from "../backend.ts";
import { DeviceError, OutOfMemoryError } from "../../errors.ts";
import type { Gpu } from "./device.ts";

const usage = 0x0080 | 0x0004 | 0x0008; // STORAGE | COPY_SRC | COPY_DST

/** A buffer of the device, in use or in the pool. */
export interface Block {
  readonly gpu: GPUBuffer;
  /** Its size: a whole class. */
  readonly bytes: number;
  /** Never used again, so caches may key on it. */
  readonly id: number;
  /** Whose it is. */
  readonly pool: Pool;
  /** Number of the encoder that used it last, for ordering uploads. */
  lastEncoder: number;
}

/** A buffer handed out by the backend. */
export class WebGpuBuffer implements DeviceBuffer {
  readonly bytes: number;
  #block: Block | null;

  /** A handle on the first `bytes` bytes of a block. */
  constructor(block: Block, bytes: number) {
    this.#block = block;
    this.bytes = bytes;
  }

  /** The memory; throws after it was given back. */
  get block(): Block {
    if (this.#block === null) {
      throw new DeviceError("webgpu: the buffer was freed and cannot be used any more");
    }
    return this.#block;
  }

  /** Lets go of the memory. */
  release(): Block {
    const block = this.block;
    this.#block = null;
    return block;
  }
}

/** The buffer, which must be of this very device. */
export function ownBuffer(buffer: DeviceBuffer, pool: Pool): WebGpuBuffer {
  if (buffer instanceof WebGpuBuffer && buffer.block.pool === pool) return buffer;
  throw new DeviceError(
    "webgpu: a buffer of another device was given; move the tensor with to('webgpu') first",
  );
}

/** The smallest class that holds `bytes`: powers of two up to 64 KiB, then four steps to the octave. */
export function classOf(bytes: number): number {
  if (bytes <= 256) return 256;
  const octave = 2 ** Math.floor(Math.log2(bytes - 1));
  if (octave < 65536) return octave * 2;
  const step = octave / 4;
  return Math.ceil(bytes / step) * step;
}

/** The work of a device, which uses the memory. */
export interface Work {
  /** Hands over the commands encoded so far. */
  flush(): void;
  /** Waits until all that was asked for is done. */
  finish(): void;
}

/** The pool. */
export class Pool {
  readonly #gpu: Gpu;
  readonly #work: Work;
  readonly #free = new Map<number, Block[]>();
  #freeBytes = 0;
  #reserved = 0;
  #used = 0;
  #nextId = 0;

  /** An empty pool of a device. */
  constructor(gpu: Gpu, work: Work) {
    this.#gpu = gpu;
    this.#work = work;
  }

  /** Bytes taken from the device. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Bytes in blocks that are in use. */
  get used(): number {
    return this.#used;
  }

  /** A block of at least `bytes` bytes. Throws OutOfMemoryError when the device has none left. */
  take(bytes: number): Block {
    const size = Math.min(classOf(bytes), Math.max(this.#gpu.limits.bufferBytes, bytes));
    const list = this.#free.get(size);
    const block = list?.pop();
    if (block !== undefined) {
      this.#freeBytes -= size;
      this.#used += size;
      return block;
    }
    return this.#create(size, bytes);
  }

  /** Takes a block back. Work already queued may still use it. */
  give(block: Block): void {
    this.#used -= block.bytes;
    this.#freeBytes += block.bytes;
    const list = this.#free.get(block.bytes);
    if (list === undefined) this.#free.set(block.bytes, [block]);
    else list.push(block);
    // Keep what a steady loop needs, not the memory of every size ever seen.
    if (this.#freeBytes > Math.max(1 << 28, this.#used * 2)) this.trim(this.#freeBytes / 2);
  }

  /** Destroys free blocks, the largest first, until at most `keep` bytes are free. */
  trim(keep: number): void {
    if (this.#freeBytes <= keep) return;
    // Commands that are handed over must not name a buffer that is destroyed.
    this.#work.flush();
    const sizes = [...this.#free.keys()].sort((a, b) => b - a);
    for (const size of sizes) {
      const list = this.#free.get(size)!;
      while (this.#freeBytes > keep) {
        const block = list.shift();
        if (block === undefined) break;
        block.gpu.destroy();
        this.#freeBytes -= size;
        this.#reserved -= size;
      }
    }
  }

  #create(size: number, wanted: number): Block {
    const limit = this.#gpu.limits.bufferBytes;
    if (wanted > limit) {
      throw new OutOfMemoryError(
        `webgpu: out of memory: a buffer of ${wanted} bytes was asked for and this device allows ${limit} (maxBufferSize); ` +
          "split the tensor, or keep it on the cpu device",
      );
    }
    // What went wrong before is no matter of this.
    this.#gpu.faults.check();
    let gpu = this.#tryCreate(size);
    if (gpu === null) {
      // Memory that is given back comes free when the work that used it is done.
      this.trim(0);
      this.#work.finish();
      gpu = this.#tryCreate(size);
    }
    if (gpu === null) {
      throw new OutOfMemoryError(
        `webgpu: out of memory: ${size} bytes were asked for while ${this.#used} are in use`,
      );
    }
    this.#reserved += size;
    this.#used += size;
    return { gpu, bytes: size, id: this.#nextId++, pool: this, lastEncoder: -1 };
  }

  /** Null when the device says at once that it has no memory; where it says so later, the next run or read throws. */
  #tryCreate(size: number): GPUBuffer | null {
    const { device, faults, limits } = this.#gpu;
    if (this.#reserved + size > limits.memoryBytes) return null;
    device.pushErrorScope("out-of-memory");
    const gpu = device.createBuffer({ label: `tenon ${size}`, size, usage });
    return faults.caught(device.popErrorScope(), `an allocation of ${size} bytes`) === null ? gpu : null;
  }
}
