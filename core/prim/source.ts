/**
 * Primitives without arguments: data, constants, indices, placeholders; and the aliases: other names of a value, which mark leaves, keep
 * expressions apart or carry a gradient of their own.
 *
 * @module
 */
import type { DeviceName } from "../device.ts";
import type { DType } from "../dtype.ts";
import { GradError } from "../errors.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { definePrimitive, type Primitive, type Typed } from "./primitive.ts";

/** A value that exists already: its storage is set when it is made. */
export const leafPrim: Primitive<Typed> = definePrimitive<Typed>({
  name: "leaf",
  fields: { shape: true, dtype: true },
  torchName: "",
  infer: (_, attrs) => attrs,
  vjp: [],
  batch: null,
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
  batch: null,
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
  batch: null,
  lowering: { kind: "iota", dim: (attrs) => attrs.dim },
});

/** The same value as a new node: a fresh leaf for a transform, a stop for gradients. */
export const aliasPrim: Primitive<undefined> = definePrimitive<undefined>({
  name: "alias",
  torchName: "Alias",
  infer: ([x]) => x,
  vjp: [(g) => g],
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "reshape" },
});

/** The same value as something of its own: what is computed from it is not shared with what is computed from the argument. */
export const barrierPrim: Primitive<undefined> = definePrimitive<undefined>({
  name: "barrier",
  torchName: "Checkpoint",
  infer: ([x]) => x,
  vjp: [(g) => g],
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "reshape" },
  distinct: true,
});

/** Attributes of `customPrim`. */
export interface CustomAttrs {
  /** From the cotangent of the value to those of the arguments after the first. */
  readonly pull: (g: Tensor) => readonly (Tensor | null)[];
}

/** The value of the first argument, with a gradient of its own in the others. */
export const customPrim: Primitive<CustomAttrs> = definePrimitive<CustomAttrs>({
  name: "custom",
  fields: { pull: false },
  torchName: "Custom",
  infer: ([value]) => value,
  vjp: (g, _y, _xs, { pull }, argument) => argument === 0 ? null : pull(g)[argument - 1],
  batch: {
    compose: ([value, ...xs]) => {
      // Gradients taken inside of the mapped function have been taken by now; one of the mapped function would need `pull` for batches.
      if (xs.every((x) => x.track === 0)) return value;
      throw new GradError(
        "vmap: a function with a gradient of its own (customVjp, checkpoint, autograd.Function) cannot be mapped where a gradient is asked of " +
          "the result; take the gradient inside of vmap, or call vmap inside the function",
      );
    },
  },
  lowering: { kind: "reshape" },
  anyDevice: true,
});

/** Attributes of `callPrim`: what the result will be and where, the function, and its gradient as a node. */
export interface CallAttrs extends Typed {
  readonly device: DeviceName;
  /** Takes arguments with a batch in front too. */
  readonly call: (...xs: readonly Tensor[]) => Tensor;
  /** The gradient with respect to one of the arguments. */
  readonly slope: (g: Tensor, xs: readonly Tensor[], argument: number) => Tensor;
}

/** The result of a function that reads its arguments, met where they have no values yet. It is called once they have. */
export const callPrim: Primitive<CallAttrs> = definePrimitive<CallAttrs>({
  name: "call",
  fields: { shape: true, dtype: true, device: true, call: false, slope: false },
  torchName: "Custom",
  infer: (_, attrs) => attrs,
  vjp: (g, _y, xs, { slope }, argument) => slope(g, xs, argument),
  batch: { compose: (xs, _plain, { call }) => call(...xs) },
  lowering: { kind: "leaf" },
  deviceOf: ({ device }) => device,
});

/** Attributes of `placeholderPrim`. */
export interface PlaceholderAttrs extends Typed {
  /** The error of whoever reads it. */
  readonly why: string;
}

/** A value that is not there yet: an argument of a function that is being traced. */
export const placeholderPrim: Primitive<PlaceholderAttrs> = definePrimitive<PlaceholderAttrs>({
  name: "placeholder",
  fields: { shape: true, dtype: true, why: false },
  torchName: "",
  infer: (_, attrs) => attrs,
  vjp: [],
  batch: null,
  lowering: { kind: "leaf" },
});
