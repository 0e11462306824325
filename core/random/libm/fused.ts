/**
 * The fused multiply-add in WebAssembly scalars. WebAssembly has it in relaxed SIMD alone, and there it need not be fused;
 * where it is not, a function stands in that gives the same bits from plain arithmetic.
 *
 * @module
 */
import type { Func, Local, ModuleBuilder } from "../../backend/cpu/wasm/assembler.ts";
import { type Expr, type Operand, toExpr } from "../../backend/cpu/wasm/expr.ts";
import { f64, f64x2, i32, i64, select } from "../../backend/cpu/wasm/opcodes.ts";

/** A float64 expression or literal. */
export type Double = Operand<"f64">;

/** `a * b + c`, rounded once. */
export type Fma = (a: Double, b: Double, c: Double) => Expr<"f64">;

/** The machine's own, if `isFused` says so. */
export const machineFma: Fma = (a, b, c) =>
  f64x2.extractLane(f64x2.relaxedMadd(f64x2.splat(a), f64x2.splat(b), f64x2.splat(c)), 0);

/** Whether `fma` rounds once: 1 - 2^-60 rounds to 1. */
export function isFused(fma: (a: number, b: number, c: number) => number): boolean {
  return fma(1 + 2 ** -30, 1 - 2 ** -30, -1) === -(2 ** -60);
}

/** Dekker's split: the upper 26 bits of `a`, and the rest. */
function split(f: Func, a: Expr<"f64">): [high: Local<"f64">, low: Local<"f64">] {
  const t = f.keep(f64.mul(a, 2 ** 27 + 1));
  const high = f.keep(f64.sub(t, f64.sub(t, a)));
  return [high, f.keep(f64.sub(a, high))];
}

/** Knuth's sum: a + b = sum + rest exactly. */
function twoSum(f: Func, a: Expr<"f64">, b: Expr<"f64">): [sum: Local<"f64">, rest: Local<"f64">] {
  const sum = f.keep(f64.add(a, b));
  const t = f.keep(f64.sub(sum, a));
  return [sum, f.keep(f64.add(f64.sub(a, f64.sub(sum, t)), f64.sub(b, t)))];
}

/**
 * Defines the one made of plain arithmetic. Exact while no bit of `a * b` lies below 2^-1074 and all numbers are below 2^990, which holds for
 * the magnitudes that random numbers have; above that it rounds twice.
 */
export function emitFma(module: ModuleBuilder): Fma {
  const defined = module.func(null, ["f64", "f64", "f64"], "f64", (f, a, b, c) => {
    const product = f.keep(f64.mul(a, b));
    const small = (x: Expr<"f64">) => f64.lt(f64.abs(x), 2 ** 990);
    f.if(i32.eqz(i32.and(i32.and(small(a), small(b)), i32.and(small(product), small(c)))), () => {
      f.result(f64.add(product, c));
      f.return();
    });
    // a b = product + lost and product + c = sum + rest, exactly.
    const [ah, al] = split(f, a), [bh, bl] = split(f, b);
    const lost = f.keep(
      f64.sub(
        f64.mul(al, bl),
        f64.sub(f64.sub(f64.sub(product, f64.mul(ah, bh)), f64.mul(al, bh)), f64.mul(ah, bl)),
      ),
    );
    const [sum, rest] = twoSum(f, product, c);
    // Adding the two small parts to the sum in one more rounding would round twice. Rounding their own sum to odd first makes the final
    // addition see on which side of a tie it is.
    const [tail, left] = twoSum(f, lost, rest);
    const bits = f.keep(i64.reinterpretF64(tail));
    const isEven = i64.eqz(i64.and(bits, 1n));
    const outward = i32.eq(f64.gt(left, 0), f64.gt(tail, 0));
    const step = select(outward, i64.const(1n), i64.const(-1n));
    const rounds = i32.and(isEven, i32.eqz(f64.eq(left, 0)));
    const odd = f64.reinterpretI64(i64.add(bits, select(rounds, step, i64.const(0n))));
    f.result(f64.add(sum, odd));
  });
  return (a, b, c) => defined.call(a, b, c);
}

/** The polynomial of `coefficients`, the highest power first, by Horner's scheme in fused steps. */
export function horner(fma: Fma, x: Local<"f64">, coefficients: readonly number[]): Expr<"f64"> {
  return coefficients.slice(1).reduce<Expr<"f64">>(
    (sum, c) => fma(sum, x, c),
    toExpr("f64", coefficients[0]),
  );
}
