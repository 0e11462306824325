/**
 * Argsort and scan along the last dimension.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import type { RoutineStep, ScanCombiner } from "../../../kernel/plan.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { identityOf } from "../loops/split.ts";
import { applyText, literal, registerType } from "../wgsl/scalar.ts";
import { addressText, dispatchPoints, type PointText } from "./points.ts";

/** Runs of this length are sorted by counting, for each element, those that come before it; longer rows are merged from them. */
const runLength = (software: boolean): number => software ? 64 : 128;

function lineNames(step: RoutineStep<"argsort" | "scan">): string[] {
  return step.outputShape.slice(0, -1).map((_, d) => `i${d}`);
}

/** Whether key `a` sorts strictly before key `b`. */
function beforeText(dtype: DType, descending: boolean, a: string, b: string): string {
  const [low, high] = descending ? [b, a] : [a, b];
  if (kindOf(dtype) === "bool") return `(!${low} && ${high})`;
  if (kindOf(dtype) === "int") return `(${low} < ${high})`;
  return `(!is_nan(${low}) && (is_nan(${high}) || ${low} < ${high}))`;
}

/** The stable order of each row; NaN sorts as largest. Sorted runs are merged in pairs, each element finding its place by bisection. */
export function lowerArgsort(builder: Builder, step: RoutineStep<"argsort">): void {
  const n = step.outputShape[step.outputShape.length - 1];
  const rows = sizeOf(step.outputShape.slice(0, -1));
  const run = runLength(builder.target.software);
  const passes = Math.max(0, Math.ceil(Math.log2(n / run)));
  // The last pass writes the result; those before it alternate.
  const scratch = Array.from({ length: Math.min(passes, 2) }, () => builder.temp("i32", rows * n));
  const target = (pass: number): Ref => pass === passes ? step.output : scratch[pass % 2];
  sortRuns(builder, step, n, run, target(0));
  for (let pass = 1; pass <= passes; pass++) {
    mergeRuns(builder, step, n, run * 2 ** (pass - 1), target(pass - 1), target(pass));
  }
}

function sortRuns(builder: Builder, step: RoutineStep<"argsort">, n: number, run: number, to: Ref): void {
  const [x] = step.inputs;
  const { descending } = step.attrs;
  const lines = lineNames(step);
  const at = `i${lines.length}`;
  const operands = [
    { ref: x.slot, dtype: x.dtype, access: "read" },
    { ref: to, dtype: "int32", access: "read_write" },
  ] as const;
  dispatchPoints(builder, step.outputShape, operands, (text) => {
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
  }, step.label);
}

function mergeRuns(
  builder: Builder,
  step: RoutineStep<"argsort">,
  n: number,
  run: number,
  from: Ref,
  to: Ref,
): void {
  const [x] = step.inputs;
  const { descending } = step.attrs;
  const lines = lineNames(step);
  const at = `i${lines.length}`;
  const operands = [
    { ref: x.slot, dtype: x.dtype, access: "read" },
    { ref: from, dtype: "int32", access: "read" },
    { ref: to, dtype: "int32", access: "read_write" },
  ] as const;
  dispatchPoints(builder, step.outputShape, operands, (text) => {
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
  }, step.label);
}

const combinerFn: Readonly<Record<ScanCombiner, "add" | "mul" | "max" | "min">> = {
  sum: "add",
  prod: "mul",
  max: "max",
  min: "min",
};

/** Inclusive folds along each row: blocks are folded, the folds of blocks scanned, and each block scanned from the fold before it. */
export function lowerScan(builder: Builder, step: RoutineStep<"scan">): void {
  const [x] = step.inputs;
  const { combiner, reverse } = step.attrs;
  const lines = lineNames(step);
  const n = step.outputShape[step.outputShape.length - 1];
  const dtype = builder.dtypeOf(step.output);
  const shape = step.outputShape.slice(0, -1);
  const load = (text: PointText, at: string) =>
    text.load(0, addressText(x.layout, [...lines, reverse ? `${n - 1} - (${at})` : at]));
  const source = { ref: x.slot, dtype: x.dtype, access: "read" } as const;
  const target = { ref: step.output, dtype, access: "read_write" } as const;
  const block = blockOf(n, sizeOf(shape), builder.target.software);
  const blocks = Math.ceil(n / block);
  const row = (p: string) => reverse ? `${p} * ${n} + ${n - 1} - j` : `${p} * ${n} + j`;
  // Running values of narrow floats stay in float32 and are rounded when stored.
  const wide: DType = kindOf(dtype) === "float" ? "float32" : dtype;
  const identity = literal(wide, identityOf(combiner, wide));
  const step1 = (value: string) =>
    `acc = ${applyText(combinerFn[combiner], wide, ["acc", value], { exact: false })};`;
  const stored = (text: PointText, operand: number, at: string) =>
    text.store(operand, at, roundedText(dtype, "acc"));
  if (blocks === 1) {
    dispatchPoints(
      builder,
      [...shape, 1],
      [source, target],
      (text) =>
        `var acc: ${registerType(dtype)} = ${identity};
for (var j = 0; j < ${n}; j++) { ${step1(load(text, "j"))} ${stored(text, 1, row("p"))} }`,
      step.label,
    );
    return;
  }
  const sums: Ref = builder.temp(builder.word(wide), sizeOf(shape) * blocks);
  const starts: Ref = builder.temp(builder.word(wide), sizeOf(shape) * blocks);
  const b = `i${lines.length}`;
  const loop = `for (var j = ${b} * ${block}; j < min((${b} + 1) * ${block}, ${n}); j++)`;
  dispatchPoints(
    builder,
    [...shape, blocks],
    [source, { ref: sums, dtype: wide, access: "read_write" }],
    (text) =>
      `var acc: ${registerType(dtype)} = ${identity};
${loop} { ${step1(load(text, "j"))} }
${text.store(1, "p", "acc")}`,
    step.label,
  );
  dispatchPoints(builder, [sizeOf(shape)], [
    { ref: sums, dtype: wide, access: "read" },
    { ref: starts, dtype: wide, access: "read_write" },
  ], (text) =>
    `var acc: ${registerType(dtype)} = ${identity};
for (var j = 0; j < ${blocks}; j++) { ${text.store(1, `p * ${blocks} + j`, "acc")} ${
      step1(text.load(0, `p * ${blocks} + j`))
    } }`, step.label);
  dispatchPoints(
    builder,
    [...shape, blocks],
    [source, { ref: starts, dtype: wide, access: "read" }, target],
    (text) =>
      `var acc: ${registerType(dtype)} = ${text.load(1, "p")};
${loop} { ${step1(load(text, "j"))} ${stored(text, 2, row(`(p / ${blocks})`))} }`,
    step.label,
  );
}

function roundedText(dtype: DType, value: string): string {
  return dtype === "float16" ? `round_f16(${value})` : dtype === "bfloat16" ? `round_bf16(${value})` : value;
}

/** The length of a block: short rows, and rows of which there are many, are one block. */
function blockOf(n: number, rows: number, software: boolean): number {
  if (n <= 64 || rows >= (software ? 64 : 16384)) return n;
  return Math.max(32, Math.ceil(Math.sqrt(n)));
}
