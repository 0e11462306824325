/**
 * Pooling by windows: average and power-average pooling, the sizes that all pooling shares. Max pooling is in max_pool.ts, pooling to a given
 * output size in adaptive_pool.ts.
 *
 * @module
 */
import { type Given, needed, settingsOf } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { isFloat } from "../../dtype.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { asFloat, inSingle, requireFloat, type Scalar } from "../cast.ts";
import { iota } from "../ranges.ts";
import { abs, div, maximum, minimum, mul, pow, sign, sub } from "../elementwise.ts";
import { relu } from "./activation.ts";
import { sumDims } from "../reduce.ts";
import { nothing } from "../routine.ts";
import { batched, checkLeast, type Sizes, sizesOf, times, unbatched } from "./spatial.ts";
import { padDim, windows } from "../view.ts";

/** How windows move; one number per spatial dimension each. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Number of windows. */
  readonly out: readonly number[];
}

/** The windows, where they are given by name. */
export interface KernelSize {
  /** Sizes of the windows. */
  readonly kernelSize: Sizes;
}

/** Sizes of windows as users give them. */
export interface WindowOptions {
  readonly stride?: Sizes | null;
  readonly padding?: Sizes;
  readonly dilation?: Sizes;
  readonly ceilMode?: boolean;
}

/** The checked sizes of the windows over x [N, C, ...space]. */
export function planWindows(op: string, x: Tensor, kernelSize: Sizes, options: WindowOptions): Windows {
  const space = x.shape.slice(2), rank = space.length;
  const kernel = sizesOf(op, "kernel_size", kernelSize, rank);
  // An empty list is PyTorch's own default.
  const given = options.stride ?? kernel, own = typeof given === "object" && given.length === 0;
  const stride = sizesOf(op, "stride", own ? kernel : given, rank);
  const padding = sizesOf(op, "padding", options.padding ?? 0, rank);
  const dilation = sizesOf(op, "dilation", options.dilation ?? 1, rank);
  checkLeast(op, "kernel size should be greater than zero", kernel, 1);
  checkLeast(op, "stride should not be zero", stride, 1);
  const negative = padding.find((p) => p < 0);
  if (negative !== undefined) {
    throw new ValueError(`pad must be non-negative, but got pad: ${negative}, in ${op}`);
  }
  checkLeast(op, "dilation should be greater than zero", dilation, 1);
  padding.forEach((p, i) => {
    if (p > Math.floor(kernel[i] / 2)) {
      throw new ValueError(
        `pad should be at most half of kernel size, but got pad=${p} and kernel_size=${kernel[i]}, in ${op}`,
      );
    }
  });
  const out = space.map((size, i) => {
    const room = size + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1;
    const count = Math.floor((room + (options.ceilMode ? stride[i] - 1 : 0)) / stride[i]) + 1;
    // The last window must start inside the input or the padding before it.
    return options.ceilMode && (count - 1) * stride[i] >= size + padding[i] ? count - 1 : count;
  });
  if (out.some((n) => n < 1)) {
    const channels = x.shape[1];
    throw new ShapeError(
      `Given input size: (${times([channels, ...space])}). Calculated output size: (${
        times([channels, ...out.map((n) => Math.max(n, 0))])
      }). Output size is too small, in ${op}`,
    );
  }
  return { kernel, stride, padding, dilation, out };
}

/** [N, C, ...space] -> [N, C, ...out, ...kernel]; what lies outside the input is `fill`. */
export function windowsOf(x: Tensor, plan: Windows, fill: Scalar): Tensor {
  const { kernel, stride, padding, dilation, out } = plan;
  return kernel.reduce((acc, size, i) => {
    const high = (out[i] - 1) * stride[i] + dilation[i] * (size - 1) + 1 - x.shape[i + 2] - padding[i];
    return windows(padDim(acc, i + 2, padding[i], high, fill), i + 2, size, stride[i], dilation[i]);
  }, x);
}

/** The dimensions of the windows' elements in what `windowsOf` gives. */
export function elementDims(plan: Windows): number[] {
  const rank = plan.kernel.length;
  return plan.kernel.map((_, i) => 2 + rank + i);
}

