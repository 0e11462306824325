/**
 * LU decompositions: as three factors, as LAPACK's one matrix and its row swaps, and the systems that these solve. Values are computed on the host (../host.ts).
 *
 * @module
 */
import { named } from "../../apply.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { type NamedTuple, namedTuple } from "../../named_tuple.ts";
import { broadcastShapes, sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { eye } from "../ranges.ts";
import { type Lu, luOf } from "./dense.ts";
import { add, neg, sub } from "../elementwise.ts";
import { hostResult, matricesOf, requireMatrices } from "../host.ts";
import { matmul } from "./matmul.ts";
import { checkCall, checkOptions, type Kinds } from "../options.ts";
import { tril, triu } from "../rearrange.ts";
import { solveTriangular } from "./solve.ts";
import { expand, mT, narrow, padDim, reshape } from "../view.ts";
import { cat } from "../join.ts";

const front = (x: Tensor): Shape => x.shape.slice(0, -2);

/** Options of LU decompositions. */
export interface LuOptions {
  /** Swap rows so that pivots are largest; PyTorch's CPU knows nothing else. */
  readonly pivot?: boolean;
}

const luKinds: Kinds<LuOptions> = {
  pivot: "boolean",
};

function factored(op: string, x: Tensor, options: LuOptions): Lu[] {
  checkOptions(op, options, { pivot: "boolean" });
  if (options.pivot === false) {
    throw new ValueError(`linalg.lu_factor: LU without pivoting is not implemented on the CPU, in ${op}`);
  }
  requireMatrices(op, x);
  const [m, n] = x.shape.slice(-2);
  return matricesOf(x).map((a) => luOf(a, m, n));
}

/** The gradient of x [m, n], m <= n, from those of P^T dx = dL U + L dU. */
function wideGradient(P: Tensor, L: Tensor, U: Tensor, gl: Tensor | null, gu: Tensor | null): Tensor {
  const [m, n] = U.shape.slice(-2), u1 = narrow(U, -1, 0, m);
  // With U = [U1 U2] and dX = L^-1 P^T dx: L^-1 dL = tril(dX1 U1^-1, -1), dU1 = dX1 - L^-1 dL U1, dU2 = dX2 - L^-1 dL U2
  const g1 = gu === null ? null : triu(narrow(gu, -1, 0, m)),
    g2 = gu === null ? null : narrow(gu, -1, m, n - m);
  const direct = gl === null ? null : matmul(mT(L), gl);
  const through = g1 === null || g2 === null
    ? null
    : add(matmul(g1, mT(u1)), matmul(g2, mT(narrow(U, -1, m, n - m))));
  const inner = direct === null ? neg(through as Tensor) : through === null ? direct : sub(direct, through);
  const left = solveTriangular(mT(u1), tril(inner, -1), { upper: false, left: false });
  const first = g1 === null ? left : add(left, g1);
  const all = cat([first, g2 ?? expand(eye(m, n - m, like(U)).mul(0), [...front(U), m, n - m])], -1);
  return matmul(P, solveTriangular(mT(L), all, { upper: true, unitriangular: true }));
}

/** The gradient of x [m, n], m > n. */
function tallGradient(P: Tensor, L: Tensor, U: Tensor, gl: Tensor | null, gu: Tensor | null): Tensor {
  const [m, n] = L.shape.slice(-2), l1 = narrow(L, -2, 0, n);
  // With L = [L1; L2] and dX = P^T dx U^-1: dU U^-1 = triu(L1^-1 dX1), dL1 = dX1 - L1 dU U^-1, dL2 = dX2 - L2 dU U^-1
  const lower = gl === null ? null : cat([tril(narrow(gl, -2, 0, n), -1), narrow(gl, -2, n, m - n)], -2);
  const direct = gu === null ? null : matmul(gu, mT(U));
  const through = lower === null ? null : matmul(mT(L), lower);
  const inner = direct === null ? neg(through as Tensor) : through === null ? direct : sub(direct, through);
  const top = solveTriangular(mT(l1), triu(inner), { upper: true, unitriangular: true });
  const below = padDim(top, top.shape.length - 2, 0, m - n, 0);
  const all = lower === null ? below : add(below, lower);
  return matmul(P, solveTriangular(mT(U), all, { upper: false, left: false }));
}

const like = (x: Tensor) => ({ dtype: x.dtype, device: x.device });

/** Permutation, lower and upper factor: A = P L U, with partial pivoting. Reads x. `torch.linalg.lu`. */
export function lu(x: Tensor, options: LuOptions = {}): NamedTuple<readonly ["P", "L", "U"]> {
  checkCall("lu", [x], options, luKinds);
  if (mustWait(x)) return waiting([x], (t) => lu(t, options));
  return factors("linalg.lu", x, factored("linalg.lu", x, options));
}

function factors(op: string, x: Tensor, parts: readonly Lu[]): NamedTuple<readonly ["P", "L", "U"]> {
  const [m, n] = x.shape.slice(-2), k = Math.min(m, n), batch = front(x);
  const ps: Float64Array[] = [], ls: Float64Array[] = [], us: Float64Array[] = [];
  for (const { factors, rows } of parts) {
    const p = new Float64Array(m * m), l = new Float64Array(m * k), u = new Float64Array(k * n);
    rows.forEach((row, i) => p[row * m + i] = 1);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        if (j < i && j < k) l[i * k + j] = factors[i * n + j];
        else if (i < k) u[i * n + j] = factors[i * n + j];
      }
      if (i < k) l[i * k + i] = 1;
    }
    ps.push(p);
    ls.push(l);
    us.push(u);
  }
  const P = hostResult([x], [...batch, m, m], x.dtype, ps, null);
  const back = (gl: Tensor | null, gu: Tensor | null) => [
    (m <= n ? wideGradient : tallGradient)(P, L, U, gl, gu),
  ];
  const L: Tensor = hostResult([x], [...batch, m, k], x.dtype, ls, (g) => back(g, null));
  const U: Tensor = hostResult([x], [...batch, k, n], x.dtype, us, (g) => back(null, g));
  const name = op === "linalg.lu" ? "LinalgLu" : "LinalgLuFactorEx";
  return namedTuple("linalg_lu", ["P", "L", "U"], P, named(name, L), named(name, U));
}

