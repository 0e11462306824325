/**
 * Lists and records of modules and parameters, so that a module finds what is in them.
 *
 * @module
 */
import { IndexError, TenonError } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { fieldsOf, Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

function position(op: string, index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (!Number.isInteger(index) || at < 0 || at >= length) {
    throw new IndexError(`index ${index} is out of range, in ${op} of length ${length}`);
  }
  return at;
}

/** What ModuleList and ParameterList share: values in fields named by position. */
export abstract class ListModule<T extends Module | Parameter> extends Module {
  /** The entry at a position. */
  readonly [index: number]: T;

  /** The list's values in order. */
  protected abstract values(): T[];

  /** Replaces all entries. */
  protected assign(values: readonly T[]): void {
    for (const key of Object.keys(this)) if (/^\d+$/.test(key)) Reflect.deleteProperty(this, key);
    values.forEach((value, i) => Reflect.set(this, String(i), value));
  }

  /** Number of entries. */
  override get length(): number {
    return this.values().length;
  }

  /** The entry at a position; negative counts from the end. */
  at(index: number): T {
    const values = this.values();
    return values[position(`${this.reprName()}.at`, index, values.length)];
  }

  /** Puts another entry at a position. */
  set(index: number, value: T): void {
    const values = this.values();
    values[position(`${this.reprName()}.set`, index, values.length)] = value;
    this.assign(values);
  }

  /** Adds an entry at the end. Returns this. */
  append(value: T): this {
    this.assign([...this.values(), value]);
    return this;
  }

  /** Adds entries at the end. Returns this. */
  extend(values: Iterable<T>): this {
    this.assign([...this.values(), ...values]);
    return this;
  }

  /** Puts an entry in at a position. */
  insert(index: number, value: T): void {
    const values = this.values();
    values.splice(index, 0, value);
    this.assign(values);
  }

  /** Takes an entry out and returns it. */
  pop(index = -1): T {
    const values = this.values();
    const [value] = values.splice(position(`${this.reprName()}.pop`, index, values.length), 1);
    this.assign(values);
    return value;
  }

  /** The entries in order. */
  *[Symbol.iterator](): IterableIterator<T> {
    yield* this.values();
  }

  /** Containers compute nothing. */
  override forward(): never {
    throw new TenonError(
      `${this.reprName()} is not callable: call the entries in the forward of your module`,
    );
  }
}

/**
 * A list of modules. `torch.nn.ModuleList`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layers = new nn.ModuleList([new nn.Linear(4, 4), new nn.Linear(4, 2)]);
 * for (const layer of layers) console.log(String(layer));
 * ```
 */
export class ModuleList<T extends Module = Module> extends ListModule<T> {
  /** Takes the modules in order. */
  constructor(modules: Iterable<T> = []) {
    super();
    this.assign([...modules]);
  }

  /** The entries in order. */
  protected override values(): T[] {
    return fieldsOf(this).flatMap(([, v]) => v instanceof Module ? [v as T] : []);
  }
}

/** One line of a parameter container's text. */
function parameterLine(key: string, p: Tensor): string {
  const kind = p instanceof Parameter ? "Parameter" : "Tensor";
  return `(${key}): ${kind} containing: [torch.${p.dtype} of size ${p.shape.join("x")}]`;
}

/** A list of parameters. `torch.nn.ParameterList`. */
export class ParameterList extends ListModule<Parameter> {
  /** Takes the parameters in order; tensors are wrapped. */
  constructor(parameters: Iterable<Parameter | Tensor> = []) {
    super();
    this.assign([...parameters].map((p) => p instanceof Parameter ? p : new Parameter(p)));
  }

  /** The entries in order. */
  protected override values(): Parameter[] {
    return fieldsOf(this).flatMap(([, v]) => v instanceof Parameter ? [v] : []);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return this.values().map((p, i) => parameterLine(String(i), p)).join("\n");
  }
}

/** What ModuleDict and ParameterDict share: values in fields named by key. */
export abstract class DictModule<T extends Module | Parameter> extends Module {
  /** Whether a value is one of the dict's. */
  protected abstract isValue(value: unknown): value is T;

  /** Keys and values in the order of insertion. */
  entries(): [string, T][] {
    return fieldsOf(this).filter((field): field is [string, T] => this.isValue(field[1]));
  }

  /** The keys in the order of insertion. */
  keys(): string[] {
    return this.entries().map(([key]) => key);
  }

  /** The values in the order of insertion. */
  values(): T[] {
    return this.entries().map(([, value]) => value);
  }

  /** Number of entries. */
  override get length(): number {
    return this.entries().length;
  }

  /** Whether there is an entry under the key. */
  has(key: string): boolean {
    return Object.hasOwn(this, key) && this.isValue(Reflect.get(this, key));
  }

  /** The entry under the key. */
  get(key: string): T {
    const value: unknown = this.has(key) ? Reflect.get(this, key) : undefined;
    if (!this.isValue(value)) {
      throw new IndexError(
        `KeyError: '${key}', in ${this.reprName()}.get; the keys are ${this.keys().join(", ") || "none"}`,
      );
    }
    return value;
  }

  /** Takes the entry under the key out and returns it. */
  pop(key: string): T {
    const value = this.get(key);
    Reflect.deleteProperty(this, key);
    return value;
  }

  /** Removes all entries. */
  clear(): void {
    for (const key of this.keys()) Reflect.deleteProperty(this, key);
  }

  /** Keys, as Python iterates a dict. */
  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.keys();
  }

  /** Containers compute nothing. */
  override forward(): never {
    throw new TenonError(
      `${this.reprName()} is not callable: call the entries in the forward of your module`,
    );
  }
}

/** Modules by name. `torch.nn.ModuleDict`. */
export class ModuleDict<T extends Module = Module> extends DictModule<T> {
  /** Takes modules by name. */
  constructor(modules: Readonly<Record<string, T>> = {}) {
    super();
    this.update(modules);
  }

  /** Whether a value is an entry. */
  protected override isValue(value: unknown): value is T {
    return value instanceof Module;
  }

  /** Puts a module under a key. */
  set(key: string, module: T): void {
    this.registerModule(key, module);
  }

  /** Puts several modules. */
  update(modules: Readonly<Record<string, T>>): void {
    for (const [key, module] of Object.entries(modules)) this.set(key, module);
  }
}

/** Parameters by name. `torch.nn.ParameterDict`. */
export class ParameterDict extends DictModule<Parameter> {
  /** Takes parameters by name; tensors are wrapped. */
  constructor(parameters: Readonly<Record<string, Parameter | Tensor>> = {}) {
    super();
    this.update(parameters);
  }

  /** Whether a value is an entry. */
  protected override isValue(value: unknown): value is Parameter {
    return value instanceof Parameter;
  }

  /** Puts a parameter under a key; a tensor is wrapped. */
  set(key: string, value: Parameter | Tensor): void {
    this.registerParameter(key, value instanceof Parameter ? value : new Parameter(value));
  }

  /** Puts several parameters. */
  update(parameters: Readonly<Record<string, Parameter | Tensor>>): void {
    for (const [key, value] of Object.entries(parameters)) this.set(key, value);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return this.entries().map(([key, p]) => parameterLine(key, p)).join("\n");
  }
}
