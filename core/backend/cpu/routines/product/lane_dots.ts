/**
 * The small float32 products that OpenBLAS, and so PyTorch, sums in 16 lanes instead of in order where the machine has AVX-512. The digits are PyTorch's only
 * if the lanes are the same. The code is lane_code.ts.
 *
 * @module
 */
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { PoolKernel } from "../../pool.ts";
import { ArgumentBlock, engineCache } from "../arguments.ts";
import { LANE_GROUP, laneModule, laneWords } from "./lane_code.ts";
import type { Problem } from "./problem.ts";

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

const kernels = engineCache((engine: Engine, _: "lanes"): PoolKernel =>
  engine.pool.load(laneModule(engine.features.relaxedSimd))[0]
);

/** The last columns of a batch of products, summed in lanes, ready to run. */
export class LaneDots {
  readonly #engine: Engine;
  readonly #kernel: PoolKernel;
  readonly #block: ArgumentBlock;
  readonly #points: number;
  readonly #chunk: number;
  readonly #swapped: boolean;

  constructor(engine: Engine, problem: Problem, last: number) {
    const { rows, columns, depth, aRow, bRow, bColumn, products } = problem, skipped = columns - last;
    // The operand with more rows is read where it is; the other one may have gaps.
    const swapped = bRow === 1 && rows < last, many = swapped ? last : rows, few = swapped ? rows : last;
    const groups = Math.ceil(many / LANE_GROUP);
    this.#engine = engine;
    this.#kernel = kernels(engine, "lanes");
    this.#swapped = swapped;
    this.#points = groups * products.length;
    const gaps = !swapped && bRow !== 1;
    if (gaps) engine.pool.reserveScratch(4 * depth * few);
    // Columns with gaps are brought together once for all groups that a thread takes.
    this.#chunk = chunkOf(this.#points, few * (20 + LANE_GROUP * depth / 8), gaps ? Math.min(groups, 16) : 1);
    this.#block = new ArgumentBlock(engine, [
      ...[0, 0, 0, many, few, depth],
      ...(swapped
        ? [4 * bColumn, 4 * aRow, 4, 4, 4 * columns]
        : [4 * aRow, 4 * bColumn, 4 * bRow, 4 * columns, 4]),
      groups,
      ...products.flatMap(({ a, b, c }) => {
        const left = 4 * a, right = 4 * (b + skipped * bColumn), out = 4 * (c + skipped);
        return swapped ? [right, left, out] : [left, right, out];
      }),
    ]);
  }

  /** Computes the columns. */
  run(a: number, b: number, c: number): void {
    const { words, address } = this.#block;
    words[laneWords.many] = this.#swapped ? b : a;
    words[laneWords.few] = this.#swapped ? a : b;
    words[laneWords.out] = c;
    runChunked(this.#engine.pool, this.#kernel, this.#points, this.#chunk, address);
  }

  dispose(): void {
    this.#block.dispose();
  }
}
