/** Products that contract several dimensions. The numbers are PyTorch's. */
import { assertEquals, assertThrows } from "@std/assert";
import { grad, ShapeError, tensor, tensordot } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

forEachDevice("a contracted dimension of size 1 goes with every size", () => {
  const a = tensor([[3]]), b = tensor([[[-7, 1], [6, -8]], [[-9, 9], [7, 1]]]);
  assertEquals(tensordot(a, b, 2).tolist(), [-9, 9]);
  const wide = tensor([[1, 2, 3]]);
  assertEquals(tensordot(wide, tensor([[2], [5]]), [[1], [1]]).tolist(), [[12, 30]]);
  // d/da of 6 (a . 1) is 6 for each element.
  assertEquals(grad((x) => tensordot(x, tensor([6]), 1).sum())(wide).tolist(), [[6, 6, 6]]);
  assertThrows(() => tensordot(wide, tensor([1, 2]), 1), ShapeError, "contracted dimensions need to match");
});
