/**
 * Convolution layers. The transposed ones are in conv_transpose.ts, the lazy ones in lazy_conv.ts.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import { conv1d, conv2d, conv3d } from "../core/ops/nn/conv.ts";
import { empty } from "../core/ops/create.ts";
import { pad } from "../core/ops/nn/pad.ts";
import { type Sizes, sizesOf } from "../core/ops/nn/spatial.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { calculateFans } from "../init/fan.ts";
import { kaimingUniform_ } from "../init/kaiming.ts";
import { uniform_ } from "../init/uniform.ts";
import { type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import type { Kinds } from "../core/ops/options.ts";
import { type BiasOf, checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";
import { tuple } from "./module/repr.ts";

/** What a convolution's border is made of. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** Options of convolution layers. */
export interface ConvLayerOptions<B extends boolean = boolean> extends FactoryOptions {
  /** Step of the kernel; 1 by default. */
  readonly stride?: Sizes;
  /** Border around the input, or "valid" (none) or "same" (the output is as large as the input); 0 by default. */
  readonly padding?: Sizes | "valid" | "same";
  /** Distance of the kernel's elements; 1 by default. */
  readonly dilation?: Sizes;
  /** Groups of channels that see only each other; 1 by default. */
  readonly groups?: number;
  /** Whether there is a bias; true by default. */
  readonly bias?: B;
  /** What the border is made of; zeros by default. */
  readonly paddingMode?: PaddingMode;
}

const paddingModes = ["zeros", "reflect", "replicate", "circular"];

/** What plain and transposed convolutions share. */
export abstract class ConvModule<B extends boolean = boolean> extends Module {
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  outChannels: number;
  /** Sizes of the kernel. */
  kernelSize: readonly number[];
  /** Steps of the kernel. */
  stride: readonly number[];
  /** Borders around the input. */
  padding: readonly number[] | "valid" | "same";
  /** Distances of the kernel's elements. */
  dilation: readonly number[];
  /** Groups of channels that see only each other. */
  groups: number;
  /** What the border is made of. */
  paddingMode: PaddingMode;
  /** [out, in / groups, ...kernel]; of a transposed convolution [in, out / groups, ...kernel]. */
  declare weight: Parameter;
  /** [out], or null. */
  declare bias: BiasOf<B>;

  /** Takes the number of spatial dimensions, channels and kernel size. */
  protected constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: ConvLayerOptions,
    transposed: boolean,
  ) {
    super();
    const op = this.reprName();
    const {
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
      paddingMode = "zeros",
      dtype,
      device,
    } = options;
    checkSizes(op, { inChannels, outChannels });
    if (!Number.isInteger(groups) || groups <= 0) {
      throw new ValueError(`groups must be a positive integer, in ${op}: got ${groups}`);
    }
    if (inChannels % groups !== 0) {
      throw new ValueError(
        `in_channels must be divisible by groups, in ${op}: got ${inChannels} and groups=${groups}`,
      );
    }
    if (outChannels % groups !== 0) {
      throw new ValueError(
        `out_channels must be divisible by groups, in ${op}: got ${outChannels} and groups=${groups}`,
      );
    }
    if (!paddingModes.includes(paddingMode)) {
      throw new ValueError(
        `padding_mode must be one of ${
          paddingModes.join(", ")
        }, but got padding_mode='${paddingMode}', in ${op}`,
      );
    }
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = sizesOf(op, "kernel_size", kernelSize, rank);
    this.stride = sizesOf(op, "stride", stride, rank);
    this.padding = typeof padding === "string" ? padding : sizesOf(op, "padding", padding, rank);
    this.dilation = sizesOf(op, "dilation", dilation, rank);
    this.groups = groups;
    this.paddingMode = paddingMode;
    if (typeof padding === "string" && padding !== "same" && padding !== "valid") {
      throw new ValueError(`Invalid padding string '${padding}', should be one of 'same', 'valid', in ${op}`);
    }
    if (padding === "same" && this.stride.some((s) => s !== 1)) {
      throw new ValueError(`padding='same' is not supported for strided convolutions, in ${op}`);
    }
    const shape = convWeightShape(this, transposed);
    this.registerParameter("weight", new Parameter(empty(shape, { dtype, device })));
    this.registerParameter("bias", bias ? new Parameter(empty([outChannels], { dtype, device })) : null);
    this.resetParameters();
  }

  /** Draws the parameters anew, as PyTorch does: uniform within 1 / sqrt(fan in). */
  resetParameters(): void {
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    const bias: Parameter | null = this.bias;
    if (bias === null) return;
    const { fanIn } = calculateFans(this.weight.shape);
    if (fanIn !== 0) uniform_(bias, -1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
  }

  /** What the text says between padding and groups. */
  protected outputPaddingText(): string {
    return "";
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    const { padding, dilation, groups, bias, paddingMode } = this;
    const padded = typeof padding === "string" ? padding : padding.some((p) => p !== 0) ? tuple(padding) : "";
    return `${this.inChannels}, ${this.outChannels}, kernel_size=${tuple(this.kernelSize)}, stride=${
      tuple(this.stride)
    }` +
      (padded === "" ? "" : `, padding=${padded}`) +
      (dilation.some((d) => d !== 1) ? `, dilation=${tuple(dilation)}` : "") + this.outputPaddingText() +
      (groups !== 1 ? `, groups=${groups}` : "") + (bias === null ? ", bias=False" : "") +
      (paddingMode === "zeros" ? "" : `, padding_mode=${paddingMode}`);
  }
}

