/**
 * How the values of a kernel are held in vectors, and their way between vectors and memory.
 *
 * A vector value is always four elements wide, whatever its dtype: one v128 of four 32-bit lanes, or two of two 64-bit lanes. float16 and
 * bfloat16 are held as the float32 they stand for, integers of up to 32 bits as int32 in the range of their dtype, bool as a mask
 * (all bits of a lane or none).
 *
 * @module
 */
import { bytesOf, type DType } from "../../../dtype.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, i16x8, i32, i32x4, i8x16, v128 } from "../wasm/opcodes.ts";
import type { Gen, Vec } from "./gen.ts";
import { bfloat16Bits, float16Bits, fromBFloat16Bits, fromFloat16Bits } from "./half.ts";

/** One v128, or two for 64-bit dtypes. */
export type Parts = readonly Vec[];

/** What the lanes hold. */
export type Rep = "f32" | "f64" | "i32" | "i64" | "mask";

/** How values of a dtype are held. */
export function repOf(dtype: DType): Rep {
  switch (dtype) {
    case "float32":
    case "float16":
    case "bfloat16":
      return "f32";
    case "float64":
      return "f64";
    case "int64":
      return "i64";
    case "bool":
      return "mask";
    default:
      return "i32";
  }
}

/** Whether a representation takes two v128. */
export function isWide(rep: Rep): boolean {
  return rep === "f64" || rep === "i64";
}

/** Where four elements lie: the address of the first, and how far apart they are. */
export interface Place {
  readonly address: Expr<"i32">;
  /** Bytes to add to the address; not negative. */
  readonly offset: number;
  /** In elements. */
  readonly stride: number;
  /** How many of the four lanes exist in memory; the others are anything. */
  readonly lanes: number;
}

/** Loads four elements. */
export function loadLanes(g: Gen, dtype: DType, place: Place): Parts {
  return decode(g, dtype, loadRaw(g, dtype, place));
}

/** Loads the elements at the lanes that are `valid`, zero for the others; `all` tells whether that is all of them. */
export function loadWhere(
  g: Gen,
  dtype: DType,
  place: Place,
  all: Expr<"i32">,
  valid: (lane: number) => Expr<"i32">,
): Parts {
  const { f } = g, size = sizeOf(dtype);
  const raw = Array.from({ length: size === 8 ? 2 : 1 }, () => f.local("v128"));
  f.if(all, () => loadRaw(g, dtype, place).forEach((v, part) => f.set(raw[part], v)), () => {
    for (const v of raw) f.set(v, g.ic(0));
    for (let lane = 0; lane < 4; lane++) {
      const v = raw[size === 8 ? lane >> 1 : 0];
      // The sum wraps: the address of the first lane may lie below the memory.
      const address = i32.add(place.address, place.offset + lane * place.stride * size);
      f.if(valid(lane), () => f.set(v, laneOps[size].load(address, v, size === 8 ? lane & 1 : lane)));
    }
  });
  return decode(g, dtype, raw);
}

/** Loads four elements where `valid` holds, zeros where not. */
export function loadIf(g: Gen, dtype: DType, place: Place, valid: Expr<"i32">): Parts {
  const raw = Array.from({ length: sizeOf(dtype) === 8 ? 2 : 1 }, () => g.f.local("v128"));
  g.f.if(
    valid,
    () => loadRaw(g, dtype, place).forEach((v, part) => g.f.set(raw[part], v)),
    () => raw.forEach((v) => g.f.set(v, g.ic(0))),
  );
  return decode(g, dtype, raw);
}

/** The lane loads of one element size, and the load of one element to all lanes where there is one. */
const laneOps = {
  1: { load: v128.load8Lane, store: v128.store8Lane },
  2: { load: v128.load16Lane, store: v128.store16Lane },
  4: { load: v128.load32Lane, store: v128.store32Lane },
  8: { load: v128.load64Lane, store: v128.store64Lane },
} as const;

function sizeOf(dtype: DType): 1 | 2 | 4 | 8 {
  return bytesOf(dtype) as 1 | 2 | 4 | 8;
}

