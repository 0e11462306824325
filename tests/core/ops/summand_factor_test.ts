/** The factor of a summand acts in the dtype of the sum, which may hold more than that of the summand. The numbers are PyTorch's. */
import { assertEquals } from "@std/assert";
import { add, rsub, sub, tensor } from "../../../core/mod.ts";
import { onCpu } from "../precision.ts";
import { forEachDevice } from "../devices.ts";

Deno.test("a factor of a summand keeps the digits of a double sum", () =>
  onCpu(() => {
    const x = tensor([1], { dtype: "float64" });
    assertEquals(sub(x, 2.5, { alpha: -3.14 }).tolist(), [1 + 2.5 * 3.14]);
    assertEquals(add(x, tensor([1]), { alpha: 0.1 }).tolist(), [1.1]);
    assertEquals(rsub(tensor([0.5], { dtype: "float32" }), x, { alpha: 0.1 }).tolist(), [0.95]);
  }));

forEachDevice("a factor of a summand does not wrap before the sum", () => {
  const wide = tensor([100], { dtype: "int32" }), narrow = tensor([100], { dtype: "uint8" });
  assertEquals(add(wide, narrow, { alpha: 3 }).tolist(), [400]);
  assertEquals(sub(wide, narrow, { alpha: 3 }).tolist(), [-200]);
});
