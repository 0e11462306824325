/**
 * Conversions between dtypes, by the rules of `writeElement` in dtype.ts: to integers as x86 truncates, and the low bits of that.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Expr } from "../wasm/expr.ts";
import type { ModuleBuilder } from "../wasm/assembler.ts";
import { f32x4, f64, f64x2, i32x4, i64, i64x2, i8x16, select, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";
import { roundBFloat16, roundFloat16 } from "./half.ts";
import { demote, lanes32, narrowParts, type Parts, promote, repOf, widenMask } from "./lanes.ts";

/** Converts lanes of `from` to `to`. */
export function castLanes(g: Gen, value: Parts, from: DType, to: DType): Parts {
  if (from === to) return value;
  const source = repOf(from);
  if (to === "bool") return [nonZero(g, value, from)];
  switch (repOf(to)) {
    case "f32":
      return [
        roundTo(g, source === "f64" && to === "float16" ? oddFloat32(g, value) : toF32(g, value, from), to),
      ];
    case "f64":
      return toF64(g, value, from);
    case "i64":
      return toI64(g, value, from);
    default:
      return [normalize(g, toI32(g, value, from, to), to)];
  }
}

/** Brings int32 lanes into the range of an integer dtype, wrapping. */
export function normalize(g: Gen, v: Vec, dtype: DType): Vec {
  switch (dtype) {
    case "uint8":
      return g.keep(v128.and(v, g.ic(0xff)));
    case "int8":
      return g.keep(i32x4.shrS(i32x4.shl(v, 24), 24));
    case "int16":
      return g.keep(i32x4.shrS(i32x4.shl(v, 16), 16));
    default:
      return v;
  }
}

/** Rounds float32 lanes to a dtype that is held in float32. */
export function roundTo(g: Gen, v: Vec, dtype: DType): Vec {
  return dtype === "float16" ? roundFloat16(g, v) : dtype === "bfloat16" ? roundBFloat16(g, v) : v;
}

function nonZero(g: Gen, value: Parts, from: DType): Vec {
  switch (repOf(from)) {
    case "mask":
      return value[0];
    case "i32":
      return g.keep(i32x4.ne(value[0], g.ic(0)));
    case "f32":
      return g.keep(f32x4.ne(value[0], g.fc(0)));
    case "i64":
      return narrowParts(g, value.map((v) => g.keep(i64x2.ne(v, g.lc(0n)))));
    case "f64":
      return narrowParts(g, value.map((v) => g.keep(f64x2.ne(v, g.dc(0)))));
  }
}

function toF32(g: Gen, value: Parts, from: DType): Vec {
  switch (repOf(from)) {
    case "f32":
      return value[0];
    case "f64":
      return demote(g, value);
    case "i32":
      return g.keep(f32x4.convertI32x4S(value[0]));
    case "mask":
      return g.keep(v128.and(value[0], g.fc(1)));
    case "i64":
      return demote(g, toF64(g, value, from));
  }
}

function toF64(g: Gen, value: Parts, from: DType): Parts {
  switch (repOf(from)) {
    case "f64":
      return value;
    case "f32":
      return promote(g, value[0]);
    case "mask":
      return widenMask(g, value[0]).map((m) => g.keep(v128.and(m, g.dc(1))));
    case "i32":
      return [
        g.keep(f64x2.convertLowI32x4S(value[0])),
        g.keep(f64x2.convertLowI32x4S(i8x16.shuffle(value[0], value[0], lanes32(2, 3, 2, 3)))),
      ];
    case "i64":
      return value.map((v) => {
        const low = f64x2.splat(f64.convertI64S(i64x2.extractLane(v, 0)));
        return g.keep(f64x2.replaceLane(low, 1, f64.convertI64S(i64x2.extractLane(v, 1))));
      });
  }
}

function toI64(g: Gen, value: Parts, from: DType): Parts {
  switch (repOf(from)) {
    case "i64":
      return value;
    case "mask": {
      const ones = g.keep(v128.and(value[0], g.ic(1)));
      return [g.keep(i64x2.extendLowI32x4S(ones)), g.keep(i64x2.extendHighI32x4S(ones))];
    }
    case "i32":
      return [g.keep(i64x2.extendLowI32x4S(value[0])), g.keep(i64x2.extendHighI32x4S(value[0]))];
    case "f32": {
      const v = value[0], low = g.f.local("v128"), high = g.f.local("v128");
      g.f.if(fitsInt32(g, v), () => {
        const whole = g.keep(i32x4.truncSatF32x4S(v));
        g.f.set(low, i64x2.extendLowI32x4S(whole));
        g.f.set(high, i64x2.extendHighI32x4S(whole));
      }, () => truncate(g, promote(g, v)).forEach((v, part) => g.f.set(part === 0 ? low : high, v)));
      return [low, high];
    }
    default:
      return truncate(g, value);
  }
}

