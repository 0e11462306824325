/**
 * Resizing images and sequences: every output element is a weighted sum of a few input elements per dimension, so one dimension is done after the other.
 * Which elements and weights is resize_taps.ts's business.
 *
 * @module
 */
import { settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { inSingle, requireFloat } from "../cast.ts";
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from "./adaptive_pool.ts";
import { tensor } from "../create.ts";
import { add, mul } from "../elementwise.ts";
import { indexSelect } from "../indexing/indexing.ts";
import { repeatInterleave } from "../rearrange.ts";
import { sumDims } from "../reduce.ts";
import { type Axis, axis, cubic, nearestIndex, place, type Taps, tapsOf } from "./resize_taps.ts";
import type { Sizes } from "./spatial.ts";
import { expand, narrow, reshape } from "../view.ts";
import { cat, stack } from "../join.ts";

/** How values between elements are found. */
export type InterpolateMode =
  | "nearest"
  | "nearest-exact"
  | "linear"
  | "bilinear"
  | "bicubic"
  | "trilinear"
  | "area";

/** Options of `interpolate`. */
export interface InterpolateOptions {
  /** The spatial sizes of the result; this or `scaleFactor` is needed. */
  readonly size?: Sizes | null;
  /** What the spatial sizes are multiplied by (and rounded down). */
  readonly scaleFactor?: number | readonly number[] | null;
  /** "nearest" by default. */
  readonly mode?: InterpolateMode;
  /** Whether the centres of the corner elements stay in place, instead of their corners; for the linear and cubic modes. */
  readonly alignCorners?: boolean | null;
  /** Compute the scale anew from the sizes, instead of taking `scaleFactor` as it is. */
  readonly recomputeScaleFactor?: boolean | null;
  /** Average over all elements that an output element covers when sizes shrink; for "bilinear" and "bicubic". */
  readonly antialias?: boolean;
}

const interpolateKinds: Kinds<InterpolateOptions> = {
  size: "sizes?",
  scaleFactor: "sizes?",
  mode: "string",
  alignCorners: "boolean?",
  recomputeScaleFactor: "boolean?",
  antialias: "boolean",
};

const ranks: Readonly<Record<InterpolateMode, readonly number[]>> = {
  nearest: [1, 2, 3],
  "nearest-exact": [1, 2, 3],
  area: [1, 2, 3],
  linear: [1],
  bilinear: [2],
  bicubic: [2],
  trilinear: [3],
};

/** The weighted sums of the taps along `dim`. */
function resample(x: Tensor, dim: number, { index, weight }: Taps): Tensor {
  const out = index.length, count = index[0].length;
  const places = tensor(index.flat(), { dtype: "int64", device: x.device });
  const taken = reshape(
    indexSelect(x, dim, places),
    x.shape.flatMap((s, d) => d === dim ? [out, count] : [s]),
  );
  const factors = tensor(weight.flat(), { dtype: x.dtype, device: x.device });
  const aligned = reshape(factors, taken.shape.map((_, d) => d === dim ? out : d === dim + 1 ? count : 1));
  return sumDims(mul(taken, aligned), [dim + 1]);
}

/**
 * `times` output elements for each input element: each of them is one weighted sum of neighbours, whatever the place, so slices do what gathering
 * does. Beyond the ends the edge counts.
 */
function multiplied(x: Tensor, dim: number, a: Axis, times: number, cubicMode: boolean): Tensor {
  const steps = cubicMode ? [-1, 0, 1, 2] : [0, 1], reach = cubicMode ? 2 : 1;
  const edge = (start: number) =>
    expand(narrow(x, dim, start, 1), x.shape.map((s, d) => d === dim ? reach : s));
  const wide = cat([edge(0), x, edge(a.size - 1)], dim);
  const phases = Array.from({ length: times }, (_, p) => {
    const at = place(a, p), low = Math.floor(at), share = a.round(at - low);
    const parts = steps.map((k) =>
      mul(
        narrow(wide, dim, reach + low + k, a.size),
        cubicMode ? cubic(share - k, -0.75) : k === 0 ? 1 - share : share,
      )
    );
    return parts.reduce((p, q) => add(p, q));
  });
  return reshape(stack(phases, dim + 1), x.shape.map((s, d) => d === dim ? s * times : s));
}

function nearest(x: Tensor, dim: number, a: Axis, exact: boolean): Tensor {
  const times = a.out / a.size;
  // PyTorch takes images and volumes of one channel for channels-last ones, whose kernel finds places in single precision and takes equal and
  // doubled sizes as they are, whatever the factor.
  const channelsLast = x.shape.length > 3 && x.shape[1] === 1;
  const whole = Number.isInteger(times) && a.scale === a.round(1 / times);
  // Whole multiples repeat elements, which is a view.
  const taken = channelsLast && !exact && (times === 1 || times === 2);
  if (whole || taken) return repeatInterleave(x, times, dim);
  const fine = channelsLast ? { ...a, scale: Math.fround(a.scale), round: Math.fround } : a;
  return indexSelect(x, dim, tensor(nearestIndex(fine, exact), { dtype: "int64", device: x.device }));
}

function badInput(x: Tensor, mode: string): ShapeError {
  const known = Object.hasOwn(ranks, mode);
  const rank = known ? ranks[mode as InterpolateMode] : [];
  if (rank.length === 1 && x.shape.length >= 3 && x.shape.length <= 5) {
    return new ShapeError(
      `Got ${x.shape.length}D input, but ${mode} mode needs ${rank[0] + 2}D input, in interpolate`,
    );
  }
  return new ShapeError(
    `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${x.shape.length}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact (got ${mode}), in interpolate`,
  );
}

/** The output sizes, and the factors where they were given and count. */
function sizesAndFactors(x: Tensor, options: InterpolateOptions): {
  readonly out: readonly number[];
  readonly factors: readonly (number | null)[];
} {
  const space = x.shape.slice(2), size = options.size ?? null, scale = options.scaleFactor ?? null;
  if (size === null && scale === null) {
    throw new ValueError("either size or scale_factor should be defined, in interpolate");
  }
  if (size !== null && scale !== null) {
    throw new ValueError("only one of size or scale_factor should be defined, in interpolate");
  }
  const each = (name: string, value: Sizes): readonly number[] => {
    const all = typeof value === "number" ? space.map(() => value) : value;
    if (all.length === space.length) return all;
    throw new ValueError(
      `Input and ${
        name === "size" ? "output" : "scale_factor"
      } must have the same number of spatial dimensions, but got input with spatial dimensions of [${
        space.join(", ")
      }] and ${name === "size" ? "output size" : "scale_factor"} of ${name === "size" ? "" : "shape "}(${
        all.join(", ")
      }), in interpolate`,
    );
  };
  if (size !== null) {
    if (options.recomputeScaleFactor) {
      throw new ValueError("recompute_scale_factor is not meaningful with an explicit size., in interpolate");
    }
    return { out: each("size", size), factors: space.map(() => null) };
  }
  const given = each("scaleFactor", scale as Sizes);
  if (given.some((f) => !(f > 0))) {
    throw new ValueError(`scale factors must be positive, in interpolate: got [${given.join(", ")}]`);
  }
  const out = space.map((s, i) => Math.floor(s * given[i]));
  return { out, factors: options.recomputeScaleFactor ? space.map(() => null) : given };
}

const torchNames: Readonly<Record<InterpolateMode, string>> = {
  nearest: "UpsampleNearest",
  "nearest-exact": "UpsampleNearestExact",
  linear: "UpsampleLinear",
  bilinear: "UpsampleBilinear",
  bicubic: "UpsampleBicubic",
  trilinear: "UpsampleTrilinear",
  area: "AdaptiveAvgPool",
};

/**
 * x [N, C, ...space] at another size: given as `size`, or as `scaleFactor` times the old one. Modes: "nearest", "nearest-exact" and "area" for one to three
 * spatial dimensions, "linear" for one, "bilinear" and "bicubic" for two, "trilinear" for three. `torch.nn.functional.interpolate`.
 *
 * @throws {ShapeError} when the mode does not go with the rank of x
 * @throws {ValueError} when neither or both of size and scaleFactor are given, or options do not go with the mode
 * @example
 * ```ts
 * import { interpolate, tensor } from "@tenon/tenon";
 * console.log(interpolate(tensor([[[0, 2]]]), { scaleFactor: 2, mode: "linear" }).tolist()); // [ [ [ 0, 0.5, 1.5, 2 ] ] ]
 * ```
 */
export function interpolate(
  x: Tensor,
  ...settings: Trailing<
    [
      size: Sizes | null,
      scaleFactor: number | readonly number[] | null,
      mode: InterpolateMode,
      alignCorners: boolean | null,
    ],
    InterpolateOptions
  >
): Tensor {
  const options = settingsOf<InterpolateOptions>("interpolate", settings, interpolateKinds, 4);
  checkCall("interpolate", [x]);
  const { mode = "nearest", antialias = false } = options;
  const rank = x.shape.length - 2;
  if (!Object.hasOwn(ranks, mode) || !ranks[mode].includes(rank)) throw badInput(x, mode);
  const smooth = mode !== "nearest" && mode !== "nearest-exact" && mode !== "area";
  if (!smooth && options.alignCorners !== undefined && options.alignCorners !== null) {
    throw new ValueError(
      "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear, in interpolate",
    );
  }
  if (antialias && mode !== "bilinear" && mode !== "bicubic") {
    throw new ValueError(
      "Anti-alias option is only supported for bilinear and bicubic modes, in interpolate",
    );
  }
  const { out, factors } = sizesAndFactors(x, options);
  const space = x.shape.slice(2);
  // Averages over areas may be none at all.
  const least = mode === "area" ? 0 : 1;
  if (space.some((s) => s < 1) || out.some((s) => !Number.isInteger(s) || s < least)) {
    throw new ShapeError(
      `Input and output sizes should be greater than 0, but got input (${space.join(", ")}) output (${
        out.join(", ")
      }), in interpolate`,
    );
  }
  if (mode !== "area" && x.shape[1] === 0) {
    throw new ShapeError(
      `Non-empty ${rank + 2}D data tensor expected but got a tensor with sizes [${
        x.shape.join(", ")
      }], in interpolate`,
    );
  }
  // The places that an element is taken from are listed on the host: of sizes that no kernel can count, they would have no end.
  if (sizeOf(out) > 2 ** 31 - 1) {
    throw new ShapeError(
      `Storage size calculation overflowed with sizes=[${
        [...x.shape.slice(0, 2), ...out].join(", ")
      }], in interpolate: the spatial sizes hold at most 2147483647 elements`,
    );
  }
  if (mode === "area") {
    return rank === 1
      ? adaptiveAvgPool1d(x, out)
      : rank === 2
      ? adaptiveAvgPool2d(x, out)
      : adaptiveAvgPool3d(x, out);
  }
  if (smooth) requireFloat("interpolate", x);
  const align = options.alignCorners ?? false;
  const axes = space.map((s, i) => axis(s, out[i], factors[i], align, x.dtype));
  const along = (acc: Tensor, a: Axis, i: number) => {
    if (!smooth) return nearest(acc, i + 2, a, mode === "nearest-exact");
    // PyTorch takes equal sizes as they are, except where it weighs more than two elements.
    const plain = a.size === a.out && (a.scale === 1 || (mode !== "bicubic" && !antialias));
    if (plain) return acc;
    const times = a.out / a.size;
    if (Number.isInteger(times) && !a.align && !antialias && a.scale === a.round(1 / times)) {
      return multiplied(acc, i + 2, a, times, mode === "bicubic");
    }
    return resample(acc, i + 2, tapsOf(mode === "bicubic", antialias, a));
  };
  const y = smooth ? inSingle(x.value, (z) => axes.reduce(along, z)) : axes.reduce(along, x.value);
  return named(`${torchNames[mode]}${rank}D${antialias ? "Aa" : ""}Backward1`, y, x);
}

/** `interpolate` under its old name. `torch.nn.functional.upsample`. */
export function upsample(
  x: Tensor,
  ...settings: Trailing<
    [
      size: Sizes | null,
      scaleFactor: number | readonly number[] | null,
      mode: InterpolateMode,
      alignCorners: boolean | null,
    ],
    InterpolateOptions
  >
): Tensor {
  const options = settingsOf<InterpolateOptions>("upsample", settings, interpolateKinds, 4);
  checkCall("upsample", [x]);
  return interpolate(x, options);
}

const scalingKinds: Kinds<Pick<InterpolateOptions, "size" | "scaleFactor">> = {
  size: "sizes?",
  scaleFactor: "sizes?",
};

/** `interpolate` to the nearest element. `torch.nn.functional.upsample_nearest`. */
export function upsampleNearest(
  x: Tensor,
  ...settings: Trailing<
    [size: Sizes | null, scaleFactor: number | readonly number[] | null],
    Pick<InterpolateOptions, "size" | "scaleFactor">
  >
): Tensor {
  return interpolate(x, { ...settingsOf("upsample_nearest", settings, scalingKinds), mode: "nearest" });
}

/** `interpolate` along lines between elements whose corners stay in place. `torch.nn.functional.upsample_bilinear`. */
export function upsampleBilinear(
  x: Tensor,
  ...settings: Trailing<
    [size: Sizes | null, scaleFactor: number | readonly number[] | null],
    Pick<InterpolateOptions, "size" | "scaleFactor">
  >
): Tensor {
  const given = settingsOf("upsample_bilinear", settings, scalingKinds);
  return interpolate(x, { ...given, mode: "bilinear", alignCorners: true });
}
