/**
 * Uniform and normal numbers, integers and permutations: PyTorch's CPU streams (core/random) as tensors of any device. The draws happen
 * when the function is called, on the host, in PyTorch's order, so that a seeded script and its port get the same bits. Further
 * distributions are in distributions.ts, dropout is in nn/dropout.ts.
 *
 * @module
 */
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { named } from "../apply.ts";
import { defaultDevice } from "../device.ts";
import { type DType, getDefaultDtype, type HostArray } from "../dtype.ts";
import { makeDraw } from "../effects.ts";
import { TenonError, ValueError } from "../errors.ts";
import { erfUniform as drawErfUniform } from "../random/erfinv.ts";
import { defaultGenerator, type Generator } from "../random/generator.ts";
import * as integers from "../random/integers.ts";
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
import { add, mul } from "./elementwise.ts";
import { where } from "./logical.ts";
import { checkHeld } from "./indexing/indexing.ts";
import { checkOptions, withoutNulls } from "./options.ts";

/** Options of functions that make random tensors. */
export interface RandomOptions extends TensorOptions {
  /** Where the random bits come from; the default generator, which `manualSeed` seeds, when not given. */
  readonly generator?: Generator;
}

const randomNames = ["generator", "dtype", "device", "requiresGrad"] as const;

type Draw = (generator: Generator, count: number, dtype: DType) => HostArray;

/** A tensor of what `draw` gives, of the dtype that the options say or `otherwise`. */
export function drawn(
  op: string,
  shape: Shape,
  otherwise: DType,
  options: RandomOptions,
  draw: Draw,
): Tensor {
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

/** The options, with the dtype and device of `x` where they say none. */
export function like(x: Tensor, options: RandomOptions): RandomOptions {
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

/** Mean, standard deviation and shape of `normal`, by name: 0, 1 and none by default. */
export interface NormalNames {
  /** The mean. */
  readonly mean: number | Tensor;
  /** The standard deviation. */
  readonly std: number | Tensor;
  /** The shape, where both are numbers. */
  readonly size: Shape;
}

/**
 * Normal numbers with a mean and a standard deviation; a tensor gives one per element, and then there is no `shape`. `torch.normal`.
 *
 * @throws {ValueError} when a standard deviation given as a number is negative
 */
export function normal(
  mean: number | Tensor | Named<NormalNames, RandomOptions>,
  std: number | Tensor | Named<NormalNames, RandomOptions> = 1,
  shape?: Shape | Named<NormalNames, RandomOptions>,
  options: RandomOptions = {},
): Tensor {
  if (isNamed(mean) || isNamed(std) || isNamed(shape)) {
    const [m = 0, s = 1, size, rest] = inPlaceWith(
      "normal",
      ["mean", "std", "size"],
      [mean, std, shape],
      options,
    );
    return normal(m, s, size, rest);
  }
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
      (v) => !(v >= 0),
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
export function drawnFrom(name: string, y: Tensor, parameters: readonly (number | Tensor)[]): Tensor {
  const never = full([], false, { device: y.device });
  const result = parameters.reduce<Tensor>(
    (acc, x) => x instanceof Tensor && x.value.track !== 0 ? where(never, cast(x, y.dtype), acc) : acc,
    y,
  );
  return named(name, result, y);
}

/**
 * Integers in [low, high), int64: `randint(high, shape)` or `randint(low, high, shape)`. `torch.randint`.
 *
 * @example
 * ```ts
 * import { manualSeed, randint } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(randint(0, 10, [5]).tolist()); // [ 4, 9, 3, 0, 3 ]
 * ```
 */
export function randint(high: number | bigint, shape: Shape, options?: RandomOptions): Tensor;
/** Whole numbers from `low` to before `high`. */
export function randint(
  low: number | bigint,
  high: number | bigint,
  shape: Shape,
  options?: RandomOptions,
): Tensor;
/** The same by name, or from the shape on. */
export function randint(
  ...given:
    | [named: Named<{ low: number | bigint; high: number | bigint; size: Shape }, RandomOptions>]
    | [low: number | bigint, high: number | bigint, named: Named<{ size: Shape }, RandomOptions>]
    | [high: number | bigint, named: Named<{ size: Shape }, RandomOptions>]
): Tensor;
/** Whole numbers from `low` to before `high`. */
export function randint(
  a: number | bigint | Named<{ low: number | bigint; high: number | bigint; size: Shape }, RandomOptions>,
  b?: number | bigint | Shape | Named<{ size: Shape }, RandomOptions>,
  c?: Shape | Named<{ size: Shape }, RandomOptions>,
  d?: RandomOptions,
): Tensor {
  if (isNamed(a)) {
    const { low = 0, high, size, ...options } = a;
    if (high === undefined || size === undefined) {
      throw new ValueError(
        `randint() missing required positional arguments: 'high' and 'size' are needed; given by name: ${
          Object.keys(a).join(", ") || "none"
        }`,
      );
    }
    return randint(low, high, size, options);
  }
  if (isNamed(b) && b.size !== undefined) return randint({ high: a, ...b });
  if (isNamed(c) && c.size !== undefined && typeof b !== "object") return randint({ low: a, high: b, ...c });
  const short = typeof b === "object";
  const low = short ? 0 : a, high = short ? a : b;
  const shape = (short ? b : c) as Shape, options = (short ? c : d) as RandomOptions | undefined;
  if (shape === undefined || high === undefined) {
    throw new ValueError("randint: a shape is needed, as in randint(0, 10, [3])");
  }
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

/**
 * The integers from 0 to n - 1 in random order, int64. `torch.randperm`.
 *
 * @example
 * ```ts
 * import { manualSeed, randperm } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(randperm(5).tolist()); // [ 4, 0, 1, 3, 2 ]
 * ```
 */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  return drawn("randperm", [n], "int64", options, (g, count, dtype) => integers.randperm(g, count, dtype));
}
