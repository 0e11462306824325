/**
 * Rewrites of loop kernels into loop kernels: merging dimensions that run on, turning a nest without reductions into independent loops,
 * and renumbering buffers. What a kernel looks like in WGSL is wgsl/'s business.
 *
 * @module
 */
import {
  type Affine,
  type Guard,
  type Instr,
  type LoopKernel,
  operandsOf,
  type StoreInstr,
} from "../../../kernel/ir.ts";

/** Every affine function that an instruction holds. */
function affinesOf(instr: Instr): Affine[] {
  switch (instr.op) {
    case "index":
    case "store":
      return [instr.at];
    case "inside":
      return instr.guards.map((g) => g.at);
    case "load":
      return [instr.at, ...instr.guards.map((g) => g.at)];
    default:
      return [];
  }
}

/** The instruction with every affine function replaced. */
export function mapAffines(instr: Instr, map: (at: Affine) => Affine): Instr {
  const guards = (list: readonly Guard[]): Guard[] => list.map((g) => ({ ...g, at: map(g.at) }));
  switch (instr.op) {
    case "index":
    case "store":
      return { ...instr, at: map(instr.at) };
    case "inside":
      return { ...instr, guards: guards(instr.guards) };
    case "load":
      return { ...instr, at: map(instr.at), guards: guards(instr.guards) };
    default:
      return instr;
  }
}

/**
 * The kernel without the guards that always hold. A load whose guards never hold is a zero, and `inside` is a literal where it does not depend on the
 * loops; so no load is left whose address is always out of range, which a compiler would refuse.
 */
export function decided(kernel: LoopKernel): LoopKernel {
  const extents = [...kernel.outer, ...kernel.inner];
  /** True or false when every point agrees, else null. */
  const holds = ({ at, low, high }: Guard): boolean | null => {
    let least = at.offset, most = at.offset;
    at.strides.forEach((s, d) => {
      if (s > 0) most += s * (extents[d] - 1);
      else least += s * (extents[d] - 1);
    });
    return least >= low && most < high ? true : most < low || least >= high ? false : null;
  };
  const code = kernel.code.map((instr): Instr => {
    if (instr.op !== "load" && instr.op !== "inside") return instr;
    const { dtype, level } = instr;
    const known = instr.guards.map(holds);
    const value = dtype === "int64" ? 0n : 0;
    if (known.includes(false)) return { op: "const", dtype, level, value };
    const guards = instr.guards.filter((_, i) => known[i] === null);
    if (instr.op === "inside" && guards.length === 0) return { op: "const", dtype, level, value: 1 };
    return { ...instr, guards };
  });
  return { ...kernel, code };
}

/** The kernel with its inner loops made outer ones, when nothing is reduced; otherwise the kernel itself. */
export function flattened(kernel: LoopKernel): LoopKernel {
  if (kernel.code.some((i) => i.op === "reduce")) return kernel;
  return {
    ...kernel,
    outer: [...kernel.outer, ...kernel.inner],
    inner: [],
    code: kernel.code.map((i) => ({ ...i, level: "outer" })),
  };
}

/** The same loops with as few dimensions as the strides allow: dimensions of extent 1 go, neighbours that run on are merged. */
export function coalesced(kernel: LoopKernel): LoopKernel {
  const affines = kernel.code.flatMap(affinesOf);
  const extents = [...kernel.outer, ...kernel.inner];
  const split = kernel.outer.length;
  // Each group of old dimensions becomes one; its stride is that of its last member.
  const groups: { extent: number; last: number; inner: boolean }[] = [];
  extents.forEach((extent, d) => {
    if (extent === 1) return;
    const inner = d >= split;
    const previous = groups[groups.length - 1];
    if (
      previous !== undefined && previous.inner === inner &&
      affines.every((a) => a.strides[previous.last] === a.strides[d] * extent)
    ) {
      previous.extent *= extent;
      previous.last = d;
    } else groups.push({ extent, last: d, inner });
  });
  const map = (at: Affine): Affine => ({ offset: at.offset, strides: groups.map((g) => at.strides[g.last]) });
  return {
    ...kernel,
    outer: groups.filter((g) => !g.inner).map((g) => g.extent),
    inner: groups.filter((g) => g.inner).map((g) => g.extent),
    code: kernel.code.map((instr) => mapAffines(instr, map)),
  };
}

/** Where a buffer of the kernel has moved to: the number of the new one and the element at which it starts. */
export interface Moved {
  readonly buffer: number;
  readonly offset: number;
}

/** The kernel over other buffers. */
export function rebased(
  kernel: LoopKernel,
  inputs: readonly Moved[],
  outputs: readonly Moved[],
  inputTypes: LoopKernel["inputs"],
  outputTypes: LoopKernel["outputs"],
): LoopKernel {
  const shift = (at: Affine, by: number): Affine => ({ ...at, offset: at.offset + by });
  const code = kernel.code.map((instr): Instr => {
    if (instr.op === "load") {
      const { buffer, offset } = inputs[instr.input];
      return { ...instr, input: buffer, at: shift(instr.at, offset) };
    }
    if (instr.op === "store") {
      const { buffer, offset } = outputs[instr.output];
      return { ...instr, output: buffer, at: shift(instr.at, offset) };
    }
    return instr;
  });
  return { ...kernel, inputs: inputTypes, outputs: outputTypes, code };
}

/** The instruction with its operands replaced. */
export function withOperands(instr: Instr, map: (operand: number) => number): Instr {
  if (instr.op === "apply") return { ...instr, args: instr.args.map(map) };
  if (instr.op === "cast" || instr.op === "reduce" || instr.op === "store") {
    return { ...instr, arg: map(instr.arg) };
  }
  return instr;
}

/** The kernel with one of its stores, to its only output, and what that needs. */
export function storing(kernel: LoopKernel, store: StoreInstr): LoopKernel {
  const needed = new Set<Instr>([store]);
  for (const instr of [...kernel.code].reverse()) {
    if (needed.has(instr)) { for (const a of operandsOf(instr)) needed.add(kernel.code[a]); }
  }
  const code = kernel.code.filter((instr) => needed.has(instr));
  const place = kernel.code.map((instr) => code.indexOf(instr));
  return {
    ...kernel,
    outputs: [kernel.outputs[store.output]],
    code: code.map((instr) =>
      withOperands(instr === store ? { ...store, output: 0 } : instr, (a) => place[a])
    ),
  };
}
