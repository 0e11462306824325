/**
 * Scatter: elements merged into a copy of the base along one dimension, in row-major order. Work is dealt out by destination, so that no two threads meet and the order,
 * and with it the rounding, is always the same.
 *
 * @module
 */
import { bytesOf, type DType } from "../../../dtype.ts";
import type { ScatterMode } from "../../../kernel/plan.ts";
import { stridesOf } from "../../../shape.ts";
import { runChunked } from "../chunks.ts";
import type { Engine } from "../engine.ts";
import { applyLanes } from "../loop/apply.ts";
import { Gen, Helpers } from "../loop/gen.ts";
import { loadLanes, storeLanes } from "../loop/lanes.ts";
import { LoopCall } from "../loops.ts";
import type { PoolKernel } from "../pool.ts";
import { type Local, ModuleBuilder } from "../wasm/assembler.ts";
import type { Features } from "../wasm/features.ts";
import { i32, i64 } from "../wasm/opcodes.ts";
import { ArgumentBlock, engineCache } from "./arguments.ts";
import { sharedMemory } from "./lane_ops.ts";
import { throwOutOfRange } from "./index_check.ts";
import { addressOf, copyKernel, type RoutineMaker, runLoop, runner, withEpilogue } from "./routine.ts";
import { locateRow, walksOf, walkWords } from "./walk.ts";

/** Places in the argument block. The walk over rows follows. */
// deno-fmt-ignore
const words = {
  out: 0, index: 1, source: 2, bad: 3, size: 4, step: 5, count: 6, outStep: 7, indexStep: 8, sourceStep: 9,
  /** Part p takes the rows from p * rowStep on, `rows` of them, and the destinations from p * sizeStep on, `sizes` of them. */
  rowStep: 10, rows: 11, sizeStep: 12, sizes: 13, allRows: 14, walk: 15,
} as const;

/** Elements below which a scatter is one part, and the most parts there are. */
const WORTH_SPLITTING = 1 << 15, PARTS = 8;

const kernels = engineCache((engine: Engine, key: `${DType} ${ScatterMode}`): PoolKernel => {
  const [dtype, mode] = key.split(" ") as [DType, ScatterMode];
  return engine.pool.load(scatterModule(dtype, mode, engine.features))[0];
});

/** A copy of base, then out[i with i[dim] = index[i]] merged with source[i]. */
export const scatter: RoutineMaker<"scatter"> = (context, step, epilogue) => {
  const { engine } = context, [base, index, source] = step.inputs, { dim, mode } = step.attrs;
  const { dtype } = base, bytes = bytesOf(dtype), size = step.outputShape[dim];
  const copy = new LoopCall(engine, copyKernel(dtype, dtype, base.layout));
  const copyBase = () => runLoop(copy, addressOf(context, base), context.at[step.output]);
  const { shape } = index.layout;
  if (shape.includes(0)) return withEpilogue(runner(copyBase, copy), epilogue);
  const to = stridesOf(step.outputShape).map((s) => s * bytes);
  const walks = walksOf(shape, [
    to.map((s, d) => d === dim ? 0 : s),
    index.layout.strides.map((s) => s * 8),
    source.layout.strides.map((s) => s * bytes),
  ]);
  const { size: count, strides: [outStep, indexStep, sourceStep] } = walks[walks.length - 1];
  const rowWalks = walks.slice(0, -1), rows = rowWalks.reduce((n, w) => n * w.size, 1);
  // Rows of different outermost index meet only where that is an index along `dim`.
  const [outermost] = rowWalks, apart = outermost.strides[0] !== 0 && outermost.size > 1;
  const units = apart ? outermost.size : size;
  // Where every element has an index of its own, looking at all of them in each part would cost more than it saves.
  const single = rows * count < WORTH_SPLITTING || !(apart || indexStep === 0);
  const parts = single ? 1 : Math.min(PARTS, units);
  const unit = Math.ceil(units / parts), unitRows = unit * rows / outermost.size;
  const split = apart ? [unitRows, unitRows, 0, size] : [0, rows, unit, unit];
  const block = new ArgumentBlock(engine, [
    ...[0, 0, 0, 0, size, to[dim], count, outStep, indexStep, sourceStep],
    ...[...split, rows],
    ...walkWords(rowWalks),
  ]);
  const kernel = kernels(engine, `${dtype} ${mode}`);
  const run = () => {
    copyBase();
    const { words: args } = block, at = addressOf(context, index);
    args[words.out] = context.at[step.output];
    args[words.index] = at;
    args[words.source] = addressOf(context, source);
    args[words.bad] = 0;
    runChunked(engine.pool, kernel, parts, 1, block.address);
    if (args[words.bad] !== 0) throwOutOfRange(engine.arena.views, at, index.layout, dim, size);
  };
  return withEpilogue(runner(run, block, copy), epilogue);
};

