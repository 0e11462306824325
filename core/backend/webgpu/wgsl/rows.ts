/**
 * Kernels with reductions in WGSL. Either one thread sweeps the inner loops of its outer point, or one workgroup does, its threads meeting after
 * each sweep. Inner values are computed again in each sweep that needs them.
 *
 * @module
 */
import { kindOf } from "../../../dtype.ts";
import { type LoopKernel, stagesOf, type StoreInstr } from "../../../kernel/ir.ts";
import { Emitter, type LoopJob, type Target } from "./emitter.ts";
import {
  accumulator,
  combineText,
  declareAccumulator,
  merged,
  promoted,
  type Reduction,
  reductionsOf,
  resultText,
} from "./fold.ts";
import { foldGroups, groupText, indexLines, type Rendered, rendered } from "./frame.ts";
import { Meeting } from "./meeting.ts";
import { narrowed } from "./scalar.ts";

/** Who sweeps the inner loops: the workgroup's number of threads, or one thread of a workgroup of that size. */
export interface RowPlan {
  readonly by: "thread" | "workgroup";
  readonly size: number;
}

/** Elements that one float accumulator takes in before it is folded into the next, so that error grows slowly. */
const block = 128;

/** Four lanes when the innermost inner loop runs on in memory. */
export function rowLanes(kernel: LoopKernel): number {
  const extent = kernel.inner[kernel.inner.length - 1] ?? 1;
  if (kernel.inner.length === 0 || extent % 4 !== 0) return 1;
  const rank = kernel.outer.length + kernel.inner.length;
  const loads = kernel.code.filter((i) => i.op === "load" && i.level === "inner");
  // Outer stores write single elements; a buffer cannot be declared in both ways.
  if (loads.some((i) => i.op === "load" && i.at.strides[rank - 1] === 1)) return 4;
  return 1;
}

/** Renders a kernel with at least one reduction. */
export function renderRows(job: LoopJob, target: Target, plan: RowPlan): Rendered {
  return new RowRenderer(job, target, plan).render();
}

class RowRenderer {
  readonly #target: Target;
  readonly #plan: RowPlan;
  readonly #emitter: Emitter;
  readonly #kernel: LoopKernel;
  readonly #lanes: number;
  readonly #lines: string[] = [];
  readonly #meeting: Meeting;

  constructor(job: LoopJob, target: Target, plan: RowPlan) {
    this.#target = target;
    this.#plan = plan;
    this.#kernel = job.kernel;
    this.#lanes = rowLanes(job.kernel);
    this.#emitter = new Emitter(job, target, this.#lanes);
    this.#meeting = new Meeting(plan.size, target.subgroupLanes);
  }

