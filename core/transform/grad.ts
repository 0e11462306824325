/**
 * Functional autograd: `grad`, `valueAndGrad`, `vjp`, `jvp`, over trees of tensors. Each calls the function on fresh leaves and walks the
 * lazy graph it built, so nesting, higher orders and interleaved async code need no global tape.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import { DTypeError, GradError, ShapeError, ValueError } from "../errors.ts";
import { FUNCTIONAL } from "../grad_mode.ts";
import { onesLike, zerosLike } from "../ops/create.ts";
import { aliasPrim } from "../prim/source.ts";
import { sameShape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { flattenResult, flattenTree, insteadOf, mapTree, type Tree } from "../tree.ts";
import { inWords } from "../words.ts";
import { freshLeaf, pullAll, trackedNodes } from "./pull.ts";
import { type Alone, optionsOf } from "../ops/arguments.ts";
import { checkCall, checkOptions, requireKind } from "../ops/options.ts";

/** Which arguments to differentiate; 0 by default. */
export interface GradOptions {
  /** Positions of the arguments; a list gives a list of gradients. */
  readonly argnums?: number | readonly number[];
}

/** Puts fresh leaves into the places of a tree's float tensors. */
function fresh<T extends Tree>(name: string, tree: T): { tree: T; leaves: Tensor[] } {
  const leaves: Tensor[] = [];
  const copy = mapTree(tree, (x) => {
    if (!isFloat(x.dtype)) {
      throw new DTypeError(
        `${name}: only tensors of floating point dtype can be differentiated, but an argument is ${x.dtype}; convert it with .to("float32") or leave it out of argnums`,
      );
    }
    const leaf = freshLeaf(x);
    leaves.push(leaf);
    return leaf;
  });
  return { tree: copy, leaves };
}

/** Results that do not remember the leaves of a finished transform, so that keeping one keeps no graph. */
function forget(x: Tensor, leaves: readonly Tensor[]): Tensor {
  const mine = new Set(leaves);
  let bits = 0;
  for (const node of trackedNodes([x], ~0)) {
    // A bit begins where no argument has it: a leaf of an outer transform may stand over a leaf with requiresGrad.
    if (!mine.has(node)) bits |= node.inputs.reduce((rest, input) => rest & ~input.track, node.track);
  }
  if (bits === x.track) return x;
  const result = apply(aliasPrim, [x], undefined);
  result.track = x.track & bits;
  return result;
}

function scalarOutput(name: string, y: unknown): Tensor {
  if (!(y instanceof Tensor)) {
    throw new GradError(
      `${name}: the function must return a tensor with one element, but it returned ${inWords(y)}${
        insteadOf(y)
      }`,
    );
  }
  if (sizeOf(y.shape) !== 1) {
    throw new ShapeError(
      `${name}: the function must return a tensor with one element, but returned shape [${
        y.shape.join(", ")
      }]; reduce it with .sum() or .mean(), or use vjp`,
    );
  }
  return y.value;
}

/** Arguments of a function. */
export type Args = readonly unknown[];

/** What `grad` returns where arguments are chosen by position: the gradient of one, or a list for several. */
export type GradResult = Tree;

/**
 * A function that returns the value of `fn` and its gradient, in the form of the differentiated argument (a tensor or a tree of them).
 * `fn` returns a tensor with one element. `jax.value_and_grad`, `torch.func.grad_and_value`.
 *
 * @example
 * ```ts
 * import { tensor, valueAndGrad } from "@tenon/tenon";
 * const [value, g] = valueAndGrad((x) => x.mul(x).sum())(tensor([1, 2, 3]));
 * console.log(value.item(), String(g)); // 14 tensor([2., 4., 6.])
 * ```
 */
