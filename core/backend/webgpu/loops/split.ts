/**
 * Reductions in two passes, where one workgroup (or one thread) per outer point would leave the device idle: the first reductions of a kernel are
 * folded in chunks, the partial results folded again, and the rest of the kernel reads them. All of it is loop kernels again.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import { kindOf } from "../../../dtype.ts";
import {
  type Affine,
  type Combiner,
  type Instr,
  type LoopKernel,
  type ReduceInstr,
  stagesOf,
} from "../../../kernel/ir.ts";
import { mapAffines, withOperands } from "./rewrite.ts";

/** A kernel made by splitting. Buffers below the original's counts are the original's; the temporaries follow. */
export interface SplitKernel {
  readonly kernel: LoopKernel;
  /** Buffer names: an input of the original, an output of the original, or a temporary. */
  readonly inputs: readonly SplitBuffer[];
  readonly outputs: readonly SplitBuffer[];
}

/** A buffer of a split kernel. */
export interface SplitBuffer {
  readonly kind: "input" | "output" | "temp";
  readonly index: number;
}

/** The kernels, in order, and their temporaries. */
export interface Split {
  readonly kernels: readonly SplitKernel[];
  readonly temps: readonly { readonly dtype: DType; readonly count: number }[];
}

/** The value that leaves every other unchanged under a combiner. */
export function identityOf(combiner: Combiner, dtype: DType): number {
  const kind = kindOf(dtype);
  switch (combiner) {
    case "sum":
      return 0;
    case "prod":
      return 1;
    case "max":
    case "argmax":
      return kind === "float" ? -Infinity : kind === "bool" ? 0 : lowest[dtype] ?? -2147483648;
    case "min":
    case "argmin":
      return kind === "float" ? Infinity : kind === "bool" ? 1 : highest[dtype] ?? 2147483647;
  }
}

const lowest: Readonly<Partial<Record<DType, number>>> = { uint8: 0, int8: -128, int16: -32768 };
const highest: Readonly<Partial<Record<DType, number>>> = { uint8: 255, int8: 127, int16: 32767 };

const isArg = (combiner: Combiner): boolean => combiner === "argmax" || combiner === "argmin";

/** Code under construction, where equal old values are written once. */
class Code {
  readonly list: Instr[] = [];
  readonly place = new Map<number, number>();

  push(instr: Instr): number {
    return this.list.push(instr) - 1;
  }

  /** Copies value `i` of `from` and what it reads. */
  copy(from: readonly Instr[], i: number, map: (at: Affine) => Affine): number {
    const known = this.place.get(i);
    if (known !== undefined) return known;
    const copy = withOperands(mapAffines(from[i], map), (a) => this.copy(from, a, map));
    const at = this.push(copy);
    this.place.set(i, at);
    return at;
  }
}

