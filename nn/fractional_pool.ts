/**
 * Max pooling of windows whose places are drawn.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import {
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  type FractionalMaxPoolOptions,
} from "../core/ops/nn/fractional_pool.ts";
import { checkKind } from "../core/ops/options.ts";
import type { ValuesAndIndices } from "../core/ops/reduce.ts";
import { type Sizes, sizesOf } from "../core/ops/nn/spatial.ts";
import type { Tensor } from "../core/tensor.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import type { KernelSize } from "../core/ops/nn/pool.ts";
import { setField } from "./module/fields.ts";
import type { MaxPoolResult } from "./max_pool.ts";
import { Module } from "./module/module.ts";

/** Options of fractional max pooling layers; one of `outputSize` and `outputRatio` is given. */
export interface FractionalMaxPoolLayerOptions<R extends boolean = boolean>
  extends Omit<FractionalMaxPoolOptions, "returnIndices" | "randomSamples" | "generator"> {
  /** Whether a call gives { values, indices }; false by default. */
  readonly returnIndices?: R;
  /** Numbers in [0, 1) that place the windows, [N, C, spatial dimensions]; drawn anew in each call when not given. */
  readonly randomSamples?: Tensor | null;
}

/** Arguments of fractional max pooling layers. */
export type FractionalMaxPoolArguments<R extends boolean = boolean> = NeededThen<
  [kernelSize: Sizes],
  [outputSize: Sizes | null, outputRatio: number | readonly number[] | null, returnIndices: R],
  KernelSize,
  FractionalMaxPoolLayerOptions<R>
>;

/** What the fractional max pooling layers share. */
export abstract class FractionalMaxPoolModule<R extends boolean> extends Module {
  /** Sizes of the windows. */
  kernelSize: readonly number[];
  /** The spatial sizes of the result, or null. */
  outputSize: readonly number[] | null;
  /** The spatial sizes of the result as parts of those of the input, or null. */
  outputRatio: readonly number[] | null;
  /** Whether a call gives { values, indices }. */
  returnIndices: boolean;
  /** Numbers that place the windows, or null. */
  declare randomSamples: Tensor | null;

  /** Takes the number of spatial dimensions and the arguments: the sizes of the windows and the settings. */
  protected constructor(rank: number, settings: FractionalMaxPoolArguments<R>) {
    super();
    const op = this.reprName();
    const options = settingsOf<KernelSize & FractionalMaxPoolLayerOptions>(op, settings, {
      kernelSize: "any",
      outputSize: "sizes?",
      outputRatio: "rates?",
      returnIndices: "boolean",
      randomSamples: "tensor?",
    }, 4);
    const kernelSize = needed(op, options, "kernelSize");
    checkKind(op, "kernelSize", kernelSize, "sizes");
    const size = options.outputSize ?? null, ratio = options.outputRatio ?? null;
    if (size === null && ratio === null) {
      throw new ValueError(`${op} requires specifying either an output size, or a pooling ratio`);
    }
    if (size !== null && ratio !== null) {
      throw new ValueError(`only one of output_size and output_ratio may be specified, in ${op}`);
    }
    this.kernelSize = sizesOf(op, "kernel_size", kernelSize, rank);
    this.outputSize = size === null ? null : sizesOf(op, "output_size", size, rank);
    this.outputRatio = typeof ratio === "number" ? new Array<number>(rank).fill(ratio) : ratio;
    if (this.outputRatio?.some((r) => !(r > 0 && r < 1))) {
      throw new ValueError(`output_ratio must be between 0 and 1 (got ${ratio}), in ${op}`);
    }
    this.returnIndices = options.returnIndices ?? false;
    setField(this, "randomSamples", options.randomSamples ?? null, "buffer", "_random_samples");
  }

  /** The values, or with `returnIndices` values and indices. */
  protected run(
    pool: (
      x: Tensor,
      kernelSize: Sizes,
      options: FractionalMaxPoolOptions,
    ) => Tensor | ValuesAndIndices,
    x: Tensor,
  ): MaxPoolResult<R> {
    const { kernelSize, outputSize, outputRatio, returnIndices, randomSamples } = this;
    return pool(x, kernelSize, { outputSize, outputRatio, returnIndices, randomSamples }) as MaxPoolResult<R>;
  }
}

/**
 * The largest element of each window of [N, C, H, W] or [C, H, W], whose places are drawn. `torch.nn.FractionalMaxPool2d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * console.log(new nn.FractionalMaxPool2d(3, { outputRatio: 0.5 })(randn([2, 4, 10, 8])).shape); // [ 2, 4, 5, 4 ]
 * ```
 */
export class FractionalMaxPool2d<R extends boolean = false> extends FractionalMaxPoolModule<R> {
  /** Takes the sizes of the windows and the others, by position or by name. */
  constructor(...settings: FractionalMaxPoolArguments<R>) {
    super(2, settings);
  }

  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(fractionalMaxPool2d, x);
  }
}

/** The largest element of each window of [N, C, D, H, W] or [C, D, H, W], whose places are drawn. `torch.nn.FractionalMaxPool3d`. */
export class FractionalMaxPool3d<R extends boolean = false> extends FractionalMaxPoolModule<R> {
  /** Takes the sizes of the windows and the others, by position or by name. */
  constructor(...settings: FractionalMaxPoolArguments<R>) {
    super(3, settings);
  }

  /** What the layer computes. */
  override forward(x: Tensor): MaxPoolResult<R> {
    return this.run(fractionalMaxPool3d, x);
  }
}
