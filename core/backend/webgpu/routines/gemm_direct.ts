/**
 * The matrix product for software devices: each thread keeps a tile of the result in registers and reads both operands from memory itself. There a
 * barrier costs more than the loads it saves, and a load costs the same wherever it goes, so what counts is products per load.
 *
 * @module
 */
import { registerType } from "../wgsl/scalar.ts";
import { narrowed } from "../wgsl/scalar.ts";
import { Bindings } from "../wgsl/bindings.ts";
import { foldGroups, groupText, type Rendered } from "../wgsl/elementwise.ts";
import type { Target } from "../wgsl/emitter.ts";
import { libraryFor } from "../wgsl/library.ts";
import { wordOf } from "../storage.ts";
import type { GemmJob, Tile } from "./gemm.ts";
import { partLines, SideText } from "./gemm_index.ts";

/** Both operands, the result, and the text that addresses them. */
export interface GemmText {
  readonly bindings: Bindings;
  readonly a: SideText;
  readonly b: SideText;
  readonly type: "f32" | "i32";
}

/** Declares the buffers of a product. */
export function gemmText(job: GemmJob, target: Target): GemmText {
  const bindings = new Bindings(target.bindingBytes);
  const word = (which: "a" | "b" | "out") => wordOf(job.words[which], target.hasF16);
  const a = bindings.declare({
    name: "a",
    word: word("a"),
    count: job.counts.a,
    access: "read",
    vector: job.aVector !== null,
  });
  const b = bindings.declare({
    name: "b",
    word: word("b"),
    count: job.counts.b,
    access: "read",
    vector: job.bVector !== null,
  });
  bindings.declare({
    name: "c",
    word: word("out"),
    count: job.counts.out,
    access: "read_write",
    vector: job.outVector,
  });
  const type = registerType(job.words.out) === "f32" ? "f32" : "i32";
  return {
    bindings,
    type,
    a: new SideText("a", job.a, bindings, a, job.aVector !== null, type),
    b: new SideText("b", job.b, bindings, b, job.bVector !== null, type),
  };
}

/** Lines that store the accumulators `acc<i>_<j>` (vectors of four columns) of the tile at row `m` and column `column(j)`. */
export function storeLines(
  job: GemmJob,
  bindings: Bindings,
  tm: number,
  tn: number,
  row: (i: number) => string,
  column: (j: number) => string,
): string[] {
  const base = [
    ...job.out.offset === 0 ? [] : [`${job.out.offset}`],
    ...job.parts > 1 ? [`part * ${job.outCount}`] : [],
  ];
  const lines = partLines(job.out.batch, "z", "c_z", base.join(" + "));
  for (let j = 0; j < tn / 4; j++) {
    if (job.outVector) lines.push(...partLines(job.out.column, `(${column(j)})`, `c_n${j}`));
    else {for (let l = 0; l < 4; l++) {
        lines.push(...partLines(job.out.column, `(${column(j)} + ${l})`, `c_n${j}_${l}`));
      }}
  }
  for (let i = 0; i < tm; i++) {
    lines.push(`if (${row(i)} < ${job.m}) {`, ...partLines(job.out.row, `(${row(i)})`, "c_m", "c_z"));
    for (let j = 0; j < tn / 4; j++) {
      const values = ["x", "y", "z", "w"].map((c) => narrowed(job.words.out, `acc${i}_${j}.${c}`));
      if (job.outVector) {
        lines.push(
          `if (${column(j)} < ${job.n}) { ${bindings.storeVector(2, `(c_m + c_n${j}) >> 2u`, values)} }`,
        );
      } else {
        values.forEach((v, l) => {
          lines.push(`if (${column(j)} + ${l} < ${job.n}) { ${bindings.store(2, `c_m + c_n${j}_${l}`, v)} }`);
        });
      }
    }
    lines.push("}");
  }
  return lines;
}

/** The batch and part of a workgroup, and its tile, from its number. */
export function tileLines(
  groups: readonly [number, number, number],
  mTiles: number,
  nTiles: number,
  job: GemmJob,
): string[] {
  const lines = [
    `let g = ${groupText(groups)};`,
    `if (g >= ${mTiles * nTiles * job.batches * job.parts}) { return; }`,
    `let tile_n = g % ${nTiles};`,
    `let tile_m = (g / ${nTiles}) % ${mTiles};`,
  ];
  const rest = `g / ${nTiles * mTiles}`;
  if (job.parts === 1) return [...lines, `let z = ${rest};`, "let k_first = 0;", `let k_last = ${job.k};`];
  return [
    ...lines,
    `let part = (${rest}) % ${job.parts};`,
    `let z = (${rest}) / ${job.parts};`,
    `let k_first = part * ${job.kPart};`,
    `let k_last = min(k_first + ${job.kPart}, ${job.k});`,
  ];
}

