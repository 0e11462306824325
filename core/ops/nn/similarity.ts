/**
 * Vectors beside vectors: unit vectors, the cosine of an angle, the distance.
 *
 * @module
 */
import { isFloat, scalarName } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import { broadcastShapes } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { asFloat, cast, commonType } from "../cast.ts";
import { add, div, mul, sqrt, sub } from "../elementwise.ts";
import { lt, where } from "../logical.ts";
import { settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { sum } from "../reduce.ts";
import { norm } from "../linalg/norms.ts";
import { expand } from "../view.ts";

/** No less than `eps`; the gradient stops where it is less. */
function atLeast(x: Tensor, eps: number): Tensor {
  return where(lt(x, eps), eps, x);
}

/** Options of `normalize`. */
export interface NormalizeOptions {
  /** The exponent of the norm. */
  readonly p?: number;
  /** Dimension to normalise over. */
  readonly dim?: number | readonly number[];
  /** The norm is taken to be no less than this. */
  readonly eps?: number;
}

const normalizeKinds: Kinds<NormalizeOptions> = { p: "number", dim: "sizes", eps: "number" };

/**
 * x over its p-norm along `dim`. `torch.nn.functional.normalize`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(nn.functional.normalize(tensor([3, 4]), { dim: 0 }))); // tensor([0.6000, 0.8000])
 * ```
 */
export function normalize(
  x: Tensor,
  ...settings: Trailing<[p: number, dim: number | readonly number[], eps: number], NormalizeOptions>
): Tensor {
  const options = settingsOf<NormalizeOptions>("normalize", settings, normalizeKinds);
  checkCall("normalize", [x]);
  const { p = 2, dim = 1, eps = 1e-12 } = options;
  return div(x, atLeast(norm(x, p, dim, { keepdim: true }), eps));
}

/** Options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** The dimension of the vectors; 1 by default. */
  readonly dim?: number;
  /** The least that the product of the norms counts as. */
  readonly eps?: number;
}

const cosineSimilarityKinds: Kinds<CosineSimilarityOptions> = { dim: "number", eps: "number" };

/**
 * The cosine of the angle between vectors along `dim`. `torch.nn.functional.cosine_similarity`.
 *
 * @throws {ShapeError} when the shapes do not broadcast
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(nn.functional.cosineSimilarity(tensor([[1, 0]]), tensor([[1, 0], [0, 2]])).tolist()); // [ 1, 0 ]
 * ```
 */
export function cosineSimilarity(
  a: Tensor,
  b: Tensor,
  ...settings: Trailing<[dim: number, eps: number], CosineSimilarityOptions>
): Tensor {
  const options = settingsOf<CosineSimilarityOptions>("cosine_similarity", settings, cosineSimilarityKinds);
  checkCall("cosine_similarity", [a, b]);
  const { dim = 1, eps = 1e-8 } = options;
  // Broadcast first: `dim` counts in the common shape.
  const shape = broadcastShapes("cosine_similarity", a.shape, b.shape);
  const dtype = commonType("cosine_similarity", [a, b]);
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `expected common dtype to be floating point, yet common dtype is ${
        scalarName(dtype)
      }, in cosine_similarity; cast with .to("float32")`,
    );
  }
  const unit = (x: Tensor) => {
    const y = expand(cast(x, dtype), shape), square = sum(mul(y, y), dim, { keepdim: true });
    // Raised without a trace: the gradient passes on to the square even where eps stands for it.
    const raised = add(atLeast(square, eps * eps).detach(), sub(square, square.detach()));
    return div(y, sqrt(raised));
  };
  return sum(mul(unit(a), unit(b)), dim);
}

/** Options of `pairwiseDistance`. */
export interface PairwiseDistanceOptions {
  /** Order of the norm. */
  readonly p?: number;
  /** Added to the difference. */
  readonly eps?: number;
  /** Keep the reduced dimension with size 1. */
  readonly keepdim?: boolean;
}

const pairwiseDistanceKinds: Kinds<PairwiseDistanceOptions> = {
  p: "number",
  eps: "number",
  keepdim: "boolean",
};

/** The p-norm of a - b + eps along the last dimension. `torch.nn.functional.pairwise_distance`. */
export function pairwiseDistance(
  a: Tensor,
  b: Tensor,
  ...settings: Trailing<[p: number, eps: number, keepdim: boolean], PairwiseDistanceOptions>
): Tensor {
  const options = settingsOf<PairwiseDistanceOptions>("pairwise_distance", settings, pairwiseDistanceKinds);
  checkCall("pairwise_distance", [a, b]);
  const { p = 2, eps = 1e-6, keepdim = false } = options;
  return norm(add(asFloat(sub(a, b)), eps), p, -1, { keepdim });
}
