/**
 * Lists and records of modules and parameters, so that a module finds what is in them.
 *
 * @module
 */
import { IndexError, ValueError } from "../core/errors.ts";
import { answerNegative } from "../core/habits.ts";
import { refuseMore } from "../core/ops/arguments.ts";
import { checkKind } from "../core/ops/options.ts";
import { Tensor } from "../core/tensor.ts";
import { noForward } from "./module/call.ts";
import { fieldsOf, isModule, modulesOf, removeField, tensorTypes, typeText } from "./module/fields.ts";
import { type Layer, Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";

/** What is meant by several arguments of a container. */
const asOne = "pass all of them as one list or record";

function position(op: string, index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (!Number.isInteger(index) || at < 0 || at >= length) {
    throw new IndexError(`index ${index} is out of range, in ${op} of length ${length}`);
  }
  return at;
}

/** The entries of a list; one that is not in a list is refused. */
function listOf<T>(op: string, values: Iterable<T>): T[] {
  const iterable = isModule(values) ? Symbol.iterator in values : isIterable(values);
  if (!iterable || values instanceof Tensor) {
    throw new ValueError(`${op} should be called with a list or other iterable, but got ${typeText(values)}`);
  }
  return [...values];
}

/** What ModuleList and ParameterList share: values in fields named by position. */
export abstract class ListModule<T extends Module | Parameter> extends Module {
  /** The entry at a position. */
  readonly [index: number]: T;

  /** The list's values in order. */
  protected abstract values(): T[];

  /** Puts one entry under a number. */
  protected abstract put(name: string, value: T): void;

  /** Replaces all entries. */
  protected assign(values: readonly T[]): void {
    for (const key of Object.keys(this)) if (/^\d+$/.test(key)) removeField(this, key);
    values.forEach((value, i) => this.put(String(i), value));
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
    this.assign([...this.values(), ...listOf(`${this.reprName()}.extend`, values)]);
    return this;
  }

  /** Puts an entry in at a position; one beyond the end is at the end. */
  insert(index: number, value: T): void {
    checkKind(`${this.reprName()}.insert`, "index", index ?? null, "whole");
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
    throw noForward(this);
  }
}
answerNegative(ListModule.prototype, "entry");

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
export class ModuleList<T extends Module = Layer> extends ListModule<T> {
  /** Takes the modules in order. */
  constructor(modules: Iterable<T> = []) {
    super();
    refuseMore("ModuleList", arguments, 1, asOne);
    this.assign(listOf("ModuleList", modules));
  }

  /** A list of the entries from `start` to before `end`, shared with this one. Python's `layers[1:3]`. */
  slice(start?: number, end?: number): ModuleList<T> {
    return new ModuleList(this.values().slice(start, end));
  }

  /** The entries in order. */
  protected override values(): T[] {
    return modulesOf(this).flatMap(([, v]) => v === null ? [] : [v as T]);
  }

  /** Puts one entry under a number. */
  protected override put(name: string, value: T): void {
    this.registerModule(name, value);
  }
}

/** One line of a parameter container's text; the two containers name the type differently in PyTorch 1.13. */
function parameterLine(key: string, type: string, p: Tensor): string {
  return `  (${key}): Parameter containing: [${type} of size ${p.shape.join("x")}]`;
}

/**
 * A list of parameters. `torch.nn.ParameterList`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const weights = new nn.ParameterList([randn([2, 3]), randn([3])]);
 * console.log(weights[0].shape, weights.length); // [ 2, 3 ] 2
 * ```
 */
export class ParameterList extends ListModule<Parameter> {
  /** Takes the parameters in order; tensors are wrapped. */
  constructor(parameters: Iterable<Parameter | Tensor> = []) {
    super();
    refuseMore("ParameterList", arguments, 1, asOne);
    this.extend(listOf("ParameterList", parameters));
  }

  /** The entry at a position is replaced; a tensor is wrapped. */
  override set(index: number, value: Parameter | Tensor): void {
    super.set(index, asParameter(value));
  }

  /** Adds an entry at the end; a tensor is wrapped. Returns this. */
  override append(value: Parameter | Tensor): this {
    return super.append(asParameter(value));
  }

  /** Adds entries at the end; tensors are wrapped. Returns this. */
  override extend(values: Iterable<Parameter | Tensor>): this {
    return super.extend(listOf("ParameterList.extend", values).map(asParameter));
  }

  /** A list of the entries from `start` to before `end`, shared with this one. Python's `weights[1:3]`. */
  slice(start?: number, end?: number): ParameterList {
    return new ParameterList(this.values().slice(start, end));
  }

  /** The entries in order. */
  protected override values(): Parameter[] {
    return fieldsOf(this).flatMap(({ value: v }) => v instanceof Parameter ? [v] : []);
  }

  /** Puts one entry under a number. */
  protected override put(name: string, value: Parameter): void {
    this.registerParameter(name, value);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return this.values().map((p, i) => parameterLine(String(i), `torch.${p.dtype}`, p)).join("\n");
  }
}

function asParameter(value: Parameter | Tensor): Parameter {
  if (!(value instanceof Tensor)) {
    throw new ValueError(
      `a list or dict of parameters holds parameters and tensors, but got ${typeText(value)}`,
    );
  }
  return value instanceof Parameter ? value : new Parameter(value);
}

/** Values by name: a record, a dict, or pairs. */
export type Entries<T> =
  | Readonly<Record<string, T>>
  | Iterable<readonly [key: string, value: T]>
  | { items(): [string, T][] };

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function entriesOf<T>(op: string, given: Entries<T>): [string, T][] {
  const dict: unknown = given;
  if (dict instanceof DictModule) return dict.items() as [string, T][];
  if (isIterable(dict)) {
    return [...dict].map((pair): [string, T] => {
      if (Array.isArray(pair) && pair.length === 2) return [pair[0], pair[1]];
      throw new ValueError(
        `${op} should be called with pairs of key and value, but one is ${typeText(pair)}`,
      );
    });
  }
  if (typeof dict === "object" && dict !== null) return Object.entries(dict as Readonly<Record<string, T>>);
  throw new ValueError(
    `${op} should be called with a record or an iterable of key/value pairs, but got ${typeText(dict)}`,
  );
}

/** What ModuleDict and ParameterDict share: values in fields named by key. */
export abstract class DictModule<T extends Module | Parameter> extends Module {
  /** Whether a value is one of the dict's. */
  protected abstract isValue(value: unknown): value is T;

  /** Keys and values in the order of insertion. */
  items(): [string, T][] {
    return fieldsOf(this).flatMap(({ name, value }): [string, T][] =>
      this.isValue(value) ? [[name, value]] : []
    );
  }

  /** The keys in the order of insertion. */
  keys(): string[] {
    return this.items().map(([key]) => key);
  }

  /** The values in the order of insertion. */
  values(): T[] {
    return this.items().map(([, value]) => value);
  }

  /** Number of entries. */
  override get length(): number {
    return this.items().length;
  }

  /** Whether there is an entry under the key. */
  has(key: string): boolean {
    return Object.hasOwn(this, key) && this.isValue(Reflect.get(this, key));
  }

  /** The entry under the key; without one `otherwise`, or an error where that is not given. */
  get(key: string, otherwise?: T): T {
    const value: unknown = this.has(key) ? Reflect.get(this, key) : otherwise;
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
    removeField(this, key);
    return value;
  }

  /** Removes all entries. */
  clear(): void {
    for (const key of this.keys()) removeField(this, key);
  }

  /** Keys, as Python iterates a dict. */
  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.keys();
  }

  /** Containers compute nothing. */
  override forward(): never {
    throw noForward(this);
  }
}

