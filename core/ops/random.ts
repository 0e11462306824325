/**
 * Random tensors: PyTorch's CPU streams (core/random) as tensors of any device. The draws happen when the function is called, on the
 * host, in PyTorch's order, so that a seeded script and its port get the same bits. Dropout is in nn/dropout.ts.
 *
 * @module
 */
import { named } from "../apply.ts";
import { defaultDevice } from "../device.ts";
import { type DType, getDefaultDtype, type HostArray, isFloat, scalarName } from "../dtype.ts";
import { makeDraw } from "../effects.ts";
import { DTypeError, ShapeError, TenonError, ValueError } from "../errors.ts";
import * as draw from "../random/bernoulli.ts";
import * as continuous from "../random/continuous.ts";
import * as counts from "../random/counts.ts";
import { erfUniform as drawErfUniform } from "../random/erfinv.ts";
import { defaultGenerator, type Generator } from "../random/generator.ts";
import * as integers from "../random/integers.ts";
import { multinomial as drawCategories } from "../random/multinomial.ts";
import * as gaussian from "../random/normal.ts";
import { uniform as drawUniform } from "../random/uniform.ts";
import { broadcastShapes, type Shape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { cast, checkTensors, commonType } from "./cast.ts";
import {
  checkShape,
  fromHost,
  full,
  type SizeArguments,
  sizeArguments,
  type TensorOptions,
} from "./create.ts";
import { add, mul, where } from "./elementwise.ts";
import { checkHeld } from "./indexing/indexing.ts";
import { expand } from "./view.ts";
import { checkOptions, withoutNulls } from "./options.ts";

/** Options of functions that make random tensors. */
export interface RandomOptions extends TensorOptions {
  /** Where the random bits come from; the default generator, which `manualSeed` seeds, when not given. */
  readonly generator?: Generator;
}

const randomNames = ["generator", "dtype", "device", "requiresGrad"] as const;

type Draw = (generator: Generator, count: number, dtype: DType) => HostArray;

function drawn(op: string, shape: Shape, otherwise: DType, options: RandomOptions, draw: Draw): Tensor {
  checkOptions(op, options, randomNames);
  const dtype = options.dtype ?? otherwise;
  const { generator = defaultGenerator, device = defaultDevice() } = withoutNulls(options);
  const x = makeDraw(op, checkShape(op, shape), (full) => {
    const host = draw(generator, sizeOf(full), dtype);
    if (host.length === sizeOf(full)) return fromHost(host, full, dtype, device);
    throw new TenonError(
      `${op}: probabilities given by element are drawn once for a whole batch; use randomness "same"`,
    );
  });
  if (options.requiresGrad) x.requiresGrad = true;
  return x;
}

function like(x: Tensor, options: RandomOptions): RandomOptions {
  return { dtype: x.dtype, device: x.device, ...withoutNulls(options) };
}

/**
 * Uniform numbers in [0, 1): `rand(2, 3)` or `rand([2, 3])`, and options. `torch.rand`.
 *
 * @example
 * ```ts
 * import { manualSeed, rand } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(String(rand(3))); // tensor([0.4963, 0.7682, 0.0885])
 * ```
 */
export function rand(...args: SizeArguments<RandomOptions>): Tensor {
  const [shape, options = {}] = sizeArguments(args);
  return drawn("rand", shape, getDefaultDtype(), options, (g, n, dtype) => drawUniform(g, n, dtype));
}

/** Uniform numbers in the shape, dtype and device of `x`. `torch.rand_like`. */
export function randLike(x: Tensor, options: RandomOptions = {}): Tensor {
  checkTensors("rand_like", [x]);
  return rand(x.shape, like(x, options));
}

/** Uniform numbers in [low, high). `torch.Tensor.uniform_`. */
export function uniform(shape: Shape, low = 0, high = 1, options: RandomOptions = {}): Tensor {
  return drawn(
    "uniform",
    shape,
    getDefaultDtype(),
    options,
    (g, n, dtype) => drawUniform(g, n, dtype, low, high),
  );
}

/** Numbers whose error function is uniform in [low, high). `torch.Tensor.uniform_` and then `erfinv_`. */
export function erfUniform(shape: Shape, low: number, high: number, options: RandomOptions = {}): Tensor {
  return drawn(
    "erfUniform",
    shape,
    getDefaultDtype(),
    options,
    (g, n, dtype) => drawErfUniform(g, n, dtype, low, high),
  );
}

/**
 * Normal numbers with mean 0 and standard deviation 1: `randn(2, 3)` or `randn([2, 3])`, and options. `torch.randn`.
 *
 * @example
 * ```ts
 * import { manualSeed, randn } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(String(randn(3))); // tensor([ 1.5410, -0.2934, -2.1788])
 * ```
 */
export function randn(...args: SizeArguments<RandomOptions>): Tensor {
  const [shape, options = {}] = sizeArguments(args);
  return drawn("randn", shape, getDefaultDtype(), options, (g, n, dtype) => gaussian.normal(g, n, dtype));
}

/** Normal numbers in the shape, dtype and device of `x`. `torch.randn_like`. */
export function randnLike(x: Tensor, options: RandomOptions = {}): Tensor {
  checkTensors("randn_like", [x]);
  return randn(x.shape, like(x, options));
}

/**
 * Normal numbers with a mean and a standard deviation; a tensor gives one per element, and then there is no `shape`. `torch.normal`.
 *
 * @throws {ValueError} when a standard deviation given as a number is negative
 */
export function normal(
  mean: number | Tensor,
  std: number | Tensor,
  shape?: Shape,
  options: RandomOptions = {},
): Tensor {
  commonType("normal", [mean, std]);
  if (typeof mean === "number" && typeof std === "number") {
    if (shape === undefined) {
      throw new ValueError("normal: with a mean and a std that are numbers, a shape is needed");
    }
    return drawn(
      "normal",
      shape,
      getDefaultDtype(),
      options,
      (g, n, dtype) => gaussian.normal(g, n, dtype, mean, std),
    );
  }
  const model = typeof mean === "number" ? std as Tensor : mean;
  if (typeof std === "number" && std < 0) {
    throw new ValueError(`normal expects std >= 0.0, but found std ${std}`);
  }
  if (std instanceof Tensor) {
    checkHeld(
      std,
      (v) => v < 0,
      (v) => new ValueError(`normal expects all elements of std >= 0.0, but found ${v}`),
    );
  }
  const both = mean instanceof Tensor && std instanceof Tensor;
  const size = both ? broadcastShapes("normal", mean.shape, std.shape) : model.shape;
  const value = (x: number | Tensor) => x instanceof Tensor ? x.detach() : x;
  // A few numbers are made in double precision, and so scaled: a std that is a number has to reach them.
  const noise = typeof std === "number"
    ? drawn(
      "normal",
      size,
      model.dtype,
      like(model, options),
      (g, n, dtype) => gaussian.normal(g, n, dtype, 0, std),
    )
    : mul(randn(size, like(model, options)), value(std));
  const y = add(noise, value(mean));
  return drawnFrom(`NormalBackward${both ? 3 : mean instanceof Tensor ? 1 : 2}`, y, [mean, std]);
}

/**
 * A draw as the result of its parameters: their gradient is zero, as PyTorch's is, not that of a formula such as mean + std * noise; the functions of
 * `random` are the ones to differentiate through.
 */
function drawnFrom(name: string, y: Tensor, parameters: readonly (number | Tensor)[]): Tensor {
  const never = full([], false, { device: y.device });
  const result = parameters.reduce<Tensor>(
    (acc, x) => x instanceof Tensor && x.value.track !== 0 ? where(never, cast(x, y.dtype), acc) : acc,
    y,
  );
  return named(name, result, y);
}

/** Integers in [low, high), int64: `randint(high, shape)` or `randint(low, high, shape)`. `torch.randint`. */
export function randint(high: number | bigint, shape: Shape, options?: RandomOptions): Tensor;
/** Whole numbers from `low` to before `high`. */
export function randint(
  low: number | bigint,
  high: number | bigint,
  shape: Shape,
  options?: RandomOptions,
): Tensor;
/** Whole numbers from `low` to before `high`. */
export function randint(
  a: number | bigint,
  b: number | bigint | Shape,
  c?: Shape | RandomOptions,
  d?: RandomOptions,
): Tensor {
  const short = typeof b === "object";
  const low = short ? 0 : a, high = short ? a : b;
  const shape = (short ? b : c) as Shape, options = (short ? c : d) as RandomOptions | undefined;
  if (shape === undefined) throw new ValueError("randint: a shape is needed, as in randint(0, 10, [3])");
  return drawn(
    "randint",
    shape,
    "int64",
    options ?? {},
    (g, n, dtype) => integers.randint(g, n, dtype, low, high),
  );
}

/** Integers in [low, high) in the shape, dtype and device of `x`. `torch.randint_like`. */
export function randintLike(
  x: Tensor,
  low: number | bigint,
  high: number | bigint,
  options: RandomOptions = {},
): Tensor {
  checkTensors("randint_like", [x]);
  return randint(low, high, x.shape, like(x, options));
}

/**
 * Integers in [from, to) in the shape, dtype and device of `x`; without `to`, up to the largest integer that the dtype holds exactly; without
 * bounds, from 0 to there. `torch.Tensor.random_`.
 */
export function randomLike(
  x: Tensor,
  from?: number | bigint,
  to?: number | bigint | null,
  options: RandomOptions = {},
): Tensor {
  checkTensors("random", [x]);
  return drawn(
    "random",
    x.shape,
    x.dtype,
    like(x, options),
    (g, n, dtype) => integers.random(g, n, dtype, from, to),
  );
}

/** The integers from 0 to n - 1 in random order, int64. `torch.randperm`. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  return drawn("randperm", [n], "int64", options, (g, count, dtype) => integers.randperm(g, count, dtype));
}

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
 */
export function multinomial(
  weights: Tensor,
  samples: number,
  replacement = false,
  options: { readonly generator?: Generator } = {},
): Tensor {
  checkTensors("multinomial", [weights]);
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
