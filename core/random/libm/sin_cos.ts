/**
 * Sine and cosine, with the roundings of glibc 2.36 on a machine with fused multiply-adds: the method of IBM's accurate mathematical library without
 * its slow paths. The angle is brought near 0 by quarter turns, as a sum of two doubles; then the addition theorems join a table of every 128th of
 * the angle with short polynomials for the rest.
 *
 * @module
 */
import type { Callable, ModuleBuilder } from "../../backend/cpu/wasm/assembler.ts";
import type { Expr } from "../../backend/cpu/wasm/expr.ts";
import { f64, i32, i64 } from "../../backend/cpu/wasm/opcodes.ts";
import { fromDouble, one, sinCos, toDouble } from "./fixed_point.ts";
import { type Fma, horner } from "./fused.ts";

/** Entries of the table: up to more than 0.855, where the first branches below end. */
const count = 110;
/** Added to a number, these leave the nearest integer, and the nearest multiple of 1/128, in the low bits. */
const magic = 1.5 * 2 ** 52, magic128 = magic / 128;

/** A quarter turn: the nearest double and the rest; and in four parts, the first three short, so that multiples of them are exact. */
const quarter = Math.PI / 2, quarterRest = 6.123233995736766e-17;
const quarters = [1.5707963407039642, -1.3909067564377153e-8, -4.97899623147991e-17, -1.9034889620193266e-25];
const perQuarter = 2 / Math.PI;

/** (sin x - x) / x^3 in powers of x^2, the highest first, for |x| < 0.126. These and the next are measured, not derived. */
// deno-fmt-ignore
const sinLong = [
  -2.5022014848318398e-8, 2.755729806860771e-6, -0.00019841269834414642, 0.008333333333332329, -1 / 6,
];
/** The same, and (1 - cos x) / x^2, for |x| < 1/256. */
const sinShort = [0.008333332142857223, -0.16666666666666488];
const cosShort = [0.001388888740079376, -0.04166666666666644, 0.5];

/** sin(i / 128) and cos(i / 128), each as the nearest double and what is left. */
export function sinCosTable(): Float64Array<ArrayBuffer> {
  const table = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    sinCos((BigInt(i) * one) / 128n).forEach((exact, j) => {
      const nearest = toDouble(exact);
      table.set([nearest, toDouble(exact - fromDouble(nearest))], 4 * i + 2 * j);
    });
  }
  return table;
}

type Of2 = Callable<readonly ["f64", "f64"], "f64">;

/** Defines the sine and the cosine of x + dx for |x| < 0.86 and a dx far below it. */
function emitNear(module: ModuleBuilder, fma: Fma, table: number): { sinNear: Of2; cosNear: Of2 } {
  const sinNear = module.func(null, ["f64", "f64"], "f64", (f, x, dx) => {
    f.if(f64.lt(f64.abs(x), 0.126), () => {
      const xx = f.keep(f64.mul(x, x));
      const series = fma(horner(fma, xx, sinLong), x, f64.mul(dx, -0.5));
      f.result(f64.add(x, fma(series, xx, dx)));
      f.return();
    });
    const angle = f.keep(f64.abs(x)), d = f.keep(f64.mul(dx, f64.copysign(f64.const(1), x)));
    const shifted = f.keep(f64.add(angle, magic128));
    const entry = f.keep(i32.shl(i32.wrapI64(i64.reinterpretF64(shifted)), 5));
    const r = f.keep(f64.sub(angle, f64.sub(shifted, magic128)));
    const rr = f.keep(f64.mul(r, r));
    const s = f.keep(f64.add(r, fma(f64.mul(r, rr), horner(fma, rr, sinShort), d)));
    const c = f.keep(fma(r, d, f64.mul(rr, horner(fma, rr, cosShort))));
    const [sin, sinRest, cos, cosRest] = [0, 8, 16, 24].map((at) => f.keep(f64.load(entry, table + at)));
    const rest = fma(f64.neg(c), sin, fma(s, cosRest, sinRest));
    f.result(f64.copysign(f64.add(sin, fma(s, cos, rest)), x));
  });
  const cosNear = module.func(null, ["f64", "f64"], "f64", (f, x, dx) => {
    const angle = f.keep(f64.abs(x)), d = f64.mul(dx, f64.copysign(f64.const(1), x));
    const shifted = f.keep(f64.add(angle, magic128));
    const entry = f.keep(i32.shl(i32.wrapI64(i64.reinterpretF64(shifted)), 5));
    const r = f.keep(f64.add(f64.sub(angle, f64.sub(shifted, magic128)), d));
    const rr = f.keep(f64.mul(r, r));
    const s = f.keep(f64.neg(fma(f64.mul(r, rr), horner(fma, rr, sinShort), r)));
    const c = f64.mul(rr, horner(fma, rr, cosShort));
    const [sin, sinRest, cos, cosRest] = [0, 8, 16, 24].map((at) => f.keep(f64.load(entry, table + at)));
    const rest = fma(f64.neg(c), cos, fma(s, sinRest, cosRest));
    f.result(f64.add(cos, fma(s, sin, rest)));
  });
  return { sinNear, cosNear };
}

/** Defines `sin(x)` and `cos(x)` for |x| < 10^8; the table lies at address `table`. */
export function emitSinCos(module: ModuleBuilder, fma: Fma, table: number): void {
  const { sinNear, cosNear } = emitNear(module, fma, table);
  for (const name of ["sin", "cos"] as const) {
    module.func(name, ["f64"], "f64", (f, x) => {
      const isSin = name === "sin", angle = f.keep(f64.abs(x));
      const below = (limit: number, value: () => Expr<"f64">) =>
        f.if(f64.lt(angle, limit), () => {
          f.result(value());
          f.return();
        });
      below(isSin ? 2 ** -26 : 2 ** -27, () => isSin ? x : f64.const(1));
      below(0.85546875, () => (isSin ? sinNear : cosNear).call(x, 0));
      below(2 + 0x368fd * 2 ** -19, () => {
        const y = f.keep(f64.sub(quarter, angle));
        if (isSin) return f64.copysign(cosNear.call(y, quarterRest), x);
        const near = f.keep(f64.add(y, quarterRest));
        return sinNear.call(near, f64.add(f64.sub(y, near), quarterRest));
      });
      const shifted = f.keep(fma(x, perQuarter, magic));
      const turns = f.keep(f64.sub(shifted, magic));
      const y = f.keep(fma(turns, -quarters[1], fma(turns, -quarters[0], x)));
      const high = f.keep(fma(turns, -quarters[2], y));
      const near = f.keep(fma(turns, -quarters[3], high));
      const rest = f.keep(
        f64.add(
          fma(turns, -quarters[2], f64.sub(y, high)),
          fma(turns, -quarters[3], f64.sub(high, near)),
        ),
      );
      const n = f.keep(i32.add(i32.wrapI64(i64.reinterpretF64(shifted)), isSin ? 0 : 1));
      const value = f.local("f64");
      f.if(
        i32.and(n, 1),
        () => f.set(value, cosNear.call(near, rest)),
        () => f.set(value, sinNear.call(near, rest)),
      );
      f.if(i32.and(n, 2), () => f.set(value, f64.neg(value)));
      f.result(value);
    });
  }
}
