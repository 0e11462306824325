/**
 * Norms of vectors and matrices, and the condition number.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { isFloat, scalarName } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import * as prim from "../../prim/reduce.ts";
import { normalizeDims, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, checkTensors, inSingle } from "../cast.ts";
import { zeros } from "../create.ts";
import { svdvals } from "./decompose.ts";
import { abs, div, mul, pow, sqrt } from "../elementwise.ts";
import { eq, ne, where } from "../logical.ts";
import { inPlace, inPlaceWith, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkOptions, requireKind, withoutNulls } from "../options.ts";
import { movedim } from "../rearrange.ts";
import { amax, amin } from "../extremes.ts";
import {
  allIfEmpty,
  type Dims,
  flatAtZero,
  over,
  type ReduceOptions,
  reduceOptions,
  sum,
} from "../reduce.ts";
import { inv } from "./solve.ts";
import { unsqueeze } from "../view.ts";

/**
 * The p-norm over dims: p may be 0, any number, Infinity, -Infinity or "fro"; or "nuc", the sum of the singular values of matrices. `torch.norm`.
 *
 * @example
 * ```ts
 * import { norm, tensor } from "@tenon/tenon";
 * const x = tensor([[3, 4], [6, 8]]);
 * console.log(norm(x, 2, 1).tolist(), norm(x, "fro").item().toFixed(4)); // [ 5, 10 ] 11.1803
 * ```
 */
export function norm(
  x: Tensor,
  p: number | "fro" | "nuc" | Named<{ p: number | "fro" | "nuc"; dim: Dims }, ReduceOptions> = "fro",
  dim?: Dims | Named<{ p: number | "fro" | "nuc"; dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(p) || isNamed(dim)) return norm(x, ...inPlaceWith("norm", ["p", "dim"], [p, dim], options));
  checkTensors("norm", [x]);
  checkOptions("norm", options, reduceOptions);
  const { dtype } = withoutNulls(options), y = dtype === undefined ? x : cast(x, dtype);
  if (!isFloat(y.dtype)) {
    throw new DTypeError(
      `norm(): input dtype should be either floating point or complex. Got ${scalarName(y.dtype)} instead.`,
    );
  }
  if (p === "nuc") return nuclearNorm(y, dim, { keepdim: options.keepdim });
  const order = p === "fro" ? 2 : p;
  if (typeof order !== "number") {
    throw new ValueError(`norm: p must be a number, "fro" or "nuc", got ${p}`);
  }
  const dims = normalizeDims("norm", allIfEmpty(dim), x.shape.length);
  const total = (z: Tensor) => over(prim.sumPrim, z, dims, options.keepdim);
  if (order === 2) {
    return named("NormBackward1", inSingle(y, (z) => flatAtZero(sqrt, total(mul(z, z)))));
  }
  if (order === 1) return named("NormBackward1", total(abs(y)));
  if (order === 0) return total(cast(ne(y, 0), y.dtype));
  // Nothing has no largest or smallest element; PyTorch calls that 0 here, and refuses it in vectorNorm.
  if ((order < 0 || order === Infinity) && dims.some((d) => x.shape[d] === 0)) return total(y);
  if (order === Infinity) return named("NormBackward1", over(prim.amaxPrim, abs(y), dims, options.keepdim));
  if (order === -Infinity) return named("NormBackward1", over(prim.aminPrim, abs(y), dims, options.keepdim));
  const root = (z: Tensor) => pow(z, 1 / order);
  const rooted = inSingle(y, (z) => {
    // The slope of such a power at 0 is infinite, but 0 has no part in the norm's.
    const size = abs(z), zero = order < 1 ? eq(size, 0) : null;
    const powers = total(
      zero === null
        ? pow(size, order)
        : where(zero, order < 0 ? Infinity : 0, pow(where(zero, 1, size), order)),
    );
    return order > 0 ? flatAtZero(root, powers) : root(powers);
  });
  return named("NormBackward1", rooted);
}

/** The norm of vectors along `dim`, or of the flattened x. `torch.linalg.vector_norm`. */
export function vectorNorm(
  x: Tensor,
  ord: number | Named<{ ord: number; dim: Dims }, ReduceOptions> = 2,
  dim?: Dims | Named<{ ord: number; dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(ord) || isNamed(dim)) {
    return vectorNorm(x, ...inPlaceWith("linalg.vector_norm", ["ord", "dim"], [ord, dim], options));
  }
  checkTensors("linalg.vector_norm", [x]);
  if (!isFloat(withoutNulls(options).dtype ?? x.dtype)) {
    throw new DTypeError(
      `linalg.vector_norm: Expected a floating point or complex tensor as input. Got ${scalarName(x.dtype)}`,
    );
  }
  if (ord < 0 || ord === Infinity) {
    const all = dim === undefined || dim === null;
    const empty = normalizeDims("linalg.vector_norm", allIfEmpty(dim), x.shape.length).find((d) =>
      x.shape[d] === 0
    );
    if (empty !== undefined) {
      throw new ShapeError(
        `linalg.vector_norm cannot compute the ${
          ord === Infinity ? "inf" : ord === -Infinity ? "-inf" : ord
        } norm on ${
          all
            ? "an empty tensor because the"
            : `the dimension ${empty} because this dimension is empty and the`
        } operation does not have an identity, of shape [${x.shape.join(", ")}]`,
      );
    }
  }
  return named("LinalgVectorNorm", norm(x, ord, dim, options));
}

/** Which norm of a matrix. */
export type MatrixNormOrder = "fro" | "nuc" | number;

