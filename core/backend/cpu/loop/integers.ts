/**
 * Integer functions that have no vector instruction, as WebAssembly functions of scalars, called for each lane.
 *
 * @module
 */
import type { Callable } from "../wasm/assembler.ts";
import { i32, i64, select } from "../wasm/opcodes.ts";
import type { Helpers } from "./gen.ts";

type BinaryI32 = Callable<readonly ["i32", "i32"], "i32">;
type BinaryI64 = Callable<readonly ["i64", "i64"], "i64">;

/** The quotient rounded towards minus infinity; 0 for division by zero, wrapping for the smallest integer by -1. */
export function floorDivide32(h: Helpers): BinaryI32 {
  return h.get("floorDivide32", (module) =>
    module.func(null, ["i32", "i32"], "i32", (f, a, b) => {
      const q = f.local("i32");
      // Division traps for these two.
      f.if(i32.leU(i32.add(b, 1), 1), () => f.set(q, i32.mul(a, b)), () => {
        f.set(q, i32.divS(a, b));
        const inexact = i32.ne(i32.mul(q, b), a);
        f.set(q, i32.sub(q, i32.and(inexact, i32.ltS(i32.xor(a, b), 0))));
      });
      f.result(q);
    }));
}

/** The remainder with the sign of the divisor; 0 for division by zero. */
export function remainder32(h: Helpers): BinaryI32 {
  return h.get("remainder32", (module) =>
    module.func(null, ["i32", "i32"], "i32", (f, a, b) => {
      const r = f.local("i32");
      f.if(b, () => {
        f.set(r, i32.remS(a, b));
        const opposite = i32.and(i32.ne(r, 0), i32.ltS(i32.xor(r, b), 0));
        f.set(r, i32.add(r, select(opposite, b, i32.const(0))));
      });
      f.result(r);
    }));
}

/** The remainder with the sign of the dividend; 0 for division by zero. */
export function fmod32(h: Helpers): BinaryI32 {
  return h.get("fmod32", (module) =>
    module.func(null, ["i32", "i32"], "i32", (f, a, b) => {
      const r = f.local("i32");
      f.if(b, () => f.set(r, i32.remS(a, b)));
      f.result(r);
    }));
}

/** As floorDivide32. */
export function floorDivide64(h: Helpers): BinaryI64 {
  return h.get("floorDivide64", (module) =>
    module.func(null, ["i64", "i64"], "i64", (f, a, b) => {
      const q = f.local("i64");
      f.if(i64.ltU(b, 1n), () =>
        f.set(q, 0n), () =>
        f.if(i64.eq(b, -1n), () =>
          f.set(q, i64.sub(0n, a)), () => {
          f.set(q, i64.divS(a, b));
          const inexact = i64.ne(i64.mul(q, b), a);
          const down = i32.and(inexact, i64.ltS(i64.xor(a, b), 0n));
          f.set(q, i64.sub(q, i64.extendI32U(down)));
        }));
      f.result(q);
    }));
}

/** As remainder32. */
export function remainder64(h: Helpers): BinaryI64 {
  return h.get("remainder64", (module) =>
    module.func(null, ["i64", "i64"], "i64", (f, a, b) => {
      const r = f.local("i64");
      f.if(i64.ne(b, 0n), () => {
        f.set(r, i64.remS(a, b));
        const opposite = i32.and(i64.ne(r, 0n), i64.ltS(i64.xor(r, b), 0n));
        f.set(r, i64.add(r, select(opposite, b, i64.const(0n))));
      });
      f.result(r);
    }));
}

/** As fmod32. */
export function fmod64(h: Helpers): BinaryI64 {
  return h.get("fmod64", (module) =>
    module.func(null, ["i64", "i64"], "i64", (f, a, b) => {
      const r = f.local("i64");
      f.if(i64.ne(b, 0n), () => f.set(r, i64.remS(a, b)));
      f.result(r);
    }));
}

/** a to the power of b by squaring, wrapping; a negative exponent gives 0 unless a is 1 or -1. */
export function pow64(h: Helpers): BinaryI64 {
  return h.get("pow64", (module) =>
    module.func(null, ["i64", "i64"], "i64", (f, a, b) => {
      const result = f.local("i64");
      f.if(i64.ltS(b, 0n), () => {
        f.if(i64.eq(a, 1n), () => f.set(result, 1n));
        f.if(
          i64.eq(a, -1n),
          () => f.set(result, i64.sub(1n, i64.shl(i64.and(b, 1n), 1n))),
        );
      }, () => {
        f.set(result, 1n);
        f.while(() => i64.ne(b, 0n), () => {
          f.if(i32.wrapI64(i64.and(b, 1n)), () => f.set(result, i64.mul(result, a)));
          f.set(a, i64.mul(a, a));
          f.set(b, i64.shrS(b, 1n));
        });
      });
      f.result(result);
    }));
}
