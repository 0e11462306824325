/**
 * The code of the matrix product: the loops around the micro-kernels (micro_code.ts) and the packing of whole operands. Packing itself is
 * pack_code.ts; who fills the argument block is gemm.ts.
 *
 * @module
 */
import { type Func, type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, select } from "../../wasm/opcodes.ts";
import { type LaneOps, laneOps, type ProductType, sharedMemory } from "../lane_ops.ts";
import {
  defineMerge,
  defineMicroKernels,
  type GemmForm,
  type Merge,
  type MicroKernels,
} from "./micro_code.ts";
import { definePacking, type Packing, roundUp } from "./pack_code.ts";

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
  /** Columns of B that lie side by side where B is read in place; all of them where it is packed. */
  run: 26,
  /** Bytes between rows of A, where these are contiguous; 0 where A is packed, which makes them so. */
  aStep: 27,
  length: 28,
} as const;

/** Words of an entry of the batch table. */
const BATCH_WORDS = 5;

const four = ["i32", "i32", "i32", "i32"] as const;

type Int = Expr<"i32">;

/** A module with the kernels `tiles`, `packA` and `packB`, in this order; without those that pack what is read in place. */
export function gemmModule(dtype: ProductType, form: GemmForm, relaxed: boolean): Uint8Array<ArrayBuffer> {
  const ops = laneOps(dtype, relaxed);
  const module = new ModuleBuilder(sharedMemory);
  const packing = form.directA ? null : definePacking(module, ops);
  const micro = defineMicroKernels(module, ops, form);
  defineTiles(module, ops, form, packing, micro, defineMerge(module, ops));
  if (packing !== null) {
    definePackOperand(module, ops, form, packing, "A");
    if (!form.directB) definePackOperand(module, ops, form, packing, "B");
  }
  return module.encode();
}

/** The depth of the next block where `left` remains, as OpenBLAS has it on several threads: blocks of `most`, and two halves in the end. */
function blockDepth(f: Func, left: Int, most: Local<"i32">): Local<"i32"> {
  const depth = f.keep(left);
  f.if(
    i32.geS(depth, i32.mul(most, 2)),
    () => f.set(depth, most),
    () => f.if(i32.gtS(depth, most), () => f.set(depth, i32.shrU(i32.add(depth, 1), 1))),
  );
  return depth;
}

/** (start, end, args, scratch): tiles of C, each with its whole depth. */
function defineTiles(
  module: ModuleBuilder,
  ops: LaneOps,
  form: GemmForm,
  packing: Packing | null,
  micro: MicroKernels,
  merge: Merge,
): void {
  const { bytes, lanes } = ops, W = lanes * form.vectors;
  module.func("tiles", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof gemmWords) => i32.load(args, 4 * gemmWords[name]);
    const keep = (name: keyof typeof gemmWords) => f.keep(word(name));
    const smaller = (a: Int, b: Int) => {
      const x = f.keep(a), y = f.keep(b);
      return f.keep(select(i32.ltS(x, y), x, y));
    };
    const scaled = (n: Int) => i32.mul(n, bytes);
    const entryOf = (table: Int, i: Int) => i32.load(i32.add(table, i32.mul(i, 4)));
    const [rows, columns, depth, across, down] =
      (["rows", "columns", "depth", "tilesAcross", "tilesDown"] as const).map(keep);
    const [tileRows, tileColumns, tileDepth] = (["tileRows", "tileColumns", "tileDepth"] as const).map(keep);
    const cStride = keep("cStride"), cColumns = keep("cColumns"), run = keep("run"), aStep = keep("aStep");
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
      f.set(k0, 0);
      f.while(() => i32.ltS(k0, depth), () => {
        const kc = blockDepth(f, i32.sub(depth, k0), tileDepth);
        const packed = f.keep(word("packedA"));
        const blockA = f.local("i32"), blockB = f.local("i32"), rowStep = f.local("i32");
        f.set(rowStep, aStep);
        const inPlace = () =>
          f.set(blockA, i32.add(i32.add(baseA, entryOf(word("aColumns"), k0)), i32.mul(m0, aStep)));
        const packedBefore = () => {
          const copy = i32.add(packed, i32.mul(i32.load(entry, 12), word("packedABytes")));
          f.set(blockA, i32.add(copy, scaled(i32.add(i32.mul(k0, rows), i32.mul(m0, kc)))));
        };
        const packHere = ({ panel }: Packing) => {
          f.set(blockA, scratch);
          const columnTable = i32.add(word("aColumns"), i32.mul(k0, 4));
          const rowTable = i32.add(word("aRows"), i32.mul(m0, 4));
          f.do(panel.call(columnTable, rowTable, baseA, i32.sub(m1, m0), scratch, kc, kc));
        };
        if (packing === null) inPlace();
        else {
          f.if(aStep, inPlace, () => {
            f.set(rowStep, scaled(kc));
            f.if(packed, packedBefore, () => packHere(packing));
          });
        }
        const rowsOfB = f.keep(i32.add(word("bRows"), i32.mul(k0, 4)));
        f.set(packed, word("packedB"));
        if (packing !== null && !form.directB) {
          f.if(packed, () => {
            const copy = i32.add(packed, i32.mul(i32.load(entry, 16), word("packedBBytes")));
            f.set(blockB, i32.add(copy, scaled(i32.add(i32.mul(k0, padded), i32.mul(n0, kc)))));
          }, () => {
            f.set(blockB, i32.add(scratch, word("scratchB")));
            f.do(packing.block.call(word("bColumns"), rowsOfB, baseB, n0, n1, W, lanes, kc, blockB));
          });
        }
        const nw = f.local("i32"), inRun = f.local("i32");
        f.for(n, n0, n1, nw, () => {
          f.set(nw, i32.sub(n1, n));
          f.if(i32.gtS(nw, W), () => f.set(nw, W));
          // A panel that is read in place ends where its columns cease to be neighbours.
          f.set(inRun, i32.sub(run, i32.remU(n, run)));
          f.if(i32.gtS(nw, inRun), () => f.set(nw, inRun));
          const nv = f.keep(i32.divU(i32.add(nw, lanes - 1), lanes));
          const panelB = f.keep(
            form.directB
              ? i32.add(baseB, entryOf(word("bColumns"), n))
              : i32.add(blockB, scaled(i32.mul(i32.sub(n, n0), kc))),
          );
          const indirect = f.keep(i32.or(cColumns, i32.remU(nw, lanes)));
          f.for(m, m0, m1, form.rows, () => {
            const mr = f.keep(i32.sub(m1, m));
            f.if(i32.gtS(mr, form.rows), () => f.set(mr, form.rows));
            const panelA = i32.add(blockA, i32.mul(i32.sub(m, m0), rowStep));
            const to = f.keep(i32.add(baseC, i32.mul(m, cStride)));
            f.if(indirect, () => {
              const stride = i32.mul(nv, 16);
              f.do(micro.call(mr, nv, panelA, rowStep, panelB, rowsOfB, spare, stride, kc, 0));
              const table = f.local("i32");
              f.set(table, 0);
              f.if(
                cColumns,
                () => f.set(table, i32.add(cColumns, i32.mul(n, 4))),
                () => f.increase(to, scaled(n)),
              );
              f.do(merge.call(spare, stride, to, cStride, table, mr, nw, k0));
            }, () => {
              const there = i32.add(to, scaled(n));
              f.do(micro.call(mr, nv, panelA, rowStep, panelB, rowsOfB, there, cStride, kc, k0));
            });
          });
        });
        f.increase(k0, kc);
      });
      f.increase(start, 1);
    });
  });
}

