/**
 * The largest and smallest elements of long rows are what a whole sort begins with: equal elements in their order, NaN largest.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  argsort,
  type DType,
  manualSeed,
  narrow,
  rand,
  randint,
  type Tensor,
  topk,
  where,
} from "../../../core/mod.ts";

const whole = (n: number, high: number, dtype: DType) =>
  randint(0, high, [2, n], { device: "cpu" }).to(dtype);
const often = (x: Tensor, share: number) => rand(x.shape, { device: "cpu" }).lt(share);

const rows: Record<string, (n: number) => Tensor> = {
  "float32": (n) => whole(n, 2000, "float32"),
  "float16 with many ties": (n) => whole(n, 3, "float16"),
  "int64": (n) => whole(n, 2000, "int64").sub(1000),
  "uint8": (n) => whole(n, 200, "uint8"),
  "bool": (n) => whole(n, 2, "bool"),
  "NaN here and there": (n) => {
    const x = whole(n, 2000, "float32");
    return where(often(x, 0.5), NaN, x);
  },
  "hardly anything but NaN and infinities": (n) => {
    const x = where(often(whole(n, 2, "float32"), 0.5), Infinity, whole(n, 2, "float32"));
    return where(often(x, 0.999), NaN, where(often(x, 0.5), x, x.neg()));
  },
};

for (const [name, make] of Object.entries(rows)) {
  Deno.test(`topk: long rows, ${name}`, () => {
    for (const [n, k] of [[256, 1], [1500, 10], [5003, 3], [5003, 40]]) {
      for (const largest of [true, false]) {
        manualSeed(n + k);
        const x = make(n), expected = narrow(argsort(x, -1, { descending: largest }), -1, 0, k);
        const { values, indices } = topk(x, k, -1, { largest });
        assertEquals(indices.tolist(), expected.tolist(), `${k} of ${n}`);
        assertEquals(values.tolist(), x.gather(-1, expected).tolist());
        assertEquals(topk(x.t(), k, 0, { largest }).indices.t().tolist(), expected.tolist());
      }
    }
  });
}
