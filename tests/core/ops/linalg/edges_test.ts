/** Matrices that linear algebra has no answer for are refused with PyTorch's sentence, or have the one that it gives. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  IndexError,
  linalg,
  norm,
  ones,
  ormqr,
  pinverse,
  ShapeError,
  svdLowrank,
  tensor,
  ValueError,
  zeros,
} from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

Deno.test("what is not finite has no singular values", () => {
  const x = tensor([[NaN, 1], [1, 2]], { device: "cpu" });
  const sentence = "The algorithm failed to converge because the input matrix contained non-finite values.";
  for (
    const f of [
      () => pinverse(x),
      () => linalg.svd(x),
      () => linalg.matrixRank(x),
      () => linalg.cond(x),
      () => svdLowrank(x, { q: 1 }),
      () => linalg.matrixNorm(x, "nuc"),
    ]
  ) assertThrows(f, ValueError, `linalg.svd: ${sentence}`);
  assertThrows(() => linalg.pinv(x.unsqueeze(0)), ValueError, `linalg.svd: (Batch element 0): ${sentence}`);
});

forEachDevice("the norm of nothing is 0, and vectorNorm refuses it where it is not a sum", () => {
  const x = zeros([3, 0]);
  for (const p of [-Infinity, -2, 0, 0.5, 2, Infinity]) {
    assertEquals([norm(x, p).item(), norm(x, p, 1).tolist()], [0, [0, 0, 0]]);
  }
  assertEquals(norm(ones([2, 3]), NaN).item(), NaN);
  assertEquals(linalg.vectorNorm(x, 3).item(), 0);
  assertEquals(linalg.vectorNorm(x, -2, 0).shape, [0]);
  assertThrows(
    () => linalg.vectorNorm(x, -Infinity),
    ShapeError,
    "linalg.vector_norm cannot compute the -inf norm on an empty tensor because the operation does not have an",
  );
  assertThrows(
    () => linalg.vectorNorm(x, -2, 1),
    ShapeError,
    "linalg.vector_norm cannot compute the -2 norm on the dimension 1 because this dimension is empty",
  );
});

Deno.test("ormqr checks its reflections and what they act on", () => {
  const x = ones([3, 2], { device: "cpu" }), of = (...shape: number[]) => ones(shape, { device: "cpu" });
  const wrong: readonly (readonly [() => unknown, string])[] = [
    [
      () => ormqr(x, of(3, 2), x),
      "Expected tau to have one dimension less than input, but got tau.ndim equal to 2",
    ],
    [() => ormqr(x, of(2), of(2, 2)), "other.shape[-2] must be equal to input.shape[-2]"],
    [
      () => ormqr(of(2, 3), of(3), of(2, 2)),
      "other.shape[-2] must be greater than or equal to tau.shape[-1]",
    ],
    [() => ormqr(x, of(3), x), "tau.shape[-1] must be less than or equal to input.shape[-1]"],
    [() => ormqr(x, of(2), of(1, 3, 2)), "Expected other to have the same number of dimensions as input"],
    [
      () => ormqr(of(1, 3, 2), of(2, 2), of(1, 3, 2)),
      "Expected batch dimensions of tau to be equal to input",
    ],
    [
      () => ormqr(of(2, 3, 2), of(2, 2), of(1, 3, 2)),
      "Expected batch dimensions of other to be equal to input",
    ],
  ];
  for (const [f, sentence] of wrong) assertThrows(f, ShapeError, `torch.ormqr: ${sentence}`);
  assertThrows(() => ormqr(x, tensor(1, { device: "cpu" }), x), IndexError, "tensor has no dimensions");
  assertEquals(ormqr(x, of(1), x).shape, [3, 2]);
});
