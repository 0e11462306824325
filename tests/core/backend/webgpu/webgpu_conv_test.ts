/**
 * Convolutions whose groups have few weights, and their gradients: each thread collects windows, and the weights have reductions over samples and positions.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import { sizeOf } from "../../../../core/shape.ts";
import { dense, hostOf, routinePlan, runPlan } from "../build.ts";
import { gpuTest } from "./device.ts";

const reference = createReferenceBackend();

type Sizes = readonly number[];

/** A convolution: samples, groups, filters and channels of each group; then a number for each spatial dimension. */
type Spec = readonly [
  counts: readonly [batch: number, groups: number, filters: number, channels: number],
  size: Sizes,
  kernel: Sizes,
  stride: Sizes,
  dilation: Sizes,
  padLow: Sizes,
  padHigh: Sizes,
];

const specs: readonly Spec[] = [
  // Twenty thousand products for each of 18 weights.
  [[2, 2, 1, 1], [100, 100], [3, 3], [1, 1], [1, 1], [1, 1], [1, 1]],
  [[3, 3, 2, 1], [11], [3], [2], [3], [2], [1]],
  [[2, 2, 1, 2], [5, 6, 4], [2, 3, 2], [2, 1, 1], [1, 2, 1], [1, 0, 0], [0, 1, 2]],
  // Strides that not every tap of an input's gradient meets.
  [[2, 5, 2, 1], [7, 20], [3, 4], [2, 3], [1, 2], [1, 3], [2, 4]],
  [[1, 3, 1, 1], [40], [9], [5], [1], [4], [0]],
  // Nothing beyond the edges is read.
  [[1, 2, 1, 1], [9, 8], [2, 3], [1, 2], [2, 1], [0, 0], [0, 0]],
];

const ways = {
  "gpu kernels": { kernels: "gpu" },
  "gpu kernels and four small bindings": {
    kernels: "gpu",
    limits: { bindingBytes: 4096, storageBuffers: 4, workgroupsPerDimension: 8 },
  },
  "software kernels": { kernels: "software" },
} as const;

for (const [way, options] of Object.entries(ways)) {
  gpuTest(`few weights in each group of a convolution, ${way}`, options, (backend) => {
    const tried = "limits" in options ? specs.filter(([, size]) => sizeOf(size) < 1000) : specs;
    for (const [counts, size, kernel, stride, dilation, padLow, padHigh] of tried) {
      const [batch, groups, filters, channels] = counts;
      const out = size.map((s, d) =>
        Math.floor((s + padLow[d] + padHigh[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1
      );
      const x = [batch, groups * channels, ...size], g = [batch, groups * filters, ...out];
      const w = [groups * filters, channels, ...kernel];
      const attrs = { stride, dilation, padLow, padHigh, groups, kernelSize: kernel };
      // Small whole numbers, whose sums are exact in any order.
      const values = (shape: readonly number[], step: number) =>
        hostOf("float32", Array.from({ length: sizeOf(shape) }, (_, i) => (i * step) % 11 - 4));
      for (
        const [name, a, b, result] of [
          ["conv", x, w, g],
          ["convInputGrad", g, w, x],
          ["convWeightGrad", x, g, w],
        ] as const
      ) {
        const plan = routinePlan(name, attrs, [dense("float32", a), dense("float32", b)], "float32", result);
        const data = [values(a, 7), values(b, 5)];
        assertEquals(
          runPlan(backend, plan, data),
          runPlan(reference, plan, data),
          `${name} of [${a}], [${b}]`,
        );
      }
    }
  });
}
