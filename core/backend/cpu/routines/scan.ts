/**
 * Scan: inclusive folds along the last dimension. A row is cut into blocks of fixed length: the blocks are folded, their folds are scanned, and each block is then scanned
 * from what came before it. Sums and products of floats run in float64, as PyTorch's do.
 *
 * @module
 */
import { bytesOf, type DType, isFloat } from "../../../dtype.ts";
import type { ScanCombiner } from "../../../kernel/plan.ts";
import { isContiguous } from "../../../layout.ts";
import { sizeOf } from "../../../shape.ts";
import { chunkOf, runChunked } from "../chunks.ts";
import type { Engine } from "../engine.ts";
import { castLanes } from "../loop/cast.ts";
import { type Combining, combining, type Next, type State } from "../loop/combine.ts";
import { Gen, Helpers, type Vec } from "../loop/gen.ts";
import { loadLanes, type Parts, storeLanes } from "../loop/lanes.ts";
import { LoopCall } from "../loops.ts";
import type { PoolKernel } from "../pool.ts";
import { type Func, type Local, ModuleBuilder } from "../wasm/assembler.ts";
import type { Features } from "../wasm/features.ts";
import type { Expr } from "../wasm/expr.ts";
import { f64x2, i32, i8x16, v128 } from "../wasm/opcodes.ts";
import { ArgumentBlock, engineCache } from "./arguments.ts";
import { sharedMemory } from "./lane_ops.ts";
import {
  addressOf,
  copyKernel,
  type RoutineMaker,
  runLoop,
  runner,
  withEpilogue,
  Workspace,
} from "./routine.ts";

/** Places in the argument block. */
const words = { x: 0, out: 1, states: 2, length: 3, blocks: 4, block: 5 } as const;

/** Elements of a block, and of a row that is not cut. */
const BLOCK = 8192;
/** Bytes that the state of a fold takes at most. */
const STATE = 64;

const kernels = engineCache((engine: Engine, key: `${DType} ${ScanCombiner} ${boolean}`): PoolKernel[] => {
  const [dtype, combiner, reverse] = key.split(" ") as [DType, ScanCombiner, string];
  return engine.pool.load(scanModule(dtype, combiner, reverse === "true", engine.features));
});

/** x [..., n] -> [..., n]. */
export const scan: RoutineMaker<"scan"> = (context, step, epilogue) => {
  const { engine } = context, [x] = step.inputs, { combiner, reverse } = step.attrs;
  const { dtype } = x, bytes = bytesOf(dtype), shape = step.outputShape;
  const length = shape[shape.length - 1] ?? 1, rows = sizeOf(shape) / length;
  const space = new Workspace(context);
  const dense = isContiguous({ ...x.layout, offset: 0 });
  const copy = dense ? null : new LoopCall(engine, copyKernel(dtype, dtype, x.layout));
  const place = copy === null ? 0 : space.take(sizeOf(shape) * bytes);
  const blocks = Math.ceil(length / BLOCK);
  const states = blocks === 1 ? 0 : space.take(rows * blocks * STATE);
  const block = new ArgumentBlock(engine, [0, 0, 0, length, blocks, BLOCK]);
  const [scanBlocks, foldBlocks, scanFolds] = kernels(engine, `${dtype} ${combiner} ${reverse}`);
  const chunk = chunkOf(rows * blocks, 20 + Math.min(length, BLOCK));
  const run = () => {
    const { words: args } = block;
    args[words.x] = addressOf(context, x);
    if (copy !== null) {
      runLoop(copy, addressOf(context, x), space.at(place));
      args[words.x] = space.at(place);
    }
    args[words.out] = context.at[step.output];
    args[words.states] = blocks === 1 ? 0 : space.at(states);
    if (blocks > 1) {
      runChunked(engine.pool, foldBlocks, rows * blocks, chunk, block.address);
      scanFolds.fn(0, rows, block.address, 0);
    }
    runChunked(engine.pool, scanBlocks, rows * blocks, chunk, block.address);
  };
  return withEpilogue(runner(run, block, ...(copy === null ? [] : [copy])), epilogue);
};

