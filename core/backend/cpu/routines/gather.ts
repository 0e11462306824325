/**
 * Gather: elements picked along one dimension. An index that is the same for a whole row (an embedding) copies rows.
 *
 * @module
 */
import { bytesOf } from "../../../dtype.ts";
import { stridesOf } from "../../../shape.ts";
import { chunkOf, runChunked } from "../chunks.ts";
import type { Engine } from "../engine.ts";
import type { PoolKernel } from "../pool.ts";
import { ModuleBuilder } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, i64, v128 } from "../wasm/opcodes.ts";
import { ArgumentBlock, engineCache } from "./arguments.ts";
import { sharedMemory } from "./lane_ops.ts";
import { throwOutOfRange } from "./index_check.ts";
import { addressOf, type RoutineMaker, runner, withEpilogue } from "./routine.ts";
import { locateRow, walksOf, walkWords } from "./walk.ts";

/** Places in the argument block. The walk over rows follows. */
const words = {
  x: 0,
  index: 1,
  out: 2,
  bad: 3,
  size: 4,
  step: 5,
  count: 6,
  pieces: 7,
  piece: 8,
  xStep: 9,
  indexStep: 10,
  walk: 11,
} as const;

/** Elements of a row that are taken at a time: rows are cut so that one long row can be shared among threads. */
const PIECE = 4096;

const kernels = engineCache((engine: Engine, bytes: 1 | 2 | 4 | 8): PoolKernel =>
  engine.pool.load(gatherModule(bytes))[0]
);

/** out[i] = x[i with i[dim] replaced by index[i]]. */
export const gather: RoutineMaker<"gather"> = (context, step, epilogue) => {
  const { engine } = context, [x, index] = step.inputs, { dim } = step.attrs;
  const bytes = bytesOf(x.dtype), size = x.layout.shape[dim];
  const along = x.layout.strides.map((s, d) => d === dim ? 0 : s * bytes);
  const out = stridesOf(step.outputShape).map((s) => s * bytes);
  const walks = walksOf(step.outputShape, [along, index.layout.strides.map((s) => s * 8), out]);
  const { size: count, strides: [xStep, indexStep] } = walks[walks.length - 1];
  const rows = walks.slice(0, -1), pieces = Math.ceil(count / PIECE);
  const points = rows.reduce((n, w) => n * w.size, pieces);
  const block = new ArgumentBlock(engine, [
    ...[0, 0, 0, 0, size, x.layout.strides[dim] * bytes, count, pieces, PIECE, xStep, indexStep],
    ...walkWords(rows),
  ]);
  const kernel = kernels(engine, bytes as 1 | 2 | 4 | 8);
  const chunk = chunkOf(points, 30 + Math.min(count, PIECE) * (indexStep === 0 ? bytes * 0.1 : 1.5));
  const run = () => {
    const { words: args } = block;
    args[words.x] = addressOf(context, x);
    const at = addressOf(context, index);
    args[words.index] = at;
    args[words.out] = context.at[step.output];
    args[words.bad] = 0;
    runChunked(engine.pool, kernel, points, chunk, block.address);
    if (args[words.bad] !== 0) throwOutOfRange(engine.arena.views, at, index.layout, dim, size);
  };
  return withEpilogue(runner(run, block), epilogue);
};

const copies = {
  1: (to: Expr<"i32">, from: Expr<"i32">) => i32.store8(to, i32.load8U(from)),
  2: (to: Expr<"i32">, from: Expr<"i32">) => i32.store16(to, i32.load16U(from)),
  4: (to: Expr<"i32">, from: Expr<"i32">) => i32.store(to, i32.load(from)),
  8: (to: Expr<"i32">, from: Expr<"i32">) => i64.store(to, i64.load(from)),
} as const;

/** (start, end, args, scratch): pieces of rows, for elements of a size. */
function gatherModule(bytes: 1 | 2 | 4 | 8): Uint8Array<ArrayBuffer> {
  const copy = copies[bytes];
  const module = new ModuleBuilder(sharedMemory);
  module.func("gather", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args) => {
    const word = (name: keyof typeof words) => f.keep(i32.load(args, 4 * words[name]));
    const size = word("size"), step = word("step"), count = word("count");
    const pieces = word("pieces"),
      piece = word("piece"),
      xStep = word("xStep"),
      indexStep = word("indexStep");
    const x = f.local("i32"), index = f.local("i32"), out = f.local("i32"), left = f.local("i32");
    const skip = f.local("i32"), value = f.local("i64"), from = f.local("i32");
    /** Reads an index; what it names is then at `from`. */
    const checked = (inside: () => void) => {
      f.set(value, i64.load(index));
      f.if(i64.geU(value, i64.extendI32U(size)), () => f.do(i32.store(args, 1, 4 * words.bad)), () => {
        f.set(from, i32.add(x, i32.mul(i32.wrapI64(value), step)));
        inside();
      });
    };
    const elements = () =>
      f.while(() => i32.gtS(left, 0), () => {
        f.do(copy(out, from));
        f.increase(from, xStep);
        f.increase(out, bytes);
        f.increase(left, -1);
      });
    f.while(() => i32.ltS(start, end), () => {
      f.set(x, i32.load(args, 4 * words.x));
      f.set(index, i32.load(args, 4 * words.index));
      f.set(out, i32.load(args, 4 * words.out));
      locateRow(f, i32.add(args, 4 * words.walk), i32.divU(start, pieces), [x, index, out]);
      f.set(skip, i32.mul(i32.remU(start, pieces), piece));
      f.increase(x, i32.mul(skip, xStep));
      f.increase(index, i32.mul(skip, indexStep));
      f.increase(out, i32.mul(skip, bytes));
      f.set(left, i32.sub(count, skip));
      f.if(i32.gtS(left, piece), () => f.set(left, piece));
      f.if(indexStep, () =>
        f.while(() => i32.gtS(left, 0), () => {
          checked(() => f.do(copy(out, from)));
          f.increase(x, xStep);
          f.increase(index, indexStep);
          f.increase(out, bytes);
          f.increase(left, -1);
        }), () =>
        checked(() => {
          f.if(i32.eq(xStep, bytes), () =>
            f.while(() => i32.geS(left, 16 / bytes), () => {
              f.do(v128.store(out, v128.load(from)));
              f.increase(from, 16);
              f.increase(out, 16);
              f.increase(left, -16 / bytes);
            }));
          elements();
        }));
      f.increase(start, 1);
    });
  });
  return module.encode();
}