/** The methods of a ModuleDict; `ModuleDict` adds what TypeScript knows of its fields. */
export class ModulesByName<T extends Module = Layer> extends DictModule<T> {
  /** Takes modules by name. */
  constructor(modules: Entries<T> = {}) {
    super();
    refuseMore("ModuleDict", arguments, 1, asOne);
    this.update(modules);
  }

  /** Whether a value is an entry. */
  protected override isValue(value: unknown): value is T {
    return isModule(value);
  }

  /** Puts a module under a key. */
  set(key: string, module: T): void {
    this.registerModule(key, module);
  }

  /** Puts several modules: a record, another dict, or pairs of key and module. */
  update(modules: Entries<T>): void {
    for (const [key, module] of entriesOf("ModuleDict.update", modules)) this.set(key, module);
  }
}

/** A record of modules of type T. */
export type ModuleDict<T extends Module = Layer> = ModulesByName<T>;

/** The constructor of ModuleDict. */
export interface ModuleDictConstructor {
  /** Modules by name, which are fields, too. */
  new <E extends Readonly<Record<string, Module>>>(modules: E): ModuleDict<E[keyof E]> & E;
  /** Pairs of name and module, another dict, or nothing. */
  new <T extends Module = Layer>(modules?: Entries<T>): ModuleDict<T>;
  /** The methods. */
  readonly prototype: ModulesByName<Module>;
}

