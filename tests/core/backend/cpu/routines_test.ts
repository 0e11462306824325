/**
 * The CPU routines where they are shared among threads: the same bits with any number of threads, right against plain loops, and errors of indices.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type CpuBackend, createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { IndexError } from "../../../../core/errors.ts";
import type { HostArray } from "../../../../core/dtype.ts";
import type { Plan } from "../../../../core/kernel/plan.ts";
import { dense, type OperandSpec, routinePlan, runPlan, strided } from "../build.ts";
import { indices, uniform } from "../conformance_values.ts";

function randoms(count: number, seed: number): Float32Array<ArrayBuffer> {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => next() - 0.5);
}

/** A matrix product of random numbers. */
function product(m: number, n: number, a: OperandSpec, b: OperandSpec) {
  const plan = routinePlan("matmul", {}, [a, b], "float32", [m, n]);
  return { plan, inputs: [randoms(a.count, 1), randoms(b.count, 2)] };
}

const attrs = { stride: [2, 1], padLow: [1, 2], padHigh: [1, 2], dilation: [1, 2], groups: 2 };
const [X, W, G] = [[8, 16, 31, 30], [32, 8, 3, 3], [8, 32, 16, 30]];
/** Every channel with two filters of its own. */
const own = { ...attrs, dilation: [1, 1], padLow: [1, 1], padHigh: [1, 1], groups: 16 }, OWN = [32, 1, 3, 3];
const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const float = (shape: number[], seed: number) => randoms(sizeOf(shape), seed);

