/**
 * Gather, scatter and fold.
 *
 * Scatter is deterministic and needs no atomics: each destination element belongs to one thread, which walks through the indices of its line in order and
 * merges the sources that are meant for it. So sums come out in row-major order, the same on every run and device.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import { contiguous } from "../../../layout.ts";
import { sizeOf } from "../../../shape.ts";
import type { RoutineStep, ScatterMode } from "../../../kernel/plan.ts";
import type { Builder, Ref } from "../builder.ts";
import { copyKernel } from "../loops/copy.ts";
import type { Reach } from "../loops/halve.ts";
import { lowerLoop } from "../loops/lower.ts";
import { wordBytes } from "../storage.ts";
import { applyText, literal, narrowed } from "../wgsl/scalar.ts";
import {
  addressText,
  type Box,
  dispatchPoints,
  layoutReach,
  type PointOperand,
  type PointText,
  withIndices,
} from "./points.ts";

/** out[i] = x[i with i[dim] replaced by index[i]]; an index out of range gives 0. */
export function lowerGather(builder: Builder, step: RoutineStep<"gather">): void {
  const [x, index] = step.inputs;
  const { dim } = step.attrs;
  const names = step.outputShape.map((_, d) => `i${d}`);
  const dtype = builder.dtypeOf(step.output);
  const operands = [
    {
      ref: x.slot,
      dtype: x.dtype,
      access: "read",
      reach: (box: Box, { first, last }: Reach) => layoutReach(x.layout, withIndices(box, dim, first, last)),
    },
    {
      ref: index.slot,
      dtype: index.dtype,
      access: "read",
      reach: (box: Box) => layoutReach(index.layout, box),
    },
    {
      ref: step.output,
      dtype,
      access: "read_write",
      reach: (box: Box) => layoutReach(contiguous(step.outputShape), box),
    },
  ] as const;
  // A step is an element of x along dim.
  const steps = x.layout.shape[dim];
  const text = (text: PointText, { first, last }: Reach): string => {
    const at = names.map((name, d) => d === dim ? "at" : name);
    const inside = first === 0 && last === steps - 1;
    return `let at = ${text.load(1, addressText(index.layout, names))};
var value = ${literal(dtype, dtype === "int64" ? 0n : 0)};
if ((at >= ${first}) & (at <= ${last})) { value = ${text.load(0, addressText(x.layout, at))}; }
${inside ? "" : `else if (${first > 0} || (at >= 0 && at < ${steps})) { return; }\n`}${
      text.store(2, "p", "value")
    }`;
  };
  dispatchPoints(builder, step.outputShape, operands, { steps, text }, step.label);
}

/** A copy of base, then each source merged into it. Indices out of range are left out. */
export function lowerScatter(builder: Builder, step: RoutineStep<"scatter">): void {
  const [base, index, source] = step.inputs;
  const { dim, mode } = step.attrs;
  const dtype = builder.dtypeOf(step.output);
  const shape = step.outputShape;
  lowerLoop(builder, copyKernel(base.layout, dtype), [base.slot], [step.output], step.label);
  // The lines that hold indices: those of index's shape, without dim. Their destinations are cut into parts, one for each thread.
  const lines = index.layout.shape.map((d, k) => k === dim ? 1 : d);
  const count = lines.reduce((n, d) => n * d, 1);
  const length = index.layout.shape[dim], size = shape[dim];
  if (count === 0 || length === 0) return;
  const { software, bindingBytes } = builder.target;
  const parts = Math.max(1, Math.min(size, Math.ceil((software ? 64 : 16384) / count), 1024));
  // Where not all can be bound, a part lies within the bytes of one binding.
  const whole = builder.fits([index.slot, source.slot, step.output]);
  const apart = sizeOf(shape.slice(dim + 1)) * wordBytes(builder.wordOf(step.output));
  const chunk = Math.min(
    Math.ceil(size / parts),
    whole ? size : Math.max(1, Math.floor(bindingBytes / apart)),
  );
  const names = lines.map((_, d) => d === dim ? "j" : `i${d}`);
  // A step is a source along dim.
  const line = (box: Box, { first, last }: Reach): Box => withIndices(box, dim, first, last);
  const part = (box: Box): Box => {
    const { first, last } = box[lines.length];
    return withIndices(box, dim, first * chunk, Math.min((last + 1) * chunk, size) - 1);
  };
  const operands = [
    {
      ref: index.slot,
      dtype: index.dtype,
      access: "read",
      reach: (box: Box, steps: Reach) => layoutReach(index.layout, line(box, steps)),
    },
    {
      ref: source.slot,
      dtype: source.dtype,
      access: "read",
      reach: (box: Box, steps: Reach) => layoutReach(source.layout, line(box, steps)),
    },
    {
      ref: step.output,
      dtype,
      access: "read_write",
      reach: (box: Box) => layoutReach(contiguous(shape), part(box)),
    },
  ] as const;
  const text = (text: PointText, steps: Reach): string => {
    const to = addressText(contiguous(shape), names.map((name, d) => d === dim ? "at" : name));
    const merge = mergeText(mode, dtype, text.load(2, to), text.load(1, addressText(source.layout, names)));
    const first = `i${lines.length} * ${chunk}`;
    return `let first = ${first};
let last = min(first + ${chunk}, ${size});
for (var j = ${steps.first}; j <= ${steps.last}; j++) {
  let at = ${text.load(0, addressText(index.layout, names))};
  if ((at >= first) & (at < last)) { ${text.store(2, to, merge)} }
}`;
  };
  dispatchPoints(
    builder,
    [...lines, Math.ceil(size / chunk)],
    operands,
    { steps: length, loops: true, text },
    step.label,
  );
}

