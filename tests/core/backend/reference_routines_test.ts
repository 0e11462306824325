/**
 * The routines of the reference backend against sums written out here and against PyTorch (tests/fixtures/reference_backend.py).
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { createReferenceBackend } from "../../../core/backend/reference/reference.ts";
import type { DType, HostArray } from "../../../core/dtype.ts";
import { IndexError } from "../../../core/errors.ts";
import type { ConvAttrs, RoutineName, Routines } from "../../../core/kernel/plan.ts";
import { dense, elementsOf, hostOf, type OperandSpec, routinePlan, runPlan, strided } from "./build.ts";

const backend = createReferenceBackend();
const f32 = (...values: number[]) => Float32Array.from(values);
const i64 = (...values: number[]) => BigInt64Array.from(values, BigInt);
const iota = (n: number) => Float32Array.from({ length: n }, (_, i) => i);

type Plain = readonly (number | string)[];
interface ConvFixture extends Record<"x" | "w" | "g" | "y" | "dx" | "dw", Plain> {
  stride: number[];
  padding: number[];
  dilation: number[];
  groups: number;
  xShape: number[];
  wShape: number[];
  outShape: number[];
}
const fixture: { conv: ConvFixture[]; routines: Record<string, Plain> } = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/reference_backend.json", import.meta.url)),
);
const numbers = (values: Plain) => values.map(Number);

function routine<N extends RoutineName>(
  name: N,
  attrs: Routines[N],
  operands: readonly OperandSpec[],
  dtype: DType,
  shape: readonly number[],
  ...inputs: HostArray[]
): HostArray {
  return runPlan(backend, routinePlan(name, attrs, operands, dtype, shape), inputs)[0];
}

Deno.test("reference: matmul over batches, strides, dtypes and an empty inner dimension", () => {
  const a = iota(12), b = iota(8);
  // a [2, 2, 3] times b [3, 2], b a transposed view with broadcast batch, starting at element 1.
  const got = routine(
    "matmul",
    {},
    [dense("float32", [2, 2, 3]), strided("float32", 8, [2, 3, 2], [0, 1, 3], 1)],
    "float32",
    [2, 2, 2],
    a,
    b,
  );
  const want = Array.from({ length: 8 }, (_, p) => {
    const [batch, i, j] = [p >> 2, (p >> 1) & 1, p & 1];
    return [0, 1, 2].reduce((sum, k) => sum + a[batch * 6 + i * 3 + k] * b[1 + k + 3 * j], 0);
  });
  assertEquals([...got], want);
  const square = (dtype: DType, values: HostArray) =>
    routine("matmul", {}, [dense(dtype, [2, 2]), dense(dtype, [2, 2])], dtype, [2, 2], values, values);
  // [[a, b], [c, d]]^2 = [[a^2 + bc, ab + bd], [ca + dc, cb + d^2]], modulo 2^64 and 2^32
  assertEquals(
    square("int64", BigInt64Array.of(2n ** 62n + 1n, 2n, 3n, 4n)),
    BigInt64Array.of(-(2n ** 63n) + 7n, -(2n ** 63n) + 10n, 15n - 2n ** 62n, 22n),
  );
  assertEquals([...square("int32", Int32Array.of(2 ** 30 + 1, 2, 3, 4))], [
    -(2 ** 31) + 7,
    -(2 ** 31) + 10,
    15 - 2 ** 30,
    22,
  ]);
  assertEquals([
    ...routine("matmul", {}, [dense("float32", [2, 0]), dense("float32", [0, 3])], "float32", [2, 3]),
  ], [0, 0, 0, 0, 0, 0]);
});

Deno.test("reference: convolution and both gradients agree with PyTorch in 1, 2 and 3 dimensions", () => {
  for (const c of fixture.conv) {
    const attrs: ConvAttrs = {
      stride: c.stride,
      padLow: c.padding,
      padHigh: c.padding,
      dilation: c.dilation,
      groups: c.groups,
    };
    const [x, w, g] = [c.x, c.w, c.g].map((v) => Float64Array.from(numbers(v)));
    const [X, W, G] = [c.xShape, c.wShape, c.outShape].map((s) => dense("float64", s));
    const inputSize = c.xShape.slice(2), kernelSize = c.wShape.slice(2);
    // The values are multiples of 1/4, so that every sum is exact.
    assertEquals([...routine("conv", attrs, [X, W], "float64", c.outShape, x, w)], numbers(c.y));
    assertEquals(
      [...routine("convInputGrad", { ...attrs, inputSize }, [G, W], "float64", c.xShape, g, w)],
      numbers(c.dx),
    );
    assertEquals(
      [...routine("convWeightGrad", { ...attrs, kernelSize }, [X, G], "float64", c.wShape, x, g)],
      numbers(c.dw),
    );
  }
});

Deno.test("reference: gather, scatter, argsort and scan agree with PyTorch", () => {
  const read = (name: string) => numbers(fixture.routines[name]);
  const x = Float32Array.from(read("x")), index = i64(...read("index"));
  const X = dense("float32", [2, 7]), I = dense("int64", [2, 7]);
  assertEquals([...routine("gather", { dim: 1 }, [X, I], "float32", [2, 7], x, index)], read("gather1"));
  const halves = index.map((v) => v % 2n);
  assertEquals([...routine("gather", { dim: 0 }, [X, I], "float32", [2, 7], x, halves)], read("gather0"));
  const added = routine(
    "scatter",
    { dim: 1, mode: "add" },
    [X, I, X],
    "float32",
    [2, 7],
    f32(...new Array(14).fill(0)),
    index,
    x,
  );
  assertEquals([...added], read("scatterAdd1"));
  for (const [name, descending] of [["argsort", false], ["argsortDescending", true]] as const) {
    assertEquals(routine("argsort", { descending }, [X], "int64", [2, 7], x), i64(...read(name)));
  }
  const finite = Float32Array.from(read("finite")), F = dense("float32", [2, 4]);
  for (
    const [combiner, name] of [["sum", "cumsum"], ["prod", "cumprod"], ["max", "cummax"], [
      "min",
      "cummin",
    ]] as const
  ) {
    assertEquals(
      [...routine("scan", { combiner, reverse: false }, [F], "float32", [2, 4], finite)],
      read(name),
    );
  }
  assertEquals(
    [...routine("scan", { combiner: "sum", reverse: true }, [F], "float32", [2, 4], finite)],
    read("cumsumReverse"),
  );
  assertEquals(
    routine("scan", { combiner: "prod", reverse: false }, [dense("int64", [3])], "int64", [3], i64(2, 3, -4)),
    i64(2, 6, -24),
  );
});

Deno.test("reference: scatter merges in order, by each mode", () => {
  const modes = {
    set: [9, 4, 3, 0],
    add: [10, 19, 3, 0],
    mul: [9, 128, 3, 0],
    max: [9, 8, 3, 0],
    min: [1, 2, 3, 0],
  } as const;
  for (const [mode, want] of Object.entries(modes)) {
    for (const dtype of ["float32", "int64"] as const) {
      const got = routine(
        "scatter",
        { dim: 0, mode: mode as keyof typeof modes },
        [dense(dtype, [4]), dense("int64", [4]), dense(dtype, [4])],
        dtype,
        [4],
        hostOf(dtype, [1, 2, 3, 0]),
        i64(1, 0, 1, 3),
        hostOf(dtype, [
          mode === "min" ? 5 : mode === "add" ? 9 : mode === "mul" ? 16 : 8,
          9,
          mode === "add" ? 8 : 4,
          0,
        ]),
      );
      assertEquals(elementsOf(got, dtype).map(Number), [...want], `${mode} of ${dtype}`);
    }
  }
});

Deno.test("reference: fold adds windows back where they came from", () => {
  // Windows of 3 taps, dilation 2, stride 1, over 6 elements: window o covers o, o + 2, o + 4.
  const got = routine(
    "fold",
    { size: 6, stride: 1, dilation: 2 },
    [dense("float32", [2, 3])],
    "float32",
    [6],
    f32(1, 2, 3, 10, 20, 30),
  );
  assertEquals([...got], [1, 10, 2, 20, 3, 30]);
  // Overlapping, size not covered by the last window: o * 2 + j.
  const overlapping = routine(
    "fold",
    { size: 6, stride: 2, dilation: 1 },
    [dense("int64", [2, 3])],
    "int64",
    [6],
    i64(1, 2, 3, 10, 20, 30),
  );
  assertEquals(overlapping, i64(1, 2, 13, 20, 30, 0));
});

Deno.test("reference: an index out of range is an IndexError with PyTorch's sentence", () => {
  for (const bad of [5, -1]) {
    const message = `index ${bad} is out of bounds for dimension 0 with size 3, in `;
    const operands = [dense("float32", [3]), dense("int64", [1])];
    const gather = () => routine("gather", { dim: 0 }, operands, "float32", [1], f32(1, 2, 3), i64(bad));
    assertThrows(gather, IndexError, `${message}gather`);
    const scatter = () =>
      routine(
        "scatter",
        { dim: 0, mode: "set" },
        [...operands, dense("float32", [1])],
        "float32",
        [3],
        f32(1, 2, 3),
        i64(bad),
        f32(1),
      );
    assertThrows(scatter, IndexError, `${message}scatter`);
  }
});
