/**
 * Distances of many rows come from a matrix product, as PyTorch's do.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { cdist, grad, manualSeed, ones, randn, type Tensor, tensor, zeros } from "../../../../core/mod.ts";

function assertNear(x: Tensor, expected: readonly number[]): void {
  const found = [...x.toTypedArray()].map(Number);
  assertEquals(found.length, expected.length);
  found.forEach((v, i) => assertAlmostEquals(v, expected[i], 2e-6 * Math.max(1, Math.abs(expected[i]))));
}

Deno.test("cdist of more than 25 rows has PyTorch's values and gradients", () => {
  // torch.manual_seed(0); a = torch.randn(26, 4); b = torch.randn(3, 4); torch.cdist(a, b)[1]
  manualSeed(0);
  const a = randn([26, 4], { device: "cpu" }), b = randn([3, 4], { device: "cpu" });
  assertEquals(cdist(a, b).select(0, 1).tolist(), [
    5.8446245193481445,
    3.9418632984161377,
    1.1110738515853882,
  ]);
  const slope = grad((x: Tensor, y: Tensor) => cdist(x, y).sum());
  assertNear(slope(a, b).select(0, 0), [
    -1.1505823135375977,
    -1.201480507850647,
    -0.12013794481754303,
    -1.1687195301055908,
  ]);
  // At distance 0 it is 0.
  assertNear(slope(a, a).select(0, 1), [
    8.192004203796387,
    4.261646270751953,
    -3.532949447631836,
    -18.0408878326416,
  ]);
  assertEquals(slope(zeros([30, 3]), zeros([30, 3])).abs().sum().item(), 0);
});

Deno.test("computeMode chooses between products and differences", () => {
  // Next to each other and far from 0, the product loses what the differences keep.
  const a = tensor([[1000, 0]]), b = tensor([[1000, 0.001]]);
  const distance = (computeMode?: Parameters<typeof cdist>[3]) => cdist(a, b, 2, computeMode).item();
  assertAlmostEquals(distance(), 0.001, 1e-9);
  assertEquals(distance({ computeMode: "use_mm_for_euclid_dist" }), 0);
  const many = cdist(a.expand([26, 2]), b, 2, { computeMode: "donot_use_mm_for_euclid_dist" });
  assertAlmostEquals(many.get(25, 0).item(), 0.001, 1e-9);
  assertEquals(cdist(zeros([2, 1, 30, 3]), ones([5, 4, 3])).shape, [2, 5, 30, 4]);
  assertEquals(cdist(zeros([2, 30, 0]), zeros([30, 0])).sum().item(), 0);
});
