/**
 * Sines of large angles close to multiples of pi / 2, where the reduction of the angle decides about the digits.
 */
import { assert } from "@std/assert";
import { cos, sin, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("sine and cosine keep their digits near their zeros", () => {
  const near = (k: number) => Math.fround(k * Math.PI / 2);
  const odd = [1, 397, 4495, 11949, 12745, 63663].map(near), even = [2, 4494, 8148, 11950, 63664].map(near);
  const check = (got: ArrayLike<number | bigint>, x: readonly number[], exact: (v: number) => number) =>
    x.forEach((v, i) => {
      const error = Math.abs(Number(got[i]) / exact(v) - 1);
      assert(error < 3e-7, `of ${v}: ${got[i]}, not ${exact(v)}`);
    });
  check(cos(tensor(odd)).toTypedArray(), odd, Math.cos);
  check(sin(tensor(even)).toTypedArray(), even, Math.sin);
});
