/**
 * Where a kernel stands in its buffers while it runs: the index of each loop, and a pointer for each address function that moves with them by additions
 * alone.
 *
 * @module
 */
import { bytesOf } from "../../../dtype.ts";
import type { Affine, Guard, Instr } from "../../../kernel/ir.ts";
import type { Func, Local } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, select } from "../wasm/opcodes.ts";
import type { Helpers } from "./gen.ts";
import { floorDivide32 } from "./integers.ts";
import { type LoopShape, loopsOf } from "./shape.ts";

type I32 = Local<"i32">;

/** One address function of one buffer. */
export interface Stream {
  /** Which entry of the argument table is the buffer. */
  readonly buffer: number;
  readonly at: Affine;
  readonly bytes: number;
  /** The address at the current point, with the index along the vector axis taken as 0. */
  readonly row: I32;
  /** The address of the first lane; `row` itself where the address does not move along the axis. */
  readonly cursor: I32;
}

/** Where along the vector axis all guards hold: from `low` up to `high`. */
export interface Interval {
  readonly low: I32;
  readonly high: I32;
}

/** The streams of one function. */
export class Streams {
  /** The index of each loop; along the vector axis that of the first lane. */
  readonly index: readonly I32[];
  readonly #streams = new Map<string, Stream>();
  readonly #intervals = new Map<string, Interval>();
  readonly #conditions = new Map<string, I32>();

  constructor(
    private readonly f: Func,
    private readonly helpers: Helpers,
    private readonly shape: LoopShape,
    private readonly table: I32,
    private readonly inputs: number,
  ) {
    this.index = shape.extents.map(() => f.local("i32"));
  }

