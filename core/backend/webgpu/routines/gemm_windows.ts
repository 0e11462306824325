/**
 * The matrix product of a convolution that has few weights in each group, such as a depthwise one: tiles of a product would be nearly empty there, so each
 * thread collects a few neighbours of the result by itself. What they read of one line is loaded once.
 *
 * @module
 */
import { sizeOf } from "../../../shape.ts";
import type { Target } from "../wgsl/emitter.ts";
import { foldGroups, groupText, indexLines, type Rendered, rendered } from "../wgsl/frame.ts";
import { narrowed } from "../wgsl/scalar.ts";
import { partLines, sizeOfPart } from "./gemm_index.ts";
import type { GemmJob, Product } from "./gemm_job.ts";
import { gemmText } from "./gemm_text.ts";

/** Threads of a workgroup. */
const threads = 128;
/** Neighbours of the result that a thread collects, about. */
const neighbours = 4;
/** The most steps along k that a thread takes for one or two rows, and the most weights of a group where there are more rows. */
const mostSteps = 256, mostWeights = 64;
/** The most taps of a line and steps between elements: what reads a line is written out. */
const mostTaps = 32, mostApart = 8;

/** Where a window goes along one spatial dimension: to (start + position * step + tap * move) / by, where that is whole. */
interface Line {
  readonly extent: number;
  readonly taps: number;
  readonly start: number;
  readonly step: number;
  readonly move: number;
  readonly by: number;
  readonly size: number;
  readonly stride: number;
  /** From a tap to the next in the weights. */
  readonly weights: number;
}

/** The spatial dimensions of a product of which the columns are samples and positions and the steps channels and taps; null for other products. */
function linesOf({ a, b, out }: Product): Line[] | null {
  const rank = b.coordinates.length + 1;
  if (rank === 1 || [b.row, b.k, a.k].some((part) => part.extents.length !== rank)) return null;
  if (out.column.extents.length !== 2 || out.column.strides[1] !== 1) return null;
  return b.coordinates.map(({ start, step: by, size, stride }, c) => ({
    extent: b.row.extents[c + 1],
    taps: b.k.extents[c + 1],
    start,
    step: b.row.moves?.[c + 1][c] ?? 0,
    move: b.k.moves?.[c + 1][c] ?? 0,
    by,
    size,
    stride,
    weights: a.k.strides[c + 1],
  }));
}

/** Whether a product is one of these. */
export function collectsWindows(product: Product): boolean {
  const lines = linesOf(product), last = lines?.at(-1);
  if (last === undefined || last.taps > mostTaps || last.by > mostApart) return false;
  const m = sizeOfPart(product.a.row), k = sizeOfPart(product.a.k);
  return m <= 2 ? k <= mostSteps : m * k <= mostWeights;
}