/** The bits of four elements: in the low lanes of a v128 for elements under four bytes. */
function loadRaw(g: Gen, dtype: DType, { address, offset, stride, lanes }: Place): Expr<"v128">[] {
  const size = sizeOf(dtype);
  if (stride === 0) {
    if (size === 8) {
      const both = g.keep(v128.load64Splat(address, offset));
      return [both, both];
    }
    if (size === 4) return [v128.load32Splat(address, offset)];
    return [
      size === 2 ? i16x8.splat(i32.load16U(address, offset)) : i8x16.splat(i32.load8U(address, offset)),
    ];
  }
  if (stride === 1 && lanes === 4) {
    if (size === 8) return [v128.load(address, offset), v128.load(address, offset + 16)];
    if (size === 4) return [v128.load(address, offset)];
    return [size === 2 ? v128.load64Zero(address, offset) : v128.load32Zero(address, offset)];
  }
  if (stride === -1 && lanes === 4 && size >= 4) {
    const base = g.f.keep(i32.sub(address, 3 * size));
    if (size === 4) {
      const v = g.keep(v128.load(base, offset));
      return [i8x16.shuffle(v, v, lanes32(3, 2, 1, 0))];
    }
    return [16, 0].map((at) => {
      const v = g.keep(v128.load(base, offset + at));
      return i8x16.shuffle(v, v, lanes32(2, 3, 0, 1));
    });
  }
  if (stride === 2 && lanes === 4 && size === 4) {
    // The second vector begins with the element before the one it is for, so that nothing past the last is read.
    const halves = [v128.load(address, offset), v128.load(address, offset + 12)] as const;
    return [i8x16.shuffle(...halves, lanes32(0, 2, 5, 7))];
  }
  const { at, base } = lanePlaces(g, address, offset, stride * size, lanes);
  const zero = g.ic(0);
  const { load } = laneOps[size];
  if (size < 8) {
    return [at.reduce<Expr<"v128">>((into, o, lane) => load(base, into, lane, o), zero)];
  }
  if (lanes === 1) return [v128.load64Splat(base, at[0]), zero];
  return [0, 1].map((part) =>
    at.slice(2 * part, 2 * part + 2).reduce<Expr<"v128">>((into, o, lane) => load(base, into, lane, o), zero)
  );
}

/** Offsets of the lanes from a base address such that none is negative. */
function lanePlaces(g: Gen, address: Expr<"i32">, offset: number, step: number, lanes: number) {
  const at = Array.from({ length: lanes }, (_, lane) => offset + lane * step);
  if (step >= 0) return { at, base: address };
  const back = -(lanes - 1) * step;
  return { at: at.map((o) => o + back), base: g.f.keep(i32.sub(address, back)) };
}

/** Byte indices of a shuffle of 32-bit lanes: 0 to 3 of the first operand, 4 to 7 of the second. */
export function lanes32(...lanes: [number, number, number, number]): number[] {
  return lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
}

function decode(g: Gen, dtype: DType, raw: readonly Expr<"v128">[]): Parts {
  const [low] = raw;
  switch (dtype) {
    case "bool":
      return [g.keep(i32x4.ne(i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(low)), g.ic(0)))];
    case "uint8":
      return [g.keep(i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(low)))];
    case "int8":
      return [g.keep(i32x4.extendLowI16x8S(i16x8.extendLowI8x16S(low)))];
    case "int16":
      return [g.keep(i32x4.extendLowI16x8S(low))];
    case "float16":
      return [fromFloat16Bits(g, g.keep(i32x4.extendLowI16x8U(low)))];
    case "bfloat16":
      return [g.keep(fromBFloat16Bits(i32x4.extendLowI16x8U(low)))];
    default:
      return raw.map((v) => g.keep(v));
  }
}

/** Stores the first `lanes` of four elements. */
export function storeLanes(g: Gen, dtype: DType, value: Parts, place: Place): void {
  storeBits(g, dtype, encode(g, dtype, value), place);
}

/** Stores the first `count` of four elements, or all four if `count` is more. */
export function storeFirst(g: Gen, dtype: DType, value: Parts, place: Place, count: Expr<"i32">): void {
  const { f } = g, size = sizeOf(dtype);
  const bits = encode(g, dtype, value);
  f.if(i32.geS(count, 4), () => storeBits(g, dtype, bits, place), () => {
    storeBits(g, dtype, bits, { ...place, lanes: 1 });
    for (const lane of [1, 2]) {
      const address = i32.add(place.address, place.offset + lane * place.stride * size);
      f.if(i32.gtS(count, lane), () =>
        f.do(
          size === 8
            ? laneOps[size].store(address, bits[lane >> 1], lane & 1)
            : laneOps[size].store(address, bits[0], lane),
        ));
    }
  });
}

