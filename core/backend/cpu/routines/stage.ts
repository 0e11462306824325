/**
 * Operands and results of routines in the type that the arithmetic has: float16 and bfloat16 are converted to float32 in the
 * workspace and back, float32 and float64 are used where they are; and small integers are widened for products.
 *
 * @module
 */
import { bytesOf, type DType } from "../../../dtype.ts";
import type { Guard, LoopKernel } from "../../../kernel/ir.ts";
import type { RoutineInput, RoutineStep } from "../../../kernel/plan.ts";
import { contiguous, type Layout } from "../../../layout.ts";
import { type Shape, sizeOf, stridesOf } from "../../../shape.ts";
import type { StepContext } from "../engine.ts";
import { LoopCall } from "../loops.ts";
import type { FloatType, ProductType } from "./lane_ops.ts";
import { Margins, suitsMargins } from "./conv/margins.ts";
import { addressOf, copyKernel, runLoop, type Workspace } from "./routine.ts";

/** The type that arithmetic on a float dtype is done in. */
export function computeType(dtype: DType): FloatType {
  return dtype === "float64" ? "float64" : "float32";
}

/** An operand in its compute type. The offset of its layout is 0: the address is that of the first element. */
export interface Staged {
  readonly layout: Layout;
  /** Brings it there, and tells where it is. */
  stage(): number;
  dispose(): void;
}

/** An operand as it is, or converted to a contiguous copy; also copied where its rows must be contiguous and are not. */
export function stageInput(
  context: StepContext,
  space: Workspace,
  input: RoutineInput,
  rows: "rows" | null = null,
  compute: ProductType = computeType(input.dtype),
): Staged {
  const { layout } = input;
  if (input.dtype === compute && (rows === null || layout.strides.at(-1) === 1)) {
    return {
      layout: { ...layout, offset: 0 },
      stage: () => addressOf(context, input),
      dispose: () => {},
    };
  }
  const copy = loopCopy(context, copyKernel(input.dtype, compute, layout));
  return stagedBy(context, space, input, copy, contiguous(layout.shape), compute);
}

/**
 * An operand with a margin of zeros around its last dimensions: `low[d]` before and `high[d]` after, where a negative margin cuts off. With `split` the last dimension is
 * then dealt out to two, [split, ...]: element p goes to [p % split, floor(p / split)]. A copy, unless there is nothing to add, split or convert; `rows` as in `stageInput`.
 */
export function stagePadded(
  context: StepContext,
  space: Workspace,
  input: RoutineInput,
  low: readonly number[],
  high: readonly number[],
  split = 1,
  rows: "rows" | null = null,
): Staged {
  if (split === 1 && low.every((n, d) => n === 0 && high[d] === 0)) {
    return stageInput(context, space, input, rows);
  }
  const compute = computeType(input.dtype), { shape, strides } = input.layout;
  const lead = shape.length - low.length, last = shape.length - 1;
  const padded = shape.map((size, d) => d < lead ? size : size + low[d - lead] + high[d - lead]);
  const bytes = bytesOf(compute);
  if (split === 1 && input.dtype === compute && suitsMargins(input.layout, low, high, bytes)) {
    const copy = new Margins(context.engine, input.layout, low, high, bytes);
    return stagedBy(context, space, input, copy, contiguous(padded), compute);
  }
  const offset = low.reduce((sum, n, d) => sum - n * strides[lead + d], 0);
  // What the loops over the copy mean for the index along each dimension of the operand.
  const extents: Shape = split === 1
    ? padded
    : [...padded.slice(0, last), split, Math.ceil(padded[last] / split)];
  const along = (d: number, factor: number) =>
    extents.map((_, i) =>
      i < last ? (i === d ? factor : 0) : d < last ? 0 : i === last ? factor : factor * split
    );
  const guards = shape.flatMap((size, d): Guard[] => {
    if (d < lead || (extents.length === shape.length && size === padded[d])) return [];
    const first = low[d - lead];
    return [{ at: { offset: 0, strides: along(d, 1) }, low: first, high: first + size }];
  });
  const sources = shape.map((_, d) => along(d, strides[d]));
  const at = { offset, strides: extents.map((_, i) => sources.reduce((sum, s) => sum + s[i], 0)) };
  const base = copyKernel(input.dtype, compute, contiguous(extents));
  const code = base.code.map((instr) => instr.op === "load" ? { ...instr, at, guards } : instr);
  const copy = loopCopy(context, { ...base, code });
  return stagedBy(context, space, input, copy, contiguous(extents), compute);
}

/** What brings an operand to another place. */
interface Copy {
  run(from: number, to: number): void;
  dispose(): void;
}

function loopCopy(context: StepContext, kernel: LoopKernel): Copy {
  const call = new LoopCall(context.engine, kernel);
  return { run: (from, to) => runLoop(call, from, to), dispose: () => call.dispose() };
}

/** An operand that is copied to the workspace. */
function stagedBy(
  context: StepContext,
  space: Workspace,
  input: RoutineInput,
  copy: Copy,
  layout: Layout,
  compute: ProductType,
): Staged {
  const place = space.take(sizeOf(layout.shape) * bytesOf(compute));
  return {
    layout,
    stage: () => {
      copy.run(addressOf(context, input), space.at(place));
      return space.at(place);
    },
    dispose: () => copy.dispose(),
  };
}

/** The result of a step in its compute type. */
export interface StagedResult {
  /** Where to compute it. */
  address(): number;
  /** Brings it to its place. */
  finish(): void;
  dispose(): void;
  /** Whether it is computed in its place. */
  readonly direct: boolean;
}

/** The result as it is, or converted from the workspace. */
export function stageOutput(
  context: StepContext,
  space: Workspace,
  step: RoutineStep,
  compute: ProductType = computeType(context.slots[step.output].dtype),
): StagedResult {
  const { dtype } = context.slots[step.output];
  const target = () => context.at[step.output];
  if (dtype === compute) return { address: target, finish: () => {}, dispose: () => {}, direct: true };
  const size = sizeOf(step.outputShape);
  const layout = { shape: [size], strides: stridesOf([size]), offset: 0 };
  const call = new LoopCall(context.engine, copyKernel(compute, dtype, layout));
  const place = space.take(size * bytesOf(compute));
  const address = () => space.at(place);
  return {
    address,
    finish: () => runLoop(call, address(), target()),
    dispose: () => call.dispose(),
    direct: false,
  };
}