  /** The stream of a load or a store; call it for all of them before `locate`. */
  of(instr: Instr): Stream | null {
    if (instr.op !== "load" && instr.op !== "store") return null;
    const buffer = instr.op === "load" ? instr.input : this.inputs + instr.output;
    const { at } = instr, key = `${buffer}:${at.offset}:${at.strides}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      const row = this.f.local("i32");
      const cursor = at.strides[this.shape.axis] === 0 ? row : this.f.local("i32");
      this.#streams.set(key, stream = { buffer, at, bytes: bytesOf(instr.dtype), row, cursor });
    }
    return stream;
  }

  /** The streams of these instructions, each once. */
  some(instrs: readonly Instr[]): Stream[] {
    return [...new Set(instrs.map((i) => this.of(i)).filter((s) => s !== null))];
  }

  /** An entry of the argument table. */
  entry(index: number): Expr<"i32"> {
    return i32.load(this.table, 4 * index);
  }

  /** Sets the rows of all streams from the indices of `loops`, the other indices taken as 0. */
  locate(loops: readonly number[]): void {
    for (const { buffer, at, bytes, row } of this.#streams.values()) {
      this.f.set(
        row,
        loops.reduce<Expr<"i32">>(
          (sum, d) => at.strides[d] === 0 ? sum : i32.add(sum, i32.mul(this.index[d], at.strides[d] * bytes)),
          i32.add(this.entry(buffer), at.offset * bytes),
        ),
      );
    }
  }

  /** Sets the indices of `loops` (row-major) from the number of a point. */
  decompose(loops: readonly number[], point: Expr<"i32">): void {
    const { f, index, shape } = this;
    const rest = f.keep(point);
    for (const d of [...loops].reverse()) {
      if (d === loops[0]) f.set(index[d], rest);
      else {
        f.set(index[d], i32.remU(rest, shape.extents[d]));
        f.set(rest, i32.divU(rest, shape.extents[d]));
      }
    }
  }

  /** Steps the indices of `loops` on by one point (row-major), and all rows with them. */
  advance(loops: readonly number[]): void {
    const { f, index, shape } = this;
    const step = (place: number) => {
      const d = loops[place];
      f.increase(index[d], 1);
      this.move([...this.#streams.values()], d, 1);
      if (place === 0) return;
      f.if(i32.eq(index[d], shape.extents[d]), () => {
        f.set(index[d], 0);
        this.move([...this.#streams.values()], d, -shape.extents[d]);
        step(place - 1);
      });
    };
    if (loops.length > 0) step(loops.length - 1);
  }

  /** Moves rows (or cursors) by `count` points of loop `d`. */
  move(
    streams: readonly Stream[],
    d: number,
    count: number | Expr<"i32">,
    which: "row" | "cursor" = "row",
  ): void {
    for (const stream of streams) {
      const step = stream.at.strides[d] * stream.bytes;
      if (step === 0) continue;
      this.f.increase(stream[which], typeof count === "number" ? count * step : i32.mul(count, step));
    }
  }

  /** Puts cursors where the index along the axis says. */
  start(streams: readonly Stream[]): void {
    const { axis } = this.shape;
    for (const { row, cursor, at, bytes } of streams) {
      if (cursor === row) continue;
      this.f.set(cursor, i32.add(row, i32.mul(this.index[axis], at.strides[axis] * bytes)));
    }
  }

  /** `offset + sum(strides[d] * index[d])` over the loops but `except`. */
  affine(at: Affine, except = -1): Expr<"i32"> {
    return at.strides.reduce<Expr<"i32">>(
      (sum, s, d) =>
        s === 0 || d === except ? sum : i32.add(sum, s === 1 ? this.index[d] : i32.mul(this.index[d], s)),
      i32.const(at.offset),
    );
  }

  /** Works out, for the loops other than the axis as they stand, where guards hold; valid in the scope it is called in. */
  guard(guards: readonly Guard[]): void {
    const { f, shape: { axis, extents } } = this, key = guardKey(guards);
    const within = ({ at, low, high }: Guard) =>
      i32.ltU(i32.sub(this.affine(at), low), Math.max(0, high - low));
    const fixed = guards.filter((g) => g.at.strides[axis] === 0).map(within);
    const all = fixed.reduce<Expr<"i32"> | null>((a, b) => a === null ? b : i32.and(a, b), null);
    if (fixed.length === guards.length) {
      this.#conditions.set(key, f.keep(all ?? i32.const(1)));
      return;
    }
    const low = f.keep(i32.const(0)), high = f.keep(i32.const(extents[axis]));
    this.#intervals.set(key, { low, high });
    for (const guard of guards) {
      const stride = guard.at.strides[axis];
      if (stride === 0) continue;
      const base = f.keep(this.affine(guard.at, axis));
      // base + stride * i >= edge begins (or ends, when i counts down) at i = ceil((edge - base) / stride).
      const crossing = (edge: number) =>
        stride > 0
          ? this.#divided(i32.sub(edge + stride - 1, base), stride)
          : i32.add(this.#divided(i32.sub(base, edge), -stride), 1);
      const [first, end] = stride > 0 ? [guard.low, guard.high] : [guard.high, guard.low];
      const from = f.keep(crossing(first)), to = f.keep(crossing(end));
      f.set(low, select(i32.gtS(from, low), from, low));
      f.set(high, select(i32.ltS(to, high), to, high));
    }
    if (all !== null) f.set(high, select(all, high, low));
    f.set(high, select(i32.gtS(high, low), high, low));
  }

  /** The quotient rounded down. */
  #divided(value: Expr<"i32">, by: number): Expr<"i32"> {
    return by === 1 ? value : floorDivide32(this.helpers).call(value, by);
  }

  /** Where guards hold that move with the axis; null when they do not move. */
  intervalOf(guards: readonly Guard[]): Interval | null {
    return this.#intervals.get(guardKey(guards)) ?? null;
  }

  /** Whether guards hold that do not move with the axis. */
  conditionOf(guards: readonly Guard[]): I32 {
    return this.#conditions.get(guardKey(guards))!;
  }
}

/** The loops other than the axis that guards look at, as bits. */
export function guardLoops(guards: readonly Guard[], axis: number): number {
  return guards.reduce((bits, g) => bits | loopsOf(g.at), 0) & ~(1 << axis);
}

function guardKey(guards: readonly Guard[]): string {
  return guards.map((g) => `${g.low},${g.at.offset},${g.at.strides},${g.high}`).join(";");
}