/** (start, end, args, scratch): parts of a scatter. */
function scatterModule(dtype: DType, mode: ScatterMode, features: Features): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(dtype);
  const module = new ModuleBuilder(sharedMemory);
  module.func("scatter", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args) => {
    const g = new Gen(f, new Helpers(module), features, f.section());
    const word = (name: keyof typeof words) => f.keep(i32.load(args, 4 * words[name]));
    const size = word("size"), step = word("step"), count = word("count"), allRows = word("allRows");
    const outStep = word("outStep"), indexStep = word("indexStep"), sourceStep = word("sourceStep");
    const out = f.local("i32"), index = f.local("i32"), source = f.local("i32"), left = f.local("i32");
    const row = f.local("i32"), lastRow = f.local("i32"), low = f.local("i32"), value = f.local("i64");
    const to = f.local("i32");
    const contiguous = f.keep(i32.and(i32.eq(outStep, bytes), i32.eq(sourceStep, bytes)));
    const merge = (lanes: 1 | 4) => {
      const place = (address: Local<"i32">) => ({ address, offset: 0, stride: 1, lanes });
      const added = loadLanes(g, dtype, place(source));
      if (mode === "set") return storeLanes(g, dtype, added, place(to));
      const operands = [loadLanes(g, dtype, place(to)), added].map((parts) => ({
        parts,
        dtype,
        literal: null,
      }));
      storeLanes(g, dtype, applyLanes(g, mode, dtype, operands), place(to));
    };
    /** Reads an index; if its destination is this part's, that is then at `to`. */
    const checked = (mine: () => void) => {
      f.set(value, i64.load(index));
      f.if(
        i64.geU(value, i64.extendI32U(size)),
        () => f.do(i32.store(args, 1, 4 * words.bad)),
        () =>
          f.if(i32.ltU(i32.sub(i32.wrapI64(value), low), i32.load(args, 4 * words.sizes)), () => {
            f.set(to, i32.add(out, i32.mul(i32.wrapI64(value), step)));
            mine();
          }),
      );
    };
    f.while(() => i32.ltS(start, end), () => {
      f.set(low, i32.mul(start, i32.load(args, 4 * words.sizeStep)));
      f.set(row, i32.mul(start, i32.load(args, 4 * words.rowStep)));
      f.set(lastRow, i32.add(row, i32.load(args, 4 * words.rows)));
      f.if(i32.gtS(lastRow, allRows), () => f.set(lastRow, allRows));
      f.while(() => i32.ltS(row, lastRow), () => {
        f.set(out, i32.load(args, 4 * words.out));
        f.set(index, i32.load(args, 4 * words.index));
        f.set(source, i32.load(args, 4 * words.source));
        locateRow(f, i32.add(args, 4 * words.walk), row, [out, index, source]);
        f.set(left, count);
        f.if(indexStep, () =>
          f.while(() => i32.gtS(left, 0), () => {
            checked(() => merge(1));
            f.increase(out, outStep);
            f.increase(index, indexStep);
            f.increase(source, sourceStep);
            f.increase(left, -1);
          }), () =>
          checked(() => {
            const move = (n: number, outBy: number | Local<"i32">, sourceBy: number | Local<"i32">) => {
              f.increase(to, outBy);
              f.increase(source, sourceBy);
              f.increase(left, -n);
            };
            f.if(contiguous, () =>
              f.while(() => i32.geS(left, 4), () => {
                merge(4);
                move(4, 4 * bytes, 4 * bytes);
              }));
            f.while(() => i32.gtS(left, 0), () => {
              merge(1);
              move(1, outStep, sourceStep);
            });
          }));
        f.increase(row, 1);
      });
      f.increase(start, 1);
    });
  });
  return module.encode();
}
