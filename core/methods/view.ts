/**
 * Views and shape methods. One line each over the public operations, which say more.
 *
 * @module
 */
import { named } from "../apply.ts";
import type { DType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { viewAsType } from "../ops/host.ts";
import { chunk, split } from "../ops/join.ts";
import * as op from "../ops/view.ts";
import { type Shape, type SizeList, sizesIn } from "../shape.ts";
import { type ByName, inPlace, isNamed, type Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { ReduceMethods } from "./reduce.ts";

/** Views and shape methods. */
export abstract class ViewMethods extends ReduceMethods {
  /** The same elements under another shape: `x.reshape(2, 3)` or `x.reshape([2, 3])`. */
  reshape(this: Tensor, ...shape: SizeList): Tensor {
    const y = op.reshape(this, sizesIn(shape));
    return y === this.value ? named("ReshapeAlias", y, this) : y;
  }

  /** `reshape` under PyTorch's other name. */
  view(this: Tensor, ...shape: SizeList): Tensor;
  /** The same bytes as elements of another dtype: `x.view("int32")`. */
  view(this: Tensor, dtype: DType): Tensor;
  view(this: Tensor, ...args: SizeList | readonly [DType]): Tensor {
    const [first] = args;
    if (typeof first === "string") return viewAsType(this, first);
    return named("View", op.reshape(this, sizesIn(args as SizeList)), this);
  }

  /** Dimensions in another order: `x.permute(2, 0, 1)` or `x.permute([2, 0, 1])` makes [2, 3, 4] to [4, 2, 3]. */
  permute(this: Tensor, ...dims: SizeList | readonly [Named<{ dims: Shape }>]): Tensor {
    const [first] = dims;
    return op.permute(this, isNamed(first) ? first : sizesIn(dims as SizeList));
  }

  /** Two dimensions swapped: `x.transpose(0, 2)` makes [2, 3, 4] to [4, 3, 2]. */
  transpose(this: Tensor, dim0: number, dim1: number | Named<{ dim1: number }>): Tensor;
  /** By name. */
  transpose(this: Tensor, named: Named<{ dim0: number; dim1: number }>): Tensor;
  transpose(this: Tensor, dim0: ByName<number>, dim1?: ByName<number>): Tensor {
    return op.transpose(this, dim0, dim1);
  }

  /** Dimensions of size 1 repeated: `x.expand(2, 3)` or `x.expand([2, 3])` makes [1, 3] to [2, 3]; -1 keeps a size. */
  expand(this: Tensor, ...shape: SizeList): Tensor {
    return op.expand(this, sizesIn(shape));
  }

  /** A dimension of size 1 put in: `x.unsqueeze(1)` makes [2, 3] to [2, 1, 3], `x.unsqueeze(-1)` to [2, 3, 1]. */
  unsqueeze(this: Tensor, dim: number | Named<{ dim: number }>): Tensor {
    return op.unsqueeze(this, dim);
  }

  /** Dimensions of size 1 removed, all or the given: `x.squeeze()` makes [1, 3, 1] to [3], `x.squeeze(0)` to [3, 1]. */
  squeeze(
    this: Tensor,
    dim?: number | readonly number[] | Named<{ dim: number | readonly number[] }>,
  ): Tensor {
    return op.squeeze(this, dim);
  }

  /** Dimensions joined to one: `x.flatten(1)` makes [2, 3, 4] to [2, 12], `x.flatten()` to [24]. */
  flatten(
    this: Tensor,
    start?: number | Named<{ startDim: number; endDim: number }>,
    end?: number | Named<{ startDim: number; endDim: number }>,
  ): Tensor {
    return op.flatten(this, start, end);
  }

  /** One dimension as several: `x.unflatten(1, [3, 4])` makes [2, 12] to [2, 3, 4]. */
  unflatten(this: Tensor, ...given: op.UnflattenArguments): Tensor {
    return op.unflatten(this, ...given);
  }

  /** `length` indices from `start` on: `x.narrow(0, 1, 2)` is `x.get("1:3")`. */
  narrow(
    this: Tensor,
    dim: number,
    start: number | Tensor,
    length: number | Named<{ length: number }>,
  ): Tensor;
  /** By name, all or those after the dimension. */
  narrow(
    this: Tensor,
    dim: ByName<number>,
    named?: Named<{ dim: number; start: number | Tensor; length: number }>,
  ): Tensor;
  narrow(
    this: Tensor,
    dim: ByName<number>,
    start?: ByName<number | Tensor>,
    length?: ByName<number>,
  ): Tensor {
    return op.narrow(this, dim, start, length);
  }

  /** Python's start:end:step along a dimension. */
  slice(this: Tensor, dim: number, start?: number | null, end?: number | null, step?: number): Tensor {
    return op.slice(this, dim, start, end, step);
  }

  /** One index along a dimension, which disappears: `x.select(1, 0)` is `x.get(":", 0)`. */
  select(this: Tensor, dim: number, index: number | Named<{ index: number }>): Tensor;
  /** By name. */
  select(this: Tensor, named: Named<{ dim: number; index: number }>): Tensor;
  select(this: Tensor, dim: ByName<number>, index?: ByName<number>): Tensor {
    return op.select(this, dim, index);
  }

  /** Dimensions reversed: `x.flip(0, 1)` or `x.flip([0, 1])`. */
  flip(this: Tensor, ...dims: SizeList | readonly [Named<{ dims: number | readonly number[] }>]): Tensor {
    const [first] = dims;
    return op.flip(this, isNamed(first) ? first : sizesIn(dims as SizeList));
  }

  /** Windows along a dimension, in a new last one: `x.unfold(0, 3, 1)` makes [5] to [3, 3]. */
  unfold(this: Tensor, dim: number, size: number, step: number): Tensor {
    return op.windows(this, dim, size, step);
  }

  /** The diagonal of two dimensions, the first two if not given, as the last one: [3, 3, 5] to [5, 3]. */
  diagonal(
    this: Tensor,
    offset?: number | Named<{ offset: number; dim1: number; dim2: number }>,
    dim1?: number | Named<{ offset: number; dim1: number; dim2: number }>,
    dim2?: number | Named<{ offset: number; dim1: number; dim2: number }>,
  ): Tensor {
    return op.diagonal(this, offset, dim1, dim2);
  }

  /** Pieces of a size, or of several sizes: `x.split(2)` cuts [5, 3] into [2, 3], [2, 3] and [1, 3], `x.split([1, 4])` into [1, 3] and [4, 3]. */
  split(
    this: Tensor,
    size: number | readonly number[] | Named<{ splitSize: number | readonly number[]; dim: number }>,
    dim?: number | Named<{ dim: number }>,
  ): Tensor[] {
    return isNamed(size)
      ? split(this, ...inPlace("split", ["splitSize", "dim"], [size, dim], 1))
      : split(this, size, dim);
  }

  /** At most `chunks` pieces of equal size: `x.chunk(2)` cuts [5, 3] into [3, 3] and [2, 3]. */
  chunk(
    this: Tensor,
    chunks: number | Named<{ chunks: number; dim: number }>,
    dim?: number | Named<{ dim: number }>,
  ): Tensor[] {
    return chunk(this, chunks, dim);
  }

  /** The transpose of a matrix; a vector or a number as it is. `torch.t`. */
  t(this: Tensor): Tensor {
    if (this.shape.length > 2) {
      throw new ShapeError(`t() expects a tensor with <= 2 dimensions, but self is ${this.shape.length}D`);
    }
    return this.shape.length < 2 ? this.value : named("T", op.transpose(this, 0, 1));
  }

  /** The dimensions in reverse order: the transpose of a matrix. */
  get T(): Tensor {
    const x = this.value;
    return x.shape.length < 2 ? x : op.permute(x, x.shape.map((_, d) => x.shape.length - 1 - d));
  }

  /** The last two dimensions swapped. */
  get mT(): Tensor {
    return op.mT(this.value);
  }

  /** `T` of a matrix, a number as it is: there are no complex numbers to conjugate. */
  get H(): Tensor {
    const rank = this.value.shape.length;
    if (rank === 0 || rank === 2) return this.T;
    throw new ShapeError(
      `tensor.H is only supported on matrices (2-D tensors). Got ${rank}-D tensor.${
        rank > 2 ? " For batches of matrices, consider using tensor.mH" : ""
      }`,
    );
  }

  /** This tensor itself, as there are no complex numbers. */
  get real(): Tensor {
    return this.value;
  }

  /** `mT`, as there are no complex numbers to conjugate. */
  get mH(): Tensor {
    return op.mT(this.value);
  }

  /** The immutable tensor that this one stands for now; itself unless it is a Parameter. */
  abstract get value(): Tensor;
}
