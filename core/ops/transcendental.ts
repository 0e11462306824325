/**
 * Functions of one number that give a float: roots, exponentials, logarithms, trigonometry, the error and gamma functions. One primitive each. They are
 * imported through elementwise.ts.
 *
 * @module
 */
import { apply } from "../apply.ts";
import * as prim from "../prim/elementwise.ts";
import type { Primitive } from "../prim/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat, checkTensors } from "./cast.ts";

function floatUnary(p: Primitive<undefined>, x: Tensor): Tensor {
  checkTensors(p.name, [x]);
  return apply(p, [asFloat(x)], undefined);
}

/** sqrt(x). `torch.sqrt`. */
export function sqrt(x: Tensor): Tensor {
  return floatUnary(prim.sqrtPrim, x);
}

/** 1 / sqrt(x). `torch.rsqrt`. */
export function rsqrt(x: Tensor): Tensor {
  return floatUnary(prim.rsqrtPrim, x);
}

/** 1 / x. `torch.reciprocal`. */
export function reciprocal(x: Tensor): Tensor {
  return floatUnary(prim.reciprocalPrim, x);
}

/** e^x. `torch.exp`. */
export function exp(x: Tensor): Tensor {
  return floatUnary(prim.expPrim, x);
}

/** 2^x. `torch.exp2`. */
export function exp2(x: Tensor): Tensor {
  return floatUnary(prim.exp2Prim, x);
}

/** e^x - 1, accurate near 0. `torch.expm1`. */
export function expm1(x: Tensor): Tensor {
  return floatUnary(prim.expm1Prim, x);
}

/** The natural logarithm. `torch.log`. */
export function log(x: Tensor): Tensor {
  return floatUnary(prim.logPrim, x);
}

/** The logarithm to base 2. `torch.log2`. */
export function log2(x: Tensor): Tensor {
  return floatUnary(prim.log2Prim, x);
}

/** The logarithm to base 10. `torch.log10`. */
export function log10(x: Tensor): Tensor {
  return floatUnary(prim.log10Prim, x);
}

/** ln(1 + x), accurate near 0. `torch.log1p`. */
export function log1p(x: Tensor): Tensor {
  return floatUnary(prim.log1pPrim, x);
}

/** The sine of x in radians. `torch.sin`. */
export function sin(x: Tensor): Tensor {
  return floatUnary(prim.sinPrim, x);
}

/** The cosine of x in radians. `torch.cos`. */
export function cos(x: Tensor): Tensor {
  return floatUnary(prim.cosPrim, x);
}

/** The tangent of x in radians. `torch.tan`. */
export function tan(x: Tensor): Tensor {
  return floatUnary(prim.tanPrim, x);
}

/** The arc sine, in radians. `torch.asin`. */
export function asin(x: Tensor): Tensor {
  return floatUnary(prim.asinPrim, x);
}

/** The arc cosine, in radians. `torch.acos`. */
export function acos(x: Tensor): Tensor {
  return floatUnary(prim.acosPrim, x);
}

/** The arc tangent, in radians. `torch.atan`. */
export function atan(x: Tensor): Tensor {
  return floatUnary(prim.atanPrim, x);
}

/** The hyperbolic sine. `torch.sinh`. */
export function sinh(x: Tensor): Tensor {
  return floatUnary(prim.sinhPrim, x);
}

/** The hyperbolic cosine. `torch.cosh`. */
export function cosh(x: Tensor): Tensor {
  return floatUnary(prim.coshPrim, x);
}

/** The hyperbolic tangent. `torch.tanh`. */
export function tanh(x: Tensor): Tensor {
  return floatUnary(prim.tanhPrim, x);
}

/** The inverse hyperbolic sine. `torch.asinh`. */
export function asinh(x: Tensor): Tensor {
  return floatUnary(prim.asinhPrim, x);
}

/** The inverse hyperbolic cosine. `torch.acosh`. */
export function acosh(x: Tensor): Tensor {
  return floatUnary(prim.acoshPrim, x);
}

/** The inverse hyperbolic tangent. `torch.atanh`. */
export function atanh(x: Tensor): Tensor {
  return floatUnary(prim.atanhPrim, x);
}

/** 1 / (1 + e^-x). `torch.sigmoid`. */
export function sigmoid(x: Tensor): Tensor {
  return floatUnary(prim.sigmoidPrim, x);
}

/** The error function. `torch.erf`. */
export function erf(x: Tensor): Tensor {
  return floatUnary(prim.erfPrim, x);
}

/** 1 - erf(x). `torch.erfc`. */
export function erfc(x: Tensor): Tensor {
  return floatUnary(prim.erfcPrim, x);
}

/** The inverse of the error function. `torch.erfinv`. */
export function erfinv(x: Tensor): Tensor {
  return floatUnary(prim.erfinvPrim, x);
}

/** ln|gamma(x)|. `torch.lgamma`. */
export function lgamma(x: Tensor): Tensor {
  return floatUnary(prim.lgammaPrim, x);
}

/** The derivative of ln gamma(x). `torch.digamma`. */
export function digamma(x: Tensor): Tensor {
  return floatUnary(prim.digammaPrim, x);
}
