/**
 * Derivatives of functions with many results, by mapping a gradient over the rows of an identity matrix: jacobians in reverse and forward
 * mode, hessians, and products with them.
 *
 * @module
 */
import { GradError } from "../errors.ts";
import { eye } from "../ops/ranges.ts";
import { permute, reshape } from "../ops/view.ts";
import { sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { flattenResult, flattenTree, mapTree, type Tree } from "../tree.ts";
import { type Args, grad, jvp, linearize, vjp } from "./grad.ts";
import { vmap } from "./vmap.ts";
import { checkOptions, requireKind } from "../ops/options.ts";

/** Options of jacobians and hessians. */
export interface JacobianOptions {
  /** Position of the argument to differentiate; 0 by default. */
  readonly argnums?: number;
  /** Rows at a time, where memory is short; all by default. */
  readonly chunkSize?: number;
}

/** The jacobian of a result Y in arguments A: a tensor when both are, else a tree. */
export type JacobianOf<Y, A extends Args> = Y extends Tensor ? A[number] extends Tensor ? Tensor : Tree
  : Tree;

/** A function of one argument of `fn`, the others fixed. */
function atArgument<A extends Args>(
  name: string,
  fn: (...args: A) => Tree,
  args: A,
  argnums: number,
): { at: Tree; alone: (x: Tree) => Tree } {
  if (!Number.isInteger(argnums) || argnums < 0 || argnums >= args.length) {
    throw new GradError(
      `${name}: argnums ${argnums} is out of range for a call with ${args.length} arguments`,
    );
  }
  return {
    at: args[argnums] as Tree,
    alone: (x) => {
      const y = fn(...args.map((arg, i) => i === argnums ? x : arg) as readonly unknown[] as A);
      flattenResult(name, y);
      return y;
    },
  };
}

/** One direction for each element of `x`: [n, ...shape of x]. */
function basis(x: Tensor): Tensor {
  const n = sizeOf(x.shape);
  return reshape(eye(n, n, { dtype: x.dtype, device: x.device }), [n, ...x.shape]);
}

/** The tree with `part` in place of its tensor number `at`, and zeros elsewhere. */
function onlyAt(tree: Tree, at: number, part: Tensor): Tree {
  let next = 0;
  return mapTree(tree, (x) => next++ === at ? part : x.mul(0));
}

/**
 * The jacobian of `fn` in reverse mode: for each tensor of the result and of the differentiated argument a tensor of shape
 * [...result, ...argument]. A tree of results holds trees of the argument's form. One gradient per element of the result, so it is the
 * choice when there are fewer results than arguments. `torch.func.jacrev`, `jax.jacrev`.
 *
 * @example
 * ```ts
 * import { jacrev, type Tensor, tensor } from "@tenon/tenon";
 * const j = jacrev((x: Tensor) => x.mul(x))(tensor([1, 2]));
 * console.log(j.tolist()); // [ [ 2, 0 ], [ 0, 4 ] ]
 * ```
 */
export function jacrev<A extends Args = [Tensor], Y extends Tree = Tensor>(
  fn: (...args: A) => Y,
  options: JacobianOptions = {},
): (...args: A) => JacobianOf<Y, A> {
  requireKind("jacrev", "fn", fn, "function");
  checkOptions("jacrev", options, ["argnums", "chunkSize"]);
  return (...args) => {
    const { at, alone } = atArgument("jacrev", fn, args, options.argnums ?? 0);
    const [y, pull] = vjp((x: Tree) => alone(x), at);
    let next = 0;
    return mapTrees(y, (part) => {
      const i = next++;
      const rows = vmap((g: Tensor) => pull(onlyAt(y, i, g))[0], { chunkSize: options.chunkSize })(
        basis(part),
      );
      const shapes = flattenTree(at).map((x) => x.shape);
      let k = 0;
      return mapTree(rows, (row) => reshape(row, [...part.shape, ...shapes[k++]]));
    }) as JacobianOf<Y, A>;
  };
}

/**
 * The jacobian of `fn` in forward mode, in the form that `jacrev` gives. One derivative per element of the argument, so it is the choice when
 * there are fewer arguments than results. `torch.func.jacfwd`, `jax.jacfwd`.
 *
 * @example
 * ```ts
 * import { jacfwd, type Tensor, tensor } from "@tenon/tenon";
 * const j = jacfwd((x: Tensor) => x.sin())(tensor([0, 0]));
 * console.log(j.tolist()); // [ [ 1, 0 ], [ 0, 1 ] ]
 * ```
 */
export function jacfwd<A extends Args = [Tensor], Y extends Tree = Tensor>(
  fn: (...args: A) => Y,
  options: JacobianOptions = {},
): (...args: A) => JacobianOf<Y, A> {
  requireKind("jacfwd", "fn", fn, "function");
  checkOptions("jacfwd", options, ["argnums", "chunkSize"]);
  return (...args) => {
    const { at, alone } = atArgument("jacfwd", fn, args, options.argnums ?? 0);
    // The value once; its derivative along a direction is linear in it.
    const [y, push] = linearize((x: Tree) => alone(x), at);
    const directions = flattenTree(at);
    const columns = directions.map((x, i) =>
      flattenTree(vmap((t: Tensor) => push(onlyAt(at, i, t)), { chunkSize: options.chunkSize })(basis(x)))
    );
    let next = 0;
    return mapTrees(y, (part) => {
      const j = next++;
      let i = 0;
      return mapTree(at, (x) => {
        // [n, ...y] -> [...y, n] -> [...y, ...x]
        const last = permute(columns[i++][j], [...part.shape.map((_, d) => d + 1), 0]);
        return reshape(last, [...part.shape, ...x.shape]);
      });
    }) as JacobianOf<Y, A>;
  };
}

/** Each tensor replaced by a tree. */
function mapTrees(tree: Tree, fn: (x: Tensor) => Tree): Tree {
  if (tree instanceof Tensor) return fn(tree);
  if (Array.isArray(tree)) return tree.map((item: Tree) => mapTrees(item, fn));
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, mapTrees(item, fn)]));
}