  render(): Rendered {
    const { outer, inner, code } = this.#kernel;
    const emitter = this.#emitter;
    const points = outer.reduce((n, d) => n * d, 1);
    const { by, size } = this.#plan;
    const groups = foldGroups(
      by === "thread" ? Math.ceil(points / size) : points,
      this.#target.workgroupsPerDimension,
    );
    const outerNames = outer.map((_, d) => `o${d}`);
    const innerNames = inner.map((_, d) => `r${d}`);
    emitter.indices = [...outerNames, ...innerNames];
    indexLines("p", outer, outerNames, 1).forEach((text) => emitter.line(text));

    const stages = stagesOf(this.#kernel);
    const reductions = reductionsOf(this.#kernel);
    const innerStores = code.flatMap((instr, i) =>
      instr.op === "store" && instr.level === "inner" ? [{ instr, stage: stages[i] }] : []
    );
    // All inner stores happen in the last sweep: an output may stand in place of an input that earlier sweeps still read.
    const sweeps = Math.max(reductions.length, ...innerStores.map((s) => s.stage + 1));
    for (let sweep = 0; sweep < sweeps; sweep++) {
      const here = reductions[sweep] ?? [];
      const stores = sweep === sweeps - 1 ? innerStores.map((s) => s.instr) : [];
      this.#outerValues(here, stores, stages, sweep);
      this.#sweep(here, stores);
    }
    const outerStores = code.filter((i): i is StoreInstr => i.op === "store" && i.level === "outer");
    for (const instr of outerStores) emitter.value(instr.arg);
    this.#flush();
    for (const instr of outerStores) {
      emitter.storeOne(instr);
      const text = emitter.take();
      this.#lines.push(by === "thread" ? text : `if (t == 0) {\n${text}\n}`);
    }
    this.#flush();
    const head = by === "thread"
      ? `let p = ${groupText(groups)} * ${size} + i32(thread);`
      : `let t = i32(thread);
  let p = ${groupText(groups)};`;
    const main = `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32${
      by === "workgroup" ? this.#meeting.inputs : ""
    }) {
  ${head}
  if (p >= ${points}) { return; }
${this.#lines.join("\n")}
}
`;
    return rendered(emitter.bindings, groups, main, this.#meeting.declarations);
  }

  #flush(): void {
    const text = this.#emitter.take();
    if (text !== "") this.#lines.push(text);
  }

  /** Writes, before a sweep, the outer values that it reads. */
  #outerValues(
    here: readonly Reduction[],
    stores: readonly StoreInstr[],
    stages: readonly number[],
    sweep: number,
  ): void {
    const { code } = this.#kernel;
    const seen = new Set<number>();
    const visit = (i: number): void => {
      if (seen.has(i)) return;
      seen.add(i);
      const instr = code[i];
      if (instr.level === "outer" && instr.op !== "reduce" && stages[i] <= sweep) {
        this.#emitter.value(i);
        return;
      }
      if (instr.op === "reduce") return;
      for (const a of instr.op === "apply" ? instr.args : instr.op === "cast" ? [instr.arg] : []) visit(a);
    };
    for (const r of here) visit(r.instr.arg);
    for (const s of stores) visit(s.arg);
    this.#flush();
  }

  #sweep(here: readonly Reduction[], stores: readonly StoreInstr[]): void {
    const { inner } = this.#kernel;
    const emitter = this.#emitter;
    const lines = this.#lines;
    for (const r of here) lines.push(...declareAccumulator(r, accumulator(r)));
    const last = inner[inner.length - 1] ?? 1;
    const steps = [...inner.slice(0, -1), Math.ceil(last / this.#lanes)];
    const blocked = here.filter((r) =>
      kindOf(r.instr.dtype) === "float" && /^(sum|prod)$/.test(r.instr.combiner)
    );
    emitter.open();
    const inBlock = (r: Reduction): string =>
      blocked.includes(r) ? `${accumulator(r)}_block` : accumulator(r);
    for (const r of here) this.#accumulate(r, inBlock(r));
    emitter.stores(stores, last);
    const body = emitter.take();
    emitter.close();
    const begin = blocked.flatMap((r) => declareAccumulator(r, inBlock(r)));
    const end = blocked.map((r) => combineText(r, accumulator(r), inBlock(r)));
    if (this.#plan.by === "thread") this.#threadLoops(steps, begin, body, end);
    else this.#workgroupLoop(steps, begin, body, end);
    if (this.#plan.by === "workgroup" && here.length > 0) lines.push(...this.#meeting.lines(here));
    for (const r of here) emitter.define(r.i, resultText(r));
    this.#flush();
  }

  /** One thread runs all the inner loops, the innermost in blocks. */
  #threadLoops(
    steps: readonly number[],
    begin: readonly string[],
    body: string,
    end: readonly string[],
  ): void {
    const lines = this.#lines;
    if (this.#kernel.inner.length === 0) {
      // In a block of its own, as loops are: values of the sweep are forgotten after it, and may be written again under their names.
      lines.push("{", ...begin, body, ...end, "}");
      return;
    }
    const d = steps.length - 1;
    for (let k = 0; k < d; k++) lines.push(`for (var r${k} = 0; r${k} < ${steps[k]}; r${k}++) {`);
    const per = block / this.#lanes;
    const index = this.#lanes > 1 ? `let r${d} = s * ${this.#lanes};` : `let r${d} = s;`;
    if (steps[d] > per && begin.length > 0) {
      lines.push(`for (var b = 0; b < ${steps[d]}; b += ${per}) {`, ...begin);
      lines.push(`for (var s = b; s < min(b + ${per}, ${steps[d]}); s++) {`, index, body, "}", ...end, "}");
    } else {
      lines.push(...begin, `for (var s = 0; s < ${steps[d]}; s++) {`, index, body, "}", ...end);
    }
    for (let k = 0; k < d; k++) lines.push("}");
  }

  /** The threads of a workgroup share the inner points, neighbours next to each other. */
  #workgroupLoop(
    steps: readonly number[],
    begin: readonly string[],
    body: string,
    end: readonly string[],
  ): void {
    const count = steps.reduce((n, d) => n * d, 1);
    const names = this.#kernel.inner.map((_, d) => `r${d}`);
    const index = indexLines("s", steps, names, this.#lanes);
    const size = this.#plan.size;
    const per = block / this.#lanes;
    if (count > per * size && begin.length > 0) {
      this.#lines.push(`for (var b = 0; b < ${count}; b += ${per * size}) {`, ...begin);
      this.#lines.push(`for (var s = b + t; s < min(b + ${per * size}, ${count}); s += ${size}) {`);
      this.#lines.push(...index, body, "}", ...end, "}");
    } else {
      this.#lines.push(
        ...begin,
        `for (var s = t; s < ${count}; s += ${size}) {`,
        ...index,
        body,
        "}",
        ...end,
      );
    }
  }

  /** Folds the lanes of the argument into an accumulator. */
  #accumulate(r: Reduction, into: string): void {
    const emitter = this.#emitter;
    const { arg, combiner } = r.instr;
    emitter.value(arg);
    const values = Array.from({ length: this.#lanes }, (_, l) => promoted(r, emitter.lane(arg, l)));
    if (!combiner.startsWith("arg")) {
      const pairs = (list: readonly string[]): string =>
        list.length === 1
          ? list[0]
          : merged(r, pairs(list.slice(0, list.length / 2)), pairs(list.slice(list.length / 2)));
      emitter.line(`${into} = ${narrowed(r.instr.dtype, merged(r, into, pairs(values)))};`);
      return;
    }
    const strides = this.#innerStrides();
    values.forEach((v, l) => {
      const at = strides.map((s, d) => s === 1 ? `r${d}` : `r${d} * ${s}`).concat(
        l > 0 || strides.length === 0 ? [`${l}`] : [],
      );
      emitter.line(`{ let other = ${v}; let other_at = ${at.join(" + ")};`);
      emitter.line(`${combineText(r, into, "other")} }`);
    });
  }

  #innerStrides(): number[] {
    const { inner } = this.#kernel;
    return inner.map((_, d) => inner.slice(d + 1).reduce((n, e) => n * e, 1));
  }
}
