/**
 * Matrix products over tables: C[i][j] = sum over k of A[i][k] * B[k][j], where every operand is addressed through tables of byte offsets. Strided
 * products, convolutions and their gradients are all of this form. Decides on blocking and packing; the code is gemm_code.ts.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import { type Shape, sizeOf } from "../../../../shape.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { TileFollow } from "../../loops.ts";
import type { Follow, PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import type { ProductType } from "../lane_ops.ts";
import { gemmModule, gemmWords, PACK_PANELS, PACK_ROWS } from "./gemm_code.ts";
import type { GemmForm } from "./micro_code.ts";

/** Depth of a block: a panel of A and one of B fit the first-level cache together. OpenBLAS has the same, and so the same sums. */
const DEPTH = 320;
/** Rows of B that are read side by side where few rows of A make that all the work, and the bytes of a row from which that pays. */
const STREAMS = 8, NEAR_ROWS = 4096;
/** Rows of a block of A, which stays in the second-level cache. */
const TILE_ROWS = 96;
/** Columns of a block of B when each tile packs its own. */
const TILE_COLUMNS = 384;
/** Multiply-adds below which a product stays on the main thread, and that a tile should have at least. */
const WORTH_SPLITTING = 1_000_000, TILE_WORK = 300_000;
/** An operand is packed as a whole up to this many bytes. */
const PACK_LIMIT = 1 << 28;
/** Tiles that a large product is cut into at least. */
const TILES = 24;

/** Byte offsets of one product of a batch. */
export interface Product {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A batch of products. Tables hold byte offsets relative to those of the product. */
export interface GemmSpec {
  readonly dtype: ProductType;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly aRows: Int32Array;
  readonly aColumns: Int32Array;
  readonly bRows: Int32Array;
  readonly bColumns: Int32Array;
  /** Bytes between rows of C. */
  readonly cStride: number;
  /** Byte offsets of the columns of C; null when they are contiguous. */
  readonly cColumns: Int32Array | null;
  readonly products: readonly Product[];
  /** Columns of B that lie side by side, run after run; 0 or 1 when none do. */
  readonly run: number;
  /** Whether neighbouring entries of B's table of rows are near each other, so that reading B in place several times costs little. */
  readonly near: boolean;
  /** Operands packed once, before, unless they are read in place; the others are packed by each tile that needs them. */
  readonly packFirst: readonly ("A" | "B")[];
  /** Whether the depth is gone down in one go. */
  readonly undivided?: boolean;
  /** Whether each product is rounded before it is added, where it might be fused with the sum. */
  readonly rounded?: boolean;
}

/** A table of `count` offsets at equal distances. */
export function steps(count: number, step: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i * step);
}

/** The byte offset of every point of a shape, in row-major order; strides in elements. */
export function grid(shape: Shape, strides: readonly number[], bytes: number): Int32Array {
  const table = new Int32Array(sizeOf(shape));
  let filled = table.length > 0 ? 1 : 0;
  // From the last dimension on, what is filled is repeated at each further index.
  for (let d = shape.length - 1; d >= 0; d--) {
    const block = filled;
    for (let i = 1; i < shape[d]; i++) {
      const shift = i * strides[d] * bytes;
      for (let j = 0; j < block; j++) table[filled++] = table[j] + shift;
    }
  }
  return table;
}

/**
 * The register tiles: 6 x 2 accumulators, 2 of B and 1 of A fill the 16 registers of x86. With few rows of A, B is read in place and the tile has all of them; it is wide
 * instead, so that enough sums are under way.
 */
const tiles = { usual: [6, 2], three: [3, 4], two: [2, 4], one: [1, 8], rounded: [4, 2] } as const;

/** What is compiled: packing and whatever tiles the size needs, no more, as the first product of a program waits for it. */
type FormKey = `${ProductType} ${keyof typeof tiles} ${"packs" | "packsA" | "direct"}`;

const kernels = engineCache((engine: Engine, key: FormKey) => {
  const [dtype, tile, packing] = key.split(" ") as [ProductType, keyof typeof tiles, string];
  const [rows, vectors] = tiles[tile];
  const form: GemmForm = {
    directB: packing !== "packs",
    directA: packing === "direct",
    whole: tile !== "usual" && tile !== "rounded",
    rows,
    vectors,
  };
  const fused = engine.features.relaxedSimd && tile !== "rounded";
  return { form, kernels: engine.pool.load(gemmModule(dtype, form, fused)) };
});

