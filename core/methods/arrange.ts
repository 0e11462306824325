/**
 * Slices written into tensors, splits by direction, frequencies. One line each over the public operations, which say more.
 *
 * @module
 */
import { named } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import type { NamedTuple } from "../named_tuple.ts";
import * as combine from "../ops/combine.ts";
import * as frequency from "../ops/frequency.ts";
import type { UniqueOptions, UniqueResult } from "../ops/binning.ts";
import { checkTensors, type Scalar } from "../ops/cast.ts";
import { argwhere } from "../ops/indexing/mask.ts";
import type { ReduceOptions, ValuesAndIndices } from "../ops/reduce.ts";
import * as op from "../ops/indexing/slice_scatter.ts";
import { msort } from "../ops/sort.ts";
import { sameShape, type SizeList, sizesIn } from "../shape.ts";
import { sumTo } from "../ops/reduce.ts";
import { reshape } from "../ops/view.ts";
import type { Tensor } from "../tensor.ts";
import { SpecialMethods } from "./special.ts";
import type { Named } from "../ops/arguments.ts";
import { requireKind } from "../ops/options.ts";

/** Slices written into tensors, splits by direction, frequencies. */
export abstract class ArrangeMethods extends SpecialMethods {
  /** This with the slice at an index replaced. */
  selectScatter(this: Tensor, ...given: op.SelectScatterArguments): Tensor {
    return op.selectScatter(this, ...given);
  }

  /** This with `start:end:step` along a dimension replaced. */
  sliceScatter(this: Tensor, source: Tensor, ...given: op.SliceArguments): Tensor {
    return op.sliceScatter(this, source, ...given);
  }

  /** This with a diagonal replaced. */
  diagonalScatter(this: Tensor, ...given: op.DiagonalScatterArguments): Tensor {
    return op.diagonalScatter(this, ...given);
  }

  /** Elements by strides of the row-major order. */
  asStrided(this: Tensor, ...given: op.StridedArguments): Tensor {
    return op.asStrided(this, ...given);
  }

  /** This with elements by strides of the row-major order replaced. */
  asStridedScatter(this: Tensor, ...given: op.StridedScatterArguments): Tensor {
    return op.asStridedScatter(this, ...given);
  }

  /** This with values at a list of index tensors. */
  indexPut(this: Tensor, ...given: op.IndexPutArguments): Tensor {
    return op.indexPut(this, ...given);
  }

  /** This with values at indices of the flattened tensor. */
  put(this: Tensor, ...given: op.PutArguments): Tensor {
    return op.put(this, ...given);
  }

  /** This with slices merged in at a vector of indices. */
  indexReduce(this: Tensor, ...given: op.IndexReduceArguments): Tensor {
    return op.indexReduce(this, ...given);
  }

  /** One value everywhere. */
  fill(this: Tensor, value: Scalar | Tensor): Tensor {
    return op.fill(this, value);
  }

  /** The indices of elements that are not zero. */
  argwhere(this: Tensor): Tensor {
    return argwhere(this);
  }

  /** The columns in reverse order. */
  fliplr(this: Tensor): Tensor {
    return combine.fliplr(this);
  }

  /** The rows in reverse order. */
  flipud(this: Tensor): Tensor {
    return combine.flipud(this);
  }

  /** The flattened tensor as a diagonal. */
  diagflat(this: Tensor, offset?: number): Tensor {
    return combine.diagflat(this, offset);
  }

  /** Pieces side by side. */
  hsplit(this: Tensor, sections: number | readonly number[]): Tensor[] {
    return combine.hsplit(this, sections);
  }

  /** Pieces one below the other. */
  vsplit(this: Tensor, sections: number | readonly number[]): Tensor[] {
    return combine.vsplit(this, sections);
  }

  /** Pieces behind each other. */
  dsplit(this: Tensor, sections: number | readonly number[]): Tensor[] {
    return combine.dsplit(this, sections);
  }

  /** The shape of `other`. */
  viewAs(this: Tensor, other: Tensor): Tensor {
    checkTensors("view_as", [other]);
    return named("View", reshape(this, other.shape), this);
  }

  /** The shape of `other`. */
  reshapeAs(this: Tensor, other: Tensor): Tensor {
    checkTensors("reshape_as", [other]);
    return reshape(this, other.shape);
  }

  /** Summed to a shape that broadcasts to this one; sums of integers are int64. */
  sumToSize(this: Tensor, ...shape: SizeList): Tensor {
    const size = sizesIn(shape);
    requireKind("sum_to_size", "size", size, "numbers");
    // A size of no dimensions is the whole sum, also of a number.
    const kept = isFloat(this.dtype) || (size.length > 0 && sameShape(this.shape, size));
    return sumTo(kept ? this : this.to("int64"), size);
  }

  /** The most frequent values, and where they are. */
  mode(
    this: Tensor,
    dim?: number | Named<{ dim: number }, ReduceOptions>,
    options?: ReduceOptions,
  ): ValuesAndIndices {
    return frequency.mode(this, dim, options);
  }

  /** Sorted along the first dimension. */
  msort(this: Tensor): Tensor {
    return msort(this);
  }

  /** How many elements lie in each interval. */
  histogram(
    this: Tensor,
    bins?: number | Tensor | readonly number[],
    options?: frequency.HistogramOptions,
  ): NamedTuple<readonly ["hist", "binEdges"]> {
    return frequency.histogram(this, bins, options);
  }

  /** The values without direct repetitions; with `returnInverse` or `returnCounts` also runs. */
  uniqueConsecutive<const O extends UniqueOptions = Record<never, never>>(
    this: Tensor,
    options?: O,
  ): UniqueResult<O> {
    return frequency.uniqueConsecutive(this, options);
  }
}
