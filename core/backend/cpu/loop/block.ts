/**
 * The code of one block of independent points: a vector of them, or several side by side, or a single one whose folded loop lies in the lanes. Sweeps over
 * the folded loops, their folds, and what is stored. What the blocks of a row share is in row.ts.
 *
 * @module
 */
import type { ReduceInstr, StoreInstr } from "../../../kernel/ir.ts";
import { sizeOf, stridesOf } from "../../../shape.ts";
import type { Local } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, i32x4, select, v128 } from "../wasm/opcodes.ts";
import { castLanes } from "./cast.ts";
import { BLOCK, RunningFold } from "./folds.ts";
import type { Vec } from "./gen.ts";
import { isWide, type Parts, repOf } from "./lanes.ts";
import {
  ColumnSum,
  isColumnSum,
  isOrdered,
  ORDERED_BLOCK,
  ORDERED_ROUND,
  ORDERED_VECTORS,
  OrderedSum,
} from "./ordered.ts";
import { type BlockContext, guard, guardsOf } from "./row.ts";
import { foldsLanes } from "./shape.ts";
import { guardLoops, type Stream } from "./streams.ts";
import { isLoop, type Sweep } from "./sweeps.ts";
import type { Lanes } from "./values.ts";

type I32 = Local<"i32">;

/** Generates blocks of `copies` vectors of points; `lanes` is how many points of the last vector exist. */
export class Block {
  readonly #across: boolean;
  /** The folded loops, but not the vector axis, from the outside in. */
  readonly #loops: readonly number[];
  readonly #folds = new Map<number, RunningFold>();
  /** Values that the innermost accumulators took since they were last emptied. */
  #taken: I32 | null = null;
  /** Rounds of ordered.ts so far, where they run over several loops. */
  #round: I32 | null = null;

  constructor(
    private readonly context: BlockContext,
    private readonly copies: number,
    private readonly lanes: Lanes,
  ) {
    const { shape } = context;
    this.#across = foldsLanes(shape);
    this.#loops = shape.extents.map((_, d) => d).filter((d) => d >= shape.outer && d !== shape.axis);
  }

  /** The fold behind a reduction. */
  fold(i: number): RunningFold {
    const { g, shape, unroll, values, streams, ordered, piece } = this.context, { code, axis } = shape;
    let fold = this.#folds.get(i);
    if (fold === undefined) {
      const instr = code[i] as ReduceInstr;
      const copies = ordered ? ORDERED_VECTORS : this.#across ? unroll : values.varies(i) ? this.copies : 1;
      fold = ordered && isOrdered(shape, i)
        ? new OrderedSum(
          g,
          instr,
          sizeOf(shape.extents.slice(shape.outer)),
          () => this.#round ?? i32.divU(streams.index[axis], ORDERED_ROUND),
        )
        : piece === null && isColumnSum(shape, i)
        ? new ColumnSum(g, instr, copies)
        : new RunningFold(g, instr, code[instr.arg].dtype, copies, this.#across);
      this.#folds.set(i, fold);
    }
    return fold;
  }

  /** Everything, one sweep after the other. */
  all(): void {
    for (const sweep of this.context.sweeps) {
      this.before(sweep);
      if (isLoop(sweep)) this.sweep(sweep);
      this.results(sweep);
      this.after(sweep);
    }
  }

  /** What a sweep needs of values of the independent points. */
  before(sweep: Sweep): void {
    for (const i of sweep.before) {
      if (!this.context.rowValues.has(i)) this.#compute(i, this.copies, this.lanes);
    }
  }

  /** The results of a sweep's folds. */
  results(sweep: Sweep): void {
    const { values } = this.context;
    for (const i of sweep.folds) {
      const fold = this.fold(i), copies = values.varies(i) ? this.copies : 1;
      for (let copy = 0; copy < copies; copy++) values.set(i, copy, fold.result(copy));
    }
  }

  /** Stores of the independent points. */
  after(sweep: Sweep): void {
    const { shape: { code }, values } = this.context;
    for (let copy = 0; copy < this.copies; copy++) {
      const lanes = this.#across ? 1 : copy === this.copies - 1 ? this.lanes : 4;
      for (const i of sweep.after) values.store(code[i] as StoreInstr, copy, lanes);
    }
  }

  /** One sweep over the folded loops. */
  sweep(sweep: Sweep): void {
    const { g: { f }, streams, shape: { code }, places, scratch } = this.context;
    const used = streams.some([...sweep.each, ...sweep.stores].map((i) => code[i]));
    const memory = new Map<number, I32>();
    for (const i of [...sweep.keep, ...sweep.kept]) memory.set(i, f.keep(i32.add(scratch, places.get(i)!)));
    for (const i of sweep.folds) this.fold(i).begin();
    const flushes = sweep.folds.some((i) => this.fold(i).needsFlush);
    // Sums are emptied inside a long innermost loop, or now and then between short ones.
    const blocks = flushes && this.#rounds() > this.#block(sweep);
    const isShort = flushes && !blocks && this.#loops.length > (this.#across ? 0 : 1);
    this.#taken = isShort ? f.keep(i32.const(0)) : null;
    this.#round = this.context.ordered && this.#loops.length > 0 ? f.keep(i32.const(0)) : null;
    this.#nest({ sweep, used, memory, blocks }, 0);
    for (const i of sweep.folds) this.fold(i).end();
  }

  /** Values that an accumulator takes before it is emptied. */
  #block(sweep: Sweep): number {
    return sweep.folds.some((i) => this.fold(i) instanceof ColumnSum) ? ORDERED_BLOCK : BLOCK;
  }

