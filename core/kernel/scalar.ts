/**
 * The scalar functions of the kernel IR: names, arity and exact meaning. Every backend implements each of them for the
 * dtypes it is defined on, with the same answers.
 *
 * Where nothing else is said: operands and result have one dtype; float16 and bfloat16 compute in float32 and round
 * once; integers wrap; NaN in, NaN out; -0 is kept as IEEE 754 says.
 *
 * @module
 */

/** One argument, same dtype out unless noted. "float" means the float dtypes only. */
export const unaryFns = [
  "neg", // any number; wraps at the smallest integer
  "abs", // any number
  "sign", // -1, 0, 1; NaN stays NaN
  "floor", // float
  "ceil", // float
  "trunc", // float
  "round", // float; half to even
  "sqrt", // float
  "rsqrt", // float; 1 / sqrt(x)
  "reciprocal", // float
  "exp", // float, as all that follow
  "exp2",
  "expm1",
  "log",
  "log2",
  "log10",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "sigmoid", // 1 / (1 + exp(-x)), without overflow
  "erf",
  "erfc",
  "erfinv",
  "lgamma",
  "digamma",
  "not", // bool: logical not; integers: bitwise not
] as const;

/** Two arguments of one dtype, same dtype out unless noted. */
export const binaryFns = [
  "add", // bool: or
  "sub",
  "mul", // bool: and
  "div", // float only; true IEEE division
  "floorDivide", // floor(a / b); integers: towards minus infinity, by zero gives 0 (PyTorch raises, checked above)
  "remainder", // sign of the divisor; integer by zero gives 0
  "fmod", // sign of the dividend; integer by zero gives 0
  "pow", // floats as IEEE pow; integers by squaring, negative exponent gives 0 unless the base is 1 or -1
  "max", // NaN wins, the second of 0 and -0; bool: or
  "min", // NaN wins, the second of 0 and -0; bool: and
  "atan2", // float
  "hypot", // float
  "copysign", // float
  "nextafter", // float32, float64
  "and", // bool and integers, bitwise
  "or",
  "xor",
  "shl", // integers; a shift by the width or more gives 0
  "shr", // integers; arithmetic for signed types; by the width or more gives 0 or -1
  "ushr", // int32 only: logical shift right
  "eq", // result bool, as the five below; comparison with NaN is false, except "ne"
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
] as const;

/** Three arguments: `where(condition: bool, a, b)`; a and b of one dtype, the result's. */
export const ternaryFns = ["where"] as const;

/** A unary scalar function. */
export type UnaryFn = typeof unaryFns[number];
/** A binary scalar function. */
export type BinaryFn = typeof binaryFns[number];
/** A ternary scalar function. */
export type TernaryFn = typeof ternaryFns[number];
/** Any scalar function of the IR. */
export type ScalarFn = UnaryFn | BinaryFn | TernaryFn;

/** Functions whose result is bool whatever the operands are. */
export const comparisonFns: ReadonlySet<ScalarFn> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);
