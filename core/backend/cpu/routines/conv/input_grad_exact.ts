/**
 * The adjoint of a convolution in its input where a filter holds infinities or NaN: term by term. The other methods multiply filters with zeros around the gradient, which are no
 * terms of the sum; with numbers that changes nothing.
 *
 * @module
 */
import { bytesOf } from "../../../../dtype.ts";
import type { Affine, Guard, Instr, LoopKernel } from "../../../../kernel/ir.ts";
import type { ConvAttrs, RoutineStep } from "../../../../kernel/plan.ts";
import { sizeOf, stridesOf } from "../../../../shape.ts";
import type { Engine, StepContext, StepRunner } from "../../engine.ts";
import { LoopCall, type LoopRunner } from "../../loops.ts";
import { addressOf, runLoop, runner, Workspace, zeroKernel } from "../routine.ts";
import { computeType } from "../stage.ts";
import type { Phase } from "./windows.ts";

/** Products up to which the slow way is gone even where all filters are no numbers, as they are after a training that went wrong: then nearly all of the result is NaN. */
const SMALL = 1 << 20;

/** The runners of an adjoint, the first of which gives way to exact sums where a filter is not finite. `phases` are those that taps reach. */
export function exactWhere(
  context: StepContext,
  step: RoutineStep<"convInputGrad">,
  phases: readonly (readonly Phase[])[],
  [product, ...rest]: readonly StepRunner[],
  epilogue: LoopRunner | null,
): StepRunner[] {
  const { engine } = context, [grad, { dtype, layout }] = step.inputs, compute = computeType(dtype);
  const space = new Workspace(context), count = new LoopCall(engine, countKernel(step));
  const place = space.take(bytesOf(compute)), partials = space.take(count.workspaceBytes);
  const exact = new Exact(engine, step, phases), filters = sizeOf(layout.shape);
  const all = compute === "float64" ? filters : Math.fround(filters);
  const small = sizeOf(grad.layout.shape) * sizeOf(layout.shape.slice(1)) <= SMALL;
  const run = () => {
    const [g, w] = step.inputs.map((input) => addressOf(context, input)), at = space.at(place);
    runLoop(count, w, at, space.at(partials));
    const { f32, f64 } = engine.arena.views, found = compute === "float64" ? f64[at / 8] : f32[at / 4];
    if (found === 0 || (found === all && !small)) return product.run();
    exact.run(g, w, context.at[step.output]);
    // Where it is no runner of its own, the product has done its work.
    if (rest.length === 0) epilogue?.run();
  };
  return [runner(run, product, count, exact), ...rest];
}

/** Counts the elements of the filters that are not finite. */
function countKernel({ inputs: [, { dtype, layout }] }: RoutineStep<"convInputGrad">): LoopKernel {
  const compute = computeType(dtype), code: Instr[] = [];
  const push = (instr: Instr) => code.push(instr) - 1;
  const zero = push({ op: "const", dtype: compute, level: "outer", value: 0 });
  const from = { offset: 0, strides: [0, ...layout.strides] };
  const w = push({ op: "load", dtype, level: "inner", input: 0, at: from, guards: [] });
  const wide = dtype === compute ? w : push({ op: "cast", dtype: compute, level: "inner", arg: w });
  // Zero times such a one is NaN.
  const product = push({ op: "apply", dtype: compute, level: "inner", fn: "mul", args: [wide, zero] });
  const found = push({ op: "apply", dtype: "bool", level: "inner", fn: "ne", args: [product, zero] });
  const one = push({ op: "cast", dtype: compute, level: "inner", arg: found });
  const sum = push({ op: "reduce", dtype: compute, level: "outer", combiner: "sum", arg: one });
  const at = { offset: 0, strides: [0, ...layout.shape.map(() => 0)] };
  push({ op: "store", dtype: compute, level: "outer", output: 0, at, arg: sum });
  return { outer: [1], inner: layout.shape, inputs: [dtype], outputs: [compute], code };
}

/** The sums term by term, made ready when they are first needed. */
class Exact {
  readonly #engine: Engine;
  readonly #kernels: () => LoopKernel[];
  #calls: LoopCall[] | null = null;
  #partials = 0;
  #bytes = 0;

  constructor(engine: Engine, step: RoutineStep<"convInputGrad">, phases: readonly (readonly Phase[])[]) {
    this.#engine = engine;
    const { dtype } = step.inputs[1];
    this.#kernels =
      () => [zeroKernel(dtype, step.outputShape), ...phases.map((phase) => phaseKernel(step, phase))];
  }

