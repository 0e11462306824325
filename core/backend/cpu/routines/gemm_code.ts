/**
 * The code of the packed matrix product: micro-kernels that keep a tile of the result in registers, and the loops around them. Packing is
 * pack_code.ts; who fills the argument block is gemm.ts.
 *
 * @module
 */
import { type Callable, type Local, ModuleBuilder } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, select, v128 } from "../wasm/opcodes.ts";
import { type FloatOps, floatOps, type FloatType, sharedMemory } from "./floats.ts";
import { definePacking, type PackBlock, type PackPanel, roundUp } from "./pack_code.ts";

/** Rows of a register tile. */
export const ROWS = 6;
/** Vectors across a register tile: 6 x 2 accumulators, 2 of B and 1 of A fill the 16 registers of x86. */
export const VECTORS = 2;

/** Places in the argument block, in 32-bit words. */
export const gemmWords = {
  a: 0,
  b: 1,
  c: 2,
  rows: 3,
  columns: 4,
  depth: 5,
  tileRows: 6,
  tileColumns: 7,
  tilesDown: 8,
  tilesAcross: 9,
  tileDepth: 10,
  /** Byte offsets of the rows and columns of A and B. */
  aRows: 11,
  aColumns: 12,
  bRows: 13,
  bColumns: 14,
  /** Bytes between rows of C. */
  cStride: 15,
  /** Byte offsets of the columns of C; 0 when they are contiguous. */
  cColumns: 16,
  /** Five words for each product: byte offsets of A, B and C, and which packed copy of A and of B it uses. */
  batch: 17,
  /** Where the packed copies are, made before; 0 when each tile packs for itself. */
  packedA: 18,
  packedB: 19,
  packedABytes: 20,
  packedBBytes: 21,
  /** Byte offsets of the operands that the packed copies are made from. */
  sourcesA: 22,
  sourcesB: 23,
  /** Offsets in a thread's scratch memory of its packed B and of a spare register tile. */
  scratchB: 24,
  scratchTile: 25,
  length: 26,
} as const;

/** Words of an entry of the batch table. */
const BATCH_WORDS = 5;

const four = ["i32", "i32", "i32", "i32"] as const;
const six = [...four, "i32", "i32"] as const;
const eight = [...six, "i32", "i32"] as const;

type Micro = Callable<typeof six, "void">;
type Int = Expr<"i32">;

/** A module with the kernels `tiles`, `packA` and `packB`, in this order. */
export function gemmModule(dtype: FloatType, relaxed: boolean): Uint8Array<ArrayBuffer> {
  const ops = floatOps(dtype, relaxed);
  const module = new ModuleBuilder(sharedMemory);
  const { panel, block } = definePacking(module, ops);
  const micro = defineMicroKernels(module, ops);
  defineTiles(module, ops, block, micro, defineMerge(module, ops));
  definePackOperand(module, ops, panel, "A");
  definePackOperand(module, ops, panel, "B");
  return module.encode();
}

/** (mr, nv, a, b, c, cStride, k, accumulate): one register tile of `mr` rows and `nv` vectors. */
function defineMicroKernels(module: ModuleBuilder, ops: FloatOps): Callable<typeof eight, "void"> {
  const kernels: { rows: number; vectors: number; micro: Micro }[] = [];
  for (let rows = ROWS; rows >= 1; rows--) {
    for (let vectors = VECTORS; vectors >= 1; vectors--) {
      kernels.push({ rows, vectors, micro: microKernel(module, ops, rows, vectors) });
    }
  }
  return module.func(null, eight, "void", (f, mr, nv, a, b, c, cStride, k, accumulate) => {
    for (const { rows, vectors, micro } of kernels) {
      f.if(i32.and(i32.eq(mr, rows), i32.eq(nv, vectors)), () => {
        f.do(micro.call(a, b, c, cStride, k, accumulate));
        f.return();
      });
    }
  });
}

