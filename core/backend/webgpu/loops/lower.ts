/**
 * A loop kernel as dispatches: which form it takes, when its reductions are split, and how it is made to fit the device's number of bindings.
 *
 * @module
 */
import type { LoopKernel } from "../../../kernel/ir.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { crossingOf, renderCrossing } from "../wgsl/crossing.ts";
import { renderElementwise } from "../wgsl/elementwise.ts";
import { Emitter, type LoopJob } from "../wgsl/emitter.ts";
import { reductionsOf } from "../wgsl/fold.ts";
import { meetingBytes } from "../wgsl/meeting.ts";
import { renderRows, rowLanes, type RowPlan } from "../wgsl/rows.ts";
import { type KernelJob, remediesOf } from "./large.ts";
import { packed } from "./pack.ts";
import { coalesced, decided, flattened, type Moved, rebased } from "./rewrite.ts";
import { roundsOf } from "./rounds.ts";
import { type SplitBuffer, splitReductions } from "./split.ts";

/** Adds the dispatches of a kernel over the given buffers. */
export function lowerLoop(
  builder: Builder,
  kernel: LoopKernel,
  inputs: readonly Ref[],
  outputs: readonly Ref[],
  label: string,
): void {
  const merged = mergeInputs(builder, coalesced(flattened(decided(kernel))), inputs);
  lowerMerged(builder, { ...merged, outputs, label });
}

/** One input for each buffer, however often the kernel lists it. */
function mergeInputs(
  builder: Builder,
  kernel: LoopKernel,
  inputs: readonly Ref[],
): { kernel: LoopKernel; inputs: Ref[] } {
  const loaded = new Set(kernel.code.flatMap((i) => i.op === "load" ? [i.input] : []));
  const refs: Ref[] = [];
  const types: LoopKernel["inputs"][number][] = [];
  const moved = inputs.map((ref, i): Moved => {
    let buffer = refs.findIndex((r) => builder.isSame(r, ref));
    if (buffer < 0 && loaded.has(i)) {
      buffer = refs.push(ref) - 1;
      types.push(kernel.inputs[i]);
    }
    return { buffer, offset: 0 };
  });
  const outputs = kernel.outputs.map((_, buffer) => ({ buffer, offset: 0 }));
  return { kernel: rebased(kernel, moved, outputs, types, kernel.outputs), inputs: refs };
}

function lowerMerged(builder: Builder, merged: Omit<KernelJob, "alias">): void {
  const { kernel, inputs, outputs, label } = merged, { target } = builder;
  const alias = inputs.map((ref) => outputs.findIndex((o) => builder.root(o) === builder.root(ref)));
  if (!builder.fits([...inputs.filter((_, i) => alias[i] < 0), ...outputs])) {
    return lowerLarge(builder, { ...merged, alias });
  }
  const dispatch = (render: (job: LoopJob) => ReturnType<typeof renderRows>, kernel: LoopKernel): void => {
    const extents = (refs: readonly Ref[]) => refs.map((ref) => builder.extent(ref));
    const job: LoopJob = { kernel, inputs: extents(inputs), outputs: extents(outputs), alias };
    const operands = Emitter.operands(job).map(({ kind, index }) =>
      (kind === "input" ? inputs : outputs)[index]
    );
    builder.dispatch(render(job), operands, label);
  };
  if (!kernel.code.some((i) => i.op === "reduce")) {
    // Splitting may have left a kernel without reductions.
    return dispatch((job) => {
      // A software device has no rows of threads that read together.
      const crossing = target.software ? null : crossingOf(job);
      return crossing === null ? renderElementwise(job, target) : renderCrossing(job, target, crossing);
    }, coalesced(flattened(kernel)));
  }
  const plan = rowPlan(kernel, target.software, builder.gpu.limits.workgroupBytes);
  const chunks = Math.max(splitInto(kernel, target.software), chunksFor(kernel, plan, target.rounds));
  if (chunks > 1) return lowerSplit(builder, kernel, inputs, outputs, chunks, label);
  dispatch((job) => renderRows(job, target, plan), kernel);
}

