/**
 * How the threads of a workgroup fold their accumulators into one, which each of them then has: in a tree of shared memory, or with subgroup
 * operations where the device has them.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import { accumulator, combineText, foldType, type Reduction } from "./fold.ts";
import { registerType } from "./scalar.ts";

/** Values that a lane of a subgroup reads from shared memory: more are first folded by fewer threads. */
const readsPerLane = 4;

/** Bytes of shared memory that each thread has in meetings of these reductions, those of one sweep after those of another. */
export function meetingBytes(sweeps: readonly (readonly Reduction[])[]): number {
  return new Map(sweeps.flatMap((here) => here.flatMap(sharedArrays))).size * 4;
}

/** The meetings of one kernel. */
export class Meeting {
  readonly #size: number;
  readonly #lanes: number;
  readonly #shared = new Map<string, string>();

  /** For workgroups of `size` threads, a power of two, in subgroups of at least `lanes`; 0 for no subgroups. */
  constructor(size: number, lanes: number) {
    this.#size = size;
    this.#lanes = lanes;
  }

  /** The shared memory of the meetings so far. */
  get declarations(): string {
    return [...this.#shared].map(([name, type]) => `var<workgroup> ${name}: array<${type}, ${this.#size}>;\n`)
      .join("");
  }

  /** What the entry point takes besides the numbers of its workgroup and thread. */
  get inputs(): string {
    return this.#lanes > 0 ? ", @builtin(subgroup_invocation_id) lane: u32" : "";
  }

  /** A meeting: folds the accumulators of all threads, of which `t` is the number. Afterwards each thread holds the results. */
  lines(here: readonly Reduction[]): string[] {
    // Several reductions share the barriers, and reuse the arrays of the meetings before.
    const arrays = here.map(sharedArrays);
    for (const [name, type] of arrays.flat()) this.#shared.set(name, type);
    const save = here.flatMap((r, k) => {
      const [[values], ...places] = arrays[k];
      return [
        `${values}[t] = ${toShared(r, accumulator(r))};`,
        ...places.map(([name]) => `${name}[t] = ${accumulator(r)}_at;`),
      ];
    });
    const fetch = (r: Reduction, k: number, at: string): string[] => {
      const [[values], ...places] = arrays[k];
      return [
        `let other = ${fromShared(r, `${values}[${at}]`)};`,
        ...places.map(([name]) => `let other_at = ${name}[${at}];`),
      ];
    };
    const adopt = (at: string): string[] =>
      here.flatMap((r, k) => [
        "{",
        ...fetch(r, k, at),
        `${accumulator(r)} = other;`,
        ...isArg(r) ? [`${accumulator(r)}_at = other_at;`] : [],
        "}",
      ]);
    const fold = (other: (r: Reduction, k: number) => string[]): string[] =>
      here.flatMap((r, k) => ["{", ...other(r, k), combineText(r, accumulator(r), "other"), "}"]);
    const foldAt = (at: string): string[] => fold((r, k) => fetch(r, k, at));
    const size = this.#size;
    const lines = ["workgroupBarrier();", ...save, "workgroupBarrier();"];
    if (this.#lanes === 0) {
      lines.push(`for (var half = ${size / 2}; half > 0; half = half >> 1u) {`);
      lines.push("if (t < half) {", ...foldAt("t + half"), ...save, "}", "workgroupBarrier();", "}");
      return [...lines, ...adopt("0")];
    }
    const kept = Math.min(size, readsPerLane * this.#lanes);
    if (kept < size) {
      lines.push(`if (t < ${kept}) {`, `for (var at = t + ${kept}; at < ${size}; at += ${kept}) {`);
      lines.push(...foldAt("at"), "}", ...save, "}", "workgroupBarrier();");
    }
    // Each subgroup folds everything, so the result is the same whichever threads make up a subgroup, and none waits for another again.
    return [
      ...lines,
      "{",
      // Threads of it that run: the size of a subgroup that a driver states may be more than it gives to a kernel.
      `let width = min(i32(subgroupAdd(1u)), ${kept});`,
      "let first = i32(lane) % width;",
      ...adopt("first"),
      `for (var at = first + width; at < ${kept}; at += width) {`,
      ...foldAt("at"),
      "}",
      "for (var step = width / 2; step > 0; step = step >> 1u) {",
      ...fold(exchange),
      "}",
      "}",
    ];
  }
}

/** The arrays of shared memory that a reduction uses when it is number `k` of a sweep: its values, and the places of an arg-reduction. */
function sharedArrays(r: Reduction, k: number): (readonly [string, "f32" | "i32"])[] {
  const type = storable(foldType(r));
  const values = [`shared_${type}_${k}`, type] as const;
  return isArg(r) ? [values, [`shared_at_${k}`, "i32"]] : [values];
}

const isArg = (r: Reduction): boolean => r.instr.combiner.startsWith("arg");

/** The accumulator of the lane `step` away. The maximum and minimum of a subgroup that WGSL has may drop NaN, so they are folded here too. */
function exchange(r: Reduction): string[] {
  const value = `subgroupShuffleXor(${toShared(r, accumulator(r))}, u32(step))`;
  return [
    `let other = ${fromShared(r, value)};`,
    ...isArg(r) ? [`let other_at = subgroupShuffleXor(${accumulator(r)}_at, u32(step));`] : [],
  ];
}

/** bool cannot lie in memory that is shared with the host, and as i32 it is simpler everywhere. */
const storable = (dtype: DType): "f32" | "i32" => {
  const type = registerType(dtype);
  return type === "bool" ? "i32" : type;
};

const toShared = (r: Reduction, v: string): string =>
  registerType(foldType(r)) === "bool" ? `select(0, 1, ${v})` : v;
const fromShared = (r: Reduction, v: string): string =>
  registerType(foldType(r)) === "bool" ? `(${v} != 0)` : v;
