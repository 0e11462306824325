/**
 * Routines that are one thread per point: the frame around their WGSL, and the addressing of strided operands.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { RoutineInput } from "../../../kernel/plan.ts";
import { contiguous, type Layout } from "../../../layout.ts";
import { sizeOf } from "../../../shape.ts";
import type { Builder, Ref } from "../builder.ts";
import type { Access } from "../pipelines.ts";
import { copyKernel } from "../loops/copy.ts";
import { halfOf, type Reach } from "../loops/halve.ts";
import { lowerLoop } from "../loops/lower.ts";
import { Bindings } from "../wgsl/bindings.ts";
import { foldGroups, groupText, indexLines, rendered } from "../wgsl/frame.ts";
import { registerType } from "../wgsl/scalar.ts";

/** A strided operand copied so that its elements run on. */
export function packedInput(
  builder: Builder,
  { slot, dtype, layout }: RoutineInput,
  label: string,
): RoutineInput {
  const to = builder.temp(builder.word(dtype), sizeOf(layout.shape));
  lowerLoop(builder, copyKernel(layout, dtype), [slot], [to], label);
  return { slot: to, dtype, layout: contiguous(layout.shape) };
}

/** The smallest and largest index along each dimension that some points have. */
export type Box = readonly Reach[];

/** A buffer that a routine uses. */
export interface PointOperand {
  readonly ref: Ref;
  readonly dtype: DType;
  readonly access: Access;
  /** The elements that the points of a box use in some of the steps that each point takes. */
  reach(box: Box, steps: Reach): Reach;
}

/** What each point does. */
export interface PointBody {
  /** Steps that each point takes, one after the other; 1 when not given. */
  readonly steps?: number;
  /** Whether the steps are rounds of a loop, of which a thread may not take any number. */
  readonly loops?: true;
  /** The code of a point for some of its steps. */
  text(text: PointText, steps: Reach): string;
}

/** What the body of a point is written with. */
export class PointText {
  readonly bindings: Bindings;
  readonly #types: readonly DType[];
  /** The first elements of the parts, as the kernel reads them; empty for whole operands. */
  readonly #starts: readonly string[];

