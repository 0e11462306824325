/**
 * What a compiled loop kernel is, as the thread pool sees it.
 *
 * @module
 */

/** One pass of a kernel over its points, in any partition, on any threads. */
export interface Pass {
  readonly points: number;
  /** Ranges do best to begin at multiples of this. */
  readonly grain: number;
  /** A rough estimate of the time one point takes, in nanoseconds. */
  readonly cost: number;
}

/**
 * A WebAssembly module of a loop kernel. It imports `env.memory` and, where it needs them, functions of JavaScript's `Math` as `math.<name>`, so
 * `{ env: { memory }, math: Math }` is all that an instance takes. Every export has the signature `(start, end, args, scratch)`. `args` is the address of a
 * table of int32 addresses: of each input, of each output, and then of `workspaceBytes` bytes that all threads share.
 */
export interface LoopModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The exports, in order; each begins when the one before has ended. Most kernels have one. A long reduction to few values has one for each sweep, over
   * pieces whose size does not depend on the threads, and one that stores the results; small sums may have one that brings together what is summed.
   */
  readonly passes: readonly Pass[];
  /** Whether the points of the only pass are those of the kernel's outer loops, in row-major order. */
  readonly rowMajor: boolean;
  /** Bytes of a thread's own memory that it needs. */
  readonly scratchBytes: number;
  readonly workspaceBytes: number;
}
