/**
 * Layers that take the largest element of each window, and those that put it back. Other pooling layers are in pool.ts.
 *
 * @module
 */
import {
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type MaxPoolOptions,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from "../core/ops/nn/max_pool.ts";
import { checkKind } from "../core/ops/options.ts";
import type { ValuesAndIndices } from "../core/ops/reduce.ts";
import { type Sizes, sizesOf } from "../core/ops/nn/spatial.ts";
import type { Tensor } from "../core/tensor.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import type { KernelSize } from "../core/ops/nn/pool.ts";
import { type WantedSize, wantedSize } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { flag, size, tuple } from "./module/repr.ts";

/** Arguments of max pooling. */
export type MaxPoolArguments<R extends boolean = boolean> = NeededThen<
  [kernelSize: Sizes],
  [stride: Sizes | null, padding: Sizes, dilation: Sizes, returnIndices: R, ceilMode: boolean],
  KernelSize,
  MaxPoolLayerOptions<R>
>;

/** What max pooling gives: values, or with `returnIndices` values and indices. */
export type MaxPoolResult<R extends boolean> = R extends true ? ValuesAndIndices : Tensor;

/** Options of max pooling layers. */
export interface MaxPoolLayerOptions<R extends boolean = boolean>
  extends Omit<MaxPoolOptions, "stride" | "returnIndices"> {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Whether a call gives { values, indices }, the indices into the flattened spatial dimensions; false by default. */
  readonly returnIndices?: R;
}

/** What the operations share; the indices are asked for by an option. */
export type MaxPoolFunction = (
  x: Tensor,
  kernelSize: Sizes,
  options: MaxPoolOptions,
) => Tensor | ValuesAndIndices;

/** What the max pooling layers share. */
export abstract class MaxPoolModule<R extends boolean> extends Module {
  /** Sizes of the windows. */
  kernelSize: Sizes;
  /** Steps of the windows. */
  stride: Sizes;
  /** Elements around the input that are never the largest. */
  padding: Sizes;
  /** Distance of a window's elements. */
  dilation: Sizes;
  /** Whether a call also returns where the values came from, as { values, indices }. */
  returnIndices: boolean;
  /** Whether the number of windows is rounded up. */
  ceilMode: boolean;

  /** Takes the kernel size and the others, by position or by name. */
  constructor(...settings: MaxPoolArguments<R>) {
    super();
    const options = settingsOf<KernelSize & MaxPoolLayerOptions>(this.reprName(), settings, {
      kernelSize: "any",
      stride: "sizes?",
      padding: "sizes",
      dilation: "sizes",
      returnIndices: "boolean",
      ceilMode: "boolean",
    });
    const kernelSize = needed(this.reprName(), options, "kernelSize");
    checkKind(this.reprName(), "kernelSize", kernelSize, "sizes");
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    this.padding = options.padding ?? 0;
    this.dilation = options.dilation ?? 1;
    this.returnIndices = options.returnIndices ?? false;
    this.ceilMode = options.ceilMode ?? false;
  }

  /** The values, or with `returnIndices` values and indices. */
  protected run(pool: MaxPoolFunction, x: Tensor): MaxPoolResult<R> {
    const { stride, padding, dilation, ceilMode, returnIndices } = this;
    return pool(x, this.kernelSize, { stride, padding, dilation, ceilMode, returnIndices }) as MaxPoolResult<
      R
    >;
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `kernel_size=${size(this.kernelSize)}, stride=${size(this.stride)}, padding=${
      size(this.padding)
    }, dilation=${size(this.dilation)}, ceil_mode=${flag(this.ceilMode)}`;
  }
}

/** The largest element of each window of [N, C, L] or [C, L]. `torch.nn.MaxPool1d`. */
export class MaxPool1d<R extends boolean = false> extends MaxPoolModule<R> {
  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(maxPool1d, x);
  }
}

/**
 * The largest element of each window of [N, C, H, W] or [C, H, W]. `torch.nn.MaxPool2d`.
 *
 * @example
 * ```ts
 * import { arange, nn } from "@tenon/tenon";
 * const x = arange(16).reshape([1, 1, 4, 4]).float();
 * console.log(new nn.MaxPool2d(2)(x).tolist()); // [ [ [ [ 5, 7 ], [ 13, 15 ] ] ] ]
 * ```
 */
