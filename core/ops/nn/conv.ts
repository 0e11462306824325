/**
 * Convolution and transposed convolution over one to three spatial dimensions.
 *
 * @module
 */
import { inPlaceWith, isNamed, type Named, settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { cppName, isInt, scalarName } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import type { ConvAttrs } from "../../kernel/plan.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { requireFloat } from "../cast.ts";
import { add } from "../elementwise.ts";
import { convIntegers, convIntegersInputGrad } from "./integer_conv.ts";
import { convExact, convInputGrad, nothing } from "../routine.ts";
import { checkLeast, type Sizes, sizesOf } from "./spatial.ts";
import { padConstant, reshape } from "../view.ts";

/** Options of convolutions. */
export interface ConvOptions {
  /** Step of the kernel; 1 by default. */
  readonly stride?: Sizes;
  /** Zeros around the input: their number, `"valid"` (none) or `"same"` (the output has the input's size; stride 1 only). */
  readonly padding?: Sizes | "valid" | "same";
  /** Distance of the kernel's elements; 1 by default. */
  readonly dilation?: Sizes;
  /** Groups of channels that see only each other; 1 by default. */
  readonly groups?: number;
}

/** The bias of a call, or what follows the weight by name. */
export type ConvBias<O extends object> = Tensor | null | Named<{ bias: Tensor | null }, O>;

/** The weight of a convolution, or what is named with it. */
export type ConvWeight<O extends object> = Tensor | Named<{ weight: Tensor; bias: Tensor | null }, O>;

/** What follows the bias of a convolution, in place or by name. */
export type ConvSettings = Trailing<
  [stride: Sizes, padding: Sizes | "same" | "valid", dilation: Sizes, groups: number],
  ConvOptions
>;

const convKinds: Kinds<ConvOptions> = {
  stride: "sizes",
  padding: "any",
  dilation: "sizes",
  groups: "number",
};

/** Options of transposed convolutions. */
export interface ConvTransposeOptions {
  /** Step of the kernel; 1 by default. */
  readonly stride?: Sizes;
  /** How much is cut off on both sides of the output; 0 by default. */
  readonly padding?: Sizes;
  /** How much is added to one side of the output; 0 by default. */
  readonly outputPadding?: Sizes;
  /** Groups of channels that see only each other; 1 by default. */
  readonly groups?: number;
  /** Distance of the kernel's elements; 1 by default. */
  readonly dilation?: Sizes;
}

/** What follows the bias of a transposed convolution, in place or by name. */
export type ConvTransposeSettings = Trailing<
  [stride: Sizes, padding: Sizes, outputPadding: Sizes, groups: number, dilation: Sizes],
  ConvTransposeOptions
>;

const convTransposeKinds: Kinds<ConvTransposeOptions> = {
  stride: "sizes",
  padding: "sizes",
  outputPadding: "sizes",
  groups: "number",
  dilation: "sizes",
};

const list = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** Ranks and dtypes; the input gets a batch dimension if it has none. */
function operands(op: string, x: Tensor, weight: Tensor, rank: number): Tensor {
  if (x.shape.length !== rank + 1 && x.shape.length !== rank + 2) {
    throw new ShapeError(
      `Expected ${rank + 1}D (unbatched) or ${rank + 2}D (batched) input to ${op}, but got input of size: ${
        list(x.shape)
      }`,
    );
  }
  if (weight.shape.length < 3) {
    throw new ShapeError(
      `weight should have at least three dimensions, but has size ${list(weight.shape)}, in ${op}`,
    );
  }
  if (weight.shape.length !== rank + 2) {
    throw new ShapeError(
      `expected a ${rank + 2}-dimensional weight, but got weight of size ${list(weight.shape)}, in ${op}`,
    );
  }
  if (x.dtype !== weight.dtype) {
    throw new DTypeError(
      `Input type (torch.${scalarName(x.dtype)}Tensor) and weight type (torch.${
        scalarName(weight.dtype)
      }Tensor) should be the same, in ${op}; cast one with .to()`,
    );
  }
  return x.shape.length === rank + 2 ? x.value : reshape(x, [1, ...x.shape]);
}

function checkGroups(
  op: string,
  groups: number,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  transposed: boolean,
): void {
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ValueError(`non-positive groups is not supported, in ${op}: got groups=${groups}`);
  }
  const [first, second] = weight.shape;
  const given = `weight of size ${list(weight.shape)}`;
  if (first < groups) {
    throw new ShapeError(
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0, but got ${given} instead, in ${op}`,
    );
  }
  if (first % groups !== 0) {
    throw new ShapeError(
      `Given groups=${groups}, expected weight to be divisible by ${groups} at dimension 0, but got ${given} instead, in ${op}`,
    );
  }
  const channels = transposed ? first : second * groups;
  if (x.shape[1] !== channels) {
    throw new ShapeError(
      `Given ${transposed ? "transposed=1" : `groups=${groups}`}, ${given}, expected input${
        list(x.shape)
      } to have ${channels} channels, but got ${x.shape[1]} channels instead, in ${op}`,
    );
  }
  const outputs = transposed ? second * groups : first;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs)) {
    throw new ShapeError(
      `Given ${
        transposed ? "transposed=1, " : ""
      }${given}, expected bias to be 1-dimensional with ${outputs} elements, but got bias of size ${
        list(bias.shape)
      } instead, in ${op}`,
    );
  }
  if (bias && bias.dtype !== x.dtype) {
    throw new DTypeError(
      `Input type (${cppName(x.dtype)}) and bias type (${
        cppName(bias.dtype)
      }) should be the same, in ${op}; cast the input or the layer with .to()`,
    );
  }
}

/** The bias per channel, and the batch dimension as the input had it. */
function finished(y: Tensor, x: Tensor, bias: Tensor | null | undefined): Tensor {
  const rank = y.shape.length;
  const shifted = bias ? add(y, reshape(bias, y.shape.slice(1).map((_, d) => d === 0 ? -1 : 1))) : y;
  if (x.shape.length === rank) return named("Convolution", shifted);
  return named("SqueezeBackward1", reshape(shifted, y.shape.slice(1)));
}

/** The weight and the bias of a call and its options, however they were given. */
function settle<O extends object>(
  op: string,
  x: Tensor,
  weight: ConvWeight<object>,
  bias: ConvBias<object> | undefined,
  settings: readonly unknown[],
  kinds: Kinds<O>,
): readonly [weight: Tensor, bias: Tensor | null | undefined, options: Partial<O>] {
  const options = settingsOf<O>(op, settings, kinds);
  if (isNamed(weight)) {
    const [placed, more, rest] = inPlaceWith(op, ["weight", "bias"], [weight, bias], options, 1);
    return settle(op, x, placed, more, [rest], kinds);
  }
  if (isNamed(bias)) {
    const [placed, rest] = inPlaceWith(op, ["bias"], [bias], options);
    return settle(op, x, weight, placed, [rest], kinds);
  }
  checkCall(op, [x, weight], undefined, undefined, { bias });
  return [weight, bias, options];
}

function conv(
  op: string,
  rank: number,
  x: Tensor,
  given: readonly [ConvWeight<ConvOptions>, ConvBias<ConvOptions>?],
  settings: ConvSettings,
): Tensor {
  const [weight, bias, options] = settle(op, x, given[0], given[1], settings, convKinds);
  const { padding = 0, groups = 1 } = options;
  const input = operands(op, x, weight, rank);
  const whole = isInt(x.dtype);
  if (!whole) requireFloat(op, x);
  const stride = sizesOf(op, "stride", options.stride ?? 1, rank);
  const dilation = sizesOf(op, "dilation", options.dilation ?? 1, rank);
  checkLeast(op, "non-positive stride is not supported", stride, 1);
  checkLeast(op, "non-positive dilation is not supported", dilation, 1);
  checkGroups(op, groups, input, weight, bias, false);
  const kernel = weight.shape.slice(2), space = input.shape.slice(2);
  let padLow: readonly number[], padHigh: readonly number[];
  if (padding === "same") {
    if (stride.some((s) => s !== 1)) {
      throw new ValueError(
        `padding='same' is not supported for strided convolutions, in ${op}: stride is ${list(stride)}`,
      );
    }
    const total = kernel.map((k, i) => dilation[i] * (k - 1));
    padLow = total.map((t) => Math.floor(t / 2));
    padHigh = total.map((t, i) => t - padLow[i]);
  } else {
    if (typeof padding === "string" && padding !== "valid") {
      throw new ValueError(`Invalid padding string: '${padding}', in ${op}: use "same" or "valid"`);
    }
    padLow = padHigh = sizesOf(op, "padding", padding === "valid" ? 0 : padding, rank);
    checkLeast(op, "negative padding is not supported", padLow, 0);
  }
  const padded = space.map((s, i) => s + padLow[i] + padHigh[i]);
  const span = kernel.map((k, i) => dilation[i] * (k - 1) + 1);
  if (span.some((k, i) => k > padded[i]) || kernel.some((k) => k < 1)) {
    throw new ShapeError(
      `Calculated padded input size per channel: (${padded.join(" x ")}). Kernel size: (${
        span.join(" x ")
      }). Kernel size can't be greater than actual input size, in ${op} of input ${list(x.shape)}`,
    );
  }
  const out = span.map((k, i) => Math.floor((padded[i] - k) / stride[i]) + 1);
  const shape = [input.shape[0], weight.shape[0], ...out];
  const attrs: ConvAttrs = { stride, padLow, padHigh, dilation, groups };
  const empty = sizeOf(shape) === 0 || weight.shape[1] === 0;
  const product = whole ? convIntegers : convExact;
  return finished(empty ? nothing(shape, [input, weight]) : product(input, weight, attrs), x, bias);
}

