/**
 * Micro-kernels of the matrix product: code that keeps a tile of the result in registers while it goes down the depth. B is either packed into panels or
 * read where it is, which pays where it is used only a few times.
 *
 * @module
 */
import type { Callable, Func, Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, v128 } from "../../wasm/opcodes.ts";
import type { LaneOps } from "../lane_ops.ts";

/** How a matrix product takes its operands, and the size of its register tile. */
export interface GemmForm {
  /** Reads B through a table of rows, whose columns are contiguous; else from panels of `vectors` vectors. */
  readonly directB: boolean;
  /** Reads A where it is, too, whose rows are contiguous: nothing is packed. */
  readonly directA: boolean;
  /** Whether every register tile has all its rows. */
  readonly whole: boolean;
  /** Rows of a register tile, and vectors across it. */
  readonly rows: number;
  readonly vectors: number;
}

const eight = ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
const ten = [...eight, "i32", "i32"] as const;

/**
 * (a, aStep, b, bRows, c, cStride, k, accumulate): one register tile. Rows of A are contiguous and `aStep` bytes apart; `bRows` is a table of byte offsets for a B that is
 * read where it is.
 */
type Micro = Callable<typeof eight, "void">;
/** (mr, nv, ...): the register tile of `mr` rows and `nv` vectors. */
export type MicroKernels = Callable<typeof ten, "void">;
/** (tile, tileStride, c, cStride, cColumns, rows, columns, accumulate). */
export type Merge = Callable<typeof eight, "void">;

/** The micro-kernels of all sizes up to the register tile. */
export function defineMicroKernels(module: ModuleBuilder, ops: LaneOps, form: GemmForm): MicroKernels {
  const kernels: { rows: number; vectors: number; micro: Micro }[] = [];
  for (let rows = form.rows; rows >= (form.whole ? form.rows : 1); rows--) {
    for (let vectors = form.vectors; vectors >= 1; vectors--) {
      // What is not a whole register tile is rare; less code for it is made sooner.
      const unroll = rows === form.rows && vectors === form.vectors ? 8 : 4;
      kernels.push({ rows, vectors, micro: microKernel(module, ops, { ...form, rows, vectors }, unroll) });
    }
  }
  return module.func(null, ten, "void", (f, mr, nv, ...args) => {
    for (const { rows, vectors, micro } of kernels) {
      f.if(i32.and(i32.eq(mr, rows), i32.eq(nv, vectors)), () => {
        f.do(micro.call(...args));
        f.return();
      });
    }
  });
}

/** The product of a panel of A and one of B, stored or added to C. */
function microKernel(
  module: ModuleBuilder,
  ops: LaneOps,
  { directB, rows, vectors }: GemmForm,
  unroll: number,
): Micro {
  return module.func(null, eight, "void", (f, a, aStep, b, bRows, c, cStride, k, accumulate) => {
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local("v128")));
    const left = leftOperand(f, ops, rows, a, aStep);
    const right = rightOperand(f, directB, vectors, b, bRows);
    const x = Array.from({ length: rows }, () => f.local("v128"));
    const y = Array.from({ length: vectors }, () => f.local("v128"));
    // The operand with fewer registers is loaded first and kept, the other goes through one register.
    const wide = vectors > rows;
    const steps = (n: number) =>
      f.while(() => i32.geS(k, n), () => {
        for (let u = 0; u < n; u++) {
          right.at(u);
          if (wide) {
            x.forEach((l, i) => f.set(l, left.load(u, i)));
            y.forEach((r, v) => {
              f.set(r, right.load(u, v));
              sums.forEach((row, i) => f.set(row[v], ops.madd(x[i], r, row[v])));
            });
          } else {
            y.forEach((r, v) => f.set(r, right.load(u, v)));
            sums.forEach((row, i) => {
              f.set(x[i], left.load(u, i));
              row.forEach((sum, v) => f.set(sum, ops.madd(x[i], y[v], sum)));
            });
          }
        }
        left.advance(n);
        right.advance(n);
        f.increase(k, -n);
      });
    const store = (value: (sum: Local<"v128">, v: number) => Expr<"v128">) => {
      for (const row of sums) {
        row.forEach((sum, v) => f.do(v128.store(c, value(sum, v), v * 16)));
        f.increase(c, cStride);
      }
    };
    steps(unroll);
    steps(1);
    f.if(accumulate, () => store((sum, v) => ops.add(v128.load(c, v * 16), sum)), () => store((sum) => sum));
  });
}

