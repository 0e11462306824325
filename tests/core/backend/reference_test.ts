/**
 * The reference backend against sums written out here and against PyTorch (tests/fixtures/reference_backend.py).
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { createReferenceBackend } from "../../../core/backend/reference/reference.ts";
import type { DType, HostArray } from "../../../core/dtype.ts";
import { DeviceError, DTypeError, TenonError } from "../../../core/errors.ts";
import type { Combiner } from "../../../core/kernel/ir.ts";
import type { Plan } from "../../../core/kernel/plan.ts";
import type { ScalarFn } from "../../../core/kernel/scalar.ts";
import { dense, elementsOf, hostOf, KernelBuilder, routinePlan, runPlan, slot } from "./build.ts";

const backend = createReferenceBackend();
const run = (plan: Plan, ...inputs: HostArray[]) => runPlan(backend, plan, inputs);
const f32 = (...values: number[]) => Float32Array.from(values);
const i64 = (...values: number[]) => BigInt64Array.from(values, BigInt);
const iota = (n: number) => Float32Array.from({ length: n }, (_, i) => i);

type Plain = readonly (number | string)[];
interface Fixture {
  unary: Record<string, Record<string, Plain>>;
  binary: Record<string, Record<string, Plain>>;
}
const fixture: Fixture = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/reference_backend.json", import.meta.url)),
);
const numbers = (values: Plain) => values.map(Number);

function applied(fn: ScalarFn, dtype: DType, ...operands: HostArray[]): (number | bigint)[] {
  const n = operands[0].length;
  const k = new KernelBuilder([n]);
  const result = k.apply(fn, ...operands.map(() => k.load(dtype, n)));
  const [out] = run(k.store(result, n).plan(fn), ...operands);
  return elementsOf(out, k.code[result].dtype);
}

/** Fails unless both are NaN, the same infinity, or `got` is within `relative` of `want`, or of `scale` where that is more. */
function assertNear(got: number, want: number, relative: number, what: string, scale = 1e-30): void {
  const near = Object.is(got, want) || got === want ||
    Math.abs(got - want) <= relative * Math.max(Math.abs(want), scale);
  assert(near, `${what}: got ${got}, want ${want}`);
}

Deno.test("reference: unary functions of floats agree with PyTorch", () => {
  for (const [dtype, relative] of [["float32", 1.3e-6], ["float64", 4e-15]] as const) {
    const { x, ...functions } = fixture.unary[dtype];
    for (const [fn, want] of Object.entries(functions)) {
      const got = applied(fn as ScalarFn, dtype, hostOf(dtype, numbers(x)));
      // PyTorch's own float32 digamma and lgamma lose digits near their roots.
      const scale = fn === "digamma" || fn === "lgamma" ? 0.2 : 1e-30;
      got.forEach((g, i) =>
        assertNear(Number(g), Number(want[i]), relative, `${fn}(${x[i]}) in ${dtype}`, scale)
      );
    }
  }
});

Deno.test("reference: binary functions agree with PyTorch", () => {
  for (const [dtype, functions] of Object.entries(fixture.binary)) {
    const read = (values: Plain) =>
      dtype === "int64"
        ? BigInt64Array.from(values, (v) => BigInt(v))
        : hostOf(dtype as DType, numbers(values));
    for (const [fn, want] of Object.entries(functions)) {
      if (/^[ab]$| [ab]$/.test(fn)) continue;
      const a = functions[`${fn} a`] ?? functions.a, b = functions[`${fn} b`] ?? functions.b;
      const got = applied(fn as ScalarFn, dtype as DType, read(a), read(b));
      got.forEach((g, i) => {
        const what = `${fn}(${a[i]}, ${b[i]}) in ${dtype}`;
        if (typeof g === "bigint") assertEquals(g, BigInt(want[i]), what);
        else assertNear(g, Number(want[i]), dtype === "float64" ? 2e-15 : 3e-7, what);
      });
    }
  }
});

