/**
 * What the blocks of one function have in common, and what those of one row of points share: values computed, and guards checked, once at its start.
 *
 * @module
 */
import type { Guard } from "../../../kernel/ir.ts";
import type { Local } from "../wasm/assembler.ts";
import type { Gen } from "./gen.ts";
import { foldsLanes, type LoopShape } from "./shape.ts";
import { guardLoops, type Streams } from "./streams.ts";
import type { Sweep } from "./sweeps.ts";
import type { Values } from "./values.ts";

type I32 = Local<"i32">;

/** The part of one folded loop that a piece of a long reduction covers. */
export interface Piece {
  readonly loop: number;
  readonly low: I32;
  readonly high: I32;
}

/** What the blocks of one function have in common. */
export interface BlockContext {
  readonly g: Gen;
  readonly shape: LoopShape;
  readonly sweeps: readonly Sweep[];
  readonly streams: Streams;
  readonly values: Values;
  /** Values that `startRow` computes. */
  readonly rowValues: ReadonlySet<number>;
  /** Vectors side by side in the innermost loop. */
  readonly unroll: number;
  /** Memory of the thread's own, and where in it each kept value lies. */
  readonly scratch: I32;
  readonly places: ReadonlyMap<number, number>;
  readonly piece: Piece | null;
  /** Whether the folded loop, which lies in the lanes, is gone through in the order of ordered.ts. */
  readonly ordered?: boolean;
}

/** The guards of instruction `i`, of which most have none. */
export function guardsOf({ shape: { code } }: BlockContext, i: number): readonly Guard[] {
  const instr = code[i];
  return instr.op === "load" || instr.op === "inside" ? instr.guards : [];
}

/** Code that works out where guards hold, once for those that several instructions share. */
export function guard(streams: Streams, guards: readonly (readonly Guard[])[]): void {
  for (const each of new Set(guards)) if (each.length > 0) streams.guard(each);
}

/** The values that are the same along a row of points, so that they are computed once for all blocks of the row. */
export function rowValues(shape: LoopShape, [first]: readonly Sweep[]): ReadonlySet<number> {
  if (foldsLanes(shape)) return new Set();
  return new Set(first.before.filter((i) => (shape.depends[i] & 1 << shape.axis) === 0));
}

/** Code at the start of a row of points, or of a single point: what all its blocks share. */
export function startRow(context: BlockContext): void {
  const { shape, sweeps, streams, values } = context;
  const independent = (1 << shape.outer) - 1;
  const all = sweeps.flatMap((s) => [...s.before, ...s.each]).map((i) => guardsOf(context, i));
  guard(streams, all.filter((g) => (guardLoops(g, shape.axis) & ~independent) === 0));
  for (const i of context.rowValues) values.compute(i, 0, 4);
}
