/**
 * Modules as functions of their parameters, for functional autograd.
 *
 * @module
 */
import { GradError, ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { stack } from "../../core/ops/join.ts";
import { Tensor } from "../../core/tensor.ts";
import { type Args, valueAndGrad as valueAndGradOf } from "../../core/transform/grad.ts";
import { bufferKind, className, fieldsOf } from "./fields.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { everyPath } from "./traverse.ts";

/** Tensors by the dotted names of parameters and buffers. */
export type ValuesByName = Readonly<Record<string, Tensor>>;

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
 * Calls a module with other values for its parameters and buffers (all or some, by dotted name, in one record or several), and leaves it as it is.
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
  values: ValuesByName | readonly ValuesByName[],
  ...inputs: Parameters<M>
): ReturnType<M> {
  if (typeof values !== "object" || values === null) {
    throw new ValueError(`functionalCall: expected tensors by name, but got ${values}`);
  }
  const all = isList(values) ? together(values) : values;
  return withValues(module, all, () => Reflect.apply(module, undefined, inputs) as ReturnType<M>);
}

function isList<T extends object>(values: T | readonly T[]): values is readonly T[] {
  return Array.isArray(values);
}

/** Several records as one; a name may be in one of them. */
function together(parts: readonly ValuesByName[]): ValuesByName {
  const found: Record<string, Tensor> = {};
  for (const part of parts) {
    for (const name of Object.keys(part)) {
      if (name in found) throw new ValueError(`${name} appears in multiple dictionaries, in functionalCall`);
      found[name] = part[name];
    }
  }
  return found;
}

/**
 * The parameters and the buffers of several models of one class, each stacked along a new first dimension: with `vmap` over it the models run as
 * one. The parameters require gradients. `torch.func.stack_module_state`.
 *
 * @throws {ValueError} when there is no model, or models differ in class or in mode
 * @example
 * ```ts
 * import { nn, ones, type Tensor, vmap } from "@tenon/tenon";
 * const models = [1, 2, 3].map(() => new nn.Linear(4, 2));
 * const [params, buffers] = nn.stackModuleState(models);
 * type Values = Record<string, Tensor>;
 * const run = (p: Values, b: Values, x: Tensor): Tensor => nn.functionalCall(models[0], [p, b], x);
 * console.log(vmap(run, { inDims: [0, 0, null] })(params, buffers, ones([5, 4])).shape); // [ 3, 5, 2 ]
 * ```
 */
export function stackModuleState(
  models: readonly Module[],
): [params: Record<string, Tensor>, buffers: Record<string, Tensor>] {
  const op = "stack_module_state";
  if (!Array.isArray(models) || models.length === 0) {
    throw new ValueError(`${op}: Expected at least one model, got ${Array.isArray(models) ? 0 : models}.`);
  }
  const [first] = models;
  if (models.some((m) => m.training !== first.training)) {
    throw new ValueError(`${op}: Expected all models to have the same training/eval mode.`);
  }
  if (models.some((m) => m.constructor !== first.constructor)) {
    throw new ValueError(`${op}: Expected all models to be of the same class.`);
  }
  const stacked = (entries: readonly [string, Tensor][][], requiresGrad: boolean) =>
    Object.fromEntries(entries[0].map(([name], i) => {
      const each = entries.map((own) => own[i][1]);
      const x = noGrad(() => stack(each.map((t) => t.detach()), 0)).detach();
      x.requiresGrad = requiresGrad && each[0].requiresGrad;
      return [name, x];
    }));
  return [
    stacked(models.map((m) => m.namedParameters()), true),
    stacked(models.map((m) => m.namedBuffers()), false),
  ];
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
