/**
 * Kernels whose buffers take more bindings than the device has: which elements of each buffer a kernel reaches, and the kernel as two over halves of an
 * outer loop, each of which reaches fewer. All of it is loop kernels again.
 *
 * @module
 */
import type { Affine, LoopKernel } from "../../../kernel/ir.ts";
import { mapAffines } from "./rewrite.ts";

/** Elements of a buffer, from the first to the last that is used. */
export interface Reach {
  readonly first: number;
  readonly last: number;
}

/** What a kernel reaches of each of its buffers. Nothing at all counts as the first element. */
export interface Reaches {
  readonly inputs: readonly Reach[];
  readonly outputs: readonly Reach[];
}

/** The smallest and largest value of an affine function. */
function rangeOf(at: Affine, extents: readonly number[]): Reach {
  let first = at.offset, last = at.offset;
  at.strides.forEach((s, d) => {
    if (s > 0) last += s * (extents[d] - 1);
    else first += s * (extents[d] - 1);
  });
  return { first, last };
}

function union(ranges: readonly Reach[], count: number): Reach {
  if (ranges.length === 0) return { first: 0, last: 0 };
  // A guarded load may have addresses outside, which are not used.
  const inside = (i: number): number => Math.min(Math.max(i, 0), count - 1);
  return {
    first: inside(Math.min(...ranges.map((r) => r.first))),
    last: inside(Math.max(...ranges.map((r) => r.last))),
  };
}

/** What a kernel reaches of buffers of so many elements. An input that shares the memory of an output reaches what that does, and the other way round. */
export function reachesOf(
  kernel: LoopKernel,
  counts: { readonly inputs: readonly number[]; readonly outputs: readonly number[] },
  alias: readonly number[],
): Reaches {
  const extents = [...kernel.outer, ...kernel.inner];
  const loads = (input: number): Reach[] =>
    kernel.code.flatMap((i) => i.op === "load" && i.input === input ? [rangeOf(i.at, extents)] : []);
  const stores = (output: number): Reach[] =>
    kernel.code.flatMap((i) => i.op === "store" && i.output === output ? [rangeOf(i.at, extents)] : []);
  const outputs = counts.outputs.map((count, o) =>
    union([...stores(o), ...alias.flatMap((a, i) => a === o ? loads(i) : [])], count)
  );
  const inputs = counts.inputs.map((count, i) => alias[i] >= 0 ? outputs[alias[i]] : union(loads(i), count));
  return { inputs, outputs };
}

/** The kernel over `extent` points of outer loop `d` from `start` on. */
export function narrowed(kernel: LoopKernel, d: number, start: number, extent: number): LoopKernel {
  const move = (at: Affine): Affine => ({ ...at, offset: at.offset + at.strides[d] * start });
  return {
    ...kernel,
    outer: kernel.outer.map((e, k) => k === d ? extent : e),
    code: kernel.code.map((instr) => mapAffines(instr, move)),
  };
}

/** The kernel at one outer point. */
export function atOnePoint(kernel: LoopKernel): LoopKernel {
  return { ...kernel, outer: kernel.outer.map(() => 1) };
}

/** About half of a number of values: whole vectors, so that both halves are read as all were, and few different sizes, which share kernels. */
export function halfOf(extent: number): number {
  const unit = extent >= 256 ? 64 : extent >= 8 ? 4 : 1;
  return Math.ceil(extent / 2 / unit) * unit;
}

/** The halves of the kernel along the outer loop whose halves `cost` least, the outermost of equals; null for a single point. */
export function halved(
  kernel: LoopKernel,
  cost: (kernel: LoopKernel) => number,
): readonly [LoopKernel, LoopKernel] | null {
  let best: readonly [LoopKernel, LoopKernel] | null = null, least = Infinity;
  kernel.outer.forEach((extent, d) => {
    if (extent < 2) return;
    const half = halfOf(extent);
    const halves = [narrowed(kernel, d, 0, half), narrowed(kernel, d, half, extent - half)] as const;
    const most = Math.max(...halves.map(cost));
    if (most < least) [best, least] = [halves, most];
  });
  return best;
}