/**
 * The cross-correlation of x [N, C, L] (or [C, L]) with weight [O, C / groups, k], plus bias [O]. `torch.nn.functional.conv1d`.
 *
 * @throws {ShapeError} when channels, groups or sizes do not fit
 * @throws {DTypeError} when input and weight have different dtypes, or are bool
 */
export function conv1d(
  x: Tensor,
  weight: ConvWeight<ConvOptions>,
  bias?: ConvBias<ConvOptions>,
  ...settings: ConvSettings
): Tensor {
  return conv("conv1d", 1, x, [weight, bias], settings);
}

/**
 * The cross-correlation of x [N, C, H, W] (or [C, H, W]) with weight [O, C / groups, kH, kW], plus bias [O].
 * `torch.nn.functional.conv2d`.
 *
 * @throws {ShapeError} when channels, groups or sizes do not fit
 * @throws {DTypeError} when input and weight have different dtypes, or are bool
 * @example
 * ```ts
 * import { conv2d, ones } from "@tenon/tenon";
 * const y = conv2d(ones([1, 3, 8, 8]), ones([4, 3, 3, 3]), null, { stride: 2, padding: 1 });
 * console.log(y.shape); // [ 1, 4, 4, 4 ]
 * ```
 */
export function conv2d(
  x: Tensor,
  weight: ConvWeight<ConvOptions>,
  bias?: ConvBias<ConvOptions>,
  ...settings: ConvSettings
): Tensor {
  return conv("conv2d", 2, x, [weight, bias], settings);
}

