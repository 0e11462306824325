/**
 * Remainders and floored quotients on float64 lanes, and the hypotenuse.
 *
 * @module
 */
import type { Callable } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f64x2, i64x2, v128 } from "../wasm/opcodes.ts";
import { mapF64 } from "./cast.ts";
import type { Gen, Helpers, Vec } from "./gen.ts";
import { floorDivide, fmod, remainder } from "./scalar_f64.ts";

/** Quotients up to here times either half of the divisor are exact. */
const LIMIT = 2 ** 25;

/** `vector` of the nearest quotient and of what it leaves of x, which is exact, where all quotients are small; otherwise the scalar function on each lane. */
function dividing(
  g: Gen,
  x: Vec,
  y: Vec,
  scalar: (h: Helpers) => Callable<readonly ["f64", "f64"], "f64">,
  vector: (quotient: Vec, rest: Vec) => Expr<"v128">,
): Vec {
  const out = g.f.local("v128"), quotient = g.keep(f64x2.nearest(f64x2.div(x, y)));
  const small = f64x2.le(f64x2.abs(quotient), g.dc(LIMIT));
  const finite = f64x2.lt(f64x2.abs(y), g.dc(Infinity));
  g.f.if(i64x2.allTrue(v128.and(small, finite)), () => {
    const high = g.keep(v128.and(y, g.lc(-(1n << 27n))));
    const low = f64x2.sub(y, high), most = f64x2.sub(x, f64x2.mul(quotient, high));
    g.f.set(out, vector(quotient, g.keep(f64x2.sub(most, f64x2.mul(quotient, low)))));
  }, () => {
    const callable = scalar(g.helpers);
    g.f.set(out, mapF64(g, [[x], [y]], (u, v) => callable.call(u, v))[0]);
  });
  return out;
}

/** The remainder of x / y with the sign of x, exact. */
export function fmod64(g: Gen, x: Vec, y: Vec): Vec {
  return dividing(g, x, y, fmod, (_, rest) => {
    const magnitude = v128.xor(rest, v128.and(x, g.dc(-0)));
    const short = v128.and(f64x2.lt(magnitude, g.dc(0)), f64x2.abs(y));
    return v128.bitselect(f64x2.add(magnitude, short), x, g.lc((1n << 63n) - 1n));
  });
}

/** Where a remainder has not the sign of the divisor. */
function opposed(g: Gen, rest: Vec, y: Vec): Expr<"v128"> {
  return v128.and(f64x2.ne(rest, g.dc(0)), i64x2.shrS(v128.xor(rest, y), 63));
}

/** The remainder with the sign of the divisor, as Python's %. */
export function remainder64(g: Gen, x: Vec, y: Vec): Vec {
  return dividing(g, x, y, remainder, (_, rest) => {
    const sum = f64x2.add(rest, v128.and(y, opposed(g, rest, y)));
    // A remainder of zero has the sign of x.
    return g.select64(f64x2.eq(rest, g.dc(0)), v128.and(x, g.dc(-0)), sum);
  });
}

/** The floor of the exact quotient, as Python's //: 1 // 0.1 is 9, though 1 / 0.1 rounds to 10. */
export function floorDivide64(g: Gen, x: Vec, y: Vec): Vec {
  return dividing(g, x, y, floorDivide, (quotient, rest) => {
    const floor = g.keep(f64x2.sub(quotient, v128.and(g.dc(1), opposed(g, rest, y))));
    // Zero has the sign of the quotient.
    const zero = v128.and(v128.xor(x, y), g.dc(-0));
    return g.select64(f64x2.eq(floor, g.dc(0)), zero, floor);
  });
}

/** sqrt(x^2 + y^2) without overflow, within 2 ULP. */
export function hypot64(g: Gen, x: Vec, y: Vec): Vec {
  const a = g.keep(f64x2.abs(x)), b = g.keep(f64x2.abs(y));
  const most = g.keep(f64x2.pmax(a, b)), least = f64x2.pmin(b, a);
  const ratio = g.keep(f64x2.div(least, most));
  const length = f64x2.mul(most, f64x2.sqrt(g.madd64(ratio, ratio, g.dc(1))));
  const finite = g.select64(f64x2.eq(f64x2.add(a, b), g.dc(0)), g.dc(0), length);
  const infinite = v128.or(f64x2.eq(a, g.dc(Infinity)), f64x2.eq(b, g.dc(Infinity)));
  return g.keep(g.select64(infinite, g.dc(Infinity), finite));
}
