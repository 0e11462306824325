/**
 * Conformance cases of single scalar functions, selections and casts, over edge values and random ones.
 *
 * @module
 */
import { type DType, dtypes, type HostArray, isFloat, kindOf } from "../../../core/dtype.ts";
import type { Plan } from "../../../core/kernel/plan.ts";
import {
  type BinaryFn,
  binaryFns,
  comparisonFns,
  type ScalarFn,
  type UnaryFn,
  unaryFns,
} from "../../../core/kernel/scalar.ts";
import { elementsOf, hostOf, KernelBuilder } from "./build.ts";
import { type ConformanceCase, exactly, numerically, type Tolerance } from "./conformance_case.ts";
import { edges, moderateEdges, spread, subnormals } from "./conformance_values.ts";

const floats = dtypes.filter(isFloat);
const numbers = dtypes.filter((d) => d !== "bool");
const integers = numbers.filter((d) => !isFloat(d));
const bitwise = dtypes.filter((d) => !isFloat(d));

/** Where a function is defined that is not defined on all floats alone. */
const domains: Partial<Record<ScalarFn, readonly DType[]>> = {
  neg: numbers,
  abs: numbers,
  sign: numbers,
  not: bitwise,
  add: dtypes,
  sub: numbers,
  mul: dtypes,
  floorDivide: numbers,
  remainder: numbers,
  fmod: numbers,
  pow: numbers,
  max: dtypes,
  min: dtypes,
  nextafter: ["float32", "float64"],
  and: bitwise,
  or: bitwise,
  xor: bitwise,
  shl: integers,
  shr: integers,
  ushr: ["int32"],
  eq: dtypes,
  ne: dtypes,
  lt: dtypes,
  le: dtypes,
  gt: dtypes,
  ge: dtypes,
};

/** Functions that IEEE 754 or their definition gives to the last bit. */
const exact = new Set<ScalarFn>([
  "neg",
  "abs",
  "floor",
  "ceil",
  "trunc",
  "round",
  "sqrt",
  "reciprocal",
  "add",
  "sub",
  "mul",
  "div",
  "remainder",
  "fmod",
  "copysign",
  "nextafter", // deno-fmt-ignore-line
]);

function toleranceOf(fn: ScalarFn, dtype: DType): Tolerance {
  if (!isFloat(dtype) || comparisonFns.has(fn) || exact.has(fn)) return exactly;
  if (fn === "sign" || fn === "max" || fn === "min") return numerically;
  // Narrow floats compute in float32: the result is at most one rounding away.
  const ulps = dtype === "float16" || dtype === "bfloat16"
    ? 1
    : fn === "floorDivide"
    ? 1
    : fn === "pow"
    ? 8
    : 4;
  const epsilon = dtype === "float64" ? 2 ** -52 : 2 ** -23;
  // These cross zero away from the origin, where the last place of the result is far below that of the argument.
  const crosses = fn === "sin" || fn === "cos" || fn === "tan"
    ? 0.5
    : fn === "lgamma" || fn === "digamma"
    ? 8
    : 0;
  return { ulps, absolute: crosses * epsilon, zeroSign: false, flushes: false };
}

function elementwise(fn: ScalarFn, dtype: DType, operands: readonly HostArray[]): Plan {
  const n = operands[0].length;
  const k = new KernelBuilder([n]);
  return k.store(k.apply(fn, ...operands.map(() => k.load(dtype, n))), n).plan(fn);
}

/** Every pair of the values, as two arrays. */
function pairs(dtype: DType, values: readonly (number | bigint)[]): HostArray[] {
  return [
    hostOf(dtype, values.flatMap((a) => values.map(() => a))),
    hostOf(dtype, values.flatMap(() => values)),
  ];
}

function joined(dtype: DType, a: readonly (number | bigint)[], b: HostArray): HostArray {
  return hostOf(dtype, [...a, ...elementsOf(b, dtype)]);
}

function unaryCases(fn: UnaryFn, dtype: DType): ConformanceCase[] {
  const trigonometric = fn === "sin" || fn === "cos" || fn === "tan";
  const tolerance = toleranceOf(fn, dtype);
  const make = (what: string, x: HostArray): ConformanceCase => ({
    name: `${fn} ${dtype}${what}`,
    plan: elementwise(fn, dtype, [x]),
    inputs: [x],
    tolerance,
  });
  const corners = trigonometric ? moderateEdges : edges(dtype);
  // 200 random values: with the corners never a multiple of a vector's length for all dtypes.
  const cases = [
    make(
      "",
      joined(
        dtype,
        corners,
        spread(dtype, 200, 1, trigonometric || fn === "digamma" || fn === "lgamma" ? 2 : 4),
      ),
    ),
  ];
  if (!isFloat(dtype)) return cases;
  if (trigonometric) {
    cases.push(
      make(
        " of huge arguments",
        hostOf(
          dtype,
          [3e4, -1e4 - 0.5, 65504, 1e6, 1e10, -1e20, 1e30].filter((v) =>
            dtype !== "float16" || Math.abs(v) < 65505
          ),
        ),
      ),
    );
  }
  return [...cases, make(" of subnormals", hostOf(dtype, subnormals(dtype)))];
}

