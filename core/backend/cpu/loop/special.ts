/**
 * Special functions that JavaScript's `Math` lacks, as WebAssembly functions of one float64: erf, erfc, erfinv, lgamma, digamma; and
 * what IEEE 754 says otherwise than JavaScript: pow. They go by the same series as the reference backend's.
 *
 * @module
 */
import { erfcSeries, erfSeries, lgammaSeries, psiSeries, stirlingSeries } from "../../../kernel/series.ts";
import type { Callable, Func, Local, ModuleBuilder } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32, f64, i32, i64, select } from "../wasm/opcodes.ts";
import type { Helpers } from "./gen.ts";

type Scalar = Local<"f64">;
type F64 = Expr<"f64">;
type Unary = Callable<readonly ["f64"], "f64">;

function horner(x: F64, coefficients: readonly number[]): F64 {
  return coefficients.slice(1).reduce<F64>(
    (sum, c) => f64.add(f64.mul(sum, x), c),
    f64.const(coefficients[0]),
  );
}

function negative(x: F64): Expr<"i32"> {
  return i64.ltS(i64.reinterpretF64(x), 0n);
}

function define(module: ModuleBuilder, body: (f: Func, x: Scalar) => void): Unary {
  return module.func(null, ["f64"], "f64", body);
}

/** Leaves `value` as the result when the condition holds. */
function returnIf(f: Func, condition: Expr<"i32">, value: () => F64): void {
  f.if(condition, () => {
    f.result(value());
    f.return();
  });
}

/** erfc for x >= 1/2. */
function erfcTail(h: Helpers): Unary {
  return h.get("erfcTail", (module) =>
    define(module, (f, x) => {
      returnIf(f, f64.gt(x, 28), () => f64.const(0));
      // exp(-x^2) with x split so that the square of the head is exact: rounding x^2 would cost a factor of x^2 in accuracy.
      const exp = h.math("exp");
      const head = f.keep(f64.promoteF32(f32.demoteF64(x)));
      const square = f64.neg(f64.mul(head, head));
      const rest = f64.mul(f64.sub(head, x), f64.add(head, x));
      const gauss = f.keep(f64.mul(exp.call(square), exp.call(rest)));
      const low = (0.5 - 3) / (0.5 + 3);
      const ratio = f64.div(f64.sub(x, 3), f64.add(x, 3));
      const t = f.keep(f64.sub(f64.mul(f64.sub(ratio, low), 2 / (1 - low)), 1));
      const twice = f.keep(f64.add(t, t));
      let a: F64 = f64.const(0), b: F64 = f64.const(0);
      for (const c of erfcSeries.slice(0, -1)) {
        [a, b] = [f.keep(f64.add(f64.sub(f64.mul(twice, a), b), c)), a];
      }
      const series = f64.add(f64.sub(f64.mul(t, a), b), erfcSeries[erfcSeries.length - 1]);
      f.result(f64.div(f64.mul(gauss, series), f64.add(x, 3)));
    }));
}

/** The error function. */
export function erf(h: Helpers): Unary {
  return h.get("erf", (module) =>
    define(module, (f, x) => {
      const a = f.keep(f64.abs(x));
      returnIf(f, i32.eqz(f64.gt(a, 1)), () => f64.mul(x, horner(f.keep(f64.mul(x, x)), erfSeries)));
      f.result(f64.copysign(f64.sub(1, erfcTail(h).call(a)), x));
    }));
}

/** 1 - erf(x). */
export function erfc(h: Helpers): Unary {
  return h.get("erfc", (module) =>
    define(module, (f, x) => {
      returnIf(f, i32.eqz(f64.lt(x, 0.5)), () => select(f64.eq(x, x), erfcTail(h).call(x), x));
      f.result(f64.sub(1, erf(h).call(x)));
    }));
}

