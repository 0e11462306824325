/** Gradients at infinities, at NaN and at the ends of a domain. The numbers are PyTorch 1.13's. */
import { assertEquals } from "@std/assert";
import { lerp, logit, type Tensor, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

/** The gradients of the sum of f. */
function gradients(f: (...xs: Tensor[]) => Tensor, ...values: readonly (readonly number[])[]): unknown[] {
  const xs = values.map((v) => tensor(v, { dtype: "float32" }));
  for (const x of xs) x.requiresGrad = true;
  f(...xs).sum().backward();
  return xs.map((x) => x.grad!.tolist());
}

forEachDevice("lerp with an infinite weight has the slope of its line", () => {
  assertEquals(gradients(lerp, [1, 1, 1], [2, 2, 2], [Infinity, -Infinity, 0.25]), [
    [-Infinity, Infinity, 0.75],
    [Infinity, -Infinity, 0.25],
    [1, 1, 1],
  ]);
  assertEquals(gradients(lerp, [Infinity], [1], [Infinity]), [[-Infinity], [Infinity], [-Infinity]]);
});

forEachDevice("logit is infinitely steep at 0 and 1, and NaN where it is NaN", () => {
  assertEquals(gradients((x) => logit(x), [0, 0.5, 1, 2, NaN]), [[Infinity, 4, Infinity, NaN, NaN]]);
  assertEquals(gradients((x) => logit(x, 0.25), [0, 0.5, 1, NaN]), [[0, 4, 0, NaN]]);
});
