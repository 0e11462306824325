/**
 * Arrays that are read from tensors belong to the reader: what is written to them is not seen in the tensor.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { evaluate, nn, type Tensor, tensor } from "../../../mod.ts";
import { forEachDevice } from "../devices.ts";

const made: Record<string, () => Tensor> = {
  "of data": () => tensor([1, 2, 3]),
  "of a result": () => tensor([0, 1, 2]).add(1),
  "of a result that was read before": () => {
    const x = tensor([0, 1, 2]).add(1);
    evaluate([x]);
    x.tolist();
    return x;
  },
  "of a parameter": () => new nn.Parameter(tensor([1, 2, 3])),
};

for (const [name, make] of Object.entries(made)) {
  forEachDevice(`arrays ${name} may be written to`, async () => {
    const x = make();
    (x.toTypedArray() as Float32Array).fill(7);
    (await x.data() as Float32Array).fill(8);
    assertEquals(x.tolist(), [1, 2, 3]);
    assertEquals(x.mul(2).tolist(), [2, 4, 6]);
    assertEquals(x.toTypedArray(), new Float32Array([1, 2, 3]));
  });
}
