/**
 * Sampling images at the points of a grid, and the grids of affine maps.
 *
 * @module
 */
import { settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, checkKind, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { isHalf } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, requireFloat } from "../cast.ts";
import { ones, tensor } from "../create.ts";
import { add, div, floor, fmod, mul, remainder, round, sub } from "../elementwise.ts";
import { eq, ge, gt, le, logicalAnd, lt, where } from "../logical.ts";
import { gatherExact, matmulExact, nothing } from "../routine.ts";
import { expand, reshape, select, transpose } from "../view.ts";
import { cat } from "../join.ts";

/** Options of `gridSample`. */
export interface GridSampleOptions {
  /** "bilinear" (which is trilinear for volumes) by default; "bicubic" for images only. */
  readonly mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside the image: zeros, its border, or its mirror image. */
  readonly paddingMode?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are the centres of the corner elements, instead of their corners. */
  readonly alignCorners?: boolean | null;
}

const gridSampleKinds: Kinds<GridSampleOptions> = {
  mode: "string",
  paddingMode: "string",
  alignCorners: "boolean?",
};

type Padding = "zeros" | "border" | "reflection";

/** From [-1, 1] to element numbers. */
function unnormalized(g: Tensor, size: number, align: boolean): Tensor {
  return align ? mul(div(add(g, 1), 2), size - 1) : div(sub(mul(add(g, 1), size), 1), 2);
}

/** No gradient at and beyond the border. NaN is 0, as where PyTorch clamps with vectors or on a GPU. */
function clipped(x: Tensor, size: number): Tensor {
  return where(gt(x, 0), where(ge(x, size - 1), size - 1, x), 0);
}

function reflected(x: Tensor, size: number, align: boolean): Tensor {
  const low = align ? 0 : -0.5, span = align ? size - 1 : size;
  if (span <= 0) return nothing(x.shape, [x]);
  const away = sub(x, low), distance = where(lt(away, 0), mul(away, -1), away);
  const rest = fmod(distance, span), even = eq(remainder(floor(div(distance, span)), 2), 0);
  return where(even, add(rest, low), sub(span + low, rest));
}

function padded(x: Tensor, size: number, padding: Padding, align: boolean): Tensor {
  if (padding === "zeros") return x;
  return clipped(padding === "border" ? x : reflected(x, size, align), size);
}

/** A place along one dimension, and the weight of what stands there; null is 1. */
interface Tap {
  readonly at: Tensor;
  readonly weight: Tensor | null;
}

/** A place in the flattened image, whether it is inside, and the weight of what stands there; null is 1. */
interface Corner {
  readonly place: Tensor;
  readonly inside: Tensor;
  readonly weight: Tensor | null;
}

/** The cubic convolution weights of the four elements around a point `t` behind the second one. */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (d: Tensor) => add(mul(mul(sub(mul(d, a + 2), a + 3), d), d), 1);
  const far = (d: Tensor) => mul(sub(mul(add(mul(sub(d, 5), d), 8), d), 4), a);
  return [far(add(t, 1)), near(t), near(sub(1, t)), far(sub(2, t))];
}

function tapsAlong(g: Tensor, size: number, mode: string, padding: Padding, align: boolean): Tap[] {
  const x = unnormalized(g, size, align);
  if (mode === "bicubic") {
    const low = floor(x);
    return cubicWeights(sub(x, low)).map((weight, k) => ({
      at: padded(add(low, k - 1), size, padding, align),
      weight,
    }));
  }
  const inside = padded(x, size, padding, align);
  // Half-way places round to even in volumes too, as in PyTorch from 2.1 on, and in ONNX.
  if (mode === "nearest") return [{ at: round(inside), weight: null }];
  const low = floor(inside), share = sub(inside, low);
  return [{ at: low, weight: sub(1, share) }, { at: add(low, 1), weight: share }];
}

function check(x: Tensor, grid: Tensor, options: GridSampleOptions): void {
  const { mode = "bilinear", paddingMode = "zeros" } = options;
  if (mode !== "bilinear" && mode !== "nearest" && mode !== "bicubic") {
    throw new ValueError(
      `nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '${mode}'`,
    );
  }
  if (paddingMode !== "zeros" && paddingMode !== "border" && paddingMode !== "reflection") {
    throw new ValueError(
      `nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '${paddingMode}'`,
    );
  }
  const sizes = `but got input with sizes [${x.shape.join(", ")}] and grid with sizes [${
    grid.shape.join(", ")
  }]`;
  const rank = x.shape.length;
  if ((rank !== 4 && rank !== 5) || grid.shape.length !== rank) {
    throw new ShapeError(
      `grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, ${sizes}`,
    );
  }
  if (x.shape[0] !== grid.shape[0]) {
    throw new ShapeError(`grid_sampler(): expected grid and input to have same batch size, ${sizes}`);
  }
  if (grid.shape[rank - 1] !== rank - 2) {
    throw new ShapeError(
      `grid_sampler(): expected grid to have size ${rank - 2} in last dimension, but got grid with sizes [${
        grid.shape.join(", ")
      }]`,
    );
  }
  if (mode === "bicubic" && rank === 5) {
    throw new ShapeError(`grid_sampler(): bicubic interpolation only supports 4D input, ${sizes}`);
  }
  if (x.shape.slice(2).some((s) => s === 0)) {
    throw new ShapeError(`grid_sampler(): expected input to have non-empty spatial dimensions, ${sizes}`);
  }
  requireFloat("grid_sampler", x);
  if (x.dtype !== grid.dtype) {
    throw new DTypeError(
      `grid_sampler(): expected input and grid to have the same dtype, but got ${x.dtype} and ${grid.dtype}; cast one with .to()`,
    );
  }
}

