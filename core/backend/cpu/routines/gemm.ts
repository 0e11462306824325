/**
 * Matrix products over tables: C[i][j] = sum over k of A[i][k] * B[k][j], where every operand is addressed through tables of byte offsets. Strided
 * products, convolutions and their gradients are all of this form. Decides on blocking and packing; the code is gemm_code.ts.
 *
 * @module
 */
import { bytesOf } from "../../../dtype.ts";
import { type Shape, sizeOf } from "../../../shape.ts";
import type { Engine } from "../engine.ts";
import { chunkOf, runChunked, type TileFollow } from "../loops.ts";
import type { Follow, PoolKernel } from "../pool.ts";
import type { FloatType } from "./floats.ts";
import { engineCache } from "./arguments.ts";
import { gemmModule, gemmWords, PACK_PANELS, PACK_ROWS } from "./gemm_code.ts";
import type { GemmForm } from "./micro_code.ts";

/** Depth of a block: a panel of A and one of B fit the first-level cache together. */
const DEPTH = 384;
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
  readonly dtype: FloatType;
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
 * The register tiles: 6 x 2 accumulators, 2 of B and 1 of A fill the 16 registers of x86. With few rows of A, B is read in place and the tile is wide instead, so that
 * enough sums are under way.
 */
const tiles = { usual: [6, 2], few: [3, 4], single: [1, 8] } as const;

const kernels = engineCache(
  (engine: Engine, key: `${FloatType} ${keyof typeof tiles} ${boolean}`) => {
    const [dtype, tile, directB] = key.split(" ") as [FloatType, keyof typeof tiles, string];
    const [rows, vectors] = tiles[tile];
    const form: GemmForm = { directB: directB === "true", rows, vectors };
    return { form, kernels: engine.pool.load(gemmModule(dtype, form, engine.features.relaxedSimd)) };
  },
);

interface Packing {
  readonly kernel: PoolKernel;
  readonly word: "packedA" | "packedB";
  readonly panels: number;
  readonly chunk: number;
  /** Where it goes, from the start of the workspace. */
  readonly offset: number;
}

/** A batch of products, ready to run. */
export class Gemm {
  /** Workspace that `run` needs. */
  readonly workspaceBytes: number;
  readonly #engine: Engine;
  readonly #tiles: PoolKernel;
  readonly #args: number;
  readonly #argsBytes: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #packings: Packing[] = [];
  readonly #count: number;
  readonly #split: boolean;
  readonly #tile: { readonly tileRows: number; readonly tileColumns: number };

  constructor(engine: Engine, spec: GemmSpec) {
    this.#engine = engine;
    const { dtype, rows, columns, depth, products } = spec, bytes = bytesOf(dtype);
    const { form, kernels: [tiles, packA, packB] } = kernels(engine, chooseForm(spec));
    const lanes = 16 / bytes, ROWS = form.rows, W = lanes * form.vectors;
    this.#tiles = tiles;

    const streams = form.directB && form.rows <= 3 && columns * bytes > NEAR_ROWS;
    const depths = Math.max(1, Math.ceil(depth / (streams ? STREAMS : DEPTH)));
    const tileDepth = Math.ceil(depth / depths / 8) * 8;
    const sources = { A: distinct(products.map((p) => p.a)), B: distinct(products.map((p) => p.b)) };
    const copyBytes = {
      A: rows * depth * bytes,
      B: Math.ceil(columns / lanes) * lanes * depth * bytes,
    };
    const aStep = stepOf(spec), direct = { A: aStep !== 0, B: form.directB };
    const packs = (side: "A" | "B") =>
      !direct[side] && spec.packFirst.includes(side) &&
      copyBytes[side] * sources[side].offsets.length <= PACK_LIMIT;
    const work = rows * columns * depth * products.length;
    const { tileRows, tileColumns } = tileSize(
      rows,
      columns,
      work,
      products.length,
      packs("B") || form.directB ? columns : TILE_COLUMNS,
      ROWS,
      W,
      streams ? NEAR_ROWS / bytes : 4 * W,
    );
    const tilesDown = Math.ceil(rows / tileRows), tilesAcross = Math.ceil(columns / tileColumns);
    this.#count = tilesDown * tilesAcross * products.length;
    this.#split = work >= WORTH_SPLITTING && this.#count > 1;
    this.#tile = { tileRows, tileColumns };

    // The argument block: words, then the tables.
    const parts = [spec.aRows, spec.aColumns, spec.bRows, spec.bColumns, spec.cColumns ?? new Int32Array(0)];
    const batch = products.flatMap((p, i) => [p.a, p.b, p.c, sources.A.index[i], sources.B.index[i]]);
    parts.push(
      Int32Array.from(batch),
      Int32Array.from(sources.A.offsets),
      Int32Array.from(sources.B.offsets),
    );
    const length = parts.reduce<number>((n, part) => n + part.length, gemmWords.length);
    this.#argsBytes = 4 * length;
    this.#args = engine.allocate(this.#argsBytes);
    const words = this.#words = new Int32Array(engine.arena.views.i32.buffer, this.#args, length);
    let at: number = gemmWords.length;
    const places = parts.map((part) => {
      words.set(part, at);
      at += part.length;
      return this.#args + 4 * (at - part.length);
    });
    const put = (name: keyof typeof gemmWords, value: number) => words[gemmWords[name]] = value;
    put("rows", rows), put("columns", columns), put("depth", depth);
    put("tileRows", tileRows), put("tileColumns", tileColumns), put("tileDepth", tileDepth);
    put("tilesDown", tilesDown), put("tilesAcross", tilesAcross);
    put("aRows", places[0]), put("aColumns", places[1]), put("bRows", places[2]), put("bColumns", places[3]);
    put("cStride", spec.cStride), put("cColumns", spec.cColumns === null ? 0 : places[4]);
    put("batch", places[5]), put("sourcesA", places[6]), put("sourcesB", places[7]);
    put("packedABytes", copyBytes.A), put("packedBBytes", copyBytes.B);

    let workspace = 0;
    for (const side of ["A", "B"] as const) {
      put(`packed${side}`, 0);
      if (!packs(side)) continue;
      const copies = sources[side].offsets.length;
      const panels = copies * Math.ceil(side === "A" ? rows / PACK_ROWS : columns / (W * PACK_PANELS));
      const chunk = chunkOf(panels, depth * (side === "A" ? PACK_ROWS : W * PACK_PANELS) * 0.5);
      const kernel = side === "A" ? packA : packB;
      this.#packings.push({ kernel, word: `packed${side}`, panels, chunk, offset: workspace });
      workspace += Math.ceil(copyBytes[side] * copies / 64) * 64;
    }
    this.workspaceBytes = workspace;

    put("aStep", aStep);
    put("run", form.directB ? spec.run : columns);
    const scratchB = packs("A") || direct.A ? 0 : Math.ceil(tileRows * tileDepth * bytes / 64) * 64;
    const spare = scratchB +
      (packs("B") || form.directB ? 0 : Math.ceil(tileColumns / W) * W * tileDepth * bytes);
    put("scratchB", scratchB), put("scratchTile", spare);
    engine.pool.reserveScratch(spare + ROWS * W * bytes);
  }

