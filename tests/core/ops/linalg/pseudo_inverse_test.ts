/** The pseudo-inverse under its old name cuts singular values by `rcond`, which is much smaller than what `linalg.pinv` cuts by. */
import { assert, assertThrows } from "@std/assert";
import { linalg, pinverse, tensor, ValueError } from "../../../../core/mod.ts";

Deno.test("singular values up to rcond times the largest count as zero", () => {
  // torch.pinverse(x, 0.1), (x, rcond=1e-3), (x)
  const x = tensor([[2, 0], [0, 0.02]], { dtype: "float64", device: "cpu" });
  const corner = (y: ReturnType<typeof pinverse>) => Number(y.get(1, 1).item());
  assert(corner(pinverse(x, 0.1)) === 0);
  assert(Math.abs(corner(pinverse(x, { rcond: 1e-3 })) - 50) < 1e-12);
  assert(Math.abs(corner(x.pinverse(1e-3)) - 50) < 1e-12);
  const small = tensor([[1, 0], [0, 1e-8]], { device: "cpu" });
  assert(Math.abs(corner(pinverse(small)) / 1e8 - 1) < 1e-6);
  assert(corner(linalg.pinv(small)) === 0);
});

Deno.test("rcond is a number", () => {
  const x = tensor([[1, 2]], { device: "cpu" });
  // @ts-expect-error a word
  assertThrows(() => pinverse(x, "0.1"), ValueError, "pinverse(): argument 'rcond' must be float");
});
