/**
 * Scheduling: values in slots, lifetimes, in-place reuse, epilogues. The result is the plan that a backend runs.
 *
 * @module
 */
import type { Affine, LoopKernel } from "../kernel/ir.ts";
import type { LoopStep, Plan, RoutineName, RoutineStep, Slot, Step } from "../kernel/plan.ts";
import { sameShape, type Shape, sizeOf, stridesOf } from "../shape.ts";
import { operandOf } from "./boundaries.ts";
import type { Fusion, Unit } from "./fuse.ts";
import { type Graph, type GraphNode, loweringOf } from "./graph.ts";
import { splitLoop } from "./index_map.ts";

/** Routines that can have an epilogue: a loop over their result gains from running tile by tile. */
const withEpilogue: ReadonlySet<RoutineName> = new Set<RoutineName>([
  "matmul",
  "conv",
  "convInputGrad",
  "convWeightGrad",
]);

/** What the plan must give back and may overwrite. */
export interface ScheduleRequest {
  /** Nodes whose values become outputs, in order. */
  readonly outputs: readonly number[];
  /** Whether a value that is in memory anyway should be kept as a further output. */
  keeps(node: GraphNode): boolean;
  /** Leaf numbers whose memory may be overwritten. */
  readonly donated: ReadonlySet<number>;
}

/** A plan and the graph nodes behind its inputs and outputs. */
export interface Schedule {
  readonly plan: Plan;
  /** Leaf numbers in the order of the plan's input slots. */
  readonly inputLeaves: readonly number[];
  /** Node of each output slot, in order. */
  readonly outputNodes: readonly number[];
}

interface Draft {
  readonly node: GraphNode;
  role: Slot["role"];
  first: number;
  last: number;
  inPlaceOf: number;
}

/** Places everything. */
export function schedule(graph: Graph, fusion: Fusion, request: ScheduleRequest): Schedule {
  const isBoundary = (id: number) => fusion.boundaries.has(id);
  const { order, epilogues } = attachEpilogues(fusion.units);
  const drafts: Draft[] = [];
  const slotOf = new Map<number, number>();
  const leafSlots = new Map<number, number>();
  const place = (id: number, step: number): number => {
    const node = graph.nodes[id];
    let slot = node.leaf >= 0 ? leafSlots.get(node.leaf) : slotOf.get(id);
    if (slot === undefined) {
      const isInput = node.leaf >= 0;
      slot = drafts.push({
        node,
        role: isInput ? "input" : "temp",
        first: isInput ? -1 : step,
        last: step,
        inPlaceOf: -1,
      }) - 1;
      if (isInput) leafSlots.set(node.leaf, slot);
      else slotOf.set(id, slot);
    }
    drafts[slot].last = Math.max(drafts[slot].last, step);
    return slot;
  };
  const loopStep = (unit: Unit, index: number): LoopStep => {
    if (unit.lowered === null) throw new Error("schedule: a loop step without a kernel");
    const { kernel, reads, writes, label } = unit.lowered;
    const inputs = reads.map((id) => place(id, index));
    const outputs = writes.map((id) => place(id, index));
    return { kind: "loop", kernel, inputs, outputs, label: label === "" ? "copy" : label };
  };
  const steps: Step[] = order.map((unit, index) => {
    if (unit.routine === null) return loopStep(unit, index);
    const node = unit.routine;
    const lowering = loweringOf(node);
    if (lowering.kind !== "routine") throw new Error("schedule: a routine step without a routine");
    const operands = node.inputs.map((id) => graph.nodes[id]);
    const inputs = node.inputs.map((id) => {
      const operand = operandOf(graph, id, isBoundary);
      return {
        slot: place(operand.base, index),
        dtype: graph.nodes[id].dtype,
        layout: operand.layout,
      };
    });
    const output = place(node.id, index);
    const after = epilogues.get(unit);
    const step: RoutineStep = {
      kind: "routine",
      name: lowering.name,
      attrs: lowering.attrs(node.attrs, operands),
      inputs,
      output,
      outputShape: node.shape,
      label: node.prim.name,
      epilogue: after === undefined ? null : loopStep(after, index),
    };
    return step;
  });
  const outputNodes: number[] = [];
  const markOutput = (slot: number) => {
    if (drafts[slot].role === "output") return;
    drafts[slot].role = "output";
    drafts[slot].last = steps.length;
    outputNodes.push(drafts[slot].node.id);
  };
  // Output slots count in slot order, as the plan says.
  const wanted = new Set(request.outputs);
  drafts.forEach((draft, slot) => {
    if (draft.role === "temp" && (wanted.has(draft.node.id) || request.keeps(draft.node))) markOutput(slot);
  });
  shareInPlace(drafts, steps, request.donated);
  const slots: Slot[] = drafts.map((d) => ({
    dtype: d.node.dtype,
    count: sizeOf(d.node.shape),
    role: d.role,
    first: d.first,
    last: d.last,
    inPlaceOf: d.inPlaceOf,
  }));
  return {
    plan: { slots, steps },
    inputLeaves: drafts.filter((d) => d.role === "input").map((d) => d.node.leaf),
    outputNodes,
  };
}

