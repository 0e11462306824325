/**
 * Operands of a product copied so that neighbouring rows lie next to each other, for software devices: there a load of four neighbours costs little more
 * than a load of one, and the copy is made once while each of its elements is used many times. A copy of windows is what im2col makes.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Affine, Guard, LoopKernel } from "../../../kernel/ir.ts";
import { stridesOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { lowerLoop } from "../loops/lower.ts";
import { isVector, type Side, sizeOfPart } from "./gemm_index.ts";

/** Elements that a copy may have: beyond that, memory matters more than time. */
const mostElements = 1 << 24;

/**
 * The operand packed as [batch, k, row], or null when that would not pay or cannot be done. `uses` is how often each element is read: the size of the
 * product along the other operand's rows.
 */
export function packSide(
  builder: Builder,
  side: Side,
  from: Ref,
  dtype: DType,
  uses: number,
  label: string,
): { readonly side: Side; readonly ref: Ref } | null {
  const { batch, k, row, coordinates } = side;
  const batches = sizeOfPart(batch), steps = sizeOfPart(k), rows = sizeOfPart(row);
  // Whole vectors; what is in the last one after the last row counts for nothing.
  const length = Math.ceil(rows / 4) * 4, count = batches * steps * length;
  if (isVector(side, "row") || uses < 48 || count > mostElements) return null;
  if (count * 4 > builder.target.bindingBytes) return null;
  if (coordinates.some(({ step }) => step !== 1)) return null;
  const parts = [batch, k, row];
  const extents = parts.flatMap((p) => p.extents);
  const movesOf = (c: number): number[] =>
    parts.flatMap((p) => p.extents.map((_, d) => p.moves?.[d]?.[c] ?? 0));
  const moves = coordinates.map((_, c) => movesOf(c));
  const at: Affine = {
    offset: coordinates.reduce((sum, { start, stride }) => sum + start * stride, side.offset),
    strides: parts.flatMap((p) => p.strides).map((s, d) =>
      coordinates.reduce((sum, { stride }, c) => sum + moves[c][d] * stride, s)
    ),
  };
  const guards = coordinates.map(({ start, size }, c): Guard => ({
    at: { offset: start, strides: moves[c] },
    low: 0,
    high: size,
  }));
  const strides = [
    ...stridesOf(batch.extents).map((s) => s * steps * length),
    ...stridesOf(k.extents).map((s) => s * length),
    ...stridesOf(row.extents),
  ];
  const kernel: LoopKernel = {
    outer: extents,
    inner: [],
    inputs: [dtype],
    outputs: [dtype],
    code: [
      { op: "load", dtype, level: "outer", input: 0, at, guards },
      {
        op: "store",
        dtype,
        level: "outer",
        output: 0,
        at: { offset: 0, strides },
        arg: 0,
      },
    ],
  };
  const ref = builder.temp(builder.word(dtype), count);
  lowerLoop(builder, kernel, [from], [ref], label);
  const part = (size: number, stride: number) =>
    size === 1 ? { extents: [], strides: [] } : { extents: [size], strides: [stride] };
  return {
    ref,
    side: {
      offset: 0,
      batch: part(batches, steps * length),
      row: part(length, 1),
      k: part(steps, length),
      coordinates: [],
    },
  };
}
