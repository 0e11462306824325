/**
 * Walking a tree of modules: paths, members, and replacing every tensor.
 *
 * @module
 */
import { IndexError, ValueError } from "../../core/errors.ts";
import { Tensor } from "../../core/tensor.ts";
import { bufferKind, className, type Field, fieldsOf, isModule, modulesOf } from "./fields.ts";
import type { Layer, Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** A module and all below it, each once or under each of its names, with dotted paths; its own is the prefix. */
export function namedModules(root: Module, prefix: string, once = true): [string, Module][] {
  if (!once) {
    const dotted = everyPath(root, prefix === "" ? "" : `${prefix}.`);
    return dotted.map(([path, module]) => [path.slice(0, -1), module]);
  }
  const found: [string, Module][] = [];
  const seen = new Set<Module>();
  const walk = (module: Module, path: string) => {
    if (seen.has(module)) return;
    seen.add(module);
    found.push([path, module]);
    for (const [name, child] of modulesOf(module)) if (child !== null) walk(child, join(path, name));
  };
  walk(root, prefix);
  return found;
}

/**
 * Every module with its path and a dot behind it; a shared module under each of its names.
 *
 * @throws {ValueError} when a module holds itself, which has no end of names
 */
export function everyPath(root: Module, prefix: string): [string, Module][] {
  const walk = (module: Module, path: string, above: readonly Module[]): [string, Module][] => {
    if (above.includes(module)) throw selfHeld(path.slice(0, -1), module);
    const inside = [...above, module];
    const below = modulesOf(module).flatMap(([name, child]) =>
      child === null ? [] : walk(child, `${path}${name}.`, inside)
    );
    return [[path, module], ...below];
  };
  return walk(root, prefix, []);
}

function selfHeld(path: string, module: Module): ValueError {
  return new ValueError(
    `maximum recursion depth exceeded: ${
      className(module)
    } holds itself, as "${path}"; keep a reference that is no submodule in an array or a #private field`,
  );
}

/** Calls a function on every module, children before parents. */
export function applyTo(root: Module, fn: (module: Module) => void): void {
  const walk = (module: Module, path: string, above: readonly Module[]) => {
    if (above.includes(module)) throw selfHeld(path, module);
    const inside = [...above, module];
    for (const [name, child] of namedChildren(module)) walk(child, join(path, name), inside);
    fn(module);
  };
  walk(root, "", []);
}

function members<T extends Tensor>(
  root: Module,
  prefix: string,
  recurse: boolean,
  once: boolean,
  pick: (module: Module, field: Field) => T | null,
): [string, T][] {
  const seen = new Set<T>();
  const modules: [string, Module][] = recurse ? namedModules(root, prefix, once) : [[prefix, root]];
  return modules.flatMap(([path, module]) =>
    fieldsOf(module).flatMap((field): [string, T][] => {
      const picked = pick(module, field);
      if (picked === null || (once && seen.has(picked))) return [];
      seen.add(picked);
      return [[join(path, field.name), picked]];
    })
  );
}

/** Parameters with dotted names, each once or under each of its names. */
export function namedParameters(
  root: Module,
  prefix: string,
  recurse: boolean,
  once = true,
): [string, Parameter][] {
  return members(root, prefix, recurse, once, (_, { value }) => value instanceof Parameter ? value : null);
}

/** Buffers with dotted names, each once or under each of its names. */
export function namedBuffers(
  root: Module,
  prefix: string,
  recurse: boolean,
  once = true,
): [string, Tensor][] {
  return members(
    root,
    prefix,
    recurse,
    once,
    (module, { key, value }) => value instanceof Tensor && bufferKind(module, key) !== null ? value : null,
  );
}

/** Replaces every parameter's value, its gradient, and every buffer. */
export function mapTensors(root: Module, fn: (x: Tensor) => Tensor): void {
  for (const [, p] of namedParameters(root, "", true)) {
    p.convert(fn);
    const { gradCell: cell } = p;
    if (cell !== null && cell.value !== null) p.grad = cell.lost ? null : fn(cell.value);
  }
  // A shared buffer stays shared.
  const changed = new Map<Tensor, Tensor>();
  for (const [, module] of namedModules(root, "")) {
    for (const { key, value } of fieldsOf(module)) {
      if (!(value instanceof Tensor) || bufferKind(module, key) === null) continue;
      const after = changed.get(value) ?? fn(value);
      changed.set(value, after);
      Reflect.set(module, key, after);
    }
  }
}

/** The submodule at a dotted path; "" is the root. */
export function submoduleAt(root: Module, path: string): Module {
  return (path === "" ? [] : path.split(".")).reduce((module: Module, name) => {
    const children = modulesOf(module);
    const next = children.find(([n]) => n === name)?.[1];
    if (isModule(next)) return next;
    throw new IndexError(
      name in module
        ? `\`${name}\` is not an nn.Module, in getSubmodule("${path}")`
        : `${className(module)} has no attribute \`${name}\`, in getSubmodule("${path}"); its submodules: ${
          children.map(([n]) => n).join(", ") || "none"
        }`,
    );
  }, root);
}

/** The member at a dotted path: what `valueIn` finds in its field. */
function memberAt<T>(
  root: Module,
  path: string,
  valueIn: (module: Module, field: Field) => T | null,
  what: string,
  caller: string,
): T {
  const dot = path.lastIndexOf(".");
  const module = root.getSubmodule(path.slice(0, Math.max(dot, 0)));
  const name = path.slice(dot + 1);
  const field = fieldsOf(module).find((field) => field.name === name);
  const value = field === undefined ? null : valueIn(module, field);
  if (value !== null) return value;
  throw new IndexError(
    field !== undefined || name in module
      ? `\`${name}\` is not ${what}, in ${caller}("${path}")`
      : `${className(module)} has no attribute \`${name}\`, in ${caller}("${path}")`,
  );
}

/** The parameter at a dotted path. */
export function parameterAt(root: Module, path: string): Parameter {
  const found = (_: Module, { value }: Field) => value instanceof Parameter ? value : null;
  return memberAt(root, path, found, "an nn.Parameter", "getParameter");
}

/** The buffer at a dotted path. */
export function bufferAt(root: Module, path: string): Tensor {
  const found = (module: Module, { key, value }: Field) =>
    value instanceof Tensor && bufferKind(module, key) !== null ? value : null;
  return memberAt(root, path, found, "a buffer", "getBuffer");
}

/** A module's children, each once. */
export function namedChildren(module: Module): [string, Layer][] {
  const seen = new Set<Module>();
  return modulesOf(module).flatMap(([name, child]): [string, Layer][] => {
    if (!isModule(child) || seen.has(child)) return [];
    seen.add(child);
    return [[name, child as Layer]];
  });
}
