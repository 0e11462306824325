/**
 * Losses of classes and margins as modules. The other losses are in loss.ts.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import {
  crossEntropy,
  crossEntropyKinds,
  type CrossEntropyOptions,
  nllLoss,
  nllLossKinds,
  type NllLossOptions,
} from "../core/ops/nn/class_loss.ts";
import { ctcLoss, ctcLossKinds, type CtcLossOptions, type Lengths } from "../core/ops/nn/ctc_loss.ts";
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginLossKinds,
  type MarginLossOptions,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multilabelSoftMarginLossKinds,
  type MultilabelSoftMarginLossOptions,
  multiMarginLoss,
  multiMarginLossKinds,
  type MultiMarginLossOptions,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginLossKinds,
  type TripletMarginLossOptions,
  tripletMarginWithDistanceLoss,
  tripletMarginWithDistanceLossKinds,
  type TripletMarginWithDistanceLossOptions,
} from "../core/ops/nn/margin_loss.ts";
import { checkOptions } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { PairwiseDistance } from "./distance.ts";
import { isModule, setField } from "./module/fields.ts";
import { Loss } from "./loss.ts";

/**
 * Cross entropy of classes from logits [N, C, ...]; targets are class numbers or probabilities. `torch.nn.CrossEntropyLoss`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const loss = new nn.CrossEntropyLoss()(tensor([[2, 1, 0]]), tensor([0], { dtype: "int64" }));
 * console.log(loss.item().toFixed(4)); // 0.4076
 * ```
 */
export class CrossEntropyLoss extends Loss {
  /** Targets of this value do not count. */
  ignoreIndex: number;
  /** The share of the loss that is against all classes alike. */
  labelSmoothing: number;
  /** A factor for each class, or null. */
  declare weight: Tensor | null;

  /** Takes `weight` by position or by name; the others by name. */
  constructor(...settings: Trailing<[weight: Tensor | null], CrossEntropyOptions>) {
    const options = settingsOf<CrossEntropyOptions>("CrossEntropyLoss", settings, crossEntropyKinds, 1);
    super({ reduction: options.reduction });
    this.ignoreIndex = options.ignoreIndex ?? -100;
    this.labelSmoothing = options.labelSmoothing ?? 0;
    setField(this, "weight", options.weight ?? null, "buffer", "weight");
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { ignoreIndex, labelSmoothing, weight, reduction } = this;
    return crossEntropy(input, target, { ignoreIndex, labelSmoothing, weight, reduction });
  }
}

/**
 * Negative log likelihood of classes; the input is a logarithm of probabilities: [N, C] and target classes [N], or [N, C, ...] and [N, ...]. `torch.nn.NLLLoss`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const loss = new nn.NLLLoss(), logits = tensor([[1, 2], [3, 1]]);
 * console.log(loss(logits.logSoftmax(1), tensor([1n, 0n])).item().toFixed(4)); // 0.2201
 * ```
 */
export class NLLLoss extends Loss {
  /** Targets of this value do not count. */
  ignoreIndex: number;
  /** A factor for each class, or null. */
  declare weight: Tensor | null;

  /** Takes `weight` by position or by name; the others by name. */
  constructor(...settings: Trailing<[weight: Tensor | null], NllLossOptions>) {
    const options = settingsOf<NllLossOptions>("NLLLoss", settings, nllLossKinds, 1);
    super({ reduction: options.reduction });
    this.ignoreIndex = options.ignoreIndex ?? -100;
    setField(this, "weight", options.weight ?? null, "buffer", "weight");
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { ignoreIndex, weight, reduction } = this;
    return nllLoss(input, target, { ignoreIndex, weight, reduction });
  }
}

/**
 * Negative log likelihood of label sequences whose alignment is not known: logarithms of probabilities [T, N, C], labels [N, S] or one after the
 * other, and both lengths [N]. `torch.nn.CTCLoss`.
 *
 * @example
 * ```ts
 * import { nn, tensor, zeros } from "@tenon/tenon";
 * const loss = new nn.CTCLoss(), logProbabilities = zeros(5, 2, 4).logSoftmax(2);
 * const targets = tensor([[1n, 2n], [3n, 1n]]);
 * console.log(loss(logProbabilities, targets, [5, 5], [2, 2]).item().toFixed(4)); // 1.6881
 * ```
 */