function truncate(g: Gen, value: Parts): Parts {
  const scalar = g.helpers.get("truncateF64", truncateF64);
  return value.map((v) => {
    const low = i64x2.splat(scalar.call(f64x2.extractLane(v, 0)));
    return g.keep(i64x2.replaceLane(low, 1, scalar.call(f64x2.extractLane(v, 1))));
  });
}

/** Whether all lanes are within int32, where a vector instruction truncates them; beyond, it saturates. */
function fitsInt32(g: Gen, v: Vec): Expr<"i32"> {
  return i32x4.allTrue(f32x4.lt(f32x4.abs(v), g.fc(2 ** 31)));
}

function toI32(g: Gen, value: Parts, from: DType, to: DType): Vec {
  const rep = repOf(from), lowest = g.ic(-(2 ** 31));
  if (rep === "i32") return value[0];
  if (rep === "mask") return g.keep(v128.and(value[0], g.ic(1)));
  if (rep === "i64") return narrowParts(g, value);
  if (rep === "f32") {
    const [v] = value, fits = f32x4.lt(f32x4.abs(v), g.fc(2 ** 31));
    return g.keep(v128.bitselect(i32x4.truncSatF32x4S(v), lowest, fits));
  }
  // uint8 keeps the low bits of 64; from a float32, whose large values are multiples of 256, that is the same.
  if (to === "uint8") return narrowParts(g, toI64(g, value, from));
  const [low, high] = value.map((v) => g.keep(i32x4.truncSatF64x2SZero(v)));
  const whole = i8x16.shuffle(low, high, lanes32(0, 1, 4, 5));
  const fits = narrowParts(g, value.map((v) => g.keep(f64x2.lt(v, g.dc(2 ** 31)))));
  // Saturation gives the lowest for what is too small; NaN is not less than the bound.
  return g.keep(v128.bitselect(whole, lowest, fits));
}

/** Truncates a float64 to 64 bits; the lowest integer where it does not fit. */
function truncateF64(module: ModuleBuilder) {
  return module.func(null, ["f64"], "i64", (f, x) => {
    f.result(select(f64.lt(f64.abs(x), 2 ** 63), i64.truncSatF64S(x), i64.const(-(2n ** 63n))));
  });
}

/** float64 as a float32 that rounds to float16 as the float64 itself does: inexact values get an odd last bit. */
function oddFloat32(g: Gen, value: Parts): Vec {
  const near = demote(g, value);
  const back = promote(g, near);
  const [inexact, away] = [f64x2.ne, f64x2.gt].map((compare, kind) =>
    narrowParts(
      g,
      value.map((v, i) =>
        g.keep(kind === 0 ? compare(v, back[i]) : compare(f64x2.abs(back[i]), f64x2.abs(v)))
      ),
    )
  );
  // Towards zero first (one step of the bits down where rounding went away from zero), then the sticky bit.
  const truncated = i32x4.add(near, away);
  const odd = v128.or(truncated, v128.and(inexact, g.ic(1)));
  return g.keep(g.select(f32x4.ne(near, near), near, odd));
}

/** The scalar of each lane of 64-bit integers through `fn`. */
export function mapI64(g: Gen, args: readonly Parts[], fn: (...args: Expr<"i64">[]) => Expr<"i64">): Parts {
  return args[0].map((_, part) => {
    const lane = (i: number) => fn(...args.map((a) => i64x2.extractLane(a[part], i)));
    return g.keep(i64x2.replaceLane(i64x2.splat(lane(0)), 1, lane(1)));
  });
}

/** The scalar of each lane of 64-bit floats through `fn`. */
export function mapF64(g: Gen, args: readonly Parts[], fn: (...args: Expr<"f64">[]) => Expr<"f64">): Parts {
  return args[0].map((_, part) => {
    const lane = (i: number) => fn(...args.map((a) => f64x2.extractLane(a[part], i)));
    return g.keep(f64x2.replaceLane(f64x2.splat(lane(0)), 1, lane(1)));
  });
}

/** The scalar of each lane of 32-bit integers through `fn`. */
export function mapI32(g: Gen, args: readonly Parts[], fn: (...args: Expr<"i32">[]) => Expr<"i32">): Vec {
  const out = g.f.local("v128");
  for (let i = 0; i < 4; i++) {
    const scalar = fn(...args.map((a) => i32x4.extractLane(a[0], i)));
    g.f.set(out, i === 0 ? i32x4.splat(scalar) : i32x4.replaceLane(out, i, scalar));
  }
  return out;
}
