/**
 * The fields of modules: which of them are parameters, submodules and buffers, in which order they were made, and what may be
 * assigned to them. A field that was seen to be one of the three becomes an accessor, so that a wrong assignment is refused.
 *
 * @module
 */
import type { DType } from "../../core/dtype.ts";
import { TenonError, ValueError } from "../../core/errors.ts";
import { Tensor } from "../../core/tensor.ts";
import { persistenceOf } from "./buffer.ts";
import { Hooks } from "./hooks.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { StateHooks } from "./state_hooks.ts";

/** What a field can be, beside plain data. */
export type FieldKind = "parameter" | "module" | "buffer";

/** Bookkeeping that must not be a field, since fields are what a module is made of. */
export interface ModuleState {
  /** What runs around `forward`. */
  readonly hooks: Hooks;
  /** What runs around its state dict. */
  readonly stateHooks: StateHooks;
  /** Whether the module is in training mode. */
  training: boolean;
  /** Names in the order in which they became fields, also of those that are null now. */
  readonly kinds: Map<string, FieldKind>;
  /** Buffers that are not part of the state dict. */
  readonly temporary: Set<string>;
  /** Values of the fields that are accessors by now. */
  readonly cells: Map<string, { value: unknown }>;
  /** Goes up whenever a field becomes something else. */
  version: number;
  /** The submodules at some version. */
  children: { readonly version: number; readonly fields: number; readonly modules: readonly Module[] } | null;
  /** PyTorch's names of fields that are called otherwise here, such as running_mean of runningMean. */
  readonly labels: Map<string, string>;
}

const states = new WeakMap<object, ModuleState>();

/** Bookkeeping for a new module. */
export function newState(module: object): ModuleState {
  const state: ModuleState = {
    hooks: new Hooks(),
    stateHooks: new StateHooks(),
    training: true,
    kinds: new Map(),
    temporary: new Set(),
    cells: new Map(),
    labels: new Map(),
    version: 0,
    children: null,
  };
  states.set(module, state);
  return state;
}

/** The bookkeeping of a module. */
export function stateOf(module: object): ModuleState {
  const state = states.get(module);
  if (state === undefined) throw new TenonError("a module was used before super() had run");
  return state;
}

/** Whether a value is a module. */
export function isModule(value: unknown): value is Module {
  return typeof value === "function" && states.has(value);
}

/** The name of a module's class. */
export function className(module: Module): string {
  // Not of the module itself: a field may be called `constructor`.
  return Object.getPrototypeOf(module).constructor.name;
}

/** PyTorch's names of the types of tensors. */
export const tensorTypes: Readonly<Record<DType, string>> = {
  float64: "torch.DoubleTensor",
  float32: "torch.FloatTensor",
  float16: "torch.HalfTensor",
  bfloat16: "torch.BFloat16Tensor",
  int64: "torch.LongTensor",
  int32: "torch.IntTensor",
  int16: "torch.ShortTensor",
  int8: "torch.CharTensor",
  uint8: "torch.ByteTensor",
  bool: "torch.BoolTensor",
};

/** What a value is, as PyTorch's messages say it. */
export function typeText(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (isModule(value)) return className(value);
  if (value instanceof Tensor) return value instanceof Parameter ? "Parameter" : tensorTypes[value.dtype];
  switch (typeof value) {
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    case "string":
      return "str";
    case "boolean":
      return "bool";
    default:
      if (value instanceof Promise) return "Promise";
      return Array.isArray(value) ? "list" : typeof value === "object" ? "dict" : typeof value;
  }
}

function kindOf(value: unknown): FieldKind | null {
  return value instanceof Parameter
    ? "parameter"
    : isModule(value)
    ? "module"
    : persistenceOf(value) === undefined
    ? null
    : "buffer";
}

const wanted: Readonly<Record<FieldKind, string>> = {
  parameter: "parameter '$' (torch.nn.Parameter or None expected)",
  module: "child module '$' (torch.nn.Module or None expected)",
  buffer: "buffer '$' (torch.Tensor or None expected)",
};

