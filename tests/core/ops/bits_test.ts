/**
 * Bytes under another dtype, as torch.Tensor.view(dtype) gives them.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ones, ShapeError, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("view of a dtype gives the same bytes", () => {
  assertEquals(tensor([1, -2]).view("int32").tolist(), [1065353216, -1073741824]);
  assertEquals(tensor([1]).view("int32").view("float32").item(), 1);
  const bytes = ones([2, 1]).view("uint8");
  assertEquals(bytes.tolist(), [[0, 0, 128, 63], [0, 0, 128, 63]]);
  assertEquals(bytes.view("bfloat16").tolist(), [[0, 1], [0, 1]]);
  assertEquals(tensor([0, 2], { dtype: "uint8" }).view("bool").tolist(), [false, true]);
  assertEquals(ones([2, 0]).view("int16").shape, [2, 0]);
});

Deno.test("view refuses elements that do not fit", () => {
  assertThrows(
    () => ones([2, 3], { dtype: "int16" }).view("int64"),
    ShapeError,
    "self.size(-1) must be divisible by 4 to view Short as Long (different element sizes), but got 3",
  );
  assertThrows(
    () => tensor(1).float().view("uint8"),
    ShapeError,
    "self.dim() cannot be 0 to view Float as Byte",
  );
});