/**
 * The jacobian of `fn`: `jacrev`. `torch.autograd.functional.jacobian`, with the point as the argument of the function that it returns.
 *
 * @example
 * ```ts
 * import { jacobian, type Tensor, tensor } from "@tenon/tenon";
 * console.log(jacobian((x: Tensor) => x.pow(2))(tensor([1, 2])).tolist()); // [ [ 2, 0 ], [ 0, 4 ] ]
 * ```
 */
export const jacobian: typeof jacrev = jacrev;

/**
 * The matrix of second derivatives of a function with one result: [...argument, ...argument]. `torch.func.hessian`, `jax.hessian`.
 *
 * @example
 * ```ts
 * import { hessian, type Tensor, tensor } from "@tenon/tenon";
 * const h = hessian((x: Tensor) => x.pow(3).sum())(tensor([1, 2]));
 * console.log(h.tolist()); // [ [ 6, 0 ], [ 0, 12 ] ]
 * ```
 */
export function hessian<A extends Args = [Tensor]>(
  fn: (...args: A) => Tensor,
  options: JacobianOptions = {},
): (...args: A) => JacobianOf<Tensor, A> {
  checkOptions("hessian", options, ["argnums", "chunkSize"]);
  const gradient = grad(fn, { argnums: options.argnums ?? 0 });
  return (...args) => jacfwd(gradient, options)(...args) as JacobianOf<Tensor, A>;
}

/**
 * The product of the hessian of `fn` at `x` with `v`, without the hessian: the derivative of the gradient along v.
 * `torch.autograd.functional.hvp`.
 *
 * @example
 * ```ts
 * import { hvp, type Tensor, tensor } from "@tenon/tenon";
 * console.log(hvp((x: Tensor) => x.pow(3).sum(), tensor([1, 2]), tensor([1, 1])).tolist()); // [ 6, 12 ]
 * ```
 */
export function hvp<T extends Tree = Tensor>(fn: (x: T) => Tensor, x: T, v: T): T {
  requireKind("hvp", "fn", fn, "function");
  return jvp((y: T) => grad(fn)(y), [x], [v])[1];
}