const hints: Readonly<Record<FieldKind, string>> = {
  parameter: "assign to its .data, or wrap the tensor in new nn.Parameter(...)",
  module: "take the field away first",
  buffer: "wrap numbers in tensor(...)",
};

/** Notes what a field is after an assignment; refuses what PyTorch refuses. */
function admit(module: Module, state: ModuleState, name: string, value: unknown): void {
  const before = state.kinds.get(name), now = kindOf(value);
  if (now !== null && name in Object.getPrototypeOf(module)) {
    throw new ValueError(
      `attribute '${name}' already exists, in ${
        className(module)
      }: it is part of nn.Module; give the field another name`,
    );
  }
  const fits = now === "parameter" || value === null || value === undefined || before === undefined ||
    (before === "buffer" ? value instanceof Tensor || now === "module" : before === now);
  if (!fits) {
    throw new ValueError(
      `cannot assign '${typeText(value)}' as ${
        wanted[before].replace("$", state.labels.get(name) ?? name)
      }, in ${className(module)}: ${hints[before]}`,
    );
  }
  if (now === null || now === before) return;
  state.kinds.set(name, now);
  if (persistenceOf(value) === false) state.temporary.add(name);
  else state.temporary.delete(name);
}

/** Makes a field an accessor that keeps watch over what is assigned. */
function watch(module: Module, state: ModuleState, name: string, value: unknown): void {
  admit(module, state, name, value);
  state.version++;
  const cell = { value };
  state.cells.set(name, cell);
  Object.defineProperty(module, name, {
    get: () => cell.value,
    set: (next: unknown) => {
      admit(module, state, name, next);
      state.version++;
      cell.value = next;
    },
    enumerable: true,
    configurable: true,
  });
}

/** Copies mode, hooks, names and values of fields to a new module of the same class; `copy` makes the values. */
export function copyFields(from: Module, to: Module, copy: (value: unknown) => unknown): void {
  const source = stateOf(from), target = stateOf(to);
  target.training = source.training;
  target.hooks.copyFrom(source.hooks);
  target.stateHooks.copyFrom(source.stateHooks);
  for (const [key, kind] of source.kinds) target.kinds.set(key, kind);
  for (const [key, label] of source.labels) target.labels.set(key, label);
  for (const key of source.temporary) target.temporary.add(key);
  for (const key of Reflect.ownKeys(from)) {
    const property = Object.getOwnPropertyDescriptor(from, key);
    // What is not listed is not a field, but a second way to one.
    if (property?.enumerable === false) Object.defineProperty(to, key, property);
    else Reflect.set(to, key, copy(Reflect.get(from, key)));
  }
}

/** Sets a field that is known to be a parameter, submodule or buffer; `name` is its name in paths and texts. */
export function setField(module: Module, key: string, value: unknown, kind: FieldKind, name = key): void {
  const state = stateOf(module);
  if (!Object.hasOwn(module, key)) forget(state, key);
  if (value === null || kind === "buffer") state.kinds.set(key, kind);
  if (name !== key) state.labels.set(key, name);
  watch(module, state, key, value);
}

function forget(state: ModuleState, name: string): void {
  state.version++;
  state.kinds.delete(name);
  state.temporary.delete(name);
  state.cells.delete(name);
  state.labels.delete(name);
}

/** Takes a field away. */
export function removeField(module: Module, name: string): void {
  forget(stateOf(module), name);
  Reflect.deleteProperty(module, name);
}

/** Whether JavaScript takes a name for a position. It lists such names first, in the order of the numbers. */
export function isIndex(name: string): boolean {
  return /^(0|[1-9]\d*)$/.test(name);
}

/** Names of fields in the order in which they were added, also those that are numbers. */
function namesOf(module: Module, state: ModuleState): string[] {
  const names = Object.keys(module);
  if (names.length < 2 || !isIndex(names[0])) return names;
  const added = [...state.kinds.keys()].filter((name) => Object.hasOwn(module, name));
  const known = new Set(added);
  let next = 0;
  return names.map((name) => known.has(name) ? added[next++] : name);
}

