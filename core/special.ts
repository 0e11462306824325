/**
 * `torch.special`: functions of mathematics under the names that PyTorch has for them there.
 *
 * @module
 */
export { expit, gammaln, psi } from "./ops/aliases.ts";
export { digamma, erf, erfc, erfinv, exp2, expm1, log1p, round } from "./ops/elementwise.ts";
export { igamma as gammainc, igammac as gammaincc } from "./ops/gamma.ts";
export { logit, sinc, xlogy } from "./ops/pointwise.ts";
export { logsumexp } from "./ops/reduce.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export {
  entr,
  erfcx,
  i0,
  i0e,
  i1,
  i1e,
  logNdtr,
  mvlgamma as multigammaln,
  ndtr,
  ndtri,
  polygamma,
  xlog1py,
  zeta,
} from "./ops/special.ts";