/**
 * Modules by name. `torch.nn.ModuleDict`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const heads = new nn.ModuleDict({ small: new nn.Linear(4, 2), large: new nn.Linear(4, 8) });
 * console.log(heads.small(ones([1, 4])).shape, heads.get("large")); // [ 1, 2 ] Linear(in_features=4, out_features=8, bias=True)
 * ```
 */
export const ModuleDict: ModuleDictConstructor = ModulesByName as ModuleDictConstructor;
Object.defineProperty(ModulesByName, "name", { value: "ModuleDict" });

/**
 * Parameters by name. `torch.nn.ParameterDict`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const factors = new nn.ParameterDict({ left: randn([2, 3]), right: randn([3]) });
 * console.log(factors.get("left").matmul(factors.get("right")).shape); // [ 2 ]
 * ```
 */
export class ParameterDict extends DictModule<Parameter> {
  /** Takes parameters by name; tensors are wrapped. */
  constructor(parameters: Entries<Parameter | Tensor> = {}) {
    super();
    refuseMore("ParameterDict", arguments, 1, asOne);
    this.update(parameters);
  }

  /** Whether a value is an entry. */
  protected override isValue(value: unknown): value is Parameter {
    return value instanceof Parameter;
  }

  /** Puts a parameter under a key; a tensor is wrapped. */
  set(key: string, value: Parameter | Tensor): void {
    this.registerParameter(key, asParameter(value));
  }

  /**
   * Puts several parameters: a record, in the order of its keys as PyTorch does with a dict, another dict, or pairs of key and parameter,
   * as they come.
   */
  update(parameters: Entries<Parameter | Tensor>): void {
    const entries = entriesOf("ParameterDict.update", parameters);
    if (!isIterable(parameters)) entries.sort(([a], [b]) => a < b ? -1 : 1);
    for (const [key, value] of entries) this.set(key, value);
  }

  /** Takes the last entry out and returns it with its key. */
  popitem(): [key: string, value: Parameter] {
    const last = this.items().at(-1);
    if (last === undefined) {
      throw new IndexError("KeyError: 'popitem(): dictionary is empty', in ParameterDict");
    }
    this.pop(last[0]);
    return last;
  }

  /** The entry under the key; without one `value` is put there first. */
  setdefault(key: string, value: Parameter | Tensor): Parameter {
    if (!this.has(key)) this.set(key, value);
    return this.get(key);
  }

  /** A dict of the same parameters. */
  copy(): ParameterDict {
    return new ParameterDict(this.items());
  }

  /** A dict of the given keys, each with the same value. */
  fromkeys(keys: Iterable<string>, value: Parameter | Tensor): ParameterDict {
    return new ParameterDict([...keys].map((key): [string, Parameter | Tensor] => [key, value]));
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return this.items().map(([key, p]) => parameterLine(key, tensorTypes[p.dtype], p)).join("\n");
  }
}
