/**
 * Multi-head attention as a function of its weights. The layer that has them is in attention.ts, the masks are in attention_mask.ts.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { zeros } from "../core/ops/create.ts";
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
import { type Leading, type Named, settingsOf } from "../core/ops/arguments.ts";
import { attentionMask } from "./attention_mask.ts";

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

/** The weights of multi-head attention, and how they are used. */
export interface AttentionWeights {
  /** Features of the queries, E. */
  readonly embedDimToCheck: number;
  /** Number of heads. */
  readonly numHeads: number;
  /** [3 * E, E], or null where the projections are separate. */
  readonly inProjWeight: Tensor | null;
  /** [3 * E], or null. */
  readonly inProjBias: Tensor | null;
  /** One more key, [1, 1, E], or null. */
  readonly biasK: Tensor | null;
  /** One more value, [1, 1, E], or null. */
  readonly biasV: Tensor | null;
  /** Whether a key and value of zeros is appended. */
  readonly addZeroAttn: boolean;
  /** Dropout of the attention weights. */
  readonly dropoutP: number;
  /** [E, E]. */
  readonly outProjWeight: Tensor;
  /** [E], or null. */
  readonly outProjBias: Tensor | null;
}

/** Settings of `multiHeadAttentionForward`. */
export interface AttentionForwardOptions extends AttentionCallOptions {
  /** Whether there is dropout; true by default. */
  readonly training?: boolean;
  /** Whether queries, keys and values have projections of their own, and not parts of `inProjWeight`. */
  readonly useSeparateProjWeight?: boolean;
  /** [E, E]. */
  readonly qProjWeight?: Tensor | null;
  /** [E, features of the keys]. */
  readonly kProjWeight?: Tensor | null;
  /** [E, features of the values]. */
  readonly vProjWeight?: Tensor | null;
  /** Keys in place of projected ones: [batch * heads, keys, E / heads]. */
  readonly staticK?: Tensor | null;
  /** Values in place of projected ones: [batch * heads, keys, E / heads]. */
  readonly staticV?: Tensor | null;
}

/** All settings of attention. */
export type AttentionSettings = AttentionWeights & AttentionForwardOptions;

const kinds: Kinds<AttentionSettings> = {
  embedDimToCheck: "whole",
  numHeads: "whole",
  inProjWeight: "tensor?",
  inProjBias: "tensor?",
  biasK: "tensor?",
  biasV: "tensor?",
  addZeroAttn: "boolean",
  dropoutP: "number",
  outProjWeight: "tensor",
  outProjBias: "tensor?",
  training: "boolean",
  keyPaddingMask: "tensor?",
  needWeights: "boolean",
  attnMask: "tensor?",
  useSeparateProjWeight: "boolean",
  qProjWeight: "tensor?",
  kProjWeight: "tensor?",
  vProjWeight: "tensor?",
  staticK: "tensor?",
  staticV: "tensor?",
  averageAttnWeights: "boolean",
};

