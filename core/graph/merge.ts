/**
 * Merging: two units that can share a loop nest become one. Chains, siblings that read the same data, and the stages of a row program such
 * as softmax. Each unit is tried with few others near it, and what lies between two of them is looked for in their neighbourhood only,
 * so that the cost grows with the number of units and not faster.
 *
 * @module
 */
import { sameShape, sizeOf } from "../shape.ts";
import type { Graph } from "./graph.ts";
import type { Group, Member } from "./lower.ts";
import type { Unit } from "./fuse.ts";

/** Rows below this many points are folded by one thread together with what follows them. */
const smallRow = 65536;
/** From this many rows on there is work for all threads without splitting rows. */
const manyRows = 32;
/** Merged kernels stay below these sizes, so that they compile fast. */
const largest = { instructions: 600, members: 48, buffers: 64 };
/** Earlier readers of a value that a unit is tried with. */
const nearestSiblings = 8;
/** Units that are looked at to find out whether two depend on each other through a third. */
const nearby = 256;

/** A unit's place in the order; after a merge, the one that it became. */
interface Vertex {
  unit: Unit;
  /** Position: every unit stands behind those that it reads from. */
  at: number;
  into: Vertex | null;
}

/** What merging has to know. */
export interface MergeContext {
  readonly graph: Graph;
  readonly maxBuffers: number;
  /** Whether a value has to be in memory whoever reads it. */
  isRoot(id: number): boolean;
  /** The unit of a group, storing what is told to; null when its members do not fit one kernel. */
  lower(group: Group, isStored: (member: Member) => boolean): Unit | null;
}

function find(v: Vertex): Vertex {
  let end = v;
  while (end.into !== null) end = end.into;
  while (v.into !== null) [v.into, v] = [end, v.into];
  return end;
}

function appendTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Merges what can be merged. The units come in an order in which they can run, and so does the result. */
export function mergeUnits(units: readonly Unit[], context: MergeContext): Unit[] {
  return new Merger(units, context).run();
}

class Merger {
  private readonly vertices: Vertex[];
  private readonly writers = new Map<number, Vertex[]>();
  private readonly readers = new Map<number, Vertex[]>();
  /** For each value its readers among the units that had their turn. */
  private readonly seen = new Map<number, Vertex[]>();

  constructor(units: readonly Unit[], private readonly context: MergeContext) {
    this.vertices = units.map((unit, at) => ({ unit, at, into: null }));
    for (const v of this.vertices) {
      for (const id of v.unit.writes) appendTo(this.writers, id, v);
      for (const id of v.unit.reads) appendTo(this.readers, id, v);
    }
  }

  run(): Unit[] {
    for (const v of this.vertices) {
      if (v.unit.group !== null) { while (this.mergeOne(v)); }
      for (const id of v.unit.reads) appendTo(this.seen, id, v);
    }
    return this.vertices.filter((v) => v.into === null).sort((a, b) => a.at - b.at).map((v) => v.unit);
  }

  /** Merges a unit with the nearest that it fits. */
  private mergeOne(v: Vertex): boolean {
    for (const other of this.candidates(v)) {
      const [a, b] = other.at < v.at ? [other, v] : [v, other];
      const unit = this.merged(a.unit, b.unit, (w) => w === a || w === b);
      if (unit === null || !this.bringTogether(a, b, v)) continue;
      v.unit = unit;
      other.into = v;
      return true;
    }
    return false;
  }

  /** Units that write what this one reads, and earlier readers of the same large values; nearest first. */
  private candidates(v: Vertex): Vertex[] {
    const found = new Set<Vertex>();
    const { nodes } = this.context.graph;
    for (const id of v.unit.reads) {
      for (const writer of this.writers.get(id) ?? []) found.add(find(writer));
      const siblings = this.seen.get(id);
      if (siblings === undefined || sizeOf(nodes[id].shape) === 1) continue;
      const end = siblings.length - 1;
      for (let i = end; i >= 0 && i > end - nearestSiblings; i--) found.add(find(siblings[i]));
    }
    found.delete(v);
    return [...found].filter((other) => other.unit.group !== null).sort((a, b) => b.at - a.at);
  }

