/**
 * The gradient of 3 x 3 filters by Winograd's method, ready to run. The images are divided into parts, whose number does not depend on the threads; each sums
 * its tiles, then the parts are added up. The code is winograd_grad_code.ts. What is infinite or NaN reaches all elements of the filters it is multiplied into.
 *
 * @module
 */
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import { apart, stripOf, type WinogradSpec } from "./winograd.ts";
import { CHANNELS_BYTES, gradWords, winogradGradModule } from "./winograd_grad_code.ts";

/** Parts that keep any number of threads busy, and bytes that the sums of all may take. */
const PARTS = 8, PART_BYTES = 1 << 23;

const kernels = engineCache((engine: Engine, _: "winogradGrad"): PoolKernel[] =>
  engine.pool.load(winogradGradModule(engine.features.relaxedSimd))
);

/** What to sum: x as for the convolution, and g [batch, groups * rows, height, width] with zeros up to whole vectors of tiles. */
export interface WinogradGradSpec extends Omit<WinogradSpec, "filterStrides" | "turned"> {
  readonly gStrides: readonly [image: number, channel: number, row: number];
}

/** The gradients of a stack of filters. */
export class WinogradGrad {
  /** Workspace that `run` needs. */
  readonly workspaceBytes: number;
  readonly #engine: Engine;
  readonly #block: ArgumentBlock;
  readonly #tasks: number;
  readonly #filters: number;

  constructor(engine: Engine, spec: WinogradGradSpec) {
    const { batch, groups, rows, depth, xStrides, gStrides } = spec;
    const { down, across, strip, strips } = stripOf(spec);
    const vectors = Math.ceil(depth / 4),
      units = batch * strips;
    const sumMatrix = apart(16 * rows * vectors), partBytes = 16 * sumMatrix * groups;
    const parts = Math.max(1, Math.min(PARTS, units, Math.floor(PART_BYTES / partBytes)));
    const gradRow = 16 * strip * across,
      tileMatrix = apart(4 * vectors * gradRow),
      gradMatrix = apart(rows * gradRow);
    const grads = 16 * tileMatrix, channels = grads + 16 * gradMatrix;
    engine.pool.reserveScratch(channels + CHANNELS_BYTES);
    const [xImage, xChannel, xRow] = xStrides.map((n) => 4 * n);
    const [gImage, gChannel, gRow] = gStrides.map((n) => 4 * n);
    this.#engine = engine;
    this.#tasks = parts * groups;
    this.#filters = groups * rows * vectors;
    this.workspaceBytes = parts * partBytes;
    this.#block = argumentsAt(engine, gradWords, {
      ...{ rows, depth, vectors, groups, down, across, strip, strips, units, parts },
      ...{
        xImage,
        xChannel,
        xRow,
        gImage,
        gChannel,
        gRow,
        tileMatrix,
        gradMatrix,
        gradRow,
        sumMatrix,
        grads,
        channels,
      },
    });
  }

  /** Computes the gradients [groups * rows, depth, 3, 3] at `out` of filters between x and g. */
  run(x: number, g: number, out: number, workspace: number): void {
    const { words, address } = this.#block, { pool } = this.#engine;
    const [sums, filters] = kernels(this.#engine, "winogradGrad");
    words[gradWords.x] = x;
    words[gradWords.g] = g;
    words[gradWords.partials] = workspace;
    words[gradWords.out] = out;
    pool.run(sums, this.#tasks, 1, address);
    runChunked(pool, filters, this.#filters, chunkOf(this.#filters, 200), address);
  }

  dispose(): void {
    this.#block.dispose();
  }
}
