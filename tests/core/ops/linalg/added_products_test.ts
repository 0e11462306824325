/** The products that add: what they add has to expand to the shape of the product, as in PyTorch. */
import { assertEquals, assertThrows } from "@std/assert";
import * as core from "../../../../core/mod.ts";
import { DTypeError, ones, ShapeError } from "../../../../core/mod.ts";

Deno.test("an input that does not expand to the product is refused", () => {
  const square = ones(2, 2), batch = ones(4, 2, 2), vector = ones(2);
  const two = "Target sizes: [2, 2].  Tensor sizes: [3, 2]";
  assertThrows(() => core.addmm(ones(3, 2), square, square), ShapeError, two);
  assertThrows(() => core.addbmm(ones(3, 2), batch, batch), ShapeError, two);
  assertThrows(() => core.addr(ones(3, 2), vector, vector), ShapeError, two);
  assertThrows(() => core.addmm(ones(1, 1, 2), square, square), ShapeError, "greater or equal to the number");
  assertThrows(() => core.baddbmm(ones(3, 2), batch, batch), ShapeError, "Target sizes: [4, 2, 2]");
  assertThrows(() => core.addmv(ones(3), square, vector), ShapeError, "size mismatch, got 3, 2x2,2");
  assertThrows(() => core.addmv(ones(2), ones(1, 2), vector), ShapeError, "size mismatch, got 2, 1x2,2");
  assertThrows(() => core.addmv(ones(1, 2), square, vector), ShapeError, "got 2, 2, 1");
  assertThrows(() => core.addmm(ones(3, 2), square, square, { beta: 0 }), ShapeError, two);
});

Deno.test("one that expands is added", () => {
  assertEquals(core.addmm(ones(2), ones(2, 2), ones(2, 2), { beta: 3 }).tolist(), [[5, 5], [5, 5]]);
  assertEquals(core.addmv(ones([]), ones(2, 2), ones(2)).tolist(), [3, 3]);
  assertEquals(core.baddbmm(ones(1, 2), ones(1, 2, 2), ones(1, 2, 2)).tolist(), [[[3, 3], [3, 3]]]);
});

Deno.test("the dtype is that of the product; addmm and addbmm refuse another one", () => {
  const whole = ones(2, 2).long(), square = ones(2, 2), batch = ones(2, 2, 2);
  const sentence = "self and mat2 must have the same dtype";
  assertThrows(() => core.addmm(whole, square, square), DTypeError, sentence);
  assertThrows(() => core.addbmm(whole, batch, batch), DTypeError, sentence);
  assertEquals(core.baddbmm(whole, batch, batch).dtype, "float32");
  assertEquals(core.addmv(ones(2), whole, ones(2).long()).dtype, "int64");
});

Deno.test("expand keeps no size of a dimension that is new", () => {
  const sentence =
    "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0";
  assertThrows(() => ones(3).expand(-1, 3), ShapeError, sentence);
  assertThrows(() => core.broadcastTo(ones(3), [-1, 3]), ShapeError, sentence);
  assertThrows(() => ones(1, 3).expand(-4, 3), ShapeError, "(-4) isn't allowed in dimension 0");
  assertEquals(ones(3).expand(2, -1).shape, [2, 3]);
});
