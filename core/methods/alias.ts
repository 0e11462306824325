/**
 * Second names that PyTorch has for methods. One line each over the public operations, which say more.
 *
 * @module
 */
import type { TensorLike } from "../ops/cast.ts";
import * as op from "../ops/elementwise.ts";
import * as logic from "../ops/logical.ts";
import { dot, outer } from "../ops/linalg/matmul.ts";
import { positive } from "../ops/aliases.ts";
import { movedim, type MovedimArguments } from "../ops/rearrange.ts";
import { narrow, transpose } from "../ops/view.ts";
import { chunk, split } from "../ops/join.ts";
import type { ByName, Named } from "../ops/arguments.ts";
import type { Tensor } from "../tensor.ts";
import { ArrangeMethods } from "./arrange.ts";

/** Second names that PyTorch has for methods. */
export abstract class AliasMethods extends ArrangeMethods {
  /** `abs` under its other name. */
  absolute(this: Tensor): Tensor {
    return op.abs(this);
  }

  /** `acos` under its other name. */
  arccos(this: Tensor): Tensor {
    return op.acos(this);
  }

  /** `acosh` under its other name. */
  arccosh(this: Tensor): Tensor {
    return op.acosh(this);
  }

  /** `asin` under its other name. */
  arcsin(this: Tensor): Tensor {
    return op.asin(this);
  }

  /** `asinh` under its other name. */
  arcsinh(this: Tensor): Tensor {
    return op.asinh(this);
  }

  /** `atan` under its other name. */
  arctan(this: Tensor): Tensor {
    return op.atan(this);
  }

  /** `atan2` under its other name. */
  arctan2(this: Tensor, other: TensorLike): Tensor {
    return op.atan2(this, other);
  }

  /** `atanh` under its other name. */
  arctanh(this: Tensor): Tensor {
    return op.atanh(this);
  }

  /** `div` under its other name. */
  divide(this: Tensor, other: TensorLike, options?: { readonly roundingMode?: "trunc" | "floor" }): Tensor {
    return op.div(this, other, options);
  }

  /** `div` under its other name. */
  trueDivide(this: Tensor, other: TensorLike): Tensor {
    return op.div(this, other);
  }

  /** `trunc` under its other name. */
  fix(this: Tensor): Tensor {
    return op.trunc(this);
  }

  /** `gt` under its other name. */
  greater(this: Tensor, other: TensorLike): Tensor {
    return logic.gt(this, other);
  }

  /** `ge` under its other name. */
  greaterEqual(this: Tensor, other: TensorLike): Tensor {
    return logic.ge(this, other);
  }

  /** `lt` under its other name. */
  less(this: Tensor, other: TensorLike): Tensor {
    return logic.lt(this, other);
  }

  /** `le` under its other name. */
  lessEqual(this: Tensor, other: TensorLike): Tensor {
    return logic.le(this, other);
  }

  /** `ne` under its other name. */
  notEqual(this: Tensor, other: TensorLike): Tensor {
    return logic.ne(this, other);
  }

  /** `mul` under its other name. */
  multiply(this: Tensor, other: TensorLike): Tensor {
    return op.mul(this, other);
  }

  /** `neg` under its other name. */
  negative(this: Tensor): Tensor {
    return op.neg(this);
  }

  /** This tensor itself. */
  positive(this: Tensor): Tensor {
    return positive(this);
  }

  /** `sign` under its other name. */
  sgn(this: Tensor): Tensor {
    return op.sign(this);
  }

  /** `sub` under its other name. */
  subtract(this: Tensor, other: TensorLike, options?: { readonly alpha?: number | Tensor }): Tensor {
    return op.sub(this, other, options);
  }

  /** `movedim` under its other name. */
  moveaxis(this: Tensor, ...given: MovedimArguments): Tensor {
    return movedim(this, ...given);
  }

  /** `transpose` under its other name. */
  swapdims(this: Tensor, dim0: number, dim1: number | Named<{ dim1: number }>): Tensor;
  /** By name. */
  swapdims(this: Tensor, named: Named<{ dim0: number; dim1: number }>): Tensor;
  swapdims(this: Tensor, dim0: ByName<number>, dim1?: ByName<number>): Tensor {
    return transpose(this, dim0, dim1);
  }

  /** `narrow` under its other name. */
  narrowCopy(
    this: Tensor,
    dim: ByName<number>,
    start?: ByName<number | Tensor>,
    length?: ByName<number>,
  ): Tensor {
    return narrow(this, dim, start, length);
  }

  /** `split` under its other name. */
  splitWithSizes(this: Tensor, sizes: readonly number[], dim?: number): Tensor[] {
    return split(this, sizes, dim);
  }

  /** `chunk` under its other name. */
  unsafeChunk(this: Tensor, chunks: number, dim?: number): Tensor[] {
    return chunk(this, chunks, dim);
  }

  /** `split` under its other name. */
  unsafeSplit(this: Tensor, size: number, dim?: number): Tensor[] {
    return split(this, size, dim);
  }

  /** `outer` under its other name. */
  ger(this: Tensor, other: Tensor): Tensor {
    return outer(this, other);
  }

  /** `dot` under its other name. */
  vdot(this: Tensor, other: Tensor): Tensor {
    return dot(this, other);
  }
}
