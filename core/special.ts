/**
 * `torch.special`: functions of mathematics under the names that PyTorch has for them there.
 *
 * @module
 */
export { expit, gammaln, psi } from "./ops/aliases.ts";
export {
  airyAi,
  besselJ0,
  besselJ1,
  besselY0,
  besselY1,
  modifiedBesselK0,
  modifiedBesselK1,
  scaledModifiedBesselK0,
  scaledModifiedBesselK1,
  sphericalBesselJ0,
} from "./ops/special/bessel.ts";
export { digamma, erf, erfc, erfinv, exp2, expm1, log1p, round } from "./ops/elementwise.ts";
export { igamma as gammainc, igammac as gammaincc } from "./ops/special/gamma.ts";
export { logit, sinc, xlogy } from "./ops/pointwise.ts";
export {
  chebyshevPolynomialT,
  chebyshevPolynomialU,
  chebyshevPolynomialV,
  chebyshevPolynomialW,
  hermitePolynomialH,
  hermitePolynomialHe,
  laguerrePolynomialL,
  legendrePolynomialP,
  shiftedChebyshevPolynomialT,
  shiftedChebyshevPolynomialU,
  shiftedChebyshevPolynomialV,
  shiftedChebyshevPolynomialW,
} from "./ops/special/polynomials.ts";
export { logsumexp } from "./ops/reduce.ts";
export { i0 as modifiedBesselI0, i1 as modifiedBesselI1 } from "./ops/special/special.ts";
export { logSoftmax, softmax } from "./ops/nn/softmax.ts";
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
} from "./ops/special/special.ts";
