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

interface Spec {
  readonly batch: number;
  readonly groups: number;
  /** Filters of each group, and its channels. */
  readonly filters: number;
  readonly channels?: number;
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padLow: readonly number[];
  readonly padHigh: readonly number[];
}

const specs: readonly Spec[] = [
  // Twenty thousand products for each of 18 weights.
  {
    batch: 2,
    groups: 2,
    filters: 1,
    size: [100, 100],
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padLow: [1, 1],
    padHigh: [1, 1],
  },
  {
    batch: 3,
    groups: 3,
    filters: 2,
    size: [11],
    kernel: [3],
    stride: [2],
    dilation: [3],
    padLow: [2],
    padHigh: [1],
  },
  {
    batch: 2,
    groups: 2,
    filters: 1,
    channels: 2,
    size: [5, 6, 4],
    kernel: [2, 3, 2],
    stride: [2, 1, 1],
    dilation: [1, 2, 1],
    padLow: [1, 0, 0],
    padHigh: [0, 1, 2],
  },
  // Strides that not every tap of an input's gradient meets.
  {
    batch: 2,
    groups: 5,
    filters: 2,
    size: [7, 20],
    kernel: [3, 4],
    stride: [2, 3],
    dilation: [1, 2],
    padLow: [1, 3],
    padHigh: [2, 4],
  },
  {
    batch: 1,
    groups: 3,
    filters: 1,
    size: [40],
    kernel: [9],
    stride: [5],
    dilation: [1],
    padLow: [4],
    padHigh: [0],
  },
  // Nothing beyond the edges is read.
  {
    batch: 1,
    groups: 2,
    filters: 1,
    size: [9, 8],
    kernel: [2, 3],
    stride: [1, 2],
    dilation: [2, 1],
    padLow: [0, 0],
    padHigh: [0, 0],
  },
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
    const small = specs.filter(({ size }) => sizeOf(size) < 1000);
    for (
      const { batch, groups, filters, channels = 1, size, kernel, ...windows } of "limits" in options
        ? small
        : specs
    ) {
      const { stride, dilation, padLow, padHigh } = windows;
      const out = size.map((s, d) =>
        Math.floor((s + padLow[d] + padHigh[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1
      );
      const x = [batch, groups * channels, ...size], g = [batch, groups * filters, ...out];
      const w = [groups * filters, channels, ...kernel];
      const attrs = { ...windows, groups, kernelSize: kernel };
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