/** What empty images are refused with, as only a batch may be empty. `volumes` is PyTorch's function of those. */
export function emptyPlane(op: string, rank: number, shape: Shape, volumes: string): ShapeError {
  const text = `[${shape.join(", ")}]`;
  if (rank < 3) {
    const wanted = `Expected ${rank + 1}D or ${
      rank + 2
    }D (batch mode) tensor with optional 0 dim batch size for input`;
    return new ShapeError(
      `${rank === 1 ? `${op}: ` : ""}${wanted}, but got:${text}${rank === 1 ? "" : `, in ${op}`}`,
    );
  }
  const at = shape.slice(shape.length - 4).indexOf(0);
  return new ShapeError(
    `${volumes}(): Expected input's non-batch dimensions to have positive length, but input has a shape of ${text} and non-batch dimension ${at} has length zero!`,
  );
}

/** Refuses what PyTorch's average pools refuse: empty images, and volumes smaller than a window. */
function checkPlane(op: string, rank: number, input: Tensor, kernel: readonly number[]): void {
  const space = input.shape.slice(2);
  if (sizeOf(input.shape.slice(1)) === 0) {
    // Vectors are planes of height 1.
    const shape = rank === 1 ? [...input.shape.slice(0, 2), 1, ...space] : input.shape;
    throw emptyPlane(op, Math.max(rank, 2), shape, op);
  }
  if (rank < 3 || kernel.every((k, i) => k <= space[i])) return;
  const sizes = (before: string, of: readonly number[]) =>
    of.map((s, i) => `${before}${"THW"[i]}: ${s}`).join(" ");
  throw new ShapeError(
    `input image (${sizes("", space)}) smaller than kernel size (${sizes("k", kernel)}), in ${op}`,
  );
}

/** Options of average pooling. */
export interface AvgPoolOptions {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Zeros around the input; 0 by default. */
  readonly padding?: Sizes;
  /** Round the number of windows up instead of down. */
  readonly ceilMode?: boolean;
  /** Whether the padding counts in the average; true by default. */
  readonly countIncludePad?: boolean;
  /** What the sums are divided by instead of the number of elements. */
  readonly divisorOverride?: number | null;
}

const avgPoolKinds: Kinds<KernelSize & AvgPoolOptions> = {
  kernelSize: "any",
  stride: "sizes?",
  padding: "sizes",
  ceilMode: "boolean",
  countIncludePad: "boolean",
  divisorOverride: "number?",
};

/** Arguments of average pooling after the input, by position or by name. */
export type AvgPoolSettings = Given<
  [kernelSize: Sizes],
  [
    stride: Sizes | null,
    padding: Sizes,
    ceilMode: boolean,
    countIncludePad: boolean,
    divisorOverride: number | null,
  ],
  KernelSize,
  AvgPoolOptions
>;

/** What the window sums are divided by: a number where all windows are whole, else a tensor [...out]. */
function divisorOf(x: Tensor, plan: Windows, includePad: boolean): Tensor | number {
  const { kernel, stride, padding, out } = plan;
  const space = x.shape.slice(2);
  const whole = kernel.every((k, i) =>
    (includePad || padding[i] === 0) &&
    (out[i] - 1) * stride[i] + k <= space[i] + (includePad ? 2 : 1) * padding[i]
  );
  if (whole) return sizeOf(kernel);
  return kernel.map((k, i) => {
    // Window o covers [start, start + k), cut to the padded input or to the input itself.
    const start = sub(mul(iota(out, i, { device: x.device }), stride[i]), padding[i]);
    const end = minimum(start.add(k), space[i] + padding[i]);
    return includePad ? sub(end, start) : sub(minimum(end, space[i]), maximum(start, 0));
  }).reduce(mul);
}

function avgPool(
  op: string,
  name: string,
  rank: number,
  x: Tensor,
  kernelSize: Sizes,
  options: AvgPoolOptions,
): Tensor {
  const input = batched(op, x, rank);
  if (x.dtype !== "int64") requireFloat(op, x);
  const { divisorOverride } = options;
  if (divisorOverride === 0) throw new ValueError(`divisor must be not zero, in ${op}`);
  const plan = planWindows(op, input, kernelSize, options);
  checkPlane(op, rank, input, plan.kernel);
  const shape = [...input.shape.slice(0, 2), ...plan.out];
  if (sizeOf(input.shape) === 0) return unbatched(nothing(shape, [input]), x);
  const divisor = divisorOverride ?? divisorOf(input, plan, options.countIncludePad ?? true);
  const averages = inSingle(input, (z) => {
    const total = sumDims(windowsOf(z, plan, 0), elementDims(plan));
    const by = typeof divisor === "number" ? divisor : divisor.to(z.dtype);
    return isFloat(z.dtype) ? div(total, by) : div(total, by, { roundingMode: "trunc" });
  });
  const y = named(name, averages);
  return rank === 1 ? named("SqueezeBackward1", unbatched(y, x)) : named(name, unbatched(y, x));
}

