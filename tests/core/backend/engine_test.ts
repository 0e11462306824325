/**
 * The engine of the default device on plans beyond the conformance suite: kernels put together at random, against the plain interpreter, and large routines
 * against plain loops.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import type { Backend } from "../../../core/backend/backend.ts";
import { createCpuBackend } from "../../../core/backend/cpu/backend.ts";
import { createReferenceBackend } from "../../../core/backend/reference/reference.ts";
import { backendOf, defaultDevice } from "../../../core/device.ts";
import { kernelText } from "../../../core/kernel/ir.ts";
import { dense, numbers, runPlan, strided } from "./build.ts";
import { small, uniform } from "./conformance_values.ts";
import { G, large, product, randoms } from "./large_plans.ts";
import { randomKernel } from "./random_kernel.ts";

/** The engine; the one of the CPU without a library for products, as on machines that have none. */
function engine(): Backend {
  const device = defaultDevice();
  return device === "cpu" ? createCpuBackend({ threads: 2, blas: "none" }) : backendOf(device);
}

Deno.test("random kernels give the values of the plain interpreter", () => {
  const backend = engine(), reference = createReferenceBackend();
  let ran = 0;
  for (let seed = 1; seed <= 120; seed++) {
    const k = randomKernel(seed);
    if (k.code.some(({ dtype }) => backend.unsupported(dtype) !== null)) continue;
    ran++;
    const inputs = k.inputs.map((input, i) => small(input.dtype, input.count, seed * 7 + i));
    const got = runPlan(backend, k.plan("random"), inputs).map(numbers);
    const want = runPlan(reference, k.plan("random"), inputs).map(numbers);
    assertEquals(got, want, `seed ${seed}\n${kernelText(k.kernel())}`);
  }
  assertGreater(ran, 90);
});

Deno.test("a long scan and a long sort agree with plain loops", () => {
  const backend = engine(), n = 150001;
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
  const backend = engine();
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

Deno.test("a product may be large in one direction only", () => {
  const backend = engine();
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
  const backend = engine(), k = 37;
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
