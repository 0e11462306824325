/**
 * The scalar functions of the IR on integer lanes and on masks.
 *
 * @module
 */
import { bytesOf, type DType } from "../../../dtype.ts";
import type { BinaryFn } from "../../../kernel/scalar.ts";
import { i32, i32x4, i64, i64x2, select, v128 } from "../wasm/opcodes.ts";
import { mapI32, mapI64, normalize } from "./cast.ts";
import { type BinaryTable, plain, plain2, type UnaryTable } from "./float_fns.ts";
import type { Gen } from "./gen.ts";
import * as integers from "./integers.ts";
import { narrowParts, type Parts } from "./lanes.ts";

/** On int32 lanes; the result is still to be brought into the range of its dtype. */
export const i32Unary: UnaryTable = {
  neg: plain(i32x4.neg),
  abs: plain(i32x4.abs),
  sign: (g, x) => i32x4.sub(i32x4.ltS(x, g.ic(0)), i32x4.gtS(x, g.ic(0))),
  not: plain(v128.not),
};

/** On int32 lanes. */
export const i32Binary: BinaryTable = {
  add: plain2(i32x4.add),
  sub: plain2(i32x4.sub),
  mul: plain2(i32x4.mul),
  max: plain2(i32x4.maxS),
  min: plain2(i32x4.minS),
  and: plain2(v128.and),
  or: plain2(v128.or),
  xor: plain2(v128.xor),
  eq: plain2(i32x4.eq),
  ne: plain2(i32x4.ne),
  lt: plain2(i32x4.ltS),
  le: plain2(i32x4.leS),
  gt: plain2(i32x4.gtS),
  ge: plain2(i32x4.geS),
};

/** On int64 lanes. */
export const i64Unary: UnaryTable = {
  neg: plain(i64x2.neg),
  abs: plain(i64x2.abs),
  sign: (g, x) => i64x2.sub(i64x2.ltS(x, g.lc(0n)), i64x2.gtS(x, g.lc(0n))),
  not: plain(v128.not),
};

/** On int64 lanes. */
export const i64Binary: BinaryTable = {
  add: plain2(i64x2.add),
  sub: plain2(i64x2.sub),
  mul: plain2(i64x2.mul),
  max: (g, a, b) => g.select64(i64x2.gtS(a, b), a, b),
  min: (g, a, b) => g.select64(i64x2.ltS(a, b), a, b),
  and: plain2(v128.and),
  or: plain2(v128.or),
  xor: plain2(v128.xor),
  eq: plain2(i64x2.eq),
  ne: plain2(i64x2.ne),
  lt: plain2(i64x2.ltS),
  le: plain2(i64x2.leS),
  gt: plain2(i64x2.gtS),
  ge: plain2(i64x2.geS),
};

/** On masks. */
export const maskUnary: UnaryTable = { not: plain(v128.not) };

/** On masks. */
export const maskBinary: BinaryTable = {
  add: plain2(v128.or),
  or: plain2(v128.or),
  max: plain2(v128.or),
  mul: plain2(v128.and),
  and: plain2(v128.and),
  min: plain2(v128.and),
  xor: plain2(v128.xor),
  ne: plain2(v128.xor),
  eq: (_, a, b) => v128.not(v128.xor(a, b)),
  lt: (_, a, b) => v128.andnot(b, a),
  le: (_, a, b) => v128.or(b, v128.not(a)),
  gt: (_, a, b) => v128.andnot(a, b),
  ge: (_, a, b) => v128.or(a, v128.not(b)),
};

/** The functions that go lane by lane, on integers of up to 32 bits; null for others. `by` is the second operand where it is a literal. */
export function lanewise32(
  g: Gen,
  fn: BinaryFn,
  dtype: DType,
  [a, b]: readonly Parts[],
  by: number | null,
): Parts | null {
  const width = bytesOf(dtype) * 8;
  const wrap = (x: ReturnType<typeof mapI32>): Parts => [normalize(g, x, dtype)];
  const h = g.helpers;
  switch (fn) {
    case "floorDivide":
      return wrap(mapI32(g, [a, b], (x, y) => integers.floorDivide32(h).call(x, y)));
    case "remainder":
      return wrap(mapI32(g, [a, b], (x, y) => integers.remainder32(h).call(x, y)));
    case "fmod":
      return wrap(mapI32(g, [a, b], (x, y) => integers.fmod32(h).call(x, y)));
    case "pow": {
      const power = integers.pow64(h);
      return wrap(mapI32(g, [a, b], (x, y) => i32.wrapI64(power.call(i64.extendI32S(x), i64.extendI32S(y)))));
    }
    case "shl":
      if (by !== null) return by < 0 || by >= width ? [g.ic(0)] : wrap(g.keep(i32x4.shl(a[0], by)));
      return wrap(mapI32(g, [a, b], (x, y) => select(i32.ltU(y, width), i32.shl(x, y), i32.const(0))));
    case "shr":
      if (by !== null) return [g.keep(i32x4.shrS(a[0], by < 0 || by >= width ? 31 : by))];
      return [mapI32(g, [a, b], (x, y) => i32.shrS(x, select(i32.ltU(y, width), y, i32.const(31))))];
    case "ushr":
      if (by !== null) return by < 0 || by >= 32 ? [g.ic(0)] : [g.keep(i32x4.shrU(a[0], by))];
      return [mapI32(g, [a, b], (x, y) => select(i32.ltU(y, 32), i32.shrU(x, y), i32.const(0)))];
    default:
      return null;
  }
}

/** As lanewise32, on int64. */
export function lanewise64(g: Gen, fn: BinaryFn, [a, b]: readonly Parts[], by: bigint | null): Parts | null {
  const h = g.helpers;
  const inRange = by !== null && by >= 0n && by < 64n;
  switch (fn) {
    case "floorDivide":
      return mapI64(g, [a, b], (x, y) => integers.floorDivide64(h).call(x, y));
    case "remainder":
      return mapI64(g, [a, b], (x, y) => integers.remainder64(h).call(x, y));
    case "fmod":
      return mapI64(g, [a, b], (x, y) => integers.fmod64(h).call(x, y));
    case "pow":
      return mapI64(g, [a, b], (x, y) => integers.pow64(h).call(x, y));
    case "shl":
      if (inRange) return a.map((v) => g.keep(i64x2.shl(v, Number(by))));
      return mapI64(g, [a, b], (x, y) => select(i64.ltU(y, 64n), i64.shl(x, y), i64.const(0n)));
    case "shr":
      if (inRange) return a.map((v) => g.keep(i64x2.shrS(v, Number(by))));
      return mapI64(g, [a, b], (x, y) => i64.shrS(x, select(i64.ltU(y, 64n), y, i64.const(63n))));
    default:
      return null;
  }
}

/** Comparisons give masks of 64-bit lanes; the IR's bool is a mask of 32-bit lanes. */
export function maskOf(g: Gen, parts: Parts): Parts {
  return parts.length === 2 ? [narrowParts(g, parts)] : parts;
}
