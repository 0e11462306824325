/**
 * Hooks: functions that run before and after the forward of a module.
 *
 * @module
 */
import { type BackwardHook, BackwardWatch } from "./backward_hooks.ts";
import type { Module } from "./module.ts";
import { HookList } from "./state_hooks.ts";

/** Runs before `forward` with its inputs; what it returns (if anything) replaces them: a list of inputs, or the only one. */
export type ForwardPreHook = (module: Module, inputs: unknown[]) => unknown;
/** Runs after `forward`; what it returns (if anything) replaces the output. */
export type ForwardHook = (module: Module, inputs: unknown[], output: unknown) => unknown;

/** Takes a hook off again. */
export interface HookHandle {
  /** Takes the hook off. */
  remove(): void;
}

/** The hooks of one module, in the order in which they were registered. */
export class Hooks {
  /** What runs before `forward`. */
  readonly before: HookList<ForwardPreHook> = new HookList();
  private readonly after = new HookList<ForwardHook>();
  private readonly backward = new HookList<BackwardHook>();
  private first: ((module: Module, inputs: unknown[]) => void) | null = null;

  /** Whether nothing runs around the next call, which is nearly always so. */
  get idle(): boolean {
    return this.first === null && this.before.empty && this.after.empty && this.backward.empty;
  }

  /** Has a function run before everything else in the first call, as lazy modules need. */
  runFirst(fn: (module: Module, inputs: unknown[]) => void): void {
    this.first = fn;
  }

  /** Takes over the hooks of a module that is being copied. */
  copyFrom(other: Hooks): void {
    this.before.copyFrom(other.before);
    this.after.copyFrom(other.after);
    this.backward.copyFrom(other.backward);
    this.first = other.first;
  }

  /** Adds a hook that runs before `forward`. */
  addBefore(hook: ForwardPreHook): HookHandle {
    return this.before.add(hook);
  }

  /** Adds a hook that runs after `forward`. */
  addAfter(hook: ForwardHook): HookHandle {
    return this.after.add(hook);
  }

  /** Adds a hook that runs during the backward pass. */
  addBackward(hook: BackwardHook): HookHandle {
    return this.backward.add(hook);
  }

  /** What backward hooks do to a call, those of all modules first; null without any. */
  watch(module: Module): BackwardWatch | null {
    const hooks = [...everywhere.backward.all, ...this.backward.all];
    return hooks.length === 0 ? null : new BackwardWatch(module, hooks);
  }

  /** The inputs that `forward` gets. */
  inputs(module: Module, given: unknown[]): unknown[] {
    this.first?.(module, given);
    this.first = null;
    let inputs = given;
    for (const hook of [...everywhere.before.all, ...this.before.all]) {
      const changed = hook(module, inputs);
      if (changed !== undefined && changed !== null) inputs = Array.isArray(changed) ? changed : [changed];
    }
    return inputs;
  }

  /** The output that the caller gets. */
  output(module: Module, inputs: unknown[], made: unknown): unknown {
    let output = made;
    for (const hook of [...everywhere.after.all, ...this.after.all]) {
      output = hook(module, inputs, output) ?? output;
    }
    return output;
  }
}

/** Hooks of every module there is. */
const everywhere = {
  before: new HookList<ForwardPreHook>(),
  after: new HookList<ForwardHook>(),
  backward: new HookList<BackwardHook>(),
};

/** Whether no hook of every module is registered, which is nearly always so. */
export function noGlobalHooks(): boolean {
  return everywhere.before.empty && everywhere.after.empty && everywhere.backward.empty;
}

/** Registers a function to run before the `forward` of every module. `torch.nn.modules.module.register_module_forward_pre_hook`. */
export function registerModuleForwardPreHook(hook: ForwardPreHook): HookHandle {
  return everywhere.before.add(hook);
}

/**
 * Registers a function to run after the `forward` of every module, before the module's own hooks.
 * `torch.nn.modules.module.register_module_forward_hook`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const seen: string[] = [];
 * const handle = nn.registerModuleForwardHook((module) => void seen.push(module.reprName()));
 * new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU())(ones([1, 2]));
 * handle.remove();
 * console.log(seen); // [ "Linear", "ReLU", "Sequential" ]
 * ```
 */
export function registerModuleForwardHook(hook: ForwardHook): HookHandle {
  return everywhere.after.add(hook);
}

/**
 * Registers a function to see the gradients of the inputs and outputs of every module.
 * `torch.nn.modules.module.register_module_full_backward_hook`.
 */
export function registerModuleFullBackwardHook(hook: BackwardHook): HookHandle {
  return everywhere.backward.add(hook);
}