/** Refuses shapes that do not fit, of inputs [length, batch, features] or the other way round. */
export function checkAttentionInputs(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  sizes: readonly [embedDim: number, kdim: number, vdim: number],
  batchFirst: boolean,
): void {
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
  [query, key, value].forEach((x, i) => {
    if (x.shape[rank - 1] === sizes[i]) return;
    throw new ShapeError(
      `was expecting ${["embedding", "key", "value"][i]} dimension of ${sizes[i]}, but got ${
        x.shape[rank - 1]
      }, in MultiheadAttention`,
    );
  });
  const timeDim = rank === 2 || !batchFirst ? 0 : 1;
  const outer = (x: Tensor) => x.shape.slice(0, -1);
  if (!sameShape(outer(key), outer(value))) {
    throw new ShapeError(
      `key shape ${torchSize(key.shape)} does not match value shape ${
        torchSize(value.shape)
      }: their sequence and batch dims are those of ${torchSize(outer(key))} and ${torchSize(outer(value))}`,
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

/** Queries, keys and values after their projections. One does for all where all are the same tensor. */
function project(q: Tensor, k: Tensor, v: Tensor, settings: AttentionSettings): Tensor[] {
  const { inProjWeight, inProjBias: bias, embedDimToCheck: size } = settings;
  if (inProjWeight !== null && q === k && k === v) return chunk(linear(q, inProjWeight, bias), 3, -1);
  const weights = inProjWeight !== null
    ? chunk(inProjWeight, 3, 0)
    : [settings.qProjWeight, settings.kProjWeight, settings.vProjWeight];
  return [q, k, v].map((x, i) =>
    linear(x, weights[i] as Tensor, bias === null ? null : narrow(bias, 0, i * size, size))
  );
}

/** Attention of inputs [length, batch, features]; `single` says that masks and weights have no batch dimension. */
export function attend(
  [q, k, v]: readonly [Tensor, Tensor, Tensor],
  settings: AttentionSettings,
  single: boolean,
): [output: Tensor, weights: Tensor | null] {
  const { embedDimToCheck: size, numHeads, staticK, staticV, needWeights = true } = settings;
  const headDim = size / numHeads, [queries, batch] = q.shape;
  const projected = project(q, k, v, settings);
  const heads = (x: Tensor) => transpose(reshape(x, [x.shape[0], batch * numHeads, headDim]), 0, 1);
  const extra = (x: Tensor, bias: Tensor | null) =>
    bias === null ? x : cat([x, expand(bias, [1, batch, size])], 0);
  const zero = (x: Tensor) =>
    settings.addZeroAttn
      ? cat([x, zeros([x.shape[0], 1, headDim], { dtype: x.dtype, device: x.device })], 1)
      : x;
  const qh = heads(projected[0]);
  const kh = zero(staticK ?? heads(extra(projected[1], settings.biasK)));
  const vh = zero(staticV ?? heads(extra(projected[2], settings.biasV)));
  const keys = staticK?.shape[1] ?? k.shape[0], appended = kh.shape[1] - keys;
  const mask = attentionMask(settings, { single, batch, numHeads, queries, keys, appended }, qh);
  const scores = matmul(mul(qh, 1 / Math.sqrt(headDim)), transpose(kh, 1, 2));
  const weights = dropout(
    softmax(mask === null ? scores : add(scores, mask), -1),
    settings.dropoutP,
    settings.training ?? true,
  );
  const mixed = reshape(transpose(matmul(weights, vh), 0, 1), [queries, batch, size]);
  const output = linear(mixed, settings.outProjWeight, settings.outProjBias);
  if (!needWeights) return [output, null];
  const perHead = reshape(weights, [batch, numHeads, queries, weights.shape[2]]);
  const shown = settings.averageAttnWeights ?? true ? mean(perHead, 1) : perHead;
  return [output, single ? squeeze(shown, 0) : shown];
}

/** The weights of attention by position, in PyTorch's order. */
export type AttentionWeightsInOrder = [
  embedDimToCheck: number,
  numHeads: number,
  inProjWeight: Tensor | null,
  inProjBias: Tensor | null,
  biasK: Tensor | null,
  biasV: Tensor | null,
  addZeroAttn: boolean,
  dropoutP: number,
  outProjWeight: Tensor,
  outProjBias: Tensor | null,
];

/** The settings of `multiHeadAttentionForward`: weights in PyTorch's order, then the others; from any of them on by name. */
export type AttentionForwardArguments =
  | [...weights: AttentionWeightsInOrder, ...rest: Leading<[training: boolean], AttentionForwardOptions>]
  | Leading<AttentionWeightsInOrder, Named<AttentionWeights, AttentionForwardOptions>>;

/**
 * Attention with several heads, of queries [length, batch, features] (a single example has no batch dimension), keys and values, by weights that are
 * given. Returns the output and the attention weights (null when not needed). `torch.nn.functional.multi_head_attention_forward`.
 *
 * @throws {ShapeError} for shapes that do not fit
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const layer = new nn.MultiheadAttention(8, 2), x = randn([3, 1, 8]);
 * const [output] = nn.functional.multiHeadAttentionForward(x, x, x, {
 *   embedDimToCheck: 8,
 *   numHeads: 2,
 *   inProjWeight: layer.inProjWeight,
 *   inProjBias: layer.inProjBias,
 *   outProjWeight: layer.outProj.weight,
 *   outProjBias: layer.outProj.bias,
 * });
 * console.log(output.sub(layer(x, x, x)[0]).abs().max().item() < 1e-6); // true
 * ```
 */
export function multiHeadAttentionForward(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...given: AttentionForwardArguments
): [output: Tensor, weights: Tensor | null] {
  const op = "multi_head_attention_forward";
  checkCall(op, [query, key, value]);
  const found = settingsOf<AttentionSettings>(op, given, kinds);
  const missing = (["embedDimToCheck", "numHeads", "outProjWeight"] as const)
    .filter((name) => found[name] === undefined);
  if (missing.length > 0) {
    throw new ValueError(
      `${op}() missing ${missing.length} required positional argument${missing.length > 1 ? "s" : ""}: ${
        missing.map((name) => `'${name}'`).join(" and ")
      }`,
    );
  }
  const settings = {
    inProjWeight: null,
    inProjBias: null,
    biasK: null,
    biasV: null,
    addZeroAttn: false,
    dropoutP: 0,
    outProjBias: null,
    ...found,
  } as AttentionSettings;
  const { embedDimToCheck: size, numHeads, useSeparateProjWeight = false } = settings;
  if (size % numHeads !== 0) {
    throw new ValueError(`embed_dim ${size} not divisible by num_heads ${numHeads}, in ${op}`);
  }
  const separate = [settings.qProjWeight, settings.kProjWeight, settings.vProjWeight];
  if (useSeparateProjWeight && separate.some((weight) => !weight)) {
    throw new ValueError(
      `use_separate_proj_weight is True but q_proj_weight, k_proj_weight or v_proj_weight is None, in ${op}`,
    );
  }
  if (!useSeparateProjWeight && settings.inProjWeight === null) {
    throw new ValueError(`use_separate_proj_weight is False but in_proj_weight is None, in ${op}`);
  }
  const wanted = useSeparateProjWeight
    ? separate.map((weight) => weight?.shape[1] ?? size)
    : [size, size, size];
  checkAttentionInputs([query, key, value], [size, wanted[1], wanted[2]], false);
  const single = query.ndim === 2, arrange = (x: Tensor) => single ? unsqueeze(x, 1) : x;
  const q = arrange(query), k = key === query ? q : arrange(key), v = value === key ? k : arrange(value);
  const own = useSeparateProjWeight ? { ...settings, inProjWeight: null } : settings;
  const [output, weights] = attend([q, k, v], own, single);
  return [single ? squeeze(output, 1) : output, weights];
}