/** How a scan folds: as a reduction does, but sums of narrow floats run in float64. */
function scanning(combiner: ScanCombiner, dtype: DType): Combining {
  if (combiner !== "sum" || !isFloat(dtype) || dtype === "float64") return combining(combiner, dtype, dtype);
  const add = (a: Parts, b: Parts) => [a.map((v, i) => f64x2.add(v, b[i]))];
  return {
    identity: (g) => [[g.dc(0), g.dc(0)]],
    step: (g, [acc], x) => add(acc, castLanes(g, x, dtype, "float64")),
    merge: (_, [a], [b]) => add(a, b),
    result: (g, [acc]) => castLanes(g, acc, "float64", dtype),
  };
}

/** A fold in local variables. */
class Running {
  readonly state: State;
  constructor(private readonly f: Func, private readonly g: Gen, private readonly fold: Combining) {
    this.state = fold.identity(g).map((parts) => parts.map((v) => f.keep<"v128">(v)));
  }

  set(next: Next): void {
    // All are computed before any is set: they may depend on each other.
    const values = next.map((parts) => parts.map((v) => this.f.keep(v)));
    this.state.forEach((parts, i) => parts.forEach((v, j) => this.f.set(v, values[i][j])));
  }

  reset(): void {
    this.set(this.fold.identity(this.g));
  }

  load(address: Local<"i32">): void {
    let at = 0;
    this.set(this.state.map((parts) => parts.map(() => v128.load(address, 16 * at++))));
  }

  store(address: Local<"i32">): void {
    this.state.flat().forEach((v, i) => this.f.do(v128.store(address, v, 16 * i)));
  }
}

/** Sums in float64 of four elements at a time: the sums of the four are made apart, so that only one addition waits for the four before. */
class FourSums {
  constructor(private readonly f: Func, private readonly g: Gen, private readonly run: Running) {}

