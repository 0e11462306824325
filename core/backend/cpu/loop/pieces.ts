/**
 * Long reductions to few values: every sweep is a pass of its own over pieces of a folded loop, which leaves partial results in memory; the next pass begins by
 * putting them together. Pieces and the order in which they are joined depend on the kernel alone, so results do not depend on the threads.
 *
 * @module
 */
import { sizeOf } from "../../../shape.ts";
import type { Local } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32 } from "../wasm/opcodes.ts";
import { Block } from "./block.ts";
import { type BlockContext, type Piece, startRow } from "./row.ts";
import { rowLoops, smaller } from "./ranges.ts";
import { foldsLanes, type LoopShape } from "./shape.ts";
import type { Sweep } from "./sweeps.ts";

type I32 = Local<"i32">;

/** How a folded loop is cut. */
export interface Pieces {
  readonly loop: number;
  readonly count: number;
  /** Points of the loop in each piece but the last. */
  readonly size: number;
}

/** Independent units of work before cutting: points, or blocks of vectors of points. */
export function unitsOf(shape: LoopShape, unroll: number): number {
  const points = sizeOf(shape.extents.slice(0, shape.outer)), n = shape.extents[shape.axis];
  return foldsLanes(shape) ? points : points / n * Math.ceil(n / (4 * unroll));
}

/** Cuts the longest folded loop to `count` pieces or a few less. */
export function cut(shape: LoopShape, count: number, unroll: number): Pieces {
  const { extents, outer, axis } = shape;
  let loop = extents.length - 1;
  for (let d = loop; d >= outer; d--) if (extents[d] > extents[loop]) loop = d;
  const grain = loop === axis ? 4 * unroll : 1;
  const size = Math.ceil(extents[loop] / count / grain) * grain;
  return { loop, size, count: Math.ceil(extents[loop] / size) };
}

/** Where the partial results of each fold lie in the workspace: filled in by the pass that writes them. */
export type Partials = Map<number, { readonly offset: number; readonly vectors: number }>;

/** What the passes of one kernel share. */
export interface Cutting {
  readonly pieces: Pieces;
  readonly units: number;
  readonly partials: Partials;
  /** The table's entry with the address of the workspace. */
  readonly entry: number;
}

/** Generates pass number `pass` over pieces, or, past the last sweep, the stores of what was folded over units. */
export function emitPass(
  context: Omit<BlockContext, "piece">,
  cutting: Cutting,
  pass: number,
  start: I32,
  end: I32,
): void {
  const { g: { f }, streams, sweeps } = context, { pieces, partials } = cutting;
  const finishing = pass === sweeps.length;
  const workspace = f.keep(streams.entry(cutting.entry));
  const unit = f.local("i32"), low = f.local("i32"), high = f.local("i32");
  f.while(() => i32.ltS(start, end), () =>
    f.scope(() => {
      const piece: Piece | null = finishing ? null : { loop: pieces.loop, low, high };
      const own: BlockContext = { ...context, piece };
      if (finishing) f.set(unit, start);
      else {
        f.set(unit, i32.divU(start, pieces.count));
        f.set(low, i32.mul(i32.remU(start, pieces.count), pieces.size));
        f.set(high, smaller(i32.add(low, pieces.size), i32.const(context.shape.extents[pieces.loop])));
      }
      const block = placeBlock(own, unit);
      startRow(own);
      sweeps.slice(0, finishing ? sweeps.length : pass).forEach((sweep) => {
        block.before(sweep);
        join(block, sweep, cutting, f.keep(i32.mul(unit, pieces.count)), workspace, own);
        block.results(sweep);
        if (finishing) block.after(sweep);
      });
      if (!finishing) {
        const sweep = sweeps[pass];
        block.before(sweep);
        block.sweep(sweep);
        for (const i of sweep.folds) {
          const vectors = block.fold(i).stateVectors();
          if (!partials.has(i)) partials.set(i, { offset: bytesOfPartials(cutting), vectors });
          block.fold(i).save(f.keep(slotOf(cutting, i, workspace, start)));
        }
      }
      f.increase(start, 1);
    }));
}

/** Bytes of the workspace handed out so far. */
export function bytesOfPartials({ partials, units, pieces }: Cutting): number {
  let bytes = 0;
  for (const { vectors } of partials.values()) bytes += units * pieces.count * vectors * 16;
  return bytes;
}

function slotOf({ partials }: Cutting, i: number, workspace: I32, slot: I32): Expr<"i32"> {
  const { offset, vectors } = partials.get(i)!;
  return i32.add(i32.add(workspace, offset), i32.mul(slot, vectors * 16));
}

/** Joins the partial results of a sweep. */
function join(
  block: Block,
  sweep: Sweep,
  cutting: Cutting,
  first: I32,
  workspace: I32,
  { g: { f } }: BlockContext,
): void {
  if (sweep.folds.length === 0) return;
  for (const i of sweep.folds) block.fold(i).beginRestore();
  const slot = f.keep<"i32">(first), last = f.keep(i32.add(first, cutting.pieces.count));
  f.while(() => i32.ltS(slot, last), () =>
    f.scope(() => {
      for (const i of sweep.folds) block.fold(i).restore(f.keep(slotOf(cutting, i, workspace, slot)));
      f.increase(slot, 1);
    }));
}

/** Goes to a unit of work. */
function placeBlock(context: BlockContext, unit: I32): Block {
  const { g: { f }, streams, unroll, shape } = context, loops = rowLoops(context);
  if (foldsLanes(shape)) {
    streams.decompose(loops, unit);
    streams.locate(loops);
    return new Block(context, 1, 4);
  }
  const n = shape.extents[shape.axis], perRow = Math.ceil(n / (4 * unroll));
  streams.decompose(loops, i32.divU(unit, perRow));
  f.set(streams.index[shape.axis], i32.mul(i32.remU(unit, perRow), 4 * unroll));
  streams.locate(loops);
  streams.start(streams.some(shape.code));
  // Blocks of more than one vector are chosen only where they divide the row.
  const lanes = n % 4 === 0 ? 4 : f.keep(i32.sub(n, streams.index[shape.axis]));
  return new Block(context, unroll, lanes);
}
