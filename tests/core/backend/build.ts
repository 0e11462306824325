/**
 * Builders of kernels and plans by hand, for tests of backends.
 *
 * @module
 */
import type { Backend } from "../../../core/backend/backend.ts";
import { type DType, type HostArray, hostArray, readElement, writeElement } from "../../../core/dtype.ts";
import type { Affine, Combiner, Guard, Instr, Level, LoopKernel } from "../../../core/kernel/ir.ts";
import type { Plan, RoutineName, Routines, Slot } from "../../../core/kernel/plan.ts";
import { comparisonFns, type ScalarFn } from "../../../core/kernel/scalar.ts";
import { contiguous, type Layout } from "../../../core/layout.ts";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.ts";

/** `offset + sum(strides[d] * i[d])`. */
export const affine = (offset: number, ...strides: number[]): Affine => ({ offset, strides });

/** Builds a loop kernel instruction by instruction; values are named by their numbers. */
export class KernelBuilder {
  readonly code: Instr[] = [];
  readonly inputs: { dtype: DType; count: number }[] = [];
  readonly outputs: { dtype: DType; count: number }[] = [];
  constructor(readonly outer: Shape, readonly inner: Shape = []) {}

  /** Row-major strides over all loops. */
  get contiguous(): Affine {
    return { offset: 0, strides: stridesOf([...this.outer, ...this.inner]) };
  }

  /** Row-major strides over the outer loops. */
  get perOuter(): Affine {
    return { offset: 0, strides: [...stridesOf(this.outer), ...this.inner.map(() => 0)] };
  }

  #level(at: readonly Affine[], args: readonly number[] = []): Level {
    const moves = at.some((a) => a.strides.slice(this.outer.length).some((s) => s !== 0));
    return moves || args.some((a) => this.code[a].level === "inner") ? "inner" : "outer";
  }

  #push(instr: Instr): number {
    return this.code.push(instr) - 1;
  }

  /** Loads from a new input buffer of `count` elements. */
  load(dtype: DType, count: number, at: Affine = this.contiguous, guards: readonly Guard[] = []): number {
    const level = this.#level([at, ...guards.map((g) => g.at)]);
    return this.#push({
      op: "load",
      dtype,
      level,
      input: this.inputs.push({ dtype, count }) - 1,
      at,
      guards,
    });
  }

  constant(dtype: DType, value: number | bigint): number {
    return this.#push({ op: "const", dtype, level: "outer", value });
  }

  index(dtype: DType, at: Affine): number {
    return this.#push({ op: "index", dtype, level: this.#level([at]), at });
  }

  inside(guards: readonly Guard[]): number {
    return this.#push({ op: "inside", dtype: "bool", level: this.#level(guards.map((g) => g.at)), guards });
  }

  apply(fn: ScalarFn, ...args: number[]): number {
    const dtype = comparisonFns.has(fn) ? "bool" : this.code[args[args.length - 1]].dtype;
    return this.#push({ op: "apply", dtype, level: this.#level([], args), fn, args });
  }

  cast(dtype: DType, arg: number): number {
    return this.#push({ op: "cast", dtype, level: this.code[arg].level, arg });
  }

  reduce(combiner: Combiner, arg: number, dtype: DType = this.code[arg].dtype): number {
    return this.#push({ op: "reduce", dtype, level: "outer", combiner, arg });
  }

  /** Stores to a new output buffer of `count` elements. */
  store(arg: number, count: number, at: Affine = this.contiguous): this {
    const { dtype } = this.code[arg];
    const level = this.#level([at], [arg]);
    this.#push({ op: "store", dtype, level, output: this.outputs.push({ dtype, count }) - 1, at, arg });
    return this;
  }

  kernel(): LoopKernel {
    return {
      outer: this.outer,
      inner: this.inner,
      inputs: this.inputs.map((i) => i.dtype),
      outputs: this.outputs.map((o) => o.dtype),
      code: this.code,
    };
  }

  /** The plan of this kernel alone. */
  plan(label = "kernel"): Plan {
    const slots = [
      ...this.inputs.map((i) => slot("input", i.dtype, i.count)),
      ...this.outputs.map((o) => slot("output", o.dtype, o.count)),
    ];
    const inputs = this.inputs.map((_, i) => i), outputs = this.outputs.map((_, i) => inputs.length + i);
    return { slots, steps: [{ kind: "loop", kernel: this.kernel(), inputs, outputs, label }] };
  }
}

