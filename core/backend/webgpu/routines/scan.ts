/**
 * Scans: inclusive folds along the last dimension.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import type { RoutineStep, ScanCombiner } from "../../../kernel/plan.ts";
import { contiguous } from "../../../layout.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { identityOf } from "../loops/split.ts";
import { applyText, literal, registerType } from "../wgsl/scalar.ts";
import {
  addressText,
  type Box,
  dispatchPoints,
  layoutReach,
  packedInput,
  type PointOperand,
  type PointText,
  withIndices,
} from "./points.ts";
import { dispatchBlocks, type ScanJob, sharedBlock } from "./scan_shared.ts";

const combinerFn: Readonly<Record<ScanCombiner, "add" | "mul" | "max" | "min">> = {
  sum: "add",
  prod: "mul",
  max: "max",
  min: "min",
};

/**
 * Inclusive folds along each row: blocks are folded, the folds of blocks scanned in the same way, and each block scanned on its own and put on top of the
 * fold before it, so that the error of a sum grows with the number of levels.
 */
export function lowerScan(builder: Builder, step: RoutineStep<"scan">): void {
  const [source] = step.inputs, { combiner, reverse } = step.attrs;
  // A block of a row whose elements lie far apart may reach more than bindings show.
  const apart = Math.abs(source.layout.strides[source.layout.strides.length - 1]) > 1;
  const x = apart && !builder.fits([source.slot, step.output, step.output])
    ? packedInput(builder, source, step.label)
    : source;
  const n = step.outputShape[step.outputShape.length - 1];
  const dtype = builder.dtypeOf(step.output);
  // Running values of narrow floats stay in float32 and are rounded when stored.
  const wide: DType = kindOf(dtype) === "float" ? "float32" : dtype;
  const mirrored = (box: Box): Box => {
    const d = box.length - 1, { first, last } = box[d];
    return reverse ? withIndices(box, d, n - 1 - last, n - 1 - first) : box;
  };
  const result = contiguous(step.outputShape);
  scanRows(builder, {
    shape: step.outputShape,
    combiner,
    wide,
    dtype,
    source: {
      ref: x.slot,
      dtype: x.dtype,
      access: "read",
      reach: (box) => layoutReach(x.layout, mirrored(box)),
    },
    target: {
      ref: step.output,
      dtype,
      access: "read_write",
      reach: (box) => layoutReach(result, mirrored(box)),
    },
    from: (names, at) => addressText(x.layout, [...names, reverse ? `${n - 1} - (${at})` : at]),
    to: (names, at) => addressText(result, [...names, reverse ? `${n - 1} - (${at})` : at]),
    before: false,
    label: step.label,
  });
}

/** By one thread for each block, or, on a GPU, by one workgroup. */
function scanRows(builder: Builder, job: ScanJob): void {
  const { shape, combiner, wide, source, target, label } = job;
  const rows = shape.slice(0, -1), n = shape[shape.length - 1];
  const names = rows.map((_, d) => `i${d}`), b = `i${rows.length}`;
  // A product starts with the one before it: by itself that of a block may leave the range of floats where the whole does not.
  const onTop = combiner !== "prod";
  // What comes before each block, the third buffer, is smaller than the result.
  const shared = !builder.target.software && onTop && n > shortRow &&
    builder.fits([source.ref, target.ref, target.ref]);
  const block = shared ? sharedBlock(n) : blockOf(n, sizeOf(rows), builder.target.software);
  const blocks = Math.ceil(n / block);
  const fold = (a: string, x: string) => applyText(combinerFn[combiner], wide, [a, x], { exact: false });
  const type = registerType(wide), identity = literal(wide, identityOf(combiner, wide));
  // Eights are folded on their own too.
  const group = onTop ? 8 : block;
  const walk = (each: string): string =>
    `let last = min((${b} + 1) * ${block}, ${n});
for (var k = ${b} * ${block}; k < last; k += ${group}) {
  var part: ${type} = ${onTop ? identity : "acc"};
  for (var j = k; j < min(k + ${group}, last); j++) { ${each} }
  acc = ${onTop ? fold("acc", "part") : "part"};
}`;
  const next = (text: PointText): string => `part = ${fold("part", text.load(0, job.from(names, "j")))};`;
  // The elements of the blocks of a box.
  const elements = (box: Box): Box => {
    const { first, last } = box[rows.length];
    return withIndices(box, rows.length, first * block, Math.min((last + 1) * block, n) - 1);
  };
  const over = (operand: PointOperand): PointOperand => ({
    ...operand,
    reach: (box, steps) => operand.reach(elements(box), steps),
  });
  const blockLayout = contiguous([...rows, blocks]);
  const ofBlocks = (ref: Ref, access: "read" | "read_write"): PointOperand => ({
    ref,
    dtype: wide,
    access,
    reach: (box) => layoutReach(blockLayout, box),
  });
  const rounded = (value: string): string => roundedText(job.dtype, value);
  const dispatch = (
    operands: readonly PointOperand[],
    folds: boolean,
    text: (text: PointText) => string,
  ): void =>
    shared
      ? dispatchBlocks(builder, { job, block, operands, folds, identity, fold, rounded })
      : dispatchPoints(builder, [...rows, blocks], operands, { text }, label);
  let starts: Ref | null = null;
  if (blocks > 1) {
    const sums = builder.temp(builder.word(wide), sizeOf(rows) * blocks);
    starts = builder.temp(builder.word(wide), sizeOf(rows) * blocks);
    const text = (text: PointText): string =>
      `var acc: ${type} = ${identity};
${walk(next(text))}
${text.store(1, "p", "acc")}`;
    dispatch([over(source), ofBlocks(sums, "read_write")], true, text);
    const address = (names: readonly string[], at: string) => addressText(blockLayout, [...names, at]);
    scanRows(builder, {
      ...job,
      shape: [...rows, blocks],
      dtype: wide,
      source: ofBlocks(sums, "read"),
      target: ofBlocks(starts, "read_write"),
      from: address,
      to: address,
      before: true,
    });
  }
  const operands = [over(source), over(target), ...starts === null ? [] : [ofBlocks(starts, "read")]];
  const text = (text: PointText): string => {
    const before = starts === null ? identity : text.load(2, "p");
    const running = !onTop
      ? "part"
      : starts === null
      ? fold("acc", "part")
      : fold("before", fold("acc", "part"));
    const store = text.store(1, job.to(names, "j"), rounded(running));
    return `let before: ${type} = ${before};
var acc: ${type} = ${onTop ? identity : "before"};
${walk(job.before ? `${store} ${next(text)}` : `${next(text)} ${store}`)}`;
  };
  dispatch(operands, false, text);
}

function roundedText(dtype: DType, value: string): string {
  return dtype === "float16" ? `round_f16(${value})` : dtype === "bfloat16" ? `round_bf16(${value})` : value;
}

/** Rows that one thread scans. */
const shortRow = 64;

/** The length of a block: short rows, and rows of which there are many, are one block. */
function blockOf(n: number, rows: number, software: boolean): number {
  return n <= shortRow || (n <= 256 && rows >= (software ? 64 : 16384)) ? n : 64;
}
