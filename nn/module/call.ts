/**
 * Calling a module: hooks around `forward`, and the module's path in an error that leaves it.
 *
 * @module
 */
import { TenonError } from "../../core/errors.ts";
import { Results } from "../../core/named_tuple.ts";
import { Tensor } from "../../core/tensor.ts";
import { className } from "./fields.ts";
import { type Hooks, noGlobalHooks } from "./hooks.ts";
import type { Module } from "./module.ts";

/** How many modules are being called, one inside the other. */
let depth = 0;

/** Runs hooks and `forward`. Of an asynchronous `forward`, hooks see what its promise brings. */
export function callModule(module: Module, hooks: Hooks, given: unknown[]): unknown {
  depth++;
  try {
    const output = hooks.idle && noGlobalHooks()
      ? (module.forward as (...inputs: unknown[]) => unknown)(...given)
      : callHooked(module, hooks, given);
    if (output instanceof Promise) {
      return output.then(keep).catch((error) => {
        throw located(error, module, given);
      });
    }
    return depth === 1 ? keep(output) : output;
  } catch (error) {
    throw located(error, module, given);
  } finally {
    depth--;
  }
}

/** A TypeError of a call with too few arguments, or of a module without a forward. */
function explained(error: unknown, module: Module, given: readonly unknown[]): unknown {
  if (!(error instanceof TypeError)) return error;
  if (typeof module.forward !== "function") return noForward(module);
  const wanted = module.forward.length;
  if (given.length >= wanted) return error;
  return new TenonError(
    `forward() missing ${
      wanted - given.length
    } required positional arguments: it takes ${wanted} and got ${given.length} (${error.message})`,
    { cause: error },
  );
}

function callHooked(module: Module, hooks: Hooks, given: unknown[]): unknown {
  const started = hooks.inputs(module, given);
  const watch = hooks.watch(module);
  const inputs = watch === null ? started : watch.before(started);
  const made: unknown = Reflect.apply(module.forward, module, inputs);
  const finish = (value: unknown) => {
    const output = hooks.output(module, inputs, value);
    return watch === null ? output : watch.after(output);
  };
  return made instanceof Promise ? made.then(finish) : finish(made);
}

/** Marks what the caller gets: an optimizer step that overwrites parameters computes it first. */
function keep(output: unknown): unknown {
  if (output instanceof Tensor) output.value.kept = true;
  else if (Array.isArray(output) || output instanceof Results) { for (const part of output) keep(part); }
  return output;
}

/** Modules that an error passed through, innermost first, and the message it had before. */
const trails = new WeakMap<TenonError, { readonly message: string; readonly modules: Module[] }>();

/** Containers, and classes that lack it, compute nothing. */
export function noForward(module: Module): TenonError {
  return new TenonError(
    `Module [${className(module)}] is missing the required "forward" function${
      typeof module.forward === "function" ? ": call its entries in the forward of your module" : ""
    }`,
  );
}

/** What a failed call throws: `in net.0.2 (Linear)` is added to the library's own errors, and what the language says of a wrong call is put in words. */
function located(thrown: unknown, module: Module, given: readonly unknown[]): unknown {
  const error = explained(thrown, module, given);
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
