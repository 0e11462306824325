/**
 * A loop kernel as dispatches: which form it takes, when its reductions are split, and how it is made to fit the device's number of bindings.
 *
 * @module
 */
import { DeviceError } from "../../../errors.ts";
import type { LoopKernel } from "../../../kernel/ir.ts";
import type { Builder, Ref } from "../builder.ts";
import { windowsOf } from "../wgsl/bindings.ts";
import { crossingOf, renderCrossing } from "../wgsl/crossing.ts";
import { renderElementwise } from "../wgsl/elementwise.ts";
import { Emitter, type LoopJob } from "../wgsl/emitter.ts";
import { renderRows, rowLanes, type RowPlan } from "../wgsl/rows.ts";
import { atOnePoint, halved, type Reach, type Reaches, reachesOf } from "./halve.ts";
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
  lowerMerged(builder, merged.kernel, merged.inputs, outputs, label);
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
    let buffer = refs.findIndex((r) => builder.root(r) === builder.root(ref));
    if (buffer < 0 && loaded.has(i)) {
      buffer = refs.push(ref) - 1;
      types.push(kernel.inputs[i]);
    }
    return { buffer, offset: 0 };
  });
  const outputs = kernel.outputs.map((_, buffer) => ({ buffer, offset: 0 }));
  return { kernel: rebased(kernel, moved, outputs, types, kernel.outputs), inputs: refs };
}

function lowerMerged(
  builder: Builder,
  kernel: LoopKernel,
  inputs: readonly Ref[],
  outputs: readonly Ref[],
  label: string,
): void {
  const { target } = builder;
  const alias = inputs.map((ref) => outputs.findIndex((o) => builder.root(o) === builder.root(ref)));
  if (!builder.fits([...inputs.filter((_, i) => alias[i] < 0), ...outputs])) {
    lowerLarge(builder, { kernel, inputs, outputs, alias, label });
    return;
  }
  if (!kernel.code.some((i) => i.op === "reduce")) {
    // Splitting may have left a kernel without reductions.
    const flat = coalesced(flattened(kernel));
    const job: LoopJob = {
      kernel: flat,
      inputs: inputs.map((r) => builder.extent(r)),
      outputs: outputs.map((r) => builder.extent(r)),
      alias,
    };
    // A software device has no rows of threads that read together.
    const crossing = target.software ? null : crossingOf(job);
    const rendered = crossing === null
      ? renderElementwise(job, target)
      : renderCrossing(job, target, crossing);
    dispatch(builder, job, inputs, outputs, rendered, label);
    return;
  }
  const plan = rowPlan(kernel, target.software);
  const chunks = Math.max(splitInto(kernel, target.software), chunksFor(kernel, plan, target.rounds));
  if (chunks > 1) {
    lowerSplit(builder, kernel, inputs, outputs, chunks, label);
    return;
  }
  const job: LoopJob = {
    kernel,
    inputs: inputs.map((r) => builder.extent(r)),
    outputs: outputs.map((r) => builder.extent(r)),
    alias,
  };
  dispatch(builder, job, inputs, outputs, renderRows(job, target, plan), label);
}

function dispatch(
  builder: Builder,
  job: LoopJob,
  inputs: readonly Ref[],
  outputs: readonly Ref[],
  rendered: ReturnType<typeof renderElementwise>,
  label: string,
): void {
  const operands = Emitter.operands(job).map(({ kind, index }) =>
    (kind === "input" ? inputs : outputs)[index]
  );
  builder.dispatch(rendered, operands, label);
}

const product = (extents: readonly number[]): number => extents.reduce((n, d) => n * d, 1);

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
  const points = product(kernel.outer), inner = product(kernel.inner);
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

function rowPlan(kernel: LoopKernel, software: boolean): RowPlan {
  const points = product(kernel.outer), inner = product(kernel.inner);
  if (software || inner <= 32 || isColumnwise(kernel)) {
    const most = software ? 64 : 128;
    return { by: "thread", size: Math.min(most, Math.max(32, 2 ** Math.ceil(Math.log2(points / 4 + 1)))) };
  }
  return { by: "workgroup", size: inner >= 1024 ? 256 : inner >= 256 ? 128 : 64 };
}