/** Splits the reductions of stage 0 into about `chunks` chunks each. */
export function splitReductions(kernel: LoopKernel, chunks: number): Split {
  const stages = stagesOf(kernel);
  const first = kernel.code.flatMap((instr, i) =>
    instr.op === "reduce" && stages[i] === 0 ? [{ instr, i }] : []
  );
  const O = kernel.outer.length;
  const points = kernel.outer.reduce((n, d) => n * d, 1);
  const outerStrides = rowMajor(kernel.outer);
  // The dimension to cut: the first for arg-reductions, whose index runs row by row, otherwise the longest.
  const cut = first.some(({ instr }) => isArg(instr.combiner))
    ? 0
    : kernel.inner.indexOf(Math.max(...kernel.inner));
  const chunk = Math.ceil(kernel.inner[cut] / Math.min(chunks, kernel.inner[cut]));
  const parts = Math.ceil(kernel.inner[cut] / chunk);
  const rest = kernel.inner.slice(cut + 1).reduce((n, d) => n * d, 1);

  const temps: { dtype: DType; count: number }[] = [];
  const temp = (dtype: DType, count: number): number => temps.push({ dtype, count }) - 1;

  // Pass 1: outer x parts, each over its chunk.
  const partial = new Code();
  const partialOutputs: number[] = [];
  const inChunk = (at: Affine): Affine => ({
    offset: at.offset,
    strides: [...at.strides.slice(0, O), at.strides[O + cut] * chunk, ...at.strides.slice(O)],
  });
  const partialAt: Affine = {
    offset: 0,
    strides: [...outerStrides.map((s) => s * parts), 1, ...kernel.inner.map(() => 0)],
  };
  const put = (arg: number, dtype: DType): number => {
    const index = temp(dtype, points * parts);
    partialOutputs.push(index);
    partial.push({
      op: "store",
      dtype,
      level: "outer",
      output: partialOutputs.length - 1,
      at: partialAt,
      arg,
    });
    return index;
  };
  let inside = -1;
  const masked = (arg: number, combiner: Combiner, dtype: DType): number => {
    if (parts * chunk === kernel.inner[cut]) return arg;
    if (inside < 0) {
      const strides = [...kernel.outer.map(() => 0), chunk, ...kernel.inner.map((_, d) => d === cut ? 1 : 0)];
      const guards = [{ at: { offset: 0, strides }, low: 0, high: kernel.inner[cut] }];
      inside = partial.push({ op: "inside", dtype: "bool", level: "inner", guards });
    }
    const value = identityOf(combiner, dtype);
    const none = partial.push({
      op: "const",
      dtype,
      level: "inner",
      value: dtype === "int64" ? BigInt(value) : value,
    });
    return partial.push({ op: "apply", fn: "where", dtype, level: "inner", args: [inside, arg, none] });
  };
  const pieces = first.map(({ instr, i }) => {
    const dtype = kernel.code[instr.arg].dtype;
    const arg = masked(partial.copy(kernel.code, instr.arg, inChunk), instr.combiner, dtype);
    if (!isArg(instr.combiner)) {
      return { instr, i, value: put(partial.push({ ...instr, arg, level: "outer" }), instr.dtype), at: -1 };
    }
    const extreme = instr.combiner === "argmax" ? "max" : "min";
    const best = partial.push({ op: "reduce", dtype, level: "outer", combiner: extreme, arg });
    const where = partial.push({ ...instr, arg, level: "outer" });
    return { instr, i, value: put(best, dtype), at: put(where, instr.dtype) };
  });

  // Pass 2: outer, over the parts.
  const whole = new Code();
  const wholeInputs: SplitBuffer[] = [];
  const wholeTypes: DType[] = [];
  const takeAt: Affine = { offset: 0, strides: [...outerStrides.map((s) => s * parts), 1] };
  const take = (index: number): number => {
    wholeInputs.push({ kind: "temp", index });
    wholeTypes.push(temps[index].dtype);
    const load = { op: "load", dtype: temps[index].dtype, level: "inner", at: takeAt, guards: [] } as const;
    return whole.push({ ...load, input: wholeInputs.length - 1 });
  };
  for (const { instr, i, value, at } of pieces) {
    whole.place.set(
      i,
      at < 0
        ? whole.push({ ...instr, arg: take(value), level: "outer" })
        : mergeArg(whole, instr, take(value), take(at), chunk * rest, O),
    );
  }
  const pass1: SplitKernel = {
    kernel: {
      outer: [...kernel.outer, parts],
      inner: kernel.inner.map((d, k) => k === cut ? chunk : d),
      inputs: kernel.inputs,
      outputs: partialOutputs.map((t) => temps[t].dtype),
      code: partial.list,
    },
    inputs: kernel.inputs.map((_, index) => ({ kind: "input", index })),
    outputs: partialOutputs.map((index) => ({ kind: "temp", index })),
  };
  const base = { outer: kernel.outer, inner: [parts] };
  const last = Math.max(...kernel.code.map((instr, i) => instr.op === "reduce" ? stages[i] : 0));
  const simple = last === 0 && !kernel.code.some((instr) => instr.op === "store" && instr.level === "inner");
  if (simple) {
    // What is left is work per outer point: it rides on pass 2.
    const onOuter = (at: Affine): Affine => ({ offset: at.offset, strides: [...at.strides.slice(0, O), 0] });
    const offset = wholeInputs.length;
    kernel.code.forEach((instr, i) => {
      if (instr.op === "store") whole.copy(kernel.code, i, onOuter);
    });
    const code = whole.list.map((instr): Instr =>
      instr.op === "load" && instr.level === "outer" ? { ...instr, input: instr.input + offset } : instr
    );
    return {
      temps,
      kernels: [pass1, {
        kernel: { ...base, inputs: [...wholeTypes, ...kernel.inputs], outputs: kernel.outputs, code },
        inputs: [...wholeInputs, ...kernel.inputs.map((_, index): SplitBuffer => ({ kind: "input", index }))],
        outputs: kernel.outputs.map((_, index) => ({ kind: "output", index })),
      }],
    };
  }
  // Otherwise the folded values are stored, and the kernel that is left loads them.
  const folded = first.map(({ instr, i }, k) => {
    const strides = [...outerStrides, 0];
    whole.push({
      op: "store",
      dtype: instr.dtype,
      level: "outer",
      output: k,
      at: { offset: 0, strides },
      arg: whole.place.get(i)!,
    });
    return temp(instr.dtype, points);
  });
  const code = kernel.code.map((instr, i): Instr => {
    const k = first.findIndex((f) => f.i === i);
    if (k < 0) return instr;
    const at = { offset: 0, strides: [...outerStrides, ...kernel.inner.map(() => 0)] };
    return {
      op: "load",
      dtype: instr.dtype,
      level: "outer",
      input: kernel.inputs.length + k,
      at,
      guards: [],
    };
  });
  return {
    temps,
    kernels: [pass1, {
      kernel: { ...base, inputs: wholeTypes, outputs: folded.map((t) => temps[t].dtype), code: whole.list },
      inputs: wholeInputs,
      outputs: folded.map((index) => ({ kind: "temp", index })),
    }, {
      kernel: { ...kernel, inputs: [...kernel.inputs, ...folded.map((t) => temps[t].dtype)], code },
      inputs: [
        ...kernel.inputs.map((_, index): SplitBuffer => ({ kind: "input", index })),
        ...folded.map((index): SplitBuffer => ({ kind: "temp", index })),
      ],
      outputs: kernel.outputs.map((_, index) => ({ kind: "output", index })),
    }],
  };
}

