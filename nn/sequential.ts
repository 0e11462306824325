/**
 * Sequential: modules called one after the other.
 *
 * @module
 */
import { IndexError, ValueError } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { fieldsOf, Module } from "./module.ts";

/** A sequence's methods; `Sequential` adds what TypeScript knows of the positions. */
export class SequentialModule extends Module {
  /** Takes modules in order, or one record of modules by name. */
  constructor(...modules: (Module | Readonly<Record<string, Module>>)[]) {
    super();
    const named = modules.length === 1 && !(modules[0] instanceof Module);
    const entries = named
      ? Object.entries(modules[0])
      : modules.map((m, i): [string, unknown] => [String(i), m]);
    for (const [name, module] of entries) {
      if (!(module instanceof Module)) {
        throw new ValueError(
          `Sequential: "${name}" is not a Module subclass, but ${module === null ? "null" : typeof module}`,
        );
      }
      this.registerModule(name, module);
    }
    this.#number();
  }

  /** Positions work beside names: `net[0]` is the first module whatever it is called. */
  #number(): void {
    for (const key of Object.getOwnPropertyNames(this)) {
      if (/^\d+$/.test(key) && !Object.getOwnPropertyDescriptor(this, key)?.enumerable) {
        Reflect.deleteProperty(this, key);
      }
    }
    this.#entries().forEach(([, module], i) => {
      if (!Object.hasOwn(this, String(i))) {
        Object.defineProperty(this, String(i), { value: module, configurable: true });
      }
    });
  }

  /** Names and modules, a repeated module each time. */
  #entries(): [string, Module][] {
    return fieldsOf(this).filter((field): field is [string, Module] => field[1] instanceof Module);
  }

  #rebuild(modules: readonly [string, Module][]): void {
    for (const [name] of this.#entries()) Reflect.deleteProperty(this, name);
    modules.forEach(([name, module], i) => Reflect.set(this, /^\d+$/.test(name) ? String(i) : name, module));
    this.#number();
  }

  #position(op: string, index: number, length: number): number {
    const at = index < 0 ? index + length : index;
    if (!Number.isInteger(index) || at < 0 || at >= length) {
      throw new IndexError(`index ${index} is out of range, in Sequential.${op} of ${length} modules`);
    }
    return at;
  }

  /** Number of modules. Python's `len`. */
  override get length(): number {
    return this.#entries().length;
  }

  /** The module at a position; negative counts from the end. Python's `net[-1]`. */
  at(index: number): Module {
    const entries = this.#entries();
    return entries[this.#position("at", index, entries.length)][1];
  }

  /** A Sequential of the modules from `start` to before `end`, shared with this one. Python's `net[0:2]`. */
  slice(start?: number, end?: number): Sequential {
    const part = this.#entries().slice(start, end);
    return new Sequential(Object.fromEntries(part));
  }

  /** Puts another module at a position. */
  set(index: number, module: Module): void {
    const entries = this.#entries();
    entries[this.#position("set", index, entries.length)][1] = module;
    this.#rebuild(entries);
  }

  /** Adds a module at the end. Returns this. */
  append(module: Module): this {
    this.#rebuild([...this.#entries(), [String(this.length), module]]);
    return this;
  }

  /** Puts a module in at a position, the others move up. Returns this. */
  insert(index: number, module: Module): this {
    const entries = this.#entries();
    const at = index < 0 ? index + entries.length : index;
    if (!Number.isInteger(index) || at < 0 || at > entries.length) {
      throw new IndexError(
        `Index out of range: ${index}, in Sequential.insert into ${entries.length} modules`,
      );
    }
    entries.splice(at, 0, [String(at), module]);
    this.#rebuild(entries);
    return this;
  }

  /** Adds modules, or those of another sequence, at the end. Returns this. */
  extend(modules: Iterable<Module>): this {
    const added = [...modules].map((m): [string, Module] => ["0", m]);
    this.#rebuild([...this.#entries(), ...added]);
    return this;
  }

  /** Takes a module out and returns it; the last when no position is given. */
  pop(index = -1): Module {
    const entries = this.#entries();
    const [[, module]] = entries.splice(this.#position("pop", index, entries.length), 1);
    this.#rebuild(entries);
    return module;
  }

  /** The modules in order. */
  *[Symbol.iterator](): IterableIterator<Module> {
    for (const [, module] of this.#entries()) yield module;
  }

  /** Adds a module under a name. */
  override registerModule(name: string, module: Module | null): void {
    const placeholder = Object.getOwnPropertyDescriptor(this, name);
    if (placeholder !== undefined && !placeholder.enumerable) Reflect.deleteProperty(this, name);
    super.registerModule(name, module);
    this.#number();
  }

  /** Calls the modules one after the other. */
  override forward(input: Tensor): Tensor {
    let x: unknown = input;
    for (const [, module] of this.#entries()) x = Reflect.apply(module, undefined, [x]);
    return x as Tensor;
  }
}

/** What TypeScript knows of the positions of a sequence. */
export type Positions<T extends readonly unknown[]> = number extends T["length"]
  ? { readonly [index: number]: Module }
  : { readonly [K in Extract<keyof T, `${number}`>]: T[K] };

/** Modules called one after the other; `net[0]` has the type of the first. */
export type Sequential<T extends readonly Module[] = Module[]> = SequentialModule & Positions<T>;

/** The constructor of Sequential. */
export interface SequentialConstructor {
  /** Modules by name. */
  new (modules: Readonly<Record<string, Module>>): Sequential;
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