  /** Computes the products. `epilogue` is bound already, and follows on each tile of C. */
  run(a: number, b: number, c: number, workspace: number, epilogue: TileFollow | null = null): void {
    const words = this.#words, { pool } = this.#engine;
    words[gemmWords.a] = a;
    words[gemmWords.b] = b;
    words[gemmWords.c] = c;
    for (const { kernel, word, panels, chunk, offset } of this.#packings) {
      words[gemmWords[word]] = workspace + offset;
      runChunked(pool, kernel, panels, chunk, this.#args);
    }
    if (this.#split) {
      const follow: Follow | null = epilogue === null ? null : { ...epilogue, ...this.#tile };
      pool.run(this.#tiles, this.#count, 1, this.#args, follow);
    } else {
      this.#tiles.fn(0, this.#count, this.#args, pool.scratch);
      if (epilogue !== null) epilogue.kernel.fn(0, epilogue.points, epilogue.args, 0);
    }
  }

  dispose(): void {
    this.#engine.arena.release(this.#args, this.#argsBytes);
  }
}

/** Rows of A up to which packing B costs more than reading it in place. */
const FEW_ROWS = 24;

function chooseForm({ dtype, rows, run, near }: GemmSpec): `${FloatType} ${keyof typeof tiles} ${boolean}` {
  const directB = run * bytesOf(dtype) >= 32 && (near || rows <= FEW_ROWS);
  const tile = directB && rows === 1 ? "single" : directB && rows <= 3 ? "few" : "usual";
  return `${dtype} ${tile} ${directB}`;
}

/** Bytes between the rows of A where these are contiguous, else 0. */
function stepOf({ dtype, aRows, aColumns }: GemmSpec): number {
  const bytes = bytesOf(dtype), step = aRows.length > 1 ? aRows[1] - aRows[0] : bytes;
  const even = (table: Int32Array, step: number) => table.every((at, i) => at === table[0] + i * step);
  return even(aColumns, bytes) && even(aRows, step) ? step : 0;
}

/** Rows and columns of a tile: large enough to reuse what is packed, small enough that there are tiles for every thread. */
function tileSize(
  rows: number,
  columns: number,
  work: number,
  products: number,
  widest: number,
  ROWS: number,
  W: number,
  narrowest: number,
): { tileRows: number; tileColumns: number } {
  const wanted = Math.min(TILES, Math.floor(work / TILE_WORK)) / products;
  let down = Math.ceil(rows / TILE_ROWS), across = Math.ceil(columns / widest);
  const size = () => ({
    tileRows: Math.ceil(rows / down / ROWS) * ROWS,
    tileColumns: Math.ceil(columns / across / W) * W,
  });
  while (down * across < wanted) {
    const { tileRows, tileColumns } = size();
    if (tileRows > 4 * ROWS && tileRows * 8 >= tileColumns) down++;
    else if (tileColumns > narrowest) across++;
    else break;
  }
  return size();
}

/** The different offsets of a list, and which of them each entry is. */
function distinct(list: readonly number[]): { offsets: number[]; index: number[] } {
  const known = new Map<number, number>();
  const index = list.map((offset) => {
    if (!known.has(offset)) known.set(offset, known.size);
    return known.get(offset)!;
  });
  return { offsets: [...known.keys()], index };
}
