/**
 * Running compiled loop kernels: binding them to the slots of a plan.
 *
 * @module
 */
import type { LoopKernel } from "../../kernel/ir.ts";
import type { LoopStep } from "../../kernel/plan.ts";
import { runChunked } from "./chunks.ts";
import type { CompiledLoop, Engine, StepContext, StepRunner } from "./engine.ts";
import type { Follow } from "./pool.ts";

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
