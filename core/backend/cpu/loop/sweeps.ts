/**
 * The order in which a kernel does its work: which values belong to which sweep over the folded loops, and which of them are worth keeping from one sweep
 * to the next.
 *
 * @module
 */
import { type LoopKernel, operandsOf, stagesOf } from "../../../kernel/ir.ts";
import { instrCost, type LoopShape } from "./shape.ts";

/** Instructions that a value must cost for it to be kept in memory instead of being computed again. */
const WORTH_KEEPING = 12;

/** What one sweep does, as instruction numbers. Literals are in none of the lists. */
export interface Sweep {
  /** Values of the independent point that the sweep may use. */
  readonly before: readonly number[];
  /** Values at every point of the sweep. */
  readonly each: readonly number[];
  readonly folds: readonly number[];
  /** What is stored at every point. */
  readonly stores: readonly number[];
  /** What is stored once, after the sweep. */
  readonly after: readonly number[];
  /** Values that an earlier sweep kept for this one. */
  readonly kept: readonly number[];
  /** Values that this sweep is the first to compute and a later one wants. */
  readonly keep: readonly number[];
}

/** Whether the sweep goes over the folded loops at all. */
export function isLoop(sweep: Sweep): boolean {
  return sweep.folds.length + sweep.stores.length > 0;
}

/** Divides the code of a kernel into sweeps, with or without keeping values. */
export function planSweeps(shape: LoopShape, kernel: LoopKernel, keeping: boolean): Sweep[] {
  const { code, depends, extents, axis } = shape;
  const stages = stagesOf(kernel);
  const innermost = 1 << (extents.length - 1);
  const isInner = (i: number) =>
    code[i].level === "inner" && code[i].op !== "reduce" && code[i].op !== "const";
  const cost: number[] = [];
  code.forEach((instr, i) => {
    const own = (depends[i] & innermost) === 0 ? 0 : instrCost(instr, code, axis);
    cost.push(
      operandsOf(instr).reduce((sum, arg) => Math.min(1e6, sum + (isInner(arg) ? cost[arg] : 0)), own),
    );
  });
  /** The sweep that computes a value first. */
  const first = new Map<number, number>();
  const sweeps: { -readonly [K in keyof Sweep]: number[] }[] = [];
  const last = stages.reduce((a, b) => Math.max(a, b), 0);
  for (let stage = 0; stage <= last; stage++) {
    const wanted = new Set<number>();
    const sweep = {
      before: [],
      each: [],
      folds: [],
      stores: [],
      after: [],
      kept: [],
      keep: [],
    } as typeof sweeps[0];
    code.forEach((instr, i) => {
      if (stages[i] !== stage || instr.op === "const") return;
      if (instr.op === "reduce") {
        sweep.folds.push(i);
        wanted.add(instr.arg);
      } else if (instr.op === "store") {
        if (instr.level === "outer") return sweep.after.push(i);
        sweep.stores.push(i);
        wanted.add(instr.arg);
      } else if (instr.level === "outer") sweep.before.push(i);
    });
    // Operands come before what uses them, so one pass backwards finds all that is needed.
    for (let i = code.length - 1; i >= 0; i--) {
      if (!wanted.has(i) || !isInner(i)) continue;
      if (keeping && first.has(i) && cost[i] >= WORTH_KEEPING) {
        sweep.kept.push(i);
        continue;
      }
      sweep.each.push(i);
      for (const arg of operandsOf(code[i])) wanted.add(arg);
    }
    sweep.each.reverse();
    for (const i of sweep.each) if (!first.has(i)) first.set(i, stage);
    sweeps.push(sweep);
  }
  for (const i of new Set(sweeps.flatMap((s) => s.kept))) sweeps[first.get(i)!].keep.push(i);
  return sweeps;
}
