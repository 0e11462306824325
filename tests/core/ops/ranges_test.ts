/** `linspace` to the last bit. The numbers are PyTorch 1.13's. */
import { assertEquals, assertThrows } from "@std/assert";
import { type DType, histogram, linspace, tensor, ValueError } from "../../../core/mod.ts";

/** Of 77 numbers from 0.1 to 0.3 some of both halves: first of a vector, within one, and behind the last pair of them. */
const places = [3, 9, 30, 37, 38, 45, 70, 75];

// deno-fmt-ignore
const want: readonly (readonly [DType, readonly number[]])[] = [
  ["float32", [0.10789474099874496, 0.12368422001600266, 0.17894738912582397, 0.19736844301223755, 0.20000001788139343, 0.21842104196548462, 0.28421053290367126, 0.29736843705177307]],
  ["float64", [0.10789473684210527, 0.12368421052631579, 0.17894736842105263, 0.19736842105263158, 0.19999999999999998, 0.21842105263157896, 0.28421052631578947, 0.29736842105263156]],
  ["float16", [0.10784912109375, 0.1236572265625, 0.178955078125, 0.1973876953125, 0.199951171875, 0.2183837890625, 0.2841796875, 0.29736328125]],
  ["bfloat16", [0.10791015625, 0.1240234375, 0.1796875, 0.197265625, 0.2001953125, 0.21875, 0.28515625, 0.298828125]],
];

for (const [dtype, values] of want) {
  Deno.test(`linspace of ${dtype} has PyTorch's bits`, () => {
    const all = linspace(0.1, 0.3, 77, { dtype, device: "cpu" }).tolist() as number[];
    assertEquals(places.map((i) => all[i]), values);
  });
}

Deno.test("the middle of an odd number of steps is counted from the end", () => {
  const double = { dtype: "float64", device: "cpu" } as const;
  assertEquals(linspace(-0.2, 0.8, 5, double).tolist(), [
    -0.2,
    0.04999999999999999,
    0.30000000000000004,
    0.55,
    0.8,
  ]);
  // So that the only element lies below it.
  assertEquals(histogram(tensor([0.3], double), 4).hist.tolist(), [0, 1, 0, 0]);
});

Deno.test("ends that the dtype cannot hold are refused", () => {
  const sentence = "value cannot be converted to type int64_t without overflow";
  assertThrows(() => linspace(NaN, 1, 3, { dtype: "int64" }), ValueError, sentence);
  assertThrows(() => linspace(1, 300, 3, { dtype: "uint8" }), ValueError, "uint8_t without overflow");
});
