/**
 * The graph as plain numbered nodes, simplified: equal expressions once, other names of a value dropped, views of constants folded, empty
 * reductions replaced by their identity. Fusion works on this form; no tensor is reachable from it.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import type { Lowering, Primitive } from "../prim/primitive.ts";
import { fullPrim, leafPrim } from "../prim/source.ts";
import { sameShape, type Shape, sizeOf } from "../shape.ts";
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
  for (const x of trace.nodes) {
    const { shape, dtype, prim } = x;
    if (isHeld(x)) {
      const leaf = (x.storage as NonNullable<typeof x.storage>).order;
      const held = leafPrim as Primitive<never>;
      idOf.push(add({ prim: held, attrs: undefined, shape, dtype, inputs: [], leaf }, `l${leaf}|${shape}`));
      continue;
    }
    const zero = dtype === "int64" ? 0n : 0, one = dtype === "int64" ? 1n : 1;
    const lowering = prim.lowering as Lowering<unknown>;
    if (sizeOf(shape) === 0) {
      idOf.push(constant(zero, shape, dtype));
      continue;
    }
    const inputs = x.inputs.map((y) => idOf[y.order]);
    const first = inputs.length > 0 ? nodes[inputs[0]] : null;
    if (lowering.kind === "reduce" && first !== null && sizeOf(first.shape) === 0) {
      const identity = lowering.combiner === "prod" || lowering.combiner === "min" ? one : zero;
      idOf.push(constant(identity, shape, dtype));
      continue;
    }
    if (first !== null && first.prim.id === fullPrim.id && isPlainView(lowering)) {
      idOf.push(constant((first.attrs as { value: number | bigint }).value, shape, dtype));
      continue;
    }
    if (lowering.kind === "reshape" && !prim.distinct && first !== null) {
      // Of other shapes of one value one is enough, and none that is the value's own.
      const isShape = loweringOf(first).kind === "reshape" && !first.prim.distinct;
      const base = isShape ? nodes[first.inputs[0]] : first;
      const node = { prim, attrs: undefined, shape, dtype, inputs: [base.id], leaf: -1 };
      idOf.push(sameShape(base.shape, shape) ? base.id : add(node, `s${shape}|${base.id}`));
      continue;
    }
    if (lowering.kind === "constant") {
      idOf.push(constant(lowering.value(x.attrs), shape, dtype));
      continue;
    }
    if (
      first !== null && isProduct(first) && uses[x.inputs[0].order] === 1 &&
      isTranspose(lowering, x.attrs, first.shape, shape)
    ) {
      // (A B)^T = B^T A^T: the routine reads transposed operands for nothing, so the copy is saved.
      const [a, b] = first.inputs.map((i) => {
        const from = nodes[i].shape;
        const turned = [...from.slice(0, -2), from[from.length - 1], from[from.length - 2]];
        const node = { prim, attrs: x.attrs, shape: turned, dtype, inputs: [i], leaf: -1 };
        return add(node, `${prim.id}|${fieldsText(prim, x.attrs)}|${i}`);
      });
      idOf.push(
        add(
          { prim: first.prim, attrs: undefined, shape, dtype, inputs: [b, a], leaf: -1 },
          `${first.prim.id}||${b},${a}`,
        ),
      );
      continue;
    }
    const key = prim.distinct ? `#${x.order}` : `${prim.id}|${fieldsText(prim, x.attrs)}|${inputs}`;
    idOf.push(add({ prim, attrs: x.attrs, shape, dtype, inputs, leaf: -1 }, key));
  }
  return { nodes, idOf };
}

/** The attributes that have influence on the value. */
function fieldsText(prim: Primitive<never>, attrs: unknown): string {
  return prim.fields.map((name) => attrsText((attrs as Readonly<Record<string, unknown>>)[name])).join(";");
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