function storeBits(g: Gen, dtype: DType, bits: Parts, { address, offset, stride, lanes }: Place): void {
  const size = sizeOf(dtype);
  if (stride === 1 && lanes === 4) {
    if (size >= 4) bits.forEach((v, part) => g.f.do(v128.store(address, v, offset + 16 * part)));
    else if (size === 2) g.f.do(v128.store64Lane(address, bits[0], 0, offset));
    else g.f.do(v128.store32Lane(address, bits[0], 0, offset));
    return;
  }
  const { at, base } = lanePlaces(g, address, offset, stride * size, lanes);
  const { store } = laneOps[size];
  at.forEach((o, lane) =>
    g.f.do(size === 8 ? store(base, bits[lane >> 1], lane & 1, o) : store(base, bits[0], lane, o))
  );
}

/** The bits to store: in the low lanes for elements under four bytes. */
function encode(g: Gen, dtype: DType, value: Parts): Parts {
  const narrow8 = (v: Expr<"v128">) => {
    const half = g.keep(i16x8.narrowI32x4S(v, v));
    return g.keep(dtype === "int8" ? i8x16.narrowI16x8S(half, half) : i8x16.narrowI16x8U(half, half));
  };
  const narrow16 = (v: Vec) => g.keep(i16x8.narrowI32x4U(v, v));
  switch (dtype) {
    case "bool":
      return [narrow8(g.keep(v128.and(value[0], g.ic(1))))];
    case "uint8":
    case "int8":
      return [narrow8(value[0])];
    case "int16":
      return [g.keep(i16x8.narrowI32x4S(value[0], value[0]))];
    case "float16":
      return [narrow16(float16Bits(g, value[0]))];
    case "bfloat16":
      return [narrow16(g.keep(bfloat16Bits(g, value[0])))];
    default:
      return value;
  }
}

/** A literal in all lanes. */
export function constantLanes(g: Gen, dtype: DType, value: number | bigint): Parts {
  switch (repOf(dtype)) {
    case "f32":
      return [g.fc(Math.fround(Number(value)))];
    case "f64":
      return Array<Vec>(2).fill(g.dc(Number(value)));
    case "i32":
      return [g.ic(Number(value))];
    case "i64":
      return Array<Vec>(2).fill(g.lc(BigInt(value)));
    case "mask":
      return [g.ic(value === 0 || value === 0n ? 0 : -1)];
  }
}

/** A mask of four 32-bit lanes as two of two 64-bit lanes. */
export function widenMask(g: Gen, mask: Vec): Parts {
  return [
    g.keep(i8x16.shuffle(mask, mask, lanes32(0, 0, 1, 1))),
    g.keep(i8x16.shuffle(mask, mask, lanes32(2, 2, 3, 3))),
  ];
}

/** The low 32 bits of each of four 64-bit lanes; of masks, the mask. */
export function narrowParts(g: Gen, parts: Parts): Vec {
  return g.keep(i8x16.shuffle(parts[0], parts[1], lanes32(0, 2, 4, 6)));
}

/** `mask ? a : b` in each lane. */
export function selectLanes(g: Gen, mask: Vec, a: Parts, b: Parts): Parts {
  if (a.length === 1) return [g.keep(g.select(mask, a[0], b[0]))];
  return widenMask(g, mask).map((m, i) => g.keep(g.select64(m, a[i], b[i])));
}

/** Four float32 as float64. */
export function promote(g: Gen, v: Vec): Parts {
  return [
    g.keep(f64x2.promoteLowF32x4(v)),
    g.keep(f64x2.promoteLowF32x4(i8x16.shuffle(v, v, lanes32(2, 3, 2, 3)))),
  ];
}

/** Four float64 rounded to float32. */
export function demote(g: Gen, [low, high]: Parts): Vec {
  return g.keep(
    i8x16.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), lanes32(0, 1, 4, 5)),
  );
}