export class CTCLoss extends Loss {
  /** The number of the blank label. */
  blank: number;
  /** Whether infinite losses count as zero. */
  zeroInfinity: boolean;

  /** Takes the blank label by position or by name; the others by name. */
  constructor(...settings: Trailing<[blank: number], CtcLossOptions>) {
    const options = settingsOf<CtcLossOptions>("CTCLoss", settings, ctcLossKinds, 1);
    super({ reduction: options.reduction });
    this.blank = options.blank ?? 0;
    this.zeroInfinity = options.zeroInfinity ?? false;
  }

  /** The loss of log probabilities [frames, N, classes] and targets [N, longest], or one after the other. */
  override forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    const { blank, zeroInfinity, reduction } = this;
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, zeroInfinity, reduction });
  }
}

/** How far other classes come within a margin of the right one: [N, C] and target classes [N]. `torch.nn.MultiMarginLoss`. */
export class MultiMarginLoss extends Loss {
  /** The exponent, 1 or 2. */
  p: number;
  /** How far apart scores should be. */
  margin: number;
  /** A factor for each class, or null. */
  declare weight: Tensor | null;

  /** Takes `p`, `margin` and `weight` by position or by name; the others by name. */
  constructor(
    ...settings: Trailing<[p: number, margin: number, weight: Tensor | null], MultiMarginLossOptions>
  ) {
    const options = settingsOf<MultiMarginLossOptions>("MultiMarginLoss", settings, multiMarginLossKinds, 3);
    super({ reduction: options.reduction });
    const { p = 1, weight = null } = options;
    if (p !== 1 && p !== 2) {
      throw new ValueError(`only p == 1 and p == 2 supported, in MultiMarginLoss: got ${p}`);
    }
    if (weight !== null && weight.ndim !== 1) {
      throw new ShapeError(
        `MultiMarginLoss: weight must be a vector, but has shape [${weight.shape.join(", ")}]`,
      );
    }
    this.p = p;
    this.margin = options.margin ?? 1;
    setField(this, "weight", weight, "buffer", "weight");
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { p, margin, weight, reduction } = this;
    return multiMarginLoss(input, target, { p, margin, weight, reduction });
  }
}

/** How far wrong classes come within a margin of any right one: [N, C], and [N, C] of right classes that end at the first -1. `torch.nn.MultiLabelMarginLoss`. */
export class MultiLabelMarginLoss extends Loss {
  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { reduction } = this;
    return multilabelMarginLoss(input, target, { reduction });
  }
}

/** Cross entropy of each class for itself, from logits: [N, C], and [N, C] of 0 and 1. `torch.nn.MultiLabelSoftMarginLoss`. */
export class MultiLabelSoftMarginLoss extends Loss {
  /** A factor for each class, or null. */
  declare weight: Tensor | null;

  /** Takes `weight` by position or by name; the others by name. */
  constructor(...settings: Trailing<[weight: Tensor | null], MultilabelSoftMarginLossOptions>) {
    const options = settingsOf<MultilabelSoftMarginLossOptions>(
      "MultiLabelSoftMarginLoss",
      settings,
      multilabelSoftMarginLossKinds,
      1,
    );
    super({ reduction: options.reduction });
    setField(this, "weight", options.weight ?? null, "buffer", "weight");
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, reduction } = this;
    return multilabelSoftMarginLoss(input, target, { weight, reduction });
  }
}

/** Logistic loss of targets 1 and -1. `torch.nn.SoftMarginLoss`. */
export class SoftMarginLoss extends Loss {
  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { reduction } = this;
    return softMarginLoss(input, target, { reduction });
  }
}

/** A distance for targets 1, how far it is within a margin for targets -1: both of one shape. `torch.nn.HingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends Loss {
  /** How far apart things should be. */
  margin: number;

  /** Takes `margin` by position or by name; the others by name. */
  constructor(...settings: Trailing<[margin: number], MarginLossOptions>) {
    const options = settingsOf<MarginLossOptions>("HingeEmbeddingLoss", settings, marginLossKinds, 1);
    super({ reduction: options.reduction });
    this.margin = options.margin ?? 1;
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return hingeEmbeddingLoss(input, target, { margin, reduction });
  }
}