export function valueAndGrad<T extends Tree = Tensor, R extends Args = []>(
  fn: (x: T, ...rest: R) => Tensor,
): (x: T, ...rest: R) => [Tensor, T];
/** The same for chosen arguments: `{ argnums: 1 }`, or their positions alone. */
export function valueAndGrad<A extends Args>(
  fn: (...args: A) => Tensor,
  options: Alone<"argnums", GradOptions>,
): (...args: A) => [Tensor, GradResult];
export function valueAndGrad(
  fn: (...args: never[]) => Tensor,
  given: Alone<"argnums", GradOptions> = {},
): (...args: Tree[]) => [Tensor, GradResult] {
  requireKind("grad", "fn", fn, "function");
  const options = optionsOf<GradOptions, "argnums">("argnums", given);
  checkOptions("grad", options, ["argnums"]);
  const call = fn as (...args: Tree[]) => Tensor;
  return (...args) => {
    const several = typeof options.argnums === "object";
    const wanted = several
      ? options.argnums as readonly number[]
      : [(options.argnums as number | undefined) ?? 0];
    for (const n of wanted) {
      if (!Number.isInteger(n) || n < 0 || n >= args.length) {
        throw new GradError(`grad: argnums ${n} is out of range for a call with ${args.length} arguments`);
      }
    }
    const leaves: Tensor[] = [];
    const inputs = args.map((arg, i) => {
      if (!wanted.includes(i)) return arg;
      const copy = fresh("grad", arg);
      leaves.push(...copy.leaves);
      return copy.tree;
    });
    const y = scalarOutput("grad", call(...inputs));
    const cotangents = pullAll([y], [onesLike(y)], leaves, FUNCTIONAL);
    const grads = leaves.map((leaf, i) => forget(cotangents[i] ?? zerosLike(leaf), leaves));
    let next = 0;
    const trees = wanted.map((n) => mapTree(args[n], () => grads[next++]));
    return [forget(y, leaves), several ? trees : trees[0]];
  };
}

/**
 * A function that returns the gradient of `fn`, in the form of the differentiated argument. `jax.grad`, `torch.func.grad`.
 *
 * @example
 * ```ts
 * import { grad, tensor } from "@tenon/tenon";
 * const cube = (x: ReturnType<typeof tensor>) => x.pow(3).sum();
 * console.log(grad(cube)(tensor(2)).item()); // 12
 * ```
 */
export function grad<T extends Tree = Tensor, R extends Args = []>(
  fn: (x: T, ...rest: R) => Tensor,
): (x: T, ...rest: R) => T;
/** The same for chosen arguments: `{ argnums: 1 }`, or their positions alone. */
export function grad<A extends Args>(
  fn: (...args: A) => Tensor,
  options: Alone<"argnums", GradOptions>,
): (...args: A) => GradResult;
export function grad(
  fn: (...args: never[]) => Tensor,
  given: Alone<"argnums", GradOptions> = {},
): (...args: Tree[]) => GradResult {
  const both = valueAndGrad(fn as (...args: Tree[]) => Tensor, given);
  return (...args) => both(...args)[1];
}

/**
 * The value of `fn` and the function that pulls a cotangent of it back to the arguments. `jax.vjp`.
 *
 * @example
 * ```ts
 * import { tensor, vjp } from "@tenon/tenon";
 * const [y, pull] = vjp((x) => x.mul(3), tensor([1, 2]));
 * console.log(String(pull(tensor([1, 10]))[0])); // tensor([ 3., 30.])
 * ```
 */
export function vjp<A extends readonly Tree[] = [Tensor], Y extends Tree = Tensor>(
  fn: (...args: A) => Y,
  ...args: A
): [Y, (cotangent: Y) => A] {
  requireKind("vjp", "fn", fn, "function");
  const { tree: inputs, leaves } = fresh("vjp", args);
  const y = fn(...inputs);
  const outputs = flattenResult("vjp", y).map((t) => t.value);
  const pullBack = (cotangent: Y): A => {
    const given = flattenTree(cotangent);
    if (given.length !== outputs.length) {
      throw new GradError(
        `vjp: the cotangent has ${given.length} tensors, but the result has ${outputs.length}`,
      );
    }
    given.forEach((g, i) => {
      if (!sameShape(g.shape, outputs[i].shape)) {
        throw new ShapeError(
          `vjp: the cotangent has shape [${g.shape.join(", ")}], but the result has shape [${
            outputs[i].shape.join(", ")
          }]`,
        );
      }
    });
    const found = pullAll(outputs, given, leaves, FUNCTIONAL);
    let next = 0;
    return mapTree(args, () => {
      const i = next++;
      return forget(found[i] ?? zerosLike(leaves[i]), leaves);
    });
  };
  return [mapTree(y, (t) => forget(t.value, leaves)), pullBack];
}

