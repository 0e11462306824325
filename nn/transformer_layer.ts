/**
 * One layer of a transformer's encoder and decoder. Stacks of them are in transformer.ts.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import { gelu, relu } from "../core/ops/nn/activation.ts";
import { add } from "../core/ops/elementwise.ts";
import type { Kinds } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { factoryKinds, type FactoryOptions } from "./arguments.ts";
import { MultiheadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { setField } from "./module/fields.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module/module.ts";
import { LayerNorm } from "./normalization.ts";

/** A function of a tensor, by name or itself; a module is one. */
export type Activation = "relu" | "gelu" | ((x: Tensor) => Tensor);

/** Options of transformer layers. */
export interface TransformerLayerOptions extends FactoryOptions {
  /** Features between the two linear layers; 2048 by default. */
  readonly dimFeedforward?: number;
  /** Dropout in training mode; 0.1 by default. */
  readonly dropout?: number;
  /** What stands between the two linear layers; "relu" by default. */
  readonly activation?: Activation;
  /** Added to the variance of the norms; 1e-5 by default. */
  readonly layerNormEps?: number;
  /** Inputs are [batch, length, features] and not [length, batch, features]. */
  readonly batchFirst?: boolean;
  /** Norms stand before attention and linear layers, not after. */
  readonly normFirst?: boolean;
}

/** What a transformer layer cannot do without, where it is given by name. */
export interface TransformerLayerSizes {
  /** Features of the input. */
  readonly dModel: number;
  /** Number of attention heads. */
  readonly nhead: number;
}

/** Arguments of transformer layers: features and heads, then the others. */
export type TransformerLayerArguments = NeededThen<
  [dModel: number, nhead: number],
  [dimFeedforward: number, dropout: number, activation: Activation],
  TransformerLayerSizes,
  TransformerLayerOptions
>;

const kinds: Kinds<TransformerLayerSizes & TransformerLayerOptions> = {
  dModel: "any",
  nhead: "any",
  dimFeedforward: "number",
  dropout: "number",
  activation: "any",
  layerNormEps: "number",
  batchFirst: "boolean",
  normFirst: "boolean",
  ...factoryKinds,
};

/** The function of a name. */
function activationOf(activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (activation === "relu") return relu;
  if (activation === "gelu") return (x) => gelu(x);
  throw new ValueError(`activation should be relu/gelu, not ${activation}`);
}

/** Masks of an encoder layer. */
export interface EncoderLayerMasks {
  /** [length, length] or [batch * heads, length, length]: where attention is not allowed. */
  readonly srcMask?: Tensor | null;
  /** [batch, length]: where the source is padding. */
  readonly srcKeyPaddingMask?: Tensor | null;
}

/** What encoder and decoder layers share. */
export abstract class TransformerLayer extends Module {
  /** Attention to the sequence itself. */
  declare selfAttn: MultiheadAttention;
  /** Whether norms come first. */
  normFirst: boolean;

  /** Takes features and heads. */
  protected constructor(
    dModel: number,
    nhead: number,
    { dropout = 0.1, batchFirst, normFirst = false, dtype, device }: TransformerLayerOptions,
  ) {
    super();
    this.normFirst = normFirst;
    const attention = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, dtype, device });
    setField(this, "selfAttn", attention, "module", "self_attn");
  }

  /** x plus a sublayer of it, with the norm before the sublayer or after the sum. */
  protected residual(x: Tensor, norm: LayerNorm, sublayer: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? add(x, sublayer(norm(x))) : norm(add(x, sublayer(x)));
  }
}

/**
 * Self-attention and two linear layers, each with dropout, a residual connection and a norm. `torch.nn.TransformerEncoderLayer`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const layer = new nn.TransformerEncoderLayer(16, 4, { dimFeedforward: 32 });
 * console.log(layer(randn([10, 2, 16])).shape); // [ 10, 2, 16 ]
 * ```
 */
export class TransformerEncoderLayer extends TransformerLayer {
  /** The first linear layer. */
  linear1: Linear;
  /** Between the linear layers. */
  dropout: Dropout;
  /** The second linear layer. */
  linear2: Linear;
  /** The norm of the attention. */
  norm1: LayerNorm;
  /** The norm of the linear layers. */
  norm2: LayerNorm;
  /** After the attention. */
  dropout1: Dropout;
  /** After the linear layers. */
  dropout2: Dropout;
  /** Between the linear layers. */
  activation: (x: Tensor) => Tensor;

