/**
 * The elementwise primitives: a scalar function each, and its gradients. Arguments have one shape (the public operations broadcast).
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import type { BinaryFn, ScalarFn, UnaryFn } from "../kernel/scalar.ts";
import { cast } from "../ops/cast.ts";
import * as op from "../ops/elementwise.ts";
import { eq, ge, gt, le, logicalAnd, logicalNot, lt, where } from "../ops/logical.ts";
import { trigamma } from "../ops/pointwise.ts";
import { zerosLike } from "../ops/create.ts";
import { any } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import { definePrimitive, type Primitive, type Vjp, type VjpRule } from "./primitive.ts";
import { expandPrim } from "./view.ts";

type Rule = VjpRule<undefined>;

function elementwise(
  fn: ScalarFn,
  torchName: string,
  vjp: Vjp<undefined>,
  infer: Primitive<undefined>["infer"] = ([x]) => x,
): Primitive<undefined> {
  return definePrimitive({
    name: fn,
    torchName,
    infer,
    vjp,
    batch: { attrs: (attrs) => attrs },
    lowering: { kind: "elementwise", fn },
  });
}

function unary(fn: UnaryFn, torchName: string, rule: Rule | null): Primitive<undefined> {
  return elementwise(fn, torchName, rule === null ? null : [rule]);
}

function binary(fn: BinaryFn, torchName: string, rules: readonly [Rule, Rule] | null): Primitive<undefined> {
  return elementwise(fn, torchName, rules);
}

function compare(fn: BinaryFn, torchName: string): Primitive<undefined> {
  return elementwise(fn, torchName, null, ([x]) => ({ shape: x.shape, dtype: "bool" }));
}

const square = (x: Tensor) => op.mul(x, x);
const zero: Rule = (_g, _y, [x]) => zerosLike(x);

// d(-x) = -dx
export const negPrim = unary("neg", "Neg", (g) => op.neg(g));
// d|x| = sign(x) dx, 0 at 0
export const absPrim = unary("abs", "Abs", (g, _y, [x]) => op.mul(g, op.sign(x)));
// piecewise constant: d = 0
export const signPrim = unary("sign", "Sign", zero);
export const floorPrim = unary("floor", "Floor", zero);
export const ceilPrim = unary("ceil", "Ceil", zero);
export const truncPrim = unary("trunc", "Trunc", zero);
export const roundPrim = unary("round", "Round", zero);
// d sqrt(x) = dx / (2 sqrt(x))
export const sqrtPrim = unary("sqrt", "Sqrt", (g, y) => op.div(g, op.mul(y, 2)));
// d x^(-1/2) = -1/2 x^(-3/2) dx
export const rsqrtPrim = unary("rsqrt", "Rsqrt", (g, y) => op.mul(op.mul(g, -0.5), op.mul(y, square(y))));
// d(1/x) = -dx / x^2
export const reciprocalPrim = unary("reciprocal", "Reciprocal", (g, y) => op.neg(op.mul(g, square(y))));
// d e^x = e^x dx
export const expPrim = unary("exp", "Exp", (g, y) => op.mul(g, y));
// d 2^x = ln(2) 2^x dx
export const exp2Prim = unary("exp2", "Exp2", (g, y) => op.mul(g, op.mul(y, Math.LN2)));
// d(e^x - 1) = e^x dx
export const expm1Prim = unary("expm1", "Expm1", (g, y) => op.mul(g, op.add(y, 1)));
// d ln(x) = dx / x
export const logPrim = unary("log", "Log", (g, _y, [x]) => op.div(g, x));
// d log2(x) = dx / (x ln 2)
export const log2Prim = unary("log2", "Log2", (g, _y, [x]) => op.div(g, op.mul(x, Math.LN2)));
// d log10(x) = dx / (x ln 10)
export const log10Prim = unary("log10", "Log10", (g, _y, [x]) => op.div(g, op.mul(x, Math.LN10)));
// d ln(1 + x) = dx / (1 + x)
export const log1pPrim = unary("log1p", "Log1P", (g, _y, [x]) => op.div(g, op.add(x, 1)));
// d sin(x) = cos(x) dx
export const sinPrim = unary("sin", "Sin", (g, _y, [x]) => op.mul(g, op.cos(x)));
// d cos(x) = -sin(x) dx
export const cosPrim = unary("cos", "Cos", (g, _y, [x]) => op.neg(op.mul(g, op.sin(x))));
// d tan(x) = (1 + tan(x)^2) dx
export const tanPrim = unary("tan", "Tan", (g, y) => op.mul(g, op.add(square(y), 1)));
// d asin(x) = dx / sqrt(1 - x^2)
export const asinPrim = unary("asin", "Asin", (g, _y, [x]) => op.mul(g, op.rsqrt(op.sub(1, square(x)))));
// d acos(x) = -dx / sqrt(1 - x^2)
export const acosPrim = unary(
  "acos",
  "Acos",
  (g, _y, [x]) => op.neg(op.mul(g, op.rsqrt(op.sub(1, square(x))))),
);
// d atan(x) = dx / (1 + x^2)
export const atanPrim = unary("atan", "Atan", (g, _y, [x]) => op.div(g, op.add(square(x), 1)));
// d sinh(x) = cosh(x) dx
export const sinhPrim = unary("sinh", "Sinh", (g, _y, [x]) => op.mul(g, op.cosh(x)));
// d cosh(x) = sinh(x) dx
export const coshPrim = unary("cosh", "Cosh", (g, _y, [x]) => op.mul(g, op.sinh(x)));
// d tanh(x) = (1 - tanh(x)^2) dx
export const tanhPrim = unary("tanh", "Tanh", (g, y) => op.mul(g, op.sub(1, square(y))));
// d asinh(x) = dx / sqrt(x^2 + 1)
export const asinhPrim = unary("asinh", "Asinh", (g, _y, [x]) => op.mul(g, op.rsqrt(op.add(square(x), 1))));
// d acosh(x) = dx / sqrt(x^2 - 1)
export const acoshPrim = unary("acosh", "Acosh", (g, _y, [x]) => op.mul(g, op.rsqrt(op.sub(square(x), 1))));
// d atanh(x) = dx / (1 - x^2)
export const atanhPrim = unary("atanh", "Atanh", (g, _y, [x]) => op.div(g, op.sub(1, square(x))));
// d s(x) = s (1 - s) dx
export const sigmoidPrim = unary("sigmoid", "Sigmoid", (g, y) => op.mul(g, op.mul(y, op.sub(1, y))));
// d erf(x) = 2 / sqrt(pi) e^(-x^2) dx
const erfSlope = (x: Tensor) => op.mul(op.exp(op.neg(square(x))), 2 / Math.sqrt(Math.PI));
export const erfPrim = unary("erf", "Erf", (g, _y, [x]) => op.mul(g, erfSlope(x)));
// d erfc(x) = -d erf(x)
export const erfcPrim = unary("erfc", "Erfc", (g, _y, [x]) => op.neg(op.mul(g, erfSlope(x))));
// d erfinv(x) = sqrt(pi) / 2 e^(erfinv(x)^2) dx
export const erfinvPrim = unary(
  "erfinv",
  "Erfinv",
  (g, y) => op.mul(g, op.mul(op.exp(square(y)), Math.sqrt(Math.PI) / 2)),
);
// d lgamma(x) = digamma(x) dx
export const lgammaPrim = unary("lgamma", "Lgamma", (g, _y, [x]) => op.mul(g, op.digamma(x)));
// d digamma(x) = trigamma(x) dx
export const digammaPrim = unary("digamma", "Digamma", (g, _y, [x]) => op.mul(g, trigamma(x)));
// Logical and bitwise: no gradient.
export const notPrim = unary("not", "", null);

// d(a + b) = da + db
export const addPrim = binary("add", "Add", [(g) => g, (g) => g]);
// d(a - b) = da - db
export const subPrim = binary("sub", "Sub", [(g) => g, (g) => op.neg(g)]);
// d(a b) = b da + a db
export const mulPrim = binary("mul", "Mul", [(g, _y, [, b]) => op.mul(g, b), (g, _y, [a]) => op.mul(g, a)]);
// d(a / b) = da / b - (a / b) db / b
export const divPrim = binary("div", "Div", [
  (g, _y, [, b]) => op.div(g, b),
  (g, y, [, b]) => op.neg(op.mul(g, op.div(y, b))),
]);
// piecewise constant: d = 0
export const floorDividePrim = binary("floorDivide", "FloorDivide", [zero, zero]);
// a mod b = a - b floor(a / b)
export const remainderPrim = binary("remainder", "Remainder", [
  (g) => g,
  (g, _y, [a, b]) => op.neg(op.mul(g, op.floorDivide(a, b))),
]);
// fmod(a, b) = a - b trunc(a / b)
export const fmodPrim = binary("fmod", "Fmod", [
  (g) => g,
  (g, _y, [a, b]) => op.neg(op.mul(g, op.trunc(op.div(a, b)))),
]);
// d a^b = b a^(b - 1) da + a^b ln(a) db; both are 0 where the factor before them is
export const powPrim = binary("pow", "Pow", [
  (g, _y, [a, b]) => where(eq(b, 0), 0, op.mul(g, op.mul(b, op.pow(a, op.sub(b, 1))))),
  (g, y, [a, b]) => where(logicalAnd(eq(a, 0), ge(b, 0)), 0, op.mul(g, op.mul(y, op.log(a)))),
]);
// The one that loses gets nothing, equal ones share the gradient, and with NaN nobody loses.
const share = (g: Tensor, mine: Tensor, other: Tensor, loses: (a: Tensor, b: Tensor) => Tensor) =>
  where(eq(mine, other), op.mul(g, 0.5), where(loses(mine, other), 0, g));
export const maxPrim = binary("max", "Maximum", [
  (g, _y, [a, b]) => share(g, a, b, lt),
  (g, _y, [a, b]) => share(g, b, a, lt),
]);
export const minPrim = binary("min", "Minimum", [
  (g, _y, [a, b]) => share(g, a, b, gt),
  (g, _y, [a, b]) => share(g, b, a, gt),
]);
// The larger of 0 and x, which passes nothing on at 0; NaN passes
export const reluPrim: Primitive<undefined> = definePrimitive<undefined>({
  ...maxPrim,
  fields: undefined,
  name: "relu",
  torchName: "Relu",
  vjp: [null, (g, _y, [, x]) => where(le(x, 0), 0, g)],
  batch: { attrs: (attrs) => attrs },
});
// d atan2(a, b) = (b da - a db) / (a^2 + b^2)
export const atan2Prim = binary("atan2", "Atan2", [
  (g, _y, [a, b]) => op.mul(g, op.div(b, op.add(square(a), square(b)))),
  (g, _y, [a, b]) => op.neg(op.mul(g, op.div(a, op.add(square(a), square(b))))),
]);
// d sqrt(a^2 + b^2) = (a da + b db) / sqrt(a^2 + b^2)
export const hypotPrim = binary("hypot", "Hypot", [
  (g, y, [a]) => op.mul(g, op.div(a, y)),
  (g, y, [, b]) => op.mul(g, op.div(b, y)),
]);
// copysign(a, b) = |a| with the sign of b
export const copysignPrim = binary("copysign", "Copysign", [
  (g, y, [a]) => where(eq(a, 0), 0, op.mul(g, op.div(y, a))),
  (_g, _y, [, b]) => zerosLike(b),
]);
export const nextafterPrim = binary("nextafter", "Nextafter", null);
// Bitwise and shifts: integers, no gradient.
export const andPrim = binary("and", "", null);
export const orPrim = binary("or", "", null);
export const xorPrim = binary("xor", "", null);
export const shlPrim = binary("shl", "", null);
export const shrPrim = binary("shr", "", null);
export const ushrPrim = binary("ushr", "", null);
export const eqPrim = compare("eq", "Eq");
export const nePrim = compare("ne", "Ne");
export const ltPrim = compare("lt", "Lt");
export const lePrim = compare("le", "Le");
export const gtPrim = compare("gt", "Gt");
export const gePrim = compare("ge", "Ge");

/** What an integer divided by zero is refused with. */
export function zeroDivision(op: string, dtype: DType): ValueError {
  return new ValueError(
    `ZeroDivisionError: ${op} of ${dtype} by zero; make the operands floats to get infinity`,
  );
}

