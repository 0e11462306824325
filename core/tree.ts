/**
 * Trees: nested arrays and records whose leaves are tensors.
 *
 * @module
 */
import { GradError, TenonError } from "./errors.ts";
import { Results } from "./named_tuple.ts";
import { Tensor } from "./tensor.ts";
import { inWords } from "./words.ts";

/** A tensor, or arrays, named tuples and records of trees. */
export type Tree =
  | Tensor
  | readonly Tree[]
  | Results
  | { readonly [key: string]: Tree };

/**
 * The tensors of a tree, in order of appearance.
 *
 * @example
 * ```ts
 * import { flattenTree, ones } from "@tenon/tenon";
 * console.log(flattenTree({ w: ones(2), b: [ones(1)] }).length); // 2
 * ```
 */
export function flattenTree(tree: Tree): Tensor[] {
  const out: Tensor[] = [];
  mapTree(tree, (x) => (out.push(x), x));
  return out;
}

/** What to do about a function that returned it. */
export function insteadOf(value: unknown): string {
  if (value === undefined) return "; is a return missing?";
  if (value instanceof Promise) return "; make the function synchronous";
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? "; return the tensor itself, without .item(), or tensor(...) of a constant"
    : "";
}

/** The tensors of what a function returned that `op` called. */
export function flattenResult(op: string, tree: Tree): Tensor[] {
  const check = (node: unknown, path: string): void => {
    if (node instanceof Tensor || node instanceof Results) return;
    if (typeof node !== "object" || node === null || node instanceof Promise) {
      throw new GradError(
        `${op}: the function must return a tensor, or arrays and records of tensors, but ${
          path === "" ? "it returned" : `at "${path}" it has`
        } ${inWords(node)}${insteadOf(node)}`,
      );
    }
    for (const [key, item] of Object.entries(node)) {
      check(item, Array.isArray(node) ? `${path}[${key}]` : `${path}.${key}`);
    }
  };
  check(tree, "");
  return flattenTree(tree);
}

/**
 * A tree of the same form with each tensor replaced.
 *
 * @example
 * ```ts
 * import { mapTree, ones } from "@tenon/tenon";
 * const parameters = { w: ones(2), b: [ones(1)] };
 * console.log(mapTree(parameters, (x) => x.mul(2)).b[0].tolist()); // [ 2 ]
 * ```
 */
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
        inWords(node)
      }`,
    );
  };
  return walk(tree, "") as T;
}
