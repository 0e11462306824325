/**
 * Dropout layers. They do something in training mode alone.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import * as op from "../core/ops/nn/dropout.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { Module } from "./module/module.ts";
import { flag, float } from "./module/repr.ts";

/** Options of dropout layers. */
export interface DropoutLayerOptions {
  /** Probability of being dropped; 0.5 by default. */
  readonly p?: number;
  /** Only shown in the text: tensors are immutable. */
  readonly inplace?: boolean;
}

/** What the dropout layers share. */
export abstract class DropoutModule extends Module {
  /** Probability of being dropped. */
  p: number;
  /** PyTorch's flag; only shown in the text. */
  inplace: boolean;

  /** Takes the probability, by position or by name. */
  constructor(...settings: Trailing<[p: number, inplace: boolean], DropoutLayerOptions>) {
    super();
    const { p = 0.5, inplace = false } = settingsOf<DropoutLayerOptions>(this.reprName(), settings, {
      p: "number",
      inplace: "boolean",
    });
    if (!(p >= 0 && p <= 1)) {
      throw new ValueError(`dropout probability has to be between 0 and 1, but got ${p}`);
    }
    this.p = p;
    this.inplace = inplace;
  }

  /** What the layer computes. */
  abstract override forward(x: Tensor): Tensor;

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `p=${float(this.p)}, inplace=${flag(this.inplace)}`;
  }
}

/**
 * Zeros elements with probability p and divides the others by 1 - p. `torch.nn.Dropout`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const layer = new nn.Dropout(0.2).eval();
 * console.log(layer(ones([3])).tolist()); // [ 1, 1, 1 ]
 * ```
 */
export class Dropout extends DropoutModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.dropout(x, this.p, this.training);
  }
}

/** Zeros whole channels of [N, C, L] or [C, L]. `torch.nn.Dropout1d`. */
export class Dropout1d extends DropoutModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.dropout1d(x, this.p, this.training);
  }
}

/** Zeros whole channels of [N, C, H, W]. `torch.nn.Dropout2d`. */
export class Dropout2d extends DropoutModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.dropout2d(x, this.p, this.training);
  }
}

/** Zeros whole channels of [N, C, D, H, W] or [C, D, H, W]. `torch.nn.Dropout3d`. */
export class Dropout3d extends DropoutModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.dropout3d(x, this.p, this.training);
  }
}

/** Dropout that keeps mean and variance of SELU outputs. `torch.nn.AlphaDropout`. */
export class AlphaDropout extends DropoutModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.alphaDropout(x, this.p, this.training);
  }
}

/** AlphaDropout of whole channels. `torch.nn.FeatureAlphaDropout`. */
export class FeatureAlphaDropout extends DropoutModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.featureAlphaDropout(x, this.p, this.training);
  }
}
