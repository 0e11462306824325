/**
 * From a trace to a plan: graph, fusion, schedule. Also the debug switch that prints each form.
 *
 * @module
 */
import { type Plan, planText } from "../kernel/plan.ts";
import { fuse } from "./fuse.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { schedule } from "./schedule.ts";
import { isHeld, type Trace } from "./trace.ts";

/** A plan and where its inputs and outputs are in the trace it was made from. */
export interface CompiledTrace {
  readonly plan: Plan;
  /** Leaf number of each input slot. */
  readonly inputs: readonly number[];
  /** For each output slot the places in the trace whose value it is. */
  readonly outputs: readonly (readonly number[])[];
  /** For each output slot the donated leaf whose memory it takes over, or -1. */
  readonly takes: readonly number[];
  /** Whether an output slot is kept for backward and may be dropped. */
  readonly derived: readonly boolean[];
}

/** How to compile. */
export interface CompileOptions {
  readonly fuse: boolean;
  readonly maxBuffers: number;
  /** Keep what backward may want. */
  readonly keep: boolean;
  readonly donated: ReadonlySet<number>;
}

let print: ((text: string) => void) | null = null;

/**
 * Prints every plan that is made from now on, with its graph and kernels; `false` stops it. For looking at what Tenon does with a program.
 */
export function setDebug(on: boolean | ((text: string) => void)): void {
  print = on === true ? (text) => console.error(text) : on === false ? null : on;
}

function graphText(graph: Graph): string {
  return graph.nodes.map((n) =>
    `n${n.id}: ${n.dtype}[${n.shape}] ${n.leaf >= 0 ? `leaf ${n.leaf}` : n.prim.name}(${
      n.inputs.map((i) => `n${i}`)
    })`
  )
    .join("\n");
}

/** Makes the plan for the places `roots` of a trace. */
export function compileTrace(trace: Trace, roots: readonly number[], options: CompileOptions): CompiledTrace {
  const graph = buildGraph(trace, roots);
  const ids = roots.map((place) => graph.idOf[place]);
  const fusion = fuse(graph, ids, options);
  const tracked = new Set<number>();
  if (options.keep) {
    trace.nodes.forEach((x, place) => x.track !== 0 && !isHeld(x) && tracked.add(graph.idOf[place]));
  }
  // A root that is a reshape shares the memory of what it reshapes.
  const below = (id: number): number => {
    let node = graph.nodes[id];
    while (node.leaf < 0 && node.prim.lowering.kind === "reshape") node = graph.nodes[node.inputs[0]];
    return node.id;
  };
  const wanted = new Set(ids.map(below));
  const result = schedule(graph, fusion, {
    outputs: [...wanted],
    keeps: (node) => tracked.has(node.id),
    donated: options.donated,
  });
  const places = new Map<number, number[]>();
  graph.idOf.forEach((id, place) => {
    const x = trace.nodes[place];
    if (isHeld(x)) return;
    const base = below(id);
    places.set(base, [...(places.get(base) ?? []), place]);
  });
  const rootPlaces = new Set(roots);
  const outputs = result.outputNodes.map((id) => {
    // Tensors that are not asked for keep their graph, unless backward may want the value.
    return (places.get(id) ?? []).filter((p) =>
      rootPlaces.has(p) || (options.keep && trace.nodes[p].track !== 0)
    );
  });
  const { slots } = result.plan;
  const inputSlots = slots.map((_, i) => i).filter((i) => slots[i].role === "input");
  const outputSlots = slots.map((_, i) => i).filter((i) => slots[i].role === "output");
  const compiled: CompiledTrace = {
    plan: result.plan,
    inputs: result.inputLeaves,
    outputs,
    takes: outputSlots.map((i) => {
      const from = slots[i].inPlaceOf;
      return from >= 0 && slots[from].role === "input" ? result.inputLeaves[inputSlots.indexOf(from)] : -1;
    }),
    derived: result.outputNodes.map((id) => !wanted.has(id)),
  };
  if (print !== null) print(`graph\n${graphText(graph)}\nplan\n${planText(result.plan)}\n`);
  return compiled;
}
