/**
 * Pooling layers: the average or the norm of each window, and those whose output size is given.
 *
 * @module
 */
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type OutputSizes,
} from "../core/ops/nn/adaptive_pool.ts";
import { checkKind } from "../core/ops/options.ts";
import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type AvgPoolOptions,
  type KernelSize,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  type NormType,
} from "../core/ops/nn/pool.ts";
import type { ValuesAndIndices } from "../core/ops/reduce.ts";
import { type Sizes, sizesOf } from "../core/ops/nn/spatial.ts";
import type { Tensor } from "../core/tensor.ts";
import { inPlace, isNamed, type Named, needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import type { MaxPoolResult } from "./max_pool.ts";
import { Module } from "./module/module.ts";
import { flag, number, size } from "./module/repr.ts";

/** Options of average pooling layers. */
export interface AvgPoolLayerOptions extends Omit<AvgPoolOptions, "stride"> {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
}

/** Arguments of average pooling layers. */
export type AvgPoolArguments = NeededThen<
  [kernelSize: Sizes],
  [
    stride: Sizes | null,
    padding: Sizes,
    ceilMode: boolean,
    countIncludePad: boolean,
    divisorOverride: number | null,
  ],
  KernelSize,
  AvgPoolLayerOptions
>;

/** What the average pooling layers share. */
export abstract class AvgPoolModule extends Module {
  /** Sizes of the windows. */
  kernelSize: Sizes;
  /** Steps of the windows. */
  stride: Sizes;
  /** Zeros around the input. */
  padding: Sizes;
  /** Whether the number of windows is rounded up. */
  ceilMode: boolean;
  /** Whether the padding counts in the average. */
  countIncludePad: boolean;
  /** What the sums are divided by instead of the number of elements. */
  divisorOverride: number | null;

  /** Takes the kernel size and the others, by position or by name. */
  constructor(...settings: AvgPoolArguments) {
    super();
    const options = settingsOf<KernelSize & AvgPoolLayerOptions>(this.reprName(), settings, {
      kernelSize: "any",
      stride: "sizes?",
      padding: "sizes",
      ceilMode: "boolean",
      countIncludePad: "boolean",
      divisorOverride: "number?",
    });
    const kernelSize = needed(this.reprName(), options, "kernelSize");
    checkKind(this.reprName(), "kernelSize", kernelSize, "sizes");
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    this.padding = options.padding ?? 0;
    this.ceilMode = options.ceilMode ?? false;
    this.countIncludePad = options.countIncludePad ?? true;
    this.divisorOverride = options.divisorOverride ?? null;
  }

  /** Pools with this layer's settings. */
  protected run(pool: typeof avgPool1d, x: Tensor): Tensor {
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return pool(x, this.kernelSize, { stride, padding, ceilMode, countIncludePad, divisorOverride });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `kernel_size=${size(this.kernelSize)}, stride=${size(this.stride)}, padding=${size(this.padding)}`;
  }
}

/** The average of each window of [N, C, L] or [C, L]. `torch.nn.AvgPool1d`. */
export class AvgPool1d extends AvgPoolModule {
  /** Takes the kernel size and the others, by position or by name. */
  constructor(...settings: AvgPoolArguments) {
    super(...settings);
    // PyTorch shows these as tuples here, and not in the other average pooling layers.
    this.kernelSize = sizesOf("AvgPool1d", "kernel_size", this.kernelSize, 1);
    this.stride = sizesOf("AvgPool1d", "stride", this.stride, 1);
    this.padding = sizesOf("AvgPool1d", "padding", this.padding, 1);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(avgPool1d, x);
  }
}

/** The average of each window of [N, C, H, W] or [C, H, W]. `torch.nn.AvgPool2d`. */
export class AvgPool2d extends AvgPoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(avgPool2d, x);
  }
}

/** The average of each window of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.AvgPool3d`. */
export class AvgPool3d extends AvgPoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(avgPool3d, x);
  }
}

/** Options of power-average pooling layers. */
export interface LPPoolLayerOptions {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Round the number of windows up instead of down. */
  readonly ceilMode?: boolean;
}

/** What the power-average pooling layers share. */
export abstract class LPPoolModule extends Module {
  /** The exponent of the norm. */
  normType: number;
  /** Sizes of the windows. */
  kernelSize: Sizes;
  /** Steps of the windows, or null for the kernel size. */
  stride: Sizes | null;
  /** Whether the number of windows is rounded up. */
  ceilMode: boolean;

  /** Takes exponent, kernel size and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [normType: number, kernelSize: Sizes],
      [stride: Sizes | null, ceilMode: boolean],
      NormType & KernelSize,
      LPPoolLayerOptions
    >
  ) {
    super();
    const op = this.reprName();
    const options = settingsOf<NormType & KernelSize & LPPoolLayerOptions>(op, settings, {
      normType: "number",
      kernelSize: "any",
      stride: "sizes?",
      ceilMode: "boolean",
    });
    const { stride = null, ceilMode = false } = options;
    this.normType = needed(op, options, "normType");
    const kernelSize = needed(op, options, "kernelSize");
    checkKind(op, "kernelSize", kernelSize, "sizes");
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.ceilMode = ceilMode;
  }

  /** Pools with this layer's settings. */
  protected run(pool: typeof lpPool1d, x: Tensor): Tensor {
    const { normType, kernelSize, stride, ceilMode } = this;
    return pool(x, normType, kernelSize, { stride: stride ?? kernelSize, ceilMode });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `norm_type=${number(this.normType)}, kernel_size=${size(this.kernelSize)}, stride=${
      size(this.stride)
    }, ceil_mode=${flag(this.ceilMode)}`;
  }
}

