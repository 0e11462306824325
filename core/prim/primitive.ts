/**
 * What a primitive is: the one table entry that says everything about an operation. Nothing else in Tenon needs to know its name.
 * The entries themselves stand in the sibling files, by kind.
 *
 * @module
 */
import type { DeviceName } from "../device.ts";
import type { DType } from "../dtype.ts";
import { GradError, type TenonError } from "../errors.ts";
import type { IndexMap, Refinement } from "../graph/index_map.ts";
import type { Combiner } from "../kernel/ir.ts";
import type { RoutineName, Routines } from "../kernel/plan.ts";
import type { ScalarFn } from "../kernel/scalar.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Shape and dtype of a result. */
export interface Typed {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * The gradient with respect to one argument: from the cotangent `g` of the result `y`, with the arguments `xs`. Written with public
 * operations, so that it can be differentiated again. `null` where the argument gets no gradient.
 */
export type VjpRule<A> = (g: Tensor, y: Tensor, xs: readonly Tensor[], attrs: A) => Tensor | null;

/** One rule per argument; a function where the number of arguments varies; `null` says that there is no gradient. */
export type Vjp<A> =
  | readonly (VjpRule<A> | null)[]
  | ((g: Tensor, y: Tensor, xs: readonly Tensor[], attrs: A, argument: number) => Tensor | null)
  | null;

/**
 * What becomes of a primitive when every argument has one more dimension in front, the batch: the attributes that make the primitive itself do it, or
 * `null` where there are no arguments. A composed form is a function of the batched arguments, of those that are the same for the whole
 * batch (`null` for the others), and of the batch's size.
 */
export type Batch<A, Shifted = unknown> =
  | { attrs(attrs: A, size: number): Shifted }
  | { compose(xs: readonly Tensor[], plain: readonly (Tensor | null)[], attrs: A, size: number): Tensor }
  | null;

/** How a primitive becomes part of a kernel. */
export type Lowering<A> =
  /** A value that exists: data on a device or on the host. */
  | { readonly kind: "leaf" }
  /** The same value for every index. */
  | { readonly kind: "constant"; value(attrs: A): number | bigint }
  /** The index along a dimension, as an integer. */
  | { readonly kind: "iota"; dim(attrs: A): number }
  /** A scalar function of elements at the same index. */
  | { readonly kind: "elementwise"; readonly fn: ScalarFn }
  /** A conversion of elements to the result's dtype. */
  | { readonly kind: "cast" }
  /** An index map from the result to its argument; no kernel of its own. `null` where no affine map exists. */
  | {
    readonly kind: "view";
    map(index: IndexMap, from: Shape, to: Shape, attrs: A): IndexMap | Refinement | null;
    /** The value where the map's guards fail, for views that pad. */
    fill?(attrs: A): number | bigint;
  }
  /** The same elements in the same order under another shape. */
  | { readonly kind: "reshape" }
  /** A fold over dimensions, which disappear. */
  | { readonly kind: "reduce"; readonly combiner: Combiner; dims(attrs: A): readonly number[] }
  /** The arguments one after the other along a dimension. */
  | { readonly kind: "concat"; dim(attrs: A): number }
  /** Something that is not one loop nest. */
  | {
    readonly kind: "routine";
    readonly name: RoutineName;
    attrs(attrs: A, xs: readonly Typed[]): Routines[RoutineName];
  };

/** Arguments that have no result: found while the value is computed, when what is thrown here takes the place of the value. */
export interface Refusal<A = unknown> {
  /** One number, which is not zero when there are any; the error is told it. */
  found(xs: readonly Tensor[], attrs: A): Tensor;
  error(y: Typed, attrs: A, found: number | bigint): TenonError;
  /** Where looking means waiting for the device, the next read tells: for what training loops do in every step. */
  readonly late?: true;
}

/** A table entry. */
export interface Primitive<A = unknown> {
  readonly name: string;
  /** PyTorch's name of the backward node, as in `grad_fn=<MulBackward0>`. */
  readonly torchName: string;
  readonly id: number;
  /** The names of the attributes, in the order of the structural signature. */
  readonly fields: readonly string[];
  /** Shape and dtype of the result. The public operations have checked the arguments already. */
  infer(xs: readonly Typed[], attrs: A): Typed;
  readonly vjp: Vjp<A>;
  readonly batch: Batch<A>;
  readonly lowering: Lowering<A>;
  /** What an evaluation looks at before anyone sees the value. */
  readonly refusal?: Refusal<A>;
  /** Never taken for an equal expression, so that what is built on it is computed again. */
  readonly distinct?: true;
  /** The arguments after the first may be on other devices: gradients go there, but the value is that of the first. */
  readonly anyDevice?: true;
  /** The device of the result, where it is not that of the first argument. */
  deviceOf?(attrs: A): DeviceName;
}

const entries: Primitive<never>[] = [];

/** All primitives, in the order of definition. Tests walk this table. */
export const primitives: readonly Primitive<never>[] = entries;

/**
 * An entry as it is written down: `fields` lists each attribute once, and the compiler sees that none is missing. `false` is for what has no influence on
 * the value, such as a gradient rule.
 */
export type Entry<A> =
  & Omit<Primitive<A>, "id" | "fields" | "batch">
  & { readonly batch: Batch<A, A> }
  & (A extends undefined ? { readonly fields?: undefined }
    : { readonly fields: { readonly [K in keyof A]-?: boolean } });

/** Adds an entry to the table. */
export function definePrimitive<A = undefined>(entry: Entry<A>): Primitive<A> {
  const { name, torchName, infer, vjp, batch, lowering, refusal, distinct, anyDevice, deviceOf } = entry;
  const fields = Object.entries(entry.fields ?? {}).filter(([, counts]) => counts).map(([field]) => field);
  const id = entries.length + 1;
  // Every entry has all properties, in one order: engines find those of objects that are made alike fastest.
  const primitive: Primitive<A> = {
    name,
    torchName,
    id,
    fields,
    infer,
    vjp,
    batch,
    lowering,
    refusal,
    distinct,
    anyDevice,
    deviceOf,
  };
  entries.push(primitive as Primitive<never>);
  return primitive;
}

/** Applies a primitive's gradient rule for one argument. */
export function pullback<A>(
  prim: Primitive<A>,
  g: Tensor,
  y: Tensor,
  xs: readonly Tensor[],
  attrs: A,
  argument: number,
): Tensor | null {
  const vjp = prim.vjp;
  if (vjp === null) {
    throw new GradError(
      `derivative for ${prim.name} is not implemented: it has no gradient; wrap its argument in stopGradient() if none is wanted`,
    );
  }
  if (typeof vjp === "function") return vjp(g, y, xs, attrs, argument);
  const rule = vjp[argument];
  return rule === null || rule === undefined ? null : rule(g, y, xs, attrs);
}
