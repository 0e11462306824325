/**
 * float16 and bfloat16: their bits from and to float32, rounded to nearest even. Bits are held one value per 32-bit lane.
 *
 * @module
 */
import type { Expr } from "../wasm/expr.ts";
import { f32x4, i32x4, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";

/** The float32 that bfloat16 bits stand for. */
export function fromBFloat16Bits(bits: Expr<"v128">): Expr<"v128"> {
  return i32x4.shl(bits, 16);
}

/** The bfloat16 bits of float32 values. */
export function bfloat16Bits(g: Gen, x: Vec): Expr<"v128"> {
  const odd = v128.and(i32x4.shrU(x, 16), g.ic(1));
  const rounded = i32x4.shrU(i32x4.add(i32x4.add(x, g.ic(0x7fff)), odd), 16);
  const quiet = v128.or(i32x4.shrU(x, 16), g.ic(0x40));
  return g.select(f32x4.ne(x, x), quiet, rounded);
}

/** The float32 that float16 bits stand for. */
export function fromFloat16Bits(g: Gen, bits: Vec): Vec {
  // Shifted into float32's fields the exponent is 112 too small; multiplying by 2^112 mends it and normalises subnormals.
  const magnitude = g.keep(i32x4.shl(v128.and(bits, g.ic(0x7fff)), 13));
  const scaled = f32x4.mul(magnitude, g.fc(2 ** 112));
  const special = v128.and(i32x4.geU(magnitude, g.ic(0x7c00 << 13)), g.ic(0x7f800000));
  const sign = i32x4.shl(v128.and(bits, g.ic(0x8000)), 16);
  return g.keep(v128.or(v128.or(scaled, special), sign));
}

/** The float16 bits of float32 values. */
export function float16Bits(g: Gen, x: Vec): Vec {
  const a = g.keep(v128.and(x, g.ic(0x7fffffff)));
  // Normal: the exponent is rebased by 112, with the rounding carry running into it; above the largest it stops at infinity.
  const odd = v128.and(i32x4.shrU(a, 13), g.ic(1));
  const rebased = i32x4.add(i32x4.add(a, g.ic(0xfff - (112 << 23))), odd);
  const normal = i32x4.minS(i32x4.shrS(rebased, 13), g.ic(0x7c00));
  // Subnormal: next to 0.5 the last place of float32 is 2^-24, float16's smallest step.
  const small = i32x4.sub(f32x4.add(a, g.fc(0.5)), g.ic(0x3f000000));
  const finite = g.select(i32x4.ltS(a, g.ic(113 << 23)), small, normal);
  const bits = g.select(i32x4.gtS(a, g.ic(0x7f800000)), g.ic(0x7e00), finite);
  return g.keep(v128.or(bits, v128.and(i32x4.shrU(x, 16), g.ic(0x8000))));
}

/** Rounds float32 values to float16. */
export function roundFloat16(g: Gen, x: Vec): Vec {
  return fromFloat16Bits(g, float16Bits(g, x));
}

/** Rounds float32 values to bfloat16. */
export function roundBFloat16(g: Gen, x: Vec): Vec {
  return g.keep(fromBFloat16Bits(bfloat16Bits(g, x)));
}
