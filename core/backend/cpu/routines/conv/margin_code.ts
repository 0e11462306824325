/**
 * The code that copies rows of numbers into rows with margins of zeros. It counts bytes: what the numbers are does not matter. Who fills the argument block is
 * margins.ts.
 *
 * @module
 */
import { type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i32x4, v128 } from "../../wasm/opcodes.ts";
import { sharedMemory } from "../lane_ops.ts";

/** Places in the argument block, in 32-bit words. */
export const marginWords = {
  from: 0,
  to: 1,
  /** Bytes of a row, at least 16, and of the margins before and after it. */
  inner: 2,
  low: 3,
  high: 4,
  /** Offsets of the planes, and of the rows of a plane's copy: negative where the row is a margin. */
  planes: 5,
  rows: 6,
  /** Rows of a plane's copy. */
  count: 7,
  length: 8,
} as const;

/** A module with one kernel, (start, end, args, scratch): rows of the copy. */
export function marginModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory);
  module.func("rows", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args) => {
    const word = (name: keyof typeof marginWords) => f.keep(i32.load(args, 4 * marginWords[name]));
    const inner = word("inner"), low = word("low"), high = word("high"), count = word("count");
    const planes = word("planes"), rows = word("rows"), from = word("from");
    const total = f.keep(i32.add(i32.add(low, inner), high)), at = f.local("i32"), source = f.local("i32");
    const plane = f.keep(i32.divU(start, count)), row = f.keep(i32.remU(start, count));
    const to = f.keep(i32.add(word("to"), i32.mul(start, total))), base = f.local("i32");
    const entryOf = (table: Local<"i32">, i: Local<"i32">) => i32.load(i32.add(table, i32.mul(i, 4)));
    const zero = i32x4.const(0, 0, 0, 0);
    /** Calls `move` with offsets that cover `bytes`, at least 16; the last vector may overlap the one before. */
    const cover = (bytes: Local<"i32">, move: (at: Local<"i32">, offset: number) => Expr<"void">) => {
      f.set(at, 0);
      for (const vectors of [4, 1]) {
        f.while(() => i32.leS(i32.add(at, 16 * vectors), bytes), () => {
          for (let v = 0; v < vectors; v++) f.do(move(at, 16 * v));
          f.increase(at, 16 * vectors);
        });
      }
      f.if(i32.ltS(at, bytes), () => {
        f.set(at, i32.sub(bytes, 16));
        f.do(move(at, 0));
      });
    };
    f.set(base, i32.add(from, entryOf(planes, plane)));
    f.while(() => i32.ltS(start, end), () => {
      f.set(source, entryOf(rows, row));
      f.if(
        i32.ltS(source, 0),
        () => cover(total, (at, offset) => v128.store(i32.add(to, at), zero, offset)),
        () => {
          // Zeros may reach into the row, which comes after them.
          f.for(at, 0, low, 16, () => f.do(v128.store(i32.add(to, at), zero)));
          f.for(at, 0, high, 16, () => f.do(v128.store(i32.sub(i32.add(to, total), i32.add(at, 16)), zero)));
          f.increase(source, base);
          const inside = f.keep(i32.add(to, low));
          cover(
            inner,
            (at, offset) => v128.store(i32.add(inside, at), v128.load(i32.add(source, at), offset), offset),
          );
        },
      );
      f.increase(to, total);
      f.increase(start, 1);
      f.increase(row, 1);
      f.if(i32.eq(row, count), () => {
        f.set(row, 0);
        f.increase(plane, 1);
        // Past the last plane there is no entry, and no row that needs it.
        f.if(i32.ltS(start, end), () => f.set(base, i32.add(from, entryOf(planes, plane))));
      });
    });
  });
  return module.encode();
}
