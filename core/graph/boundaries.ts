/**
 * Boundaries: which values are put in memory. Everything else is computed inside the kernels that use it.
 *
 * @module
 */
import { contiguous, type Layout } from "../layout.ts";
import type { ScalarFn } from "../kernel/scalar.ts";
import { sizeOf } from "../shape.ts";
import { type Graph, type GraphNode, loweringOf } from "./graph.ts";
import { type IndexMap, isRefinement, linear, loopIndex, reshapeMap } from "./index_map.ts";

/** Kernels stay below this many instructions, so that they compile fast and chains of any length work. */
const largestKernel = 400;
/** Work worth repeating rather than storing, when several kernels need a value. A cheap operation counts 1. */
const repeatable = 3;

// deno-fmt-ignore
const cheap: ReadonlySet<ScalarFn> = new Set<ScalarFn>([
  "neg", "abs", "sign", "add", "sub", "mul", "max", "min", "and", "or", "xor", "not", "where", "eq", "ne", "lt", "le", "gt", "ge",
  "floor", "ceil", "trunc", "round", "shl", "shr", "ushr",
]);

/** An operand of a routine: the value in memory, and how the routine sees it. */
export interface Operand {
  readonly base: number;
  readonly layout: Layout;
}

/** The node below reshapes; they share memory with it. */
export function stripReshapes(graph: Graph, id: number): number {
  let node = graph.nodes[id];
  while (loweringOf(node).kind === "reshape") node = graph.nodes[node.inputs[0]];
  return node.id;
}

/** A routine's operand through its views, when they amount to strides; else the operand itself, to be put in memory. */
export function operandOf(graph: Graph, id: number, isBoundary: (id: number) => boolean): Operand {
  const operand = graph.nodes[id];
  const extents = operand.shape;
  let map: IndexMap = { at: extents.map((_, d) => loopIndex(d, extents.length)), guards: [] };
  let node: GraphNode = operand;
  for (;;) {
    if (isBoundary(node.id)) break;
    const lowering = loweringOf(node);
    if (lowering.kind === "reshape") {
      const base = stripReshapes(graph, node.id);
      if (isMemory(graph.nodes[base]) || isBoundary(base)) {
        const at = linear(map.at, node.shape, extents.length);
        return { base, layout: { shape: extents, strides: at.strides, offset: at.offset } };
      }
    }
    if (lowering.kind !== "view" && lowering.kind !== "reshape") break;
    const from = graph.nodes[node.inputs[0]];
    const next = lowering.kind === "view"
      ? lowering.map(map, from.shape, node.shape, node.attrs)
      : reshapeMap(map, from.shape, node.shape, extents);
    if (next === null || isRefinement(next) || next.guards.length > 0) {
      return { base: id, layout: contiguous(operand.shape) };
    }
    map = next;
    node = from;
  }
  const at = linear(map.at, node.shape, extents.length);
  return { base: node.id, layout: { shape: extents, strides: at.strides, offset: at.offset } };
}

/** Leaves, routines, reductions and concatenations are in memory whatever happens. */
function isMemory(node: GraphNode): boolean {
  const kind = loweringOf(node).kind;
  return kind === "leaf" || kind === "routine" || kind === "reduce" || kind === "concat";
}

/** The nodes whose values are put in memory. `forced` are those that lowering asked for. */
export function findBoundaries(
  graph: Graph,
  roots: readonly number[],
  forced: ReadonlySet<number>,
  options: { readonly fuse: boolean; readonly maxBuffers: number },
): Set<number> {
  const { nodes } = graph;
  const boundaries = new Set<number>(forced);
  const uses = countUses(graph, roots);
  for (const id of roots) boundaries.add(stripReshapes(graph, id));
  const cost = new Array<number>(nodes.length).fill(0);
  const count = new Array<number>(nodes.length).fill(0);
  const sources = new Array<ReadonlySet<number>>(nodes.length);
  const fixed = fixedNodes(graph);
  for (const node of nodes) {
    const lowering = loweringOf(node);
    const { id, inputs } = node;
    if (isMemory(node)) boundaries.add(id);
    if (lowering.kind === "routine") {
      for (const input of inputs) boundaries.add(operandOf(graph, input, (i) => boundaries.has(i)).base);
    }
    const inside = inputs.filter((i) => !boundaries.has(i));
    if (lowering.kind === "elementwise" || lowering.kind === "cast") {
      const own = lowering.kind === "cast" || cheap.has(lowering.fn) ? 1 : 8;
      cost[id] = fixed[id] ? 0 : own + inside.reduce((sum, i) => sum + cost[i], 0);
      if (!options.fuse || (uses[id] > 1 && cost[id] > repeatable)) boundaries.add(id);
    } else if (lowering.kind === "view" || lowering.kind === "reshape") {
      cost[id] = cost[inputs[0]];
      const repeats = sizeOf(node.shape) / sizeOf(nodes[inputs[0]].shape);
      // A value used at many indices is computed once, unless it is next to nothing.
      const limit = sizeOf(nodes[inputs[0]].shape) === 1 ? 6 : 1;
      if (lowering.kind === "view" && repeats > 1 && cost[id] > limit && lowering.fill === undefined) {
        boundaries.add(stripReshapes(graph, inputs[0]));
        cost[id] = 0;
      }
    }
    count[id] = 1 +
      new Set(inputs.filter((i) => !boundaries.has(i))).values().reduce((sum, i) => sum + count[i], 0);
    if (count[id] > largestKernel) boundaries.add(id);
    sources[id] = sourcesOf(node, boundaries, sources);
    if (sources[id].size > options.maxBuffers - 2) {
      for (const input of inputs) if (sources[input].size > 1) boundaries.add(stripReshapes(graph, input));
      sources[id] = sourcesOf(node, boundaries, sources);
    }
    if (boundaries.has(id)) cost[id] = count[id] = 0;
  }
  return boundaries;
}

/** Whether a node's value depends on no data: a backend computes it once, or never. */
function fixedNodes(graph: Graph): boolean[] {
  const fixed: boolean[] = [];
  for (const node of graph.nodes) {
    const { kind } = loweringOf(node);
    const passes = kind === "elementwise" || kind === "cast" || kind === "reshape" || kind === "view";
    fixed.push(kind === "constant" || (passes && node.inputs.every((i) => fixed[i])));
  }
  return fixed;
}

function sourcesOf(
  node: GraphNode,
  boundaries: ReadonlySet<number>,
  sources: readonly ReadonlySet<number>[],
): ReadonlySet<number> {
  if (node.inputs.length === 1 && !boundaries.has(node.inputs[0])) return sources[node.inputs[0]];
  const all = new Set<number>();
  for (const input of node.inputs) {
    if (boundaries.has(input)) all.add(input);
    else for (const s of sources[input]) all.add(s);
  }
  return all;
}

/** For each node, how many kernels could want its value: users, looking through views. */
function countUses(graph: Graph, roots: readonly number[]): number[] {
  const uses = new Array<number>(graph.nodes.length).fill(0);
  for (const id of roots) uses[id]++;
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id];
    const kind = loweringOf(node).kind;
    const through = kind === "view" || kind === "reshape";
    for (const input of new Set(node.inputs)) uses[input] += through ? uses[id] : 1;
  }
  return uses;
}