/** The swaps that LAPACK would have made, counted from 1: row i with row `pivots[i]`. */
function swapsOf({ rows }: Lu, count: number): number[] {
  const at = rows.map((_, i) => i), swaps: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = at.indexOf(rows[i]);
    [at[i], at[from]] = [at[from], at[i]];
    swaps.push(from + 1);
  }
  return swaps;
}

/** The factors of A in one matrix, the swaps of rows (int32, from 1), and where the first zero pivot is (from 1; 0 for none). Reads x. `torch.linalg.lu_factor_ex`. */
export function luFactorEx(
  x: Tensor,
  options: LuOptions & { readonly checkErrors?: boolean } = {},
): NamedTuple<readonly ["LU", "pivots", "info"]> {
  checkCall("linalg.lu_factor_ex", [x]);
  checkOptions("linalg.lu_factor_ex", options, { pivot: "boolean", checkErrors: "boolean" });
  if (mustWait(x)) return waiting([x], (t) => luFactorEx(t, options));
  const { pivot = true, checkErrors = false } = options;
  const parts = factored("linalg.lu_factor_ex", x, { pivot });
  const [m, n] = x.shape.slice(-2), k = Math.min(m, n), { L, U } = factors("linalg.lu_factor", x, parts);
  const bad = parts.findIndex((p) => p.singular >= 0);
  if (checkErrors && bad >= 0) {
    const row = parts[bad].singular + 1;
    throw new ValueError(
      `torch.linalg.lu_factor: ${
        parts.length > 1 ? `(Batch element ${bad}): ` : ""
      }U[${row},${row}] is zero and using it on lu_solve would result in a division by zero. If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)`,
    );
  }
  const rank = x.shape.length;
  const both = add(padDim(tril(L, -1), rank - 1, 0, n - k, 0), padDim(U, rank - 2, 0, m - k, 0));
  return namedTuple(
    "linalg_lu_factor_ex",
    ["LU", "pivots", "info"],
    named("LinalgLuFactorEx", both),
    hostResult([x], [...front(x), k], "int32", parts.map((p) => swapsOf(p, k)), null),
    hostResult([x], front(x), "int32", [parts.map((p) => p.singular + 1)], null),
  );
}

/**
 * The factors of A in one matrix, and the swaps of rows (int32, from 1). Reads x. `torch.linalg.lu_factor`.
 *
 * @throws {ValueError} when a pivot is zero, so that nothing can be solved
 */
export function luFactor(x: Tensor, options: LuOptions = {}): NamedTuple<readonly ["LU", "pivots"]> {
  checkCall("lu_factor", [x], options, luKinds);
  const { LU, pivots } = luFactorEx(x, { ...options, checkErrors: true });
  return namedTuple("linalg_lu_factor", ["LU", "pivots"], LU, pivots);
}