interface Packing {
  readonly kernel: PoolKernel;
  readonly word: "packedA" | "packedB";
  /** Groups of rows or panels, of all copies. */
  readonly groups: number;
  readonly chunk: number;
  /** Where it goes, from the start of the workspace. */
  readonly offset: number;
}

/** How a batch of products is cut up. */
interface Blocking {
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly tileDepth: number;
  /** Operands that are packed as a whole, before. */
  readonly whole: readonly ("A" | "B")[];
  /** Bytes of a packed copy, and the different operands of the batch. */
  readonly copyBytes: Readonly<Record<"A" | "B", number>>;
  readonly sources: Readonly<Record<"A" | "B", Distinct>>;
  /** Bytes between rows of A that are read in place, else 0. */
  readonly aStep: number;
}

/** A batch of products, ready to run. */
export class Gemm {
  /** Workspace that `run` needs. */
  readonly workspaceBytes: number;
  readonly #engine: Engine;
  readonly #tiles: PoolKernel;
  readonly #block: ArgumentBlock;
  readonly #packings: Packing[] = [];
  readonly #count: number;
  readonly #split: boolean;
  readonly #tile: { readonly tileRows: number; readonly tileColumns: number };

  constructor(engine: Engine, spec: GemmSpec) {
    this.#engine = engine;
    const { dtype, rows, columns, depth, products } = spec, bytes = bytesOf(dtype);
    const { form, kernels: [tiles, packA, packB] } = kernels(engine, chooseForm(spec));
    const W = 16 / bytes * form.vectors;
    const blocking = blockingOf(spec, form);
    const { tileRows, tileColumns, tileDepth, whole, copyBytes, sources, aStep } = blocking;
    const tilesDown = Math.ceil(rows / tileRows), tilesAcross = Math.ceil(columns / tileColumns);
    this.#tiles = tiles;
    this.#count = tilesDown * tilesAcross * products.length;
    this.#split = rows * columns * depth * products.length >= WORTH_SPLITTING && this.#count > 1;
    this.#tile = { tileRows, tileColumns };

    let workspace = 0;
    for (const side of whole) {
      const copies = sources[side].offsets.length, step = side === "A" ? PACK_ROWS : W * PACK_PANELS;
      const groups = copies * Math.ceil((side === "A" ? rows : columns) / step);
      this.#packings.push({
        kernel: side === "A" ? packA : packB,
        word: `packed${side}`,
        groups,
        chunk: chunkOf(groups, depth * step * 0.5),
        offset: workspace,
      });
      workspace += Math.ceil(copyBytes[side] * copies / 64) * 64;
    }
    this.workspaceBytes = workspace;

    const scratchA = whole.includes("A") || aStep !== 0
      ? 0
      : Math.ceil(tileRows * tileDepth * bytes / 64) * 64;
    const scratchB = whole.includes("B") || form.directB
      ? 0
      : Math.ceil(tileColumns / W) * W * tileDepth * bytes;
    engine.pool.reserveScratch(scratchA + scratchB + form.rows * W * bytes);
    this.#block = argumentsOf(engine, spec, blocking, {
      ...{ rows, columns, depth, tileRows, tileColumns, tileDepth, tilesDown, tilesAcross, aStep },
      cStride: spec.cStride,
      packedABytes: copyBytes.A,
      packedBBytes: copyBytes.B,
      scratchB: scratchA,
      scratchTile: scratchA + scratchB,
      run: form.directB ? spec.run : columns,
    });
  }

  /** Computes the products. `epilogue` is bound already, and follows on each tile of C. */
  run(a: number, b: number, c: number, workspace: number, epilogue: TileFollow | null = null): void {
    const { words, address } = this.#block, { pool } = this.#engine;
    words[gemmWords.a] = a;
    words[gemmWords.b] = b;
    words[gemmWords.c] = c;
    for (const { kernel, word, groups, chunk, offset } of this.#packings) {
      words[gemmWords[word]] = workspace + offset;
      runChunked(pool, kernel, groups, chunk, address);
    }
    if (this.#split) {
      const follow: Follow | null = epilogue === null ? null : { ...epilogue, ...this.#tile };
      pool.run(this.#tiles, this.#count, 1, address, follow);
    } else {
      this.#tiles.fn(0, this.#count, address, pool.scratch);
      if (epilogue !== null) epilogue.kernel.fn(0, epilogue.points, epilogue.args, 0);
    }
  }

  dispose(): void {
    this.#block.dispose();
  }
}

/** The argument block: the words given, zeros for those that `run` sets, and the tables. */
function argumentsOf(
  engine: Engine,
  spec: GemmSpec,
  { sources }: Blocking,
  values: Partial<Record<keyof typeof gemmWords, number>>,
): ArgumentBlock {
  const batch = spec.products.flatMap((p, i) => [p.a, p.b, p.c, sources.A.index[i], sources.B.index[i]]);
  return argumentsAt(engine, gemmWords, values, {
    aRows: spec.aRows,
    aColumns: spec.aColumns,
    bRows: spec.bRows,
    bColumns: spec.bColumns,
    cColumns: spec.cColumns ?? [],
    batch,
    sourcesA: sources.A.offsets,
    sourcesB: sources.B.offsets,
  });
}

/** Rows of A up to which packing B costs more than reading it in place. */
const FEW_ROWS = 24;

function chooseForm(spec: GemmSpec): FormKey {
  const { dtype, rows, run, near } = spec;
  if (run * bytesOf(dtype) < 32 || !(near || rows <= FEW_ROWS)) {
    return `${dtype} ${spec.rounded ? "rounded" : "usual"} packs`;
  }
  const tile = spec.rounded ? "rounded" : (["usual", "one", "two", "three"] as const)[rows] ?? "usual";
  return `${dtype} ${tile} ${stepOf(spec) === 0 ? "packsA" : "direct"}`;
}

/** Bytes between the rows of A where these are contiguous, else 0. */
function stepOf({ dtype, aRows, aColumns }: GemmSpec): number {
  const bytes = bytesOf(dtype), step = aRows.length > 1 ? aRows[1] - aRows[0] : bytes;
  const even = (table: Int32Array, step: number) => table.every((at, i) => at === table[0] + i * step);
  return even(aColumns, bytes) && even(aRows, step) ? step : 0;
}

/** Tiles: large enough to reuse what is packed, small enough that there are some for every thread. */
function blockingOf(spec: GemmSpec, form: GemmForm): Blocking {
  const { rows, columns, depth, products } = spec, bytes = bytesOf(spec.dtype);
  const lanes = 16 / bytes, W = lanes * form.vectors, aStep = stepOf(spec);
  const sources = { A: distinct(products.map((p) => p.a)), B: distinct(products.map((p) => p.b)) };
  const copyBytes = { A: rows * depth * bytes, B: Math.ceil(columns / lanes) * lanes * depth * bytes };
  const whole = spec.packFirst.filter((side) =>
    (side === "A" ? aStep === 0 : !form.directB) &&
    copyBytes[side] * sources[side].offsets.length <= PACK_LIMIT
  );
  const streams = !spec.undivided && form.directB && form.rows <= 3 && columns * bytes > NEAR_ROWS;
  const tileDepth = streams ? STREAMS : spec.undivided ? depth : Math.min(DEPTH, depth);
  const narrowest = streams ? NEAR_ROWS / bytes : 4 * W;

  const work = rows * columns * depth * products.length;
  const wanted = Math.min(TILES, Math.floor(work / TILE_WORK)) / products.length;
  let down = Math.ceil(rows / TILE_ROWS);
  let across = whole.includes("B") || form.directB ? 1 : Math.ceil(columns / TILE_COLUMNS);
  const size = () => ({
    tileRows: Math.ceil(rows / down / form.rows) * form.rows,
    tileColumns: Math.ceil(columns / across / W) * W,
  });
  while (down * across < wanted) {
    const { tileRows, tileColumns } = size();
    if (tileRows > 4 * form.rows && tileRows * 8 >= tileColumns) down++;
    else if (tileColumns > narrowest) across++;
    else break;
  }
  return { ...size(), tileDepth, whole, copyBytes, sources, aStep };
}

/** The different numbers of a list, and which of them each entry is. */
interface Distinct {
  readonly offsets: readonly number[];
  readonly index: readonly number[];
}

function distinct(list: readonly number[]): Distinct {
  const known = new Map<number, number>();
  const index = list.map((offset) => {
    if (!known.has(offset)) known.set(offset, known.size);
    return known.get(offset)!;
  });
  return { offsets: [...known.keys()], index };
}
