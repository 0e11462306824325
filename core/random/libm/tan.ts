/**
 * The tangent, with the roundings of glibc 2.36 on a machine with fused multiply-adds: the method of IBM's accurate mathematical library without its
 * slow paths. Around angles at which tangent and cotangent are both almost exactly doubles, the addition theorem takes a short polynomial for the rest.
 *
 * @module
 */
import type { Callable, Func, ModuleBuilder } from "../../backend/cpu/wasm/assembler.ts";
import type { Expr } from "../../backend/cpu/wasm/expr.ts";
import { f64, i32, i64 } from "../../backend/cpu/wasm/opcodes.ts";
import { divide, fromDouble, sinCos, toDouble } from "./fixed_point.ts";
import { type Fma, horner } from "./fused.ts";

/**
 * The angles of the table: near 1/16, 17/256, 18/256 ..., and so many units in the last place from there. They were found by trial, so that their
 * tangents and cotangents are within a thousandth of such a unit from the nearest doubles; these are measured, not derived.
 */
// deno-fmt-ignore
const steps = [
  508665184, 454717456, 621142864, -52673966, -469793633, -305571569, 15631351, -351933887, -603646473,
  -477833301, -461167801, 658850019, -21025125, 592613445, -663574487, -13485180, 216502677, -297735912,
  213946877, 228144801, -312528504, 99641937, -29543522, -309818001, 46793997, -229433508, 326584722,
  -304231635, -199669344, -130755679, -40827158, 258251343, -284771368, 35414836, -208861354, 273611937,
  155286320, -350477332, -82371565, 179979454, 289221182, -190971698, 100012459, 343297259, 347925110,
  -42363459, 214127670, 30530099, 101454770, 59266194, 86989331, 45751029, -144293183, 53871344, -16967149,
  -149408163, -16769536, -29205910, 94290395, 905345, -65155797, -155134816, 112289683, 120950691,
  -63235889, 905896, -72075501, -82756620, -135231543, 143341588, -137012890, 146744464, 167413055,
  123297738, 51808218, -171388958, -132255183, -93243298, 38444075, 48980664, 88756945, -113639261,
  -69430847, -154003994, 49755375, 82770100, 69125994, 134499911, 33039195, -74682616, -79862815,
  -168534968, 84456268, 176451852, -158144040, 42004813, 1122769, -17407318, 159668248, -83586113,
  -44919265, -31254108, -95558250, -26043799, 165046274, -81717673, 171902602, 28160096, -10744575,
  -113418292, -99757681, -46489830, -62385152, -11306900, -18677321, 7222975, -43996605, 58155752,
  -14915295, -16313013, 50126244, 30282048, 80802645, 16452746, 40833203, -49710856, -40598517, -69591391,
  -57109197, 19631398, 83154607, -54494246, 70096441, 62794144, -89579758, -24622959, -24701653, -4085983,
  -9395342, 70707254, -54618559, -4794678, 76763116, 66441087, 86510297, 77527909, 3525814, 53765911,
  50341237, 89912193, 80613603, 23879905, -6918390, 7792363, 64040251, -51905907, 53589098, -65764210,
  -75705451, 904256, 49271548, -21493622, 15976966, -23149836, 64239974, -88705149, -55156855, -61470295,
  -61935738, 5085363, -65712011, 77120003, -14789066, 36099162, 38839722, 75692078, 33882174, -67529711,
  38331299, 21348695, 36057529, 73365544, -3766577, -41532218, -28411593, 70591775,
];

/** A quarter turn in three parts, the first two short, so that multiples of them are exact. */
const quarters = [1.5707963407039642, -1.3909067564377153e-8, -4.9789962505147994e-17];

/** Below this the angle is its own tangent, below this a polynomial serves, and above this the cotangent of what is missing to a quarter turn. */
const tiny = 1.2589993048095494e-8, small = 0.060799986124038696, large = 0.7869997024536133;

/** (tan x - x) / x^3 in powers of x^2, the highest first, for |x| < 0.061. */
// deno-fmt-ignore
const long = [
  0.008896546349534924, 0.021869380598167253, 0.05396825411095433, 0.1333333333332673, 1 / 3,
];
/** The same for |x| < 1/512. */
const short = [0.13333354920669913, 0.3333333333332254];

