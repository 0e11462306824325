/**
 * Elementary functions on float64 lanes. exp, log and what is made of them are vector code; the others call JavaScript's `Math` on each
 * lane, and special.ts where that has none.
 *
 * @module
 */
import type { Expr } from "../wasm/expr.ts";
import { f64x2, i64x2, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";

const MAGIC = 1.5 * 2 ** 52;
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
  const t = g.keep(g.madd64(c, g.dc(Math.LOG2E), g.dc(MAGIC)));
  const n = g.keep(f64x2.sub(t, g.dc(MAGIC)));
  const high = g.keep(g.nmadd64(n, g.dc(LN2_HIGH), c));
  const low = g.keep(f64x2.mul(n, g.dc(LN2_LOW)));
  const r = g.keep(f64x2.sub(high, low));
  // What the subtraction rounded away.
  const lost = f64x2.sub(f64x2.sub(high, r), low);
  const p = g.keep(g.poly64(r, EXP));
  const sum = g.keep(f64x2.add(f64x2.add(g.madd64(p, f64x2.mul(r, r), lost), r), g.dc(1)));
  // 2^n in two halves, so that subnormal results are rounded once.
  const whole = g.keep(i64x2.sub(t, g.lc(0x4338000000000000n)));
  const half = g.keep(i64x2.shrS(whole, 1));
  const first = i64x2.shl(i64x2.add(half, g.lc(1023n)), 52);
  const second = i64x2.shl(i64x2.add(i64x2.sub(whole, half), g.lc(1023n)), 52);
  return g.keep(f64x2.mul(f64x2.mul(sum, first), second));
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
  // x = 2^n m with m from sqrt(1/2) to sqrt(2).
  const shifted = g.keep(i64x2.sub(bits, g.lc(0x3fe6a09e667f3bcdn)));
  const n = g.keep(i64x2.shrS(shifted, 52));
  const f = g.keep(f64x2.sub(i64x2.sub(bits, i64x2.shl(n, 52)), g.dc(1)));
  const exponent = i64x2.sub(n, v128.and(small, g.lc(54n)));
  const e = g.keep(f64x2.sub(i64x2.add(exponent, g.lc(0x4338000000000000n)), g.dc(MAGIC)));
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

/** 1 / (1 + e^-x) without overflow, within 2 ULP. */
export function sigmoid64(g: Gen, x: Vec): Vec {
  const e = exp64(g, g.keep(f64x2.neg(f64x2.abs(x))));
  const numerator: Expr<"v128"> = g.select64(f64x2.lt(x, g.dc(0)), e, g.dc(1));
  const value = f64x2.div(numerator, f64x2.add(e, g.dc(1)));
  return g.keep(g.select64(f64x2.ne(x, x), x, value));
}
