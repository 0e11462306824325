/**
 * Module: the base of every layer and model. Instances are callable. Parameters, buffers and submodules are found by being fields.
 * Walking a tree of modules is in traverse.ts, state dicts are in state_dict.ts, what methods are given by name is in options.ts.
 *
 * @module
 */
import type { DeviceName } from "../../core/device.ts";
import { type DType, isDType, isFloat } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { answerMissing, answerSpelling } from "../../core/habits.ts";
import { empty, zerosLike } from "../../core/ops/create.ts";
import { type Alone, optionsOf } from "../../core/ops/arguments.ts";
import { checkKind, checkOptions, type Kinds, withoutNulls } from "../../core/ops/options.ts";
import { followMode } from "../../core/effects.ts";
import { Tensor } from "../../core/tensor.ts";
import type { BackwardHook } from "./backward_hooks.ts";
import { callModule } from "./call.ts";
import {
  checkModule,
  checkName,
  className,
  fieldsOf,
  newState,
  setField,
  stateOf,
  typeText,
} from "./fields.ts";
import type { ForwardHook, ForwardPreHook, HookHandle } from "./hooks.ts";
import type { BufferOptions, DuplicateOptions, LoadStateDictOptions, ZeroGradOptions } from "./options.ts";
import { Parameter } from "./parameter.ts";
import { moduleText } from "./repr.ts";
import { type LoadReport, loadStateDict, type StateDict, stateDict } from "./state_dict.ts";
import type {
  LoadStateDictPostHook,
  LoadStateDictPreHook,
  StateDictHook,
  StateDictPreHook,
} from "./state_hooks.ts";
import * as traverse from "./traverse.ts";

// The call signature follows the subclass's forward.
/**
 * Modules are called like functions; the types are those of `forward`. In its own class a module is `this`, of whose `forward` TypeScript knows
 * only that it may be another one: PyTorch's `self(x)` is `const net: Net = this; net(x)`.
 */
export interface Module {
  /** Runs hooks and `forward`. */
  (...inputs: Parameters<this["forward"]>): ReturnType<this["forward"]>;
}

const duplicateKinds: Kinds<DuplicateOptions> = { removeDuplicate: "boolean" };

function checkFloat(dtype: DType): void {
  if (isDType(dtype) && isFloat(dtype)) return;
  throw new ValueError(
    `nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.${dtype}`,
  );
}

