/**
 * Kernels put together at random from what the IR has: loops of all sizes, views, guards, indices, folds in several stages. Their values are exact in any
 * order of work, so that every backend must give the same ones.
 *
 * @module
 */
import { type DType, isFloat } from "../../../core/dtype.ts";
import type { Guard } from "../../../core/kernel/ir.ts";
import { sizeOf } from "../../../core/shape.ts";
import { affine, KernelBuilder } from "./build.ts";
import { uniform } from "./conformance_values.ts";

const extents = [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 31, 33, 64, 100, 130];
// deno-fmt-ignore
const dtypes: readonly DType[] = [
  "float32", "float32", "float32", "float64", "int32", "int64", "uint8", "float16", "bfloat16", "bool",
];
const mostPoints = 40_000;

/** The kernel of a seed. */
export function randomKernel(seed: number): KernelBuilder {
  const next = uniform(seed);
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(from: readonly T[]) => from[below(from.length)];
  let outer: number[], inner: number[];
  do {
    outer = Array.from({ length: below(4) }, () => pick(extents));
    inner = next() < 0.65 ? Array.from({ length: 1 + below(3) }, () => pick(extents)) : [];
    if (next() < 0.3 && inner.length > 0) inner[below(inner.length)] *= pick([10, 100]);
    if (next() < 0.2 && outer.length > 0) outer[below(outer.length)] *= pick([10, 50]);
  } while (sizeOf([...outer, ...inner]) > mostPoints);
  const loops = [...outer, ...inner], k = new KernelBuilder(outer, inner), dtype = pick(dtypes);
  const shuffled = (dims: number, inOrder: number) => {
    const order = Array.from({ length: dims }, (_, d) => d);
    if (next() < inOrder) return order;
    for (let i = dims - 1; i > 0; i--) {
      const j = below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  };
  const guardsOver = (dims: number): Guard[] => {
    if (dims === 0 || next() > 0.2) return [];
    const d = below(dims), strides = loops.map(() => 0);
    strides[d] = pick([1, 1, 1, -1, 2, -3]);
    if (next() < 0.3) strides[below(dims)] += 1;
    const guard = { at: affine(below(5) - 2, ...strides), low: below(3), high: below(loops[d] + 4) };
    const plain = affine(0, ...loops.map((_, i) => i === d ? 1 : 0));
    return next() < 0.3 ? [guard, { at: plain, low: 1, high: 50 }] : [guard];
  };
  /** A load over the first `dims` loops: in any order, broadcast over some, with gaps, perhaps backwards. */
  const load = (dims: number) => {
    const strides = loops.map(() => 0);
    let size = 1, offset = 0;
    for (const d of shuffled(dims, 0.5).reverse()) {
      if (next() < 0.15) continue;
      strides[d] = size;
      size = size * loops[d] + (next() < 0.1 ? 3 : 0);
    }
    const back = below(Math.max(1, dims));
    if (next() < 0.15 && (strides[back] ?? 0) > 0) {
      offset = strides[back] * (loops[back] - 1);
      strides[back] *= -1;
    }
    const count = loops.reduce((n, extent, d) => n + Math.abs(strides[d]) * (extent - 1), 1);
    return k.load(dtype, count, affine(offset, ...strides), guardsOver(dims));
  };
  const float = isFloat(dtype), narrow = dtype === "float16" || dtype === "bfloat16";
  /** Keeps floats small, so that sums of them are exact. */
  const bounded = (v: number, limit = 8) =>
    float ? k.apply("min", k.apply("max", v, k.constant(dtype, -limit)), k.constant(dtype, limit)) : v;
  const values = [load(loops.length), load(next() < 0.5 ? loops.length : outer.length)];
  const points = sizeOf(outer), last = () => values[values.length - 1];
  for (let steps = 2 + below(6); steps > 0; steps--) {
    const choice = next();
    if (inner.length > 0 && choice < 0.35) {
      const combiner = pick(["sum", "max", "min", "sum", "argmax", "argmin"] as const);
      if (combiner === "argmax" || combiner === "argmin") {
        k.store(k.reduce(combiner, pick(values), "int64"), points, k.perOuter);
      } else {
        const folded = k.reduce(combiner, pick(values), narrow ? "float32" : dtype);
        values.push(bounded(narrow ? k.cast(dtype, folded) : folded));
      }
    } else if (float && choice < 0.45) {
      // Costly, so that it is kept between sweeps; rounded down, so that it is exact.
      const e = k.apply("exp", bounded(pick(values), 2));
      values.push(k.apply("floor", k.apply("add", e, k.constant(dtype, 0.3))));
    } else if (choice < 0.55) {
      const index = k.index("int32", affine(1, ...loops.map(() => below(3) - 1)));
      values.push(k.apply("where", k.apply("gt", index, k.constant("int32", 3)), pick(values), pick(values)));
    } else if (choice < 0.7) {
      const fn = dtype === "bool" ? "not" : pick(["neg", "abs", float ? "floor" : "not"] as const);
      values.push(k.apply(fn, pick(values)));
    } else values.push(bounded(k.apply(pick(["add", "mul", "max", "min"]), pick(values), pick(values))));
  }
  for (let outputs = 1 + below(2), i = 0; i < outputs; i++) {
    const value = i === 0 ? last() : pick(values);
    if (k.code[value].level === "outer" && next() < 0.8) k.store(value, points, k.perOuter);
    else {
      const strides = loops.map(() => 0);
      let size = 1;
      for (const d of shuffled(loops.length, 0.7).reverse()) {
        strides[d] = size;
        size *= loops[d];
      }
      k.store(value, size, affine(0, ...strides));
    }
  }
  return k;
}
