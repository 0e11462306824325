/**
 * Convolution layers that learn their number of input channels from the first input.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import type { Sizes } from "../core/ops/nn/spatial.ts";
import type { Tensor } from "../core/tensor.ts";
import type { FactoryOptions } from "./arguments.ts";
import { Conv1d, Conv2d, Conv3d, type ConvArguments, type ConvModule, convWeightShape } from "./conv.ts";
import {
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeArguments,
} from "./conv_transpose.ts";
import {
  hasUninitialized,
  initializeOnCall,
  materialize,
  materializeFrom,
  UninitializedParameter,
} from "./module/uninitialized.ts";

/** The options among arguments. */
function optionsIn(settings: readonly unknown[]): FactoryOptions {
  const last = settings.at(-1);
  return typeof last === "object" && last !== null && !Array.isArray(last) ? last : {};
}

/** Makes a convolution of no channels a lazy one. */
function defer(
  conv: ConvModule,
  ordinary: { readonly prototype: ConvModule },
  outChannels: number,
  transposed: boolean,
  settings: readonly unknown[],
): void {
  const { dtype, device } = optionsIn(settings);
  const biased = conv.bias !== null;
  conv.outChannels = outChannels;
  conv.weight = new UninitializedParameter({ dtype, device });
  if (biased) conv.bias = new UninitializedParameter({ dtype, device });
  if (outChannels % conv.groups !== 0) {
    throw new ValueError(
      `out_channels must be divisible by groups, in ${conv.reprName()}: got ${outChannels} and groups=${conv.groups}`,
    );
  }
  initializeOnCall(conv, ordinary, (called, x) => {
    const rank = called.kernelSize.length;
    if (x.ndim !== rank + 1 && x.ndim !== rank + 2) {
      throw new ShapeError(
        `Expected ${rank + 1}D (unbatched) or ${
          rank + 2
        }D (batched) input to ${called.reprName()}, but got input of size: [${x.shape.join(", ")}]`,
      );
    }
    called.inChannels = x.shape[x.ndim - rank - 1];
    if (!hasUninitialized(called)) return;
    if (called.inChannels % called.groups !== 0) {
      throw new ValueError(
        `in_channels must be divisible by groups, in ${called.reprName()}: got ${called.inChannels} and groups=${called.groups}`,
      );
    }
    materialize(called, { weight: convWeightShape(called, transposed), bias: [called.outChannels] });
    called.resetParameters();
  });
}

/** A Conv1d that learns its input channels from the first input, and is a Conv1d afterwards. `torch.nn.LazyConv1d`. */
export class LazyConv1d extends Conv1d<boolean> {
  /** Takes output channels and kernel size; the others by position or by name. */
  constructor(outChannels: number, kernelSize: Sizes, ...settings: ConvArguments) {
    super(0, 0, kernelSize, ...settings);
    defer(this, Conv1d, outChannels, false, settings);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/**
 * A Conv2d that learns its input channels from the first input, and is a Conv2d afterwards. `torch.nn.LazyConv2d`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const conv = new nn.LazyConv2d(8, 3);
 * conv(randn([1, 3, 5, 5]));
 * console.log(String(conv)); // Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
 * ```
 */
export class LazyConv2d extends Conv2d<boolean> {
  /** Takes output channels and kernel size; the others by position or by name. */
  constructor(outChannels: number, kernelSize: Sizes, ...settings: ConvArguments) {
    super(0, 0, kernelSize, ...settings);
    defer(this, Conv2d, outChannels, false, settings);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A Conv3d that learns its input channels from the first input, and is a Conv3d afterwards. `torch.nn.LazyConv3d`. */
export class LazyConv3d extends Conv3d<boolean> {
  /** Takes output channels and kernel size; the others by position or by name. */
  constructor(outChannels: number, kernelSize: Sizes, ...settings: ConvArguments) {
    super(0, 0, kernelSize, ...settings);
    defer(this, Conv3d, outChannels, false, settings);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A ConvTranspose1d that learns its input channels from the first input, and is a ConvTranspose1d afterwards. `torch.nn.LazyConvTranspose1d`. */
export class LazyConvTranspose1d extends ConvTranspose1d<boolean> {
  /** Takes output channels and kernel size; the others by position or by name. */
  constructor(outChannels: number, kernelSize: Sizes, ...settings: ConvTransposeArguments) {
    super(0, 0, kernelSize, ...settings);
    defer(this, ConvTranspose1d, outChannels, true, settings);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A ConvTranspose2d that learns its input channels from the first input, and is a ConvTranspose2d afterwards. `torch.nn.LazyConvTranspose2d`. */
export class LazyConvTranspose2d extends ConvTranspose2d<boolean> {
  /** Takes output channels and kernel size; the others by position or by name. */
  constructor(outChannels: number, kernelSize: Sizes, ...settings: ConvTransposeArguments) {
    super(0, 0, kernelSize, ...settings);
    defer(this, ConvTranspose2d, outChannels, true, settings);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A ConvTranspose3d that learns its input channels from the first input, and is a ConvTranspose3d afterwards. `torch.nn.LazyConvTranspose3d`. */
export class LazyConvTranspose3d extends ConvTranspose3d<boolean> {
  /** Takes output channels and kernel size; the others by position or by name. */
  constructor(outChannels: number, kernelSize: Sizes, ...settings: ConvTransposeArguments) {
    super(0, 0, kernelSize, ...settings);
    defer(this, ConvTranspose3d, outChannels, true, settings);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}
