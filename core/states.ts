/**
 * State that a function replaces besides what it returns, such as running statistics: how a transform that runs the function once for many runs
 * learns of it. Without such a transform the state is just replaced.
 * And what it behaves by besides its arguments: the training mode of modules.
 *
 * @module
 */
import type { Tensor } from "./tensor.ts";

/** A place that holds a tensor which a function replaces. */
export interface StateCell {
  /** The tensor that is there now. */
  read(): Tensor;
  /** Puts another tensor there. */
  write(next: Tensor): void;
}

/**
 * What a transform does about state: it puts placeholders into the cells, whose final values are results of the function, and runs `each` whenever
 * the function stands for a run.
 */
export type StateRule = (owner: object, cells: readonly StateCell[], each: () => void) => void;

let current: StateRule | null = null;

/** Runs `fn` with the state that it replaces followed by `rule`. */
export function withStates<T>(rule: StateRule | null, fn: () => T): T {
  const before = current;
  current = rule;
  try {
    return fn();
  } finally {
    current = before;
  }
}

/** Whether a transform follows the state; to be asked before the state is read. */
export function followState(owner: object, cells: readonly StateCell[], each: () => void): boolean {
  current?.(owner, cells, each);
  return current !== null;
}

/** A module, of which a function may ask whether it is in training mode. */
export interface Moded {
  /** Training mode, or evaluation mode. */
  readonly training: boolean;
}

let asked: Set<Moded> | null = null;

/** Runs `fn`; the modules whose mode it asks for are added to `owners`. */
export function withModes<T>(owners: Set<Moded>, fn: () => T): T {
  const before = asked;
  asked = owners;
  try {
    return fn();
  } finally {
    asked = before;
  }
}

/** Tells a transform that the function asks for the mode of a module. */
export function followMode(owner: Moded): void {
  asked?.add(owner);
}
