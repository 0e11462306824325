/**
 * Layers of fractional max pooling: with PyTorch's seeds, PyTorch's numbers (torch.manual_seed(0), one layer after the other).
 */
import { assertEquals, assertThrows } from "@std/assert";
import { arange, manualSeed, nn, ValueError } from "../../mod.ts";

Deno.test("FractionalMaxPool2d and 3d: the windows of a seed are PyTorch's", () => {
  manualSeed(0);
  const plane = arange(49).mul(5).remainder(49).float().reshape([1, 1, 7, 7]);
  const pool = new nn.FractionalMaxPool2d(2, 3, null, true), { values, indices } = pool(plane);
  assertEquals(values.tolist(), [[[[40, 45, 30], [47, 22, 37], [33, 43, 44]]]]);
  assertEquals(indices.tolist(), [[[[8, 9, 6], [29, 24, 27], [36, 38, 48]]]]);
  assertEquals(
    new nn.FractionalMaxPool2d(3, { outputRatio: 0.6 })(plane).tolist(),
    [[[[45, 45, 45, 46], [45, 45, 45, 46], [47, 47, 41, 46], [47, 47, 48, 48]]]],
  );
  const volume = arange(210).mul(11).remainder(210).float().reshape([1, 5, 6, 7]);
  assertEquals(
    new nn.FractionalMaxPool3d([2, 1, 3], { outputSize: [2, 3, 2] })(volume).tolist(),
    [[[[64, 108], [85, 129], [197, 73]], [[190, 192], [200, 202], [155, 199]]]],
  );
  assertEquals(String(pool), "FractionalMaxPool2d()");
});

Deno.test("FractionalMaxPool2d: a size or a ratio, not both", () => {
  const sentence = "FractionalMaxPool2d requires specifying either an output size, or a pooling ratio";
  assertThrows(() => new nn.FractionalMaxPool2d(2), ValueError, sentence);
  assertThrows(
    () => new nn.FractionalMaxPool2d(2, 3, 0.5),
    ValueError,
    "only one of output_size and output_ratio",
  );
  assertThrows(
    () => new nn.FractionalMaxPool2d(2, { outputRatio: 1.5 }),
    ValueError,
    "must be between 0 and 1",
  );
});
