/**
 * The matrix product for GPUs: a workgroup loads tiles of both operands into shared memory, turned so that k runs slowest, and each thread multiplies
 * from there into a tile of the result in registers. The next tiles are on their way while these are multiplied.
 *
 * @module
 */
import type { Target } from "../wgsl/emitter.ts";
import { foldGroups, type Rendered, rendered } from "../wgsl/frame.ts";
import type { SideText } from "./gemm_index.ts";
import type { GemmJob, Tile } from "./gemm_job.ts";
import { pitchOf } from "./gemm_tile.ts";
import { gemmText, storeLines, tileLines } from "./gemm_text.ts";

const four = [0, 1, 2, 3] as const;
const components = ["x", "y", "z", "w"] as const;
/** Steps along k written out one after the other: each round of a loop costs a test, and one more where the runtime guards loops. */
const unroll = 2;

/** How the threads of a workgroup bring a tile of one operand to shared memory, and read it there. */
interface Loader {
  /** The declaration of its shared memory. */
  readonly shared: string;
  /** Lines before the loop over k: what does not change with k. */
  readonly place: readonly string[];
  /** Lines that read the tile at `k0` into registers. */
  fetch(k0: string): string[];
  /** Lines between two barriers that write it to shared memory, where nothing was fetched read it too. */
  put(k0: string): string[];
  /** Vectors from one k to the next in shared memory. */
  readonly pitch: number;
}

/** An operand and where the workgroup's part of it begins. */
interface TileSide {
  readonly side: SideText;
  readonly name: "a" | "b";
  /** Rows of the tile, the first of them, and where the operand ends. */
  readonly size: number;
  readonly first: string;
  readonly limit: number;
  readonly kt: number;
  readonly threads: number;
}

/** Half precision is kept as it is, so that it takes half of the shared memory too. */
function sharedText({ side, name, kt }: TileSide, pitch: number): string {
  return `var<workgroup> shared_${name}: array<vec4<${side.type}>, ${pitch * kt}>;\n`;
}

/**
 * An operand that is read as vectors: each thread takes blocks of four rows and four steps of k. So only whole vectors are written to shared memory, of which
 * writing one component may touch the others.
 */
function vectorLoader(tile: TileSide, along: "row" | "k"): Loader {
  const { side, name, size, first, limit, kt, threads } = tile;
  const { type } = side;
  const kBlocks = kt / 4, rowBlocks = size / 4, blocks = kBlocks * rowBlocks;
  const pitch = pitchOf(size);
  const rounds = Array.from({ length: Math.ceil(blocks / threads) }, (_, r) => r);
  const inRound = (r: number, lines: readonly string[]): string[] => {
    const whole = (r + 1) * threads <= blocks;
    return [whole ? "{" : `if (${name}_q${r} < ${blocks}) {`, ...lines, "}"];
  };
  const place = rounds.flatMap((r) => {
    const q = `${name}_q${r}`;
    // Neighbouring threads take neighbouring elements of memory.
    const [fast, slow, count] = along === "k" ? ["ks", "rs", kBlocks] : ["rs", "ks", rowBlocks];
    return [
      `let ${q} = t + ${r * threads};`,
      `let ${name}_${fast}${r} = ${q} % ${count};`,
      `let ${name}_${slow}${r} = ${q} / ${count};`,
      `let ${name}_row${r} = ${first} + ${name}_rs${r} * 4;`,
      ...(along === "row" ? [0] : four).flatMap((i) =>
        side.rowLines(`(${name}_row${r} + ${i})`, `${r}_${i}`)
      ),
      ...four.map((i) => `var ${name}_next${r}_${i} = vec4<${type}>();`),
    ];
  });
  const fetch = (k0: string): string[] =>
    rounds.flatMap((r) =>
      inRound(r, [
        `let k = ${k0} + ${name}_ks${r} * 4;`,
        ...(along === "k" ? side.kLines("k", "") : []),
        ...four.flatMap((i) => {
          const [row, step] = along === "k" ? [i, 0] : [0, i];
          return [
            ...(along === "k" ? [] : side.kLines(`(k + ${i})`, `_${i}`)),
            ...side.read(
              `${r}_${row}`,
              along === "k" ? "" : `_${i}`,
              `value${i}`,
              true,
              `(${name}_row${r} + ${row} < ${limit}) & (k + ${step} < k_last)`,
            ),
            `${name}_next${r}_${i} = value${i};`,
          ];
        }),
      ])
    );
  const put = (): string[] =>
    rounds.flatMap((r) =>
      inRound(
        r,
        four.map((s) => {
          // Vectors along k are turned here, not when they are read: until now nothing waits for them.
          const parts = four.map((i) => `${name}_next${r}_${i}.${components[s]}`);
          const value = along === "k" ? `vec4<${type}>(${parts.join(", ")})` : `${name}_next${r}_${s}`;
          return `shared_${name}[(${name}_ks${r} * 4 + ${s}) * ${pitch} + ${name}_rs${r}] = ${value};`;
        }),
      )
    );
  return {
    shared: sharedText(tile, pitch),
    place,
    fetch,
    put,
    pitch,
  };
}

