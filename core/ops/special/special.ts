/**
 * Special functions made of others: error functions, Bessel functions, polygamma and zeta, entropies, common divisors. Those with a kernel instruction of
 * their own are in elementwise.ts.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { type DType, isFloat, isInt, promoteTypes, scalarName } from "../../dtype.ts";
import { DTypeError, ValueError } from "../../errors.ts";
import { type NamedTuple, namedTuple } from "../../named_tuple.ts";
import { floorDividePrim, remainderPrim } from "../../prim/elementwise.ts";
import { Tensor } from "../../tensor.ts";
import {
  asFloat,
  cast,
  commonType,
  deviceOf,
  floatType,
  inSingle,
  type TensorLike,
  toTensor,
} from "../cast.ts";
import { full, fullLike, onesLike } from "../create.ts";
import {
  abs,
  add,
  binaryAs,
  ceil,
  digamma,
  div,
  erfc,
  erfinv,
  exp,
  exp2,
  floor,
  lgamma,
  log,
  log1p,
  log2,
  mul,
  neg,
  pow,
  reciprocal,
  remainder,
  rsqrt,
  sign,
  sqrt,
  sub,
  trunc,
} from "../elementwise.ts";
import { eq, ge, gt, isnan, le, logicalAnd, logicalNot, logicalOr, lt, ne, where } from "../logical.ts";
import { indefinite, square, trigamma } from "../pointwise.ts";
import { checkCall } from "../options.ts";

/** e^(x^2) erfc(x), which falls slowly where erfc vanishes. `torch.special.erfcx`. */
export function erfcx(x: Tensor): Tensor {
  checkCall("erfcx", [x]);
  const y = asFloat(x), small = lt(y, 3), far = where(small, 3, y), near = where(small, y, 0);
  // A continued fraction: 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...)))) / sqrt(pi)
  let fraction: Tensor = far;
  for (let k = 40; k >= 1; k--) fraction = add(far, div(k / 2, fraction));
  const beyond = div(1 / Math.sqrt(Math.PI), fraction);
  return named("SpecialErfcx", where(small, mul(exp(square(near)), erfc(near)), beyond));
}

/** -x ln(x): 0 at 0, -Infinity below. `torch.special.entr`. */
export function entr(x: Tensor): Tensor {
  checkCall("entr", [x]);
  const y = asFloat(x), positive = gt(y, 0), safe = where(positive, y, 1);
  const outside = where(eq(y, 0), 0, where(isnan(y), y, -Infinity));
  const z = where(positive, neg(mul(safe, log(safe))), outside);
  if (y.track === 0) return named("SpecialEntr", z);
  // The gradient is -1 - ln(x): infinite at 0, as that of a root, and NaN below.
  const zero = eq(y, 0), below = logicalAnd(lt(y, 0), gt(y, -Infinity));
  const border = where(zero, sqrt(where(zero, sub(y, y.detach()), 1)), where(isnan(y), mul(y, y), z));
  return named("SpecialEntr", where(below, sub(-Infinity, indefinite(below, y)), border));
}

/** x ln(1 + y), which is 0 where x is 0 and y is not NaN. `torch.special.xlog1py`. */
export function xlog1py(x: TensorLike, y: TensorLike): Tensor {
  const z = toTensor(y, floatType(commonType("xlog1py", [x, y])), deviceOf([x, y])),
    none = eq(x, 0),
    zero = logicalAnd(none, logicalOr(le(z, -1), eq(z, Infinity)));
  const number = x instanceof Tensor ? (y instanceof Tensor ? 0 : 2) : 1;
  const times = mul(x, log1p(where(zero, 0, z)));
  // As in xlogy, no zero has a sign where x is 0.
  const product = where(none, add(times, 0), times), name = `SpecialXlog1PyBackward${number}`;
  if (z.track === 0) return named(name, product);
  // The gradient in y is x / (1 + y).
  const undefinedAt = logicalAnd(none, eq(z, -1));
  return named(name, where(undefinedAt, indefinite(undefinedAt, z), product));
}

/** The standard normal distribution's cumulative function. `torch.special.ndtr`. */
export function ndtr(x: Tensor): Tensor {
  checkCall("ndtr", [x]);
  return named("MulBackward1", mul(erfc(mul(asFloat(x), -Math.SQRT1_2)), 0.5));
}

