/**
 * Elementary functions on float64 lanes. exp, log and what is made of them are vector code; the others call JavaScript's `Math` on each
 * lane, and special.ts where that has none.
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

/** e^x, within 1 ULP. */
export function exp64(g: Gen, x: Vec): Vec {
  const c = g.keep(f64x2.pmin(f64x2.pmax(x, g.dc(-746)), g.dc(710)));
  // The low bits of t are n + 2046, for x = n ln 2 + r.
  const t = g.keep(g.madd64(c, g.dc(Math.LOG2E), g.dc(MAGIC + 2046)));
  const n = g.keep(f64x2.sub(t, g.dc(MAGIC + 2046)));
  const high = g.keep(g.nmadd64(n, g.dc(LN2_HIGH), c));
  const low = g.keep(f64x2.mul(n, g.dc(LN2_LOW)));
  const r = g.keep(f64x2.sub(high, low));
  // What the subtraction rounded away.
  const lost = f64x2.sub(f64x2.sub(high, r), low);
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

/** log x, within 1 ULP. */
export function log64(g: Gen, x: Vec): Vec {
  const small = g.keep(f64x2.lt(x, g.dc(2 ** -1022)));
  const bits = g.keep(g.select64(small, f64x2.mul(x, g.dc(2 ** 54)), x));
  const { e, f } = reduceLog(g, bits, v128.and(small, g.lc(54n)));
  const s = g.keep(f64x2.div(f, f64x2.add(f, g.dc(2))));
  const z = g.keep(f64x2.mul(s, s));
  const series = f64x2.mul(z, g.poly64(z, LOG));
  const half = g.keep(f64x2.mul(f64x2.mul(f, f), g.dc(0.5)));
  const inner = g.madd64(s, f64x2.add(half, series), f64x2.mul(e, g.dc(LN2_LOW)));
  const value = f64x2.sub(
    f64x2.mul(e, g.dc(LN2_HIGH)),
    f64x2.sub(f64x2.sub(half, inner), f),
  );
  const edge = g.select64(f64x2.eq(x, g.dc(0)), g.dc(-Infinity), g.dc(NaN));
  const finite = g.select64(f64x2.gt(x, g.dc(0)), value, edge);
  const keep = v128.or(f64x2.eq(x, g.dc(Infinity)), f64x2.ne(x, x));
  return g.keep(g.select64(keep, x, finite));
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
