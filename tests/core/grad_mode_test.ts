/**
 * Switching off and on whether gradients are followed.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  enableGrad,
  GradError,
  inferenceMode,
  isGradEnabled,
  noGrad,
  setGradEnabled,
  tensor,
  ValueError,
} from "../../core/mod.ts";
import { Parameter } from "../../nn/module/parameter.ts";
import { SGD } from "../../nn/optim/mod.ts";

Deno.test("setGradEnabled, inferenceMode, noGrad and enableGrad nest", () => {
  const x = tensor([1], { requiresGrad: true }), follows = () => x.mul(2).requiresGrad;
  assertEquals([setGradEnabled(true, follows), setGradEnabled(false, follows)], [true, false]);
  assertEquals([inferenceMode(follows), noGrad(follows), follows()], [false, false, true]);
  assertEquals(noGrad(() => [setGradEnabled(true, follows), enableGrad(follows), isGradEnabled()]), [
    true,
    true,
    false,
  ]);
  assertThrows(
    () => setGradEnabled(follows as never, follows),
    ValueError,
    "expected a bool and a function to run",
  );
});

Deno.test("a function that is async is refused under the name that was called", () => {
  const asynchronous = async () => await Promise.resolve(tensor(1));
  const call = (fn: unknown) => () => (fn as () => unknown)();
  assertThrows(() => noGrad(asynchronous), GradError, "noGrad: the function is async");
  assertThrows(call(compile(asynchronous as never)), GradError, "compile: the function is async");
  const optimizer = new SGD([new Parameter(tensor([1]))], { lr: 0.1 });
  assertThrows(() => optimizer.step(asynchronous as never), GradError, "step: the function is async");
});
