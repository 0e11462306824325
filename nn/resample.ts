/**
 * Layers that move elements between channels and space or change the number of elements in space: Upsample, PixelShuffle, Fold and kin.
 *
 * @module
 */
import {
  fold,
  foldKinds,
  type FoldSizes,
  unfold,
  unfoldKinds,
  type UnfoldOptions,
} from "../core/ops/nn/im2col.ts";
import { checkKind, type Kinds } from "../core/ops/options.ts";
import type { KernelSize } from "../core/ops/nn/pool.ts";
import { interpolate, type InterpolateMode, type InterpolateOptions } from "../core/ops/nn/resize.ts";
import { channelShuffle, pixelShuffle, pixelUnshuffle } from "../core/ops/nn/shuffle.ts";
import type { Sizes } from "../core/ops/nn/spatial.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  inPlace,
  isNamed,
  type Named,
  needed,
  type NeededThen,
  settingsOf,
  type Trailing,
} from "../core/ops/arguments.ts";
import { checkSizes } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { float, size as sizeText } from "./module/repr.ts";

/** Options of Upsample. */
export interface UpsampleOptions {
  /** The spatial sizes of the result; this or `scaleFactor` is needed. */
  readonly size?: Sizes | null;
  /** What the spatial sizes are multiplied by. */
  readonly scaleFactor?: number | readonly number[] | null;
  /** "nearest" by default. */
  readonly mode?: InterpolateMode;
  /** Whether the centres of the corner elements stay in place. */
  readonly alignCorners?: boolean | null;
  /** Compute the scale anew from the sizes. */
  readonly recomputeScaleFactor?: boolean | null;
}

/**
 * More (or fewer) elements in space: [N, C, L], [N, C, H, W] or [N, C, D, H, W] to that of `size`, or times `scaleFactor`. `torch.nn.Upsample`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.Upsample({ scaleFactor: 2, mode: "bilinear" })(ones([1, 1, 2, 2])).shape); // [ 1, 1, 4, 4 ]
 * ```
 */
export class Upsample extends Module {
  /** The spatial sizes of the result, or null. */
  readonly size: Sizes | null;
  /** What the spatial sizes are multiplied by, or null. */
  scaleFactor: number | readonly number[] | null;
  /** How elements between elements are found. */
  mode: InterpolateMode;
  /** Whether the centres of the corner elements stay in place. */
  alignCorners: boolean | null;
  /** Whether the scale is computed anew from the sizes. */
  recomputeScaleFactor: boolean | null;

  /** Takes the sizes by position or everything by name. */
  constructor(
    ...settings: Trailing<
      [size: Sizes | null, scaleFactor: number | readonly number[] | null, mode: InterpolateMode],
      UpsampleOptions
    >
  ) {
    super();
    const options = settingsOf<UpsampleOptions>(this.reprName(), settings, {
      size: "sizes?",
      scaleFactor: "sizes?",
      mode: "string",
      alignCorners: "boolean?",
      recomputeScaleFactor: "boolean?",
    });
    this.size = options.size ?? null;
    this.scaleFactor = options.scaleFactor ?? null;
    this.mode = options.mode ?? "nearest";
    this.alignCorners = options.alignCorners ?? null;
    this.recomputeScaleFactor = options.recomputeScaleFactor ?? null;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    const options: InterpolateOptions = {
      size,
      scaleFactor,
      mode,
      alignCorners,
      recomputeScaleFactor,
    };
    return interpolate(x, options);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    const { scaleFactor } = this;
    if (scaleFactor === null) return `size=${sizeText(this.size)}, mode=${this.mode}`;
    const factors = typeof scaleFactor === "number"
      ? float(scaleFactor)
      : `(${scaleFactor.map(float).join(", ")}${scaleFactor.length === 1 ? "," : ""})`;
    return `scale_factor=${factors}, mode=${this.mode}`;
  }
}

/** Options of UpsamplingNearest2d and UpsamplingBilinear2d. */
export type UpsamplingOptions = Pick<UpsampleOptions, "size" | "scaleFactor">;

const upsamplingKinds: Kinds<UpsamplingOptions> = { size: "sizes?", scaleFactor: "sizes?" };

/** Upsample of images by the nearest elements. `torch.nn.UpsamplingNearest2d`. */
export class UpsamplingNearest2d extends Upsample {
  /** Takes size or factor, by position or by name. */
  constructor(
    ...settings: Trailing<
      [size: Sizes | null, scaleFactor: number | readonly number[] | null],
      UpsamplingOptions
    >
  ) {
    super({
      ...settingsOf<UpsamplingOptions>("UpsamplingNearest2d", settings, upsamplingKinds),
      mode: "nearest",
    });
  }
}

