/**
 * The Mersenne Twister of mt19937.ts for WebAssembly SIMD, four words at a time. The module around it is simd.ts.
 *
 * @module
 */
import type { ModuleBuilder } from "../backend/cpu/wasm/assembler.ts";
import type { Expr } from "../backend/cpu/wasm/expr.ts";
import { i32, i32x4, v128 } from "../backend/cpu/wasm/opcodes.ts";
import { offsetM as M, wordCount as N } from "./mt19937.ts";

type Vector = Expr<"v128">;
const integer = (value: number): Vector => i32x4.constSplat(value);

/**
 * Defines `renew()`: replaces the words at address `state` by the next ones. Needs room for one word after them; the address
 * must be large enough for 227 words before, because offsets of loads cannot be negative.
 */
export function emitRenew(module: ModuleBuilder, state: number): void {
  module.func("renew", [], "void", (f) => {
    const at = f.local("i32");
    const four = (other: number) => {
      const current = v128.load(at, state), next = f.keep(v128.load(at, state + 4));
      const mixed = v128.or(
        v128.and(current, integer(0x80000000)),
        v128.and(next, integer(0x7fffffff)),
      );
      const odd = i32x4.neg(v128.and(next, integer(1)));
      const twisted = v128.xor(i32x4.shrU(mixed, 1), v128.and(odd, integer(0x9908b0df)));
      f.do(v128.store(at, v128.xor(v128.load(at, state + 4 * other), twisted), state));
    };
    f.set(at, 0);
    four(M);
    // The first new word stands after the last old one, where words N - 1 and N - M look for it.
    f.do(i32.store(i32.const(state + 4 * N), i32.load(i32.const(state))));
    f.for(at, 16, 4 * (N - M + 1), 16, () => four(M));
    f.for(at, 4 * (N - M + 1), 4 * N, 16, () => four(M - N));
  });
}

/**
 * Defines `temper(from, to, end)`: writes the draws made of the words from address `from` on to the addresses from `to` up
 * to `end`, and up to three more.
 */
export function emitTemper(module: ModuleBuilder): void {
  module.func("temper", ["i32", "i32", "i32"], "void", (f, from, to, end) => {
    const at = f.local("i32");
    f.for(at, to, end, 16, () => {
      const y = f.keep(v128.load(from));
      f.set(y, v128.xor(y, i32x4.shrU(y, 11)));
      f.set(y, v128.xor(y, v128.and(i32x4.shl(y, 7), integer(0x9d2c5680))));
      f.set(y, v128.xor(y, v128.and(i32x4.shl(y, 15), integer(0xefc60000))));
      f.do(v128.store(at, v128.xor(y, i32x4.shrU(y, 18))));
      f.increase(from, 16);
    });
  });
}
