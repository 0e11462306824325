/**
 * The code of dot products: each of a few rows times many rows, where all are contiguous along the depth. This is a linear layer on one or two samples, or a matrix times a
 * vector: every element of the large operand is used once or twice, so it is read where it is, a vector of the depth at a time. At small depths
 * four rows are turned to columns instead: each sum then runs along the depth in order, as BLAS does it, and PyTorch's digits are met.
 *
 * @module
 */
import { type Func, type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i8x16, v128 } from "../../wasm/opcodes.ts";
import { type FloatType, type LaneOps, laneOps, sharedMemory } from "../lane_ops.ts";

/** Places in the argument block. The table of products (byte offsets in `many`, `few` and the result) follows. Steps are in bytes. */
// deno-fmt-ignore
const dotWords = {
  many: 0, few: 1, out: 2, rows: 3, columns: 4, depth: 5, manyStep: 6, fewStep: 7, outRow: 8, outColumn: 9, groups: 10, products: 11,
} as const;

/** Rows of the large operand that go together. */
export const GROUP = 4;
/** Vectors along the depth that go together. */
const UNROLL = 2;
/** Elements of the depth after which the running sums are put aside, so that errors do not grow with its length. */
const BLOCK = 2048;

/** Depths below which float32 sums run in order. */
const IN_ORDER = 32;

/** The 32-bit lanes `list` of two vectors. */
export function words(a: Expr<"v128">, b: Expr<"v128">, list: readonly number[]): Expr<"v128"> {
  return i8x16.shuffle(a, b, list.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]));
}

/** The columns of the 4 by 4 matrix that four vectors are the rows of. */
function turned(f: Func, [a, b, c, d]: readonly Expr<"v128">[]): Local<"v128">[] {
  const halves = [[a, b], [c, d]].map(([x, y]) => {
    const [p, q] = [f.keep(x), f.keep(y)];
    return [f.keep(words(p, q, [0, 4, 1, 5])), f.keep(words(p, q, [2, 6, 3, 7]))];
  });
  return [0, 1].flatMap((half) =>
    [[0, 1, 4, 5], [2, 3, 6, 7]].map((list) => f.keep(words(halves[0][half], halves[1][half], list)))
  );
}

