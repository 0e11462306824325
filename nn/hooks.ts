/**
 * Hooks: functions that run before and after the forward of a module.
 *
 * @module
 */
import { checkKind } from "../core/ops/options.ts";
import { type BackwardHook, BackwardWatch } from "./backward_hooks.ts";
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
  private backward: readonly { readonly hook: BackwardHook }[] = [];
  private first: ((module: Module, inputs: unknown[]) => void) | null = null;

  /** Whether nothing runs around the next call, which is nearly always so. */
  get idle(): boolean {
    return this.first === null && this.before.length === 0 && this.after.length === 0 &&
      this.backward.length === 0;
  }

  /** Has a function run before everything else in the first call, as lazy modules need. */
  runFirst(fn: (module: Module, inputs: unknown[]) => void): void {
    this.first = fn;
  }

  /** Takes over the hooks of a module that is being copied. */
  copyFrom(other: Hooks): void {
    this.before = other.before;
    this.after = other.after;
    this.backward = other.backward;
    this.first = other.first;
  }

  /** Adds a hook that runs before `forward`. */
  addBefore(hook: ForwardPreHook): HookHandle {
    checkKind("hook", "hook", hook ?? null, "function");
    const entry = { hook };
    this.before = [...this.before, entry];
    return { remove: () => this.before = this.before.filter((e) => e !== entry) };
  }

  /** Adds a hook that runs after `forward`. */
  addAfter(hook: ForwardHook): HookHandle {
    checkKind("hook", "hook", hook ?? null, "function");
    const entry = { hook };
    this.after = [...this.after, entry];
    return { remove: () => this.after = this.after.filter((e) => e !== entry) };
  }

  /** Adds a hook that runs during the backward pass. */
  addBackward(hook: BackwardHook): HookHandle {
    checkKind("hook", "hook", hook ?? null, "function");
    const entry = { hook };
    this.backward = [...this.backward, entry];
    return { remove: () => this.backward = this.backward.filter((e) => e !== entry) };
  }

  /** What backward hooks do to a call; null without any. */
  watch(module: Module): BackwardWatch | null {
    return this.backward.length === 0
      ? null
      : new BackwardWatch(module, this.backward.map(({ hook }) => hook));
  }

  /** The inputs that `forward` gets. */
  inputs(module: Module, given: unknown[]): unknown[] {
    this.first?.(module, given);
    this.first = null;
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
