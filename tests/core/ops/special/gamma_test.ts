/**
 * The gamma function next to zero, where its reflection formula underflows.
 */
import { assertAlmostEquals } from "@std/assert";
import { lgamma, tensor } from "../../../../core/mod.ts";

Deno.test("lgamma of the smallest negative numbers is finite", () => {
  // torch.lgamma(torch.tensor(-2.2250738585072014e-308, dtype=torch.float64))
  const tiny = tensor(-2.2250738585072014e-308, { dtype: "float64" });
  assertAlmostEquals(lgamma(tiny).item(), 708.3964185322641, 1e-12);
});
