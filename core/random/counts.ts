/**
 * Counts of events: Poisson and binomial numbers, as PyTorch's CPU generator gives them. Small means are found event by event, large ones by
 * Hörmann's transformed rejection.
 *
 * @module
 */
import { type DType, type HostArray, readElement, roundTo } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { checkFloat, fillWith } from "./fill.ts";
import type { Generator } from "./generator.ts";
import { exp, log } from "./libm/mod.ts";

const factorials = Float64Array.from({ length: 16 }, () => 1);
for (let k = 2; k < factorials.length; k++) factorials[k] = factorials[k - 1] * k;

/** log(k!). */
function logFactorial(k: number): number {
  if (k < factorials.length) return log(factorials[k]);
  const x = k + 1, s = 1 / (x * x);
  // Stirling's series
  const tail = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s / 1680))) / x;
  return (x - 0.5) * log(x) - x + 0.5 * log(2 * Math.PI) + tail;
}

function poissonOne(generator: Generator, rate: number): number {
  if (rate === 0) return 0;
  if (rate < 10) {
    const end = exp(-rate);
    let count = 0;
    for (let product = generator.uniform(); product > end; product *= generator.uniform()) count++;
    return count;
  }
  const b = 0.931 + 2.53 * Math.sqrt(rate), a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4), tight = 0.9277 - 3.6224 / (b - 2), logRate = log(rate);
  for (;;) {
    const u = generator.uniform() - 0.5, v = generator.uniform(), us = 0.5 - Math.abs(u);
    const k = Math.floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= tight) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const height = log(v) + log(inverseAlpha) - log(a / (us * us) + b);
    if (height <= -rate + k * logRate - logFactorial(k)) return k;
  }
}

/** What Stirling's formula for log(k!) leaves out. */
function stirlingTail(k: number): number {
  const small = [
    0.0810614667953272,
    0.0413406959554092,
    0.0276779256849983,
    0.02079067210376509,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.0104112652619720,
    0.00925546218271273,
    0.00833056343336287,
  ];
  if (k <= 9) return small[k];
  const x = k + 1, square = x * x;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / x;
}

/** How numbers are rounded: to the dtype of trials and probabilities, wherever PyTorch computes with those alone. */
type Round = (x: number) => number;

/** Trials that succeed, by the waiting times between them. */
function byWaiting(generator: Generator, trials: number, p: number, round: Round): number {
  const scale = round(Math.log1p(-p));
  let waited = 0, count = 0;
  for (;;) {
    waited += Math.ceil(log(generator.uniform()) / scale);
    if (waited > trials) return count;
    count++;
  }
}

/** Trials that succeed, by rejection, for means of 10 and more. */
function byRejection(generator: Generator, n: number, p: number, round: Round): number {
  const mean = round(n * p), rest = round(1 - p), spread = round(Math.sqrt(round(mean * rest)));
  const b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, c = mean + 0.5, tight = 0.92 - 4.2 / b;
  const r = round(p / rest), alpha = (2.83 + 5.1 / b) * spread, m = Math.floor(round(round(n + 1) * p));
  for (;;) {
    const u = generator.uniform() - 0.5, v = generator.uniform(), us = 0.5 - Math.abs(u);
    const k = Math.floor((2 * a / us + b) * u + c);
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= tight) return k;
    const bound = (m + 0.5) * log((m + 1) / (r * (n - m + 1))) +
      (n + 1) * log((n - m + 1) / (n - k + 1)) + (k + 0.5) * log(r * (n - k + 1) / (k + 1)) +
      stirlingTail(m) + stirlingTail(n - m) - stirlingTail(k) - stirlingTail(n - k);
    if (log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}

function binomialOne(generator: Generator, n: number, p: number, round: Round): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (Number.isNaN(p)) return NaN;
  const rare = p <= 0.5 ? p : round(1 - p);
  const draw = round(n * rare) >= 10 ? byRejection : byWaiting;
  const count = draw(generator, n, rare, round);
  return p <= 0.5 ? count : n - count;
}

/**
 * Numbers of events whose expected number is each element of `rates` (`torch.poisson`), in the dtype of the rates.
 *
 * @throws {ValueError} when a rate is negative or NaN.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function poisson(generator: Generator, rates: HostArray, dtype: DType): HostArray {
  checkFloat("poisson_cpu", "poisson", dtype);
  let i = 0;
  return fillWith(rates.length, dtype, () => {
    const rate = Number(readElement(rates, dtype, i++));
    if (!(rate >= 0)) {
      throw new ValueError(
        `invalid Poisson rate, expected rate to be non-negative: poisson got ${rate} at element ${i - 1}`,
      );
    }
    return poissonOne(generator, rate);
  });
}

/**
 * Numbers of successes among `trials` trials of probability `p`, element by element (`torch.binomial`), in their dtype.
 *
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function binomial(generator: Generator, trials: HostArray, p: HostArray, dtype: DType): HostArray {
  checkFloat("binomial_cpu", "binomial", dtype);
  const round = (x: number) => roundTo(dtype, x);
  let i = 0;
  return fillWith(trials.length, dtype, () => {
    const n = Number(readElement(trials, dtype, i)), q = Number(readElement(p, dtype, i++));
    return binomialOne(generator, n, q, round);
  });
}
