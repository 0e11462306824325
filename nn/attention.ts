/**
 * The layer of multi-head attention. What it computes is in attention_function.ts, its masks are in attention_mask.ts.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import { empty } from "../core/ops/create.ts";
import { checkCall, type Kinds } from "../core/ops/options.ts";
import { squeeze, transpose, unsqueeze } from "../core/ops/view.ts";
import type { Tensor } from "../core/tensor.ts";
import { zeros_ } from "../init/constant.ts";
import { xavierNormal_, xavierUniform_ } from "../init/xavier.ts";
import { type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { attend, type AttentionCallOptions, checkAttentionInputs } from "./attention_function.ts";
import { setField } from "./module/fields.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";

/** Options of MultiheadAttention. */
export interface MultiheadAttentionOptions extends FactoryOptions {
  /** Dropout of the attention weights, in training mode; 0 by default. */
  readonly dropout?: number;
  /** Whether the projections have biases; true by default. */
  readonly bias?: boolean;
  /** Learn one more key and value. */
  readonly addBiasKv?: boolean;
  /** Append a key and value of zeros. */
  readonly addZeroAttn?: boolean;
  /** Features of the keys; those of the queries by default. */
  readonly kdim?: number | null;
  /** Features of the values; those of the queries by default. */
  readonly vdim?: number | null;
  /** Inputs and output are [batch, length, features] and not [length, batch, features]. */
  readonly batchFirst?: boolean;
}

/** What MultiheadAttention cannot do without, where it is given by name. */
export interface MultiheadAttentionSizes {
  /** Features of queries and output. */
  readonly embedDim: number;
  /** Number of heads. */
  readonly numHeads: number;
}

const callKinds: Kinds<AttentionCallOptions> = {
  keyPaddingMask: "tensor?",
  needWeights: "boolean",
  attnMask: "tensor?",
  averageAttnWeights: "boolean",
};

/** PyTorch's name of the output projection's class. */
class NonDynamicallyQuantizableLinear extends Linear<boolean> {}

/**
 * Attention with several heads: queries [L, N, E], keys and values [S, N, E] to the output [L, N, E] and the attention weights [N, L, S], null
 * when not needed; with `batchFirst` [N, L, E] and [N, S, E]; or all without N. `torch.nn.MultiheadAttention`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const attention = new nn.MultiheadAttention(16, 4, { batchFirst: true });
 * const x = randn([2, 5, 16]);
 * const [output, weights] = attention(x, x, x);
 * console.log(output.shape, weights?.shape); // [ 2, 5, 16 ] [ 2, 5, 5 ]
 * ```
 */
export class MultiheadAttention extends Module {
  /** Features of queries and output. */
  embedDim: number;
  /** Features of the keys. */
  kdim: number;
  /** Features of the values. */
  vdim: number;
  /** Number of heads. */
  numHeads: number;
  /** Features of each head. */
  headDim: number;
  /** Dropout of the attention weights. */
  dropout: number;
  /** Whether the batch is the first dimension. */
  batchFirst: boolean;
  /** Whether a key and value of zeros is appended. */
  addZeroAttn: boolean;
  /** [3 * embedDim, embedDim], or null when keys or values have other sizes. */
  declare inProjWeight: Parameter | null;
  /** [embedDim, embedDim], or null. */
  declare qProjWeight: Parameter | null;
  /** [embedDim, kdim], or null. */
  declare kProjWeight: Parameter | null;
  /** [embedDim, vdim], or null. */
  declare vProjWeight: Parameter | null;
  /** [3 * embedDim], or null. */
  declare inProjBias: Parameter | null;
  /** The projection of the output. */
  declare outProj: Linear<boolean>;
  /** [1, 1, embedDim], or null. */
  declare biasK: Parameter | null;
  /** [1, 1, embedDim], or null. */
  declare biasV: Parameter | null;