/** A field of a module. */
export interface Field {
  /** Its name in the object. */
  readonly key: string;
  /** Its name in paths and texts. */
  readonly name: string;
  /** What it holds. */
  readonly value: unknown;
}

/** A module's fields, in the order in which they were made. */
export function fieldsOf(module: Module): Field[] {
  const state = stateOf(module);
  return namesOf(module, state).map((key): Field => {
    const value: unknown = Reflect.get(module, key);
    const cell = state.cells.get(key);
    // A field initialiser defines a field anew and so replaces the accessor of a base class.
    if ((cell === undefined || cell.value !== value) && (kindOf(value) !== null || state.kinds.has(key))) {
      watch(module, state, key, value);
    }
    return { key, name: state.labels.get(key) ?? key, value };
  });
}

/** Submodules by name; a repeated one each time, and null where a name stands for none. */
export function modulesOf(module: Module): [string, Module | null][] {
  const kinds = stateOf(module).kinds;
  return fieldsOf(module).flatMap(({ key, name, value }): [string, Module | null][] =>
    isModule(value) ? [[name, value]] : value === null && kinds.get(key) === "module" ? [[name, null]] : []
  );
}

/** Submodules in order, a repeated one each time; remembered, since a sequence asks at every call. */
export function childrenOf(module: Module): readonly Module[] {
  const state = stateOf(module);
  // A field that was just defined, or deleted, shows in the number of fields alone.
  const fields = Object.keys(module).length;
  let known = state.children;
  if (known === null || known.version !== state.version || known.fields !== fields) {
    const modules = modulesOf(module).flatMap(([, child]) => child === null ? [] : [child]);
    state.children = known = { version: state.version, fields, modules };
  }
  return known.modules;
}

/** Whether a field is a buffer of a module, and whether it is saved. */
export function bufferKind(module: Module, key: string): "persistent" | "temporary" | null {
  const { kinds, temporary } = stateOf(module);
  if (kinds.get(key) !== "buffer") return null;
  return temporary.has(key) ? "temporary" : "persistent";
}

/** What to write in place of what is not a module. */
function insteadOf(value: unknown): string {
  if (Array.isArray(value)) return ": give its modules one by one, as ...modules";
  if (typeof value !== "function") return "";
  return /^class\b/.test(Function.prototype.toString.call(value))
    ? `: it is a class; make one with new ${value.name}(...)`
    : `: a function is called in the forward of a module${
      value.name === "" ? "" : `, and ${value.name} may be a layer, too`
    }`;
}

/** Refuses what is not a module. */
export function checkModule(name: string, value: unknown): void {
  if (!isModule(value)) {
    throw new ValueError(
      `${typeText(value)} is not a Module subclass, under the name "${name}"${insteadOf(value)}`,
    );
  }
}

const labels: Readonly<Record<FieldKind, string>> = {
  parameter: "parameter name",
  module: "module name",
  buffer: "buffer name",
};

/** Refuses names that a run-time registration may not take. */
export function checkName(module: Module, name: string, kind: FieldKind): void {
  const where = `in ${className(module)}`;
  if (typeof name !== "string") {
    throw new ValueError(`${labels[kind]} should be a string. Got ${typeText(name)}, ${where}`);
  }
  if (name.includes(".")) {
    throw new ValueError(
      `${labels[kind]} can't contain ".", got: ${name}, ${where}: dots part the names of a path`,
    );
  }
  if (name === "") throw new ValueError(`${labels[kind]} can't be empty string "", ${where}`);
  if (!(name in module)) return;
  // A declared field without a value is there, but undefined.
  const own = Object.hasOwn(module, name), value: unknown = own ? Reflect.get(module, name) : undefined;
  const free = own && (value === undefined || value === null || kindOf(value) === kind);
  if (!free && !(own && stateOf(module).kinds.get(name) === kind)) {
    throw new ValueError(`attribute '${name}' already exists, ${where}`);
  }
}
