/**
 * Kernels that read across the direction in which they write, such as transposing copies, for GPUs: a workgroup brings a square of what it reads to shared
 * memory, neighbouring threads reading neighbouring elements, and computes and writes from there, neighbouring threads writing neighbouring elements.
 *
 * @module
 */
import type { LoopKernel } from "../../../kernel/ir.ts";
import { Emitter, type LoopJob, type Target } from "./emitter.ts";
import { foldGroups, groupText, indexLines, type Rendered, rendered } from "./frame.ts";
import { registerType } from "./scalar.ts";

/** Loads that run on along another loop than the innermost, along which the kernel stores. */
export interface Crossing {
  readonly loop: number;
  readonly loads: readonly number[];
}

/** The side of a square, and how many of its rows a workgroup handles at a time. */
const side = 32, rows = 8;
/** One element more than needed from row to row, so that a column lies in as many banks as a row. */
const pitch = side + 1;
/** Squares that a workgroup may hold: three of them fit the memory that every device has. */
const mostLoads = 3;
/** Extents below which a square would be mostly empty. */
const leastExtent = 16;

/** The loads of a kernel without reductions that are worth a detour through shared memory; null when there are none, or too many. */
export function crossingOf({ kernel, alias }: LoopJob): Crossing | null {
  const last = kernel.outer.length - 1;
  if (last < 1 || kernel.outer[last] < leastExtent || !runsOn(kernel, last)) return null;
  const byLoop = new Map<number, number[]>();
  kernel.code.forEach((instr, i) => {
    if (instr.op !== "load" || Math.abs(instr.at.strides[last]) < 2) return;
    // What shares the memory of an output may be written by another workgroup before it is read here.
    const loop = alias[instr.input] >= 0 ? -1 : instr.at.strides.indexOf(1);
    if (loop >= 0 && kernel.outer[loop] >= leastExtent) byLoop.set(loop, [...byLoop.get(loop) ?? [], i]);
  });
  const [found] = [...byLoop].sort(([, a], [, b]) => b.length - a.length);
  return found === undefined || found[1].length > mostLoads ? null : { loop: found[0], loads: found[1] };
}

function runsOn(kernel: LoopKernel, last: number): boolean {
  return kernel.code.every((i) => i.op !== "store" || i.at.strides[last] === 1);
}

/** Renders the kernel. */
export function renderCrossing(job: LoopJob, target: Target, { loop, loads }: Crossing): Rendered {
  const { kernel } = job;
  const last = kernel.outer.length - 1;
  const emitter = new Emitter(job, target, 1);
  const names = kernel.outer.map((_, d) => `i${d}`);
  emitter.indices = names;
  const isSide = (d: number): boolean => d === loop || d === last;
  const tiles = kernel.outer.map((extent, d) => isSide(d) ? Math.ceil(extent / side) : extent);
  const count = tiles.reduce((n, d) => n * d, 1);
  const groups = foldGroups(count, target.workgroupsPerDimension);
  /** A walk over the square: neighbouring threads along loop `fast`. */
  const walk = (fast: number, slow: number, body: () => void): void => {
    emitter.open();
    emitter.line(`for (var r = 0; r < ${side}; r += ${rows}) {`);
    emitter.line(`let ${names[fast]} = tile${fast} * ${side} + x;`);
    emitter.line(`let ${names[slow]} = tile${slow} * ${side} + y + r;`);
    emitter.line(
      `if ((${names[fast]} < ${kernel.outer[fast]}) & (${names[slow]} < ${kernel.outer[slow]})) {`,
    );
    body();
    emitter.line("}\n}");
    emitter.close();
  };
  indexLines("g", tiles, names.map((name, d) => isSide(d) ? `tile${d}` : name), 1)
    .forEach((text) => emitter.line(text));
  walk(loop, last, () => {
    for (const i of loads) emitter.line(`square${i}[(y + r) * ${pitch} + x] = ${emitter.lane(i, 0)};`);
  });
  emitter.line("workgroupBarrier();");
  walk(last, loop, () => {
    for (const i of loads) {
      emitter.line(`let read${i} = square${i}[x * ${pitch} + y + r];`);
      emitter.define(i, `read${i}`);
    }
    emitter.stores(kernel.code.filter((i) => i.op === "store"), kernel.outer[last]);
  });
  const squares = loads.map((i) =>
    `var<workgroup> square${i}: array<${registerType(kernel.code[i].dtype)}, ${side * pitch}>;\n`
  );
  const main = `@compute @workgroup_size(${side * rows})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
let g = ${groupText(groups)};
if (g >= ${count}) { return; }
let x = i32(thread) % ${side};
let y = i32(thread) / ${side};
${emitter.take()}
}
`;
  return rendered(emitter.bindings, groups, main, squares.join(""));
}
