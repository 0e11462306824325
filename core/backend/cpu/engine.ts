/**
 * What the parts of the CPU backend share: the arena, the pool, compiled loop kernels and the scratch block. No plan is known here.
 *
 * @module
 */
import { kernelText, type LoopKernel } from "../../kernel/ir.ts";
import type { Slot } from "../../kernel/plan.ts";
import { DeviceError, OutOfMemoryError } from "../../errors.ts";
import { Arena } from "./arena.ts";
import { chunkOf } from "./chunks.ts";
import { compileLoop } from "./loop/compile.ts";
import { Pool, type PoolKernel } from "./pool.ts";
import { detectFeatures, type Features } from "./wasm/features.ts";

/** Compiled kernels that are kept though no plan uses them. */
const MOST_IDLE = 2048;

/** A step of a prepared plan. */
export interface StepRunner {
  run(): void;
  dispose(): void;
}

/** What step runners are made in. */
export interface StepContext {
  readonly engine: Engine;
  /** Address of each slot while the plan runs. */
  readonly at: Float64Array;
  readonly slots: readonly Slot[];
  /** Address of the memory that a step may use while it runs. */
  workspace: number;
  /** How much of it there is: each step raises it, when made, to what it needs. */
  workspaceBytes: number;
}

/** One pass of a loop kernel, loaded. */
interface LoopPass {
  readonly kernel: PoolKernel;
  readonly points: number;
  /** Points that one thread takes at a time; all of them when the pass is small. Depends on the kernel alone. */
  readonly chunk: number;
}

/** A loop kernel, loaded. */
export interface CompiledLoop {
  readonly passes: readonly LoopPass[];
  /** Whether its points are those of the outer loops in row-major order, in one pass. */
  readonly rowMajor: boolean;
  readonly workspaceBytes: number;
  /** The text of the kernel, its key. */
  readonly text: string;
  /** Calls that hold it. */
  users: number;
}

/** Compiles and loads a kernel. */
function loadLoop(pool: Pool, kernel: LoopKernel, text: string, features: Features): CompiledLoop {
  const { bytes, passes, rowMajor, scratchBytes, workspaceBytes } = compileLoop(kernel, features);
  if (scratchBytes > 0) pool.reserveScratch(scratchBytes);
  const kernels = pool.load(bytes);
  return {
    passes: passes.map(({ points, grain, cost }, i) => ({
      kernel: kernels[i],
      points,
      chunk: chunkOf(points, cost, grain),
    })),
    rowMajor,
    workspaceBytes,
    text,
    users: 0,
  };
}

/** The shared parts. */
export class Engine {
  readonly arena: Arena;
  readonly pool: Pool;
  /** What kernels may use. */
  readonly features: Features;
  /** Whether large products may go to the system's BLAS. */
  readonly blas: boolean;
  readonly #loops = new Map<string, CompiledLoop>();
  /** Kernels that no plan uses now, by how long that is so. */
  readonly #idle = new Map<string, CompiledLoop>();
  #scratch = 0;
  #scratchBytes = 0;

  constructor(limitBytes?: number, features: Features = detectFeatures(), blas = true) {
    this.arena = new Arena(1 << 20, limitBytes);
    this.pool = new Pool(this.arena);
    this.features = features;
    this.blas = blas;
  }

  /** The compiled form of a kernel; kernels with the same text are compiled once. To be given back with `releaseLoop`. */
  loop(kernel: LoopKernel): CompiledLoop {
    const text = kernelText(kernel);
    let loop = this.#loops.get(text);
    if (loop === undefined) this.#loops.set(text, loop = loadLoop(this.pool, kernel, text, this.features));
    if (loop.users++ === 0) this.#idle.delete(text);
    return loop;
  }

  /** Gives a kernel back. The latest that nobody uses are kept: a plan like theirs may come again. */
  releaseLoop(loop: CompiledLoop): void {
    if (--loop.users > 0) return;
    this.#idle.set(loop.text, loop);
    if (this.#idle.size <= MOST_IDLE) return;
    const [oldest] = this.#idle.values();
    this.#idle.delete(oldest.text);
    this.#loops.delete(oldest.text);
    this.pool.unload(oldest.passes.map((pass) => pass.kernel));
  }

  /** Compiled kernels there are. */
  get kernels(): number {
    return this.#loops.size;
  }

  /** Allocates; when there is nothing left, the scratch block is given up first. */
  allocate(bytes: number): number {
    try {
      return this.arena.allocate(bytes);
    } catch (error) {
      if (!(error instanceof DeviceError) || this.#scratchBytes === 0) throw error;
      this.#dropScratch();
      return this.arena.allocate(bytes);
    }
  }

  /** Has the scratch block grow before outputs are allocated, which can then take what it leaves. Without room `scratch` says so, when others have left. */
  makeRoom(bytes: number): void {
    try {
      this.scratch(bytes);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
    }
  }

  /** The block that holds the temporaries of whichever plan runs; at least `bytes` long. It moves when it has to grow. */
  scratch(bytes: number): number {
    if (bytes > this.#scratchBytes) {
      this.#dropScratch();
      this.#scratch = this.arena.allocate(bytes);
      this.#scratchBytes = bytes;
    }
    return this.#scratch;
  }

  #dropScratch(): void {
    if (this.#scratchBytes > 0) this.arena.release(this.#scratch, this.#scratchBytes);
    this.#scratch = this.#scratchBytes = 0;
  }
}
