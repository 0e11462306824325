/**
 * Which of equal elements count. The gradient of a median is shared among them, as `torch.median(x)` and `torch.nanmedian(x)` do.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compile, grad, kthvalue, type Tensor, tensor, vmap } from "../../../core/mod.ts";

for (const op of ["median", "nanmedian"] as const) {
  Deno.test(`equal elements share the gradient of ${op}`, () => {
    // x = torch.tensor([3., 1, 1, 1, 2], requires_grad=True); x.median().backward(); x.grad
    const x = tensor([3, 1, 1, 1, 2]), expected = [0, 1 / 3, 1 / 3, 1 / 3, 0];
    assertEquals(x[op]().item(), 1);
    grad((z) => z[op]())(x).toTypedArray().forEach((g, i) =>
      assertAlmostEquals(Number(g), expected[i], 1e-6)
    );
    assertEquals(tensor([-Infinity, 5, Infinity])[op]().item(), 5);
    assertEquals(Number.isNaN(Number(tensor([1, NaN, NaN])[op]().item())), op === "median");
  });
}

Deno.test("on the CPU, kthvalue is at PyTorch's one of equal elements, in a traced function too", () => {
  const x = tensor([[2, 1, 2, 2, 1, 0, 2], [1, 1, NaN, 1, 1, 1, NaN]], { device: "cpu" });
  const at = (k: number) => kthvalue(x, k, 1).indices.tolist();
  // [torch.kthvalue(x, k, 1).indices.tolist() for k in (1, 2, 4, 6, 7)]
  assertEquals([1, 2, 4, 6, 7].map(at), [[5, 3], [1, 4], [3, 0], [2, 2], [6, 6]]);
  assertEquals(vmap((row: Tensor) => kthvalue(row, 3).indices)(x).tolist(), at(3));
  assertEquals(compile((x: Tensor) => kthvalue(x, 3, 1).indices)(x).tolist(), at(3));
  const whole = tensor([[2, 1, 2, 2, 1, 0, 2], [1, 1, 1, 1, 1, 1, 1]], { dtype: "int64", device: "cpu" });
  assertEquals(kthvalue(whole.mT, 3, 0).indices.tolist(), [4, 5]);
});
