/**
 * Switching off and on whether gradients are followed.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  noGrad,
  setGradEnabled,
  tensor,
  ValueError,
} from "../../core/mod.ts";

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
