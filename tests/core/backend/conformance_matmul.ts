/**
 * Conformance cases of the matrix product: sizes, transposed, batched and strided operands, dtypes, epilogues.
 *
 * @module
 */
import { dtypes } from "../../../core/dtype.ts";
import type { Plan } from "../../../core/kernel/plan.ts";
import { dense, KernelBuilder, type OperandSpec, routinePlan, slot, strided } from "./build.ts";
import { type ConformanceCase, numerically, routineCase } from "./conformance_case.ts";
import { small, spread } from "./conformance_values.ts";

/** M, N, K: squares, tiles with and without edges, vectors, primes, nothing to sum. */
const products = [
  [1, 1, 1],
  [4, 4, 4],
  [16, 16, 16],
  [17, 19, 23],
  [1, 37, 41],
  [43, 1, 29],
  [31, 37, 1],
  [5, 3, 0],
  [1, 1, 1009],
  [64, 64, 64],
  [61, 67, 71],
  [128, 10, 256],
  [2, 257, 130],
  [129, 65, 33], // deno-fmt-ignore-line
] as const;

/** Every product. */
export function matmulCases(): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  for (const [m, n, k] of products) {
    const a = dense("float32", [m, k]), b = dense("float32", [k, n]);
    const aT = strided("float32", m * k, [m, k], [1, m]), bT = strided("float32", k * n, [k, n], [1, k]);
    for (
      const [what, left, right] of [["a b", a, b], ["aT b", aT, b], ["a bT", a, bT], [
        "aT bT",
        aT,
        bT,
      ]] as const
    ) {
      cases.push(
        routineCase(`${what} [${m}x${k}] [${k}x${n}]`, "matmul", {}, [left, right], "float32", [m, n]),
      );
    }
  }
  for (const dtype of dtypes.filter((d) => d !== "bool" && d !== "float32")) {
    for (const [m, n, k] of [[17, 19, 23], [1, 5, 0], [33, 10, 64]]) {
      const bT = strided(dtype, k * n, [k, n], [1, k]);
      cases.push(
        routineCase(
          `a b [${m}x${k}] [${k}x${n}]`,
          "matmul",
          {},
          [dense(dtype, [m, k]), dense(dtype, [k, n])],
          dtype,
          [m, n],
        ),
      );
      cases.push(
        routineCase(`a bT [${m}x${k}] [${k}x${n}]`, "matmul", {}, [dense(dtype, [m, k]), bT], dtype, [m, n]),
      );
    }
  }
  for (const dtype of ["float32", "float64"] as const) {
    const batched: [string, OperandSpec, OperandSpec, number[]][] = [
      ["batches", dense(dtype, [3, 5, 7]), dense(dtype, [3, 7, 6]), [3, 5, 6]],
      ["batches, b shared", dense(dtype, [3, 5, 7]), strided(dtype, 42, [3, 7, 6], [0, 6, 1]), [3, 5, 6]],
      ["batches, a shared", strided(dtype, 35, [3, 5, 7], [0, 7, 1]), dense(dtype, [3, 7, 6]), [3, 5, 6]],
      [
        "batches crossed",
        strided(dtype, 2 * 20, [2, 3, 4, 5], [20, 0, 5, 1]),
        strided(dtype, 3 * 30, [2, 3, 5, 6], [0, 30, 6, 1]),
        [2, 3, 4, 6],
      ],
      // Attention: heads interleaved with features, [batch, sequence, heads, features].
      [
        "heads",
        strided(dtype, 2 * 9 * 3 * 4, [2, 3, 9, 4], [108, 4, 12, 1]),
        strided(dtype, 2 * 9 * 3 * 4, [2, 3, 4, 9], [108, 4, 1, 12]),
        [2, 3, 9, 9],
      ],
      [
        "reversed rows, offset",
        strided(dtype, 40, [5, 7], [-7, 1], 30),
        strided(dtype, 90, [7, 6], [12, 2], 3),
        [5, 6],
      ],
      ["a one column broadcast", strided(dtype, 5, [5, 7], [1, 0]), dense(dtype, [7, 6]), [5, 6]],
    ];
    for (const [what, a, b, shape] of batched) {
      cases.push(routineCase(what, "matmul", {}, [a, b], dtype, shape));
    }
  }
  // Rounded sums: the order may differ, the error may not grow.
  const [m, n, k] = [33, 35, 1000];
  for (const [dtype, epsilon] of [["float32", 2 ** -24], ["float64", 2 ** -53]] as const) {
    const inputs = [spread(dtype, m * k, 33, 1), spread(dtype, k * n, 34, 1)];
    const tolerance = { ...numerically, ulps: 4, absolute: 2e4 * epsilon * 32 };
    cases.push(
      routineCase(
        "random",
        "matmul",
        {},
        [dense(dtype, [m, k]), dense(dtype, [k, n])],
        dtype,
        [m, n],
        inputs,
        tolerance,
      ),
    );
  }
  return [
    ...cases,
    ...[[33, 35, 17], [1, 10, 64], [64, 64, 64]].flatMap(([m, n, k]) => epilogueCases(m, n, k)),
  ];
}

/** relu(a b + bias): the raw product is kept as an output, or overwritten in place. */
function epilogueCases(m: number, n: number, k: number): ConformanceCase[] {
  return [false, true].map((inPlace) => {
    const epilogue = new KernelBuilder([m, n]);
    const sum = epilogue.apply(
      "add",
      epilogue.load("float32", m * n),
      epilogue.load("float32", n, { offset: 0, strides: [0, 1] }),
    );
    epilogue.store(epilogue.apply("max", sum, epilogue.constant("float32", 0)), m * n);
    const { steps: [step] } = routinePlan(
      "matmul",
      {},
      [dense("float32", [m, k]), dense("float32", [k, n])],
      "float32",
      [m, n],
    );
    if (step.kind !== "routine") throw new Error("a routine's plan is a routine");
    const plan: Plan = {
      slots: [
        slot("input", "float32", m * k),
        slot("input", "float32", k * n),
        slot("input", "float32", n),
        inPlace ? slot("temp", "float32", m * n, 1, 4) : slot("output", "float32", m * n),
        slot("output", "float32", m * n),
      ],
      steps: [{
        ...step,
        output: 3,
        epilogue: {
          kind: "loop",
          kernel: epilogue.kernel(),
          inputs: [3, 2],
          outputs: [4],
          label: "add, relu",
        },
      }],
    };
    const inputs = [small("float32", m * k, 35), small("float32", k * n, 36), small("float32", n, 37)];
    return {
      name: `matmul with epilogue [${m}x${k}] [${k}x${n}]${inPlace ? " in place" : ""}`,
      plan,
      inputs,
      tolerance: numerically,
    };
  });
}
