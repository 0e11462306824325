/**
 * Linear layers: Identity, Linear, LazyLinear, Bilinear.
 *
 * @module
 */
import { empty } from "../core/ops/create.ts";
import { bilinear, linear } from "../core/ops/linalg/matmul.ts";
import type { Kinds } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { calculateFans } from "../init/fan.ts";
import { kaimingUniform_ } from "../init/kaiming.ts";
import { uniform_ } from "../init/uniform.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import { type BiasOf, checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";
import { flag } from "./module/repr.ts";
import {
  hasUninitialized,
  initializeOnCall,
  materialize,
  materializeFrom,
  UninitializedParameter,
} from "./module/uninitialized.ts";

/** Options of Linear and Bilinear. */
export interface LinearOptions<B extends boolean = boolean> extends FactoryOptions {
  /** Whether there is a bias; true by default. */
  readonly bias?: B;
}

const kinds: Kinds<LinearOptions> = { bias: "boolean", ...factoryKinds };

/** Returns its first input; takes and forgets any constructor arguments, as PyTorch's does. `torch.nn.Identity`. */
export class Identity extends Module {
  /** Arguments are ignored. */
  constructor(..._ignored: readonly unknown[]) {
    super();
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** What a linear layer cannot do without, where it is given by name. */
export interface LinearSizes {
  /** Size of the last dimension of the input. */
  readonly inFeatures: number;
  /** Size of the last dimension of the output. */
  readonly outFeatures: number;
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
export class Linear<B extends boolean = true> extends Module {
  /** Size of the last dimension of the input. */
  inFeatures: number;
  /** Size of the last dimension of the output. */
  outFeatures: number;
  /** [outFeatures, inFeatures]. */
  declare weight: Parameter;
  /** [outFeatures], or null. */
  declare bias: BiasOf<B>;

  /** Takes everything by name. */
  constructor(named: LinearSizes & LinearOptions<B>);
  /** Takes the sizes, and whether there is a bias by position. */
  constructor(inFeatures: number, outFeatures: number, bias: B, options?: FactoryOptions);
  /** Takes the sizes of the last dimension of input and output. */
  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions<B>);
  constructor(...given: readonly unknown[]) {
    super();
    const { bias = true, dtype, device, ...sizes } = settingsOf<LinearSizes & LinearOptions>(
      this.reprName(),
      given,
      { inFeatures: "any", outFeatures: "any", ...kinds },
    );
    const { inFeatures, outFeatures } = sizes as LinearSizes;
    checkSizes(this.reprName(), { inFeatures, outFeatures });
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.registerParameter("weight", new Parameter(empty([outFeatures, inFeatures], { dtype, device })));
    this.registerParameter("bias", bias ? new Parameter(empty([outFeatures], { dtype, device })) : null);
    this.resetParameters();
  }

  /** Draws the parameters anew, as PyTorch does: uniform within 1 / sqrt(inFeatures). */
  resetParameters(): void {
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    const bias: Parameter | null = this.bias;
    if (bias !== null) {
      const { fanIn } = calculateFans(this.weight.shape);
      const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
      uniform_(bias, -bound, bound);
    }
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${
      flag(this.bias !== null)
    }`;
  }
}

/**
 * A Linear that learns `inFeatures` from its first input, and is a Linear afterwards. `torch.nn.LazyLinear`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const layer = new nn.LazyLinear(3);
 * console.log(String(layer)); // LazyLinear(in_features=0, out_features=3, bias=True)
 * layer(ones([2, 5]));
 * console.log(String(layer)); // Linear(in_features=5, out_features=3, bias=True)
 * ```
 */
export class LazyLinear extends Linear<boolean> {
  /** Takes the size of the last dimension of the output and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [outFeatures: number],
      [bias: boolean],
      Pick<LinearSizes, "outFeatures">,
      LinearOptions
    >
  ) {
    const given = settingsOf<Pick<LinearSizes, "outFeatures"> & LinearOptions>("LazyLinear", settings, {
      outFeatures: "any",
      ...kinds,
    });
    const { bias = true, dtype, device } = given, outFeatures = needed("LazyLinear", given, "outFeatures");
    checkSizes("LazyLinear", { outFeatures });
    super(0, 0, { bias: false, dtype, device });
    this.outFeatures = outFeatures;
    this.weight = new UninitializedParameter({ dtype, device });
    if (bias) this.bias = new UninitializedParameter({ dtype, device });
    initializeOnCall(this, Linear, (layer, x) => {
      layer.inFeatures = x.size(-1);
      if (!hasUninitialized(layer)) return;
      materialize(layer, { weight: [outFeatures, layer.inFeatures], bias: [outFeatures] });
      layer.resetParameters();
    });
  }

  /** Draws nothing while the shapes are unknown. */
  override resetParameters(): void {
    if (this.inFeatures !== 0) super.resetParameters();
  }

  /** Takes the shapes from the state dict. */
  override beforeLoad(state: Readonly<Record<string, Tensor>>, prefix: string): void {
    materializeFrom(this, state, prefix);
  }
}

/** What Bilinear cannot do without, where it is given by name. */
export interface BilinearSizes {
  /** Size of the last dimension of the first input. */
  readonly in1Features: number;
  /** Size of the last dimension of the second input. */
  readonly in2Features: number;
  /** Size of the last dimension of the output. */
  readonly outFeatures: number;
}

/**
 * y = x1^T A x2 + b for each output: [..., in1] and [..., in2] to [..., out]. `torch.nn.Bilinear`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const layer = new nn.Bilinear(20, 30, 40);
 * console.log(layer(ones([128, 20]), ones([128, 30])).shape); // [ 128, 40 ]
 * ```
 */
export class Bilinear<B extends boolean = true> extends Module {
  /** Size of the last dimension of the first input. */
  in1Features: number;
  /** Size of the last dimension of the second input. */
  in2Features: number;
  /** Size of the last dimension of the output. */
  outFeatures: number;
  /** [outFeatures, in1Features, in2Features]. */
  declare weight: Parameter;
  /** [outFeatures], or null. */
  declare bias: BiasOf<B>;

  /** Takes the sizes of the last dimension of the inputs and the output and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [in1Features: number, in2Features: number, outFeatures: number],
      [bias: B],
      BilinearSizes,
      LinearOptions<B>
    >
  ) {
    super();
    const given = settingsOf<BilinearSizes & LinearOptions>("Bilinear", settings, {
      in1Features: "any",
      in2Features: "any",
      outFeatures: "any",
      ...kinds,
    });
    const { bias = true, dtype, device } = given, outFeatures = needed("Bilinear", given, "outFeatures");
    const in1Features = needed("Bilinear", given, "in1Features"),
      in2Features = needed("Bilinear", given, "in2Features");
    checkSizes("Bilinear", { in1Features, in2Features, outFeatures });
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.registerParameter(
      "weight",
      new Parameter(empty([outFeatures, in1Features, in2Features], { dtype, device })),
    );
    this.registerParameter("bias", bias ? new Parameter(empty([outFeatures], { dtype, device })) : null);
    this.resetParameters();
  }

  /** Draws the parameters anew, as PyTorch does: uniform within 1 / sqrt(in1Features). */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.weight.shape[1]);
    uniform_(this.weight, -bound, bound);
    const bias: Parameter | null = this.bias;
    if (bias !== null) uniform_(bias, -bound, bound);
  }

  /** What the layer computes. */
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, bias=${
      flag(this.bias !== null)
    }`;
  }
}
