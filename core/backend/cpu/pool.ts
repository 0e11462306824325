/**
 * The threads of the CPU backend: splits a kernel's work over worker threads that wait in the shared memory, main thread included. What a
 * thread does with a chunk is thread.ts; how fine work should be split is the caller's knowledge.
 *
 * Chunks are fixed by the caller, never by the number of threads, and go to whoever is free; so results do not depend on either.
 *
 * @module
 */
import { DeviceError, ValueError } from "../../errors.ts";
import type { Arena } from "./arena.ts";
import { type KernelFn, makeThread, type Thread, words, workerMain } from "./thread.ts";

/** Parallel work, in milliseconds, that must have been seen before workers are started: starting them costs more than that. */
const WORTH_STARTING = 8;
const MAX_THREADS = 64;

/** A compiled kernel that any thread can run. */
export interface PoolKernel {
  readonly fn: KernelFn;
  readonly id: number;
  readonly module: PoolModule;
  /** Which of the module's exports it is. */
  readonly entry: number;
}

/** A module's bytes, put into the shared memory when a worker first needs them. */
interface PoolModule {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  address: number;
}

/** Elementwise work on each tile of a stack of row-major matrices, done while the tile is hot. Chunks count tiles, row by row of tiles. */
export interface Follow {
  readonly kernel: PoolKernel;
  readonly args: number;
  readonly rows: number;
  readonly columns: number;
  readonly tileRows: number;
  readonly tileColumns: number;
}

interface WorkerThreads {
  readonly Worker: new (
    source: string,
    options: { eval: boolean; workerData: unknown; env: object },
  ) => { unref(): void };
}