/** The p-norm of each window of [N, C, L] or [C, L]. `torch.nn.LPPool1d`. */
export class LPPool1d extends LPPoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(lpPool1d, x);
  }
}

/** The p-norm of each window of [N, C, H, W] or [C, H, W]. `torch.nn.LPPool2d`. */
export class LPPool2d extends LPPoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(lpPool2d, x);
  }
}

/** The p-norm of each window of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.LPPool3d`. */
export class LPPool3d extends LPPoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return this.run(lpPool3d, x);
  }
}

/** Output sizes as the text shows them. */
function outputText(outputSize: OutputSizes): string {
  if (typeof outputSize === "number" || outputSize === null) return size(outputSize);
  const sizes = outputSize.map((s) => size(s));
  return sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`;
}

/** The sizes of the output, where they are given by name. */
export interface OutputSize {
  /** Sizes of the output; null is the input's. */
  readonly outputSize: OutputSizes;
}

/** What the adaptive layers share. */
export abstract class AdaptivePoolModule extends Module {
  /** Sizes of the output; null is the input's. */
  outputSize: OutputSizes;

  /** Takes the sizes of the output. */
  constructor(outputSize: OutputSizes | Named<OutputSize>) {
    super();
    this.outputSize = isNamed(outputSize)
      ? inPlace(this.reprName(), ["outputSize"], [outputSize], 1)[0]
      : outputSize;
    for (const size of [this.outputSize].flat()) checkKind(this.reprName(), "output_size", size, "whole?");
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `output_size=${outputText(this.outputSize)}`;
  }
}

/** Averages of [N, C, L] or [C, L], as many as asked for. `torch.nn.AdaptiveAvgPool1d`. */
export class AdaptiveAvgPool1d extends AdaptivePoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize);
  }
}

/**
 * Averages of [N, C, H, W] or [C, H, W], as many as asked for. `torch.nn.AdaptiveAvgPool2d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * console.log(new nn.AdaptiveAvgPool2d([5, 7])(randn([1, 64, 8, 9])).shape); // [ 1, 64, 5, 7 ]
 * ```
 */
export class AdaptiveAvgPool2d extends AdaptivePoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** Averages of [N, C, D, H, W] or [C, D, H, W], as many as asked for. `torch.nn.AdaptiveAvgPool3d`. */
export class AdaptiveAvgPool3d extends AdaptivePoolModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.outputSize);
  }
}

/** Options of adaptive max pooling layers. */
export interface AdaptiveMaxPoolLayerOptions<R extends boolean = boolean> {
  /** Whether a call gives { values, indices }; false by default. */
  readonly returnIndices?: R;
}

/** What the adaptive max pooling layers share. */
export abstract class AdaptiveMaxPoolModule<R extends boolean> extends AdaptivePoolModule {
  /** Whether a call gives { values, indices }. */
  returnIndices: boolean;

  /** Takes the sizes of the output. */
  constructor(
    ...settings: NeededThen<
      [outputSize: OutputSizes],
      [returnIndices: R],
      OutputSize,
      AdaptiveMaxPoolLayerOptions<R>
    >
  ) {
    const options = settingsOf<OutputSize & AdaptiveMaxPoolLayerOptions>(new.target.name, settings, {
      outputSize: "any",
      returnIndices: "boolean",
    });
    super(needed(new.target.name, options, "outputSize"));
    this.returnIndices = options.returnIndices ?? false;
  }

  /** The values, or with `returnIndices` values and indices. */
  protected run(
    pool: (
      x: Tensor,
      outputSize: OutputSizes,
      options: { readonly returnIndices?: boolean },
    ) => Tensor | ValuesAndIndices,
    x: Tensor,
  ): MaxPoolResult<R> {
    return pool(x, this.outputSize, { returnIndices: this.returnIndices }) as MaxPoolResult<R>;
  }
}

/** Largest elements of [N, C, L] or [C, L], as many as asked for. `torch.nn.AdaptiveMaxPool1d`. */
export class AdaptiveMaxPool1d<R extends boolean = false> extends AdaptiveMaxPoolModule<R> {
  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(adaptiveMaxPool1d, x);
  }
}

/** Largest elements of [N, C, H, W] or [C, H, W], as many as asked for. `torch.nn.AdaptiveMaxPool2d`. */
export class AdaptiveMaxPool2d<R extends boolean = false> extends AdaptiveMaxPoolModule<R> {
  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(adaptiveMaxPool2d, x);
  }
}

/** Largest elements of [N, C, D, H, W] or [C, D, H, W], as many as asked for. `torch.nn.AdaptiveMaxPool3d`. */
export class AdaptiveMaxPool3d<R extends boolean = false> extends AdaptiveMaxPoolModule<R> {
  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(adaptiveMaxPool3d, x);
  }
}
