/**
 * The compiler from loop kernels to WebAssembly SIMD: decides the form of a kernel and puts its module together. shape.ts and sweeps.ts plan, ranges.ts,
 * pieces.ts and tiles.ts are the forms, block.ts is what they have in common.
 *
 * @module
 */
import { type LoopKernel, stagesOf } from "../../../kernel/ir.ts";
import { sizeOf } from "../../../shape.ts";
import { type MemoryImport, ModuleBuilder } from "../wasm/assembler.ts";
import type { Features } from "../wasm/features.ts";
import { type BlockContext, rowValues } from "./row.ts";
import { Gen, Helpers } from "./gen.ts";
import { isWide, repOf } from "./lanes.ts";
import type { LoopModule, Pass } from "./module.ts";
import { hasOrdered, isOrdered } from "./ordered.ts";
import { bytesOfPartials, cut, type Cutting, emitPass, unitsOf } from "./pieces.ts";
import { emitRange } from "./ranges.ts";
import { folds, foldsLanes, instrCost, type LoopShape, shapeOf } from "./shape.ts";
import { spread } from "./spread.ts";
import { Streams } from "./streams.ts";
import { isLoop, planSweeps, type Sweep } from "./sweeps.ts";
import { emitTiles, tiledLoop, tilesOf } from "./tiles.ts";
import { Values } from "./values.ts";

/** The memory that all kernels import. */
const memory: MemoryImport = { initial: 1, maximum: 65536, shared: true };
/** Accumulators that fit the machine's registers beside what is computed. */
const ACCUMULATORS = 8;
/** Nanoseconds that an instruction on a vector takes, roughly. */
const INSTRUCTION = 0.12;
/** Bytes of kept values that a thread may have: they should stay in its cache. */
const KEPT_BYTES = 1 << 17;
/** Estimated nanoseconds from which a reduction with few results is cut to pieces, and how many units of work make that pointless. */
const WORTH_CUTTING = 60_000, ENOUGH_UNITS = 16;
/** Instructions up to which code is repeated eight times for the order of a sum. */
const ORDERED_BODY = 24;
/** Nanoseconds that a piece should take, and how many pieces there are at most. */
const PIECE_TIME = 12_000, MOST_PIECES = 64;

/** Compiles a loop kernel for an engine with these features. */
export function compileLoop(kernel: LoopKernel, features: Features): LoopModule {
  const shape = shapeOf(kernel);
  const body = innermostCost(shape, planSweeps(shape, kernel, false));
  const two = losesOrder(shape, body) ? spread(kernel) : null;
  const module = new LoopModuleBuilder(kernel.inputs.length, features);
  if (two !== null) {
    const passes = [two.first, two.second].map((part) => addPass(module, part, shapeOf(part)));
    return {
      bytes: module.encode(),
      passes: passes.map(({ pass }) => pass),
      rowMajor: false,
      scratchBytes: Math.max(...passes.map(({ scratchBytes }) => scratchBytes)),
      workspaceBytes: two.workspaceBytes,
    };
  }
  const unroll = chooseUnroll(kernel, shape, body), unit = unitCost(shape, body);
  const units = unitsOf(shape, unroll);
  if (folds(kernel) && units < ENOUGH_UNITS && units * unit * unitPoints(shape, unroll) > WORTH_CUTTING) {
    return compilePieces(kernel, shape, features, unit);
  }
  const { pass, rowMajor, scratchBytes } = addPass(module, kernel, shape);
  return { bytes: module.encode(), passes: [pass], rowMajor, scratchBytes, workspaceBytes: 0 };
}

/** Whether a sum that PyTorch takes over one run would not be summed in its order. */
function losesOrder(shape: LoopShape, body: number): boolean {
  const { code, extents, outer } = shape, count = sizeOf(extents.slice(outer));
  if (count < 8 || (!foldsLanes(shape) && sizeOf(extents.slice(0, outer)) > 1)) return false;
  return code.some((instr, i) =>
    instr.op === "reduce" && instr.combiner === "sum" && instr.dtype === "float32" &&
    (!foldsLanes(shape) || !isOrdered(shape, i) || body > ORDERED_BODY)
  );
}

