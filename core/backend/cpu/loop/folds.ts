/**
 * Running folds in a function under construction: their accumulators, and how these become one result, or a partial one in memory. What the combiners
 * compute is combine.ts.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { ReduceInstr } from "../../../kernel/ir.ts";
import type { Expr } from "../wasm/expr.ts";
import { i8x16, v128 } from "../wasm/opcodes.ts";
import { type Blocked, blocked, type Combining, combining, type Next, type State } from "./combine.ts";
import type { Gen, Vec } from "./gen.ts";
import { lanes32, type Parts } from "./lanes.ts";

/** Values that an accumulator of a blocked sum takes before it is emptied into the total. */
export const BLOCK = 32;

/** A reduction while it runs, in `copies` accumulators. */
export class RunningFold {
  readonly #code: Combining;
  readonly #blocked: Blocked | null;
  readonly #fast: State[] = [];
  /** With lanes folded together one state for all copies, otherwise one for each. */
  readonly #total: State[] = [];

  constructor(
    private readonly g: Gen,
    instr: ReduceInstr,
    of: DType,
    readonly copies: number,
    /** Whether the lanes belong to one fold. */
    private readonly across: boolean,
  ) {
    this.#code = combining(instr.combiner, of, instr.dtype);
    this.#blocked = blocked(instr.combiner, instr.dtype);
  }

  /** Whether `flush` is to be called after every `BLOCK` values. */
  get needsFlush(): boolean {
    return this.#blocked !== null;
  }

  /** Vectors of a state in memory. */
  stateVectors(): number {
    return this.#final.identity(this.g).reduce((n, parts) => n + parts.length, 0) *
      (this.across ? 1 : this.copies);
  }

  get #final(): Combining {
    return this.#blocked?.total ?? this.#code;
  }

  /** Starts anew; the accumulators live in the scope this is called in. */
  begin(): void {
    for (let copy = 0; copy < this.copies; copy++) this.#fast[copy] = this.#make(this.#code.identity(this.g));
    this.#beginTotals();
  }

  #beginTotals(): void {
    for (let i = 0; i < (this.across ? 1 : this.copies); i++) {
      this.#total[i] = this.#blocked === null && !this.across && this.#fast.length > 0
        ? this.#fast[i]
        : this.#make(this.#final.identity(this.g));
    }
  }

  #make(state: Next): State {
    return state.map((parts) => parts.map((v) => this.g.keep(v)));
  }

  #assign(state: State, next: Next): void {
    // Kept first: a part may be needed after another one has changed.
    const values = next.map((parts) => parts.map((v) => this.g.keep(v)));
    state.forEach((parts, i) => parts.forEach((local, k) => this.g.f.set(local, values[i][k])));
  }

  push(copy: number, x: Parts, mask: Vec | null, at: Vec | null): void {
    const state = this.#fast[copy], next = this.#code.step(this.g, state, x, mask, at);
    if (next.length === 1 && next[0].length === 1) this.g.f.set(state[0][0], next[0][0]);
    else this.#assign(state, next);
  }

  /** Empties the accumulators into the total. */
  flush(): void {
    if (this.#blocked === null) return;
    const { g } = this, { absorb } = this.#blocked;
    const reset = (copy: number) => {
      const zero = this.#code.identity(g)[0];
      this.#fast[copy][0].forEach((local, k) => g.f.set(local, zero[k]));
    };
    if (this.across) {
      this.#mergeFast();
      this.#assign(this.#total[0], absorb(g, this.#total[0], this.#fast[0][0]));
      for (let copy = 0; copy < this.copies; copy++) reset(copy);
      return;
    }
    for (let copy = 0; copy < this.copies; copy++) {
      this.#assign(this.#total[copy], absorb(g, this.#total[copy], this.#fast[copy][0]));
      reset(copy);
    }
  }

  /** Pairwise, all accumulators into the first. */
  #mergeFast(): void {
    for (let width = this.copies; width > 1; width = Math.ceil(width / 2)) {
      for (let i = 0; i < width >> 1; i++) {
        const other = width - 1 - i;
        this.#assign(this.#fast[i], this.#code.merge(this.g, this.#fast[i], this.#fast[other]));
      }
    }
  }

  /** Ends the sweep: the totals are complete. */
  end(): void {
    if (this.#blocked !== null) return this.flush();
    if (!this.across) return;
    this.#mergeFast();
    this.#assign(this.#total[0], this.#fast[0]);
  }

  /** The result of a copy, or of all of them, in every lane. */
  result(copy: number): Parts {
    const { g } = this;
    if (!this.across) return this.#final.result(g, this.#total[copy]);
    let state: State = this.#total[0];
    for (const distance of [2, 1] as const) {
      const turned = state.map((parts) => rotate(g, parts, distance));
      state = this.#make(this.#final.merge(g, state, turned));
    }
    return this.#final.result(g, state);
  }

  /** Writes the totals to memory. */
  save(address: Expr<"i32">): void {
    let offset = 0;
    for (const state of this.#total) {
      for (const v of state.flat()) {
        this.g.f.do(v128.store(address, v, offset));
        offset += 16;
      }
    }
  }

  /** Starts from nothing, with totals alone; they live in the scope this is called in. */
  beginRestore(): void {
    this.#fast.length = 0;
    this.#beginTotals();
  }

  /** Takes in totals that were saved. */
  restore(address: Expr<"i32">): void {
    let offset = 0;
    for (const state of this.#total) {
      const saved = state.map((parts) =>
        parts.map(() => {
          const v = this.g.keep(v128.load(address, offset));
          offset += 16;
          return v;
        })
      );
      this.#assign(state, this.#final.merge(this.g, state, saved));
    }
  }
}

/** Four elements with those `distance` apart exchanged. */
function rotate(g: Gen, parts: Parts, distance: 1 | 2): Parts {
  if (parts.length === 2) {
    if (distance === 2) return [parts[1], parts[0]];
    return parts.map((v) => g.keep(i8x16.shuffle(v, v, lanes32(2, 3, 0, 1))));
  }
  const lanes = distance === 2 ? lanes32(2, 3, 0, 1) : lanes32(1, 0, 3, 2);
  return [g.keep(i8x16.shuffle(parts[0], parts[0], lanes))];
}
