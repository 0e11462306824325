/**
 * Times Tenon on WebGPU: a table of every workload, or of those named. `--kernels=gpu` or `software` forces the kernels of that kind; `--json` prints one JSON
 * line for each, for comparisons with other toolkits; `--device=cpu` times the CPU in the same way.
 *
 *     deno run -A bench/webgpu.ts [--json] [--device=cpu] [workload,workload ...]
 *
 * A real GPU is taken where there is one, else a software adapter, which leaves out what takes minutes there.
 *
 * @module
 */
import {
  deviceInfo,
  type DeviceName,
  requestDevice,
  setDefaultDevice,
  type WebGpuOptions,
} from "../core/mod.ts";
import { type Run, type Workload, workloads } from "./workloads.ts";

const flag = (name: string): string | undefined =>
  Deno.args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const json = Deno.args.includes("--json");
const device = (flag("device") ?? "webgpu") as DeviceName;
const kernels = flag("kernels") as WebGpuOptions["kernels"];
const sampleMs = Number(Deno.env.get("BENCH_SAMPLE_MS") ?? 700);
const capMs = Number(Deno.env.get("BENCH_CAP_MS") ?? 6000);

interface Timing {
  readonly first: number;
  readonly median: number;
  readonly fastest: number;
  readonly samples: number;
  readonly checks: readonly number[];
}

function measure(run: Run): Timing {
  const start = performance.now();
  const checks = [run()];
  const first = performance.now() - start;
  const warm = performance.now();
  let last = 0, calls = 0;
  do {
    const t = performance.now();
    const value = run();
    last = performance.now() - t;
    if (++calls === 1) checks.push(value);
  } while (performance.now() - warm < sampleMs / 2);
  const inner = Math.max(1, Math.ceil(2 / Math.max(last, 1e-3)));
  const samples: number[] = [];
  for (const began = performance.now();;) {
    const t = performance.now();
    for (let i = 0; i < inner; i++) run();
    const end = performance.now();
    samples.push((end - t) / inner);
    if ((end - began >= sampleMs && samples.length >= 5) || end - began >= capMs) break;
  }
  samples.sort((a, b) => a - b);
  return {
    first,
    median: samples[samples.length >> 1],
    fastest: samples[0],
    samples: samples.length,
    checks,
  };
}

const round = (v: number): number => Number(v.toPrecision(4));

function rateOf({ flop, bytes, ops }: Workload, ms: number): { value: number; unit: string } | null {
  if (ops !== undefined) return { value: round(ms * 1000 / ops), unit: "us/op" };
  if (flop !== undefined) return { value: round(flop / ms / 1e6), unit: "GFLOP/s" };
  if (bytes !== undefined) return { value: round(bytes / ms / 1e6), unit: "GB/s" };
  return null;
}

if (device === "webgpu") await requestDevice("webgpu", { allowSoftware: true, kernels });
setDefaultDevice(device);
const { details } = deviceInfo();
const names = Deno.args.filter((a) => !a.startsWith("--")).flatMap((a) => a.split(","));
// These take minutes without a GPU.
const heavy = /^matmul_(4096|8192|skinny_k)|_64m$|_8192|x1024$(?<!1024x1024)|large$/;
const chosen = names.length > 0
  ? names
  : Object.keys(workloads).filter((name) => !(details.software || device === "cpu") || !heavy.test(name));
if (!json) console.log(Object.entries(details).map(([k, v]) => `${k}: ${v}`).join(", "));
const peer = `tenon-${device}`;
for (const workload of chosen) {
  const found = Object.hasOwn(workloads, workload) ? workloads[workload] : undefined;
  if (found === undefined) {
    console.log(
      json ? JSON.stringify({ peer, workload, metric: "unsupported", value: null, unit: "" }) : workload,
    );
    continue;
  }
  const { first, median, fastest, samples, checks } = measure(found.setup());
  const rate = rateOf(found, median);
  if (json) {
    const time = { peer, workload, metric: "time", value: round(median), unit: "ms" };
    console.log(JSON.stringify({ ...time, n: samples, first_ms: round(first), check: checks.map(round) }));
    if (rate !== null) console.log(JSON.stringify({ peer, workload, metric: "rate", ...rate }));
  } else {
    console.log(
      `${workload.padEnd(24)} ${round(median).toString().padStart(9)} ms   fastest ${round(fastest)}, first ${
        round(first)
      }${rate === null ? "" : `   ${rate.value} ${rate.unit}`}   (${checks.map(round).join(", ")})`,
    );
  }
}
Deno.exit(0);
