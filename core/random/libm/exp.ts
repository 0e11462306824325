/**
 * The exponential function, with the roundings of glibc 2.36 on a machine with fused multiply-adds: the algorithm of Arm's optimized routines (MIT
 * licence). e^x = 2^(k / 128) (1 + p(r)) where x = k log 2 / 128 + r; the root of two comes from a table.
 *
 * @module
 */
import type { ModuleBuilder } from "../../backend/cpu/wasm/assembler.ts";
import { f64, i32, i64 } from "../../backend/cpu/wasm/opcodes.ts";
import { divide, fromDouble, multiply, one, root128OfTwo, toDouble } from "./fixed_point.ts";
import type { Fma } from "./fused.ts";

const count = 128;
/** 128 / log 2, and -log 2 / 128 in two parts, of which the first has so few digits that its product with k is exact. */
const perLog2 = 184.6649652337873, log2High = -0.005415212348111709, log2Low = -1.2864023111638346e-14;
/** (e^r - 1 - r) / r^2, the lowest power first: least in absolute error of e^r. tests/fixtures/libm_constants.py finds them. */
const polynomial = [0.49999999999996786, 0.16666666666665886, 0.0416666808410674, 0.008333335853059549];
/** 1.5 * 2^52: added to a number, it leaves the nearest integer in the low bits. */
const magic = 1.5 * 2 ** 52;

/** For i from 0 to 127: what 2^(i / 128) exceeds the nearest double by, relative to it; and the bits of that double less i 2^45. */
export function expTable(): Float64Array<ArrayBuffer> {
  const table = new Float64Array(2 * count), bits = new BigInt64Array(table.buffer);
  const root = root128OfTwo();
  for (let i = 0, power = one; i < count; i++, power = multiply(power, root)) {
    const nearest = toDouble(power);
    const exact = fromDouble(nearest);
    table[2 * i] = toDouble(divide(power - exact, exact));
    table[2 * i + 1] = nearest;
    bits[2 * i + 1] -= BigInt(i) << 45n;
  }
  return table;
}

/** Defines `exp(x)` for 2^-54 <= |x| < 1024; the table lies at address `table`. */
export function emitExp(module: ModuleBuilder, fma: Fma, table: number): void {
  module.func("exp", ["f64"], "f64", (f, x) => {
    const shifted = f.keep(fma(x, perLog2, magic));
    const k = f.keep(f64.sub(shifted, magic));
    const r = f.keep(fma(k, log2Low, f.keep(fma(k, log2High, x))));
    const bits = f.keep(i64.reinterpretF64(shifted));
    const entry = f.keep(i32.shl(i32.and(i32.wrapI64(bits), count - 1), 4));
    const scale = f.keep(i64.add(i64.load(entry, table + 8), i64.shl(bits, 45n)));
    const r2 = f.keep(f64.mul(r, r));
    const [c2, c3, c4, c5] = polynomial;
    const low = fma(fma(r, c3, c2), r2, f64.add(f64.load(entry, table), r));
    const y = f.keep(fma(f64.mul(r2, r2), fma(r, c5, c4), low));
    const scaled = (by: bigint) => f64.reinterpretI64(i64.add(scale, by << 52n));
    f.if(f64.lt(f64.abs(x), 512), () => {
      f.result(fma(scaled(0n), y, scaled(0n)));
      f.return();
    });
    // The scale itself may be no double.
    f.if(f64.gt(x, 0), () => {
      f.result(f64.mul(fma(scaled(-1009n), y, scaled(-1009n)), 2 ** 1009));
      f.return();
    });
    const big = f.keep(scaled(1022n));
    const rest = f.keep(f64.mul(big, y));
    const value = f.keep(f64.add(big, rest));
    f.if(f64.lt(value, 1), () => {
      // A subnormal result: rounded here, where its last bit would be that of 1.
      const low = f.keep(f64.add(f64.sub(big, value), rest));
      const high = f.keep(f64.add(value, 1));
      const left = f64.add(f64.add(f64.sub(f64.const(1), high), value), low);
      f.set(value, f64.sub(f64.add(left, high), 1));
    });
    f.result(f64.mul(value, 2 ** -1022));
  });
}
