/**
 * Dtypes against PyTorch 1.13 (tests/fixtures/dtypes.py): promotion of every pair and form of operand, casts, integer arithmetic at the edges.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as t from "../../core/mod.ts";
import type { DType, Tensor, TensorLike } from "../../core/mod.ts";
import * as nn from "../../nn/mod.ts";
import { forEachDevice } from "./devices.ts";

interface Arithmetic {
  values: string[];
  powers: number[];
  shifts: number[];
  results: Record<string, string[]>;
}
interface Fixture {
  promotion: Record<string, Record<string, string>>;
  promoteTypes: string;
  canCast: string;
  unary: Record<string, string>;
  casts: [DType, DType, string[], string[]][];
  arithmetic: Record<string, Arithmetic>;
  finfo: Record<string, Record<string, string>>;
  iinfo: Record<string, Record<string, string>>;
  infoText: Record<string, string>;
}
const fixture: Fixture = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/dtypes.json", import.meta.url)),
);

/** In the order of the fixture. */
const dtypes: readonly DType[] = [
  "bool",
  "uint8",
  "int8",
  "int16",
  "int32",
  "int64",
  "float16",
  "bfloat16",
  "float32",
  "float64",
];

const binary: Record<string, (a: TensorLike, b: TensorLike) => Tensor | DType> = {
  add: t.add,
  sub: t.sub,
  mul: t.mul,
  div: t.div,
  floorDivide: t.floorDivide,
  divTrunc: (a, b) => t.div(a, b, { roundingMode: "trunc" }),
  remainder: t.remainder,
  fmod: t.fmod,
  pow: t.pow,
  maximum: t.maximum,
  minimum: t.minimum,
  atan2: t.atan2,
  copysign: t.copysign,
  eq: t.eq,
  lt: t.lt,
  bitwiseAnd: t.bitwiseAnd,
  bitwiseOr: t.bitwiseOr,
  bitwiseXor: t.bitwiseXor,
  bitwiseLeftShift: t.bitwiseLeftShift,
  bitwiseRightShift: t.bitwiseRightShift,
  logicalAnd: t.logicalAnd,
  xlogy: t.xlogy,
  resultType: t.resultType,
  where: (a, b) => t.where(t.tensor([true, false]), a, b),
  cat: (a, b) => t.cat([a as Tensor, b as Tensor]),
};

const operands: Record<string, TensorLike[]> = {
  t: dtypes.map((dtype) => t.ones([2], { dtype })),
  z: dtypes.map((dtype) => t.ones([], { dtype })),
  n: [true, 2, 2.5],
};

/** What PyTorch lacks a CPU kernel for, and Tenon has: its result is not compared. */
const wider = /^(atan2|xlogy)$/;

for (const [name, forms] of Object.entries(fixture.promotion)) {
  Deno.test(`promotion: ${name}`, () => {
    const digit = (a: TensorLike, b: TensorLike): string => {
      let result: Tensor | DType;
      try {
        result = binary[name](a, b);
      } catch (error) {
        if (!(error instanceof t.TenonError)) throw error;
        return "-";
      }
      return String(dtypes.indexOf(typeof result === "string" ? result : result.dtype));
    };
    for (const [form, expected] of Object.entries(forms)) {
      const table = operands[form[0]].map((a) => operands[form[1]].map((b) => digit(a, b)).join("")).join(
        " ",
      );
      const compared = wider.test(name)
        ? [...table].map((c, i) => expected[i] === "-" ? "-" : c).join("")
        : table;
      assertEquals(compared, expected, `${name}, ${form}`);
    }
  });
}

Deno.test("promotion: promoteTypes and canCast", () => {
  const table = (fn: (a: DType, b: DType) => number) =>
    dtypes.map((a) => dtypes.map((b) => fn(a, b)).join("")).join(" ");
  assertEquals(table((a, b) => dtypes.indexOf(t.promoteTypes(a, b))), fixture.promoteTypes);
  assertEquals(table((a, b) => Number(t.canCast(a, b))), fixture.canCast);
});

