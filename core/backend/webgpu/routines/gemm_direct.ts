/**
 * The matrix product for software devices: each thread keeps a tile of the result in registers and reads both operands from memory itself. There a
 * barrier costs more than the loads it saves, and a load costs the same wherever it goes, so what counts is products per load.
 *
 * @module
 */
import type { Target } from "../wgsl/emitter.ts";
import { foldGroups, type Rendered, rendered } from "../wgsl/frame.ts";
import type { SideText } from "./gemm_index.ts";
import type { GemmJob, Tile } from "./gemm_job.ts";
import { gemmText, storeLines, tileLines } from "./gemm_text.ts";

/** Renders the kernel. */
export function renderDirect(job: GemmJob, tile: Tile, target: Target): Rendered {
  const { bindings, a, b, type } = gemmText(job, target, false);
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
  return rendered(bindings, groups, main);
}
