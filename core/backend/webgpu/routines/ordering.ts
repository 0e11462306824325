/**
 * Argsort along the last dimension: which rows are sorted how.
 *
 * @module
 */
import type { RoutineStep } from "../../../kernel/plan.ts";
import { contiguous } from "../../../layout.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder } from "../builder.ts";
import { windowsOf } from "../wgsl/bindings.ts";
import { sortLongRow } from "./ordering_long.ts";
import { type Rows, sortRows } from "./ordering_rows.ts";
import { packedInput } from "./points.ts";

/** The stable order of each row; NaN sorts as largest. */
export function lowerArgsort(builder: Builder, step: RoutineStep<"argsort">): void {
  const [x] = step.inputs;
  const { shape, strides, offset } = x.layout;
  const rows: Rows = { x, to: step.output, descending: step.attrs.descending, label: step.label };
  if (fits(builder, rows)) return sortRows(builder, rows);
  if (fits(builder, { ...rows, x: { ...x, layout: contiguous(shape) } })) {
    // The elements of a row lie far apart.
    return sortRows(builder, { ...rows, x: packedInput(builder, x, step.label) });
  }
  const n = shape[shape.length - 1], above = shape.slice(0, -1);
  for (let row = 0; row < sizeOf(above); row++) {
    let from = offset, rest = row;
    for (let d = above.length - 1; d >= 0; d--) {
      from += rest % above[d] * strides[d];
      rest = Math.floor(rest / above[d]);
    }
    const layout = { shape: [n], strides: strides.slice(-1), offset: from };
    sortLongRow(builder, { ...rows, x: { ...x, layout }, start: row * n });
  }
}

/** Whether the bindings of a kernel hold all rows, or at least any one of them: its keys, and its order before and after a merge. */
function fits(builder: Builder, { x, to }: Rows): boolean {
  const { bindingBytes, storageBuffers } = builder.target;
  const windows = (keys: number, places: number): number =>
    windowsOf(builder.wordOf(x.slot), { count: keys }, bindingBytes) +
    2 * windowsOf("i32", { count: places }, bindingBytes);
  if (windows(builder.count(x.slot), builder.count(to)) <= storageBuffers) return true;
  const d = x.layout.shape.length - 1, n = x.layout.shape[d];
  // A binding may have to begin this many elements early.
  const early = 128;
  return windows((n - 1) * Math.abs(x.layout.strides[d]) + 1 + early, n + early) <= storageBuffers;
}