/** The inverse of erf: a guess and Halley's method. */
export function erfinv(h: Helpers): Unary {
  return h.get("erfinv", (module) =>
    define(module, (f, y) => {
      const a = f.keep(f64.abs(y));
      returnIf(f, i32.eqz(f64.lt(a, 1)), () => select(f64.eq(a, 1), f64.mul(y, Infinity), f64.const(NaN)));
      const tail = f.keep(f64.sub(1, a));
      const x = f.local("f64"), i = f.local("i32");
      f.set(x, a);
      const central = f.keep(f64.lt(a, 0.5));
      const rootPi = Math.sqrt(Math.PI);
      const log = h.math("log");
      f.if(i32.eqz(central), () => {
        // Winitzki's guess.
        const w = f.keep(log.call(f64.mul(tail, f64.add(a, 1))));
        const half = f.keep(f64.add(f64.mul(w, 0.5), 2 / (Math.PI * 0.147)));
        const root = f64.sqrt(f64.sub(f64.mul(half, half), f64.div(w, 0.147)));
        f.set(x, f64.sqrt(f64.sub(root, half)));
      });
      f.if(f64.gt(a, 0.999), () =>
        // erfc(x) ~ exp(-x^2) / (x sqrt(pi)), solved for the x of the exponential.
        f.for(i, 0, 3, 1, () => {
          const value = f64.mul(f64.mul(tail, x), rootPi);
          f.set(x, f64.sqrt(f64.neg(log.call(value))));
        }));
      f.for(i, 0, 4, 1, () => {
        const error = f.local("f64");
        f.if(
          central,
          () => f.set(error, f64.sub(erf(h).call(x), a)),
          () => f.set(error, f64.sub(tail, erfc(h).call(x))),
        );
        const slope = f64.mul(h.math("exp").call(f64.mul(x, x)), rootPi / 2);
        const u = f.keep(f64.mul(error, slope));
        f.set(x, f64.sub(x, f64.div(u, f64.add(f64.mul(x, u), 1))));
      });
      f.result(f64.copysign(x, y));
    }));
}

/** x - nearest integer, and x is one. */
function fractionOf(f: Func, x: Scalar) {
  const fraction = f.keep(f64.sub(x, f64.floor(f64.add(x, 0.5))));
  return { fraction, integral: f64.eq(fraction, 0) };
}

/** The logarithm of |Gamma(x)|. */
export function lgamma(h: Helpers): Unary {
  const log = h.math("log"), log1p = h.math("log1p");
  // Of x from -1/2 on.
  const right = h.get("lgammaRight", (module) =>
    define(module, (f, x) => {
      returnIf(f, f64.eq(x, Infinity), () => x);
      f.if(i32.eqz(f64.lt(x, 12)), () => {
        const r = f.keep(f64.div(1, x));
        const series = f64.mul(horner(f.keep(f64.mul(r, r)), stirlingSeries), r);
        const main = f64.mul(f64.sub(x, 0.5), f64.sub(log.call(x), 1));
        f.result(f64.add(main, f64.add(series, (Math.log(2 * Math.PI) - 1) / 2)));
        f.return();
      });
      const about2 = (z: Scalar) => f64.mul(z, horner(z, lgammaSeries));
      returnIf(
        f,
        f64.lt(x, 0.5),
        () => f64.sub(f64.sub(about2(x), log1p.call(x)), log.call(f64.abs(x))),
      );
      f.if(f64.lt(x, 1.5), () => {
        const z = f.keep(f64.sub(x, 1));
        f.result(f64.sub(about2(z), log1p.call(z)));
        f.return();
      });
      const product = f.keep(f64.const(1)), z = f.keep<"f64">(x);
      f.while(() => f64.gt(z, 2.5), () => {
        f.set(z, f64.sub(z, 1));
        f.set(product, f64.mul(product, z));
      });
      f.set(z, f64.sub(z, 2));
      f.result(f64.add(log.call(product), about2(z)));
    }));
  return h.get("lgamma", (module) =>
    define(module, (f, x) => {
      returnIf(f, i32.eqz(f64.lt(x, -0.5)), () => select(f64.eq(x, 0), f64.const(Infinity), right.call(x)));
      returnIf(f, f64.eq(x, -Infinity), () => f64.const(Infinity));
      // |Gamma(x) Gamma(-x)| = pi / |x sin(pi x)|
      const { fraction, integral } = fractionOf(f, x);
      returnIf(f, integral, () => f64.const(Infinity));
      const sine = h.math("sin").call(f64.mul(fraction, Math.PI));
      const reflected = log.call(f64.div(Math.PI, f64.abs(f64.mul(x, sine))));
      f.result(f64.sub(reflected, right.call(f64.abs(x))));
    }));
}

/** The derivative of lgamma; -inf at 0, +inf at -0, NaN at the negative integers. */
export function digamma(h: Helpers): Unary {
  const positive = h.get("digammaPositive", (module) =>
    define(module, (f, start) => {
      returnIf(f, f64.eq(start, Infinity), () => start);
      const x = f.keep<"f64">(start), sum = f.local("f64");
      f.while(() => f64.lt(x, 12), () => {
        f.set(sum, f64.sub(sum, f64.div(1, x)));
        f.set(x, f64.add(x, 1));
      });
      const y = f.keep(f64.div(1, f64.mul(x, x)));
      const main = f64.sub(f64.add(sum, h.math("log").call(x)), f64.div(0.5, x));
      f.result(f64.sub(main, f64.mul(y, horner(y, psiSeries))));
    }));
  return h.get("digamma", (module) =>
    define(module, (f, x) => {
      returnIf(f, f64.eq(x, 0), () => f64.copysign(f64.const(Infinity), f64.neg(x)));
      returnIf(f, i32.eqz(f64.lt(x, 0)), () => positive.call(x));
      const { fraction, integral } = fractionOf(f, x);
      returnIf(f, i32.or(integral, f64.eq(x, -Infinity)), () => f64.const(NaN));
      // psi(x) = psi(1 - x) - pi / tan(pi x)
      const cotangent = f64.div(Math.PI, h.math("tan").call(f64.mul(fraction, Math.PI)));
      f.result(f64.sub(positive.call(f64.sub(1, x)), cotangent));
    }));
}

