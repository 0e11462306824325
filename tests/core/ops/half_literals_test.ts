/**
 * Numbers beside tensors of half precision take their dtype first, as PyTorch's do on the CPU.
 */
import { assertEquals } from "@std/assert";
import { tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("a literal is rounded to the dtype of its operand", () => {
  const x = tensor([0.1, 0.2], { dtype: "float16" });
  assertEquals(x.eq(0.1).tolist(), [true, false]);
  assertEquals(x.le(0.1).tolist(), [true, false]);
  // torch.tensor(-0.11279296875, dtype=torch.bfloat16) + 0.1
  assertEquals(tensor(-0.11279296875, { dtype: "bfloat16" }).add(0.1).item(), -0.0126953125);
});
