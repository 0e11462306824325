/**
 * `autograd.functional`: derivatives of a function at given inputs, under PyTorch's signatures. The inputs are a tensor or a list of them, `fn`
 * takes them as its arguments, and results have the form of what they belong to. `torch.autograd.functional`.
 *
 * @module
 */
import { onesLike } from "../../ops/create.ts";
import { sizeOf } from "../../shape.ts";
import { GradError } from "../../errors.ts";
import { Tensor } from "../../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../../tree.ts";
import * as transform from "../grad.ts";
import { type JacobianOptions, jacrev } from "../jacobian.ts";
import { checkOptions, requireKind } from "../../ops/options.ts";

/** A tensor, or a list of them. */
export type Tensors = Tensor | readonly Tensor[];

/** Options of these functions. */
export interface FunctionalOptions {
  /** Make the results differentiable themselves, in inputs that require gradients. */
  readonly createGraph?: boolean;
}

/** `fn` as a function of one tree. */
function ofTree(fn: (...xs: Tensor[]) => Tensors): (xs: Tree) => Tree {
  return (xs) => fn(...flattenTree(xs));
}

function result<T extends Tree>(tree: T, options: FunctionalOptions): T {
  return options.createGraph ? tree : mapTree(tree, (x) => x.detach());
}

/** The direction that is meant; left out, it is 1 where there is one element. */
function direction(name: string, v: Tensors | undefined, of: Tree): Tree {
  if (v !== undefined) return v;
  if (of instanceof Tensor && sizeOf(of.shape) === 1) return onesLike(of);
  throw new GradError(
    `The vector v can only be None if the ${name} contains a single Tensor with one element; pass v in its form`,
  );
}

/**
 * The jacobian of `fn` at `inputs`: [...result, ...input] for a tensor each; a list of results gives a list, a list of inputs gives lists.
 * `torch.autograd.functional.jacobian`.
 *
 * @example
 * ```ts
 * import { autograd, type Tensor, tensor } from "@tenon/tenon";
 * const j = autograd.functional.jacobian((x) => x.exp(), tensor([0, 0])) as Tensor;
 * console.log(j.tolist()); // [ [ 1, 0 ], [ 0, 1 ] ]
 * ```
 */
export function jacobian(
  fn: (...xs: Tensor[]) => Tensors,
  inputs: Tensors,
  options: FunctionalOptions & Pick<JacobianOptions, "chunkSize"> = {},
): Tree {
  requireKind("jacobian", "fn", fn, "function");
  checkOptions("jacobian", options, ["createGraph", "chunkSize"]);
  return result(jacrev(ofTree(fn), { chunkSize: options.chunkSize })(inputs), options);
}

/**
 * The hessian of `fn`, which has one result of one element: [...input, ...input], or lists of lists of them.
 * `torch.autograd.functional.hessian`.
 */
export function hessian(
  fn: (...xs: Tensor[]) => Tensor,
  inputs: Tensors,
  options: FunctionalOptions = {},
): Tree {
  requireKind("hessian", "fn", fn, "function");
  const gradient = transform.grad((xs: Tree) => fn(...flattenTree(xs)));
  return result(jacrev((xs: Tree) => gradient(xs))(inputs), options);
}

/** The value of `fn` and the product of `v` with its jacobian. `torch.autograd.functional.vjp`. */
export function vjp(
  fn: (...xs: Tensor[]) => Tensors,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Tree, Tree] {
  requireKind("vjp", "fn", fn, "function");
  const [y, pull] = transform.vjp(ofTree(fn), inputs as Tree);
  return [result(y, options), result(pull(direction("output", v, y))[0], options)];
}

/** The value of `fn` and the product of its jacobian with `v`. `torch.autograd.functional.jvp`. */
export function jvp(
  fn: (...xs: Tensor[]) => Tensors,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Tree, Tree] {
  requireKind("jvp", "fn", fn, "function");
  const [y, push] = transform.linearize(ofTree(fn), inputs as Tree);
  return [result(y, options), result(push(direction("input", v, inputs)), options)];
}

/** The value of `fn` and the product of its hessian with `v`, without the hessian. `torch.autograd.functional.hvp`. */
export function hvp(
  fn: (...xs: Tensor[]) => Tensor,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Tensor, Tree] {
  requireKind("hvp", "fn", fn, "function");
  const both = transform.valueAndGrad((xs: Tree) => fn(...flattenTree(xs)));
  const [[y], push] = transform.linearize((xs: Tree) => {
    const [value, gradient] = both(xs);
    return [value, gradient] as const satisfies Tree;
  }, inputs as Tree);
  const [, product] = push(direction("input", v, inputs));
  return [result(y, options), result(product, options)];
}

/** `hvp`, as the hessian is symmetric. `torch.autograd.functional.vhp`. */
export function vhp(
  fn: (...xs: Tensor[]) => Tensor,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Tensor, Tree] {
  return hvp(fn, inputs, v, options);
}
