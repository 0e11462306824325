/**
 * State dicts: the values of a module by dotted name, and loading them with PyTorch's full report.
 *
 * @module
 */
import { LoadError } from "../../core/errors.ts";
import { sameShape, type Shape, torchSize } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { bufferKind, className, fieldsOf, isModule, modulesOf, stateOf, typeText } from "./fields.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { everyPath } from "./traverse.ts";
import { isLazy } from "./uninitialized.ts";

/** Values by dotted name, in PyTorch's order. Prints as Python's OrderedDict. */
export type StateDict = Record<string, Tensor>;

/** What did not match when a state dict was loaded without `strict`. */
export interface LoadReport {
  /** Keys of the module that the state dict lacks. */
  readonly missingKeys: readonly string[];
  /** Keys of the state dict that the module lacks. */
  readonly unexpectedKeys: readonly string[];
}

/** The report as PyTorch prints it. */
function reported(report: LoadReport): LoadReport {
  const text = {
    value: () => {
      const { missingKeys, unexpectedKeys } = report;
      if (missingKeys.length === 0 && unexpectedKeys.length === 0) return "<All keys matched successfully>";
      const list = (keys: readonly string[]) => `[${keys.map((key) => `'${key}'`).join(", ")}]`;
      return `_IncompatibleKeys(missing_keys=${list(missingKeys)}, unexpected_keys=${list(unexpectedKeys)})`;
    },
  };
  return Object.defineProperties(report, {
    toString: text,
    [Symbol.for("nodejs.util.inspect.custom")]: text,
  });
}

function text(this: StateDict): string {
  if (Object.keys(this).length === 0) return "OrderedDict()";
  return `OrderedDict([${Object.entries(this).map(([key, value]) => `('${key}', ${value})`).join(", ")}])`;
}

const prototype: object = Object.defineProperties({}, {
  toString: { value: text },
  [Symbol.for("nodejs.util.inspect.custom")]: { value: text },
});

/** An empty state dict. */
function emptyStateDict(): StateDict {
  return Object.create(prototype);
}

/** One entry of a module's own state. */
interface Entry {
  readonly name: string;
  readonly value: Tensor;
  replace(value: Tensor): void;
  /** Whether shape and dtype may be other than those of the value. */
  readonly free?: boolean;
}

const extraKey = "_extra_state";

/** Parameters, then persistent buffers, then extra state, of one module. */
function ownEntries(module: Module): Entry[] {
  const fields = fieldsOf(module);
  const parameters = fields.flatMap(({ name, value: p }): Entry[] =>
    p instanceof Parameter ? [{ name, value: p, replace: (v) => p.data = v }] : []
  );
  const buffers = fields.flatMap(({ key, name, value: b }): Entry[] =>
    b instanceof Tensor && !(b instanceof Parameter) && bufferKind(module, key) === "persistent"
      ? [{ name, value: b, replace: (v) => Reflect.set(module, key, v) }]
      : []
  );
  const extra: Entry[] = module.getExtraState === undefined ? [] : [{
    name: extraKey,
    value: module.getExtraState(),
    replace: (v) => module.setExtraState?.(v),
    free: true,
  }];
  return [...parameters, ...buffers, ...extra];
}

/** Parameters and persistent buffers by dotted name. */
export function stateDict(module: Module, prefix: string): StateDict {
  let state = emptyStateDict();
  const paths = everyPath(module, prefix);
  for (const [path, m] of paths) {
    const { before } = stateOf(m).stateHooks;
    for (const hook of before.all) hook(m, path);
    for (const { name, value } of ownEntries(m)) {
      state[path + name] = value instanceof Parameter && !isLazy(value) ? value.data : value;
    }
  }
  // Children before parents, each when all below it are done.
  for (const [path, m] of paths.toReversed()) {
    for (const hook of stateOf(m).stateHooks.after.all) state = hook(m, state, path) ?? state;
  }
  return state;
}

