/**
 * Sums of float32 in the very order of PyTorch (its CPU code for AVX2, one thread), so that they agree to the last bit: eight lanes in four
 * accumulators, which are emptied every 16 rounds into a cascade of levels; what is left over last, element by element. Longer sums,
 * which PyTorch divides among its threads, are folds.ts's, which loses fewer digits; so are rows of less than eight, of which several
 * are folded side by side. Small sums over several loops are brought to one run first, by spread.ts. Columns are summed 16 rows at a time; PyTorch does
 * so for as many whole groups of 32 columns as there are.
 *
 * @module
 */
import type { ReduceInstr } from "../../../kernel/ir.ts";
import { sizeOf } from "../../../shape.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32, f32x4, i32, v128 } from "../wasm/opcodes.ts";
import { RunningFold } from "./folds.ts";
import type { Gen, Vec } from "./gen.ts";
import type { Parts } from "./lanes.ts";
import { foldsLanes, type LoopShape } from "./shape.ts";

/** Elements that PyTorch sums in one thread, however many it has. */
const MOST = 32768;
/** Rounds after which the accumulators are emptied, and elements in a round: eight vectors. */
export const ORDERED_BLOCK = 16, ORDERED_ROUND = 32, ORDERED_VECTORS = 8;

/** Whether a reduction of the kernel is summed in PyTorch's order: float32, one run of elements or several that are whole rounds. */
export function isOrdered({ code, extents, outer }: LoopShape, i: number): boolean {
  const instr = code[i], folded = extents.slice(outer);
  return instr.op === "reduce" && instr.combiner === "sum" && instr.dtype === "float32" &&
    sizeOf(folded) <= MOST && (folded.length === 1 || folded[folded.length - 1] % ORDERED_ROUND === 0);
}

/** Whether the loop over the lanes follows PyTorch's order, because a sum in it does. */
export function hasOrdered(shape: LoopShape): boolean {
  return foldsLanes(shape) && shape.code.some((_, i) => isOrdered(shape, i));
}

/** Rows that a column is summed over at most for the order to be PyTorch's: more have another level. */
const MOST_ROWS = ORDERED_BLOCK ** 2;

/** Whether a reduction of the kernel sums columns, each of a point of the loop in the lanes, over one loop of several blocks of rows. */
export function isColumnSum(shape: LoopShape, i: number): boolean {
  const instr = shape.code[i], { extents, outer } = shape, rows = extents[extents.length - 1];
  return instr.op === "reduce" && instr.combiner === "sum" && instr.dtype === "float32" &&
    !foldsLanes(shape) &&
    extents.length === outer + 1 && rows > ORDERED_BLOCK && rows <= MOST_ROWS;
}

/** Sums of columns while they run: 16 rows, which are then added to those before. */
export class ColumnSum extends RunningFold {
  readonly #g: Gen;
  #rows: Vec[] = [];
  #blocks: Vec[] = [];

  constructor(g: Gen, instr: ReduceInstr, copies: number) {
    super(g, instr, "float32", copies, false);
    this.#g = g;
  }

