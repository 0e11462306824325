/**
 * Smooth activations. ReLU and its kin are in rectifier.ts; softmax, its kin and PReLU in softmax.ts.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import * as op from "../core/ops/nn/activation.ts";
import { sigmoid, tanh } from "../core/ops/elementwise.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { Module } from "./module/module.ts";
import { InplaceModule } from "./rectifier.ts";
import { number } from "./module/repr.ts";

/** x sigmoid(x), also called swish. `torch.nn.SiLU`. */
export class SiLU extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.silu(x);
  }
}

/** x tanh(softplus(x)). `torch.nn.Mish`. */
export class Mish extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.mish(x);
  }
}

/**
 * 1 / (1 + e^-x). `torch.nn.Sigmoid`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(new nn.Sigmoid()(tensor([0, 100])).tolist()); // [ 0.5, 1 ]
 * ```
 */
export class Sigmoid extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent. `torch.nn.Tanh`. */
export class Tanh extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** ln(1 / (1 + e^-x)). `torch.nn.LogSigmoid`. */
export class LogSigmoid extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.logsigmoid(x);
  }
}

/** x / (1 + |x|). `torch.nn.Softsign`. */
export class Softsign extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.softsign(x);
  }
}

/** x - tanh(x). `torch.nn.Tanhshrink`. */
export class Tanhshrink extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.tanhshrink(x);
  }
}

/** Options of Softplus. */
export interface SoftplusOptions {
  /** Sharpness; 1 by default. */
  readonly beta?: number;
  /** Where it becomes linear; 20 by default. */
  readonly threshold?: number;
}

/**
 * ln(1 + e^(beta x)) / beta; x itself where beta x is above the threshold. `torch.nn.Softplus`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(new nn.Softplus()(tensor([0, 100])))); // tensor([  0.6931, 100.0000])
 * ```
 */
export class Softplus extends Module {
  /** Sharpness. */
  beta: number;
  /** Where it becomes linear. */
  threshold: number;

  /** Takes `beta` and `threshold` by position or by name. */
  constructor(...settings: Trailing<[beta: number, threshold: number], SoftplusOptions>) {
    const options = settingsOf<SoftplusOptions>("Softplus", settings, {
      beta: "number",
      threshold: "number",
    });
    super();
    this.beta = options.beta ?? 1;
    this.threshold = options.threshold ?? 20;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.softplus(x, this.beta, this.threshold);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `beta=${number(this.beta)}, threshold=${number(this.threshold)}`;
  }
}

/** Options of GELU. */
export interface GELUOptions {
  /** "none" for the exact function, "tanh" for its approximation. */
  readonly approximate?: "none" | "tanh";
}

/**
 * x times the normal distribution function of x. `torch.nn.GELU`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(new nn.GELU()(tensor([-1, 2])))); // tensor([-0.1587,  1.9545])
 * ```
 */
export class GELU extends Module {
  /** "none" or "tanh". */
  approximate: "none" | "tanh";

  /** Takes the kind of approximation, by position or by name. */
  constructor(...settings: Trailing<[approximate: "none" | "tanh"], GELUOptions>) {
    super();
    this.approximate = settingsOf<GELUOptions>("GELU", settings, { approximate: "string" }).approximate ??
      "none";
    if (this.approximate !== "none" && this.approximate !== "tanh") {
      throw new ValueError(
        `approximate argument must be either none or tanh., in GELU: got ${this.approximate}`,
      );
    }
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.gelu(x, { approximate: this.approximate });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** The first half of a dimension times the sigmoid of the second: [..., 2 n] to [..., n]. `torch.nn.GLU`. */
export class GLU extends Module {
  /** The dimension that is halved. */
  dim: number;

  /** Takes the dimension; the last by default. */
  constructor(...settings: Trailing<[dim: number], { readonly dim?: number }>) {
    super();
    this.dim = settingsOf<{ readonly dim?: number }>("GLU", settings, { dim: "whole" }).dim ?? -1;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.glu(x, this.dim);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}
