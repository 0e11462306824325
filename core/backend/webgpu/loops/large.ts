/**
 * What is done about kernels whose buffers take more bindings than the device has: parts of the buffers are bound, small buffers are packed into one, or the
 * kernel becomes several that reach less. lower.ts carries it out.
 *
 * @module
 */
import { DeviceError } from "../../../errors.ts";
import type { LoopKernel } from "../../../kernel/ir.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import { atOnePoint, halved, type Reach, type Reaches, reachesOf } from "./halve.ts";
import { type Moved, rebased, storing } from "./rewrite.ts";

/** A kernel and its buffers. */
export interface KernelJob {
  readonly kernel: LoopKernel;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  /** For each input the output that shares its memory, or -1. */
  readonly alias: readonly number[];
  readonly label: string;
}

/** What to do: bind parts of the buffers, pack so many into others, cut the reductions into chunks, or run several kernels one after the other. */
export type Remedy =
  | { readonly kind: "bind"; readonly job: KernelJob }
  | { readonly kind: "pack"; readonly job: KernelJob; readonly excess: number }
  | { readonly kind: "chunks"; readonly chunks: number }
  | { readonly kind: "several"; readonly jobs: readonly KernelJob[] };

/** What to do about a kernel, best first: what is packed may still be too large for one binding. */
export function* remediesOf(builder: Builder, job: KernelJob): Generator<Remedy> {
  const { bindingBytes, storageBuffers } = builder.target;
  const forms = [job, separated(job)].flatMap((form) =>
    form === null ? [] : [{ form, ...boundBy(builder, form) }]
  );
  for (const { form, windows } of forms) {
    if (windows <= storageBuffers) yield { kind: "bind", job: partOf(builder, form) };
  }
  for (const { form, bytes, windows } of forms) {
    if (bytes.some((b) => b > bindingBytes)) continue;
    yield { kind: "pack", job: partOf(builder, form), excess: windows - storageBuffers };
  }
  const points = forms.map(({ form }) => boundBy(builder, { ...form, kernel: atOnePoint(form.kernel) }))
    .sort((a, b) => a.windows - b.windows);
  const [{ windows, bytes }] = points;
  if (windows > storageBuffers && bytes.some((b) => b > bindingBytes)) {
    // One outer point reaches too much by itself, and outer loops are all that can be cut.
    const byStores = oneStoreEach(job);
    if (byStores !== null) yield { kind: "several", jobs: byStores };
    const inner = sizeOf(job.kernel.inner);
    const chunks = Math.min(inner, 4 * Math.ceil(Math.max(...bytes) / bindingBytes));
    if (chunks > 1 && job.kernel.code.some((i) => i.op === "reduce")) yield { kind: "chunks", chunks };
  }
  // What lies between two loads of one buffer is not what parts have to get rid of.
  const { form } = forms[forms.length - 1];
  const halves = halved(
    form.kernel,
    (part) => boundBy(builder, { ...form, kernel: part }).bytes.reduce((sum, b) => sum + b, 0),
  );
  if (halves !== null) yield { kind: "several", jobs: halves.map((kernel) => ({ ...form, kernel })) };
  const byStores = oneStoreEach(job);
  if (byStores !== null) yield { kind: "several", jobs: byStores };
  throw new DeviceError(
    `webgpu: the kernel of ${job.label} needs ${
      forms[0].windows
    } storage buffers, and this device allows ${storageBuffers}`,
  );
}

/** A kernel for each store, which computes what it stores by itself; null where there is one, or where one might read what another has written over. */
function oneStoreEach(job: KernelJob): readonly KernelJob[] | null {
  const { kernel, outputs, alias } = job;
  const stores = kernel.code.filter((i) => i.op === "store");
  if (stores.length < 2 || alias.some((a) => a >= 0)) return null;
  return stores.map((store) => ({
    ...job,
    kernel: storing(kernel, store),
    outputs: [outputs[store.output]],
  }));
}

/** What a kernel reaches of its buffers. */
function reachOf(builder: Builder, { kernel, inputs, outputs, alias }: KernelJob): Reaches {
  const counts = {
    inputs: inputs.map((r) => builder.count(r)),
    outputs: outputs.map((r) => builder.count(r)),
  };
  return reachesOf(kernel, counts, alias);
}

/** Bytes of the buffers that are bound, and the bindings they take. */
function boundBy(builder: Builder, job: KernelJob): { readonly bytes: number[]; readonly windows: number } {
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
function partOf(builder: Builder, job: KernelJob): KernelJob {
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
function separated(job: KernelJob): KernelJob | null {
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
