/**
 * The kernel IR: one loop nest with scalar code in SSA form. This is all a backend needs to lower: elementwise chains
 * with views, reductions with prologue and epilogue, and row programs such as softmax or layer norm.
 *
 * A kernel runs its code once per point of the *outer* space (points are independent: any order, any thread). Code at
 * level "inner" runs for each point of the *inner* space below that. A `reduce` folds an inner value over the whole
 * inner space into an outer value. So softmax over rows is: outer [rows], inner [columns];
 * x = load; m = reduce max x; e = exp(x - m); s = reduce sum e; store e / s.
 *
 * The `stage` of a value tells in which sweep over the inner space it is known (see `stagesOf`): values of stage 0 need
 * no reduction, a reduce of a stage-k value is known from stage k + 1 on. A backend sweeps the inner space once per stage that
 * reduces or stores, computing inner values again (or keeping them) as it likes.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import type { ScalarFn } from "./scalar.ts";

/** `offset + sum(strides[d] * i[d])` over the loop indices: outer dimensions first, then inner ones. */
export interface Affine {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Holds where `low <= at < high`. */
export interface Guard {
  readonly at: Affine;
  readonly low: number;
  readonly high: number;
}

/** How a reduction folds. `argmax`/`argmin` give the linear inner index (row-major) of the first extreme; NaN is extreme. */
export type Combiner = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** Whether a value is one per outer point or one per inner point. */
export type Level = "outer" | "inner";

interface InstrBase {
  readonly dtype: DType;
  readonly level: Level;
}

/** A literal. bigint for int64 only. bool literals are 0 and 1. */
export interface ConstInstr extends InstrBase {
  readonly op: "const";
  readonly value: number | bigint;
}

/** The value of an affine function of the loop indices, as int64 or int32. */
export interface IndexInstr extends InstrBase {
  readonly op: "index";
  readonly at: Affine;
}

/** bool: whether all guards hold. */
export interface InsideInstr extends InstrBase {
  readonly op: "inside";
  readonly guards: readonly Guard[];
}

/** An element of input buffer `input`; where a guard fails nothing is read and the value is zero. */
export interface LoadInstr extends InstrBase {
  readonly op: "load";
  readonly input: number;
  readonly at: Affine;
  readonly guards: readonly Guard[];
}

/** A scalar function of earlier values; `args` are indices into the kernel's code. */
export interface ApplyInstr extends InstrBase {
  readonly op: "apply";
  readonly fn: ScalarFn;
  readonly args: readonly number[];
}

/** A conversion, by the rules of `writeElement` in dtype.ts. */
export interface CastInstr extends InstrBase {
  readonly op: "cast";
  readonly arg: number;
}

/**
 * Folds `arg` over the inner space. The fold works in `dtype`, which for sums of float16/bfloat16 is float32. An empty inner
 * space gives the identity (sum 0, prod 1, max the lowest value, min the highest; arg-reductions never see one).
 * Float sums are blocked or pairwise, so that the error grows with log n, not n.
 */
export interface ReduceInstr extends InstrBase {
  readonly op: "reduce";
  readonly combiner: Combiner;
  readonly arg: number;
}

/**
 * Writes `arg` to output buffer `output`. `level` "inner" stores at every inner point (`arg` may be an outer value), "outer"
 * stores once per outer point. The dtype is the buffer's and equals the value's.
 */
export interface StoreInstr extends InstrBase {
  readonly op: "store";
  readonly output: number;
  readonly at: Affine;
  readonly arg: number;
}

/** One instruction; its index in `code` names its value. Operands come earlier. */
export type Instr =
  | ConstInstr
  | IndexInstr
  | InsideInstr
  | LoadInstr
  | ApplyInstr
  | CastInstr
  | ReduceInstr
  | StoreInstr;

/** A loop nest. No extent is zero, except that `inner` may be empty space when every inner value feeds a reduce. */
export interface LoopKernel {
  /** Extents of the independent loops. `[]` is a single point. */
  readonly outer: readonly number[];
  /** Extents of the folded loops. `[]` when nothing is at level "inner". */
  readonly inner: readonly number[];
  /** dtype of each input buffer. */
  readonly inputs: readonly DType[];
  /** dtype of each output buffer. */
  readonly outputs: readonly DType[];
  readonly code: readonly Instr[];
}

/** Indices of the instructions that `instr` reads. */
export function operandsOf(instr: Instr): readonly number[] {
  switch (instr.op) {
    case "apply":
      return instr.args;
    case "cast":
    case "reduce":
    case "store":
      return [instr.arg];
    default:
      return [];
  }
}

/**
 * The stage of each instruction: the number of reductions that must have finished before it is known. Equals the number of
 * sweeps over the inner space that precede it.
 */
export function stagesOf(kernel: LoopKernel): number[] {
  const stages: number[] = [];
  for (const instr of kernel.code) {
    let stage = 0;
    for (const arg of operandsOf(instr)) {
      stage = Math.max(stage, stages[arg] + (kernel.code[arg].op === "reduce" ? 1 : 0));
    }
    stages.push(stage);
  }
  return stages;
}

/** A canonical text of the kernel: the key under which compiled kernels are cached, and its readable form. */
export function kernelText(kernel: LoopKernel): string {
  const lines = [`loop [${kernel.outer}] x [${kernel.inner}] (${kernel.inputs}) -> (${kernel.outputs})`];
  kernel.code.forEach((instr, i) => lines.push(`  %${i} ${instrText(instr)}`));
  return lines.join("\n");
}

function instrText(instr: Instr): string {
  const head = `${instr.level === "inner" ? "| " : ""}${instr.dtype} ${instr.op}`;
  switch (instr.op) {
    case "const":
      return `${head} ${Object.is(instr.value, -0) ? "-0" : instr.value}`;
    case "index":
      return `${head} ${affineText(instr.at)}`;
    case "inside":
      return `${head} ${guardsText(instr.guards)}`;
    case "load":
      return `${head} in${instr.input}[${affineText(instr.at)}]${
        instr.guards.length > 0 ? ` if ${guardsText(instr.guards)}` : ""
      }`;
    case "apply":
      return `${head} ${instr.fn}(${instr.args.map((a) => `%${a}`).join(", ")})`;
    case "cast":
      return `${head} %${instr.arg}`;
    case "reduce":
      return `${head} ${instr.combiner} %${instr.arg}`;
    case "store":
      return `${head} out${instr.output}[${affineText(instr.at)}] = %${instr.arg}`;
  }
}

function affineText(at: Affine): string {
  return `${at.offset}+${at.strides.join(",")}`;
}

function guardsText(guards: readonly Guard[]): string {
  return guards.map((g) => `${g.low}<=${affineText(g.at)}<${g.high}`).join("&");
}