Deno.test("reference: integers wrap, shift and divide as the IR says", () => {
  const min32 = -(2 ** 31), min64 = -(2n ** 63n);
  const of32 = (fn: ScalarFn, a: number[], b?: number[]) =>
    applied(fn, "int32", ...[a, b ?? []].filter((v) => v.length > 0).map((v) => Int32Array.from(v)));
  assertEquals(of32("neg", [min32, 5]), [min32, -5]);
  assertEquals(of32("abs", [min32, -5]), [min32, 5]);
  assertEquals(of32("not", [0, -1]), [-1, 0]);
  // 65537 * 65537 = 2^32 + 2^17 + 1
  assertEquals(of32("mul", [65537], [65537]), [131073]);
  assertEquals(of32("floorDivide", [-7, 7, 7, min32], [2, -2, 0, -1]), [-4, -4, 0, min32]);
  assertEquals(of32("remainder", [-7, 7, 7, min32], [3, -3, 0, -1]), [2, -2, 0, 0]);
  assertEquals(of32("fmod", [-7, 7, 7], [3, -3, 0]), [-1, 1, 0]);
  assertEquals(of32("shl", [1, 1, -1], [31, 32, 4]), [min32, 0, -16]);
  assertEquals(of32("shr", [-8, -8, 8], [1, 40, 40]), [-4, -1, 0]);
  assertEquals(of32("ushr", [-1, -1], [28, 32]), [15, 0]);
  assertEquals(applied("shl", "uint8", Uint8Array.of(255, 255), Uint8Array.of(1, 8)), [254, 0]);
  assertEquals(applied("add", "int8", Int8Array.of(127), Int8Array.of(1)), [-128]);
  const big = BigInt64Array.of(2n ** 63n - 1n, min64, 3n);
  assertEquals(applied("add", "int64", big, i64(1, -1, 1)), [min64, 2n ** 63n - 1n, 4n]);
  assertEquals(applied("floorDivide", "int64", big, i64(0, -1, -2)), [0n, min64, -2n]);
  assertEquals(applied("shr", "int64", big, i64(64, 64, 1)), [0n, -1n, 1n]);
  assertEquals(applied("ge", "int64", big, i64(0, 0, 3)), [1, 0, 1]);
  const a = Uint8Array.of(0, 0, 1, 1), b = Uint8Array.of(0, 1, 0, 1);
  for (
    const [fn, want] of [["add", [0, 1, 1, 1]], ["mul", [0, 0, 0, 1]], ["xor", [0, 1, 1, 0]], ["lt", [
      0,
      1,
      0,
      0,
    ]]] as const
  ) {
    assertEquals(applied(fn, "bool", a, b), [...want], fn);
  }
  assertEquals(applied("not", "bool", b), [1, 0, 1, 0]);
});

Deno.test("reference: float16 and bfloat16 round each result once, ties to even", () => {
  // 2048 + 1 lies half way between the float16 numbers 2048 and 2050, 2050 + 1 between 2050 and 2052.
  assertEquals(applied("add", "float16", hostOf("float16", [2048, 2050]), hostOf("float16", [1, 1])), [
    2048,
    2052,
  ]);
  // The same at 256 with bfloat16's 8 bits.
  assertEquals(applied("add", "bfloat16", hostOf("bfloat16", [256, 258]), hostOf("bfloat16", [1, 1])), [
    256,
    260,
  ]);
  assertEquals(applied("mul", "float16", hostOf("float16", [300]), hostOf("float16", [300])), [Infinity]);
});

Deno.test("reference: casts follow writeElement", () => {
  const values = [0, -0, 1.9, -1.9, 300.7, -129, 3e9, 1e19, NaN, Infinity, -Infinity, 65520, 2 ** -25];
  const to: DType[] = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32"];
  for (const dtype of to) {
    const k = new KernelBuilder([values.length]);
    const [got] = run(
      k.store(k.cast(dtype, k.load("float64", values.length)), values.length).plan(),
      Float64Array.from(values),
    );
    assertEquals(got, hostOf(dtype, values), dtype);
    const wide = BigInt64Array.of(0n, -1n, 2n ** 40n + 300n, 2n ** 53n + 1n);
    const n = new KernelBuilder([4]);
    const [narrow] = run(n.store(n.cast(dtype, n.load("int64", 4)), 4).plan(), wide);
    assertEquals(narrow, hostOf(dtype, [...wide]), `int64 to ${dtype}`);
  }
});

Deno.test("reference: strides transpose, broadcast and reverse; guards pad", () => {
  const k = new KernelBuilder([3, 2]);
  const transposed = k.load("float32", 6, { offset: 0, strides: [1, 3] });
  const row = k.load("float32", 2, { offset: 0, strides: [0, 1] });
  const reversed = k.load("float32", 3, { offset: 2, strides: [-1, 0] });
  const [out] = run(
    k.store(k.apply("add", k.apply("mul", transposed, row), reversed), 6).plan(),
    iota(6),
    f32(1, 10),
    f32(100, 200, 300),
  );
  // [[0, 1, 2], [3, 4, 5]]^T * [1, 10] + [300, 200, 100]^T
  assertEquals([...out], [300, 330, 201, 240, 102, 150]);

  // [1, 2, 3] padded by one on the left and two on the right, and where the padding is.
  const p = new KernelBuilder([6]);
  const at = { offset: -1, strides: [1] };
  const guards = [{ at, low: 0, high: 3 }];
  p.store(p.load("float32", 3, at, guards), 6);
  p.store(p.inside(guards), 6);
  p.store(p.index("int64", { offset: 5, strides: [-2] }), 6);
  const [padded, inside, index] = run(p.plan(), f32(1, 2, 3));
  assertEquals([...padded], [0, 1, 2, 3, 0, 0]);
  assertEquals([...inside], [0, 1, 1, 1, 0, 0]);
  assertEquals(index, i64(5, 3, 1, -1, -3, -5));
});

