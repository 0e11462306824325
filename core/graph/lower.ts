/**
 * Lowering: a group of nodes to one loop kernel. Walks from the members down to boundaries (values in memory), composing index maps
 * through views on the way.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import type { Affine, Guard, Instr, Level, LoopKernel } from "../kernel/ir.ts";
import { sameShape, type Shape } from "../shape.ts";
import { type Graph, type GraphNode, loweringOf } from "./graph.ts";
import {
  constant,
  type IndexMap,
  isRefinement,
  linear,
  loopIndex,
  mapText,
  range,
  type Refinement,
  reshapeMap,
  scaled,
  splitLoop,
} from "./index_map.ts";

/** A value that a group computes, and where it is stored. */
export interface Member {
  readonly node: GraphNode;
  /** The node that owns the memory: the node itself, or the concatenation it is a part of. */
  readonly target: GraphNode;
  /** For a part of a concatenation: the dimension and where along it the part begins. */
  readonly part: { readonly dim: number; readonly start: number } | null;
}

/** Members that share one iteration space: the indices of `shape`, of which `dims` are folded. */
export interface Group {
  readonly shape: Shape;
  readonly dims: readonly number[];
  readonly members: readonly Member[];
}

/** A kernel and the nodes behind its buffers. */
export interface LoweredGroup {
  readonly kernel: LoopKernel;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly label: string;
}

/** What stood in the way. */
export type LoweringFailure =
  /** This node must be in memory first. */
  | { readonly kind: "boundary"; readonly node: number }
  /** The members do not fit one kernel. */
  | { readonly kind: "mismatch" };

/** Thrown inside this file only; not an Error, since those are slow to make. */
class Obstacle {
  constructor(readonly failure: LoweringFailure | Refinement) {}
}

/** What the group may read from memory and which members nobody reads from there. */
export interface LoweringContext {
  readonly graph: Graph;
  /** Nodes whose value is in memory. */
  isBoundary(id: number): boolean;
  /** Whether the member has to be stored for somebody outside `group`. */
  isStored(member: Member, group: Group): boolean;
}

/** The kernel of a group, or why there is none. */
export function lowerGroup(context: LoweringContext, group: Group): LoweredGroup | LoweringFailure {
  const loops = group.shape.length;
  let extents = [
    ...group.shape.filter((_, d) => !group.dims.includes(d)),
    ...group.dims.map((d) => group.shape[d]),
  ];
  let outer = loops - group.dims.length;
  let kept = 0;
  let at: Affine[] = group.shape.map((_, d) => {
    const folded = group.dims.indexOf(d);
    return loopIndex(folded >= 0 ? outer + folded : kept++, loops);
  });
  // Each refinement splits a loop; factorisations are finite, so this ends.
  for (;;) {
    try {
      return new Lowerer(context, group, extents, outer, at).run();
    } catch (error) {
      if (!(error instanceof Obstacle)) throw error;
      const failure = error.failure;
      if ("kind" in failure) return failure;
      const { dim, factor } = failure;
      extents = [...extents.slice(0, dim), extents[dim] / factor, factor, ...extents.slice(dim + 1)];
      if (dim < outer) outer++;
      at = at.map((a) => splitLoop(a, dim, factor));
    }
  }
}

class Lowerer {
  private readonly code: Instr[] = [];
  private readonly reads: number[] = [];
  private readonly inputTypes: DType[] = [];
  private readonly mapIds = new Map<string, number>();
  private readonly memo = new Map<string, number>();
  private readonly homes = new Map<number, string>();
  private readonly labels = new Set<string>();
  private readonly full: IndexMap;
  private readonly loops: number;

  constructor(
    private readonly context: LoweringContext,
    private readonly group: Group,
    private readonly extents: readonly number[],
    private readonly outer: number,
    at: readonly Affine[],
  ) {
    this.loops = extents.length;
    this.full = { at, guards: [] };
  }

