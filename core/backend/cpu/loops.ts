/**
 * Running compiled loop kernels: loading them, deciding how finely their work is split, and binding them to the slots of a plan. How a kernel becomes
 * WebAssembly is in loop/.
 *
 * @module
 */
import type { LoopKernel } from "../../kernel/ir.ts";
import type { LoopStep } from "../../kernel/plan.ts";
import type { Engine, StepContext, StepRunner } from "./engine.ts";
import { compileLoop } from "./loop/compile.ts";
import type { Follow, Pool, PoolKernel } from "./pool.ts";
import type { Features } from "./wasm/features.ts";

/** Estimated nanoseconds below which a kernel stays on the main thread: waking a worker takes about a third of that. */
const WORTH_SPLITTING = 30_000;
/** Nanoseconds that a chunk should take at least. */
const CHUNK_TIME = 12_000;
/** Chunks that suffice to keep any number of threads busy to the end. */
const CHUNKS = 64;

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
export function loadLoop(pool: Pool, kernel: LoopKernel, text: string, features: Features): CompiledLoop {
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

/** How many of `points` to take at a time when each takes `cost` nanoseconds: a multiple of `grain`. */
export function chunkOf(points: number, cost: number, grain = 1): number {
  const total = points * cost;
  if (total < WORTH_SPLITTING) return points;
  const wanted = Math.max(CHUNK_TIME / cost, points / CHUNKS);
  return Math.min(points, Math.max(1, Math.ceil(wanted / grain)) * grain);
}

/** Runs `kernel` over `[0, points)`, on the calling thread when that is one chunk. */
export function runChunked(
  pool: Pool,
  kernel: PoolKernel,
  points: number,
  chunk: number,
  args: number,
): void {
  if (chunk >= points) kernel.fn(0, points, args, pool.scratch);
  else pool.run(kernel, points, chunk, args);
}

/** A kernel that follows on each tile of a stack of matrices; `points` are those of the whole stack. */
export type TileFollow = Omit<Follow, "tileRows" | "tileColumns"> & { readonly points: number };

/** A loop kernel with an argument table of its own. */
export class LoopCall {
  readonly #engine: Engine;
  readonly #loop: CompiledLoop;
  readonly #args: number;
  readonly #tableBytes: number;
  /** The argument table: addresses of inputs, outputs and workspace. It stays valid when the memory grows: shared memory is never detached. */
  readonly table: Int32Array<SharedArrayBuffer>;

  constructor(engine: Engine, kernel: LoopKernel) {
    this.#engine = engine;
    this.#loop = engine.loop(kernel);
    const length = kernel.inputs.length + kernel.outputs.length + 1;
    this.#tableBytes = 4 * length;
    this.#args = engine.allocate(this.#tableBytes);
    this.table = new Int32Array(engine.arena.views.i32.buffer, this.#args, length);
  }

  /** Bytes of workspace it needs; the address is the table's last entry. */
  get workspaceBytes(): number {
    return this.#loop.workspaceBytes;
  }

  /** Runs the kernel on what the table says. */
  run(): void {
    const { passes } = this.#loop, { pool } = this.#engine;
    for (let i = 0; i < passes.length; i++) {
      const { kernel, points, chunk } = passes[i];
      runChunked(pool, kernel, points, chunk, this.#args);
    }
  }

  /** The kernel as something that follows on finished tiles of `rows` x `columns` matrices; null when its points are not theirs. */
  follow(rows: number, columns: number, matrices: number): TileFollow | null {
    const { passes: [{ kernel, points }], rowMajor } = this.#loop;
    if (!rowMajor || points !== rows * columns * matrices) return null;
    return { kernel, args: this.#args, rows, columns, points };
  }

  dispose(): void {
    this.#engine.arena.release(this.#args, this.#tableBytes);
    this.#engine.releaseLoop(this.#loop);
  }
}

/** A loop step of a prepared plan. */
export class LoopRunner implements StepRunner {
  readonly call: LoopCall;
  readonly #context: StepContext;
  readonly #slots: readonly number[];

  constructor(context: StepContext, step: LoopStep) {
    this.#context = context;
    this.#slots = [...step.inputs, ...step.outputs];
    this.call = new LoopCall(context.engine, step.kernel);
    context.workspaceBytes = Math.max(context.workspaceBytes, this.call.workspaceBytes);
  }

  /** Fills the argument table. */
  bind(): void {
    const { table } = this.call, slots = this.#slots, { at, workspace } = this.#context;
    for (let i = 0; i < slots.length; i++) table[i] = at[slots[i]];
    table[slots.length] = workspace;
  }

  run(): void {
    this.bind();
    this.call.run();
  }

  dispose(): void {
    this.call.dispose();
  }
}