/** Plans large enough to be split. */
const large: Record<string, { plan: Plan; inputs: HostArray[] }> = {
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

/** Workers start once there was some work for them. */
function warm(backend: CpuBackend): CpuBackend {
  const { plan, inputs } = large["a b"];
  for (let i = 0; i < 40 && !backend.info().details.workersStarted; i++) runPlan(backend, plan, inputs);
  assertEquals(backend.info().details.workersStarted, true);
  return backend;
}

Deno.test("routines give the same bits on any number of threads", () => {
  const one = createCpuBackend({ threads: 1, blas: "none" });
  const several = [2, 3].map((threads) => warm(createCpuBackend({ threads, blas: "none" })));
  for (const [name, { plan, inputs }] of Object.entries(large)) {
    const [want] = runPlan(one, plan, inputs);
    for (const backend of several) {
      for (let repeat = 0; repeat < 3; repeat++) assertEquals(runPlan(backend, plan, inputs)[0], want, name);
    }
  }
});

Deno.test("a long scan and a long sort agree with plain loops", () => {
  const backend = createCpuBackend({ threads: 2, blas: "none" }), n = 150001;
  const [sums] = runPlan(backend, large.scan.plan, large.scan.inputs), x = large.scan.inputs[0];
  for (let row = 0; row < 2; row++) {
    let sum = 0;
    for (let i = n - 1; i >= 0; i--) {
      sum += Number(x[row * n + i]);
      if (i % 1000 === 0) {
        assertAlmostEquals(Number(sums[row * n + i]), sum, 1e-5 * Math.max(1, Math.abs(sum)));
      }
    }
  }
  const [order] = runPlan(backend, large.argsort.plan, large.argsort.inputs), keys = large.argsort.inputs[0];
  for (let row = 0; row < 2; row++) {
    const want = Array.from({ length: n }, (_, i) => i)
      .sort((a, b) => Number(keys[row * n + b]) - Number(keys[row * n + a]));
    assertEquals([...order.slice(row * n, row * n + n)].map(Number), want);
  }
});

Deno.test("large convolutions with strides agree with plain loops", () => {
  const backend = createCpuBackend({ threads: 2, blas: "none" });
  const [x, w] = large.conv.inputs, [out] = runPlan(backend, large.conv.plan, large.conv.inputs);
  const next = uniform(9);
  for (let sample = 0; sample < 200; sample++) {
    const [n, o, i, j] = G.map((size) => Math.floor(next() * size));
    // Rows have stride 2 and padding 1; columns dilation 2 and padding 2.
    let sum = 0;
    for (let c = 0; c < 8; c++) {
      for (let p = 0; p < 3; p++) {
        for (let q = 0; q < 3; q++) {
          const row = 2 * i + p - 1, column = j + 2 * q - 2;
          if (row < 0 || row >= 31 || column < 0 || column >= 30) continue;
          const channel = (o < 16 ? 0 : 8) + c;
          sum += Number(x[((n * 16 + channel) * 31 + row) * 30 + column]) *
            Number(w[((o * 8 + c) * 3 + p) * 3 + q]);
        }
      }
    }
    assertAlmostEquals(Number(out[((n * 32 + o) * 16 + i) * 30 + j]), sum, 1e-5);
  }
});

Deno.test("an index out of range is an error that names the first one", () => {
  const backend = createCpuBackend({ threads: 2 });
  const x = dense("float32", [4, 3]), index = dense("int64", [5, 3]), at = indices(4, 15, 1);
  at[7] = 4n;
  at[11] = -9n;
  const gather = routinePlan("gather", { dim: 0 }, [x, index], "float32", [5, 3]);
  assertThrows(
    () => runPlan(backend, gather, [randoms(12, 1), at]),
    IndexError,
    "index 4 is out of bounds for dimension 0 with size 4",
  );
  const scatter = routinePlan(
    "scatter",
    { dim: 0, mode: "set" },
    [x, index, index].map((o, i) => i === 2 ? dense("float32", [5, 3]) : o),
    "float32",
    [4, 3],
  );
  assertThrows(
    () => runPlan(backend, scatter, [randoms(12, 1), at, randoms(15, 2)]),
    IndexError,
    "index 4 is out of bounds for dimension 0 with size 4",
  );
  at[7] = at[11] = 0n;
  assertEquals(runPlan(backend, gather, [randoms(12, 1), at])[0].length, 15);
});

Deno.test("a product may be large in one direction only", () => {
  const backend = createCpuBackend({ threads: 2, blas: "none" });
  for (const [m, k, n] of [[1, 100003, 1], [100003, 1, 2], [2, 3, 100003], [3, 70001, 2]]) {
    const { plan, inputs: [a, b] } = product(m, n, dense("float32", [m, k]), dense("float32", [k, n]));
    const [c] = runPlan(backend, plan, [a, b]);
    for (const [i, j] of [[0, 0], [m - 1, n - 1]]) {
      let want = 0;
      for (let d = 0; d < k; d++) want += Number(a[i * k + d]) * Number(b[d * n + j]);
      assertAlmostEquals(Number(c[i * n + j]), want, 1e-3);
    }
  }
});

Deno.test("products of few rows agree with plain loops, whether A is packed or not", () => {
  const backend = createCpuBackend({ threads: 1, blas: "none" }), k = 37;
  for (const n of [9, 16, 33, 50]) {
    for (let m = 1; m <= 5; m++) {
      const a = randoms(m * k, 1), b = randoms(k * n, 2), right = dense("float32", [k, n]);
      const across = a.map((_, i) => a[i % m * k + Math.floor(i / m)]);
      const want = Array.from({ length: m * n }, (_, at) => {
        let sum = 0;
        for (let d = 0; d < k; d++) sum += a[Math.floor(at / n) * k + d] * b[d * n + at % n];
        return sum;
      });
      const forms = [[dense("float32", [m, k]), a], [
        strided("float32", m * k, [m, k], [1, m]),
        across,
      ]] as const;
      for (const [left, values] of forms) {
        const { plan } = product(m, n, left, right), [got] = runPlan(backend, plan, [values, b]);
        want.forEach((sum, at) =>
          assertAlmostEquals(Number(got[at]), sum, 1e-6, `${m} x ${k} x ${n}, ${at}`)
        );
      }
    }
  }
});
