/**
 * Trigonometric functions and their inverses on float64 lanes, by the series of fdlibm.
 *
 * @module
 */
import type { Expr } from "../wasm/expr.ts";
import { f64x2, i32, i64x2, v128 } from "../wasm/opcodes.ts";
import { mapF64 } from "./cast.ts";
import type { Gen, Vec } from "./gen.ts";

/** 1.5 * 2^52: added to a small float64, it leaves the nearest integer in the low bits. */
const MAGIC = 1.5 * 2 ** 52;
/** pi / 2 in three parts; the first two have 33 bits. */
const PIO2 = [1.57079632673412561417, 6.0771005063039659766e-11, 2.02226624879595063154e-21] as const;
/** Up to here the products of the parts with multiples are exact. */
const LIMIT = 2 ** 19;

// deno-fmt-ignore
const SIN = [
  1.58969099521155010221e-10, -2.50507602534068634195e-8, 2.75573137070700676789e-6, -1.98412698298579493134e-4,
  8.33333333332248946124e-3,
];
const SIN_FIRST = -1.66666666666666324348e-1;
// deno-fmt-ignore
const COS = [
  -1.13596475577881948265e-11, 2.0875723212981748279e-9, -2.75573143513906633035e-7, 2.48015872894767294178e-5,
  -1.38888888888741095749e-3, 4.16666666666666019037e-2,
];

/** x = n pi/2 + r: sin r, cos r, and n in the low bits. */
function reduced(g: Gen, x: Vec): { sin: Expr<"v128">; cos: Expr<"v128">; quadrant: Vec } {
  const t = g.keep(f64x2.add(f64x2.mul(x, g.dc(2 / Math.PI)), g.dc(MAGIC)));
  const n = g.keep(f64x2.sub(t, g.dc(MAGIC)));
  const first = g.keep(f64x2.sub(x, f64x2.mul(n, g.dc(PIO2[0]))));
  const second = g.keep(f64x2.mul(n, g.dc(PIO2[1])));
  const most = g.keep(f64x2.sub(first, second));
  const lost = f64x2.sub(f64x2.sub(first, most), second);
  const rest = g.keep(f64x2.sub(f64x2.mul(n, g.dc(PIO2[2])), lost));
  // r in two parts.
  const r = g.keep(f64x2.sub(most, rest)), low = g.keep(f64x2.sub(f64x2.sub(most, r), rest));
  const z = g.keep(f64x2.mul(r, r)), half = g.keep(f64x2.mul(z, g.dc(0.5)));
  const cube = g.keep(f64x2.mul(z, r));
  const tail = f64x2.sub(f64x2.mul(low, g.dc(0.5)), f64x2.mul(cube, g.poly64(z, SIN)));
  const sin = f64x2.sub(r, f64x2.sub(f64x2.sub(f64x2.mul(z, tail), low), f64x2.mul(cube, g.dc(SIN_FIRST))));
  const w = g.keep(f64x2.sub(g.dc(1), half));
  const series = f64x2.sub(f64x2.mul(f64x2.mul(z, z), g.poly64(z, COS)), f64x2.mul(r, low));
  const cos = f64x2.add(w, f64x2.add(f64x2.sub(f64x2.sub(g.dc(1), w), half), series));
  return { sin, cos, quadrant: t };
}

/** The sign bit where bit 1 of the quadrant is set. */
function signOf(g: Gen, quadrant: Expr<"v128">): Expr<"v128"> {
  return i64x2.shl(v128.and(quadrant, g.lc(2n)), 62);
}

function isOdd(g: Gen, quadrant: Vec): Expr<"v128"> {
  return i64x2.ne(v128.and(quadrant, g.lc(1n)), g.lc(0n));
}

