/**
 * Times Tenon beside other toolkits: for each round and group of workloads one process per peer, one after another, so that what slows the
 * machine slows all of them. Prints tables and writes them to bench/RESULTS.md; fails when peers do not compute the same numbers.
 *
 *     deno task bench:peers [--webgpu] [--rounds=3] [--peers=tenon-2t,torch-2t-keep] [--groups=matmul,small]
 *
 * With --webgpu the peers that run on a GPU take part, on whatever adapter there is, and the tables go to bench/RESULTS_WEBGPU.md; on a real GPU with the group
 * `gpu`, which takes minutes elsewhere, and with PyTorch's CUDA where PYTHON has it.
 *
 * PYTHON names a Python that has torch and numpy (/usr/bin/python3 unless set). Peers that are not there are left out.
 *
 * @module
 */
import { writePackage } from "../../.ci/package.ts";
import { findGpu } from "../../core/backend/webgpu/find.ts";
import { type Line, median, workloads } from "./lib.ts";
import { disagreements, tables } from "./tables.ts";

/** A toolkit and how it is run. */
interface Entry {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Groups it takes part in; all when not given. */
  readonly groups?: readonly string[];
  /** The program that starts, computes the seed's MLP once and ends. */
  readonly cold?: readonly string[];
}

const here = new URL(".", import.meta.url).pathname;
const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
const option = (name: string) => Deno.args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const rounds = Number(option("rounds") ?? 3), coldStarts = 7;
const wanted = option("peers")?.split(",");
const webgpu = Deno.args.includes("--webgpu");
const hardware = webgpu && await findGpu() !== null;
const groups = option("groups")?.split(",") ??
  ["matmul", "memory", "conv", "small", "train", ...hardware ? ["gpu"] : [], "cold"];

const deno = (
  file: string,
  ...args: string[]
) => [Deno.execPath(), "run", "-A", "--no-check", file, ...args];
const withOpenMp = (n: number) => ({
  OMP_NUM_THREADS: `${n}`,
  OPENBLAS_NUM_THREADS: `${n}`,
});
// Else glibc gives freed memory back and PyTorch pays page faults on every large result.
const keepMemory = {
  MALLOC_TRIM_THRESHOLD_: "4000000000",
  MALLOC_MMAP_THRESHOLD_: "1000000000",
};

/**
 * Tenon without leave to call the system's BLAS: WebAssembly alone. Without all permissions Deno does not show /dev, so that the search for a GPU would load drivers (tens
 * of megabytes), for a device that tenon.ts names anyway.
 */
const tenon = (file: string, ...args: string[]) => {
  const [executable, run, ...rest] = deno(file, ...args);
  return ["env", "TENON_DEVICE=cpu", executable, run, "--deny-ffi", ...rest];
};

const hasCuda = webgpu &&
  await output(python, "-c", "import torch; print(torch.cuda.is_available())") === "True";

const gpuEntries: readonly Entry[] = [
  { name: "tenon-webgpu", command: deno("tenon.ts", "webgpu") },
  { name: "jax-webgpu-jit", command: deno("jax.ts", "webgpu", "0", "jit") },
  { name: "tfjs-webgpu", command: deno("tfjs.ts", "webgpu", "1") },
  ...hasCuda ? [{ name: "torch-cuda", command: [python, "torch_peer.py", "cuda"] }] : [],
];

