/**
 * Elementary functions on four float32 lanes. The bounds are in units in the last place over the whole range, subnormal results included, and hold
 * with and without fused multiply-add; tests check them. NaN, infinities and signed zeros are as in IEEE 754.
 *
 * @module
 */
import type { Callable } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, i32, i32x4, v128 } from "../wasm/opcodes.ts";
import { mapF64 } from "./cast.ts";
import { Gen, type Vec } from "./gen.ts";
import { demote, narrowParts, promote } from "./lanes.ts";
import { powShort } from "./math_f64.ts";

/** 1.5 * 2^23: added to a small float32, it leaves the nearest integer in the low bits. */
const MAGIC = 12582912;
const LOG2E = 1.4426950408889634;
/** ln 2 in two parts; the first has few bits, so that its product with an exponent is exact. */
const LN2_HIGH = 0.693359375, LN2_LOW = -2.12194440e-4;
/** (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2. */
// deno-fmt-ignore
const EXP = [
  1.3814170811500646e-3, 8.368923157839306e-3, 4.1668408113953184e-2, 1.6666518927172455e-1, 4.999999333269268e-1,
];
/** (log(1 + f) - f + f^2 / 2) / f^3 for sqrt(1/2) <= 1 + f <= sqrt(2). */
// deno-fmt-ignore
const LOG = [
  7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/** x clamped; NaN stays. */
function clamp(g: Gen, x: Expr<"v128">, low: number, high: number): Vec {
  return g.keep(f32x4.pmin(f32x4.pmax(x, g.fc(low)), g.fc(high)));
}

/** x = n ln 2 + r; `bits` are a number whose low bits are n + bias. For sign -1, -x = n ln 2 - r. */
function reduceExp(g: Gen, x: Vec, bias: number, sign: 1 | -1 = 1): { n: Vec; bits: Vec; r: Vec } {
  const bits = g.keep(g.madd(x, g.fc(sign * LOG2E), g.fc(MAGIC + bias)));
  const n = g.keep(f32x4.sub(bits, g.fc(MAGIC + bias)));
  const step = sign === 1 ? g.nmadd.bind(g) : g.madd.bind(g);
  const r = g.keep(step(n, g.fc(LN2_LOW), step(n, g.fc(LN2_HIGH), x)));
  return { n, bits, r };
}

/** e^r, or e^-r, for |r| <= ln(2) / 2. */
function expSmall(g: Gen, r: Vec, sign: 1 | -1 = 1): Expr<"v128"> {
  const series = [...EXP, 1, 1];
  return g.poly(r, series.map((c, i) => sign === -1 && (series.length - 1 - i) % 2 === 1 ? -c : c));
}

/** p * 2^n, rounded once also where the result is subnormal; `bits` has n + 254 in its low bits. */
function scale(g: Gen, p: Expr<"v128">, bits: Vec): Vec {
  // 2^n in two factors: the exponents add up to n + 254, and what stands above them is shifted out.
  const half = g.keep(i32x4.shrU(bits, 1));
  const rest = i32x4.shl(i32x4.sub(bits, half), 23);
  return g.keep(f32x4.mul(f32x4.mul(p, i32x4.shl(half, 23)), rest));
}

/** The bits of 87: up to it e^x is a normal number, as is e^-x. */
const EXP_NORMAL = 0x42ae0000;

/** e^x, within 1.5 ULP. */
export function exp(g: Gen, x: Vec): Vec {
  const { bits, r } = reduceExp(g, x, 0);
  // From a normal number to a normal number, 2^n is a matter of the exponent's bits alone.
  const y = g.keep(i32x4.add(expSmall(g, r), i32x4.shl(bits, 23)));
  const far = g.keep(i32x4.gtS(v128.and(x, g.ic(0x7fffffff)), g.ic(EXP_NORMAL)));
  g.f.if(v128.anyTrue(far), () => {
    // What is masked out with great negative numbers is common, and 0; the rest is rare.
    const zero = g.keep(f32x4.lt(x, g.fc(-104)));
    g.f.set(y, v128.andnot(y, zero));
    g.f.if(v128.anyTrue(v128.andnot(far, zero)), () => g.f.set(y, expFar(g).call(x)));
  });
  return y;
}

/** e^x where it may be subnormal, infinite or NaN. */
function expFar({ helpers, features }: Gen): Callable<readonly ["v128"], "v128"> {
  return helpers.get("exp", (module) =>
    module.func(null, ["v128"], "v128", (f, x) => {
      const g = new Gen(f, helpers, features, f.section());
      const { bits, r } = reduceExp(g, clamp(g, x, -104, 89), 254);
      f.result(scale(g, expSmall(g, r), bits));
    }));
}

/** 2^x, within 1.5 ULP. */
export function exp2(g: Gen, x: Vec): Vec {
  const c = clamp(g, x, -151, 129);
  const t = g.keep(f32x4.add(c, g.fc(MAGIC + 254)));
  const r = g.keep(f32x4.mul(f32x4.sub(c, f32x4.sub(t, g.fc(MAGIC + 254))), g.fc(Math.LN2)));
  return scale(g, expSmall(g, r), t);
}

/** e^x - 1, within 2 ULP. */
export function expm1(g: Gen, x: Vec): Vec {
  const { n, r, bits } = reduceExp(g, clamp(g, x, -18, 89), 126);
  const q = g.keep(g.madd(g.poly(r, EXP), f32x4.mul(r, r), r));
  // 2 (2^(n-1) q + (2^(n-1) - 1/2)): 2^n itself overflows before the result does.
  const half = g.keep(i32x4.shl(bits, 23));
  const y = g.keep(g.madd(half, q, f32x4.sub(half, g.fc(0.5))));
  const tiny = f32x4.lt(f32x4.abs(x), g.fc(1e-5));
  const result = g.select(f32x4.ne(n, g.fc(0)), f32x4.add(y, y), q);
  // The sum of 0 and -0 is 0: the sign is put back.
  const near = v128.or(g.madd(f32x4.mul(x, x), g.fc(0.5), x), v128.and(x, g.ic(-(2 ** 31))));
  return g.keep(g.select(tiny, near, result));
}

/** x = 2^e (1 + f) with 1 + f from sqrt(1/2) to sqrt(2); e as a float, and log(1 + f) - f. */
function reduceLog(g: Gen, x: Vec): { e: Vec; f: Vec; y: Vec } {
  const small = g.keep(f32x4.lt(x, g.fc(2 ** -126)));
  const bits = g.keep(g.select(small, f32x4.mul(x, g.fc(2 ** 23)), x));
  const n = g.keep(i32x4.shrS(i32x4.sub(bits, g.ic(0x3f3504f3)), 23));
  const f = g.keep(f32x4.sub(i32x4.sub(bits, i32x4.shl(n, 23)), g.fc(1)));
  const e = g.keep(f32x4.convertI32x4S(i32x4.sub(n, v128.and(small, g.ic(23)))));
  const square = g.keep(f32x4.mul(f, f));
  const cubic = f32x4.mul(f32x4.mul(f, square), g.poly(f, LOG));
  return { e, f, y: g.keep(cubic) };
}

/** Puts in what a logarithm gives for 0, negative numbers, infinity and NaN. */
function finishLog(g: Gen, x: Vec, value: Expr<"v128">): Vec {
  const positive = f32x4.gt(x, g.fc(0));
  const edge = g.select(f32x4.eq(x, g.fc(0)), g.fc(-Infinity), g.fc(NaN));
  const finite = g.select(positive, value, edge);
  return g.keep(g.select(v128.or(f32x4.eq(x, g.fc(Infinity)), f32x4.ne(x, x)), x, finite));
}

/** log x, within 1.5 ULP. */
export function log(g: Gen, x: Vec): Vec {
  const { e, f, y } = reduceLog(g, x);
  const low = g.madd(e, g.fc(LN2_LOW), y);
  const rest = g.nmadd(f32x4.mul(f, f), g.fc(0.5), low);
  return finishLog(g, x, g.madd(e, g.fc(LN2_HIGH), f32x4.add(f, rest)));
}

/** log2 x, within 2 ULP; exact for powers of two. */
export function log2(g: Gen, x: Vec): Vec {
  const { e, f, y } = reduceLog(g, x);
  const rest = g.keep(g.nmadd(f32x4.mul(f, f), g.fc(0.5), y));
  // log2(e) = 1 + 0.4427: the 1 costs no rounding.
  const part = g.madd(rest, g.fc(LOG2E - 1), f32x4.mul(f, g.fc(LOG2E - 1)));
  return finishLog(g, x, f32x4.add(f32x4.add(f32x4.add(part, rest), f), e));
}

/** log10 x, within 2 ULP. */
export function log10(g: Gen, x: Vec): Vec {
  const { e, f, y } = reduceLog(g, x);
  const rest = g.keep(g.nmadd(f32x4.mul(f, f), g.fc(0.5), y));
  let sum = f32x4.mul(rest, g.fc(7.00731903251827651129e-4));
  sum = g.madd(f, g.fc(7.00731903251827651129e-4), sum);
  sum = g.madd(e, g.fc(2.48745663981195213739e-4), sum);
  sum = g.madd(rest, g.fc(4.3359375e-1), sum);
  sum = g.madd(f, g.fc(4.3359375e-1), sum);
  return finishLog(g, x, g.madd(e, g.fc(3.0078125e-1), sum));
}

/** log(1 + x), within 2 ULP. */
export function log1p(g: Gen, x: Vec): Vec {
  const u = g.keep(f32x4.add(x, g.fc(1)));
  // What rounding 1 + x lost, to first order.
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, g.fc(1))), u);
  const usable = v128.and(f32x4.gt(u, g.fc(0)), f32x4.lt(u, g.fc(2 ** 30)));
  const y = f32x4.add(log(g, u), v128.and(lost, usable));
  const tiny = f32x4.lt(f32x4.abs(x), g.fc(2 ** -25));
  return g.keep(g.select(tiny, x, y));
}

