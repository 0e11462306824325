/**
 * Second names that PyTorch has for operations.
 *
 * @module
 */
import { named } from "../apply.ts";
import { DTypeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import {
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  digamma,
  div,
  lgamma,
  mul,
  neg,
  sigmoid,
  sign,
  sub,
  trunc,
} from "./elementwise.ts";
import { ge, gt, le, lt, ne } from "./logical.ts";
import { dot, outer } from "./linalg/matmul.ts";
import { movedim } from "./rearrange.ts";

import { flatten, narrow, transpose } from "./view.ts";
import { cat, chunk, split } from "./join.ts";
import { type Given, inOrder } from "./arguments.ts";
import { checkCall } from "./options.ts";

/** `abs` under its other name. `torch.absolute`. */
export const absolute: typeof abs = abs;

/** `acos` under its other name. `torch.arccos`. */
export const arccos: typeof acos = acos;

/** `acosh` under its other name. `torch.arccosh`. */
export const arccosh: typeof acosh = acosh;

/** `asin` under its other name. `torch.arcsin`. */
export const arcsin: typeof asin = asin;

/** `asinh` under its other name. `torch.arcsinh`. */
export const arcsinh: typeof asinh = asinh;

/** `atan` under its other name. `torch.arctan`. */
export const arctan: typeof atan = atan;

/** `atan2` under its other name. `torch.arctan2`. */
export const arctan2: typeof atan2 = atan2;

/** `atanh` under its other name. `torch.arctanh`. */
export const arctanh: typeof atanh = atanh;

/** `cat` under its other name. `torch.concat`. */
export const concat: typeof cat = cat;

/** `cat` under its other name. `torch.concatenate`. */
export const concatenate: typeof cat = cat;

/** `div` under its other name. `torch.divide`. */
export const divide: typeof div = div;

/** `sigmoid` under its other name. `torch.special.expit`. */
export const expit: typeof sigmoid = sigmoid;

/** `trunc` under its other name. `torch.fix`. */
export const fix: typeof trunc = trunc;

/** `lgamma` under its other name. `torch.special.gammaln`. */
export const gammaln: typeof lgamma = lgamma;

/** `outer` under its other name. `torch.ger`. */
export const ger: typeof outer = outer;

/** `gt` under its other name. `torch.greater`. */
export const greater: typeof gt = gt;

/** `ge` under its other name. `torch.greater_equal`. */
export const greaterEqual: typeof ge = ge;

/** `lt` under its other name. `torch.less`. */
export const less: typeof lt = lt;

/** `le` under its other name. `torch.less_equal`. */
export const lessEqual: typeof le = le;

/** `movedim` under its other name. `torch.moveaxis`. */
export const moveaxis: typeof movedim = movedim;

/** `mul` under its other name. `torch.multiply`. */
export const multiply: typeof mul = mul;

/** `narrow` under its other name. `torch.narrow_copy`. */
export const narrowCopy: typeof narrow = narrow;

/** `neg` under its other name. `torch.negative`. */
export const negative: typeof neg = neg;

/** `ne` under its other name. `torch.not_equal`. */
export const notEqual: typeof ne = ne;

/** `digamma` under its other name. `torch.special.psi`. */
export const psi: typeof digamma = digamma;

/** All elements in one dimension. `torch.ravel`. */
export function ravel(x: Tensor): Tensor {
  checkCall("ravel", [x]);
  return named("View", flatten(x), x);
}

/** `sign` under its other name. `torch.sgn`. */
export function sgn(x: Tensor): Tensor {
  return named("Sgn", sign(x));
}

/** `split` under its other name. `torch.split_with_sizes`. */
export const splitWithSizes: typeof split = split;

/** `sub` under its other name. `torch.subtract`. */
export const subtract: typeof sub = sub;

/** Two axes, by position or by name. */
export type TwoAxes = Given<[axis0: number, axis1: number], [], { axis0: number; axis1: number }>;

/** `transpose` under its other name. `torch.swapaxes`. */
export function swapaxes(x: Tensor, ...axes: TwoAxes): Tensor {
  return transpose(x, ...inOrder<[number, number]>("swapaxes", ["axis0", "axis1"], 2, axes));
}

/** `transpose` under its other name. `torch.swapdims`. */
export const swapdims: typeof transpose = transpose;

/** `chunk` under its other name. `torch.unsafe_chunk`. */
export function unsafeChunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  return chunk(x, chunks, dim).map((piece) => named("UnsafeSplit", piece, x));
}

/** `split` under its other name. `torch.unsafe_split`. */
export function unsafeSplit(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  return split(x, size, dim).map((piece) => named("UnsafeSplit", piece, x));
}

/** `dot` under its other name. `torch.vdot`. */
export function vdot(a: Tensor, b: Tensor): Tensor {
  return named("Vdot", dot(a, b));
}

/** `div` under its other name. `torch.true_divide`. */
export const trueDivide: typeof div = div;

/** x itself; refuses bools. `torch.positive`. */
export function positive(x: Tensor): Tensor {
  checkCall("positive", [x]);
  if (x.dtype !== "bool") return x.value;
  throw new DTypeError("The `+` operator, on a bool tensor is not supported.");
}
