/**
 * Input gradients of convolutions, and so transposed convolutions, whose filters hold infinities or NaN: as in PyTorch, no filter is multiplied with what lies outside the
 * gradient, whatever method computes it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import type { DType } from "../../../../core/dtype.ts";
import { convTranspose1d, convTranspose2d, tensor } from "../../../../core/mod.ts";
import { sizeOf } from "../../../../core/shape.ts";
import { dense, hostOf, routinePlan, runPlan } from "../build.ts";

interface Spec {
  readonly what: string;
  readonly channels: readonly [number, number];
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride?: number;
  readonly pad?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

const specs: readonly Spec[] = [
  { what: "a product", channels: [3, 5], size: [9], kernel: [3], pad: 1 },
  { what: "phases", channels: [3, 5], size: [7, 8], kernel: [3, 3], stride: 2, pad: 1 },
  {
    what: "phases of a dilated filter",
    channels: [4, 4],
    size: [14],
    kernel: [3],
    stride: 3,
    dilation: 2,
    groups: 2,
  },
  { what: "depthwise", channels: [3, 3], size: [9, 7], kernel: [3, 2], pad: 1, groups: 3 },
  { what: "depthwise phases", channels: [2, 2], size: [9, 8], kernel: [3, 3], stride: 2, pad: 1, groups: 2 },
  { what: "three dimensions", channels: [2, 3], size: [4, 3, 5], kernel: [2, 2, 2], stride: 2 },
  { what: "Winograd's method", channels: [16, 16], size: [16, 16], kernel: [3, 3], pad: 1 },
];

/** Small numbers without zeros. */
const numbers = (count: number) =>
  Array.from({ length: count }, (_, i) => (i * 7 % 5 + 1) / 4 * (i % 3 === 0 ? -1 : 1));

for (const simd of ["relaxed", "plain"] as const) {
  Deno.test(`input gradients with a filter element that is not finite are sums of what there is, ${simd} SIMD`, () => {
    const options = { blas: "none", ...(simd === "plain" ? { simd } : {}) } as const;
    const backends = [1, 2].map((threads) => createCpuBackend({ threads, ...options }));
    const reference = createReferenceBackend();
    for (
      const { what, channels: [cin, cout], size, kernel, stride = 1, pad = 0, dilation = 1, groups = 1 }
        of specs
    ) {
      const each = (n: number) => size.map(() => n);
      const attrs = {
        stride: each(stride),
        padLow: each(pad),
        padHigh: each(pad),
        dilation: each(dilation),
        groups,
      };
      const out = size.map((n, d) => Math.floor((n + 2 * pad - dilation * (kernel[d] - 1) - 1) / stride) + 1);
      const W = [cout, cin / groups, ...kernel], G = [2, cout, ...out], taps = sizeOf(kernel);
      for (const dtype of ["float32", "float64", "float16"] satisfies DType[]) {
        const plan = routinePlan(
          "convInputGrad",
          { ...attrs, inputSize: size },
          [dense(dtype, G), dense(dtype, W)],
          dtype,
          [2, cin, ...size],
        );
        for (let tap = 0; tap < taps; tap++) {
          const w = numbers(sizeOf(W));
          w[tap] = [Infinity, -Infinity, NaN][tap % 3];
          const inputs = [hostOf(dtype, numbers(sizeOf(G))), hostOf(dtype, w)];
          const [want] = runPlan(reference, plan, inputs);
          for (const backend of backends) {
            assertEquals(runPlan(backend, plan, inputs)[0], want, `${what}, tap ${tap}, ${dtype}`);
          }
        }
      }
    }
  });
}

Deno.test("transposed convolutions with an infinity have PyTorch's values, activation and all", () => {
  // x = torch.tensor([[[[1., 2], [3, 4]]]]); w = torch.tensor([[[[inf, 1], [2, -1]]]]); F.conv_transpose2d(x, w, torch.ones(1), ...).relu()
  const x = tensor([[[[1, 2], [3, 4]]]], { device: "cpu" }), bias = tensor([1], { device: "cpu" });
  const w = tensor([[[[Infinity, 1], [2, -1]]]], { device: "cpu" });
  assertEquals(convTranspose2d(x, w, bias).relu().tolist(), [[[[Infinity, Infinity, 3], [
    Infinity,
    Infinity,
    3,
  ], [7, 6, 0]]]]);
  assertEquals(convTranspose2d(x, w, bias, { stride: 2 }).relu().tolist(), [[[
    [Infinity, 2, Infinity, 3],
    [3, 0, 5, 0],
    [Infinity, 4, Infinity, 5],
    [7, 0, 9, 0],
  ]]]);
  assertEquals(convTranspose2d(x, w, bias, { stride: 2, padding: 1, outputPadding: 1 }).relu().tolist(), [[[
    [0, 5, 0],
    [4, Infinity, 5],
    [0, 9, 0],
  ]]]);
  const line = tensor([[[1, 2, 3]]], { device: "cpu" }), nan = tensor([[[1, NaN, 2]]], { device: "cpu" });
  assertEquals(convTranspose1d(line, nan, null, { stride: 3, dilation: 2 }).tolist(), [[[
    1,
    0,
    NaN,
    2,
    2,
    NaN,
    3,
    4,
    NaN,
    0,
    6,
  ]]]);
});
