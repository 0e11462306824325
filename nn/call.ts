/**
 * Calling a module: hooks around `forward`, and the module's path in an error that leaves it.
 *
 * @module
 */
import { TenonError } from "../core/errors.ts";
import { Tensor } from "../core/tensor.ts";
import { className, fieldsOf } from "./fields.ts";
import type { Module } from "./module.ts";

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
  private before: readonly { readonly hook: ForwardPreHook }[] = [];
  private after: readonly { readonly hook: ForwardHook }[] = [];
  private looked = false;

  /** Before the first call, looks at the fields, so that one that hides a method is found. */
  look(module: Module): void {
    if (!this.looked) fieldsOf(module);
    this.looked = true;
  }

  /** Adds a hook that runs before `forward`. */
  addBefore(hook: ForwardPreHook): HookHandle {
    const entry = { hook };
    this.before = [...this.before, entry];
    return { remove: () => this.before = this.before.filter((e) => e !== entry) };
  }

  /** Adds a hook that runs after `forward`. */
  addAfter(hook: ForwardHook): HookHandle {
    const entry = { hook };
    this.after = [...this.after, entry];
    return { remove: () => this.after = this.after.filter((e) => e !== entry) };
  }

  /** The inputs that `forward` gets. */
  inputs(module: Module, given: unknown[]): unknown[] {
    let inputs = given;
    for (const { hook } of this.before) {
      const changed = hook(module, inputs);
      if (changed !== undefined && changed !== null) inputs = Array.isArray(changed) ? changed : [changed];
    }
    return inputs;
  }

  /** The output that the caller gets. */
  output(module: Module, inputs: unknown[], made: unknown): unknown {
    let output = made;
    for (const { hook } of this.after) output = hook(module, inputs, output) ?? output;
    return output;
  }
}

/** How many modules are being called, one inside the other. */
let depth = 0;

/** Runs hooks and `forward`. Of an asynchronous `forward`, hooks see what its promise brings. */
export function callModule(module: Module, hooks: Hooks, given: unknown[]): unknown {
  depth++;
  try {
    hooks.look(module);
    const inputs = hooks.inputs(module, given);
    const made: unknown = Reflect.apply(module.forward, module, inputs);
    if (made instanceof Promise) {
      return made.then((value) => keep(hooks.output(module, inputs, value)), (error) => {
        throw located(error, module);
      });
    }
    const output = hooks.output(module, inputs, made);
    return depth === 1 ? keep(output) : output;
  } catch (error) {
    throw located(error, module);
  } finally {
    depth--;
  }
}

/** Marks what the caller gets: an optimizer step that overwrites parameters computes it first. */
function keep(output: unknown): unknown {
  if (output instanceof Tensor) output.value.kept = true;
  else if (Array.isArray(output)) output.forEach(keep);
  return output;
}

/** Modules that an error passed through, innermost first, and the message it had before. */
const trails = new WeakMap<TenonError, { readonly message: string; readonly modules: Module[] }>();

/** Adds `in net.0.2 (Linear)` to an error. */
function located(error: unknown, module: Module): unknown {
  if (!(error instanceof TenonError)) return error;
  let trail = trails.get(error);
  if (trail === undefined) trails.set(error, trail = { message: error.message, modules: [] });
  const { message, modules } = trail;
  modules.push(module);
  // The path is made when the error is about to leave the outermost module.
  if (depth > 1) return error;
  let path = "net";
  for (let i = modules.length - 1; i > 0; i--) {
    const name = modules[i].namedModules().find(([, m]) => m === modules[i - 1])?.[0];
    if (name) path += `.${name}`;
  }
  error.message = `${message}, in ${path} (${className(modules[0])})`;
  return error;
}
