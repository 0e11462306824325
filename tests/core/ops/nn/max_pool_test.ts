/** Which of several candidates max pools take: the first of equal numbers, but the last NaN. The numbers are PyTorch's. */
import { assertEquals } from "@std/assert";
import * as F from "../../../../core/functional.ts";
import { grad, type Tensor, tensor, type ValuesAndIndices } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

const row = () => tensor([[[NaN, NaN, 3, 3, 2, NaN, NaN, 1]]]);
const plane = () => row().reshape([1, 1, 2, 4]);

function taken(pool: (x: Tensor) => ValuesAndIndices, x: Tensor): unknown[] {
  const { values, indices } = pool(x), slope = grad((x: Tensor) => pool(x).values.sum())(x);
  return [values.flatten().tolist(), indices.flatten().tolist(), slope.flatten().tolist()];
}

forEachDevice("max pools take the first of equal numbers, but the last NaN", () => {
  const pairs = [[NaN, 3, NaN, NaN], [1, 2, 5, 6], [0, 1, 1, 0, 0, 1, 1, 0]];
  assertEquals(taken((x) => F.maxPool1d(x, 2, { returnIndices: true }), row()), pairs);
  assertEquals(taken((x) => F.adaptiveMaxPool1d(x, 4, { returnIndices: true }), row()), pairs);
  const squares = [[NaN, NaN], [5, 6], [0, 0, 0, 0, 0, 1, 1, 0]];
  assertEquals(taken((x) => F.maxPool2d(x, 2, { returnIndices: true }), plane()), squares);
  assertEquals(taken((x) => F.adaptiveMaxPool2d(x, [1, 2], { returnIndices: true }), plane()), squares);
  const volume = plane().reshape([1, 1, 1, 2, 4]), settings = { stride: 2, returnIndices: true } as const;
  assertEquals(taken((x) => F.maxPool3d(x, [1, 2, 2], settings), volume), squares);
});

forEachDevice("without indices the gradient is the same, where windows overlap too", () => {
  const pool = (x: Tensor) => F.maxPool1d(x, 3, { stride: 1, padding: 1 });
  assertEquals(pool(row()).flatten().tolist(), [NaN, NaN, NaN, 3, NaN, NaN, NaN, NaN]);
  // Taken from 1, 1, 1, 2, 5, 6, 6, 6.
  const slope = grad((x: Tensor) => pool(x).sum())(row());
  assertEquals(slope.flatten().tolist(), [0, 3, 1, 0, 0, 1, 3, 0]);
});

forEachDevice("fractional pools take the last NaN", () => {
  const x = tensor([[[[NaN, 1, 2], [NaN, NaN, 0], [4, 4, NaN]]]]), randomSamples = tensor([[[0.4, 0.6]]]);
  const options = { outputSize: 1, returnIndices: true, randomSamples } as const;
  assertEquals(taken((x) => F.fractionalMaxPool2d(x, 3, options), x), [[NaN], [8], [
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
  ]]);
});