/** The permutation matrix P [m, m] that undoes the swaps, so that A = P L U. */
function permutation(pivots: Tensor, m: number, dtype: Tensor["dtype"]): Tensor {
  if (mustWait(pivots)) return waiting([pivots], (t) => permutation(t, m, dtype));
  const swaps = Array.from(pivots.toTypedArray(), Number), k = pivots.shape[pivots.shape.length - 1];
  const matrices: Float64Array[] = [];
  for (let start = 0; start < swaps.length; start += k) {
    const rows = Array.from({ length: m }, (_, i) => i), p = new Float64Array(m * m);
    for (let i = 0; i < k; i++) {
      const from = swaps[start + i] - 1;
      if (from < 0 || from >= m) {
        throw new ValueError(
          `lu_unpack: pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive. Did you properly pass the result of lu_factor? Got ${
            from + 1
          } for ${m} rows`,
        );
      }
      [rows[i], rows[from]] = [rows[from], rows[i]];
    }
    rows.forEach((row, i) => p[row * m + i] = 1);
    matrices.push(p);
  }
  return hostResult([pivots], [...pivots.shape.slice(0, -1), m, m], dtype, matrices, null);
}

function requirePivots(op: string, factors: Tensor, pivots: Tensor): void {
  if (pivots.dtype !== "int32") {
    throw new DTypeError(
      `${op}: pivots should be a Tensor of scalar type torch.int32, but it is ${pivots.dtype}, in torch.linalg.lu_solve and torch.lu_unpack`,
    );
  }
  const wanted = [...front(factors), Math.min(...factors.shape.slice(-2))];
  if (!sameShape(pivots.shape, wanted)) {
    throw new ShapeError(
      `${op}: Number of pivots per batch should be same as the dimension of the matrix: expected [${
        wanted.join(", ")
      }], got [${pivots.shape.join(", ")}]`,
    );
  }
}

/** P, L and U of what `luFactor` gives. Reads the pivots. `torch.lu_unpack`. */
export function luUnpack(factors: Tensor, pivots: Tensor): NamedTuple<readonly ["P", "L", "U"]> {
  checkCall("lu_unpack", [factors, pivots]);
  // Factors of any dtype: they are only taken apart.
  if (factors.shape.length < 2) {
    throw new ShapeError(
      `torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: [${
        factors.shape.join(", ")
      }] instead`,
    );
  }
  requirePivots("lu_unpack", factors, pivots);
  const [m, n] = factors.shape.slice(-2), k = Math.min(m, n);
  const L = add(tril(narrow(factors, -1, 0, k), -1), eye(m, k, like(factors)));
  const U = triu(narrow(factors, -2, 0, k)), P = permutation(pivots, m, factors.dtype);
  return namedTuple("lu_unpack", ["P", "L", "U"], P, named("LuUnpack", L), named("LuUnpack", U));
}

/** Options of `luSolve`. */
export interface LuSolveOptions {
  /** Solve X A = B when false. */
  readonly left?: boolean;
  /** Solve with the transpose of A. */
  readonly adjoint?: boolean;
}

/** X with A X = B, from what `luFactor` gives of A [..., n, n], for B [..., n, k]; batches broadcast. Reads all. `torch.linalg.lu_solve`. */
export function linalgLuSolve(
  factors: Tensor,
  pivots: Tensor,
  b: Tensor,
  options: LuSolveOptions = {},
): Tensor {
  const op = "torch.linalg.lu_solve";
  checkCall(op, [factors, pivots, b]);
  checkOptions(op, options, { left: "boolean", adjoint: "boolean" });
  const { left = true, adjoint = false } = options;
  requireMatrices(op, factors, "LU");
  requirePivots(op, factors, pivots);
  requireMatrices(op, b, "B");
  const n = factors.shape[factors.shape.length - 1];
  if (!left) return mT(linalgLuSolve(factors, pivots, mT(b), { adjoint: !adjoint }));
  if (factors.shape[factors.shape.length - 2] !== n || b.shape[b.shape.length - 2] !== n) {
    throw new ShapeError(
      `${op}: Incompatible shapes of A and B for the equation AX = B (${
        factors.shape.slice(-2).join("x")
      } and ${b.shape.slice(-2).join("x")})`,
    );
  }
  const { P, L, U } = luUnpack(factors, pivots), batch = broadcastShapes(op, front(factors), front(b));
  const right = expand(b, [...batch, ...b.shape.slice(-2)]);
  // A = P L U, so A^-1 = U^-1 L^-1 P^T and A^-T = P L^-T U^-T
  const x = adjoint
    ? matmul(
      P,
      solveTriangular(mT(L), solveTriangular(mT(U), right, { upper: false }), {
        upper: true,
        unitriangular: true,
      }),
    )
    : solveTriangular(
      U,
      solveTriangular(L, matmul(mT(P), right), { upper: false, unitriangular: true }),
      { upper: true },
    );
  return named("LinalgLuSolve", reshape(x, right.shape));
}

/** `linalg.luSolve` with B first. `torch.lu_solve`. */
export function luSolve(b: Tensor, factors: Tensor, pivots: Tensor): Tensor {
  checkCall("lu_solve", [b, factors, pivots]);
  return linalgLuSolve(factors, pivots, b);
}
