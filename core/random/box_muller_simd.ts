/**
 * The transform of box_muller.ts for WebAssembly SIMD, four pairs at a time. It needs relaxed SIMD, with multiply-adds
 * that are really fused. The module around it is simd.ts.
 *
 * @module
 */
import type { Func, ModuleBuilder } from "../backend/cpu/wasm/assembler.ts";
import type { Expr } from "../backend/cpu/wasm/expr.ts";
import { f32x4, i32x4, v128 } from "../backend/cpu/wasm/opcodes.ts";
import { blockSize, constants } from "./box_muller.ts";

type Vector = Expr<"v128">;
const number = (value: number): Vector => f32x4.constSplat(value);
const integer = (value: number): Vector => i32x4.constSplat(value);

/** Horner's scheme: `coefficients` in powers of x, fused. */
function polynomial(f: Func, x: Vector, coefficients: readonly number[]): Vector {
  return coefficients.slice(1).reduce<Vector>(
    (sum, c) => f.keep(f32x4.relaxedMadd(sum, x, number(c))),
    number(coefficients[0]),
  );
}

/** sqrt(-2 log(1 - k / 2^24)) for the low 24 bits `k` of each lane. */
function radius(f: Func, bits: Vector): Vector {
  const c = constants;
  const counts = i32x4.sub(integer(1 << 24), v128.and(bits, integer(0xffffff)));
  const u = f.keep(f32x4.mul(f32x4.convertI32x4S(counts), number(2 ** -24)));
  // u = mantissa * 2^exponent with the mantissa in [1/2, 1); doubled where it is below sqrt(1/2).
  const mantissa = f.keep(v128.or(v128.and(u, integer(0x7fffff)), integer(0x3f000000)));
  const low = f.keep(f32x4.lt(mantissa, number(c.sqrtHalf)));
  const exponent = f32x4.convertI32x4S(i32x4.sub(i32x4.shrU(u, 23), integer(126)));
  const e = f.keep(f32x4.sub(exponent, v128.and(low, number(1))));
  const x = f.keep(f32x4.add(f32x4.sub(mantissa, number(1)), v128.and(low, mantissa)));
  const xx = f.keep(f32x4.mul(x, x));
  const cubic = f32x4.mul(polynomial(f, x, c.log), x);
  const tail = f32x4.relaxedMadd(cubic, xx, f32x4.mul(e, number(c.log2Rest)));
  const log1p = f32x4.add(x, f32x4.sub(tail, f32x4.mul(xx, number(0.5))));
  const log = f32x4.relaxedMadd(e, number(c.log2Short), log1p);
  return f.keep(f32x4.sqrt(f32x4.mul(log, number(-2))));
}

/** Cosine and sine of 2 pi k / 2^24 for the low 24 bits `k` of each lane. */
function circle(f: Func, bits: Vector): [cos: Vector, sin: Vector] {
  const c = constants;
  const u = f32x4.mul(f32x4.convertI32x4S(v128.and(bits, integer(0xffffff))), number(2 ** -24));
  const theta = f.keep(f32x4.mul(u, number(c.twoPi)));
  const eighths = i32x4.truncSatF32x4S(f32x4.mul(theta, number(c.fourOverPi)));
  const octant = f.keep(v128.and(i32x4.add(eighths, integer(1)), integer(~1)));
  const turns = f.keep(f32x4.convertI32x4S(octant));
  const y = c.minusQuarterPi.reduce<Vector>(
    (rest, part) => f.keep(f32x4.relaxedMadd(turns, number(part), rest)),
    theta,
  );
  const yy = f.keep(f32x4.mul(y, y));
  const cosTail = f32x4.mul(polynomial(f, yy, c.cos), yy);
  const half = f32x4.mul(yy, number(-0.5));
  const cos = f.keep(f32x4.add(f32x4.relaxedMadd(cosTail, yy, half), number(1)));
  const sin = f.keep(f32x4.relaxedMadd(f32x4.mul(polynomial(f, yy, c.sin), yy), y, y));
  // Odd quarter turns swap sine and cosine; the half turns set the signs.
  const swap = f.keep(i32x4.ne(v128.and(octant, integer(2)), integer(0)));
  const sign = (o: Vector) => i32x4.shl(v128.and(o, integer(4)), 29);
  return [
    v128.xor(v128.bitselect(sin, cos, swap), sign(i32x4.add(octant, integer(2)))),
    v128.xor(v128.bitselect(cos, sin, swap), sign(octant)),
  ];
}

/**
 * Defines `boxMuller(start, end, mean, std)`: transforms the words between two byte addresses in place, block by
 * block.
 */
export function emitBoxMuller(module: ModuleBuilder): void {
  module.func("boxMuller", ["i32", "i32", "f32", "f32"], "void", (f, start, end, mean, std) => {
    const means = f.keep(f32x4.splat(mean)), stds = f.keep(f32x4.splat(std));
    const at = f.local("i32");
    const scaled = (x: Vector) => f32x4.relaxedMadd(x, stds, means);
    f.for(at, start, end, 4 * blockSize, () => {
      for (const offset of [0, 16]) {
        const r = radius(f, f.keep(v128.load(at, offset)));
        const [cos, sin] = circle(f, f.keep(v128.load(at, offset + 32)));
        f.do(v128.store(at, scaled(f32x4.mul(r, cos)), offset));
        f.do(v128.store(at, scaled(f32x4.mul(r, sin)), offset + 32));
      }
    });
  });
}
