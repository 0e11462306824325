/**
 * The scalar functions of the IR on vectors: finds the code of each for the way in which its lanes are held, and rounds the result to its dtype.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import { DTypeError } from "../../../errors.ts";
import { type BinaryFn, comparisonFns, type ScalarFn, type UnaryFn } from "../../../kernel/scalar.ts";
import { f32x4, f64x2 } from "../wasm/opcodes.ts";
import { normalize, roundTo } from "./cast.ts";
import * as floats from "./float_fns.ts";
import type { Gen } from "./gen.ts";
import * as ints from "./integer_fns.ts";
import { demote, type Parts, promote, type Rep, repOf, selectLanes } from "./lanes.ts";

const unaryTables: Readonly<Record<Rep, floats.UnaryTable>> = {
  f32: floats.f32Unary,
  f64: floats.f64Unary,
  i32: ints.i32Unary,
  i64: ints.i64Unary,
  mask: ints.maskUnary,
};
const binaryTables: Readonly<Record<Rep, floats.BinaryTable>> = {
  f32: floats.f32Binary,
  f64: floats.f64Binary,
  i32: ints.i32Binary,
  i64: ints.i64Binary,
  mask: ints.maskBinary,
};

/** Functions whose result needs no rounding when their operands are float16 or bfloat16. */
const exact: ReadonlySet<ScalarFn> = new Set<ScalarFn>(
  ["neg", "abs", "sign", "floor", "ceil", "trunc", "round", "max", "min", "copysign", ...comparisonFns],
);

/** A value and, where it is one, the literal it stands for. */
export interface Operand {
  readonly parts: Parts;
  readonly dtype: DType;
  readonly literal: number | bigint | null;
}

/** Applies a scalar function to lanes. */
export function applyLanes(g: Gen, fn: ScalarFn, dtype: DType, args: readonly Operand[]): Parts {
  if (fn === "where") return selectLanes(g, args[0].parts[0], args[1].parts, args[2].parts);
  const of = args[0].dtype, rep = repOf(of);
  const result = args.length === 1
    ? unary(g, fn as UnaryFn, rep, args[0].parts)
    : binary(g, fn as BinaryFn, of, rep, args);
  if (result === null) throw new DTypeError(`${fn} is not defined on ${of}`);
  if (comparisonFns.has(fn)) return ints.maskOf(g, result);
  if (rep === "i32") return [normalize(g, result[0], dtype)];
  return rep === "f32" && !exact.has(fn) ? [roundTo(g, result[0], dtype)] : result;
}

function unary(g: Gen, fn: UnaryFn, rep: Rep, x: Parts): Parts | null {
  const code = unaryTables[rep][fn];
  if (code !== undefined) return x.map((v) => g.keep(code(g, v)));
  const wide = floats.f64Unary[fn];
  return rep === "f32" && wide !== undefined
    ? [demote(g, promote(g, x[0]).map((v) => g.keep(wide(g, v))))]
    : null;
}

function binary(g: Gen, fn: BinaryFn, of: DType, rep: Rep, args: readonly Operand[]): Parts | null {
  const [a, b] = args.map((x) => x.parts);
  const literal = args[1].literal;
  if (fn === "pow" && typeof literal === "number" && (rep === "f32" || rep === "f64")) {
    const short = literalPower(g, rep, a, literal);
    if (short !== null) return short;
  }
  const code = binaryTables[rep][fn];
  if (code !== undefined) return a.map((v, i) => g.keep(code(g, v, b[i])));
  if (rep === "i32") return ints.lanewise32(g, fn, of, [a, b], typeof literal === "number" ? literal : null);
  if (rep === "i64") return ints.lanewise64(g, fn, [a, b], typeof literal === "bigint" ? literal : null);
  const wide = floats.f64Binary[fn];
  if (rep !== "f32" || wide === undefined) return null;
  const [x, y] = [a, b].map((parts) => promote(g, parts[0]));
  return [demote(g, x.map((v, i) => g.keep(wide(g, v, y[i]))))];
}

/** Powers that are cheaper without logarithms; each is rounded at most twice. */
function literalPower(g: Gen, rep: "f32" | "f64", x: Parts, exponent: number): Parts | null {
  const { mul, div, sqrt } = rep === "f32" ? f32x4 : f64x2;
  const one = rep === "f32" ? g.fc(1) : g.dc(1);
  switch (exponent) {
    case 0:
      return x.map(() => one);
    case 1:
      return x;
    case 2:
      return x.map((v) => g.keep(mul(v, v)));
    case 3:
      return x.map((v) => g.keep(mul(mul(v, v), v)));
    case -1:
      return x.map((v) => g.keep(div(one, v)));
    case -0.5:
      return x.map((v) => g.keep(div(one, sqrt(v))));
    case 0.5:
      return x.map((v) => g.keep(sqrt(v)));
    default:
      return null;
  }
}

const transcendental: ReadonlySet<string> = new Set(
  Object.keys({ ...floats.f64Curves, ...floats.f64Surfaces }),
);

/** Roughly how many instructions a function takes for four elements. */
export function costOf(fn: ScalarFn, of: DType): number {
  const rep = repOf(of);
  const vector = (args: floats.UnaryTable | floats.BinaryTable) => Object.hasOwn(args, fn);
  const here = vector(unaryTables[rep]) || vector(binaryTables[rep]) || fn === "where";
  const wide = rep === "f64" || rep === "i64" ? 2 : 1;
  if (!transcendental.has(fn)) return here ? wide : 40;
  return fn === "pow" ? 100 : here ? 18 * wide : 50;
}
