/**
 * Scaled dot-product attention. Attention with heads and projections is a layer.
 *
 * @module
 */
import { settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import type { Generator } from "../../random/generator.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { inSingle, requireFloat } from "../cast.ts";
import { iota } from "../ranges.ts";
import { dropout } from "./dropout.ts";
import { add, mul } from "../elementwise.ts";
import { matmul } from "../linalg/matmul.ts";
import { ge, logicalNot, logicalOr, ne, where } from "../logical.ts";
import { repeatInterleave } from "../rearrange.ts";
import { amax } from "../extremes.ts";
import { any } from "../reduce.ts";
import { softmax } from "./softmax.ts";
import { mT } from "../view.ts";

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** bool (true takes part) or float (added to the scores); broadcasts to [..., queries, keys]. A query that may see no key gives zeros. */
  readonly attnMask?: Tensor | null;
  /** The probability with which attention weights are dropped; 0 by default. */
  readonly dropoutP?: number;
  /** Each query sees the keys up to its own place only. */
  readonly isCausal?: boolean;
  /** The factor of the scores; 1 / sqrt(width) by default. */
  readonly scale?: number | null;
  /** Whether query heads may be a multiple of the key and value heads (dimension -3), which are then shared. */
  readonly enableGqa?: boolean;
  /** Where dropout's random bits come from. */
  readonly generator?: Generator;
}

const attentionKinds: Kinds<AttentionOptions> = {
  attnMask: "tensor?",
  dropoutP: "number",
  isCausal: "boolean",
  scale: "number?",
  enableGqa: "boolean",
  generator: "any",
};

/** Keys or values with their heads repeated to `heads`. */
function shared(x: Tensor, heads: number): Tensor {
  const own = x.shape[x.shape.length - 3];
  if (heads % own !== 0) {
    throw new ShapeError(
      `Number of heads in key and value must divide the number of heads in query, in scaled_dot_product_attention: got ${own} and ${heads}`,
    );
  }
  return repeatInterleave(x, heads / own, -3);
}

/**
 * softmax(query key^T scale + mask) value, of query [..., L, E], key [..., S, E] and value [..., S, V]: [..., L, V].
 * `torch.nn.functional.scaled_dot_product_attention`.
 *
 * @throws {ShapeError} when ranks or sizes do not fit
 * @example
 * ```ts
 * import { randn, scaledDotProductAttention } from "@tenon/tenon";
 * const q = randn([2, 4, 8]), k = randn([2, 6, 8]), v = randn([2, 6, 3]);
 * console.log(scaledDotProductAttention(q, k, v).shape); // [ 2, 4, 3 ]
 * ```
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...settings: Trailing<[attnMask: Tensor | null, dropoutP: number, isCausal: boolean], AttentionOptions>
): Tensor {
  const options = settingsOf<AttentionOptions>("scaled_dot_product_attention", settings, attentionKinds, 3);
  checkCall("scaled_dot_product_attention", [query, key, value]);
  const op = "scaled_dot_product_attention";
  const { attnMask, dropoutP = 0, isCausal = false, enableGqa = false, generator } = options;
  const sizes = `got query [${query.shape.join(", ")}], key [${key.shape.join(", ")}] and value [${
    value.shape.join(", ")
  }]`;
  if (query.shape.length < 2 || key.shape.length < 2 || value.shape.length < 2) {
    throw new ShapeError(
      `${op}: Expected query, key, and value to all be at least 2 dimensional, but ${sizes}`,
    );
  }
  requireFloat(op, query);
  if (query.dtype !== key.dtype || query.dtype !== value.dtype) {
    throw new DTypeError(
      `Expected query, key, and value to have the same dtype, but got query.dtype: ${query.dtype} key.dtype: ${key.dtype} and value.dtype: ${value.dtype} instead., in ${op}`,
    );
  }
  if (attnMask && isCausal) {
    throw new ValueError(`${op}: Explicit attn_mask should not be set when is_causal=True`);
  }
  const width = query.shape[query.shape.length - 1], length = query.shape[query.shape.length - 2];
  const count = key.shape[key.shape.length - 2];
  if (width !== key.shape[key.shape.length - 1] || count !== value.shape[value.shape.length - 2]) {
    throw new ShapeError(
      `${op}: query and key need one width (the last size), key and value one number of rows (the last but one): ${sizes}`,
    );
  }
  if (enableGqa && query.shape.length < 3) {
    throw new ShapeError(`${op}: enableGqa needs a dimension of heads (-3): ${sizes}`);
  }
  const heads = query.shape[query.shape.length - 3];
  const keys = enableGqa ? shared(key, heads) : key, values = enableGqa ? shared(value, heads) : value;
  const factor = options.scale ?? 1 / Math.sqrt(width);
  let scores = matmul(inSingle(query, (q) => mul(q, factor)), mT(keys)), seeing: Tensor | null = null;
  if (isCausal) {
    const at = [length, count], device = query.device;
    scores = where(ge(iota(at, 0, { device }), iota(at, 1, { device })), scores, -Infinity);
  } else if (attnMask) {
    if (attnMask.dtype !== "bool" && attnMask.dtype !== query.dtype) {
      throw new DTypeError(
        `Expected attn_mask dtype to be bool or to match query dtype, but got attn_mask.dtype: ${attnMask.dtype} and  query.dtype: ${query.dtype} instead., in ${op}`,
      );
    }
    // A query that no key is open to attends to all of them here, so that its gradients are numbers, and gives zeros in the end.
    if (attnMask.dtype === "bool") {
      seeing = any(attnMask, -1, { keepdim: true });
      scores = where(logicalOr(attnMask, logicalNot(seeing)), scores, -Infinity);
    } else {
      seeing = ne(amax(attnMask, -1, { keepdim: true }).detach(), -Infinity);
      scores = add(scores, where(seeing, attnMask, 0));
    }
  }
  if (sizeOf(scores.shape) === 0) return matmul(scores, values);
  const attended = matmul(dropout(softmax(scores, -1), dropoutP, dropoutP > 0, { generator }), values);
  return named("ScaledDotProductAttention", seeing === null ? attended : where(seeing, attended, 0));
}
