/**
 * Convolutions of 3 x 3 filters by Winograd's method F(2x2, 3x3), and the gradients in their images, which are convolutions too: 2.25 times fewer multiplications. Decides where
 * it pays; the code is winograd_code.ts.
 *
 * Every output depends on the elements of its own window alone, as in the direct sum, and the only factors are 1/2; so small integers stay exact, and
 * rounding errors are those of a float32 sum, if in another order. Infinities in a window give NaN where differences of them arise.
 *
 * @module
 */
import { chunkOf, runChunked } from "../../chunks.ts";
import type { Engine } from "../../engine.ts";
import type { TileFollow } from "../../loops.ts";
import type { PoolKernel } from "../../pool.ts";
import { type ArgumentBlock, argumentsAt, engineCache } from "../arguments.ts";
import { filterWords, winogradModule, winogradWords } from "./winograd_code.ts";

/** A stack of convolutions with stride and dilation 1: for each image and group, filters [rows, depth, 3, 3] times x [depth, ...] to [rows, height, width]. */
export interface WinogradSpec {
  readonly batch: number;
  readonly groups: number;
  readonly rows: number;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  /** Elements between filters of neighbouring groups, rows and channels. */
  readonly filterStrides: readonly [group: number, row: number, depth: number];
  /** Whether filters are turned round. */
  readonly turned: boolean;
  /** Elements between images, channels and rows of x. It must reach `extent` in height and width. */
  readonly xStrides: readonly [image: number, channel: number, row: number];
}

/** Channels on each side, and tiles of an image, from which the transforms are a small part of the work. */
const CHANNELS = 16, TILES = 32;
/** Outputs computed for one that exists, at most: tiles go in fours. */
const WASTE = 1.3;
/** Bytes that the tiles and products of a strip should take at most, to stay in the second-level cache; but at least `TILES` of them, to make use of the filters. */
const STRIP_BYTES = 3 << 18;

/** Tiles down, and vectors of tiles across. */
function tilesOf(height: number, width: number): { down: number; across: number } {
  return { down: Math.ceil(height / 2), across: Math.ceil(width / 8) };
}

/** Height and width that x must have, for the tiles that reach past the result. */
export function winogradExtent(height: number, width: number): [height: number, width: number] {
  const { down, across } = tilesOf(height, width);
  return [2 * down + 2, 8 * across + 2];
}

/** Whether the method pays for convolutions of this size. Says the same for any number of images. */
export function suitsWinograd(
  { rows, depth, height, width }: Pick<WinogradSpec, "rows" | "depth" | "height" | "width">,
): boolean {
  const { down, across } = tilesOf(height, width);
  return Math.min(rows, depth) >= CHANNELS && down * across * 4 >= TILES &&
    down * across * 16 <= WASTE * height * width;
}

/** Tiles down, vectors of tiles across, and rows of tiles that are done at a time. */
export function stripOf(
  { rows, depth, height, width }: Pick<WinogradSpec, "rows" | "depth" | "height" | "width">,
): { down: number; across: number; strip: number; strips: number } {
  const { down, across } = tilesOf(height, width), least = Math.ceil(TILES / 4 / across);
  const fitting = Math.floor(STRIP_BYTES / (16 * 16 * (rows + depth) * across));
  const strips = Math.ceil(down / Math.max(least, fitting));
  return { down, across, strip: Math.ceil(down / strips), strips };
}

/** The bytes of a matrix that sixteen of lie behind each other: not so that the same places of all are in one set of the caches. */
export function apart(bytes: number): number {
  return Math.ceil(bytes / 64) * 64 + 64;
}

const kernels = engineCache((engine: Engine, _: "winograd"): PoolKernel[] =>
  engine.pool.load(winogradModule(engine.features.relaxedSimd))
);

/** A stack of such convolutions, ready to run. */
export class Winograd {
  /** Workspace that `run` needs. */
  readonly workspaceBytes: number;
  readonly #engine: Engine;
  readonly #filters: ArgumentBlock;
  readonly #tiles: ArgumentBlock;
  readonly #spec: WinogradSpec;
  readonly #strip: number;
  readonly #strips: number;

  constructor(engine: Engine, spec: WinogradSpec) {
    const { groups, rows, depth, height, width, filterStrides, turned, xStrides } = spec;
    const { down, across, strip, strips } = stripOf(spec), productRow = 16 * strip * across;
    const filterMatrix = apart(4 * rows * depth), tileMatrix = apart(depth * productRow);
    const productMatrix = apart(rows * productRow), products = 16 * tileMatrix;
    engine.pool.reserveScratch(products + 16 * productMatrix);
    this.#engine = engine;
    this.#spec = spec;
    this.#strip = strip;
    this.#strips = strips;
    this.workspaceBytes = 16 * filterMatrix * groups;
    const [wGroup, wRow, wDepth] = filterStrides.map((n) => 4 * n);
    this.#filters = argumentsAt(engine, filterWords, {
      rows,
      depth,
      wGroup,
      wRow,
      wDepth,
      group: 16 * filterMatrix,
    });
    // A filter that is turned round has its first and last rows and columns exchanged in the transformed one.
    const at = (i: number) => turned && i % 3 === 0 ? 3 - i : i;
    for (let i = 0; i < 16; i++) {
      this.#filters.words[filterWords.matrices + i] = (4 * at(i >> 2) + at(i % 4)) * filterMatrix;
    }
    const [xImage, xChannel, xRow] = xStrides.map((n) => 4 * n);
    this.#tiles = argumentsAt(engine, winogradWords, {
      ...{ rows, depth, groups, height, width, down, across, strip, strips },
      ...{ xImage, xChannel, xRow, filterMatrix, tileMatrix, productMatrix, productRow, products },
    });
  }

  /** Computes the convolutions of x with the filters at `w` to `c`. `epilogue` is bound already, and follows on each strip. */
  run(w: number, x: number, c: number, workspace: number, epilogue: TileFollow | null = null): void {
    const { rows, depth, groups, batch, width } = this.#spec, { pool } = this.#engine;
    const [filters, tiles] = kernels(this.#engine, "winograd");
    this.#filters.words[filterWords.w] = w;
    this.#filters.words[filterWords.out] = workspace;
    const count = groups * rows * depth;
    runChunked(pool, filters, count, chunkOf(count, 10), this.#filters.address);
    const { words } = this.#tiles;
    words[winogradWords.x] = x;
    words[winogradWords.filters] = workspace;
    words[winogradWords.c] = c;
    const follow = epilogue === null
      ? null
      : { ...epilogue, tileRows: rows, tileColumns: 2 * this.#strip * width };
    pool.run(tiles, batch * groups * this.#strips, 1, this.#tiles.address, follow);
  }

  dispose(): void {
    this.#filters.dispose();
    this.#tiles.dispose();
  }
}