/** `vector` where |x| is small, JavaScript's function where not. */
function trig(g: Gen, x: Vec, name: "sin" | "cos" | "tan", vector: (x: Vec) => Expr<"v128">): Vec {
  const small = g.keep(f64x2.le(f64x2.abs(x), g.dc(LIMIT)));
  const out = g.keep(vector(g.keep(v128.and(x, small))));
  g.f.if(i32.eqz(i64x2.allTrue(small)), () => {
    const [scalar] = mapF64(g, [[x]], (v) => g.helpers.math(name).call(v));
    g.f.set(out, g.select64(small, out, scalar));
  });
  return out;
}

/** sin x, within 1 ULP. */
export function sin64(g: Gen, x: Vec): Vec {
  return trig(g, x, "sin", (x) => {
    const { sin, cos, quadrant } = reduced(g, x);
    return v128.xor(g.select64(isOdd(g, quadrant), cos, sin), signOf(g, quadrant));
  });
}

/** cos x, within 1 ULP. */
export function cos64(g: Gen, x: Vec): Vec {
  return trig(g, x, "cos", (x) => {
    const { sin, cos, quadrant } = reduced(g, x);
    return v128.xor(g.select64(isOdd(g, quadrant), sin, cos), signOf(g, i64x2.add(quadrant, g.lc(1n))));
  });
}

/** tan x, within 2 ULP. */
export function tan64(g: Gen, x: Vec): Vec {
  return trig(g, x, "tan", (x) => {
    const { sin, cos, quadrant } = reduced(g, x), [s, c] = [g.keep(sin), g.keep(cos)];
    const odd = g.keep(isOdd(g, quadrant));
    return f64x2.div(g.select64(odd, f64x2.neg(c), s), g.select64(odd, s, c));
  });
}

// deno-fmt-ignore
const ATAN = [
  1.62858201153657823623e-2, -3.6531572744216915527e-2, 4.97687799461593236017e-2, -5.83357013379057348645e-2,
  6.66107313738753120669e-2, -7.69187620504482999495e-2, 9.09088713343650656196e-2, -1.1111110405462355788e-1,
  1.42857142725034663711e-1, -1.99999999998764832476e-1, 3.33333333333329318027e-1,
];

/** Where the argument is exchanged for another, (a x + b) / (c x + d), and the angle that this takes off, in two parts. */
// deno-fmt-ignore
const TURNS = [
  { from: 7 / 16, a: 2, b: -1, c: 1, d: 2, high: 4.63647609000806093515e-1, low: 2.26987774529616870924e-17 },
  { from: 11 / 16, a: 1, b: -1, c: 1, d: 1, high: 7.85398163397448278999e-1, low: 3.06161699786838301793e-17 },
  { from: 19 / 16, a: 1, b: -1.5, c: 1.5, d: 1, high: 9.82793723247329054082e-1, low: 1.39033110312309984516e-17 },
  { from: 39 / 16, a: 0, b: -1, c: 1, d: 0, high: 1.570796326794896558, low: 6.12323399573676603587e-17 },
] as const;

/** atan x, for x that is not negative. */
function atanOf(g: Gen, x: Vec): Expr<"v128"> {
  let top: Expr<"v128"> = x, bottom: Expr<"v128"> = g.dc(1), high: Expr<"v128"> = g.dc(0), low = high;
  const times = (factor: number, plus: number): Expr<"v128"> => {
    if (factor === 0) return g.dc(plus);
    const product = factor === 1 ? x : f64x2.mul(x, g.dc(factor));
    return plus === 0 ? product : f64x2.add(product, g.dc(plus));
  };
  for (const turn of TURNS) {
    const beyond = g.keep(f64x2.ge(x, g.dc(turn.from)));
    top = g.keep(g.select64(beyond, times(turn.a, turn.b), top));
    bottom = g.keep(g.select64(beyond, times(turn.c, turn.d), bottom));
    high = g.keep(g.select64(beyond, g.dc(turn.high), high));
    low = g.keep(g.select64(beyond, g.dc(turn.low), low));
  }
  const t = g.keep(f64x2.div(top, bottom)), z = g.keep(f64x2.mul(t, t));
  const series = f64x2.mul(f64x2.mul(z, g.poly64(z, ATAN)), t);
  return f64x2.sub(high, f64x2.sub(f64x2.sub(series, low), t));
}

