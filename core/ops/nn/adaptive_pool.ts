/**
 * Pooling to a given output size: window i of `out` covers [floor(i size / out), ceil((i + 1) size / out)).
 *
 * @module
 */
import { inPlace, inPlaceWith, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkKind, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, inSingle, requireFloat, type Scalar } from "../cast.ts";
import { tensor } from "../create.ts";
import { iota } from "../ranges.ts";
import { add, div, floorDivide, mul, remainder } from "../elementwise.ts";
import { lt, where } from "../logical.ts";
import { indexSelect } from "../indexing/indexing.ts";
import { amax, lowest } from "../extremes.ts";
import { mean, sumDims, type ValuesAndIndices, valuesAndIndices, windowPlace } from "../reduce.ts";
import { gatherExact, nothing } from "../routine.ts";
import { batched, unbatched } from "./spatial.ts";
import { permute, reshape } from "../view.ts";

/** One output size for all spatial dimensions, or one for each; null keeps the input's. */
export type OutputSizes = number | null | readonly (number | null)[];

/** The windows along one dimension, all with room for the longest. */
interface Bins {
  readonly start: readonly number[];
  readonly length: readonly number[];
  readonly longest: number;
}

function binsOf(size: number, out: number): Bins {
  const start = Array.from({ length: out }, (_, i) => Math.floor(i * size / out));
  const length = start.map((s, i) => Math.ceil((i + 1) * size / out) - s);
  return { start, length, longest: Math.max(1, ...length) };
}

function emptySize(op: string, x: Tensor, dim: number): ShapeError {
  return new ShapeError(
    `${op}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes [${
      x.shape.join(", ")
    }] with dimension ${dim} being empty`,
  );
}

function outputSizes(op: string, x: Tensor, outputSize: OutputSizes): number[] {
  const space = x.shape.slice(2);
  // Entries may be null, for the size that there is.
  if (outputSize !== null && !Array.isArray(outputSize)) {
    checkKind(op, "output_size", outputSize ?? null, "sizes");
  }
  const given = typeof outputSize === "number" || outputSize === null
    ? space.map(() => outputSize)
    : outputSize;
  if (given.length !== space.length) {
    throw new ValueError(
      space.length === 1
        ? `${op}() argument 'output_size' should contain one int (got ${given.length})`
        : `${op}: output_size must be ${space.length}, but got [${given.join(", ")}]`,
    );
  }
  const sizes = given.map((s, i) => s ?? space[i]);
  if (sizes.some((s) => !Number.isInteger(s) || s < 0)) {
    throw new ValueError(
      `${op}: elements of output_size must be greater than or equal to 0 but received {${sizes.join(", ")}}`,
    );
  }
  space.forEach((s, i) => {
    if (s === 0) throw emptySize(op, x, i + 1);
  });
  return sizes;
}

const int64 = (values: readonly number[], x: Tensor) => tensor(values, { dtype: "int64", device: x.device });

/** [..., size, ...] -> [..., out, longest, ...] along `dim`; what a shorter window lacks is `fill`. */
function binnedAlong(x: Tensor, dim: number, { start, length, longest }: Bins, fill: Scalar): Tensor {
  const size = x.shape[dim], out = start.length;
  const taps = start.flatMap((s) => Array.from({ length: longest }, (_, k) => Math.min(s + k, size - 1)));
  const cut = indexSelect(x, dim, int64(taps, x));
  const y = reshape(cut, [...x.shape.slice(0, dim), out, longest, ...x.shape.slice(dim + 1)]);
  if (length.every((n) => n === longest)) return y;
  const shape = y.shape.map((s, d) => d === dim || d === dim + 1 ? s : 1);
  const inside = lt(
    iota(shape, dim + 1, { device: x.device }),
    reshape(int64(length, x), shape.map((s, d) => d === dim ? s : 1)),
  );
  return where(inside, y, fill);
}

/** [N, C, ...space] -> [N, C, ...out, ...longest]; what a shorter window lacks is `fill`. */
function binned(x: Tensor, bins: readonly Bins[], fill: Scalar): Tensor {
  const y = bins.reduce((cut, own, i) => binnedAlong(cut, 2 + 2 * i, own, fill), x);
  const space = bins.map((_, i) => 2 + 2 * i);
  return permute(y, [0, 1, ...space, ...space.map((d) => d + 1)]);
}

/** The sums over windows [N, C, ...out], one dimension after the other: the first ones are moved in whole rows, and leave less for the last. */
function binSums(x: Tensor, bins: readonly Bins[]): Tensor {
  return bins.reduce((sums, own, i) => sumDims(binnedAlong(sums, 2 + i, own, 0), [3 + i]), x);
}

