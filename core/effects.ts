/**
 * What a function does and asks besides computing a result from its arguments: it reads values, draws random numbers, replaces state such as
 * running statistics, goes by the training mode of modules. A transform that runs a function once for many runs has a say in each of these;
 * without one they just happen.
 *
 * @module
 */
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** What is so while a function runs. */
class Setting<V> {
  constructor(public now: V) {}

  during<T>(value: V, fn: () => T): T {
    const before = this.now;
    this.now = value;
    try {
      return fn();
    } finally {
      this.now = before;
    }
  }
}

const unreadable = new Setting("");

/** Runs `fn` while reading values is an error, which names `why`. For functions that are traced once and replayed. */
export function withoutReading<T>(why: string, fn: () => T): T {
  return unreadable.during(why, fn);
}

/** Why values cannot be read now; empty when they can. */
export function readingForbidden(): string {
  return unreadable.now;
}

/** A transform's answer to a draw. `make` draws a tensor of any shape, as the transform around this one wants it. */
export type DrawRule = (op: string, shape: Shape, make: (shape: Shape) => Tensor) => Tensor;

/** A transform's rule, and what is so around it. */
interface DrawScope {
  readonly rule: DrawRule;
  readonly outer: DrawScope | null;
}

const drawing = new Setting<DrawScope | null>(null);

/** Runs `fn` with the draws in it made by `rule`: an error, one draw for all runs, or a draw for each. */
export function withDraws<T>(rule: DrawRule, fn: () => T): T {
  return drawing.during({ rule, outer: drawing.now }, fn);
}

/** Whether no transform is around the call, so that a draw may depend on values. */
export function drawsFreely(): boolean {
  return drawing.now === null;
}

/** A random tensor of `shape`, drawn as the transforms around the call want it. */
export function makeDraw(op: string, shape: Shape, make: (shape: Shape) => Tensor): Tensor {
  const scope = drawing.now;
  if (scope === null) return make(shape);
  return scope.rule(op, shape, (other) => drawing.during(scope.outer, () => makeDraw(op, other, make)));
}

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

const replacing = new Setting<StateRule | null>(null);

/** Runs `fn` with the state that it replaces followed by `rule`. */
export function withStates<T>(rule: StateRule | null, fn: () => T): T {
  return replacing.during(rule, fn);
}

/** Whether a transform follows the state; to be asked before the state is read. */
export function followState(owner: object, cells: readonly StateCell[], each: () => void): boolean {
  replacing.now?.(owner, cells, each);
  return replacing.now !== null;
}

/** A module, of which a function may ask whether it is in training mode. */
export interface Moded {
  /** Training mode, or evaluation mode. */
  readonly training: boolean;
}

const asking = new Setting<Set<Moded> | null>(null);

/** Runs `fn`; the modules whose mode it asks for are added to `owners`. */
export function withModes<T>(owners: Set<Moded>, fn: () => T): T {
  return asking.during(owners, fn);
}

/** Tells a transform that the function asks for the mode of a module. */
export function followMode(owner: Moded): void {
  asking.now?.add(owner);
}
