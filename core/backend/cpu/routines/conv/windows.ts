/**
 * Where a convolution finds the elements of its windows: tables of offsets in an operand that is padded already.
 *
 * @module
 */
import type { ConvAttrs } from "../../../../kernel/plan.ts";
import type { Shape } from "../../../../shape.ts";
import type { Staged } from "../stage.ts";

/** Each offset times its factor. */
function scaled(offsets: readonly number[], factors: readonly number[]): number[] {
  return offsets.map((x, d) => x * factors[d]);
}

/** 0, step, 2 step ... */
export function multiples(count: number, step: number): number[] {
  return Array.from({ length: count }, (_, i) => i * step);
}

/** Every sum of one number from each list, in row-major order, times `bytes`. */
export function sums(lists: readonly (readonly number[])[], bytes: number): Int32Array {
  const all = lists.reduce<number[]>((sums, list) => sums.flatMap((s) => list.map((x) => s + x)), [0]);
  return Int32Array.from(all, (x) => x * bytes);
}

/** Into how many parts x is dealt out along its last dimension, so that the elements that neighbouring outputs read are neighbours too. */
export function splitOf(stride: readonly number[], kernel: readonly number[]): number {
  const last = stride.length - 1;
  return kernel[last] > 1 ? stride[last] : 1;
}

/** Offsets of the taps along each dimension from an output's first element of the (padded, split) x, and the way from one output to the next. */
export function windowOf(
  { stride, dilation }: ConvAttrs,
  kernel: readonly number[],
  x: Staged,
  split: number,
): { taps: number[][]; steps: number[] } {
  const strides = x.layout.strides.slice(2), last = kernel.length - 1;
  const taps = kernel.map((size, d) => multiples(size, dilation[d] * strides[d]));
  const steps = scaled(stride, strides);
  if (split > 1) {
    const [part, step] = strides.slice(last);
    taps[last] = taps[last].map((_, k) => {
      const at = k * dilation[last];
      return at % split * part + Math.floor(at / split) * step;
    });
    steps[last] = step;
  }
  return { taps, steps };
}

/** How many points of a shape, in row-major order, lie side by side. */
export function runOf(shape: Shape, strides: readonly number[]): number {
  let run = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] > 1 && strides[d] !== run) break;
    run *= shape[d];
  }
  return run;
}

/** Along one dimension: the taps that reach positions r, r + stride, ..., and the place in g that each joins with position r. */
export interface Phase {
  readonly count: number;
  readonly taps: readonly { readonly tap: number; readonly shift: number }[];
}

/** The phases along one dimension of an adjoint in the input. */
export function phasesOf(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  pad: number,
): Phase[] {
  return Array.from({ length: Math.min(stride, size) }, (_, start) => ({
    count: Math.ceil((size - start) / stride),
    taps: Array.from(
      { length: kernel },
      (_, tap) => ({ tap, shift: (start + pad - tap * dilation) / stride }),
    )
      .filter(({ shift }) => Number.isInteger(shift)),
  }));
}