  /** Rounds of the innermost loop: values that an accumulator takes in one. */
  #rounds(): number {
    const { shape: { extents, axis }, unroll } = this.context;
    return this.#across ? Math.ceil(extents[axis] / (4 * unroll)) : extents[this.#loops.at(-1) ?? axis];
  }

  #compute(i: number, copies: number, lanes: Lanes): void {
    const { values } = this.context;
    if (!values.varies(i)) return values.compute(i, 0, lanes);
    for (let copy = 0; copy < copies; copy++) values.compute(i, copy, copy === copies - 1 ? lanes : 4);
  }

  /** How many of the folded loops must be open before a value that depends on `bits` is known. */
  #level(bits: number): number {
    const { axis } = this.context.shape;
    if (this.#across && (bits & 1 << axis) !== 0) return this.#loops.length + 1;
    return this.#loops.reduce((level, d, place) => (bits & 1 << d) !== 0 ? place + 1 : level, 0);
  }

  #nest(run: Run, level: number): void {
    const { g: { f }, streams, shape: { depends, axis } } = this.context;
    const { sweep, used } = run;
    const isInnermost = level === this.#loops.length;
    if (level > 0) {
      guard(
        streams,
        sweep.each.map((i) => guardsOf(this.context, i)).filter((g) =>
          this.#level(guardLoops(g, axis)) === level
        ),
      );
    }
    const here = sweep.each.filter((i) => this.#level(depends[i]) === level);
    if (isInnermost && !this.#across) return this.#points(run, here, this.copies, this.lanes);
    for (const i of here) this.#compute(i, this.copies, this.lanes);
    if (isInnermost) return this.#vectors(run, sweep.each.filter((i) => this.#level(depends[i]) > level));
    const d = this.#loops[level], index = streams.index[d];
    const { low, high } = this.#bounds(d), which = this.#across ? "row" : "cursor";
    f.set(index, low);
    if (low !== 0) streams.move(used, d, index, which);
    const innermost = level === this.#loops.length - 1 && !this.#across;
    const blocks = run.blocks && innermost ? run : null;
    this.#count(index, high, 1, blocks, () => {
      this.#nest(run, level + 1);
      f.increase(index, 1);
      streams.move(used, d, 1, which);
    }, this.#block(sweep));
    if (innermost && this.#taken !== null) this.#take(run, index);
    // Also right where the loop did not run: the index is then its start.
    streams.move(used, d, typeof high === "number" ? -high : i32.sub(0, index), which);
  }

  /** The bounds of a folded loop. */
  #bounds(d: number): { low: number | I32; high: number | I32 } {
    const { piece, shape: { extents } } = this.context;
    return piece?.loop === d ? piece : { low: 0, high: extents[d] };
  }

  /** Rounds while `index < top`; with `blocks`, sums are emptied after every few. */
  #count(
    index: I32,
    top: number | Expr<"i32">,
    step: number,
    blocks: Run | null,
    body: () => void,
    block = BLOCK,
  ): void {
    const { f } = this.context.g;
    const rounds = (end: number | Expr<"i32">) => f.while(() => i32.ltS(index, end), () => f.scope(body));
    if (blocks === null) return rounds(top);
    const limit = f.local("i32");
    f.while(() => i32.ltS(index, top), () => {
      f.set(limit, i32.add(index, step * block));
      const end = typeof top === "number" ? i32.const(top) : top;
      f.set(limit, select(i32.ltS(limit, end), limit, end));
      rounds(limit);
      this.#flush(blocks);
    });
  }

  #flush({ sweep }: Run): void {
    this.context.g.f.scope(() => sweep.folds.forEach((i) => this.fold(i).flush()));
  }

  /** Counts what the accumulators took, and empties them when it is enough. */
  #take(run: Run, count: number | I32): void {
    const { f } = this.context.g, taken = this.#taken!;
    f.increase(taken, count);
    f.if(i32.geS(taken, BLOCK), () => {
      this.#flush(run);
      f.set(taken, 0);
    });
  }

  /** The loop over the vector axis, where lanes are folded together. */
  #vectors(run: Run, list: readonly number[]): void {
    const { g, streams, unroll, shape: { axis, extents } } = this.context, { f } = g;
    const index = streams.index[axis], { low, high } = this.#bounds(axis), n = extents[axis];
    const advance = (vectors: number) => {
      f.increase(index, 4 * vectors);
      streams.move(run.used, axis, 4 * vectors, "cursor");
    };
    f.set(index, low);
    streams.start(run.used);
    if (this.context.ordered) return this.#inOrder(run, list, advance);
    if (typeof high === "number" && n <= 4) {
      if (n > 0) this.#points(run, list, 1, n);
      return;
    }
    const blocks = run.blocks ? run : null;
    if (unroll > 1) {
      const top = typeof high === "number" ? high - (4 * unroll - 1) : f.keep(i32.sub(high, 4 * unroll - 1));
      this.#count(index, top, 4 * unroll, blocks, () => {
        this.#points(run, list, unroll, 4);
        advance(unroll);
      });
    }
    // Pieces begin and end at multiples of four, except at the end of the loop.
    const whole = n % 4 === 0;
    if (!whole || unroll === 1 || typeof high !== "number" || n % (4 * unroll) !== 0) {
      this.#count(index, high, 4, unroll > 1 ? null : blocks, () => {
        this.#points(run, list, 1, whole ? 4 : f.keep(i32.sub(high, index)));
        advance(1);
      });
    }
    if (this.#taken !== null) this.#take(run, this.#rounds());
  }

  /** The same in the order of ordered.ts: rounds of eight vectors, pairs of them, and what is left. */
  #inOrder(run: Run, list: readonly number[], advance: (vectors: number) => void): void {
    const { g: { f }, streams, shape: { axis, extents } } = this.context, round = this.#round;
    const n = extents[axis], index = streams.index[axis];
    const sums = run.sweep.folds.map((i) => this.fold(i)).filter((fold) => fold instanceof OrderedSum);
    const rounds = n - n % ORDERED_ROUND, pairs = n - n % 8;
    const vectors = (count: number, lanes = 4) => {
      this.#points(run, list, count, lanes);
      advance(count);
    };
    if (round !== null) {
      return this.#count(index, n, ORDERED_ROUND, null, () => {
        vectors(ORDERED_VECTORS);
        f.increase(round, 1);
        f.if(i32.eqz(i32.and(round, ORDERED_BLOCK - 1)), () => this.#flush(run));
      });
    }
    if (rounds > 0) {
      this.#count(index, rounds, ORDERED_ROUND, run, () => vectors(ORDERED_VECTORS), ORDERED_BLOCK);
    }
    for (const sum of sums) sum.endRounds();
    if (pairs > rounds) this.#count(index, pairs, 8, null, () => vectors(2));
    for (const sum of sums) sum.endPairs();
    for (let left = n - pairs; left > 0; left -= 4) vectors(1, Math.min(left, 4));
  }

  /** The innermost code: values, folds and stores at `copies` vectors side by side. */
  #points(run: Run, list: readonly number[], copies: number, lanes: Lanes): void {
    const { g, values, shape: { code } } = this.context, { f } = g, { sweep, memory } = run;
    const bytes = (i: number) => isWide(repOf(code[i].dtype)) ? 32 : 16;
    const shared = (i: number, copy: number) => copy > 0 && !values.varies(i);
    const fetch = (i: number, copy: number) => {
      const at = memory.get(i)!, offset = copy * bytes(i);
      values.set(i, copy, [0, 16].slice(0, bytes(i) / 16).map((o) => g.keep(v128.load(at, offset + o))));
    };
    // What all copies use is made outside the scope of each.
    for (const i of sweep.kept) if (!values.varies(i)) fetch(i, 0);
    for (const i of list) if (!values.varies(i)) values.compute(i, 0, lanes);
    for (let copy = 0; copy < copies; copy++) {
      const own = copy === copies - 1 ? lanes : 4;
      f.scope(() => {
        for (const i of sweep.kept) if (values.varies(i)) fetch(i, copy);
        for (const i of list) if (values.varies(i)) values.compute(i, copy, own);
        for (const i of sweep.folds) if (this.#across || !shared(i, copy)) this.#push(i, copy, own);
        for (const i of sweep.keep) {
          if (shared(i, copy)) continue;
          values.get(i, copy).forEach((v, k) =>
            f.do(v128.store(memory.get(i)!, v, copy * bytes(i) + 16 * k))
          );
        }
        for (const i of sweep.stores) values.store(code[i] as StoreInstr, copy, own);
      });
    }
    for (const [i, at] of memory) f.increase(at, (values.varies(i) ? copies : 1) * bytes(i));
  }

  #push(i: number, copy: number, lanes: Lanes): void {
    const { g, values, shape: { code } } = this.context, instr = code[i] as ReduceInstr;
    const value: Parts = values.get(instr.arg, copy), from = code[instr.arg].dtype;
    if (instr.combiner === "argmax" || instr.combiner === "argmin") {
      return this.fold(i).push(copy, value, this.#mask(lanes), this.#position(copy));
    }
    this.fold(i).push(copy, castLanes(g, value, from, instr.dtype), this.#mask(lanes), null);
  }

  /** Which lanes are points of the folded loop; null when all are, or none has to be. */
  #mask(lanes: Lanes): Vec | null {
    const { g } = this.context;
    if (!this.#across || lanes === 4) return null;
    if (typeof lanes === "number") {
      const [a, b, c, d] = [0, 1, 2, 3].map((lane) => lane < lanes ? -1 : 0);
      return g.constant(`mask${lanes}`, () => i32x4.const(a, b, c, d));
    }
    return g.keep(i32x4.gtS(i32x4.splat(lanes), g.constant("ramp", () => i32x4.const(0, 1, 2, 3))));
  }

  /** The row-major number of the folded point, in each lane. */
  #position(copy: number): Vec {
    const { g, streams, shape: { extents, outer } } = this.context;
    const strides = [...extents.slice(0, outer).map(() => 0), ...stridesOf(extents.slice(outer))];
    const at = streams.affine({ offset: this.#across ? 4 * copy : 0, strides });
    if (!this.#across) return g.keep(i32x4.splat(at));
    return g.keep(i32x4.add(i32x4.splat(at), g.constant("ramp", () => i32x4.const(0, 1, 2, 3))));
  }
}

/** A sweep while its loops are generated. */
interface Run {
  readonly sweep: Sweep;
  readonly used: readonly Stream[];
  /** Pointers to kept values, which move on with the innermost loop. */
  readonly memory: ReadonlyMap<number, I32>;
  /** Whether sums are emptied inside the innermost loop. */
  readonly blocks: boolean;
}
