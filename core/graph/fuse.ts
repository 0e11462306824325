/**
 * Fusion: groups of nodes that become one kernel each. Starts with a group per boundary and merges groups that can share a loop nest:
 * chains, siblings that read the same data, and the stages of a row program such as softmax. Without fusion the first step alone remains.
 *
 * @module
 */
import { sizeOf } from "../shape.ts";
import { findBoundaries, stripReshapes } from "./boundaries.ts";
import { type Graph, type GraphNode, loweringOf } from "./graph.ts";
import { type Group, type LoweredGroup, lowerGroup, type LoweringContext, type Member } from "./lower.ts";

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

/** Rows below this many points are folded by one thread together with what follows them. */
const smallRow = 65536;
/** From this many rows on there is work for all threads without splitting rows. */
const manyRows = 32;

/** Groups the graph. */
export function fuse(graph: Graph, roots: readonly number[], options: FuseOptions): Fusion {
  const forced = new Set<number>();
  // Each round makes one more node a boundary, so this ends.
  for (;;) {
    const boundaries = findBoundaries(graph, roots, forced, options);
    const result = new Fuser(graph, roots, boundaries, options).run();
    if (typeof result !== "number") return { units: result, boundaries };
    forced.add(result);
  }
}

class Fuser {
  private units: Unit[] = [];
  private readonly rootIds: ReadonlySet<number>;

  constructor(
    private readonly graph: Graph,
    roots: readonly number[],
    private readonly boundaries: ReadonlySet<number>,
    private readonly options: FuseOptions,
  ) {
    this.rootIds = new Set(roots.map((id) => stripReshapes(graph, id)));
  }

  /** The units, or a node that has to become a boundary first. */
  run(): Unit[] | number {
    const needed = this.neededBoundaries();
    for (const node of this.graph.nodes) {
      if (!needed.has(node.id)) continue;
      const lowering = loweringOf(node);
      if (lowering.kind === "leaf") continue;
      if (lowering.kind === "routine") {
        const reads = node.inputs.map((i) => this.memoryBelow(i));
        this.units.push({ group: null, lowered: null, routine: node, reads, writes: [node.id] });
        continue;
      }
      for (const group of this.groupsOf(node)) {
        const unit = this.lower(group, (member) => member !== null);
        if (typeof unit === "number") return unit;
        if (unit === null) throw new Error(`fuse: ${node.prim.name} does not fit a kernel of its own`);
        this.units.push(unit);
      }
    }
    if (this.options.fuse) this.mergeAll();
    return this.units;
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

  private mergeAll(): void {
    for (let i = 0; i < this.units.length; i++) {
      let again = true;
      while (again) {
        again = false;
        const unit = this.units[i];
        if (unit.group === null) break;
        for (let j = i - 1; j >= 0; j--) {
          const other = this.units[j];
          if (other.group === null || !this.related(other, unit)) continue;
          const merged = this.merge(other, unit);
          if (merged === null) continue;
          // In the place of the later one, so that all it reads stands before it.
          this.units[i] = merged;
          this.units.splice(j, 1);
          i--;
          again = true;
          break;
        }
      }
    }
  }

  /** Whether merging could pay: one reads what the other writes, or both read the same large value. */
  private related(a: Unit, b: Unit): boolean {
    if (a.writes.some((w) => b.reads.includes(w))) return true;
    return a.reads.some((r) => sizeOf(this.graph.nodes[r].shape) > 1 && b.reads.includes(r));
  }

  private merge(a: Unit, b: Unit): Unit | null {
    if (a.group === null || b.group === null) return null;
    const group = joinGroups(a.group, b.group);
    if (group === null || this.pathBetween(a, b)) return null;
    const inside = new Set(group.members.map((m) => m.target.id));
    const wanted = new Set<number>(this.rootIds);
    for (const unit of this.units) {
      if (unit !== a && unit !== b) { for (const r of unit.reads) wanted.add(r); }
    }
    const merged = this.lower(group, (m) => wanted.has(m.target.id) || m.part !== null);
    if (merged === null || typeof merged === "number" || merged.lowered === null) return null;
    const { kernel, reads } = merged.lowered;
    if (reads.some((r) => inside.has(r))) return null;
    return kernel.inputs.length + kernel.outputs.length > this.options.maxBuffers ? null : merged;
  }

  /** Whether the later unit depends on the earlier one through a third. */
  private pathBetween(a: Unit, b: Unit): boolean {
    const producers = new Map<number, Unit[]>();
    for (const unit of this.units) {
      for (const w of unit.writes) {
        const list = producers.get(w);
        if (list === undefined) producers.set(w, [unit]);
        else list.push(unit);
      }
    }
    const stack: Unit[] = [];
    const visited = new Set<Unit>();
    const visit = (unit: Unit, skip: Unit | null) => {
      for (const r of unit.reads) {
        for (const p of producers.get(r) ?? []) {
          if (p !== skip && p !== unit && !visited.has(p)) {
            visited.add(p);
            stack.push(p);
          }
        }
      }
    };
    visit(b, a);
    while (stack.length > 0) {
      const unit = stack.pop() as Unit;
      if (unit === a) return true;
      visit(unit, null);
    }
    return false;
  }
}

/** One group of both, when they have one iteration space; else null. */
function joinGroups(a: Group, b: Group): Group | null {
  const members = [...a.members, ...b.members];
  const same = (x: readonly number[], y: readonly number[]) =>
    x.length === y.length && x.every((v, i) => v === y[i]);
  if (a.dims.length === 0 && b.dims.length === 0) {
    return same(a.shape, b.shape) ? { shape: a.shape, dims: [], members } : null;
  }
  const row = a.dims.length > 0 ? a : b;
  const other = row === a ? b : a;
  const { shape, dims } = row;
  if (other.dims.length > 0 && !(same(other.shape, shape) && same(other.dims, dims))) return null;
  const folded = dims.reduce((n, d) => n * shape[d], 1);
  const rows = sizeOf(shape) / folded;
  const isEpilogue = other.dims.length === 0 && sizeOf(other.shape) === rows;
  const isPureFold = a.dims.length > 0 && b.dims.length > 0 &&
    !a.members.some((m) => sizeOf(m.node.shape) > rows) &&
    !b.members.some((m) => sizeOf(m.node.shape) > rows);
  if (!isEpilogue && !isPureFold) {
    // Values per inner point: the rows must be innermost in memory and enough of them, or small.
    if (!dims.includes(shape.length - 1)) return null;
    if (rows < manyRows && folded > smallRow) return null;
  } else if (rows < manyRows && folded > smallRow && !isPureFold) {
    // A long fold is split over threads by itself; what follows it is next to nothing.
    return null;
  }
  return { shape, dims, members };
}
