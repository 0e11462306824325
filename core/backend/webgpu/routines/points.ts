/**
 * Routines that are one thread per point: the frame around their WGSL, and the addressing of strided operands.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Layout } from "../../../layout.ts";
import type { Builder, Ref } from "../builder.ts";
import type { Access } from "../pipelines.ts";
import { Bindings } from "../wgsl/bindings.ts";
import { foldGroups, groupText, indexLines } from "../wgsl/elementwise.ts";
import { libraryFor } from "../wgsl/library.ts";
import { registerType } from "../wgsl/scalar.ts";

/** A buffer that a routine uses. */
export interface PointOperand {
  readonly ref: Ref;
  readonly dtype: DType;
  readonly access: Access;
}

/** What the body of a point is written with. */
export class PointText {
  readonly bindings: Bindings;
  readonly #types: readonly DType[];

  /** Over the operands, in order. */
  constructor(builder: Builder, operands: readonly PointOperand[]) {
    this.bindings = new Bindings(builder.target.bindingBytes);
    this.#types = operands.map((o) => o.dtype);
    operands.forEach((o, i) =>
      this.bindings.declare({
        name: `m${i}`,
        word: builder.word(o.dtype),
        count: builder.count(o.ref),
        access: o.access,
        vector: false,
      })
    );
  }

  /** Element `index` of an operand as a register value. */
  load(operand: number, index: string): string {
    const text = this.bindings.load(operand, index);
    return registerType(this.#types[operand]) === "bool" ? `(${text} != 0)` : text;
  }

  /** A statement that stores a register value. */
  store(operand: number, index: string, value: string): string {
    const text = registerType(this.#types[operand]) === "bool" ? `select(0, 1, ${value})` : value;
    return this.bindings.store(operand, index, text);
  }
}

/** Dispatches `body` once for each point of `extents`, whose indices are i0, i1 ... */
export function dispatchPoints(
  builder: Builder,
  extents: readonly number[],
  operands: readonly PointOperand[],
  body: (text: PointText) => string,
  label: string,
): void {
  const text = new PointText(builder, operands);
  const points = extents.reduce((n, d) => n * d, 1);
  const size = builder.target.software ? 64 : 128;
  const groups = foldGroups(Math.ceil(points / size), builder.target.workgroupsPerDimension);
  const names = extents.map((_, d) => `i${d}`);
  const main = `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let p = ${groupText(groups)} * ${size} + i32(thread);
  if (p >= ${points}) { return; }
${indexLines("p", extents, names, 1).join("\n")}
${body(text)}
}
`;
  const { bindings } = text;
  const code = `${bindings.text}${libraryFor(main)}\n${main}`;
  const kernel = { code, access: bindings.access, windows: bindings.windows, groups };
  builder.dispatch(kernel, operands.map((o) => o.ref), label);
}

/** The address of the element at the given indices. */
export function addressText(layout: Layout, indices: readonly string[]): string {
  const terms = layout.strides.flatMap((s, d) =>
    s === 0 ? [] : [s === 1 ? `(${indices[d]})` : `(${indices[d]}) * ${s}`]
  );
  if (layout.offset !== 0 || terms.length === 0) terms.unshift(`${layout.offset}`);
  return terms.join(" + ");
}
