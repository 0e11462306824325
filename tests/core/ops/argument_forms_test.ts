/**
 * Operations that PyTorch takes in more than one form of arguments.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  arange,
  blockDiag,
  broadcastTensors,
  cosineSimilarity,
  IndexError,
  meshgrid,
  ones,
  TenonError,
  tensor,
  unbind,
  where,
} from "../../../core/mod.ts";

Deno.test("tensors come one by one or in a list", () => {
  const x = arange(2),
    y = arange(3),
    shapes = (list: { shape: readonly number[] }[]) => list.map((t) => [...t.shape]);
  // torch.meshgrid(x, y, indexing="ij"); torch.meshgrid(x, y, indexing="xy")
  assertEquals(shapes(meshgrid(x, y)), [[2, 3], [2, 3]]);
  assertEquals(shapes(meshgrid([x, y])), [[2, 3], [2, 3]]);
  assertEquals(meshgrid(x, y, { indexing: "xy" }).map((t) => t.tolist()), [
    [[0, 1], [0, 1], [0, 1]],
    [[0, 0], [1, 1], [2, 2]],
  ]);
  assertEquals(shapes(meshgrid([x, y], { indexing: "xy" })), [[3, 2], [3, 2]]);
  assertEquals(blockDiag(ones(1, 2), ones(1, 1)).tolist(), [[1, 1, 0], [0, 0, 1]]);
  assertEquals(blockDiag([ones(1, 2), ones(1, 1)]).tolist(), [[1, 1, 0], [0, 0, 1]]);
  assertEquals(shapes(broadcastTensors(ones(2, 1), ones(3))), [[2, 3], [2, 3]]);
  assertEquals(shapes(broadcastTensors([ones(2, 1), ones(3)])), [[2, 3], [2, 3]]);
});

Deno.test("where of a condition alone gives the indices", () => {
  // torch.where(torch.tensor([[True, False], [True, True]]))
  const places = where(tensor([[true, false], [true, true]]));
  assertEquals(places.map((t) => t.tolist()), [[0, 1, 1], [0, 0, 1]]);
  assertThrows(
    () => where(tensor([true]), undefined as unknown as number, 1),
    TenonError,
    "where() missing 1 required",
  );
});

Deno.test("cosineSimilarity promotes, unbind refuses a number", () => {
  assertEquals(cosineSimilarity(ones(1, 4), ones(1, 4).to("int64")).dtype, "float32");
  assertThrows(() => unbind(tensor(1)), IndexError, "Dimension specified as 0 but tensor has no dimensions");
});

Deno.test("repeat and tile take sizes one by one or in a list", () => {
  const x = tensor([1, 2]);
  // x.repeat(2, 1); x.repeat([2, 1]); x.tile(2)
  assertEquals(x.repeat(2, 1).tolist(), [[1, 2], [1, 2]]);
  assertEquals(x.repeat([2, 1]).tolist(), [[1, 2], [1, 2]]);
  assertEquals([x.tile(2).tolist(), x.tile([2]).tolist()], [[1, 2, 1, 2], [1, 2, 1, 2]]);
});
