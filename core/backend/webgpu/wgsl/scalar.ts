/**
 * One instruction of the kernel IR as a WGSL expression. Values are f32 for every float dtype, i32 for every integer dtype, bool for bool;
 * what must wrap or round to a narrower dtype does so here, once per operation. Memory and loops are elsewhere.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import type { BinaryFn, ScalarFn, UnaryFn } from "../../../kernel/scalar.ts";
import { narrowInt64 } from "../storage.ts";

/** The WGSL type of a value of `dtype` in a register. */
export function registerType(dtype: DType): "f32" | "i32" | "bool" {
  const kind = kindOf(dtype);
  return kind === "float" ? "f32" : kind === "int" ? "i32" : "bool";
}

/** Bits that a value of an integer dtype has here. */
function widthOf(dtype: DType): number {
  return dtype === "int8" || dtype === "uint8" ? 8 : dtype === "int16" ? 16 : 32;
}

/** `expr`, brought back into the range or onto the grid of `dtype`. */
export function narrowed(dtype: DType, expr: string): string {
  switch (dtype) {
    case "float16":
      return `round_f16(${expr})`;
    case "bfloat16":
      return `round_bf16(${expr})`;
    case "int8":
      return `wrap_i8(${expr})`;
    case "int16":
      return `wrap_i16(${expr})`;
    case "uint8":
      return `wrap_u8(${expr})`;
    default:
      return expr;
  }
}

const scratch = new DataView(new ArrayBuffer(4));

/** A literal of `dtype`. */
export function literal(dtype: DType, value: number | bigint): string {
  const kind = kindOf(dtype);
  if (kind === "bool") return Number(value) !== 0 ? "true" : "false";
  if (kind === "int") {
    const n = narrowLimit(typeof value === "bigint" ? value : BigInt(Math.trunc(value)));
    return n === -2147483648 ? "(-2147483647 - 1)" : n < 0 ? `(${n})` : `${n}`;
  }
  return floatLiteral(Number(value));
}

/** The limits of int64, which operations fold from, stand for those of what holds it here; other values that do not fit are refused. */
function narrowLimit(value: bigint): number {
  const limit = 2n ** 63n;
  return value === -limit ? -(2 ** 31) : value === limit - 1n ? 2 ** 31 - 1 : narrowInt64(value);
}

/** A float32 literal. NaN, infinities, -0 and denormals go through their bits, as WGSL text has none of them. */
export function floatLiteral(value: number): string {
  const f = Math.fround(value);
  const magnitude = Math.abs(f);
  if (Object.is(f, 0)) return "0.0f";
  if (!(magnitude >= 1.1754943508222875e-38 && magnitude < Infinity)) {
    scratch.setFloat32(0, f);
    return `from_bits(0x${scratch.getUint32(0).toString(16)}u)`;
  }
  return f < 0 ? `(${f}f)` : `${f}f`;
}

type Render = (args: readonly string[], dtype: DType) => string;

const call = (name: string): Render => (args) => `${name}(${args.join(", ")})`;
const infix = (op: string): Render => ([a, b]) => `(${a} ${op} ${b})`;
const swapped = (name: string): Render => ([a, b]) => `${name}(${b}, ${a})`;

/** How a device divides and takes roots: as it is, or corrected where the built-in is not exact. */
export interface Rounding {
  readonly exact: boolean;
}

const floatUnary: Readonly<Record<UnaryFn, Render | null>> = {
  neg: ([a]) => `(-${a})`,
  abs: call("abs"),
  sign: call("float_sign"),
  floor: call("floor"),
  ceil: call("ceil"),
  trunc: call("trunc"),
  round: call("round"),
  sqrt: call("square_root"),
  rsqrt: ([a]) => `(1.0f / square_root(${a}))`,
  reciprocal: ([a]) => `(1.0f / ${a})`,
  exp: call("exp_float"),
  exp2: call("exp2_float"),
  expm1: call("expm1_float"),
  log: call("log_float"),
  log2: call("log2_float"),
  log10: call("log10_float"),
  log1p: call("log1p_float"),
  sin: call("sin_float"),
  cos: call("cos_float"),
  tan: call("tan_float"),
  asin: call("asin_float"),
  acos: call("acos_float"),
  atan: call("atan_float"),
  sinh: call("sinh_float"),
  cosh: call("cosh_float"),
  tanh: call("tanh_float"),
  asinh: call("asinh_float"),
  acosh: call("acosh_float"),
  atanh: call("atanh_float"),
  sigmoid: call("sigmoid_float"),
  erf: call("erf_float"),
  erfc: call("erfc_float"),
  erfinv: call("erfinv_float"),
  lgamma: call("lgamma_float"),
  digamma: call("digamma_float"),
  not: null,
};

