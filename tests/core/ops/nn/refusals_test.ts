/** Sizes and settings of layers that PyTorch refuses, and those that it takes where nothing is computed of them. */
import { assertEquals, assertThrows } from "@std/assert";
import * as F from "../../../../core/functional.ts";
import {
  GradError,
  noGrad,
  ones,
  ShapeError,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from "../../../../core/mod.ts";

Deno.test("dropout looks at its probability always, and at the dtype only for a mask", () => {
  const whole = tensor([3, 4], { dtype: "int64" });
  assertEquals(F.dropout(whole, 0.5, false).tolist(), [3, 4]);
  assertEquals(F.dropout(whole, 1).tolist(), [0, 0]);
  assertEquals(F.dropout2d(whole, 1).tolist(), [0, 0]);
  for (const drop of [F.dropout, F.alphaDropout, F.featureAlphaDropout]) {
    assertThrows(
      () => drop(ones([2, 2]), 2, false),
      ValueError,
      "dropout probability has to be between 0 and 1",
    );
  }
});

Deno.test("normalisation wants numbers of the shape of its channels, and more than one value", () => {
  const x = ones([3, 2, 4]);
  assertThrows(
    () => F.instanceNorm(x, null, null, { weight: tensor(2) }),
    ShapeError,
    "weight should contain 6 elements not 3, in instance_norm",
  );
  assertThrows(
    () => F.instanceNorm(x, ones([1, 2]), ones([2])),
    ShapeError,
    "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
  );
  assertEquals(F.instanceNorm(ones([3, 1, 4]), null, null, { weight: tensor(2) }).output.shape, [3, 1, 4]);
  assertThrows(
    () => F.groupNorm(ones([1, 4]), 4),
    ValueError,
    "Expected more than 1 value per channel when training, got input size [1, 4]",
  );
  assertEquals(F.groupNorm(ones([2, 4]), 4).shape, [2, 4]);
  assertEquals(F.localResponseNorm(zeros([0, 2, 3]), 0).shape, [0, 2, 3]);
  assertThrows(
    () => F.localResponseNorm(x, 0),
    ValueError,
    "kernel size should be greater than zero, but got 0",
  );
});

Deno.test("pools check the sizes that they are to give", () => {
  const index = zeros([1, 2, 1], { dtype: "int64" });
  assertThrows(
    () => F.maxUnpool1d(ones([1, 2, 1]), index, 3, { outputSize: [1, 2] }),
    ValueError,
    "output_size should be a sequence containing 1 or 3 elements, but it has a length of '2'",
  );
  assertThrows(
    () => F.fractionalMaxPool3d(ones([1, 3, 3, 3]), 2, { outputSize: 2 }),
    ShapeError,
    "pool time 2 too large relative to input time 3",
  );
  assertEquals(F.fractionalMaxPool2d(ones([1, 3, 3]), 2, { outputSize: 2 }).shape, [1, 2, 2]);
});

Deno.test("the bias of a linear layer does not widen its result", () => {
  const x = ones([2, 3]), one = ones([1, 3]);
  assertThrows(
    () => F.linear(x, one, ones([4])),
    ShapeError,
    "The expanded size of the tensor (1) must match the existing size (4) at non-singleton dimension 1",
  );
  assertThrows(
    () => F.linear(ones([3]), one, ones([4])),
    ShapeError,
    "output with shape [1] doesn't match the broadcast shape [4], in linear",
  );
  assertEquals(F.linear(x, ones([4, 3]), tensor([[1], [2]])).tolist(), [[4, 4, 4, 4], [5, 5, 5, 5]]);
  assertEquals(F.linear(ones([2, 2, 3]), ones([4, 3]), ones([1])).shape, [2, 2, 4]);
});

Deno.test("images without channels have no largest elements and no elements between", () => {
  const x = ones([2, 0, 3, 3]);
  assertThrows(() => F.adaptiveMaxPool2d(x, 1), ShapeError, "with dimension 1 being empty");
  assertEquals(F.adaptiveMaxPool2d(ones([0, 3, 3]), 1).shape, [0, 1, 1]);
  assertEquals(F.adaptiveAvgPool2d(x, 2).shape, [2, 0, 2, 2]);
  assertThrows(
    () => F.interpolate(x, { size: 5 }),
    ShapeError,
    "Non-empty 4D data tensor expected but got a tensor with sizes [2, 0, 3, 3]",
  );
  assertEquals(F.interpolate(ones([0, 2, 3, 3]), { size: 5 }).shape, [0, 2, 5, 5]);
});

Deno.test("one output size in a list is not one for each dimension, and no bound is NaN", () => {
  assertThrows(() => F.adaptiveAvgPool2d(ones([2, 1, 4, 4]), [4]), ValueError, "output_size must be 2");
  assertEquals(F.adaptiveAvgPool1d(ones([2, 1, 4]), [4]).shape, [2, 1, 4]);
  assertThrows(
    () => F.rrelu(ones([3]), NaN, 1),
    ValueError,
    "Lower bound should be less than or equal to the",
  );
});

Deno.test("losses have no gradient in weights, as far as PyTorch's functions have none", () => {
  const given = () => ones([2], { requiresGrad: true }), x = ones([1, 2]).mul(0.5), plane = ones([1, 2, 3]);
  const at = tensor([1], { dtype: "int64" }), rows = zeros([1, 3], { dtype: "int64" });
  const refused: readonly (readonly [string, string, () => Tensor])[] = [
    ["binary_cross_entropy", "weight", () => F.binaryCrossEntropy(x, x, { weight: given() })],
    [
      "binary_cross_entropy_with_logits",
      "pos_weight",
      () => F.binaryCrossEntropyWithLogits(x, x, { posWeight: given() }),
    ],
    ["nll_loss_forward", "weight", () => F.crossEntropy(x, at, { weight: given() })],
    ["nll_loss2d_forward", "weight", () => F.nllLoss(plane, rows, { weight: given() })],
    ["multi_margin_loss", "weight", () => F.multiMarginLoss(x, at, { weight: given() })],
    ["soft_margin_loss", "target", () => F.softMarginLoss(ones([2]), given())],
  ];
  for (const [name, argument, run] of refused) {
    assertThrows(
      run,
      GradError,
      `The function '${name}' is not differentiable with respect to argument '${argument}'`,
    );
    assertEquals(noGrad(run).requiresGrad, false);
  }
  assertEquals(F.crossEntropy(x, x, { weight: given() }).requiresGrad, true);
});

Deno.test("blocks want two sizes, or one number for both, and images with channels", () => {
  assertThrows(
    () => F.unfold(ones([1, 2, 5, 6]), [2]),
    ValueError,
    "It is expected kernel_size equals to 2, but got size 1",
  );
  assertThrows(
    () => F.unfold(ones([1, 2, 5, 6]), 2, { stride: [1] }),
    ValueError,
    "It is expected stride equals to 2, but got size 1",
  );
  assertThrows(
    () => F.fold(ones([1, 4, 1]), [2], 2),
    ValueError,
    "It is expected output_size equals to 2, but got size 1",
  );
  assertThrows(
    () => F.unfold(zeros([1, 0, 5, 6]), 2),
    ShapeError,
    "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions",
  );
  assertThrows(
    () => F.fold(zeros([1, 0, 1]), 2, 2),
    ShapeError,
    "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size",
  );
  assertEquals(F.unfold(zeros([0, 2, 5, 6]), 2).shape, [0, 8, 20]);
});

Deno.test("a border of nothing's own elements is refused, but for an empty batch", () => {
  for (const mode of ["reflect", "replicate"] as const) {
    assertThrows(() => F.pad(zeros([1, 0, 4]), [1, 1], mode), ShapeError, "2D or 3D (batch mode) tensor");
    assertEquals(F.pad(zeros([0, 2, 4]), [1, 1], mode).shape, [0, 2, 6]);
    assertThrows(() => F.pad(ones([1, 2, 3]), [-3, 0], mode), ShapeError, "is too small. Calculated output");
  }
  // Without a batch, the channels of mirrored planes may be missing.
  assertEquals(F.pad(zeros([0, 4, 4]), [1, 1, 1, 1], "reflect").shape, [0, 6, 6]);
  assertThrows(() => F.pad(zeros([0, 4, 4]), [1, 1, 1, 1], "replicate"), ShapeError, "non-zero dimensions");
});

Deno.test("average pools refuse images without channels, and volumes smaller than a window", () => {
  const sentence = "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:";
  assertThrows(() => F.avgPool1d(zeros([1, 0, 5]), 2), ShapeError, `${sentence}[1, 0, 1, 5]`);
  assertThrows(
    () => F.avgPool2d(zeros([2, 4, 0, 5]), 2, { padding: 1 }),
    ShapeError,
    `${sentence}[2, 4, 0, 5]`,
  );
  assertThrows(
    () => F.avgPool3d(zeros([1, 0, 2, 3, 3]), 2),
    ShapeError,
    "avg_pool3d(): Expected input's non-batch dimensions to have positive length",
  );
  assertThrows(
    () => F.avgPool3d(ones([1, 1, 3, 3, 1]), [1, 3, 2], { stride: 2, ceilMode: true }),
    ShapeError,
    "input image (T: 3 H: 3 W: 1) smaller than kernel size (kT: 1 kH: 3 kW: 2)",
  );
  assertThrows(
    () => F.adaptiveAvgPool3d(zeros([1, 0, 4, 4, 4]), 2),
    ShapeError,
    "adaptive_avg_pool3d(): Expected input to have non-zero size for non-batch dimensions",
  );
  assertEquals(F.adaptiveAvgPool3d(zeros([1, 0, 4, 4, 4]), 1).shape, [1, 0, 1, 1, 1]);
  assertEquals(F.avgPool2d(zeros([0, 2, 4, 4]), 2).shape, [0, 2, 2, 2]);
});
