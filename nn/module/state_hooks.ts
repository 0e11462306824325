/**
 * Hooks of state dicts: functions that run before and after a module gives its state dict, and before and after it takes one.
 *
 * @module
 */
import { checkKind } from "../../core/ops/options.ts";
import type { HookHandle } from "./hooks.ts";
import type { Module } from "./module.ts";
import type { StateDict } from "./state_dict.ts";

/** Runs before a module adds its values to a state dict. */
export type StateDictPreHook = (module: Module, prefix: string) => void;
/** Runs after a module and all below it have added their values; may change the state dict, or return another one. */
export type StateDictHook = (module: Module, state: StateDict, prefix: string) => StateDict | void;
/** Runs before a module takes its values from a state dict; what it changes there is what is loaded. */
export type LoadStateDictPreHook = (module: Module, state: StateDict, prefix: string) => void;
/** Runs after a module and all below it have taken their values; may take keys out of the lists, which are then no errors. */
export type LoadStateDictPostHook = (module: Module, report: IncompatibleKeys) => void;

/** Keys that did not match, as lists that a hook may change. */
export interface IncompatibleKeys {
  /** Keys of the module that the state dict lacks. */
  readonly missingKeys: string[];
  /** Keys of the state dict that the module lacks. */
  readonly unexpectedKeys: string[];
}

/** Functions in the order in which they were registered. */
export class HookList<F> {
  private entries: readonly { readonly hook: F }[] = [];

  /** Adds a function; the handle takes it off again. */
  add(hook: F): HookHandle {
    checkKind("hook", "hook", hook ?? null, "function");
    const entry = { hook };
    this.entries = [...this.entries, entry];
    return { remove: () => this.entries = this.entries.filter((e) => e !== entry) };
  }

  /** Takes a function off. */
  take(hook: F): void {
    this.entries = this.entries.filter((entry) => entry.hook !== hook);
  }

  /** Whether there is none. */
  get empty(): boolean {
    return this.entries.length === 0;
  }

  /** The functions. */
  get all(): readonly F[] {
    return this.entries.map(({ hook }) => hook);
  }

  /** Takes over the functions of a module that is being copied. */
  copyFrom(other: HookList<F>): void {
    this.entries = other.entries;
  }
}

/** The hooks of one module's state dict. */
export class StateHooks {
  /** Before the state dict is given. */
  readonly before: HookList<StateDictPreHook> = new HookList();
  /** After it is given. */
  readonly after: HookList<StateDictHook> = new HookList();
  /** Before one is taken. */
  readonly beforeLoad: HookList<LoadStateDictPreHook> = new HookList();
  /** After one is taken. */
  readonly afterLoad: HookList<LoadStateDictPostHook> = new HookList();

  /** Takes over the hooks of a module that is being copied. */
  copyFrom(other: StateHooks): void {
    this.before.copyFrom(other.before);
    this.after.copyFrom(other.after);
    this.beforeLoad.copyFrom(other.beforeLoad);
    this.afterLoad.copyFrom(other.afterLoad);
  }
}
