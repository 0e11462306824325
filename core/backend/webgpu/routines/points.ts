/**
 * Routines that are one thread per point: the frame around their WGSL, and the addressing of strided operands.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Layout } from "../../../layout.ts";
import type { Builder, Ref } from "../builder.ts";
import type { Access } from "../pipelines.ts";
import type { Reach } from "../loops/halve.ts";
import { Bindings, windowsOf } from "../wgsl/bindings.ts";
import { foldGroups, groupText, indexLines } from "../wgsl/elementwise.ts";
import { libraryFor } from "../wgsl/library.ts";
import { registerType } from "../wgsl/scalar.ts";

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
  readonly #starts: readonly number[];

  /** Over parts of the operands, in order. */
  constructor(builder: Builder, operands: readonly PointOperand[], parts: readonly Part[]) {
    this.bindings = new Bindings(builder.target.bindingBytes);
    this.#types = operands.map((o) => o.dtype);
    this.#starts = parts.map((part) => part.start);
    operands.forEach((o, i) =>
      this.bindings.declare({
        name: `m${i}`,
        word: builder.word(o.dtype),
        count: builder.count(parts[i].ref),
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
    return start === 0 ? index : `(${index}) - ${start}`;
  }
}

/** The box of some points, counted row by row. */
function boxOf(extents: readonly number[], { first, last }: Reach): Box {
  const box: Reach[] = [];
  let size = extents.reduce((n, d) => n * d, 1), low = first, high = last;
  for (const extent of extents) {
    size /= extent;
    const from = Math.floor(low / size), to = Math.floor(high / size);
    box.push({ first: from, last: to });
    if (from !== to) {
      // From here on the points pass through whole rows.
      for (const rest of extents.slice(box.length)) box.push({ first: 0, last: rest - 1 });
      break;
    }
    low -= from * size;
    high -= to * size;
  }
  return box;
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
 * Dispatches `body` for each point of `extents`, whose indices are i0, i1 ... Where the operands take more bindings than there are, halves of the points or
 * of their steps are dispatched one after the other, which reach less of them.
 */
export function dispatchPoints(
  builder: Builder,
  extents: readonly number[],
  operands: readonly PointOperand[],
  body: PointBody,
  label: string,
): void {
  const { bindingBytes, storageBuffers } = builder.target;
  const fits = (refs: readonly Ref[]): boolean =>
    refs.reduce((n, r) => n + windowsOf(builder.wordOf(r), builder.count(r), bindingBytes), 0) <=
      storageBuffers;
  const points = { first: 0, last: extents.reduce((n, d) => n * d, 1) - 1 };
  const steps = { first: 0, last: (body.steps ?? 1) - 1 };
  const whole = operands.map(({ ref }) => ({ ref, start: 0 }));
  const most = body.loops ? builder.target.rounds : Infinity;
  const short = ({ first, last }: Reach): boolean => last - first < most;
  if (short(steps) && fits(operands.map((o) => o.ref))) {
    return dispatchRange(builder, extents, operands, whole, points, (text) => body.text(text, steps), label);
  }
  const bytes = (points: Reach, steps: Reach): number => {
    const box = boxOf(extents, points);
    return operands.reduce((sum, o) => {
      const { first, last } = o.reach(box, steps);
      return sum + builder.partBytes(o.ref, first, last);
    }, 0);
  };
  const dispatch = (points: Reach, steps: Reach): void => {
    const box = boxOf(extents, points);
    const parts = operands.map((o) => {
      const { first, last } = o.reach(box, steps);
      return builder.part(o.ref, first, last);
    });
    const single = points.first === points.last && steps.first === steps.last;
    if (single || (short(steps) && fits(parts.map((part) => part.ref)))) {
      return dispatchRange(
        builder,
        extents,
        operands,
        parts,
        points,
        (text) => body.text(text, steps),
        label,
      );
    }
    const byPoints = halves(points).map((half) => [half, steps] as const);
    const bySteps = halves(steps).map((half) => [points, half] as const);
    const cost = (ways: readonly (readonly [Reach, Reach])[]): number =>
      ways.length < 2 ? Infinity : Math.max(...ways.map(([p, s]) => bytes(p, s)));
    for (const [p, s] of !short(steps) || cost(bySteps) < cost(byPoints) ? bySteps : byPoints) dispatch(p, s);
  };
  dispatch(points, steps);
}

function halves({ first, last }: Reach): Reach[] {
  if (first === last) return [{ first, last }];
  const middle = Math.floor((first + last) / 2);
  return [{ first, last: middle }, { first: middle + 1, last }];
}

/** A part of an operand. */
interface Part {
  readonly ref: Ref;
  readonly start: number;
}

/** Dispatches some of the points over parts of the operands. */
function dispatchRange(
  builder: Builder,
  extents: readonly number[],
  operands: readonly PointOperand[],
  parts: readonly Part[],
  { first, last }: Reach,
  body: (text: PointText) => string,
  label: string,
): void {
  const text = new PointText(builder, operands, parts);
  const size = builder.target.software ? 64 : 128;
  const groups = foldGroups(Math.ceil((last - first + 1) / size), builder.target.workgroupsPerDimension);
  const names = extents.map((_, d) => `i${d}`);
  const main = `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let p = ${first === 0 ? "" : `${first} + `}${groupText(groups)} * ${size} + i32(thread);
  if (p > ${last}) { return; }
${indexLines("p", extents, names, 1).join("\n")}
${body(text)}
}
`;
  const { bindings } = text;
  const code = `${bindings.text}${libraryFor(main)}\n${main}`;
  const kernel = { code, access: bindings.access, windows: bindings.windows, groups };
  builder.dispatch(kernel, parts.map((part) => part.ref), label);
}

/** The address of the element at the given indices. */
export function addressText(layout: Layout, indices: readonly string[]): string {
  const terms = layout.strides.flatMap((s, d) =>
    s === 0 ? [] : [s === 1 ? `(${indices[d]})` : `(${indices[d]}) * ${s}`]
  );
  if (layout.offset !== 0 || terms.length === 0) terms.unshift(`${layout.offset}`);
  return terms.join(" + ");
}