/** Whether neighbouring outer points read neighbouring elements while inner points do not: sums over columns. */
function isColumnwise(kernel: LoopKernel): boolean {
  const o = kernel.outer.length - 1;
  const r = kernel.outer.length + kernel.inner.length - 1;
  if (o < 0) return false;
  let votes = 0;
  for (const i of kernel.code) {
    if (i.op !== "load" || i.level !== "inner") continue;
    if (i.at.strides[o] === 1 && i.at.strides[r] !== 1) votes++;
    else if (i.at.strides[r] === 1) votes--;
  }
  return votes > 0;
}

/** In how many chunks to cut the reductions; 1 for not at all. */
function splitInto(kernel: LoopKernel, software: boolean): number {
  const points = sizeOf(kernel.outer), inner = sizeOf(kernel.inner);
  if (software) {
    // One thread sweeps a row: 256 rows keep every lane busy.
    if (points >= 128 || inner < 512) return 1;
    return Math.min(Math.ceil(512 / points), Math.floor(inner / 32));
  }
  if (isColumnwise(kernel)) {
    // A thread reads single elements, so it takes this many to keep memory busy.
    if (points >= 131072 || inner < 128) return 1;
    return Math.min(Math.ceil(262144 / points), Math.floor(inner / 32));
  }
  if (points >= 256 || inner < 16384) return 1;
  return Math.min(Math.ceil(1024 / points), Math.floor(inner / 2048));
}

/** The least chunks of which a thread can take one; 1 for all. */
function chunksFor(kernel: LoopKernel, { by, size }: RowPlan, rounds: number): number {
  const taken = roundsOf(kernel, rowLanes(kernel)) / (by === "workgroup" ? size : 1);
  return Math.max(1, Math.ceil(taken / rounds));
}

function rowPlan(kernel: LoopKernel, software: boolean, workgroupBytes: number): RowPlan {
  const points = sizeOf(kernel.outer), inner = sizeOf(kernel.inner);
  if (software || inner <= 32 || isColumnwise(kernel)) {
    const most = software ? 64 : 128;
    return { by: "thread", size: Math.min(most, Math.max(32, 2 ** Math.ceil(Math.log2(points / 4 + 1)))) };
  }
  let size = inner >= 1024 ? 256 : inner >= 256 ? 128 : 64;
  // Each reduction of a sweep has its own shared memory.
  const bytes = meetingBytes(reductionsOf(kernel));
  while (size > 1 && size * bytes > workgroupBytes) size /= 2;
  return { by: "workgroup", size };
}

/** A kernel whose buffers take more bindings than there are. */
function lowerLarge(builder: Builder, job: KernelJob): void {
  const { kernel, inputs, outputs, label } = job;
  for (const remedy of remediesOf(builder, job)) {
    switch (remedy.kind) {
      case "bind":
        return lowerMerged(builder, remedy.job);
      case "chunks":
        return lowerSplit(builder, kernel, inputs, outputs, remedy.chunks, label);
      case "several":
        for (const part of remedy.jobs) lowerLoop(builder, part.kernel, part.inputs, part.outputs, label);
        return;
      case "pack": {
        const small = packed(builder, remedy.job, remedy.excess);
        if (small === null) break;
        lowerMerged(builder, small);
        return small.putBack();
      }
    }
  }
}

/** The reductions of a kernel in two passes. */
function lowerSplit(
  builder: Builder,
  kernel: LoopKernel,
  inputs: readonly Ref[],
  outputs: readonly Ref[],
  chunks: number,
  label: string,
): void {
  const { kernels, temps } = splitReductions(kernel, chunks);
  const refs = temps.map((t) => builder.temp(builder.word(t.dtype), t.count));
  const place = (b: SplitBuffer): Ref =>
    (b.kind === "input" ? inputs : b.kind === "output" ? outputs : refs)[b.index];
  for (const part of kernels) {
    lowerLoop(builder, part.kernel, part.inputs.map(place), part.outputs.map(place), label);
  }
}
