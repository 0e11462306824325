/**
 * float16 and bfloat16 at the edges of their ranges, on every device: products and sums are made in float32 and rounded once, so that they overflow only where
 * the result does.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createWebGpuBackend } from "../../../core/backend/webgpu/backend.ts";
import { backendOf, registerBackend } from "../../../core/device.ts";
import { conv2d, layerNorm, ones, softmax, type Tensor, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

const rows = [[300, 300, 300], [300, 300, 0], [NaN, 1, 1], [Infinity, 1, 0], [Infinity, -1, -Infinity]];
const columns = [[300, 1], [300, 0], [-1792 / 3, 0]];

interface Wanted {
  readonly product: number[][];
  readonly ones: number;
  readonly limits: number[];
}

/** For each dtype the product of those, the sum of 70,000 ones, and numbers around its limits as it holds them. */
const wanted: Readonly<Record<"float16" | "bfloat16", Wanted>> = {
  float16: {
    // 90000 + 90000 - 300 * 597.5: sums in between leave the range, the result does not; in the second row it does.
    product: [[750, 300], [Infinity, 300], [NaN, NaN], [Infinity, Infinity], [Infinity, NaN]],
    ones: Infinity,
    limits: [2 ** -24, -(2 ** -24), 0, -0, 65504, Infinity, -0],
  },
  bfloat16: {
    product: [[1200, 300], [180224, 300], [NaN, NaN], [Infinity, Infinity], [Infinity, NaN]],
    ones: 70144,
    limits: [
      6.007030606269836e-8,
      -6.007030606269836e-8,
      9.98402083170343e-31,
      -9.98402083170343e-31,
      65536,
      65536,
      -0,
    ],
  },
};

function check(dtype: "float16" | "bfloat16"): void {
  const make = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype });
  const { product, ones: sum, limits } = wanted[dtype];
  const a = make(rows), b = make(columns);
  assertEquals(a.matmul(b).tolist(), product);
  assertEquals(b.t().matmul(a.t()).t().tolist(), product);
  // The same product as a convolution of one position with five filters, and of two images.
  const images = b.t().reshape(2, 3, 1, 1), filters = a.reshape(5, 3, 1, 1);
  assertEquals(conv2d(images, filters).reshape(2, 5).t().tolist(), product);
  assertEquals(ones([70000], { dtype }).sum().item(), sum);
  assertEquals(ones([3, 70000], { dtype }).sum(1).tolist(), [sum, sum, sum]);
  const edges = make([-0, NaN, 1, -Infinity]);
  assertEquals([edges.max().item(), edges.argmax().item(), edges.min().item()], [NaN, 1, NaN]);
  const large = make([[60000, 60000, -60000]]);
  assertEquals(softmax(large, 1).tolist(), [[0.5, 0.5, 0]]);
  assertEquals(layerNorm(large, [3]).tolist(), [[0.70703125, 0.70703125, -1.4140625]]);
  const held = make([6e-8, -6e-8, 1e-30, -1e-30, 65504, 65520, -0]);
  assertEquals(held.mul(1).tolist(), limits);
}

for (const dtype of ["float16", "bfloat16"] as const) {
  forEachDevice(`${dtype} overflows only where the result does`, () => check(dtype));
}

forEachDevice("the same with kernels for GPUs, and without float16 in memory", async () => {
  const before = backendOf("webgpu");
  for (const defaultLimits of [false, true]) {
    const other = await createWebGpuBackend({ allowSoftware: true, kernels: "gpu", defaultLimits });
    registerBackend("webgpu", other);
    try {
      check("float16");
      check("bfloat16");
    } finally {
      registerBackend("webgpu", before);
      other.destroy();
    }
  }
}, { devices: ["webgpu"] });