  #halves(a: Vec, b: Vec, lanes: readonly [number, number]): Expr<"v128"> {
    return i8x16.shuffle(
      a,
      b,
      lanes.flatMap((lane) => [0, 1, 2, 3, 4, 5, 6, 7].map((byte) => 8 * lane + byte)),
    );
  }

  /** Goes on from the running sum while `step` gives the elements; `out` takes the sums that end with each of them. */
  scan(loop: (step: (x: Parts) => Parts) => void): void {
    const { f, g, run: { state: [[sum]] } } = this;
    f.set(sum, this.#halves(sum, sum, [0, 0]));
    loop(([a, b]) => {
      const zero = g.dc(0);
      const low = g.keep(f64x2.add(a, this.#halves(zero, a, [0, 2])));
      const rest = g.keep(f64x2.add(b, this.#halves(zero, b, [0, 2])));
      const high = g.keep(f64x2.add(rest, this.#halves(low, low, [1, 1])));
      const sums = [g.keep(f64x2.add(low, sum)), g.keep(f64x2.add(high, sum))];
      f.set(sum, f64x2.add(sum, this.#halves(high, high, [1, 1])));
      return sums;
    });
  }

  /** Adds the elements that `step` gives to the running sum. */
  fold(loop: (step: (x: Parts) => void) => void): void {
    const { f, g, run: { state: [[sum]] } } = this;
    const [low, high] = [f.keep<"v128">(g.dc(0)), f.keep<"v128">(g.dc(0))];
    loop(([a, b]) => {
      f.set(low, f64x2.add(low, a));
      f.set(high, f64x2.add(high, b));
    });
    const both = g.keep(f64x2.add(low, high));
    f.set(sum, f64x2.add(sum, f64x2.add(both, this.#halves(both, both, [1, 1]))));
  }
}

/** Kernels `scanBlocks` and `foldBlocks` over blocks, and `scanFolds` over rows: (start, end, args, scratch). */
function scanModule(
  dtype: DType,
  combiner: ScanCombiner,
  reverse: boolean,
  features: Features,
): Uint8Array<ArrayBuffer> {
  const fold = scanning(combiner, dtype), bytes = bytesOf(dtype), step = reverse ? -bytes : bytes;
  const module = new ModuleBuilder(sharedMemory), helpers = new Helpers(module);
  const four = ["i32", "i32", "i32", "i32"] as const;
  const define = (
    name: string,
    body: (f: Func, g: Gen, run: Running, start: Local<"i32">, args: Local<"i32">) => void,
  ) =>
    module.func(name, four, "void", (f, start, end, args) => {
      const g = new Gen(f, helpers, features, f.section()), run = new Running(f, g, fold);
      f.while(() => i32.ltS(start, end), () => {
        body(f, g, run, start, args);
        f.increase(start, 1);
      });
    });
  const blockKernel = (name: string, stores: boolean) =>
    define(name, (f, g, run, start, args) => {
      const word = (name: keyof typeof words) => f.keep(i32.load(args, 4 * words[name]));
      const length = word("length"), blocks = word("blocks"), block = word("block");
      const states = word("states"), x = word("x"), out = word("out");
      const state = f.keep(i32.add(states, i32.mul(start, STATE)));
      const first = f.keep(i32.mul(i32.remU(start, blocks), block));
      const left = f.keep(i32.sub(length, first));
      f.if(i32.gtS(left, block), () => f.set(left, block));
      // In reverse, a row begins at its end.
      const at = f.keep(i32.mul(i32.mul(i32.divU(start, blocks), length), bytes));
      f.increase(at, i32.mul(first, step));
      if (reverse) f.increase(at, i32.mul(i32.sub(length, 1), bytes));
      f.increase(x, at);
      f.increase(out, at);
      if (stores) f.if(states, () => run.load(state), () => run.reset());
      else run.reset();
      const place = (address: Local<"i32">, lanes: 1 | 4) => ({
        address,
        offset: 0,
        stride: reverse ? -1 : 1,
        lanes,
      });
      const move = (n: number) => {
        f.increase(x, n * step);
        if (stores) f.increase(out, n * step);
        f.increase(left, -n);
      };
      if (combiner === "sum" && isFloat(dtype)) {
        const sums = new FourSums(f, g, run);
        const wide = () => castLanes(g, loadLanes(g, dtype, place(x, 4)), dtype, "float64");
        const loop = (body: () => void) =>
          f.while(() => i32.geS(left, 4), () => {
            body();
            move(4);
          });
        if (stores) {
          sums.scan((next) =>
            loop(() => storeLanes(g, dtype, castLanes(g, next(wide()), "float64", dtype), place(out, 4)))
          );
        } else sums.fold((next) => loop(() => next(wide())));
      }
      f.while(() => i32.gtS(left, 0), () => {
        run.set(fold.step(g, run.state, loadLanes(g, dtype, place(x, 1)), null, null));
        if (stores) storeLanes(g, dtype, fold.result(g, run.state), place(out, 1));
        move(1);
      });
      if (!stores) run.store(state);
    });
  blockKernel("scanBlocks", true);
  blockKernel("foldBlocks", false);
  define("scanFolds", (f, g, run, start, args) => {
    const blocks = f.keep(i32.load(args, 4 * words.blocks)), left = f.keep<"i32">(blocks);
    const state = f.keep(i32.add(i32.load(args, 4 * words.states), i32.mul(i32.mul(start, blocks), STATE)));
    run.reset();
    const own = new Running(f, g, fold);
    f.while(() => i32.gtS(left, 0), () => {
      own.load(state);
      run.store(state);
      run.set(fold.merge(g, run.state, own.state));
      f.increase(state, STATE);
      f.increase(left, -1);
    });
  });
  return module.encode();
}
