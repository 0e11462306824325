/**
 * TypeScript knows which norms have factors and offsets: this file tests by being type-checked, and by what stands in the fields.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { nn } from "../../mod.ts";

Deno.test("factor and offset of a norm are parameters where they are learned, null where not", () => {
  assertEquals(new nn.BatchNorm2d(3).weight.shape, [3]);
  assertEquals(new nn.BatchNorm1d(3, 1e-5, 0.1, true).bias.data.shape, [3]);
  assertEquals(new nn.BatchNorm3d(3, { momentum: null }).bias.shape, [3]);
  assertEquals(new nn.LayerNorm([2, 3]).weight.shape, [2, 3]);
  assertEquals(new nn.LayerNorm(3, 1e-6).bias.shape, [3]);
  assertEquals(new nn.LayerNorm(3, { eps: 1e-6 }).bias.shape, [3]);
  assertEquals(new nn.RMSNorm(3).weight.shape, [3]);
  assertEquals(new nn.GroupNorm(1, 3).weight.shape, [3]);
  assertEquals(new nn.InstanceNorm1d(3, { affine: true }).weight.shape, [3]);
  const without: null[] = [
    new nn.BatchNorm1d(3, { affine: false }).weight,
    new nn.BatchNorm1d(3, 1e-5, 0.1, false).bias,
    new nn.LayerNorm(3, { bias: false }).bias,
    new nn.LayerNorm(3, { elementwiseAffine: false }).bias,
    new nn.LayerNorm(3, 1e-5, false).weight,
    new nn.GroupNorm(1, 3, { affine: false }).weight,
    new nn.RMSNorm(3, { elementwiseAffine: false }).weight,
    new nn.InstanceNorm2d(3).weight,
  ];
  assertEquals(without.every((x) => x === null), true);
});

Deno.test("a norm of any kind can be held by its plain name", () => {
  const affine: boolean = [true, false].includes(true);
  const norm = new nn.BatchNorm1d(3, { affine });
  const weight: nn.Parameter | null = norm.weight;
  assertEquals(weight?.shape, [3]);
  const lazy: nn.BatchNorm1d = new nn.LazyBatchNorm1d();
  assertEquals(lazy.affine, true);
});
