/**
 * Argsort of rows that are longer than the bindings of a kernel hold together: a row is sorted in chunks of one binding each, and the chunks are merged by a
 * bitonic network, of which each comparison needs two chunks and no more than four bindings.
 *
 * @module
 */
import { contiguous } from "../../../layout.ts";
import type { Builder, Ref } from "../builder.ts";
import { copyKernel } from "../loops/copy.ts";
import { lowerLoop } from "../loops/lower.ts";
import { beforeText, type Rows, sortRows } from "./ordering_rows.ts";
import { dispatchPoints, layoutReach, type PointOperand, type PointText } from "./points.ts";

/** A part of a row, in order by itself: the keys, and the places in the row that they come from. */
interface Chunk {
  readonly keys: Ref;
  readonly places: Ref;
  readonly length: number;
}

/** A row, whose layout has one dimension; its order is written from element `start` of `to` on. */
interface LongRow extends Rows {
  readonly start: number;
}

/** The stable order of one row of any length; NaN sorts as largest. */
export function sortLongRow(builder: Builder, row: LongRow): void {
  const n = row.x.layout.shape[0];
  // A power of two of elements, whose words have at most four bytes.
  const size = 2 ** Math.floor(Math.log2(builder.target.bindingBytes / 4));
  const chunks = Array.from(
    { length: Math.ceil(n / size) },
    (_, c) => sortedChunk(builder, row, c * size, size),
  );
  // Elements past the end would come after all others and never move, so their comparisons are left out.
  for (let run = 1; run < chunks.length; run *= 2) {
    // Runs of `run` chunks become runs of twice as many: the second is met from its end on, then the halves of what is left, at half the distance each time.
    meetChunks(builder, row, chunks, (c) => c % (2 * run) < run ? c - 2 * (c % run) + 2 * run - 1 : -1, size);
    for (let gap = run / 2; gap >= 1; gap /= 2) {
      meetChunks(builder, row, chunks, (c) => c % (2 * gap) < gap ? c + gap : -1, 0);
    }
    for (let gap = size / 2; gap >= 1; gap /= 2) {
      for (const chunk of chunks) meetInside(builder, row, chunk, gap);
    }
  }
  chunks.forEach(({ places, length }, c) =>
    builder.copy(places, 0, row.to, row.start + c * size, length, row.label)
  );
}

/** The elements of a row from `first` on, at most `size` of them, in order. */
function sortedChunk(builder: Builder, row: LongRow, first: number, size: number): Chunk {
  const { x, descending, label } = row;
  const { shape, strides, offset } = x.layout;
  const length = Math.min(size, shape[0] - first);
  const layout = contiguous([length]);
  const [raw, keys] = [0, 1].map(() => builder.temp(builder.word(x.dtype), length));
  const places = builder.temp("i32", length);
  const part = { shape: [length], strides, offset: offset + first * strides[0] };
  lowerLoop(builder, copyKernel(part, x.dtype), [x.slot], [raw], label);
  sortRows(builder, { x: { slot: raw, dtype: x.dtype, layout }, to: places, descending, label });
  const all = { first: 0, last: length - 1 };
  const operands: PointOperand[] = [
    { ref: raw, dtype: x.dtype, access: "read", reach: () => all },
    { ref: keys, dtype: x.dtype, access: "read_write", reach: (box) => layoutReach(layout, box) },
    { ref: places, dtype: "int32", access: "read_write", reach: (box) => layoutReach(layout, box) },
  ];
  const text = (text: PointText): string =>
    `let place = ${text.load(2, "p")};
${text.store(1, "p", text.load(0, "place"))}
${text.store(2, "p", `place + ${first}`)}`;
  dispatchPoints(builder, [length], operands, { text }, label);
  return { keys, places, length };
}

/** Compares the elements of chunks with those of their partners: at the same place, or, with a `size`, at the mirrored place in chunks of so many elements. */
function meetChunks(
  builder: Builder,
  row: LongRow,
  chunks: readonly Chunk[],
  partnerOf: (chunk: number) => number,
  size: number,
): void {
  chunks.forEach((low, c) => {
    const high = chunks[partnerOf(c)];
    if (high === undefined) return;
    meet(builder, row, [low, high], high.length, size === 0 ? "p" : `${size - 1} - p`, "p");
  });
}

/** Compares the elements of a chunk with those that are `gap` further on, in blocks of twice as many. */
function meetInside(builder: Builder, row: LongRow, chunk: Chunk, gap: number): void {
  const { length } = chunk, rest = length % (2 * gap);
  const pairs = (length - rest) / 2 + Math.max(0, rest - gap);
  const low = gap === 1 ? "p * 2" : `p + p / ${gap} * ${gap}`;
  if (pairs > 0) meet(builder, row, [chunk], pairs, low, `${low} + ${gap}`);
}

/** Puts pairs of elements in order: the one at `low` of the first chunk and the one at `high` of the last. Places break ties, so the order is stable. */
function meet(
  builder: Builder,
  { x: { dtype }, descending, label }: LongRow,
  chunks: readonly Chunk[],
  pairs: number,
  low: string,
  high: string,
): void {
  const operands = chunks.flatMap(({ keys, places, length }): PointOperand[] => {
    const reach = () => ({ first: 0, last: length - 1 });
    return [
      { ref: keys, dtype, access: "read_write", reach },
      { ref: places, dtype: "int32", access: "read_write", reach },
    ];
  });
  const last = operands.length - 2;
  const text = (text: PointText): string =>
    `let low = ${low};
let high = ${high};
let a = ${text.load(0, "low")};
let b = ${text.load(last, "high")};
let place_a = ${text.load(1, "low")};
let place_b = ${text.load(last + 1, "high")};
let before = ${beforeText(dtype, descending, "a", "b")};
let after = ${beforeText(dtype, descending, "b", "a")};
if (after || (!before && place_b < place_a)) {
  ${text.store(0, "low", "b")}
  ${text.store(last, "high", "a")}
  ${text.store(1, "low", "place_b")}
  ${text.store(last + 1, "high", "place_a")}
}`;
  dispatchPoints(builder, [pairs], operands, { text }, label);
}
