/**
 * The folds of reductions in WGSL: accumulators, what they start with, and how two values become one.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import { type LoopKernel, type ReduceInstr, stagesOf } from "../../../kernel/ir.ts";
import { identityOf } from "../loops/split.ts";
import { literal, narrowed, registerType } from "./scalar.ts";

/** A reduction: its place in the code of its kernel, and the dtype of what it folds. */
export interface Reduction {
  readonly i: number;
  readonly instr: ReduceInstr;
  readonly argType: DType;
}

/** The reductions of a kernel that are folded in sweep 0, in sweep 1 ... */
export function reductionsOf(kernel: LoopKernel): Reduction[][] {
  const { code } = kernel, stages = stagesOf(kernel), sweeps: Reduction[][] = [];
  code.forEach((instr, i) => {
    if (instr.op === "reduce") (sweeps[stages[i]] ??= []).push({ i, instr, argType: code[instr.arg].dtype });
  });
  return Array.from(sweeps, (list) => list ?? []);
}

/** The variable of a reduction. That of an arg-reduction has another beside it, with `_at` after the name, for the index. */
export const accumulator = (r: Reduction): string => `acc${r.i}`;

/** Arg-reductions fold values of the argument's type; others fold in their own. */
export const foldType = (r: Reduction): DType =>
  r.instr.combiner.startsWith("arg") ? r.argType : r.instr.dtype;

/** An argument in the type that the fold works in. */
export function promoted(r: Reduction, text: string): string {
  const from = registerType(r.argType), to = registerType(foldType(r));
  if (from === to) return text;
  return from === "bool" ? `select(${to}(0), ${to}(1), ${text})` : `${to}(${text})`;
}

export function declareAccumulator(r: Reduction, name: string): string[] {
  const type = foldType(r);
  const value = identityOf(r.instr.combiner, type);
  const lines = [`var ${name}: ${registerType(type)} = ${literal(type, value)};`];
  if (r.instr.combiner.startsWith("arg")) lines.push(`var ${name}_at = 2147483647;`);
  return lines;
}

/** Two values of a fold that is not an arg-reduction, folded. */
export function merged(r: Reduction, a: string, b: string): string {
  const kind = kindOf(r.instr.dtype);
  switch (r.instr.combiner) {
    case "sum":
      return kind === "bool" ? `(${a} || ${b})` : `(${a} + ${b})`;
    case "prod":
      return kind === "bool" ? `(${a} && ${b})` : `(${a} * ${b})`;
    case "max":
      return kind === "bool"
        ? `(${a} || ${b})`
        : kind === "float"
        ? `max_float(${a}, ${b})`
        : `max(${a}, ${b})`;
    default:
      return kind === "bool"
        ? `(${a} && ${b})`
        : kind === "float"
        ? `min_float(${a}, ${b})`
        : `min(${a}, ${b})`;
  }
}

/** A statement that folds `from` into `into`. */
export function combineText(r: Reduction, into: string, from: string): string {
  if (!r.instr.combiner.startsWith("arg")) {
    return `${into} = ${narrowed(r.instr.dtype, merged(r, into, from))};`;
  }
  const kind = kindOf(r.argType);
  const greater = r.instr.combiner === "argmax";
  const wins = kind === "bool"
    ? (greater ? `(${from} && !${into})` : `(!${from} && ${into})`)
    : `(${from} ${greater ? ">" : "<"} ${into})`;
  const first = `${from}_at < ${into}_at`;
  // NaN beats every number; among equals, and among NaNs, the first wins.
  const better = kind === "float"
    ? `select(select(${wins}, ${first}, ${from} == ${into}) && !is_nan(${into}), !is_nan(${into}) || ${first}, is_nan(${from}))`
    : `(${wins} || (${from} == ${into} && ${first}))`;
  return `if (${better}) { ${into} = ${from}; ${into}_at = ${from}_at; }`;
}

export function resultText(r: Reduction): string {
  return r.instr.combiner.startsWith("arg") ? `${accumulator(r)}_at` : accumulator(r);
}