/** Rows of A that a thread packs at a time; of B it takes panels of half as many columns in all, so that cache lines are used up before they are gone. */
export const PACK_ROWS = 32, PACK_PANELS = 4;

/** (start, end, args, scratch): packs all copies of an operand over the whole depth: A to contiguous rows, B to panels. */
function definePackOperand(
  module: ModuleBuilder,
  { bytes, lanes }: LaneOps,
  form: GemmForm,
  { panel, block }: Packing,
  side: "A" | "B",
): void {
  const isA = side === "A", W = lanes * form.vectors, step = isA ? PACK_ROWS : W * PACK_PANELS;
  module.func(`pack${side}`, four, "void", (f, start, end, args) => {
    const word = (name: keyof typeof gemmWords) => f.keep(i32.load(args, 4 * gemmWords[name]));
    const rows = word(isA ? "rows" : "columns"), base = word(isA ? "a" : "b");
    const rowTable = word(isA ? "aRows" : "bColumns"), kTable = word(isA ? "aColumns" : "bRows");
    const depth = word("depth"), tileDepth = word("tileDepth"), sources = word(`sources${side}`);
    const packed = word(`packed${side}`), copyBytes = word(`packed${side}Bytes`);
    const padded = f.keep(roundUp(rows, isA ? 1 : lanes));
    const groups = f.keep(i32.divU(i32.add(rows, step - 1), step));
    const k0 = f.local("i32");
    f.while(() => i32.ltS(start, end), () => {
      const copy = f.keep(i32.divU(start, groups)), first = f.keep(i32.mul(i32.remU(start, groups), step));
      const last = f.keep(i32.add(first, step));
      f.if(i32.gtS(last, rows), () => f.set(last, rows));
      const from = f.keep(i32.add(base, i32.load(i32.add(sources, i32.mul(copy, 4)))));
      const out = f.keep(i32.add(packed, i32.mul(copy, copyBytes)));
      f.set(k0, 0);
      f.while(() => i32.ltS(k0, depth), () => {
        const kc = blockDepth(f, i32.sub(depth, k0), tileDepth);
        const down = i32.add(kTable, i32.mul(k0, 4));
        const to = i32.add(out, i32.mul(i32.add(i32.mul(k0, padded), i32.mul(first, kc)), bytes));
        // Rows of A are a single panel that is as wide as the depth.
        const across = i32.add(rowTable, i32.mul(first, 4));
        f.do(
          isA
            ? panel.call(down, across, from, i32.sub(last, first), to, kc, kc)
            : block.call(rowTable, down, from, first, last, W, lanes, kc, to),
        );
        f.increase(k0, kc);
      });
      f.increase(start, 1);
    });
  });
}