/** A kernel whose buffers take more bindings than there are. */
interface LargeJob {
  readonly kernel: LoopKernel;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  readonly alias: readonly number[];
  readonly label: string;
}

/** Such a kernel in parts, which reach less of each buffer; parts that still have too many buffers get some of them packed into one. */
function lowerLarge(builder: Builder, job: LargeJob): void {
  const { kernel, inputs, outputs, label } = job;
  const { bindingBytes, storageBuffers } = builder.target;
  const whole = boundBy(builder, job), apart = separated(job);
  const around = whole.windows <= storageBuffers ? job : apart;
  if (around !== null && boundBy(builder, around).windows <= storageBuffers) {
    const part = partOf(builder, around);
    return lowerMerged(builder, part.kernel, part.inputs, part.outputs, label);
  }
  if (whole.bytes.every((b) => b <= bindingBytes)) {
    if (lowerPacked(builder, partOf(builder, job), whole.windows - storageBuffers)) return;
  }
  // What lies between two loads of one buffer is not what parts have to get rid of.
  const form = apart ?? job;
  const [point] = [job, form].map((form) => boundBy(builder, { ...form, kernel: atOnePoint(form.kernel) }))
    .sort((a, b) => a.windows - b.windows);
  if (point.windows > storageBuffers && point.bytes.some((b) => b > bindingBytes)) {
    // One outer point reaches too much by itself, and outer loops are all that can be cut.
    const inner = product(kernel.inner);
    const chunks = Math.min(inner, 4 * Math.ceil(Math.max(...point.bytes) / bindingBytes));
    if (chunks > 1 && kernel.code.some((i) => i.op === "reduce")) {
      return lowerSplit(builder, kernel, inputs, outputs, chunks, label);
    }
  }
  const halves = halved(
    form.kernel,
    (part) => boundBy(builder, { ...form, kernel: part }).bytes.reduce((sum, b) => sum + b, 0),
  );
  if (halves === null) {
    throw new DeviceError(
      `webgpu: the kernel of ${label} needs ${whole.windows} storage buffers, and this device allows ${storageBuffers}`,
    );
  }
  for (const half of halves) lowerLoop(builder, half, form.inputs, outputs, label);
}

/** What a kernel reaches of its buffers. */
function reachOf(builder: Builder, { kernel, inputs, outputs, alias }: LargeJob): Reaches {
  const counts = {
    inputs: inputs.map((r) => builder.count(r)),
    outputs: outputs.map((r) => builder.count(r)),
  };
  return reachesOf(kernel, counts, alias);
}

/** Bytes of the buffers that are bound, and the bindings they take. */
function boundBy(builder: Builder, job: LargeJob): { readonly bytes: number[]; readonly windows: number } {
  const reaches = reachOf(builder, job);
  const bytesOf = (refs: readonly Ref[], list: readonly Reach[]): number[] =>
    refs.map((ref, i) => builder.partBytes(ref, list[i].first, list[i].last));
  const bytes = [
    ...bytesOf(job.inputs, reaches.inputs).filter((_, i) => job.alias[i] < 0),
    ...bytesOf(job.outputs, reaches.outputs),
  ];
  return { bytes, windows: bytes.reduce((n, b) => n + Math.ceil(b / builder.target.bindingBytes), 0) };
}

/** The kernel over the parts of its buffers that it reaches. */
function partOf(builder: Builder, job: LargeJob): LargeJob {
  const { kernel } = job, reaches = reachOf(builder, job);
  const cut = (refs: readonly Ref[], list: readonly Reach[]) =>
    refs.map((ref, i) => builder.part(ref, list[i].first, list[i].last));
  const into = cut(job.inputs, reaches.inputs), from = cut(job.outputs, reaches.outputs);
  const moved = (list: readonly { readonly start: number }[]): Moved[] =>
    list.map(({ start }, buffer) => ({ buffer, offset: -start }));
  return {
    ...job,
    kernel: rebased(kernel, moved(into), moved(from), kernel.inputs, kernel.outputs),
    inputs: into.map((b) => b.ref),
    outputs: from.map((b) => b.ref),
  };
}