/** Any other operand: each thread gathers four rows at one k at a time, between the barriers, as what is read may take many registers to address. */
function elementLoader(tile: TileSide): Loader {
  const { side, name, size, first, limit, kt, threads } = tile;
  const rowBlocks = size / 4, pitch = pitchOf(size), count = rowBlocks * kt;
  const alongK = side.side.k.strides.at(-1) === 1;
  const [fast, slow, steps] = alongK ? ["ks", "rs", kt] : ["rs", "ks", rowBlocks];
  return {
    shared: sharedText(tile, pitch),
    place: [],
    fetch: () => [],
    put: (k0) => [
      ...(count <= threads
        ? [`if (t < ${count}) {`, "let q = t;"]
        : [`for (var q = t; q < ${count}; q += ${threads}) {`]),
      `let ${fast} = q % ${steps};`,
      `let ${slow} = q / ${steps};`,
      `let row = ${first} + rs * 4;`,
      `let k = ${k0} + ks;`,
      ...side.kLines("k", ""),
      ...four.flatMap((i) => [
        ...side.rowLines(`(row + ${i})`, `${i}`),
        ...side.read(`${i}`, "", `value${i}`, false, `(row + ${i} < ${limit}) & (k < k_last)`),
      ]),
      `shared_${name}[ks * ${pitch} + rs] = vec4<${side.type}>(${four.map((i) => `value${i}`).join(", ")});`,
      "}",
    ],
    pitch,
  };
}

/** Renders the kernel. */
export function renderTiled(job: GemmJob, tile: Tile, target: Target): Rendered {
  const { bindings, a, b, type } = gemmText(job, target, true);
  const { tm, tn, wx, wy, kt } = tile;
  const bm = tm * wy, bn = tn * wx, threads = wx * wy;
  const columns = tn / 4, rows = tm / 4;
  const mTiles = Math.ceil(job.m / bm), nTiles = Math.ceil(job.n / bn);
  const groups = foldGroups(mTiles * nTiles * job.batches * job.parts, target.workgroupsPerDimension);
  const shape = { kt, threads } as const;
  const loader = (side: TileSide, vector: "row" | "k" | null): Loader =>
    vector === null ? elementLoader(side) : vectorLoader(side, vector);
  const as = loader(
    { ...shape, side: a, name: "a", size: bm, first: "m_tile", limit: job.m },
    job.aVector,
  );
  const bs = loader(
    { ...shape, side: b, name: "b", size: bn, first: "n_tile", limit: job.n },
    job.bVector,
  );
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
  lines.push(...as.place, ...bs.place);
  for (let i = 0; i < tm; i++) {
    for (let j = 0; j < columns; j++) lines.push(`var acc${i}_${j} = vec4<${type}>();`);
  }
  // While one tile is multiplied the next is on its way; the first round multiplies nothing yet.
  lines.push(
    `for (var k0 = k_first; k0 < k_last + ${kt}; k0 += ${kt}) {`,
    "if (k0 < k_last) {",
    ...as.fetch("k0"),
    ...bs.fetch("k0"),
    "}",
    "if (k0 > k_first) {",
    `for (var s = 0; s < ${kt}; s += ${unroll}) {`,
  );
  for (let u = 0; u < unroll; u++) {
    const s = u === 0 ? "s" : `s + ${u}`;
    lines.push("{");
    // Vectors of a thread lie a workgroup apart, so that neighbouring threads read neighbouring vectors.
    for (let i = 0; i < rows; i++) {
      lines.push(`let x${i} = vec4<${type}>(shared_a[(${s}) * ${as.pitch} + ty + ${i * wy}]);`);
    }
    for (let j = 0; j < columns; j++) {
      lines.push(`let y${j} = vec4<${type}>(shared_b[(${s}) * ${bs.pitch} + tx + ${j * wx}]);`);
    }
    for (let i = 0; i < tm; i++) {
      const x = `x${i >> 2}.${components[i % 4]}`;
      for (let j = 0; j < columns; j++) {
        lines.push(
          type === "f32"
            ? `acc${i}_${j} = fma(vec4f(${x}), y${j}, acc${i}_${j});`
            : `acc${i}_${j} += ${x} * y${j};`,
        );
      }
    }
    lines.push("}");
  }
  lines.push("}", "}", "workgroupBarrier();", ...as.put("k0"), ...bs.put("k0"), "workgroupBarrier();", "}");
  const row = (i: number): string => `m_tile + (ty + ${(i >> 2) * wy}) * 4 + ${i % 4}`;
  const column = (j: number): string => `n_tile + (tx + ${j * wx}) * 4`;
  lines.push(...storeLines(job, bindings, tm, tn, row, column));
  const main = `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
${lines.join("\n")}
}
`;
  return rendered(bindings, groups, main, as.shared + bs.shared);
}
