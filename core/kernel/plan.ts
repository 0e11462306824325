/**
 * A plan: the steps that compute a set of roots from a set of leaves, over numbered slots. This is what the graph hands to a backend.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import type { Layout } from "../layout.ts";
import type { Shape } from "../shape.ts";
import { kernelText, type LoopKernel } from "./ir.ts";

/** Sizes of a convolution; one number per spatial dimension. */
export interface ConvAttrs {
  readonly stride: readonly number[];
  /** Zero padding before each spatial dimension. */
  readonly padLow: readonly number[];
  /** Zero padding after each spatial dimension. */
  readonly padHigh: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** How `scatter` merges a source element with what stands there. */
export type ScatterMode = "set" | "add" | "mul" | "max" | "min";

/** How `scan` folds along its dimension. NaN wins in max and min. */
export type ScanCombiner = "sum" | "prod" | "max" | "min";

/**
 * The routines and their attributes: operations that are not one loop nest. Input layouts may be strided (any permutation,
 * stride 0 for broadcast, negative); the output is contiguous. Shapes below are the shapes of the layouts.
 */
export interface Routines {
  /** a [...batch, M, K], b [...batch, K, N] -> [...batch, M, N]. K may be 0 (zeros). float16/bfloat16 accumulate in float32. */
  matmul: Record<never, never>;
  /** x [N, C, ...in], w [O, C / groups, ...k] -> [N, O, ...out], 1 to 3 spatial dimensions. */
  conv: ConvAttrs;
  /** The adjoint in x: g [N, O, ...out], w [O, C / groups, ...k] -> [N, C, ...inputSize]. */
  convInputGrad: ConvAttrs & { readonly inputSize: readonly number[] };
  /** The adjoint in w: x [N, C, ...in], g [N, O, ...out] -> [O, C / groups, ...kernelSize]. */
  convWeightGrad: ConvAttrs & { readonly kernelSize: readonly number[] };
  /** out[i] = x[i with i[dim] replaced by index[i]]; index int64 of the output's shape, values in [0, x.shape[dim]). Outside: IndexError (CPU), 0 (GPU). */
  gather: { readonly dim: number };
  /** A copy of base, then for each i of index's shape, in row-major order: out[i with i[dim] = index[i]] merged with source[i]. */
  scatter: { readonly dim: number; readonly mode: ScatterMode };
  /** x [..., n] -> int64 [..., n]: the stable order along the last dimension; NaN sorts as largest. */
  argsort: { readonly descending: boolean };
  /** x [..., n] -> [..., n]: inclusive fold along the last dimension, from the other end when reverse. */
  scan: { readonly combiner: ScanCombiner; readonly reverse: boolean };
  /** The adjoint of a window view. g [..., out, k] -> [..., size]: sums g[o, j] into o * stride + j * dilation, along the last dimension. */
  fold: { readonly size: number; readonly stride: number; readonly dilation: number };
}

/** The name of a routine. */
export type RoutineName = keyof Routines;

/** A value's place while a plan runs. */
export interface Slot {
  readonly dtype: DType;
  /** Number of elements, at least 1 (an empty tensor never becomes a slot). */
  readonly count: number;
  readonly role: "input" | "output" | "temp";
  /** Index of the first step that writes it; -1 for inputs. */
  readonly first: number;
  /** Index of the last step that uses it; outputs live to the end. */
  readonly last: number;
  /**
   * A slot whose buffer this one takes over in place, or -1. It has the same dtype and count, and the step that writes this slot is the
   * last to read that one, at the very index it writes. For an output it may be a (donated) input. The raw result of a routine with an epilogue may
   * name the epilogue's output here: both are written by the same step, the raw result first. Chains resolve by following `inPlaceOf`.
   */
  readonly inPlaceOf: number;
}

/** Runs a loop kernel over slots. */
export interface LoopStep {
  readonly kind: "loop";
  readonly kernel: LoopKernel;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The operations it came from, for errors and debug prints: `mul, add, relu`. */
  readonly label: string;
}

/** An operand of a routine. */
export interface RoutineInput {
  readonly slot: number;
  readonly dtype: DType;
  readonly layout: Layout;
}

/** Runs a routine. */
export interface RoutineStep<N extends RoutineName = RoutineName> {
  readonly kind: "routine";
  readonly name: N;
  readonly attrs: Routines[N];
  readonly inputs: readonly RoutineInput[];
  readonly output: number;
  readonly outputShape: Shape;
  readonly label: string;
  /**
   * An elementwise loop (no inner space) whose outer extents are exactly the routine's output shape, with input 0 the routine's output at contiguous
   * strides. A backend may run it tile by tile or as a step that follows. When its output takes the routine's output over in place, the raw result is not needed.
   */
  readonly epilogue: LoopStep | null;
}

/** One step of a plan. */
export type Step = LoopStep | RoutineStep;

/** Inputs and outputs are the slots of those roles, in order. */
export interface Plan {
  readonly slots: readonly Slot[];
  readonly steps: readonly Step[];
}

/** The plan in readable form. */
export function planText(plan: Plan): string {
  const lines = plan.slots.map((s, i) =>
    `s${i}: ${s.dtype}[${s.count}] ${s.role} ${s.first}..${s.last}${
      s.inPlaceOf >= 0 ? ` in place of s${s.inPlaceOf}` : ""
    }`
  );
  const loop = (s: LoopStep) =>
    `(${s.inputs.map((i) => `s${i}`)}) -> (${s.outputs.map((i) => `s${i}`)})  ${s.label}\n${
      kernelText(s.kernel)
    }`;
  plan.steps.forEach((step, i) => {
    if (step.kind === "loop") return lines.push(`#${i} ${loop(step)}`);
    const inputs = step.inputs.map((v) =>
      `s${v.slot}[${v.layout.shape}:${v.layout.strides}+${v.layout.offset}]`
    );
    lines.push(
      `#${i} ${step.name}(${inputs}) -> s${step.output}[${step.outputShape}] ${JSON.stringify(step.attrs)}`,
    );
    if (step.epilogue !== null) lines.push(`   then ${loop(step.epilogue)}`);
  });
  return lines.join("\n");
}
