/**
 * The values of instructions while a kernel is generated: each computed once, at the place that asks for it, for one or several vectors side by side.
 *
 * @module
 */
import { bytesOf } from "../../../dtype.ts";
import type { IndexInstr, InsideInstr, LoadInstr, StoreInstr } from "../../../kernel/ir.ts";
import type { Local } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, i32x4, i64, i64x2, v128 } from "../wasm/opcodes.ts";
import { applyLanes } from "./apply.ts";
import { castLanes } from "./cast.ts";
import type { Gen } from "./gen.ts";
import {
  constantLanes,
  loadIf,
  loadLanes,
  loadWhere,
  type Parts,
  type Place,
  storeFirst,
  storeLanes,
} from "./lanes.ts";
import type { LoopShape } from "./shape.ts";
import type { Interval, Stream, Streams } from "./streams.ts";

/** How many of a vector's lanes are points of the loop: a number, or a count (at least 1) that is known when it runs. */
export type Lanes = number | Local<"i32">;

/** Values computed so far. */
export class Values {
  readonly #shared: Parts[] = [];
  readonly #own: Parts[][] = [];

  /** Copies of a vector lie `step` points of loop `loop` apart. */
  constructor(
    private readonly g: Gen,
    private readonly shape: LoopShape,
    private readonly streams: Streams,
    private readonly loop: number,
    private readonly step: number,
  ) {}

  /** Whether the value of an instruction differs from copy to copy. */
  varies(i: number): boolean {
    return (this.shape.depends[i] & 1 << this.loop) !== 0;
  }

  get(i: number, copy: number): Parts {
    const instr = this.shape.code[i];
    if (instr.op === "const") return constantLanes(this.g, instr.dtype, instr.value);
    return this.varies(i) ? this.#own[copy][i] : this.#shared[i];
  }

  set(i: number, copy: number, value: Parts): void {
    if (this.varies(i)) (this.#own[copy] ??= [])[i] = value;
    else this.#shared[i] = value;
  }

  /** Computes instruction `i` for one copy; for values that do not vary, copy 0 serves all. */
  compute(i: number, copy: number, lanes: Lanes): void {
    this.set(i, copy, this.#value(i, copy, lanes));
  }

  #value(i: number, copy: number, lanes: Lanes): Parts {
    const { g, shape: { code } } = this, instr = code[i];
    switch (instr.op) {
      case "index":
        return this.#index(instr, copy);
      case "inside":
        return [this.#inside(instr, copy)];
      case "load":
        return this.#load(instr, copy, lanes);
      case "cast":
        return castLanes(g, this.get(instr.arg, copy), code[instr.arg].dtype, instr.dtype);
      case "apply": {
        const args = instr.args.map((arg) => {
          const from = code[arg];
          return {
            parts: this.get(arg, copy),
            dtype: from.dtype,
            literal: from.op === "const" ? from.value : null,
          };
        });
        return applyLanes(g, instr.fn, instr.dtype, args);
      }
      default:
        throw new TypeError(`a ${instr.op} is not a value of its own`);
    }
  }

  /** Writes the value of a store. */
  store(instr: StoreInstr, copy: number, lanes: Lanes): void {
    const stream = this.streams.of(instr)!, value = this.get(instr.arg, copy);
    const place = this.#place(stream, copy, false);
    if (typeof lanes === "number") storeLanes(this.g, instr.dtype, value, { ...place, lanes });
    else storeFirst(this.g, instr.dtype, value, place, lanes);
  }

  #offset(strides: readonly number[], copy: number): number {
    return copy * this.step * strides[this.loop];
  }

  /** Where a vector lies. A `wrapping` address may lie below the memory where nothing is read, so nothing is left for the instruction to add. */
  #place({ cursor, at, bytes }: Stream, copy: number, wrapping: boolean): Place {
    const offset = this.#offset(at.strides, copy) * bytes, stride = at.strides[this.shape.axis];
    if (offset >= 0 && !wrapping) return { address: cursor, offset, stride, lanes: 4 };
    const address = offset === 0 ? cursor : this.g.f.keep(i32.add(cursor, offset));
    return { address, offset: 0, stride, lanes: 4 };
  }

