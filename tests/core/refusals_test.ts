/** Integers divided by zeros that are computed: refused when the quotient is, and by no other value. PyTorch: RuntimeError: ZeroDivisionError. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  type DType,
  evaluate,
  ones,
  type Tensor,
  tensor,
  ValueError,
  vmap,
} from "../../core/mod.ts";
import { forEachDevice, withFusion } from "./devices.ts";

const divisions: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  div_floor: (a, b) => a.floorDivide(b),
  div_trunc: (a, b) => a.div(b, { roundingMode: "trunc" }),
  remainder: (a, b) => a.remainder(b),
  fmod: (a, b) => a.fmod(b),
};

const of = (values: number[], dtype: DType = "int32") => tensor(values, { dtype });
const refused = (op: string, dtype: DType, run: () => unknown) =>
  assertThrows(run, ValueError, `ZeroDivisionError: ${op} of ${dtype} by zero`);

forEachDevice("integers divided by computed zeros are refused by name, in every dtype", () => {
  const all: DType[] = ["int64", "int32", "int16", "int8", "uint8"];
  for (const dtype of all) {
    // Five elements: the vectors of the kernel have lanes beyond them, which hold zeros.
    const a = of([7, 9, 5, 2, 8], dtype), b = of([1, 2, 3, 4, 5], dtype);
    for (const [op, divide] of Object.entries(divisions)) {
      for (const fusion of [true, false]) {
        withFusion(fusion, () => {
          refused(op, dtype, () => divide(a, b.sub(1)).tolist());
          assertEquals(divide(a, b.mul(1)).tolist(), divide(a, b).tolist());
        });
      }
    }
  }
});

forEachDevice("the refusal comes each time, and for the divisor's sake alone", () => {
  const a = of([4, 6]), b = of([0, 2]).mul(1), y = a.floorDivide(b), z = a.add(b);
  refused("div_floor", "int32", () => y.tolist());
  refused("div_floor", "int32", () => evaluate([z, y]));
  assertEquals(z.tolist(), [4, 8]);
  assertEquals(a.floorDivide(b.narrow(0, 1, 1)).tolist(), [2, 3]);
  refused("div_floor", "int32", () => y.narrow(0, 1, 1).tolist());
  const row = b.add(1).expand(3, 2);
  assertEquals(ones([3, 2], { dtype: "int32" }).mul(7).floorDivide(row).sum().item(), 27);
  assertEquals(a.to("float32").floorDivide(b).tolist(), [Infinity, 3]);
});

forEachDevice("compiled and vectorised functions refuse zeros whenever they are given", () => {
  const a = of([7, 9, 5]), good = of([1, 2, 3]), bad = of([1, 0, 3]);
  for (const [op, divide] of Object.entries(divisions)) {
    const fn = compile((x: Tensor, y: Tensor) => divide(x, y).mul(2));
    assertEquals(fn(a, good).tolist(), divide(a, good).mul(2).tolist());
    refused(op, "int32", () => fn(a, bad).tolist());
    assertEquals(fn(a, good).tolist(), divide(a, good).mul(2).tolist());
    refused(op, "int32", () => vmap(divide)(a, bad.mul(1)).tolist());
  }
});
