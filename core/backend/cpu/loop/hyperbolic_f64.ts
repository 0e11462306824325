/**
 * Hyperbolic functions and their inverses on float64 lanes.
 *
 * @module
 */
import type { Expr } from "../wasm/expr.ts";
import { f64x2, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";
import { exp64, expm1_64, log1p64, log64, lostOfOne } from "./math_f64.ts";

/** 1 / (2k + 1)! for k from 9 down to 1. */
const SINH = Array.from({ length: 9 }, (_, i) => {
  let factorial = 1;
  for (let k = 2 * (9 - i) + 1; k > 1; k--) factorial *= k;
  return 1 / factorial;
});

/** A magnitude with the sign of x. */
export function signed(g: Gen, magnitude: Expr<"v128">, x: Vec): Vec {
  return g.keep(v128.or(magnitude, v128.and(x, g.dc(-0))));
}

/** (e^x - e^-x) / 2, within 2 ULP. */
export function sinh64(g: Gen, x: Vec): Vec {
  const a = g.keep(f64x2.abs(x)), e = exp64(g, a, -1), square = g.keep(f64x2.mul(x, x));
  const near = g.madd64(f64x2.mul(a, square), g.poly64(square, SINH), a);
  const far = f64x2.sub(e, f64x2.div(g.dc(0.25), e));
  return signed(g, g.select64(f64x2.lt(a, g.dc(1)), near, far), x);
}

/** (e^x + e^-x) / 2, within 2 ULP. */
export function cosh64(g: Gen, x: Vec): Vec {
  const e = exp64(g, g.keep(f64x2.abs(x)), -1);
  return g.keep(f64x2.add(e, f64x2.div(g.dc(0.25), e)));
}

/** sinh x / cosh x, within 3 ULP. */
export function tanh64(g: Gen, x: Vec): Vec {
  const a = g.keep(f64x2.abs(x)), t = expm1_64(g, g.keep(f64x2.pmin(f64x2.add(a, a), g.dc(44))));
  const far = g.keep(f64x2.ge(a, g.dc(1)));
  const q = g.keep(f64x2.div(g.select64(far, g.dc(2), t), f64x2.add(t, g.dc(2))));
  return signed(g, g.select64(far, f64x2.sub(g.dc(1), q), q), x);
}

/** From here on, 1 + x^2 is x^2. */
const LARGE = 2 ** 28;

/** log(1 + y) for x up to `LARGE`, log(2 x) from there on. */
function logOfSum(g: Gen, x: Vec, y: Vec): Vec {
  const large = g.keep(f64x2.gt(x, g.dc(LARGE))), u = g.keep(f64x2.add(y, g.dc(1)));
  const lost = g.select64(large, g.dc(Math.LN2), lostOfOne(g, y, u));
  return log64(g, g.keep(g.select64(large, x, u)), lost);
}

/** log(x + sqrt(x^2 + 1)), within 2 ULP. */
export function asinh64(g: Gen, x: Vec): Vec {
  const a = g.keep(f64x2.abs(x)), square = g.keep(f64x2.mul(a, a));
  const root = f64x2.sqrt(f64x2.add(square, g.dc(1)));
  const y = g.keep(f64x2.add(a, f64x2.div(square, f64x2.add(root, g.dc(1)))));
  return signed(g, logOfSum(g, a, y), x);
}

/** log(x + sqrt(x^2 - 1)), within 2 ULP. */
export function acosh64(g: Gen, x: Vec): Vec {
  const t = g.keep(f64x2.sub(x, g.dc(1)));
  const y = g.keep(f64x2.add(t, f64x2.sqrt(f64x2.add(f64x2.add(t, t), f64x2.mul(t, t)))));
  return g.keep(g.select64(f64x2.lt(x, g.dc(1)), g.dc(NaN), logOfSum(g, x, y)));
}

/** log((1 + x) / (1 - x)) / 2, within 2 ULP. */
export function atanh64(g: Gen, x: Vec): Vec {
  const a = g.keep(f64x2.abs(x)), twice = g.keep(f64x2.add(a, a));
  const near = g.keep(f64x2.lt(a, g.dc(0.5)));
  const q = g.keep(f64x2.div(g.select64(near, f64x2.mul(twice, a), twice), f64x2.sub(g.dc(1), a)));
  const y = g.keep(g.select64(near, f64x2.add(twice, q), q));
  return signed(g, f64x2.mul(log1p64(g, y), g.dc(0.5)), x);
}
