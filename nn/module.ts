/**
 * Module: the base of every layer and model. Instances are callable. Parameters, buffers and submodules are found by being fields.
 * Walking a tree of modules is in traverse.ts, state dicts are in state_dict.ts.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import { type DType, isDType, isFloat } from "../core/dtype.ts";
import { IndexError, TenonError, ValueError } from "../core/errors.ts";
import { Tensor } from "../core/tensor.ts";
import { Parameter } from "./parameter.ts";
import { type LoadReport, loadStateDict, type StateDict, stateDict } from "./state_dict.ts";
import { moduleText } from "./repr.ts";

/** Runs before `forward` with its inputs; what it returns (if anything) replaces them. */
export type ForwardPreHook = (module: Module, inputs: unknown[]) => unknown[] | void;
/** Runs after `forward`; what it returns (if anything) replaces the output. */
export type ForwardHook = (module: Module, inputs: unknown[], output: unknown) => unknown;

/** Takes a hook off again. */
export interface HookHandle {
  /** Takes the hook off. */
  remove(): void;
}

interface Internals {
  readonly buffers: Map<string, { persistent: boolean }>;
  readonly preHooks: Set<ForwardPreHook>;
  readonly hooks: Set<ForwardHook>;
  training: boolean;
}

/** Bookkeeping that must not be a field, since fields are what a module is made of. */
const internals = new WeakMap<Module, Internals>();
let depth = 0;

function internalsOf(module: Module): Internals {
  const found = internals.get(module);
  if (found === undefined) throw new TenonError("a module was used before super() had run");
  return found;
}

// The call signature follows the subclass's forward.
/** Modules are called like functions; the types are those of `forward`. */
export interface Module {
  /** Runs hooks and `forward`. */
  (...inputs: Parameters<this["forward"]>): ReturnType<this["forward"]>;
}

/**
 * The base class of all layers and models. `torch.nn.Module`.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "@tenon/tenon";
 * class MLP extends nn.Module {
 *   hidden = new nn.Linear(20, 256);
 *   out = new nn.Linear(256, 10);
 *   override forward(x: Tensor): Tensor {
 *     return this.out(this.hidden(x).relu());
 *   }
 * }
 * console.log(new MLP()(ones([2, 20])).shape); // [ 2, 10 ]
 * ```
 */
export abstract class Module {
  constructor() {
    // A function object with this class's prototype: callable, and its fields are the module's.
    const self: Module = Object.setPrototypeOf(
      (...inputs: unknown[]) => callModule(self, inputs),
      new.target.prototype,
    );
    Reflect.deleteProperty(self, "name");
    Reflect.deleteProperty(self, "length");
    internals.set(self, { buffers: new Map(), preHooks: new Set(), hooks: new Set(), training: true });
    return self;
  }

  /** What the module computes. Call the module itself, not this, so that hooks run. */
  abstract forward(...inputs: never[]): unknown;

  /** Whether the module is in training mode (dropout on, batch statistics). */
  get training(): boolean {
    return internalsOf(this).training;
  }

  /** Training mode for this module and all below; `false` is `eval()`. Returns the module. */
  train(mode = true): this {
    for (const [, m] of this.namedModules()) internalsOf(m).training = mode;
    return this;
  }

  /** Evaluation mode: dropout off, running statistics. Returns the module. */
  eval(): this {
    return this.train(false);
  }

  /** Registers a tensor that is part of the state but not learned. */
  registerBuffer(name: string, value: Tensor | null, options: { readonly persistent?: boolean } = {}): void {
    checkName("registerBuffer", this, name);
    internalsOf(this).buffers.set(name, { persistent: options.persistent ?? true });
    Reflect.set(this, name, value);
  }

  /** Adds a parameter under a name made at run time. */
  registerParameter(name: string, value: Parameter | null): void {
    checkName("registerParameter", this, name);
    Reflect.set(this, name, value);
  }

  /** Adds a submodule under a name made at run time. `add_module` in PyTorch. */
  registerModule(name: string, module: Module | null): void {
    checkName("registerModule", this, name);
    Reflect.set(this, name, module);
  }

  /** `registerModule` under PyTorch's other name. */
  addModule(name: string, module: Module | null): void {
    this.registerModule(name, module);
  }

  /** Direct submodules and their names, each once. */
  namedChildren(): [string, Module][] {
    const seen = new Set<Module>();
    return fieldsOf(this).flatMap(([name, value]): [string, Module][] => {
      if (!(value instanceof Module) || seen.has(value)) return [];
      seen.add(value);
      return [[name, value]];
    });
  }

  /** Direct submodules. */
  children(): Module[] {
    return this.namedChildren().map(([, m]) => m);
  }

