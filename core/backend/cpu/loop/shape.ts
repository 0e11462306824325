/**
 * The loops of a kernel, made simple: neighbours that every address treats as one are merged, and the loop that runs in vectors is chosen and moved to the
 * end of its level. Nothing is generated here.
 *
 * @module
 */
import { bytesOf } from "../../../dtype.ts";
import { type Affine, type Guard, type Instr, type LoopKernel, operandsOf } from "../../../kernel/ir.ts";
import { sizeOf } from "../../../shape.ts";
import { costOf } from "./apply.ts";

/** A kernel whose loops are ready to be generated. Addresses have one stride for each of `extents`. */
export interface LoopShape {
  /** Independent loops first, at least one; then folded ones, at least one if the kernel folds and none if not. */
  readonly extents: readonly number[];
  readonly outer: number;
  readonly code: readonly Instr[];
  /** The loop whose points lie in the lanes of a vector: the last of its level. */
  readonly axis: number;
  /** For each instruction, the loops on which its value depends, as bits. */
  readonly depends: readonly number[];
  /** Whether the independent points are still in the kernel's own order. */
  readonly rowMajor: boolean;
}

/** Whether the lanes of a vector belong to one independent point, which folds over them. */
export function foldsLanes(shape: LoopShape): boolean {
  return shape.axis >= shape.outer;
}

/** Whether the kernel has anything to do at inner points. */
export function folds(kernel: LoopKernel): boolean {
  return kernel.code.some((i) => i.op === "reduce" || i.level === "inner");
}

/** Merges the loops of a kernel and chooses its vector axis. */
export function shapeOf(kernel: LoopKernel): LoopShape {
  const merged = mergeLoops(kernel);
  const depends = dependencies(merged.code, merged.outer);
  const axis = chooseAxis({ ...merged, depends });
  return moveAxis({ ...merged, depends, axis, rowMajor: true });
}

type Merged = Pick<LoopShape, "extents" | "outer" | "code">;

/** Leaves out loops of one round and joins neighbours whose addresses run through. */
function mergeLoops(kernel: LoopKernel): Merged {
  const affines = affinesOf(kernel.code);
  const outer = joined(kernel.outer, 0, affines),
    dims = outer.length === 0 ? [{ extent: 1, dim: -1 }] : outer;
  const count = dims.length;
  if (folds(kernel)) {
    const empty = kernel.inner.includes(0);
    const inner = empty ? [] : joined(kernel.inner, kernel.outer.length, affines);
    dims.push(...inner);
    if (inner.length === 0) dims.push({ extent: empty ? 0 : 1, dim: -1 });
  }
  const code = mapAffines(kernel.code, ({ offset, strides }) => ({
    offset,
    strides: dims.map(({ dim }) => dim < 0 ? 0 : strides[dim]),
  }));
  return { extents: dims.map((d) => d.extent), outer: count, code };
}

/** Loops as extents and the loop of the kernel whose strides they have. */
function joined(extents: readonly number[], first: number, affines: readonly Affine[]) {
  const dims: { extent: number; dim: number }[] = [];
  extents.forEach((extent, i) => {
    const dim = first + i, last = dims.at(-1);
    if (extent === 1) return;
    if (last !== undefined && affines.every(({ strides }) => strides[last.dim] === strides[dim] * extent)) {
      dims[dims.length - 1] = { extent: last.extent * extent, dim };
    } else dims.push({ extent, dim });
  });
  return dims;
}

function affinesOf(code: readonly Instr[]): Affine[] {
  return code.flatMap((instr) => {
    switch (instr.op) {
      case "load":
        return [instr.at, ...instr.guards.map((g) => g.at)];
      case "inside":
        return instr.guards.map((g) => g.at);
      case "index":
      case "store":
        return [instr.at];
      default:
        return [];
    }
  });
}

function mapAffines(code: readonly Instr[], map: (at: Affine) => Affine): Instr[] {
  const guard = (g: Guard): Guard => ({ ...g, at: map(g.at) });
  return code.map((instr) => {
    switch (instr.op) {
      case "load":
        return { ...instr, at: map(instr.at), guards: instr.guards.map(guard) };
      case "inside":
        return { ...instr, guards: instr.guards.map(guard) };
      case "index":
      case "store":
        return { ...instr, at: map(instr.at) };
      default:
        return instr;
    }
  });
}

