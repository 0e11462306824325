/**
 * Linear layers: Identity, Linear, Bilinear. The lazy variant is in lazy.ts.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import { linear } from "../core/ops/linalg.ts";
import type { DeviceName } from "../core/device.ts";
import type { DType } from "../core/dtype.ts";
import { empty } from "../core/ops/create.ts";
import type { Tensor } from "../core/tensor.ts";
import { calculateFans } from "../init/fan.ts";
import { kaimingUniform_ } from "../init/kaiming.ts";
import { uniform_ } from "../init/uniform.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** Options that every layer with parameters takes. */
export interface FactoryOptions {
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType;
  /** Device of the parameters; the default device when not given. */
  readonly device?: DeviceName;
}

/** Options of Linear. */
export interface LinearOptions extends FactoryOptions {
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean;
}

/** Returns its input. `torch.nn.Identity`. */
export class Identity extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * y = x W^T + b, on the last dimension: [..., in] to [..., out]. `torch.nn.Linear`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const layer = new nn.Linear(20, 30, { bias: false });
 * console.log(layer(ones([128, 20])).shape); // [ 128, 30 ]
 * ```
 */
export class Linear extends Module {
  /** Size of the last dimension of the input. */
  inFeatures: number;
  /** Size of the last dimension of the output. */
  outFeatures: number;
  /** [outFeatures, inFeatures]. */
  weight: Parameter;
  /** [outFeatures], or null. */
  bias: Parameter | null;

  /** Takes the sizes of the last dimension of input and output. */
  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    for (const [name, n] of Object.entries({ inFeatures, outFeatures })) {
      if (!Number.isInteger(n) || n < 0) {
        throw new ValueError(`Linear: ${name} must be a whole number from 0, got ${n}`);
      }
    }
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = new Parameter(empty([outFeatures, inFeatures], options));
    this.bias = options.bias === false ? null : new Parameter(empty([outFeatures], options));
    this.resetParameters();
  }

  /** Draws the parameters anew, as PyTorch does: uniform within 1 / sqrt(inFeatures). */
  resetParameters(): void {
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias !== null) {
      const { fanIn } = calculateFans(this.weight.shape);
      const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
      uniform_(this.bias, -bound, bound);
    }
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${
      this.bias !== null ? "True" : "False"
    }`;
  }
}
