/**
 * The scalar functions of the IR as JavaScript functions, one table per kind of dtype. Floats compute in double precision; the array that a
 * result is stored to rounds it (float16 and bfloat16 are rounded here, through float32). Integers of up to 32 bits may leave
 * their range, the array wraps them.
 *
 * @module
 */
import { bytesOf, type DType, kindOf } from "../../dtype.ts";
import type { BinaryFn, UnaryFn } from "../../kernel/scalar.ts";
import { digamma, erf, erfc, erfinv, lgamma } from "./special.ts";
import { rounder } from "./values.ts";

/** Functions whose result is bool. */
export type CompareFn = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
type ArithmeticFn = Exclude<BinaryFn, CompareFn>;

/** The functions defined on a dtype whose values are of type `V`. */
export interface ScalarTable<V> {
  readonly unary: Readonly<Partial<Record<UnaryFn, (a: V) => V>>>;
  readonly binary: Readonly<Partial<Record<ArithmeticFn, (a: V, b: V) => V>>>;
}

/** Comparisons: the same text for numbers and bigints. */
export const compare: Readonly<
  Record<CompareFn, <V extends number | bigint>(a: V, b: V) => number>
> = {
  eq: (a, b) => a === b ? 1 : 0,
  ne: (a, b) => a !== b ? 1 : 0,
  lt: (a, b) => a < b ? 1 : 0,
  le: (a, b) => a <= b ? 1 : 0,
  gt: (a, b) => a > b ? 1 : 0,
  ge: (a, b) => a >= b ? 1 : 0,
};

const floatUnary: Readonly<Record<Exclude<UnaryFn, "not">, (a: number) => number>> = {
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundHalfEven,
  sqrt: Math.sqrt,
  rsqrt: (a) => 1 / Math.sqrt(a),
  reciprocal: (a) => 1 / a,
  exp: Math.exp,
  exp2: (a) => Math.pow(2, a),
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
};

type FloatBinary = Exclude<ArithmeticFn, "and" | "or" | "xor" | "shl" | "shr" | "ushr" | "nextafter">;

const floatBinary: Readonly<Record<FloatBinary, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  floorDivide,
  remainder,
  fmod: (a, b) => a % b,
  pow,
  max: (a, b) => a > b || Number.isNaN(a) ? a : b,
  min: (a, b) => a < b || Number.isNaN(a) ? a : b,
  atan2: Math.atan2,
  hypot: (a, b) => Math.hypot(a, b),
  copysign,
};

const boolTable: ScalarTable<number> = {
  unary: { not: (a) => 1 - a },
  binary: {
    add: (a, b) => a | b,
    mul: (a, b) => a & b,
    max: (a, b) => a | b,
    min: (a, b) => a & b,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
  },
};

/** int64, on bigints; the array wraps results to 64 bits. */
export const int64Table: ScalarTable<bigint> = {
  unary: {
    neg: (a) => -a,
    abs: (a) => a < 0n ? -a : a,
    sign: (a) => a > 0n ? 1n : a < 0n ? -1n : 0n,
    not: (a) => ~a,
  },
  binary: {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    floorDivide: (a, b) => {
      if (b === 0n) return 0n;
      const q = a / b;
      return a % b !== 0n && (a < 0n) !== (b < 0n) ? q - 1n : q;
    },
    remainder: (a, b) => {
      if (b === 0n) return 0n;
      const r = a % b;
      return r !== 0n && (r < 0n) !== (b < 0n) ? r + b : r;
    },
    fmod: (a, b) => b === 0n ? 0n : a % b,
    pow: (a, b) => {
      if (b < 0n) return a === 1n ? 1n : a === -1n ? ((b & 1n) === 0n ? 1n : -1n) : 0n;
      let result = 1n;
      for (; b > 0n; b >>= 1n) {
        if ((b & 1n) === 1n) result = BigInt.asIntN(64, result * a);
        a = BigInt.asIntN(64, a * a);
      }
      return result;
    },
    max: (a, b) => a > b ? a : b,
    min: (a, b) => a < b ? a : b,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => b < 0n || b >= 64n ? 0n : a << b,
    shr: (a, b) => a >> (b < 0n || b >= 64n ? 63n : b),
  },
};

/** The functions defined on a dtype other than int64. */
export function numberTable(dtype: DType): ScalarTable<number> {
  switch (kindOf(dtype)) {
    case "bool":
      return boolTable;
    case "int":
      return intTable(dtype);
    case "float":
      return floatTable(dtype);
  }
}