/** Renders the kernel. Its operands are read as single elements. */
export function renderWindows(job: GemmJob, target: Target): Rendered {
  const lines = linesOf(job)!, above = lines.slice(0, -1), last = lines[lines.length - 1];
  const { bindings, a, b, type } = gemmText(job, target, false);
  // Whole steps between elements, so that which neighbour meets which tap is known here.
  const width = last.by * Math.max(1, Math.round(Math.min(neighbours, last.extent) / last.by));
  const tiles = Math.ceil(last.extent / width);
  const [samples] = job.b.row.extents, [channels] = job.b.k.extents;
  const extents = [job.batches, job.m, samples, ...above.map((l) => l.extent), tiles];
  const names = ["z", "m", "n", ...above.map((_, d) => `p${d}`), "tile"];
  const points = sizeOf(extents),
    groups = foldGroups(Math.ceil(points / threads), target.workgroupsPerDimension);
  const out = (t: number): string => `acc${t}`;
  const text = [
    ...indexLines("p", extents, names, 1),
    ...a.batchLines("z"),
    ...b.batchLines("z"),
    ...partLines(job.a.row, "m", "a_m", "a_z"),
    `let b_n = b_z + n * ${job.b.row.strides[0]};`,
    `let first = tile * ${width * last.step / last.by};`,
    ...Array.from({ length: width }, (_, t) => `var ${out(t)} = ${type}();`),
    channels === 1 ? "{ let c = 0;" : `for (var c = 0; c < ${channels}; c++) {`,
  ];
  above.forEach(({ taps, start, step, move, by, size }, d) => {
    text.push(`for (var q${d} = 0; q${d} < ${taps}; q${d}++) {`);
    text.push(`let v${d} = p${d} * ${step} + q${d} * ${move} + ${start};`, `let y${d} = v${d} / ${by};`);
    const whole = by === 1 ? "" : ` & (y${d} * ${by} == v${d})`;
    text.push(`if ((v${d} >= 0) & (y${d} < ${size})${whole}) {`);
  });
  const sum = (from: string, strides: readonly number[], names: readonly string[]): string =>
    [from, ...strides.map((s, d) => `${names[d]} * ${s}`)].join(" + ");
  const channelAnd = (letter: string) => ["c", ...above.map((_, d) => `${letter}${d}`)];
  text.push(
    `let b_line = ${sum("b_n", [job.b.k.strides[0], ...above.map((l) => l.stride)], channelAnd("y"))};`,
    `let a_line = ${sum("a_m", [job.a.k.strides[0], ...above.map((l) => l.weights)], channelAnd("q"))};`,
    ...lineText(last, width, tiles, {
      weight: (q) => bindings.load(0, `a_line + ${q * last.weights}`),
      element: (at) => bindings.load(1, `b_line + ${at} * ${last.stride}`),
      type,
    }),
    ...above.map(() => "} }"),
    "}",
    ...partLines(job.out.batch, "z", "c_z", `${job.out.offset}`),
    ...partLines(job.out.row, "m", "c_m", "c_z"),
    `let position = ${positionText(above, last, width)};`,
    `let c_n = c_m + n * ${job.out.column.strides[0]} + position;`,
  );
  for (let t = 0; t < width; t++) {
    const store = bindings.store(2, `c_n + ${t}`, narrowed(job.words.out, out(t)));
    const always = last.extent % width === 0 || t === 0;
    text.push(always ? store : `if (tile * ${width} + ${t} < ${last.extent}) { ${store} }`);
  }
  const main = `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
let p = ${groupText(groups)} * ${threads} + i32(thread);
if (p >= ${points}) { return; }
${text.join("\n")}
}
`;
  return rendered(bindings, groups, main);
}

/** The number of a thread's first neighbour among the positions of a sample. */
function positionText(above: readonly Line[], last: Line, width: number): string {
  const outer = above.reduce((text, { extent }, d) => d === 0 ? "p0" : `(${text}) * ${extent} + p${d}`, "0");
  return `(${outer}) * ${last.extent} + tile * ${width}`;
}

/** How a line is read. */
interface LineRead {
  weight(tap: number): string;
  element(at: string): string;
  readonly type: "f32" | "i32";
}

/** Lines that add what the windows of all neighbours find in one line of the source. */
function lineText(
  { taps, start, step, move, by, size }: Line,
  width: number,
  tiles: number,
  { weight, element, type }: LineRead,
): string[] {
  const text: string[] = [];
  const elements = new Map<number, string>();
  const far = (tiles - 1) * width * step / by;
  for (let q = 0; q < taps; q++) {
    const meets = Array.from({ length: width }, (_, t) => ({ t, v: start + t * step + q * move }))
      .filter(({ v }) => v % by === 0);
    if (meets.length === 0) continue;
    text.push(`let w${q} = ${weight(q)};`);
    for (const { t, v } of meets) {
      const at = v / by;
      let x = elements.get(at);
      if (x === undefined) {
        elements.set(at, x = `x${elements.size}`);
        const inside = at >= 0 && far + at < size;
        if (inside) text.push(`let ${x} = ${element(`(first + ${at})`)};`);
        else {
          text.push(`var ${x} = ${type}();`);
          text.push(`if (u32(first + ${at}) < ${size}u) { ${x} = ${element(`(first + ${at})`)}; }`);
        }
      }
      text.push(type === "f32" ? `acc${t} = fma(w${q}, ${x}, acc${t});` : `acc${t} += w${q} * ${x};`);
    }
  }
  return text;
}
