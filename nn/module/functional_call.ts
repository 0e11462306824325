/**
 * Modules as functions of their parameters, for functional autograd.
 *
 * @module
 */
import { GradError, ValueError } from "../../core/errors.ts";
import { Tensor } from "../../core/tensor.ts";
import { type Args, valueAndGrad as valueAndGradOf } from "../../core/transform/grad.ts";
import { bufferKind, className, fieldsOf } from "./fields.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { everyPath } from "./traverse.ts";

/** Lets tensors stand in for a module's parameters and buffers while `fn` runs. */
function withValues<T>(module: Module, values: Readonly<Record<string, Tensor>>, fn: () => T): T {
  const restore: (() => void)[] = [];
  const missing = new Set(Object.keys(values));
  try {
    for (const [path, m] of everyPath(module, "")) {
      for (const { key, name, value } of fieldsOf(m)) {
        const given = values[path + name];
        if (given === undefined || !Object.hasOwn(values, path + name)) continue;
        if (!(given instanceof Tensor)) {
          throw new ValueError(`functionalCall: "${path + name}" must be a tensor, got ${typeof given}`);
        }
        if (value instanceof Parameter) {
          restore.push(value.substitute(given));
        } else if (bufferKind(m, key) !== null) {
          Reflect.set(m, key, given);
          restore.push(() => Reflect.set(m, key, value));
        } else {
          continue;
        }
        missing.delete(path + name);
      }
    }
    if (missing.size > 0) {
      throw new ValueError(
        `functionalCall: ${className(module)} has no parameter or buffer ${
          [...missing].map((k) => `"${k}"`).join(", ")
        }`,
      );
    }
    const result = fn();
    if (result instanceof Promise) {
      throw new GradError(
        "functionalCall: forward is async, and what it awaits would run with the module's own parameters; make it synchronous",
      );
    }
    return result;
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

/**
 * Calls a module with other values for its parameters and buffers (all or some, by dotted name), and leaves it as it is.
 * `torch.func.functional_call`.
 *
 * @throws {ValueError} for a name that the module does not have
 * @example
 * ```ts
 * import { nn, ones, zeros } from "@tenon/tenon";
 * const layer = new nn.Linear(2, 1);
 * const y = nn.functionalCall(layer, { weight: ones([1, 2]), bias: zeros([1]) }, ones([1, 2]));
 * console.log(y.item()); // 2
 * ```
 */
export function functionalCall<M extends Module & ((...inputs: never[]) => unknown)>(
  module: M,
  values: Readonly<Record<string, Tensor>>,
  ...inputs: Parameters<M>
): ReturnType<M> {
  if (typeof values !== "object" || values === null) {
    throw new ValueError(`functionalCall: expected tensors by name, but got ${values}`);
  }
  return withValues(module, values, () => Reflect.apply(module, undefined, inputs) as ReturnType<M>);
}

/**
 * A function that returns the value of `fn` and its gradient with respect to every parameter of a module that requires one, by dotted name.
 * `fn` may use the module as it likes and returns a tensor with one element.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "@tenon/tenon";
 * const layer = new nn.Linear(2, 1, { bias: false });
 * const loss = (x: Tensor) => layer(x).sum();
 * const [value, grads] = nn.valueAndGrad(layer, loss)(ones([3, 2]));
 * console.log(value.shape, grads.weight.tolist()); // [] [ [ 3, 3 ] ]
 * ```
 */
export function valueAndGrad<A extends Args>(
  module: Module,
  fn: (...args: A) => Tensor,
): (...args: A) => [value: Tensor, grads: Record<string, Tensor>] {
  return (...args) => {
    const trained = module.namedParameters().filter(([, p]) => p.requiresGrad);
    const values: Record<string, Tensor> = Object.fromEntries(trained.map(([name, p]) => [name, p.detach()]));
    return valueAndGradOf((given: Record<string, Tensor>) => withValues(module, given, () => fn(...args)))(
      values,
    );
  };
}