/** The pool. */
export class Pool {
  readonly #arena: Arena;
  readonly #control: number;
  readonly #ctl: Int32Array<SharedArrayBuffer>;
  readonly #main: Thread;
  #threads: number;
  /** Workers started so far, the main thread not counted. */
  #workers = 0;
  #startable = true;
  #canWait = true;
  #parallelTime = 0;
  #kernels = 0;
  #scratchBytes = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#control = arena.allocate(4096);
    this.#ctl = new Int32Array(arena.views.i32.buffer, this.#control, words.length);
    this.#ctl.fill(0);
    this.#threads = defaultThreads();
    this.#main = makeThread({ memory: arena.memory, control: this.#control, index: 0, words });
  }

  /** Threads that take part in large kernels, the main thread included. */
  get threads(): number {
    return this.#threads;
  }

  /** Whether worker threads exist already. */
  get started(): boolean {
    return this.#workers > 0;
  }

  /** Sets the number of threads, as `torch.set_num_threads`. Throws ValueError unless `count` is an integer from 1 to 64. */
  setNumThreads(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > MAX_THREADS) {
      throw new ValueError(
        `setNumThreads expects a positive integer (1 to ${MAX_THREADS}), but got ${count}`,
      );
    }
    this.#threads = count;
    if (this.#scratchBytes > 0) this.reserveScratch(0);
  }

  /** Compiles a module that imports `env.memory` and functions of `math`; one kernel for each export, in their order. */
  load(bytes: Uint8Array<ArrayBuffer>): PoolKernel[] {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory: this.#arena.memory },
      math: Math as object as WebAssembly.ModuleImports,
    });
    const module: PoolModule = { id: this.#kernels, bytes, address: 0 };
    return (Object.values(instance.exports) as KernelFn[]).map((fn, entry) => {
      const id = this.#kernels++;
      this.#main.functions.set(id, fn);
      return { fn, id, module, entry };
    });
  }

  /** Gives up the kernels of a module, all that `load` returned. */
  unload(kernels: readonly PoolKernel[]): void {
    for (const { id } of kernels) this.#main.functions.delete(id);
    const { module } = kernels[0];
    if (module.address !== 0) this.#arena.release(module.address, module.bytes.length);
  }

  /** Makes sure that every thread has at least `bytes` of scratch memory of its own, passed to kernels as their last argument. */
  reserveScratch(bytes: number): void {
    const ctl = this.#ctl, stride = Math.max(Math.ceil(bytes / 64) * 64, ctl[words.scratchStride]);
    if (stride === ctl[words.scratchStride] && stride * this.#threads <= this.#scratchBytes) return;
    if (this.#scratchBytes > 0) this.#arena.release(ctl[words.scratch], this.#scratchBytes);
    this.#scratchBytes = 0;
    ctl[words.scratch] = this.#arena.allocate(stride * this.#threads);
    ctl[words.scratchStride] = stride;
    this.#scratchBytes = stride * this.#threads;
  }

  /** The main thread's scratch memory, for kernels that are called directly. */
  get scratch(): number {
    return this.#ctl[words.scratch];
  }

  /**
   * Runs `kernel` on `[0, end)` in chunks of `chunk`, on all threads. With one thread, or one chunk, everything happens on the main thread. Whatever a
   * chunk throws is thrown here after all have ended.
   */
  run(kernel: PoolKernel, end: number, chunk: number, args: number, follow: Follow | null = null): void {
    const ctl = this.#ctl;
    const tasks = Math.ceil(end / chunk);
    const helpers = Math.min(this.#threads, tasks) - 1;
    const starting = helpers > 0 && this.#startable && this.#workers < this.#threads - 1;
    if (starting && this.#parallelTime > WORTH_STARTING) this.#start();
    this.#describe(words.kernel, kernel);
    ctl[words.args] = args;
    ctl[words.tasks] = tasks;
    ctl[words.chunk] = chunk;
    ctl[words.end] = end;
    if (follow === null) ctl[words.follow] = -1;
    else {
      this.#describe(words.follow, follow.kernel);
      ctl[words.followArgs] = follow.args;
      ctl[words.rows] = follow.rows;
      ctl[words.columns] = follow.columns;
      ctl[words.tileRows] = follow.tileRows;
      ctl[words.tileColumns] = follow.tileColumns;
    }
    ctl[words.finished] = 0;
    ctl[words.failed] = 0;
    Atomics.store(ctl, words.limit, this.#threads);
    Atomics.store(ctl, words.remaining, tasks);
    if (helpers > 0 && this.#workers > 0) {
      Atomics.add(ctl, words.epoch, 1);
      Atomics.notify(ctl, words.epoch, helpers);
    }
    const before = starting ? performance.now() : 0;
    const error = this.#main.drain();
    if (starting) this.#parallelTime += performance.now() - before;
    this.#join(tasks);
    if (error !== undefined) throw error;
    if (ctl[words.failed] !== 0) {
      throw new DeviceError("cpu: a kernel failed on a worker thread (it read or wrote outside the memory)");
    }
  }

  /** Starts the missing workers, or gives up for good where there are none to be had. */
  #start(): void {
    const threads = workerThreads();
    if (threads === null) {
      this.#startable = false;
      return;
    }
    const source = `(${workerMain})(require("node:worker_threads").workerData, ${makeThread});`;
    while (this.#workers < this.#threads - 1) {
      const index = this.#workers + 1;
      const workerData = { memory: this.#arena.memory, control: this.#control, index, words };
      // With an environment given it does not copy the process's, for which Deno would ask the user's permission.
      const worker = new threads.Worker(source, { eval: true, workerData, env: {} });
      // A web Worker would keep the process alive for ever; this one does not.
      worker.unref();
      this.#workers = index;
    }
  }

  /** Runs what brings threads of its own; the workers do not wait awake meanwhile. */
  standAside(run: () => void): void {
    Atomics.store(this.#ctl, words.asleep, 1);
    try {
      run();
    } finally {
      Atomics.store(this.#ctl, words.asleep, 0);
    }
  }

  /** Waits, awake at first, until all chunks are done. */
  #join(tasks: number): void {
    const ctl = this.#ctl;
    for (let spins = 0;; spins++) {
      const done = Atomics.load(ctl, words.finished);
      if (done === tasks) return;
      if (spins < 1000 || !this.#canWait) Atomics.pause();
      else {
        try {
          Atomics.wait(ctl, words.finished, done, 10);
        } catch {
          // A browser's main thread may not sleep.
          this.#canWait = false;
        }
      }
    }
  }

  #describe(word: number, kernel: PoolKernel): void {
    const ctl = this.#ctl, { module } = kernel;
    if (module.address === 0 && this.#workers > 0) {
      module.address = this.#arena.allocate(module.bytes.length);
      this.#arena.views.u8.set(module.bytes, module.address);
    }
    ctl[word] = kernel.id;
    ctl[word + 1] = module.id;
    ctl[word + 2] = module.address;
    ctl[word + 3] = module.bytes.length;
    ctl[word + 4] = kernel.entry;
  }
}

function defaultThreads(): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(MAX_THREADS, cores));
}

/** `node:worker_threads`, loaded when first needed and only where the runtime has it. */
function workerThreads(): WorkerThreads | null {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  try {
    return (process?.getBuiltinModule?.("node:worker_threads") ?? null) as WorkerThreads | null;
  } catch {
    return null;
  }
}
