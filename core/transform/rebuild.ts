/**
 * Rebuilding: the part of a graph that depends on given tensors, built again on others. What does not depend on them is shared. No
 * recursion.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { nextWalk } from "../graph/trace.ts";
import { alias } from "../ops/view.ts";
import { type CallAttrs, callPrim } from "../prim/source.ts";
import type { Tensor } from "../tensor.ts";

/**
 * What stands for each output when `start` says what stands for the tensors in it; null for an output that does not depend on them. `follow`
 * says whether a node's arguments are looked at, `make` builds what stands for a node from what stands for its arguments, where null is an
 * argument that does not depend on `start`.
 */
export function rebuild(
  outputs: readonly Tensor[],
  start: ReadonlyMap<Tensor, Tensor>,
  follow: (x: Tensor) => boolean,
  make: (x: Tensor, inputs: readonly (Tensor | null)[]) => Tensor,
): (Tensor | null)[] {
  const stands = new Map<Tensor, Tensor | null>(start);
  for (const x of between(outputs, stands, follow)) {
    const inputs = follow(x) ? x.inputs.map((y) => stands.get(y) ?? null) : [];
    stands.set(x, inputs.some((y) => y !== null) ? make(x, inputs) : null);
  }
  return outputs.map((x) => stands.get(x) ?? null);
}

/** The nodes above what `known` has, arguments before users. */
function between(
  outputs: readonly Tensor[],
  known: ReadonlyMap<Tensor, unknown>,
  follow: (x: Tensor) => boolean,
): Tensor[] {
  const epoch = nextWalk();
  const nodes: Tensor[] = [];
  const stack = [...outputs];
  while (stack.length > 0) {
    const x = stack[stack.length - 1];
    const inputs = x.mark === epoch || known.has(x) || !follow(x) ? [] : x.inputs;
    const waiting = inputs.filter((y) => y.mark !== epoch && !known.has(y));
    if (waiting.length > 0) {
      stack.push(...waiting);
      continue;
    }
    stack.pop();
    if (x.mark === epoch || known.has(x)) continue;
    x.mark = epoch;
    nodes.push(x);
  }
  return nodes;
}

/** The node `x` on other arguments, where they differ. What had no history, as after `detach`, has none. A call that waited is made. */
export function applyAgain(x: Tensor, inputs: readonly (Tensor | null)[]): Tensor {
  const all = x.inputs.map((own, i) => inputs[i] ?? own);
  const y = x.prim.id === callPrim.id
    ? alias((x.attrs as CallAttrs).call(...all))
    : apply(x.prim, all, x.attrs as never);
  if (x.track === 0) y.track = 0;
  y.opName = x.opName;
  return y;
}
