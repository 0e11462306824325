/**
 * Special functions on float64 lanes: erf, erfc, erfinv, lgamma, digamma. They go by the same series as the reference backend's.
 *
 * @module
 */
import { erfcSeries, erfSeries, lgammaSeries, psiSeries, stirlingSeries } from "../../../kernel/series.ts";
import type { Expr } from "../wasm/expr.ts";
import { f64x2, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";
import { signed } from "./hyperbolic_f64.ts";
import { exp64, log1p64, log64 } from "./math_f64.ts";
import { sin64, tan64 } from "./trig_f64.ts";

/** A Chebyshev series, the last term first, as polynomials of its even and its odd powers in the square, the highest first: these do not wait for each other. */
function powersOf(series: readonly number[]): { readonly even: number[]; readonly odd: number[] } {
  const powers = series.map(() => 0);
  let last = [1], next = [0, 1];
  for (const c of series.toReversed()) {
    last.forEach((factor, i) => powers[i] += c * factor);
    // T(n + 1) = 2 t T(n) - T(n - 1)
    [last, next] = [next, [0, ...next].map((factor, i) => 2 * factor - (last[i] ?? 0))];
  }
  return {
    even: powers.filter((_, i) => i % 2 === 0).reverse(),
    odd: powers.filter((_, i) => i % 2 === 1).reverse(),
  };
}
const ERFC = powersOf(erfcSeries);

/** erf x for |x| <= 1. */
function erfNear(g: Gen, x: Vec): Expr<"v128"> {
  return f64x2.mul(x, g.poly64(g.keep(f64x2.mul(x, x)), erfSeries));
}

/** erfc x for x >= 1/2; that of 1/2 for what is less. */
function erfcTail(g: Gen, given: Vec): Vec {
  const x = g.keep(f64x2.pmin(f64x2.pmax(given, g.dc(0.5)), g.dc(28)));
  // exp(-x^2) with x split so that the square of the head is exact: rounding x^2 would cost a factor of x^2 in accuracy.
  const head = g.keep(v128.and(x, g.lc(-(1n << 27n))));
  const rest = g.keep(f64x2.mul(f64x2.sub(head, x), f64x2.add(head, x)));
  // e^rest, of which four terms are enough.
  const factor = g.poly64(rest, [1 / 6, 0.5, 1, 1]);
  const gauss = f64x2.mul(exp64(g, g.keep(f64x2.neg(f64x2.mul(head, head)))), factor);
  const low = (0.5 - 3) / (0.5 + 3), sum = g.keep(f64x2.add(x, g.dc(3)));
  const ratio = f64x2.div(f64x2.sub(x, g.dc(3)), sum);
  const t = g.keep(f64x2.sub(f64x2.mul(f64x2.sub(ratio, g.dc(low)), g.dc(2 / (1 - low))), g.dc(1)));
  const square = g.keep(f64x2.mul(t, t));
  const series = g.madd64(t, g.poly64(square, ERFC.odd), g.poly64(square, ERFC.even));
  const value = f64x2.div(f64x2.mul(gauss, series), sum);
  return g.keep(v128.andnot(value, f64x2.gt(given, g.dc(28))));
}

/** The error function. */
export function erf64(g: Gen, x: Vec): Vec {
  const a = g.keep(f64x2.abs(x)), far = signed(g, f64x2.sub(g.dc(1), erfcTail(g, a)), x);
  return g.keep(g.select64(f64x2.gt(a, g.dc(1)), far, erfNear(g, x)));
}

/** 1 - erf x. */
export function erfc64(g: Gen, x: Vec): Vec {
  const tail = erfcTail(g, g.keep(f64x2.abs(x)));
  const low = g.select64(
    f64x2.lt(x, g.dc(-1)),
    f64x2.add(g.dc(1), f64x2.sub(g.dc(1), tail)),
    f64x2.sub(g.dc(1), erfNear(g, x)),
  );
  return g.keep(g.select64(f64x2.lt(x, g.dc(0.5)), low, tail));
}

/** The inverse of erf: a guess, and three steps of Halley's method. */
export function erfinv64(g: Gen, y: Vec): Vec {
  const a = g.keep(f64x2.abs(y)), tail = g.keep(f64x2.sub(g.dc(1), a));
  const central = g.keep(f64x2.lt(a, g.dc(0.5))), root = Math.sqrt(Math.PI);
  // Two terms of the series around 0, and Winitzki's guess.
  const near = f64x2.mul(a, g.madd64(f64x2.mul(a, a), g.dc(root * Math.PI / 24), g.dc(root / 2)));
  const w = log64(g, g.keep(f64x2.mul(tail, f64x2.add(a, g.dc(1)))));
  const half = g.keep(f64x2.add(f64x2.mul(w, g.dc(0.5)), g.dc(2 / (Math.PI * 0.147))));
  const inside = f64x2.sqrt(f64x2.sub(f64x2.mul(half, half), f64x2.div(w, g.dc(0.147))));
  let x = g.keep(g.select64(central, near, f64x2.sqrt(f64x2.sub(inside, half))));
  for (let i = 0; i < 3; i++) {
    const erf = g.keep(erfNear(g, x));
    const rest = g.select64(f64x2.lt(x, g.dc(0.5)), f64x2.sub(g.dc(1), erf), erfcTail(g, x));
    const error = g.select64(central, f64x2.sub(erf, a), f64x2.sub(tail, rest));
    const slope = f64x2.mul(exp64(g, g.keep(f64x2.mul(x, x))), g.dc(root / 2));
    const u = g.keep(f64x2.mul(error, slope));
    x = g.keep(f64x2.sub(x, f64x2.div(u, g.madd64(x, u, g.dc(1)))));
  }
  const edge = g.select64(f64x2.eq(a, g.dc(1)), g.dc(Infinity), g.dc(NaN));
  return signed(g, g.select64(f64x2.lt(a, g.dc(1)), x, edge), y);
}

/** Runs `body` while any lane of a mask is set. */
function whileAny(g: Gen, mask: () => Expr<"v128">, body: (lanes: Vec) => void): void {
  const lanes = g.f.local("v128");
  g.f.set(lanes, mask());
  g.f.while(() => v128.anyTrue(lanes), () => {
    body(lanes);
    g.f.set(lanes, mask());
  });
}

/** x - nearest integer, and where x is one. */
function fractionOf(g: Gen, x: Vec): { fraction: Vec; integral: Vec } {
  const fraction = g.keep(f64x2.sub(x, f64x2.floor(f64x2.add(x, g.dc(0.5)))));
  return { fraction, integral: g.keep(f64x2.eq(fraction, g.dc(0))) };
}

/** lgamma for x from -1/2 on. */
function lgammaRight(g: Gen, x: Vec): Vec {
  const far = g.keep(f64x2.ge(x, g.dc(12)));
  const product = g.keep(g.dc(1)), z = g.keep(g.select64(far, g.dc(2), x));
  whileAny(g, () => f64x2.gt(z, g.dc(2.5)), (lanes) => {
    g.f.set(z, f64x2.sub(z, v128.and(g.dc(1), lanes)));
    g.f.set(product, g.select64(lanes, f64x2.mul(product, z), product));
  });
  const small = g.keep(f64x2.lt(x, g.dc(0.5))), middle = g.keep(f64x2.lt(x, g.dc(1.5)));
  const about = g.select64(small, x, f64x2.sub(z, g.select64(middle, g.dc(1), g.dc(2))));
  const at = g.keep(about), series = f64x2.mul(at, g.poly64(at, lgammaSeries));
  const less = v128.and(log1p64(g, at), middle);
  const log = log64(g, g.keep(g.select64(far, x, g.select64(small, f64x2.abs(x), product))));
  const near = f64x2.add(f64x2.sub(series, less), g.select64(small, f64x2.neg(log), log));
  const r = g.keep(f64x2.div(g.dc(1), x));
  const stirling = f64x2.mul(g.poly64(g.keep(f64x2.mul(r, r)), stirlingSeries), r);
  const main = f64x2.mul(f64x2.sub(x, g.dc(0.5)), f64x2.sub(log, g.dc(1)));
  const large = f64x2.add(main, f64x2.add(stirling, g.dc((Math.log(2 * Math.PI) - 1) / 2)));
  return g.keep(g.select64(far, large, near));
}

/** The logarithm of |Gamma(x)|. */
export function lgamma64(g: Gen, x: Vec): Vec {
  const left = g.keep(f64x2.lt(x, g.dc(-0.5)));
  const right = lgammaRight(g, g.keep(g.select64(left, f64x2.neg(x), x)));
  const value = g.keep(right);
  g.f.if(v128.anyTrue(left), () => {
    // |Gamma(x) Gamma(-x)| = pi / |x sin(pi x)|
    const { fraction, integral } = fractionOf(g, x);
    const sine = sin64(g, g.keep(f64x2.mul(fraction, g.dc(Math.PI))));
    const reflected = log64(g, g.keep(f64x2.div(g.dc(Math.PI), f64x2.abs(f64x2.mul(x, sine)))));
    const pole = v128.or(integral, f64x2.eq(x, g.dc(-Infinity)));
    const own = g.select64(pole, g.dc(Infinity), f64x2.sub(reflected, right));
    g.f.set(value, g.select64(left, own, right));
  });
  return value;
}

/** digamma for x > 0. */
function digammaRight(g: Gen, start: Vec): Expr<"v128"> {
  const x = g.keep(start), sum = g.keep(g.dc(0));
  whileAny(g, () => f64x2.lt(x, g.dc(12)), (lanes) => {
    g.f.set(sum, f64x2.sub(sum, v128.and(f64x2.div(g.dc(1), x), lanes)));
    g.f.set(x, f64x2.add(x, v128.and(g.dc(1), lanes)));
  });
  const y = g.keep(f64x2.div(g.dc(1), f64x2.mul(x, x)));
  const main = f64x2.sub(f64x2.add(sum, log64(g, x)), f64x2.div(g.dc(0.5), x));
  return f64x2.sub(main, f64x2.mul(y, g.poly64(y, psiSeries)));
}

/** The derivative of lgamma; -inf at 0, +inf at -0, NaN at the negative integers. */
export function digamma64(g: Gen, x: Vec): Vec {
  const left = g.keep(f64x2.lt(x, g.dc(0)));
  // What is no number of the right half goes on as 1, past the loop.
  const start = g.keep(g.select64(left, f64x2.sub(g.dc(1), x), g.select64(f64x2.eq(x, g.dc(0)), g.dc(1), x)));
  const right = g.keep(digammaRight(g, start)), value = g.keep(right);
  g.f.if(v128.anyTrue(left), () => {
    const { fraction, integral } = fractionOf(g, x);
    // psi(x) = psi(1 - x) - pi / tan(pi x)
    const tangent = tan64(g, g.keep(f64x2.mul(fraction, g.dc(Math.PI))));
    const own = f64x2.sub(right, f64x2.div(g.dc(Math.PI), tangent));
    const pole = v128.or(integral, f64x2.eq(x, g.dc(-Infinity)));
    g.f.set(value, g.select64(left, g.select64(pole, g.dc(NaN), own), right));
  });
  const zero = v128.xor(g.dc(-Infinity), v128.and(x, g.dc(-0)));
  return g.keep(g.select64(f64x2.eq(x, g.dc(0)), zero, value));
}
