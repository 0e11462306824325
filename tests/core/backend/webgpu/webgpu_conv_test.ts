/**
 * Gradients of the weights of convolutions whose groups have few of them: reductions over samples and positions, long ones in two passes.
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

for (const kernels of ["gpu", "software"] as const) {
  gpuTest(`few weights in each group of a convolution, ${kernels} kernels`, { kernels }, (backend) => {
    for (const { batch, groups, filters, channels = 1, size, kernel, ...windows } of specs) {
      const { stride, dilation, padLow, padHigh } = windows;
      const out = size.map((s, d) =>
        Math.floor((s + padLow[d] + padHigh[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1
      );
      const x = [batch, groups * channels, ...size], g = [batch, groups * filters, ...out];
      const w = [groups * filters, channels, ...kernel];
      const attrs = { ...windows, groups, kernelSize: kernel };
      const plan = routinePlan(
        "convWeightGrad",
        attrs,
        [dense("float32", x), dense("float32", g)],
        "float32",
        w,
      );
      // Small whole numbers, whose sums are exact in any order.
      const values = (shape: readonly number[], step: number) =>
        hostOf("float32", Array.from({ length: sizeOf(shape) }, (_, i) => (i * step) % 11 - 4));
      const data = [values(x, 7), values(g, 5)];
      assertEquals(runPlan(backend, plan, data), runPlan(reference, plan, data), `[${x}] to [${g}]`);
    }
  });
}
