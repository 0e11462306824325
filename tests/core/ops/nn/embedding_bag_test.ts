/** Gradients of embeddingBag divided by the frequencies of indices. */
import { assertEquals, assertThrows } from "@std/assert";
import { embeddingBag, ones, tensor, ValueError } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

forEachDevice("each row's gradient is divided by how often its index occurs", () => {
  const weight = ones([4, 1]);
  weight.requiresGrad = true;
  // Bags [1, 2, 2], [2, 0]: the sums weigh 1 and 10; index 3 does not occur.
  const options = { mode: "sum", scaleGradByFreq: true } as const;
  const y = embeddingBag([1, 2, 2, 2, 0], weight, [0, 3], options);
  y.mul(tensor([[1], [10]])).sum().backward();
  assertEquals(weight.grad?.tolist(), [[10], [1], [(1 + 1 + 10) / 3], [0]]);
  const other = ones([4, 1]);
  other.requiresGrad = true;
  embeddingBag([1, 2, 2, 1, 0], other, [0, 3], { ...options, paddingIdx: 2 }).sum().backward();
  assertEquals(other.grad?.tolist(), [[1], [1], [0], [0]]);
});

Deno.test("the maximum has no frequencies", () => {
  assertThrows(
    () => embeddingBag([0, 1], ones([2, 1]), [0], { mode: "max", scaleGradByFreq: true }),
    ValueError,
    "max mode does not support scaling the gradient by the frequency",
  );
});

forEachDevice("bags begin with the first index and end within the indices", () => {
  const bags = (
    ...offsets: number[]
  ) => [tensor(offsets, { dtype: "int64" }), tensor(offsets, { dtype: "int64" }).mul(1)];
  for (
    const [wrong, says] of [[[1, 2], "offsets[0] has to be 0"], [
      [0, 9],
      "offsets[-1] can not be greater",
    ]] as const
  ) {
    for (const offsets of bags(...wrong)) {
      assertThrows(() => embeddingBag([0, 1, 2], ones([3, 2]), offsets).tolist(), ValueError, says);
    }
  }
  for (const offsets of bags(0, 3)) {
    assertEquals(embeddingBag([0, 1, 2], ones([3, 2]), offsets).tolist(), [[1, 1], [0, 0]]);
  }
});
