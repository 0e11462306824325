/**
 * Options that would be ignored are refused, for programs that run without type checking.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import {
  DeviceError,
  max,
  mean,
  ones,
  softmax,
  sort,
  std,
  sum,
  tensor,
  ValueError,
  zeros,
} from "../../../core/mod.ts";

const x = ones([2, 3]);
/** Options as an unchecked program would write them. */
const unchecked = (value: unknown) => value as Record<never, never>;

Deno.test("a positional keepdim is not ignored", () => {
  for (const call of [sum, mean, std, max]) {
    assertThrows(
      () => call(x, 1, unchecked(true)),
      ValueError,
      "keyword arguments are one last record of options",
    );
  }
});

Deno.test("misspelled options are named, with those that exist", () => {
  assertThrows(
    () => sum(x, 1, unchecked({ keepDim: true })),
    ValueError,
    "sum() got an unexpected keyword argument 'keepDim'; it knows keepdim, dtype",
  );
  assertThrows(() => softmax(x, 1, unchecked({ dtpe: "float64" })), ValueError, "'dtpe'; it knows dtype");
  assertThrows(() => sort(x, 1, unchecked({ desc: true })), ValueError, "'desc'; it knows descending");
});

Deno.test("a device that does not exist is refused where it is named", () => {
  const cuda = unchecked({ device: "cuda" });
  for (const make of [() => tensor([1], cuda), () => zeros([1], cuda)]) {
    assertThrows(make, DeviceError, 'device "cuda" is not available here');
  }
});
