/**
 * The error function in both precisions, with the roundings of glibc 2.36: fdlibm's rational functions. The float32 one has the same coefficients, rounded, and
 * Horner's scheme where the float64 one sums pairs.
 *
 * @module
 */
import { expf } from "./float.ts";
import { exp } from "./mod.ts";

/** A rational function; the lowest power first, and the denominator begins with 1. */
interface Ratio {
  readonly over: readonly number[];
  readonly under: readonly number[];
}

/** (erf x - x) / x in x^2, for |x| < 0.84375. */
const small: Ratio = {
  over: [
    0.12837916709551256,
    -0.3250421072470015,
    -0.02848174957559851,
    -0.005770270296489442,
    -2.3763016656650163e-5,
  ],
  under: [
    1,
    0.39791722395915535,
    0.0650222499887673,
    0.005081306281875766,
    0.00013249473800432164,
    -3.960228278775368e-6,
  ],
};
/** erf(1 + s) - nearOne in s, for 0.84375 <= 1 + s < 1.25. */
const middle: Ratio = {
  over: [
    -0.0023621185607526594,
    0.41485611868374833,
    -0.3722078760357013,
    0.31834661990116175,
    -0.11089469428239668,
    0.035478304325618236,
    -0.002166375594868791,
  ],
  under: [
    1,
    0.10642088040084423,
    0.540397917702171,
    0.07182865441419627,
    0.12617121980876164,
    0.01363708391202905,
    0.011984499846799107,
  ],
};
const nearOne = 0.8450629115104675;
/** log(x (1 - erf x)) + x^2 + 0.5625 in 1 / x^2, for x below 1 / 0.35 and for x from there to 6. */
const large: Ratio = {
  over: [
    -0.009864944034847148,
    -0.6938585727071818,
    -10.558626225323291,
    -62.375332450326006,
    -162.39666946257347,
    -184.60509290671104,
    -81.2874355063066,
    -9.814329344169145,
  ],
  under: [
    1,
    19.651271667439257,
    137.65775414351904,
    434.56587747522923,
    645.3872717332679,
    429.00814002756783,
    108.63500554177944,
    6.570249770319282,
    -0.0604244152148581,
  ],
};
const larger: Ratio = {
  over: [
    -0.0098649429247001,
    -0.799283237680523,
    -17.757954917754752,
    -160.63638485582192,
    -637.5664433683896,
    -1025.0951316110772,
    -483.5191916086514,
  ],
  under: [
    1,
    30.33806074348246,
    325.7925129965739,
    1536.729586084437,
    3199.8582195085955,
    2553.0504064331644,
    474.52854120695537,
    -22.44095244658582,
  ],
};

/** The double-precision sum: pairs of neighbours, from the lowest powers on. */
function paired(c: readonly number[], s: number): number {
  const s2 = s * s, s4 = s2 * s2;
  let sum = (c[0] + s * c[1]) + s2 * (c[2] + s * c[3]);
  sum += s4 * (c.length > 5 ? c[4] + s * c[5] : c[4]);
  if (c.length > 6) sum += s4 * s2 * (c.length > 7 ? c[6] + s * c[7] : c[6]);
  if (c.length > 8) sum += s4 * s4 * c[8];
  return sum;
}

/** The double-precision quotient. */
function quotient({ over, under }: Ratio, s: number): number {
  return paired(over, s) / paired(under, s);
}

/** erf x. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 2 ** -28) return x + 0.1283791670955126 * x;
  if (size < 0.84375) return x + x * quotient(small, x * x);
  if (size >= 6) return Math.sign(x);
  if (size < 1.25) return Math.sign(x) * (nearOne + quotient(middle, size - 1));
  if (!(size < 6)) return NaN;
  scratch[0] = size;
  const log = quotient(words[1] < 0x4006db6e ? large : larger, 1 / (x * x));
  words[0] = 0;
  const short = scratch[0];
  const rest = exp(-short * short - 0.5625) * exp((short - size) * (short + size) + log);
  return Math.sign(x) * (1 - rest / size);
}

const scratch = new Float64Array(1), words = new Int32Array(scratch.buffer);
const single = new Float32Array(1), word = new Int32Array(single.buffer);
const fround = Math.fround;

/** The single-precision quotient, of coefficients that are float32: by Horner's scheme. */
function horner({ over, under }: Ratio, s: number): number {
  let p = over[over.length - 1], q = under[under.length - 1];
  for (let i = over.length - 2; i >= 0; i--) p = fround(fround(p * s) + over[i]);
  for (let i = under.length - 2; i >= 0; i--) q = fround(fround(q * s) + under[i]);
  return fround(p / q);
}

function rounded({ over, under }: Ratio): Ratio {
  return { over: over.map(fround), under: under.map(fround) };
}

const smallf = rounded(small), middlef = rounded(middle), largef = rounded(large), largerf = rounded(larger);
const nearOnef = fround(nearOne), excessf = fround(0.1283791670955126);

/** erf x, of a float32 number. */
export function erff(x: number): number {
  const size = Math.abs(x);
  if (size < 2 ** -28) return fround(x + fround(excessf * x));
  if (size < 0.84375) return fround(x + fround(x * horner(smallf, fround(x * x))));
  if (size >= 6) return Math.sign(x);
  if (size < 1.25) return Math.sign(x) * fround(nearOnef + horner(middlef, fround(size - 1)));
  if (!(size < 6)) return NaN;
  single[0] = size;
  const log = horner(word[0] < 0x4036db6e ? largef : largerf, fround(1 / fround(x * x)));
  word[0] &= 0xfffff000;
  const short = single[0];
  const base = expf(fround(fround(-short * short) - 0.5625));
  const tail = fround(fround(fround(short - size) * fround(short + size)) + log);
  return Math.sign(x) * fround(1 - fround(fround(base * expf(tail)) / size));
}