function binaryCases(fn: BinaryFn, dtype: DType): ConformanceCase[] {
  const dividing = fn === "remainder" || fn === "fmod" || fn === "floorDivide";
  const tolerance = toleranceOf(fn, dtype);
  const make = (what: string, inputs: HostArray[]): ConformanceCase => ({
    name: `${fn} ${dtype}${what}`,
    plan: elementwise(fn, dtype, inputs),
    inputs,
    tolerance,
  });
  const limited = dividing && isFloat(dtype);
  const [a, b] = pairs(dtype, limited ? moderateEdges : edges(dtype));
  const cases = [make("", [
    joined(dtype, elementsOf(a, dtype), spread(dtype, 101, 2, limited ? 1 : 4)),
    joined(dtype, elementsOf(b, dtype), spread(dtype, 101, 3, limited ? 1 : 4)),
  ])];
  if (!isFloat(dtype)) return cases;
  if (dividing) {
    const huge = [1e4, -3.3e4, 1e9, -1e30].filter((v) => dtype !== "float16" || Math.abs(v) < 65505);
    cases.push(make(" of huge quotients", [hostOf(dtype, huge), hostOf(dtype, huge.map(() => 0.7))]));
  }
  return [...cases, make(" of subnormals", pairs(dtype, [...subnormals(dtype), 0, 1, -1]))];
}

function whereCase(dtype: DType): ConformanceCase {
  const a = joined(dtype, edges(dtype), spread(dtype, 37, 4)), n = a.length;
  const b = joined(dtype, [...edges(dtype)].reverse(), spread(dtype, 37, 5));
  const k = new KernelBuilder([n]);
  const condition = k.load("bool", n), left = k.load(dtype, n), right = k.load(dtype, n);
  return {
    name: `where ${dtype}`,
    plan: k.store(k.apply("where", condition, left, right), n).plan("where"),
    inputs: [spread("bool", n, 6), a, b],
    tolerance: exactly,
  };
}

function castCase(from: DType, to: DType, what: string, x: HostArray): ConformanceCase {
  const k = new KernelBuilder([x.length]);
  const plan = k.store(k.cast(to, k.load(from, x.length)), x.length).plan("cast");
  return { name: `cast ${from} to ${to}${what}`, plan, inputs: [x], tolerance: exactly };
}

function castCases(from: DType, to: DType): ConformanceCase[] {
  if (!isFloat(from)) return [castCase(from, to, "", joined(from, edges(from), spread(from, 60, 7)))];
  const limit = kindOf(to) === "int" ? 100 : Infinity;
  const fits = (v: number | bigint) => limit === Infinity || Math.abs(Number(v)) <= limit;
  const unsigned = (v: number | bigint) => to !== "uint8" || !(v < 0);
  const values = elementsOf(joined(from, edges(from), spread(from, 60, 7)), from);
  const cases = [castCase(from, to, "", hostOf(from, values.filter(fits).filter(unsigned)))];
  // The low bits of what fits 32 bits, the lowest integer for what does not, and for NaN.
  if (limit === 100) {
    cases.push(
      castCase(from, to, " out of range", hostOf(from, values.filter((v) => !fits(v) || !unsigned(v)))),
    );
  }
  if (isFloat(to)) {
    cases.push(castCase(from, to, " of subnormals", hostOf(from, [...subnormals(from), ...subnormals(to)])));
  }
  return cases;
}

/** Every scalar function and cast on every dtype it is defined on. */
export function elementwiseCases(): ConformanceCase[] {
  return [
    ...unaryFns.flatMap((fn) => (domains[fn] ?? floats).flatMap((dtype) => unaryCases(fn, dtype))),
    ...binaryFns.flatMap((fn) => (domains[fn] ?? floats).flatMap((dtype) => binaryCases(fn, dtype))),
    ...dtypes.map(whereCase),
    ...dtypes.flatMap((from) => dtypes.filter((to) => to !== from).flatMap((to) => castCases(from, to))),
  ];
}
