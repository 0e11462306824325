/**
 * Fractional max pooling: windows whose places are drawn, so that their steps are not whole numbers on average (Graham, 2014).
 *
 * @module
 */
import { named } from "../../apply.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import type { Generator } from "../../random/generator.ts";
import { sameShape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, requireFloat } from "../cast.ts";
import { iota } from "../ranges.ts";
import { add, mul, sub, trunc } from "../elementwise.ts";
import { eq, where } from "../logical.ts";
import { checkCall, type Kinds } from "../options.ts";
import { rand } from "../random.ts";
import { amax } from "../extremes.ts";
import { type ValuesAndIndices, valuesAndIndices, windowPlace } from "../reduce.ts";
import { gatherExact } from "../routine.ts";
import { batched, type Sizes, sizesOf, unbatched } from "./spatial.ts";
import { narrow, reshape, unsqueeze } from "../view.ts";

/** Options of fractional max pooling; one of `outputSize` and `outputRatio` is given. */
export interface FractionalMaxPoolOptions {
  /** The spatial sizes of the result. */
  readonly outputSize?: Sizes | null;
  /** The spatial sizes of the result as parts of those of the input, between 0 and 1. */
  readonly outputRatio?: number | readonly number[] | null;
  /** Also return where in the flattened spatial dimensions each value came from. */
  readonly returnIndices?: boolean;
  /** Numbers in [0, 1) that place the windows, [N, C, spatial dimensions] in the dtype of x; drawn when not given. */
  readonly randomSamples?: Tensor | null;
  /** Where the random bits come from; the default generator when not given. */
  readonly generator?: Generator;
}

const kinds: Kinds<FractionalMaxPoolOptions> = {
  outputSize: "sizes?",
  outputRatio: "rates?",
  returnIndices: "boolean",
  randomSamples: "tensor?",
  generator: "any",
};

/** Options that ask for the indices. */
export type FractionalMaxPoolWithIndices = FractionalMaxPoolOptions & { readonly returnIndices: true };

function outputSizes(
  op: string,
  options: FractionalMaxPoolOptions,
  space: readonly number[],
): readonly number[] {
  const { outputSize, outputRatio } = options;
  if (outputSize !== undefined && outputSize !== null) {
    return sizesOf(op, "output_size", outputSize, space.length);
  }
  if (outputRatio === undefined || outputRatio === null) {
    throw new ValueError(`${op} requires specifying either an output_size or an output_ratio`);
  }
  return space.map((size, i) => {
    const ratio = typeof outputRatio === "number" ? outputRatio : outputRatio[i];
    if (!(ratio > 0 && ratio < 1)) {
      throw new ValueError(`output_ratio must be between 0 and 1 (got ${ratio}), in ${op}`);
    }
    return Math.floor(size * ratio);
  });
}

/** Where the windows begin along one dimension, int64 [N, C, out]. */
function starts(sample: Tensor, size: number, kernel: number, out: number): Tensor {
  const shape = [...sample.shape.slice(0, 2), out], number = iota(shape, 2, { device: sample.device });
  if (out === 1) return add(mul(number, 0), size - kernel);
  const alpha = (size - kernel) / (out - 1);
  const at = trunc(mul(add(cast(number, sample.dtype), sample), alpha));
  const moved = cast(sub(at, trunc(mul(sample, alpha))), "int64");
  return where(eq(number, out - 1), size - kernel, moved);
}