/** The cross-correlation of x [N, C, D, H, W] (or [C, D, H, W]) with weight [O, C / groups, kD, kH, kW], plus bias [O]. `torch.nn.functional.conv3d`. */
export function conv3d(
  x: Tensor,
  weight: ConvWeight<ConvOptions>,
  bias?: ConvBias<ConvOptions>,
  ...settings: ConvSettings
): Tensor {
  return conv("conv3d", 3, x, [weight, bias], settings);
}

const sides = ["depth", "height", "width"] as const;

function checkOutputPadding(
  op: string,
  extra: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): void {
  checkLeast(op, "negative output_padding is not supported", extra, 0);
  if (extra.every((e, i) => e < stride[i] || e < dilation[i])) return;
  const names = sides.slice(3 - extra.length);
  const text = (name: string, values: readonly number[]) =>
    names.map((side, i) => `${name}_${side}: ${values[i]}`).join(" ");
  throw new ValueError(
    `output padding must be smaller than either stride or dilation, but got ${
      text("output_padding", extra)
    } ${text("stride", stride)} ${text("dilation", dilation)}, in ${op}`,
  );
}

function convTranspose(
  op: string,
  rank: number,
  x: Tensor,
  given: readonly [ConvWeight<ConvTransposeOptions>, ConvBias<ConvTransposeOptions>?],
  settings: ConvTransposeSettings,
): Tensor {
  const [weight, bias, options] = settle(op, x, given[0], given[1], settings, convTransposeKinds);
  const { groups = 1 } = options;
  const input = operands(op, x, weight, rank);
  // Of the integers PyTorch takes int64 alone here.
  const whole = x.dtype === "int64";
  if (!whole) requireFloat(op, x);
  const stride = sizesOf(op, "stride", options.stride ?? 1, rank);
  const dilation = sizesOf(op, "dilation", options.dilation ?? 1, rank);
  const padding = sizesOf(op, "padding", options.padding ?? 0, rank);
  const extra = sizesOf(op, "output_padding", options.outputPadding ?? 0, rank);
  checkLeast(op, "non-positive stride is not supported", stride, 1);
  checkLeast(op, "non-positive dilation is not supported", dilation, 1);
  checkLeast(op, "negative padding is not supported", padding, 0);
  checkOutputPadding(op, extra, stride, dilation);
  checkGroups(op, groups, input, weight, bias, true);
  const space = input.shape.slice(2);
  const size = space.map((s, i) =>
    (s - 1) * stride[i] - 2 * padding[i] + dilation[i] * (weight.shape[i + 2] - 1) + 1
  );
  const full = size.map((s, i) => s + extra[i]);
  if (full.some((s) => s < 1)) {
    throw new ShapeError(
      `Given input size per channel: (${space.join(" x ")}). Calculated output size per channel: (${
        full.join(" x ")
      }). Output size is too small, in ${op} of input ${list(x.shape)}`,
    );
  }
  const shape = [input.shape[0], weight.shape[1] * groups, ...full];
  // Output padding first takes back what padding cut off on that side; what is left over no element reaches.
  const padHigh = padding.map((p, i) => Math.max(0, p - extra[i]));
  const inputSize = size.map((s, i) => s + padding[i] - padHigh[i]);
  if (sizeOf(shape) === 0 || sizeOf(input.shape) === 0 || inputSize.some((s) => s < 1)) {
    return finished(nothing(shape, [input, weight]), x, bias);
  }
  const adjoint = whole ? convIntegersInputGrad : convInputGrad;
  const reached = adjoint(input, weight, {
    stride,
    padLow: padding,
    padHigh,
    dilation,
    groups,
    inputSize,
  });
  const beyond = full.map((s, i) => s - inputSize[i]);
  const y = beyond.every((b) => b === 0)
    ? reached
    : padConstant(reached, reached.shape.map(() => 0), [0, 0, ...beyond], 0);
  return finished(y, x, bias);
}

