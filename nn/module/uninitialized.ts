/**
 * Parameters and buffers whose shape is not known yet, and what lazy modules do with them. A lazy module learns its shapes from the first
 * input and becomes an ordinary one.
 *
 * @module
 */
import { TenonError, ValueError } from "../../core/errors.ts";
import { empty } from "../../core/ops/create.ts";
import type { Shape } from "../../core/shape.ts";
import { Tensor, type TensorData } from "../../core/tensor.ts";
import type { FactoryOptions } from "../arguments.ts";
import { className, fieldsOf, stateOf } from "./fields.ts";
import type { Module } from "./module.ts";
import { Parameter, type ParameterOptions } from "./parameter.ts";

function noValue(kind: string): ValueError {
  return new ValueError(
    "Attempted to use an uninitialized parameter. This error happens when you are using a `LazyModule` or explicitly manipulating " +
      `\`nn.${kind}\` objects. When using LazyModules call \`forward\` with a dummy batch to initialize the parameters before calling functions`,
  );
}

function noShape(): ValueError {
  return new ValueError(
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `loadStateDict` when trying to load " +
      "an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters before accessing their attributes.",
  );
}

/** `shape` is a field of every tensor; here asking for it is an error. */
function hideShape(x: Tensor): void {
  Object.defineProperty(x, "shape", {
    get: () => {
      throw noShape();
    },
    configurable: true,
    enumerable: true,
  });
}

/**
 * A parameter without a shape, until `materialize` makes it a Parameter. `torch.nn.parameter.UninitializedParameter`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const weight = new nn.UninitializedParameter();
 * console.log(String(weight)); // <UninitializedParameter>
 * weight.materialize([2, 3]);
 * console.log(weight.shape, weight instanceof nn.UninitializedParameter); // [ 2, 3 ] false
 * ```
 */
export class UninitializedParameter extends Parameter {
  /** Takes the dtype and device that it will have. */
  constructor(options: ParameterOptions & FactoryOptions = {}) {
    const { requiresGrad, dtype, device } = options;
    super(empty([0], { dtype, device }), { requiresGrad });
    hideShape(this);
  }

  /** Gives it a shape. It is a Parameter afterwards, with arbitrary values. */
  materialize(shape: Shape, options: FactoryOptions = {}): void {
    const { dtype = this.dtype, device = this.device } = options;
    Object.setPrototypeOf(this, Parameter.prototype);
    Reflect.deleteProperty(this, "shape");
    this.data = empty(shape, { dtype, device });
  }

  /** There is no value to compute with. */
  override get value(): Tensor {
    throw noValue("UninitializedParameter");
  }

  /** There is no value to take. */
  override get data(): TensorData {
    throw noValue("UninitializedParameter");
  }

  override set data(next: Tensor) {
    super.data = next;
  }

  /** The dtype and device that it will have follow moves. */
  override convert(fn: (value: Tensor) => Tensor): void {
    const { dtype, device } = fn(empty([0], { dtype: this.dtype, device: this.device }));
    Object.assign(this, { dtype, device });
  }

  /** PyTorch's text. */
  override toString(): string {
    return "<UninitializedParameter>";
  }
}

/** A buffer without a shape. `torch.nn.parameter.UninitializedBuffer`. */
export class UninitializedBuffer extends Tensor {
  /** Takes the dtype and device that it will have. */
  constructor(options: FactoryOptions = {}) {
    const { prim, attrs, dtype, device } = empty([0], { dtype: options.dtype, device: options.device });
    super({ prim, inputs: [], attrs, shape: [0], dtype, device, track: 0 });
    hideShape(this);
  }

  /** The tensor that takes its place, with arbitrary values. */
  materialize(shape: Shape): Tensor {
    return empty(shape, { dtype: this.dtype, device: this.device });
  }

  /** Another dtype or device. */
  override to(target: Parameters<Tensor["to"]>[0]): Tensor {
    const { dtype, device } = empty([0], { dtype: this.dtype, device: this.device }).to(target);
    return new UninitializedBuffer({ dtype, device });
  }

  /** There is no value to compute with. */
  override get value(): Tensor {
    throw noValue("UninitializedBuffer");
  }

  /** PyTorch's text. */
  override toString(): string {
    return "<UninitializedBuffer>";
  }
}

/** Whether a tensor has no shape yet. */
export function isLazy(x: unknown): x is UninitializedParameter | UninitializedBuffer {
  return x instanceof UninitializedParameter || x instanceof UninitializedBuffer;
}

/** Whether a module has parameters or buffers without a shape. */
export function hasUninitialized(module: Module): boolean {
  return fieldsOf(module).some(({ value }) => isLazy(value));
}

/** Gives a lazy module's tensors the shapes that `shapes` has under their names. */
export function materialize(module: Module, shapes: Readonly<Record<string, Shape>>): void {
  for (const { key, name, value } of fieldsOf(module)) {
    if (!Object.hasOwn(shapes, name)) continue;
    if (value instanceof UninitializedParameter) value.materialize(shapes[name]);
    else if (value instanceof UninitializedBuffer) Reflect.set(module, key, value.materialize(shapes[name]));
  }
}

/** Lets a lazy module take its shapes from a state dict that is about to be loaded. */
export function materializeFrom(
  module: Module,
  state: Readonly<Record<string, Tensor>>,
  prefix: string,
): void {
  const shapes: Record<string, Shape> = {};
  for (const { name, value } of fieldsOf(module)) {
    const given = state[prefix + name];
    if (isLazy(value) && given instanceof Tensor && !isLazy(given)) shapes[name] = given.shape;
  }
  materialize(module, shapes);
}

/**
 * Makes a module lazy: before its first call `initialize` sees the input and gives every tensor its shape; then the module becomes one
 * of class `ordinary`.
 */
export function initializeOnCall<M extends Module>(
  module: M,
  ordinary: { readonly prototype: Module },
  initialize: (module: M, input: Tensor) => void,
): void {
  // A copy of the module runs the same function on itself.
  stateOf(module).hooks.runFirst((called, [input]) => {
    if (!(input instanceof Tensor)) {
      throw new ValueError(`${className(called)}: the first call needs a tensor to learn the shapes from`);
    }
    initialize(called as M, input);
    if (hasUninitialized(called)) {
      throw new TenonError(`module ${className(called)} has not been fully initialized`);
    }
    Object.setPrototypeOf(called, ordinary.prototype);
  });
}