  /** Takes features and heads; the others by position or by name. */
  constructor(
    ...settings: NeededThen<
      [embedDim: number, numHeads: number],
      [
        dropout: number,
        bias: boolean,
        addBiasKv: boolean,
        addZeroAttn: boolean,
        kdim: number | null,
        vdim: number | null,
        batchFirst: boolean,
      ],
      MultiheadAttentionSizes,
      MultiheadAttentionOptions
    >
  ) {
    super();
    const options = settingsOf<MultiheadAttentionSizes & MultiheadAttentionOptions>(
      "MultiheadAttention",
      settings,
      {
        embedDim: "any",
        numHeads: "any",
        dropout: "number",
        bias: "boolean",
        addBiasKv: "boolean",
        addZeroAttn: "boolean",
        kdim: "number?",
        vdim: "number?",
        batchFirst: "boolean",
        ...factoryKinds,
      },
    );
    const {
      dropout = 0,
      bias = true,
      addBiasKv = false,
      addZeroAttn = false,
      batchFirst = false,
      dtype,
      device,
    } = options;
    const { embedDim, numHeads } = options as MultiheadAttentionSizes;
    checkSizes("MultiheadAttention", { embedDim, numHeads }, 1);
    if (embedDim % numHeads !== 0) {
      throw new ValueError(
        `embed_dim must be divisible by num_heads, in MultiheadAttention: got ${embedDim} and ${numHeads}`,
      );
    }
    this.embedDim = embedDim;
    this.kdim = options.kdim ?? embedDim;
    this.vdim = options.vdim ?? embedDim;
    this.numHeads = numHeads;
    this.headDim = embedDim / numHeads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    const add = (key: string, name: string, shape: number[] | null) =>
      setField(
        this,
        key,
        shape === null ? null : new Parameter(empty(shape, { dtype, device })),
        "parameter",
        name,
      );
    const same = this.kdim === embedDim && this.vdim === embedDim;
    add("qProjWeight", "q_proj_weight", same ? null : [embedDim, embedDim]);
    add("kProjWeight", "k_proj_weight", same ? null : [embedDim, this.kdim]);
    add("vProjWeight", "v_proj_weight", same ? null : [embedDim, this.vdim]);
    add("inProjWeight", "in_proj_weight", same ? [3 * embedDim, embedDim] : null);
    add("inProjBias", "in_proj_bias", bias ? [3 * embedDim] : null);
    const out = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype, device });
    setField(this, "outProj", out, "module", "out_proj");
    add("biasK", "bias_k", addBiasKv ? [1, 1, embedDim] : null);
    add("biasV", "bias_v", addBiasKv ? [1, 1, embedDim] : null);
    this.resetParameters();
  }

  /** Draws the input projections and extra key and value anew, and sets the biases to zero. */
  resetParameters(): void {
    for (const weight of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight]) {
      if (weight !== null) xavierUniform_(weight);
    }
    if (this.inProjBias !== null) {
      zeros_(this.inProjBias);
      if (this.outProj.bias !== null) zeros_(this.outProj.bias);
    }
    if (this.biasK !== null) xavierNormal_(this.biasK);
    if (this.biasV !== null) xavierNormal_(this.biasV);
  }

  /**
   * Output and attention weights of queries [length, batch, features], keys and values; a single example has no batch dimension. Masks and
   * switches by position or by name.
   */
  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...settings: Trailing<
      [
        keyPaddingMask: Tensor | null,
        needWeights: boolean,
        attnMask: Tensor | null,
        averageAttnWeights: boolean,
      ],
      AttentionCallOptions
    >
  ): [Tensor, Tensor | null] {
    const options = settingsOf<AttentionCallOptions>("MultiheadAttention", settings, callKinds);
    checkCall("MultiheadAttention", [query, key, value]);
    const { embedDim, batchFirst } = this, single = query.ndim === 2;
    checkAttentionInputs([query, key, value], [embedDim, this.kdim, this.vdim], batchFirst);
    const arrange = (x: Tensor) => single ? unsqueeze(x, 1) : batchFirst ? transpose(x, 0, 1) : x;
    const q = arrange(query), k = key === query ? q : arrange(key), v = value === key ? k : arrange(value);
    const [output, weights] = attend([q, k, v], {
      ...options,
      embedDimToCheck: embedDim,
      numHeads: this.numHeads,
      inProjWeight: this.inProjWeight,
      inProjBias: this.inProjBias,
      qProjWeight: this.qProjWeight,
      kProjWeight: this.kProjWeight,
      vProjWeight: this.vProjWeight,
      biasK: this.biasK,
      biasV: this.biasV,
      addZeroAttn: this.addZeroAttn,
      dropoutP: this.dropout,
      outProjWeight: this.outProj.weight,
      outProjBias: this.outProj.bias,
      training: this.training,
    }, single);
    return [single ? squeeze(output, 1) : batchFirst ? transpose(output, 0, 1) : output, weights];
  }
}
