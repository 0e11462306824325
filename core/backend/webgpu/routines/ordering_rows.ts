/**
 * Argsort of rows that the bindings of a kernel hold: short runs are sorted by counting, and merged in pairs.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import type { RoutineInput } from "../../../kernel/plan.ts";
import { contiguous } from "../../../layout.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { addressText, type Box, dispatchPoints, layoutReach, type PointText, withIndices } from "./points.ts";

/** Runs of this length are sorted by counting, for each element, those that come before it; longer rows are merged from them. */
const runLength = (software: boolean): number => software ? 64 : 128;

/** Rows along the last dimension, and where the order of each is written. */
export interface Rows {
  readonly x: RoutineInput;
  readonly to: Ref;
  readonly descending: boolean;
  readonly label: string;
}

function lineNames({ x }: Rows): string[] {
  return x.layout.shape.slice(0, -1).map((_, d) => `i${d}`);
}

/** Whether key `a` sorts strictly before key `b`. */
export function beforeText(dtype: DType, descending: boolean, a: string, b: string): string {
  const [low, high] = descending ? [b, a] : [a, b];
  if (kindOf(dtype) === "bool") return `(!${low} && ${high})`;
  if (kindOf(dtype) === "int") return `(${low} < ${high})`;
  return `(!is_nan(${low}) && (is_nan(${high}) || ${low} < ${high}))`;
}

/** The stable order of each row; NaN sorts as largest. Sorted runs are merged in pairs, each element finding its place by bisection. */
export function sortRows(builder: Builder, rows: Rows): void {
  const { shape } = rows.x.layout;
  const n = shape[shape.length - 1];
  const run = runLength(builder.target.software);
  const passes = Math.max(0, Math.ceil(Math.log2(n / run)));
  // The last pass writes the result; those before it alternate.
  const scratch = Array.from({ length: Math.min(passes, 2) }, () => builder.temp("i32", sizeOf(shape)));
  const target = (pass: number): Ref => pass === passes ? rows.to : scratch[pass % 2];
  sortRuns(builder, rows, run, target(0));
  for (let pass = 1; pass <= passes; pass++) {
    mergeRuns(builder, rows, run * 2 ** (pass - 1), target(pass - 1), target(pass));
  }
}

/** The whole runs that the points of a box lie in. */
function aroundRuns(dim: number, run: number, n: number): (box: Box) => Box {
  return (box) => {
    const { first, last } = box[dim];
    return withIndices(box, dim, first - first % run, Math.min(last - last % run + run, n) - 1);
  };
}

function sortRuns(builder: Builder, rows: Rows, run: number, to: Ref): void {
  const { x, descending } = rows, { shape } = x.layout;
  const lines = lineNames(rows), n = shape[lines.length];
  const at = `i${lines.length}`;
  const within = aroundRuns(lines.length, run, n);
  const operands = [
    { ref: x.slot, dtype: x.dtype, access: "read", reach: (box: Box) => layoutReach(x.layout, within(box)) },
    {
      ref: to,
      dtype: "int32",
      access: "read_write",
      reach: (box: Box) => layoutReach(contiguous(shape), within(box)),
    },
  ] as const;
  const text = (text: PointText): string => {
    const key = (j: string) => text.load(0, addressText(x.layout, [...lines, j]));
    return `let first = ${at} - ${at} % ${run};
let last = min(first + ${run}, ${n});
let mine = ${key(at)};
var rank = 0;
for (var j = first; j < last; j++) {
  let other = ${key("j")};
  let before = ${beforeText(x.dtype, descending, "other", "mine")};
  let after = ${beforeText(x.dtype, descending, "mine", "other")};
  rank += select(0, 1, before || (!after && j < ${at}));
}
${text.store(1, `p - ${at} + first + rank`, at)}`;
  };
  dispatchPoints(builder, shape, operands, { text }, rows.label);
}

function mergeRuns(builder: Builder, rows: Rows, run: number, from: Ref, to: Ref): void {
  const { x, descending } = rows, { shape } = x.layout;
  const lines = lineNames(rows), n = shape[lines.length];
  const at = `i${lines.length}`;
  const within = aroundRuns(lines.length, 2 * run, n);
  const reach = (box: Box) => layoutReach(contiguous(shape), within(box));
  const operands = [
    { ref: x.slot, dtype: x.dtype, access: "read", reach: (box: Box) => layoutReach(x.layout, within(box)) },
    { ref: from, dtype: "int32", access: "read", reach },
    { ref: to, dtype: "int32", access: "read_write", reach },
  ] as const;
  const text = (text: PointText): string => {
    const key = (j: string) => text.load(0, addressText(x.layout, [...lines, j]));
    // Equal keys of the left run come first, so an element of the right run passes them and one of the left run does not.
    return `let base = p - ${at};
let own = ${at} / ${run};
let left = own % 2 == 0;
let sibling = (own + select(-1, 1, left)) * ${run};
let element = ${text.load(1, "p")};
let mine = ${key("element")};
var low = min(sibling, ${n});
var high = min(sibling + ${run}, ${n});
let start = low;
while (low < high) {
  let middle = (low + high) / 2;
  let index = ${text.load(1, "base + middle")};
  let other = ${key("index")};
  let before = ${beforeText(x.dtype, descending, "other", "mine")};
  let after = ${beforeText(x.dtype, descending, "mine", "other")};
  if (before || (!left && !after)) { low = middle + 1; } else { high = middle; }
}
${text.store(2, `base + (own / 2) * ${run * 2} + ${at} % ${run} + low - start`, "element")}`;
  };
  dispatchPoints(builder, shape, operands, { text }, rows.label);
}
