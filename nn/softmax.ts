/**
 * Softmax and its kin as layers, and PReLU, the activation that learns.
 *
 * @module
 */
import { getDefaultDtype } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { prelu } from "../core/ops/nn/activation.ts";
import { checkTensors } from "../core/ops/cast.ts";
import { full } from "../core/ops/create.ts";
import { logSoftmax, softmax, softmin } from "../core/ops/nn/softmax.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";

/** Options of Softmax, Softmin and LogSoftmax. */
export interface DimOptions {
  /** The dimension along which the results sum to one. */
  readonly dim?: number | null;
}

/** A layer that works along one dimension. */
export abstract class DimModule extends Module {
  /** The dimension; null leaves it to the rank of the input, as older versions of PyTorch do. */
  dim: number | null;

  /** Takes the dimension by position or by name. */
  constructor(...settings: Trailing<[dim: number | null], DimOptions>) {
    super();
    this.dim = settingsOf<DimOptions>(this.reprName(), settings, { dim: "whole?" }).dim ?? null;
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `dim=${this.dim === null ? "None" : this.dim}`;
  }
}

/**
 * e^x over its sum along a dimension. `torch.nn.Softmax`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(String(new nn.Softmax(1)(tensor([[0, 0]])))); // tensor([[0.5000, 0.5000]])
 * ```
 */
export class Softmax extends DimModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return softmax(x, this.dim ?? undefined);
  }
}

/** Softmax of -x. `torch.nn.Softmin`. */
export class Softmin extends DimModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return softmin(x, this.dim ?? undefined);
  }
}

/** ln of softmax. `torch.nn.LogSoftmax`. */
export class LogSoftmax extends DimModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim ?? undefined);
  }
}

/** Softmax over the channels of [N, C, H, W] or [C, H, W]. `torch.nn.Softmax2d`. */
export class Softmax2d extends Module {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    checkTensors("Softmax2d", [x]);
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new ShapeError(
        `Softmax2d requires a 3D or 4D tensor as input, got shape [${x.shape.join(", ")}]`,
      );
    }
    return softmax(x, -3);
  }
}

/** Options of PReLU. */
export interface PReLUOptions extends FactoryOptions {
  /** One slope for all (1, the default), or one per channel. */
  readonly numParameters?: number;
  /** First value of the slopes; 0.25 by default. */
  readonly init?: number;
}

/** x where positive, weight x elsewhere, with learned slopes. `torch.nn.PReLU`. */
export class PReLU extends Module {
  /** Number of slopes. */
  numParameters: number;
  /** [numParameters]. */
  declare weight: Parameter;

  /** Takes the number of slopes and their first value by position or by name. */
  constructor(...settings: Trailing<[numParameters: number, init: number], PReLUOptions>) {
    super();
    const { numParameters = 1, init = 0.25, dtype, device } = settingsOf<PReLUOptions>("PReLU", settings, {
      numParameters: "number",
      init: "number",
      ...factoryKinds,
    });
    checkSizes("PReLU", { numParameters });
    this.numParameters = numParameters;
    this.registerParameter(
      "weight",
      new Parameter(full([numParameters], init, { dtype: dtype ?? getDefaultDtype(), device })),
    );
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}