/** 1 / (1 + e^-x), within 2.5 ULP. */
export function sigmoid(g: Gen, x: Vec): Vec {
  // Numerator and denominator carry 2^-24, so that e^-x fits where the result is subnormal.
  const { bits, r } = reduceExp(g, clamp(g, x, -104.5, 20), 127 - 24, -1);
  const power = i32x4.shl(bits, 23);
  return g.keep(f32x4.div(g.fc(2 ** -24), g.madd(expSmall(g, r, -1), power, g.fc(2 ** -24))));
}

/** x P(x^2) / Q(x^2), for odd functions that go to 1; `edge` is the square of the x from which they are 1. */
function odd(g: Gen, x: Vec, p: readonly number[], q: readonly number[], edge: number): Vec {
  // Past the edge both polynomials stay and x alone grows, until the clamp makes 1 of it.
  const square = g.keep(f32x4.pmin(f32x4.mul(x, x), g.fc(edge)));
  return clamp(g, f32x4.div(f32x4.mul(x, g.poly(square, p)), g.poly(square, q)), -1, 1);
}

const TANH_P = [1.3317598279521805e-8, 2.0582432152031588e-5, 3.493972421737774e-3, 1.3379666536001228e-1, 1];
const TANH_Q = [7.761419041153692e-7, 3.2829898608345993e-4, 2.587083941123767e-2, 4.6712981853990576e-1, 1];

