/**
 * Copies of operands with margins of zeros around their last dimensions, where rows are contiguous and long enough for vectors. The code is margin_code.ts.
 *
 * @module
 */
import type { Layout } from "../../../../layout.ts";
import { sizeOf } from "../../../../shape.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import { grid } from "../product/gemm.ts";
import { marginModule, marginWords } from "./margin_code.ts";

const kernels = engineCache((engine: Engine, _: "margins"): PoolKernel =>
  engine.pool.load(marginModule())[0]
);

/** Nanoseconds that a row takes, and a byte of it. */
const ROW = 8, BYTE = 0.04;

/** Whether an operand with such elements can be copied so: no margin cuts off, nothing runs backwards, and rows are contiguous and at least a vector long. */
export function suitsMargins(
  { shape, strides }: Layout,
  low: readonly number[],
  high: readonly number[],
  bytes: number,
): boolean {
  return strides[shape.length - 1] === 1 && shape[shape.length - 1] * bytes >= 16 &&
    shape.every((n, d) => n > 0 && strides[d] >= 0) && low.every((n, d) => n >= 0 && high[d] >= 0);
}

/** Copies an operand to contiguous memory, with `low[d]` zeros before and `high[d]` after each of its last dimensions. */
export class Margins {
  readonly #engine: Engine;
  readonly #block: ArgumentBlock;
  readonly #rows: number;
  readonly #chunk: number;

  constructor(
    engine: Engine,
    { shape, strides }: Layout,
    low: readonly number[],
    high: readonly number[],
    bytes: number,
  ) {
    const last = shape.length - 1, lead = shape.length - low.length;
    const planes = grid(shape.slice(0, lead), strides.slice(0, lead), bytes);
    const inner = shape[last] * bytes,
      margin = { low: low[last - lead] * bytes, high: high[last - lead] * bytes };
    // Offsets of the rows of a plane, dimension by dimension; what lies in a margin stays negative.
    let rows = [0];
    for (let d = lead; d < last; d++) {
      const along = Array.from(
        { length: low[d - lead] + shape[d] + high[d - lead] },
        (_, i) =>
          i < low[d - lead] || i >= low[d - lead] + shape[d] ? -1 : (i - low[d - lead]) * strides[d] * bytes,
      );
      rows = rows.flatMap((row) => along.map((offset) => row < 0 || offset < 0 ? -1 : row + offset));
    }
    this.#engine = engine;
    this.#rows = sizeOf(shape.slice(0, lead)) * rows.length;
    this.#chunk = chunkOf(this.#rows, ROW + BYTE * (inner + margin.low + margin.high));
    const values = { inner, ...margin, count: rows.length };
    this.#block = argumentsAt(engine, marginWords, values, { planes, rows });
  }

  run(from: number, to: number): void {
    const { words, address } = this.#block;
    words[marginWords.from] = from;
    words[marginWords.to] = to;
    runChunked(this.#engine.pool, kernels(this.#engine, "margins"), this.#rows, this.#chunk, address);
  }

  dispose(): void {
    this.#block.dispose();
  }
}