  /** This module and all below it, each once, with dotted names; its own is the prefix. */
  namedModules(prefix = ""): [string, Module][] {
    const out: [string, Module][] = [];
    const seen = new Set<Module>();
    const walk = (module: Module, path: string) => {
      if (seen.has(module)) return;
      seen.add(module);
      out.push([path, module]);
      for (const [name, child] of fieldsOf(module)) {
        if (child instanceof Module) walk(child, path === "" ? name : `${path}.${name}`);
      }
    };
    walk(this, prefix);
    return out;
  }

  /** This module and all below it, each once. */
  modules(): Module[] {
    return this.namedModules().map(([, m]) => m);
  }

  /** Parameters of this module (and those below, unless `recurse` is false), each once, with dotted names. */
  namedParameters(prefix = "", recurse = true): [string, Parameter][] {
    return members(this, prefix, recurse, (_, value) => value instanceof Parameter ? value : null);
  }

  /** Parameters, a shared one once. */
  parameters(recurse = true): Parameter[] {
    return this.namedParameters("", recurse).map(([, p]) => p);
  }

  /** Buffers with dotted names, each once. */
  namedBuffers(prefix = "", recurse = true): [string, Tensor][] {
    return members(
      this,
      prefix,
      recurse,
      (module, value, name) =>
        value instanceof Tensor && internalsOf(module).buffers.has(name) ? value : null,
    );
  }

  /** Buffers, a shared one once. */
  buffers(recurse = true): Tensor[] {
    return this.namedBuffers("", recurse).map(([, b]) => b);
  }

  /** Whether a name was registered as a buffer, and whether it is saved. */
  bufferKind(name: string): "persistent" | "temporary" | null {
    const found = internalsOf(this).buffers.get(name);
    return found === undefined ? null : found.persistent ? "persistent" : "temporary";
  }

  /** The submodule at a dotted path; "" is this module. */
  getSubmodule(path: string): Module {
    return (path === "" ? [] : path.split(".")).reduce((module: Module, name) => {
      const next: unknown = Reflect.get(module, name);
      if (!(next instanceof Module)) {
        throw new IndexError(
          `${className(module)} has no attribute \`${name}\`, in getSubmodule("${path}"); it has: ${
            module.namedChildren().map(([n]) => n).join(", ") || "no submodules"
          }`,
        );
      }
      return next;
    }, this);
  }

  /** The parameter at a dotted path. */
  getParameter(path: string): Parameter {
    const value = memberAt(this, path);
    if (value instanceof Parameter) return value;
    throw new IndexError(`\`${path}\` is not an nn.Parameter, in getParameter`);
  }

  /** The buffer at a dotted path. */
  getBuffer(path: string): Tensor {
    const value = memberAt(this, path);
    const dot = path.lastIndexOf(".");
    const kind = this.getSubmodule(path.slice(0, Math.max(dot, 0))).bufferKind(path.slice(dot + 1));
    if (value instanceof Tensor && kind !== null) return value;
    throw new IndexError(`\`${path}\` is not a buffer, in getBuffer`);
  }

  /** Calls `fn` on every module, children before parents, and returns this one. */
  apply(fn: (module: Module) => void): this {
    const walk = (module: Module) => {
      for (const child of module.children()) walk(child);
      fn(module);
    };
    walk(this);
    return this;
  }

  /** Whether `backward()` computes gradients for the parameters. Returns the module. */
  requiresGrad_(on = true): this {
    for (const p of this.parameters()) p.requiresGrad = on;
    return this;
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const p of this.parameters()) p.grad = null;
  }

  /** Moves parameters and buffers to a device, or floats among them to a float dtype. Returns the module. */
  to(target: DType | DeviceName | { readonly dtype?: DType; readonly device?: DeviceName }): this {
    if (typeof target === "string" && isDType(target) && !isFloat(target)) {
      throw new ValueError(
        `nn.Module.to only accepts floating point dtypes, but got desired dtype=torch.${target}`,
      );
    }
    const move = (x: Tensor) => {
      if (typeof target === "string") return isDType(target) && !isFloat(x.dtype) ? x : x.to(target);
      const placed = target.device === undefined ? x : x.to(target.device);
      return target.dtype === undefined || !isFloat(x.dtype) ? placed : placed.to(target.dtype);
    };
    mapTensors(this, move);
    return this;
  }

  /** float64 parameters and buffers. */
  double(): this {
    return this.to("float64");
  }

  /** float32 parameters and buffers. */
  float(): this {
    return this.to("float32");
  }

  /** float16 parameters and buffers. */
  half(): this {
    return this.to("float16");
  }

  /** Parameters and persistent buffers by dotted name; a shared parameter stands under each of its names. */
  stateDict(prefix = ""): StateDict {
    return stateDict(this, prefix);
  }

  /**
   * Copies values from a state dict. With `strict` (the default) every key must match. Returns what did not match.
   *
   * @throws {LoadError} with PyTorch's full report of missing and unexpected keys and shapes that differ
   */
  loadStateDict(
    state: Readonly<Record<string, Tensor>>,
    options: { readonly strict?: boolean } = {},
  ): LoadReport {
    return loadStateDict(this, state, options.strict ?? true);
  }

  /** Called before a state dict is loaded; lazy layers use it to learn their shapes. */
  beforeLoad(_state: Readonly<Record<string, Tensor>>, _prefix: string): void {}

  /** Registers a function to run before `forward`. */
  registerForwardPreHook(hook: ForwardPreHook): HookHandle {
    return register(internalsOf(this).preHooks, hook);
  }

  /** Registers a function to run after `forward`. */
  registerForwardHook(hook: ForwardHook): HookHandle {
    return register(internalsOf(this).hooks, hook);
  }

  /** What stands between the parentheses of the module's text, in PyTorch's spelling. */
  extraRepr(): string {
    return "";
  }

  /** The name in the module's text: the class's. */
  reprName(): string {
    return className(this);
  }

  /** PyTorch's text of the module. */
  toString(): string {
    return moduleText(this);
  }

  /** What `console.log` prints in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `console.log` prints in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The name of a module's class. */
