/**
 * Methods that rearrange elements. One line each over the public operations, which say more.
 *
 * @module
 */
import * as products from "../ops/linalg/products.ts";
import * as op from "../ops/rearrange.ts";
import { ravel, swapaxes, type TwoAxes } from "../ops/aliases.ts";
import { expand } from "../ops/view.ts";
import { type SizeList, sizesIn } from "../shape.ts";
import type { Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { PointwiseMethods } from "./pointwise.ts";
import { checkTensors } from "../ops/cast.ts";

/** Methods that rearrange elements. */
export abstract class RearrangeMethods extends PointwiseMethods {
  /** Elements moved along dimensions, round the ends: `x.roll(1, 0)` makes 1, 2, 3 to 3, 1, 2. */
  roll(
    this: Tensor,
    shifts: number | readonly number[] | Named<Record<"shifts" | "dims", number | readonly number[]>>,
    dims?: number | readonly number[] | null | Named<{ dims: number | readonly number[] | null }>,
  ): Tensor {
    return op.roll(this, shifts, dims);
  }

  /** Turned by 90 degrees, `k` times: [2, 3] to [3, 2]. */
  rot90(
    this: Tensor,
    k?: number | Named<{ k: number; dims: readonly number[] }>,
    dims?: readonly number[] | Named<{ k: number; dims: readonly number[] }>,
  ): Tensor {
    return op.rot90(this, k, dims);
  }

  /** Repeated along each dimension: `x.repeat(2, 1)` or `x.repeat([2, 1])` makes [3, 4] to [6, 4]. */
  repeat(this: Tensor, ...sizes: SizeList): Tensor {
    return op.repeat(this, sizesIn(sizes));
  }

  /** `repeat` that fills missing sizes with 1: `x.tile(2)` or `x.tile([2])`. */
  tile(this: Tensor, ...sizes: SizeList): Tensor {
    return op.tile(this, sizesIn(sizes));
  }

  /** Each element repeated in place: `x.repeatInterleave(2)` makes 1, 2 to 1, 1, 2, 2; with `dim`, each slice. */
  repeatInterleave(
    this: Tensor,
    repeats:
      | number
      | readonly number[]
      | Tensor
      | Named<{ repeats: number | readonly number[] | Tensor; dim: number | null }, op.RepeatOptions>,
    dim?: number | null | Named<{ dim: number | null }, op.RepeatOptions>,
    options?: op.RepeatOptions,
  ): Tensor {
    return op.repeatInterleave(this, repeats, dim, options);
  }

  /** Zeros above a diagonal, of matrices [..., m, n]: `ones(n, n).tril()` is the mask of causal attention. */
  tril(this: Tensor, offset?: number | Named<{ diagonal: number }>): Tensor {
    return op.tril(this, offset);
  }

  /** Zeros below a diagonal, of matrices [..., m, n]: `x.triu(1)` is without the main one. */
  triu(this: Tensor, offset?: number | Named<{ diagonal: number }>): Tensor {
    return op.triu(this, offset);
  }

  /** Pieces of nearly equal size, or between indices: `x.tensorSplit(2)`, `x.tensorSplit([1, 3], 1)`. */
  tensorSplit(
    this: Tensor,
    sections: number | readonly number[] | Tensor,
    dim?: number | Named<{ dim: number }>,
  ): Tensor[] {
    return op.tensorSplit(this, sections, dim);
  }

  /** The slices along a dimension, which disappears: `x.unbind()` of [2, 3] is two of [3]. */
  unbind(this: Tensor, dim?: number | Named<{ dim: number }>): Tensor[] {
    return op.unbind(this, dim);
  }

  /** Dimensions moved to other places: `x.movedim(0, -1)` makes [2, 3, 4] to [3, 4, 2]. */
  movedim(this: Tensor, ...given: op.MovedimArguments): Tensor {
    return op.movedim(this, ...given);
  }

  /** `transpose` under NumPy's name. */
  swapaxes(this: Tensor, ...axes: TwoAxes): Tensor {
    return swapaxes(this, ...axes);
  }

  /** All elements in one dimension. */
  ravel(this: Tensor): Tensor {
    return ravel(this);
  }

  /** `expand` under NumPy's name: `x.broadcastTo(2, 3)` or `x.broadcastTo([2, 3])`. */
  broadcastTo(this: Tensor, ...shape: SizeList): Tensor {
    return op.broadcastTo(this, sizesIn(shape));
  }

  /** Expanded to the shape of `other`. */
  expandAs(this: Tensor, other: Tensor): Tensor {
    checkTensors("expand_as", [other]);
    return expand(this, other.shape);
  }

  /** A vector [n] as a diagonal matrix [n, n], or the diagonal of a matrix. */
  diag(this: Tensor, offset?: number | Named<{ diagonal: number }>): Tensor {
    return op.diag(this, offset);
  }

  /** The last dimension as diagonals: [..., n] to [..., n, n]. */
  diagEmbed(
    this: Tensor,
    offset?: number | Named<{ offset: number; dim1: number; dim2: number }>,
    dim1?: number | Named<{ offset: number; dim1: number; dim2: number }>,
    dim2?: number | Named<{ offset: number; dim1: number; dim2: number }>,
  ): Tensor {
    return op.diagEmbed(this, offset, dim1, dim2);
  }

  /** The sum of the diagonal of a matrix. */
  trace(this: Tensor): Tensor {
    return products.trace(this);
  }

  /** The Kronecker product: [a, b] and [c, d] to [a c, b d]. */
  kron(this: Tensor, other: Tensor): Tensor {
    return products.kron(this, other);
  }

  /** The cross product of vectors of three, along `dim`. */
  cross(this: Tensor, other: Tensor, dim?: number | Named<{ dim: number }>): Tensor {
    return products.cross(this, other, dim);
  }
}
