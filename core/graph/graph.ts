/**
 * The graph as plain numbered nodes, simplified: equal expressions once, other names of a value dropped, views of constants folded, empty
 * reductions replaced by their identity. Fusion works on this form; no tensor is reachable from it.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import type { Lowering, Primitive } from "../prim/primitive.ts";
import { type FullAttrs, fullPrim, leafPrim } from "../prim/source.ts";
import { sameShape, type Shape, sizeOf } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { isRefinement, loopIndex } from "./index_map.ts";
import { attrsText, isHeld, type Trace } from "./trace.ts";

/** A node; inputs are indices of earlier nodes. */
export interface GraphNode {
  readonly id: number;
  readonly prim: Primitive<never>;
  readonly attrs: unknown;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly inputs: readonly number[];
  /** For a leaf its number among the leaves, else -1. */
  readonly leaf: number;
}

/** Nodes in topological order, and for each node of the trace its number here. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly idOf: readonly number[];
}

/** A node's lowering with its attributes bound. Attributes and primitive come from one node, so their types agree. */
export function loweringOf(node: GraphNode): Lowering<unknown> {
  return node.prim.lowering as Lowering<unknown>;
}

/** Builds the graph of a trace whose values at the places `roots` are wanted. */
export function buildGraph(trace: Trace, roots: readonly number[]): Graph {
  const nodes: GraphNode[] = [];
  const seen = new Map<string, number>();
  const idOf: number[] = [];
  const add = (node: Omit<GraphNode, "id">, key: string): number => {
    let id = seen.get(key);
    if (id === undefined) {
      id = nodes.length;
      seen.set(key, id);
      nodes.push({ ...node, id });
    }
    return id;
  };
  const constant = (value: number | bigint, shape: Shape, dtype: DType): number => {
    const attrs = { value, shape, dtype };
    const prim = fullPrim as Primitive<never>;
    return add({ prim, attrs, shape, dtype, inputs: [], leaf: -1 }, `c${attrsText(attrs)}`);
  };
  const uses = new Array<number>(trace.nodes.length).fill(0);
  for (const place of roots) uses[place]++;
  for (const x of trace.nodes) if (!isHeld(x)) { for (const input of x.inputs) uses[input.order]++; }
  const numberOf = (x: Tensor): number => {
    const { shape, dtype, prim } = x;
    if (isHeld(x)) {
      const leaf = (x.storage as Storage).order;
      const held = leafPrim as Primitive<never>;
      return add({ prim: held, attrs: undefined, shape, dtype, inputs: [], leaf }, `l${leaf}|${shape}`);
    }
    const zero = dtype === "int64" ? 0n : 0, one = dtype === "int64" ? 1n : 1;
    const lowering = prim.lowering as Lowering<unknown>;
    if (sizeOf(shape) === 0) return constant(zero, shape, dtype);
    if (lowering.kind === "constant") return constant(lowering.value(x.attrs), shape, dtype);
    const inputs = x.inputs.map((y) => idOf[y.order]);
    const plain = { prim, attrs: x.attrs, shape, dtype, inputs, leaf: -1 };
    if (inputs.length === 0) return add(plain, keyOf(x, inputs));
    const first = nodes[inputs[0]];
    if (lowering.kind === "reduce" && sizeOf(first.shape) === 0) {
      const identity = lowering.combiner === "prod" || lowering.combiner === "min" ? one : zero;
      return constant(identity, shape, dtype);
    }
    if (first.prim.id === fullPrim.id && isPlainView(lowering)) {
      return constant((first.attrs as FullAttrs).value, shape, dtype);
    }
    if (lowering.kind === "reshape" && !prim.distinct) {
      // Of other shapes of one value one is enough, and none that is the value's own.
      const isShape = loweringOf(first).kind === "reshape" && !first.prim.distinct;
      const base = isShape ? nodes[first.inputs[0]] : first;
      if (sameShape(base.shape, shape)) return base.id;
      return add({ ...plain, attrs: undefined, inputs: [base.id] }, `s${shape}|${base.id}`);
    }
    if (
      isProduct(first) && uses[x.inputs[0].order] === 1 && isTranspose(lowering, x.attrs, first.shape, shape)
    ) {
      // (A B)^T = B^T A^T: the routine reads transposed operands for nothing, so the copy is saved.
      const [a, b] = first.inputs.map((i) => {
        const from = nodes[i].shape;
        const turned = [...from.slice(0, -2), from[from.length - 1], from[from.length - 2]];
        return add({ ...plain, shape: turned, inputs: [i] }, keyOf(x, [i]));
      });
      const product = { ...plain, prim: first.prim, attrs: undefined, inputs: [b, a] };
      return add(product, `${first.prim.id}||${b},${a}`);
    }
    return add(plain, keyOf(x, inputs));
  };
  for (const x of trace.nodes) idOf.push(numberOf(x));
  return { nodes, idOf };
}

/** A text that is equal exactly for equal expressions of the numbered nodes. */
function keyOf({ prim, attrs, order }: Tensor, inputs: readonly number[]): string {
  if (prim.distinct) return `#${order}`;
  const values = prim.fields.map((name) => attrsText((attrs as Readonly<Record<string, unknown>>)[name]));
  return `${prim.id}|${values.join(";")}|${inputs}`;
}

function isProduct(node: GraphNode): boolean {
  const lowering = loweringOf(node);
  return lowering.kind === "routine" && lowering.name === "matmul";
}

/** Whether a node swaps the last two dimensions and nothing else. */
function isTranspose(lowering: Lowering<unknown>, attrs: unknown, from: Shape, to: Shape): boolean {
  const n = to.length;
  if (lowering.kind !== "view" || from.length !== n || n < 2) return false;
  const map = lowering.map({ at: to.map((_, d) => loopIndex(d, n)), guards: [] }, from, to, attrs);
  if (map === null || isRefinement(map) || map.guards.length > 0) return false;
  return map.at.every(({ offset, strides }, d) => {
    const loop = d < n - 2 ? d : d === n - 2 ? n - 1 : n - 2;
    return offset === 0 && strides.every((stride, k) => stride === (k === loop ? 1 : 0));
  });
}

function isPlainView(lowering: Lowering<unknown>): boolean {
  return lowering.kind === "reshape" || (lowering.kind === "view" && lowering.fill === undefined);
}