  run(): LoweredGroup {
    const { group, context } = this;
    const maps = group.members.map((m) => this.memberMap(m.node));
    group.members.forEach((m, i) => {
      // A part of a concatenation that is in memory already is copied, not computed again.
      if (m.part === null || !context.isBoundary(m.node.id)) this.homes.set(m.node.id, mapText(maps[i]));
    });
    const values = group.members.map((m, i) => this.emit(m.node, maps[i]));
    const writes: number[] = [], outputs: DType[] = [];
    group.members.forEach((m, i) => {
      if (!context.isStored(m, group)) return;
      let output = writes.indexOf(m.target.id);
      if (output < 0) {
        output = writes.push(m.target.id) - 1;
        outputs.push(m.node.dtype);
      }
      const part = m.part;
      const index = part === null
        ? maps[i].at
        : maps[i].at.map((a, d) => d === part.dim ? scaled(a, 1, part.start) : a);
      const address = linear(index, m.target.shape, this.loops);
      const level = maps[i].at.some((a) => this.isInner(a)) ? "inner" : "outer";
      this.code.push({ op: "store", dtype: m.node.dtype, level, output, at: address, arg: values[i] });
    });
    const kernel: LoopKernel = {
      outer: this.extents.slice(0, this.outer),
      inner: this.extents.slice(this.outer),
      inputs: this.inputTypes,
      outputs,
      code: this.code,
    };
    return { kernel, reads: this.reads, writes, label: [...this.labels].join(", ") };
  }

  /** Where a member stands in the group's space: at every index, or at every index that is not folded. */
  private memberMap(node: GraphNode): IndexMap {
    const { shape, dims } = this.group;
    const fits = (expected: Shape) => sameShape(expected, node.shape);
    const isFold = loweringOf(node).kind === "reduce";
    if (!(isFold && dims.length > 0) && fits(shape)) return this.full;
    const kept = shape.map((_, d) => d).filter((d) => !dims.includes(d));
    if (fits(kept.map((d) => shape[d]))) return { at: kept.map((d) => this.full.at[d]), guards: [] };
    if (fits(shape.map((s, d) => dims.includes(d) ? 1 : s))) {
      const at = this.full.at.map((a, d) => dims.includes(d) ? constant(0, this.loops) : a);
      return { at, guards: [] };
    }
    throw new Obstacle({ kind: "mismatch" });
  }

  private isInner(a: Affine): boolean {
    for (let k = this.outer; k < this.loops; k++) if (a.strides[k] !== 0) return true;
    return false;
  }

  private push(instr: Instr): number {
    return this.code.push(instr) - 1;
  }

  private levelOf(args: readonly number[]): Level {
    return args.some((a) => this.code[a].level === "inner") ? "inner" : "outer";
  }

  private emit(node: GraphNode, map: IndexMap): number {
    const text = mapText(map);
    let mapId = this.mapIds.get(text);
    if (mapId === undefined) this.mapIds.set(text, mapId = this.mapIds.size);
    const key = `${node.id}@${mapId}`;
    let value = this.memo.get(key);
    if (value === undefined) this.memo.set(key, value = this.compute(node, map, text));
    return value;
  }

  private compute(node: GraphNode, map: IndexMap, text: string): number {
    const { context } = this;
    const home = this.homes.get(node.id);
    if (home === undefined && context.isBoundary(node.id)) return this.load(node, node.shape, map);
    if (home !== undefined && home !== text) {
      throw new Obstacle({ kind: "mismatch" });
    }
    const lowering = loweringOf(node);
    const input = (i: number) => context.graph.nodes[node.inputs[i]];
    switch (lowering.kind) {
      case "constant":
        return this.push({
          op: "const",
          dtype: node.dtype,
          level: "outer",
          value: lowering.value(node.attrs),
        });
      case "iota": {
        const at = map.at[lowering.dim(node.attrs)];
        return this.push({ op: "index", dtype: node.dtype, level: this.isInner(at) ? "inner" : "outer", at });
      }
      case "elementwise": {
        const args = node.inputs.map((_, i) => this.emit(input(i), map));
        this.labels.add(node.prim.name);
        return this.push({
          op: "apply",
          dtype: node.dtype,
          level: this.levelOf(args),
          fn: lowering.fn,
          args,
        });
      }
      case "cast": {
        const arg = this.emit(input(0), map);
        this.labels.add(node.prim.name);
        return this.push({ op: "cast", dtype: node.dtype, level: this.levelOf([arg]), arg });
      }
      case "reshape":
        return this.emitReshape(node, input(0), map);
      case "view": {
        const inner = lowering.map(map, input(0).shape, node.shape, node.attrs);
        if (inner === null) throw new Obstacle({ kind: "boundary", node: node.inputs[0] });
        if (isRefinement(inner)) throw new Obstacle(inner);
        return this.emitView(node, input(0), map, this.simplify(inner), lowering.fill?.(node.attrs));
      }
      case "reduce":
        return this.emitReduce(node, input(0), lowering.combiner, lowering.dims(node.attrs));
      default:
        // Routines and concatenations are always boundaries.
        throw new Obstacle({ kind: "mismatch" });
    }
  }

