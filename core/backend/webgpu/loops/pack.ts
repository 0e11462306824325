/**
 * Kernels with more buffers than the device has bindings: the smallest buffers of each word, copied into one.
 *
 * @module
 */
import type { LoopKernel } from "../../../kernel/ir.ts";
import type { Builder, Ref } from "../builder.ts";
import { windowsOf } from "../wgsl/bindings.ts";
import type { KernelJob } from "./large.ts";
import { type Moved, rebased } from "./rewrite.ts";

/** A kernel over packed buffers, and what brings its results to where they belong. */
export interface PackedJob extends KernelJob {
  putBack(): void;
}

/**
 * The same with the smallest buffers of each word copied into one, until the bindings are `excess` fewer; null where that cannot be. Each buffer takes one
 * binding.
 */
export function packed(builder: Builder, job: KernelJob, excess: number): PackedJob | null {
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
  if (over > 0) return null;
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
  return {
    ...job,
    kernel: rebased(kernel, into.moved, from.moved, into.types, from.types),
    inputs: into.refs,
    outputs: from.refs,
    putBack() {
      for (const o of packOutputs) {
        const { buffer, offset } = from.moved[o];
        builder.copy(from.refs[buffer], offset, outputs[o], 0, builder.count(outputs[o]), label);
      }
    },
  };
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
