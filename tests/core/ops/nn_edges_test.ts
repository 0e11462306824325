/**
 * Edges of the operations behind layers: sizes, dtypes and values at which PyTorch takes a way of its own. Numbers are PyTorch's.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DTypeError, ShapeError, ValueError } from "../../../core/errors.ts";
import { prelu } from "../../../core/ops/nn/activation.ts";
import { ones, tensor, zeros } from "../../../core/ops/create.ts";
import { arange } from "../../../core/ops/ranges.ts";
import { bilinear, linear } from "../../../core/ops/linalg/matmul.ts";
import { binaryCrossEntropy } from "../../../core/ops/nn/binary_loss.ts";
import { multilabelSoftMarginLoss, multiMarginLoss } from "../../../core/ops/nn/margin_loss.ts";
import { groupNorm, layerNorm } from "../../../core/ops/nn/normalization.ts";
import { cosineSimilarity } from "../../../core/ops/nn/similarity.ts";
import { batchNorm } from "../../../core/ops/nn/batch_norm.ts";
import { interpolate } from "../../../core/ops/nn/resize.ts";
import { widest, within } from "../precision.ts";

Deno.test("nearest neighbours of images keep equal and doubled sizes as they are, those of vectors do not", () => {
  const image = arange(4).reshape([1, 1, 2, 2]);
  const near = interpolate(image, { scaleFactor: [1.3, 2.4], mode: "nearest" });
  assertEquals(near.tolist(), [[[[0, 0, 1, 1], [2, 2, 3, 3]]]]);
  const row = tensor([[[1, 5]]]);
  assertEquals(interpolate(row, { scaleFactor: 1.3, mode: "nearest" }).tolist(), [[[1, 1]]]);
});

Deno.test("the gradient of cosine similarity is that of the length where eps stands for it", () => {
  const a = tensor([[0.1, 0.2]], { dtype: widest(), requiresGrad: true });
  const b = tensor([[3, 4]], { dtype: widest() });
  const y = cosineSimilarity(a, b, { eps: 1 });
  assertAlmostEquals(y.sum().item(), 0.22, within(1e-12, 1e-6));
  y.sum().backward();
  // b / |b| - (a . b / |b|) a / s^2 with s = eps = 1 for the length of a: [0.6, 0.8] - 0.22 [0.1, 0.2].
  const [[da, db]] = a.grad?.tolist() as number[][];
  assertAlmostEquals(da, 0.578, within(1e-12, 1e-6));
  assertAlmostEquals(db, 0.756, within(1e-12, 1e-6));
});

Deno.test("margin losses take their shape from the target, their classes from the input", () => {
  const target = tensor([2], { dtype: "int64" });
  assertEquals([...multiMarginLoss(tensor([0.1, 0.2, 0.7]), target, { reduction: "none" }).shape], [1]);
  const loss = multilabelSoftMarginLoss(zeros([3]), ones([2, 3]), { reduction: "none" });
  assertEquals([...loss.shape], [3]);
});

Deno.test("parameters of another dtype than the input are refused", () => {
  const x = ones([2, 4, 3]), double = ones([4], { dtype: "float64" });
  assertThrows(
    () => batchNorm(x, double, double, { training: true }),
    DTypeError,
    "mixed dtype (CPU): expect parameter to have scalar type of Float",
  );
  assertThrows(() => groupNorm(x, 2, double), DTypeError, "expected scalar type Float but found Double");
  assertThrows(
    () => layerNorm(x, [3], ones([3], { dtype: "float64" })),
    DTypeError,
    "expected scalar type Float",
  );
  assertThrows(
    () => prelu(x, ones([1], { dtype: "float64" })),
    DTypeError,
    "Found dtype Double but expected Float",
  );
  assertThrows(
    () => bilinear(ones([2, 3]), ones([2, 4]), ones([5, 3, 4], { dtype: "float64" })),
    DTypeError,
    "expected scalar type Float but found Double, in bilinear",
  );
  assertThrows(
    () => linear(ones([2, 3], { dtype: "float64" }), ones([4, 3])),
    DTypeError,
    "expected scalar type Double but found Float, in linear",
  );
  // Halves go with single precision.
  assertEquals([...layerNorm(ones([2, 3], { dtype: "float16" }), [3], ones([3])).shape], [2, 3]);
  assertThrows(
    () => groupNorm(x, 2, ones([3])),
    ShapeError,
    "Expected weight to be a vector of size equal to the",
  );
});

Deno.test("binary cross entropy takes probabilities, and targets of their dtype", () => {
  assertThrows(
    () => binaryCrossEntropy(tensor([0.5, 1.5]), tensor([0, 1])),
    ValueError,
    "all elements of input should be between 0 and 1, in binary_cross_entropy: got 1.5",
  );
  // Logits that are computed are found when the loss is.
  for (const logits of [tensor([0.5, 1.5]), tensor([-0.25, 0.5]), tensor([NaN, 0.5])]) {
    const loss = binaryCrossEntropy(logits.mul(1).requiresGrad_(), tensor([0, 1]));
    assertThrows(
      () => loss.item(),
      ValueError,
      "all elements of input should be between 0 and 1, in binary_cross_entropy; for logits there is",
    );
  }
  assertThrows(
    () => binaryCrossEntropy(tensor([0.5]), tensor([1], { dtype: "int64" })),
    DTypeError,
    "Found dtype Long but expected Float",
  );
});

Deno.test("interpolation refuses sizes that nothing can count before it lists their places", () => {
  for (const mode of ["nearest", "linear", "area"] as const) {
    assertThrows(
      () => interpolate(ones([1, 1, 4]), { scaleFactor: 1e30, mode }),
      ShapeError,
      "Storage size calculation overflowed with sizes=[1, 1, 4e+30], in interpolate",
    );
  }
});

Deno.test("the slope of prelu has no gradient in what is positive, infinite or not", () => {
  const weight = tensor([0.5], { requiresGrad: true });
  prelu(tensor([Infinity, 2, -3]), weight).sum().backward();
  assertEquals(weight.grad?.tolist(), [-3]);
});