/** Loads of A: one element in every lane. A pointer for each row is faster than a packed panel with one for all. */
function leftOperand(
  f: Func,
  ops: LaneOps,
  rows: number,
  a: Local<"i32">,
  aStep: Local<"i32">,
): { load(u: number, i: number): Expr<"v128">; advance(n: number): void } {
  const starts = [a];
  while (starts.length < rows) starts.push(f.keep(i32.add(starts[starts.length - 1], aStep)));
  return {
    load: (u, i) => ops.splat(starts[i], u * ops.bytes),
    advance: (n) => starts.forEach((row) => f.increase(row, n * ops.bytes)),
  };
}

/** Loads of B: a vector of columns. */
function rightOperand(
  f: Func,
  direct: boolean,
  vectors: number,
  b: Local<"i32">,
  bRows: Local<"i32">,
): { at(u: number): void; load(u: number, v: number): Expr<"v128">; advance(n: number): void } {
  if (!direct) {
    return {
      at: () => {},
      load: (u, v) => v128.load(b, (u * vectors + v) * 16),
      advance: (n) => f.increase(b, n * vectors * 16),
    };
  }
  const row = f.local("i32");
  return {
    at: (u) => f.set(row, i32.add(b, i32.load(bRows, 4 * u))),
    load: (_, v) => v128.load(row, v * 16),
    advance: (n) => f.increase(bRows, 4 * n),
  };
}

/** Brings a spare tile to its place in C: vectors and the rest of a row where the columns are contiguous, else element by element. */
export function defineMerge(module: ModuleBuilder, ops: LaneOps): Merge {
  const { bytes, lanes } = ops;
  return module.func(
    null,
    eight,
    "void",
    (f, tile, tileStride, c, cStride, cColumns, rows, columns, accumulate) => {
      const j = f.local("i32"), to = f.local("i32"), from = f.local("i32"), value = f.local("v128");
      const scattered = () =>
        f.for(j, 0, columns, 1, () => {
          f.set(to, i32.add(c, i32.load(i32.add(cColumns, i32.mul(j, 4)))));
          f.set(value, ops.loadOne(i32.add(tile, i32.mul(j, bytes))));
          f.if(accumulate, () => f.set(value, ops.add(value, ops.loadOne(to))));
          f.do(ops.storeLane(to, value, 0));
        });
      const contiguous = () => {
        f.set(to, c);
        f.set(from, tile);
        f.set(j, columns);
        const move = (n: number) => {
          f.increase(to, n * bytes);
          f.increase(from, n * bytes);
          f.increase(j, -n);
        };
        f.while(() => i32.geS(j, lanes), () => {
          f.set(value, v128.load(from));
          f.if(accumulate, () => f.set(value, ops.add(value, v128.load(to))));
          f.do(v128.store(to, value));
          move(lanes);
        });
        f.while(() => i32.gtS(j, 0), () => {
          f.set(value, ops.loadOne(from));
          f.if(accumulate, () => f.set(value, ops.add(value, ops.loadOne(to))));
          f.do(ops.storeLane(to, value, 0));
          move(1);
        });
      };
      f.while(() => i32.gtS(rows, 0), () => {
        f.if(cColumns, scattered, contiguous);
        f.increase(tile, tileStride);
        f.increase(c, cStride);
        f.increase(rows, -1);
      });
    },
  );
}
