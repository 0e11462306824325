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
import type { RoutineStep, ScatterMode } from "../../../kernel/plan.ts";
import type { Builder } from "../builder.ts";
import { copyKernel } from "../loops/copy.ts";
import { lowerLoop } from "../loops/lower.ts";
import { applyText, literal, narrowed } from "../wgsl/scalar.ts";
import { addressText, dispatchPoints } from "./points.ts";

/** out[i] = x[i with i[dim] replaced by index[i]]; an index out of range gives 0. */
export function lowerGather(builder: Builder, step: RoutineStep<"gather">): void {
  const [x, index] = step.inputs;
  const { dim } = step.attrs;
  const names = step.outputShape.map((_, d) => `i${d}`);
  const dtype = builder.dtypeOf(step.output);
  const operands = [
    { ref: x.slot, dtype: x.dtype, access: "read" },
    { ref: index.slot, dtype: index.dtype, access: "read" },
    { ref: step.output, dtype, access: "read_write" },
  ] as const;
  dispatchPoints(builder, step.outputShape, operands, (text) => {
    const at = names.map((name, d) => d === dim ? "at" : name);
    return `let at = ${text.load(1, addressText(index.layout, names))};
var value = ${literal(dtype, dtype === "int64" ? 0n : 0)};
if (at >= 0 && at < ${x.layout.shape[dim]}) { value = ${text.load(0, addressText(x.layout, at))}; }
${text.store(2, "p", "value")}`;
  }, step.label);
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
  const wanted = builder.target.software ? 64 : 16384;
  const parts = Math.max(1, Math.min(size, Math.ceil(wanted / count), 1024));
  const chunk = Math.ceil(size / parts);
  const names = lines.map((_, d) => d === dim ? "j" : `i${d}`);
  const operands = [
    { ref: index.slot, dtype: index.dtype, access: "read" },
    { ref: source.slot, dtype: source.dtype, access: "read" },
    { ref: step.output, dtype, access: "read_write" },
  ] as const;
  dispatchPoints(builder, [...lines, Math.ceil(size / chunk)], operands, (text) => {
    const to = addressText(contiguous(shape), names.map((name, d) => d === dim ? "at" : name));
    const merge = mergeText(mode, dtype, text.load(2, to), text.load(1, addressText(source.layout, names)));
    const first = `i${lines.length} * ${chunk}`;
    return `let first = ${first};
let last = min(first + ${chunk}, ${size});
for (var j = 0; j < ${length}; j++) {
  let at = ${text.load(0, addressText(index.layout, names))};
  if (at >= first && at < last) { ${text.store(2, to, merge)} }
}`;
  }, step.label);
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
  const operands = [
    { ref: g.slot, dtype: g.dtype, access: "read" },
    { ref: step.output, dtype, access: "read_write" },
  ] as const;
  dispatchPoints(builder, step.outputShape, operands, (text) => {
    const value = text.load(0, addressText(g.layout, [...names, "o", "j"]));
    return `var sum = ${float ? "0.0f" : "0"};
for (var j = 0; j < ${taps}; j++) {
  let gap = i${rank - 1} - j * ${dilation};
  let o = gap / ${stride};
  if (gap >= 0 && o * ${stride} == gap && o < ${outs}) { sum += ${value}; }
}
${text.store(1, "p", narrowed(dtype, "sum"))}`;
  }, step.label);
}
