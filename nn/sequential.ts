/**
 * Sequential: modules called one after the other.
 *
 * @module
 */
import { IndexError } from "../core/errors.ts";
import { answerNegative } from "../core/habits.ts";
import { checkKind } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  checkModule,
  childrenOf,
  isIndex,
  isModule,
  modulesOf,
  removeField,
  setField,
} from "./module/fields.ts";
import { type Layer, Module } from "./module/module.ts";

/** A sequence's methods; `Sequential` adds what TypeScript knows of the positions. */
export class SequentialModule extends Module {
  /** Takes modules in order, or one record of modules by name. */
  constructor(...modules: (Module | Readonly<Record<string, Module>>)[]) {
    super();
    const [first] = modules;
    const named = modules.length === 1 && typeof first === "object" && first !== null;
    this.rebuild(
      named ? Object.entries(first) : modules.map((m, i): [string, Module] => [String(i), m as Module]),
    );
  }

  /** Names and modules, a repeated module each time. */
  private namedEntries(): [string, Module][] {
    return modulesOf(this).filter((field): field is [string, Module] => field[1] !== null);
  }

  /**
   * Positions work beside names: `net[0]` is the first module whatever it is called. A module whose name is a number stands in the field of
   * its position, with the name as a label; any other stands in a field of its name, and its position leads there too.
   */
  private rebuild(modules: readonly [string, Module][]): void {
    for (const key of Object.keys(this)) if (isModule(Reflect.get(this, key))) removeField(this, key);
    for (const key of Object.getOwnPropertyNames(this)) if (isIndex(key)) Reflect.deleteProperty(this, key);
    modules.forEach(([name, module], i) => {
      const position = String(i);
      checkModule(name, module);
      if (isIndex(name)) return setField(this, position, module, "module", name);
      super.registerModule(name, module);
      Object.defineProperty(this, position, {
        get(this: SequentialModule) {
          return Reflect.get(this, name);
        },
        configurable: true,
      });
    });
  }

  /** A position that may be negative as one from the start. */
  private place(op: string, index: number, length: number): number {
    const at = index < 0 ? index + length : index;
    if (!Number.isInteger(index) || at < 0 || at >= length) {
      throw new IndexError(`index ${index} is out of range, in Sequential.${op} of ${length} modules`);
    }
    return at;
  }

  /** Number of modules. Python's `len`. */
  override get length(): number {
    return this.namedEntries().length;
  }

  /** The module at a position; negative counts from the end. Python's `net[-1]`. */
  at(index: number): Layer {
    const entries = this.namedEntries();
    return entries[this.place("at", index, entries.length)][1] as Layer;
  }

  /** A Sequential of the modules from `start` to before `end`, shared with this one and under the same names. Python's `net[0:2]`. */
  slice(start?: number, end?: number): Sequential {
    const part = new SequentialModule();
    part.rebuild(this.namedEntries().slice(start, end));
    return part as Sequential;
  }

  /** Puts another module at a position, under the same name. Python's `net[1] = ...`. */
  set(index: number, module: Module): void {
    const entries = this.namedEntries();
    this.registerModule(entries[this.place("set", index, entries.length)][0], module);
  }

  /** Adds a module at the end. Returns this. */
  append(module: Module): this {
    this.rebuild([...this.namedEntries(), [String(this.length), module]]);
    return this;
  }

  /** Puts a module in at a position, the others move up. Returns this. */
  insert(index: number, module: Module): this {
    const entries = this.namedEntries();
    const at = index < 0 ? index + entries.length : index;
    if (!Number.isInteger(index) || at < 0 || at > entries.length) {
      throw new IndexError(
        `Index out of range: ${index}, in Sequential.insert into ${entries.length} modules`,
      );
    }
    entries.splice(at, 0, ["0", module]);
    this.rebuild(entries.map(([name, m], i) => [isIndex(name) ? String(i) : name, m]));
    return this;
  }

  /** Adds modules, or those of another sequence, at the end. Returns this. */
  extend(modules: Iterable<Module>): this {
    checkKind("Sequential.extend", "modules", isModule(modules) ? [...modules] : modules ?? null, "iterable");
    for (const module of [...modules]) this.append(module);
    return this;
  }

  /** Takes a module out and returns it, the last when no position is given. The others are numbered anew, as PyTorch does. */
  pop(index = -1): Layer {
    const entries = this.namedEntries();
    const [[, module]] = entries.splice(this.place("pop", index, entries.length), 1);
    this.rebuild(entries.map(([, m], i) => [String(i), m]));
    return module as Layer;
  }

  /** The modules in order. */
  *[Symbol.iterator](): IterableIterator<Layer> {
    for (const [, module] of this.namedEntries()) yield module as Layer;
  }

  /** Adds a module under a name, at the end unless the name is there already. */
  override registerModule(name: string, module: Module | null): void {
    if (!isModule(module)) return super.registerModule(name, module);
    const entries = this.namedEntries();
    const known = entries.find((entry) => entry[0] === name);
    if (known === undefined) entries.push([name, module]);
    else known[1] = module;
    this.rebuild(entries);
  }

  /** Calls the modules one after the other. */
  override forward(input: Tensor): Tensor {
    let x = input;
    for (const module of childrenOf(this)) x = (module as Layer)(x);
    return x;
  }
}

answerNegative(SequentialModule.prototype, "module");

/** What TypeScript knows of the positions of a sequence. */
export type Positions<T extends readonly unknown[]> = number extends T["length"] ? { [index: number]: Layer }
  : { [index: number]: Layer } & { -readonly [K in Extract<keyof T, `${number}`>]: T[K] };

/** Modules called one after the other; `net[0]` has the type of the first. */
export type Sequential<T extends readonly Module[] = Module[]> = SequentialModule & Positions<T>;

/** The constructor of Sequential. */
export interface SequentialConstructor {
  /** Modules by name, which are fields, too. */
  new <E extends Readonly<Record<string, Module>>>(modules: E): Sequential & E;
  /** Modules in order. */
  new <const T extends readonly Module[] = Module[]>(...modules: T): Sequential<T>;
  /** The methods. */
  readonly prototype: SequentialModule;
}

/**
 * Modules called one after the other, by position or by name. `torch.nn.Sequential`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const net = new nn.Sequential(new nn.Linear(20, 256), new nn.ReLU(), new nn.Linear(256, 10));
 * console.log(net(ones([2, 20])).shape, net[2].outFeatures); // [ 2, 10 ] 10
 * ```
 */
export const Sequential: SequentialConstructor = SequentialModule as SequentialConstructor;
Object.defineProperty(SequentialModule, "name", { value: "Sequential" });