  /** Takes features and heads; the others by position or by name. */
  constructor(...settings: TransformerLayerArguments) {
    const options = settingsOf<TransformerLayerSizes & TransformerLayerOptions>(
      "TransformerEncoderLayer",
      settings,
      kinds,
    );
    const { dModel, nhead } = options as TransformerLayerSizes;
    super(dModel, nhead, options);
    const { dimFeedforward = 2048, dropout = 0.1, activation = "relu", layerNormEps: eps, dtype, device } =
      options;
    this.linear1 = new Linear(dModel, dimFeedforward, { dtype, device });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { dtype, device });
    this.norm1 = new LayerNorm(dModel, { eps, dtype, device });
    this.norm2 = new LayerNorm(dModel, { eps, dtype, device });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.activation = activationOf(activation);
  }

  /** What the layer computes; masks by position or by name. */
  override forward(
    src: Tensor,
    ...masks: Trailing<[srcMask: Tensor | null, srcKeyPaddingMask: Tensor | null], EncoderLayerMasks>
  ): Tensor {
    const { srcMask, srcKeyPaddingMask } = settingsOf<EncoderLayerMasks>("TransformerEncoderLayer", masks, {
      srcMask: "tensor?",
      srcKeyPaddingMask: "tensor?",
    });
    const options = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, needWeights: false };
    const x = this.residual(src, this.norm1, (y) => this.dropout1(this.selfAttn(y, y, y, options)[0]));
    return this.residual(
      x,
      this.norm2,
      (y) => this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(y))))),
    );
  }
}

/** Masks of a decoder. */
export interface DecoderMasks {
  /** [length, length]: where attention of the target to itself is not allowed. */
  readonly tgtMask?: Tensor | null;
  /** [length, memory]: where attention to the memory is not allowed. */
  readonly memoryMask?: Tensor | null;
  /** [batch, length]: where the target is padding. */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** [batch, memory]: where the memory is padding. */
  readonly memoryKeyPaddingMask?: Tensor | null;
}

/** A decoder's masks in their order. */
export const decoderMaskKinds: Kinds<DecoderMasks> = {
  tgtMask: "tensor?",
  memoryMask: "tensor?",
  tgtKeyPaddingMask: "tensor?",
  memoryKeyPaddingMask: "tensor?",
};

/** A decoder's masks as arguments. */
export type DecoderMaskArguments = Trailing<
  [
    tgtMask: Tensor | null,
    memoryMask: Tensor | null,
    tgtKeyPaddingMask: Tensor | null,
    memoryKeyPaddingMask: Tensor | null,
  ],
  DecoderMasks
>;

/** Self-attention, attention to an encoder's output, and two linear layers. `torch.nn.TransformerDecoderLayer`. */
export class TransformerDecoderLayer extends TransformerLayer {
  /** Attention to the encoder's output. */
  declare multiheadAttn: MultiheadAttention;
  /** The first linear layer. */
  declare linear1: Linear;
  /** Between the linear layers. */
  declare dropout: Dropout;
  /** The second linear layer. */
  declare linear2: Linear;
  /** The norm of the self-attention. */
  declare norm1: LayerNorm;
  /** The norm of the attention to the encoder's output. */
  declare norm2: LayerNorm;
  /** The norm of the linear layers. */
  declare norm3: LayerNorm;
  /** After the self-attention. */
  declare dropout1: Dropout;
  /** After the attention to the encoder's output. */
  declare dropout2: Dropout;
  /** After the linear layers. */
  declare dropout3: Dropout;
  /** Between the linear layers. */
  declare activation: (x: Tensor) => Tensor;

  /** Takes features and heads; the others by position or by name. */
  constructor(...settings: TransformerLayerArguments) {
    const options = settingsOf<TransformerLayerSizes & TransformerLayerOptions>(
      "TransformerDecoderLayer",
      settings,
      kinds,
    );
    const { dModel, nhead } = options as TransformerLayerSizes;
    super(dModel, nhead, options);
    const {
      dimFeedforward = 2048,
      dropout = 0.1,
      activation = "relu",
      layerNormEps: eps,
      batchFirst,
      dtype,
      device,
    } = options;
    const attention = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, dtype, device });
    setField(this, "multiheadAttn", attention, "module", "multihead_attn");
    this.linear1 = new Linear(dModel, dimFeedforward, { dtype, device });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { dtype, device });
    this.norm1 = new LayerNorm(dModel, { eps, dtype, device });
    this.norm2 = new LayerNorm(dModel, { eps, dtype, device });
    this.norm3 = new LayerNorm(dModel, { eps, dtype, device });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.activation = activationOf(activation);
  }

  /** What the layer computes from a target and an encoder's output; masks by position or by name. */
  override forward(tgt: Tensor, memory: Tensor, ...masks: DecoderMaskArguments): Tensor {
    const { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask } = settingsOf<DecoderMasks>(
      "TransformerDecoderLayer",
      masks,
      decoderMaskKinds,
    );
    const self = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, needWeights: false };
    const cross = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, needWeights: false };
    let x = this.residual(tgt, this.norm1, (y) => this.dropout1(this.selfAttn(y, y, y, self)[0]));
    x = this.residual(x, this.norm2, (y) => this.dropout2(this.multiheadAttn(y, memory, memory, cross)[0]));
    return this.residual(
      x,
      this.norm3,
      (y) => this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(y))))),
    );
  }
}
