/**
 * Distances of vectors as layers.
 *
 * @module
 */
import { cosineSimilarity, pairwiseDistance } from "../core/ops/nn/similarity.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { Module } from "./module/module.ts";

/** Options of CosineSimilarity. */
export interface CosineSimilarityOptions {
  /** The dimension of the vectors; 1 by default. */
  readonly dim?: number;
  /** Norms are taken to be no less than this; 1e-8 by default. */
  readonly eps?: number;
}

/**
 * The cosine of the angle between vectors along `dim`: [N, D] and [N, D] to [N]. `torch.nn.CosineSimilarity`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const similarity = new nn.CosineSimilarity();
 * console.log(similarity(tensor([[1, 0], [1, 1]]), tensor([[2, 0], [1, -1]])).tolist()); // [ 1, 0 ]
 * ```
 */
export class CosineSimilarity extends Module {
  /** The dimension of the vectors. */
  dim: number;
  /** Norms are taken to be no less than this. */
  eps: number;

  /** Takes dimension and eps by position or by name. */
  constructor(...settings: Trailing<[dim: number, eps: number], CosineSimilarityOptions>) {
    super();
    const { dim = 1, eps = 1e-8 } = settingsOf<CosineSimilarityOptions>("CosineSimilarity", settings, {
      dim: "whole",
      eps: "number",
    });
    this.dim = dim;
    this.eps = eps;
  }

  /** What the layer computes. */
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, { dim: this.dim, eps: this.eps });
  }
}

/** Options of PairwiseDistance. */
export interface PairwiseDistanceLayerOptions {
  /** Order of the norm; 2 by default. */
  readonly p?: number;
  /** Added to the differences; 1e-6 by default. */
  readonly eps?: number;
  /** Keep the reduced dimension with size 1. */
  readonly keepdim?: boolean;
}

/**
 * The p-norm of the difference of vectors: [N, D] and [N, D] to [N]. `torch.nn.PairwiseDistance`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(new nn.PairwiseDistance()(tensor([[0, 0]]), tensor([[3, 4]])))); // tensor([5.0000])
 * ```
 */
export class PairwiseDistance extends Module {
  /** Order of the norm. */
  p: number;
  /** Added to the differences. */
  eps: number;
  /** Whether the reduced dimension is kept with size 1. */
  keepdim: boolean;

  /** Takes p, eps and keepdim by position or by name. */
  constructor(
    ...settings: Trailing<[p: number, eps: number, keepdim: boolean], PairwiseDistanceLayerOptions>
  ) {
    super();
    const { p = 2, eps = 1e-6, keepdim = false } = settingsOf<PairwiseDistanceLayerOptions>(
      "PairwiseDistance",
      settings,
      { p: "number", eps: "number", keepdim: "boolean" },
    );
    this.p = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }

  /** What the layer computes. */
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, { p: this.p, eps: this.eps, keepdim: this.keepdim });
  }
}