/** Elementwise kernels that follow a matmul or convolution and can run on its output while it is hot. */
function attachEpilogues(order: readonly Unit[]): { order: Unit[]; epilogues: Map<Unit, Unit> } {
  const epilogues = new Map<Unit, Unit>();
  const taken = new Set<Unit>();
  const position = new Map<Unit, number>(order.map((u, i) => [u, i]));
  const writer = new Map<number, Unit>();
  const readers = new Map<number, Unit[]>();
  for (const unit of order) {
    for (const w of unit.writes) writer.set(w, unit);
    if (unit.lowered === null) continue;
    for (const r of unit.reads) {
      const list = readers.get(r);
      if (list === undefined) readers.set(r, [unit]);
      else list.push(unit);
    }
  }
  for (const unit of order) {
    const node = unit.routine, lowering = node === null ? null : loweringOf(node);
    if (node === null || lowering?.kind !== "routine" || !withEpilogue.has(lowering.name)) continue;
    const at = position.get(unit) as number;
    const follower = readers.get(node.id)?.find((u) => !taken.has(u));
    if (follower === undefined || follower.lowered === null || follower.group === null) continue;
    if (follower.group.dims.length > 0 || follower.group.members.some((m) => m.part !== null)) continue;
    // All it reads must be there when the routine runs, so nothing between the two may write it.
    const ready = follower.reads.every((r) => {
      const w = writer.get(r);
      return r === node.id || w === undefined || (position.get(w) as number) < at;
    });
    if (!ready) continue;
    const kernel = conform(follower.lowered.kernel, node.shape);
    if (kernel === null) continue;
    const lowered = rawFirst(kernel, follower.lowered.reads, node.id);
    if (lowered === null) continue;
    const shaped: Unit = { ...follower, lowered: { ...follower.lowered, ...lowered } };
    epilogues.set(unit, shaped);
    taken.add(follower);
  }
  return { order: order.filter((u) => !taken.has(u)), epilogues };
}

/** The kernel over the loops `shape`, when it visits the same points in the same order; else null. */
function conform(kernel: LoopKernel, shape: Shape): LoopKernel | null {
  if (kernel.inner.length > 0 || sizeOf(kernel.outer) !== sizeOf(shape)) return null;
  if (sameShape(kernel.outer, shape)) return kernel;
  let extents = [...kernel.outer];
  let maps = affinesOf(kernel);
  // Split from the back until both factorisations agree, merging loops that are one run in every access.
  for (let d = shape.length - 1, k = extents.length - 1; d >= 0; d--) {
    let size = k >= 0 ? extents[k] : 1;
    while (size < shape[d] && k > 0) {
      const merged = mergeLoops(maps, k - 1, extents[k]);
      if (merged === null) return null;
      maps = merged;
      extents = [...extents.slice(0, k - 1), extents[k - 1] * extents[k], ...extents.slice(k + 1)];
      size = extents[--k];
    }
    if (size === shape[d]) {
      if (k >= 0) k--;
      else if (size !== 1) return null;
      else {
        extents = [1, ...extents];
        maps = maps.map((a) => ({ offset: a.offset, strides: [0, ...a.strides] }));
      }
      continue;
    }
    if (k < 0 || size % shape[d] !== 0) return null;
    maps = maps.map((a) => splitLoop(a, k, shape[d]));
    extents = [...extents.slice(0, k), extents[k] / shape[d], shape[d], ...extents.slice(k + 1)];
  }
  while (extents.length > shape.length) {
    if (extents[0] !== 1) return null;
    extents = extents.slice(1);
    maps = maps.map((a) => ({ offset: a.offset, strides: a.strides.slice(1) }));
  }
  if (!sameShape(extents, shape)) return null;
  let next = 0;
  const code = kernel.code.map((instr) => {
    switch (instr.op) {
      case "index":
      case "load":
      case "store":
        return { ...instr, at: maps[next++] };
      default:
        return instr;
    }
  });
  return { ...kernel, outer: extents, code };
}