function fractionalMaxPool(
  op: string,
  rank: number,
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolOptions,
): Tensor | ValuesAndIndices {
  checkCall(op, [x], options, kinds);
  const input = batched(op, x, rank);
  requireFloat(op, input);
  const [n, c, ...space] = input.shape;
  const kernel = sizesOf(op, "kernel_size", kernelSize, rank), out = outputSizes(op, options, space);
  const axes = ["time", "height", "width"].slice(3 - rank);
  // PyTorch wants one element more of volumes than of images.
  const spare = rank === 3 ? 1 : 0;
  space.forEach((size, i) => {
    if (out[i] + kernel[i] - 1 + spare <= size && out[i] > 0) return;
    throw new ShapeError(
      `${op}(): pool ${axes[i]} ${kernel[i]} too large relative to input ${axes[i]} ${size}, for ${
        out[i]
      } windows`,
    );
  });
  const like = { dtype: input.dtype, device: input.device };
  const samples = options.randomSamples ?? rand([n, c, rank], { ...like, generator: options.generator });
  if (!sameShape(samples.shape, [n, c, rank]) || samples.dtype !== input.dtype) {
    throw new ShapeError(
      `${op}: Expect _random_samples of shape [${n}, ${c}, ${rank}] and dtype ${input.dtype}, but got [${
        samples.shape.join(", ")
      }] of ${samples.dtype}`,
    );
  }
  // The places of all elements of all windows: [N, C, ...out, ...kernel]
  const shape = [n, c, ...out, ...kernel];
  let places: Tensor | null = null, step = 1;
  for (let i = rank - 1; i >= 0; i--) {
    // The first sample is for the innermost dimension of a plane, but for the outermost of a volume.
    const sample = narrow(samples, 2, rank === 2 ? 1 - i : i, 1);
    const start = starts(sample, space[i], kernel[i], out[i]);
    const apart = reshape(start, shape.map((s, d) => d < 2 || d === i + 2 ? s : 1));
    const at = add(apart, iota(shape, 2 + rank + i, { device: input.device }));
    places = places === null ? at : add(places, mul(at, step));
    step *= space[i];
  }
  const windows = sizeOf(out), inside = sizeOf(kernel);
  const index = reshape(places as Tensor, [n, c, windows * inside]);
  const flat = reshape(input, [n, c, sizeOf(space)]);
  const found = reshape(gatherExact(flat, 2, index), [n, c, windows, inside]);
  const best = unsqueeze(cast(windowPlace(found, [3], amax(found.detach(), 3)), "int64"), 3);
  const chosen = gatherExact(reshape(index, found.shape), 3, best);
  const indices = reshape(chosen, [n, c, windows]);
  const result = (t: Tensor) => unbatched(reshape(t, [n, c, ...out]), x);
  const y = named(`FractionalMaxPool${rank}D`, result(gatherExact(flat, 2, indices)));
  return options.returnIndices ? valuesAndIndices("", y, result(indices)) : y;
}

/**
 * The largest element of each window of x [N, C, H, W] or [C, H, W], whose places are drawn. `torch.nn.functional.fractional_max_pool2d`.
 *
 * @throws {ValueError} when neither the size of the result nor its ratio is given
 * @throws {ShapeError} when the windows do not fit
 * @example
 * ```ts
 * import { arange, fractionalMaxPool2d, manualSeed } from "@tenon/tenon";
 * manualSeed(0);
 * const x = arange(25).reshape([1, 5, 5]).float();
 * console.log(fractionalMaxPool2d(x, 2, { outputSize: 3 }).shape); // [ 1, 3, 3 ]
 * ```
 */
export function fractionalMaxPool2d(
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolWithIndices,
): ValuesAndIndices;
/** The largest elements alone. */
export function fractionalMaxPool2d(x: Tensor, kernelSize: Sizes, options: FractionalMaxPoolOptions): Tensor;
/** The largest elements, with indices if asked. */
export function fractionalMaxPool2d(
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolOptions = {},
): Tensor | ValuesAndIndices {
  return fractionalMaxPool("fractional_max_pool2d", 2, x, kernelSize, options);
}

/** The largest element of each window of x [N, C, D, H, W] or [C, D, H, W], whose places are drawn. `torch.nn.functional.fractional_max_pool3d`. */
export function fractionalMaxPool3d(
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolWithIndices,
): ValuesAndIndices;
/** The largest elements alone. */
export function fractionalMaxPool3d(x: Tensor, kernelSize: Sizes, options: FractionalMaxPoolOptions): Tensor;
/** The largest elements, with indices if asked. */
export function fractionalMaxPool3d(
  x: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolOptions = {},
): Tensor | ValuesAndIndices {
  return fractionalMaxPool("fractional_max_pool3d", 3, x, kernelSize, options);
}
