/**
 * Static memory planning: places temporaries that are not alive at the same time on the same bytes.
 *
 * @module
 */

/** A block of memory and the steps between which it is alive, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Offsets for each block such that blocks alive together never overlap, and the total. Greedy by size: the largest block first,
 * each at the lowest offset that is free during its life.
 */
export function assignOffsets(
  blocks: readonly Lifetime[],
  align: number,
): { offsets: number[]; total: number } {
  const offsets = new Array<number>(blocks.length).fill(0);
  const order = blocks.map((_, i) => i).sort((a, b) => blocks[b].bytes - blocks[a].bytes || a - b);
  const placed: number[] = [];
  let total = 0;
  for (const i of order) {
    const block = blocks[i];
    const rivals = placed
      .filter((j) => blocks[j].first <= block.last && block.first <= blocks[j].last)
      .sort((a, b) => offsets[a] - offsets[b]);
    let at = 0;
    for (const j of rivals) {
      if (at + block.bytes <= offsets[j]) break;
      at = Math.max(at, Math.ceil((offsets[j] + blocks[j].bytes) / align) * align);
    }
    offsets[i] = at;
    placed.push(i);
    total = Math.max(total, at + block.bytes);
  }
  return { offsets, total: Math.ceil(total / align) * align };
}