/** The loops with a stride, as bits. */
export function loopsOf(at: Affine): number {
  return at.strides.reduce((bits, s, d) => s === 0 ? bits : bits | 1 << d, 0);
}

function dependencies(code: readonly Instr[], outer: number): number[] {
  const depends: number[] = [];
  const independent = (1 << outer) - 1;
  for (const instr of code) {
    let bits = affinesOf([instr]).reduce((all, at) => all | loopsOf(at), 0);
    for (const arg of operandsOf(instr)) bits |= depends[arg];
    depends.push(instr.op === "reduce" ? bits & independent : bits);
  }
  return depends;
}

/** Instructions to load or store four elements that are `stride` apart. */
function accessCost(stride: number, bytes: number): number {
  const decode = bytes < 4 ? 2 : 0;
  if (stride === 0 || stride === 1) return 1 + decode + (bytes === 8 ? 1 : 0);
  return (stride === -1 && bytes >= 4) || (stride === 2 && bytes === 4) ? 3 : 6 + decode;
}

/** Roughly the instructions that one execution of `instr` takes for four elements, with its vectors along `axis`. */
export function instrCost(instr: Instr, code: readonly Instr[], axis: number): number {
  const rounds = instr.dtype === "float16" ? 12 : instr.dtype === "bfloat16" ? 5 : 0;
  switch (instr.op) {
    case "const":
      return 0;
    case "index":
    case "inside":
      return 3;
    case "load":
      return accessCost(instr.at.strides[axis], bytesOf(instr.dtype)) + rounds +
        (instr.guards.length > 0 ? 3 : 0);
    case "store":
      // Where it is one or the other, it is better to read from all over the place than to write there.
      return accessCost(instr.at.strides[axis], bytesOf(instr.dtype)) * 1.5 + rounds;
    case "apply":
      return costOf(instr.fn, code[instr.args[0]].dtype) + rounds;
    case "cast":
      return 2 + rounds;
    case "reduce":
      return instr.combiner === "sum" || instr.combiner === "prod" ? 1 : instr.combiner.length === 3 ? 3 : 6;
  }
}

/** The loop along which vectors cost least. */
function chooseAxis(shape: Merged & Pick<LoopShape, "depends">): number {
  const { extents, outer, code, depends } = shape;
  const arg = code.some((i) => i.op === "reduce" && i.combiner.startsWith("arg"));
  const reduces = code.filter((i) => i.op === "reduce").length;
  const inner = sizeOf(extents.slice(outer)), folding = extents.length > outer;
  let best = outer - 1, least = Infinity;
  // The last loops come first: they win where the cost is the same.
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    // Moving a folded loop would change which of two equal extremes comes first.
    if (arg && axis >= outer && axis < extents.length - 1) continue;
    const n = Math.max(1, extents[axis]);
    const vectors = Math.ceil(n / 4) / n;
    // Per point of the innermost loop; what is done once for many of them counts for little.
    let total = vectors + 10 / n;
    if (axis >= outer) total += reduces * 24 / Math.max(1, inner);
    code.forEach((instr, i) => {
      const cost = instrCost(instr, code, axis);
      if (folding && instr.level === "outer" && instr.op !== "reduce") {
        total += cost * (axis >= outer ? 1 : vectors) / Math.max(1, inner);
      } else total += cost * vectors * ((depends[i] & 1 << axis) === 0 && instr.op !== "reduce" ? 1 / 8 : 1);
    });
    if (total < least) {
      least = total;
      best = axis;
    }
  }
  return best;
}

/** Moves the axis to the end of its level. */
function moveAxis(shape: LoopShape): LoopShape {
  const { axis, outer, extents } = shape;
  const last = axis < outer ? outer - 1 : extents.length - 1;
  if (axis === last) return shape;
  const order = extents.map((_, d) => d < axis || d > last ? d : d === last ? axis : d + 1);
  const code = mapAffines(
    shape.code,
    ({ offset, strides }) => ({ offset, strides: order.map((d) => strides[d]) }),
  );
  return {
    ...shape,
    extents: order.map((d) => extents[d]),
    code,
    axis: last,
    depends: dependencies(code, outer),
    rowMajor: axis >= outer,
  };
}
