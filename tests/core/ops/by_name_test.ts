/**
 * Arguments that a call cannot do without, by name, as PyTorch programs give them: `max_pool2d(x, kernel_size=3, stride=2)`. Each call is compared with
 * the same by position.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { arange, ones, type Tensor, ValueError } from "../../../core/mod.ts";
import { functional as F } from "../../../nn/mod.ts";

const image = arange(64).reshape([1, 4, 4, 4]).float(), line = image.reshape([1, 4, 16]);
const cube = image.reshape([1, 1, 4, 4, 4]), rows = arange(6).reshape([2, 3]).float();
const taken = F.maxPool2d(image, 2, { returnIndices: true });

const cases: [name: string, byName: () => Tensor, byPosition: () => Tensor][] = [
  ["max_pool1d", () => F.maxPool1d(line, { kernelSize: 3, stride: 2 }), () => F.maxPool1d(line, 3, 2)],
  ["max_pool2d", () => F.maxPool2d(image, { kernelSize: 2, padding: 1 }), () => F.maxPool2d(image, 2, 2, 1)],
  ["max_pool3d", () => F.maxPool3d(cube, { kernelSize: 2 }), () => F.maxPool3d(cube, 2)],
  [
    "max_pool2d, values and indices",
    () => F.maxPool2d(image, { kernelSize: 2, returnIndices: true }).indices,
    () => taken.indices,
  ],
  [
    "max_pool2d_with_indices",
    () => F.maxPool2dWithIndices(image, { kernelSize: 2 }).indices,
    () => taken.indices,
  ],
  [
    "max_unpool2d",
    () => F.maxUnpool2d(taken.values, taken.indices, { kernelSize: 2 }),
    () => F.maxUnpool2d(taken.values, taken.indices, 2),
  ],
  [
    "avg_pool2d",
    () => F.avgPool2d(image, { kernelSize: 3, padding: 1, countIncludePad: false }),
    () => F.avgPool2d(image, 3, null, 1, false, false),
  ],
  ["lp_pool2d", () => F.lpPool2d(image, { normType: 2, kernelSize: 2 }), () => F.lpPool2d(image, 2, 2)],
  ["lp_pool2d, half by name", () => F.lpPool2d(image, 2, { kernelSize: 2 }), () => F.lpPool2d(image, 2, 2)],
  [
    "adaptive_avg_pool2d",
    () => F.adaptiveAvgPool2d(image, { outputSize: 1 }),
    () => F.adaptiveAvgPool2d(image, 1),
  ],
  [
    "adaptive_max_pool2d",
    () => F.adaptiveMaxPool2d(image, { outputSize: [1, 2], returnIndices: true }).indices,
    () => F.adaptiveMaxPool2d(image, [1, 2], { returnIndices: true }).indices,
  ],
  ["unfold", () => F.unfold(image, { kernelSize: 2, stride: 2 }), () => F.unfold(image, 2, 1, 0, 2)],
  [
    "fold",
    () => F.fold(ones([1, 4, 4]), { outputSize: 4, kernelSize: 2, stride: 2 }),
    () => F.fold(ones([1, 4, 4]), 4, 2, 1, 0, 2),
  ],
  [
    "layer_norm",
    () => F.layerNorm(rows, { normalizedShape: [3], eps: 1 }),
    () => F.layerNorm(rows, [3], { eps: 1 }),
  ],
  [
    "layer_norm with a factor",
    () => F.layerNorm(rows, { normalizedShape: [3], weight: ones([3]), bias: null }),
    () => F.layerNorm(rows, [3], ones([3])),
  ],
  ["rms_norm", () => F.rmsNorm(rows, { normalizedShape: [3] }), () => F.rmsNorm(rows, [3])],
  ["group_norm", () => F.groupNorm(image, { numGroups: 2 }), () => F.groupNorm(image, 2)],
  ["local_response_norm", () => F.localResponseNorm(image, { size: 2 }), () => F.localResponseNorm(image, 2)],
  ["pixel_shuffle", () => F.pixelShuffle(image, { upscaleFactor: 2 }), () => F.pixelShuffle(image, 2)],
  ["pad", () => F.pad(rows, { pad: [1, 0], value: 7 }), () => F.pad(rows, [1, 0], "constant", 7)],
];

for (const [name, byName, byPosition] of cases) {
  Deno.test(`by name: ${name}`, () => assertEquals(byName().tolist(), byPosition().tolist()));
}

Deno.test("what is missing, unknown or given twice is named", () => {
  const wrong: [call: () => unknown, sentence: string][] = [
    [
      () => F.maxPool2d(image, { stride: 2 }),
      "max_pool2d() missing 1 required positional argument: 'kernelSize'",
    ],
    [
      () => F.lpPool2d(image, 2, { stride: 2 }),
      "lp_pool2d() missing 1 required positional argument: 'kernelSize'",
    ],
    [
      () => F.layerNorm(rows, { eps: 1 }),
      "layer_norm() missing 1 required positional argument: 'normalizedShape'; given by name: eps",
    ],
    [
      () => F.maxPool2d(image, Object.fromEntries([["kernel_size", 2]])),
      "it knows kernelSize, stride, padding, dilation, ceilMode, returnIndices, and 'kernel_size' is 'kernelSize' here",
    ],
    [
      () => F.groupNorm(image, 2, Object.fromEntries([["numGroups", 2]])),
      "group_norm() got multiple values for argument 'numGroups'",
    ],
  ];
  for (const [call, sentence] of wrong) assertThrows(call, ValueError, sentence);
});
