/**
 * The tile that a product takes, and the parts along k: chosen by its sizes and the limits of the device. Which of the large tiles is the fastest differs from
 * device to device, and tuner.ts measures it. None changes a digit: all add up along k in the same order.
 *
 * @module
 */
import type { GpuLimits } from "../device.ts";
import type { Tile } from "./gemm_job.ts";

/** Tiles of products that fill the device, the usual one first. */
export const largeTiles: readonly Tile[] = [
  { tm: 8, tn: 8, wx: 16, wy: 16, kt: 16 },
  { tm: 8, tn: 8, wx: 16, wy: 16, kt: 8 },
  { tm: 8, tn: 4, wx: 16, wy: 16, kt: 16 },
  { tm: 8, tn: 8, wx: 8, wy: 8, kt: 16 },
  { tm: 4, tn: 4, wx: 16, wy: 16, kt: 16 },
];

/** Without shared memory: large tiles per thread, made smaller while there are too few threads for the lanes. */
export function directTile(rows: number, m: number, n: number, k: number, vectors: boolean): Tile {
  let tm = m >= 16 && vectors ? 16 : m >= 8 ? 8 : m >= 4 ? 4 : m >= 2 ? 2 : 1;
  let tn = n >= 16 ? 16 : n >= 8 ? 8 : 4;
  const threads = (): number => Math.ceil(rows / tm) * Math.ceil(n / tn);
  // A long k is cut into parts instead: larger tiles read less.
  const parts = Math.max(1, Math.min(8, Math.floor(k / 512)));
  while (threads() * parts < 128 && tn > 4) tn /= 2;
  while (threads() * parts < 64 && tm > 1) tm /= 2;
  const columns = Math.ceil(n / tn);
  const wx = columns >= 8 ? 8 : columns >= 4 ? 4 : columns >= 2 ? 2 : 1;
  const wy = Math.min(32 / wx, 2 ** Math.ceil(Math.log2(Math.ceil(m / tm))));
  return { tm, tn, wx, wy, kt: 0 };
}

/** With shared memory: the largest tile that still gives every processor some. `large` says which of the large ones is the fastest. */
export function tiledTile(batches: number, m: number, n: number, large: () => Tile): Tile {
  const tiles = (bm: number, bn: number): number => batches * Math.ceil(m / bm) * Math.ceil(n / bn);
  if (m >= 96 && n >= 96 && tiles(128, 128) >= 96) return large();
  if (m <= 16) return { tm: 4, tn: 4, wx: 32, wy: 4, kt: 16 };
  if (n <= 16) return { tm: 4, tn: 4, wx: 4, wy: 32, kt: 16 };
  if (m >= 48 && n >= 48 && tiles(64, 64) >= 96) return { tm: 8, tn: 4, wx: 16, wy: 8, kt: 16 };
  return { tm: 4, tn: 4, wx: 8, wy: 8, kt: 16 };
}

/** Vectors of four from one k to the next in the shared memory of an operand: one more than needed, so that neighbours in k lie in other banks. */
export function pitchOf(rows: number): number {
  return rows / 4 + 1;
}

/** The tile with as many steps along k at a time as the shared memory of a workgroup has room for; `bytes` are those of an element of each operand. */
export function fitted(tile: Tile, bytes: readonly number[], limits: GpuLimits): Tile {
  const { tm, tn, wx, wy } = tile;
  const perStep = 4 * (pitchOf(tm * wy) * bytes[0] + pitchOf(tn * wx) * bytes[1]);
  let { kt } = tile;
  while (kt > 4 && kt * perStep > limits.workgroupBytes) kt /= 2;
  return { ...tile, kt };
}

/** Parts along k, so that a long product of few rows and columns keeps the device busy. */
export function splitsOf(
  batches: number,
  m: number,
  n: number,
  k: number,
  tile: Tile,
  software: boolean,
): number {
  if (software) {
    const threads = batches * Math.ceil(m / tile.tm) * Math.ceil(n / tile.tn);
    if (threads >= 192 || k < 256) return 1;
    return Math.min(Math.ceil(256 / threads), Math.floor(k / 128));
  }
  const tiles = batches * Math.ceil(m / (tile.tm * tile.wy)) * Math.ceil(n / (tile.tn * tile.wx));
  if (tiles >= 128 || k < 512) return 1;
  return Math.min(Math.ceil(256 / tiles), Math.floor(k / 256));
}
