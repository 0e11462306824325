/**
 * Moving elements between channels and space, and between groups of channels. Views all of them.
 *
 * @module
 */
import { inPlace, isNamed, type Named } from "../arguments.ts";
import { checkCall } from "../options.ts";
import { named } from "../../apply.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { permute, reshape } from "../view.ts";

function check(op: string, name: string, x: Tensor, factor: number): void {
  if (x.shape.length < 3) {
    throw new ShapeError(
      `${op} expects input to have at least 3 dimensions, but got input with ${x.shape.length} dimension(s)`,
    );
  }
  if (!Number.isInteger(factor) || factor < 1) {
    throw new ValueError(`${op} expects a positive ${name}, but got ${factor}`);
  }
}

/**
 * [..., C r^2, H, W] -> [..., C, H r, W r]. `torch.nn.functional.pixel_shuffle`.
 *
 * @throws {ShapeError} when the channels cannot be divided by the square of the factor
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(nn.functional.pixelShuffle(ones(1, 8, 2, 2), 2).shape); // [ 1, 2, 4, 4 ]
 * ```
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number | Named<{ upscaleFactor: number }>): Tensor {
  if (isNamed(upscaleFactor)) {
    return pixelShuffle(x, ...inPlace("pixel_shuffle", ["upscaleFactor"], [upscaleFactor], 1));
  }
  checkCall("pixel_shuffle", [x]);
  const r = upscaleFactor;
  check("pixel_shuffle", "upscale_factor", x, r);
  const front = x.shape.slice(0, -3), [c, h, w] = x.shape.slice(-3), d = front.length;
  if (c % (r * r) !== 0) {
    throw new ShapeError(
      `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=${c} is not divisible by ${
        r * r
      }`,
    );
  }
  const apart = reshape(x, [...front, c / (r * r), r, r, h, w]);
  const order = [...front.map((_, i) => i), d, d + 3, d + 1, d + 4, d + 2];
  return named("PixelShuffle", reshape(permute(apart, order), [...front, c / (r * r), h * r, w * r]));
}

/** [..., C, H r, W r] -> [..., C r^2, H, W]. `torch.nn.functional.pixel_unshuffle`. */
export function pixelUnshuffle(
  x: Tensor,
  downscaleFactor: number | Named<{ downscaleFactor: number }>,
): Tensor {
  if (isNamed(downscaleFactor)) {
    return pixelUnshuffle(x, ...inPlace("pixel_unshuffle", ["downscaleFactor"], [downscaleFactor], 1));
  }
  checkCall("pixel_unshuffle", [x]);
  const r = downscaleFactor;
  check("pixel_unshuffle", "downscale_factor", x, r);
  const front = x.shape.slice(0, -3), [c, h, w] = x.shape.slice(-3), d = front.length;
  for (const [side, size, dim] of [["height", h, -2], ["width", w, -1]] as const) {
    if (size % r !== 0) {
      throw new ShapeError(
        `pixel_unshuffle expects ${side} to be divisible by downscale_factor, but input.size(${dim})=${size} is not divisible by ${r}`,
      );
    }
  }
  const apart = reshape(x, [...front, c, h / r, r, w / r, r]);
  const order = [...front.map((_, i) => i), d, d + 2, d + 4, d + 1, d + 3];
  return named("PixelUnshuffle", reshape(permute(apart, order), [...front, c * r * r, h / r, w / r]));
}

/** The channels (dimension 1) of all groups in turn: the transpose of [groups, C / groups]. `torch.nn.functional.channel_shuffle`. */
export function channelShuffle(x: Tensor, groups: number | Named<{ groups: number }>): Tensor {
  if (isNamed(groups)) return channelShuffle(x, ...inPlace("channel_shuffle", ["groups"], [groups], 1));
  checkCall("channel_shuffle", [x]);
  if (x.shape.length < 3) {
    throw new ShapeError(
      `channel_shuffle expects input with > 2 dims, but got input with sizes [${x.shape.join(", ")}]`,
    );
  }
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ValueError(
      `Number of groups to divide channels in must be positive. Value of groups:${groups}, in channel_shuffle`,
    );
  }
  const [n, c, ...space] = x.shape;
  if (c % groups !== 0) {
    throw new ShapeError(
      `Number of channels must be divisible by groups. Got ${c} channels and ${groups} groups., in channel_shuffle`,
    );
  }
  const apart = reshape(x, [n, groups, c / groups, ...space]);
  const order = [0, 2, 1, ...space.map((_, i) => i + 3)];
  return named("NativeChannelShuffle", reshape(permute(apart, order), x.shape));
}