  override begin(): void {
    const vectors = () => Array.from({ length: this.copies }, () => this.#g.keep(this.#g.fc(0)));
    this.#rows = vectors();
    this.#blocks = vectors();
  }

  override push(copy: number, [x]: Parts, mask: Vec | null): void {
    const row = this.#rows[copy];
    this.#g.f.set(row, f32x4.add(row, mask === null ? x : v128.and(x, mask)));
  }

  override flush(): void {
    const { f } = this.#g;
    this.#rows.forEach((row, i) => {
      f.set(this.#blocks[i], f32x4.add(this.#blocks[i], row));
      f.set(row, this.#g.fc(0));
    });
  }

  /** A last block that is not full was added as the others were. */
  override end(): void {}

  override result(copy: number): Parts {
    return [this.#blocks[copy]];
  }
}

/** Such a sum while it runs: rounds, then groups of eight, then the rest; whoever pushes the values says where one ends. */
export class OrderedSum extends RunningFold {
  readonly #g: Gen;
  readonly #levels: number;
  #accumulators: Vec[] = [];
  #cascade: Vec[][] = [];
  #tail: Vec[] = [];
  /** Vectors of the tail that were pushed; null before it begins. */
  #pushed: number | null = null;
  #sum: Vec | null = null;

  constructor(
    g: Gen,
    instr: ReduceInstr,
    readonly length: number,
    private readonly round: () => Expr<"i32">,
  ) {
    super(g, instr, "float32", ORDERED_VECTORS, true);
    this.#g = g;
    const rounds = Math.floor(length / ORDERED_ROUND);
    this.#levels = rounds < ORDERED_BLOCK ? 0 : rounds < ORDERED_BLOCK ** 2 ? 1 : 2;
  }

  override begin(): void {
    const g = this.#g, vectors = () => Array.from({ length: ORDERED_VECTORS }, () => g.keep(g.fc(0)));
    this.#accumulators = vectors();
    this.#cascade = Array.from({ length: this.#levels }, vectors);
    this.#sum = g.keep(g.fc(0));
    this.#tail = Array.from({ length: Math.ceil(this.length % 8 / 4) }, () => g.keep(g.fc(0)));
    this.#pushed = null;
  }

  /** Whether the sum has so many rounds that its accumulators are emptied on the way. */
  override get needsFlush(): boolean {
    return this.#levels > 0;
  }

  override push(copy: number, [x]: Parts, mask: Vec | null): void {
    const g = this.#g, value = mask === null ? x : v128.and(x, mask);
    if (this.#pushed !== null) g.f.set(this.#tail[this.#pushed++], value);
    else g.f.set(this.#accumulators[copy], f32x4.add(this.#accumulators[copy], value));
  }

  /** After 16 rounds or the last: into the first level, and that one into the second after 16 times. */
  override flush(): void {
    const { f } = this.#g, [first, second] = this.#cascade, zero = this.#g.fc(0);
    if (first === undefined) return;
    const move = (from: readonly Vec[], to: readonly Vec[]) =>
      from.forEach((v, i) => {
        f.set(to[i], f32x4.add(to[i], v));
        f.set(v, zero);
      });
    move(this.#accumulators, first);
    if (second === undefined) return;
    const whole = i32.eqz(i32.and(this.round(), ORDERED_BLOCK ** 2 - 1));
    f.if(whole, () => move(first, second));
  }

  /** Ends the rounds: the levels come together. */
  endRounds(): void {
    const { f } = this.#g;
    for (const level of this.#cascade) {
      level.forEach((v, i) => f.set(this.#accumulators[i], f32x4.add(this.#accumulators[i], v)));
    }
  }

  /** Ends the groups of eight that filled no round: four accumulators become one. */
  endPairs(): void {
    const { f } = this.#g, all = this.#accumulators;
    for (let i = 2; i < ORDERED_VECTORS; i++) f.set(all[i % 2], f32x4.add(all[i % 2], all[i]));
    this.#pushed = 0;
  }

  /** Ends the sum: at most seven elements one by one, then the eight lanes. */
  override end(): void {
    if (this.#pushed === null) {
      this.endRounds();
      this.endPairs();
    }
    const g = this.#g, [a, b] = this.#tail, [low, high] = this.#accumulators;
    const lanes = (v: Vec | undefined) =>
      v === undefined ? [] : [0, 1, 2, 3].map((lane) => f32x4.extractLane(v, lane));
    // A run too short for eight lanes has four accumulators of one element each.
    const order = this.length < 8
      ? [...lanes(a).slice(0, 1), ...lanes(b), ...lanes(a).slice(1)]
      : [...lanes(a), ...lanes(b), ...lanes(low), ...lanes(high)];
    const sum = order.reduce((total, lane) => f32.add(total, lane), f32.const(0));
    g.f.set(this.#sum!, f32x4.splat(sum));
  }

  override result(): Parts {
    return [this.#sum!];
  }
}
