/**
 * The single-precision logarithm and exponential, with the roundings of glibc 2.36 on a machine with fused multiply-adds: the algorithms of Arm's optimized
 * routines (MIT licence), which compute in double precision, and the fused multiply-add of single precision.
 *
 * @module
 */
import { multiply, one, root128OfTwo, toDouble } from "./fixed_point.ts";
import { fma, log } from "./mod.ts";

const fround = Math.fround;
const scratch = new Float64Array(1), words = new Int32Array(scratch.buffer);
const single = new Float32Array(1), word = new Int32Array(single.buffer);

/** `a * b + c` of float32 numbers, rounded once to float32. */
export function fmaf(a: number, b: number, c: number): number {
  // The product is exact, the sum is that of `sum` and `rest`.
  const product = a * b, sum = product + c, t = sum - product;
  const rest = (product - (sum - t)) + (c - t);
  const rounded = fround(sum);
  if (rest === 0 || rounded === sum) return rounded;
  // A tie that the rest decides: the other neighbour lies as far off.
  const other = 2 * sum - rounded;
  return fround(other) === other && (rest > 0) === (sum > rounded) ? other : rounded;
}

/** The tables of both functions, made at the first call: w and -log w for each of 16 steps of the mantissa, and 2^(i / 32). */
interface Tables {
  readonly inverses: Float64Array;
  readonly logs: Float64Array;
  readonly roots: Float64Array;
}

/** The bits of 0.69921875: the mantissa lies from there to twice that. */
const first = 0x3f330000;

function makeTables(): Tables {
  const at = (bits: number) => {
    word[0] = bits;
    return single[0];
  };
  // w is the inverse of the middle of its step; but 1 in the step of 1, and chosen for a short logarithm in the next.
  const inverses = Float64Array.from({ length: 16 }, (_, i) => {
    if (i === 9) return 1;
    return i === 10 ? 0.9492859795739057 : 2 / (at(first + (i << 19)) + at(first + ((i + 1) << 19) - 1));
  });
  const root128 = root128OfTwo(), root64 = multiply(root128, root128), root = multiply(root64, root64);
  let power = one;
  const roots = Float64Array.from({ length: 32 }, () => {
    const nearest = toDouble(power);
    power = multiply(power, root);
    return nearest;
  });
  return { inverses, logs: inverses.map((w) => -log(w)), roots };
}

let made: Tables | undefined;

/** (log(1 + r) - r) / r^2, the highest power first. */
const logSeries = [-0.25089342214237154, 0.333456765744066, -0.4999997485802103];

/** log x, for positive normal float32 x. */
export function logf(x: number): number {
  const { inverses, logs } = made ??= makeTables();
  single[0] = x;
  const above = word[0] - first, i = (above >> 19) & 15, k = above >> 23;
  word[0] -= above & 0xff800000;
  const r = fma(single[0], inverses[i], -1), whole = fma(k, Math.LN2, logs[i]);
  const rr = r * r;
  const y = fma(rr, logSeries[0], fma(logSeries[1], r, logSeries[2]));
  return fround(fma(rr, y, whole + r));
}

/** 32 / log 2, and 1.5 * 2^52, which leaves the nearest integer in the low bits of a sum. */
const perLog2 = 32 * Math.LOG2E, magic = 1.5 * 2 ** 52;
/** (2^(r / 32) - 1) / r, the highest power first. */
const expSeries = [1.6938359250920212e-6, 0.00023459809789509004, 0.021660849396613134];

/** e^x, for float32 x between -87 and 87. */
export function expf(x: number): number {
  const { roots } = made ??= makeTables();
  scratch[0] = fma(perLog2, x, magic);
  const low = words[0], i = low & 31;
  const r = fma(perLog2, x, magic - scratch[0]);
  const rr = r * r;
  const y = fma(fma(expSeries[0], r, expSeries[1]), rr, fma(r, expSeries[2], 1));
  return fround(y * (2 ** ((low - i) / 32) * roots[i]));
}
