/**
 * The exponential of matrices that no scale makes small: it comes to an end. Values for infinities are PyTorch's; what it gives for NaN among
 * several elements is memory that it has not written.
 */
import { assertEquals } from "@std/assert";
import { matrixExp, tensor } from "../../../../core/mod.ts";

Deno.test("matrixExp of infinities and NaN is NaN", () => {
  for (const far of [Infinity, -Infinity, NaN]) {
    const x = tensor([[1, far], [0, 1]], { device: "cpu" });
    assertEquals(matrixExp(x).tolist(), [[NaN, NaN], [NaN, NaN]]);
  }
});

Deno.test("matrixExp of one number is its exponential, however large", () => {
  const numbers = tensor([Infinity, -Infinity, 1e30, -1e30, 0], { device: "cpu" }).reshape([5, 1, 1]);
  assertEquals(matrixExp(numbers).flatten().tolist(), [Infinity, 0, Infinity, 0, 1]);
});
