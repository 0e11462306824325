/**
 * The walk behind every gradient: from cotangents of outputs back to cotangents of targets, over the lazy graph. What depends on a
 * target is found first, so nothing else is differentiated. No recursion.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { FACADE, FUNCTIONAL } from "../grad_mode.ts";
import { nextWalk } from "../graph/trace.ts";
import { addParts } from "../ops/join.ts";
import { aliasPrim } from "../prim/source.ts";
import { pullback } from "../prim/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { hooked } from "./grad_cell.ts";

/** Nodes between the outputs and leaves (or the `limits`) that carry one of the track bits, arguments before users. */
export function trackedNodes(
  outputs: readonly Tensor[],
  bits: number,
  limits: ReadonlySet<Tensor> = new Set(),
): Tensor[] {
  const epoch = nextWalk();
  const nodes: Tensor[] = [];
  const stack: Tensor[] = [];
  for (const output of outputs) {
    if ((output.track & bits) !== 0) stack.push(output);
    while (stack.length > 0) {
      const x = stack[stack.length - 1];
      if (x.mark === epoch) {
        stack.pop();
        continue;
      }
      let ready = true;
      for (const input of limits.has(x) ? [] : x.inputs) {
        if (input.mark !== epoch && (input.track & bits) !== 0) {
          stack.push(input);
          ready = false;
        }
      }
      if (!ready) continue;
      stack.pop();
      x.mark = epoch;
      x.order = nodes.length;
      nodes.push(x);
    }
  }
  return nodes;
}

/**
 * Cotangents of `targets` (null where an output does not depend on one), given those of `outputs`. A hook on a node sees its finished cotangent
 * and may replace it.
 */
export function pullAll(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  targets: readonly Tensor[],
  bits: number = FACADE | FUNCTIONAL,
): (Tensor | null)[] {
  const nodes = trackedNodes(outputs, bits);
  const epoch = nodes.length > 0 ? nodes[0].mark : -1;
  const place = (x: Tensor) => x.mark === epoch && nodes[x.order] === x ? x.order : -1;
  const wanted = new Uint8Array(nodes.length);
  for (const target of targets) if (place(target) >= 0) wanted[target.order] = 1;
  nodes.forEach((x, i) => {
    for (const input of x.inputs) {
      const p = place(input);
      if (p >= 0 && wanted[p] === 1) wanted[i] = 1;
    }
  });
  // Rules build new nodes and walks, which mark nodes anew; from here on only this map is used.
  const orders = new Map<Tensor, number>();
  nodes.forEach((x, i) => wanted[i] === 1 && orders.set(x, i));
  const sums = new Array<Tensor | null>(nodes.length).fill(null);
  const give = (x: Tensor, g: Tensor) => {
    const i = orders.get(x);
    if (i !== undefined) sums[i] = sums[i] === null ? g : addParts(sums[i] as Tensor, g);
  };
  outputs.forEach((y, i) => give(y, cotangents[i]));
  for (let i = nodes.length - 1; i >= 0; i--) {
    const sum = sums[i];
    if (sum === null) continue;
    const y = nodes[i], g = sums[i] = hooked(y, sum);
    y.inputs.forEach((input, argument) => {
      if (!orders.has(input)) return;
      const cotangent = pullback(y.prim, g, y, y.inputs, y.attrs as never, argument);
      if (cotangent !== null) give(input, cotangent);
    });
  }
  return targets.map((t) => {
    const i = orders.get(t);
    return i === undefined ? null : sums[i];
  });
}

/** A fresh leaf with the value of `x`, marked so that a functional transform finds what depends on it. */
export function freshLeaf(x: Tensor): Tensor {
  const leaf = apply(aliasPrim, [x], undefined);
  leaf.track |= FUNCTIONAL;
  return leaf;
}

/** The gradient of `fn` at `x` with cotangent `g`; null when the result does not depend on x. For rules that differentiate a composed form. */
export function pull(fn: (x: Tensor) => Tensor, x: Tensor, g: Tensor): Tensor | null {
  const leaf = freshLeaf(x);
  return pullAll([fn(leaf)], [g], [leaf], FUNCTIONAL)[0];
}
