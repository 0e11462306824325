/**
 * The order of work: uploads, dispatches, copies and reads on one device, gathered into few submissions. Work is submitted when it is read, when
 * enough has gathered, or when the program yields. No more than a stated amount is ever queued ahead of the device.
 *
 * @module
 */
import { OutOfMemoryError } from "../../errors.ts";
import type { Gpu } from "./device.ts";
import type { Block, Work } from "./memory.ts";
import type { CopyOut, Staging } from "./staging.ts";

/** Dispatches and copies gathered before a submission, so that the device starts early on long plans. */
const commandsPerSubmit = 64;
/** Submissions ahead of the device before the host waits. */
const submitsAhead = 32;
/** Bytes of uploads ahead of the device before the host waits. */
const uploadsAhead = 1 << 28;
/** Bytes of an upload from which it is looked at whether the device had memory to stage it. */
const stagedBytes = 1 << 16;

/** The queue of a device. */
export class Queue implements Work {
  readonly #gpu: Gpu;
  readonly #staging: Staging;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  /** What the pass is set up with. */
  #pipeline: GPUComputePipeline | null = null;
  #group: GPUBindGroup | null = null;
  #commands = 0;
  #labels: string[] = [];
  #number = 0;
  #submits = 0;
  #uploaded = 0;
  #fence: GPUBuffer | null = null;
  #flushQueued = false;

  /** The queue of `gpu`, reading through `staging`. */
  constructor(gpu: Gpu, staging: Staging) {
    this.#gpu = gpu;
    this.#staging = staging;
  }

  /** Copies host bytes to the start of a block. */
  upload(block: Block, data: ArrayBufferView<ArrayBuffer>): void {
    // writeBuffer takes effect before what is still being encoded.
    if (block.lastEncoder === this.#number) this.#submit();
    if (!this.#write(block, data)) {
      // Earlier uploads may still be staged.
      this.finish();
      if (!this.#write(block, data)) {
        throw new OutOfMemoryError(
          `webgpu: out of memory: ${data.byteLength} bytes were to be uploaded while ${block.pool.used} are in use`,
        );
      }
    }
    this.#uploaded += data.byteLength;
    if (this.#uploaded > uploadsAhead) {
      this.#submit();
      this.#wait();
    }
  }

  /** Whether the device had memory for it. */
  #write(block: Block, data: ArrayBufferView<ArrayBuffer>): boolean {
    const { device, faults } = this.#gpu;
    const whole = data.byteLength & ~3, watched = data.byteLength >= stagedBytes;
    if (watched) device.pushErrorScope("out-of-memory");
    if (whole > 0) device.queue.writeBuffer(block.gpu, 0, data.buffer, data.byteOffset, whole);
    if (whole < data.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      device.queue.writeBuffer(block.gpu, whole, tail);
    }
    return !watched ||
      faults.caught(device.popErrorScope(), `an upload of ${data.byteLength} bytes`) === null;
  }

  /** Queues a dispatch. `blocks` are all that its bind group holds. */
  dispatch(
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    size: readonly [number, number, number],
    blocks: readonly Block[],
    label: string,
  ): void {
    const encoder = this.#open();
    this.#pass ??= encoder.beginComputePass();
    // The same kernel again, as in a loop that evaluates each step, needs no new set-up.
    if (pipeline !== this.#pipeline) this.#pass.setPipeline(this.#pipeline = pipeline);
    if (group !== this.#group) this.#pass.setBindGroup(0, this.#group = group);
    this.#pass.dispatchWorkgroups(size[0], size[1], size[2]);
    for (const block of blocks) block.lastEncoder = this.#number;
    this.#count(label);
  }

  /** Queues a copy between two blocks; offsets and size in bytes, multiples of four. */
  copy(from: Block, fromByte: number, to: Block, toByte: number, bytes: number, label: string): void {
    const encoder = this.#open();
    this.#endPass();
    encoder.copyBufferToBuffer(from.gpu, fromByte, to.gpu, toByte, bytes);
    from.lastEncoder = this.#number;
    to.lastEncoder = this.#number;
    this.#count(label);
  }

  /** Reads the first `bytes` bytes of a block, waiting for all that came before. */
  read(block: Block, bytes: number): ArrayBuffer {
    const result = this.#staging.read(bytes, this.#copyOut(block.gpu));
    this.#gpu.faults.check(true);
    this.#submits = 0;
    this.#uploaded = 0;
    return result;
  }

  /** The same without blocking. */
  async readAsync(block: Block, bytes: number): Promise<ArrayBuffer> {
    const result = await this.#staging.readAsync(bytes, this.#copyOut(block.gpu));
    this.#gpu.faults.check(true);
    return result;
  }

  /** Submits what has gathered. Waits for the device when it is too far behind. */
  flush(): void {
    this.#submit();
    if (this.#submits >= submitsAhead) this.#wait();
  }

  /** Submits what has gathered, and waits for all of it where the host can wait. */
  finish(): void {
    this.#submit();
    this.#wait();
  }

  #submit(): void {
    if (this.#encoder === null) return;
    this.#endPass();
    const { device, faults } = this.#gpu;
    device.pushErrorScope("validation");
    device.queue.submit([this.#encoder.finish()]);
    faults.watch(device.popErrorScope(), this.#labels.join(" | "));
    this.#encoder = null;
    this.#labels = [];
    this.#commands = 0;
    this.#number++;
    this.#submits++;
  }

  #open(): GPUCommandEncoder {
    if (this.#encoder === null) {
      this.#encoder = this.#gpu.device.createCommandEncoder({ label: "tenon" });
      if (!this.#flushQueued) {
        this.#flushQueued = true;
        queueMicrotask(() => {
          this.#flushQueued = false;
          this.flush();
        });
      }
    }
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = this.#pipeline = this.#group = null;
  }

  #count(label: string): void {
    if (this.#labels.length < 8 && this.#labels[this.#labels.length - 1] !== label) this.#labels.push(label);
    if (++this.#commands >= commandsPerSubmit) this.flush();
  }

  /** Waits until the device has done all that was submitted. */
  #wait(): void {
    // A buffer of its own: any other may be gone by the time that it is waited for.
    this.#fence ??= this.#gpu.device.createBuffer({ label: "tenon fence", size: 4, usage: 0x0004 });
    this.#staging.wait(this.#copyOut(this.#fence));
    this.#gpu.faults.check(true);
    this.#submits = 0;
    this.#uploaded = 0;
  }

  #copyOut(source: GPUBuffer): CopyOut {
    return (from, to, bytes) => {
      const encoder = this.#open();
      this.#endPass();
      encoder.copyBufferToBuffer(source, from, to, 0, (bytes + 3) & ~3);
      this.#submit();
    };
  }
}