/**
 * The norm of matrices in two dimensions: "fro", "nuc" (sum of singular values), 2 and -2 (largest and smallest one), 1 and -1 (column sums), Infinity and
 * -Infinity (row sums). `torch.linalg.matrix_norm`.
 */
export function matrixNorm(
  x: Tensor,
  ord: MatrixNormOrder | Named<{ ord: MatrixNormOrder; dim: readonly [number, number] }, ReduceOptions> =
    "fro",
  dim:
    | readonly [number, number]
    | Named<{ ord: MatrixNormOrder; dim: readonly [number, number] }, ReduceOptions> = [-2, -1],
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(ord) || isNamed(dim)) {
    return matrixNorm(x, ...inPlaceWith("linalg.matrix_norm", ["ord", "dim"], [ord, dim], options));
  }
  checkCall("linalg.matrix_norm", [x]);
  checkOptions("linalg.matrix_norm", options, { keepdim: "boolean", dtype: "string" });
  if (x.shape.length < 2) {
    throw new ShapeError(
      `linalg.matrix_norm: The input tensor A must have at least 2 dimensions., but has shape [${
        x.shape.join(", ")
      }]`,
    );
  }
  const [rows, columns] = normalizeDims("linalg.matrix_norm", dim, x.shape.length);
  if (ord === "fro") return vectorNorm(x, 2, dim, options);
  const kept = (y: Tensor) =>
    options.keepdim ? movedim(unsqueeze(unsqueeze(y, -1), -1), [-2, -1], [rows, columns]) : y;
  if (ord === "nuc" || ord === 2 || ord === -2) {
    const s = svdvals(movedim(x, [rows, columns], [-2, -1]));
    return kept(ord === "nuc" ? sum(s, -1) : ord === 2 ? amax(s, -1) : amin(s, -1));
  }
  if (ord !== 1 && ord !== -1 && ord !== Infinity && ord !== -Infinity) {
    throw new ValueError(`linalg.matrix_norm: Order ${ord} not supported.`);
  }
  const byColumns = Math.abs(ord) === 1;
  const m = movedim(abs(x), [rows, columns], [-2, -1]), sums = sum(m, byColumns ? -2 : -1);
  return kept(ord > 0 ? amax(sums, -1) : amin(sums, -1));
}

/** The sum of the singular values, of matrices in two dimensions: the last ones by default. `torch.nuclear_norm`. */
export function nuclearNorm(
  x: Tensor,
  dim?: Dims | Named<{ dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(dim)) return nuclearNorm(x, ...inPlaceWith("nuclear_norm", ["dim"], [dim], options));
  checkCall("linalg.nuclear_norm", [x]);
  checkOptions("linalg.nuclear_norm", options, { keepdim: "boolean", dtype: "string" });
  requireKind("linalg.nuclear_norm", "dim", dim ?? [], "sizes");
  const dims = dim === undefined || dim === null ? [-2, -1] : dim;
  if (typeof dims === "number" || dims.length !== 2) {
    throw new ShapeError(
      `nuclear norm requires a 'dim' argument of size 2, got [${
        typeof dims === "number" ? dims : dims.join(", ")
      }]`,
    );
  }
  return matrixNorm(x, "nuc", [dims[0], dims[1]], options);
}

/** The norm of a vector (no `ord`, or one dimension) or a matrix (two dimensions). `torch.linalg.norm`. */
export function linalgNorm(
  x: Tensor,
  ord?: MatrixNormOrder | null | Named<{ ord: MatrixNormOrder | null; dim: Dims }, ReduceOptions>,
  dim?: Dims | Named<{ ord: MatrixNormOrder | null; dim: Dims }, ReduceOptions>,
  options: ReduceOptions = {},
): Tensor {
  if (isNamed(ord) || isNamed(dim)) {
    return linalgNorm(x, ...inPlaceWith("linalg.norm", ["ord", "dim"], [ord, dim], options));
  }
  checkCall("linalg.norm", [x]);
  checkOptions("linalg.norm", options, { keepdim: "boolean", dtype: "string" });
  const none = ord === undefined || ord === null;
  if (none) return vectorNorm(x, 2, dim, options);
  const dims = dim === undefined || dim === null ? null : typeof dim === "number" ? [dim] : dim;
  const matrix = dims === null ? x.shape.length === 2 : dims.length === 2;
  if (matrix) return matrixNorm(x, ord, dims === null ? [0, 1] : [dims[0], dims[1]], options);
  if (typeof ord !== "number") throw new ValueError(`linalg.norm: order "${ord}" needs a matrix`);
  if (dims === null && x.shape.length !== 1) {
    throw new ShapeError(
      `linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${x.shape.length}D.`,
    );
  }
  return vectorNorm(x, ord, dims ?? 0, options);
}

/** The condition number: norm times norm of the inverse; the ratio of extreme singular values for 2 (default) and -2. `torch.linalg.cond`. */
export function cond(
  x: Tensor,
  p: MatrixNormOrder | null | Named<{ p: MatrixNormOrder | null }> = null,
): Tensor {
  if (isNamed(p)) return cond(x, ...inPlace("linalg.cond", ["p"], [p]));
  checkCall("linalg.cond", [x]);
  // The condition of nothing is 0.
  if (x.shape.length >= 2 && sizeOf(x.shape.slice(-2)) === 0) {
    return zeros(x.shape.slice(0, -2), { dtype: x.dtype, device: x.device });
  }
  if (p === null || p === 2 || p === -2) {
    const s = svdvals(x), largest = amax(s, -1), smallest = amin(s, -1);
    return named("SqueezeBackward1", p === -2 ? div(smallest, largest) : div(largest, smallest));
  }
  return named("NanToNum", mul(matrixNorm(x, p), matrixNorm(inv(x), p)));
}
