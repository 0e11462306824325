/**
 * How the interpreter holds values: arrays of numbers, or of bigints for int64. A value of bfloat16 is held as the float32 it stands for;
 * every other dtype is held in its own host array, so that storing a result rounds or wraps it.
 *
 * @module
 */
import {
  type DType,
  fromBFloat16Bits,
  type HostArray,
  hostArray,
  isInt,
  roundTo,
  toBFloat16Bits,
  toInt32,
  toInt64,
} from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import type { Shape } from "../../shape.ts";

/** An array whose elements are numbers. */
export type NumberArray = Exclude<HostArray, BigInt64Array>;

/** A contiguous operand or result. */
export interface Dense {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: Float64Array | BigInt64Array;
}

/** The space a row lies in, and the points of it that are being worked on. */
export interface Row {
  readonly extents: readonly number[];
  start: number;
  count: number;
}

/** The values of one instruction: one per point of the row, or one for all (step 0). */
export interface Register {
  readonly values: HostArray;
  readonly step: 0 | 1;
}

/** An array as read and written by index: of numbers or of bigints. */
export interface Elements<V> {
  [index: number]: V;
}

/** A register whose kind of values is known. */
export interface Operand<V> {
  readonly values: Elements<V>;
  readonly step: 0 | 1;
}

/** A zero-filled array for values of `dtype` while they are computed with. */
export function valueArray(dtype: DType, length: number): HostArray {
  return dtype === "bfloat16" ? new Float32Array(length) : hostArray(dtype, length);
}

/** The array as one of numbers; int64 has none. */
export function numbersOf(array: HostArray): NumberArray {
  if (array instanceof BigInt64Array) throw new DTypeError("expected a number dtype, got int64");
  return array;
}

/** The array as one of bigints; only int64 has them. */
export function bigintsOf(array: HostArray): BigInt64Array {
  if (array instanceof BigInt64Array) return array;
  throw new DTypeError("expected int64, got a number dtype");
}

/** Rounds the result of an operation on numbers to its dtype, where storing it alone would not: float16 and bfloat16 go through float32. */
export function rounder(dtype: DType): ((value: number) => number) | null {
  return dtype === "float16" || dtype === "bfloat16" ? (value) => roundTo(dtype, value) : null;
}

/** Copies elements of a device buffer to values: `to[i] = from[addresses[i]]`, for `count` elements. */
export function gatherValues(
  from: HostArray,
  dtype: DType,
  addresses: Float64Array,
  count: number,
  to: HostArray,
): void {
  if (dtype === "int64") return gather(bigintsOf(from), addresses, count, bigintsOf(to));
  const source = numbersOf(from), target = numbersOf(to);
  if (dtype === "bfloat16") {
    for (let i = 0; i < count; i++) target[i] = fromBFloat16Bits(source[addresses[i]]);
  } else gather(source, addresses, count, target);
}

/** Copies values to elements of a device buffer: `to[addresses[i]] = from[i * step]`. */
export function scatterValues(
  from: HostArray,
  step: number,
  dtype: DType,
  addresses: Float64Array,
  count: number,
  to: HostArray,
): void {
  if (dtype === "int64") return scatter(bigintsOf(from), step, addresses, count, bigintsOf(to));
  const source = numbersOf(from), target = numbersOf(to);
  if (dtype === "bfloat16") {
    for (let i = 0; i < count; i++) target[addresses[i]] = toBFloat16Bits(source[i * step]);
  } else scatter(source, step, addresses, count, target);
}

function gather<V>(from: Elements<V>, addresses: Float64Array, count: number, to: Elements<V>): void {
  for (let i = 0; i < count; i++) to[i] = from[addresses[i]];
}

function scatter<V>(
  from: Elements<V>,
  step: number,
  addresses: Float64Array,
  count: number,
  to: Elements<V>,
): void {
  for (let i = 0; i < count; i++) to[addresses[i]] = from[i * step];
}

/** `to[i] = from[i * step]` converted as `writeElement` of dtype.ts does. */
export function castValues(
  from: HostArray,
  step: number,
  count: number,
  to: HostArray,
  dtype: DType,
): void {
  if (from instanceof BigInt64Array) {
    if (to instanceof BigInt64Array) {
      for (let i = 0; i < count; i++) to[i] = from[i * step];
    } else if (dtype === "bool") {
      for (let i = 0; i < count; i++) to[i] = from[i * step] === 0n ? 0 : 1;
    } else if (isInt(dtype)) {
      for (let i = 0; i < count; i++) to[i] = Number(BigInt.asIntN(32, from[i * step]));
    } else {
      for (let i = 0; i < count; i++) to[i] = Number(from[i * step]);
    }
  } else if (to instanceof BigInt64Array) {
    for (let i = 0; i < count; i++) to[i] = toInt64(from[i * step]);
  } else if (dtype === "bool") {
    for (let i = 0; i < count; i++) to[i] = from[i * step] === 0 ? 0 : 1;
  } else if (isInt(dtype)) {
    for (let i = 0; i < count; i++) {
      const value = from[i * step];
      to[i] = dtype === "uint8" ? Number(BigInt.asUintN(8, toInt64(value))) : toInt32(value);
    }
  } else {
    for (let i = 0; i < count; i++) to[i] = from[i * step];
  }
  if (dtype === "bfloat16") {
    const values = numbersOf(to);
    for (let i = 0; i < count; i++) values[i] = fromBFloat16Bits(toBFloat16Bits(values[i]));
  }
}