function mergeText(mode: ScatterMode, dtype: DType, old: string, value: string): string {
  if (mode === "set") return value;
  return applyText(mode, dtype, [old, value], { exact: false });
}

/** Sums g[o, j] into o * stride + j * dilation: each element of the result collects what reaches it. */
export function lowerFold(builder: Builder, step: RoutineStep<"fold">): void {
  const [g] = step.inputs;
  const { stride, dilation } = step.attrs;
  const rank = step.outputShape.length;
  const [outs, taps] = g.layout.shape.slice(-2);
  const dtype = builder.dtypeOf(step.output);
  const float = kindOf(dtype) === "float";
  const names = step.outputShape.slice(0, -1).map((_, d) => `i${d}`);
  // A step is a tap.
  const windows = (box: Box, steps: Reach): Box => {
    const { first, last } = box[rank - 1];
    const inside = (o: number): number => Math.min(Math.max(Math.floor(o), 0), outs - 1);
    const low = inside((first - steps.last * dilation) / stride);
    const high = inside((last - steps.first * dilation) / stride);
    return [...withIndices(box, rank - 1, low, high), steps];
  };
  const from: PointOperand = {
    ref: g.slot,
    dtype: g.dtype,
    access: "read",
    reach: (box, steps) => layoutReach(g.layout, windows(box, steps)),
  };
  const into = (ref: Ref, dtype: DType): PointOperand => ({
    ref,
    dtype,
    access: "read_write",
    reach: (box) => layoutReach(contiguous(step.outputShape), box),
  });
  // Sums that are cut go on from what is there, so that must not have been rounded.
  const cut = taps > builder.target.rounds || !builder.fits([g.slot, step.output]);
  const wide: DType = float && cut ? "float32" : dtype;
  const target = wide === dtype ? step.output : builder.temp(builder.word(wide), sizeOf(step.outputShape));
  const text = (text: PointText, { first, last }: Reach): string => {
    const value = text.load(0, addressText(g.layout, [...names, "o", "j"]));
    return `var sum = ${first > 0 ? text.load(1, "p") : float ? "0.0f" : "0"};
let at = i${rank - 1};
let first = max(${first}, (at - ${(outs - 1) * stride} + ${dilation - 1}) / ${dilation});
let last = min(${last}, at / ${dilation});
for (var j = first; j <= last; j++) {
  let gap = at - j * ${dilation};
  let o = gap / ${stride};
  if (o * ${stride} == gap) { sum += ${value}; }
}
${text.store(1, "p", narrowed(wide, "sum"))}`;
  };
  const operands = [from, into(target, wide)];
  dispatchPoints(builder, step.outputShape, operands, { steps: taps, loops: true, text }, step.label);
  if (target !== step.output) {
    lowerLoop(
      builder,
      copyKernel(contiguous(step.outputShape), wide, dtype),
      [target],
      [step.output],
      step.label,
    );
  }
}
