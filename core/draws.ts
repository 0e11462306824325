/**
 * What becomes of random draws inside a function that a transform runs once but that stands for many runs: an error, one draw for all, or a draw for
 * each. Without a transform a draw is just made.
 *
 * @module
 */
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A transform's answer to a draw. `make` draws a tensor of any shape. */
export type DrawRule = (op: string, shape: Shape, make: (shape: Shape) => Tensor) => Tensor;

let current: DrawRule | null = null;

/** Runs `fn` with the draws in it made by `rule`. */
export function withDraws<T>(rule: DrawRule | null, fn: () => T): T {
  const before = current;
  current = rule;
  try {
    return fn();
  } finally {
    current = before;
  }
}

/** A random tensor of `shape`, drawn as the transform around the call wants it. */
export function makeDraw(op: string, shape: Shape, make: (shape: Shape) => Tensor): Tensor {
  return current === null ? make(shape) : current(op, shape, make);
}