/** Throws unless the directions fit the arguments. */
function checkDirections(name: string, directions: readonly Tensor[], leaves: readonly Tensor[]): void {
  if (directions.length !== leaves.length) {
    throw new GradError(
      `${name}: ${leaves.length} primal tensors but ${directions.length} tangent tensors`,
    );
  }
  directions.forEach((t, i) => {
    if (!sameShape(t.shape, leaves[i].shape)) {
      throw new ShapeError(
        `${name}: a tangent has shape [${t.shape.join(", ")}], but its primal has shape [${
          leaves[i].shape.join(", ")
        }]`,
      );
    }
  });
}

/**
 * The value of `fn` and the linear function that gives its derivative along directions, the value computed once. `jax.linearize`,
 * `torch.func.linearize`. Forward mode as the transpose of the transpose: the pullback is linear in its cotangent, so pulling back through
 * it gives the pushforward.
 *
 * @example
 * ```ts
 * import { linearize, tensor } from "@tenon/tenon";
 * const [y, push] = linearize((x) => x.mul(x), tensor(3));
 * console.log(y.item(), push(tensor(1)).item(), push(tensor(2)).item()); // 9 6 12
 * ```
 */
export function linearize<A extends readonly Tree[] = [Tensor], Y extends Tree = Tensor>(
  fn: (...args: A) => Y,
  ...primals: A
): [Y, (...tangents: A) => Y] {
  requireKind("linearize", "fn", fn, "function");
  const { tree: inputs, leaves } = fresh("jvp", primals);
  const y = fn(...inputs);
  const outputs = flattenResult("jvp", y).map((t) => t.value);
  // The values of these cotangents do not matter.
  const dummies = outputs.map((t) => freshLeaf(zerosLike(t)));
  const pulled = pullAll(outputs, dummies, leaves, FUNCTIONAL);
  const reached = pulled.map((_, i) => i).filter((i) => pulled[i] !== null);
  const mine = [...leaves, ...dummies];
  const push = (...tangents: A): Y => {
    const directions = flattenTree(tangents);
    checkDirections("jvp", directions, leaves);
    const pushed = pullAll(
      reached.map((i) => pulled[i] as Tensor),
      reached.map((i) => directions[i]),
      dummies,
      FUNCTIONAL,
    );
    let next = 0;
    return mapTree(y, () => {
      const i = next++;
      return forget(pushed[i] ?? zerosLike(outputs[i]), mine);
    });
  };
  return [mapTree(y, (t) => forget(t.value, leaves)), push];
}

/**
 * The value of `fn` and the derivative of it along `tangents`. `jax.jvp`, `torch.func.jvp`.
 *
 * @example
 * ```ts
 * import { jvp, tensor } from "@tenon/tenon";
 * const [y, dy] = jvp((x) => x.mul(x), [tensor(3)], [tensor(1)]);
 * console.log(y.item(), dy.item()); // 9 6
 * ```
 */
export function jvp<A extends readonly Tree[] = [Tensor], Y extends Tree = Tensor>(
  fn: (...args: A) => Y,
  primals: A,
  tangents: A,
): [Y, Y] {
  requireKind("jvp", "fn", fn, "function");
  for (const list of [primals, tangents]) {
    if (!Array.isArray(list)) {
      throw new ValueError(
        "jvp: primals and tangents are lists with one entry for each argument, as in jvp(fn, [x], [v])",
      );
    }
  }
  const [y, push] = linearize(fn, ...primals);
  return [y, push(...tangents)];
}

/** The value of `x` with no gradient through it, as `jax.lax.stop_gradient` and `torch.Tensor.detach`. */
export function stopGradient(x: Tensor): Tensor {
  checkCall("stop_gradient", [x]);
  return x.detach();
}
