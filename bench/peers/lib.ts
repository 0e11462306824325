/**
 * Shared by the peers that run in Deno: inputs, timing, and the lines of JSON that they print. common.py is the same for Python.
 *
 * @module
 */
import specs from "./workloads.json" with { type: "json" };

/** Runs the workload once, waits until it is done, and returns one number of its result. */
export type Run = () => number | Promise<number>;

/** A toolkit: `setup` makes a workload ready, or gives null when there is no way to do it. */
export interface Peer {
  readonly name: string;
  setup(workload: string): Promise<Run | null> | Run | null;
}

/** What a workload is counted in. */
export interface Spec {
  readonly name: string;
  readonly group: string;
  readonly flop?: number;
  readonly bytes?: number;
  readonly ops?: number;
}

/** All workloads. */
export const workloads: readonly Spec[] = specs;

/** A line of a result. Its value is null when there is none. */
export interface Line {
  readonly peer: string;
  readonly workload: string;
  readonly metric: "time" | "peak_rss" | "unsupported" | "error";
  readonly value: number | null;
  readonly unit: string;
  readonly first?: number;
  readonly check?: readonly number[];
  readonly error?: string;
}

/** Values in [-scale, scale) that look random and are the same everywhere. */
export function fill(
  seed: number,
  n: number,
  scale = 1,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    let x = (i + Math.imul(seed, 7919)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
    x = (x ^ (x >>> 16)) >>> 0;
    out[i] = (x / 4294967296 - 0.5) * 2 * scale;
  }
  return out;
}

/** Classes from 0 on. */
export function labels(
  seed: number,
  n: number,
  classes: number,
): Int32Array<ArrayBuffer> {
  return Int32Array.from(
    fill(seed, n, 0.5),
    (v) => Math.min(classes - 1, Math.floor((v + 0.5) * classes)),
  );
}

/** Moves axes of flat data, to give peers with channels last the numbers of the others. */
export function permute(
  data: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const outShape = axes.map((a) => shape[a]);
  const out = new Float32Array(data.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let o = 0; o < out.length; o++) {
    out[o] = data[index.reduce((at, i, d) => at + i * strides[axes[d]], 0)];
    for (let d = index.length - 1; d >= 0 && ++index[d] === outShape[d]; d--) {
      index[d] = 0;
    }
  }
  return out;
}

const capMs = Number(Deno.env.get("BENCH_CAP_MS") ?? 6000);
const sampleMs = Number(Deno.env.get("BENCH_SAMPLE_MS") ?? 500);
const warmMs = Number(Deno.env.get("BENCH_WARM_MS") ?? 300);

interface Measured {
  readonly first: number;
  readonly check: readonly number[];
  readonly samples: readonly number[];
}

async function measure(run: Run): Promise<Measured> {
  const begin = performance.now();
  const check = [await run()];
  const first = performance.now() - begin;
  if (first > capMs) {
    // Too slow to sample: one more call, so that compiling is not counted.
    const again = performance.now();
    check.push(await run());
    return { first, check, samples: [performance.now() - again] };
  }
  const warm = performance.now();
  let last = first;
  do {
    const t = performance.now(), value = await run();
    last = performance.now() - t;
    if (check.length === 1) check.push(value);
  } while (performance.now() - warm < warmMs);
  const inner = Math.max(1, Math.ceil(2 / Math.max(last, 1e-3)));
  const samples: number[] = [];
  const start = performance.now();
  for (;;) {
    const t = performance.now();
    for (let i = 0; i < inner; i++) await run();
    const end = performance.now();
    samples.push((end - t) / inner);
    if (
      (end - start >= sampleMs && samples.length >= 5) || end - start >= capMs
    ) break;
  }
  return { first, check, samples };
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function print(line: Line): void {
  console.log(JSON.stringify(line));
}

/** Measures the workloads named by the last argument, and ends. */
export async function main(peer: Peer): Promise<never> {
  for (const workload of (Deno.args.at(-1) ?? "").split(",")) {
    const base = { peer: peer.name, workload, unit: "ms" };
    try {
      const run = await peer.setup(workload);
      if (run === null) {
        print({ ...base, metric: "unsupported", value: null });
        continue;
      }
      const { first, check, samples } = await measure(run);
      print({ ...base, metric: "time", value: median(samples), first, check });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      print({
        ...base,
        metric: "error",
        value: null,
        error: text.split("\n")[0].slice(0, 200),
      });
    }
  }
  // Some peers keep workers that would hold the process.
  Deno.exit(0);
}
