/**
 * Reductions. One line each over the public operations, which say more.
 *
 * @module
 */
import { norm } from "../ops/linalg/norms.ts";
import * as extremes from "../ops/extremes.ts";
import * as op from "../ops/reduce.ts";
import type { Dims, ReduceOptions, ValuesAndIndices, VarOptions } from "../ops/reduce.ts";
import { isNamed, type Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { MathMethods } from "./math.ts";

/** Reductions. */
export abstract class ReduceMethods extends MathMethods {
  /** The sum of all elements, or along `dim`; integers sum as int64: `x.sum()`, `x.sum(1, { keepdim: true })`, `x.sum([0, 1])`. */
  sum(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return op.sum(this, dim, options);
  }

  /** The mean of all elements, or along `dim`; of floats: `x.mean(0)` makes [2, 3] to [3]. */
  mean(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return op.mean(this, dim, options);
  }

  /** The largest value; ties share the gradient. */
  amax(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return extremes.amax(this, dim, options);
  }

  /** The smallest value; ties share the gradient. */
  amin(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return extremes.amin(this, dim, options);
  }

  /** Whether any element is non-zero, of all or along `dim`, as bool: `x.gt(0).any().item()`. */
  any(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return op.any(this, dim, options);
  }

  /** Whether all elements are non-zero, of all or along `dim`, as bool: `x.eq(y).all().item()`. */
  all(this: Tensor, dim?: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return op.all(this, dim, options);
  }

  /** The product of all elements, or along `dim`. */
  prod(
    this: Tensor,
    dim?: number | null | Named<{ dim: number | null }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor {
    return op.prod(this, dim, options);
  }

  /** The index of the first largest value, of the flattened tensor or along `dim`, int64: `logits.argmax(1)` makes [N, C] to [N]. */
  argmax(
    this: Tensor,
    dim?: number | null | Named<{ dim: number | null }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor {
    return extremes.argmax(this, dim, options);
  }

  /** The index of the first smallest value, of the flattened tensor or along `dim`, int64. */
  argmin(
    this: Tensor,
    dim?: number | null | Named<{ dim: number | null }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor {
    return extremes.argmin(this, dim, options);
  }

  /** The largest value; with `dim`, values and indices. */
  max(this: Tensor): Tensor;
  /** The largest values along `dim` and their indices. */
  max(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  /** The same, with the dimension among the options. */
  max(this: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;
  /** The larger one of both tensors' elements. */
  max(this: Tensor, other: Tensor): Tensor;
  max(
    this: Tensor,
    dim?: number | Tensor | Named<{ dim: number }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor | ValuesAndIndices {
    if (dim === undefined) return extremes.max(this);
    if (isNamed(dim)) return extremes.max(this, dim);
    return typeof dim === "number" ? extremes.max(this, dim, options) : extremes.max(this, dim);
  }

  /** The smallest value; with `dim`, values and indices. */
  min(this: Tensor): Tensor;
  /** The smallest values along `dim` and their indices. */
  min(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  /** The same, with the dimension among the options. */
  min(this: Tensor, options: Named<{ dim: number }, ReduceOptions>): ValuesAndIndices;
  /** The smaller one of both tensors' elements. */
  min(this: Tensor, other: Tensor): Tensor;
  min(
    this: Tensor,
    dim?: number | Tensor | Named<{ dim: number }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor | ValuesAndIndices {
    if (dim === undefined) return extremes.min(this);
    if (isNamed(dim)) return extremes.min(this, dim);
    return typeof dim === "number" ? extremes.min(this, dim, options) : extremes.min(this, dim);
  }

  /** The variance of all elements, or along `dim`, unbiased by default: `x.var(0, { unbiased: false })`. */
  var(this: Tensor, dim?: Dims | Named<{ dim: Dims }, VarOptions>, options?: VarOptions): Tensor {
    return op.variance(this, dim, options);
  }

  /** The standard deviation of all elements, or along `dim`, unbiased by default. */
  std(this: Tensor, dim?: Dims | Named<{ dim: Dims }, VarOptions>, options?: VarOptions): Tensor {
    return op.std(this, dim, options);
  }

  /** ln of the sum of e^x along `dim`, without overflow. */
  logsumexp(this: Tensor, dim: Dims | Named<{ dim: Dims }, ReduceOptions>, options?: ReduceOptions): Tensor {
    return op.logsumexp(this, dim, options);
  }

  /** The p-norm. */
  norm(
    this: Tensor,
    p?: number | "fro" | "nuc" | Named<{ p: number | "fro" | "nuc"; dim: Dims }, ReduceOptions>,
    dim?: Dims | Named<{ p: number | "fro" | "nuc"; dim: Dims }, ReduceOptions>,
    options?: ReduceOptions,
  ): Tensor {
    return norm(this, p, dim, options);
  }

  /** How many elements are non-zero, of all or along `dim`, int64. */
  countNonzero(this: Tensor, dim?: Dims | Named<{ dim: Dims }>): Tensor {
    return op.countNonzero(this, dim);
  }
}
