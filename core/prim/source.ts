/**
 * Primitives without arguments: data, constants, indices; and the alias that marks a fresh leaf.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { definePrimitive, type Primitive, type Typed } from "./primitive.ts";

/** A value that exists already: its storage is set when it is made. */
export const leafPrim: Primitive<Typed> = definePrimitive<Typed>({
  name: "leaf",
  fields: { shape: true, dtype: true },
  torchName: "",
  infer: (_, attrs) => attrs,
  vjp: [],
  lowering: { kind: "leaf" },
});

/** Attributes of `fullPrim`. */
export interface FullAttrs {
  readonly value: number | bigint;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One value everywhere. */
export const fullPrim: Primitive<FullAttrs> = definePrimitive<FullAttrs>({
  name: "full",
  fields: { value: true, shape: true, dtype: true },
  torchName: "",
  infer: (_, attrs) => attrs,
  vjp: [],
  lowering: { kind: "constant", value: (attrs) => attrs.value },
});

/** Attributes of `iotaPrim`; dtype int32 or int64. */
export interface IotaAttrs {
  readonly dim: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Each element is its own index along `dim`. */
export const iotaPrim: Primitive<IotaAttrs> = definePrimitive<IotaAttrs>({
  name: "iota",
  fields: { dim: true, shape: true, dtype: true },
  torchName: "",
  infer: (_, attrs) => attrs,
  vjp: [],
  lowering: { kind: "iota", dim: (attrs) => attrs.dim },
});

/** The same value as a new node: a fresh leaf for a transform, a stop for gradients. */
export const aliasPrim: Primitive<undefined> = definePrimitive<undefined>({
  name: "alias",
  torchName: "Alias",
  infer: ([x]) => x,
  vjp: [(g) => g],
  lowering: { kind: "reshape" },
});