function intTable(dtype: DType): ScalarTable<number> {
  const width = bytesOf(dtype) * 8;
  const inRange = (b: number) => b >= 0 && b < width;
  const table = {
    add: (a: number, b: number) => a + b,
    sub: (a: number, b: number) => a - b,
    mul: Math.imul,
    floorDivide: (a: number, b: number) => b === 0 ? 0 : Math.floor(a / b),
    remainder: (a: number, b: number) => b === 0 ? 0 : remainder(a, b),
    fmod: (a: number, b: number) => b === 0 ? 0 : a % b,
    pow: intPow,
    max: (a: number, b: number) => Math.max(a, b),
    min: (a: number, b: number) => Math.min(a, b),
    and: (a: number, b: number) => a & b,
    or: (a: number, b: number) => a | b,
    xor: (a: number, b: number) => a ^ b,
    shl: (a: number, b: number) => inRange(b) ? a << b : 0,
    shr: (a: number, b: number) => a >> (inRange(b) ? b : 31),
  };
  return {
    unary: { neg: (a) => -a, abs: Math.abs, sign: Math.sign, not: (a) => ~a },
    binary: dtype === "int32"
      ? { ...table, ushr: (a: number, b: number) => inRange(b) ? a >>> b : 0 }
      : table,
  };
}

function floatTable(dtype: DType): ScalarTable<number> {
  const round = rounder(dtype);
  if (round !== null) {
    const unary: Partial<Record<UnaryFn, (a: number) => number>> = {};
    const binary: Partial<Record<ArithmeticFn, (a: number, b: number) => number>> = {};
    for (const [name, f] of entries(floatUnary)) unary[name] = (a) => round(f(a));
    for (const [name, f] of entries(floatBinary)) binary[name] = (a, b) => round(f(a, b));
    return { unary, binary };
  }
  return {
    unary: floatUnary,
    binary: { ...floatBinary, nextafter: dtype === "float32" ? nextafter32 : nextafter64 },
  };
}

function entries<K extends string, F>(table: Readonly<Record<K, F>>): [K, F][] {
  return Object.entries(table) as [K, F][];
}

function roundHalfEven(a: number): number {
  const r = Math.round(a);
  return Math.abs(a % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

function sigmoid(a: number): number {
  if (a >= 0) return 1 / (1 + Math.exp(-a));
  const e = Math.exp(a);
  return e / (1 + e);
}

function remainder(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && (r < 0) !== (b < 0) ? r + b : r;
}

/**
 * PyTorch's and Python's floor division, which floors the exact quotient: 1 // 0.1 is 9 because 0.1 is a little more than a tenth, though
 * 1 / 0.1 rounds to 10.
 */
function floorDivide(a: number, b: number): number {
  if (b === 0) return a / b;
  const r = a % b;
  let q = (a - r) / b;
  if (r !== 0 && (b < 0) !== (r < 0)) q -= 1;
  if (q === 0) return copysign(0, a / b);
  const floor = Math.floor(q);
  return q - floor > 0.5 ? floor + 1 : floor;
}

/** IEEE 754 pow, where JavaScript's gives NaN for 1 ** NaN and (+-1) ** (+-inf). */
function pow(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1;
  return Math.pow(a, b);
}

function intPow(a: number, b: number): number {
  if (b < 0) return a === 1 ? 1 : a === -1 ? (b % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (; b > 0; b >>= 1) {
    if ((b & 1) === 1) result = Math.imul(result, a);
    a = Math.imul(a, a);
  }
  return result;
}

function copysign(a: number, b: number): number {
  const negative = b < 0 || Object.is(b, -0);
  return negative ? -Math.abs(a) : Math.abs(a);
}

const f32 = new Float32Array(1), i32 = new Int32Array(f32.buffer);
const f64 = new Float64Array(1), i64 = new BigInt64Array(f64.buffer);

function nextafter32(a: number, b: number): number {
  if (a !== a || b !== b) return NaN;
  if (a === b) return b;
  if (a === 0) return b > 0 ? 2 ** -149 : -(2 ** -149);
  f32[0] = a;
  // Magnitude grows with the bit pattern, whatever the sign.
  i32[0] += (b > a) === (a > 0) ? 1 : -1;
  return f32[0];
}

function nextafter64(a: number, b: number): number {
  if (a !== a || b !== b) return NaN;
  if (a === b) return b;
  if (a === 0) return b > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  f64[0] = a;
  i64[0] += (b > a) === (a > 0) ? 1n : -1n;
  return f64[0];
}