/** The angles of the table, their tangents and their cotangents, in turn. */
export function tanTable(): Float64Array<ArrayBuffer> {
  const table = new Float64Array(3 * steps.length), bits = new BigInt64Array(table.buffer);
  steps.forEach((offset, i) => {
    table[3 * i] = (16 + i) / 256;
    bits[3 * i] += BigInt(offset);
    const [sin, cos] = sinCos(fromDouble(table[3 * i]));
    table[3 * i + 1] = toDouble(divide(sin, cos));
    table[3 * i + 2] = toDouble(divide(cos, sin));
  });
  return table;
}

type Of2 = Callable<readonly ["f64", "f64"], "f64">;

/** (tan x - x) added to dx, for |x| < 0.061 and a dx far below it. */
function tail(f: Func, fma: Fma, x: Expr<"f64">, dx: Expr<"f64">): Expr<"f64"> {
  const xx = f.keep(f64.mul(x, x));
  return fma(f64.mul(x, xx), horner(fma, xx, long), dx);
}

/** An entry of the table, and the tangent of what is left of x + dx. */
function look(f: Func, fma: Fma, table: number, x: Expr<"f64">, dx: Expr<"f64">) {
  const index = i32.wrapI64(i64.truncSatF64S(fma(x, 256, -15.5)));
  const entry = f.keep(i32.mul(index, 24));
  const r = f.keep(f64.add(f64.sub(x, f64.load(entry, table)), dx));
  const rr = f.keep(f64.mul(r, r));
  const tan = f.keep(fma(f64.mul(r, rr), horner(fma, rr, short), r));
  const tanAt = f.keep(f64.load(entry, table + 8)), cotAt = f.keep(f64.load(entry, table + 16));
  return { tan, tanAt, cotAt, product: f64.mul(f64.add(tanAt, cotAt), tan) };
}

/** Defines the cotangent of x + dx for |x| < 0.8 and a dx far below it. */
function emitCot(module: ModuleBuilder, fma: Fma, table: number): Of2 {
  return module.func(null, ["f64", "f64"], "f64", (f, x, dx) => {
    f.if(f64.lt(small, f64.abs(x)), () => {
      const d = f.keep(f64.mul(dx, f64.copysign(f64.const(1), x)));
      const { tan, tanAt, cotAt, product } = look(f, fma, table, f.keep(f64.abs(x)), d);
      f.result(f64.copysign(f64.sub(cotAt, f64.div(product, f64.add(tan, tanAt))), x));
      f.return();
    });
    // 1 / (high + low), where high + low is x + more: the quotient of two doubles that are sums of two.
    const more = f.keep(tail(f, fma, x, dx));
    const high = f.keep(f64.add(x, more));
    const low = f64.add(f64.sub(x, high), more);
    const inverse = f.keep(f64.div(1, high));
    const product = f.keep(f64.mul(inverse, high));
    const lost = fma(inverse, high, f64.neg(product));
    const rest = f64.sub(f64.sub(f64.const(1), product), lost);
    const correction = f.keep(f64.div(fma(f64.neg(low), inverse, rest), high));
    const sum = f.keep(f64.add(inverse, correction));
    f.result(f64.add(f64.add(f64.sub(inverse, sum), correction), sum));
  });
}

/** Defines `tan(x)` for |x| <= pi / 2; the table lies at address `table`. */
export function emitTan(module: ModuleBuilder, fma: Fma, table: number): void {
  const cot = emitCot(module, fma, table);
  module.func("tan", ["f64"], "f64", (f, x) => {
    const angle = f.keep(f64.abs(x)), value = f.local("f64");
    f.if(f64.lt(large, angle), () => {
      const y = f.keep(f64.sub(f64.sub(angle, quarters[0]), quarters[1]));
      const near = f.keep(f64.sub(y, quarters[2]));
      f.set(value, f64.neg(cot.call(near, f64.sub(f64.sub(y, near), quarters[2]))));
    }, () => {
      f.if(f64.lt(small, angle), () => {
        const { tan, tanAt, cotAt, product } = look(f, fma, table, angle, f64.const(0));
        f.set(value, f64.add(f64.div(product, f64.sub(cotAt, tan)), tanAt));
      }, () => {
        f.set(value, angle);
        f.if(f64.lt(tiny, angle), () => f.set(value, tail(f, fma, angle, angle)));
      });
    });
    f.result(f64.copysign(value, x));
  });
}
