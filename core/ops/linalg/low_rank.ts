/**
 * Singular values and principal components of matrices of low rank, from products with random matrices (Halko, Martinsson and Tropp).
 *
 * @module
 */
import { ValueError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { linalgSvd, qr } from "./decompose.ts";
import { sub } from "../elementwise.ts";
import { matmul } from "./matmul.ts";
import { checkCall, checkOptions } from "../options.ts";
import { randn } from "../random.ts";
import { mean } from "../reduce.ts";
import { mT } from "../view.ts";

/** Options of `svdLowrank`. */
export interface SvdLowrankOptions {
  /** How many singular values; 6 by default. */
  readonly q?: number;
  /** How often the random matrix is multiplied by A and its transpose; 2 by default. */
  readonly niter?: number;
  /** Taken off A first; broadcasts to it. */
  readonly M?: Tensor | null;
}

/** Orthonormal columns that nearly span those of A. */
function basis(a: Tensor, q: number, niter: number): Tensor {
  const random = randn([a.shape[a.shape.length - 1], q], { dtype: a.dtype, device: a.device });
  let y = qr(matmul(a, random)).Q;
  for (let i = 0; i < niter; i++) y = qr(matmul(a, qr(matmul(mT(a), y)).Q)).Q;
  return y;
}

/** U, S and V of the q largest singular values of A [..., m, n], nearly. Draws from the default generator, reads A. `torch.svd_lowrank`. */
export function svdLowrank(
  a: Tensor,
  options: SvdLowrankOptions = {},
): readonly [U: Tensor, S: Tensor, V: Tensor] {
  checkCall("svd_lowrank", [a]);
  checkOptions("svd_lowrank", options, { q: "number?", niter: "number", M: "any" });
  const { q = 6, niter = 2, M } = options, x = M ? sub(a, M) : a;
  const [m, n] = x.shape.slice(-2);
  if (!Number.isInteger(q) || q < 0 || q > Math.min(m, n)) {
    throw new ValueError(
      `q(=${q}) must be non-negative integer and not greater than min(m, n)=${
        Math.min(m, n)
      }, in svd_lowrank`,
    );
  }
  // Of the shape that is at least as high as wide.
  const turned = m < n, tall = turned ? mT(x) : x;
  const Q = basis(tall, q, niter), { U, S, Vh } = linalgSvd(matmul(mT(Q), tall), { fullMatrices: false });
  const left = matmul(Q, U), right = mT(Vh);
  return turned ? [right, S, left] : [left, S, right];
}

/** Options of `pcaLowrank`. */
export interface PcaLowrankOptions {
  /** How many components; the smaller size or 6 by default. */
  readonly q?: number | null;
  /** Take the means of the columns off first, which is the default. */
  readonly center?: boolean;
  /** As in `svdLowrank`. */
  readonly niter?: number;
}

/** U, S and V of the principal components of A [..., samples, features]. Draws from the default generator, reads A. `torch.pca_lowrank`. */
export function pcaLowrank(
  a: Tensor,
  options: PcaLowrankOptions = {},
): readonly [U: Tensor, S: Tensor, V: Tensor] {
  checkCall("pca_lowrank", [a]);
  checkOptions("pca_lowrank", options, { q: "number?", center: "boolean", niter: "number" });
  const { center = true, niter = 2 } = options, [m, n] = a.shape.slice(-2);
  const q = options.q ?? Math.min(6, m, n);
  if (!Number.isInteger(q) || q < 0 || q > Math.min(m, n)) {
    throw new ValueError(
      `q(=${q}) must be non-negative integer and not greater than min(m, n)=${
        Math.min(m, n)
      }, in pca_lowrank`,
    );
  }
  return svdLowrank(center ? sub(a, mean(a, -2, { keepdim: true })) : a, { q, niter });
}