/** The inverse of `ndtr`. `torch.special.ndtri`. */
export function ndtri(x: Tensor): Tensor {
  checkCall("ndtri", [x]);
  const p = asFloat(x), upper = gt(p, 0.5), q = where(upper, sub(1, p), p);
  const inTail = logicalAnd(gt(q, 0), lt(q, 0.02)), tail = where(inTail, q, 0.01);
  // 2 p - 1 has lost the digits of a small p: from a first guess of three digits (Hastings') by Newton's steps, each doubles their number.
  const t = sqrt(mul(log(tail), -2));
  const top = add(mul(add(mul(t, 0.010328), 0.802853), t), 2.515517);
  const bottom = add(mul(add(mul(add(mul(t, 0.001308), 0.189269), t), 1.432788), t), 1);
  let z = sub(div(top, bottom), t);
  for (let step = 0; step < 3; step++) {
    z = sub(z, mul(sub(ndtr(z), tail), mul(exp(mul(square(z), 0.5)), Math.sqrt(2 * Math.PI))));
  }
  // A small number below 0 is lost in 2 p - 1; its root is NaN, and so is the gradient.
  const below = lt(p, 0), inside = where(inTail, 0.5, where(below, sqrt(where(below, p, 1)), p));
  const centre = mul(erfinv(sub(mul(inside, 2), 1)), Math.SQRT2);
  return named("SpecialNdtri", where(inTail, where(upper, neg(z), z), centre));
}

/** ln of `ndtr`, without loss of digits far below zero. `torch.special.log_ndtr`. */
export function logNdtr(x: Tensor): Tensor {
  checkCall("log_ndtr", [x]);
  const t = mul(asFloat(x), Math.SQRT1_2), low = lt(t, -1);
  const below = where(low, t, -1), above = where(low, 0, t);
  const far = sub(log(mul(erfcx(neg(below)), 0.5)), square(below));
  return named("SpecialLogNdtr", where(low, far, log1p(mul(erfc(above), -0.5))));
}

/** The sum of t^k / (k! (k + order)!) by Horner's rule; converges for every t. */
function besselSeries(t: Tensor, order: number): Tensor {
  let sum = onesLike(t);
  for (let k = 60; k >= 1; k--) sum = add(mul(mul(t, 1 / (k * (k + order))), sum), 1);
  return sum;
}

/** sqrt(2 pi x) e^-x I(x) for large x: the sum of (-1)^k a_k / x^k. */
function besselTail(x: Tensor, order: number): Tensor {
  const mu = 4 * order * order, inverse = reciprocal(x);
  let sum = onesLike(x);
  for (let k = 20; k >= 1; k--) {
    sum = add(mul(mul(inverse, -(mu - (2 * k - 1) ** 2) / (8 * k)), sum), 1);
  }
  return sum;
}

/** e^-|x| times the modified Bessel function of the first kind. */
function scaledBessel(x: Tensor, order: 0 | 1): Tensor {
  const y = asFloat(x), size = abs(y), small = le(size, 20);
  const near = where(small, y, 0), far = where(small, 20, size);
  const series = besselSeries(mul(square(near), 0.25), order);
  const below = mul(order === 0 ? series : mul(mul(near, 0.5), series), exp(neg(abs(near))));
  const tail = mul(mul(besselTail(far, order), rsqrt(far)), 1 / Math.sqrt(2 * Math.PI));
  return where(small, below, order === 0 ? tail : mul(tail, sign(where(small, 1, y))));
}

/** e^-|x| I0(x). `torch.special.i0e`. */
export function i0e(x: Tensor): Tensor {
  checkCall("i0e", [x]);
  return named("SpecialI0E", scaledBessel(x, 0));
}

/** e^-|x| I1(x). `torch.special.i1e`. */
export function i1e(x: Tensor): Tensor {
  checkCall("i1e", [x]);
  return named("SpecialI1E", scaledBessel(x, 1));
}

/** y e^|x|, in two steps: the power overflows before the product does. */
function grown(x: Tensor, y: Tensor): Tensor {
  const root = exp(mul(abs(asFloat(x)), 0.5));
  return mul(mul(y, root), root);
}

/** The modified Bessel function of the first kind, order 0. `torch.special.i0`. */
export function i0(x: Tensor): Tensor {
  checkCall("i0", [x]);
  return named("I0", grown(x, scaledBessel(x, 0)));
}

/** The modified Bessel function of the first kind, order 1. `torch.special.i1`. */
export function i1(x: Tensor): Tensor {
  checkCall("i1", [x]);
  return named("SpecialI1", grown(x, scaledBessel(x, 1)));
}

