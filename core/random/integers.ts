/**
 * Random integers, as PyTorch's CPU generator gives them: `random_`, `randint`, `randperm`.
 *
 * @module
 */
import { cppName, type DType, type HostArray, hostArray, isFloat, roundTo, writeElement } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { checkDType, fillWith, inChunks } from "./fill.ts";
import type { Generator } from "./generator.ts";

interface IntegerLimits {
  /** Smallest and largest value, for a float dtype as far as int64 reaches. */
  readonly lowest: bigint;
  readonly highest: bigint;
  /** Up to here every integer from 0 exists in the dtype; `random_` without bounds stays inside. */
  readonly exact: bigint;
}

const int64Min = -(2n ** 63n), int64Max = 2n ** 63n - 1n;

function signed(bits: bigint): IntegerLimits {
  const highest = 2n ** (bits - 1n) - 1n;
  return { lowest: -highest - 1n, highest, exact: highest };
}

function float(digits: bigint, highest = int64Max): IntegerLimits {
  return { lowest: highest === int64Max ? int64Min : -highest, highest, exact: 2n ** digits };
}

const limits: Readonly<Record<DType, IntegerLimits>> = {
  bool: { lowest: 0n, highest: 1n, exact: 1n },
  uint8: { lowest: 0n, highest: 255n, exact: 255n },
  int8: signed(8n),
  int16: signed(16n),
  int32: signed(32n),
  int64: signed(64n),
  float16: float(11n, 65504n),
  bfloat16: float(8n),
  float32: float(24n),
  float64: float(53n),
};

/** Whether a range of 2^32 and more is drawn from 64 bits; the other dtypes cannot hold one. */
function isWide(dtype: DType): boolean {
  return dtype === "int64" || dtype === "float64" || dtype === "float32" || dtype === "bfloat16";
}

/** An int64 as C casts it to `dtype`: float dtypes round once to float32 before anything narrower. */
function castInt64(dtype: DType, value: bigint): number | bigint {
  if (!isFloat(dtype)) return value;
  if (dtype === "float64" || (value < 2n ** 53n && value > -(2n ** 53n))) {
    return roundTo(dtype, Number(value));
  }
  // Number() would round once and the narrower dtype again; a sticky bit far below keeps the second rounding right.
  const sticky = (value & 0xfffn) === 0n ? 0n : 0x800n;
  return roundTo(dtype, Number((value & ~0xfffn) | sticky));
}

/** An int64 as a float dtype rounds it. */
function rounded(dtype: DType, value: bigint): bigint {
  return BigInt(castInt64(dtype, value));
}

function bitLength(value: bigint): bigint {
  return BigInt((value < 0n ? -value : value).toString(2).length);
}

/** The smallest bound from `from` up that is still one after rounding to a float dtype. */
function roundedFrom(dtype: DType, from: bigint): bigint {
  const next = rounded(dtype, from + 1n);
  if (next >= from) return from;
  const digits = bitLength(limits[dtype].exact) - 1n;
  return next + (1n << (bitLength(from + 1n) - 1n - digits + 1n));
}

/** The largest bound from `to` down that is still one after rounding to a float dtype. */
function roundedTo(dtype: DType, to: bigint): bigint {
  const last = rounded(dtype, to - 1n);
  if (last < to) return to;
  const digits = bitLength(limits[dtype].exact) - 1n;
  return last - (1n << (bitLength(to - 1n) - 1n - digits + 1n));
}

/** int64 draws of a range that stays in machine integers, which are almost all: half the time. */
function smallIntegers(
  bits: Int32Array,
  count: number,
  halves: Int32Array,
  at: number,
  span: number,
  start: number,
): void {
  for (let i = 0; i < count; i++, at += 2) {
    const value = (((bits[i] >>> 0) % span) + start) | 0;
    halves[at] = value;
    halves[at + 1] = value >> 31;
  }
}

/** `count` draws `bits % range + from`; `range` up to 2^64. */
function draw(generator: Generator, count: number, dtype: DType, from: bigint, range: bigint): HostArray {
  const out = hostArray(dtype, count);
  const wide = isWide(dtype) && range >= 2n ** 32n;
  if (wide || from < -(2n ** 52n) || from > 2n ** 52n) {
    const bits = wide ? () => generator.bits64() : () => BigInt(generator.bits32());
    for (let i = 0; i < count; i++) {
      writeElement(out, dtype, i, castInt64(dtype, BigInt.asIntN(64, bits() % range + from)));
    }
    return out;
  }
  const start = Number(from), span = Number(range);
  if (out instanceof BigInt64Array) {
    // Two 32-bit halves instead of a bigint per element.
    const halves = new Int32Array(out.buffer);
    const small = start >= -(2 ** 30) && start + span < 2 ** 30;
    inChunks(generator, count, (bits, at, take) => {
      if (small) return smallIntegers(bits, take, halves, 2 * at, span, start);
      for (let i = 0; i < take; i++) {
        const value = (bits[i] >>> 0) % span + start;
        halves[2 * (at + i)] = value;
        halves[2 * (at + i) + 1] = Math.floor(value / 2 ** 32);
      }
    });
    return out;
  }
  return fillWith(count, dtype, () => generator.bits32() % span + start);
}