/** atan x, within 1 ULP. */
export function atan64(g: Gen, x: Vec): Vec {
  return g.keep(v128.xor(atanOf(g, g.keep(f64x2.abs(x))), v128.and(x, g.dc(-0))));
}

/** The angle of the point (x, y), within 1.5 ULP. */
export function atan2_64(g: Gen, y: Vec, x: Vec): Vec {
  const across = g.keep(f64x2.abs(x)), up = g.keep(f64x2.abs(y));
  // 0 / 0 and the quotient of infinities: what they are beside each other.
  const alike = v128.and(f64x2.eq(across, up), v128.or(f64x2.eq(up, g.dc(0)), f64x2.eq(up, g.dc(Infinity))));
  const same = g.select64(f64x2.eq(up, g.dc(0)), g.dc(0), g.dc(1));
  const z = g.keep(atanOf(g, g.keep(g.select64(alike, same, f64x2.div(up, across)))));
  const back = f64x2.sub(g.dc(Math.PI), f64x2.sub(z, g.dc(1.2246467991473531772e-16)));
  return g.keep(v128.xor(g.select64(i64x2.shrS(x, 63), back, z), v128.and(y, g.dc(-0))));
}

// deno-fmt-ignore
const ASIN_P = [
  3.4793310759602116757e-5, 7.91534994289814532176e-4, -4.00555345006794114027e-2, 2.01212532134862925881e-1,
  -3.25565818622400915405e-1, 1.66666666666666657415e-1,
];
// deno-fmt-ignore
const ASIN_Q = [
  7.70381505559019352791e-2, -6.8828397160545329303e-1, 2.02094576023350569471, -2.40339491173441421878, 1,
];
/** What pi / 2 is more than its float64. */
const PIO2_LOST = 6.12323399573676603587e-17;

/** (asin(s) - s) / s, for s = |x| up to 1/2 and sqrt((1 - |x|) / 2) from there on; and that root. */
function asinSeries(g: Gen, x: Vec): { a: Vec; far: Vec; root: Vec; r: Vec } {
  const a = g.keep(f64x2.abs(x)), far = g.keep(f64x2.ge(a, g.dc(0.5)));
  const outer = f64x2.mul(f64x2.sub(g.dc(1), a), g.dc(0.5));
  const t = g.keep(g.select64(far, outer, f64x2.mul(x, x)));
  const r = g.keep(f64x2.div(f64x2.mul(t, g.poly64(t, ASIN_P)), g.poly64(t, ASIN_Q)));
  return { a, far, root: g.keep(f64x2.sqrt(t)), r };
}

/** asin x, within 1.5 ULP. */
export function asin64(g: Gen, x: Vec): Vec {
  const { a, far, root, r } = asinSeries(g, x);
  const near = f64x2.add(a, f64x2.mul(a, r));
  const half = g.keep(f64x2.add(root, f64x2.mul(root, r)));
  const rest = f64x2.sub(g.dc(Math.PI / 2), f64x2.sub(f64x2.add(half, half), g.dc(PIO2_LOST)));
  return g.keep(v128.xor(g.select64(far, rest, near), v128.and(x, g.dc(-0))));
}

/** acos x, within 1.5 ULP. */
export function acos64(g: Gen, x: Vec): Vec {
  const { far, root, r } = asinSeries(g, x);
  const near = f64x2.sub(g.dc(Math.PI / 2), f64x2.sub(x, f64x2.sub(g.dc(PIO2_LOST), f64x2.mul(x, r))));
  const half = g.keep(f64x2.add(root, f64x2.mul(root, r)));
  const turned = g.keep(f64x2.add(root, f64x2.sub(f64x2.mul(root, r), g.dc(PIO2_LOST))));
  const back = f64x2.sub(g.dc(Math.PI), f64x2.add(turned, turned));
  const outer = g.select64(f64x2.lt(x, g.dc(0)), back, f64x2.add(half, half));
  return g.keep(g.select64(far, outer, near));
}