const entries: readonly Entry[] = webgpu ? gpuEntries : [
  { name: "tenon-1t", command: tenon("tenon.ts", "1"), groups: ["matmul", "memory", "conv", "train"] },
  // It starts as its peers do: with all permissions and no device named.
  { name: "tenon-2t", command: tenon("tenon.ts", "2"), cold: deno("cold/tenon.ts") },
  { name: "tenon-2t-blas", command: deno("tenon.ts", "2", "-blas"), groups: ["matmul", "conv", "train"] },
  { name: "tenon-2t-compiled", command: tenon("tenon.ts", "2", "-compiled"), groups: ["small"] },
  { name: "tenon-core", command: [], groups: [], cold: deno("cold/tenon_core.ts") },
  ...[1, 2].map((n): Entry => ({
    name: `torch-${n}t-keep`,
    command: [python, "torch_peer.py", `${n}`, "-keep"],
    env: { ...withOpenMp(n), ...keepMemory },
    cold: n === 1 ? [python, "cold/torch_mlp.py"] : undefined,
  })),
  {
    name: "jax-wasm-2t-jit",
    command: deno("jax.ts", "wasm", "2", "jit"),
    cold: deno("cold/jax.ts", "wasm"),
  },
  {
    name: "jax-wasm-2t-sync",
    command: deno("jax.ts", "wasm", "2", "sync"),
    groups: ["small"],
  },
  {
    name: "tfjs-wasm-2t",
    command: deno("tfjs.ts", "wasm", "2"),
    cold: deno("cold/tfjs.ts", "wasm", "2"),
  },
  {
    name: "ort-wasm-2t",
    command: deno("ort.ts", "2"),
    groups: ["matmul", "memory", "conv", "small"],
    cold: deno("cold/ort.ts", "2"),
  },
  { name: "deno-empty", command: [], groups: [], cold: deno("cold/empty.ts") },
];

/** The cold start of Tenon as it is published, written to a folder; null where it cannot be made. */
async function published(folder: string): Promise<Entry | null> {
  const made = await writePackage(new URL(`file://${folder}/package/`)).then(() => true, () => false);
  if (!made) return null;
  const program = (await Deno.readTextFile(`${here}/cold/tenon.ts`))
    .replace("../../../mod.ts", "./package/js/mod.js")
    .replace("./seed_mlp.ts", new URL("cold/seed_mlp.ts", import.meta.url).href);
  await Deno.writeTextFile(`${folder}/cold.ts`, program);
  return { name: "tenon-published", command: [], groups: [], cold: deno(`${folder}/cold.ts`) };
}

interface Outcome {
  readonly ok: boolean;
  readonly out: string;
  readonly error: string;
  readonly seconds: number;
  /** MB. */
  readonly peak: number;
}

