/**
 * Sorting, running sums and statistics. One line each over the public operations, which say more.
 *
 * @module
 */
import type { NamedTuple } from "../named_tuple.ts";
import * as bins from "../ops/binning.ts";
import type { Dims, ReduceOptions, ValuesAndIndices } from "../ops/reduce.ts";
import * as scan from "../ops/scan.ts";
import * as op from "../ops/sort.ts";
import * as statistics from "../ops/statistics.ts";
import type { Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { RearrangeMethods } from "./rearrange.ts";

/** Sorting, running sums and statistics. */
export abstract class OrderMethods extends RearrangeMethods {
  /** The elements in order, and where they came from. */
  sort(
    this: Tensor,
    dim?: number | Named<{ dim: number }, op.SortOptions>,
    options?: op.SortOptions,
  ): ValuesAndIndices {
    return op.sort(this, dim, options);
  }

  /** The indices that sort. */
  argsort(
    this: Tensor,
    dim?: number | Named<{ dim: number }, op.SortOptions>,
    options?: op.SortOptions,
  ): Tensor {
    return op.argsort(this, dim, options);
  }

  /** The k largest or smallest elements, and where they came from. */
  topk(
    this: Tensor,
    k: number | Named<{ k: number; dim: number }, op.TopkOptions>,
    dim?: number | Named<{ dim: number }, op.TopkOptions>,
    options?: op.TopkOptions,
  ): ValuesAndIndices {
    return op.topk(this, k, dim, options);
  }

  /** The k-th smallest element, and where it came from. */
  kthvalue(
    this: Tensor,
    k: number | Named<{ k: number; dim: number }, ReduceOptions>,
    dim?: number | Named<{ dim: number }, ReduceOptions>,
    options?: ReduceOptions,
  ): ValuesAndIndices {
    return op.kthvalue(this, k, dim, options);
  }

  /** The middle element, the lower one of two; with `dim`, values and indices. */
  median(this: Tensor): Tensor;
  /** The other form, by its options. */
  median(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  /** The same, with the dimension among the options. */
  median(this: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;
  median(
    this: Tensor,
    dim?: number | Named<{ dim: number }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor | ValuesAndIndices {
    if (dim === undefined) return op.median(this);
    return typeof dim === "number" ? op.median(this, dim, options) : op.median(this, dim);
  }

  /** The median of the elements that are not NaN; with `dim`, values and indices. */
  nanmedian(this: Tensor): Tensor;
  /** The other form, by its options. */
  nanmedian(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  /** The same, with the dimension among the options. */
  nanmedian(this: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;
  nanmedian(
    this: Tensor,
    dim?: number | Named<{ dim: number }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor | ValuesAndIndices {
    if (dim === undefined) return op.nanmedian(this);
    return typeof dim === "number" ? op.nanmedian(this, dim, options) : op.nanmedian(this, dim);
  }

  /** The values below which a fraction q lies. */
  quantile(
    this: Tensor,
    q: op.Levels | Named<{ q: op.Levels; dim: number | null }, op.QuantileOptions>,
    dim?: number | null | Named<{ dim: number | null }, op.QuantileOptions>,
    options?: op.QuantileOptions,
  ): Tensor {
    return op.quantile(this, q, dim, options);
  }

  /** Quantiles of the elements that are not NaN. */
  nanquantile(
    this: Tensor,
    q: op.Levels | Named<{ q: op.Levels; dim: number | null }, op.QuantileOptions>,
    dim?: number | null | Named<{ dim: number | null }, op.QuantileOptions>,
    options?: op.QuantileOptions,
  ): Tensor {
    return op.nanquantile(this, q, dim, options);
  }

  /** The distinct values in order; with `returnInverse` or `returnCounts` also places and counts. */
  unique<const O extends bins.UniqueOptions = Record<never, never>>(
    this: Tensor,
    options?: O,
  ): bins.UniqueResult<O> {
    return bins.unique(this, options);
  }

  /** How many elements lie in each of equal intervals. */
  histc(this: Tensor, count?: number, min?: number, max?: number): Tensor {
    return bins.histc(this, count, min, max);
  }

  /** How often each whole number occurs. */
  bincount(
    this: Tensor,
    weights?: Tensor | null | Named<{ weights: Tensor | null; minlength: number }>,
    minlength?: number | Named<{ weights: Tensor | null; minlength: number }>,
  ): Tensor {
    return bins.bincount(this, weights, minlength);
  }

  /** The running sum. */
  cumsum(
    this: Tensor,
    dim: number | Named<{ dim: number }, scan.CumulativeOptions>,
    options?: scan.CumulativeOptions,
  ): Tensor {
    return scan.cumsum(this, dim, options);
  }

  /** The running product. */
  cumprod(
    this: Tensor,
    dim: number | Named<{ dim: number }, scan.CumulativeOptions>,
    options?: scan.CumulativeOptions,
  ): Tensor {
    return scan.cumprod(this, dim, options);
  }

  /** The largest element so far, and its index. */
  cummax(this: Tensor, dim: number | Named<{ dim: number }>): ValuesAndIndices {
    return scan.cummax(this, dim);
  }

  /** The smallest element so far, and its index. */
  cummin(this: Tensor, dim: number | Named<{ dim: number }>): ValuesAndIndices {
    return scan.cummin(this, dim);
  }

  /** ln of the running sum of e^x. */
  logcumsumexp(this: Tensor, dim: number | Named<{ dim: number }>): Tensor {
    return scan.logcumsumexp(this, dim);
  }

  /** Differences of neighbours. */
  diff(this: Tensor, options?: scan.DiffOptions): Tensor {
    return scan.diff(this, options);
  }

  /** The sum without NaN. */
  nansum(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return statistics.nansum(this, dim, options);
  }

  /** The mean without NaN. */
  nanmean(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return statistics.nanmean(this, dim, options);
  }

  /** The smallest and the largest element. */
  aminmax(
    this: Tensor,
    options?: { readonly dim?: number; readonly keepdim?: boolean },
  ): NamedTuple<readonly ["min", "max"]> {
    return statistics.aminmax(this, options);
  }

  /** The covariance of rows. */
  cov(this: Tensor, options?: statistics.CovOptions): Tensor {
    return statistics.cov(this, options);
  }

  /** The correlation of rows. */
  corrcoef(this: Tensor): Tensor {
    return statistics.corrcoef(this);
  }
}