/** The same with an input for each load, but not of buffers that are written to; null where that is so. Loads may lie further apart than bindings reach. */
function separated(job: LargeJob): LargeJob | null {
  const inputs = [...job.inputs], types = [...job.kernel.inputs], alias = [...job.alias];
  const loaded = new Set<number>();
  const code = job.kernel.code.map((instr) => {
    if (instr.op !== "load" || alias[instr.input] >= 0) return instr;
    const { input } = instr;
    if (!loaded.has(input)) {
      loaded.add(input);
      return instr;
    }
    types.push(types[input]);
    alias.push(-1);
    return { ...instr, input: inputs.push(inputs[input]) - 1 };
  });
  return inputs.length === job.inputs.length
    ? null
    : { ...job, kernel: { ...job.kernel, code, inputs: types }, inputs, alias };
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

/** The same with the smallest buffers of each word copied into one, until the bindings are `excess` fewer; false where that cannot be. */
function lowerPacked(builder: Builder, job: LargeJob, excess: number): boolean {
  const { kernel, inputs, outputs, alias, label } = job;
  let over = excess;
  const packInputs = new Set<number>(), packOutputs = new Set<number>();
  const choose = (refs: readonly Ref[], may: (i: number) => boolean, into: Set<number>): void => {
    const byWord = Map.groupBy(refs.map((_, i) => i).filter(may), (i) => builder.wordOf(refs[i]));
    for (const list of [...byWord.values()].sort((a, b) => b.length - a.length)) {
      if (over <= 0 || list.length < 2) continue;
      const taken = list.sort((a, b) => builder.count(refs[a]) - builder.count(refs[b])).slice(0, over + 1);
      const count = taken.reduce((sum, i) => sum + Math.ceil(builder.count(refs[i]) / 4) * 4, 0);
      if (windowsOf(builder.wordOf(refs[list[0]]), { count }, builder.target.bindingBytes) > 1) continue;
      over -= taken.length - 1;
      for (const i of taken) into.add(i);
    }
  };
  choose(inputs, (i) => alias[i] < 0, packInputs);
  if (over > 0) choose(outputs, (o) => !alias.includes(o), packOutputs);
  if (over > 0) return false;
  const into = pack(builder, inputs, kernel.inputs, packInputs);
  const from = pack(builder, outputs, kernel.outputs, packOutputs);
  for (const i of packInputs) {
    const { buffer, offset } = into.moved[i];
    builder.copy(inputs[i], 0, into.refs[buffer], offset, builder.count(inputs[i]), label);
  }
  // What the kernel does not write keeps its value.
  for (const o of packOutputs) {
    const { buffer, offset } = from.moved[o];
    builder.copy(outputs[o], 0, from.refs[buffer], offset, builder.count(outputs[o]), label);
  }
  const packed = rebased(kernel, into.moved, from.moved, into.types, from.types);
  lowerMerged(builder, packed, into.refs, from.refs, label);
  for (const o of packOutputs) {
    const { buffer, offset } = from.moved[o];
    builder.copy(from.refs[buffer], offset, outputs[o], 0, builder.count(outputs[o]), label);
  }
  return true;
}

/** One scratch buffer for each word of the chosen buffers; the others stay. */
function pack(
  builder: Builder,
  refs: readonly Ref[],
  types: LoopKernel["inputs"],
  chosen: ReadonlySet<number>,
): { refs: Ref[]; types: LoopKernel["inputs"][number][]; moved: Moved[] } {
  const result: { refs: Ref[]; types: LoopKernel["inputs"][number][]; moved: Moved[] } = {
    refs: [],
    types: [],
    moved: [],
  };
  const sizes = new Map<string, number>();
  const offsets = refs.map((ref, i) => {
    if (!chosen.has(i)) return 0;
    const word = builder.wordOf(ref);
    const offset = sizes.get(word) ?? 0;
    sizes.set(word, Math.ceil((offset + builder.count(ref)) / 4) * 4);
    return offset;
  });
  const packs = new Map<string, number>();
  refs.forEach((ref, i) => {
    const word = builder.wordOf(ref);
    let buffer = chosen.has(i) ? packs.get(word) : undefined;
    if (buffer === undefined) {
      buffer = result.refs.push(chosen.has(i) ? builder.temp(word, sizes.get(word)!) : ref) - 1;
      result.types.push(types[i]);
      if (chosen.has(i)) packs.set(word, buffer);
    }
    result.moved.push({ buffer, offset: offsets[i] });
  });
  return result;
}
