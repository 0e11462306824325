/**
 * The usual form of a loop kernel: a function over a range of independent points. Long reductions to few values take the form of pieces.ts.
 *
 * @module
 */
import { sizeOf } from "../../../shape.ts";
import type { Local } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, select } from "../wasm/opcodes.ts";
import { Block } from "./block.ts";
import { type BlockContext, startRow } from "./row.ts";
import { foldsLanes } from "./shape.ts";

type I32 = Local<"i32">;

/** The smaller of two integers. */
export function smaller(a: Expr<"i32">, b: Expr<"i32">): Expr<"i32"> {
  return select(i32.ltS(a, b), a, b);
}

/** The independent loops that a function goes through point by point or row by row. */
export function rowLoops({ shape }: BlockContext): number[] {
  return shape.extents.map((_, d) => d).filter((d) => d < shape.outer && d !== shape.axis);
}

/** Generates the work on the points from `start` up to `end`. */
export function emitRange(context: BlockContext, start: I32, end: I32): void {
  const { g: { f }, shape } = context;
  const across = foldsLanes(shape);
  if (sizeOf(shape.extents.slice(0, shape.outer)) === 1) {
    context.streams.locate([]);
    startRow(context);
    if (!across) context.streams.start(context.streams.some(shape.code));
    return f.scope(() => new Block(context, 1, across ? 4 : 1).all());
  }
  if (across) emitPoints(context, start, end);
  else emitRows(context, start, end);
}

/** One point after the other, each a block of its own. */
function emitPoints(context: BlockContext, start: I32, end: I32): void {
  const { g: { f }, streams } = context, loops = rowLoops(context);
  streams.decompose(loops, start);
  streams.locate(loops);
  f.while(() => i32.ltS(start, end), () =>
    f.scope(() => {
      startRow(context);
      new Block(context, 1, 4).all();
      f.increase(start, 1);
      streams.advance(loops);
    }));
}

/** Rows of points along the vector axis, or the parts of them that the range has. */
function emitRows(context: BlockContext, start: I32, end: I32): void {
  const { g: { f }, streams, shape: { extents, axis } } = context,
    loops = rowLoops(context),
    n = extents[axis];
  if (loops.length === 0) {
    streams.locate([]);
    startRow(context);
    return emitSegment(context, start, end);
  }
  const row = f.keep(i32.divU(start, n));
  const from = f.keep(i32.sub(start, i32.mul(row, n))), to = f.local("i32");
  streams.decompose(loops, row);
  streams.locate(loops);
  f.while(() => i32.ltS(start, end), () =>
    f.scope(() => {
      f.set(to, smaller(i32.const(n), i32.add(from, i32.sub(end, start))));
      startRow(context);
      emitSegment(context, from, to);
      f.increase(start, i32.sub(to, from));
      f.set(from, 0);
      streams.advance(loops);
    }));
}

/** The points of the current row from `from` up to `to`, in vectors. */
export function emitSegment(context: BlockContext, from: I32, to: I32): void {
  const { g: { f }, streams, unroll, shape } = context;
  const index = streams.index[shape.axis], all = streams.some(shape.code);
  const vectors = (count: number, lanes: () => number | I32) =>
    f.scope(() => {
      new Block(context, count, lanes()).all();
      f.increase(index, 4 * count);
      streams.move(all, shape.axis, 4 * count, "cursor");
    });
  f.set(index, from);
  streams.start(all);
  if (unroll > 1) {
    const top = f.keep(i32.sub(to, 4 * unroll - 1));
    f.while(() => i32.ltS(index, top), () => vectors(unroll, () => 4));
  }
  f.while(() => i32.ltS(index, to), () => vectors(1, () => f.keep(i32.sub(to, index))));
}
