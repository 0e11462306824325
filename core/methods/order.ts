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
  /** The elements in order along a dimension (the last), and where they came from: `const [values, indices] = x.sort(0, { descending: true })`. */
  sort(
    this: Tensor,
    dim?: number | Named<{ dim: number }, op.SortOptions>,
    options?: op.SortOptions,
  ): ValuesAndIndices {
    return op.sort(this, dim, options);
  }

  /** The indices that sort along a dimension (the last), int64. */
  argsort(
    this: Tensor,
    dim?: number | Named<{ dim: number }, op.SortOptions>,
    options?: op.SortOptions,
  ): Tensor {
    return op.argsort(this, dim, options);
  }

  /** The k largest or smallest elements along a dimension (the last), and where they came from: `logits.topk(5).indices`. */
  topk(
    this: Tensor,
    k: number | Named<{ k: number; dim: number }, op.TopkOptions>,
    dim?: number | Named<{ dim: number }, op.TopkOptions>,
    options?: op.TopkOptions,
  ): ValuesAndIndices {
    return op.topk(this, k, dim, options);
  }

  /** The k-th smallest element along a dimension (the last), and where it came from; k counts from 1. */
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

  /** The values below which a fraction q lies: `x.quantile(0.5)`, `x.quantile(0.9, 1)`. */
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

  /** The running sum along `dim`: 1, 2, 3 to 1, 3, 6. */
  cumsum(
    this: Tensor,
    dim: number | Named<{ dim: number }, scan.CumulativeOptions>,
    options?: scan.CumulativeOptions,
  ): Tensor {
    return scan.cumsum(this, dim, options);
  }

  /** The running product along `dim`: 1, 2, 3 to 1, 2, 6. */
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

  /** Differences of neighbours along a dimension (the last): 1, 4, 9 to 3, 5. */
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
    options?: { readonly dim?: number | null; readonly keepdim?: boolean },
  ): NamedTuple<readonly ["min", "max"]> {
    return statistics.aminmax(this, options);
  }

  /** The covariance of rows: [n, samples] to [n, n]. */
  cov(this: Tensor, options?: statistics.CovOptions): Tensor {
    return statistics.cov(this, options);
  }

  /** The correlation of rows: [n, samples] to [n, n]. */
  corrcoef(this: Tensor): Tensor {
    return statistics.corrcoef(this);
  }
}
