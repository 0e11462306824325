/**
 * Convolutions of 3 x 3 filters by Winograd's method: as exact as the direct sum up to a small factor, exact where that is, the same on any number of threads, and no element
 * reaches outputs that do not depend on it.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { suitsWinograd } from "../../../../core/backend/cpu/routines/conv/winograd.ts";
import { conv2d, grad, randn, type Tensor } from "../../../../core/mod.ts";
import { dense, routinePlan, runPlan, strided } from "../build.ts";
import { uniform } from "../conformance_values.ts";

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function randoms(shape: readonly number[], seed: number): Float32Array<ArrayBuffer> {
  const next = uniform(seed);
  return Float32Array.from({ length: sizeOf(shape) }, () => next() - 0.5);
}

/** Sizes on which the method is used: odd ones, that fill no register tile, with groups, and with all paddings. */
const sizes = [
  { x: [2, 16, 17, 21], w: [17, 16, 3, 3], pad: [1, 1], groups: 1 },
  { x: [1, 32, 18, 22], w: [40, 16, 3, 3], pad: [0, 2], groups: 2 },
  { x: [2, 21, 14, 15], w: [16, 21, 3, 3], pad: [3, 0], groups: 1 },
] as const;

type Size = typeof sizes[number];

function plansOf({ x, w, pad, groups }: Size) {
  const attrs = { stride: [1, 1], dilation: [1, 1], padLow: [...pad], padHigh: [...pad], groups };
  const y = [x[0], w[0], ...pad.map((n, d) => x[2 + d] + 2 * n - 2)],
    X = dense("float32", [...x]),
    W = dense("float32", [...w]);
  const Y = dense("float32", y);
  return {
    y,
    conv: routinePlan("conv", attrs, [X, W], "float32", y),
    weightGrad: routinePlan("convWeightGrad", { ...attrs, kernelSize: [3, 3] }, [X, Y], "float32", [...w]),
    inputGrad: routinePlan("convInputGrad", { ...attrs, inputSize: x.slice(2) }, [Y, W], "float32", [...x]),
  };
}

/** Calls `visit` with the places in x, w and y of every product of the convolution. */
function products(
  { x, w, pad, groups }: Size,
  y: readonly number[],
  visit: (x: number, w: number, y: number) => void,
) {
  const [batch, channels, height, width] = x, [outs, depth] = w, perGroup = outs / groups;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outs; o++) {
      for (let c = 0; c < depth; c++) {
        const channel = Math.floor(o / perGroup) * depth + c;
        for (let i = 0; i < y[2]; i++) {
          for (let j = 0; j < y[3]; j++) {
            for (let tap = 0; tap < 9; tap++) {
              const row = i + Math.floor(tap / 3) - pad[0], column = j + tap % 3 - pad[1];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              visit(
                ((n * channels + channel) * height + row) * width + column,
                (o * depth + c) * 9 + tap,
                ((n * outs + o) * y[2] + i) * y[3] + j,
              );
            }
          }
        }
      }
    }
  }
}

Deno.test("the sizes of these tests go to Winograd's method, both ways", () => {
  for (const size of sizes) {
    const { y } = plansOf(size), rows = size.w[0] / size.groups, depth = size.w[1];
    assert(suitsWinograd({ rows, depth, height: y[2], width: y[3] }));
    assert(suitsWinograd({ rows: depth, depth: rows, height: size.x[2], width: size.x[3] }));
  }
});

for (const simd of ["relaxed", "plain"] as const) {
  Deno.test(`Winograd convolutions are as exact as sums of float32, ${simd} SIMD`, () => {
    const backend = createCpuBackend({ threads: 1, blas: "none", ...(simd === "plain" ? { simd } : {}) });
    for (const size of sizes) {
      const { y, conv, inputGrad, weightGrad } = plansOf(size);
      const x = randoms(size.x, 1), w = randoms(size.w, 2), g = randoms(y, 3);
      const out = new Float64Array(g.length), outSize = new Float64Array(g.length);
      const dx = new Float64Array(x.length), dxSize = new Float64Array(x.length);
      const dw = new Float64Array(w.length), dwSize = new Float64Array(w.length);
      products(size, y, (i, j, k) => {
        dw[j] += x[i] * g[k];
        dwSize[j] += Math.abs(x[i] * g[k]);
        out[k] += x[i] * w[j];
        outSize[k] += Math.abs(x[i] * w[j]);
        dx[i] += g[k] * w[j];
        dxSize[i] += Math.abs(g[k] * w[j]);
      });
      const check = (got: ArrayLike<number | bigint>, want: Float64Array, magnitude: Float64Array) => {
        assertEquals(got.length, want.length);
        // A few roundings of the size of the summands: a sum in any order has that many.
        for (let i = 0; i < want.length; i++) {
          assertLessOrEqual(Math.abs(Number(got[i]) - want[i]), 4 * 2 ** -24 * magnitude[i] + 1e-12);
        }
      };
      check(runPlan(backend, conv, [x, w])[0], out, outSize);
      check(runPlan(backend, inputGrad, [g, w])[0], dx, dxSize);
      check(runPlan(backend, weightGrad, [x, g])[0], dw, dwSize);
    }
  });
}