/** Windows of one size that lie side by side are a view. */
function evenWindows(x: Tensor, sizes: readonly number[]): Tensor | null {
  const space = x.shape.slice(2);
  if (sizes.some((out, i) => out === 0 || space[i] % out !== 0)) return null;
  const cut = reshape(x, [...x.shape.slice(0, 2), ...sizes.flatMap((out, i) => [out, space[i] / out])]);
  const dims = sizes.map((_, i) => 2 + 2 * i);
  return permute(cut, [0, 1, ...dims, ...dims.map((d) => d + 1)]);
}

const elementDims = (rank: number) => Array.from({ length: rank }, (_, i) => 2 + rank + i);

function adaptiveAvg(op: string, name: string, rank: number, x: Tensor, outputSize: OutputSizes): Tensor {
  const input = batched(op, x, rank);
  requireFloat(op, x);
  const sizes = outputSizes(op, input, outputSize);
  if (rank === 3 && x.shape[1] === 0 && sizes.some((s) => s !== 1)) throw emptySize(op, x, 1);
  const shape = [...input.shape.slice(0, 2), ...sizes];
  const finished = (y: Tensor) => {
    const result = unbatched(y, x);
    return rank === 1 ? named("SqueezeBackward1", result) : named(name, result);
  };
  if (sizeOf(shape) === 0) return finished(nothing(shape, [input]));
  if (sizes.every((s) => s === 1)) {
    return unbatched(mean(input, sizes.map((_, i) => 2 + i), { keepdim: true }), x);
  }
  const even = evenWindows(input, sizes);
  if (even !== null) return finished(mean(even, elementDims(rank)));
  const bins = sizes.map((out, i) => binsOf(input.shape[2 + i], out));
  const count = bins.map(({ length }, i) => reshape(int64(length, x), sizes.map((s, d) => d === i ? s : 1)))
    .reduce(mul);
  return finished(inSingle(input, (z) => div(binSums(z, bins), count)));
}

/** The means over `outputSize` windows of x [N, C, L] or [C, L]. `torch.nn.functional.adaptive_avg_pool1d`. */
export function adaptiveAvgPool1d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }>,
): Tensor {
  if (isNamed(outputSize)) {
    return adaptiveAvgPool1d(x, ...inPlace("adaptive_avg_pool1d", ["outputSize"], [outputSize], 1));
  }
  checkCall("adaptive_avg_pool1d", [x]);
  return adaptiveAvg("adaptive_avg_pool1d", "AdaptiveAvgPool2D", 1, x, outputSize);
}

/**
 * The means over `outputSize` windows of x [N, C, H, W] or [C, H, W]. `torch.nn.functional.adaptive_avg_pool2d`.
 *
 * @example
 * ```ts
 * import { adaptiveAvgPool2d, ones } from "@tenon/tenon";
 * console.log(adaptiveAvgPool2d(ones([2, 3, 7, 5]), [3, null]).shape); // [ 2, 3, 3, 5 ]
 * ```
 */
export function adaptiveAvgPool2d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }>,
): Tensor {
  if (isNamed(outputSize)) {
    return adaptiveAvgPool2d(x, ...inPlace("adaptive_avg_pool2d", ["outputSize"], [outputSize], 1));
  }
  checkCall("adaptive_avg_pool2d", [x]);
  return adaptiveAvg("adaptive_avg_pool2d", "AdaptiveAvgPool2D", 2, x, outputSize);
}

/** The means over `outputSize` windows of x [N, C, D, H, W] or [C, D, H, W]. `torch.nn.functional.adaptive_avg_pool3d`. */
export function adaptiveAvgPool3d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }>,
): Tensor {
  if (isNamed(outputSize)) {
    return adaptiveAvgPool3d(x, ...inPlace("adaptive_avg_pool3d", ["outputSize"], [outputSize], 1));
  }
  checkCall("adaptive_avg_pool3d", [x]);
  return adaptiveAvg("adaptive_avg_pool3d", "AdaptiveAvgPool3D", 3, x, outputSize);
}

/** Options of adaptive max pooling. */
export interface AdaptiveMaxPoolOptions {
  /** Also return where in the flattened spatial dimensions each value came from. */
  readonly returnIndices?: boolean;
}

const adaptiveMaxPoolKinds: Kinds<AdaptiveMaxPoolOptions> = { returnIndices: "boolean" };

/** Options that ask for the indices. */
export type AdaptiveMaxPoolWithIndices = { readonly returnIndices: true };

