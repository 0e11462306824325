/**
 * Norms without running statistics: LayerNorm, RMSNorm, GroupNorm, LocalResponseNorm. BatchNorm and InstanceNorm are in batch_norm.ts.
 *
 * @module
 */
import { getDefaultDtype } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import { ones, zeros } from "../core/ops/create.ts";
import { groupNorm, layerNorm, localResponseNorm, rmsNorm } from "../core/ops/nn/normalization.ts";
import { checkKind } from "../core/ops/options.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { ones_, zeros_ } from "../init/constant.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import { type BiasOf, checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";
import { flag, float, tuple } from "./module/repr.ts";

/** Options of LayerNorm. */
export interface LayerNormOptions<A extends boolean = boolean, B extends boolean = boolean>
  extends FactoryOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Whether factor and offset are learned; true by default. */
  readonly elementwiseAffine?: A;
  /** Whether there is an offset where there is a factor; true by default. */
  readonly bias?: B;
}

/** The last dimensions of the input, where they are given by name. */
export interface NormalizedShape {
  /** The last dimensions of the input. */
  readonly normalizedShape: number | Shape;
}

function shapeOf(op: string, shape: number | Shape): Shape {
  checkKind(op, "normalizedShape", shape ?? null, "sizes");
  const sizes = typeof shape === "number" ? [shape] : [...shape];
  for (const size of sizes) checkSizes(op, { normalizedShape: size });
  return sizes;
}

/**
 * Mean 0 and variance 1 over the last dimensions, then a learned factor and summand: [N, ..., *normalizedShape] to the same. `torch.nn.LayerNorm`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const norm = new nn.LayerNorm(8);
 * console.log(norm(randn([2, 8])).mean().abs().item() < 1e-6); // true
 * ```
 */
export class LayerNorm<A extends boolean = true, B extends boolean = true> extends Module {
  /** The last dimensions of the input. */
  normalizedShape: Shape;
  /** Added to the variance. */
  eps: number;
  /** Whether factor and offset are learned. */
  elementwiseAffine: boolean;
  /** The shape of the last dimensions, or null. */
  declare weight: BiasOf<A>;
  /** The shape of the last dimensions, or null. */
  declare bias: A extends false ? null : BiasOf<B>;

  /** Takes the last dimensions of the input and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [normalizedShape: number | Shape],
      [eps: number, elementwiseAffine: A],
      NormalizedShape,
      LayerNormOptions<A, B>
    >
  ) {
    super();
    const given = settingsOf<NormalizedShape & LayerNormOptions>("LayerNorm", settings, {
      normalizedShape: "any",
      eps: "number",
      elementwiseAffine: "boolean",
      bias: "boolean",
      ...factoryKinds,
    }, 3);
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype = getDefaultDtype(), device } = given;
    this.normalizedShape = shapeOf(this.reprName(), needed("LayerNorm", given, "normalizedShape"));
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    const shape = this.normalizedShape, options = { dtype, device };
    this.registerParameter("weight", elementwiseAffine ? new Parameter(ones(shape, options)) : null);
    this.registerParameter("bias", elementwiseAffine && bias ? new Parameter(zeros(shape, options)) : null);
  }

  /** Sets the factor to 1 and the offset to 0. */
  resetParameters(): void {
    const { weight, bias }: { weight: Parameter | null; bias: Parameter | null } = this;
    if (weight !== null) ones_(weight);
    if (bias !== null) zeros_(bias);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `${tuple(this.normalizedShape)}, eps=${float(this.eps)}, elementwise_affine=${
      flag(this.elementwiseAffine)
    }`;
  }
}

/** Options of RMSNorm. */
export interface RMSNormOptions<A extends boolean = boolean> extends FactoryOptions {
  /** Added to the mean square; the machine epsilon of the dtype by default. */
  readonly eps?: number | null;
  /** Whether a factor is learned; true by default. */
  readonly elementwiseAffine?: A;
}

/**
 * x over its root mean square along the last dimensions, times a learned factor: [N, ..., *normalizedShape] to the same. `torch.nn.RMSNorm`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.RMSNorm(4)(ones(2, 3, 4)).shape); // [ 2, 3, 4 ]
 * ```
 */
export class RMSNorm<A extends boolean = true> extends Module {
  /** The last dimensions of the input. */
  normalizedShape: Shape;
  /** Added to the mean square; null is the machine epsilon. */
  eps: number | null;
  /** Whether a factor is learned. */
  elementwiseAffine: boolean;
  /** The shape of the last dimensions, or null. */
  declare weight: BiasOf<A>;