/** A bound as a bigint. */
function whole(op: string, bound: number | bigint): bigint {
  if (typeof bound !== "bigint" && !Number.isInteger(bound)) {
    throw new ValueError(`${op}: bounds are whole numbers, but got ${bound}`);
  }
  return BigInt(bound);
}

/**
 * `count` integers from `from` up to but without `to`, in any dtype (`Tensor.random_`). Without bounds: over all
 * integers from 0 that the dtype holds exactly. `to` null: up to the largest of them; with `from` = -2^63, all 64 bits.
 *
 * @throws {ValueError} when the range is empty or outside the dtype.
 */
export function random(
  generator: Generator,
  count: number,
  dtype: DType,
  from?: number | bigint,
  to?: number | bigint | null,
): HostArray {
  const limit = limits[dtype];
  if (from === undefined) {
    if (dtype === "float64" || dtype === "int64") return drawWide(generator, count, dtype, limit.exact + 1n);
    return draw(generator, count, dtype, 0n, limit.exact + 1n);
  }
  let first = whole("random_", from);
  if (to === undefined || to === null) {
    if (first === int64Min) {
      checkDType("random_full_64_bits_range_kernel_cpu", "random", dtype, isWide(dtype), "64 bits");
      return drawWide(generator, count, dtype, 2n ** 64n);
    }
    const last = isFloat(dtype) ? limit.exact : limit.highest;
    if (isFloat(dtype)) {
      first = roundedFrom(dtype, first);
      if (first >= last) {
        throw new ValueError(
          `random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got ` +
            `from=${first} > to_inc=${last}`,
        );
      }
    }
    checkBounds(first, last, dtype);
    return draw(generator, count, dtype, first, last - first + 1n);
  }
  let end = whole("random_", to);
  if (first >= end) {
    throw new ValueError(
      `random_ expects 'from' to be less than 'to', but got from=${first} >= to=${end}: the range is empty`,
    );
  }
  if (isFloat(dtype)) {
    first = roundedFrom(dtype, first);
    end = roundedTo(dtype, end);
    if (first >= end) {
      throw new ValueError(
        `random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=${first} >= ` +
          `to=${end}: ${dtype} has no integer in between`,
      );
    }
  }
  checkBounds(first, end - 1n, dtype);
  return draw(generator, count, dtype, first, end - first);
}

/** 64 bits per element whatever the range; the full range gives negative numbers too. */
function drawWide(generator: Generator, count: number, dtype: DType, range: bigint): HostArray {
  const out = hostArray(dtype, count);
  for (let i = 0; i < count; i++) {
    writeElement(out, dtype, i, castInt64(dtype, BigInt.asIntN(64, generator.bits64() % range)));
  }
  return out;
}

function checkBounds(first: bigint, last: bigint, dtype: DType): void {
  const limit = limits[dtype];
  for (const [name, value] of [["from", first], ["to - 1", last]] as const) {
    if (value < limit.lowest || value > limit.highest) {
      throw new ValueError(
        `${name} is out of bounds for ${
          cppName(dtype)
        }: random integers from ${first} to ${last}, where the dtype ` +
          `holds ${limit.lowest} to ${limit.highest}`,
      );
    }
  }
}

/**
 * `count` integers in [low, high) (`torch.randint`).
 *
 * @throws {ValueError} when the range is empty or outside the dtype.
 */
export function randint(
  generator: Generator,
  count: number,
  dtype: DType,
  low: number | bigint,
  high: number | bigint,
): HostArray {
  return random(generator, count, dtype, low, high);
}

/**
 * The integers from 0 to n - 1 in random order (`torch.randperm`), in any dtype but bool that can count so far.
 *
 * @throws {ValueError} when n is no size, or too large for the dtype.
 * @throws {DTypeError} for bool.
 */
export function randperm(generator: Generator, n: number, dtype: DType = "int64"): HostArray {
  checkDType("randperm", "randperm", dtype, dtype !== "bool", "a number dtype");
  if (!Number.isInteger(n) || n < 0) throw new ValueError(`n must be non-negative, got ${n}: randperm`);
  const { exact } = limits[dtype];
  if (BigInt(n) > (isFloat(dtype) ? exact : exact + 1n)) {
    throw new ValueError(
      `n is too large for result tensor type: '${dtype}' counts up to ${exact}, randperm got n = ${n}`,
    );
  }
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = 0; i < n - 1; i++) {
    const j = i + generator.bits32() % (n - i);
    const swapped = order[j];
    order[j] = order[i];
    order[i] = swapped;
  }
  const out = hostArray(dtype, n);
  if (out instanceof BigInt64Array) {
    const halves = new Int32Array(out.buffer);
    for (let i = 0; i < n; i++) halves[2 * i] = order[i];
  } else for (let i = 0; i < n; i++) writeElement(out, dtype, i, order[i]);
  return out;
}
