/**
 * Plans of routines on random numbers, large enough to be shared among threads and workgroups.
 *
 * @module
 */
import type { HostArray } from "../../../core/dtype.ts";
import type { Plan } from "../../../core/kernel/plan.ts";
import { dense, type OperandSpec, routinePlan, strided } from "./build.ts";
import { indices, uniform } from "./conformance_values.ts";

/** Random numbers around zero. */
export function randoms(count: number, seed: number): Float32Array<ArrayBuffer> {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => next() - 0.5);
}

/** A matrix product of random numbers. */
export function product(m: number, n: number, a: OperandSpec, b: OperandSpec) {
  const plan = routinePlan("matmul", {}, [a, b], "float32", [m, n]);
  return { plan, inputs: [randoms(a.count, 1), randoms(b.count, 2)] };
}

const attrs = { stride: [2, 1], padLow: [1, 2], padHigh: [1, 2], dilation: [1, 2], groups: 2 };
/** The shapes of an image, its filters and the result. */
export const [X, W, G] = [[8, 16, 31, 30], [32, 8, 3, 3], [8, 32, 16, 30]];
/** Every channel with two filters of its own. */
const own = { ...attrs, dilation: [1, 1], padLow: [1, 1], padHigh: [1, 1], groups: 16 }, OWN = [32, 1, 3, 3];
const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const float = (shape: number[], seed: number) => randoms(sizeOf(shape), seed);

/** Plans large enough to be split. */
export const large: Record<string, { plan: Plan; inputs: HostArray[] }> = {
  "a b": product(300, 310, dense("float32", [300, 500]), dense("float32", [500, 310])),
  "aT bT": product(
    301,
    299,
    strided("float32", 301 * 411, [301, 411], [1, 301]),
    strided("float32", 411 * 299, [411, 299], [1, 411]),
  ),
  "row times matrix": product(1, 2100, dense("float32", [1, 1500]), dense("float32", [1500, 2100])),
  "row times transposed matrix": product(
    1,
    2001,
    dense("float32", [1, 2500]),
    strided("float32", 2500 * 2001, [2500, 2001], [1, 2500]),
  ),
  "conv": {
    plan: routinePlan("conv", attrs, [dense("float32", X), dense("float32", W)], "float32", G),
    inputs: [float(X, 3), float(W, 4)],
  },
  "convInputGrad": {
    plan: routinePlan(
      "convInputGrad",
      { ...attrs, inputSize: X.slice(2) },
      [dense("float32", G), dense("float32", W)],
      "float32",
      X,
    ),
    inputs: [float(G, 3), float(W, 4)],
  },
  "convWeightGrad": {
    plan: routinePlan(
      "convWeightGrad",
      { ...attrs, kernelSize: W.slice(2) },
      [dense("float32", X), dense("float32", G)],
      "float32",
      W,
    ),
    inputs: [float(X, 3), float(G, 4)],
  },
  "depthwise conv": {
    plan: routinePlan("conv", own, [dense("float32", X), dense("float32", OWN)], "float32", G),
    inputs: [float(X, 3), float(OWN, 4)],
  },
  "depthwise convInputGrad": {
    plan: routinePlan(
      "convInputGrad",
      { ...own, groups: 32, inputSize: [31, 30] },
      [dense("float32", G), dense("float32", OWN)],
      "float32",
      [8, 32, 31, 30],
    ),
    inputs: [float(G, 3), float(OWN, 4)],
  },
  "depthwise convWeightGrad": {
    plan: routinePlan(
      "convWeightGrad",
      { ...own, kernelSize: [3, 3] },
      [dense("float32", X), dense("float32", G)],
      "float32",
      OWN,
    ),
    inputs: [float(X, 3), float(G, 4)],
  },
  "scatter add of rows": {
    plan: routinePlan(
      "scatter",
      { dim: 0, mode: "add" },
      [dense("float32", [100, 64]), strided("int64", 3000, [3000, 64], [1, 0]), dense("float32", [3000, 64])],
      "float32",
      [100, 64],
    ),
    inputs: [randoms(6400, 5), indices(100, 3000, 6), randoms(192000, 7)],
  },
  "scatter add": {
    plan: routinePlan(
      "scatter",
      { dim: 0, mode: "add" },
      [dense("float32", [50]), dense("int64", [100000]), dense("float32", [100000])],
      "float32",
      [50],
    ),
    inputs: [randoms(50, 5), indices(50, 100000, 6), randoms(100000, 7)],
  },
  "scan": {
    plan: routinePlan(
      "scan",
      { combiner: "sum", reverse: true },
      [dense("float32", [2, 150001])],
      "float32",
      [
        2,
        150001,
      ],
    ),
    inputs: [randoms(300002, 8)],
  },
  "argsort": {
    plan: routinePlan("argsort", { descending: true }, [dense("float32", [2, 150001])], "int64", [2, 150001]),
    inputs: [randoms(300002, 8).map((x) => Math.round(x * 5000))],
  },
};
