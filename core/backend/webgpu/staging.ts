/**
 * Reading device memory, synchronously where the runtime allows it. This file alone rests on how Deno behaves and not on the standard.
 *
 * Deno's `mapAsync` waits for the GPU before it returns its promise, which resolves only after a 10 ms pause. A buffer that has been
 * mapped before can be read with `getMappedRange` straight after that call. On a buffer that has never been mapped, the same call makes
 * Deno panic and the process dies. So the only way to a `Primed` buffer here is `prime`, which has awaited one full mapping, and
 * the early `getMappedRange` takes a `Primed` alone. If a mapping fails (a lost device), `getMappedRange` throws and nothing worse.
 *
 * The promise of each early read stays pending, with a few kilobytes of the runtime's memory, until the program yields: nothing but the event loop can settle it.
 *
 * @module
 */
import { DeviceError, OutOfMemoryError } from "../../errors.ts";

const mapRead = 1; // GPUMapMode.READ, which not every runtime declares globally
const usage = 0x0001 | 0x0008; // MAP_READ | COPY_DST

const smallBytes = 1 << 16;
const largeBytes = 1 << 22;
const hugeBytes = 1 << 25;

declare const primed: unique symbol;
/** A staging buffer that has been mapped once, so that an early read cannot panic. */
type Primed = GPUBuffer & { readonly [primed]: true };

/** Encodes and submits a copy of `bytes` bytes at `from` of the source into the start of `to`. */
export type CopyOut = (from: number, to: GPUBuffer, bytes: number) => void;

/** Staging buffers, smallest first, and the two ways of reading through them. */
export class Staging {
  readonly #device: GPUDevice;
  #ring: Primed[] = [];
  #idle: Primed[] = [];
  #growing = 0;
  /** Whether synchronous reads work here. */
  #sync = false;

  private constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Makes and primes the first buffers, and tries a synchronous read. */
  static async open(device: GPUDevice): Promise<Staging> {
    const staging = new Staging(device);
    staging.#ring = await Promise.all([staging.#prime(smallBytes), staging.#prime(largeBytes)]);
    staging.#sync = staging.#probe();
    return staging;
  }

  /** Whether `read` can be called. */
  get canReadNow(): boolean {
    return this.#sync;
  }

  /** Bytes in staging buffers. */
  get bytes(): number {
    return [...this.#ring, ...this.#idle].reduce((sum, b) => sum + b.size, 0);
  }

  /** Reads `bytes` bytes, waiting for the device. Large reads go through the ring in pieces. */
  read(bytes: number, copy: CopyOut): ArrayBuffer {
    if (!this.#sync) {
      throw new DeviceError("webgpu: this runtime cannot wait for the GPU; use await t.data()");
    }
    if (bytes > largeBytes) this.#grow(Math.min(hugeBytes, 2 ** Math.ceil(Math.log2(bytes))));
    const target = hostBytes(bytes);
    for (let at = 0; at < bytes;) {
      const rest = bytes - at;
      const buffer = this.#ring.find((b) => b.size >= rest) ?? this.#ring[this.#ring.length - 1];
      const piece = Math.min(rest, buffer.size);
      copy(at, buffer, piece);
      readNow(buffer, new Uint8Array(target, at, piece));
      at += piece;
    }
    return target;
  }

  /** Waits until the device has done what was submitted so far. Does nothing where waiting is impossible. */
  wait(copy: CopyOut): void {
    if (!this.#sync) return;
    copy(0, this.#ring[0], 4);
    readNow(this.#ring[0], new Uint8Array(4));
  }

  /** The same as `read` without blocking. */
  async readAsync(bytes: number, copy: CopyOut): Promise<ArrayBuffer> {
    const target = hostBytes(bytes);
    const jobs: { readonly buffer: Promise<Primed>; readonly at: number; readonly piece: number }[] = [];
    for (let at = 0; at < bytes; at += hugeBytes) {
      const piece = Math.min(bytes - at, hugeBytes);
      const found = this.#idle.findIndex((b) => b.size >= piece);
      const buffer = found >= 0
        ? this.#idle.splice(found, 1)[0]
        : this.#make(Math.max(smallBytes, 2 ** Math.ceil(Math.log2(piece))));
      copy(at, buffer, piece);
      jobs.push({ buffer: mapped(buffer), at, piece });
    }
    for (const { buffer, at, piece } of jobs) {
      try {
        const ready = await buffer;
        // The device may go at any time; then these throw too.
        new Uint8Array(target, at, piece).set(new Uint8Array(ready.getMappedRange(0, piece)));
        ready.unmap();
        if (this.#idle.length < 4) this.#idle.push(ready);
        else ready.destroy();
      } catch (cause) {
        throw readingFailed(cause);
      }
    }
    return target;
  }

  #make(size: number): GPUBuffer {
    return this.#device.createBuffer({ label: "tenon staging", size, usage });
  }

  async #prime(size: number): Promise<Primed> {
    const buffer = await mapped(this.#make(size));
    buffer.getMappedRange();
    buffer.unmap();
    return buffer;
  }

  /** Primes a larger buffer in the background, for the next read of this size. */
  #grow(size: number): void {
    if (this.#growing >= size || this.#ring.some((b) => b.size >= size)) return;
    this.#growing = size;
    this.#prime(size).then((buffer) => {
      this.#ring.push(buffer);
      this.#ring.sort((a, b) => a.size - b.size);
    }, () => {
      this.#growing = 0;
    });
  }

  #probe(): boolean {
    const source = this.#device.createBuffer({ size: 4, usage: 0x0004 | 0x0008 });
    try {
      this.#device.queue.writeBuffer(source, 0, new Uint32Array([0x7e404e]));
      const encoder = this.#device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, 0, this.#ring[0], 0, 4);
      this.#device.queue.submit([encoder.finish()]);
      const word = new Uint32Array(1);
      readNow(this.#ring[0], new Uint8Array(word.buffer));
      return word[0] === 0x7e404e;
    } catch {
      return false;
    } finally {
      source.destroy();
    }
  }
}

/** One for all reads: until the program yields each keeps it. */
const ignore = (): void => {};

/** The one early read: fills `target` from the start of the buffer. */
function readNow(buffer: Primed, target: Uint8Array): void {
  // Mappings come in words.
  const bytes = (target.byteLength + 3) & ~3;
  const mapping = buffer.mapAsync(mapRead, 0, bytes);
  // A failed mapping shows as a throw of getMappedRange below; its promise must not count as unhandled. An abort by unmap is expected.
  mapping.catch(ignore);
  try {
    target.set(new Uint8Array(buffer.getMappedRange(0, bytes), 0, target.byteLength));
    buffer.unmap();
  } catch (cause) {
    throw readingFailed(cause);
  }
}

function hostBytes(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new OutOfMemoryError(`not enough memory on the host: you tried to read ${bytes} bytes`, { cause });
  }
}

function readingFailed(cause: unknown): DeviceError {
  const why = cause instanceof Error ? cause.message : cause;
  return new DeviceError(`webgpu: reading back failed: ${why}; the device may be lost`, { cause });
}

async function mapped(buffer: GPUBuffer): Promise<Primed> {
  await buffer.mapAsync(mapRead);
  return buffer as Primed;
}
