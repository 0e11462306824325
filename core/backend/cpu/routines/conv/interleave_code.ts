/**
 * The code that puts the rows of planes together from rows of phases: element x of a row is element floor(x / step) of the phase x % step. Numbers are moved, not looked at. Who
 * fills the argument block is interleave.ts.
 *
 * @module
 */
import { type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i8x16, select, v128 } from "../../wasm/opcodes.ts";
import { type FloatType, type LaneOps, laneOps, sharedMemory } from "../lane_ops.ts";

/** Places in the argument block, in 32-bit words. */
export const interleaveWords = {
  from: 0,
  to: 1,
  /** A row of zeros. */
  zeros: 2,
  /** Elements of a row, and rows of a plane. */
  width: 3,
  count: 4,
  /** Planes that lie next to each other, and the bytes between these and between such groups. */
  planes: 5,
  planeBytes: 6,
  groupBytes: 7,
  /** The offsets of the phases of each row from the plane; negative for a phase of zeros. */
  rows: 8,
  length: 9,
} as const;

/** A module with one kernel, (start, end, args, scratch): rows of all planes. */
export function interleaveModule(dtype: FloatType, step: number): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory), ops = laneOps(dtype, false), { bytes, lanes } = ops;
  module.func("rows", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args) => {
    const word = (name: keyof typeof interleaveWords) => f.keep(i32.load(args, 4 * interleaveWords[name]));
    const zeros = word("zeros"), width = word("width"), count = word("count"), from = word("from");
    const planes = word("planes"), planeBytes = word("planeBytes"), groupBytes = word("groupBytes");
    const plane = f.keep(i32.divU(start, count)), row = f.keep(i32.remU(start, count));
    const to = f.keep(i32.add(word("to"), i32.mul(start, i32.mul(width, bytes))));
    const table = word("rows"), entry = f.local("i32"), base = f.local("i32"), at = f.local("i32");
    const left = f.local("i32"), target = f.local("i32");
    const phases = Array.from({ length: step }, () => f.local("i32"));
    const locate = () => {
      const group = i32.mul(i32.divU(plane, planes), groupBytes);
      f.set(base, i32.add(from, i32.add(group, i32.mul(i32.remU(plane, planes), planeBytes))));
    };
    /** Moves `elements` of every phase, and goes on. */
    const move = (elements: number) => {
      phases.forEach((phase) => f.increase(phase, elements * bytes));
      f.increase(target, elements * step * bytes);
      f.increase(left, -elements * step);
    };
    locate();
    f.set(entry, i32.add(table, i32.mul(row, 4 * step)));
    f.while(() => i32.ltS(start, end), () => {
      phases.forEach((phase, i) => {
        f.set(at, i32.load(entry, 4 * i));
        f.set(phase, select(i32.ltS(at, 0), zeros, i32.add(base, at)));
      });
      f.set(target, to);
      f.set(left, width);
      if (step <= 2) {
        f.while(() => i32.geS(left, lanes * step), () => {
          f.scope(() =>
            woven(ops, phases.map((phase) => f.keep(v128.load(phase)))).forEach((vector, i) =>
              f.do(v128.store(target, vector, 16 * i))
            )
          );
          move(lanes);
        });
      }
      const one = (i: number) => f.do(ops.storeLane(target, ops.loadOne(phases[i]), 0, i * bytes));
      f.while(() => i32.geS(left, step), () => {
        phases.forEach((_, i) => one(i));
        move(1);
      });
      for (let i = 0; i < step - 1; i++) f.if(i32.gtS(left, i), () => one(i));
      f.increase(to, i32.mul(width, bytes));
      f.increase(start, 1);
      f.increase(row, 1);
      f.increase(entry, 4 * step);
      f.if(i32.eq(row, count), () => {
        f.set(row, 0);
        f.set(entry, table);
        f.increase(plane, 1);
        locate();
      });
    });
  });
  return module.encode();
}

/** The elements of one vector, or those of two by turns. */
export function woven({ bytes, lanes }: LaneOps, vectors: readonly Local<"v128">[]): Expr<"v128">[] {
  if (vectors.length === 1) return [...vectors];
  const [even, odd] = vectors;
  return [0, lanes / 2].map((first) => {
    const order = Array.from({ length: 16 }, (_, i) => {
      const element = Math.floor(i / bytes);
      return (element % 2) * 16 + (first + (element >> 1)) * bytes + i % bytes;
    });
    return i8x16.shuffle(even, odd, order);
  });
}