/** tanh x, within 6 ULP, 4 up to results of 0.5. */
export function tanh(g: Gen, x: Vec): Vec {
  return odd(g, x, TANH_P, TANH_Q, 81.2);
}

// deno-fmt-ignore
const ERF_P = [
  2.0500789479297174e-6, 2.848615899613456e-4, 3.7650268230305633e-3, 5.2746857491269256e-2, 1.9039383204056975e-1,
  1.128379146319626,
];
// deno-fmt-ignore
const ERF_Q = [
  3.809052816192239e-5, 1.162378125414209e-3, 1.496803404424899e-2, 1.1410371493838213e-1, 5.020648842673717e-1, 1,
];

/** erf x, within 6 ULP, 4 up to results of 0.5. */
export function erf(g: Gen, x: Vec): Vec {
  return odd(g, x, ERF_P, ERF_Q, 15.36);
}

const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];
/** pi / 2 in two parts for float64; the first has 33 bits. */
const PIO2_HIGH = 1.57079632673412561417, PIO2_LOW = 6.07710050650619224932e-11;

/** x = n pi/2 + r: sin r, cos r and the quadrant n. The reduction is done in float64, good for |x| up to 2^20. */
function reduceTrig(g: Gen, x: Vec): { sin: Vec; cos: Vec; quadrant: Vec } {
  const pieces = promote(g, x).map((v) => {
    const t = g.keep(g.madd64(v, g.dc(2 / Math.PI), g.dc(1.5 * 2 ** 52)));
    const n = g.keep(f64x2.sub(t, g.dc(1.5 * 2 ** 52)));
    return { t, r: g.keep(g.nmadd64(n, g.dc(PIO2_LOW), g.nmadd64(n, g.dc(PIO2_HIGH), v))) };
  });
  const r = demote(g, pieces.map((p) => p.r));
  const square = g.keep(f32x4.mul(r, r));
  const sin = g.keep(g.madd(f32x4.mul(g.poly(square, SIN), square), r, r));
  const tail = g.nmadd(square, g.fc(0.5), g.fc(1));
  const cos = g.keep(g.madd(f32x4.mul(square, square), g.poly(square, COS), tail));
  return { sin, cos, quadrant: narrowParts(g, pieces.map((p) => p.t)) };
}