  run(g: number, w: number, to: number): void {
    const engine = this.#engine;
    if (this.#calls === null) {
      this.#calls = this.#kernels().map((kernel) => new LoopCall(engine, kernel));
      this.#bytes = Math.max(...this.#calls.map((call) => call.workspaceBytes));
      if (this.#bytes > 0) this.#partials = engine.allocate(this.#bytes);
    }
    const [zeros, ...sums] = this.#calls;
    runLoop(zeros, to, this.#partials);
    for (const call of sums) runLoop(call, g, w, to, this.#partials);
  }

  dispose(): void {
    this.#calls?.forEach((call) => call.dispose());
    if (this.#bytes > 0) this.#engine.arena.release(this.#partials, this.#bytes);
  }
}

/** The sums at the positions of a phase: over the channels of g and the taps, where these meet an element of g. */
function phaseKernel(
  { attrs, inputs, outputShape }: RoutineStep<"convInputGrad">,
  phase: readonly Phase[],
): LoopKernel {
  const [g, w] = inputs, { dtype } = w, compute = computeType(dtype), { groups, stride } = attrs;
  const [gs, ws, to] = [g.layout.strides, w.layout.strides, stridesOf(outputShape)];
  const channels = w.layout.shape[1], depth = w.layout.shape[0] / groups;
  // Along each dimension, taps and the places that they meet are the same steps apart.
  const first = phase.map(({ taps }) => taps[0]);
  const steps = phase.map(({ taps: [a, b] }) =>
    b === undefined ? { tap: 0, shift: 0 } : { tap: b.tap - a.tap, shift: b.shift - a.shift }
  );
  const offset = (strides: readonly number[], of: (d: number) => number) =>
    strides.slice(2).reduce((sum, s, d) => sum + of(d) * s, 0);
  const spatial = (strides: readonly number[], of: (d: number) => number) =>
    strides.slice(2).map((s, d) => of(d) * s);
  const none = phase.map(() => 0);
  // The loops: images, groups, channels, positions; channels of g, taps.
  const atG: Affine = {
    offset: offset(gs, (d) => first[d].shift),
    strides: [gs[0], depth * gs[1], 0, ...gs.slice(2), gs[1], ...spatial(gs, (d) => steps[d].shift)],
  };
  const atW: Affine = {
    offset: offset(ws, (d) => first[d].tap),
    strides: [0, depth * ws[0], ws[1], ...none, ws[0], ...spatial(ws, (d) => steps[d].tap)],
  };
  const guards = g.layout.shape.slice(2).map((size, d): Guard => {
    const here = none.map((_, i) => i === d ? 1 : 0);
    const strides = [0, 0, 0, ...here, 0, ...here.map((one, i) => one * steps[i].shift)];
    return { at: { offset: first[d].shift, strides }, low: 0, high: size };
  });
  const code: Instr[] = [];
  const push = (instr: Instr) => code.push(instr) - 1;
  const load = (input: number, at: Affine, guards: readonly Guard[]) => {
    const arg = push({ op: "load", dtype, level: "inner", input, at, guards });
    return dtype === compute ? arg : push({ op: "cast", dtype: compute, level: "inner", arg });
  };
  const args = [load(0, atG, guards), load(1, atW, [])];
  const product = push({ op: "apply", dtype: compute, level: "inner", fn: "mul", args });
  const zero = push({ op: "const", dtype: compute, level: "outer", value: 0 });
  const inside = push({ op: "inside", dtype: "bool", level: "inner", guards });
  const term = push({
    op: "apply",
    dtype: compute,
    level: "inner",
    fn: "where",
    args: [inside, product, zero],
  });
  const sum = push({ op: "reduce", dtype: compute, level: "outer", combiner: "sum", arg: term });
  const result = dtype === compute ? sum : push({ op: "cast", dtype, level: "outer", arg: sum });
  const start = attrs.inputSize.map((_, d) => positionOf(phase[d], attrs, d));
  const at: Affine = {
    offset: offset(to, (d) => start[d]),
    strides: [to[0], channels * to[1], to[1], ...spatial(to, (d) => stride[d]), 0, ...none],
  };
  push({ op: "store", dtype, level: "outer", output: 0, at, arg: result });
  return {
    outer: [outputShape[0], groups, channels, ...phase.map(({ count }) => count)],
    inner: [depth, ...phase.map(({ taps }) => taps.length)],
    inputs: [dtype, dtype],
    outputs: [dtype],
    code,
  };
}

/** The first position of a phase. */
function positionOf(
  { taps: [{ tap, shift }] }: Phase,
  { stride, padLow, dilation }: ConvAttrs,
  d: number,
): number {
  return shift * stride[d] - padLow[d] + tap * dilation[d];
}
