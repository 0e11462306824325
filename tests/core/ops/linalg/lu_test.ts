/** `luUnpack` takes factors of any dtype apart. The numbers are PyTorch 1.13's. */
import { assertEquals } from "@std/assert";
import { luUnpack, tensor } from "../../../../core/mod.ts";

Deno.test("luUnpack of integers, bools and half precision", () => {
  const pivots = tensor([1, 2], { dtype: "int32" });
  for (const dtype of ["int64", "uint8", "float16"] as const) {
    const { P, L, U } = luUnpack(tensor([[4, 3], [2, 5]], { dtype }), pivots);
    assertEquals([P.dtype, L.dtype, U.dtype], [dtype, dtype, dtype]);
    assertEquals([P, L, U].map((t) => t.float().tolist()), [
      [[1, 0], [0, 1]],
      [[1, 0], [2, 1]],
      [[4, 3], [0, 5]],
    ]);
  }
  const { L, U } = luUnpack(tensor([[true, true], [true, true]]), pivots);
  assertEquals([L.tolist(), U.tolist()], [[[true, false], [true, true]], [[true, true], [false, true]]]);
});