/** A module that is called with tensors and gives one: what TypeScript takes a module for whose class it does not know. */
export type Layer = Module & ((...inputs: Tensor[]) => Tensor);

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
      (...inputs: unknown[]) => callModule(self, hooks, inputs),
      new.target.prototype,
    );
    Reflect.deleteProperty(self, "name");
    Reflect.deleteProperty(self, "length");
    const hooks = newState(self).hooks;
    // A first call looks at the fields, so that one that hides a method is found.
    hooks.runFirst(fieldsOf);
    return self;
  }

  /** What the module computes. Call the module itself, not this, so that hooks run. */
  abstract forward(...inputs: never[]): unknown;

  /** Whether the module is in training mode (dropout on, batch statistics). Setting it leaves submodules as they are. */
  get training(): boolean {
    followMode(this);
    return stateOf(this).training;
  }

  set training(mode: boolean) {
    stateOf(this).training = mode;
  }

  /** Training mode for this module and all below; `false` is `eval()`. Returns the module. */
  train(mode = true): this {
    if (typeof mode !== "boolean") throw new ValueError("training mode is expected to be boolean");
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Evaluation mode: dropout off, running statistics. Returns the module. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Registers a tensor that is part of the state but not learned; `null` keeps the name for later. One that is not persistent is left out
   * of the state dict: `{ persistent: false }`, or false alone. `register_buffer`.
   */
  registerBuffer(name: string, value: Tensor | null, given: Alone<"persistent", BufferOptions> = {}): void {
    const options = optionsOf<BufferOptions, "persistent">("persistent", given);
    checkOptions("registerBuffer", options, { persistent: "boolean" });
    checkName(this, name, "buffer");
    if (value !== null && !(value instanceof Tensor)) {
      throw new ValueError(
        `cannot assign '${typeText(value)}' object to buffer '${name}' (torch Tensor or None required)`,
      );
    }
    setField(this, name, value, "buffer");
    if (options.persistent === false) stateOf(this).temporary.add(name);
    else stateOf(this).temporary.delete(name);
  }

  /** Adds a parameter under a name made at run time; `null` keeps the name for later. `register_parameter`. */
  registerParameter(name: string, value: Parameter | null): void {
    checkName(this, name, "parameter");
    if (value !== null && !(value instanceof Parameter)) {
      throw new ValueError(
        `cannot assign '${
          typeText(value)
        }' object to parameter '${name}' (torch.nn.Parameter or None required); wrap it in new nn.Parameter(...)`,
      );
    }
    setField(this, name, value, "parameter");
  }

  /** Adds a submodule under a name made at run time; `null` keeps the name for later. `register_module`. */
  registerModule(name: string, module: Module | null): void {
    if (module !== null) checkModule(name, module);
    checkName(this, name, "module");
    setField(this, name, module, "module");
  }

  /** `registerModule` under PyTorch's other name. */
  addModule(name: string, module: Module | null): void {
    this.registerModule(name, module);
  }

  /** Direct submodules and their names, each once. */
  namedChildren(): [string, Layer][] {
    return traverse.namedChildren(this);
  }

  /** Direct submodules. */
  children(): Layer[] {
    return this.namedChildren().map(([, m]) => m);
  }

  /** This module and all below it with dotted names, each once unless `removeDuplicate` is false; its own is the prefix. */
  namedModules(prefix = "", options: DuplicateOptions = {}): [string, Module][] {
    checkOptions("namedModules", options, duplicateKinds);
    return traverse.namedModules(this, prefix, options.removeDuplicate);
  }

  /** This module and all below it, each once. */
  modules(): Module[] {
    return this.namedModules().map(([, m]) => m);
  }

  /**
   * Parameters of this module (and those below, unless `recurse` is false) with dotted names, each once unless `removeDuplicate` is false.
   */
  namedParameters(prefix = "", recurse = true, options: DuplicateOptions = {}): [string, Parameter][] {
    checkOptions("namedParameters", options, duplicateKinds);
    return traverse.namedParameters(this, prefix, recurse, options.removeDuplicate);
  }

  /** Parameters, a shared one once. */
  parameters(recurse = true): Parameter[] {
    return this.namedParameters("", recurse).map(([, p]) => p);
  }

  /** Buffers with dotted names, each once unless `removeDuplicate` is false. */
  namedBuffers(prefix = "", recurse = true, options: DuplicateOptions = {}): [string, Tensor][] {
    checkOptions("namedBuffers", options, duplicateKinds);
    return traverse.namedBuffers(this, prefix, recurse, options.removeDuplicate);
  }

  /** Buffers, a shared one once. */
  buffers(recurse = true): Tensor[] {
    return this.namedBuffers("", recurse).map(([, b]) => b);
  }

  /** The submodule at a dotted path; "" is this module. */
  getSubmodule(path: string): Module {
    return traverse.submoduleAt(this, path);
  }

  /** The parameter at a dotted path. */
  getParameter(path: string): Parameter {
    return traverse.parameterAt(this, path);
  }

  /** The buffer at a dotted path. */
  getBuffer(path: string): Tensor {
    return traverse.bufferAt(this, path);
  }

  /** Calls `fn` on every module, children before parents, and returns this one. */
  apply(fn: (module: Module) => void): this {
    checkKind("apply", "fn", fn ?? null, "function");
    traverse.applyTo(this, fn);
    return this;
  }

  /** Whether `backward()` computes gradients for the parameters. Returns the module. */
  requiresGrad_(on = true): this {
    for (const p of this.parameters()) p.requiresGrad = on;
    return this;
  }

  /** Forgets all gradients; with `setToNone` false they become zeros, as older PyTorch versions do. */
  zeroGrad(given: Alone<"setToNone", ZeroGradOptions> = {}): void {
    const options = optionsOf<ZeroGradOptions, "setToNone">("setToNone", given);
    checkOptions("zeroGrad", options, { setToNone: "boolean" });
    for (const p of this.parameters()) {
      p.grad = options.setToNone === false && p.gradCell?.value ? zerosLike(p) : null;
    }
  }

  /** Moves parameters and buffers to a device, or floats among them to a float dtype. Returns the module. */
  to(target: DType | DeviceName | { readonly dtype?: DType; readonly device?: DeviceName }): this {
    if (typeof target === "string" && isDType(target)) checkFloat(target);
    if (typeof target !== "string") {
      checkOptions("to", target, { dtype: "string", device: "string" });
      const { dtype } = withoutNulls(target);
      if (dtype !== undefined) checkFloat(dtype);
    }
    const move = (x: Tensor) => {
      if (typeof target === "string") return isDType(target) && !isFloat(x.dtype) ? x : x.to(target);
      const { dtype, device } = withoutNulls(target), placed = device === undefined ? x : x.to(device);
      return dtype === undefined || !isFloat(x.dtype) ? placed : placed.to(dtype);
    };
    traverse.mapTensors(this, move);
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

  /** bfloat16 parameters and buffers. */
  bfloat16(): this {
    return this.to("bfloat16");
  }

  /** Moves parameters and buffers to a device without their values, which are arbitrary afterwards. Returns the module. */
  toEmpty(options: { readonly device: DeviceName }): this {
    checkOptions("toEmpty", options, { device: "string" });
    traverse.mapTensors(this, (x) => empty(x.shape, { dtype: x.dtype, device: options.device }));
    return this;
  }

  /** Moves parameters and buffers to the processor. */
  cpu(): this {
    return this.to("cpu");
  }

  /** Parameters and persistent buffers by dotted name; a shared parameter stands under each of its names. */
  stateDict(prefix = ""): StateDict {
    return stateDict(this, prefix);
  }

  /**
   * Copies values from a state dict. With `strict` (the default) every key must match: `{ strict: false }`, or false alone, takes what does.
   * Returns what did not match.
   *
   * @throws {LoadError} with PyTorch's full report of missing and unexpected keys and shapes that differ
   */
  loadStateDict(
    state: Readonly<Record<string, Tensor>>,
    given: Alone<"strict", LoadStateDictOptions> = {},
  ): LoadReport {
    const options = optionsOf<LoadStateDictOptions, "strict">("strict", given);
    checkOptions("loadStateDict", options, { strict: "boolean" });
    return loadStateDict(this, state, options.strict ?? true);
  }

  /** State beside parameters and buffers, saved as `_extra_state`, for a class that defines it. */
  getExtraState?(): Tensor;

  /** Takes back what `getExtraState` gave. */
  setExtraState?(state: Tensor): void;

  /** Registers a function to run before the module adds its values to a state dict. `register_state_dict_pre_hook`. */
  registerStateDictPreHook(hook: StateDictPreHook): HookHandle {
    return stateOf(this).stateHooks.before.add(hook);
  }

  /** Registers a function to run after the module and those below it have added their values to a state dict. `register_state_dict_post_hook`. */
  registerStateDictPostHook(hook: StateDictHook): HookHandle {
    return stateOf(this).stateHooks.after.add(hook);
  }

  /** Registers a function to run before the module takes its values from a state dict. `register_load_state_dict_pre_hook`. */
  registerLoadStateDictPreHook(hook: LoadStateDictPreHook): HookHandle {
    return stateOf(this).stateHooks.beforeLoad.add(hook);
  }

  /** Registers a function to run after the module and those below it have taken their values. `register_load_state_dict_post_hook`. */
  registerLoadStateDictPostHook(hook: LoadStateDictPostHook): HookHandle {
    return stateOf(this).stateHooks.afterLoad.add(hook);
  }

  /** Called before a state dict is loaded; lazy layers use it to learn their shapes. */
  beforeLoad(_state: Readonly<Record<string, Tensor>>, _prefix: string): void {}

  /** Registers a function to run before `forward`. */
  registerForwardPreHook(hook: ForwardPreHook): HookHandle {
    return stateOf(this).hooks.addBefore(hook);
  }

  /** Registers a function to run after `forward`. */
  registerForwardHook(hook: ForwardHook): HookHandle {
    return stateOf(this).hooks.addAfter(hook);
  }

  /**
   * Registers a function to see the gradients of a module's inputs and outputs during the backward pass; what it returns (if anything)
   * replaces those of the inputs. `register_full_backward_hook`.
   */
  registerFullBackwardHook(hook: BackwardHook): HookHandle {
    return stateOf(this).hooks.addBackward(hook);
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

  /** What `console.log` prints, in Deno and in Node, indented where it stands inside something. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

answerMissing(Module.prototype, {
  cuda: 'cuda: there is no CUDA here; the devices are "cpu" and "webgpu", as in net.to("webgpu")',
  toJSON:
    "toJSON: a module is not data; io.save(net.stateDict(), path) writes what it has learned, String(net) is its text",
});
answerSpelling(Module.prototype, "resetParameters");
