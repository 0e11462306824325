/**
 * Numbers whose error function is uniform, which are normal numbers cut off at two bounds: what `trunc_normal_` scales. The inverse of the error function is the one of
 * PyTorch's CPU code, bit for bit: a rational function, then two steps of Newton's method. The operation `erfinv` of tensors is elsewhere.
 *
 * @module
 */
import { type DType, type HostArray, readElement, roundTo, writeElement } from "../dtype.ts";
import type { Generator } from "./generator.ts";
import { erf, erff } from "./libm/erf.ts";
import { expf, fmaf, logf } from "./libm/float.ts";
import { exp, fma, log } from "./libm/mod.ts";
import { uniform } from "./uniform.ts";

/** The arithmetic of one precision. */
interface Precision {
  readonly round: (x: number) => number;
  readonly fma: (a: number, b: number, c: number) => number;
  readonly log: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly erf: (x: number) => number;
}

/** The coefficients of PyTorch's approximation, the highest power first: up to 0.7 in y^2, beyond in sqrt(-log((1 - |y|) / 2)). */
const central = {
  over: [-0.140543331, 0.914624893, -1.645349621, 0.886226899],
  under: [0.012229801, -0.329097515, 1.442710462, -2.118377725, 1],
};
const tail = {
  over: [1.641345311, 3.429567803, -1.624906493, -1.970840454],
  under: [1.637067800, 3.543889200, 1],
};

/** The inverse of the error function in one precision, for |y| <= 1. */
function inverse({ round, fma, log, exp, erf }: Precision): (y: number) => number {
  const polynomial = (c: readonly number[]) => {
    const coefficients = c.map(round);
    return (z: number) => {
      let sum = coefficients[0];
      for (let i = 1; i < coefficients.length; i++) sum = fma(sum, z, coefficients[i]);
      return sum;
    };
  };
  const centralOver = polynomial(central.over), centralUnder = polynomial(central.under);
  const tailOver = polynomial(tail.over), tailUnder = polynomial(tail.under);
  const slope = round(2 / round(Math.sqrt(Math.PI))), limit = round(0.7);
  return (y) => {
    const size = Math.abs(y);
    if (size === 1) return y * Infinity;
    let x: number;
    if (size <= limit) {
      const z = round(y * y);
      x = round(round(y * centralOver(z)) / centralUnder(z));
    } else {
      const z = round(Math.sqrt(-log(round(round(1 - size) / 2))));
      x = round(Math.sign(y) * tailOver(z) / tailUnder(z));
    }
    for (let step = 0; step < 2; step++) {
      x = round(x - round(round(erf(x) - y) / round(slope * exp(round(-x * x)))));
    }
    return x;
  };
}

const erfinv = inverse({ round: (x) => x, fma, log, exp, erf });
const erfinvf = inverse({ round: Math.fround, fma: fmaf, log: logf, exp: expf, erf: erff });

/**
 * `count` numbers x with erf(x) uniform in [low, high), in a float dtype (`tensor.uniform_(low, high).erfinv_()`).
 *
 * @throws {ValueError} when low > high.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function erfUniform(
  generator: Generator,
  count: number,
  dtype: DType,
  low: number,
  high: number,
): HostArray {
  const out = uniform(generator, count, dtype, low, high);
  if (out instanceof Float64Array) {
    for (let i = 0; i < count; i++) out[i] = erfinv(out[i]);
  } else if (out instanceof Float32Array) {
    for (let i = 0; i < count; i++) out[i] = erfinvf(out[i]);
  } else {
    for (let i = 0; i < count; i++) {
      writeElement(out, dtype, i, roundTo(dtype, erfinvf(Number(readElement(out, dtype, i)))));
    }
  }
  return out;
}