export function className(module: Module): string {
  return module.constructor.name;
}

/** Fields in the order of their definition. */
export function fieldsOf(module: Module): [string, unknown][] {
  return Object.entries(module);
}

/** The field at a dotted path. */
function memberAt(module: Module, path: string): unknown {
  const dot = path.lastIndexOf(".");
  return Reflect.get(module.getSubmodule(path.slice(0, Math.max(dot, 0))), path.slice(dot + 1));
}

/** Replaces every parameter's value, its gradient, and every buffer. */
function mapTensors(root: Module, fn: (x: Tensor) => Tensor): void {
  for (const p of root.parameters()) {
    const before = p.data, after = fn(before);
    if (after !== before) p.data = after;
    if (p.grad !== null) p.grad = fn(p.grad);
  }
  for (const module of root.modules()) {
    for (const [name, buffer] of module.namedBuffers("", false)) Reflect.set(module, name, fn(buffer).value);
  }
}

function checkName(op: string, module: Module, name: string): void {
  if (name === "" || name.includes(".")) {
    throw new ValueError(`${op}: the name can't be empty or contain ".", got "${name}"`);
  }
  if (name in module && !Object.hasOwn(module, name)) {
    throw new ValueError(`${op}: attribute '${name}' already exists in ${className(module)}`);
  }
}

function register<H>(hooks: Set<H>, hook: H): HookHandle {
  hooks.add(hook);
  return { remove: () => hooks.delete(hook) };
}

function members<T extends Tensor>(
  root: Module,
  prefix: string,
  recurse: boolean,
  pick: (module: Module, value: unknown, name: string) => T | null,
): [string, T][] {
  const seen = new Set<T>();
  const modules: [string, Module][] = recurse ? root.namedModules(prefix) : [[prefix, root]];
  return modules.flatMap(([path, module]) =>
    fieldsOf(module).flatMap(([name, value]): [string, T][] => {
      const picked = pick(module, value, name);
      if (picked === null || seen.has(picked)) return [];
      seen.add(picked);
      return [[path === "" ? name : `${path}.${name}`, picked]];
    })
  );
}

function callModule(module: Module, given: unknown[]): unknown {
  const { preHooks, hooks } = internalsOf(module);
  let inputs = given;
  depth++;
  try {
    for (const hook of preHooks) inputs = hook(module, inputs) ?? inputs;
    let output = (module.forward as (...args: unknown[]) => unknown)(...inputs);
    for (const hook of hooks) output = hook(module, inputs, output) ?? output;
    // The caller has it in hands: an optimizer step that overwrites parameters computes it first.
    if (depth === 1) keep(output);
    return output;
  } catch (error) {
    if (error instanceof TenonError) locate(error, module);
    throw error;
  } finally {
    depth--;
  }
}

function keep(output: unknown): void {
  if (output instanceof Tensor) output.value.kept = true;
  else if (Array.isArray(output)) output.forEach(keep);
}

/** Modules that an error passed through, innermost first. */
const trails = new WeakMap<TenonError, Module[]>();

/** Adds `in net.0.2 (Linear)` to an error that leaves the outermost module. */
function locate(error: TenonError, module: Module): void {
  const trail = trails.get(error) ?? [];
  trail.push(module);
  trails.set(error, trail);
  if (depth > 1) return;
  let path = "net";
  for (let i = trail.length - 1; i > 0; i--) {
    const name = trail[i].namedModules().find(([, m]) => m === trail[i - 1])?.[0];
    if (name !== undefined) path += `.${name}`;
  }
  error.message += `, in ${path} (${className(trail[0])})`;
}
