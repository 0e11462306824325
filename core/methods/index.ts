/**
 * Indexing methods. One line each over the public operations, which say more.
 *
 * @module
 */
import type { Scalar } from "../ops/cast.ts";
import * as op from "../ops/indexing/indexing.ts";
import type {
  AlongIndex,
  FillAlongIndex,
  FreeAlongIndex,
  IndexLike,
  SourceAlongIndex,
} from "../ops/indexing/indexing.ts";
import type { Given } from "../ops/arguments.ts";
import type { Index } from "../ops/indexing/index_terms.ts";
import * as mask from "../ops/indexing/mask.ts";
import {
  scatter,
  scatterAdd,
  type ScatterAddArguments,
  type ScatterArguments,
  scatterReduce,
  type ScatterReduceArguments,
} from "../ops/indexing/scatter.ts";
import { Selection } from "../ops/indexing/selection.ts";
import type { Tensor } from "../tensor.ts";
import { OrderMethods } from "./order.ts";

/** Indexing methods. */
export abstract class IndexMethods extends OrderMethods {
  /**
   * A region of the tensor, as `x[i, 1:3, mask]` in PyTorch: `x.at(i, "1:3", mask).get()` reads it, `.set(v)`, `.add(v)`, `.mul(v)`,
   * `.max(v)` and `.min(v)` return a new tensor in which it is changed. Indices are numbers, slices (`"1:3"`, `":"`, `{ start, end, step }`),
   * `null` for a new dimension, `"..."`, integer tensors or arrays, bool tensors or arrays.
   *
   * Index tensors broadcast with each other; the dimensions of the result stand where the first one was when they are neighbours, else in
   * front. Negative numbers count from the end.
   *
   * @throws {IndexError} when an index is out of range, there are too many, or an index tensor is not of integers
   * @example
   * ```ts
   * import { arange } from "@tenon/tenon";
   * const x = arange(6).reshape([2, 3]);
   * console.log(x.at(1, "1:").get().tolist()); // [ 4, 5 ]
   * console.log(x.at("...", [0, 2]).set(9).tolist()); // [ [ 9, 1, 9 ], [ 9, 4, 9 ] ]
   * ```
   */
  at(this: Tensor, ...indices: readonly Index[]): Selection {
    return new Selection(this, indices);
  }

  /** The elements of a region: `x.get(...)` is `x.at(...).get()`, such as `x.get(0, "1:3")`, `x.get("...", -1)`, `x.get(x.gt(0))`. */
  get(this: Tensor, ...indices: readonly Index[]): Tensor {
    return new Selection(this, indices).get();
  }

  /** Elements at an index tensor along a dimension: `x.gather(1, index)` has at [i, j] the element of x at [i, index[i, j]]. */
  gather(this: Tensor, ...given: AlongIndex): Tensor {
    return op.gather(this, ...given);
  }

  /** This with elements written at an index tensor along a dimension: `x.scatter(1, index, source)` has source[i, j] at [i, index[i, j]]. */
  scatter(this: Tensor, ...given: ScatterArguments): Tensor {
    return scatter(this, ...given);
  }

  /** This with elements added at an index tensor along a dimension: as `scatter`, where all that meet add up. */
  scatterAdd(this: Tensor, ...given: ScatterAddArguments): Tensor {
    return scatterAdd(this, ...given);
  }

  /** This with elements merged at an index tensor along a dimension, by "sum", "prod", "mean", "amax" or "amin". */
  scatterReduce(this: Tensor, ...given: ScatterReduceArguments): Tensor {
    return scatterReduce(this, ...given);
  }

  /** The slices at a vector of indices: `x.indexSelect(1, [2, 0])` makes [3, 4] to [3, 2]. */
  indexSelect(this: Tensor, ...given: AlongIndex): Tensor {
    return op.indexSelect(this, ...given);
  }

  /** This with slices added at a vector of indices, where several may meet: `x.indexAdd(0, [0, 0], rows)`. */
  indexAdd(this: Tensor, ...given: SourceAlongIndex<{ readonly alpha?: number }>): Tensor {
    return op.indexAdd(this, ...given);
  }

  /** This with slices replaced at a vector of indices: `x.indexCopy(0, [2, 0], rows)`. */
  indexCopy(this: Tensor, ...given: SourceAlongIndex): Tensor {
    return op.indexCopy(this, ...given);
  }

  /** This with slices filled at a vector of indices: `x.indexFill(1, [0, 2], -1)`. */
  indexFill(this: Tensor, ...given: FillAlongIndex): Tensor {
    return op.indexFill(this, ...given);
  }

  /** Elements of the flattened tensor, in the shape of the index: `x.take([0, 5])`. */
  take(this: Tensor, ...given: Given<[index: IndexLike], [], { index: IndexLike }>): Tensor {
    return op.take(this, ...given);
  }

  /** `gather` with an index that broadcasts: `x.takeAlongDim(x.argsort(1), 1)` is x sorted. */
  takeAlongDim(this: Tensor, ...given: FreeAlongIndex): Tensor {
    return op.takeAlongDim(this, ...given);
  }

  /** This with one value where the mask is true: `scores.maskedFill(mask, -Infinity)`. */
  maskedFill(
    this: Tensor,
    ...given: Given<
      [mask: Tensor, value: Scalar | Tensor],
      [],
      { mask: Tensor; value: Scalar | Tensor }
    >
  ): Tensor {
    return mask.maskedFill(this, ...given);
  }

  /** The elements where the mask is true, as a vector: `x.maskedSelect(x.gt(0))`. */
  maskedSelect(this: Tensor, ...given: Given<[mask: Tensor], [], { mask: Tensor }>): Tensor {
    return mask.maskedSelect(this, ...given);
  }

  /** This with the elements of `source`, in order, where the mask is true. */
  maskedScatter(this: Tensor, ...given: mask.MaskedScatterArguments): Tensor {
    return mask.maskedScatter(this, ...given);
  }

  /** The indices of elements that are not zero: int64 [count, rank], or one vector per dimension. */
  nonzero(this: Tensor): Tensor;
  /** The other form, by its options. */
  nonzero(this: Tensor, options: { readonly asTuple: true }): Tensor[];
  nonzero(this: Tensor, options: { readonly asTuple?: boolean } = {}): Tensor | Tensor[] {
    return mask.nonzero(this, options);
  }
}
