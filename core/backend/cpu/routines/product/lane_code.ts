/**
 * The code of dot products in the order that OpenBLAS has for small matrices on machines with AVX-512: 16 running sums, of which each takes every
 * sixteenth term of the depth, and which are then added up in one of two ways. Which products these are is dots.ts.
 *
 * @module
 */
import { type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, v128 } from "../../wasm/opcodes.ts";
import { words } from "./dot_code.ts";
import { laneOps, sharedMemory } from "../lane_ops.ts";

/** Places in the argument block. The table of products (byte offsets in `many`, `few` and the result) follows. Steps are in bytes. */
// deno-fmt-ignore
const laneWords = {
  many: 0, few: 1, out: 2, rows: 3, columns: 4, depth: 5, manyStep: 6, fewStep: 7, fewGap: 8, outRow: 9, outColumn: 10, groups: 11, products: 12,
} as const;

/** Rows of the one operand that go together. */
export const LANE_GROUP = 4;
/** Running sums of an element. */
const LANES = 16;
/** Steps of that many terms that go together. */
const UNROLL = 2;

const { add, madd, zero, loadOne, storeLane } = laneOps("float32", true);
const plain = laneOps("float32", false).madd;

/** A module with the kernel `lanes`: (start, end, args, scratch) over groups of rows of all products; the scratch memory takes columns with gaps. */
export function laneModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const multiplyAdd = relaxed ? madd : plain;
  const module = new ModuleBuilder(sharedMemory);
  module.func("lanes", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof laneWords) => f.keep(i32.load(args, 4 * laneWords[name]));
    const rows = word("rows"), columns = word("columns"), depth = word("depth"), groups = word("groups");
    const manyStep = word("manyStep"), fewStep = word("fewStep"), fewGap = word("fewGap");
    const outRow = word("outRow"), outColumn = word("outColumn");
    const local = () => f.local("i32"), vector = () => f.local("v128");
    const list = <T>(length: number, make: () => T) => Array.from({ length }, make);
    const first = local(), many = local(), few = local(), out = local(), column = local(), left = local();
    const starts = list(LANE_GROUP, local), at = list(LANE_GROUP, local), to = list(LANE_GROUP, local);
    const y = local(),
      from = local(),
      gathered = local(),
      columnStep = local(),
      right = vector(),
      whole = local();
    const sums = list(2, () => list(LANE_GROUP, vector)), kept = list(2, () => list(LANE_GROUP, vector));

    /** Adds the products of a vector of the depth: all of it, or one element into one lane. */
    const step = (sum: readonly Local<"v128">[], offset: number, lane: number | null) => {
      const load = lane === null
        ? (pointer: Local<"i32">) => v128.load(pointer, offset)
        : (pointer: Local<"i32">) => inLane(loadOne(pointer, offset + 4 * lane), lane);
      f.set(right, load(from));
      sum.forEach((s, i) => f.set(s, multiplyAdd(load(at[i]), right, s)));
    };
    /** Two of the four vectors of running sums down the whole depth: more of them would not fit the registers. */
    const half = (pass: number) => {
      const vectors = [pass, pass + 2];
      starts.forEach((pointer, i) => f.set(at[i], pointer));
      f.set(from, y);
      f.set(left, depth);
      sums.flat().forEach((sum) => f.set(sum, zero));
      for (const rounds of [UNROLL, 1]) {
        f.while(() => i32.geS(left, rounds * LANES), () => {
          for (let round = 0; round < rounds; round++) {
            vectors.forEach((v, u) => step(sums[u], 4 * LANES * round + 16 * v, null));
          }
          for (const pointer of [...at, from]) f.increase(pointer, 4 * LANES * rounds);
          f.increase(left, -LANES * rounds);
        });
      }
      f.if(left, () =>
        vectors.forEach((v, u) =>
          f.if(
            i32.geS(left, 4 * v + 4),
            () => step(sums[u], 16 * v, null),
            () =>
              [0, 1, 2].forEach((lane) =>
                f.if(i32.gtS(left, 4 * v + lane), () => step(sums[u], 16 * v, lane))
              ),
          )
        ));
    };
    /** Neighbouring lanes first, four at a time: the sums of rows in the lanes of one vector. */
    const quads = ([a, b, c, d]: readonly Local<"v128">[]) => {
      const pairs = (x: Expr<"v128">, y: Expr<"v128">) =>
        f.keep(add(words(x, y, [0, 2, 4, 6]), words(x, y, [1, 3, 5, 7])));
      return pairs(pairs(a, b), pairs(c, d));
    };
    /** What the passes leave: sums of four lanes of all rows, or of lanes that are eight apart for each row. */
    const keep = (pass: number) =>
      f.if(whole, () => f.scope(() => sums.forEach((sum, u) => f.set(kept[pass][u], quads(sum)))), () => {
        kept[pass].forEach((k, i) => f.set(k, add(sums[0][i], sums[1][i])));
      });
    /** The sums of the rows, in the lanes of a vector. */
    const total = vector();
    const end16 = () =>
      f.if(whole, () => {
        f.set(total, add(add(kept[0][0], kept[1][0]), add(kept[0][1], kept[1][1])));
      }, () =>
        f.scope(() => {
          const [a, b, c, d] = kept[0].map((k, i) => f.keep(add(k, kept[1][i])));
          const apart = (x: Expr<"v128">, y: Expr<"v128">) =>
            f.keep(add(words(x, y, [0, 4, 1, 5]), words(x, y, [2, 6, 3, 7])));
          const [p, q] = [apart(a, b), apart(c, d)];
          f.set(total, add(words(p, q, [0, 1, 4, 5]), words(p, q, [2, 3, 6, 7])));
        }));

    f.set(columnStep, fewStep);
    f.if(i32.ne(fewGap, 4), () => f.set(columnStep, i32.mul(depth, 4)));
    f.while(() => i32.ltS(start, end), () => {
      const product = f.keep(
        i32.add(i32.add(args, 4 * laneWords.products), i32.mul(i32.divU(start, groups), 12)),
      );
      f.set(many, i32.add(i32.load(args, 4 * laneWords.many), i32.load(product)));
      f.set(few, i32.add(i32.load(args, 4 * laneWords.few), i32.load(product, 4)));
      f.if(i32.ne(fewGap, 4), () => {
        // Columns that are not contiguous are brought together, once for all rows of a product.
        f.if(i32.ne(few, gathered), () => {
          f.set(gathered, few);
          f.set(y, scratch);
          f.for(column, 0, columns, 1, () => {
            f.set(from, i32.add(few, i32.mul(column, fewStep)));
            f.for(left, 0, depth, 1, () => {
              f.do(i32.store(y, i32.load(from)));
              f.increase(y, 4);
              f.increase(from, fewGap);
            });
          });
        });
        f.set(few, scratch);
      });
      f.set(out, i32.add(i32.load(args, 4 * laneWords.out), i32.load(product, 8)));
      f.set(first, i32.mul(i32.remU(start, groups), LANE_GROUP));
      starts.forEach((pointer, i) => {
        // Past the end, the last row is computed again.
        const row = f.keep(i32.add(first, i));
        f.if(i32.geS(row, rows), () => f.set(row, i32.sub(rows, 1)));
        f.set(pointer, i32.add(many, i32.mul(row, manyStep)));
        f.set(to[i], i32.add(out, i32.mul(row, outRow)));
      });
      f.for(column, 0, columns, 1, () => {
        f.set(y, i32.add(few, i32.mul(column, columnStep)));
        // Four rows or four columns at once are added up as neighbours, what is left over as halves.
        f.set(whole, i32.leS(i32.add(first, LANE_GROUP), rows));
        f.if(i32.ltS(column, i32.and(columns, -4)), () => f.set(whole, 1));
        [0, 1].forEach((pass) => {
          half(pass);
          keep(pass);
        });
        end16();
        to.forEach((pointer, lane) => {
          f.do(storeLane(pointer, total, lane));
          f.increase(pointer, outColumn);
        });
      });
      f.increase(start, 1);
    });
  });
  return module.encode();
}

/** The first lane of a vector whose others are zero, moved. */
function inLane(value: Expr<"v128">, lane: number): Expr<"v128"> {
  return lane === 0 ? value : words(value, zero, [4, 5, 6, 7].map((z, i) => i === lane ? 0 : z));
}
