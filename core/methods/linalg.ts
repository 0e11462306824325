/**
 * Matrix methods: products, factorisations, functions of matrices. One line each over the public operations, which say more.
 *
 * @module
 */
import type { NamedTuple } from "../named_tuple.ts";
import type { Named } from "../ops/arguments.ts";
import { pinverse, qr, type QrMode, svd } from "../ops/linalg/decompose.ts";
import { luSolve } from "../ops/linalg/lu.ts";
import * as op from "../ops/linalg/matmul.ts";
import type { AddmmOptions } from "../ops/linalg/matmul.ts";
import * as functions from "../ops/linalg/matrix_functions.ts";
import * as reflections from "../ops/linalg/reflections.ts";
import * as solve from "../ops/linalg/solve.ts";
import { mT } from "../ops/view.ts";
import type { Tensor } from "../tensor.ts";
import { ViewMethods } from "./view.ts";

/** Products, factorisations and functions of matrices. */
export abstract class LinalgMethods extends ViewMethods {
  /** The matrix product, vectors and batches included: [..., n, k] and [..., k, m] to [..., n, m]. */
  matmul(this: Tensor, other: Tensor): Tensor {
    return op.matmul(this, other);
  }

  /** The product of two matrices: [n, k] and [k, m] to [n, m]. */
  mm(this: Tensor, other: Tensor): Tensor {
    return op.mm(this, other);
  }

  /** Products of two batches of matrices: [b, n, k] and [b, k, m] to [b, n, m]. */
  bmm(this: Tensor, other: Tensor): Tensor {
    return op.bmm(this, other);
  }

  /** The product with a vector: [n, k] and [k] to [n]. */
  mv(this: Tensor, other: Tensor): Tensor {
    return op.mv(this, other);
  }

  /** The inner product of two vectors: [n] and [n] to a number. */
  dot(this: Tensor, other: Tensor): Tensor {
    return op.dot(this, other);
  }

  /** The outer product of two vectors: [n] and [m] to [n, m]. */
  outer(this: Tensor, other: Tensor): Tensor {
    return op.outer(this, other);
  }

  /** This plus the product of two matrices. */
  addmm(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    return op.addmm(this, a, b, options);
  }

  /** This plus the product with a vector. */
  addmv(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    return op.addmv(this, a, b, options);
  }

  /** This plus products of batches. */
  baddbmm(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    return op.baddbmm(this, a, b, options);
  }

  /** This plus the sum of a batch of products. */
  addbmm(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    return functions.addbmm(this, a, b, options);
  }

  /** This plus an outer product. */
  addr(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    return functions.addr(this, a, b, options);
  }

  /** The sum of products over the last dimensions. */
  inner(this: Tensor, other: Tensor): Tensor {
    return functions.inner(this, other);
  }

  /** A power of square matrices. */
  matrixPower(this: Tensor, n: number | Named<{ n: number }>): Tensor {
    return functions.matrixPower(this, n);
  }

  /** e to the power of square matrices. */
  matrixExp(this: Tensor): Tensor {
    return functions.matrixExp(this);
  }

  /** The inverse of square matrices [..., n, n]. */
  inverse(this: Tensor): Tensor {
    return solve.inv(this);
  }

  /** The determinants of square matrices: [..., n, n] to [...]. */
  det(this: Tensor): Tensor {
    return solve.det(this);
  }

  /** ln of the determinants. */
  logdet(this: Tensor): Tensor {
    return solve.logdet(this);
  }

  /** Signs and logarithms of the determinants. */
  slogdet(this: Tensor): NamedTuple<readonly ["sign", "logabsdet"]> {
    return solve.slogdet(this);
  }

  /** The Cholesky factor of positive definite matrices. */
  cholesky(this: Tensor, upper = false): Tensor {
    return solve.cholesky(this, { upper });
  }

  /** X with A X = this, from the Cholesky factor of A. */
  choleskySolve(this: Tensor, factor: Tensor, upper = false): Tensor {
    return solve.choleskySolve(this, factor, { upper });
  }

  /** The inverse of A, from this Cholesky factor of it. */
  choleskyInverse(this: Tensor, upper = false): Tensor {
    return solve.choleskyInverse(this, { upper });
  }

  /** Orthonormal columns and an upper triangular factor: [..., m, n] to [..., m, k] and [..., k, n]. */
  qr(this: Tensor, mode?: QrMode): NamedTuple<readonly ["Q", "R"]> {
    return qr(this, mode);
  }

  /** Singular values and vectors, U, S, V with this = U diag(S) V^T: [..., m, n] to [..., m, k], [..., k], [..., n, k]. */
  svd(
    this: Tensor,
    options?: { readonly some?: boolean },
  ): NamedTuple<readonly ["U", "S", "V"]> {
    return svd(this, options);
  }

  /** The pseudo-inverse without the singular values up to `rcond` times the largest. */
  pinverse(this: Tensor, rcond?: number | Named<{ rcond: number }>): Tensor {
    return pinverse(this, rcond);
  }

  /** X in A X = this for a triangular A, and A. */
  triangularSolve(
    this: Tensor,
    a: Tensor,
    options?: solve.TriangularSolveOptions,
  ): NamedTuple<readonly ["solution", "clonedCoefficient"]> {
    return solve.triangularSolve(this, a, options);
  }

  /** X in A X = this, from the factors and pivots of A. */
  luSolve(this: Tensor, factors: Tensor, pivots: Tensor): Tensor {
    return luSolve(this, factors, pivots);
  }

  /** The reflections of a QR decomposition, and their factors. */
  geqrf(this: Tensor): NamedTuple<readonly ["a", "tau"]> {
    return reflections.geqrf(this);
  }

  /** The matrix of the reflections that `geqrf` gives. */
  orgqr(this: Tensor, tau: Tensor): Tensor {
    return reflections.householderProduct(this, tau);
  }

  /** The product of that matrix and another. */
  ormqr(this: Tensor, tau: Tensor, other: Tensor, options?: reflections.OrmqrOptions): Tensor {
    return reflections.ormqr(this, tau, other, options);
  }

  /** The last two dimensions swapped. */
  adjoint(this: Tensor): Tensor {
    return mT(this);
  }
}
