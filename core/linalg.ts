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
} from "./ops/decompose.ts";
export { matmul } from "./ops/linalg.ts";
export {
  linalgLuSolve as luSolve,
  lu,
  luFactor,
  luFactorEx,
  type LuOptions,
  type LuSolveOptions,
} from "./ops/lu.ts";
export { matrixExp, matrixPower, multiDot, vecdot } from "./ops/matrix_functions.ts";
export { cond, linalgNorm as norm, matrixNorm, type MatrixNormOrder, vectorNorm } from "./ops/norms.ts";
export { linalgCross as cross, linalgVander as vander } from "./ops/products.ts";
export { householderProduct } from "./ops/reflections.ts";
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
} from "./ops/solve.ts";
export { type CheckOptions, choleskyEx, invEx, solveEx, type SolveExOptions } from "./ops/solve_ex.ts";
export { diagonal } from "./ops/view.ts";
