/**
 * What both kernels of the matrix product write alike: the buffers, which tile a workgroup has, and the stores of the result.
 *
 * @module
 */
import { type Word, wordOf } from "../storage.ts";
import { Bindings } from "../wgsl/bindings.ts";
import type { Target } from "../wgsl/emitter.ts";
import { groupText } from "../wgsl/frame.ts";
import { narrowed, registerType } from "../wgsl/scalar.ts";
import { partLines, SideText } from "./gemm_index.ts";
import type { GemmJob } from "./gemm_job.ts";

/** Both operands, the result, and the text that addresses them. */
export interface GemmText {
  readonly bindings: Bindings;
  readonly a: SideText;
  readonly b: SideText;
  /** In which products are summed. */
  readonly type: "f32" | "i32";
}

/** Declares the buffers of a product. With `halves`, elements in half precision are read as such, and else as f32. */
export function gemmText(job: GemmJob, target: Target, halves: boolean): GemmText {
  const bindings = new Bindings(target.bindingBytes);
  const word = (which: "a" | "b" | "out") => wordOf(job.words[which], target.hasF16);
  const a = bindings.declare({
    name: "a",
    word: word("a"),
    ...job.extents.a,
    access: "read",
    vector: job.aVector !== null,
    halves,
  });
  const b = bindings.declare({
    name: "b",
    word: word("b"),
    ...job.extents.b,
    access: "read",
    vector: job.bVector !== null,
    halves,
  });
  bindings.declare({
    name: "c",
    word: word("out"),
    ...job.extents.out,
    access: "read_write",
    vector: job.outVector,
  });
  const type = registerType(job.words.out) === "f32" ? "f32" : "i32";
  const read = (which: "a" | "b"): Word => halves && word(which) === "f16" ? "f16" : type;
  return {
    bindings,
    type,
    a: new SideText("a", job.a, bindings, a, job.aVector !== null, read("a")),
    b: new SideText("b", job.b, bindings, b, job.bVector !== null, read("b")),
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
