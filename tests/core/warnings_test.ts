/**
 * Warnings: PyTorch's sentences, once each, and none where they are switched off.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ones, setWarnings, ValueError } from "../../core/mod.ts";
import { functional as F, Linear, optim, Softmax } from "../../nn/mod.ts";

/** What is warned of while `fn` runs, from a fresh start. */
function heard(fn: () => void): string[] {
  const lines: string[] = [], real = console.warn;
  console.warn = (line: string) => lines.push(line);
  try {
    setWarnings(true);
    fn();
  } finally {
    console.warn = real;
  }
  return lines;
}

Deno.test("losses of shapes that broadcast are warned of once", () => {
  // torch.nn.functional.mse_loss(torch.ones(4, 1), torch.ones(4))
  const lines = heard(() => {
    F.mseLoss(ones([4, 1]), ones([4]));
    F.mseLoss(ones([3, 1]), ones([3]));
    F.mseLoss(ones([3]), ones([3]));
  });
  assertEquals(lines, [
    "UserWarning: Using a target size (torch.Size([4])) that is different to the input size (torch.Size([4, 1])). This will likely lead to " +
    "incorrect results due to broadcasting. Please ensure they have the same size., in mse_loss",
  ]);
  for (const loss of [F.l1Loss, F.smoothL1Loss, F.huberLoss]) {
    assertEquals(heard(() => loss(ones([2, 1]), ones([2]))).length, 1);
  }
  // PyTorch says nothing here.
  assertEquals(heard(() => F.klDiv(ones([2, 1]), ones([2]), { reduction: "sum" })), []);
});

Deno.test("a softmax without a dimension is warned of once for each function", () => {
  const lines = heard(() => {
    F.softmax(ones([2, 2]));
    new Softmax()(ones([2, 2]));
    F.logSoftmax(ones([2, 2]));
    F.softmax(ones([2, 2]), 1);
  });
  assertEquals(
    lines,
    ["softmax", "log_softmax"].map((op) =>
      `UserWarning: Implicit dimension choice for ${op} has been deprecated. Change the call to include dim=X as an argument.`
    ),
  );
});

Deno.test("a scheduler that steps before its optimizer is warned of", () => {
  const steps = (stepsFirst: boolean) => {
    const layer = new Linear(1, 1), optimizer = new optim.SGD(layer.parameters(), 0.1);
    const scheduler = new optim.lrScheduler.StepLR(optimizer, 3);
    if (stepsFirst) optimizer.step();
    scheduler.step();
    scheduler.step();
  };
  const lines = heard(() => steps(false));
  assertEquals(lines.length, 1);
  assert(
    lines[0].startsWith("UserWarning: Detected call of `lr_scheduler.step()` before `optimizer.step()`."),
  );
  assertEquals(heard(() => steps(true)), []);
});

Deno.test("warnings can be switched off, and start anew", () => {
  const twice = heard(() => {
    F.softmax(ones([2]));
    setWarnings(false);
    F.logSoftmax(ones([2]));
    setWarnings(true);
    F.softmax(ones([2]));
  });
  assertEquals(twice.length, 2);
  assertThrows(() => Reflect.apply(setWarnings, undefined, ["ignore"]), ValueError, "expected true or false");
});
