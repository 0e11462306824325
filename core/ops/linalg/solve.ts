/**
 * Square systems: determinants, inverses, solutions, LU; triangular and Cholesky solvers. Values are computed on the host (../host.ts).
 *
 * @module
 */
import { mixedDevices, named } from "../../apply.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { type NamedTuple, namedTuple } from "../../named_tuple.ts";
import { broadcastShapes, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { eye } from "../ranges.ts";
import { choleskyOf, type Lu, luOf, luSolve, triangularSolve as triangularOf } from "./dense.ts";
import { add, div, mul, neg } from "../elementwise.ts";
import { where } from "../logical.ts";
import { hostResult, matricesOf, requireMatrices, requireSquare } from "../host.ts";
import { svd } from "./decompose.ts";
import { matmul } from "./matmul.ts";
import { inPlace, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkOptions, type Kinds, requireKind } from "../options.ts";
import { diagEmbed, movedim, tril, triu } from "../rearrange.ts";
import { exclusiveProduct } from "../reduce.ts";
import { expand, mT, reshape, squeeze, unsqueeze } from "../view.ts";

const front = (x: Tensor): Shape => x.shape.slice(0, -2);

function singular(op: string, batch: number, batches: number, k: number): ValueError {
  const where = batches > 1 ? `(Batch element ${batch}): ` : "";
  return new ValueError(
    `${op}: ${where}The diagonal element ${
      k + 1
    } is zero, the inversion could not be completed because the input matrix is singular.`,
  );
}

/** The LU factors of each matrix; refuses singular ones when `op` is not null. */
function factorised(x: Tensor, op: string | null): Lu[] {
  const n = x.shape[x.shape.length - 1], matrices = matricesOf(x);
  return matrices.map((a, b) => {
    const lu = luOf(a, n, n);
    if (op !== null && lu.singular >= 0) {
      if (op !== "torch.linalg.solve") throw singular(op, b, matrices.length, lu.singular);
      throw new ValueError(`${op}: The solver failed because the input matrix is singular.`);
    }
    return lu;
  });
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0);
}

/**
 * The inverse of each matrix [..., n, n]. Reads x. `torch.linalg.inv`.
 *
 * @throws {ShapeError} when the matrices are not square
 * @throws {ValueError} when one is singular
 * @example
 * ```ts
 * import { linalg, tensor } from "@tenon/tenon";
 * console.log(linalg.inv(tensor([[2, 0], [0, 4]])).tolist()); // [ [ 0.5, 0 ], [ 0, 0.25 ] ]
 * ```
 */
export function inv(x: Tensor): Tensor {
  requireSquare("linalg.inv", x);
  if (mustWait(x)) return waiting([x], inv);
  const n = x.shape[x.shape.length - 1];
  const parts = factorised(x, "linalg.inv").map((lu) => luSolve(lu, n, identity(n), n));
  // d X^-1 = -X^-1 dX X^-1
  const y: Tensor = hostResult([x], x.shape, x.dtype, parts, (g) => [neg(matmul(matmul(mT(y), g), mT(y)))]);
  return named("LinalgInvEx", y);
}

/** A and B for a system: B as columns, batches broadcast. */
function system(
  op: string,
  a: Tensor,
  b: Tensor,
): { readonly a: Tensor; readonly b: Tensor; readonly vector: boolean } {
  requireSquare(op, a);
  if (a.device !== b.device) throw mixedDevices(op, a.device, b.device);
  if (a.dtype !== b.dtype) {
    throw new DTypeError(
      `${op}: Expected A and B to have the same dtype, but found A of type ${a.dtype} and B of type ${b.dtype} instead`,
    );
  }
  const n = a.shape[a.shape.length - 1];
  const vector = b.shape.length === 1 ||
    (a.shape.length - 1 === b.shape.length && b.shape.every((s, d) => s === a.shape[d]));
  const columns = vector ? unsqueeze(b, -1) : b;
  if (columns.shape[columns.shape.length - 2] !== n) {
    throw new ShapeError(
      `${op}: Incompatible shapes of A and B for the equation AX = B (${n}x${n} and ${
        columns.shape.slice(-2).join("x")
      })`,
    );
  }
  const batch = broadcastShapes(op, front(a), front(columns));
  return {
    a: expand(a, [...batch, n, n]),
    b: expand(columns, [...batch, ...columns.shape.slice(-2)]),
    vector,
  };
}

function solveColumns(a: Tensor, b: Tensor): Tensor {
  if (mustWait(a, b)) return waiting([a, b], solveColumns);
  const n = a.shape[a.shape.length - 1], k = b.shape[b.shape.length - 1], right = matricesOf(b);
  const parts = factorised(a, "torch.linalg.solve").map((lu, i) => luSolve(lu, n, right[i], k));
  // A X = B: dB' = A^-T G, dA' = -dB' X^T
  const y: Tensor = hostResult([a, b], b.shape, b.dtype, parts, (g) => {
    const gb = solveColumns(mT(a), g);
    return [neg(matmul(gb, mT(y))), gb];
  });
  return y;
}

