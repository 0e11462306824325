/**
 * What the routines share: how one is made ready for a step of a plan, and loop kernels that copy, convert or add up on the way.
 *
 * @module
 */
import { bytesOf, type DType } from "../../../dtype.ts";
import type { Affine, Guard, LoopKernel } from "../../../kernel/ir.ts";
import type { RoutineInput, RoutineName, RoutineStep } from "../../../kernel/plan.ts";
import type { Layout } from "../../../layout.ts";
import { type Shape, sizeOf, stridesOf } from "../../../shape.ts";
import type { StepContext, StepRunner } from "../engine.ts";
import { LoopCall, type LoopRunner, type TileFollow } from "../loops.ts";

/** Makes a routine ready: runners in the order they are to be run, that of the epilogue (or what does its work) included. */
export type RoutineMaker<N extends RoutineName> = (
  context: StepContext,
  step: RoutineStep<N>,
  epilogue: LoopRunner | null,
) => StepRunner[];

/** The runners of a routine that leaves its epilogue as a step of its own. */
export function withEpilogue(runner: StepRunner, epilogue: LoopRunner | null): StepRunner[] {
  return epilogue === null ? [runner] : [runner, epilogue];
}

/** The runners of a product and its epilogue, which follows on each tile where it can. */
export function following(
  epilogue: LoopRunner | null,
  follow: TileFollow | null,
  make: (bound: () => TileFollow | null) => StepRunner,
): StepRunner[] {
  if (follow === null || epilogue === null) return withEpilogue(make(() => null), epilogue);
  const product = make(() => {
    epilogue.bind();
    return follow;
  });
  return [runner(() => product.run(), product, epilogue)];
}

/** The address of an operand's first element; an empty operand has no memory. */
export function addressOf({ at }: StepContext, { slot, dtype, layout }: RoutineInput): number {
  return at[slot] + layout.offset * bytesOf(dtype);
}

/** Places of a step's workspace, handed out one after the other. */
export class Workspace {
  #bytes = 0;
  constructor(private readonly context: StepContext) {}

  /** The offset of `bytes` more bytes. */
  take(bytes: number): number {
    const offset = this.#bytes;
    this.#bytes += Math.ceil(bytes / 64) * 64;
    this.context.workspaceBytes = Math.max(this.context.workspaceBytes, this.#bytes);
    return offset;
  }

  /** The address of an offset, while the step runs. */
  at(offset: number): number {
    return this.context.workspace + offset;
  }
}

/** An element of a layout in the loops over its shape. */
function everywhere(layout: Layout): Affine {
  return { offset: 0, strides: layout.strides };
}

/** A kernel that copies a view (from the address of its first element on) to contiguous memory of another dtype. */
export function copyKernel(from: DType, to: DType, layout: Layout): LoopKernel {
  const at = { offset: 0, strides: stridesOf(layout.shape) };
  const load = {
    op: "load",
    dtype: from,
    level: "outer",
    input: 0,
    at: everywhere(layout),
    guards: [],
  } as const;
  const cast = { op: "cast", dtype: to, level: "outer", arg: 0 } as const;
  const convert = from === to ? [] : [cast];
  return {
    outer: layout.shape,
    inner: [],
    inputs: [from],
    outputs: [to],
    code: [load, ...convert, { op: "store", dtype: to, level: "outer", output: 0, at, arg: convert.length }],
  };
}

/** A kernel that fills contiguous memory with zeros. */
export function zeroKernel(dtype: DType, shape: Shape): LoopKernel {
  const value = dtype === "int64" ? 0n : 0;
  return {
    outer: [sizeOf(shape)],
    inner: [],
    inputs: [],
    outputs: [dtype],
    code: [
      { op: "const", dtype, level: "outer", value },
      { op: "store", dtype, level: "outer", output: 0, at: { offset: 0, strides: [1] }, arg: 0 },
    ],
  };
}

/** Where a sum takes its terms and goes, in the outer loops and then the inner ones, whose points are added up. */
interface SumPlaces {
  readonly outer: Shape;
  readonly inner: Shape;
  readonly from: Affine;
  readonly guards?: readonly Guard[];
  readonly to: Affine;
}

/** A kernel that adds up elements of one array; the sums may have another dtype. */
export function sumKernel(from: DType, to: DType, places: SumPlaces): LoopKernel {
  const { outer, inner, guards = [] } = places;
  const load = { op: "load", dtype: from, level: "inner", input: 0, at: places.from, guards } as const;
  const sum = { op: "reduce", dtype: from, level: "outer", combiner: "sum", arg: 0 } as const;
  const convert = from === to ? [] : [{ op: "cast", dtype: to, level: "outer", arg: 1 } as const];
  const arg = 1 + convert.length;
  return {
    outer,
    inner,
    inputs: [from],
    outputs: [to],
    code: [load, sum, ...convert, { op: "store", dtype: to, level: "outer", output: 0, at: places.to, arg }],
  };
}

/** A loop call that runs on addresses given each time. */
export function runLoop(call: LoopCall, ...addresses: readonly number[]): void {
  call.table.set(addresses);
  call.run();
}

/** A runner made of functions. */
export function runner(run: () => void, ...owned: readonly { dispose(): void }[]): StepRunner {
  return { run, dispose: () => owned.forEach((part) => part.dispose()) };
}

/** A runner for a loop kernel over the step's operands and output, in place of hand-written code. */
export function loopRoutine(
  context: StepContext,
  step: RoutineStep,
  kernels: readonly LoopKernel[],
): StepRunner {
  const space = new Workspace(context);
  const calls = kernels.map((kernel) => new LoopCall(context.engine, kernel));
  const partials = calls.map((call) => space.take(call.workspaceBytes));
  return runner(() => {
    calls.forEach((call, i) =>
      runLoop(
        call,
        ...step.inputs.map((input) => addressOf(context, input)),
        context.at[step.output],
        space.at(partials[i]),
      )
    );
  }, ...calls);
}
