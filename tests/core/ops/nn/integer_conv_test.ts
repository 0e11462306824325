/**
 * Convolution of integers, which PyTorch's CPU has too. The numbers are PyTorch's.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  arange,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  DTypeError,
  ones,
} from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";

forEachDevice("integers convolve exactly, in groups, and wrap to the width of their dtype", () => {
  const x = arange(2 * 4 * 4).reshape(1, 2, 4, 4), w = arange(2 * 2 * 2).reshape(2, 1, 2, 2);
  const y = conv2d(x, w, arange(2), { stride: 2, padding: [1, 0], groups: 2 });
  assertEquals(y.dtype, "int64");
  assertEquals(y.tolist(), [[[[3, 13], [48, 60], [13, 15]], [[216, 242], [505, 549], [258, 276]]]]);
  const wide = conv1d(ones([1, 2, 4], { dtype: "int8" }).mul(64), ones([1, 2, 2], { dtype: "int8" }), null, {
    dilation: 2,
  });
  assertEquals([wide.dtype, wide.tolist()], ["int8", [[[0, 0]]]]);
});

forEachDevice("int64 convolves transposed", () => {
  const x = arange(4).reshape(1, 1, 2, 2), w = arange(1, 5).reshape(1, 1, 2, 2);
  const y = convTranspose2d(x, w, null, { stride: 2, padding: [0, 1], outputPadding: [1, 1] });
  assertEquals(y.tolist(), [[[[0, 1, 2], [0, 3, 4], [4, 3, 6], [8, 9, 12], [0, 0, 0]]]]);
  assertThrows(
    () => convTranspose1d(ones([1, 1, 2], { dtype: "int32" }), ones([1, 1, 2], { dtype: "int32" })),
    DTypeError,
    "not implemented for 'Int'",
  );
});