Deno.test("reference: row programs fold in several stages, over rows short and long", () => {
  for (const [rows, columns] of [[3, 4], [2, 1500]]) {
    const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i) * 3);
    // Softmax: max, sum of exp(x - max), then the quotient. Standard deviation: the mean, then the mean square distance from it.
    const k = new KernelBuilder([rows], [columns]);
    const load = k.load("float32", x.length);
    const e = k.apply("exp", k.apply("sub", load, k.reduce("max", load)));
    k.store(k.apply("div", e, k.reduce("sum", e)), x.length);
    const n = k.constant("float32", columns);
    const distance = k.apply("sub", load, k.apply("div", k.reduce("sum", load), n));
    k.store(
      k.apply("sqrt", k.apply("div", k.reduce("sum", k.apply("mul", distance, distance)), n)),
      rows,
      k.perOuter,
    );
    const [softmax, deviation] = run(k.plan(), x);
    for (let r = 0; r < rows; r++) {
      const row = x.slice(r * columns, (r + 1) * columns);
      const top = row.reduce((a, b) => Math.max(a, b)), exps = Array.from(row, (v) => Math.exp(v - top));
      const total = exps.reduce((a, b) => a + b);
      exps.forEach((v, i) => assertNear(Number(softmax[r * columns + i]), v / total, 1e-6, "softmax"));
      const mean = Array.from(row).reduce((a, b) => a + b) / columns;
      const variance = Array.from(row).reduce((a, v) => a + (v - mean) ** 2, 0) / columns;
      assertNear(Number(deviation[r]), Math.sqrt(variance), 1e-6, "deviation");
    }
  }
});

function reduced(combiner: Combiner, dtype: DType, values: HostArray, to: DType = dtype): number | bigint {
  const k = new KernelBuilder([], [values.length]);
  const [out] = run(
    k.store(k.reduce(combiner, k.load(dtype, values.length), to), 1, k.perOuter).plan(),
    values,
  );
  return elementsOf(out, to)[0];
}

Deno.test("reference: every combiner, with NaN, ties, wrapping and identities", () => {
  const x = f32(2, 5, -1, 5, -1);
  const folds = (v: HostArray, dtype: DType) =>
    (["sum", "prod", "max", "min"] as const).map((c) => reduced(c, dtype, v));
  const args = (v: HostArray, dtype: DType) =>
    (["argmax", "argmin"] as const).map((c) => reduced(c, dtype, v, "int64"));
  assertEquals([folds(x, "float32"), args(x, "float32")], [[10, 50, 5, -1], [1n, 2n]]);
  assertEquals([folds(f32(1, NaN, 3, NaN), "float32"), args(f32(1, NaN, 3, NaN), "float32")], [[
    NaN,
    NaN,
    NaN,
    NaN,
  ], [1n, 1n]]);
  // 100 + 100 + 100 = 300 = 44 mod 256; 100^3 = 64 mod 256
  assertEquals(folds(Int8Array.of(100, 100, 100), "int8"), [44, 64, 100, 100]);
  assertEquals(folds(BigInt64Array.of(2n ** 62n, 2n ** 62n), "int64"), [
    -(2n ** 63n),
    0n,
    2n ** 62n,
    2n ** 62n,
  ]);
  assertEquals(args(i64(3, 9, 9, 1), "int64"), [1n, 3n]);
  assertEquals(folds(Uint8Array.of(0, 1, 0), "bool"), [1, 0, 1, 0]);
  assertEquals(reduced("sum", "float16", hostOf("float16", new Array(4000).fill(1)), "float32"), 4000);
  assertEquals(reduced("sum", "float32", f32(Infinity, 1, 2)), Infinity);
  // Ten million tenths: naive float32 summing ends near 1.09e6.
  assertEquals(
    reduced("sum", "float32", new Float32Array(1e6).fill(0.1)),
    Math.fround(1e6 * Math.fround(0.1)),
  );
  assertEquals(reduced("sum", "float64", Float64Array.of(1e16, 1, -1e16)), 1);

  const identities: [DType, (number | bigint)[]][] = [
    ["float32", [0, 1, -Infinity, Infinity]],
    ["int16", [0, 1, -32768, 32767]],
    ["int64", [0n, 1n, -(2n ** 63n), 2n ** 63n - 1n]],
    ["bool", [0, 1, 0, 1]],
  ];
  for (const [dtype, want] of identities) {
    (["sum", "prod", "max", "min"] as const).forEach((combiner, i) => {
      const k = new KernelBuilder([2], [0]);
      const [out] = run(
        k.store(k.reduce(combiner, k.load(dtype, 1)), 2, k.perOuter).plan(),
        hostOf(dtype, [1]),
      );
      assertEquals(elementsOf(out, dtype), [want[i], want[i]], `${combiner} of no ${dtype}`);
    });
  }
});

