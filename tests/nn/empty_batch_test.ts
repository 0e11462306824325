/**
 * Normalisation of a batch without examples: like PyTorch's, it has a gradient, and that of the parameters is zero.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { zeros } from "../../core/ops/create.ts";
import { BatchNorm1d } from "../../nn/batch_norm.ts";
import { GroupNorm, LayerNorm } from "../../nn/normalization.ts";

for (const layer of [new LayerNorm(4), new GroupNorm(2, 4), new BatchNorm1d(4)]) {
  Deno.test(`${layer.reprName()} of an empty batch has a gradient`, () => {
    const y = layer(zeros([0, 4]));
    assertEquals([...y.shape], [0, 4]);
    y.sum().backward();
    for (const [name, p] of layer.namedParameters()) {
      assertEquals([name, p.grad?.tolist()], [name, [0, 0, 0, 0]]);
    }
  });
}
