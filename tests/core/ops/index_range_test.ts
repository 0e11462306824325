/** Indices that are no places of a tensor are refused on every device, few and many, in PyTorch's words. */
import { assertThrows } from "@std/assert";
import {
  embedding,
  gather,
  indexAdd,
  indexCopy,
  IndexError,
  indexFill,
  indexSelect,
  maxUnpool2d,
  scatter,
  scatterAdd,
  take,
  type Tensor,
  tensor,
  zeros,
} from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

const x = () => zeros([3, 2]);
const outside = "is out of bounds for dimension 0 with size 3";

/** Calls with a vector of indices of which one is no row of x, and what PyTorch says of it. */
const calls: Record<string, [call: (index: Tensor, rows: Tensor) => Tensor, sentence: string]> = {
  gather: [(index) => gather(x(), 0, index.unsqueeze(1)), outside],
  scatter: [(index) => scatter(x(), 0, index.unsqueeze(1), 1), outside],
  scatterAdd: [(index, rows) => scatterAdd(x(), 0, index.unsqueeze(1), rows), outside],
  indexSelect: [(index) => indexSelect(x(), 0, index), "index out of range in self"],
  indexAdd: [(index, rows) => indexAdd(x(), 0, index, rows), "index out of range in self"],
  indexCopy: [(index, rows) => indexCopy(x(), 0, index, rows), outside],
  indexFill: [(index) => indexFill(x(), 0, index, 1), outside],
  take: [(index) => take(zeros([3]), index), "out of range: tried to access index"],
  embedding: [(index) => embedding(index, x()), "index out of range in self"],
};

for (const [name, [call, sentence]] of Object.entries(calls)) {
  forEachDevice(`${name} refuses indices out of range`, () => {
    for (const wrong of [3, -4]) {
      // Of many the engine of the device may be the one that tells, in words that all operations share.
      for (const [count, says] of [[3, sentence], [300, "out of"]] as const) {
        const values = Array.from({ length: count }, (_, i) => i === count - 1 ? wrong : i % 3);
        const index = tensor(values, { dtype: "int64" });
        assertThrows(() => call(index, zeros([count, 2])).tolist(), IndexError, says);
      }
    }
  });
}

forEachDevice("maxUnpool2d refuses places outside its result", () => {
  const places = tensor([[[[0, 30], [5, 15]]]], { dtype: "int64" });
  assertThrows(
    () => maxUnpool2d(zeros([1, 1, 2, 2]), places, 2).tolist(),
    IndexError,
    "Found an invalid max index: 30 (output volumes are of size 4x4)",
  );
});