  /** Takes the last dimensions of the input and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [normalizedShape: number | Shape],
      [eps: number | null, elementwiseAffine: A],
      NormalizedShape,
      RMSNormOptions<A>
    >
  ) {
    super();
    const given = settingsOf<NormalizedShape & RMSNormOptions>("RMSNorm", settings, {
      normalizedShape: "any",
      eps: "number?",
      elementwiseAffine: "boolean",
      ...factoryKinds,
    });
    const { eps = null, elementwiseAffine = true, dtype = getDefaultDtype(), device } = given;
    this.normalizedShape = shapeOf(this.reprName(), needed("RMSNorm", given, "normalizedShape"));
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.registerParameter(
      "weight",
      elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype, device })) : null,
    );
  }

  /** Sets the factor to 1. */
  resetParameters(): void {
    const weight: Parameter | null = this.weight;
    if (weight !== null) ones_(weight);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps === null ? {} : { eps: this.eps });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    const eps = this.eps === null ? "None" : float(this.eps);
    return `${tuple(this.normalizedShape)}, eps=${eps}, elementwise_affine=${flag(this.elementwiseAffine)}`;
  }
}

/** What GroupNorm cannot do without, where it is given by name. */
export interface GroupNormSizes {
  /** Number of groups. */
  readonly numGroups: number;
  /** Number of channels. */
  readonly numChannels: number;
}

/** Options of GroupNorm. */
export interface GroupNormOptions<A extends boolean = boolean> extends FactoryOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Whether factor and offset are learned; true by default. */
  readonly affine?: A;
}

/**
 * Mean 0 and variance 1 over each group of channels of [N, C, ...]. `torch.nn.GroupNorm`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.GroupNorm(2, 6)(ones(1, 6, 4, 4)).shape); // [ 1, 6, 4, 4 ]
 * ```
 */
export class GroupNorm<A extends boolean = true> extends Module {
  /** Number of groups. */
  numGroups: number;
  /** Number of channels. */
  numChannels: number;
  /** Added to the variance. */
  eps: number;
  /** Whether factor and offset are learned. */
  affine: boolean;
  /** [numChannels], or null. */
  declare weight: BiasOf<A>;
  /** [numChannels], or null. */
  declare bias: BiasOf<A>;

  /** Takes the numbers of groups and channels and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [numGroups: number, numChannels: number],
      [eps: number, affine: A],
      GroupNormSizes,
      GroupNormOptions<A>
    >
  ) {
    super();
    const given = settingsOf<GroupNormSizes & GroupNormOptions>("GroupNorm", settings, {
      numGroups: "any",
      numChannels: "any",
      eps: "number",
      affine: "boolean",
      ...factoryKinds,
    });
    const { eps = 1e-5, affine = true, dtype = getDefaultDtype(), device } = given;
    const numGroups = needed("GroupNorm", given, "numGroups");
    const numChannels = needed("GroupNorm", given, "numChannels");
    checkSizes("GroupNorm", { numGroups }, 1);
    checkSizes("GroupNorm", { numChannels });
    if (numChannels % numGroups !== 0) {
      throw new ValueError(
        `num_channels must be divisible by num_groups, in GroupNorm: got ${numChannels} channels in ${numGroups} groups`,
      );
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    this.registerParameter("weight", affine ? new Parameter(ones([numChannels], { dtype, device })) : null);
    this.registerParameter("bias", affine ? new Parameter(zeros([numChannels], { dtype, device })) : null);
  }

  /** Sets the factor to 1 and the offset to 0. */
  resetParameters(): void {
    const { weight, bias }: { weight: Parameter | null; bias: Parameter | null } = this;
    if (weight !== null) ones_(weight);
    if (bias !== null) zeros_(bias);
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${float(this.eps)}, affine=${flag(this.affine)}`;
  }
}

/** Options of LocalResponseNorm. */
export interface LocalResponseNormLayerOptions {
  /** Factor of the mean square; 1e-4 by default. */
  readonly alpha?: number;
  /** Exponent; 0.75 by default. */
  readonly beta?: number;
  /** Added to the mean square; 1 by default. */
  readonly k?: number;
}

/** x over a power of the mean square of neighbouring channels: [N, C, ...] to the same. `torch.nn.LocalResponseNorm`. */
export class LocalResponseNorm extends Module {
  /** Number of neighbouring channels. */
  readonly size: number;
  /** Factor of the mean square. */
  alpha: number;
  /** Exponent. */
  beta: number;
  /** Added to the mean square. */
  k: number;

  /** Takes the number of neighbouring channels and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [size: number],
      [alpha: number, beta: number, k: number],
      { readonly size: number },
      LocalResponseNormLayerOptions
    >
  ) {
    super();
    const given = settingsOf<{ readonly size: number } & LocalResponseNormLayerOptions>(
      "LocalResponseNorm",
      settings,
      { size: "whole", alpha: "number", beta: "number", k: "number" },
    );
    const { alpha = 1e-4, beta = 0.75, k = 1 } = given;
    this.size = needed("LocalResponseNorm", given, "size");
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, { alpha: this.alpha, beta: this.beta, k: this.k });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `${this.size}, alpha=${float(this.alpha)}, beta=${float(this.beta)}, k=${float(this.k)}`;
  }
}
