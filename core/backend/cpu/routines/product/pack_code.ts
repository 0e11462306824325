/**
 * Code that packs an operand of a matrix product into panels: for each k in turn, the elements of a few columns of B side by side. (For A, which is packed
 * to contiguous rows, depth and rows change places.) Elements are found through two tables of byte offsets, so any strides, im2col and zero-copy
 * views are the same to it; here "row" is the index across a panel. Whole vectors are moved where neighbours in a table are neighbours in memory.
 *
 * @module
 */
import type { Callable, Func, Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i8x16, v128 } from "../../wasm/opcodes.ts";
import type { LaneOps } from "../lane_ops.ts";

type Int = Local<"i32">;

const seven = ["i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
const nine = [...seven, "i32", "i32"] as const;

/** The packing functions of a module. */
export interface Packing {
  /** (rowTable, kTable, base, k, out, width, padded): packs one panel of `width` rows and zeros up to `padded`. */
  readonly panel: Callable<typeof seven, "void">;
  /** (rowTable, kTable, base, from, to, panelWidth, round, k, out): packs panels of rows `from` to `to`, widths rounded up to `round`. */
  readonly block: Callable<typeof nine, "void">;
}

/** Rounds up to a multiple of a power of two. */
export function roundUp(n: Expr<"i32">, to: Expr<"i32"> | number): Expr<"i32"> {
  return i32.and(i32.sub(i32.add(n, to), 1), i32.sub(0, to));
}

/** The two packing functions. */
export function definePacking(module: ModuleBuilder, ops: LaneOps): Packing {
  const { bytes, lanes } = ops;
  const widths: number[] = lanes === 4 ? [4, 2, 1] : [2, 1];
  const groups = widths.map((width) => packGroup(module, ops, width));
  const panel = module.func(null, seven, "void", (f, rowTable, kTable, base, k, out, width, padded) => {
    const stride = f.keep(i32.mul(padded, bytes));
    const group = (i: number, valid: Int | number) => {
      f.do(groups[i].call(rowTable, kTable, base, k, out, stride, valid));
      f.increase(rowTable, 4 * widths[i]);
      f.increase(out, bytes * widths[i]);
      f.set(width, i32.sub(width, widths[i]));
    };
    const spare = f.keep(i32.sub(padded, width));
    f.while(() => i32.geS(width, lanes), () => group(0, lanes));
    f.if(
      spare,
      () => f.if(i32.gtS(width, 0), () => group(0, width)),
      () => widths.forEach((size, i) => i > 0 && f.if(i32.geS(width, size), () => group(i, size))),
    );
  });
  const block = module.func(
    null,
    nine,
    "void",
    (f, table, kTable, base, from, to, panelWidth, round, k, out) => {
      const width = f.local("i32");
      f.while(() => i32.ltS(from, to), () => {
        f.set(width, i32.sub(to, from));
        f.if(i32.gtS(width, panelWidth), () => f.set(width, panelWidth));
        const padded = f.keep(roundUp(width, round));
        f.do(panel.call(i32.add(table, i32.mul(from, 4)), kTable, base, k, out, width, padded));
        f.increase(out, i32.mul(i32.mul(padded, k), bytes));
        f.increase(from, panelWidth);
      });
    },
  );
  return { panel, block };
}

/** (rowTable, kTable, base, k, out, stride, valid): copies `width` rows, zeros from row `valid` on, to `out`, `stride` bytes for each k. */
function packGroup(module: ModuleBuilder, ops: LaneOps, width: number): Callable<typeof seven, "void"> {
  const { bytes, lanes } = ops;
  return module.func(null, seven, "void", (f, rowTable, kTable, base, k, out, stride, valid) => {
    const at = f.local("i32");
    const rows = Array.from({ length: width }, () => f.local("i32"));
    const locate = (n: number) => {
      for (let i = 0; i < n; i++) f.set(rows[i], i32.add(base, i32.load(rowTable, 4 * i)));
    };
    const source = (row: number) => i32.add(rows[row], at);
    /** Packs one k after the other. */
    const one = (body: () => void) => {
      f.set(at, i32.load(kTable));
      body();
      f.increase(kTable, 4);
      f.increase(out, stride);
      f.increase(k, -1);
    };
    const each = (body: () => void) => f.while(() => i32.gtS(k, 0), () => one(body));
    const gather = (n: number) => () => {
      let vector = ops.loadOne(source(0));
      for (let i = 1; i < n; i++) vector = ops.loadLane(source(i), vector, i);
      f.do(v128.store(out, vector));
    };
    const rowsTouch = neighbours(width, bytes, (i) => i32.sub(rows[i + 1], rows[i]));

    if (width < lanes) {
      locate(width);
      const scalars = () => {
        rows.forEach((_, i) => f.do(ops.storeLane(out, ops.loadOne(source(i)), 0, i * bytes)));
      };
      if (width === 1) return each(scalars);
      return f.if(
        rowsTouch,
        () => each(() => f.do(v128.store64Lane(out, v128.load64Zero(source(0)), 0))),
        () => each(scalars),
      );
    }
    for (let n = 1; n < lanes; n++) {
      f.if(i32.eq(valid, n), () => {
        locate(n);
        each(gather(n));
        f.return();
      });
    }
    locate(lanes);
    f.if(rowsTouch, () => {
      each(() => f.do(v128.store(out, v128.load(source(0)))));
      f.return();
    });
    const ksTouch = () =>
      neighbours(lanes, bytes, (i) => i32.sub(i32.load(kTable, 4 * i + 4), i32.load(kTable, 4 * i)));
    f.while(() => i32.geS(k, lanes), () =>
      f.if(ksTouch(), () => {
        f.set(at, i32.load(kTable));
        transpose(f, ops, source, out, stride);
        f.increase(kTable, 4 * lanes);
        f.increase(k, -lanes);
      }, () => one(gather(lanes))));
    each(gather(lanes));
  });
}

/** Whether `n` offsets follow each other element by element. */
function neighbours(n: number, bytes: number, difference: (i: number) => Expr<"i32">): Expr<"i32"> {
  let all = i32.eq(difference(0), bytes);
  for (let i = 1; i < n - 1; i++) all = i32.and(all, i32.eq(difference(i), bytes));
  return all;
}

/** Loads a square block, a vector along k from each row, and stores it with rows and ks exchanged. */
function transpose(
  f: Func,
  ops: LaneOps,
  source: (row: number) => Expr<"i32">,
  out: Int,
  stride: Int,
): void {
  const rows = Array.from({ length: ops.lanes }, (_, i) => f.keep(v128.load(source(i))));
  const words = (a: Expr<"v128">, b: Expr<"v128">, list: readonly number[]) =>
    i8x16.shuffle(a, b, list.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]));
  const low = [0, 1, 4, 5], high = [2, 3, 6, 7];
  let columns: Expr<"v128">[];
  if (ops.lanes === 2) columns = [words(rows[0], rows[1], low), words(rows[0], rows[1], high)];
  else {
    const [a, b] = [0, 2].map((i) => f.keep(words(rows[i], rows[i + 1], [0, 4, 1, 5])));
    const [c, d] = [0, 2].map((i) => f.keep(words(rows[i], rows[i + 1], [2, 6, 3, 7])));
    columns = [words(a, b, low), words(a, b, high), words(c, d, low), words(c, d, high)];
  }
  for (const column of columns) {
    f.do(v128.store(out, column));
    f.increase(out, stride);
  }
}
