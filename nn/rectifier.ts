/**
 * Activations made of straight pieces, or of exponentials below zero: ReLU and its kin. Smooth ones are in activation.ts.
 *
 * @module
 */
import * as op from "../core/ops/nn/activation.ts";
import { rrelu } from "../core/ops/nn/random_activation.ts";
import type { InplaceOptions } from "../core/ops/nn/activation.ts";
import { ValueError } from "../core/errors.ts";
import type { Kinds } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { needed, type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { Module } from "./module/module.ts";
import { float, number } from "./module/repr.ts";

const inplaceKinds: Kinds<InplaceOptions> = { inplace: "boolean" };

/** An activation with PyTorch's `inplace` flag. */
export abstract class InplaceModule extends Module {
  /** PyTorch's flag; only shown in the text. */
  inplace: boolean;

  /** Takes the flag, by position or by name. */
  constructor(...settings: Trailing<[inplace: boolean], InplaceOptions>) {
    super();
    this.inplace = settingsOf<InplaceOptions>(this.reprName(), settings, inplaceKinds).inplace ?? false;
  }

  /** The settings of the activation, as the text shows them. */
  protected settings(): string[] {
    return [];
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return [...this.settings(), ...(this.inplace ? ["inplace=True"] : [])].join(", ");
  }
}

/**
 * max(x, 0). `torch.nn.ReLU`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(new nn.ReLU()(tensor([-1, 2])).tolist()); // [ 0, 2 ]
 * ```
 */
export class ReLU extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.relu(x);
  }
}

/** min(max(x, 0), 6). `torch.nn.ReLU6`. */
export class ReLU6 extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.relu6(x);
  }
}

/** Scaled exponential linear units, which normalise themselves. `torch.nn.SELU`. */
export class SELU extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.selu(x);
  }
}

/** 0 below -3, 1 above 3, x / 6 + 1 / 2 between. `torch.nn.Hardsigmoid`. */
export class Hardsigmoid extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.hardsigmoid(x);
  }

  /** Nothing stands between the parentheses of the text. */
  override extraRepr(): string {
    return "";
  }
}

/** x hardsigmoid(x). `torch.nn.Hardswish`. */
export class Hardswish extends InplaceModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.hardswish(x);
  }

  /** Nothing stands between the parentheses of the text. */
  override extraRepr(): string {
    return "";
  }
}

/** Options of ELU. */
export interface ELUOptions extends InplaceOptions {
  /** Size of the plateau on the negative side; 1 by default. */
  readonly alpha?: number;
}

/** x where positive, alpha (e^x - 1) elsewhere. `torch.nn.ELU`. */
export class ELU extends InplaceModule {
  /** Size of the plateau on the negative side. */
  alpha: number;

  /** Takes `alpha` by position or by name. */
  constructor(...settings: Trailing<[alpha: number, inplace: boolean], ELUOptions>) {
    const options = settingsOf<ELUOptions>("ELU", settings, { alpha: "number", ...inplaceKinds });
    super({ inplace: options.inplace });
    this.alpha = options.alpha ?? 1;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.elu(x, this.alpha);
  }

  /** The settings of the activation. */
  protected override settings(): string[] {
    return [`alpha=${float(this.alpha)}`];
  }
}

/** Options of CELU. */
export interface CELUOptions extends InplaceOptions {
  /** Size of the plateau on the negative side; 1 by default. */
  readonly alpha?: number;
}

/** max(0, x) + min(0, alpha (e^(x / alpha) - 1)). `torch.nn.CELU`. */
export class CELU extends InplaceModule {
  /** Size of the plateau on the negative side. */
  alpha: number;

  /** Takes `alpha` by position or by name. */
  constructor(...settings: Trailing<[alpha: number, inplace: boolean], CELUOptions>) {
    const options = settingsOf<CELUOptions>("CELU", settings, { alpha: "number", ...inplaceKinds });
    super({ inplace: options.inplace });
    this.alpha = options.alpha ?? 1;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.celu(x, this.alpha);
  }

  /** The settings of the activation. */
  protected override settings(): string[] {
    return [`alpha=${float(this.alpha)}`];
  }
}

/** Options of LeakyReLU. */
export interface LeakyReLUOptions extends InplaceOptions {
  /** Slope on the negative side; 0.01 by default. */
  readonly negativeSlope?: number;
}

/** x where positive, negativeSlope x elsewhere. `torch.nn.LeakyReLU`. */
export class LeakyReLU extends InplaceModule {
  /** Slope on the negative side. */
  negativeSlope: number;

  /** Takes `negativeSlope` by position or by name. */
  constructor(...settings: Trailing<[negativeSlope: number, inplace: boolean], LeakyReLUOptions>) {
    const options = settingsOf<LeakyReLUOptions>("LeakyReLU", settings, {
      negativeSlope: "number",
      ...inplaceKinds,
    });
    super({ inplace: options.inplace });
    this.negativeSlope = options.negativeSlope ?? 0.01;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.leakyRelu(x, this.negativeSlope);
  }

  /** The settings of the activation. */
  protected override settings(): string[] {
    return [`negative_slope=${float(this.negativeSlope)}`];
  }
}

