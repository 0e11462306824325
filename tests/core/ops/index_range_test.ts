/** Indices that are no places of a tensor are refused on every device, few and many, in PyTorch's words. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compile,
  crossEntropy,
  embedding,
  evaluate,
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
        // Computed where they are used, they are on the host for nobody to look at.
        const computed = index.mul(2).sub(index), good = index.clamp(0, 2).add(0);
        assertThrows(() => call(computed, zeros([count, 2])).tolist(), IndexError, "out of");
        assertThrows(() => compile(call)(index, zeros([count, 2])).tolist(), IndexError, "out of");
        assertEquals(call(good, zeros([count, 2])).shape.length > 0, true);
      }
    }
  });
}

forEachDevice("what was computed since an index out of range is not to be read", async () => {
  const table = tensor([1, 2, 3]), before = table.mul(2);
  evaluate([before]);
  const rows = indexSelect(table, 0, tensor([0, 3], { dtype: "int64" }).mul(1)), after = rows.add(1);
  // Where looking would wait for the device, the first read tells, and all that read what it spoils.
  for (let i = 0; i < 2; i++) {
    assertThrows(() => after.tolist(), IndexError, "3");
    await assertRejects(() => after.mul(2).data(), IndexError, "3");
  }
  assertEquals(before.tolist(), [2, 4, 6]);
  assertEquals(table.tolist(), [1, 2, 3]);
  const index = tensor([2, 0], { dtype: "int64" }).mul(1);
  assertEquals(await indexSelect(table, 0, index).add(1).data(), new Float32Array([4, 2]));
});

forEachDevice("many evaluations with computed indices that nobody reads are looked at in time", () => {
  const table = tensor([1, 2, 3]);
  let index = tensor([0, 1, 2], { dtype: "int64" });
  assertThrows(
    () => {
      for (let i = 0; i < 200; i++) evaluate([indexSelect(table, 0, index = index.add(i === 5 ? 1 : 0))]);
    },
    IndexError,
    "3",
  );
});

forEachDevice("classes that are computed are in range, but for the one to ignore", () => {
  const scores = zeros([3, 4]), classes = tensor([1, -100, 3], { dtype: "int64" });
  const loss = crossEntropy(scores, classes.mul(1)).item();
  assertEquals(Math.abs(loss - Math.log(4)) < 1e-6, true);
  assertThrows(() => crossEntropy(scores, classes.add(1)).item(), IndexError, "out of");
});

forEachDevice("maxUnpool2d refuses places outside its result", () => {
  const places = tensor([[[[0, 30], [5, 15]]]], { dtype: "int64" });
  assertThrows(
    () => maxUnpool2d(zeros([1, 1, 2, 2]), places, 2).tolist(),
    IndexError,
    "Found an invalid max index: 30 (output volumes are of size 4x4)",
  );
});