const solveKinds: Kinds<{ readonly left?: boolean }> = {
  left: "boolean",
};

/** X with A X = B, for A [..., n, n] and B [..., n, k], [..., n] or [n]. Reads both. `torch.linalg.solve`. */
export function solve(a: Tensor, b: Tensor, options: { readonly left?: boolean } = {}): Tensor {
  checkCall("linalg.solve", [a, b], options, solveKinds);
  if (options.left === false) return mT(solve(mT(a), mT(b)));
  const { a: left, b: right, vector } = system("linalg.solve", a, b);
  const x = solveColumns(left, right);
  return named("LinalgSolveEx", vector ? squeeze(x, -1) : x);
}

/** The product of the diagonal of the factors. */
function determinantOf({ factors, sign }: Lu, n: number): number {
  let product = sign;
  for (let i = 0; i < n; i++) product *= factors[i * n + i];
  return product;
}

/** Whether the inverse has lost half of its digits, so that its product with the determinant has too. */
function nearlySingular({ factors }: Lu, n: number): boolean {
  const pivots = Array.from({ length: n }, (_, i) => Math.abs(factors[i * n + i]));
  return n > 0 && Math.min(...pivots) <= 1e-8 * Math.max(...pivots);
}

/** One number for each matrix, beside its elements. */
const forMatrices = (x: Tensor): Tensor => unsqueeze(unsqueeze(x, -1), -1);

/** The cofactors of each matrix, which has no inverse where it is singular: of A = U S V^T they are det(U V) U (products of the other s) V^T. */
function cofactors(x: Tensor): Tensor {
  const { U, S, V } = svd(x), Vt = mT(V);
  const others = diagEmbed(exclusiveProduct(S, [S.shape.length - 1]));
  return mul(forMatrices(det(matmul(U, Vt)).detach()), matmul(matmul(U, others), Vt));
}

/** The determinant of each matrix. Reads x. `torch.linalg.det`. */
export function det(x: Tensor): Tensor {
  requireSquare("linalg.det", x);
  if (mustWait(x)) return waiting([x], det);
  const n = x.shape[x.shape.length - 1], parts = factorised(x, null);
  const isSingular = parts.some((lu) => nearlySingular(lu, n));
  // d det(A) = tr(cofactors^T dA) = det(A) tr(A^-1 dA)
  const y: Tensor = hostResult([x], front(x), x.dtype, [parts.map((lu) => determinantOf(lu, n))], (g) => [
    isSingular ? mul(forMatrices(g), cofactors(x)) : mul(forMatrices(mul(g, y)), mT(inv(x))),
  ]);
  return named("LinalgDet", y);
}

/** Sign and logarithm of the absolute value of each determinant; 0 and -Infinity for singular matrices. Reads x. `torch.linalg.slogdet`. */
export function slogdet(x: Tensor): NamedTuple<readonly ["sign", "logabsdet"]> {
  requireSquare("linalg.slogdet", x);
  if (mustWait(x)) return waiting([x], slogdet);
  const n = x.shape[x.shape.length - 1];
  const signs: number[] = [], logs: number[] = [], parts = factorised(x, null);
  for (const { factors, sign } of parts) {
    let s = sign, total = 0;
    for (let i = 0; i < n; i++) {
      s *= Math.sign(factors[i * n + i]);
      total += Math.log(Math.abs(factors[i * n + i]));
    }
    signs.push(s);
    logs.push(total);
  }
  const isSingular = parts.some((lu) => lu.singular >= 0);
  // d ln|det(A)| = tr(A^-1 dA), infinite where A is singular
  const logabsdet = hostResult([x], front(x), x.dtype, [logs], (g) => [
    mul(forMatrices(g), isSingular ? div(cofactors(x), forMatrices(det(x))) : mT(inv(x))),
  ]);
  return namedTuple(
    "linalg_slogdet",
    ["sign", "logabsdet"],
    hostResult([x], front(x), x.dtype, [signs], null),
    named("LinalgSlogdet", logabsdet),
  );
}

/** ln of each determinant; NaN where it is negative. Reads x. `torch.logdet`. */
export function logdet(x: Tensor): Tensor {
  checkCall("logdet", [x]);
  const { sign, logabsdet } = slogdet(x);
  return where(sign.lt(0), NaN, logabsdet);
}

/** Options of `solveTriangular`. */
export interface SolveTriangularOptions {
  /** Whether A is upper triangular; its other triangle is not read. */
  readonly upper: boolean;
  /** Solve X A = B when false. */
  readonly left?: boolean;
  /** Take the diagonal as ones. */
  readonly unitriangular?: boolean;
}