/** IEEE 754 pow, where JavaScript's gives NaN for 1 ** NaN and (+-1) ** (+-inf). */
export function pow(h: Helpers): Callable<readonly ["f64", "f64"], "f64"> {
  return h.get("pow", (module) =>
    module.func(null, ["f64", "f64"], "f64", (f, x, y) => {
      const one = i32.or(
        f64.eq(x, 1),
        i32.and(f64.eq(f64.abs(x), 1), f64.eq(f64.abs(y), Infinity)),
      );
      returnIf(f, one, () => f64.const(1));
      f.result(h.math2("pow").call(x, y));
    }));
}

/** The remainder of x / y with the sign of x, exact, as C's fmod and JavaScript's %. */
export function fmod(h: Helpers): Callable<readonly ["f64", "f64"], "f64"> {
  return h.get("fmod", (module) =>
    module.func(null, ["f64", "f64"], "f64", (f, x, y) => {
      const a = f.keep(f64.abs(x)), b = f.keep(f64.abs(y)), t = f.local("f64");
      const bad = i32.or(i32.eqz(f64.lt(a, Infinity)), i32.eqz(f64.gt(b, 0)));
      returnIf(f, bad, () => f64.const(NaN));
      returnIf(f, f64.lt(a, b), () => x);
      // Long division by b times powers of two; every step is exact.
      f.set(t, b);
      f.while(() => i32.eqz(f64.gt(t, f64.sub(a, t))), () => f.set(t, f64.add(t, t)));
      f.while(() => i32.eqz(f64.lt(a, b)), () => {
        f.while(() => f64.gt(t, a), () => f.set(t, f64.mul(t, 0.5)));
        f.set(a, f64.sub(a, t));
      });
      f.result(f64.copysign(a, x));
    }));
}

/** The next float64 after x in the direction of y. */
export function nextafter64(h: Helpers): Callable<readonly ["f64", "f64"], "f64"> {
  return h.get("nextafter", (module) =>
    module.func(null, ["f64", "f64"], "f64", (f, x, y) => {
      returnIf(f, i32.eqz(i32.and(f64.eq(x, x), f64.eq(y, y))), () => f64.const(NaN));
      returnIf(f, f64.eq(x, y), () => y);
      returnIf(f, f64.eq(x, 0), () => f64.copysign(f64.const(Number.MIN_VALUE), y));
      // Magnitude grows with the bit pattern, whatever the sign.
      const up = i32.eq(f64.gt(y, x), i32.eqz(negative(x)));
      const step = i64.sub(i64.shl(i64.extendI32U(up), 1n), 1n);
      f.result(f64.reinterpretI64(i64.add(i64.reinterpretF64(x), step)));
    }));
}

/** The remainder with the sign of the divisor, as Python's %. */
export function remainder(h: Helpers): Callable<readonly ["f64", "f64"], "f64"> {
  return h.get("remainder", (module) =>
    module.func(null, ["f64", "f64"], "f64", (f, x, y) => {
      const r = f.keep(fmod(h).call(x, y));
      const mend = i32.and(i32.eqz(f64.eq(r, 0)), i32.ne(f64.lt(r, 0), f64.lt(y, 0)));
      f.if(mend, () => f.set(r, f64.add(r, y)));
      f.result(r);
    }));
}

/** The floor of the exact quotient, as Python's //: 1 // 0.1 is 9, though 1 / 0.1 rounds to 10. */
export function floorDivide(h: Helpers): Callable<readonly ["f64", "f64"], "f64"> {
  return h.get("floorDivide", (module) =>
    module.func(null, ["f64", "f64"], "f64", (f, x, y) => {
      const quotient = f.keep(f64.div(x, y));
      returnIf(f, f64.eq(y, 0), () => quotient);
      const r = f.keep(fmod(h).call(x, y));
      const q = f.keep(f64.div(f64.sub(x, r), y));
      const mend = i32.and(i32.eqz(f64.eq(r, 0)), i32.ne(f64.lt(r, 0), f64.lt(y, 0)));
      f.if(mend, () => f.set(q, f64.sub(q, 1)));
      returnIf(f, f64.eq(q, 0), () => f64.copysign(f64.const(0), quotient));
      const floor = f.keep(f64.floor(q));
      f.result(select(f64.gt(f64.sub(q, floor), 0.5), f64.add(floor, 1), floor));
    }));
}