export class MaxPool2d<R extends boolean = false> extends MaxPoolModule<R> {
  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(maxPool2d, x);
  }
}

/** The largest element of each window of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.MaxPool3d`. */
export class MaxPool3d<R extends boolean = false> extends MaxPoolModule<R> {
  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(maxPool3d, x);
  }
}

/** Options of max unpooling layers. */
export interface MaxUnpoolLayerOptions {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Padding of the pooling that is undone; 0 by default. */
  readonly padding?: Sizes;
}

/** Arguments of max unpooling layers. */
export type MaxUnpoolArguments = NeededThen<
  [kernelSize: Sizes],
  [stride: Sizes | null, padding: Sizes],
  KernelSize,
  MaxUnpoolLayerOptions
>;

/** What the max unpooling layers share. */
export abstract class MaxUnpoolModule extends Module {
  /** Sizes of the windows. */
  kernelSize: readonly number[];
  /** Steps of the windows. */
  stride: readonly number[];
  /** Padding of the pooling that is undone. */
  padding: readonly number[];

  /** Takes the number of spatial dimensions, and the kernel size and the others by position or by name. */
  protected constructor(rank: number, settings: MaxUnpoolArguments) {
    super();
    const op = this.reprName();
    const options = settingsOf<KernelSize & MaxUnpoolLayerOptions>(op, settings, {
      kernelSize: "any",
      stride: "sizes?",
      padding: "sizes",
    });
    const kernelSize = needed(op, options, "kernelSize");
    this.kernelSize = sizesOf(op, "kernel_size", kernelSize, rank);
    this.stride = sizesOf(op, "stride", options.stride ?? kernelSize, rank);
    this.padding = sizesOf(op, "padding", options.padding ?? 0, rank);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `kernel_size=${tuple(this.kernelSize)}, stride=${tuple(this.stride)}, padding=${
      tuple(this.padding)
    }`;
  }
}

/** Puts values back where MaxPool1d took them from, zeros elsewhere. `torch.nn.MaxUnpool1d`. */
export class MaxUnpool1d extends MaxUnpoolModule {
  /** Takes the kernel size and the others, by position or by name. */
  constructor(...settings: MaxUnpoolArguments) {
    super(1, settings);
  }

  /** What the layer computes; `outputSize` chooses among the sizes that fit. */
  override forward(x: Tensor, indices: Tensor, wanted: WantedSize = null): Tensor {
    const { kernelSize, stride, padding } = this, outputSize = wantedSize("MaxUnpool1d", wanted);
    return maxUnpool1d(x, indices, kernelSize, { stride, padding, outputSize });
  }
}

/** Puts values back where MaxPool2d took them from, zeros elsewhere. `torch.nn.MaxUnpool2d`. */
export class MaxUnpool2d extends MaxUnpoolModule {
  /** Takes the kernel size and the others, by position or by name. */
  constructor(...settings: MaxUnpoolArguments) {
    super(2, settings);
  }

  /** What the layer computes; `outputSize` chooses among the sizes that fit. */
  override forward(x: Tensor, indices: Tensor, wanted: WantedSize = null): Tensor {
    const { kernelSize, stride, padding } = this, outputSize = wantedSize("MaxUnpool2d", wanted);
    return maxUnpool2d(x, indices, kernelSize, { stride, padding, outputSize });
  }
}

/** Puts values back where MaxPool3d took them from, zeros elsewhere. `torch.nn.MaxUnpool3d`. */
export class MaxUnpool3d extends MaxUnpoolModule {
  /** Takes the kernel size and the others, by position or by name. */
  constructor(...settings: MaxUnpoolArguments) {
    super(3, settings);
  }

  /** What the layer computes; `outputSize` chooses among the sizes that fit. */
  override forward(x: Tensor, indices: Tensor, wanted: WantedSize = null): Tensor {
    const { kernelSize, stride, padding } = this, outputSize = wantedSize("MaxUnpool3d", wanted);
    return maxUnpool3d(x, indices, kernelSize, { stride, padding, outputSize });
  }
}
