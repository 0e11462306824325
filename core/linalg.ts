/**
 * `torch.linalg`: matrices under the names that PyTorch has for them there. What has the same name at the top level is the same function.
 *
 * @module
 */
export {
  eigh,
  eigvalsh,
  linalgSvd as svd,
  lstsq,
  type LstsqOptions,
  type LstsqResult,
  matrixRank,
  pinv,
  qr,
  type QrMode,
  type RankOptions,
  type SvdResult,
  svdvals,
} from "./ops/linalg/decompose.ts";
export { matmul } from "./ops/linalg/matmul.ts";
export {
  linalgLuSolve as luSolve,
  lu,
  luFactor,
  luFactorEx,
  type LuOptions,
  type LuSolveOptions,
} from "./ops/linalg/lu.ts";
export { matrixExp, matrixPower, multiDot, vecdot } from "./ops/linalg/matrix_functions.ts";
export {
  cond,
  linalgNorm as norm,
  matrixNorm,
  type MatrixNormOrder,
  vectorNorm,
} from "./ops/linalg/norms.ts";
export { linalgCross as cross, linalgVander as vander } from "./ops/linalg/products.ts";
export { householderProduct } from "./ops/linalg/reflections.ts";
export {
  cholesky,
  det,
  inv,
  slogdet,
  solve,
  solveTriangular,
  type SolveTriangularOptions,
  tensorinv,
  tensorsolve,
} from "./ops/linalg/solve.ts";
export { type CheckOptions, choleskyEx, invEx, solveEx, type SolveExOptions } from "./ops/linalg/solve_ex.ts";
export { diagonal } from "./ops/view.ts";
