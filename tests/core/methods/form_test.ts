/**
 * New tensors of the kind of another, and moves to its kind.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { ones, tensor } from "../../../core/mod.ts";

Deno.test("new tensors of a kind take their sizes one by one or as a list", () => {
  const x = tensor([1, 2], { dtype: "int64" });
  assertEquals(x.newZeros(2).tolist(), [0, 0]);
  assertEquals(x.newOnes(1, 2, { dtype: "float32" }).tolist(), [[1, 1]]);
  assertEquals(x.newOnes([2, 1]).shape, [2, 1]);
  assertEquals(x.newEmpty(0, 3).dtype, "int64");
});

Deno.test("to(other) takes the dtype and the device of the other tensor", () => {
  const x = ones(2).requiresGrad_(), y = x.to(tensor([1], { dtype: "float64", device: "reference" }));
  assertEquals([y.dtype, y.device], ["float64", "reference"]);
  y.sum().backward();
  assertEquals(x.grad?.device, x.device);
});

Deno.test("signs, sizes and what complex numbers would make lazy, as functions and as methods", () => {
  const x = tensor([[1, -2]]);
  // torch: float32 True, uint8 False, bool False
  for (
    const [dtype, signed] of [["float32", true], ["int8", true], ["uint8", false], ["bool", false]] as const
  ) {
    assertEquals([x.to(dtype).isSigned(), core.isSigned(x.to(dtype))], [signed, signed]);
  }
  assertEquals([x.isSameSize(core.ones(1, 2)), core.isSameSize(x, core.ones(2, 1))], [true, false]);
  assertEquals([x.isConj(), x.isNeg(), core.isConj(x), core.isNeg(x)], [false, false, false, false]);
  const same = [x.resolveConj(), x.resolveNeg(), core.resolveConj(x), core.resolveNeg(x)];
  assertEquals(same.map((y) => y === x), [true, true, true, true]);
});
