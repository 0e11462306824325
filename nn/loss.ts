/**
 * Losses as modules: differences, and likelihoods. Those of classes and margins are in class_loss.ts.
 *
 * @module
 */
import {
  binaryCrossEntropy,
  binaryCrossEntropyKinds,
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  binaryCrossEntropyWithLogitsKinds,
  type BinaryCrossEntropyWithLogitsOptions,
} from "../core/ops/nn/binary_loss.ts";
import {
  checkReduction,
  gaussianNllLoss,
  gaussianNllLossKinds,
  type GaussianNllLossOptions,
  huberLoss,
  huberLossKinds,
  type HuberLossOptions,
  klDiv,
  klDivKinds,
  type KlDivOptions,
  l1Loss,
  lossKinds,
  type LossOptions,
  mseLoss,
  poissonNllLoss,
  poissonNllLossKinds,
  type PoissonNllLossOptions,
  type Reduction,
  smoothL1Loss,
  smoothL1LossKinds,
  type SmoothL1LossOptions,
} from "../core/ops/nn/loss.ts";
import { checkOptions } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { setField } from "./module/fields.ts";
import { Module } from "./module/module.ts";

/** A loss with PyTorch's `reduction`. */
export abstract class Loss extends Module {
  /** "mean", "sum" or "none". */
  reduction: Reduction;

  /** Takes the reduction; "mean" by default. */
  constructor(options: LossOptions = {}) {
    super();
    checkOptions(this.reprName(), options, lossKinds);
    this.reduction = options.reduction ?? "mean";
    checkReduction(this.reprName(), this.reduction);
  }
}

/**
 * The squared difference: input and target of one shape to their mean, their sum, or with reduction "none" that shape. `torch.nn.MSELoss`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(new nn.MSELoss()(tensor([1, 2]), tensor([3, 2])).item()); // 2
 * ```
 */
export class MSELoss extends Loss {
  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { reduction } = this;
    return mseLoss(input, target, { reduction });
  }
}

/**
 * The absolute difference: input and target of one shape to their mean, their sum, or with reduction "none" that shape. `torch.nn.L1Loss`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(new nn.L1Loss()(tensor([1, 2]), tensor([2, 4])).item()); // 1.5
 * ```
 */
export class L1Loss extends Loss {
  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { reduction } = this;
    return l1Loss(input, target, { reduction });
  }
}

/** A square near zero that goes on as a straight line. `torch.nn.SmoothL1Loss`. */
export class SmoothL1Loss extends Loss {
  /** Up to which difference it is a square. */
  beta: number;

  /** Takes the settings by name. */
  constructor(options: SmoothL1LossOptions = {}) {
    checkOptions<SmoothL1LossOptions>("SmoothL1Loss", options, smoothL1LossKinds);
    super({ reduction: options.reduction });
    this.beta = options.beta ?? 1;
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { beta, reduction } = this;
    return smoothL1Loss(input, target, { beta, reduction });
  }
}

/** A square near zero that goes on as a straight line, not scaled by `delta`. `torch.nn.HuberLoss`. */
export class HuberLoss extends Loss {
  /** Up to which difference it is a square. */
  delta: number;

  /** Takes the settings by name. */
  constructor(options: HuberLossOptions = {}) {
    checkOptions<HuberLossOptions>("HuberLoss", options, huberLossKinds);
    super({ reduction: options.reduction });
    this.delta = options.delta ?? 1;
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { delta, reduction } = this;
    return huberLoss(input, target, { delta, reduction });
  }
}

/** Cross entropy of probabilities of two classes: input and target in [0, 1], of one shape. `torch.nn.BCELoss`. */
export class BCELoss extends Loss {
  /** A factor for each element, or null. */
  declare weight: Tensor | null;

