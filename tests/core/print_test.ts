/**
 * Printed tensors against the text of PyTorch 1.13 (tests/fixtures/printing.py).
 *
 * @module
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { arange, tensor } from "../../core/mod.ts";
import { type DType, type HostArray, hostArray, isFloat, writeElement } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { formatFixed, formatScientific } from "../../core/format_number.ts";
import { formatTensor, getPrintOptions, printedShape, setPrintOptions } from "../../core/print.ts";
import type { PrintOptionsInit } from "../../core/print.ts";
import { forEachDevice } from "./devices.ts";
import { fnv1a } from "./random/bytes.ts";

interface Suffixes {
  gradFn?: string;
  requiresGrad?: boolean;
  isParameter?: boolean;
}
type Case<Values> = [
  dtype: DType,
  shape: number[],
  values: Values,
  options: PrintOptionsInit | null,
  suffixes: Suffixes,
  text: string | number,
];
interface Fixture {
  named: Case<(number | string)[]>[];
  iota: Case<number>[];
  sweep: number[];
}

const fixture: Fixture = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/printing.json", import.meta.url)),
);

function withOptions<T>(options: PrintOptionsInit | null, fn: () => T): T {
  setPrintOptions({ profile: "default" });
  if (options !== null) setPrintOptions(options);
  try {
    return fn();
  } finally {
    setPrintOptions({ profile: "default" });
  }
}

function host(dtype: DType, values: readonly (number | bigint)[]): HostArray {
  const out = hostArray(dtype, values.length);
  const narrow = dtype === "float16" || dtype === "bfloat16";
  values.forEach((v, i) => writeElement(out, dtype, i, narrow ? Math.fround(Number(v)) : v));
  return out;
}

function hash(text: string): number {
  return fnv1a(new TextEncoder().encode(text));
}

/** Compares with the whole text, or with its hash where the fixture has only that. */
function assertText(got: string, expected: string | number, label: string): void {
  if (typeof expected === "string") assertEquals(got, expected, label);
  else assertEquals(hash(got), expected, `${label}\n${got.slice(0, 400)}`);
}

Deno.test("printing: the values of each named case", () => {
  for (const [dtype, shape, values, options, suffixes, expected] of fixture.named) {
    const numbers = values.map((v) => dtype === "int64" ? BigInt(v) : Number(v));
    const data = host(dtype, numbers);
    const got = withOptions(options, () => formatTensor({ shape, dtype, data, ...suffixes }));
    assertText(got, expected, JSON.stringify([dtype, shape, values, options, suffixes]));
  }
});

Deno.test("printing: counting tensors, long, summarised and of high rank", () => {
  for (const [dtype, shape, factor, options, suffixes, expected] of fixture.iota) {
    const data = host(dtype, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i * factor));
    const got = withOptions(options, () => formatTensor({ shape, dtype, data, ...suffixes }));
    assertText(got, expected, JSON.stringify([dtype, shape, factor, options, suffixes]));
  }
});

/** The generator of the fixture's script; both sides make the same tensors from a seed. */
class Lcg {
  constructor(private state: number) {}
  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) % n;
  }
}

function pick<T>(list: readonly T[], r: Lcg): T {
  return list[r.below(list.length)];
}

const order: readonly DType[] = [
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "bool",
];
const bits: Readonly<Partial<Record<DType, number>>> = {
  int64: 63,
  int32: 31,
  int16: 15,
  int8: 7,
  uint8: 8,
  bool: 1,
};

function sweptTensor(r: Lcg): { shape: number[]; dtype: DType; data: HostArray } {
  const dtype = pick(order, r);
  const shape = Array.from({ length: r.below(5) }, () => r.below(5) + (r.below(8) > 0 ? 1 : 0));
  if (shape.length > 0 && r.below(4) === 0) shape[shape.length - 1] = r.below(60);
  const kind = r.below(8);
  const count = shape.reduce((a, b) => a * b, 1);
  const values: (number | bigint)[] = [];
  for (let i = 0; i < count; i++) {
    const k = r.below(20001) - 10000, e = r.below(7);
    if (!isFloat(dtype)) {
      const v = kind > 4 ? BigInt(k) * 10n ** BigInt(e) : BigInt(((k % 100) + 100) % 100);
      values.push(BigInt.asUintN(bits[dtype] ?? 64, v));
      continue;
    }
    const special = [NaN, Infinity, -Infinity, 0, -0, 1, k / 100][e];
    const v = [
      k,
      k * 10 ** e,
      k / 10 ** e,
      k / 2 ** e,
      k / 2 ** (e * 5),
      k * 2 ** (e * 20 - 60),
      k / 1000,
      special,
    ][kind];
    values.push(v);
  }
  return { shape, dtype, data: host(dtype, values) };
}

Deno.test("printing: a sweep over dtypes, shapes, magnitudes and options", () => {
  fixture.sweep.forEach((expected, seed) => {
    const r = new Lcg(seed);
    const tensor = sweptTensor(r);
    const options: { -readonly [K in keyof PrintOptionsInit]: PrintOptionsInit[K] } = {};
    if (r.below(2) === 0) options.precision = r.below(9);
    if (r.below(3) === 0) options.threshold = r.below(50);
    if (r.below(3) === 0) options.edgeitems = 1 + r.below(4);
    if (r.below(3) === 0) options.linewidth = 1 + r.below(150);
    if (r.below(3) === 0) options.sciMode = [true, false, null][r.below(3)];
    const got = withOptions(options, () => formatTensor(tensor));
    assertEquals(hash(got), expected, `seed ${seed}: ${JSON.stringify(options)}\n${got}`);
  });
});

