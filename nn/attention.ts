/**
 * Multi-head attention. Its masks are in attention_mask.ts.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { empty, zeros } from "../core/ops/create.ts";
import { dropout } from "../core/ops/nn/dropout.ts";
import { add, mul } from "../core/ops/elementwise.ts";
import { linear, matmul } from "../core/ops/linalg/matmul.ts";
import { checkCall, type Kinds } from "../core/ops/options.ts";
import { mean } from "../core/ops/reduce.ts";
import { softmax } from "../core/ops/nn/softmax.ts";
import { expand, narrow, reshape, squeeze, transpose, unsqueeze } from "../core/ops/view.ts";
import { cat, chunk } from "../core/ops/join.ts";
import { sameShape, torchSize } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { zeros_ } from "../init/constant.ts";
import { xavierNormal_, xavierUniform_ } from "../init/xavier.ts";
import { type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { attentionMask } from "./attention_mask.ts";
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

/** What a call of MultiheadAttention can be given beside query, key and value. */
export interface AttentionCallOptions {
  /** [batch, keys]: true (or minus infinity) where a key is to be left out. */
  readonly keyPaddingMask?: Tensor | null;
  /** Whether the attention weights are returned; true by default. */
  readonly needWeights?: boolean;
  /** [queries, keys] or [batch * heads, queries, keys]: true where attention is not allowed, or numbers that are added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights are averaged over the heads; true by default. */
  readonly averageAttnWeights?: boolean;
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
    const { needWeights = true, averageAttnWeights = true } = options;
    const single = query.ndim === 2;
    this.checkInputs(query, key, value);
    const arrange = (x: Tensor) => single ? unsqueeze(x, 1) : this.batchFirst ? transpose(x, 0, 1) : x;
    // One projection does for all where all are the same tensor.
    const q = arrange(query);
    const k = key === query ? q : arrange(key);
    const v = value === key ? k : arrange(value);
    const [queries, batch] = q.shape;
    const projected = this.project(q, k, v);
    const heads = (x: Tensor) =>
      transpose(reshape(x, [x.shape[0], batch * this.numHeads, this.headDim]), 0, 1);
    const extra = (x: Tensor, bias: Tensor | null) =>
      bias === null ? x : cat([x, expand(bias, [1, batch, this.embedDim])], 0);
    const zero = (x: Tensor) =>
      this.addZeroAttn
        ? cat([x, zeros([x.shape[0], 1, this.headDim], { dtype: x.dtype, device: x.device })], 1)
        : x;
    const qh = heads(projected[0]);
    const kh = zero(heads(extra(projected[1], this.biasK)));
    const vh = zero(heads(extra(projected[2], this.biasV)));
    const keys = k.shape[0], appended = kh.shape[1] - keys, { numHeads } = this;
    const mask = attentionMask(options, { single, batch, numHeads, queries, keys, appended }, qh);
    const scores = matmul(mul(qh, 1 / Math.sqrt(this.headDim)), transpose(kh, 1, 2));
    const weights = dropout(
      softmax(mask === null ? scores : add(scores, mask), -1),
      this.dropout,
      this.training,
    );
    const mixed = reshape(transpose(matmul(weights, vh), 0, 1), [queries, batch, this.embedDim]);
    const output = linear(mixed, this.outProj.weight, this.outProj.bias);
    const result = single ? squeeze(output, 1) : this.batchFirst ? transpose(output, 0, 1) : output;
    if (!needWeights) return [result, null];
    const perHead = reshape(weights, [batch, this.numHeads, queries, weights.shape[2]]);
    const shown = averageAttnWeights ? mean(perHead, 1) : perHead;
    return [result, single ? squeeze(shown, 0) : shown];
  }

  /** Refuses shapes that do not fit. */
  private checkInputs(query: Tensor, key: Tensor, value: Tensor): void {
    const rank = query.ndim;
    if (rank !== 2 && rank !== 3) {
      throw new ShapeError(
        `query should be unbatched 2D or batched 3D tensor but received ${rank}-D query tensor, in MultiheadAttention`,
      );
    }
    if (key.ndim !== rank || value.ndim !== rank) {
      throw new ShapeError(
        `For ${
          rank === 3 ? "batched (3-D)" : "unbatched (2-D)"
        } \`query\`, expected \`key\` and \`value\` to be ${rank}-D but found ` +
          `${key.ndim}-D and ${value.ndim}-D tensors respectively`,
      );
    }
    for (
      const [name, x, size] of [["embedding", query, this.embedDim], ["key", key, this.kdim], [
        "value",
        value,
        this.vdim,
      ]] as const
    ) {
      if (x.shape[rank - 1] !== size) {
        throw new ShapeError(
          `was expecting ${name} dimension of ${size}, but got ${x.shape[rank - 1]}, in MultiheadAttention`,
        );
      }
    }
    const timeDim = rank === 2 || !this.batchFirst ? 0 : 1;
    const outer = (x: Tensor) => x.shape.slice(0, -1);
    if (!sameShape(outer(key), outer(value))) {
      throw new ShapeError(
        `key shape ${torchSize(key.shape)} does not match value shape ${
          torchSize(value.shape)
        }: their sequence and batch dims are those of ${torchSize(outer(key))} and ${
          torchSize(outer(value))
        }`,
      );
    }
    if (rank === 3 && query.shape[1 - timeDim] !== key.shape[1 - timeDim]) {
      throw new ShapeError(
        `MultiheadAttention: the batch of the queries is ${query.shape[1 - timeDim]}, that of the keys ${
          key.shape[1 - timeDim]
        }`,
      );
    }
  }

  /** Queries, keys and values after their projections. */
  private project(q: Tensor, k: Tensor, v: Tensor): Tensor[] {
    const bias = this.inProjBias, size = this.embedDim;
    if (this.inProjWeight !== null && q === k && k === v) {
      return chunk(linear(q, this.inProjWeight, bias), 3, -1);
    }
    const weights = this.inProjWeight !== null
      ? chunk(this.inProjWeight, 3, 0)
      : [this.qProjWeight, this.kProjWeight, this.vProjWeight];
    return [q, k, v].map((x, i) =>
      linear(x, weights[i] as Tensor, bias === null ? null : narrow(bias, 0, i * size, size))
    );
  }
}
