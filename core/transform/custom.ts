/**
 * Gradients by other means: `customVjp` gives a function a gradient of its own, `checkpoint` computes a function again for its gradient
 * instead of keeping what it computed.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { GradError, ShapeError } from "../errors.ts";
import { evaluate } from "../evaluate.ts";
import { FUNCTIONAL } from "../grad_mode.ts";
import { isHeld } from "../graph/trace.ts";
import { Results } from "../named_tuple.ts";
import { isRecord, requireKind } from "../ops/options.ts";
import { barrierPrim, customPrim } from "../prim/source.ts";
import { sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { flattenResult, flattenTree, mapTree, type Tree } from "../tree.ts";
import { freshLeaf, pullAll, trackedNodes } from "./pull.ts";
import { applyAgain, rebuild } from "./rebuild.ts";

/** The value of `y` whose gradient in `xs`, which may be on other devices, is what `pull` says. */
export function withPull(
  y: Tensor,
  xs: readonly Tensor[],
  pull: (g: Tensor) => readonly (Tensor | null)[],
): Tensor {
  // The table asks for one argument at a time; the answer for all of them is kept for the others.
  let last: Tensor | null = null, answer: readonly (Tensor | null)[] = [];
  const once = (g: Tensor) => {
    if (g !== last) [last, answer] = [g, pull(g)];
    return answer;
  };
  // An evaluation walks on to the arguments of what is not there yet, and runs on one device.
  if (xs.some((x) => x.device !== y.device)) evaluate([y]);
  const result = apply(customPrim, [y.detach(), ...xs], { pull: once });
  if (y.storage !== null && isHeld(y)) {
    result.storage = y.storage;
    y.storage.shared = true;
  }
  return result;
}

/**
 * A function with a gradient of its own. `fn` gets the arguments and returns the result and whatever the gradient needs; `pull` gets that
 * and the cotangent of the result, and returns the cotangent of each argument, null for those without. Tensors that `fn` uses without
 * being given them get no gradient. `torch.autograd.Function`, `jax.custom_vjp`.
 *
 * @throws {ShapeError} when a cotangent does not have the shape of its argument
 * @example
 * ```ts
 * import { customVjp, grad, type Tensor, tensor } from "@tenon/tenon";
 * // Straight through: rounds forward, passes the gradient on as it is.
 * const round = customVjp((x: Tensor) => [x.round(), null], (_, g) => [g]);
 * console.log(grad((x: Tensor) => round(x).mul(3).sum())(tensor([0.4, 1.6])).tolist()); // [ 3, 3 ]
 * ```
 */
export function customVjp<A extends readonly Tensor[], Saved>(
  fn: (...xs: A) => readonly [Tensor, Saved],
  pull: (saved: Saved, g: Tensor) => readonly (Tensor | null)[],
): (...xs: A) => Tensor {
  requireKind("customVjp", "fn", fn, "function");
  return (...xs) => {
    const [y, saved] = fn(...xs);
    return withPull(y, xs, (g) => {
      const found = pull(saved, g);
      if (found.length !== xs.length) {
        throw new GradError(
          `customVjp: the gradient returned ${found.length} cotangents, but the function has ${xs.length} arguments; give null for those without`,
        );
      }
      found.forEach((c, i) => {
        if (c !== null && !sameShape(c.shape, xs[i].shape)) {
          throw new ShapeError(
            `customVjp: the cotangent of argument ${i} has shape [${
              c.shape.join(", ")
            }], but the argument has shape [${xs[i].shape.join(", ")}]`,
          );
        }
      });
      return found;
    });
  };
}

/**
 * `fn(...args)`, whose intermediate values are not kept for the gradient but computed again when it is. Trades time for memory. Random draws are not
 * repeated, so dropout keeps its mask. The result is a tensor or a tree of them; parameters of modules that `fn` uses get their gradients.
 * `torch.utils.checkpoint`.
 *
 * @example
 * ```ts
 * import { checkpoint, grad, type Tensor, tensor } from "@tenon/tenon";
 * const f = (x: Tensor) => checkpoint((y: Tensor) => y.sin().exp(), x).sum();
 * console.log(grad(f)(tensor([0])).tolist()); // [ 1 ]
 * ```
 */
export function checkpoint<A extends readonly unknown[], Y extends Tree>(
  fn: (...args: A) => Y,
  ...args: A
): Y {
  requireKind("checkpoint", "fn", fn, "function");
  const tree = fn(...args);
  const outputs = flattenResult("checkpoint", tree).map((y) => y.value);
  const given = args.flatMap((arg) => isTree(arg) ? flattenTree(arg) : []).map((x) => x.value);
  // Gradients are asked of the arguments, and of the leaves that are reached without them.
  const limits = new Set(given);
  const inside = trackedNodes(outputs, ~0, limits);
  const edges = inside.filter((x) => limits.has(x) || !x.inputs.some((i) => i.track !== 0));
  if (edges.length === 0) return tree;
  const isInside = (x: Tensor) => x.track !== 0 && !limits.has(x) && x.inputs.some((i) => i.track !== 0);
  const on = (start: ReadonlyMap<Tensor, Tensor>) => rebuild(outputs, start, isInside, applyAgain);
  // The value comes from a copy without history, of which nothing is kept for the gradient.
  const plain = on(new Map(edges.map((x) => [x, x.detach()])));
  const later = () => {
    const leaves = edges.map((x) => freshLeaf(apply(barrierPrim, [x], undefined)));
    return { leaves, copies: on(new Map(edges.map((x, i) => [x, leaves[i]]))) };
  };
  let again: ReturnType<typeof later> | null = null;
  let next = 0;
  return mapTree(tree, () => {
    const i = next++, value = plain[i];
    if (value === null) return outputs[i];
    return withPull(value, edges, (g) => {
      again ??= later();
      return pullAll([again.copies[i] as Tensor], [g], again.leaves, FUNCTIONAL);
    });
  });
}

function isTree(arg: unknown): arg is Tree {
  if (arg instanceof Tensor || arg instanceof Results) return true;
  if (Array.isArray(arg)) return arg.every(isTree);
  return isRecord(arg) && Object.values(arg).every(isTree);
}
