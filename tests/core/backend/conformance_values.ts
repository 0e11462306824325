/**
 * Inputs of the conformance cases: the edge values of each dtype, and reproducible random ones.
 *
 * @module
 */
import { bytesOf, type DType, type HostArray, kindOf } from "../../../core/dtype.ts";
import { hostOf } from "./build.ts";

/** Uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The largest number, the smallest normal one and the bits of precision of a float dtype. */
export function floatLimits(dtype: DType): { max: number; tiny: number; bits: number } {
  switch (dtype) {
    case "float16":
      return { max: 65504, tiny: 2 ** -14, bits: 11 };
    case "bfloat16":
      return { max: 2 ** 127 * (2 - 2 ** -7), tiny: 2 ** -126, bits: 8 };
    case "float32":
      return { max: 2 ** 127 * (2 - 2 ** -23), tiny: 2 ** -126, bits: 24 };
    default:
      return { max: Number.MAX_VALUE, tiny: 2 ** -1022, bits: 53 };
  }
}

/** The smallest and the largest integer of an integer dtype. */
export function integerLimits(dtype: DType): [bigint, bigint] {
  const bits = BigInt(bytesOf(dtype) * 8);
  return dtype === "uint8" ? [0n, 255n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** Values where functions have corners: signed zeros, ties, ones, infinities, NaN, extremes; for integers also shift widths. */
export function edges(dtype: DType): (number | bigint)[] {
  switch (kindOf(dtype)) {
    case "bool":
      return [0, 1];
    case "int": {
      const [low, high] = integerLimits(dtype);
      const all = [
        0n,
        1n,
        -1n,
        2n,
        -2n,
        3n,
        7n,
        -7n,
        8n,
        16n,
        31n,
        32n,
        63n,
        64n,
        100n,
        -100n,
        low,
        low + 1n,
        high,
        high - 1n,
      ];
      return [...new Set(all.filter((v) => v >= low && v <= high))];
    }
    case "float": {
      const { max, tiny, bits } = floatLimits(dtype);
      return [...moderateEdges, max, -max, tiny, -tiny, 1 + 2 ** (1 - bits), 1 - 2 ** -bits];
    }
  }
}

/** Edge values of floats whose quotients stay small. */
export const moderateEdges: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  -1.5,
  2.5,
  3.5,
  -3.5,
  0.1,
  -0.7,
  3,
  10,
  -100,
  127.5,
  1e4,
  Infinity,
  -Infinity,
  NaN,
];

/** Subnormal numbers of a float dtype. */
export function subnormals(dtype: DType): number[] {
  const { tiny, bits } = floatLimits(dtype);
  return [1, 3, 2 ** (bits - 2), 2 ** (bits - 1) - 1].flatMap((
    n,
  ) => [n * tiny * 2 ** (1 - bits), -n * tiny * 2 ** (1 - bits)]);
}

/** Values of every size: magnitudes spread evenly over `decades` either side of one for floats, over the whole range for integers. */
export function spread(dtype: DType, count: number, seed: number, decades = 4): HostArray {
  const next = uniform(seed);
  const draw = (): number | bigint => {
    if (kindOf(dtype) === "bool") return next() < 0.5 ? 0 : 1;
    const sign = next() < 0.5 ? -1 : 1;
    if (kindOf(dtype) === "float") return sign * 10 ** ((2 * next() - 1) * decades);
    // Integers of random width, so that small ones are not rare.
    return BigInt(sign) * BigInt(Math.floor(2 ** (next() * (bytesOf(dtype) * 8 - 1))));
  };
  return hostOf(dtype, Array.from({ length: count }, draw));
}

/** Small values whose products and sums are exact in any order: multiples of 1/4 in [-2, 2], integers in [-8, 8]. */
export function small(dtype: DType, count: number, seed: number): HostArray {
  const next = uniform(seed);
  const scale = kindOf(dtype) === "float" ? 4 : 1, low = dtype === "uint8" || dtype === "bool" ? 0 : -8;
  return hostOf(dtype, Array.from({ length: count }, () => Math.floor(low + next() * (9 - low)) / scale));
}

/** Random indices in [0, size). */
export function indices(size: number, count: number, seed: number): BigInt64Array {
  const next = uniform(seed);
  return BigInt64Array.from({ length: count }, () => BigInt(Math.floor(next() * size)));
}
