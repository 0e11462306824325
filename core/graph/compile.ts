/**
 * From a trace to a plan: graph, fusion, schedule. Also the debug switch that prints each form.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import { DeviceError } from "../errors.ts";
import { type Plan, planText, type Step } from "../kernel/plan.ts";
import { sizeOf } from "../shape.ts";
import { stripReshapes } from "./boundaries.ts";
import { fuse } from "./fuse.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { schedule } from "./schedule.ts";
import { isHeld, type Trace } from "./trace.ts";

/** An output of a plan, in terms of the trace it was made from. */
export interface PlanOutput {
  readonly dtype: DType;
  readonly count: number;
  /** The places in the trace whose value it is. */
  readonly places: readonly number[];
  /** The donated leaf whose memory it takes over, or -1. */
  readonly takes: number;
  /** Kept for backward only, and may be dropped. */
  readonly derived: boolean;
}

/** A plan and where its inputs and outputs are in the trace it was made from. */
export interface CompiledTrace {
  readonly plan: Plan;
  /** Leaf number of each input slot. */
  readonly inputs: readonly number[];
  /** In the order of the plan's output slots. */
  readonly outputs: readonly PlanOutput[];
  /** Donated leaves whose memory no output takes over; it is free after the run. */
  readonly spent: readonly number[];
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

/** Loops count in 32 bits: a longer one would stop early. */
const longestLoop = 2 ** 31 - 1;

function checkCounts(step: Step): void {
  const spaces = step.kind === "loop" ? [step.kernel.outer, step.kernel.inner] : [step.outputShape];
  for (const extents of spaces) {
    if (sizeOf(extents) <= longestLoop) continue;
    throw new DeviceError(
      `${step.label}: ${sizeOf(extents)} elements [${
        extents.join(", ")
      }] are more than a kernel can count (${longestLoop}); ` +
        "work on parts of the tensor",
    );
  }
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
  const wanted = new Set(ids.map((id) => stripReshapes(graph, id)));
  const result = schedule(graph, fusion, {
    outputs: [...wanted],
    keeps: (node) => tracked.has(node.id),
    donated: options.donated,
  });
  result.plan.steps.forEach(checkCounts);
  // The output that holds a node's value. A reshape can be an output itself, where a routine needed it in order.
  const places = new Map<number, number[]>(result.outputNodes.map((id) => [id, []]));
  graph.idOf.forEach((id, place) => {
    if (isHeld(trace.nodes[place])) return;
    let node = graph.nodes[id];
    while (!places.has(node.id) && node.prim.lowering.kind === "reshape") node = graph.nodes[node.inputs[0]];
    places.get(node.id)?.push(place);
  });
  const rootPlaces = new Set(roots);
  const { slots } = result.plan;
  const leafOf = new Map<number, number>();
  slots.forEach((slot, i) => slot.role === "input" && leafOf.set(i, result.inputLeaves[leafOf.size]));
  const outputs = slots.filter((slot) => slot.role === "output").map(({ dtype, count, inPlaceOf }, i) => {
    const id = result.outputNodes[i];
    return {
      dtype,
      count,
      // Tensors that are not asked for keep their graph, unless backward may want the value.
      places: (places.get(id) as number[]).filter((p) =>
        rootPlaces.has(p) || (options.keep && trace.nodes[p].track !== 0)
      ),
      takes: leafOf.get(inPlaceOf) ?? -1,
      derived: !wanted.has(id),
    };
  });
  const taken = new Set(outputs.map((output) => output.takes));
  const spent = [...options.donated].filter((leaf) => !taken.has(leaf));
  if (print !== null) print(`graph\n${graphText(graph)}\nplan\n${planText(result.plan)}\n`);
  return { plan: result.plan, inputs: result.inputLeaves, outputs, spent };
}