/**
 * x [N, C, H, W] at the points grid [N, oH, oW, 2] (x, then y, from -1 to 1): [N, C, oH, oW]; or x [N, C, D, H, W] at grid
 * [N, oD, oH, oW, 3]. `torch.nn.functional.grid_sample`.
 *
 * @throws {ShapeError} when ranks, batch sizes or the last dimension of the grid do not fit
 */
export function gridSample(
  x: Tensor,
  grid: Tensor,
  ...settings: Trailing<
    [
      mode: "bilinear" | "nearest" | "bicubic",
      paddingMode: "zeros" | "border" | "reflection",
      alignCorners: boolean | null,
    ],
    GridSampleOptions
  >
): Tensor {
  const options = settingsOf<GridSampleOptions>("grid_sample", settings, gridSampleKinds, 3);
  checkCall("grid_sample", [x, grid]);
  check(x, grid, options);
  const { mode = "bilinear", paddingMode = "zeros" } = options, align = options.alignCorners ?? false;
  const [n, c, ...space] = x.shape,
    rank = space.length,
    points = grid.shape.slice(1, -1),
    count = sizeOf(points);
  const shape = [n, c, ...points];
  if (sizeOf(shape) === 0) return nothing(shape, [x, grid]);
  const flat = reshape(x, [n, c, sizeOf(space)]);
  // Places are computed in float32 at least. Coordinate 0 runs along the last dimension.
  const fine = isHalf(grid.dtype) ? cast(grid, "float32") : grid;
  const taps = space.map((size, i) => {
    const g = reshape(select(fine, -1, rank - 1 - i), [n, 1, count]);
    return tapsAlong(g, size, mode, paddingMode, align).map(({ at, weight }) => {
      const inside = logicalAnd(ge(at, 0), le(at, size - 1));
      return { place: cast(where(inside, at, 0), "int64"), inside, weight };
    });
  });
  // All combinations of one tap per dimension.
  const corners = taps.reduce<readonly Corner[]>(
    (all, along, i) =>
      i === 0 ? along : all.flatMap((c) =>
        along.map((tap) => ({
          place: add(mul(c.place, space[i]), tap.place),
          inside: logicalAnd(c.inside, tap.inside),
          weight: c.weight === null || tap.weight === null ? null : mul(c.weight, tap.weight),
        }))
      ),
    [],
  );
  const parts = corners.map(({ place, inside, weight }) => {
    const value = where(inside, gatherExact(flat, 2, expand(place, [n, c, count])), 0);
    return weight === null ? value : mul(value, weight);
  });
  return named(
    rank === 2 ? "GridSampler2D" : "GridSampler3D",
    reshape(cast(parts.reduce((a, b) => add(a, b)), x.dtype), shape),
  );
}

/** Evenly spaced from -1 to 1: centres of the outer elements, or of all elements between the outer edges. */
function axisPoints(size: number, align: boolean, like: Tensor): Tensor {
  const values = Array.from({ length: size }, (_, i) => {
    if (size === 1) return 0;
    return align ? -1 + 2 * i / (size - 1) : (-1 + 2 * i / (size - 1)) * (size - 1) / size;
  });
  return tensor(values, { dtype: like.dtype, device: like.device });
}

/**
 * The grid, for `gridSample`, of the affine maps theta [N, 2, 3] and images of size [N, C, H, W]: [N, H, W, 2]; or of theta [N, 3, 4] and volumes.
 * `torch.nn.functional.affine_grid`.
 */
export function affineGrid(
  theta: Tensor,
  size: Shape,
  options: { readonly alignCorners?: boolean | null } = {},
): Tensor {
  checkCall("affine_grid", [theta], options, { alignCorners: "boolean?" });
  checkKind("affine_grid", "size", size ?? null, "numbers");
  requireFloat("affine_grid", theta);
  const rank = size.length - 2;
  if (rank !== 2 && rank !== 3) {
    throw new ShapeError(
      `affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size (${
        size.join(", ")
      }).`,
    );
  }
  if (theta.shape.length !== 3 || theta.shape[1] !== rank || theta.shape[2] !== rank + 1) {
    throw new ShapeError(
      `Expected a batch of ${rank}D affine matrices of shape Nx${rank}x${rank + 1} for size (${
        size.join(", ")
      }). Got torch.Size([${theta.shape.join(", ")}]).`,
    );
  }
  if (size.some((s) => !Number.isInteger(s) || s < 1)) {
    throw new ValueError(`Expected non-zero, positive output size. Got (${size.join(", ")})`);
  }
  if (size[0] !== theta.shape[0]) {
    throw new ShapeError(
      `affine_grid: expected one affine matrix for each of ${size[0]} examples, but theta has ${
        theta.shape[0]
      }`,
    );
  }
  const space = size.slice(2), align = options.alignCorners ?? false, wide = [...space, 1];
  const columns = space.map((s, i) =>
    expand(reshape(axisPoints(s, align, theta), wide.map((_, d) => d === i ? s : 1)), wide)
  );
  const one = ones(wide, { dtype: theta.dtype, device: theta.device });
  const base = reshape(cat([...columns.reverse(), one], rank), [1, sizeOf(space), rank + 1]);
  const points = matmulExact(expand(base, [size[0], sizeOf(space), rank + 1]), transpose(theta, 1, 2));
  return named("AffineGridGenerator", reshape(points, [size[0], ...space, rank]));
}