Deno.test("Winograd convolutions and gradients of small integers are exact, on any number of threads", () => {
  const backends = [1, 3].map((threads) => createCpuBackend({ threads, blas: "none" }));
  for (const size of sizes) {
    const { y, conv, weightGrad } = plansOf(size);
    const [x, w, g] = [size.x, size.w, y].map((shape, i) =>
      randoms(shape, 4 + i).map((v) => Math.round(v * 20))
    );
    const out = new Float32Array(g.length), dw = new Float32Array(w.length);
    products(size, y, (i, j, k) => {
      out[k] += x[i] * w[j];
      dw[j] += x[i] * g[k];
    });
    for (const backend of backends) {
      assertEquals(runPlan(backend, conv, [x, w])[0], out);
      assertEquals(runPlan(backend, weightGrad, [x, g])[0], dw);
    }
  }
});

Deno.test("Winograd convolutions: NaN and infinity stay in the windows that hold them", () => {
  const [size] = sizes, { y, conv } = plansOf(size), backend = createCpuBackend({ threads: 1, blas: "none" });
  const x = randoms(size.x, 6), w = randoms(size.w, 7), [clean] = runPlan(backend, conv, [x, w]);
  const places = [3, 200, 356, 357 * 16 + 150], bad = new Set<number>();
  products(size, y, (i, _, k) => places.includes(i) && bad.add(k));
  for (const value of [NaN, Infinity]) {
    const [out] = runPlan(backend, conv, [x.map((v, i) => places.includes(i) ? value : v), w]);
    for (let k = 0; k < out.length; k++) {
      if (bad.has(k)) assert(!Number.isFinite(out[k]));
      else assertEquals(out[k], clean[k]);
    }
  }
});

Deno.test("convolutions of images with channels last, without padding, are right", () => {
  const [n, c, height, width] = [1, 16, 18, 18],
    shape = [n, c, height, width],
    w = randoms([16, 16, 3, 3], 9);
  const attrs = { stride: [1, 1], dilation: [1, 1], padLow: [0, 0], padHigh: [0, 0], groups: 1 };
  const plan = (x: ReturnType<typeof dense>) =>
    routinePlan("conv", attrs, [x, dense("float32", [16, 16, 3, 3])], "float32", [1, 16, 16, 16]);
  const x = randoms(shape, 8), last = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) last[i % (height * width) * c + Math.floor(i / (height * width))] = x[i];
  const backend = createCpuBackend({ threads: 1, blas: "none" });
  const [want] = runPlan(backend, plan(dense("float32", shape)), [x, w]);
  const [got] = runPlan(backend, plan(strided("float32", x.length, shape, [x.length, 1, width * c, c])), [
    last,
    w,
  ]);
  for (let i = 0; i < want.length; i++) assertLessOrEqual(Math.abs(Number(got[i]) - Number(want[i])), 2e-6);
});

Deno.test("Winograd convolutions with bias and relu, and their gradients, agree with float64", () => {
  const shapes = [[3, 24, 21, 30], [20, 24, 3, 3], [20]];
  const inputs = shapes.map((shape) => randn(shape, { device: "cpu" }));
  const f = (x: Tensor, w: Tensor, b: Tensor) => conv2d(x, w, b, { padding: 1 }).relu();
  const close = (got: Tensor, want: Tensor) =>
    assertLessOrEqual(got.double().sub(want).abs().max().item(), 3e-6 * want.abs().max().item());
  const wide = inputs.map((t) => t.double()), [x, w, b] = inputs;
  close(f(x, w, b), f(wide[0], wide[1], wide[2]));
  const gradients = grad((x: Tensor, w: Tensor, b: Tensor) => f(x, w, b).square().sum(), {
    argnums: [0, 1, 2],
  });
  const got = gradients(x, w, b) as Tensor[], want = gradients(wide[0], wide[1], wide[2]) as Tensor[];
  got.forEach((t, i) => close(t, want[i]));
});
