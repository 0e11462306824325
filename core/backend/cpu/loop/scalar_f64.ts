/**
 * WebAssembly functions of two float64 that are computed lane by lane: powers, remainders and neighbours.
 *
 * @module
 */
import type { Callable, Func } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f64, i32, i64, select } from "../wasm/opcodes.ts";
import type { Helpers } from "./gen.ts";

type F64 = Expr<"f64">;

function negative(x: F64): Expr<"i32"> {
  return i64.ltS(i64.reinterpretF64(x), 0n);
}

/** Leaves `value` as the result when the condition holds. */
function returnIf(f: Func, condition: Expr<"i32">, value: () => F64): void {
  f.if(condition, () => {
    f.result(value());
    f.return();
  });
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
