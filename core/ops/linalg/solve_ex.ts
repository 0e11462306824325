/**
 * Inverses, solutions and Cholesky factors that say where they fail instead of throwing: an `info` of 0 where all is well, else the order of the pivot or of the
 * minor that is at fault. What fails is NaN.
 *
 * @module
 */
import { type NamedTuple, namedTuple } from "../../named_tuple.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { cast, checkTensors } from "../cast.ts";
import { zeros } from "../create.ts";
import { eye } from "../ranges.ts";
import { choleskyOf, luOf } from "./dense.ts";
import { eq, ne, where } from "../logical.ts";
import { hostResult, matricesOf, requireMatrices, requireSquare } from "../host.ts";
import { checkOptions } from "../options.ts";
import { tril, triu } from "../rearrange.ts";
import { cholesky, inv, solve } from "./solve.ts";
import { expand, reshape } from "../view.ts";

/** Options of the functions with an `info`. */
export interface CheckOptions {
  /** Throw as the plain function does. */
  readonly checkErrors?: boolean;
}

/** One number for each matrix, int32. */
function infoOf(x: Tensor, of: (a: Float64Array, n: number) => number): Tensor {
  const n = x.shape[x.shape.length - 1];
  return hostResult([x], x.shape.slice(0, -2), "int32", [matricesOf(x).map((a) => of(a, n))], null);
}

const singularPivot = (a: Float64Array, n: number) => luOf(a, n, n).singular + 1;

/** For each matrix whether it failed, in the rank of matrices. */
function failed(info: Tensor): Tensor {
  return reshape(ne(info, 0), [...info.shape, 1, 1]);
}

/** x with the identity in place of the matrices that fail. */
function safe(x: Tensor, info: Tensor): Tensor {
  const n = x.shape[x.shape.length - 1];
  return where(failed(info), expand(eye(n, n, { dtype: x.dtype, device: x.device }), x.shape), x);
}

function anyFailed(info: Tensor): boolean {
  return sizeOf(info.shape) > 0 && cast(eq(info, 0), "int64").prod().item() === 0;
}

/** The inverses, and the order of the first pivot that is zero. Reads x. `torch.linalg.inv_ex`. */
export function invEx(x: Tensor, options: CheckOptions = {}): NamedTuple<readonly ["inverse", "info"]> {
  checkOptions("linalg.inv_ex", options, { checkErrors: "boolean" });
  requireSquare("linalg.inv_ex", x);
  if (mustWait(x)) return waiting([x], (t) => invEx(t, options));
  const info = infoOf(x, singularPivot);
  const whole = options.checkErrors === true || !anyFailed(info);
  const inverse = whole ? inv(x) : where(failed(info), NaN, inv(safe(x, info)));
  return namedTuple("linalg_inv_ex", ["inverse", "info"], inverse, info);
}

/** Options of `solveEx`. */
export interface SolveExOptions extends CheckOptions {
  /** Solve X A = B when false. */
  readonly left?: boolean;
}

/** The solutions of A X = B, and the order of the first pivot that is zero. Reads both. `torch.linalg.solve_ex`. */
export function solveEx(
  a: Tensor,
  b: Tensor,
  options: SolveExOptions = {},
): NamedTuple<readonly ["result", "info"]> {
  checkOptions("linalg.solve_ex", options, { checkErrors: "boolean", left: "boolean" });
  requireSquare("linalg.solve_ex", a);
  checkTensors("linalg.solve_ex", [b]);
  if (mustWait(a, b)) return waiting([a, b], (s, t) => solveEx(s, t, options));
  const info = infoOf(a, singularPivot), { left = true } = options;
  if (options.checkErrors === true || !anyFailed(info)) {
    return namedTuple("linalg_solve_ex", ["result", "info"], solve(a, b, { left }), info);
  }
  const x = solve(safe(a, info), b, { left });
  const vector = x.shape.length < a.shape.length;
  const bad = vector ? reshape(ne(info, 0), [...info.shape, 1]) : failed(info);
  return namedTuple("linalg_solve_ex", ["result", "info"], where(bad, NaN, x), info);
}

/** The Cholesky factors, and the order of the first minor that is not positive. Reads x. `torch.linalg.cholesky_ex`. */
export function choleskyEx(
  x: Tensor,
  options: CheckOptions & { readonly upper?: boolean } = {},
): NamedTuple<readonly ["L", "info"]> {
  checkOptions("linalg.cholesky_ex", options, { checkErrors: "boolean", upper: "boolean" });
  requireMatrices("linalg.cholesky_ex", x);
  requireSquare("linalg.cholesky_ex", x);
  if (mustWait(x)) return waiting([x], (t) => choleskyEx(t, options));
  const { upper = false, checkErrors = false } = options;
  const info = sizeOf(x.shape) === 0
    ? zeros(x.shape.slice(0, -2), { dtype: "int32", device: x.device })
    : infoOf(x, (a, n) => {
      const l = choleskyOf(a, n);
      return typeof l === "number" ? l : 0;
    });
  const whole = checkErrors || !anyFailed(info);
  if (whole) return namedTuple("linalg_cholesky_ex", ["L", "info"], cholesky(x, { upper }), info);
  const triangle = upper ? triu : tril;
  const L = triangle(where(failed(info), NaN, cholesky(safe(x, info), { upper })));
  return namedTuple("linalg_cholesky_ex", ["L", "info"], L, info);
}