/** ln of the multivariate gamma function of dimension p. `torch.mvlgamma`. */
export function mvlgamma(x: Tensor, p: number): Tensor {
  checkCall("multigammaln", [x]);
  if (!Number.isInteger(p) || p < 1) {
    throw new ValueError(`p has to be greater than or equal to 1, in mvlgamma: got ${p}`);
  }
  if (x.dtype === "bool") {
    throw new DTypeError(
      'The input tensor may not be a boolean tensor., in mvlgamma: cast with .to("float32")',
    );
  }
  const y = asFloat(x);
  const terms = Array.from({ length: p }, (_, i) => lgamma(i === 0 ? y : sub(y, i / 2)));
  return named("Mvlgamma", add(terms.reduce((a, b) => add(a, b)), p * (p - 1) / 4 * Math.log(Math.PI)));
}

/** Bernoulli numbers B(2k) over (2k)!, for k from 1. */
const bernoulliOverFactorial = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
  43867 / 5109094217170944000,
  -174611 / 802857662698291200000,
];

/** The sum of (start + k)^-power over k from 0, for power > 1 and start > 0. */
function hurwitz(power: Tensor, start: Tensor): Tensor {
  // Ten terms, then the Euler-Maclaurin formula for the rest.
  let sum = pow(start, neg(power));
  for (let k = 1; k < 10; k++) sum = add(sum, pow(add(start, k), neg(power)));
  const from = add(start, 10), base = pow(from, neg(power));
  // The power of a large start may vanish where that of its integral does not.
  let rest: Tensor = add(div(pow(from, sub(1, power)), sub(power, 1)), mul(base, 0.5));
  let factor: Tensor = div(mul(power, base), from);
  const step = reciprocal(square(from));
  bernoulliOverFactorial.forEach((b, i) => {
    rest = add(rest, mul(factor, b));
    const n = 2 * i + 1;
    factor = mul(mul(mul(factor, add(power, n)), add(power, n + 1)), step);
  });
  return add(sum, rest);
}

/**
 * The Hurwitz zeta function: the sum of (q + k)^-s over k from 0. Infinity at s = 1 and where a term is infinite, NaN for smaller s and for broken
 * powers of negative numbers. `torch.special.zeta`.
 */
export function zeta(s: TensorLike, q: TensorLike): Tensor {
  const dtype = floatType(commonType("zeta", [s, q])), device = deviceOf([s, q]);
  const power = toTensor(s, dtype, device), start = toTensor(q, dtype, device);
  const converges = gt(power, 1), p = where(converges, power, 2);
  const negative = lt(start, 0), whole = eq(start, floor(start)), pole = logicalAnd(whole, le(start, 0));
  const sum = hurwitz(p, where(le(start, 0), 1, start));
  // Of a negative start, the terms below zero are those of two other sums, up to their sign.
  const apart = logicalAnd(negative, logicalNot(whole));
  const first = where(apart, sub(start, floor(start)), 0.5),
    last = where(apart, sub(ceil(start), start), 0.5);
  const below = sub(hurwitz(p, last), hurwitz(p, where(negative, sub(1, start), 1.5)));
  const odd = eq(remainder(p, 2), 1);
  const reflected = add(hurwitz(p, first), where(odd, neg(below), below));
  const broken = logicalAnd(negative, ne(p, floor(p)));
  const finite = where(broken, NaN, where(negative, reflected, sum));
  const undefinedAt = logicalOr(isnan(start), lt(power, 1));
  // Of the powers of an infinite exponent only that of 1 is neither 0 nor infinite.
  const powers = where(gt(start, 1), 0, where(eq(start, 1), 1, fullLike(start, Infinity)));
  const y = where(eq(power, Infinity), powers, where(isnan(power), NaN, finite));
  return where(eq(power, 1), Infinity, where(undefinedAt, NaN, where(pole, Infinity, y)));
}

/** The n-th derivative of `digamma`. `torch.polygamma`. */
export function polygamma(n: number, x: Tensor): Tensor {
  checkCall("polygamma", [x]);
  if (!Number.isInteger(n) || n < 0) {
    throw new ValueError(`polygamma(n, x) does not support negative n., but got n = ${n}`);
  }
  if (n === 0) return digamma(x);
  if (n === 1) return trigamma(x);
  let factorial = 1;
  for (let k = 2; k <= n && factorial < Infinity; k++) factorial *= k;
  // psi_n(x) = (-1)^(n + 1) n! zeta(n + 1, x)
  const y = inSingle(x.value, (z) => mul(zeta(n + 1, z), n % 2 === 0 ? -factorial : factorial));
  return named("Polygamma", y);
}

/** The larger of both, the other where one is NaN. `torch.fmax`. */
export function fmax(a: Tensor, b: Tensor): Tensor {
  checkCall("fmax", [a, b]);
  return named("Fmax", where(logicalOr(ge(a, b), isnan(b)), a, b));
}

