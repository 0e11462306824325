/**
 * Which element is nearest, where PyTorch's kernels differ among themselves. The numbers are PyTorch's.
 */
import { assertEquals } from "@std/assert";
import { arange, full, gridSample, interpolate } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice(
  "a factor between 1 and 2 that keeps the size repeats elements, except of images of one channel",
  () => {
    const rows = (...shape: number[]) =>
      interpolate(arange(shape.reduce((a, b) => a * b)).float().reshape(shape), { scaleFactor: 1.3 })
        .tolist();
    assertEquals(rows(1, 2, 2, 3), [[[[0, 0, 1], [0, 0, 1]], [[6, 6, 7], [6, 6, 7]]]]);
    assertEquals(rows(1, 1, 2, 2), [[[[0, 1], [2, 3]]]]);
    assertEquals(rows(1, 1, 2), [[[0, 0]]]);
  },
);

forEachDevice("half-way places round to even, in images and in volumes", () => {
  // Place 0.5 in the middle of two elements, and -0.5 at their edge.
  const options = { mode: "nearest", paddingMode: "border", alignCorners: false } as const;
  assertEquals(gridSample(arange(2).float().reshape(1, 1, 1, 2), full([1, 1, 1, 2], 0.0), options).item(), 0);
  const volume = arange(5, 7).float().reshape(1, 1, 1, 1, 2);
  assertEquals(gridSample(volume, full([1, 1, 1, 1, 3], 0.0), options).item(), 5);
  assertEquals(
    gridSample(volume, full([1, 1, 1, 1, 3], -1.0), { ...options, paddingMode: "zeros" }).item(),
    5,
  );
});