/** How far two scores are from being ranked as the target says: three of shape [N]. `torch.nn.MarginRankingLoss`. */
export class MarginRankingLoss extends Loss {
  /** How far apart scores should be. */
  margin: number;

  /** Takes `margin` by position or by name; the others by name. */
  constructor(...settings: Trailing<[margin: number], MarginLossOptions>) {
    const options = settingsOf<MarginLossOptions>("MarginRankingLoss", settings, marginLossKinds, 1);
    super({ reduction: options.reduction });
    this.margin = options.margin ?? 0;
  }

  /** The loss. */
  override forward(first: Tensor, second: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return marginRankingLoss(first, second, target, { margin, reduction });
  }
}

/** Angles of pairs that should be alike (1) or not (-1): [N, D], [N, D] and target [N]. `torch.nn.CosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends Loss {
  /** Which cosine is still allowed. */
  margin: number;

  /** Takes `margin` by position or by name; the others by name. */
  constructor(...settings: Trailing<[margin: number], MarginLossOptions>) {
    const options = settingsOf<MarginLossOptions>("CosineEmbeddingLoss", settings, marginLossKinds, 1);
    super({ reduction: options.reduction });
    this.margin = options.margin ?? 0;
  }

  /** The loss. */
  override forward(first: Tensor, second: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return cosineEmbeddingLoss(first, second, target, { margin, reduction });
  }
}

/**
 * How much nearer the positive should be than the negative: anchor, positive and negative [N, D]. `torch.nn.TripletMarginLoss`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const loss = new nn.TripletMarginLoss();
 * console.log(loss(tensor([[0, 0]]), tensor([[0, 1]]), tensor([[0, 1.5]])).item().toFixed(2)); // 0.50
 * ```
 */
export class TripletMarginLoss extends Loss {
  /** How far apart distances should be. */
  margin: number;
  /** The exponent of the distance. */
  p: number;
  /** Added to differences. */
  eps: number;
  /** Whether the negative may be compared with the positive. */
  swap: boolean;

  /** Takes all but the reduction by position or by name. */
  constructor(
    ...settings: Trailing<[margin: number, p: number, eps: number, swap: boolean], TripletMarginLossOptions>
  ) {
    const options = settingsOf<TripletMarginLossOptions>(
      "TripletMarginLoss",
      settings,
      tripletMarginLossKinds,
      4,
    );
    super({ reduction: options.reduction });
    this.margin = options.margin ?? 1;
    this.p = options.p ?? 2;
    this.eps = options.eps ?? 1e-6;
    this.swap = options.swap ?? false;
  }

  /** The loss. */
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this;
    return tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction });
  }
}

/** TripletMarginLoss with any distance. `torch.nn.TripletMarginWithDistanceLoss`. */
export class TripletMarginWithDistanceLoss extends Loss {
  /** The distance; that of pairs of vectors by default. */
  declare distanceFunction: (a: Tensor, b: Tensor) => Tensor;
  /** How far apart distances should be. */
  margin: number;
  /** Whether the negative may be compared with the positive. */
  swap: boolean;

  /** Takes the settings by name. */
  constructor(options: TripletMarginWithDistanceLossOptions = {}) {
    checkOptions<TripletMarginWithDistanceLossOptions>(
      "TripletMarginWithDistanceLoss",
      options,
      tripletMarginWithDistanceLossKinds,
    );
    super({ reduction: options.reduction });
    const distance = options.distanceFunction ?? new PairwiseDistance();
    if (isModule(distance)) setField(this, "distanceFunction", distance, "module", "distance_function");
    else this.distanceFunction = distance;
    this.margin = options.margin ?? 1;
    this.swap = options.swap ?? false;
  }

  /** The loss. */
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distanceFunction, margin, swap, reduction } = this;
    return tripletMarginWithDistanceLoss(anchor, positive, negative, {
      distanceFunction,
      margin,
      swap,
      reduction,
    });
  }
}