/**
 * The mean over windows of x [N, C, L] or [C, L]. Settings come by position, in PyTorch's order, or by name.
 * `torch.nn.functional.avg_pool1d`.
 */
export function avgPool1d(x: Tensor, ...settings: AvgPoolSettings): Tensor {
  const options = settingsOf<KernelSize & AvgPoolOptions>("avg_pool1d", settings, avgPoolKinds);
  checkCall("avg_pool1d", [x]);
  const kernelSize = needed("avg_pool1d", options, "kernelSize");
  return avgPool("avg_pool1d", "AvgPool2D", 1, x, kernelSize, options);
}

/**
 * The mean over windows of x [N, C, H, W] or [C, H, W]. Settings come by position, in PyTorch's order, or by name.
 * `torch.nn.functional.avg_pool2d`.
 *
 * @example
 * ```ts
 * import { arange, avgPool2d } from "@tenon/tenon";
 * console.log(avgPool2d(arange(16).reshape([1, 4, 4]).float(), 2).tolist()); // [ [ [ 2.5, 4.5 ], [ 10.5, 12.5 ] ] ]
 * ```
 */
export function avgPool2d(x: Tensor, ...settings: AvgPoolSettings): Tensor {
  const options = settingsOf<KernelSize & AvgPoolOptions>("avg_pool2d", settings, avgPoolKinds);
  checkCall("avg_pool2d", [x]);
  const kernelSize = needed("avg_pool2d", options, "kernelSize");
  return avgPool("avg_pool2d", "AvgPool2D", 2, x, kernelSize, options);
}

/** The mean over windows of x [N, C, D, H, W] or [C, D, H, W]. `torch.nn.functional.avg_pool3d`. */
export function avgPool3d(x: Tensor, ...settings: AvgPoolSettings): Tensor {
  const options = settingsOf<KernelSize & AvgPoolOptions>("avg_pool3d", settings, avgPoolKinds);
  checkCall("avg_pool3d", [x]);
  const kernelSize = needed("avg_pool3d", options, "kernelSize");
  return avgPool("avg_pool3d", "AvgPool3D", 3, x, kernelSize, options);
}

/** Options of power-average pooling. */
export interface LpPoolOptions {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Round the number of windows up instead of down. */
  readonly ceilMode?: boolean;
}

/** The exponent of power-average pooling, where it is given by name. */
export interface NormType {
  /** The exponent of the norm. */
  readonly normType: number;
}

const lpPoolKinds: Kinds<NormType & KernelSize & LpPoolOptions> = {
  normType: "number",
  kernelSize: "any",
  stride: "sizes?",
  ceilMode: "boolean",
};

/** Arguments of power-average pooling after the input, by position or by name. */
export type LpPoolSettings = Given<
  [normType: number, kernelSize: Sizes],
  [stride: Sizes | null, ceilMode: boolean],
  NormType & KernelSize,
  LpPoolOptions
>;

function lpPool(op: string, rank: number, x: Tensor, settings: LpPoolSettings): Tensor {
  const options = settingsOf<NormType & KernelSize & LpPoolOptions>(op, settings, lpPoolKinds);
  checkCall(op, [x]);
  const normType = needed(op, options, "normType"), kernelSize = needed(op, options, "kernelSize");
  const mean = avgPool(
    op,
    "AvgPool2D",
    rank,
    pow(asFloat(x), normType),
    kernelSize,
    options,
  );
  const count = sizeOf(sizesOf(op, "kernel_size", kernelSize, rank));
  // PyTorch's own formula: a negative sum of odd powers gives NaN or a negative number as there.
  return pow(mul(mul(sign(mean), relu(abs(mean))), count), 1 / normType);
}

/** The `normType`-norm over windows of x [N, C, L] or [C, L]. `torch.nn.functional.lp_pool1d`. */
export function lpPool1d(x: Tensor, ...settings: LpPoolSettings): Tensor {
  return lpPool("lp_pool1d", 1, x, settings);
}

/** The `normType`-norm over windows of x [N, C, H, W] or [C, H, W]. `torch.nn.functional.lp_pool2d`. */
export function lpPool2d(x: Tensor, ...settings: LpPoolSettings): Tensor {
  return lpPool("lp_pool2d", 2, x, settings);
}

/** The `normType`-norm over windows of x [N, C, D, H, W] or [C, D, H, W]. `torch.nn.functional.lp_pool3d`. */
export function lpPool3d(x: Tensor, ...settings: LpPoolSettings): Tensor {
  return lpPool("lp_pool3d", 3, x, settings);
}
