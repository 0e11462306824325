/**
 * State dicts: the values of a module by dotted name, and loading them with PyTorch's full report.
 *
 * @module
 */
import { LoadError } from "../core/errors.ts";
import { sameShape, type Shape, torchSize } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { className, fieldsOf, Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** Values by dotted name, in PyTorch's order. Prints as Python's OrderedDict. */
export type StateDict = Record<string, Tensor>;

/** What did not match when a state dict was loaded without `strict`. */
export interface LoadReport {
  /** Keys of the module that the state dict lacks. */
  readonly missingKeys: readonly string[];
  /** Keys of the state dict that the module lacks. */
  readonly unexpectedKeys: readonly string[];
}

function text(this: StateDict): string {
  return `OrderedDict([${Object.entries(this).map(([key, value]) => `('${key}', ${value})`).join(", ")}])`;
}

const prototype: object = Object.defineProperties({}, {
  toString: { value: text },
  [Symbol.for("Deno.customInspect")]: { value: text },
  [Symbol.for("nodejs.util.inspect.custom")]: { value: text },
});

/** An empty state dict. */
export function emptyStateDict(): StateDict {
  return Object.create(prototype);
}

/** One entry of a module's own state. */
interface Entry {
  readonly name: string;
  readonly value: Tensor;
  replace(value: Tensor): void;
}

/** Parameters, then persistent buffers, of one module. */
function ownEntries(module: Module): Entry[] {
  const fields = fieldsOf(module);
  const parameters = fields.flatMap(([name, p]): Entry[] =>
    p instanceof Parameter ? [{ name, value: p, replace: (v) => p.data = v }] : []
  );
  const buffers = fields.flatMap(([name, b]): Entry[] =>
    b instanceof Tensor && !(b instanceof Parameter) && module.bufferKind(name) === "persistent"
      ? [{ name, value: b, replace: (v) => Reflect.set(module, name, v) }]
      : []
  );
  return [...parameters, ...buffers];
}

/** Every module with its path; a shared module under each of its names. */
function everyPath(module: Module, prefix: string): [string, Module][] {
  const below = fieldsOf(module).flatMap(([name, child]) =>
    child instanceof Module ? everyPath(child, `${prefix}${name}.`) : []
  );
  return [[prefix, module], ...below];
}

/** Parameters and persistent buffers by dotted name. */
export function stateDict(module: Module, prefix: string): StateDict {
  const state = emptyStateDict();
  for (const [path, m] of everyPath(module, prefix)) {
    for (const { name, value } of ownEntries(m)) {
      state[path + name] = value instanceof Parameter ? value.data : value;
    }
  }
  return state;
}

function quoted(keys: readonly string[]): string {
  return keys.map((k) => `"${k}"`).join(", ");
}

/** Copies values into a module. Nothing is changed when an error is thrown. */
export function loadStateDict(
  module: Module,
  state: Readonly<Record<string, Tensor>>,
  strict: boolean,
): LoadReport {
  for (const [path, m] of everyPath(module, "")) m.beforeLoad(state, path);
  const missingKeys: string[] = [], errors: string[] = [], changes: (() => void)[] = [];
  const expected = new Set<string>();
  for (const [path, m] of everyPath(module, "")) {
    for (const { name, value, replace } of ownEntries(m)) {
      const key = path + name;
      expected.add(key);
      if (!Object.hasOwn(state, key)) {
        missingKeys.push(key);
        continue;
      }
      const given = state[key];
      if (!(given instanceof Tensor)) {
        errors.push(
          `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${typeof given}`,
        );
      } else if (!sameShape(given.shape, value.shape)) {
        errors.push(mismatch(key, given.shape, value.shape));
      } else {
        changes.push(() => replace(given.detach().to({ dtype: value.dtype, device: value.device })));
      }
    }
  }
  const unexpectedKeys = Object.keys(state).filter((key) => !expected.has(key));
  if (strict) {
    if (unexpectedKeys.length > 0) {
      errors.unshift(`Unexpected key(s) in state_dict: ${quoted(unexpectedKeys)}. `);
    }
    if (missingKeys.length > 0) errors.unshift(`Missing key(s) in state_dict: ${quoted(missingKeys)}. `);
  }
  if (errors.length > 0) {
    throw new LoadError(`Error(s) in loading state_dict for ${className(module)}:\n\t${errors.join("\n\t")}`);
  }
  for (const change of changes) change();
  return { missingKeys, unexpectedKeys };
}

function mismatch(key: string, given: Shape, wanted: Shape): string {
  return `size mismatch for ${key}: copying a param with shape ${torchSize(given)} from checkpoint, ` +
    `the shape in current model is ${torchSize(wanted)}.`;
}