Deno.test("printing: the elements of printedShape are enough", () => {
  const shape = [30, 2, 40], dtype = "float32";
  const all = Float32Array.from({ length: 2400 }, (_, i) => i / 8);
  const printed = printedShape(shape);
  assertEquals(printed, [6, 2, 6]);
  const ends = (i: number, extent: number) => i < 3 ? i : extent - 6 + i;
  const few = Float32Array.from({ length: 72 }, (_, i) => {
    const [a, b, c] = [Math.floor(i / 12), Math.floor(i / 6) % 2, i % 6];
    return all[(ends(a, 30) * 2 + b) * 40 + ends(c, 40)];
  });
  assertEquals(formatTensor({ shape, dtype, data: few }), formatTensor({ shape, dtype, data: all }));
  const error = assertThrows(() => formatTensor({ shape, dtype, data: new Float32Array(5) }), ValueError);
  assertStringIncludes(error.message, "2400");
});

Deno.test("printing: a device that is not the default one comes first", () => {
  const data = Float64Array.of(1);
  // As torch prints tensors on "cuda:0".
  assertEquals(
    formatTensor({ shape: [1], dtype: "float64", data, device: "webgpu" }),
    "tensor([1.], device='webgpu', dtype=torch.float64)",
  );
});

Deno.test("printing: floats as C writes them", () => {
  // Exact ties go to the even digit: 1/32 = 0.03125, 3/32 = 0.09375, 2.5, 3.5.
  assertEquals(formatFixed(1 / 32, 4), "0.0312");
  assertEquals(formatFixed(3 / 32, 4), "0.0938");
  assertEquals(formatFixed(2.5, 0), "2");
  assertEquals(formatFixed(3.5, 0), "4");
  assertEquals(formatFixed(0.5, 0), "0");
  // 0.00005 is stored a little above the tie, 0.00015 a little below it.
  assertEquals(formatFixed(0.00005, 4), "0.0001");
  assertEquals(formatFixed(0.00015, 4), "0.0001");
  assertEquals(formatFixed(-0, 2), "-0.00");
  assertEquals(formatFixed(-1e-9, 2), "-0.00");
  assertEquals(formatFixed(2 ** 70, 1), "1180591620717411303424.0");
  assertEquals(formatScientific(100005, 4), "1.0000e+05");
  assertEquals(formatScientific(100015, 4), "1.0002e+05");
  assertEquals(formatScientific(95, 0), "1e+02");
  assertEquals(formatScientific(85, 0), "8e+01");
  assertEquals(formatScientific(0, 4), "0.0000e+00");
  assertEquals(formatScientific(-0, 1), "-0.0e+00");
  assertEquals(formatScientific(1e-300, 2), "1.00e-300");
});

Deno.test("printing: options that make no sense are refused and change nothing", () => {
  const before = getPrintOptions();
  const error = assertThrows(() => setPrintOptions({ edgeitems: 0 }), ValueError);
  assertStringIncludes(error.message, "edgeitems");
  assertThrows(() => setPrintOptions({ precision: -1 }), ValueError);
  assertThrows(() => setPrintOptions({ linewidth: 2.5 }), ValueError);
  assertThrows(() => setPrintOptions({ threshold: NaN }), ValueError);
  assertEquals(getPrintOptions(), before);
});

Deno.test("printing: tensors print themselves, in templates, lists and records", () => {
  const x = arange(4, undefined, 1, { dtype: "float32" }).reshape([2, 2]);
  assertEquals(`${x}`, "tensor([[0., 1.],\n        [2., 3.]])");
  assertEquals(String(x.requiresGrad_().mul(2).sum()), "tensor(12., grad_fn=<SumBackward0>)");
  assertEquals(String(tensor([1.5], { requiresGrad: true })), "tensor([1.5000], requires_grad=True)");
  assertEquals(Deno.inspect(tensor(3)), "tensor(3.)");
  assertStringIncludes(Deno.inspect([tensor([1, 2]), tensor([true])]), "tensor([1., 2.]), tensor([True])");
  assertStringIncludes(Deno.inspect({ loss: tensor(0.25) }), "loss: tensor(0.2500)");
  // The lines of what stands inside something are indented as far as it is.
  assertStringIncludes(Deno.inspect([tensor([[1], [2]])]), "\n  tensor([[1.],\n          [2.]])\n");
  assertEquals(String(x.detach().data), String(x.detach()));
});

forEachDevice("printing: only the ends of a long tensor are read", (device) => {
  for (const shape of [[2001], [40, 50], [3, 20, 30], [1500, 1], [2, 600]]) {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = host("float32", Array.from({ length: count }, (_, i) => i / 8));
    assertEquals(String(tensor(data, { shape, device })), formatTensor({ shape, dtype: "float32", data }));
  }
});

Deno.test("printing: the device of a tensor that is not on the default one", () => {
  assertEquals(String(tensor([1], { device: "reference" })), "tensor([1.], device='reference')");
});
