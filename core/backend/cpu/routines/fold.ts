/**
 * The adjoint of a window view, as gathering loop kernels: one for each residue of the output position modulo the stride, in which the windows
 * that reach a position are an affine function of it.
 *
 * @module
 */
import type { LoopKernel } from "../../../kernel/ir.ts";
import { stridesOf } from "../../../shape.ts";
import { LoopCall } from "../loops.ts";
import {
  loopRoutine,
  type RoutineMaker,
  runLoop,
  runner,
  sumKernel,
  withEpilogue,
  zeroKernel,
} from "./routine.ts";

/** g [..., windows, k] -> [..., size]. */
export const fold: RoutineMaker<"fold"> = (context, step, epilogue) => {
  const { size, stride, dilation } = step.attrs, { shape, strides } = step.inputs[0].layout;
  const { dtype } = context.slots[step.output], rank = shape.length;
  const batch = shape.slice(0, rank - 2), [windows, taps] = shape.slice(rank - 2);
  const [gWindow, gTap] = strides.slice(rank - 2), gBatch = strides.slice(0, rank - 2);
  const outBatch = stridesOf(step.outputShape).slice(0, rank - 2);
  const kernels: LoopKernel[] = [];
  // Positions r + q * stride take taps first, first + period, ... with first * dilation = r modulo the stride.
  const period = stride / gcd(stride, dilation);
  let complete = true;
  for (let r = 0; r < Math.min(stride, size); r++) {
    const first = Array.from({ length: Math.min(period, taps) }, (_, j) => j)
      .find((j) => (r - j * dilation) % stride === 0);
    if (first === undefined) {
      complete = false;
      continue;
    }
    const count = Math.ceil((taps - first) / period), positions = Math.ceil((size - r) / stride);
    const back = period * dilation / stride, start = (r - first * dilation) / stride;
    const zeros = batch.map(() => 0);
    kernels.push(sumKernel(dtype, dtype, {
      outer: [...batch, positions],
      inner: [count],
      from: {
        offset: start * gWindow + first * gTap,
        strides: [...gBatch, gWindow, period * gTap - back * gWindow],
      },
      guards: [{ at: { offset: start, strides: [...zeros, 1, -back] }, low: 0, high: windows }],
      to: { offset: r, strides: [...outBatch, stride, 0] },
    }));
  }
  const sums = loopRoutine(context, step, kernels);
  if (complete) return withEpilogue(sums, epilogue);
  const zero = new LoopCall(context.engine, zeroKernel(dtype, step.outputShape));
  const cleared = runner(
    () => {
      runLoop(zero, context.at[step.output]);
      sums.run();
    },
    sums,
    zero,
  );
  return withEpilogue(cleared, epilogue);
};

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