/** The smaller of both, the other where one is NaN. `torch.fmin`. */
export function fmin(a: Tensor, b: Tensor): Tensor {
  checkCall("fmin", [a, b]);
  return named("Fmin", where(logicalOr(le(a, b), isnan(b)), a, b));
}

/** a to the power b, in float64. `torch.float_power`. */
export function floatPower(a: TensorLike, b: TensorLike): Tensor {
  commonType("float_power", [a, b]);
  const double = (x: TensorLike) => x instanceof Tensor ? cast(x, "float64") : x;
  if (typeof a !== "object" && typeof b !== "object") {
    throw new DTypeError("floatPower: one of both operands must be a tensor");
  }
  return pow(double(a), double(b));
}

/** x times 2 to the power `exponent`. `torch.ldexp`. */
export function ldexp(x: Tensor, exponent: Tensor): Tensor {
  return mul(x, exp2(exponent));
}

/** x 2^e in two steps, because 2^e alone may overflow. */
function scaledBy(x: Tensor, e: Tensor): Tensor {
  const half = trunc(mul(e, 0.5));
  return mul(mul(x, exp2(half)), exp2(sub(e, half)));
}

/** Mantissas in [0.5, 1) and int32 exponents with x = mantissa 2^exponent. `torch.frexp`. */
export function frexp(x: Tensor): NamedTuple<readonly ["mantissa", "exponent"]> {
  checkCall("frexp", [x]);
  if (!isFloat(x.dtype)) throw new DTypeError("torch.frexp() only supports floating-point dtypes");
  const y = x.value, size = abs(y), plain = logicalAnd(gt(size, 0), lt(size, Infinity));
  const safe = where(plain, size, 1).detach();
  // The logarithm may be off by a rounding, so the guess by one.
  const guess = add(floor(log2(safe)), 1), scaled = scaledBy(safe, neg(guess));
  const exponent = add(guess, sub(cast(ge(scaled, 1), y.dtype), cast(lt(scaled, 0.5), y.dtype)));
  return namedTuple(
    "frexp",
    ["mantissa", "exponent"],
    named("Frexp", where(plain, scaledBy(y, neg(exponent)), y)),
    cast(where(plain, exponent, 0), "int32"),
  );
}

/** How many steps Euclid's algorithm takes at most for integers of the dtype. */
const euclidSteps: Readonly<Partial<Record<DType, number>>> = {
  int64: 92,
  int32: 46,
  int16: 23,
  int8: 12,
  uint8: 13,
};

/** The greatest common divisor of integers, not negative. `torch.gcd`. */
export function gcd(a: Tensor, b: Tensor): Tensor {
  checkCall("gcd", [a, b]);
  const dtype = commonType("gcd", [a, b]);
  if (!isInt(dtype)) {
    throw new DTypeError(`"gcd_cpu" not implemented for '${scalarName(dtype)}': it needs integers`);
  }
  let x = abs(cast(add(a, mul(b, 0)), dtype)), y = abs(cast(add(b, mul(a, 0)), dtype));
  for (let i = euclidSteps[dtype] ?? 0; i >= 0; i--) {
    const done = eq(y, 0), rest = binaryAs(remainderPrim, x, where(done, 1, y), dtype);
    x = where(done, x, y);
    y = where(done, y, rest);
  }
  return abs(x);
}

/** The least common multiple of integers, not negative. `torch.lcm`. */
export function lcm(a: Tensor, b: Tensor): Tensor {
  checkCall("lcm", [a, b]);
  const divisor = gcd(a, b), none = eq(divisor, 0), { dtype } = divisor;
  // As in C, whose short integers are multiplied as int32.
  const wide = promoteTypes(dtype, "int32"), first = cast(a, wide), second = cast(b, wide);
  return cast(
    abs(where(none, 0, mul(binaryAs(floorDividePrim, first, where(none, 1, divisor), wide), second))),
    dtype,
  );
}

/** Whether x is -Infinity, as bool. `torch.isneginf`. */
export function isneginf(x: Tensor): Tensor {
  checkCall("isneginf", [x]);
  return eq(asFloat(x), -Infinity);
}

/** Whether x is Infinity, as bool. `torch.isposinf`. */
export function isposinf(x: Tensor): Tensor {
  checkCall("isposinf", [x]);
  return eq(asFloat(x), Infinity);
}

/** Whether the imaginary part is zero: true for every dtype there is. `torch.isreal`. */
export function isreal(x: Tensor): Tensor {
  checkCall("isreal", [x]);
  return full(x.shape, true, { device: x.device });
}