Deno.test("promotion: functions of one tensor", () => {
  const unary: Record<string, (x: Tensor) => Tensor> = {
    exp: t.exp,
    sqrt: t.sqrt,
    sin: t.sin,
    sigmoid: t.sigmoid,
    abs: t.abs,
    neg: t.neg,
    sign: t.sign,
    floor: t.floor,
    round: t.round,
    reciprocal: t.reciprocal,
    isnan: t.isnan,
    logical_not: t.logicalNot,
    bitwise_not: t.bitwiseNot,
    square: t.square,
    relu: t.relu,
    erf: t.erf,
    sum: t.sum,
    prod: t.prod,
    mean: t.mean,
    cumsum: (x) => t.cumsum(x, 0),
    cumprod: (x) => t.cumprod(x, 0),
    max: t.max,
    argmax: t.argmax,
    any: t.any,
    all: t.all,
    std: t.std,
    norm: t.norm,
    logsumexp: (x) => t.logsumexp(x, 0),
    median: t.median,
    softmax: (x) => t.softmax(x, 0),
  };
  // What must be refused; elsewhere PyTorch's CPU only lacks a kernel, for bool or float16.
  const refused = /^(neg|bitwise_not|mean|std|norm|argmax)$/;
  for (const [name, expected] of Object.entries(fixture.unary)) {
    const got = dtypes.map((dtype) => {
      try {
        return String(dtypes.indexOf(unary[name](t.ones([2], { dtype })).dtype));
      } catch (error) {
        if (!(error instanceof t.TenonError)) throw error;
        return "-";
      }
    });
    const compared = got.map((c, i) => expected[i] === "-" && !refused.test(name) ? "-" : c);
    assertEquals(compared.join(""), expected, name);
  }
});

const parse = (text: string): number =>
  text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
const flat = (x: Tensor): (number | bigint | boolean)[] =>
  x.reshape([-1]).tolist() as (number | bigint | boolean)[];

forEachDevice(`dtypes: casts round to even, truncate, wrap and overflow as PyTorch's`, (device) => {
  for (const [from, to, values, expected] of fixture.casts) {
    if (device === "webgpu" && /64/.test(from + to)) continue; // It holds no float64, and int64 in 32 bits.
    const x = from === "int64"
      ? t.tensor(values.map(BigInt), { device })
      : t.tensor(values.map(parse), { dtype: from, device });
    const got = flat(x.to(to)).map((v) => typeof v === "number" && Object.is(v, -0) ? "-0.0" : String(v));
    const wanted = expected.map((v) =>
      v === "nan" ? "NaN" : /^(true|false|-0\.0)$/.test(v) ? v : String(exact(v))
    );
    assertEquals(got, wanted, `${from} to ${to}: ${values}`);
  }
});

for (const [dtype, { values, powers, shifts, results }] of Object.entries(fixture.arithmetic)) {
  forEachDevice(`dtypes: ${dtype} arithmetic wraps as PyTorch's`, (device) => {
    const make = (list: (string | number)[]) => t.tensor(list.map(BigInt), { dtype: dtype as DType, device });
    const cross = (a: (string | number)[], b: (string | number)[]) =>
      [make(a.flatMap((x) => b.map(() => x))), make(a.flatMap(() => b))] as const;
    const v = make(values), [a, b] = cross(values, values);
    const unary: Record<string, (x: Tensor) => Tensor> = {
      neg: t.neg,
      abs: t.abs,
      sign: t.sign,
      bitwiseNot: t.bitwiseNot,
      square: t.square,
      sum: t.sum,
      prod: t.prod,
    };
    for (const [name, expected] of Object.entries(results)) {
      // WebGPU holds the int64 that a sum is in 32 bits.
      if (device === "webgpu" && (name === "sum" || name === "prod")) continue;
      const [x, y] = name === "pow"
        ? cross(values, powers)
        : /Shift$/.test(name)
        ? cross(values, shifts)
        : /^(floorDivide|remainder|fmod|div)/.test(name)
        ? [a, t.where(t.eq(b, 0), 1, b)]
        : [a, b];
      const got = flat(name in unary ? unary[name](v) : binary[name](x, y) as Tensor).map(String);
      assertEquals(got.map((r, i) => expected[i] === "" ? "" : r), expected, `${dtype} ${name}`);
    }
  });
}