  private emitReshape(node: GraphNode, from: GraphNode, map: IndexMap): number {
    let base = from;
    while (
      loweringOf(base).kind === "reshape" && !this.context.isBoundary(base.id) && !this.homes.has(base.id)
    ) {
      base = this.context.graph.nodes[base.inputs[0]];
    }
    // In memory the elements are in order, so any shape addresses them.
    if (this.context.isBoundary(base.id) && !this.homes.has(base.id)) return this.load(base, node.shape, map);
    const inner = reshapeMap(map, from.shape, node.shape, this.extents);
    if (inner === null) {
      throw new Obstacle(
        this.homes.has(from.id) ? { kind: "mismatch" } : { kind: "boundary", node: from.id },
      );
    }
    if (isRefinement(inner)) throw new Obstacle(inner);
    return this.emit(from, inner);
  }

  private emitView(
    node: GraphNode,
    from: GraphNode,
    outside: IndexMap,
    map: IndexMap,
    fill: number | bigint | undefined,
  ): number {
    const value = this.emit(from, map);
    const added = map.guards.slice(outside.guards.length);
    if (fill === undefined || added.length === 0) return value;
    const instr = this.code[value];
    // A guarded load gives zero by itself.
    if (instr.op === "load" && (fill === 0 || fill === 0n) && !Object.is(fill, -0)) return value;
    const level: Level = added.some((g) => this.isInner(g.at)) ? "inner" : "outer";
    const inside = this.push({ op: "inside", dtype: "bool", level, guards: added });
    const border = this.push({ op: "const", dtype: node.dtype, level: "outer", value: fill });
    const args = [inside, value, border];
    return this.push({ op: "apply", dtype: node.dtype, level: this.levelOf(args), fn: "where", args });
  }

  private emitReduce(
    node: GraphNode,
    from: GraphNode,
    combiner: Extract<Instr, { op: "reduce" }>["combiner"],
    dims: readonly number[],
  ): number {
    const { group } = this;
    const fits = sameShape(from.shape, group.shape) && sameShape(dims, group.dims);
    if (!fits || !this.homes.has(node.id)) throw new Obstacle({ kind: "mismatch" });
    let arg = this.emit(from, this.full);
    this.labels.add(node.prim.name);
    // Half-precision sums and products accumulate in float32.
    const half = (node.dtype === "float16" || node.dtype === "bfloat16") &&
      (combiner === "sum" || combiner === "prod");
    if (half) arg = this.push({ op: "cast", dtype: "float32", level: this.code[arg].level, arg });
    const value = this.push({
      op: "reduce",
      dtype: half ? "float32" : node.dtype,
      level: "outer",
      combiner,
      arg,
    });
    return half ? this.push({ op: "cast", dtype: node.dtype, level: "outer", arg: value }) : value;
  }

  private load(node: GraphNode, shape: Shape, map: IndexMap): number {
    let input = this.reads.indexOf(node.id);
    if (input < 0) {
      input = this.reads.push(node.id) - 1;
      this.inputTypes.push(node.dtype);
    }
    const at = linear(map.at, shape, this.loops);
    const inner = this.isInner(at) || map.guards.some((g) => this.isInner(g.at));
    return this.push({
      op: "load",
      dtype: node.dtype,
      level: inner ? "inner" : "outer",
      input,
      at,
      guards: map.guards,
    });
  }

  /** Drops guards that always hold. */
  private simplify(map: IndexMap): IndexMap {
    const guards = map.guards.filter((g) => !this.alwaysHolds(g));
    return guards.length === map.guards.length ? map : { at: map.at, guards };
  }

  private alwaysHolds(g: Guard): boolean {
    const [low, high] = range(g.at, this.extents);
    return low >= g.low && high < g.high;
  }
}
