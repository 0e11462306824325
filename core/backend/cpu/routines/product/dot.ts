/**
 * Matrix products with few rows or columns, as dot products of contiguous rows. The code is dot_code.ts.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { PoolKernel } from "../../pool.ts";
import { ArgumentBlock, engineCache } from "../arguments.ts";
import { dotModule, dotWords, GROUP } from "./dot_code.ts";
import type { FloatType } from "../floats.ts";
import type { Problem } from "./problem.ts";

/** Most columns of the small operand. */
const FEW = 3;

const kernels = engineCache((engine: Engine, dtype: FloatType): PoolKernel =>
  engine.pool.load(dotModule(dtype, engine.features.relaxedSimd))[0]
);

/** Whether a product is one of few rows or columns with both operands contiguous along the depth. */
export function suitsDots({ rows, columns, aColumn, bRow, depth }: Problem): boolean {
  return Math.min(rows, columns) <= FEW && (depth === 1 || (aColumn === 1 && bRow === 1));
}

/** A batch of products of few rows or columns, ready to run. */
export class Dots {
  readonly #engine: Engine;
  readonly #kernel: PoolKernel;
  readonly #block: ArgumentBlock;
  readonly #points: number;
  readonly #chunk: number;
  readonly #swapped: boolean;

  constructor(engine: Engine, problem: Problem, dtype: FloatType) {
    const { rows, columns, depth, aRow, bColumn, products } = problem, bytes = bytesOf(dtype);
    const swapped = rows < columns, many = swapped ? columns : rows, few = swapped ? rows : columns;
    const groups = Math.ceil(many / GROUP), cRow = columns * bytes;
    this.#engine = engine;
    this.#kernel = kernels(engine, dtype);
    this.#swapped = swapped;
    this.#points = groups * products.length;
    this.#chunk = chunkOf(this.#points, few * (10 + GROUP * depth * bytes / 24));
    this.#block = new ArgumentBlock(engine, [
      ...[0, 0, 0, many, few, depth],
      ...(swapped
        ? [bColumn * bytes, aRow * bytes, bytes, cRow]
        : [aRow * bytes, bColumn * bytes, cRow, bytes]),
      groups,
      ...products.flatMap(({ a, b, c }) => (swapped ? [b, a, c] : [a, b, c]).map((offset) => offset * bytes)),
    ]);
  }

  /** Computes the products. */
  run(a: number, b: number, c: number): void {
    const { words, address } = this.#block;
    words[dotWords.many] = this.#swapped ? b : a;
    words[dotWords.few] = this.#swapped ? a : b;
    words[dotWords.out] = c;
    runChunked(this.#engine.pool, this.#kernel, this.#points, this.#chunk, address);
  }

  dispose(): void {
    this.#block.dispose();
  }
}
