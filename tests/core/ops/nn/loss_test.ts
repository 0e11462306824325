/** Losses of unlike shapes and dtypes: PyTorch writes some of them into a tensor like their input or target. The numbers are PyTorch's. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  huberLoss,
  mseLoss,
  multilabelSoftMarginLoss,
  smoothL1Loss,
  softMarginLoss,
} from "../../../../core/functional.ts";
import { DTypeError, grad, IndexError, ShapeError, type Tensor, tensor } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

forEachDevice("a multilabel loss is divided by the classes of its input", () => {
  const loss = multilabelSoftMarginLoss(tensor([1]), tensor([1, 2, 3, 4, 5]));
  assertAlmostEquals(Number(loss.item()), -8.4337, 1e-4);
  assertThrows(() => multilabelSoftMarginLoss(tensor(1), tensor(1)), IndexError, "tensor has no dimensions");
});

forEachDevice("the margin of whole numbers is whole", () => {
  const loss = (dtype: "int64" | "uint8") =>
    hingeEmbeddingLoss(tensor([3, 5], { dtype }), tensor([1, -1]), { margin: 7.6, reduction: "none" });
  assertEquals(["int64", "uint8"].map((d) => loss(d as "int64").dtype), ["int64", "uint8"]);
  assertEquals(loss("int64").tolist(), [3, 2]);
});

forEachDevice("a loss with logits has the dtype of its targets, a margin loss that of its input", () => {
  const x = tensor([1, 2]), whole = tensor([1, -1], { dtype: "int64" });
  const half = tensor([1, 0], { dtype: "bfloat16" });
  assertEquals(binaryCrossEntropyWithLogits(x, half).dtype, "bfloat16");
  assertThrows(
    () => binaryCrossEntropyWithLogits(x, whole),
    DTypeError,
    "result type Float can't be cast to the desired output type Long",
  );
  assertEquals(huberLoss(half, x).dtype, "bfloat16");
  assertThrows(() => huberLoss(whole, x), DTypeError, "result type Float can't be cast");
  assertAlmostEquals(Number(softMarginLoss(x, whole).item()), 1.2201, 1e-4);
  assertAlmostEquals(Number(softMarginLoss(x, tensor([true, false])).item()), 0.5032, 1e-4);
  assertThrows(() => softMarginLoss(whole, whole), DTypeError, "result type Float can't be cast");
  assertThrows(
    () => softMarginLoss(tensor([1]), x),
    ShapeError,
    "output with shape [1] doesn't match the broadcast shape [2]",
  );
  assertThrows(() => gaussianNllLoss(x, x, tensor([1, 2], { dtype: "int64" })), DTypeError, "can't be cast");
});

forEachDevice("Huber's loss of an infinite delta is half the square, with its slope", () => {
  const x = tensor([1, 2]), loss = (t: Tensor) => huberLoss(t, tensor([2, 5]), { delta: Infinity });
  assertEquals([loss(x).item(), grad(loss)(x).tolist()], [2.5, [-0.5, -1.5]]);
});

forEachDevice("bools are targets like any other where no subtraction is named", () => {
  const x = tensor([1, 2]), yes = tensor([true, false]);
  assertEquals(mseLoss(x, yes).item(), 2);
  assertEquals(smoothL1Loss(x, yes).item(), 0.75);
  assertEquals(huberLoss(x, yes).item(), 0.75);
  assertEquals(grad((t: Tensor) => smoothL1Loss(t, yes))(x).tolist(), [0, 0.5]);
});

forEachDevice(
  "the slope of a binary cross entropy is finite at 0 and 1, as is that of logits far below 0",
  () => {
    // (x - t) / max(x (1 - x), 1e-12)
    const t = tensor([0, 1, 1, 0, 1]);
    const slope = (x: Tensor) =>
      grad((x: Tensor) => binaryCrossEntropy(x, t, { reduction: "sum" }))(x).tolist();
    const [atZero, atOne, low, high, middle] = slope(tensor([0, 1, 0, 1, 0.25])) as number[];
    assertEquals([atZero, atOne, middle], [0, 0, -4]);
    assertAlmostEquals(low / -1e12, 1, 1e-6);
    assertAlmostEquals(high / 1e12, 1, 1e-6);
    // sigmoid(-20) = 2.0611537e-9
    const logits = grad((x: Tensor) => binaryCrossEntropyWithLogits(x, tensor([0, 1, 0.5])).mul(3));
    const [small, large, none] = logits(tensor([-20, 20, 0])).tolist() as number[];
    assertAlmostEquals(small / 2.0611537e-9, 1, 1e-5);
    assertAlmostEquals(large / -2.0611537e-9, 1, 1e-5);
    assertEquals(none, 0);
  },
);