/** Renders the kernel. */
export function renderDirect(job: GemmJob, tile: Tile, target: Target): Rendered {
  const { bindings, a, b, type } = gemmText(job, target);
  const { tm, tn, wx, wy } = tile;
  const columns = tn / 4;
  const mTiles = Math.ceil(job.m / (tm * wy)), nTiles = Math.ceil(job.n / (tn * wx));
  const groups = foldGroups(mTiles * nTiles * job.batches * job.parts, target.workgroupsPerDimension);
  const lines = [
    ...tileLines(groups, mTiles, nTiles, job),
    `let m0 = (tile_m * ${wy} + i32(local.y)) * ${tm};`,
    `let n0 = (tile_n * ${wx} + i32(local.x)) * ${tn};`,
    `if (m0 >= ${job.m} || n0 >= ${job.n}) { return; }`,
    ...a.batchLines("z"),
    ...b.batchLines("z"),
  ];
  // Rows and columns past the end repeat the last (whole vector); what they give is not stored. Vectors never straddle the end.
  const clampTo = (size: number, four: boolean): number =>
    four ? Math.max(0, Math.floor((size - 1) / 4) * 4) : size - 1;
  const rowsOf = (
    side: SideText,
    vector: "row" | "k" | null,
    first: string,
    count: number,
    size: number,
  ): void => {
    const four = vector === "row";
    for (let i = 0; i < count; i += four ? 4 : 1) {
      const clamp = size % count === 0 ? `${first} + ${i}` : `min(${first} + ${i}, ${clampTo(size, four)})`;
      lines.push(...side.rowLines(`(${clamp})`, `${i}`));
    }
  };
  rowsOf(a, job.aVector, "m0", tm, job.m);
  rowsOf(b, job.bVector, "n0", tn, job.n);
  for (let i = 0; i < tm; i++) {
    for (let j = 0; j < columns; j++) lines.push(`var acc${i}_${j} = vec4<${type}>();`);
  }

  // A step of the loop takes `width` values of k; its code names element i of step s.
  const step = (width: number): string[] => {
    const text: string[] = [];
    const names = (
      side: SideText,
      vector: "row" | "k" | null,
      letter: string,
      count: number,
    ): (i: number, s: number) => string => {
      if (vector === "k" && width === 4) {
        text.push(...side.kLines("k", "0"));
        for (let i = 0; i < count; i++) text.push(...side.read(`${i}`, "0", `${letter}${i}`, true));
        return (i, s) => `${letter}${i}.${"xyzw"[s]}`;
      }
      for (let s = 0; s < width; s++) {
        text.push(...side.kLines(s === 0 ? "k" : `(k + ${s})`, `${s}`));
        const four = vector === "row";
        for (let i = 0; i < count; i += four ? 4 : 1) {
          text.push(...side.read(`${i}`, `${s}`, `${letter}${i}_${s}`, four));
        }
      }
      return vector === "row"
        ? (i, s) => `${letter}${i - i % 4}_${s}.${"xyzw"[i % 4]}`
        : (i, s) => `${letter}${i}_${s}`;
    };
    const at = names(a, job.aVector, "x", tm);
    const of = names(b, job.bVector, "y", tn);
    for (let s = 0; s < width; s++) {
      for (let j = 0; j < columns; j++) {
        const four = job.bVector === "row"
          ? `y${j * 4}_${s}`
          : `vec4<${type}>(${[0, 1, 2, 3].map((l) => of(j * 4 + l, s)).join(", ")})`;
        text.push(`let w${s}_${j} = ${four};`);
        for (let i = 0; i < tm; i++) {
          const x = at(i, s);
          text.push(
            type === "f32"
              ? `acc${i}_${j} = fma(vec4f(${x}), w${s}_${j}, acc${i}_${j});`
              : `acc${i}_${j} += ${x} * w${s}_${j};`,
          );
        }
      }
    }
    return text;
  };
  // A vector along k gives four steps at once; then k and its parts are multiples of four.
  const width = job.aVector === "k" || job.bVector === "k" ? 4 : 1;
  lines.push(`for (var k = k_first; k < k_last; k += ${width}) {`, ...step(width), "}");
  lines.push(...storeLines(job, bindings, tm, tn, (i) => `m0 + ${i}`, (j) => `n0 + ${j * 4}`));
  const main = `@compute @workgroup_size(${wx}, ${wy})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
${lines.join("\n")}
}
`;
  return {
    code: `${bindings.text}${libraryFor(main)}\n${main}`,
    access: bindings.access,
    windows: bindings.windows,
    groups,
  };
}
