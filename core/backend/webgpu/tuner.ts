/**
 * Which tile is the fastest for large matrix products on this device: measured when the first product comes that is worth it, and remembered as long as the device.
 *
 * @module
 */
import type { DType } from "../../dtype.ts";
import { DeviceError } from "../../errors.ts";
import type { RoutineStep, Slot } from "../../kernel/plan.ts";
import { contiguous } from "../../layout.ts";
import { sizeOf } from "../../shape.ts";
import { Builder, type Tiles } from "./builder.ts";
import { type Machine, WebGpuExecutable } from "./executable.ts";
import { type Block, WebGpuBuffer } from "./memory.ts";
import type { Tile } from "./routines/gemm_job.ts";
import { largeTiles } from "./routines/gemm_tile.ts";
import { lowerMatmul } from "./routines/matmul.ts";
import { wordBytes, wordOf } from "./storage.ts";
import type { Target } from "./wgsl/emitter.ts";

/** Operations of a product from which measuring pays: a tenth of a second is spent once. */
const worthwhile = 2 ** 32;
/** Milliseconds that one measurement takes at least, so that the wait for its end counts little. */
const measured = 4;
const rounds = 2;
/** Rows and columns of the product that is measured. */
const size = 2048;

/** Measures tiles. */
export class Tuner implements Tiles {
  readonly #machine: Machine;
  readonly #target: Target;
  readonly #canWait: () => boolean;
  readonly #k: number;
  readonly #known = new Map<string, Tile>();

  /** Nothing is measured yet, nor ever where `canWait` says that the host cannot wait for the device. `k` is that of the product. */
  constructor(machine: Machine, target: Target, canWait: () => boolean, k = 256) {
    this.#machine = machine;
    this.#target = target;
    this.#canWait = canWait;
    this.#k = k;
  }

  large(types: readonly [DType, DType], operations: number): Tile {
    const key = types.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (operations < worthwhile || !this.#canWait()) return largeTiles[0];
    const tile = this.#fastest(types);
    this.#known.set(key, tile);
    return tile;
  }

  /** Measures the tiles. The usual one where the device has no memory to spare. */
  #fastest(types: readonly [DType, DType]): Tile {
    const { pool, gpu } = this.#machine;
    const { slots } = this.#product(types);
    const bytes = slots.map(({ dtype, count }) => count * wordBytes(wordOf(dtype, gpu.hasF16)));
    const blocks: Block[] = [], executables: WebGpuExecutable[] = [];
    try {
      for (const b of bytes) blocks.push(pool.take(b));
      const [a, b, out] = blocks.map((block, i) => new WebGpuBuffer(block, bytes[i]));
      const runs = largeTiles.map((tile) => {
        const executable = this.#executable(types, tile);
        executables.push(executable);
        return () => executable.run([a, b], [out]);
      });
      return largeTiles[this.#quickest(runs, out.block)];
    } catch (error) {
      if (error instanceof DeviceError && !gpu.faults.lost) return largeTiles[0];
      throw error;
    } finally {
      for (const executable of executables) executable.dispose();
      for (const block of blocks) pool.give(block);
    }
  }

  /** Which of the runs takes the least time, in turns. */
  #quickest(runs: readonly (() => void)[], out: Block): number {
    const time = (run: () => void, times: number): number => {
      const start = performance.now();
      for (let i = 0; i < times; i++) run();
      this.#machine.queue.read(out, 4);
      return performance.now() - start;
    };
    let times = 1;
    for (const run of runs) time(run, 1);
    while (time(runs[0], times) < measured) times *= 2;
    const best = runs.map(() => Infinity);
    for (let round = 0; round < rounds; round++) {
      runs.forEach((run, i) => best[i] = Math.min(best[i], time(run, times)));
    }
    return best.indexOf(Math.min(...best));
  }

  #executable(types: readonly [DType, DType], tile: Tile): WebGpuExecutable {
    const { gpu, pipelines } = this.#machine, plan = this.#product(types);
    const builder = new Builder(plan, gpu, this.#target, pipelines, { large: () => tile });
    lowerMatmul(builder, plan.steps[0]);
    return new WebGpuExecutable(this.#machine, builder.finish());
  }

  #product(
    types: readonly [DType, DType],
  ): { slots: readonly Slot[]; steps: readonly [RoutineStep<"matmul">] } {
    const shapes = [[size, this.#k], [this.#k, size], [size, size]];
    const dtypes = [...types, types[0]], inputs = [0, 1];
    const slots = dtypes.map((dtype, i): Slot => ({
      role: inputs.includes(i) ? "input" : "output",
      dtype,
      count: sizeOf(shapes[i]),
      first: inputs.includes(i) ? -1 : 0,
      last: 0,
      inPlaceOf: -1,
    }));
    const step: RoutineStep<"matmul"> = {
      kind: "routine",
      name: "matmul",
      attrs: {},
      inputs: inputs.map((slot) => ({ slot, dtype: dtypes[slot], layout: contiguous(shapes[slot]) })),
      output: 2,
      outputShape: shapes[2],
      label: "matmul",
      epilogue: null,
    };
    return { slots, steps: [step] };
  }
}