/** A slot that lives for the whole of a plan with `steps` steps. */
export function slot(role: Slot["role"], dtype: DType, count: number, steps = 1, inPlaceOf = -1): Slot {
  return { role, dtype, count, first: role === "input" ? -1 : 0, last: steps - 1, inPlaceOf };
}

/** An operand of a routine: its layout and the elements its buffer needs. */
export interface OperandSpec {
  readonly dtype: DType;
  readonly layout: Layout;
  readonly count: number;
}

/** A contiguous operand. */
export function dense(dtype: DType, shape: Shape): OperandSpec {
  return { dtype, layout: contiguous(shape), count: sizeOf(shape) };
}

/** A strided operand over a buffer of `count` elements. */
export function strided(
  dtype: DType,
  count: number,
  shape: Shape,
  strides: readonly number[],
  offset = 0,
): OperandSpec {
  return { dtype, layout: { shape, strides, offset }, count };
}

/** The plan of one routine. Operands without elements get no slot of their own. */
export function routinePlan<N extends RoutineName>(
  name: N,
  attrs: Routines[N],
  operands: readonly OperandSpec[],
  dtype: DType,
  outputShape: Shape,
): Plan {
  const slots: Slot[] = [];
  const inputs = operands.map(({ dtype, layout, count }) => ({
    slot: count === 0 ? -1 : slots.push(slot("input", dtype, count)) - 1,
    dtype,
    layout,
  }));
  const output = slots.push(slot("output", dtype, sizeOf(outputShape))) - 1;
  return {
    slots,
    steps: [{ kind: "routine", name, attrs, inputs, output, outputShape, label: name, epilogue: null }],
  };
}

/** Runs a plan on fresh buffers; returns the outputs in order. */
export function runPlan(backend: Backend, plan: Plan, inputs: readonly HostArray[]): HostArray[] {
  const executable = backend.prepare(plan);
  const given = plan.slots.filter((s) => s.role === "input").map(({ dtype, count }, i) => {
    const buffer = backend.allocate(dtype, count);
    backend.write(buffer, dtype, inputs[i]);
    return buffer;
  });
  const wanted = plan.slots.filter((s) => s.role === "output");
  const outputs = wanted.map(({ dtype, count, inPlaceOf }) =>
    inPlaceOf >= 0 && plan.slots[inPlaceOf].role === "input"
      ? given[plan.slots.slice(0, inPlaceOf).filter((s) => s.role === "input").length]
      : backend.allocate(dtype, count)
  );
  try {
    executable.run(given, outputs);
    return wanted.map(({ dtype, count }, i) => backend.read(outputs[i], dtype, count));
  } finally {
    executable.dispose();
    for (const buffer of new Set([...given, ...outputs])) backend.free(buffer);
  }
}

/** A host array of the dtype with the values given, converted as `writeElement` does. */
export function hostOf(dtype: DType, values: readonly (number | bigint)[]): HostArray {
  const array = hostArray(dtype, values.length);
  values.forEach((value, i) => writeElement(array, dtype, i, value));
  return array;
}

/** The elements of a host array as numbers and bigints. */
export function elementsOf(array: HostArray, dtype: DType): (number | bigint)[] {
  return Array.from({ length: array.length }, (_, i) => readElement(array, dtype, i));
}

/** Elements with the sign of zero left out. */
export function numbers(array: HostArray): (number | bigint)[] {
  return Array.from<number | bigint>(array).map((v) => v === 0 ? 0 : v);
}
