/**
 * Products beyond the matrix product: contractions, Kronecker and cross products, distances, Vandermonde matrices. einsum has a file of its own.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { isFloat } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { broadcastShapes, normalizeDim, normalizeDims, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { onesLike } from "../create.ts";
import { mul, sqrt, sub } from "../elementwise.ts";
import { eq, where } from "../logical.ts";
import { matmul } from "./matmul.ts";
import { clamp } from "../pointwise.ts";
import { roll } from "../rearrange.ts";
import { sum } from "../reduce.ts";
import { norm } from "./norms.ts";
import { cumprod } from "../scan.ts";
import { diagonal, expand, flip, mT, permute, reshape, unsqueeze } from "../view.ts";
import { cat } from "../join.ts";
import { inPlace, inPlaceWith, isNamed, type Named } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";

/** The sum of a matrix's diagonal. `torch.trace`. */
export function trace(x: Tensor): Tensor {
  checkCall("trace", [x]);
  if (x.shape.length !== 2) {
    throw new ShapeError(`trace: expected a matrix, but got tensor with dim ${x.shape.length}`);
  }
  return named("Trace", sum(diagonal(x)));
}

/** The Kronecker product: every element of a times all of b, as blocks. `torch.kron`. */
export function kron(a: Tensor, b: Tensor): Tensor {
  checkCall("kron", [a, b]);
  const rank = Math.max(a.shape.length, b.shape.length);
  const full = (x: Tensor) => [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const p = full(a), q = full(b);
  const left = reshape(a, p.flatMap((s) => [s, 1])), right = reshape(b, q.flatMap((s) => [1, s]));
  return named("UnsafeView", reshape(mul(left, right), p.map((s, d) => s * q[d])));
}

function checkRanks(a: Tensor, b: Tensor): void {
  if (a.shape.length === b.shape.length) return;
  throw new ShapeError(
    `linalg.cross: inputs must have the same number of dimensions., but got [${a.shape.join(", ")}] and [${
      b.shape.join(", ")
    }]`,
  );
}

/**
 * The cross product of vectors with 3 elements along `dim`; the first dimension of size 3 when not given. `torch.cross`.
 *
 * @throws {ShapeError} when there is no dimension of size 3
 * @example
 * ```ts
 * import { cross, tensor } from "@tenon/tenon";
 * console.log(cross(tensor([1, 0, 0]), tensor([0, 1, 0])).tolist()); // [ 0, 0, 1 ]
 * ```
 */
export function cross(
  a: Tensor,
  b: Tensor,
  dim: number | null | Named<{ dim: number | null }> = null,
): Tensor {
  if (isNamed(dim)) return cross(a, b, ...inPlace("cross", ["dim"], [dim]));
  checkCall("cross", [a, b]);
  checkRanks(a, b);
  const shape = broadcastShapes("cross", a.shape, b.shape);
  const at = dim === null ? shape.indexOf(3) : normalizeDim("cross", dim, shape.length);
  if (at < 0) {
    throw new ShapeError(`no dimension of size 3 in input, in cross of shape [${shape.join(", ")}]`);
  }
  // That dimension does not broadcast.
  const [p, q] = [a, b].map((t) => t.shape[at - shape.length + t.shape.length]);
  if (p !== 3 || q !== 3) {
    throw new ShapeError(
      `linalg.cross: inputs dimension ${dim ?? at} must have length 3. Got ${p} and ${q}`,
    );
  }
  const x = expand(a, shape), y = expand(b, shape);
  // (a x b)_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}
  const ahead = (t: Tensor) => roll(t, -1, at), behind = (t: Tensor) => roll(t, 1, at);
  return named("LinalgCross", sub(mul(ahead(x), behind(y)), mul(behind(x), ahead(y))));
}

/** The cross product of vectors with 3 elements along `dim`, the last one by default. `torch.linalg.cross`. */
export function linalgCross(a: Tensor, b: Tensor, dim: number | Named<{ dim: number }> = -1): Tensor {
  if (isNamed(dim)) return linalgCross(a, b, ...inPlace("linalg.cross", ["dim"], [dim]));
  checkCall("linalg.cross", [a, b]);
  checkRanks(a, b);
  return cross(a, b, dim);
}

/** Options of `cdist`. */
export interface CdistOptions {
  /**
   * Whether Euclidean distances come from a matrix product, which is fast, or from differences, which are more exact where rows are close to each other.
   * If not said, products are used from more than 25 rows on either side.
   */
  readonly computeMode?:
    | "use_mm_for_euclid_dist_if_necessary"
    | "use_mm_for_euclid_dist"
    | "donot_use_mm_for_euclid_dist"
    | null;
}

const computeModes: readonly unknown[] = [
  "use_mm_for_euclid_dist_if_necessary",
  "use_mm_for_euclid_dist",
  "donot_use_mm_for_euclid_dist",
];

const cdistKinds: Kinds<CdistOptions> = { computeMode: "string?" };

/**
 * The p-norm distances between all rows of a [..., n, d] and b [..., m, d]: [..., n, m]. `torch.cdist`.
 *
 * @throws {ShapeError} when the vectors differ in length
 * @example
 * ```ts
 * import { cdist, tensor } from "@tenon/tenon";
 * console.log(cdist(tensor([[0, 0]]), tensor([[3, 4], [0, 1]])).tolist()); // [ [ 5, 1 ] ]
 * ```
 */
export function cdist(
  a: Tensor,
  b: Tensor,
  p: number | Named<{ p: number }, CdistOptions> = 2,
  options: CdistOptions = {},
): Tensor {
  if (isNamed(p)) return cdist(a, b, ...inPlaceWith("cdist", ["p"], [p], options));
  checkCall("cdist", [a, b], options, cdistKinds);
  const mode = options.computeMode ?? computeModes[0];
  if (!computeModes.includes(mode)) {
    throw new ValueError(
      `${mode} is not a valid value for compute_mode, in cdist: use ${computeModes.join(", ")}`,
    );
  }
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(
      `cdist only supports at least 2D tensors, got: ${a.shape.length}D and ${b.shape.length}D`,
    );
  }
  const width = a.shape[a.shape.length - 1], other = b.shape[b.shape.length - 1];
  if (width !== other) {
    throw new ShapeError(
      `X1 and X2 must have the same number of columns. X1: ${width} X2: ${other}, in cdist`,
    );
  }
  if (!isFloat(a.dtype) || !isFloat(b.dtype)) {
    throw new DTypeError(`cdist only supports floating-point dtypes, got: ${a.dtype} and ${b.dtype}`);
  }
  if (!(p >= 0)) throw new ValueError(`cdist only supports non-negative p values, but got ${p}`);
  const many = Math.max(a.shape[a.shape.length - 2], b.shape[b.shape.length - 2]) > MOST_ROWS_BY_DIFFERENCES;
  if (
    p === 2 && (mode === computeModes[1] || (mode === computeModes[0] && many)) && !isHalf(a) && !isHalf(b)
  ) {
    return named("View", distancesByProduct(a, b));
  }
  return named("Cdist", norm(sub(unsqueeze(a, -2), unsqueeze(b, -3)), p, -1));
}

