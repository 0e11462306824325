/**
 * Max pooling, its indices, and its partial inverse. The gradient goes to the first largest element of each window, or its last NaN.
 *
 * @module
 */
import { type Given, needed, settingsOf } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../../errors.ts";
import { sameShape, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { zeros } from "../create.ts";
import { iota } from "../ranges.ts";
import { add, floorDivide, mul, remainder } from "../elementwise.ts";
import { lt, where } from "../logical.ts";
import { elementDims, emptyPlane, type KernelSize, planWindows, type Windows, windowsOf } from "./pool.ts";
import { windowMaxPrim } from "../../prim/reduce.ts";
import { cast } from "../cast.ts";
import { lowest } from "../extremes.ts";
import { over, type ValuesAndIndices, valuesAndIndices, windowPlace } from "../reduce.ts";
import { within } from "../indexing/indexing.ts";
import { gatherExact, nothing, scatterExact } from "../routine.ts";
import { batched, type Sizes, sizesOf, unbatched } from "./spatial.ts";
import { reshape } from "../view.ts";

/** Options of max pooling. */
export interface MaxPoolOptions {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Elements around the input that are never the largest; 0 by default. */
  readonly padding?: Sizes;
  /** Distance of a window's elements; 1 by default. */
  readonly dilation?: Sizes;
  /** Round the number of windows up instead of down. */
  readonly ceilMode?: boolean;
  /** Also return where in the flattened spatial dimensions each value came from. */
  readonly returnIndices?: boolean;
}

/** What they hold, in PyTorch's order, behind the kernel size. */
export const maxPoolKinds: Kinds<KernelSize & MaxPoolOptions> = {
  kernelSize: "any",
  stride: "sizes?",
  padding: "sizes",
  dilation: "sizes",
  ceilMode: "boolean",
  returnIndices: "boolean",
};

/** Arguments of max pooling after the input, by position or by name. */
export type MaxPoolSettings = Given<
  [kernelSize: Sizes],
  [stride: Sizes | null, padding: Sizes, dilation: Sizes, ceilMode: boolean, returnIndices: boolean],
  KernelSize,
  MaxPoolOptions
>;

/** Options that ask for the indices. */
export type MaxPoolWithIndices = MaxPoolOptions & { readonly returnIndices: true };

const names = ["MaxPool2DWithIndices", "MaxPool2DWithIndices", "MaxPool3DWithIndices"];

/** The place of each window's largest element in the flattened space [N, C, ...out], int64. */
function places(input: Tensor, plan: Windows, windows: Tensor, largest: Tensor): Tensor {
  const { kernel, stride, padding, dilation, out } = plan;
  const space = input.shape.slice(2);
  const shape = [...input.shape.slice(0, 2), ...out];
  let rest = cast(windowPlace(windows, elementDims(plan), largest), "int64");
  let flat: Tensor | null = null, step = 1;
  for (let i = kernel.length - 1; i >= 0; i--) {
    const inside = i === 0 ? rest : remainder(rest, kernel[i]);
    rest = floorDivide(rest, kernel[i]);
    const start = mul(iota(shape, i + 2, { device: input.device }), stride[i]).sub(padding[i]);
    const at = add(start, mul(inside, dilation[i]));
    // Only where all elements are the lowest number does the padding win; then the first element inside counts.
    const place = padding[i] === 0 ? at : where(lt(at, 0), remainder(at, dilation[i]), at);
    flat = flat === null ? mul(place, step) : add(flat, mul(place, step));
    step *= space[i];
  }
  return flat as Tensor;
}

function maxPool(
  op: string,
  rank: number,
  x: Tensor,
  kernelSize: Sizes,
  options: MaxPoolOptions,
): Tensor | ValuesAndIndices {
  const input = batched(op, x, rank);
  if (x.dtype === "bool") throw new DTypeError(`"${op}" not implemented for 'Bool'; cast with .to("uint8")`);
  if (sizeOf(input.shape.slice(1)) === 0) {
    throw emptyPlane(op, rank, x.shape, "max_pool3d_with_indices_out_cpu_template");
  }
  const plan = planWindows(op, input, kernelSize, options);
  const name = names[rank - 1];
  const shape = [...input.shape.slice(0, 2), ...plan.out];
  const finished = (y: Tensor) => {
    const result = unbatched(y, x);
    return rank === 1 ? named("SqueezeBackward1", result) : named(name, result);
  };
  if (sizeOf(input.shape) === 0) {
    const values = unbatched(nothing(shape, [input]), x);
    const indices = zeros(values.shape, { dtype: "int64", device: x.device });
    return options.returnIndices ? valuesAndIndices("", values, indices) : values;
  }
  const windows = windowsOf(input, plan, lowest(input.dtype));
  const largest = over(windowMaxPrim, windows, elementDims(plan));
  if (!options.returnIndices) return finished(largest);
  const indices = places(input, plan, windows, largest), [n, c] = shape;
  // By their places: among the lowest numbers, padding takes the gradient of the windows.
  const taken = () => gatherExact(reshape(input, [n, c, -1]), 2, reshape(indices, [n, c, sizeOf(plan.out)]));
  const values = plan.padding.some((p) => p > 0) ? reshape(taken(), shape) : largest;
  return valuesAndIndices("", finished(values), unbatched(indices, x));
}

/**
 * The largest element of each window of x [N, C, L] or [C, L]. In place of `options` the stride alone may stand, as in PyTorch.
 * `torch.nn.functional.max_pool1d`.
 */
export function maxPool1d(
  x: Tensor,
  ...settings: [kernelSize: Sizes, options: MaxPoolWithIndices] | [named: KernelSize & MaxPoolWithIndices]
): ValuesAndIndices;
/** The largest elements alone. */
export function maxPool1d(x: Tensor, ...settings: MaxPoolSettings): Tensor;
/** The largest elements, with indices if asked. */
export function maxPool1d(x: Tensor, ...settings: MaxPoolSettings): Tensor | ValuesAndIndices {
  const options = settingsOf<KernelSize & MaxPoolOptions>("max_pool1d", settings, maxPoolKinds);
  checkCall("max_pool1d", [x]);
  return maxPool("max_pool1d", 1, x, needed("max_pool1d", options, "kernelSize"), options);
}

/**
 * The largest element of each window of x [N, C, H, W] or [C, H, W]. In place of `options` the stride alone may stand, as in PyTorch.
 * `torch.nn.functional.max_pool2d`.
 *
 * @throws {ShapeError} when x has another rank, or the windows do not fit
 * @throws {ValueError} when a size is not positive, or the padding is more than half of the kernel
 * @example
 * ```ts
 * import { arange, maxPool2d } from "@tenon/tenon";
 * console.log(maxPool2d(arange(16).reshape([1, 4, 4]).float(), 2).tolist()); // [ [ [ 5, 7 ], [ 13, 15 ] ] ]
 * ```
 */
export function maxPool2d(
  x: Tensor,
  ...settings: [kernelSize: Sizes, options: MaxPoolWithIndices] | [named: KernelSize & MaxPoolWithIndices]
): ValuesAndIndices;
/** The largest elements alone. */
export function maxPool2d(x: Tensor, ...settings: MaxPoolSettings): Tensor;
/** The largest elements, with indices if asked. */
export function maxPool2d(x: Tensor, ...settings: MaxPoolSettings): Tensor | ValuesAndIndices {
  const options = settingsOf<KernelSize & MaxPoolOptions>("max_pool2d", settings, maxPoolKinds);
  checkCall("max_pool2d", [x]);
  return maxPool("max_pool2d", 2, x, needed("max_pool2d", options, "kernelSize"), options);
}

/** The largest element of each window of x [N, C, D, H, W] or [C, D, H, W]. `torch.nn.functional.max_pool3d`. */
export function maxPool3d(
  x: Tensor,
  ...settings: [kernelSize: Sizes, options: MaxPoolWithIndices] | [named: KernelSize & MaxPoolWithIndices]
): ValuesAndIndices;
/** The largest elements alone. */
export function maxPool3d(x: Tensor, ...settings: MaxPoolSettings): Tensor;
/** The largest elements, with indices if asked. */
export function maxPool3d(x: Tensor, ...settings: MaxPoolSettings): Tensor | ValuesAndIndices {
  const options = settingsOf<KernelSize & MaxPoolOptions>("max_pool3d", settings, maxPoolKinds);
  checkCall("max_pool3d", [x]);
  return maxPool("max_pool3d", 3, x, needed("max_pool3d", options, "kernelSize"), options);
}

/** Options of `maxUnpool`. */
export interface MaxUnpoolOptions {
  /** Step of the windows; the kernel size by default. */
  readonly stride?: Sizes | null;
  /** Padding of the pooling that is undone; 0 by default. */
  readonly padding?: Sizes;
  /** The spatial sizes of the result (or its whole shape), where several fit. */
  readonly outputSize?: Shape | null;
}

const maxUnpoolKinds: Kinds<KernelSize & MaxUnpoolOptions> = {
  kernelSize: "any",
  stride: "sizes?",
  padding: "sizes",
  outputSize: "sizes?",
};

/** Arguments of `maxUnpool` after the tensors, by position or by name. */
export type MaxUnpoolSettings = Given<
  [kernelSize: Sizes],
  [stride: Sizes | null, padding: Sizes, outputSize: readonly number[] | null],
  KernelSize,
  MaxUnpoolOptions
>;

function maxUnpool(
  op: string,
  rank: number,
  x: Tensor,
  indices: Tensor,
  kernelSize: Sizes,
  options: MaxUnpoolOptions,
): Tensor {
  const input = batched(op, x, rank);
  if (indices.dtype !== "int64") {
    throw new DTypeError(`elements in indices should be type int64 but got: ${indices.dtype}, in ${op}`);
  }
  if (!sameShape(indices.shape, x.shape)) {
    throw new ShapeError(
      `Expected shape of indices to be same as that of the input tensor ([${
        x.shape.join(", ")
      }]) but got indices tensor with shape: [${indices.shape.join(", ")}], in ${op}`,
    );
  }
  const kernel = sizesOf(op, "kernel_size", kernelSize, rank);
  const stride = sizesOf(op, "stride", options.stride ?? kernel, rank);
  const padding = sizesOf(op, "padding", options.padding ?? 0, rank);
  const usual = kernel.map((k, i) => (input.shape[i + 2] - 1) * stride[i] + k - 2 * padding[i]);
  const given = options.outputSize;
  if (given && given.length !== rank && given.length !== rank + 2) {
    throw new ValueError(
      `output_size should be a sequence containing ${rank} or ${
        rank + 2
      } elements, but it has a length of '${given.length}', in ${op}`,
    );
  }
  const size = given ? given.slice(-rank) : usual;
  size.forEach((s, i) => {
    if (given && (s <= usual[i] - stride[i] || s >= usual[i] + stride[i])) {
      throw new ValueError(
        `invalid output_size "(${given.join(", ")})" (dim ${i} must be between ${usual[i] - stride[i]} and ${
          usual[i] + stride[i]
        }), in ${op}`,
      );
    }
  });
  const [n, c] = input.shape, count = sizeOf(input.shape.slice(2)), shape = [n, c, ...size];
  if (sizeOf(input.shape) === 0) return unbatched(nothing(shape, [input]), x);
  const places = within(indices, 0, sizeOf(size), (got) =>
    new IndexError(
      `Found an invalid max index: ${got} (output volumes are of size ${size.join("x")}), in ${op}`,
    ));
  const base = zeros([n, c, sizeOf(size)], { dtype: x.dtype, device: x.device });
  const flat = (t: Tensor) => reshape(t, [n, c, count]);
  const y = scatterExact(base, 2, flat(places), flat(input), "set");
  return named(rank === 3 ? "MaxUnpool3D" : "MaxUnpool2D", unbatched(reshape(y, shape), x));
}

/** Values put back where `maxPool1d` took them from, zeros elsewhere. `torch.nn.functional.max_unpool1d`. */
export function maxUnpool1d(
  x: Tensor,
  indices: Tensor,
  ...settings: MaxUnpoolSettings
): Tensor {
  const options = settingsOf<KernelSize & MaxUnpoolOptions>("max_unpool1d", settings, maxUnpoolKinds);
  checkCall("max_unpool1d", [x, indices]);
  const kernelSize = needed("max_unpool1d", options, "kernelSize");
  return named("SqueezeBackward1", maxUnpool("max_unpool1d", 1, x, indices, kernelSize, options));
}

/** Values put back where `maxPool2d` took them from, zeros elsewhere. `torch.nn.functional.max_unpool2d`. */
export function maxUnpool2d(
  x: Tensor,
  indices: Tensor,
  ...settings: MaxUnpoolSettings
): Tensor {
  const options = settingsOf<KernelSize & MaxUnpoolOptions>("max_unpool2d", settings, maxUnpoolKinds);
  checkCall("max_unpool2d", [x, indices]);
  const kernelSize = needed("max_unpool2d", options, "kernelSize");
  return maxUnpool("max_unpool2d", 2, x, indices, kernelSize, options);
}

/** Values put back where `maxPool3d` took them from, zeros elsewhere. `torch.nn.functional.max_unpool3d`. */
export function maxUnpool3d(
  x: Tensor,
  indices: Tensor,
  ...settings: MaxUnpoolSettings
): Tensor {
  const options = settingsOf<KernelSize & MaxUnpoolOptions>("max_unpool3d", settings, maxUnpoolKinds);
  checkCall("max_unpool3d", [x, indices]);
  const kernelSize = needed("max_unpool3d", options, "kernelSize");
  return maxUnpool("max_unpool3d", 3, x, indices, kernelSize, options);
}
