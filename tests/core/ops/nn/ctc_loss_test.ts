/** CTC loss where no path leads through the frames: the target needs more of them than there are. */
import { assert, assertEquals } from "@std/assert";
import { ctcLoss, logSoftmax, tensor } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

/** Two sequences of three frames for the labels 1, 2 and 1, 1, of which the second needs a blank between; it has two frames. */
function lossAndGrad(zeroInfinity: boolean): { loss: number[]; grad: number[][][] } {
  const scores = tensor([[[1, 2, 3], [0, 1, 0]], [[2, 1, 0], [1, 1, 0]], [[0, 1, 1], [2, 0, 1]]]);
  const logProbs = logSoftmax(scores, 2).detach();
  logProbs.requiresGrad = true;
  const options = { reduction: "none", zeroInfinity } as const;
  const targets = tensor([[1, 2], [1, 1]], { dtype: "int64" });
  const loss = ctcLoss(logProbs, targets, [3, 2], [2, 2], options);
  loss.sum().backward();
  return { loss: loss.tolist() as number[], grad: logProbs.grad?.tolist() as number[][][] };
}

forEachDevice("an impossible alignment costs infinity, and its gradient is NaN in its frames", () => {
  const { loss, grad } = lossAndGrad(false);
  assert(Number.isFinite(loss[0]));
  assertEquals(loss[1], Infinity);
  assert(grad.every((frame) => frame[0].every(Number.isFinite)));
  assertEquals(grad.map((frame) => frame[1]), [[NaN, NaN, NaN], [NaN, NaN, NaN], [0, 0, 0]]);
});

forEachDevice("with zeroInfinity it costs nothing, and the others are as they were", () => {
  const { loss, grad } = lossAndGrad(true), { loss: full, grad: slopes } = lossAndGrad(false);
  assertEquals(loss, [full[0], 0]);
  assertEquals(grad.map((frame) => frame[0]), slopes.map((frame) => frame[0]));
  assertEquals(grad.flatMap((frame) => frame[1]).every((g) => g === 0), true);
});
