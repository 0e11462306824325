/**
 * The matrix product for GPUs: a workgroup loads tiles of both operands into shared memory, turned so that k runs slowest, and each thread multiplies
 * from there into a tile of the result in registers.
 *
 * @module
 */
import { foldGroups, type Rendered } from "../wgsl/elementwise.ts";
import type { Target } from "../wgsl/emitter.ts";
import { libraryFor } from "../wgsl/library.ts";
import type { GemmJob, Tile } from "./gemm.ts";
import { gemmText, storeLines, tileLines } from "./gemm_direct.ts";
import type { SideText } from "./gemm_index.ts";

/** Renders the kernel. */
export function renderTiled(job: GemmJob, tile: Tile, target: Target): Rendered {
  const { bindings, a, b, type } = gemmText(job, target);
  const { tm, tn, wx, wy, kt } = tile;
  const bm = tm * wy, bn = tn * wx, threads = wx * wy;
  const columns = tn / 4, rows = tm / 4;
  const mTiles = Math.ceil(job.m / bm), nTiles = Math.ceil(job.n / bn);
  const groups = foldGroups(mTiles * nTiles * job.batches * job.parts, target.workgroupsPerDimension);

  /** Fills one shared tile: `size` rows from `first` on, kt steps of k from `k0` on. */
  const fill = (
    side: SideText,
    vector: "row" | "k" | null,
    shared: string,
    first: string,
    size: number,
    limit: number,
  ): string[] => {
    const per = vector === null ? 1 : 4;
    const count = size * kt / per;
    // Neighbouring threads take neighbouring elements of memory.
    const alongK = vector === "k" || (vector === null && side.side.k.strides.at(-1) === 1);
    const kSteps = alongK ? kt / per : kt;
    const rowSteps = alongK ? size : size / per;
    const lines = count <= threads
      ? [`if (t < ${count}) {`, "let q = t;"]
      : [`for (var q = t; q < ${count}; q += ${threads}) {`];
    if (alongK) lines.push(`let ks = (q % ${kSteps})${per > 1 ? " * 4" : ""};`, `let rs = q / ${kSteps};`);
    else {
      lines.push(`let rs = (q % ${rowSteps})${vector === "row" ? " * 4" : ""};`, `let ks = q / ${rowSteps};`);
    }
    lines.push(
      `let row = ${first} + rs;`,
      "let k = k0 + ks;",
      ...side.rowLines("row", ""),
      ...side.kLines("k", ""),
    );
    const guard = `row < ${limit} && k < k_last`;
    if (vector === null) {
      lines.push(...side.read("", "", "value", false, guard), `${shared}[ks * ${size} + rs] = value;`);
    } else if (vector === "row") {
      lines.push(...side.read("", "", "value", true, guard));
      ["x", "y", "z", "w"].forEach((c, l) => lines.push(`${shared}[ks * ${size} + rs + ${l}] = value.${c};`));
    } else {
      lines.push(...side.read("", "", "value", true, guard));
      ["x", "y", "z", "w"].forEach((c, l) =>
        lines.push(`${shared}[(ks + ${l}) * ${size} + rs] = value.${c};`)
      );
    }
    return [...lines, "}"];
  };

  const lines = [
    ...tileLines(groups, mTiles, nTiles, job),
    "let t = i32(thread);",
    `let tx = t % ${wx};`,
    `let ty = t / ${wx};`,
    `let m_tile = tile_m * ${bm};`,
    `let n_tile = tile_n * ${bn};`,
    ...a.batchLines("z"),
    ...b.batchLines("z"),
  ];
  for (let i = 0; i < tm; i++) {
    for (let j = 0; j < columns; j++) lines.push(`var acc${i}_${j} = vec4<${type}>();`);
  }
  lines.push(`for (var k0 = k_first; k0 < k_last; k0 += ${kt}) {`, "workgroupBarrier();");
  lines.push(
    ...fill(a, job.aVector, "shared_a", "m_tile", bm, job.m),
    ...fill(b, job.bVector, "shared_b", "n_tile", bn, job.n),
  );
  lines.push("workgroupBarrier();", `for (var s = 0; s < ${kt}; s++) {`);
  // Vectors of a thread lie a workgroup apart, so that neighbouring threads read neighbouring vectors.
  const read = (shared: string, at: string): string =>
    `vec4<${type}>(${[0, 1, 2, 3].map((l) => `${shared}[${at} + ${l}]`).join(", ")})`;
  for (let i = 0; i < rows; i++) {
    lines.push(`let x${i} = ${read("shared_a", `s * ${bm} + (ty + ${i * wy}) * 4`)};`);
  }
  for (let j = 0; j < columns; j++) {
    lines.push(`let y${j} = ${read("shared_b", `s * ${bn} + (tx + ${j * wx}) * 4`)};`);
  }
  for (let i = 0; i < tm; i++) {
    const x = `x${i >> 2}.${"xyzw"[i % 4]}`;
    for (let j = 0; j < columns; j++) {
      lines.push(
        type === "f32"
          ? `acc${i}_${j} = fma(vec4f(${x}), y${j}, acc${i}_${j});`
          : `acc${i}_${j} += ${x} * y${j};`,
      );
    }
  }
  lines.push("}", "}");
  const row = (i: number): string => `m_tile + (ty + ${(i >> 2) * wy}) * 4 + ${i % 4}`;
  const column = (j: number): string => `n_tile + (tx + ${j * wx}) * 4`;
  lines.push(...storeLines(job, bindings, tm, tn, row, column));
  const main = `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
${lines.join("\n")}
}
`;
  const shared = `var<workgroup> shared_a: array<${type}, ${
    bm * kt
  }>;\nvar<workgroup> shared_b: array<${type}, ${bn * kt}>;\n`;
  return {
    code: `${bindings.text}${shared}${libraryFor(main)}\n${main}`,
    access: bindings.access,
    windows: bindings.windows,
    groups,
  };
}