/** A number as PyTorch prints it, or the integer beyond 2^53 that a number cannot hold. */
function exact(text: string): number | bigint {
  const integer = /^-?\d+$/.test(text), number = parse(text);
  return integer && !Number.isSafeInteger(number) ? BigInt(text) : number;
}

Deno.test("dtypes: bigint where a number cannot hold an int64, in and out", () => {
  const wide = 2n ** 62n + 1n;
  const x = t.tensor([wide, -3n]);
  assertEquals([x.dtype, x.tolist(), x.get(0).item<bigint>()], ["int64", [wide, -3], wide]);
  assertEquals(x.add(1n).tolist(), [wide + 1n, -2]);
  assertEquals(x.add(wide).tolist(), [-(2n ** 63n) + 2n, wide - 3n]);
  assertEquals(t.full([1], wide, { dtype: "int64" }).tolist(), [wide]);
  assertEquals(x.eq(wide).tolist(), [true, false]);
  assertEquals(String(x), "tensor([4611686018427387905,                  -3])");
});

Deno.test("dtypes: finfo and iinfo", () => {
  for (const [dtype, fields] of Object.entries(fixture.finfo)) {
    const info = t.finfo(dtype as DType);
    const { bits, eps, max, min, tiny, resolution } = info;
    const got = { bits, eps, max, min, tiny, resolution };
    assertEquals(got, Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, Number(v)])));
    assertEquals([info.smallestNormal, String(info)], [tiny, fixture.infoText[dtype]]);
  }
  for (const [dtype, fields] of Object.entries(fixture.iinfo)) {
    const info = t.iinfo(dtype as DType);
    assertEquals([info.bits, info.max, info.min].map(String), [fields.bits, fields.max, fields.min]);
    assertEquals(String(info), fixture.infoText[dtype]);
  }
  assertThrows(() => t.finfo("int8"), t.DTypeError, "torch.finfo() requires a floating point input type.");
  assertThrows(() => t.iinfo("bool"), t.DTypeError, "torch.iinfo() requires an integer input type.");
});

Deno.test("dtypes: the default one is what numbers, new tensors and layers have", () => {
  // torch.set_default_dtype(torch.float64), and the same expressions.
  t.setDefaultDtype("float64");
  try {
    const made: Record<string, Tensor> = {
      tensor: t.tensor([0.5]),
      zeros: t.zeros([1]),
      rand: t.rand([1]),
      arange: t.arange(0, 1, 0.5),
      linspace: t.linspace(0, 1, 3),
      eye: t.eye(2),
      full: t.full([1], 0.5),
      exp: t.exp(t.tensor([1n])),
      quotient: t.tensor([1n]).div(2n),
      sum: t.tensor([1n]).add(0.5),
      weight: new nn.Linear(2, 2).weight,
      layer: new nn.Sequential(
        new nn.Linear(2, 4),
        new nn.LayerNorm(4),
        new nn.BatchNorm1d(4),
        new nn.PReLU(),
      ).forward(
        t.rand([3, 2]),
      ),
    };
    assertEquals(Object.entries(made).filter(([, x]) => x.dtype !== "float64").map(([name]) => name), []);
    assertEquals(t.getDefaultDtype(), "float64");
    assertEquals(String(t.tensor([0.5])), "tensor([0.5000])");
    assertEquals(String(t.tensor([0.5], { dtype: "float32" })), "tensor([0.5000], dtype=torch.float32)");
    assertEquals(t.tensor(Float32Array.of(1)).dtype, "float32");
    assertEquals(t.ones([1], { dtype: "float32" }).add(0.5).dtype, "float32");
  } finally {
    t.setDefaultDtype("float32");
  }
  assertThrows(() => t.setDefaultDtype("int64"), t.DTypeError, "only floating-point types are supported");
});