/** Adds the function of a kernel that is one pass. */
function addPass(
  module: LoopModuleBuilder,
  kernel: LoopKernel,
  shape: LoopShape,
): { pass: Pass; rowMajor: boolean; scratchBytes: number } {
  const body = innermostCost(shape, planSweeps(shape, kernel, false));
  const unroll = chooseUnroll(kernel, shape, body);
  const kept = keepValues(kernel, shape, unroll);
  const tiled = tiledLoop(kernel, shape);
  const points = sizeOf(shape.extents.slice(0, shape.outer)),
    tiles = tiled < 0 ? points : tilesOf(shape, tiled);
  const n = shape.extents[shape.axis];
  const rows = !foldsLanes(shape) && points > n && n < 1024 ? n : foldsLanes(shape) ? 1 : 4 * unroll;
  const ordered = hasOrdered(shape) && body <= ORDERED_BODY;
  module.function(shape, kept.sweeps, unroll, kept.places, (context, start, end) => {
    if (tiled < 0) emitRange({ ...context, piece: null, ordered }, start, end);
    else emitTiles({ ...context, piece: null }, tiled, start, end);
  });
  return {
    pass: { points: tiles, grain: tiled < 0 ? rows : 1, cost: unitCost(shape, body) * points / tiles },
    rowMajor: shape.rowMajor && tiled < 0,
    scratchBytes: kept.bytes,
  };
}

/** A reduction to few values, as passes over pieces. */
function compilePieces(kernel: LoopKernel, shape: LoopShape, features: Features, unit: number): LoopModule {
  const sweeps = planSweeps(shape, kernel, false), n = shape.extents[shape.axis];
  const wanted = chooseUnroll(kernel, shape, innermostCost(shape, sweeps));
  // Blocks of independent points must divide the row.
  const unroll = foldsLanes(shape) ? wanted : [4, 2, 1].find((u) => u <= wanted && n % (4 * u) === 0) ?? 1;
  const units = unitsOf(shape, unroll);
  const total = unit * sizeOf(shape.extents.slice(0, shape.outer));
  const count = Math.ceil(Math.min(MOST_PIECES / units, total / units / PIECE_TIME));
  const cutting: Cutting = {
    pieces: cut(shape, Math.max(1, count), unroll),
    units,
    partials: new Map(),
    entry: kernel.inputs.length + kernel.outputs.length,
  };
  const module = new LoopModuleBuilder(kernel.inputs.length, features);
  const passes: Pass[] = [];
  const add = (pass: number, points: number, cost: number) => {
    module.function(shape, sweeps, unroll, new Map(), (context, start, end) => {
      emitPass(context, cutting, pass, start, end);
    });
    passes.push({ points, grain: 1, cost });
  };
  const pieces = units * cutting.pieces.count, loops = sweeps.filter(isLoop).length;
  sweeps.forEach((sweep, i) => {
    if (isLoop(sweep)) add(i, pieces, total / pieces / loops);
  });
  if (sweeps.some((s) => s.after.length > 0)) add(sweeps.length, units, 10 * cutting.pieces.count);
  return {
    bytes: module.encode(),
    passes,
    rowMajor: false,
    scratchBytes: 0,
    workspaceBytes: bytesOfPartials(cutting),
  };
}

/** Instructions of the innermost code for one vector of points. */
function innermostCost(shape: LoopShape, sweeps: readonly Sweep[]): number {
  const { code, axis } = shape;
  const cost = (list: readonly number[]) => list.reduce((sum, i) => sum + instrCost(code[i], code, axis), 0);
  const work = sweeps.filter(isLoop);
  if (work.length === 0) return sweeps.reduce((sum, s) => sum + cost(s.before) + cost(s.after), 0);
  return work.reduce((sum, s) => sum + cost(s.each) + cost(s.folds) + cost(s.stores), 0) / work.length;
}

/** Nanoseconds for one independent point. */
function unitCost(shape: LoopShape, body: number): number {
  const { code, extents, outer, axis } = shape;
  const inner = sizeOf(extents.slice(outer)),
    sweeps = code.filter((i) => i.op === "reduce").length > 0 ? 2 : 1;
  const n = extents[axis], filled = n / (4 * Math.ceil(n / 4));
  return INSTRUCTION * (body + 1) / 4 / Math.max(0.25, filled) * Math.max(1, inner) * sweeps + 1;
}

