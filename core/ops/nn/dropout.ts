/**
 * Dropout and its variants. Masks are drawn on the host from PyTorch's CPU stream (random.ts).
 *
 * @module
 */
import { inPlaceWith, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkKind, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { isFloat } from "../../dtype.ts";
import { makeDraw } from "../../effects.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import * as draw from "../../random/bernoulli.ts";
import { defaultGenerator, type Generator } from "../../random/generator.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { fromHost, zerosLike } from "../create.ts";
import { add, mul } from "../elementwise.ts";
import { reshape } from "../view.ts";

/** Options of the dropout functions. */
export interface DropoutOptions {
  /** Where the random bits come from; the default generator when not given. */
  readonly generator?: Generator;
  /** Changes nothing: tensors are immutable, and which memory is used again is the planner's business. */
  readonly inplace?: boolean;
}

/** What the dropout functions take by name. */
export type DropoutSettings = Named<{ p: number; training: boolean }, DropoutOptions>;

const dropoutKinds: Kinds<DropoutOptions> = { generator: "any", inplace: "boolean" };

/** alpha * scale of SELU: what a dropped element of alpha dropout becomes, with the sign changed. */
const seluFloor = 1.7580993408473766;

/** The settings of a call, however they were given. */
function settle(
  op: string,
  x: Tensor,
  p: number | DropoutSettings,
  training: boolean | DropoutSettings,
  options: DropoutOptions,
  byDefault = true,
): readonly [p: number, training: boolean, options: DropoutOptions] {
  if (isNamed(p) || isNamed(training)) {
    const [place, mode, rest] = inPlaceWith(op, ["p", "training"], [p, training], options);
    return settle(op, x, place ?? 0.5, mode ?? byDefault, rest);
  }
  checkCall(op, [x], options, dropoutKinds);
  return [p, training, options];
}

/** The result where no mask is drawn, since all elements stay or none; else null, for a tensor that can be scaled. */
function unmasked(op: string, x: Tensor, p: number, training: boolean): Tensor | null {
  checkKind(op, "p", p, "number");
  if (!(p >= 0 && p <= 1)) {
    throw new ValueError(`dropout probability has to be between 0 and 1, but got ${p}, in ${op}`);
  }
  if (!training || p === 0 || sizeOf(x.shape) === 0) return x.value;
  if (p === 1) return named("Mul", mul(x, zerosLike(x)));
  if (isFloat(x.dtype)) return null;
  throw new DTypeError(
    `result type Float can't be cast to the desired output type ${x.dtype}, in ${op}: it needs a float tensor`,
  );
}

/** One mask element per channel: sizes after the first two dimensions are 1. */
function channels(op: string, x: Tensor): Shape {
  if (x.shape.length < 2) {
    throw new ShapeError(
      `Feature dropout requires at least 2 dimensions in the input, in ${op}: got [${x.shape.join(", ")}]`,
    );
  }
  return x.shape.map((s, d) => d < 2 ? s : 1);
}

function masked(x: Tensor, p: number, shape: Shape, options: DropoutOptions): Tensor {
  const generator = options.generator ?? defaultGenerator;
  const mask = makeDraw(
    "dropout",
    shape,
    (full) => fromHost(draw.dropoutMask(generator, sizeOf(full), x.dtype, p), full, x.dtype, x.device),
  );
  return named("Mul", mul(x, mask));
}

/**
 * Each element is 0 with probability `p`, else divided by 1 - p; without `training` nothing changes. `torch.nn.functional.dropout`.
 *
 * @throws {ValueError} when p is not between 0 and 1
 * @example
 * ```ts
 * import { manualSeed, nn, ones } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(nn.functional.dropout(ones(6), 0.5).tolist()); // [ 0, 0, 2, 0, 0, 0 ]
 * console.log(nn.functional.dropout(ones(3), 0.5, { training: false }).tolist()); // [ 1, 1, 1 ]
 * ```
 */
export function dropout(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = true,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("dropout", x, p, training, options);
  return unmasked("dropout", x, p, training) ?? masked(x, p, x.shape, options);
}

/** Whole channels (the first two dimensions name them) are dropped. `torch.feature_dropout`. */
export function featureDropout(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = true,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("feature_dropout", x, p, training, options);
  return unmasked("featureDropout", x, p, training) ?? masked(x, p, channels("featureDropout", x), options);
}

/** Channels of [N, C, L] or [C, L] are dropped. `torch.nn.functional.dropout1d`. */
export function dropout1d(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = true,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("dropout1d", x, p, training, options);
  return channelDropout("dropout1d", x, p, training, [2, 3], options);
}

/** Channels of [N, C, H, W] are dropped; [N, C, L] is taken as it is. `torch.nn.functional.dropout2d`. */
export function dropout2d(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = true,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("dropout2d", x, p, training, options);
  return featureDropout(x, p, training, options);
}

/** Channels of [N, C, D, H, W] or [C, D, H, W] are dropped. `torch.nn.functional.dropout3d`. */
export function dropout3d(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = true,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("dropout3d", x, p, training, options);
  return channelDropout("dropout3d", x, p, training, [4, 5], options);
}

function channelDropout(
  op: string,
  x: Tensor,
  p: number,
  training: boolean,
  [unbatched, batched]: readonly [number, number],
  options: DropoutOptions,
): Tensor {
  const rank = x.shape.length;
  if (rank !== unbatched && rank !== batched) {
    throw new ShapeError(
      `${op}: Expected ${unbatched}D or ${batched}D input, but received a ${rank}D input of shape [${
        x.shape.join(", ")
      }]`,
    );
  }
  if (rank === batched) return featureDropout(x, p, training, options);
  const y = featureDropout(reshape(x, [1, ...x.shape]), p, training, options);
  return named("SqueezeBackward1", reshape(y, x.shape), x);
}

function alphaMasked(x: Tensor, p: number, shape: Shape, options: DropoutOptions): Tensor {
  const generator = options.generator ?? defaultGenerator;
  const keep = makeDraw(
    "alphaDropout",
    shape,
    (full) => fromHost(draw.bernoulli(generator, sizeOf(full), x.dtype, 1 - p), full, x.dtype, x.device),
  );
  // y = a (x keep - floor (1 - keep)) + a floor p, where a keeps mean 0 and variance 1
  const a = 1 / Math.sqrt((seluFloor * seluFloor * p + 1) * (1 - p));
  const shift = add(mul(add(keep, -1), seluFloor * a), seluFloor * a * p);
  return named("Add", add(mul(x, mul(keep, a)), shift));
}

/** Dropout that keeps mean and variance of SELU's outputs. `torch.nn.functional.alpha_dropout`. */
export function alphaDropout(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = false,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("alpha_dropout", x, p, training, options, false);
  return unmasked("alphaDropout", x, p, training) ?? alphaMasked(x, p, x.shape, options);
}

/** `alphaDropout` of whole channels. `torch.nn.functional.feature_alpha_dropout`. */
export function featureAlphaDropout(
  x: Tensor,
  p: number | DropoutSettings = 0.5,
  training: boolean | DropoutSettings = false,
  options: DropoutOptions = {},
): Tensor {
  [p, training, options] = settle("feature_alpha_dropout", x, p, training, options, false);
  const op = "featureAlphaDropout";
  return unmasked(op, x, p, training) ?? alphaMasked(x, p, channels(op, x), options);
}
