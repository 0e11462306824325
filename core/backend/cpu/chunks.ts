/**
 * How finely the work of a kernel is split over the threads.
 *
 * @module
 */
import type { Pool, PoolKernel } from "./pool.ts";

/** Estimated nanoseconds below which a kernel stays on the main thread: waking a worker takes about a third of that. */
const WORTH_SPLITTING = 30_000;
/** Nanoseconds that a chunk should take at least. */
const CHUNK_TIME = 12_000;
/** Chunks that suffice to keep any number of threads busy to the end. */
const CHUNKS = 64;

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