/** The first extreme over the parts: the smallest index among those whose value is the extreme one (or NaN, when that is). */
function mergeArg(
  code: Code,
  instr: ReduceInstr,
  value: number,
  at: number,
  step: number,
  outer: number,
): number {
  const dtype = code.list[value].dtype;
  const index = instr.dtype;
  const apply = (fn: "eq" | "ne" | "and" | "or" | "where" | "add", to: DType, args: number[]): number =>
    code.push({ op: "apply", fn, dtype: to, level: "inner", args });
  const combiner = instr.combiner === "argmax" ? "max" : "min";
  const best = code.push({ op: "reduce", dtype, level: "outer", combiner, arg: value });
  let hit = apply("eq", "bool", [value, best]);
  if (kindOf(dtype) === "float") {
    const both = apply("and", "bool", [
      apply("ne", "bool", [value, value]),
      apply("ne", "bool", [best, best]),
    ]);
    hit = apply("or", "bool", [hit, both]);
  }
  const strides = [...new Array<number>(outer).fill(0), step];
  const start = code.push({ op: "index", dtype: index, level: "inner", at: { offset: 0, strides } });
  const none = code.push({
    op: "const",
    dtype: index,
    level: "inner",
    value: index === "int64" ? 2147483647n : 2147483647,
  });
  const candidate = apply("where", index, [hit, apply("add", index, [at, start]), none]);
  return code.push({ op: "reduce", dtype: index, level: "outer", combiner: "min", arg: candidate });
}

function rowMajor(extents: readonly number[]): number[] {
  const strides = new Array<number>(extents.length);
  let step = 1;
  for (let d = extents.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= extents[d];
  }
  return strides;
}