Deno.test("reference: temporaries, an epilogue and slots in place", () => {
  // s1 = s0 @ s0 (temporary), s2 = relu(s1 + 1) in place of it, s3 = -s2 in place of the donated input.
  const relu = new KernelBuilder([2, 2]);
  const sum = relu.apply("add", relu.load("float32", 4), relu.constant("float32", 1));
  relu.store(relu.apply("max", sum, relu.constant("float32", 0)), 4);
  const negate = new KernelBuilder([4]);
  negate.store(negate.apply("neg", negate.load("float32", 4)), 4);
  const [input, output] = [0, 3];
  const base = routinePlan("matmul", {}, [dense("float32", [2, 2]), dense("float32", [2, 2])], "float32", [
    2,
    2,
  ]);
  const [matmul] = base.steps;
  assert(matmul.kind === "routine");
  const plan: Plan = {
    slots: [
      slot("input", "float32", 4, 2),
      slot("temp", "float32", 4, 2, 2),
      slot("temp", "float32", 4, 2),
      slot("output", "float32", 4, 2, 0),
    ],
    steps: [
      {
        ...matmul,
        inputs: matmul.inputs.map((i) => ({ ...i, slot: input })),
        output: 1,
        epilogue: { kind: "loop", kernel: relu.kernel(), inputs: [1], outputs: [2], label: "relu" },
      },
      { kind: "loop", kernel: negate.kernel(), inputs: [2], outputs: [output], label: "neg" },
    ],
  };
  // [[1, -2], [0, 3]]^2 = [[1, -8], [0, 9]]; plus one, clipped at zero, negated.
  assertEquals([...run(plan, f32(1, -2, 0, 3))[0]], [-2, -0, -1, -10]);
});

Deno.test("reference: broken rules are errors", async () => {
  const over = new KernelBuilder([4]);
  over.store(over.load("float32", 3), 4);
  assertThrows(() => run(over.plan(), f32(1, 2, 3)), DeviceError, "element 3 of in0");

  const mixed = new KernelBuilder([1]);
  mixed.apply("add", mixed.load("float32", 1), mixed.load("int64", 1));
  const error = assertThrows(() => run(mixed.plan("mix"), f32(1), i64(1)), TenonError);
  assertStringIncludes(error.message, "mix: instruction 2 (apply) applies add to float32,int64");

  const undefinedFn = new KernelBuilder([1]);
  undefinedFn.store(undefinedFn.apply("exp", undefinedFn.load("int32", 1)), 1);
  assertThrows(
    () => run(undefinedFn.plan(), Int32Array.of(1)),
    DTypeError,
    "exp of 1 operands is not defined for int32",
  );

  // In place, but the input is read at other elements than are written.
  const flip = new KernelBuilder([4]);
  flip.store(flip.load("float32", 4, { offset: 3, strides: [-1] }), 4);
  const plan = flip.plan("flip");
  const slots = [plan.slots[0], { ...plan.slots[1], inPlaceOf: 0 }];
  assertThrows(() => run({ ...plan, slots }, iota(4)), TenonError, "is in place but");

  const buffer = backend.allocate("float32", 2);
  assert(
    elementsOf(backend.read(buffer, "float32", 2), "float32").every((v) => v !== v),
    "fresh memory is NaN",
  );
  assertEquals(backend.memory().used, 8);
  backend.write(buffer, "float32", f32(1, 2));
  assertEquals(await backend.readAsync(buffer, "float32", 1), f32(1));
  assertThrows(() => backend.read(buffer, "int32", 2), DTypeError, "a buffer of float32 was used as int32");
  backend.free(buffer);
  assertEquals(backend.memory().used, 0);
  await assertRejects(() => backend.readAsync(buffer, "float32", 1), DeviceError, "after it was freed");
});
