/**
 * Attention where a query may see no key at all: PyTorch's functional form gives zeros there, and numbers as gradients.
 */
import { assertEquals } from "@std/assert";
import { arange, scaledDotProductAttention, tensor, where } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

forEachDevice("a query that no key is open to gives zeros", () => {
  const open = tensor([[true, false], [false, false]]);
  for (const attnMask of [open, where(open, 0, -Infinity)]) {
    const q = arange(4).reshape(1, 2, 2).float().requiresGrad_(), v = arange(1, 5).reshape(1, 2, 2).float();
    const y = scaledDotProductAttention(q, q, v, { attnMask });
    assertEquals(y.tolist(), [[[1, 2], [0, 0]]]);
    y.sum().backward();
    assertEquals(q.grad?.tolist(), [[[0, 0], [0, 0]]]);
  }
});
