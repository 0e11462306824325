/**
 * Convolution layers that learn their number of input channels from the first input.
 *
 * @module
 */
import { checkSizes } from "./arguments.ts";
import { ShapeError, ValueError } from "../core/errors.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import type { Sizes } from "../core/ops/nn/spatial.ts";
import type { Kinds } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import type { FactoryOptions } from "./arguments.ts";
import {
  Conv1d,
  Conv2d,
  Conv3d,
  convKinds,
  type ConvLayerOptions,
  type ConvModule,
  type ConvSizes,
  convWeightShape,
  type PaddingMode,
} from "./conv.ts";
import {
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  convTransposeKinds,
  type ConvTransposeLayerOptions,
} from "./conv_transpose.ts";
import {
  hasUninitialized,
  initializeOnCall,
  materialize,
  materializeFrom,
  UninitializedParameter,
} from "./module/uninitialized.ts";

/** What a lazy convolution cannot do without, where it is given by name. */
export type LazyConvSizes = Pick<ConvSizes, "outChannels" | "kernelSize">;

/** Arguments of lazy convolution layers. */
export type LazyConvArguments = NeededThen<
  [outChannels: number, kernelSize: Sizes],
  [
    stride: Sizes,
    padding: Sizes | "valid" | "same",
    dilation: Sizes,
    groups: number,
    bias: boolean,
    paddingMode: PaddingMode,
  ],
  LazyConvSizes,
  ConvLayerOptions
>;

/** Arguments of lazy transposed convolution layers. */
export type LazyConvTransposeArguments = NeededThen<
  [outChannels: number, kernelSize: Sizes],
  [stride: Sizes, padding: Sizes, outputPadding: Sizes, groups: number, bias: boolean, dilation: Sizes],
  LazyConvSizes,
  ConvTransposeLayerOptions
>;

/** The kinds of a convolution's arguments without the input channels, which are learned. */
function withoutInput<K extends { readonly inChannels: unknown }>(kinds: K): Omit<K, "inChannels"> {
  const { inChannels: _, ...others } = kinds;
  return others;
}

const lazyKinds: Kinds<LazyConvSizes & ConvLayerOptions> = withoutInput(convKinds);
const lazyTransposeKinds: Kinds<LazyConvSizes & ConvTransposeLayerOptions> = withoutInput(convTransposeKinds);

/** The output channels among arguments, and the arguments of a convolution of no channels. */
function deferred<O extends FactoryOptions>(
  op: string,
  kinds: Kinds<LazyConvSizes & O>,
  settings: readonly unknown[],
): { outChannels: number; named: ConvSizes & Partial<O> } {
  const options = settingsOf<LazyConvSizes & O>(op, settings, kinds);
  const outChannels = needed(op, options, "outChannels"), kernelSize = needed(op, options, "kernelSize");
  checkSizes(op, { outChannels });
  return { outChannels, named: { ...options, inChannels: 0, outChannels: 0, kernelSize } };
}

/** Makes a convolution of no channels a lazy one. */
function defer(
  conv: ConvModule,
  ordinary: { readonly prototype: ConvModule },
  outChannels: number,
  transposed: boolean,
  { dtype, device }: FactoryOptions,
): void {
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
  /** Takes output channels, kernel size and the others, by position or by name. */
  constructor(...settings: LazyConvArguments) {
    const { outChannels, named } = deferred("LazyConv1d", lazyKinds, settings);
    super(named);
    defer(this, Conv1d, outChannels, false, named);
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
  /** Takes output channels, kernel size and the others, by position or by name. */
  constructor(...settings: LazyConvArguments) {
    const { outChannels, named } = deferred("LazyConv2d", lazyKinds, settings);
    super(named);
    defer(this, Conv2d, outChannels, false, named);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A Conv3d that learns its input channels from the first input, and is a Conv3d afterwards. `torch.nn.LazyConv3d`. */
export class LazyConv3d extends Conv3d<boolean> {
  /** Takes output channels, kernel size and the others, by position or by name. */
  constructor(...settings: LazyConvArguments) {
    const { outChannels, named } = deferred("LazyConv3d", lazyKinds, settings);
    super(named);
    defer(this, Conv3d, outChannels, false, named);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A ConvTranspose1d that learns its input channels from the first input, and is a ConvTranspose1d afterwards. `torch.nn.LazyConvTranspose1d`. */
export class LazyConvTranspose1d extends ConvTranspose1d<boolean> {
  /** Takes output channels, kernel size and the others, by position or by name. */
  constructor(...settings: LazyConvTransposeArguments) {
    const { outChannels, named } = deferred("LazyConvTranspose1d", lazyTransposeKinds, settings);
    super(named);
    defer(this, ConvTranspose1d, outChannels, true, named);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A ConvTranspose2d that learns its input channels from the first input, and is a ConvTranspose2d afterwards. `torch.nn.LazyConvTranspose2d`. */
export class LazyConvTranspose2d extends ConvTranspose2d<boolean> {
  /** Takes output channels, kernel size and the others, by position or by name. */
  constructor(...settings: LazyConvTransposeArguments) {
    const { outChannels, named } = deferred("LazyConvTranspose2d", lazyTransposeKinds, settings);
    super(named);
    defer(this, ConvTranspose2d, outChannels, true, named);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** A ConvTranspose3d that learns its input channels from the first input, and is a ConvTranspose3d afterwards. `torch.nn.LazyConvTranspose3d`. */
export class LazyConvTranspose3d extends ConvTranspose3d<boolean> {
  /** Takes output channels, kernel size and the others, by position or by name. */
  constructor(...settings: LazyConvTransposeArguments) {
    const { outChannels, named } = deferred("LazyConvTranspose3d", lazyTransposeKinds, settings);
    super(named);
    defer(this, ConvTranspose3d, outChannels, true, named);
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Record<string, Tensor>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}
