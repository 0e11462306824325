/**
 * Trees: nested arrays and records whose leaves are tensors.
 *
 * @module
 */
import { TenonError } from "./errors.ts";
import { Results } from "./named_tuple.ts";
import { Tensor } from "./tensor.ts";

/** A tensor, or arrays, named tuples and records of trees. */
export type Tree =
  | Tensor
  | readonly Tree[]
  | Results
  | { readonly [key: string]: Tree };

/** The tensors of a tree, in order of appearance. */
export function flattenTree(tree: Tree): Tensor[] {
  const out: Tensor[] = [];
  mapTree(tree, (x) => (out.push(x), x));
  return out;
}

/** A tree of the same form with each tensor replaced. */
export function mapTree<T extends Tree>(tree: T, fn: (x: Tensor) => Tensor): T {
  if (typeof fn !== "function") {
    throw new TenonError(`mapTree: expected a function of a tensor, but got ${typeof fn}`);
  }
  const walk = (node: Tree, path: string): Tree => {
    if (node instanceof Tensor) return fn(node);
    if (Array.isArray(node)) return node.map((item: Tree, i) => walk(item, `${path}[${i}]`));
    if (node instanceof Results) return node.map(fn);
    if (typeof node === "object" && node !== null) {
      return Object.fromEntries(
        Object.entries(node).map(([key, item]) => [key, walk(item, `${path}.${key}`)]),
      );
    }
    throw new TenonError(
      `a tree holds tensors, arrays and records, but at "${path === "" ? "the top" : path}" it has ${
        node === null ? "null" : typeof node
      }`,
    );
  };
  return walk(tree, "") as T;
}
