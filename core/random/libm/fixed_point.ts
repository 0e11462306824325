/**
 * Numbers as whole multiples of 2^-160, in bigints: enough digits to make the tables of this folder to the last bit. The functions
 * that the tables serve are the files named after them.
 *
 * @module
 */

const digits = 160n;

/** One. */
export const one = 1n << digits;

/** A double, whose last bit must not lie below 2^-160. */
export function fromDouble(x: number): bigint {
  // 2^104 shifts every bit of a number of the tables in front of the point.
  return BigInt(x * 2 ** 104) << (digits - 104n);
}

/** The nearest double. */
export function toDouble(x: bigint): number {
  return Number(x) * 2 ** -160;
}

/** x y. */
export function multiply(x: bigint, y: bigint): bigint {
  return (x * y) >> digits;
}

/** x / y. */
export function divide(x: bigint, y: bigint): bigint {
  return (x << digits) / y;
}

/** Sine and cosine, by their series: for angles up to 1. */
export function sinCos(x: bigint): [sin: bigint, cos: bigint] {
  let sin = 0n, cos = 0n, term = one;
  for (let k = 1n; term !== 0n && term !== -1n; k += 2n) {
    cos += term;
    term = multiply(term, x) / k;
    sin += term;
    term = -multiply(term, x) / (k + 1n);
  }
  return [sin, cos];
}

/** 2^(1/128), by Newton's method for the root of r^128 = 2. */
export function root128OfTwo(): bigint {
  let root = fromDouble(2 ** (1 / 128));
  for (let round = 0; round < 3; round++) {
    let power = root;
    for (let n = 1; n < 128; n *= 2) power = multiply(power, power);
    root -= multiply(root, power - 2n * one) / 256n;
  }
  return root;
}