const MOST_ROWS_BY_DIFFERENCES = 25;

const isHalf = ({ dtype }: Tensor) => dtype === "float16" || dtype === "bfloat16";

/** |a - b|^2 = -2 a b + |a|^2 + |b|^2 as one product: [-2 a, |a|^2, 1] [b, 1, |b|^2]^T. */
function distancesByProduct(a: Tensor, b: Tensor): Tensor {
  const squares = (x: Tensor) => sum(mul(x, x), -1, { keepdim: true });
  const p = squares(a), q = squares(b);
  const left = cat([mul(a, -2), p, onesLike(p)], -1), right = cat([b, onesLike(q), q], -1);
  const squared = clamp(matmul(left, mT(right)), 0), zero = eq(squared, 0);
  // The gradient at distance 0 is 0.
  return where(zero, 0, sqrt(where(zero, 1, squared)));
}

/**
 * The contraction of several dimensions: the last `dims` of a with the first of b, or the two lists of dimensions, paired. The free
 * dimensions of a come first in the result, then those of b. `torch.tensordot`.
 *
 * @throws {ShapeError} when the sizes that are summed over differ
 * @example
 * ```ts
 * import { ones, tensordot } from "@tenon/tenon";
 * console.log(tensordot(ones(2, 3, 4), ones(3, 4, 5), 2).shape); // [ 2, 5 ]
 * ```
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  dims:
    | number
    | readonly [readonly number[], readonly number[]]
    | Named<{ dims: number | readonly [readonly number[], readonly number[]] }> = 2,
): Tensor {
  if (isNamed(dims)) return tensordot(a, b, ...inPlace("tensordot", ["dims"], [dims]));
  checkCall("tensordot", [a, b]);
  if (typeof dims !== "number" && !Array.isArray(dims)) {
    throw new ValueError(`tensordot: dims is a number or two lists of dimensions, but got ${dims}`);
  }
  let left: number[], right: number[];
  if (typeof dims === "number") {
    if (!Number.isInteger(dims) || dims < 0) {
      throw new ValueError(`tensordot expects dims >= 0, but got dims=${dims}`);
    }
    if (dims > Math.min(a.shape.length, b.shape.length)) {
      throw new ShapeError(
        `tensordot expects dims < ndim_a or ndim_b, but got dims=${dims}, for ${a.shape.length}-D and ${b.shape.length}-D tensors`,
      );
    }
    left = Array.from({ length: dims }, (_, i) => a.shape.length - dims + i);
    right = Array.from({ length: dims }, (_, i) => i);
  } else {
    if (dims[0]?.length !== dims[1]?.length) {
      throw new ValueError("both dimension lists should have same length, in tensordot");
    }
    left = normalizeDims("tensordot", dims[0], a.shape.length);
    right = normalizeDims("tensordot", dims[1], b.shape.length);
  }
  // A size of 1 goes with every other: the sum over that is what it is multiplied by.
  let x = a, y = b;
  left.forEach((d, i) => {
    if (a.shape[d] === b.shape[right[i]]) return;
    if (a.shape[d] === 1) y = sum(y, right[i], { keepdim: true, dtype: y.dtype });
    else if (b.shape[right[i]] === 1) x = sum(x, d, { keepdim: true, dtype: x.dtype });
    else {
      throw new ShapeError(
        `contracted dimensions need to match, but first has size ${a.shape[d]} in dim ${
          typeof dims === "number" ? d - a.shape.length : d
        } and second has size ${b.shape[right[i]]} in dim ${right[i]}, in tensordot`,
      );
    }
  });
  const rows = a.shape.map((_, d) => d).filter((d) => !left.includes(d));
  const columns = b.shape.map((_, d) => d).filter((d) => !right.includes(d));
  const shape = [...rows.map((d) => a.shape[d]), ...columns.map((d) => b.shape[d])];
  const inner = sizeOf(left.map((d) => x.shape[d]));
  const first = reshape(permute(x, [...rows, ...left]), [sizeOf(rows.map((d) => a.shape[d])), inner]);
  const second = reshape(permute(y, [...right, ...columns]), [inner, sizeOf(columns.map((d) => b.shape[d]))]);
  return named("ReshapeAlias", reshape(matmul(first, second), shape));
}

const vanderKinds: Kinds<{ readonly increasing?: boolean }> = {
  increasing: "boolean",
};

/** The powers of a vector as columns, the highest first; `increasing` turns them round. `torch.vander`. */
export function vander(
  x: Tensor,
  count: number | null | Named<{ N: number | null }, { readonly increasing?: boolean }> = null,
  options: { readonly increasing?: boolean } = {},
): Tensor {
  if (isNamed(count)) return vander(x, ...inPlaceWith("vander", ["N"], [count], options));
  checkCall("vander", [x], options, vanderKinds);
  const n = count ?? x.shape[0];
  if (x.shape.length !== 1) {
    throw new ShapeError(`x must be a one-dimensional tensor, in vander: got ${x.shape.length}-D`);
  }
  if (!Number.isInteger(n) || n < 0) throw new ValueError(`N must be non-negative, but got ${n}, in vander`);
  const column = unsqueeze(x.dtype === "bool" || !isFloat(x.dtype) ? x.to("int64") : x, 1);
  if (n === 0) return reshape(column, [x.shape[0], 1]).narrow(1, 0, 0);
  const first = onesLike(column);
  const powers = n === 1 ? first : cat([first, cumprod(expand(column, [x.shape[0], n - 1]), 1)], 1);
  return options.increasing ? powers : flip(powers, 1);
}

/** The powers 0 to n - 1 of each element, in a new last dimension. `torch.linalg.vander`. */
export function linalgVander(x: Tensor, n: number | null | Named<{ N: number | null }> = null): Tensor {
  if (isNamed(n)) return linalgVander(x, ...inPlace("linalg.vander", ["N"], [n]));
  checkCall("linalg.vander", [x]);
  const count = n ?? x.shape[x.shape.length - 1];
  if (!Number.isInteger(count) || count < 1) {
    throw new ValueError(
      `linalg.vander: N must be greater than 1., and x at least a vector: got N = ${count}`,
    );
  }
  const flat = reshape(x, [sizeOf(x.shape)]);
  const lead = x.shape.length === 0 ? [1] : x.shape;
  return reshape(vander(flat, count, { increasing: true }), [...lead, count]);
}