const solveTriangularKinds: Kinds<SolveTriangularOptions> = {
  upper: "boolean",
  left: "boolean",
  unitriangular: "boolean",
};

/** A and the columns B for a system, batches broadcast. */
function columnSystem(op: string, a: Tensor, b: Tensor): readonly [Tensor, Tensor] {
  requireMatrices(op, b, "B");
  requireSquare(op, a);
  if (a.device !== b.device) throw mixedDevices(op, a.device, b.device);
  const n = a.shape[a.shape.length - 1], k = b.shape[b.shape.length - 1];
  if (a.dtype !== b.dtype || b.shape[b.shape.length - 2] !== n) {
    throw new ShapeError(
      `${op}: Incompatible shapes of A and B for the equation AX = B (${n}x${n} and ${
        b.shape.slice(-2).join("x")
      }), of ${a.dtype} and ${b.dtype}`,
    );
  }
  const batch = broadcastShapes(op, front(a), front(b));
  return [expand(a, [...batch, n, n]), expand(b, [...batch, n, k])];
}

/** X with A X = B for triangular A. Reads both. `torch.linalg.solve_triangular`. */
export function solveTriangular(a: Tensor, b: Tensor, options: SolveTriangularOptions): Tensor {
  checkCall("linalg.solve_triangular", [a, b]);
  checkOptions("linalg.solve_triangular", options, solveTriangularKinds);
  const { upper, left = true, unitriangular = false } = options;
  if (!left) return mT(solveTriangular(mT(a), mT(b), { upper: !upper, unitriangular }));
  const [p, q] = columnSystem("linalg.solve_triangular", a, b);
  if (mustWait(p, q)) return waiting([p, q], (s, t) => solveTriangular(s, t, options));
  const n = p.shape[p.shape.length - 1], k = q.shape[q.shape.length - 1], right = matricesOf(q);
  const parts = matricesOf(p).map((m, i) => triangularOf(m, n, right[i], k, upper, unitriangular));
  const y: Tensor = hostResult([p, q], q.shape, q.dtype, parts, (g) => {
    const gb = solveTriangular(mT(p), g, { upper: !upper, unitriangular });
    const ga = neg(matmul(gb, mT(y))), offset = unitriangular ? 1 : 0;
    return [upper ? triu(ga, offset) : tril(ga, -offset), gb];
  });
  return named("LinalgSolveTriangular", y);
}

/** Options of `triangularSolve`. */
export interface TriangularSolveOptions {
  /** Whether A is upper triangular; true by default. */
  readonly upper?: boolean;
  /** Solve with the transpose of A. */
  readonly transpose?: boolean;
  /** Take the diagonal as ones. */
  readonly unitriangular?: boolean;
}

/** `linalg.solveTriangular` under its old name, with B first; A is given back too. `torch.triangular_solve`. */
export function triangularSolve(
  b: Tensor,
  a: Tensor,
  options: TriangularSolveOptions = {},
): NamedTuple<readonly ["solution", "clonedCoefficient"]> {
  checkOptions("triangular_solve", options, {
    upper: "boolean",
    transpose: "boolean",
    unitriangular: "boolean",
  });
  const { upper = true, transpose = false, unitriangular = false } = options;
  const solution = solveTriangular(transpose ? mT(a) : a, b, { upper: upper !== transpose, unitriangular });
  named("TriangularSolve", solution);
  return namedTuple("triangular_solve", ["solution", "clonedCoefficient"], solution, a.clone());
}

/** The lower triangular L with L L^T = A, of each positive definite matrix; the upper one, L^T, with `upper`. Reads the lower triangle of x. `torch.linalg.cholesky`. */
export function cholesky(x: Tensor, options: { readonly upper?: boolean } = {}): Tensor {
  requireSquare("linalg.cholesky", x);
  if (mustWait(x)) return waiting([x], (t) => cholesky(t, options));
  const n = x.shape[x.shape.length - 1], matrices = matricesOf(x);
  const parts = matrices.map((a, b) => {
    const l = choleskyOf(a, n);
    if (typeof l !== "number") return l;
    throw new ValueError(
      `linalg.cholesky: ${
        matrices.length > 1 ? `(Batch element ${b}): ` : ""
      }The factorization could not be completed because the input is not positive-definite (the leading minor of order ${l} is not positive-definite).`,
    );
  });
  // dA' = L^-T phi(L^T G) L^-1, made symmetric; phi keeps the lower triangle and half of the diagonal
  const l: Tensor = hostResult([x], x.shape, x.dtype, parts, (g) => {
    const inner = matmul(mT(l), g), phi = add(tril(inner, -1), mul(tril(triu(inner)), 0.5));
    const upper = mT(l);
    const half = solveTriangular(upper, phi, { upper: true });
    const s = solveTriangular(l, half, { upper: false, left: false });
    return [mul(add(s, mT(s)), 0.5)];
  });
  const y = named("LinalgCholeskyEx", l);
  return options.upper ? mT(y) : y;
}