/** The shape of a convolution's weight. */
export function convWeightShape(
  { inChannels, outChannels, groups, kernelSize }: ConvModule,
  transposed: boolean,
): Shape {
  return transposed
    ? [inChannels, outChannels / groups, ...kernelSize]
    : [outChannels, inChannels / groups, ...kernelSize];
}

/** What a convolution cannot do without, where it is given by name. */
export interface ConvSizes {
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** Sizes of the kernel. */
  readonly kernelSize: Sizes;
}

/** Arguments of convolution layers. */
export type ConvArguments<B extends boolean = boolean> = NeededThen<
  [inChannels: number, outChannels: number, kernelSize: Sizes],
  [
    stride: Sizes,
    padding: Sizes | "valid" | "same",
    dilation: Sizes,
    groups: number,
    bias: B,
    paddingMode: PaddingMode,
  ],
  ConvSizes,
  ConvLayerOptions<B>
>;

/** What those arguments hold, in PyTorch's order. */
export const convKinds: Kinds<ConvSizes & ConvLayerOptions> = {
  inChannels: "any",
  outChannels: "any",
  kernelSize: "any",
  stride: "sizes",
  padding: "any",
  dilation: "sizes",
  groups: "number",
  bias: "boolean",
  paddingMode: "string",
  ...factoryKinds,
};

/** The convolution of some number of dimensions. */
export type ConvFunction = typeof conv1d;

/** A convolution for the number of dimensions that a subclass has. */
export abstract class Conv<B extends boolean = boolean> extends ConvModule<B> {
  /** Takes the number of spatial dimensions and the arguments: channels, kernel size and the others. */
  protected constructor(op: string, rank: number, given: readonly unknown[]) {
    const options = settingsOf<ConvSizes & ConvLayerOptions>(op, given, convKinds);
    const { inChannels, outChannels, kernelSize } = options as ConvSizes;
    super(rank, inChannels, outChannels, kernelSize, options, false);
  }

  /** Convolves, after giving the input its border where that is not of zeros. */
  protected run(conv: ConvFunction, x: Tensor): Tensor {
    const { weight, bias, stride, padding, dilation, groups } = this;
    if (this.paddingMode === "zeros") return conv(x, weight, bias, { stride, padding, dilation, groups });
    const bordered = pad(x, this.borders(), this.paddingMode);
    return conv(bordered, weight, bias, { stride, dilation, groups });
  }

  /** Amounts as `pad` wants them: the last dimension first, both sides of each. */
  private borders(): number[] {
    const { padding, kernelSize, dilation } = this;
    const sides = kernelSize.map((k, d): [number, number] => {
      if (typeof padding !== "string") return [padding[d], padding[d]];
      const total = padding === "same" ? dilation[d] * (k - 1) : 0;
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
    return sides.reverse().flat();
  }
}

/**
 * Convolution of [N, C, L] or [C, L]. `torch.nn.Conv1d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const conv = new nn.Conv1d(16, 33, 3, { stride: 2 });
 * console.log(conv(randn([20, 16, 50])).shape); // [ 20, 33, 24 ]
 * ```
 */
export class Conv1d<B extends boolean = true> extends Conv<B> {
  /** Takes channels, kernel size and the others, by position or by name. */
  constructor(...settings: ConvArguments<B>) {
    super("Conv1d", 1, settings);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(conv1d, x);
  }
}

/**
 * Convolution of [N, C, H, W] or [C, H, W]. `torch.nn.Conv2d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const conv = new nn.Conv2d(3, 8, [3, 5], { padding: [1, 2] });
 * console.log(conv(randn([2, 3, 10, 10])).shape); // [ 2, 8, 10, 10 ]
 * ```
 */
export class Conv2d<B extends boolean = true> extends Conv<B> {
  /** Takes channels, kernel size and the others, by position or by name. */
  constructor(...settings: ConvArguments<B>) {
    super("Conv2d", 2, settings);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(conv2d, x);
  }
}

/** Convolution of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.Conv3d`. */
export class Conv3d<B extends boolean = true> extends Conv<B> {
  /** Takes channels, kernel size and the others, by position or by name. */
  constructor(...settings: ConvArguments<B>) {
    super("Conv3d", 3, settings);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(conv3d, x);
  }
}