/** The adjoint of `conv1d`: x [N, C, L] (or [C, L]), weight [C, O / groups, k], bias [O]. `torch.nn.functional.conv_transpose1d`. */
export function convTranspose1d(
  x: Tensor,
  weight: ConvWeight<ConvTransposeOptions>,
  bias?: ConvBias<ConvTransposeOptions>,
  ...settings: ConvTransposeSettings
): Tensor {
  return convTranspose("conv_transpose1d", 1, x, [weight, bias], settings);
}

/**
 * The adjoint of `conv2d`: x [N, C, H, W] (or [C, H, W]), weight [C, O / groups, kH, kW], bias [O]; each output size is
 * `(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + outputPadding + 1`. `torch.nn.functional.conv_transpose2d`.
 */
export function convTranspose2d(
  x: Tensor,
  weight: ConvWeight<ConvTransposeOptions>,
  bias?: ConvBias<ConvTransposeOptions>,
  ...settings: ConvTransposeSettings
): Tensor {
  return convTranspose("conv_transpose2d", 2, x, [weight, bias], settings);
}

/** The adjoint of `conv3d`: x [N, C, D, H, W] (or [C, D, H, W]), weight [C, O / groups, kD, kH, kW], bias [O]. `torch.nn.functional.conv_transpose3d`. */
export function convTranspose3d(
  x: Tensor,
  weight: ConvWeight<ConvTransposeOptions>,
  bias?: ConvBias<ConvTransposeOptions>,
  ...settings: ConvTransposeSettings
): Tensor {
  return convTranspose("conv_transpose3d", 3, x, [weight, bias], settings);
}