function unitPoints(shape: LoopShape, unroll: number): number {
  return foldsLanes(shape) ? 1 : Math.min(4 * unroll, shape.extents[shape.axis]);
}

/** Vectors side by side: enough to keep the machine busy where the code is short, and none where the loop is too short for it to matter. */
function chooseUnroll(kernel: LoopKernel, shape: LoopShape, body: number): number {
  const n = shape.extents[shape.axis];
  // A block of columns that fold takes whole cache lines, however short the rows.
  const columns = folds(kernel) && !foldsLanes(shape);
  const most = columns
    ? (body <= 40 ? 4 : 2)
    : foldsLanes(shape)
    ? (body <= 4 ? 8 : body <= 10 ? 2 : 1)
    : (body <= 5 ? 4 : body <= 12 ? 2 : 1);
  const room = Math.min(most, Math.floor(ACCUMULATORS / Math.max(1, accumulators(kernel))));
  let unroll = 1;
  while (2 * unroll <= room && (columns ? 8 : 32) * unroll <= n) unroll *= 2;
  return unroll;
}

/** Vectors that running folds need for one vector of values, in the stage that folds most. */
function accumulators(kernel: LoopKernel): number {
  const stages = stagesOf(kernel), needed: number[] = [];
  kernel.code.forEach((instr, i) => {
    if (instr.op !== "reduce") return;
    const wide = isWide(repOf(instr.dtype)) ? 2 : 1, vectors = instr.combiner === "sum" ? 1 : 2;
    needed[stages[i]] = (needed[stages[i]] ?? 0) + wide * vectors;
  });
  return needed.reduce((a, b) => Math.max(a, b), 0);
}

/** The sweeps, with the values that are kept between them and their places in the scratch memory. */
function keepValues(kernel: LoopKernel, shape: LoopShape, unroll: number) {
  const sweeps = planSweeps(shape, kernel, true), places = new Map<number, number>();
  const inner = shape.extents.slice(shape.outer);
  const vectors = foldsLanes(shape)
    ? sizeOf(inner.slice(0, -1)) * Math.ceil(inner[inner.length - 1] / 4)
    : sizeOf(inner) * unroll;
  let bytes = 0;
  for (const i of sweeps.flatMap((s) => s.keep)) {
    places.set(i, bytes);
    bytes += vectors * (isWide(repOf(shape.code[i].dtype)) ? 32 : 16);
  }
  if (bytes <= KEPT_BYTES) return { sweeps, places, bytes };
  return { sweeps: planSweeps(shape, kernel, false), places: new Map<number, number>(), bytes: 0 };
}

/** Functions of one module, exported in the order they are made. */
class LoopModuleBuilder {
  readonly #module = new ModuleBuilder(memory);
  readonly #helpers = new Helpers(this.#module);
  #functions = 0;

  constructor(
    /** Inputs of the kernel, after which its outputs come in the argument table. */
    private readonly inputs: number,
    private readonly features: Features,
  ) {}

  function(
    shape: LoopShape,
    sweeps: readonly Sweep[],
    unroll: number,
    places: ReadonlyMap<number, number>,
    emit: (
      context: Omit<BlockContext, "piece">,
      start: BlockContext["scratch"],
      end: BlockContext["scratch"],
    ) => void,
  ): void {
    this.#module.func(
      `f${this.#functions++}`,
      ["i32", "i32", "i32", "i32"],
      "void",
      (f, start, end, args, scratch) => {
        const g = new Gen(f, this.#helpers, this.features, f.section());
        const streams = new Streams(f, this.#helpers, shape, args, this.inputs);
        streams.some(shape.code);
        const values = new Values(g, shape, streams, shape.axis, 4);
        emit(
          { g, shape, sweeps, streams, values, rowValues: rowValues(shape, sweeps), unroll, scratch, places },
          start,
          end,
        );
      },
    );
  }

  encode(): Uint8Array<ArrayBuffer> {
    return this.#module.encode();
  }
}