/** `prim` of integers by a divisor whose values are not at hand yet: zeros among them are refused as `title`. */
function byNonzero(prim: Primitive<undefined>, title: string): Primitive<undefined> {
  return definePrimitive<undefined>({
    ...prim,
    fields: undefined,
    name: `${title}_by_nonzero`,
    vjp: null,
    batch: { attrs: (attrs) => attrs },
    refusal: {
      found: ([, b]) => {
        let divisor = b;
        while (divisor.prim.id === expandPrim.id && divisor.inputs.length > 0) divisor = divisor.inputs[0];
        return any(eq(divisor, 0));
      },
      error: ({ dtype }) => zeroDivision(title, dtype),
    },
  });
}

export const floorDivideByNonzeroPrim = byNonzero(floorDividePrim, "div_floor");
export const remainderByNonzeroPrim = byNonzero(remainderPrim, "remainder");
export const fmodByNonzeroPrim = byNonzero(fmodPrim, "fmod");
/** What is left of a quotient rounded towards zero. */
export const restByNonzeroPrim = byNonzero(fmodPrim, "div_trunc");

/** Probabilities whose values may not be at hand yet: what is none is refused. */
export const probabilityPrim: Primitive<undefined> = definePrimitive<undefined>({
  name: "probability",
  torchName: "",
  infer: ([x]) => x,
  vjp: [(g) => g],
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "reshape" },
  refusal: {
    late: true,
    found: ([x]) => any(logicalNot(logicalAnd(ge(x, 0), le(x, 1)))),
    error: () =>
      new ValueError(
        "all elements of input should be between 0 and 1, in binary_cross_entropy; for logits there is binaryCrossEntropyWithLogits",
      ),
  },
});

// where(condition, a, b): each side gets the gradient where it was chosen, zero elsewhere
export const wherePrim = elementwise(
  "where",
  "Where",
  [null, (g, _y, [c]) => where(c, g, 0), (g, _y, [c]) => where(c, 0, g)],
  ([, a]) => a,
);

/** Attributes of `castPrim`. */
export interface CastAttrs {
  readonly dtype: DType;
}

/** Conversion to another dtype. */
export const castPrim: Primitive<CastAttrs> = definePrimitive<CastAttrs>({
  name: "cast",
  fields: { dtype: true },
  torchName: "ToCopy",
  infer: ([x], attrs) => ({ shape: x.shape, dtype: attrs.dtype }),
  vjp: [(g, _y, [x]) => cast(g, x.dtype)],
  batch: { attrs: (attrs) => attrs },
  lowering: { kind: "cast" },
});
