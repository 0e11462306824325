/** Input that PyTorch refuses and a formula would take: the sentences are PyTorch's. */
import { assertEquals, assertThrows } from "@std/assert";
import * as F from "../../../core/functional.ts";
import * as tenon from "../../../core/mod.ts";

const { DTypeError, IndexError, ShapeError, ValueError, ones, tensor, zeros } = tenon;

Deno.test("quantiles of levels that are none", () => {
  for (const f of [tenon.quantile, tenon.nanquantile]) {
    for (const q of [NaN, [0.5, NaN], tensor([NaN]), tensor(1.5)]) {
      assertThrows(() => f(ones([3]), q), ValueError, "q values must be in the range [0, 1]");
    }
  }
});

Deno.test("distinct slices of nothing", () => {
  for (const f of [tenon.unique, tenon.uniqueConsecutive]) {
    assertThrows(() => f(tensor(1), { dim: -1 }), IndexError, "Dimension specified as -1 but tensor has no");
    assertThrows(
      () => f(zeros([5, 0]), { dim: 0 }),
      ShapeError,
      "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied",
    );
    assertThrows(
      () => f(zeros([0, 5, 0]), { dim: 0 }),
      ShapeError,
      "Number of zero sized dimensions is more than one, so unique cannot be applied",
    );
    assertEquals(f(zeros([5, 0]), { dim: 1 }).shape, [5, 0]);
  }
});

Deno.test("words, dtypes and shapes that do not go with an operation", () => {
  // @ts-expect-error a reduction is no indexing
  assertThrows(() => tenon.meshgrid([tensor(1)], { indexing: "mean" }), ValueError, 'one of "xy" or "ij"');
  assertThrows(() => tenon.mvlgamma(tensor(true), 1), DTypeError, "The input tensor may not be a boolean");
  assertThrows(() => tenon.slice(tensor(1), 0), IndexError, "slice() cannot be applied to a 0-dim tensor.");
  const whole = ones([5, 5], { dtype: "int64" });
  assertThrows(
    () => F.cosineSimilarity(whole, whole),
    DTypeError,
    "expected common dtype to be floating point, yet common dtype is Long",
  );
  assertThrows(
    () => F.embeddingBag([1, 2], whole, [0]),
    DTypeError,
    "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, Float, Double",
  );
  const product = (bias: tenon.Tensor) => F.bilinear(ones([3]), ones([4]), ones([5, 3, 4]), bias);
  assertThrows(
    () => product(ones([1])),
    ShapeError,
    "bias size does not match weight size: got 1 but expected 5",
  );
  assertThrows(() => product(tensor(1)), IndexError, "Dimension specified as 0 but tensor has no dimensions");
});
