/**
 * Transposed convolution layers.
 *
 * @module
 */
import { torchSize } from "../core/shape.ts";
import { ValueError } from "../core/errors.ts";
import { convTranspose1d, convTranspose2d, convTranspose3d } from "../core/ops/nn/conv.ts";
import { type Sizes, sizesOf } from "../core/ops/nn/spatial.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import type { Kinds } from "../core/ops/options.ts";
import { factoryKinds, type FactoryOptions, type WantedSize, wantedSize } from "./arguments.ts";
import { ConvModule, type ConvSizes } from "./conv.ts";
import { tuple } from "./module/repr.ts";

/** Options of transposed convolution layers. */
export interface ConvTransposeLayerOptions<B extends boolean = boolean> extends FactoryOptions {
  /** Step of the kernel; 1 by default. */
  readonly stride?: Sizes;
  /** How much is cut off on both sides of the output; 0 by default. */
  readonly padding?: Sizes;
  /** How much is added to one side of the output; 0 by default. */
  readonly outputPadding?: Sizes;
  /** Groups of channels that see only each other; 1 by default. */
  readonly groups?: number;
  /** Whether there is a bias; true by default. */
  readonly bias?: B;
  /** Distance of the kernel's elements; 1 by default. */
  readonly dilation?: Sizes;
  /** Only zeros, as in PyTorch. */
  readonly paddingMode?: "zeros";
}

/** Arguments of transposed convolution layers. */
export type ConvTransposeArguments<B extends boolean = boolean> = NeededThen<
  [inChannels: number, outChannels: number, kernelSize: Sizes],
  [stride: Sizes, padding: Sizes, outputPadding: Sizes, groups: number, bias: B, dilation: Sizes],
  ConvSizes,
  ConvTransposeLayerOptions<B>
>;

/** What those arguments hold, in PyTorch's order. */
export const convTransposeKinds: Kinds<ConvSizes & ConvTransposeLayerOptions> = {
  inChannels: "any",
  outChannels: "any",
  kernelSize: "any",
  stride: "sizes",
  padding: "sizes",
  outputPadding: "sizes",
  groups: "number",
  bias: "boolean",
  dilation: "sizes",
  paddingMode: "string",
  ...factoryKinds,
};

/** The transposed convolution of some number of dimensions. */
export type TransposeFunction = typeof convTranspose1d;

/** A transposed convolution for the number of dimensions that a subclass has. */
export abstract class ConvTranspose<B extends boolean = boolean> extends ConvModule<B> {
  /** How much is added to one side of the output. */
  outputPadding: readonly number[];

  /** Takes the number of spatial dimensions and the arguments: channels, kernel size and the others. */
  protected constructor(op: string, rank: number, settings: readonly unknown[]) {
    const options = settingsOf<ConvSizes & ConvTransposeLayerOptions>(op, settings, convTransposeKinds);
    if ((options.paddingMode ?? "zeros") !== "zeros") {
      throw new ValueError(`Only "zeros" padding mode is supported for ${op}, got ${options.paddingMode}`);
    }
    const { inChannels, outChannels, kernelSize } = options as ConvSizes;
    super(rank, inChannels, outChannels, kernelSize, options, true);
    this.outputPadding = sizesOf(op, "output_padding", options.outputPadding ?? 0, rank);
  }

  /** Convolves. `outputSize` says which of the possible output sizes is wanted. */
  protected run(conv: TransposeFunction, x: Tensor, wanted: WantedSize): Tensor {
    const outputSize = wantedSize(`ConvTranspose${this.kernelSize.length}d`, wanted);
    const { weight, bias, stride, dilation, groups } = this;
    const padding = this.padding as readonly number[];
    const outputPadding = outputSize === null ? this.outputPadding : this.paddingFor(x, padding, outputSize);
    return conv(x, weight, bias, { stride, padding, outputPadding, groups, dilation });
  }

  /** The output padding that gives an output size. */
  private paddingFor(x: Tensor, padding: readonly number[], outputSize: Shape): number[] {
    const rank = this.kernelSize.length, lead = x.ndim - rank;
    const wanted = outputSize.length === x.ndim ? outputSize.slice(lead) : outputSize;
    if (wanted.length !== rank) {
      throw new ValueError(
        `ConvTranspose${rank}D: for ${x.ndim}D input, output_size must have ${rank} or ${
          rank + lead
        } elements (got ${outputSize.length})`,
      );
    }
    const least = this.kernelSize.map((k, d) =>
      (x.shape[d + lead] - 1) * this.stride[d] - 2 * padding[d] + this.dilation[d] * (k - 1) + 1
    );
    const most = least.map((size, d) => size + this.stride[d] - 1);
    if (wanted.some((size, d) => size < least[d] || size > most[d])) {
      throw new ValueError(
        `requested an output size of ${tuple(wanted)}, but valid sizes range from [${least.join(", ")}] to [${
          most.join(", ")
        }] (for an input of ${torchSize(x.shape.slice(lead))})`,
      );
    }
    return wanted.map((size, d) => size - least[d]);
  }

  /** What the text says between dilation and groups. */
  protected override outputPaddingText(): string {
    return this.outputPadding.some((p) => p !== 0) ? `, output_padding=${tuple(this.outputPadding)}` : "";
  }
}

/**
 * Transposed convolution of [N, C, L] or [C, L]. `torch.nn.ConvTranspose1d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const up = new nn.ConvTranspose1d(4, 2, 3, { stride: 2 });
 * console.log(up(randn([1, 4, 5])).shape, up(randn([1, 4, 5]), [12]).shape); // [ 1, 2, 11 ] [ 1, 2, 12 ]
 * ```
 */
export class ConvTranspose1d<B extends boolean = true> extends ConvTranspose<B> {
  /** Takes channels, kernel size and the others, by position or by name. */
  constructor(...settings: ConvTransposeArguments<B>) {
    super("ConvTranspose1d", 1, settings);
  }

  /** What the layer computes; `outputSize` chooses among the sizes that fit. */
  override forward(x: Tensor, outputSize: WantedSize = null): Tensor {
    return this.run(convTranspose1d, x, outputSize);
  }
}

/** Transposed convolution of [N, C, H, W] or [C, H, W]. `torch.nn.ConvTranspose2d`. */
export class ConvTranspose2d<B extends boolean = true> extends ConvTranspose<B> {
  /** Takes channels, kernel size and the others, by position or by name. */
  constructor(...settings: ConvTransposeArguments<B>) {
    super("ConvTranspose2d", 2, settings);
  }

  /** What the layer computes; `outputSize` chooses among the sizes that fit. */
  override forward(x: Tensor, outputSize: WantedSize = null): Tensor {
    return this.run(convTranspose2d, x, outputSize);
  }
}

/** Transposed convolution of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.ConvTranspose3d`. */
export class ConvTranspose3d<B extends boolean = true> extends ConvTranspose<B> {
  /** Takes channels, kernel size and the others, by position or by name. */
  constructor(...settings: ConvTransposeArguments<B>) {
    super("ConvTranspose3d", 3, settings);
  }

  /** What the layer computes; `outputSize` chooses among the sizes that fit. */
  override forward(x: Tensor, outputSize: WantedSize = null): Tensor {
    return this.run(convTranspose3d, x, outputSize);
  }
}
