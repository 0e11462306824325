/**
 * The masks of multi-head attention: which keys a query may see, as numbers that are added to the scores.
 *
 * @module
 */
import { isFloat } from "../core/dtype.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import { zeros } from "../core/ops/create.ts";
import { add } from "../core/ops/elementwise.ts";
import { maskedFill } from "../core/ops/indexing/mask.ts";
import { cat } from "../core/ops/join.ts";
import { expand, reshape, unsqueeze } from "../core/ops/view.ts";
import { sameShape, torchSize } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";

/** The masks that a call of attention may be given. */
interface Masks {
  readonly attnMask?: Tensor | null;
  readonly keyPaddingMask?: Tensor | null;
}

/** The sizes of the scores that masks are added to. */
interface ScoreSizes {
  /** Whether the inputs are a single example, without a batch dimension. */
  readonly single: boolean;
  readonly batch: number;
  readonly numHeads: number;
  readonly queries: number;
  /** Keys that the masks speak of. */
  readonly keys: number;
  /** Keys appended to them, which every query may see. */
  readonly appended: number;
}

/** A mask as numbers that are added to scores. */
function additive(name: string, mask: Tensor, like: Tensor): Tensor {
  if (mask.dtype === "bool" || mask.dtype === "uint8") {
    const blocked = mask.dtype === "bool" ? mask : mask.bool();
    return maskedFill(zeros(mask.shape, { dtype: like.dtype, device: like.device }), blocked, -Infinity);
  }
  if (!isFloat(mask.dtype)) {
    throw new DTypeError(
      `only bool and floating types of ${name} are supported, in MultiheadAttention: got ${mask.dtype}`,
    );
  }
  return mask;
}

/** A mask with `columns` further keys that may be seen. */
function widened(mask: Tensor | null, columns: number): Tensor | null {
  if (mask === null || columns === 0) return mask;
  const open = zeros([...mask.shape.slice(0, -1), columns], { dtype: mask.dtype, device: mask.device });
  return cat([mask, open], -1);
}

/** Both masks as one that is added to the scores, null where there is none; truth values become numbers of the dtype and device of `like`. */
export function attentionMask(
  { attnMask, keyPaddingMask }: Masks,
  sizes: ScoreSizes,
  like: Tensor,
): Tensor | null {
  const { single, batch, numHeads, queries, keys, appended } = sizes;
  let combined: Tensor | null = null;
  if (attnMask) {
    const wanted = attnMask.ndim === 2 ? [queries, keys] : [batch * numHeads, queries, keys];
    if (attnMask.ndim !== 2 && attnMask.ndim !== 3) {
      throw new ShapeError(
        `attn_mask's dimension ${attnMask.ndim} is not supported, in MultiheadAttention`,
      );
    }
    if (!sameShape(attnMask.shape, wanted)) {
      throw new ShapeError(
        `The shape of the ${attnMask.ndim}D attn_mask is ${torchSize(attnMask.shape)}, but should be (${
          wanted.join(", ")
        }).`,
      );
    }
    combined = widened(additive("attn_mask", attnMask, like), appended);
  }
  if (!keyPaddingMask) return combined;
  if (keyPaddingMask.ndim !== (single ? 1 : 2)) {
    throw new ShapeError(
      `For ${
        single ? "unbatched (2-D)" : "batched (3-D)"
      } \`query\`, expected \`key_padding_mask\` to be \`None\` or ${
        single ? 1 : 2
      }-D but found ${keyPaddingMask.ndim}-D tensor instead, in MultiheadAttention`,
    );
  }
  const padding = single ? unsqueeze(keyPaddingMask, 0) : keyPaddingMask;
  if (!sameShape(padding.shape, [batch, keys])) {
    throw new ShapeError(
      `expecting key_padding_mask shape of (${batch}, ${keys}), but got ${
        torchSize(keyPaddingMask.shape)
      }, in MultiheadAttention`,
    );
  }
  const wide = widened(additive("key_padding_mask", padding, like), appended) as Tensor;
  const perHead = reshape(
    expand(unsqueeze(unsqueeze(wide, 1), 1), [batch, numHeads, 1, keys + appended]),
    [batch * numHeads, 1, keys + appended],
  );
  return combined === null ? perHead : add(combined, perHead);
}
