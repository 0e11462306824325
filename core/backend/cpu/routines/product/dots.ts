/**
 * Matrix products as dot products of rows. Two kinds: products with few rows or columns, whose code is dot_code.ts; and the small float32 products that
 * OpenBLAS, and so PyTorch, sums in 16 lanes instead of in order where the machine has AVX-512, whose code is lane_code.ts. The digits of these are
 * PyTorch's only if the lanes are the same.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { PoolKernel } from "../../pool.ts";
import { ArgumentBlock, engineCache } from "../arguments.ts";
import type { FloatType } from "../lane_ops.ts";
import { dotModule, GROUP } from "./dot_code.ts";
import { LANE_GROUP, laneModule } from "./lane_code.ts";
import type { Problem } from "./problem.ts";

const dotKernels = engineCache((engine: Engine, dtype: FloatType): PoolKernel =>
  engine.pool.load(dotModule(dtype, engine.features.relaxedSimd))[0]
);
const laneKernels = engineCache((engine: Engine, _: "lanes"): PoolKernel =>
  engine.pool.load(laneModule(engine.features.relaxedSimd))[0]
);

/** What a kernel is run on: groups of rows of the operand with many of them. */
interface Groups {
  readonly points: number;
  readonly chunk: number;
  /** The second operand is the one with many rows. */
  readonly swapped: boolean;
  /** What follows in the argument block on the addresses of the operand with many rows, of that with few, and of the result. */
  readonly words: readonly number[];
}

/** A batch of products as dot products, ready to run. */
export class Dots {
  readonly #engine: Engine;
  readonly #kernel: PoolKernel;
  readonly #groups: Omit<Groups, "words">;
  readonly #block: ArgumentBlock;

  constructor(engine: Engine, kernel: PoolKernel, { words, ...groups }: Groups) {
    this.#engine = engine;
    this.#kernel = kernel;
    this.#groups = groups;
    this.#block = new ArgumentBlock(engine, [0, 0, 0, ...words]);
  }

  /** Computes the products. */
  run(a: number, b: number, c: number): void {
    const { words, address } = this.#block, { points, chunk, swapped } = this.#groups;
    words[0] = swapped ? b : a;
    words[1] = swapped ? a : b;
    words[2] = c;
    runChunked(this.#engine.pool, this.#kernel, points, chunk, address);
  }

  dispose(): void {
    this.#block.dispose();
  }
}

/** Most columns of the small operand. */
const FEW = 3;

/** Whether a product is one of few rows or columns with both operands contiguous along the depth. */
export function suitsDots({ rows, columns, aColumn, bRow, depth }: Problem): boolean {
  return Math.min(rows, columns) <= FEW && (depth === 1 || (aColumn === 1 && bRow === 1));
}

/** A batch of products of few rows or columns. */
export function fewDots(engine: Engine, problem: Problem, dtype: FloatType): Dots {
  const { rows, columns, depth, aRow, bColumn, products } = problem, bytes = bytesOf(dtype);
  const swapped = rows < columns, many = swapped ? columns : rows, few = swapped ? rows : columns;
  const groups = Math.ceil(many / GROUP), cRow = columns * bytes, points = groups * products.length;
  return new Dots(engine, dotKernels(engine, dtype), {
    swapped,
    points,
    chunk: chunkOf(points, few * (10 + GROUP * depth * bytes / 24)),
    words: [
      ...[many, few, depth],
      ...(swapped
        ? [bColumn * bytes, aRow * bytes, bytes, cRow]
        : [aRow * bytes, bColumn * bytes, cRow, bytes]),
      groups,
      ...products.flatMap(({ a, b, c }) => (swapped ? [b, a, c] : [a, b, c]).map((offset) => offset * bytes)),
    ],
  });
}

/** Multiply-adds up to which a product is small, the least depth of one with lanes, and most elements of a result whose columns all have them. */
const SMALL = 1e6, LEAST_DEPTH = 32, MOST_ELEMENTS = 1200;
/** Most depth with lanes, and most of a product of two vectors: their errors grow with the depth, those of the blocks of dot_code.ts do not. */
const MOST_DEPTH = 16384, MOST_DEPTH_OF_VECTORS = 2048;
/** Columns that OpenBLAS takes at a time, and most columns left over that it sums in lanes. */
const COLUMNS = 16, FEW_COLUMNS = 8;

/**
 * How many columns of a product, the last ones, are summed in lanes. The rows of the first operand must be contiguous. Where the columns of the second
 * are too, as in a linear layer, it is all or none; else what 16 at a time leave over, if few.
 */
export function laneColumns({ rows, columns, depth, aColumn, bRow, bColumn }: Problem): number {
  if (aColumn !== 1 || depth < LEAST_DEPTH || rows * columns * depth > SMALL) return 0;
  if (depth > (rows * columns === 1 ? MOST_DEPTH_OF_VECTORS : MOST_DEPTH)) return 0;
  if (bColumn !== 1 && bRow === 1) return rows * columns <= MOST_ELEMENTS ? columns : 0;
  const over = columns % COLUMNS;
  return bColumn === 1 && over <= FEW_COLUMNS ? over : 0;
}

/** Whether a product is small and summed in order, however deep it is; others are in blocks of the depth. */
export function isUndivided({ rows, columns, depth, bColumn }: Problem): boolean {
  return bColumn === 1 && rows * columns * depth <= SMALL;
}

/** The last columns of a batch of products, summed in lanes. */
export function laneDots(engine: Engine, problem: Problem, last: number): Dots {
  const { rows, columns, depth, aRow, bRow, bColumn, products } = problem, skipped = columns - last;
  // The operand with more rows is read where it is; the other one may have gaps.
  const swapped = bRow === 1 && rows < last, many = swapped ? last : rows, few = swapped ? rows : last;
  const groups = Math.ceil(many / LANE_GROUP), points = groups * products.length;
  const gaps = !swapped && bRow !== 1;
  if (gaps) engine.pool.reserveScratch(4 * depth * few);
  return new Dots(engine, laneKernels(engine, "lanes"), {
    swapped,
    points,
    // Columns with gaps are brought together once for all groups that a thread takes.
    chunk: chunkOf(points, few * (20 + LANE_GROUP * depth / 8), gaps ? Math.min(groups, 16) : 1),
    words: [
      ...[many, few, depth],
      ...(swapped
        ? [4 * bColumn, 4 * aRow, 4, 4, 4 * columns]
        : [4 * aRow, 4 * bColumn, 4 * bRow, 4 * columns, 4]),
      groups,
      ...products.flatMap(({ a, b, c }) => {
        const left = 4 * a, right = 4 * (b + skipped * bColumn), out = 4 * (c + skipped);
        return swapped ? [right, left, out] : [left, right, out];
      }),
    ],
  });
}