function adaptiveMax(
  op: string,
  name: string,
  rank: number,
  x: Tensor,
  outputSize: OutputSizes,
  options: AdaptiveMaxPoolOptions,
): Tensor | ValuesAndIndices {
  const input = batched(op, x, rank);
  const sizes = outputSizes(op, input, outputSize), space = input.shape.slice(2);
  const [n, c] = input.shape, shape = [n, c, ...sizes], count = sizeOf(sizes);
  if (c === 0 && x.shape.length === rank + 2) throw emptySize(op, x, 1);
  const result = (values: Tensor, indices: Tensor) => {
    const y = named(rank === 1 ? "SqueezeBackward1" : name, unbatched(values, x));
    return options.returnIndices ? valuesAndIndices("", y, unbatched(indices, x)) : y;
  };
  if (sizeOf(shape) === 0) {
    return result(nothing(shape, [input]), iota(shape, 0, { device: x.device }));
  }
  const bins = sizes.map((out, i) => binsOf(space[i], out));
  const even = evenWindows(input, sizes);
  const windows = (even ?? binned(input, bins, lowest(x.dtype))).detach(), dims = elementDims(rank);
  let rest = cast(windowPlace(windows, dims, amax(windows, dims)), "int64");
  let flat: Tensor | null = null, step = 1;
  for (let i = rank - 1; i >= 0; i--) {
    const { start, longest } = bins[i];
    const inside = i === 0 ? rest : remainder(rest, longest);
    rest = floorDivide(rest, longest);
    const at = add(inside, reshape(int64(start, x), sizes.map((s, d) => d === i ? s : 1)));
    flat = flat === null ? mul(at, step) : add(flat, mul(at, step));
    step *= space[i];
  }
  const indices = flat as Tensor;
  const source = reshape(input, [n, c, sizeOf(space)]);
  return result(reshape(gatherExact(source, 2, reshape(indices, [n, c, count])), shape), indices);
}

/** The largest elements of `outputSize` windows of x [N, C, L] or [C, L]. `torch.nn.functional.adaptive_max_pool1d`. */
export function adaptiveMaxPool1d(
  x: Tensor,
  ...sizes:
    | [outputSize: OutputSizes, options: AdaptiveMaxPoolWithIndices]
    | [named: { outputSize: OutputSizes } & AdaptiveMaxPoolWithIndices]
): ValuesAndIndices;
/** The largest elements alone. */
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }, AdaptiveMaxPoolOptions>,
  options?: AdaptiveMaxPoolOptions,
): Tensor;
/** The largest elements, with indices if asked. */
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }, AdaptiveMaxPoolOptions>,
  options: AdaptiveMaxPoolOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(outputSize)) {
    const op = "adaptive_max_pool1d";
    return adaptiveMaxPool1d(x, ...inPlaceWith(op, ["outputSize"], [outputSize], options, 1));
  }
  checkCall("adaptive_max_pool1d", [x], options, adaptiveMaxPoolKinds);
  return adaptiveMax("adaptive_max_pool1d", "AdaptiveMaxPool2D", 1, x, outputSize, options);
}

/** The largest elements of `outputSize` windows of x [N, C, H, W] or [C, H, W]. `torch.nn.functional.adaptive_max_pool2d`. */
export function adaptiveMaxPool2d(
  x: Tensor,
  ...sizes:
    | [outputSize: OutputSizes, options: AdaptiveMaxPoolWithIndices]
    | [named: { outputSize: OutputSizes } & AdaptiveMaxPoolWithIndices]
): ValuesAndIndices;
/** The largest elements alone. */
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }, AdaptiveMaxPoolOptions>,
  options?: AdaptiveMaxPoolOptions,
): Tensor;
/** The largest elements, with indices if asked. */
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }, AdaptiveMaxPoolOptions>,
  options: AdaptiveMaxPoolOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(outputSize)) {
    const op = "adaptive_max_pool2d";
    return adaptiveMaxPool2d(x, ...inPlaceWith(op, ["outputSize"], [outputSize], options, 1));
  }
  checkCall("adaptive_max_pool2d", [x], options, adaptiveMaxPoolKinds);
  return adaptiveMax("adaptive_max_pool2d", "AdaptiveMaxPool2D", 2, x, outputSize, options);
}

/** The largest elements of `outputSize` windows of x [N, C, D, H, W] or [C, D, H, W]. `torch.nn.functional.adaptive_max_pool3d`. */
export function adaptiveMaxPool3d(
  x: Tensor,
  ...sizes:
    | [outputSize: OutputSizes, options: AdaptiveMaxPoolWithIndices]
    | [named: { outputSize: OutputSizes } & AdaptiveMaxPoolWithIndices]
): ValuesAndIndices;
/** The largest elements alone. */
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }, AdaptiveMaxPoolOptions>,
  options?: AdaptiveMaxPoolOptions,
): Tensor;
/** The largest elements, with indices if asked. */
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: OutputSizes | Named<{ outputSize: OutputSizes }, AdaptiveMaxPoolOptions>,
  options: AdaptiveMaxPoolOptions = {},
): Tensor | ValuesAndIndices {
  if (isNamed(outputSize)) {
    const op = "adaptive_max_pool3d";
    return adaptiveMaxPool3d(x, ...inPlaceWith(op, ["outputSize"], [outputSize], options, 1));
  }
  checkCall("adaptive_max_pool3d", [x], options, adaptiveMaxPoolKinds);
  return adaptiveMax("adaptive_max_pool3d", "AdaptiveMaxPool3D", 3, x, outputSize, options);
}
