/**
 * Fusion: groups of nodes that become one kernel each. Starts with a group per boundary, then merges groups that can share a loop nest
 * (merge.ts). Without fusion the first step alone remains.
 *
 * @module
 */
import { findBoundaries, stripReshapes } from "./boundaries.ts";
import { type Graph, type GraphNode, loweringOf } from "./graph.ts";
import { type Group, type LoweredGroup, lowerGroup, type LoweringContext, type Member } from "./lower.ts";
import { mergeUnits } from "./merge.ts";

/** How to fuse. */
export interface FuseOptions {
  /** false gives one kernel per node. */
  readonly fuse: boolean;
  /** Most buffers that one kernel may use. */
  readonly maxBuffers: number;
}

/** A kernel to be: a lowered group, or a routine's node. */
export interface Unit {
  readonly group: Group | null;
  readonly lowered: LoweredGroup | null;
  readonly routine: GraphNode | null;
  /** Nodes in memory that it reads. */
  readonly reads: readonly number[];
  /** Nodes that it writes. */
  readonly writes: readonly number[];
}

/** Units, and the boundaries between them. */
export interface Fusion {
  readonly units: readonly Unit[];
  readonly boundaries: ReadonlySet<number>;
}

/** Groups the graph. The units come in an order in which they can run. */
export function fuse(graph: Graph, roots: readonly number[], options: FuseOptions): Fusion {
  const forced = new Set<number>();
  // Each round makes more nodes boundaries, so this ends.
  for (;;) {
    const boundaries = findBoundaries(graph, roots, forced, options);
    const before = forced.size;
    const units = new Fuser(graph, roots, boundaries, options).run(forced);
    if (forced.size === before) return { units, boundaries };
  }
}

class Fuser {
  private readonly rootIds: ReadonlySet<number>;

  constructor(
    private readonly graph: Graph,
    roots: readonly number[],
    private readonly boundaries: ReadonlySet<number>,
    private readonly options: FuseOptions,
  ) {
    this.rootIds = new Set(roots.map((id) => stripReshapes(graph, id)));
  }

  /** The units; nothing yet when nodes have to become boundaries first, which are added to `forced`. */
  run(forced: Set<number>): Unit[] {
    const needed = this.neededBoundaries();
    const units: Unit[] = [];
    const before = forced.size;
    for (const node of this.graph.nodes) {
      if (!needed.has(node.id)) continue;
      const lowering = loweringOf(node);
      if (lowering.kind === "leaf") continue;
      if (lowering.kind === "routine") {
        const reads = node.inputs.map((i) => this.memoryBelow(i));
        units.push({ group: null, lowered: null, routine: node, reads, writes: [node.id] });
        continue;
      }
      for (const group of this.groupsOf(node)) {
        const unit = this.lower(group, () => true);
        if (typeof unit === "number") forced.add(unit);
        else if (unit === null) throw new Error(`fuse: ${node.prim.name} does not fit a kernel of its own`);
        else units.push(unit);
      }
    }
    if (forced.size > before || !this.options.fuse) return units;
    return mergeUnits(units, {
      graph: this.graph,
      maxBuffers: this.options.maxBuffers,
      isRoot: (id) => this.rootIds.has(id),
      lower: (group, isStored) => {
        const unit = this.lower(group, isStored);
        return typeof unit === "number" ? null : unit;
      },
    });
  }

  /** Boundaries that the roots really need. */
  private neededBoundaries(): Set<number> {
    const needed = new Set<number>();
    const stack = [...this.rootIds];
    const visited = new Set<number>(stack);
    while (stack.length > 0) {
      const id = stack.pop() as number;
      if (this.boundaries.has(id)) needed.add(id);
      for (const input of this.graph.nodes[id].inputs) {
        if (!visited.has(input)) {
          visited.add(input);
          stack.push(input);
        }
      }
    }
    return needed;
  }

  /** The boundary that holds a routine's operand, below views. */
  private memoryBelow(id: number): number {
    let node = this.graph.nodes[id];
    while (!this.boundaries.has(node.id)) node = this.graph.nodes[node.inputs[0]];
    return node.id;
  }

  private groupsOf(node: GraphNode): Group[] {
    const lowering = loweringOf(node);
    if (lowering.kind === "concat") {
      const dim = lowering.dim(node.attrs);
      let start = 0;
      return node.inputs.map((i) => {
        const input = this.graph.nodes[i];
        const part = { dim, start };
        start += input.shape[dim];
        return { shape: input.shape, dims: [], members: [{ node: input, target: node, part }] };
      });
    }
    const member: Member = { node, target: node, part: null };
    if (lowering.kind !== "reduce") return [{ shape: node.shape, dims: [], members: [member] }];
    return [{
      shape: this.graph.nodes[node.inputs[0]].shape,
      dims: lowering.dims(node.attrs),
      members: [member],
    }];
  }

  /** Lowers a group; null when its members do not fit together, a number when a node must become a boundary. */
  private lower(group: Group, isStored: (member: Member) => boolean): Unit | number | null {
    const context: LoweringContext = {
      graph: this.graph,
      isBoundary: (id) => this.boundaries.has(id),
      isStored,
    };
    const lowered = lowerGroup(context, group);
    if ("kind" in lowered) return lowered.kind === "boundary" ? lowered.node : null;
    return { group, lowered, routine: null, reads: lowered.reads, writes: lowered.writes };
  }
}
