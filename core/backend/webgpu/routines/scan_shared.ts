/**
 * Scans for GPUs: a workgroup folds or scans one block of a row in shared memory, and neighbouring threads read and write neighbouring elements. How blocks
 * are put together is written in scan.ts.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { ScanCombiner } from "../../../kernel/plan.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder } from "../builder.ts";
import { foldGroups, groupText, indexLines, rendered } from "../wgsl/frame.ts";
import { registerType } from "../wgsl/scalar.ts";
import { type PointOperand, PointText } from "./points.ts";

/** A scan along the last dimension of a shape. */
export interface ScanJob {
  readonly shape: readonly number[];
  readonly combiner: ScanCombiner;
  /** In which it works, and which the result has. */
  readonly wide: DType;
  readonly dtype: DType;
  readonly source: PointOperand;
  readonly target: PointOperand;
  /** The addresses of an element, from the indices of its row and its place in the row. */
  from(names: readonly string[], at: string): string;
  to(names: readonly string[], at: string): string;
  /** Whether an element of the result leaves out the one at its own place. */
  readonly before: boolean;
  readonly label: string;
}

/** What is done with the blocks of a job. */
export interface BlockWork {
  readonly job: ScanJob;
  readonly block: number;
  /** The source, what is written, and for a scan, where there are several blocks, what comes before each of them. */
  readonly operands: readonly PointOperand[];
  /** Only the fold of each block is wanted. */
  readonly folds: boolean;
  readonly identity: string;
  fold(a: string, b: string): string;
  rounded(value: string): string;
}

/** Elements that each thread folds by itself. */
const each = 4;

/** The length of the blocks of rows of `n` elements. */
export const sharedBlock = (n: number): number => n <= 256 ? 256 : 1024;

/** Dispatches a workgroup for each block. */
export function dispatchBlocks(builder: Builder, work: BlockWork): void {
  const { job, block, operands, folds, identity, fold, rounded } = work;
  const rows = job.shape.slice(0, -1), n = job.shape[rows.length];
  const blocks = Math.ceil(n / block), count = sizeOf(rows) * blocks, threads = block / each;
  const names = rows.map((_, d) => `i${d}`), b = `i${rows.length}`;
  const text = new PointText(builder, operands, operands.map(({ ref }) => ({ ref, start: 0 })));
  const type = registerType(job.wide);
  const groups = foldGroups(count, builder.target.workgroupsPerDimension);
  const numbers = Array.from({ length: each }, (_, q) => q);
  const at = (q: number): string => `t + ${q * threads}`;
  const inRow = (q: number): string => `${b} * ${block} + ${at(q)}`;
  const own = (q: number): string => `values[t * ${each} + ${q}]`;
  const lines = [
    ...numbers.flatMap((q) => [
      `values[${at(q)}] = ${identity};`,
      `if (${inRow(q)} < ${n}) { values[${at(q)}] = ${text.load(0, job.from(names, inRow(q)))}; }`,
    ]),
    "workgroupBarrier();",
    `let own0 = ${own(0)};`,
    ...numbers.slice(1).map((q) => `let own${q} = ${fold(`own${q - 1}`, own(q))};`),
    `totals[t] = own${each - 1};`,
    "workgroupBarrier();",
    // Each total becomes that of all threads up to its own.
    `for (var step = 1; step < ${threads}; step = step << 1u) {`,
    "var total = totals[t];",
    `if (t >= step) { total = ${fold("totals[t - step]", "total")}; }`,
    "workgroupBarrier();",
    "totals[t] = total;",
    "workgroupBarrier();",
    "}",
  ];
  if (folds) lines.push(`if (t == 0) { ${text.store(1, "p", `totals[${threads - 1}]`)} }`);
  else {
    lines.push(
      `var base = ${operands.length > 2 ? text.load(2, "p") : identity};`,
      `if (t > 0) { base = ${fold("base", "totals[t - 1]")}; }`,
      ...numbers.map((q) => {
        if (!job.before) return `${own(q)} = ${fold("base", `own${q}`)};`;
        return `${own(q)} = ${q === 0 ? "base" : fold("base", `own${q - 1}`)};`;
      }),
      "workgroupBarrier();",
      ...numbers.map((q) =>
        `if (${inRow(q)} < ${n}) { ${text.store(1, job.to(names, inRow(q)), rounded(`values[${at(q)}]`))} }`
      ),
    );
  }
  const main = `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
let p = ${groupText(groups)};
if (p >= ${count}) { return; }
let t = i32(thread);
${indexLines("p", [...rows, blocks], [...names, b], 1).join("\n")}
${lines.join("\n")}
}
`;
  const shared = `var<workgroup> values: array<${type}, ${block}>;
var<workgroup> totals: array<${type}, ${threads}>;
`;
  const kernel = rendered(text.bindings, groups, main, shared);
  builder.dispatch(kernel, operands.map((o) => o.ref), job.label);
}