  private merged(a: Unit, b: Unit, isInside: (v: Vertex) => boolean): Unit | null {
    if (a.group === null || b.group === null || a.lowered === null || b.lowered === null) return null;
    const size = a.lowered.kernel.code.length + b.lowered.kernel.code.length;
    if (size > largest.instructions) return null;
    if (a.group.members.length + b.group.members.length > largest.members) return null;
    const group = joinGroups(a.group, b.group);
    if (group === null) return null;
    const { context } = this;
    const merged = context.lower(
      group,
      (m) =>
        m.part !== null || context.isRoot(m.target.id) ||
        (this.readers.get(m.target.id) ?? []).some((v) => !isInside(find(v))),
    );
    if (merged === null || merged.lowered === null) return null;
    const { kernel, reads } = merged.lowered;
    const inside = new Set(group.members.map((m) => m.target.id));
    if (reads.some((r) => inside.has(r))) return null;
    const buffers = Math.min(context.maxBuffers, largest.buffers);
    return kernel.inputs.length + kernel.outputs.length > buffers ? null : merged;
  }

  /**
   * Makes room for a and b (later) at one position, that of `v`. False when b depends on a through a third unit, or when that cannot be
   * ruled out nearby. What b needs moves in front of both, what needs a behind.
   */
  private bringTogether(a: Vertex, b: Vertex, v: Vertex): boolean {
    const before = reach(b, a, (w) => this.before(w), (w) => w.at > a.at);
    if (before === null) return false;
    const after = reach(a, b, (w) => this.after(w), (w) => w.at < b.at);
    if (after === null) return false;
    const byPosition = (x: Vertex, y: Vertex) => x.at - y.at;
    const places = [...before, ...after, a, b].map((w) => w.at).sort((x, y) => x - y);
    before.sort(byPosition).forEach((w, i) => w.at = places[i]);
    v.at = places[before.length];
    after.sort(byPosition).forEach((w, i) => w.at = places[before.length + 2 + i]);
    return true;
  }

  private *before(v: Vertex): Generator<Vertex> {
    for (const id of v.unit.reads) for (const w of this.writers.get(id) ?? []) yield find(w);
  }

  private *after(v: Vertex): Generator<Vertex> {
    for (const id of v.unit.writes) for (const w of this.readers.get(id) ?? []) yield find(w);
  }
}

/** All that is reached from `start` by `next` inside a region; null when `end` is reached by way of another, or it is too much. */
function reach(
  start: Vertex,
  end: Vertex,
  next: (v: Vertex) => Iterable<Vertex>,
  inside: (v: Vertex) => boolean,
): Vertex[] | null {
  const found = new Set<Vertex>();
  const stack = [start];
  while (stack.length > 0) {
    const v = stack.pop() as Vertex;
    for (const w of next(v)) {
      if (w === end && v !== start) return null;
      if (w === end || w === start || found.has(w) || !inside(w)) continue;
      if (found.size === nearby) return null;
      found.add(w);
      stack.push(w);
    }
  }
  return [...found];
}

/** One group of both, when they have one iteration space; else null. */
function joinGroups(a: Group, b: Group): Group | null {
  const members = [...a.members, ...b.members];
  if (a.dims.length === 0 && b.dims.length === 0) {
    return sameShape(a.shape, b.shape) ? { shape: a.shape, dims: [], members } : null;
  }
  const row = a.dims.length > 0 ? a : b;
  const other = row === a ? b : a;
  const { shape, dims } = row;
  if (other.dims.length > 0 && !(sameShape(other.shape, shape) && sameShape(other.dims, dims))) return null;
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
