/**
 * The scalar functions of the IR on float lanes.
 *
 * @module
 */
import type { BinaryFn, UnaryFn } from "../../../kernel/scalar.ts";
import type { Callable } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, i32x4, v128 } from "../wasm/opcodes.ts";
import type { Gen, Helpers, Vec } from "./gen.ts";
import { demote, promote } from "./lanes.ts";
import * as math from "./math_f32.ts";
import { exp64, log64, sigmoid64 } from "./math_f64.ts";
import * as special from "./special.ts";

/** A vector expression. */
export type V = Expr<"v128">;
/** The code of a function of one vector. */
export type Unary = (g: Gen, x: Vec) => V;
/** The code of a function of two. */
export type Binary = (g: Gen, a: Vec, b: Vec) => V;
/** Code by function. */
export type UnaryTable = Readonly<Partial<Record<UnaryFn, Unary>>>;
/** Code by function. */
export type BinaryTable = Readonly<Partial<Record<BinaryFn, Binary>>>;

/** A function that is one instruction. */
export const plain = (op: (a: V) => V): Unary => (_, x) => op(x);
/** A function of two that is one instruction. */
export const plain2 = (op: (a: V, b: V) => V): Binary => (_, a, b) => op(a, b);

/** On float32. */
export const f32Unary: UnaryTable = {
  neg: plain(f32x4.neg),
  abs: plain(f32x4.abs),
  sign: (g, x) => {
    const one = v128.or(v128.and(x, g.ic(0x80000000)), g.fc(1));
    return g.select(f32x4.gt(f32x4.abs(x), g.fc(0)), one, x);
  },
  floor: plain(f32x4.floor),
  ceil: plain(f32x4.ceil),
  trunc: plain(f32x4.trunc),
  round: plain(f32x4.nearest),
  sqrt: plain(f32x4.sqrt),
  rsqrt: (g, x) => demote(g, promote(g, x).map((v) => g.keep(f64x2.div(g.dc(1), f64x2.sqrt(v))))),
  reciprocal: (g, x) => f32x4.div(g.fc(1), x),
  exp: math.exp,
  exp2: math.exp2,
  expm1: math.expm1,
  log: math.log,
  log2: math.log2,
  log10: math.log10,
  log1p: math.log1p,
  sin: math.sin,
  cos: math.cos,
  tan: math.tan,
  tanh: math.tanh,
  sigmoid: math.sigmoid,
  erf: math.erf,
};

/** On float64; what is missing goes through `scalarUnary`. */
export const f64Unary: UnaryTable = {
  neg: plain(f64x2.neg),
  abs: plain(f64x2.abs),
  sign: (g, x) => {
    const one = v128.or(v128.and(x, g.dc(-0)), g.dc(1));
    return g.select64(f64x2.gt(f64x2.abs(x), g.dc(0)), one, x);
  },
  floor: plain(f64x2.floor),
  ceil: plain(f64x2.ceil),
  trunc: plain(f64x2.trunc),
  round: plain(f64x2.nearest),
  sqrt: plain(f64x2.sqrt),
  rsqrt: (g, x) => f64x2.div(g.dc(1), f64x2.sqrt(x)),
  reciprocal: (g, x) => f64x2.div(g.dc(1), x),
  exp: exp64,
  log: log64,
  sigmoid: sigmoid64,
};

type ScalarUnary = (h: Helpers) => Callable<readonly ["f64"], "f64">;

const byMath = (name: string): ScalarUnary => (h) => h.math(name);
/** Functions computed on float64 scalars; for float32 too, which then get within 0.51 ULP. */
export const scalarUnary: Readonly<Partial<Record<UnaryFn, ScalarUnary>>> = {
  exp2: (h) =>
    h.get(
      "exp2",
      (module) => module.func(null, ["f64"], "f64", (f, x) => f.result(special.pow(h).call(2, x))),
    ),
  expm1: byMath("expm1"),
  log2: byMath("log2"),
  log10: byMath("log10"),
  log1p: byMath("log1p"),
  sin: byMath("sin"),
  cos: byMath("cos"),
  tan: byMath("tan"),
  asin: byMath("asin"),
  acos: byMath("acos"),
  atan: byMath("atan"),
  sinh: byMath("sinh"),
  cosh: byMath("cosh"),
  tanh: byMath("tanh"),
  asinh: byMath("asinh"),
  acosh: byMath("acosh"),
  atanh: byMath("atanh"),
  erf: special.erf,
  erfc: special.erfc,
  erfinv: special.erfinv,
  lgamma: special.lgamma,
  digamma: special.digamma,
};

type ScalarBinary = (h: Helpers) => Callable<readonly ["f64", "f64"], "f64">;

/** As scalarUnary, of two. */
export const scalarBinary: Readonly<Partial<Record<BinaryFn, ScalarBinary>>> = {
  pow: special.pow,
  fmod: special.fmod,
  remainder: special.remainder,
  floorDivide: special.floorDivide,
  atan2: (h) => h.math2("atan2"),
  hypot: (h) => h.math2("hypot"),
  nextafter: special.nextafter64,
};

/** On float32. */
export const f32Binary: BinaryTable = {
  add: plain2(f32x4.add),
  sub: plain2(f32x4.sub),
  mul: plain2(f32x4.mul),
  div: plain2(f32x4.div),
  // The quick instructions give the first operand of equal ones, and drop a NaN that is the second.
  max: (g, a, b) => g.select(f32x4.ne(a, a), a, f32x4.pmax(b, a)),
  min: (g, a, b) => g.select(f32x4.ne(a, a), a, f32x4.pmin(b, a)),
  pow: math.pow,
  copysign: (g, a, b) => v128.bitselect(a, b, g.ic(0x7fffffff)),
  eq: plain2(f32x4.eq),
  ne: plain2(f32x4.ne),
  lt: plain2(f32x4.lt),
  le: plain2(f32x4.le),
  gt: plain2(f32x4.gt),
  ge: plain2(f32x4.ge),
  nextafter: (g, a, b) => {
    // Magnitude grows with the bit pattern, whatever the sign.
    const opposed = v128.xor(f32x4.gt(b, a), i32x4.geS(a, g.ic(0)));
    const moved = i32x4.add(a, v128.or(opposed, g.ic(1)));
    const smallest = v128.or(g.ic(1), v128.and(b, g.ic(0x80000000)));
    const stepped = g.select(f32x4.eq(a, g.fc(0)), smallest, moved);
    const result = g.select(f32x4.eq(a, b), b, stepped);
    return g.select(v128.or(f32x4.ne(a, a), f32x4.ne(b, b)), g.fc(NaN), result);
  },
};

/** On float64. */
export const f64Binary: BinaryTable = {
  add: plain2(f64x2.add),
  sub: plain2(f64x2.sub),
  mul: plain2(f64x2.mul),
  div: plain2(f64x2.div),
  max: (g, a, b) => g.select64(f64x2.ne(a, a), a, f64x2.pmax(b, a)),
  min: (g, a, b) => g.select64(f64x2.ne(a, a), a, f64x2.pmin(b, a)),
  copysign: (g, a, b) => v128.bitselect(b, a, g.dc(-0)),
  eq: plain2(f64x2.eq),
  ne: plain2(f64x2.ne),
  lt: plain2(f64x2.lt),
  le: plain2(f64x2.le),
  gt: plain2(f64x2.gt),
  ge: plain2(f64x2.ge),
};
