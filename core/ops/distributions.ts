/**
 * Random tensors of further distributions: trials and their successes, events, waiting times, categories. They draw as those of random.ts do.
 *
 * @module
 */
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { getDefaultDtype, isFloat, scalarName } from "../dtype.ts";
import { makeDraw } from "../effects.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import * as draw from "../random/bernoulli.ts";
import * as continuous from "../random/continuous.ts";
import * as counts from "../random/counts.ts";
import { defaultGenerator, type Generator } from "../random/generator.ts";
import { multinomial as drawCategories } from "../random/multinomial.ts";
import * as gaussian from "../random/normal.ts";
import { broadcastShapes, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkTensors } from "./cast.ts";
import { fromHost } from "./create.ts";
import { checkKind, checkOptions, withoutNulls } from "./options.ts";
import { drawn, drawnFrom, like, type RandomOptions } from "./random.ts";
import { expand } from "./view.ts";

/** Zeros and ones, one with the probability that the element of `x` says; the dtype of `x`. `torch.bernoulli`. */
export function bernoulli(x: Tensor, options: RandomOptions = {}): Tensor {
  checkTensors("bernoulli", [x]);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `"bernoulli_tensor_cpu_p_" not implemented for '${
        scalarName(x.dtype)
      }': probabilities are floats; cast with .to("float32")`,
    );
  }
  const y = drawn(
    "bernoulli",
    x.shape,
    x.dtype,
    { device: x.device, ...options },
    (g, _n, dtype) => draw.bernoulliEach(g, x.detach().toTypedArray(), x.dtype, dtype),
  );
  return drawnFrom("Bernoulli", y, [x]);
}

/**
 * Numbers of events whose expected number is each element of `rates`, in its dtype. Reads the rates. `torch.poisson`.
 *
 * @throws {ValueError} when a rate is negative
 */
export function poisson(rates: Tensor, options: { readonly generator?: Generator } = {}): Tensor {
  checkTensors("poisson", [rates]);
  const { shape, dtype, device } = rates;
  const y = drawn(
    "poisson",
    shape,
    dtype,
    { device, ...options },
    (g) => counts.poisson(g, rates.detach().toTypedArray(), dtype),
  );
  return drawnFrom("Poisson", y, [rates]);
}

/**
 * Numbers of successes among `trials` trials of probability `p`; both are float tensors of one dtype, broadcast. Reads them. `torch.binomial`.
 *
 * @throws {DTypeError} when the dtypes differ, or are not floating-point
 */
export function binomial(
  trials: Tensor,
  p: Tensor,
  options: { readonly generator?: Generator } = {},
): Tensor {
  checkTensors("binomial", [trials, p]);
  if (trials.dtype !== p.dtype) {
    throw new DTypeError(
      `Found dtype ${scalarName(p.dtype)} but expected ${
        scalarName(trials.dtype)
      }, in binomial; cast one with .to()`,
    );
  }
  const { dtype, device } = trials, shape = broadcastShapes("binomial", trials.shape, p.shape);
  const host = (x: Tensor) => expand(x.detach(), shape).toTypedArray();
  return drawn(
    "binomial",
    shape,
    dtype,
    { device, ...options },
    (g) => counts.binomial(g, host(trials), host(p), dtype),
  );
}

/** Zeros and ones, one with probability `p`. `torch.Tensor.bernoulli_(p)`. */
export function bernoulliLike(x: Tensor, p = 0.5, options: RandomOptions = {}): Tensor {
  checkTensors("bernoulli", [x]);
  return drawn(
    "bernoulli",
    x.shape,
    x.dtype,
    like(x, options),
    (g, n, dtype) => draw.bernoulli(g, n, dtype, p),
  );
}

/** Waiting times of rate `lambda`. `torch.Tensor.exponential_`. */
export function exponential(shape: Shape, lambda = 1, options: RandomOptions = {}): Tensor {
  return drawn(
    "exponential",
    shape,
    getDefaultDtype(),
    options,
    (g, n, dtype) => continuous.exponential(g, n, dtype, lambda),
  );
}

/** Numbers of the Cauchy distribution. `torch.Tensor.cauchy_`. */
export function cauchy(shape: Shape, median = 0, sigma = 1, options: RandomOptions = {}): Tensor {
  return drawn(
    "cauchy",
    shape,
    getDefaultDtype(),
    options,
    (g, n, dtype) => continuous.cauchy(g, n, dtype, median, sigma),
  );
}

/** Trials up to and with the first success of probability `p`. `torch.Tensor.geometric_`. */
export function geometric(shape: Shape, p: number, options: RandomOptions = {}): Tensor {
  return drawn(
    "geometric",
    shape,
    getDefaultDtype(),
    options,
    (g, n, dtype) => continuous.geometric(g, n, dtype, p),
  );
}

/** Numbers whose logarithm is normal. `torch.Tensor.log_normal_`. */
export function logNormal(shape: Shape, mean = 1, std = 2, options: RandomOptions = {}): Tensor {
  return drawn(
    "logNormal",
    shape,
    getDefaultDtype(),
    options,
    (g, n, dtype) => gaussian.logNormal(g, n, dtype, mean, std),
  );
}

/**
 * Categories drawn by weight: `weights` is a vector or a matrix of rows, the result int64 [samples] or [rows, samples]. Reads the weights, so
 * `compile` refuses it.
 * `torch.multinomial`.
 *
 * @throws {ValueError} for weights that are no weights, or more samples than categories without replacement
 * @example
 * ```ts
 * import { manualSeed, multinomial, tensor } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(multinomial(tensor([0, 0.5, 0.5]), 4, { replacement: true }).tolist()); // [ 2, 2, 1, 2 ]
 * ```
 */
export function multinomial(
  weights: Tensor,
  samples: number | Named<{ numSamples: number; replacement: boolean }, { readonly generator?: Generator }>,
  replacement: boolean | Named<{ replacement: boolean }, { readonly generator?: Generator }> = false,
  options: { readonly generator?: Generator } = {},
): Tensor {
  if (isNamed(samples) || isNamed(replacement)) {
    const names = ["numSamples", "replacement"], values = [samples, replacement] as const;
    return multinomial(weights, ...inPlaceWith("multinomial", names, values, options, 1));
  }
  checkTensors("multinomial", [weights]);
  checkKind("multinomial", "replacement", replacement, "boolean");
  checkOptions("multinomial", options, { generator: "any" });
  const rank = weights.shape.length;
  if (rank !== 1 && rank !== 2) {
    throw new ShapeError(`prob_dist must be 1 or 2 dim, but multinomial got a tensor of ${rank} dimensions`);
  }
  const rows = rank === 1 ? 1 : weights.shape[0], categories = weights.shape[rank - 1];
  const shape = rank === 1 ? [samples] : [rows, samples];
  return makeDraw("multinomial", shape, (full) => {
    const { generator = defaultGenerator } = withoutNulls(options), host = weights.detach().toTypedArray();
    // A transform may ask for several draws at once, in dimensions in front.
    const copies = Array.from(
      { length: sizeOf(full.slice(0, full.length - shape.length)) },
      () => drawCategories(generator, host, weights.dtype, rows, categories, samples, replacement),
    );
    const drawn = copies.length === 1 ? copies[0] : BigInt64Array.from(copies.flatMap((copy) => [...copy]));
    return fromHost(drawn, full, "int64", weights.device);
  });
}
