/**
 * Matrix methods. One line each over the public operations, which say more.
 *
 * @module
 */
import * as op from "../ops/linalg.ts";
import type { AddmmOptions } from "../ops/linalg.ts";
import type { Tensor } from "../tensor.ts";
import { ViewMethods } from "./view.ts";

/** Matrix methods. */
export abstract class LinalgMethods extends ViewMethods {
  /** The matrix product, vectors and batches included. */
  matmul(this: Tensor, other: Tensor): Tensor {
    return op.matmul(this, other);
  }

  /** The product of two matrices. */
  mm(this: Tensor, other: Tensor): Tensor {
    return op.mm(this, other);
  }

  /** Products of two batches of matrices. */
  bmm(this: Tensor, other: Tensor): Tensor {
    return op.bmm(this, other);
  }

  /** The product with a vector. */
  mv(this: Tensor, other: Tensor): Tensor {
    return op.mv(this, other);
  }

  /** The inner product of two vectors. */
  dot(this: Tensor, other: Tensor): Tensor {
    return op.dot(this, other);
  }

  /** The outer product of two vectors. */
  outer(this: Tensor, other: Tensor): Tensor {
    return op.outer(this, other);
  }

  /** This plus the product of two matrices. */
  addmm(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    return op.addmm(this, a, b, options);
  }
}