function affinesOf(kernel: LoopKernel): Affine[] {
  return kernel.code.flatMap((i) => i.op === "index" || i.op === "load" || i.op === "store" ? [i.at] : []);
}

function mergeLoops(maps: readonly Affine[], dim: number, innerExtent: number): Affine[] | null {
  const out: Affine[] = [];
  for (const a of maps) {
    if (a.strides[dim] !== a.strides[dim + 1] * innerExtent) return null;
    out.push({ offset: a.offset, strides: [...a.strides.slice(0, dim), ...a.strides.slice(dim + 1)] });
  }
  return out;
}

/** The kernel with the routine's output as input 0, read at the very index of the loop; null when it is read otherwise. */
function rawFirst(
  kernel: LoopKernel,
  reads: readonly number[],
  raw: number,
): { kernel: LoopKernel; reads: number[] } | null {
  const strides = stridesOf(kernel.outer);
  const at = reads.indexOf(raw);
  const guarded = kernel.code.some((i) => (i.op === "load" && i.guards.length > 0) || i.op === "inside");
  const straight = kernel.code.every((i) =>
    i.op !== "load" || i.input !== at ||
    (i.at.offset === 0 && i.at.strides.every((s, d) => s === strides[d] || kernel.outer[d] === 1))
  );
  if (guarded || !straight) return null;
  const swap = (i: number) => i === at ? 0 : i === 0 ? at : i;
  const order = reads.map((_, i) => swap(i));
  const code = kernel.code.map((i) => i.op === "load" ? { ...i, input: swap(i.input) } : i);
  return {
    kernel: { ...kernel, inputs: order.map((i) => kernel.inputs[i]), code },
    reads: order.map((i) => reads[i]),
  };
}

/** Lets outputs of elementwise kernels take over inputs that die there. */
function shareInPlace(drafts: Draft[], steps: readonly Step[], donated: ReadonlySet<number>): void {
  const taken = new Set<number>();
  steps.forEach((step, index) => {
    const loop = step.kind === "loop" ? step : step.epilogue;
    if (loop === null || loop.kernel.inner.length > 0) return;
    const routineReads = step.kind === "routine" ? step.inputs.map((i) => i.slot) : [];
    loop.outputs.forEach((output, o) => {
      const out = drafts[output];
      if (out.first !== index) return;
      const candidate = loop.inputs.findIndex((input, i) => {
        const from = drafts[input];
        if (taken.has(input) || input === output || from.last !== index || routineReads.includes(input)) {
          return false;
        }
        const mayTake = from.role === "temp" ||
          (from.role === "input" && out.role === "output" && donated.has(from.node.leaf));
        if (!mayTake || from.node.dtype !== out.node.dtype) return false;
        if (sizeOf(from.node.shape) !== sizeOf(out.node.shape)) return false;
        return sameAccess(loop.kernel, i, o);
      });
      if (candidate < 0) return;
      const from = drafts[loop.inputs[candidate]];
      if (from.role === "temp" && out.role !== "temp") {
        // Scratch memory cannot become an output, but a routine can write its raw result straight into one.
        if (step.kind !== "routine" || step.output !== loop.inputs[candidate] || from.inPlaceOf >= 0) return;
        from.inPlaceOf = output;
        taken.add(loop.inputs[candidate]);
        return;
      }
      taken.add(loop.inputs[candidate]);
      out.inPlaceOf = loop.inputs[candidate];
    });
  });
}

function sameAccess(kernel: LoopKernel, input: number, output: number): boolean {
  const store = kernel.code.filter((i) => i.op === "store").filter((i) => i.output === output);
  if (store.length !== 1) return false;
  const want = store[0].at;
  return kernel.code.every((i) =>
    i.op !== "load" || i.input !== input ||
    (i.guards.length === 0 && i.at.offset === want.offset &&
      i.at.strides.every((s, d) => s === want.strides[d] || kernel.outer[d] === 1))
  );
}
