/**
 * The scalar functions of the IR on float lanes.
 *
 * @module
 */
import type { BinaryFn, UnaryFn } from "../../../kernel/scalar.ts";
import type { Callable } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, i32x4, v128 } from "../wasm/opcodes.ts";
import { mapF64 } from "./cast.ts";
import * as division from "./division_f64.ts";
import type { Gen, Helpers, Vec } from "./gen.ts";
import * as hyperbolic from "./hyperbolic_f64.ts";
import { demote, promote } from "./lanes.ts";
import * as math from "./math_f32.ts";
import * as math64 from "./math_f64.ts";
import * as scalar from "./scalar_f64.ts";
import * as special from "./special_f64.ts";
import * as trig from "./trig_f64.ts";

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

/** On float32; what is missing is computed on float64, and so within 0.51 ULP. */
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

/** Functions of many instructions, on float64. */
export const f64Curves: UnaryTable = {
  exp: (g, x) => math64.exp64(g, x),
  exp2: math64.exp2_64,
  expm1: math64.expm1_64,
  log: (g, x) => math64.log64(g, x),
  log2: math64.log2_64,
  log10: math64.log10_64,
  log1p: math64.log1p64,
  sigmoid: math64.sigmoid64,
  sin: trig.sin64,
  cos: trig.cos64,
  tan: trig.tan64,
  asin: trig.asin64,
  acos: trig.acos64,
  atan: trig.atan64,
  sinh: hyperbolic.sinh64,
  cosh: hyperbolic.cosh64,
  tanh: hyperbolic.tanh64,
  asinh: hyperbolic.asinh64,
  acosh: hyperbolic.acosh64,
  atanh: hyperbolic.atanh64,
  erf: special.erf64,
  erfc: special.erfc64,
  erfinv: special.erfinv64,
  lgamma: special.lgamma64,
  digamma: special.digamma64,
};

/** On float64. */
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
  ...f64Curves,
};

/** A function of two scalars on each lane. */
const lanewise = (make: (h: Helpers) => Callable<readonly ["f64", "f64"], "f64">): Binary => (g, a, b) => {
  const callable = make(g.helpers);
  return mapF64(g, [[a], [b]], (x, y) => callable.call(x, y))[0];
};

/** As `f64Curves`, of two. */
export const f64Surfaces: BinaryTable = {
  pow: lanewise(scalar.pow),
  fmod: division.fmod64,
  remainder: division.remainder64,
  floorDivide: division.floorDivide64,
  atan2: trig.atan2_64,
  hypot: division.hypot64,
  nextafter: lanewise(scalar.nextafter64),
};

/** On float32; what is missing is computed on float64. */
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
  ...f64Surfaces,
};
