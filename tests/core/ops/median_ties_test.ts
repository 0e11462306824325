/**
 * The gradient of a median of equal elements: shared among them, as `torch.median(x)` and `torch.nanmedian(x)` do.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { grad, tensor } from "../../../core/mod.ts";

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
