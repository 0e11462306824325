/**
 * The forms of a compiled function: what of its arguments makes it another function, and what one traced function holds. How it is traced
 * is trace.ts's business, how it is run again replay.ts's.
 *
 * @module
 */
import { source } from "../../apply.ts";
import { isFloat } from "../../dtype.ts";
import type { Moded, StateCell } from "../../effects.ts";
import type { Program } from "../../evaluate.ts";
import { FACADE, FUNCTIONAL } from "../../grad_mode.ts";
import { Results } from "../../named_tuple.ts";
import { isRecord } from "../../ops/options.ts";
import { type CallAttrs, placeholderPrim } from "../../prim/source.ts";
import type { Shape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";

/** Why a value cannot be read here. */
export const why =
  "compile: a value cannot be read inside a compiled function, nor one kept that was made there, since it is traced once and replayed; " +
  "return it (gradients too: use valueAndGrad inside), use where() in place of control flow on values, or leave the function uncompiled";

/**
 * What an input of the program is at a call: an argument, a parameter, a captured tensor, state, a fresh draw, or what a function that
 * reads gives for what `program` computes from the inputs before it.
 */
export type Source =
  | { readonly kind: "state"; readonly cell: StateCell }
  | { readonly kind: "argument" | "captured"; readonly index: number }
  | { readonly kind: "parameter"; readonly owner: Tensor }
  | {
    readonly kind: "call";
    readonly call: CallAttrs["call"];
    readonly program: Program;
    readonly shapes: readonly Shape[];
  }
  | { readonly kind: "draw"; readonly make: () => Tensor };

/** An input of the program: what stood for it in the trace, and what it is at a call. */
export interface Input {
  readonly placeholder: Tensor;
  readonly source: Source;
}

/** The function for one form of its arguments. */
export interface Form {
  readonly key: readonly unknown[];
  /** The modules that the function asked for their mode, and what it was: in another mode it is another function. */
  readonly modes: ReadonlyMap<Moded, boolean>;
  readonly inputs: readonly Input[];
  /** The graph over the placeholders, for gradients of the whole. */
  readonly outputs: readonly Tensor[];
  readonly program: Program | null;
  /** What the function returns; its tensors are the first outputs, in order. */
  readonly result: unknown;
  /** Where the other outputs go: state that the function replaces. */
  readonly cells: readonly StateCell[];
  /** What else happens at each call. */
  readonly each: readonly (() => void)[];
}

const tensorMark = Symbol("tensor"), listMark = Symbol("list"), recordMark = Symbol("record");

/** Adds the form of a value to `key` and its tensors to `tensors`. */
export function describe(value: unknown, key: unknown[], tensors: Tensor[]): void {
  if (value instanceof Tensor) {
    const x = value.value;
    tensors.push(x);
    key.push(tensorMark, x.dtype, x.device, x.shape.length);
    for (let d = 0; d < x.shape.length; d++) key.push(x.shape[d]);
  } else if (Array.isArray(value) || value instanceof Results) {
    key.push(listMark, value.length);
    for (const item of value) describe(item, key, tensors);
  } else if (isRecord(value)) {
    const names = Object.keys(value);
    key.push(recordMark, names.length);
    for (const name of names) {
      key.push(name);
      describe(value[name], key, tensors);
    }
  } else key.push(value);
}

/** Whether two keys are of one form. */
export function sameKey(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** Whether the modules are in these modes now. */
export function sameModes(modes: ReadonlyMap<Moded, boolean>): boolean {
  for (const [module, mode] of modes) if (module.training !== mode) return false;
  return true;
}

/** The value with each tensor replaced; what is neither a tensor nor a list or record of some stays. */
export function replaceTensors(value: unknown, next: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return next(value);
  if (Array.isArray(value)) return value.map((item) => replaceTensors(item, next));
  if (value instanceof Results) return value.map(next);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaceTensors(item, next)]));
}

/** What stands in the trace for a tensor of this shape that is like `like`. */
export function placeholder(shape: Shape, like: Tensor): Tensor {
  const x = source(placeholderPrim, { shape, dtype: like.dtype, why }, like.device);
  if (isFloat(x.dtype)) x.track = FACADE | FUNCTIONAL;
  return x;
}

/** The programs of a form, in the order in which they run. */
export function programsOf({ program, inputs }: Form): Program[] {
  const called = inputs.flatMap(({ source }) => source.kind === "call" ? [source.program] : []);
  return program === null ? called : [...called, program];
}
