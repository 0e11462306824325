/** Sizes and settings of layers that PyTorch refuses, and those that it takes where nothing is computed of them. */
import { assertEquals, assertThrows } from "@std/assert";
import * as F from "../../../../core/functional.ts";
import { ones, ShapeError, tensor, ValueError, zeros } from "../../../../core/mod.ts";

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