function quoted(keys: readonly string[]): string {
  return keys.map((k) => `"${k}"`).join(", ");
}

/** PyTorch's order: module by module, those that belong to none of its members or children. */
function unexpectedIn(module: Module, path: string, keys: readonly string[]): string[] {
  const known = new Set(
    [...ownEntries(module), ...modulesOf(module).map(([name]) => ({ name }))].map((e) => e.name),
  );
  return keys.filter((key) => {
    if (!key.startsWith(path)) return false;
    return !known.has(key.slice(path.length).split(".", 1)[0]);
  });
}

/** How to get a state dict out of what is none. */
function insteadOf(given: unknown): string {
  if (given instanceof Promise) return "; await it, as in net.loadStateDict(await io.load(path))";
  if (typeof given === "string") return "; load the file first, as in net.loadStateDict(await io.load(path))";
  return isModule(given) ? "; pass its stateDict()" : "";
}

/** Copies values into a module. Nothing is changed when an error is thrown. */
export function loadStateDict(
  module: Module,
  given: Readonly<Record<string, Tensor>>,
  strict: boolean,
): LoadReport {
  if (typeof given !== "object" || given === null || Array.isArray(given) || given instanceof Promise) {
    throw new LoadError(`Expected state_dict to be dict-like, got ${typeText(given)}${insteadOf(given)}.`);
  }
  const state: Record<string, Tensor> = { ...given };
  const paths = everyPath(module, "");
  for (const [path, m] of paths) {
    for (const hook of stateOf(m).stateHooks.beforeLoad.all) hook(m, state, path);
    m.beforeLoad(state, path);
  }
  const keys = Object.keys(state);
  const missingKeys: string[] = [], unexpectedKeys: string[] = [], errors: string[] = [];
  const changes: (() => void)[] = [];
  for (const [path, m] of paths) {
    for (const entry of ownEntries(m)) {
      const key = path + entry.name;
      if (!Object.hasOwn(state, key)) missingKeys.push(key);
      else copyOver(key, entry, state[key], errors, changes);
    }
    unexpectedKeys.push(...unexpectedIn(m, path, keys));
  }
  // A hook that looks at what was loaded must find it there.
  const after = paths.toReversed().filter(([, m]) => !stateOf(m).stateHooks.afterLoad.empty);
  if (after.length > 0 && errors.length === 0) {
    for (const change of changes.splice(0)) change();
    for (const [, m] of after) {
      for (const hook of stateOf(m).stateHooks.afterLoad.all) hook(m, { missingKeys, unexpectedKeys });
    }
  }
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
  return reported({ missingKeys, unexpectedKeys });
}

/** Notes the change that one value makes, or why it cannot be made. */
function copyOver(key: string, entry: Entry, given: Tensor, errors: string[], changes: (() => void)[]): void {
  if (!(given instanceof Tensor)) {
    errors.push(
      `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${
        typeText(given)
      }`,
    );
    return;
  }
  const { value, replace } = entry;
  if (entry.free) {
    changes.push(() => replace(given));
    return;
  }
  if (isLazy(given)) {
    if (!isLazy(value)) {
      errors.push(
        `While copying the parameter named "${key}": it is initialized, the one in the checkpoint is not`,
      );
    }
    return;
  }
  const fresh = given.detach();
  // Very old files keep single numbers as vectors of one element.
  const single = value.shape.length === 0 && sameShape(fresh.shape, [1]);
  if (!single && !sameShape(fresh.shape, value.shape)) {
    errors.push(mismatch(key, fresh.shape, value.shape));
    return;
  }
  const { dtype, device } = value;
  changes.push(() => replace((single ? fresh.reshape([]) : fresh).to({ dtype, device })));
}

function mismatch(key: string, given: Shape, wanted: Shape): string {
  return `size mismatch for ${key}: copying a param with shape ${torchSize(given)} from checkpoint, ` +
    `the shape in current model is ${torchSize(wanted)}.`;
}