/** Upsample of images along straight lines, with the corners in place. `torch.nn.UpsamplingBilinear2d`. */
export class UpsamplingBilinear2d extends Upsample {
  /** Takes size or factor, by position or by name. */
  constructor(
    ...settings: Trailing<
      [size: Sizes | null, scaleFactor: number | readonly number[] | null],
      UpsamplingOptions
    >
  ) {
    const options = settingsOf<UpsamplingOptions>("UpsamplingBilinear2d", settings, upsamplingKinds);
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}

/**
 * [N, C r^2, H, W] to [N, C, H r, W r]. `torch.nn.PixelShuffle`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.PixelShuffle(2)(ones(1, 8, 2, 2)).shape); // [ 1, 2, 4, 4 ]
 * ```
 */
export class PixelShuffle extends Module {
  /** r. */
  upscaleFactor: number;

  /** Takes r. */
  constructor(upscaleFactor: number | Named<{ upscaleFactor: number }>) {
    super();
    this.upscaleFactor = isNamed(upscaleFactor)
      ? inPlace("PixelShuffle", ["upscaleFactor"], [upscaleFactor], 1)[0]
      : upscaleFactor;
    checkSizes("PixelShuffle", { upscaleFactor: this.upscaleFactor }, 1);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/** [N, C, H r, W r] to [N, C r^2, H, W]. `torch.nn.PixelUnshuffle`. */
export class PixelUnshuffle extends Module {
  /** r. */
  downscaleFactor: number;

  /** Takes r. */
  constructor(downscaleFactor: number | Named<{ downscaleFactor: number }>) {
    super();
    this.downscaleFactor = isNamed(downscaleFactor)
      ? inPlace("PixelUnshuffle", ["downscaleFactor"], [downscaleFactor], 1)[0]
      : downscaleFactor;
    checkSizes("PixelUnshuffle", { downscaleFactor: this.downscaleFactor }, 1);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/** Channels in groups, taken in turn from each group: [N, C, H, W] to the same. `torch.nn.ChannelShuffle`. */
export class ChannelShuffle extends Module {
  /** Number of groups. */
  groups: number;

  /** Takes the number of groups. */
  constructor(groups: number | Named<{ groups: number }>) {
    super();
    this.groups = isNamed(groups) ? inPlace("ChannelShuffle", ["groups"], [groups], 1)[0] : groups;
    checkSizes("ChannelShuffle", { groups: this.groups }, 1);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}

/** Arguments of Unfold. */
export type UnfoldArguments = NeededThen<
  [kernelSize: Sizes],
  [dilation: Sizes, padding: Sizes, stride: Sizes],
  KernelSize,
  UnfoldOptions
>;

/** Arguments of Fold. */
export type FoldArguments = NeededThen<
  [outputSize: Sizes, kernelSize: Sizes],
  [dilation: Sizes, padding: Sizes, stride: Sizes],
  FoldSizes,
  UnfoldOptions
>;

/** What Fold and Unfold share. */
export abstract class BlockModule extends Module {
  /** Sizes of the blocks. */
  kernelSize: Sizes;
  /** Distance of a block's elements. */
  dilation: Sizes;
  /** Zeros around the image. */
  padding: Sizes;
  /** Step of the blocks. */
  stride: Sizes;

  /** Takes the sizes of the blocks and the others. */
  protected constructor(options: Partial<KernelSize> & UnfoldOptions) {
    super();
    const { dilation = 1, padding = 0, stride = 1 } = options, op = this.reprName();
    this.kernelSize = needed(op, options, "kernelSize");
    checkKind(op, "kernelSize", this.kernelSize, "sizes");
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `kernel_size=${sizeText(this.kernelSize)}, dilation=${sizeText(this.dilation)}, padding=${
      sizeText(this.padding)
    }, stride=${sizeText(this.stride)}`;
  }
}

/**
 * Blocks of an image [N, C, H, W] as columns [N, C * block, blocks]. `torch.nn.Unfold`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.Unfold([2, 3])(ones([2, 5, 3, 4])).shape); // [ 2, 30, 4 ]
 * ```
 */
export class Unfold extends BlockModule {
  /** Takes the sizes of the blocks and the others, by position or by name. */
  constructor(...settings: UnfoldArguments) {
    super(settingsOf<KernelSize & UnfoldOptions>("Unfold", settings, unfoldKinds));
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    const { dilation, padding, stride } = this;
    return unfold(x, this.kernelSize, { dilation, padding, stride });
  }
}

/** Columns [N, C * block, blocks] added up to an image [N, C, H, W]. `torch.nn.Fold`. */
export class Fold extends BlockModule {
  /** Sizes of the image. */
  outputSize: Sizes;

  /** Takes the sizes of image and blocks and the others, by position or by name. */
  constructor(...settings: FoldArguments) {
    const options = settingsOf<FoldSizes & UnfoldOptions>("Fold", settings, foldKinds);
    super(options);
    this.outputSize = needed("Fold", options, "outputSize");
    checkKind("Fold", "outputSize", this.outputSize, "sizes");
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    const { dilation, padding, stride } = this;
    return fold(x, this.outputSize, this.kernelSize, { dilation, padding, stride });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `output_size=${sizeText(this.outputSize)}, ${super.extraRepr()}`;
  }
}