  /** Takes `weight` by position or by name; the others by name. */
  constructor(...settings: Trailing<[weight: Tensor | null], BinaryCrossEntropyOptions>) {
    const options = settingsOf<BinaryCrossEntropyOptions>("BCELoss", settings, binaryCrossEntropyKinds, 1);
    super({ reduction: options.reduction });
    setField(this, "weight", options.weight ?? null, "buffer", "weight");
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, reduction } = this;
    return binaryCrossEntropy(input, target, { weight, reduction });
  }
}

/**
 * Cross entropy of two classes from logits, whatever their size: input and target of one shape, targets in [0, 1]. `torch.nn.BCEWithLogitsLoss`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const loss = new nn.BCEWithLogitsLoss();
 * console.log(loss(tensor([0, 2]), tensor([1, 1])).item().toFixed(4)); // 0.4100
 * ```
 */
export class BCEWithLogitsLoss extends Loss {
  /** A factor for each element, or null. */
  declare weight: Tensor | null;
  /** A factor for the positive part of each class, or null. */
  declare posWeight: Tensor | null;

  /** Takes `weight` by position or by name; the others by name. */
  constructor(...settings: Trailing<[weight: Tensor | null], BinaryCrossEntropyWithLogitsOptions>) {
    const options = settingsOf<BinaryCrossEntropyWithLogitsOptions>(
      "BCEWithLogitsLoss",
      settings,
      binaryCrossEntropyWithLogitsKinds,
      1,
    );
    super({ reduction: options.reduction });
    setField(this, "weight", options.weight ?? null, "buffer", "weight");
    setField(this, "posWeight", options.posWeight ?? null, "buffer", "pos_weight");
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, posWeight, reduction } = this;
    return binaryCrossEntropyWithLogits(input, target, { weight, posWeight, reduction });
  }
}

/** Negative log likelihood of Poisson counts. `torch.nn.PoissonNLLLoss`. */
export class PoissonNLLLoss extends Loss {
  /** Whether the input is the logarithm of the rate. */
  logInput: boolean;
  /** Whether the Stirling term is added. */
  full: boolean;
  /** Added to a rate before its logarithm is taken. */
  eps: number;

  /** Takes `logInput` and `full` by position or by name; the others by name. */
  constructor(...settings: Trailing<[logInput: boolean, full: boolean], PoissonNllLossOptions>) {
    const options = settingsOf<PoissonNllLossOptions>("PoissonNLLLoss", settings, poissonNllLossKinds, 2);
    super({ reduction: options.reduction });
    this.logInput = options.logInput ?? true;
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-8;
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this;
    return poissonNllLoss(input, target, { logInput, full, eps, reduction });
  }
}

/** Negative log likelihood of normally distributed targets: means, targets and variances, [N, ...] each. `torch.nn.GaussianNLLLoss`. */
export class GaussianNLLLoss extends Loss {
  /** Whether the constant term is added. */
  full: boolean;
  /** The least variance. */
  eps: number;

  /** Takes the settings by name. */
  constructor(options: GaussianNllLossOptions = {}) {
    checkOptions<GaussianNllLossOptions>("GaussianNLLLoss", options, gaussianNllLossKinds);
    super({ reduction: options.reduction });
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-6;
  }

  /** The loss of means and variances. */
  override forward(input: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    const { full, eps, reduction } = this;
    return gaussianNllLoss(input, target, variance, { full, eps, reduction });
  }
}

/**
 * Kullback-Leibler divergence; the input is a logarithm of probabilities: both of one shape. Its mathematical value is that of reduction
 * "batchmean". `torch.nn.KLDivLoss`.
 */
export class KLDivLoss extends Module {
  /** "mean", "batchmean", "sum" or "none". */
  reduction: Reduction | "batchmean";
  /** Whether the target is a logarithm as well. */
  logTarget: boolean;

  /** Takes the settings by name. */
  constructor(options: KlDivOptions = {}) {
    super();
    checkOptions<KlDivOptions>("KLDivLoss", options, klDivKinds);
    this.reduction = options.reduction ?? "mean";
    this.logTarget = options.logTarget ?? false;
  }

  /** The loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
