/**
 * The logarithm, with the roundings of glibc 2.36 on a machine with fused multiply-adds: the algorithm of Arm's optimized routines (MIT licence).
 * log x = k log 2 - log w + log(1 + r), where x = 2^k z, w is an entry of a table near 1 / z, and r = z w - 1 comes out of one fused step;
 * near 1 it is a longer polynomial of x - 1.
 *
 * @module
 */
import type { ModuleBuilder } from "../../backend/cpu/wasm/assembler.ts";
import { f64, i32, i64 } from "../../backend/cpu/wasm/opcodes.ts";
import type { Fma } from "./fused.ts";

/** The bits of 0.6875: z lies from there to twice that. */
const first = 0x3fe6000000000000n;

/**
 * For each of 128 equal steps of the bits of z the number w, in units in the last place from the inverse of the middle of the step.
 * Among the 2^30 numbers around it whose inverse is almost two short doubles, w is the one whose logarithm is closest to a whole multiple of 2^-43:
 * such a one can be added to k log 2 without rounding. tests/fixtures/libm_constants.py finds them, and the polynomials.
 */
// deno-fmt-ignore
const steps = [
  -23142382, -57643754, -234334839, -124664804, 19045012, -123323398, -501163255, 342479926, -234593306,
  57421184, 513617488, -240891478, 85169741, 28659150, 284053799, 342563057, -68420459, -346144712,
  -90113766, -464022980, 285342708, -489548825, 376054848, 47397812, -423637851, -260988534, 336107021,
  448241578, 154177355, 447893384, 241227555, -420636714, -218426730, -96876684, -205835218, -368178198,
  -345128710, -510284502, 481763731, 209336112, 429336310, 15489329, 442353177, -417834330, 73183371,
  515232680, 507984536, 83787275, 330409952, 151596684, 377744204, 198302857, 214798271, -345957716,
  356163107, 215510022, -229897960, -131709726, 215213618, -464519207, -332821996, 385780520, -400344786,
  256208139, 478356527, 345720337, 128466877, 217515751, -162048343, 295127580, -235892775, -69369347,
  93666841, -272860130, 91915174, 29018059, 258893229, 386009280, -241633007, 68399381, 386341370,
  408940642, 65060217, -120872168, 189498853, -32395328, -49955913, 154042178, -346113480, 148348366,
  -396488327, -427431396, 107119491, -500798201, 212184347, 305888811, -330297730, -91422864, 6707636,
  273897542, -512931067, -500150233, 485589437, -280752730, 106848032, 30953893, -291342514, -408884927,
  149302919, -107851081, 225432558, 460497078, -452391632, -490679353, 508304210, 493208081, 336502878,
  526975298, -457361038, -312310462, -365194252, -421357131, 362015322, 310793228, -441535439, -69145545,
  -528727990, 433364383,
];

/** log 2 as a whole multiple of 2^-43, and the rest. */
const log2High = 0x162e42fefa38 * 2 ** -45, log2Low = 5.497923018708371e-14;

/** (log(1 + r) - r) / r^2 for |r| < 2^-8, the lowest power first: least in absolute error. */
// deno-fmt-ignore
const short = [
  -0.5000000000000001, 0.33333333331825593, -0.2499999999622955, 0.20000304511814496, -0.16667054827627667,
];

/** The same for -1/16 < r < 1.035/16: least in relative error. */
// deno-fmt-ignore
const long = [
  -0.5, 0.3333333333333352, -0.24999999999998432, 0.19999999999320328, -0.16666666669929706, 0.14285715076560868,
  -0.12499997863982555, 0.11110712032936046, -0.10000486757818193, 0.09181994006195467, -0.08328363062289341,
];
/** The bits between which x is near 1. */
const nearLow = 0x3fee000000000000n, nearHigh = 0x3ff1090000000000n;

/** w and -log w for each step, in turn. */
export function logTable(): Float64Array<ArrayBuffer> {
  const table = new Float64Array(2 * steps.length), bits = new BigInt64Array(table.buffer);
  steps.forEach((offset, i) => {
    bits[2 * i] = first + (BigInt(2 * i + 1) << 44n);
    table[2 * i] = 1 / table[2 * i];
    bits[2 * i] += BigInt(offset);
    table[2 * i + 1] = Math.round(-Math.log(table[2 * i]) * 2 ** 43) * 2 ** -43;
  });
  return table;
}

/** Defines `log(x)` for positive normal x; the table lies at address `table`. */
export function emitLog(module: ModuleBuilder, fma: Fma, table: number): void {
  module.func("log", ["f64"], "f64", (f, x) => {
    const bits = f.keep(i64.reinterpretF64(x));
    f.if(i32.and(i64.geS(bits, nearLow), i64.ltS(bits, nearHigh)), () => {
      const r = f.keep(f64.sub(x, 1));
      const r2 = f.keep(f64.mul(r, r));
      const r3 = f.keep(f64.mul(r, r2));
      const [half, ...c] = long;
      const part = (at: number) => fma(r2, c[at + 2], fma(r, c[at + 1], c[at]));
      const top = fma(r3, c[9], part(6));
      const y = f.keep(fma(fma(top, r3, part(3)), r3, part(0)));
      // r - r^2 / 2 as a sum of two: the square of the upper half of r is exact.
      const high = f.keep(fma(-(2 ** 27), r, f.keep(fma(r, 2 ** 27, r))));
      const square = f.keep(f64.mul(high, high));
      const sum = f.keep(fma(square, half, r));
      const rest = fma(square, half, f64.sub(r, sum));
      const mixed = fma(f64.mul(half, f64.sub(r, high)), f64.add(r, high), rest);
      f.result(f64.add(sum, fma(y, r3, mixed)));
      f.return();
    });
    const above = f.keep(i64.sub(bits, first));
    const entry = f.keep(i32.shl(i32.and(i32.wrapI64(i64.shrU(above, 45n)), 127), 4));
    const k = f.keep(f64.convertI64S(i64.shrS(above, 52n)));
    const z = f64.reinterpretI64(i64.sub(bits, i64.and(above, -(1n << 52n))));
    const r = f.keep(fma(z, f64.load(entry, table), -1));
    const whole = f.keep(fma(k, log2High, f64.load(entry, table + 8)));
    const high = f.keep(f64.add(whole, r));
    const low = fma(k, log2Low, f64.add(f64.sub(whole, high), r));
    const r2 = f.keep(f64.mul(r, r));
    const y = f.keep(fma(fma(r, short[4], short[3]), r2, fma(r, short[2], short[1])));
    f.result(f64.add(fma(f64.mul(r, r2), y, fma(r2, short[0], low)), high));
  });
}