/** Runs a program under GNU time, which knows its peak memory. */
async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const file = await Deno.makeTempFile();
  const begin = performance.now();
  const { success, stdout, stderr } = await new Deno.Command("time", {
    args: ["-f", "%M", "-o", file, ...command],
    env: { ...env },
    cwd: here,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const seconds = (performance.now() - begin) / 1e3;
  const peak = Number((await Deno.readTextFile(file)).trim().split("\n").at(-1)) / 1024;
  await Deno.remove(file);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { ok: success, out: text(stdout), error: text(stderr), seconds, peak };
}

const lines = new Map<string, Line[]>();

function add(line: Line): void {
  const key = `${line.peer} ${line.workload} ${line.metric}`;
  lines.set(key, [...lines.get(key) ?? [], line]);
}

/** Whether a workload is worth another round: it did not fail and does not take seconds. */
function again(peer: string, workload: string): boolean {
  if (
    lines.has(`${peer} ${workload} error`) ||
    lines.has(`${peer} ${workload} unsupported`)
  ) return false;
  const before = lines.get(`${peer} ${workload} time`)?.[0];
  return before === undefined || (before.value ?? 0) < 2500;
}

const peers = entries.filter((entry) => wanted === undefined || wanted.includes(entry.name));
for (let round = 0; round < rounds; round++) {
  for (const group of groups.filter((name) => name !== "cold")) {
    for (const { name, command, env, groups: own } of peers) {
      if (own !== undefined && !own.includes(group)) continue;
      const names = workloads.filter((w) => w.group === group && again(name, w.name)).map((w) => w.name);
      if (names.length === 0) continue;
      const { ok, out, error, seconds, peak } = await run([
        ...command,
        names.join(","),
      ], env);
      const found = out.split("\n").filter((text) => text.startsWith("{"));
      for (const text of found) add(JSON.parse(text));
      if (group === "train") {
        add({
          peer: name,
          workload: "train",
          metric: "peak_rss",
          value: Math.round(peak),
          unit: "MB",
        });
      }
      const trouble = ok
        ? ""
        : `, failed: ${error.split("\n").find((l) => /error/i.test(l)) ?? error.slice(0, 200)}`;
      console.error(
        `round ${round + 1}, ${group}, ${name}: ${found.length} results, ${seconds.toFixed(1)} s${trouble}`,
      );
    }
  }
}
if (groups.includes("cold")) {
  const folder = await Deno.makeTempDir();
  const own = webgpu || wanted?.includes("tenon-published") === false ? null : await published(folder);
  if (own !== null) peers.unshift(own);
  // The first is a warm-up: Deno keeps compiled code.
  for (let i = 0; i <= coldStarts; i++) {
    for (const { name, cold, env } of peers) {
      if (cold === undefined) continue;
      const { out, error, seconds, peak } = await run(cold, env);
      if (i === 0) continue;
      if (!out.includes("0.1174")) {
        console.error(`cold start of ${name}: unexpected ${out}${error}`);
      }
      add({
        peer: name,
        workload: "cold_start",
        metric: "time",
        value: seconds * 1e3,
        unit: "ms",
      });
      add({
        peer: name,
        workload: "cold_start",
        metric: "peak_rss",
        value: peak,
        unit: "MB",
      });
    }
  }
  await Deno.remove(folder, { recursive: true });
}

const place = (line: Line) => peers.findIndex((entry) => entry.name === line.peer);

/** One line for all rounds: the best time, as what slows a round is the machine; the middle value of the rest. */
const inOrder = [...lines.values()].sort((a, b) => place(a[0]) - place(b[0]));
const merged = inOrder.map((all): Line => {
  const values = all.map((line) => line.value).filter((v) => v !== null);
  const steady = all[0].metric === "time" && all[0].workload !== "cold_start";
  return {
    ...all[0],
    value: values.length === 0 ? null : steady ? Math.min(...values) : median(values),
  };
});

async function output(command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(command, { args, stderr: "null" })
      .output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return "";
  }
}

const gpus = await output("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader");
const cpu = (await output("lscpu")).match(/Model name: +(.*)/)?.[1] ??
  "unknown processor";
const torch = await output(
  python,
  "-c",
  "import torch; print(torch.__version__)",
);
const packages = JSON.parse(await Deno.readTextFile(new URL("deno.json", import.meta.url)))
  .imports;
const versions = [
  `Deno ${Deno.version.deno} (V8 ${Deno.version.v8})`,
  ...(torch === "" ? [] : [`PyTorch ${torch}`]),
  ...Object.values<string>(packages).map((name) => name.replace("npm:", "")),
];
const wrong = disagreements(merged);
const text = `# Results of the last run

${
  new Date().toISOString().slice(0, 10)
}; ${cpu}, ${navigator.hardwareConcurrency} processors, ${Deno.build.os}${gpus === "" ? "" : `; ${gpus}`}.
${versions.join("; ")}.
Best of ${rounds} rounds, each the median of 5 or more samples; peers take turns. The \`-keep\` of PyTorch: its freed memory is kept. Tenon is
WebAssembly alone; with \`-blas\` it may call the system's OpenBLAS (\`--allow-ffi\`). Of its cold starts \`tenon-published\` is
what \`deno task package\` writes, as it comes to users; the others load the modules of a checkout, \`tenon-core\` those of the core alone.
${tables(merged)}
${
  wrong.length === 0
    ? "All peers computed the same numbers."
    : `Different numbers:\n\n${wrong.map((w) => `- ${w}`).join("\n")}`
}
`;
console.log(text);
if (wanted === undefined && option("groups") === undefined) {
  await Deno.writeTextFile(
    new URL(webgpu ? "../RESULTS_WEBGPU.md" : "../RESULTS.md", import.meta.url),
    text,
  );
}
if (wrong.some((w) => w.startsWith("tenon"))) Deno.exit(1);