/** (a, b, c, cStride, k, accumulate): the product of two packed panels, stored or added to C. */
function microKernel(module: ModuleBuilder, ops: FloatOps, rows: number, vectors: number): Micro {
  return module.func(null, six, "void", (f, a, b, c, cStride, k, accumulate) => {
    const locals = (n: number) => Array.from({ length: n }, () => f.local("v128"));
    const sums = Array.from({ length: rows }, () => locals(vectors));
    const right = locals(vectors), left = f.local("v128");
    const steps = (n: number) =>
      f.while(() => i32.geS(k, n), () => {
        for (let u = 0; u < n; u++) {
          right.forEach((r, v) => f.set(r, v128.load(b, (u * vectors + v) * 16)));
          sums.forEach((row, i) => {
            f.set(left, ops.splat(a, (u * rows + i) * ops.bytes));
            row.forEach((sum, v) => f.set(sum, ops.madd(left, right[v], sum)));
          });
        }
        f.increase(a, n * rows * ops.bytes);
        f.increase(b, n * vectors * 16);
        f.increase(k, -n);
      });
    const store = (value: (sum: Local<"v128">, v: number) => Expr<"v128">) => {
      for (const row of sums) {
        row.forEach((sum, v) => f.do(v128.store(c, value(sum, v), v * 16)));
        f.increase(c, cStride);
      }
    };
    steps(8);
    steps(1);
    f.if(accumulate, () => store((sum, v) => ops.add(v128.load(c, v * 16), sum)), () => store((sum) => sum));
  });
}

/** (tile, tileStride, c, cStride, cColumns, rows, columns, accumulate): brings a spare tile to its place, element by element. */
function defineMerge(module: ModuleBuilder, ops: FloatOps): Callable<typeof eight, "void"> {
  return module.func(
    null,
    eight,
    "void",
    (f, tile, tileStride, c, cStride, cColumns, rows, columns, accumulate) => {
      const i = f.local("i32"), j = f.local("i32"), to = f.local("i32"), value = f.local("v128");
      f.for(i, 0, rows, 1, () => {
        f.for(j, 0, columns, 1, () => {
          f.if(
            cColumns,
            () => f.set(to, i32.add(c, i32.load(i32.add(cColumns, i32.mul(j, 4))))),
            () => f.set(to, i32.add(c, i32.mul(j, ops.bytes))),
          );
          f.set(value, ops.loadOne(i32.add(tile, i32.mul(j, ops.bytes))));
          f.if(accumulate, () => f.set(value, ops.add(value, ops.loadOne(to))));
          f.do(ops.storeLane(to, value, 0));
        });
        f.increase(tile, tileStride);
        f.increase(c, cStride);
      });
    },
  );
}

/** (start, end, args, scratch): tiles of C, each with its whole depth. */
function defineTiles(
  module: ModuleBuilder,
  ops: FloatOps,
  block: PackBlock,
  micro: Callable<typeof eight, "void">,
  merge: Callable<typeof eight, "void">,
): void {
  const { bytes, lanes } = ops, W = lanes * VECTORS;
  module.func("tiles", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof gemmWords) => i32.load(args, 4 * gemmWords[name]);
    const keep = (name: keyof typeof gemmWords) => f.keep(word(name));
    const smaller = (a: Int, b: Int) => {
      const x = f.keep(a), y = f.keep(b);
      return f.keep(select(i32.ltS(x, y), x, y));
    };
    const scaled = (n: Int) => i32.mul(n, bytes);
    const [rows, columns, depth, across, down] =
      (["rows", "columns", "depth", "tilesAcross", "tilesDown"] as const).map(keep);
    const [tileRows, tileColumns, tileDepth] = (["tileRows", "tileColumns", "tileDepth"] as const).map(keep);
    const cStride = keep("cStride"), cColumns = keep("cColumns");
    const padded = f.keep(roundUp(columns, lanes));
    const spare = f.keep(i32.add(scratch, word("scratchTile")));
    const k0 = f.local("i32"), m = f.local("i32"), n = f.local("i32");
    f.while(() => i32.ltS(start, end), () => {
      const entry = f.keep(
        i32.add(word("batch"), i32.mul(i32.divU(start, i32.mul(across, down)), 4 * BATCH_WORDS)),
      );
      const baseA = f.keep(i32.add(word("a"), i32.load(entry, 0)));
      const baseB = f.keep(i32.add(word("b"), i32.load(entry, 4)));
      const baseC = f.keep(i32.add(word("c"), i32.load(entry, 8)));
      const m0 = f.keep(i32.mul(i32.remU(i32.divU(start, across), down), tileRows));
      const n0 = f.keep(i32.mul(i32.remU(start, across), tileColumns));
      const m1 = smaller(i32.add(m0, tileRows), rows), n1 = smaller(i32.add(n0, tileColumns), columns);
      f.for(k0, 0, depth, tileDepth, () => {
        const kc = smaller(i32.sub(depth, k0), tileDepth);
        const packed = f.keep(word("packedA"));
        const panelsA = f.local("i32"), panelsB = f.local("i32");
        f.if(packed, () => {
          const copy = i32.add(packed, i32.mul(i32.load(entry, 12), word("packedABytes")));
          f.set(panelsA, i32.add(copy, scaled(i32.add(i32.mul(k0, rows), i32.mul(m0, kc)))));
        }, () => {
          f.set(panelsA, scratch);
          const kTable = i32.add(word("aColumns"), i32.mul(k0, 4));
          f.do(block.call(word("aRows"), kTable, baseA, m0, m1, ROWS, 1, kc, scratch));
        });
        f.set(packed, word("packedB"));
        f.if(packed, () => {
          const copy = i32.add(packed, i32.mul(i32.load(entry, 16), word("packedBBytes")));
          f.set(panelsB, i32.add(copy, scaled(i32.add(i32.mul(k0, padded), i32.mul(n0, kc)))));
        }, () => {
          f.set(panelsB, i32.add(scratch, word("scratchB")));
          const kTable = i32.add(word("bRows"), i32.mul(k0, 4));
          f.do(block.call(word("bColumns"), kTable, baseB, n0, n1, W, lanes, kc, panelsB));
        });
        f.for(n, n0, n1, W, () => {
          const nw = f.keep(i32.sub(n1, n));
          f.if(i32.gtS(nw, W), () => f.set(nw, W));
          const nv = f.keep(i32.divU(i32.add(nw, lanes - 1), lanes));
          const panelB = f.keep(i32.add(panelsB, scaled(i32.mul(i32.sub(n, n0), kc))));
          const indirect = f.keep(i32.or(cColumns, i32.remU(nw, lanes)));
          f.for(m, m0, m1, ROWS, () => {
            const mr = f.keep(i32.sub(m1, m));
            f.if(i32.gtS(mr, ROWS), () => f.set(mr, ROWS));
            const panelA = i32.add(panelsA, scaled(i32.mul(i32.sub(m, m0), kc)));
            const to = f.keep(i32.add(baseC, i32.mul(m, cStride)));
            f.if(indirect, () => {
              const stride = i32.mul(nv, 16);
              f.do(micro.call(mr, nv, panelA, panelB, spare, stride, kc, 0));
              const table = f.local("i32");
              f.set(table, 0);
              f.if(
                cColumns,
                () => f.set(table, i32.add(cColumns, i32.mul(n, 4))),
                () => f.increase(to, scaled(n)),
              );
              f.do(merge.call(spare, stride, to, cStride, table, mr, nw, k0));
            }, () => f.do(micro.call(mr, nv, panelA, panelB, i32.add(to, scaled(n)), cStride, kc, k0)));
          });
        });
      });
      f.increase(start, 1);
    });
  });
}