const upperKinds: Kinds<{ readonly upper?: boolean }> = {
  upper: "boolean",
};

/** X with A X = B, from the Cholesky factor of A. Reads both. `torch.cholesky_solve`. */
export function choleskySolve(b: Tensor, factor: Tensor, options: { readonly upper?: boolean } = {}): Tensor {
  checkCall("cholesky_solve", [b, factor], options, upperKinds);
  const upper = options.upper === true, [p, q] = columnSystem("cholesky_solve", factor, b);
  if (mustWait(p, q)) return waiting([p, q], (s, t) => choleskySolve(t, s, options));
  const n = p.shape[p.shape.length - 1], k = q.shape[q.shape.length - 1], right = matricesOf(q);
  const lower = matricesOf(upper ? mT(p) : p), higher = matricesOf(upper ? p : mT(p));
  const parts = lower.map((l, i) => {
    return triangularOf(higher[i], n, triangularOf(l, n, right[i], k, false, false), k, true, false);
  });
  // L L^T X = B: dB' = (L L^T)^-1 G, dL' = -(dB' X^T + X dB'^T) L; U^T U X = B: dU' = -U (dB' X^T + X dB'^T), of both triangles
  const x: Tensor = hostResult([p, q], q.shape, q.dtype, parts, (g) => {
    const gb = choleskySolve(g, p, options), product = matmul(gb, mT(x)), both = add(product, mT(product));
    return [neg(upper ? matmul(p, both) : matmul(both, p)), gb];
  });
  return named("CholeskySolve", x);
}

/**
 * The inverse of A, from its Cholesky factor. Reads it. `torch.cholesky_inverse`.
 *
 * @throws {ValueError} when the factor has a zero on its diagonal
 */
export function choleskyInverse(factor: Tensor, options: { readonly upper?: boolean } = {}): Tensor {
  checkCall("cholesky_inverse", [factor], options, upperKinds);
  requireSquare("cholesky_inverse", factor);
  if (mustWait(factor)) return waiting([factor], (t) => choleskyInverse(t, options));
  const n = factor.shape[factor.shape.length - 1], factors = matricesOf(factor);
  factors.forEach((l, b) => {
    const zero = Array.from({ length: n }, (_, i) => l[i * n + i]).indexOf(0);
    if (zero >= 0) throw singular("cholesky_inverse", b, factors.length, zero);
  });
  const one = expand(eye(n, n, { dtype: factor.dtype, device: factor.device }), factor.shape);
  return named("CholeskyInverse", choleskySolve(one, factor, options));
}

/** The inverse of x as a map between its first `ind` dimensions and the others. `torch.linalg.tensorinv`. */
export function tensorinv(x: Tensor, ind: number | Named<{ ind: number }> = 2): Tensor {
  if (isNamed(ind)) return tensorinv(x, ...inPlace("linalg.tensorinv", ["ind"], [ind]));
  checkCall("linalg.tensorinv", [x]);
  requireKind("linalg.tensorinv", "ind", ind, "whole");
  const first = x.shape.slice(0, ind), rest = x.shape.slice(ind);
  if (!Number.isInteger(ind) || ind < 1 || sizeOf(first) !== sizeOf(rest)) {
    throw new ShapeError(
      `Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got ${
        sizeOf(rest)
      } != ${sizeOf(first)}, in linalg.tensorinv`,
    );
  }
  return named("ReshapeAlias", reshape(inv(reshape(x, [sizeOf(first), sizeOf(rest)])), [...rest, ...first]));
}

/** X with tensordot(A, X) = B; the dimensions `dims` of A are moved behind the others first. `torch.linalg.tensorsolve`. */
export function tensorsolve(
  a: Tensor,
  b: Tensor,
  options: { readonly dims?: readonly number[] | null } = {},
): Tensor {
  checkCall("linalg.tensorsolve", [a, b]);
  checkOptions("linalg.tensorsolve", options, { dims: "any" });
  const dims = options.dims ?? [];
  const moved = movedim(a, dims, dims.map((_, i) => a.shape.length - dims.length + i));
  const rest = moved.shape.slice(b.shape.length), size = sizeOf(b.shape);
  if (sizeOf(rest) !== size) {
    throw new ShapeError(
      `Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got ${
        sizeOf(rest)
      } != ${size}, in linalg.tensorsolve`,
    );
  }
  return named("ReshapeAlias", reshape(solve(reshape(moved, [size, size]), reshape(b, [size])), rest));
}