/** A module with the kernel `dots`: (start, end, args, scratch) over groups of rows of all products. */
export function dotModule(dtype: FloatType, relaxed: boolean): Uint8Array<ArrayBuffer> {
  const ops = laneOps(dtype, relaxed), { bytes, lanes } = ops;
  const module = new ModuleBuilder(sharedMemory);
  module.func("dots", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args) => {
    const word = (name: keyof typeof dotWords) => f.keep(i32.load(args, 4 * dotWords[name]));
    const rows = word("rows"), columns = word("columns"), depth = word("depth"), groups = word("groups");
    const manyStep = word("manyStep"),
      fewStep = word("fewStep"),
      outRow = word("outRow"),
      outColumn = word("outColumn");
    const local = () => f.local("i32");
    const first = local(), many = local(), few = local(), out = local(), column = local();
    const at = Array.from({ length: GROUP }, local), to = Array.from({ length: GROUP }, local), y = local();
    const left = local(), block = local();
    const vectors = () => Array.from({ length: GROUP }, () => f.local("v128"));
    const sums = Array.from({ length: UNROLL }, vectors), totals = vectors();
    const right = f.local("v128");
    /** Adds the products of `n` vectors, or of one element. */
    const step = (n: number, element = false) => {
      const load = element ? ops.loadOne : v128.load;
      for (let u = 0; u < n; u++) {
        f.set(right, load(y, u * 16));
        sums[u].forEach((sum, i) => f.set(sum, ops.madd(load(at[i], u * 16), right, sum)));
      }
      const by = element ? bytes : 16 * n;
      for (const pointer of [...at, y]) f.increase(pointer, by);
      f.increase(block, -by);
    };
    /** A single row has all running sums: as many vectors of the depth go together. */
    const alone = () => {
      const all = sums.flat(), bytes = 16 * all.length;
      f.while(() => i32.geS(block, bytes), () => {
        all.forEach((sum, u) => f.set(sum, ops.madd(v128.load(at[0], u * 16), v128.load(y, u * 16), sum)));
        for (const pointer of [...at, y]) f.increase(pointer, bytes);
        f.increase(block, -bytes);
      });
      // The rows past the end are this one, and have the same sums.
      for (let width = all.length / 2; width >= GROUP; width /= 2) {
        for (let i = 0; i < width; i++) f.set(all[i], ops.add(all[i], all[i + width]));
      }
      f.set(all[0], ops.add(ops.add(all[0], all[1]), ops.add(all[2], all[3])));
      all.slice(1).forEach((sum, i) => f.set(sum, i + 1 < GROUP ? all[0] : ops.zero));
    };
    /** The whole depth, with a row in each lane of the first total. */
    const inOrder = () => {
      const [total] = totals;
      f.while(() => i32.geS(left, 16), () =>
        f.scope(() => {
          f.set(right, v128.load(y));
          turned(f, at.map((pointer) => v128.load(pointer))).forEach((column, k) =>
            f.set(total, ops.madd(column, words(right, right, [k, k, k, k]), total))
          );
          for (const pointer of [...at, y]) f.increase(pointer, 16);
          f.increase(left, -16);
        }));
      f.while(() => i32.gtS(left, 0), () =>
        f.scope(() => {
          const [column] = turned(f, at.map((pointer) => ops.loadOne(pointer)));
          f.set(right, ops.loadOne(y));
          f.set(total, ops.madd(column, words(right, right, [0, 0, 0, 0]), total));
          for (const pointer of [...at, y]) f.increase(pointer, bytes);
          f.increase(left, -bytes);
        }));
    };
    f.while(() => i32.ltS(start, end), () => {
      const product = f.keep(
        i32.add(i32.add(args, 4 * dotWords.products), i32.mul(i32.divU(start, groups), 12)),
      );
      f.set(many, i32.add(i32.load(args, 4 * dotWords.many), i32.load(product)));
      f.set(few, i32.add(i32.load(args, 4 * dotWords.few), i32.load(product, 4)));
      f.set(out, i32.add(i32.load(args, 4 * dotWords.out), i32.load(product, 8)));
      f.set(first, i32.mul(i32.remU(start, groups), GROUP));
      f.for(column, 0, columns, 1, () => {
        for (let i = 0; i < GROUP; i++) {
          // Past the end, the last row is computed again.
          const row = f.keep(i32.add(first, i));
          f.if(i32.geS(row, rows), () => f.set(row, i32.sub(rows, 1)));
          f.set(at[i], i32.add(many, i32.mul(row, manyStep)));
          f.set(to[i], i32.add(out, i32.mul(row, outRow)));
        }
        f.set(y, i32.add(few, i32.mul(column, fewStep)));
        f.set(left, i32.mul(depth, bytes));
        totals.forEach((total) => f.set(total, ops.zero));
        if (dtype === "float32") f.if(i32.ltS(depth, IN_ORDER), inOrder);
        f.while(() => i32.gtS(left, 0), () => {
          f.set(block, left);
          f.if(i32.gtS(block, BLOCK * bytes), () => f.set(block, BLOCK * bytes));
          f.set(left, i32.sub(left, block));
          sums.flat().forEach((sum) => f.set(sum, ops.zero));
          f.if(i32.eq(i32.sub(rows, first), 1), alone);
          f.while(() => i32.geS(block, 16 * UNROLL), () => step(UNROLL));
          f.while(() => i32.geS(block, 16), () => step(1));
          f.while(() => i32.gtS(block, 0), () => step(1, true));
          totals.forEach((total, i) => {
            f.set(total, ops.add(total, sums.map((list) => list[i] as Expr<"v128">).reduce(ops.add)));
          });
        });
        const store = (results: readonly [Local<"v128">, number[]][]) => {
          for (const [result, rowsOf] of results) {
            rowsOf.forEach((row, lane) => f.do(ops.storeLane(to[row], result, lane)));
          }
        };
        const summed = () => f.scope(() => store(lanesSummed(f, ops, totals)));
        if (dtype === "float32") {
          f.if(i32.ltS(depth, IN_ORDER), () => store([[totals[0], [0, 1, 2, 3]]]), summed);
        } else summed();
        f.increase(out, outColumn);
      });
      f.increase(start, 1);
    });
  });
  return module.encode();

  /** The sum of the lanes of each vector: vectors of sums, and whose they are. */
  function lanesSummed(f: Func, ops: LaneOps, v: readonly Local<"v128">[]): [Local<"v128">, number[]][] {
    const halves = (a: Local<"v128">, b: Local<"v128">) =>
      f.keep(ops.add(words(a, b, [0, 1, 4, 5]), words(a, b, [2, 3, 6, 7])));
    if (lanes === 2) return [[halves(v[0], v[1]), [0, 1]], [halves(v[2], v[3]), [2, 3]]];
    const pairs = (a: Local<"v128">, b: Local<"v128">) =>
      f.keep(ops.add(words(a, b, [0, 4, 1, 5]), words(a, b, [2, 6, 3, 7])));
    return [[halves(pairs(v[0], v[1]), pairs(v[2], v[3])), [0, 1, 2, 3]]];
  }
}