  /** Over parts of the operands, in order. */
  constructor(builder: Builder, operands: readonly PointOperand[], parts: readonly Part[]) {
    this.bindings = new Bindings(builder.target.bindingBytes);
    this.#types = operands.map((o) => o.dtype);
    this.#starts = parts.map(({ ref, start }) =>
      builder.extent(ref).begin === undefined ? "" : this.bindings.parameter(start)
    );
    operands.forEach((o, i) =>
      this.bindings.declare({
        name: `m${i}`,
        word: builder.word(o.dtype),
        ...builder.extent(parts[i].ref),
        access: o.access,
        vector: false,
      })
    );
  }

  /** Element `index` of an operand as a register value. */
  load(operand: number, index: string): string {
    const text = this.bindings.load(operand, this.#moved(operand, index));
    return registerType(this.#types[operand]) === "bool" ? `(${text} != 0)` : text;
  }

  /** A statement that stores a register value. */
  store(operand: number, index: string, value: string): string {
    const text = registerType(this.#types[operand]) === "bool" ? `select(0, 1, ${value})` : value;
    return this.bindings.store(operand, this.#moved(operand, index), text);
  }

  #moved(operand: number, index: string): string {
    const start = this.#starts[operand];
    return start === "" ? index : `(${index}) - ${start}`;
  }
}

/** The elements of a strided operand at the indices of a box. */
export function layoutReach({ offset, strides }: Layout, box: Box): Reach {
  let first = offset, last = offset;
  strides.forEach((s, d) => {
    first += s * (s > 0 ? box[d].first : box[d].last);
    last += s * (s > 0 ? box[d].last : box[d].first);
  });
  return { first, last };
}

/** The box with other indices along one dimension. */
export function withIndices(box: Box, dim: number, first: number, last: number): Box {
  return box.map((range, d) => d === dim ? { first, last } : range);
}

/**
 * Dispatches `body` for each point p of `extents`, whose indices are i0, i1 ... Where the operands take more bindings than there are, halves of the points along
 * some dimension, or of their steps, are dispatched one after the other, which reach less of them.
 */
export function dispatchPoints(
  builder: Builder,
  extents: readonly number[],
  operands: readonly PointOperand[],
  body: PointBody,
  label: string,
): void {
  const whole = extents.map((extent): Reach => ({ first: 0, last: extent - 1 }));
  const most = body.loops ? builder.target.rounds : Infinity;
  const short = ({ first, last }: Reach): boolean => last - first < most;
  const render = (parts: readonly Part[], box: Box, steps: Reach): void =>
    dispatchBox(builder, extents, operands, parts, box, (text) => body.text(text, steps), label);
  const all = { first: 0, last: (body.steps ?? 1) - 1 };
  if (short(all) && builder.fits(operands.map((o) => o.ref))) {
    return render(operands.map(({ ref }) => ({ ref, start: 0 })), whole, all);
  }
  const reaches = (box: Box, steps: Reach): Reach[] => operands.map((o) => o.reach(box, steps));
  const bytes = (box: Box, steps: Reach): number =>
    reaches(box, steps).reduce((sum, r, i) => sum + builder.partBytes(operands[i].ref, r.first, r.last), 0);
  const dispatch = (box: Box, steps: Reach): void => {
    const parts = reaches(box, steps).map(({ first, last }, i) => builder.part(operands[i].ref, first, last));
    if (short(steps) && builder.fits(parts.map((part) => part.ref))) return render(parts, box, steps);
    const bySteps = halves(steps).map((half) => [box, half] as const);
    const byPoints = box.map((range, d) =>
      halves(range).map((half) => [withIndices(box, d, half.first, half.last), steps] as const)
    );
    let best: readonly (readonly [Box, Reach])[] = [], least = Infinity;
    for (const way of short(steps) ? [...byPoints, bySteps] : [bySteps]) {
      const cost = way.length < 2 ? Infinity : Math.max(...way.map(([b, s]) => bytes(b, s)));
      if (cost < least) [best, least] = [way, cost];
    }
    // A single step of a single point is all that is left: the device refuses it by name.
    if (best.length === 0) return render(parts, box, steps);
    for (const [b, s] of best) dispatch(b, s);
  };
  dispatch(whole, all);
}

function halves({ first, last }: Reach): Reach[] {
  if (first === last) return [{ first, last }];
  const second = first + halfOf(last - first + 1);
  return [{ first, last: second - 1 }, { first: second, last }];
}

/** A part of an operand. */
interface Part {
  readonly ref: Ref;
  readonly start: number;
}

/** Dispatches the points of a box over parts of the operands. */
function dispatchBox(
  builder: Builder,
  extents: readonly number[],
  operands: readonly PointOperand[],
  parts: readonly Part[],
  box: Box,
  body: (text: PointText) => string,
  label: string,
): void {
  const text = new PointText(builder, operands, parts);
  const sizes = box.map(({ first, last }) => last - first + 1);
  const count = sizeOf(sizes), size = builder.target.software ? 64 : 128;
  const groups = foldGroups(Math.ceil(count / size), builder.target.workgroupsPerDimension);
  const names = extents.map((_, d) => `i${d}`), own = extents.map((_, d) => `q${d}`);
  const lines = count === sizeOf(extents) ? ["let p = q;", ...indexLines("p", extents, names, 1)] : [
    ...indexLines("q", sizes, own, 1),
    ...names.map((name, d) => `let ${name} = ${own[d]} + ${text.bindings.parameter(box[d].first)};`),
    `let p = ${addressText(contiguous(extents), names)};`,
  ];
  const main = `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let q = ${groupText(groups)} * ${size} + i32(thread);
  if (q >= ${count}) { return; }
${lines.join("\n")}
${body(text)}
}
`;
  builder.dispatch(rendered(text.bindings, groups, main), parts.map((part) => part.ref), label);
}

/** The address of the element at the given indices. */
export function addressText(layout: Layout, indices: readonly string[]): string {
  const terms = layout.strides.flatMap((s, d) =>
    s === 0 ? [] : [s === 1 ? `(${indices[d]})` : `(${indices[d]}) * ${s}`]
  );
  if (layout.offset !== 0 || terms.length === 0) terms.unshift(`${layout.offset}`);
  return terms.join(" + ");
}
