/**
 * Exponentials and logarithms on float64 lanes, and powers and the sigmoid, which are made of them. What else is made of them is in hyperbolic_f64.ts.
 *
 * @module
 */
import type { Expr } from "../wasm/expr.ts";
import { f64x2, i64x2, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";

/** 1.5 * 2^52: added to a small float64, it leaves the nearest integer in the low bits. */
const MAGIC = 1.5 * 2 ** 52;
/** The bits of sqrt(1/2) and of 1. */
const HALF_ROOT = 0x3fe6a09e667f3bcdn, ONE = 0x3ff0000000000000n;
/** ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact. */
const LN2_HIGH = 6.93147180369123816490e-1, LN2_LOW = 1.90821492927058770002e-10;

/** 1 / k! for k from 13 down to 2. */
const EXP = Array.from({ length: 12 }, (_, i) => {
  let factorial = 1;
  for (let k = 13 - i; k > 1; k--) factorial *= k;
  return 1 / factorial;
});

/** A value between two bounds; NaN stays. */
function clamp(g: Gen, x: Expr<"v128">, low: number, high: number): Vec {
  return g.keep(f64x2.pmin(f64x2.pmax(x, g.dc(low)), g.dc(high)));
}

/** x = n ln 2 + r, and what r lost by rounding; the low bits of t are n + `bias`. */
function reduceExp(g: Gen, x: Vec, bias: number): { t: Vec; r: Vec; lost: Expr<"v128"> } {
  const t = g.keep(g.madd64(x, g.dc(Math.LOG2E), g.dc(MAGIC + bias)));
  const n = g.keep(f64x2.sub(t, g.dc(MAGIC + bias)));
  const high = g.keep(g.nmadd64(n, g.dc(LN2_HIGH), x));
  const low = g.keep(f64x2.mul(n, g.dc(LN2_LOW)));
  const r = g.keep(f64x2.sub(high, low));
  return { t, r, lost: f64x2.sub(f64x2.sub(high, r), low) };
}

/** e^x times a power of two, within 1 ULP. */
export function exp64(g: Gen, x: Vec, power = 0): Vec {
  const { t, r, lost } = reduceExp(g, clamp(g, x, -746, 711), 2046 + power);
  return scaled(g, t, r, lost);
}

/** 2^x, within 1 ULP. */
export function exp2_64(g: Gen, x: Vec): Vec {
  const c = clamp(g, x, -1076, 1025);
  const t = g.keep(f64x2.add(c, g.dc(MAGIC + 2046)));
  const r = g.keep(f64x2.mul(f64x2.sub(c, f64x2.sub(t, g.dc(MAGIC + 2046))), g.dc(Math.LN2)));
  return scaled(g, t, r, g.dc(0));
}

/** e^x - 1, within 1.5 ULP. */
export function expm1_64(g: Gen, x: Vec): Vec {
  const { t, r, lost } = reduceExp(g, clamp(g, x, -50, 710), 1022);
  const q = g.keep(f64x2.add(g.madd64(g.keep(g.poly64(r, EXP)), f64x2.mul(r, r), lost), r));
  // 2 (2^(n-1) q + (2^(n-1) - 1/2)): 2^n itself overflows before the result does.
  const half = g.keep(i64x2.shl(t, 52));
  const y = g.keep(g.madd64(half, q, f64x2.sub(half, g.dc(0.5))));
  const result = g.select64(f64x2.ne(half, g.dc(0.5)), f64x2.add(y, y), q);
  // The sum of 0 and -0 is 0: the sign is put back.
  return g.keep(v128.or(result, v128.and(x, g.dc(-0))));
}

/** e^r 2^n, where the low bits of t are n + 2046. */
function scaled(g: Gen, t: Vec, r: Vec, lost: Expr<"v128">): Vec {
  const p = g.keep(g.poly64(r, EXP));
  const sum = f64x2.add(f64x2.add(g.madd64(p, f64x2.mul(r, r), lost), r), g.dc(1));
  // 2^n in two factors, so that subnormal results are rounded once: the exponents add up to n + 2046, and what stands above them is shifted out.
  const half = g.keep(i64x2.shrU(t, 1));
  const rest = i64x2.shl(i64x2.sub(t, half), 52);
  return g.keep(f64x2.mul(f64x2.mul(sum, i64x2.shl(half, 52)), rest));
}

/** x = 2^e (1 + f) with 1 + f from sqrt(1/2) to sqrt(2), for positive normal x given by its bits; `lowered` is taken from e. */
function reduceLog(g: Gen, bits: Vec, lowered: Expr<"v128"> | null): { e: Vec; f: Vec } {
  const biased = g.keep(i64x2.shrU(i64x2.add(bits, g.lc(ONE - HALF_ROOT)), 52));
  const mantissa = i64x2.add(i64x2.sub(bits, i64x2.shl(biased, 52)), g.lc(ONE));
  // A small integer that is added to the bits of 1.5 * 2^52 is added to its value.
  const whole = lowered === null ? biased : i64x2.sub(biased, lowered);
  const e = f64x2.sub(i64x2.add(whole, g.lc(0x4338000000000000n)), g.dc(MAGIC + 1023));
  return { e: g.keep(e), f: g.keep(f64x2.sub(mantissa, g.dc(1))) };
}

/** fdlibm's series of log((1 + s) / (1 - s)) - 2 s, in s^2 and divided by it. */
// deno-fmt-ignore
const LOG = [
  1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1, 2.222219843214978396e-1,
  2.857142874366239149e-1, 3.999999999940941908e-1, 6.666666666666735130e-1,
];

/** The parts of log(1 + f), which is f - (half - s rest). */
function logParts(g: Gen, f: Vec): { s: Vec; half: Vec; rest: Expr<"v128"> } {
  const s = g.keep(f64x2.div(f, f64x2.add(f, g.dc(2))));
  const z = g.keep(f64x2.mul(s, s));
  const half = g.keep(f64x2.mul(f64x2.mul(f, f), g.dc(0.5)));
  const series = f64x2.mul(z, g.poly64(z, LOG));
  return { s, half, rest: f64x2.add(half, series) };
}

/** Puts in what a logarithm gives for 0, negative numbers, infinity and NaN. */
function finishLog(g: Gen, x: Vec, value: Expr<"v128">): Vec {
  const edge = g.select64(f64x2.eq(x, g.dc(0)), g.dc(-Infinity), g.dc(NaN));
  const finite = g.select64(f64x2.gt(x, g.dc(0)), value, edge);
  const keep = v128.or(f64x2.eq(x, g.dc(Infinity)), f64x2.ne(x, x));
  return g.keep(g.select64(keep, x, finite));
}

/** x, and a subnormal x times 2^54: their exponents and fractions. */
function reduceAny(g: Gen, x: Vec): { e: Vec; f: Vec } {
  const small = g.keep(f64x2.lt(x, g.dc(2 ** -1022)));
  const bits = g.keep(g.select64(small, f64x2.mul(x, g.dc(2 ** 54)), x));
  return reduceLog(g, bits, v128.and(small, g.lc(54n)));
}

/** log x + `more`, where that is small, within 1 ULP. */
export function log64(g: Gen, x: Vec, more: Expr<"v128"> | null = null): Vec {
  const { e, f } = reduceAny(g, x), { s, half, rest } = logParts(g, f);
  const low = f64x2.mul(e, g.dc(LN2_LOW));
  const inner = g.madd64(s, rest, more === null ? low : f64x2.add(low, more));
  return finishLog(g, x, f64x2.sub(f64x2.mul(e, g.dc(LN2_HIGH)), f64x2.sub(f64x2.sub(half, inner), f)));
}

/** log(1 + x), within 1 ULP. */
export function log1p64(g: Gen, x: Vec): Vec {
  const u = g.keep(f64x2.add(x, g.dc(1)));
  return g.keep(v128.or(log64(g, u, lostOfOne(g, x, u)), v128.and(x, g.dc(-0))));
}

/** What u = 1 + x lost by rounding, divided by u. */
export function lostOfOne(g: Gen, x: Vec, u: Vec): Expr<"v128"> {
  const lost = f64x2.div(f64x2.sub(x, f64x2.sub(u, g.dc(1))), u);
  return v128.and(lost, v128.and(f64x2.gt(u, g.dc(0)), f64x2.lt(u, g.dc(2 ** 53))));
}

/** A logarithm to another base: 1 / ln(base) and log_base 2, in two parts each, whose first have few bits. */
function logToBase(g: Gen, x: Vec, factor: readonly [number, number], two: readonly [number, number]): Vec {
  const { e, f } = reduceAny(g, x), { s, half, rest } = logParts(g, f);
  const high = g.keep(v128.and(f64x2.sub(f, half), g.lc(-(1n << 32n))));
  const low = g.keep(g.madd64(s, rest, f64x2.sub(f64x2.sub(f, high), half)));
  const main = g.keep(f64x2.mul(high, g.dc(factor[0])));
  const part = f64x2.add(f64x2.mul(f64x2.add(low, high), g.dc(factor[1])), f64x2.mul(low, g.dc(factor[0])));
  const whole = g.keep(f64x2.mul(e, g.dc(two[0])));
  const sum = g.keep(f64x2.add(whole, main));
  const lost = f64x2.add(f64x2.sub(whole, sum), main);
  return finishLog(g, x, f64x2.add(sum, f64x2.add(f64x2.add(f64x2.mul(e, g.dc(two[1])), part), lost)));
}

/** log2 x, within 1 ULP; exact for powers of two. */
export function log2_64(g: Gen, x: Vec): Vec {
  return logToBase(g, x, [1.44269504072144627571, 1.67517131648865118353e-10], [1, 0]);
}

/** log10 x, within 1 ULP. */
export function log10_64(g: Gen, x: Vec): Vec {
  return logToBase(
    g,
    x,
    [4.34294481878168880939e-1, 2.50829467116452752298e-11],
    [3.01029995663611771306e-1, 3.69423907715893078616e-13],
  );
}

/** log2((1 + s) / (1 - s)) / s in s^2. */
// deno-fmt-ignore
const LOG2_SHORT = [
  0.340718617768422, 0.4116740682017428, 0.577083542193289, 0.9617966737972667, 2.8853900817888514,
];
/** 2^r for |r| <= 1/2. */
// deno-fmt-ignore
const EXP2_SHORT = [
  1.519604380566889e-5, 1.546688238011917e-4, 1.333393656233686e-3, 9.61803776951794e-3, 5.550410362986881e-2,
  0.2402265106877478, 0.6931471807056907, 1,
];

/** x^y to the precision of float32, for x that is not negative and no subnormal float64. */
export function powShort(g: Gen, x: Vec, y: Vec): Vec {
  const { e, f } = reduceLog(g, x, null);
  const s = g.keep(f64x2.div(f, f64x2.add(f, g.dc(2))));
  const log = g.madd64(g.poly64(g.keep(f64x2.mul(s, s)), LOG2_SHORT), s, e);
  const positive = g.select64(f64x2.gt(x, g.dc(0)), log, g.dc(-Infinity));
  // An infinity and NaN are their own logarithms.
  const exponent = f64x2.mul(y, g.select64(f64x2.lt(x, g.dc(Infinity)), positive, x));
  const c = g.keep(f64x2.pmin(f64x2.pmax(exponent, g.dc(-160)), g.dc(130)));
  const t = g.keep(f64x2.add(c, g.dc(MAGIC)));
  const r = g.keep(f64x2.sub(c, f64x2.sub(t, g.dc(MAGIC))));
  return g.keep(i64x2.add(g.poly64(r, EXP2_SHORT), i64x2.shl(t, 52)));
}

/** 1 / (1 + e^-x) without overflow, within 2 ULP. */
export function sigmoid64(g: Gen, x: Vec): Vec {
  const e = exp64(g, g.keep(f64x2.neg(f64x2.abs(x))));
  const numerator: Expr<"v128"> = g.select64(f64x2.lt(x, g.dc(0)), e, g.dc(1));
  const value = f64x2.div(numerator, f64x2.add(e, g.dc(1)));
  return g.keep(g.select64(f64x2.ne(x, x), x, value));
}
