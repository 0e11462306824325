/**
 * Planes that are put together from phases, the results for every residue of the position modulo the stride. The code is interleave_code.ts.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import type { FloatType } from "../lane_ops.ts";
import { interleaveModule, interleaveWords } from "./interleave_code.ts";

const kernels = engineCache((engine: Engine, key: `${FloatType} ${number}`): PoolKernel => {
  const [dtype, step] = key.split(" ");
  return engine.pool.load(interleaveModule(dtype as FloatType, Number(step)))[0];
});

/** Nanoseconds that a row takes, and an element of it. */
const ROW = 8, ELEMENT = 0.3;

/** What is to be put together. Offsets are in elements. */
export interface InterleaveSpec {
  readonly dtype: FloatType;
  /** Phases of a row. */
  readonly step: number;
  /** Elements of a row of the result, whose rows and planes are contiguous. */
  readonly width: number;
  /** Groups of `planes` planes, and the distances between groups and between planes. */
  readonly groups: number;
  readonly planes: number;
  readonly groupStride: number;
  readonly planeStride: number;
  /** For each row of a plane, where the first element of every phase is; negative when it is all zeros. */
  readonly rows: readonly number[];
}

/** Puts planes together. */
export class Interleave {
  readonly #engine: Engine;
  readonly #kernel: PoolKernel;
  readonly #block: ArgumentBlock;
  readonly #rows: number;
  readonly #chunk: number;

  constructor(engine: Engine, spec: InterleaveSpec) {
    const { dtype, step, width, groups, planes, groupStride, planeStride, rows } = spec;
    const bytes = bytesOf(dtype), count = rows.length / step;
    this.#engine = engine;
    this.#kernel = kernels(engine, `${dtype} ${step}`);
    this.#rows = groups * planes * count;
    this.#chunk = chunkOf(this.#rows, ROW + ELEMENT * width);
    this.#block = argumentsAt(engine, interleaveWords, {
      width,
      count,
      planes,
      planeBytes: planeStride * bytes,
      groupBytes: groupStride * bytes,
    }, { rows: rows.map((at) => at < 0 ? -1 : at * bytes) });
  }

  /** From the phases at `from` to the planes at `to`; `zeros` is a row of them. */
  run(from: number, to: number, zeros: number): void {
    const { words, address } = this.#block;
    words[interleaveWords.from] = from;
    words[interleaveWords.to] = to;
    words[interleaveWords.zeros] = zeros;
    runChunked(this.#engine.pool, this.#kernel, this.#rows, this.#chunk, address);
  }

  dispose(): void {
    this.#block.dispose();
  }
}