/** (start, end, args, scratch): packs panels of all copies of an operand, over the whole depth. */
function definePackOperand(module: ModuleBuilder, ops: FloatOps, panel: PackPanel, side: "A" | "B"): void {
  const isA = side === "A", { bytes } = ops;
  const W = isA ? ROWS : ops.lanes * VECTORS, round = isA ? 1 : ops.lanes;
  module.func(`pack${side}`, four, "void", (f, start, end, args) => {
    const word = (name: keyof typeof gemmWords) => f.keep(i32.load(args, 4 * gemmWords[name]));
    const rows = word(isA ? "rows" : "columns"), base = word(isA ? "a" : "b");
    const rowTable = word(isA ? "aRows" : "bColumns"), kTable = word(isA ? "aColumns" : "bRows");
    const depth = word("depth"), tileDepth = word("tileDepth"), sources = word(`sources${side}`);
    const packed = word(`packed${side}`), copyBytes = word(`packed${side}Bytes`);
    const padded = f.keep(roundUp(rows, round));
    const panels = f.keep(i32.divU(i32.add(rows, W - 1), W));
    const k0 = f.local("i32");
    f.while(() => i32.ltS(start, end), () => {
      const copy = f.keep(i32.divU(start, panels)), row = f.keep(i32.mul(i32.remU(start, panels), W));
      const width = f.keep(i32.sub(rows, row));
      f.if(i32.gtS(width, W), () => f.set(width, W));
      const from = f.keep(i32.add(base, i32.load(i32.add(sources, i32.mul(copy, 4)))));
      const out = f.keep(i32.add(packed, i32.mul(copy, copyBytes)));
      f.for(k0, 0, depth, tileDepth, () => {
        const kc = f.keep(i32.sub(depth, k0));
        f.if(i32.gtS(kc, tileDepth), () => f.set(kc, tileDepth));
        f.do(
          panel.call(
            i32.add(rowTable, i32.mul(row, 4)),
            i32.add(kTable, i32.mul(k0, 4)),
            from,
            kc,
            i32.add(out, i32.mul(i32.add(i32.mul(k0, padded), i32.mul(row, kc)), bytes)),
            width,
            roundUp(width, round),
          ),
        );
      });
      f.increase(start, 1);
    });
  });
}
