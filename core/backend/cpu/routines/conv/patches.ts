/**
 * Images from patches: the gradient of taking patches, as a loop kernel.
 *
 * @module
 */
import type { DType } from "../../../../dtype.ts";
import type { Instr, LoopKernel } from "../../../../kernel/ir.ts";
import type { Routines } from "../../../../kernel/plan.ts";
import { type Shape, stridesOf } from "../../../../shape.ts";

/** A kernel that adds up patches [images, channels, ...kernel, ...out] to images [images, channels, ...in]; all strides of the convolution are 1. */
export function sumOfPatches(
  images: number,
  channels: number,
  kernel: Shape,
  out: Shape,
  { padLow, dilation, inputSize }: Routines["convInputGrad"],
  dtype: DType,
): LoopKernel {
  const outer = [images, channels, ...inputSize], rank = kernel.length;
  const [image, channel, ...rest] = stridesOf([images, channels, ...kernel, ...out]);
  const tap = rest.slice(0, rank), pixel = rest.slice(rank);
  // The output that joins position i with tap k is i + pad - k * dilation.
  const along = (d: number) => [
    0,
    0,
    ...inputSize.map((_, i) => i === d ? 1 : 0),
    ...kernel.map((_, i) => i === d ? -dilation[d] : 0),
  ];
  const code: Instr[] = [
    {
      op: "load",
      dtype,
      level: "inner",
      input: 0,
      at: {
        offset: padLow.reduce((offset, n, d) => offset + n * pixel[d], 0),
        strides: [image, channel, ...pixel, ...tap.map((s, d) => s - dilation[d] * pixel[d])],
      },
      guards: out.map((size, d) => ({ at: { offset: padLow[d], strides: along(d) }, low: 0, high: size })),
    },
    { op: "reduce", dtype, level: "outer", combiner: "sum", arg: 0 },
    {
      op: "store",
      dtype,
      level: "outer",
      output: 0,
      at: { offset: 0, strides: [...stridesOf(outer), ...kernel.map(() => 0)] },
      arg: 1,
    },
  ];
  return { outer, inner: kernel, inputs: [dtype], outputs: [dtype], code };
}
