/**
 * Loop kernels, compiled and loaded. How a kernel becomes WebAssembly is in loop/.
 *
 * @module
 */
import type { LoopKernel } from "../../kernel/ir.ts";
import { chunkOf } from "./chunks.ts";
import { compileLoop } from "./loop/compile.ts";
import type { Pool, PoolKernel } from "./pool.ts";
import type { Features } from "./wasm/features.ts";

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