const floatBinary: Readonly<Record<BinaryFn, Render | null>> = {
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  floorDivide: call("float_floor_divide"),
  remainder: call("float_remainder"),
  fmod: call("float_fmod"),
  pow: call("pow_float"),
  max: call("max_float"),
  min: call("min_float"),
  atan2: call("atan2_float"),
  hypot: call("hypot_float"),
  copysign: call("copysign"),
  nextafter: call("nextafter_float"),
  and: null,
  or: null,
  xor: null,
  shl: null,
  shr: null,
  ushr: null,
  eq: call("eq_float"),
  ne: call("ne_float"),
  lt: call("lt_float"),
  le: call("le_float"),
  gt: swapped("lt_float"),
  ge: swapped("le_float"),
};

const intFns: Readonly<Partial<Record<ScalarFn, Render>>> = {
  neg: ([a]) => `(0 - ${a})`,
  abs: call("abs"),
  sign: call("sign"),
  not: ([a]) => `(~${a})`,
  // Rounding an integer is the integer.
  floor: ([a]) => a,
  ceil: ([a]) => a,
  trunc: ([a]) => a,
  round: ([a]) => a,
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  floorDivide: call("int_floor_divide"),
  remainder: call("int_remainder"),
  fmod: call("int_fmod"),
  pow: call("int_pow"),
  max: call("max"),
  min: call("min"),
  and: infix("&"),
  or: infix("|"),
  xor: infix("^"),
  shl: ([a, s], dtype) => `int_shl(${a}, ${s}, ${widthOf(dtype)})`,
  shr: ([a, s], dtype) => `int_shr(${a}, ${s}, ${widthOf(dtype)})`,
  ushr: call("int_ushr"),
  eq: infix("=="),
  ne: infix("!="),
  lt: infix("<"),
  le: infix("<="),
  gt: infix(">"),
  ge: infix(">="),
};

// & and | on bools, not && and ||: compilers make branches of those.
const boolFns: Readonly<Partial<Record<ScalarFn, Render>>> = {
  not: ([a]) => `(!${a})`,
  add: infix("|"),
  mul: infix("&"),
  max: infix("|"),
  min: infix("&"),
  and: infix("&"),
  or: infix("|"),
  xor: infix("!="),
  eq: infix("=="),
  ne: infix("!="),
  lt: ([a, b]) => `(!${a} & ${b})`,
  le: ([a, b]) => `(!${a} | ${b})`,
  gt: ([a, b]) => `(${a} & !${b})`,
  ge: ([a, b]) => `(${a} | !${b})`,
};

/** Functions whose float form cannot leave the grid of a narrower float dtype. */
const exactFns: ReadonlySet<ScalarFn> = new Set([
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "trunc",
  "round",
  "max",
  "min",
  "copysign",
]);

/** `fn` applied to WGSL expressions. `dtype` is that of the operands (of the two branches for `where`). */
export function applyText(fn: ScalarFn, dtype: DType, args: readonly string[], rounding: Rounding): string {
  if (fn === "where") return `select(${args[2]}, ${args[1]}, ${args[0]})`;
  const kind = kindOf(dtype);
  if (kind === "bool") return required(boolFns[fn], fn, dtype)(args, dtype);
  if (kind === "int") {
    const text = required(intFns[fn], fn, dtype)(args, dtype);
    return /^(eq|ne|lt|le|gt|ge)$/.test(fn) ? text : narrowed(dtype, text);
  }
  if (rounding.exact && fn === "div") return narrowed(dtype, `divide_exact(${args.join(", ")})`);
  if (rounding.exact && fn === "sqrt") return narrowed(dtype, `sqrt_exact(${args[0]})`);
  const render = (floatUnary as Record<string, Render | null>)[fn] ??
    (floatBinary as Record<string, Render | null>)[fn];
  const text = required(render, fn, dtype)(args, dtype);
  return /^(eq|ne|lt|le|gt|ge)$/.test(fn) || exactFns.has(fn) ? text : narrowed(dtype, text);
}

function required(render: Render | null | undefined, fn: ScalarFn, dtype: DType): Render {
  if (!render) throw new TypeError(`webgpu: the scalar function ${fn} is not defined for ${dtype}`);
  return render;
}

/** A conversion, by the rules of `writeElement` in dtype.ts. */
export function castText(to: DType, from: DType, expr: string): string {
  const target = kindOf(to), source = kindOf(from);
  if (to === from) return expr;
  if (target === "bool") {
    return source === "float" ? `((bitcast<u32>(${expr}) & 0x7fffffffu) != 0u)` : `(${expr} != 0)`;
  }
  if (target === "int") {
    if (source === "bool") return `select(0, 1, ${expr})`;
    return narrowed(to, source === "float" ? `float_to_int(${expr})` : expr);
  }
  if (source === "bool") return `select(0.0f, 1.0f, ${expr})`;
  return source === "int" ? narrowed(to, `f32(${expr})`) : narrowed(to, expr);
}