/** `vector` where |x| <= 2^20, JavaScript's function where not. */
function trig(g: Gen, x: Vec, name: "sin" | "cos" | "tan", vector: (x: Vec) => Expr<"v128">): Vec {
  const small = g.keep(f32x4.le(f32x4.abs(x), g.fc(2 ** 20)));
  const out = g.keep(vector(g.keep(v128.and(x, small))));
  g.f.if(i32.eqz(i32x4.allTrue(small)), () => {
    const scalar = demote(g, mapF64(g, [promote(g, x)], (v) => g.helpers.math(name).call(v)));
    g.f.set(out, g.select(small, out, scalar));
  });
  return out;
}

/** The sign bit where bit `bit` of the quadrant is set. */
function signOf(g: Gen, quadrant: Expr<"v128">): Expr<"v128"> {
  return i32x4.shl(v128.and(quadrant, g.ic(2)), 30);
}

function isOdd(g: Gen, quadrant: Expr<"v128">): Expr<"v128"> {
  return i32x4.ne(v128.and(quadrant, g.ic(1)), g.ic(0));
}

/** sin x, within 1.5 ULP; beyond 2^20 by JavaScript's. */
export function sin(g: Gen, x: Vec): Vec {
  return trig(g, x, "sin", (x) => {
    const { sin, cos, quadrant } = reduceTrig(g, x);
    const y = v128.xor(g.select(isOdd(g, quadrant), cos, sin), signOf(g, quadrant));
    return g.select(f32x4.lt(f32x4.abs(x), g.fc(2 ** -12)), x, y);
  });
}

/** cos x, within 1.5 ULP; beyond 2^20 by JavaScript's. */
export function cos(g: Gen, x: Vec): Vec {
  return trig(g, x, "cos", (x) => {
    const { sin, cos, quadrant } = reduceTrig(g, x);
    const sign = signOf(g, i32x4.add(quadrant, g.ic(1)));
    return v128.xor(g.select(isOdd(g, quadrant), sin, cos), sign);
  });
}

/** tan x, within 3.5 ULP; beyond 2^20 by JavaScript's. */
export function tan(g: Gen, x: Vec): Vec {
  return trig(g, x, "tan", (x) => {
    const { sin, cos, quadrant } = reduceTrig(g, x);
    const odd = g.keep(isOdd(g, quadrant));
    const y = f32x4.div(g.select(odd, f32x4.neg(cos), sin), g.select(odd, sin, cos));
    return g.select(f32x4.lt(f32x4.abs(x), g.fc(2 ** -12)), x, y);
  });
}

/** x^y as IEEE 754's pow, within 0.51 ULP: float64 inside. */
export function pow(g: Gen, x: Vec, y: Vec): Vec {
  const base = promote(g, g.keep(f32x4.abs(x))), power = promote(g, y);
  const magnitude = demote(g, base.map((v, i) => powShort(g, v, power[i])));
  const integral = g.keep(f32x4.eq(f32x4.trunc(y), y));
  const half = g.keep(f32x4.mul(y, g.fc(0.5)));
  const odd = v128.and(integral, f32x4.ne(f32x4.trunc(half), half));
  const signed = v128.or(magnitude, v128.and(v128.and(x, odd), g.ic(0x80000000)));
  const undefined_ = v128.andnot(
    v128.and(f32x4.lt(x, g.fc(0)), f32x4.gt(x, g.fc(-Infinity))),
    integral,
  );
  const value = g.select(undefined_, g.fc(NaN), signed);
  const huge = f32x4.eq(f32x4.abs(y), g.fc(Infinity));
  const one = v128.or(
    v128.or(f32x4.eq(y, g.fc(0)), f32x4.eq(x, g.fc(1))),
    v128.and(huge, f32x4.eq(f32x4.abs(x), g.fc(1))),
  );
  return g.keep(g.select(one, g.fc(1), value));
}
