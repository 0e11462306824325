/**
 * Elementwise kernels that read along one loop and write along another, such as the copy of a transposed matrix: vectors are loaded along both and turned
 * in registers, tile by tile, so that no cache line is fetched twice.
 *
 * @module
 */
import { sizeOf } from "../../../shape.ts";
import type { Local } from "../wasm/assembler.ts";
import { i32, i8x16, select } from "../wasm/opcodes.ts";
import { Block } from "./block.ts";
import { type BlockContext, startRow } from "./row.ts";
import type { Gen } from "./gen.ts";
import { lanes32, loadLanes, type Parts } from "./lanes.ts";
import { emitSegment, smaller } from "./ranges.ts";
import { folds, type LoopShape } from "./shape.ts";
import type { LoadInstr, LoopKernel } from "../../../kernel/ir.ts";
import { Values } from "./values.ts";

type I32 = Local<"i32">;

/**
 * Points of a tile along the loop that is read along, and along the vector axis. Few rows are read side by side, each far enough for the machine to fetch ahead; a cache
 * line of what is written is filled in one go.
 */
const TILE = { across: 128, along: 16 } as const;

/** The loop along which strided loads are contiguous, or -1 where tiles do not pay. */
export function tiledLoop(kernel: LoopKernel, shape: LoopShape): number {
  const { code, axis, extents, outer } = shape;
  const guarded = code.some((i) => (i.op === "load" && i.guards.length > 0) || i.op === "inside");
  if (folds(kernel) || guarded || extents[axis] < 8) return -1;
  const readAlong = (d: number) => code.filter((i) => i.op === "load" && isTurned(i, axis, d)).length;
  let best = -1;
  for (let d = 0; d < outer; d++) {
    if (d === axis || extents[d] < 8 || readAlong(d) === 0) continue;
    if (best < 0 || readAlong(d) > readAlong(best)) best = d;
  }
  return best;
}

function isTurned({ at }: LoadInstr, axis: number, loop: number): boolean {
  return Math.abs(at.strides[axis]) > 1 && at.strides[loop] === 1;
}

/** Tiles of a kernel. */
export function tilesOf(shape: LoopShape, loop: number): number {
  const { extents, outer, axis } = shape;
  const rest = sizeOf(extents.slice(0, outer)) / extents[loop] / extents[axis];
  return rest * Math.ceil(extents[loop] / TILE.across) * Math.ceil(extents[axis] / TILE.along);
}

/** Generates the work on the tiles from `start` up to `end`. */
export function emitTiles(context: BlockContext, loop: number, start: I32, end: I32): void {
  const { g: { f }, streams, shape } = context, { extents, outer, axis } = shape;
  const loops = extents.map((_, d) => d).filter((d) => d < outer && d !== axis && d !== loop);
  const along = Math.ceil(extents[axis] / TILE.along), across = Math.ceil(extents[loop] / TILE.across);
  const all = streams.some(shape.code), row = streams.index[loop];
  const turning = {
    ...context,
    values: new Values(context.g, shape, streams, loop, 1),
    rowValues: new Set<number>(),
  };
  f.while(() => i32.ltS(start, end), () =>
    f.scope(() => {
      const tile = f.keep(i32.divU(start, along));
      const left = f.keep(i32.mul(i32.remU(start, along), TILE.along));
      const top = f.keep(i32.mul(i32.remU(tile, across), TILE.across));
      const right = f.keep(smaller(i32.add(left, TILE.along), i32.const(extents[axis])));
      const bottom = f.keep(smaller(i32.add(top, TILE.across), i32.const(extents[loop])));
      streams.decompose(loops, i32.divU(tile, across));
      f.set(row, top);
      streams.locate([...loops, loop]);
      const inner = f.keep(i32.sub(right, i32.and(i32.sub(right, left), 3)));
      const lower = f.keep(i32.sub(bottom, i32.and(i32.sub(bottom, top), 3)));
      f.while(() => i32.ltS(row, lower), () => {
        f.set(streams.index[axis], left);
        streams.start(all);
        f.while(() => i32.ltS(streams.index[axis], inner), () =>
          f.scope(() => {
            emitSquare(turning, loop);
            f.increase(streams.index[axis], 4);
            streams.move(all, axis, 4, "cursor");
          }));
        f.increase(row, 4);
        streams.move(all, loop, 4);
      });
      // What the squares of four by four left over: the last columns of their rows, and the last rows.
      streams.move(all, loop, i32.sub(top, row));
      f.set(row, top);
      f.while(() => i32.ltS(row, bottom), () => {
        const from = f.keep(select(i32.ltS(row, lower), inner, left));
        f.if(i32.ltS(from, right), () =>
          f.scope(() => {
            startRow(context);
            emitSegment(context, from, right);
          }));
        f.increase(row, 1);
        streams.move(all, loop, 1);
      });
      f.increase(start, 1);
    }));
}

/** Four rows of four points. The copies of a value are its rows. */
function emitSquare(context: BlockContext, loop: number): void {
  const { g, streams, values, shape: { code, axis } } = context;
  const block = new Block(context, 4, 4);
  const [sweep] = context.sweeps;
  code.forEach((instr, i) => {
    if (instr.op !== "load" || !isTurned(instr, axis, loop)) return;
    const { cursor, at, bytes } = streams.of(instr)!;
    const columns = [0, 1, 2, 3].map((lane) => {
      const step = lane * at.strides[axis] * bytes;
      const address = step < 0 ? g.f.keep(i32.add(cursor, step)) : cursor;
      return loadLanes(g, instr.dtype, { address, offset: Math.max(0, step), stride: 1, lanes: 4 });
    });
    turn(g, columns).forEach((parts, copy) => values.set(i, copy, parts));
  });
  const turned = (i: number) => {
    const instr = code[i];
    return instr.op === "load" && isTurned(instr, axis, loop);
  };
  block.before({ ...sweep, before: sweep.before.filter((i) => !turned(i)) });
  block.after(sweep);
}

/** The transpose of a square of four vectors of four elements. */
function turn(g: Gen, columns: readonly Parts[]): Parts[] {
  const shuffle = (a: number, b: number, part: number, lanes: number[]) =>
    g.keep(i8x16.shuffle(columns[a][part], columns[b][part], lanes));
  if (columns[0].length === 2) {
    const low = lanes32(0, 1, 4, 5), high = lanes32(2, 3, 6, 7);
    return [0, 1, 2, 3].map((row) => {
      const lanes = row % 2 === 0 ? low : high, part = row >> 1;
      return [shuffle(0, 1, part, lanes), shuffle(2, 3, part, lanes)];
    });
  }
  const low = lanes32(0, 4, 1, 5), high = lanes32(2, 6, 3, 7);
  const pairs = [
    shuffle(0, 1, 0, low),
    shuffle(2, 3, 0, low),
    shuffle(0, 1, 0, high),
    shuffle(2, 3, 0, high),
  ];
  return [0, 1, 2, 3].map((row) => {
    const lanes = row % 2 === 0 ? lanes32(0, 1, 4, 5) : lanes32(2, 3, 6, 7), half = row >> 1;
    return [g.keep(i8x16.shuffle(pairs[2 * half], pairs[2 * half + 1], lanes))];
  });
}