/** Options of Hardtanh. */
export interface HardtanhOptions extends InplaceOptions {
  /** The lower bound; -1 by default. */
  readonly minVal?: number;
  /** The upper bound; 1 by default. */
  readonly maxVal?: number;
}

/** x between two bounds. `torch.nn.Hardtanh`. */
export class Hardtanh extends InplaceModule {
  /** The lower bound. */
  minVal: number;
  /** The upper bound. */
  maxVal: number;

  /** Takes `minVal` and `maxVal` by position or by name. */
  constructor(...settings: Trailing<[minVal: number, maxVal: number, inplace: boolean], HardtanhOptions>) {
    const options = settingsOf<HardtanhOptions>("Hardtanh", settings, {
      minVal: "number",
      maxVal: "number",
      ...inplaceKinds,
    });
    super({ inplace: options.inplace });
    this.minVal = options.minVal ?? -1;
    this.maxVal = options.maxVal ?? 1;
    if (!(this.maxVal > this.minVal)) {
      throw new ValueError(
        `Hardtanh: max_val must be greater than min_val, but got ${this.maxVal} and ${this.minVal}`,
      );
    }
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.hardtanh(x, this.minVal, this.maxVal);
  }

  /** The settings of the activation. */
  protected override settings(): string[] {
    return [`min_val=${float(this.minVal)}`, `max_val=${float(this.maxVal)}`];
  }
}

/** Options of Hardshrink. */
export interface HardshrinkOptions {
  /** Half the width of the gap; 0.5 by default. */
  readonly lambd?: number;
}

/** x where |x| is above lambda, 0 elsewhere. `torch.nn.Hardshrink`. */
export class Hardshrink extends Module {
  /** Half the width of the gap. */
  lambd: number;

  /** Takes `lambd` by position or by name. */
  constructor(...settings: Trailing<[lambd: number], HardshrinkOptions>) {
    const options = settingsOf<HardshrinkOptions>("Hardshrink", settings, { lambd: "number" });
    super();
    this.lambd = options.lambd ?? 0.5;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.hardshrink(x, this.lambd);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return float(this.lambd);
  }
}

/** Options of Softshrink. */
export interface SoftshrinkOptions {
  /** How far; 0.5 by default. */
  readonly lambd?: number;
}

/** x moved towards 0 by lambda. `torch.nn.Softshrink`. */
export class Softshrink extends Module {
  /** How far. */
  lambd: number;

  /** Takes `lambd` by position or by name. */
  constructor(...settings: Trailing<[lambd: number], SoftshrinkOptions>) {
    const options = settingsOf<SoftshrinkOptions>("Softshrink", settings, { lambd: "number" });
    super();
    this.lambd = options.lambd ?? 0.5;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.softshrink(x, this.lambd);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return float(this.lambd);
  }
}

/** What Threshold cannot do without, where it is given by name. */
export interface ThresholdSettings {
  /** Where it begins. */
  readonly threshold: number;
  /** What stands elsewhere. */
  readonly value: number;
}

/** x where above the threshold, a fixed value elsewhere. `torch.nn.Threshold`. */
export class Threshold extends InplaceModule {
  /** Where it begins. */
  threshold: number;
  /** What stands elsewhere. */
  value: number;

  /** Takes the threshold and the value elsewhere, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [threshold: number, value: number],
      [inplace: boolean],
      ThresholdSettings,
      InplaceOptions
    >
  ) {
    const options = settingsOf<ThresholdSettings & InplaceOptions>("Threshold", settings, {
      threshold: "number",
      value: "number",
      ...inplaceKinds,
    });
    super(options.inplace ?? false);
    this.threshold = needed("Threshold", options, "threshold");
    this.value = needed("Threshold", options, "value");
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return op.threshold(x, this.threshold, this.value);
  }

  /** The settings of the activation. */
  protected override settings(): string[] {
    return [`threshold=${number(this.threshold)}`, `value=${number(this.value)}`];
  }
}

/** Options of RReLU. */
export interface RReLUOptions extends InplaceOptions {
  /** Least slope; 1/8 by default. */
  readonly lower?: number;
  /** Largest slope; 1/3 by default. */
  readonly upper?: number;
}

/** Leaky ReLU with a slope drawn anew for each element in training, and the middle one otherwise. `torch.nn.RReLU`. */
export class RReLU extends InplaceModule {
  /** Least slope. */
  lower: number;
  /** Largest slope. */
  upper: number;

  /** Takes `lower` and `upper` by position or by name. */
  constructor(...settings: Trailing<[lower: number, upper: number, inplace: boolean], RReLUOptions>) {
    const options = settingsOf<RReLUOptions>("RReLU", settings, {
      lower: "number",
      upper: "number",
      ...inplaceKinds,
    });
    super({ inplace: options.inplace });
    this.lower = options.lower ?? 1 / 8;
    this.upper = options.upper ?? 1 / 3;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return rrelu(x, this.lower, this.upper, this.training);
  }

  /** The settings of the activation. */
  protected override settings(): string[] {
    return [`lower=${float(this.lower)}`, `upper=${float(this.upper)}`];
  }
}
