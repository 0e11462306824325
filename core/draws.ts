/**
 * What becomes of random draws inside a function that a transform runs once but that stands for many runs: an error, one draw for all, or a draw for
 * each. Without a transform a draw is just made.
 *
 * @module
 */
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A transform's answer to a draw. `make` draws a tensor of any shape, as the transform around this one wants it. */
export type DrawRule = (op: string, shape: Shape, make: (shape: Shape) => Tensor) => Tensor;

interface Scope {
  readonly rule: DrawRule;
  readonly outer: Scope | null;
}

let current: Scope | null = null;

function within<T>(scope: Scope | null, fn: () => T): T {
  const before = current;
  current = scope;
  try {
    return fn();
  } finally {
    current = before;
  }
}

/** Runs `fn` with the draws in it made by `rule`. */
export function withDraws<T>(rule: DrawRule, fn: () => T): T {
  return within({ rule, outer: current }, fn);
}

/** Whether no transform is around the call, so that a draw may depend on values. */
export function drawsFreely(): boolean {
  return current === null;
}

/** A random tensor of `shape`, drawn as the transforms around the call want it. */
export function makeDraw(op: string, shape: Shape, make: (shape: Shape) => Tensor): Tensor {
  const scope = current;
  if (scope === null) return make(shape);
  return scope.rule(op, shape, (other) => within(scope.outer, () => makeDraw(op, other, make)));
}
