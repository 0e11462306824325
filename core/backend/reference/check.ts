/**
 * Checks that kernels and plans keep the rules of the IR, so that a mistake of the graph shows as an error here and not as
 * wrong numbers on a fast backend.
 *
 * @module
 */
import type { DType } from "../../dtype.ts";
import { TenonError } from "../../errors.ts";
import {
  type Affine,
  type ApplyInstr,
  type Instr,
  type LoopKernel,
  operandsOf,
  stagesOf,
} from "../../kernel/ir.ts";
import type { LoopStep, Slot } from "../../kernel/plan.ts";
import { comparisonFns } from "../../kernel/scalar.ts";

/** Throws where a loop step breaks a rule. */
export function checkLoopStep(step: LoopStep, slots: readonly Slot[]): void {
  const { kernel } = step;
  kernel.code.forEach((instr, i) => {
    const problem = problemOf(kernel, instr, i);
    if (problem !== null) fail(step, `instruction ${i} (${instr.op}) ${problem}`);
  });
  if (kernel.outer.some((n) => n < 1)) fail(step, `has an empty outer space [${kernel.outer}]`);
  const pairs = [[kernel.inputs, step.inputs], [kernel.outputs, step.outputs]] as const;
  for (const [dtypes, places] of pairs) {
    if (dtypes.length !== places.length) {
      fail(step, `has ${dtypes.length} buffers but ${places.length} slots`);
    }
    places.forEach((slot, i) => {
      const { dtype } = slots[slot];
      if (dtype !== dtypes[i]) fail(step, `takes slot ${slot} of ${dtype} for ${dtypes[i]}`);
    });
  }
  step.outputs.forEach((slot, output) => {
    const input = step.inputs.findIndex((s) => slots[slot].inPlaceOf === s || slots[s].inPlaceOf === slot);
    if (input >= 0) checkInPlace(step, input, output);
  });
}

function fail(step: LoopStep, problem: string): never {
  throw new TenonError(`malformed kernel: ${step.label}: ${problem}`);
}

function problemOf(kernel: LoopKernel, instr: Instr, self: number): string | null {
  const { code } = kernel;
  for (const arg of operandsOf(instr)) {
    if (!(arg >= 0 && arg < self) || code[arg].op === "store") {
      return `reads %${arg}, which is no earlier value`;
    }
    if (instr.level === "outer" && instr.op !== "reduce" && code[arg].level === "inner") {
      return `is at level outer but reads %${arg} of level inner`;
    }
  }
  const affine = (at: Affine): string | null => {
    if (at.strides.length !== kernel.outer.length + kernel.inner.length) {
      return `has ${at.strides.length} strides for loops [${kernel.outer}] x [${kernel.inner}]`;
    }
    const fixed = instr.level === "outer" ? at.strides.slice(kernel.outer.length) : [];
    return fixed.some((s) => s !== 0) ? "is at level outer but moves with an inner loop" : null;
  };
  const must = (got: DType, want: DType, what: string) =>
    got === want ? null : `${what} is ${got}, not ${want}`;
  switch (instr.op) {
    case "const":
      return instr.dtype === "int64" || typeof instr.value === "number"
        ? null
        : "is a bigint of another dtype";
    case "index":
      return instr.dtype === "int32" || instr.dtype === "int64"
        ? affine(instr.at)
        : `has dtype ${instr.dtype}`;
    case "inside":
      return firstOf(...instr.guards.map((g) => affine(g.at)), must(instr.dtype, "bool", "the result"));
    case "load":
      return firstOf(
        affine(instr.at),
        ...instr.guards.map((g) => affine(g.at)),
        must(instr.dtype, kernel.inputs[instr.input], "the dtype"),
      );
    case "apply":
      return applyProblem(code, instr);
    case "cast":
      return null;
    case "reduce":
      return instr.level === "outer" ? null : "is at level inner";
    case "store":
      return firstOf(
        affine(instr.at),
        must(instr.dtype, kernel.outputs[instr.output], "the dtype"),
        must(code[instr.arg].dtype, instr.dtype, "the value"),
      );
  }
}

function applyProblem(code: readonly Instr[], { fn, dtype, args }: ApplyInstr): string | null {
  const operands = args.map((a) => code[a].dtype);
  if (fn === "where") {
    return operands[0] === "bool" && operands[1] === dtype && operands[2] === dtype
      ? null
      : `selects by ${operands[0]} among ${operands.slice(1)} for ${dtype}`;
  }
  if (comparisonFns.has(fn)) {
    return dtype === "bool" && operands[0] === operands[1] ? null : `compares ${operands} to ${dtype}`;
  }
  return operands.every((d) => d === dtype) ? null : `applies ${fn} to ${operands} for ${dtype}`;
}

function firstOf(...problems: (string | null)[]): string | null {
  return problems.find((p) => p !== null) ?? null;
}

/** An output that takes over an input's buffer may only be written where, and after, that input was read for the last time. */
function checkInPlace(step: LoopStep, input: number, output: number): void {
  const { code } = step.kernel;
  const stages = stagesOf(step.kernel);
  const store = code.findIndex((i) => i.op === "store" && i.output === output);
  const writing = code[store];
  if (writing.op !== "store") return;
  const tainted = new Set<number>();
  code.forEach((instr, i) => {
    if (instr.op === "load" && instr.input === input) {
      tainted.add(i);
      const same = instr.at.offset === writing.at.offset && instr.level === writing.level &&
        instr.at.strides.every((s, d) => s === writing.at.strides[d]);
      if (!same) fail(step, `is in place but %${i} reads elsewhere than %${store} writes`);
    } else if (instr.op !== "reduce" && operandsOf(instr).some((a) => tainted.has(a))) tainted.add(i);
    const rereads = (instr.op === "store" && tainted.has(i)) ||
      (instr.op === "reduce" && tainted.has(instr.arg));
    if (rereads && stages[i] > stages[store]) {
      fail(step, `is in place but %${i} needs the input again after %${store} wrote it`);
    }
  });
}