  #load(instr: LoadInstr, copy: number, lanes: Lanes): Parts {
    const { g, streams } = this, stream = streams.of(instr)!;
    const { dtype, guards } = instr;
    const place = this.#place(stream, copy, guards.length > 0);
    const interval = streams.intervalOf(guards);
    if (interval !== null) {
      const first = this.#first(copy);
      const all = i32.and(
        i32.geS(first, interval.low),
        i32.leS(i32.add(first, 4), interval.high),
      );
      const count = g.f.keep(i32.sub(interval.high, interval.low));
      const start = g.f.keep(i32.sub(first, interval.low));
      return loadWhere(g, dtype, place, all, (lane) => i32.ltU(i32.add(start, lane), count));
    }
    const near = place.stride === 0 || place.stride === 1 || (place.stride === -1 && bytesOf(dtype) >= 4);
    if (guards.length > 0) {
      // The guards hold for all lanes or for none; past the end of the loop a near load may read what is not used.
      const condition = streams.conditionOf(guards);
      if (near) return loadIf(g, dtype, place, condition);
      const count = typeof lanes === "number" ? i32.const(lanes) : lanes;
      return loadWhere(
        g,
        dtype,
        place,
        i32.and(condition, i32.geS(count, 4)),
        (lane) => i32.and(condition, i32.gtS(count, lane)),
      );
    }
    if (near) return loadLanes(g, dtype, place);
    if (typeof lanes === "number") return loadLanes(g, dtype, { ...place, lanes });
    return loadWhere(g, dtype, place, i32.geS(lanes, 4), (lane) => i32.gtS(lanes, lane));
  }

  /** The index along the axis of a copy's first lane. */
  #first(copy: number): Expr<"i32"> {
    const { axis } = this.shape;
    const ahead = axis === this.loop ? copy * this.step : 0;
    return ahead === 0 ? this.streams.index[axis] : this.g.f.keep(i32.add(this.streams.index[axis], ahead));
  }

  #inside({ guards }: InsideInstr, copy: number): Local<"v128"> {
    const { g, streams } = this;
    const interval: Interval | null = streams.intervalOf(guards);
    if (interval === null) return g.keep(i32x4.splat(i32.sub(0, streams.conditionOf(guards))));
    const at = g.keep(
      i32x4.add(
        i32x4.splat(this.#first(copy)),
        g.constant("ramp", () => i32x4.const(0, 1, 2, 3)),
      ),
    );
    return g.keep(
      v128.and(i32x4.geS(at, i32x4.splat(interval.low)), i32x4.ltS(at, i32x4.splat(interval.high))),
    );
  }

  #index({ at, dtype }: IndexInstr, copy: number): Parts {
    const { g, streams, shape: { axis } } = this;
    const s = at.strides[axis], ahead = this.#offset(at.strides, copy);
    if (dtype === "int64") {
      const base = at.strides.reduce<Expr<"i64">>(
        (sum, stride, d) =>
          stride === 0 ? sum : i64.add(sum, i64.mul(i64.extendI32S(streams.index[d]), BigInt(stride))),
        i64.const(BigInt(at.offset + ahead)),
      );
      const first = g.keep(i64x2.splat(base));
      if (s === 0) return [first, first];
      const step = BigInt(s);
      return [[0n, step], [2n * step, 3n * step]].map(([a, b]) =>
        g.keep(i64x2.add(first, g.constant(`ramp${a},${b}`, () => i64x2.const(a, b))))
      );
    }
    const base = i32x4.splat(i32.add(streams.affine(at), ahead));
    if (s === 0) return [g.keep(base)];
    return [g.keep(i32x4.add(base, g.constant(`ramp${s}`, () => i32x4.const(0, s, 2 * s, 3 * s))))];
  }
}
