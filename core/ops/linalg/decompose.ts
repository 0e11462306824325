/**
 * Orthogonal decompositions: QR, eigenvalues of symmetric matrices, singular values; and what rests on them: rank, pseudo-inverse, least squares. Norms by
 * singular values are in norms.ts. Values are computed on the host (../host.ts).
 *
 * @module
 */
import { named } from "../../apply.ts";
import { type DType, readElement } from "../../dtype.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { type NamedTuple, namedTuple } from "../../named_tuple.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { add, div, mul, neg, sub } from "../elementwise.ts";
import { eye } from "../ranges.ts";
import { eighOf, qrOf, svdOf } from "./dense.ts";
import { hostResult, matricesOf, requireMatrices, requireSquare } from "../host.ts";
import { matmul } from "./matmul.ts";
import { inPlace, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkOptions, type Kinds, requireKind } from "../options.ts";
import { tril, triu } from "../rearrange.ts";
import { sum } from "../reduce.ts";
import { solveTriangular } from "./solve.ts";
import { expand, mT, narrow, squeeze, unsqueeze } from "../view.ts";
import { cat } from "../join.ts";

const front = (x: Tensor): Shape => x.shape.slice(0, -2);

/** The singular values and vectors of each matrix; what is not finite has none. */
function svdsOf(x: Tensor): ReturnType<typeof svdOf>[] {
  const [m, n] = x.shape.slice(-2), batched = x.shape.length > 2;
  return matricesOf(x).map((a, i) => {
    if (a.every(Number.isFinite)) return svdOf(a, m, n);
    throw new ValueError(
      `linalg.svd: ${
        batched ? `(Batch element ${i}): ` : ""
      }The algorithm failed to converge because the input matrix contained non-finite values.`,
    );
  });
}

const column = (x: Tensor) => unsqueeze(x, -1), row = (x: Tensor) => unsqueeze(x, -2);

/** The symmetric matrix with the lower triangle of x. */
function copyLower(x: Tensor): Tensor {
  return add(tril(x), mT(tril(x, -1)));
}

/** Q and R of tall matrices [m, n], m >= n. */
function tallQr(x: Tensor): { readonly Q: Tensor; readonly R: Tensor } {
  if (mustWait(x)) return waiting([x], tallQr);
  const [m, n] = x.shape.slice(-2), parts = matricesOf(x).map((a) => qrOf(a, m, n, n));
  // dA' = (G_Q + Q copyLower(R G_R^T - G_Q^T Q)) R^-T
  const back = (inner: Tensor, direct: Tensor | null) => {
    const right = matmul(Q, copyLower(inner));
    return [
      solveTriangular(mT(R), direct === null ? right : add(direct, right), { upper: false, left: false }),
    ];
  };
  const Q: Tensor = hostResult(
    [x],
    [...front(x), m, n],
    x.dtype,
    parts.map((p) => p.q),
    (g) => back(neg(matmul(mT(g), Q)), g),
  );
  const R: Tensor = hostResult(
    [x],
    [...front(x), n, n],
    x.dtype,
    parts.map((p) => p.r),
    (g) => back(matmul(R, mT(g)), null),
  );
  return { Q, R };
}

/** How much of Q and R to compute. */
export type QrMode = "reduced" | "complete" | "r";

/**
 * Orthonormal columns Q and upper triangular R with A = Q R. "reduced" gives Q [m, k] and R [k, n], k = min(m, n); "complete" all m columns; "r" leaves Q
 * empty. Reads x. `torch.linalg.qr`.
 */
export function qr(
  x: Tensor,
  mode: QrMode | Named<{ mode: QrMode }> = "reduced",
): NamedTuple<readonly ["Q", "R"]> {
  if (isNamed(mode)) return qr(x, ...inPlace("linalg.qr", ["mode"], [mode]));
  requireMatrices("linalg.qr", x);
  if (mode !== "reduced" && mode !== "complete" && mode !== "r") {
    throw new ValueError(
      `qr received unrecognized mode '${mode}' but expected one of 'reduced' (default), 'r', or 'complete'`,
    );
  }
  const [m, n] = x.shape.slice(-2);
  const result = (Q: Tensor, R: Tensor) => namedTuple("linalg_qr", ["Q", "R"], Q, R);
  if (mode === "complete" && m > n) {
    if (mustWait(x)) return waiting([x], (t) => qr(t, mode));
    const parts = matricesOf(x).map((a) => qrOf(a, m, n, m));
    const refuse = () => {
      throw new ShapeError(
        `The QR decomposition is not differentiable when mode='complete' and nrows > ncols., in linalg.qr of [${
          x.shape.join(", ")
        }]`,
      );
    };
    return result(
      hostResult([x], [...front(x), m, m], x.dtype, parts.map((p) => p.q), refuse),
      hostResult([x], x.shape, x.dtype, parts.map((p) => p.r), refuse),
    );
  }
  const k = Math.min(m, n), { Q, R } = tallQr(narrow(x, -1, 0, k));
  // Of a wide matrix the first columns decide Q.
  const all = m >= n ? R : cat([R, matmul(mT(Q), narrow(x, -1, m, n - m))], -1);
  const empty = () => hostResult([x], [0], x.dtype, [], null);
  return result(mode === "r" ? empty() : named("LinalgQr", Q), named("LinalgQr", all));
}

/** 1 / (b_j - b_i) off the diagonal, 0 on it. */
function gaps(b: Tensor): Tensor {
  const n = b.shape[b.shape.length - 1], diagonalOnes = eye(n, n, { dtype: b.dtype, device: b.device });
  const difference = sub(row(b), column(b));
  return div(sub(1, diagonalOnes), add(difference, diagonalOnes));
}

/** The symmetric matrix that one triangle stands for. */
function symmetric(x: Tensor, triangle: "L" | "U"): Tensor {
  if (triangle !== "L" && triangle !== "U") {
    throw new ValueError(`Expected UPLO argument to be 'L' or 'U', but got ${triangle}, in linalg.eigh`);
  }
  return triangle === "L" ? add(tril(x), mT(tril(x, -1))) : add(triu(x), mT(triu(x, 1)));
}

/**
 * Eigenvalues, ascending, and eigenvectors (columns) of symmetric matrices, of which one triangle is read. Signs of eigenvectors are not unique. Reads x.
 * `torch.linalg.eigh`.
 */
export function eigh(
  x: Tensor,
  uplo: "L" | "U" = "L",
): NamedTuple<readonly ["eigenvalues", "eigenvectors"]> {
  requireSquare("linalg.eigh", x);
  if (mustWait(x)) return waiting([x], (t) => eigh(t, uplo));
  const n = x.shape[x.shape.length - 1];
  const parts = matricesOf(symmetric(x, uplo).detach()).map((a) => eighOf(a, n));
  // dA' = V diag(g) V^T
  const values: Tensor = hostResult([x], x.shape.slice(0, -1), x.dtype, parts.map((p) => p.values), (g) => [
    matmul(mul(vectors, row(g)), mT(vectors)),
  ]);
  // dA' = V (V^T G / (w_j - w_i)) V^T
  const vectors: Tensor = hostResult([x], x.shape, x.dtype, parts.map((p) => p.vectors), (g) => [
    matmul(matmul(vectors, mul(matmul(mT(vectors), g), gaps(values))), mT(vectors)),
  ]);
  return namedTuple(
    "linalg_eigh",
    ["eigenvalues", "eigenvectors"],
    named("LinalgEigh", values),
    named("LinalgEigh", vectors),
  );
}

/** The eigenvalues of symmetric matrices, ascending. Reads x. `torch.linalg.eigvalsh`. */
export function eigvalsh(x: Tensor, uplo: "L" | "U" = "L"): Tensor {
  return eigh(x, uplo).eigenvalues;
}

/** The singular value decomposition A = U diag(S) Vh. */
export interface SvdResult extends NamedTuple<readonly ["U", "S", "Vh"]> {
  /** Left singular vectors as columns. */
  readonly U: Tensor;
  /** Singular values, descending. */
  readonly S: Tensor;
  /** Right singular vectors as rows. */
  readonly Vh: Tensor;
}

function thinSvd(x: Tensor): { readonly U: Tensor; readonly S: Tensor; readonly V: Tensor } {
  if (mustWait(x)) return waiting([x], thinSvd);
  const [m, n] = x.shape.slice(-2), k = Math.min(m, n);
  const parts = svdsOf(x);
  const skew = (t: Tensor) => sub(t, mT(t));
  // E_ij = s_j^2 - s_i^2
  const over = (t: Tensor) => mul(skew(t), gaps(mul(S, S)));
  /** What lies outside of the singular vectors. */
  const beyond = (basis: Tensor, g: Tensor) => sub(g, matmul(basis, matmul(mT(basis), g)));
  const S: Tensor = hostResult([x], [...front(x), k], x.dtype, parts.map((p) => p.s), (g) => [
    matmul(mul(U, row(g)), mT(V)),
  ]);
  const U: Tensor = hostResult([x], [...front(x), m, k], x.dtype, parts.map((p) => p.u), (g) => {
    const inside = matmul(U, mul(over(matmul(mT(U), g)), row(S)));
    return [matmul(m > k ? add(inside, div(beyond(U, g), row(S))) : inside, mT(V))];
  });
  const V: Tensor = hostResult([x], [...front(x), n, k], x.dtype, parts.map((p) => p.v), (g) => {
    const inside = matmul(mul(column(S), over(matmul(mT(V), g))), mT(V));
    return [matmul(U, n > k ? add(inside, div(mT(beyond(V, g)), column(S))) : inside)];
  });
  return { U, S, V };
}

/**
 * Singular values and vectors. `fullMatrices` (default, as in PyTorch) completes U and Vh to square matrices, which have no gradient then unless they are square
 * anyway. Signs of singular vectors are not unique. Reads x. `torch.linalg.svd`.
 */
export function linalgSvd(x: Tensor, options: { readonly fullMatrices?: boolean } = {}): SvdResult {
  requireMatrices("linalg.svd", x);
  checkOptions("linalg.svd", options, { fullMatrices: "boolean" });
  const { U, S, V } = thinSvd(x);
  const [m, n] = x.shape.slice(-2);
  const whole = (t: Tensor, size: number) => {
    if (options.fullMatrices === false || t.shape[t.shape.length - 1] === size) return t;
    // The last columns of a complete QR are orthogonal to the first.
    const rest = narrow(
      qr(t.detach(), "complete").Q,
      -1,
      t.shape[t.shape.length - 1],
      size - t.shape[t.shape.length - 1],
    );
    return cat([t, rest], -1);
  };
  const parts = [whole(U, m), S, mT(whole(V, n))].map((part) => named("LinalgSvd", part));
  return namedTuple("linalg_svd", ["U", "S", "Vh"], ...parts);
}

const svdKinds: Kinds<{ readonly some?: boolean }> = {
  some: "boolean",
};

/**
 * U, S and V (not transposed) with A = U diag(S) V^T; `some: false` completes U and V. Reads x. `torch.svd`.
 *
 * @example
 * ```ts
 * import { svd, tensor } from "@tenon/tenon";
 * const [u, s, v] = svd(tensor([[3, 0], [0, 2]]));
 * console.log(s.tolist(), u.shape, v.shape); // [ 3, 2 ] [ 2, 2 ] [ 2, 2 ]
 * ```
 */
export function svd(
  x: Tensor,
  options: { readonly some?: boolean } = {},
): NamedTuple<readonly ["U", "S", "V"]> {
  checkCall("linalg.svd", [x], options, svdKinds);
  const { U, S, Vh } = linalgSvd(x, { fullMatrices: options.some === false });
  return namedTuple("svd", ["U", "S", "V"], U, S, mT(Vh));
}

/** The singular values, descending. Reads x. `torch.linalg.svdvals`. */
export function svdvals(x: Tensor): Tensor {
  requireMatrices("linalg.svdvals", x);
  return named("LinalgSvd", thinSvd(x).S);
}

/** Below which a singular value counts as zero. Tensors hold one number for each matrix, or broadcast to that. */
export interface RankOptions {
  /** Absolute; 0 by default. */
  readonly atol?: number | Tensor | null;
  /** Relative to the largest; the dtype's epsilon times the larger size by default, or 0 when `atol` is given. */
  readonly rtol?: number | Tensor | null;
  /** Take the lower triangles as symmetric matrices. */
  readonly hermitian?: boolean;
}

/** For each matrix, in order, below which singular values count as zero, given its largest one. */
function tolerances(op: string, x: Tensor, options: RankOptions): (largest: number, i: number) => number {
  checkOptions(op, options, { atol: "any", rtol: "any", hermitian: "boolean" });
  const [m, n] = x.shape.slice(-2), epsilon = x.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  const read = (t: number | Tensor | null | undefined) => {
    if (t === undefined || t === null || typeof t === "number") return () => t ?? null;
    const values = expand(t, front(x)).toTypedArray();
    return (i: number) => Number(readElement(values, t.dtype, i));
  };
  const absolute = read(options.atol), relative = read(options.rtol);
  return (largest, i) => {
    const atol = absolute(i) ?? 0, rtol = relative(i) ?? (atol > 0 ? 0 : epsilon * Math.max(m, n));
    return Math.max(atol, rtol * largest);
  };
}

/** How many singular values are not zero, int64. Reads x. `torch.linalg.matrix_rank`. */
export function matrixRank(x: Tensor, options: RankOptions = {}): Tensor {
  requireMatrices("linalg.matrix_rank", x, "input");
  if (mustWait(x)) return waiting([x], (t) => matrixRank(t, options));
  const limit = tolerances("linalg.matrix_rank", x, options);
  const ranks = svdsOf(options.hermitian ? symmetric(x, "L") : x).map(({ s }, i) =>
    s.filter((v) => v > limit(s[0] ?? 0, i)).length
  );
  return hostResult([x], front(x), "int64", [ranks], null);
}

/** The pseudo-inverse. Reads x. `torch.linalg.pinv`. */
export function pinv(x: Tensor, options: RankOptions = {}): Tensor {
  requireMatrices("linalg.pinv", x);
  if (mustWait(x)) return waiting([x], (t) => pinv(t, options));
  checkOptions("linalg.pinv", options, { atol: "any", rtol: "any", hermitian: "boolean" });
  const [m, n] = x.shape.slice(-2), k = Math.min(m, n), least = tolerances("linalg.pinv", x, options);
  const parts = svdsOf(options.hermitian ? symmetric(x.detach(), "L") : x).map(({ u, s, v }, index) => {
    const limit = least(s[0] ?? 0, index), p = new Float64Array(n * m);
    for (let r = 0; r < k; r++) {
      if (!(s[r] > limit)) continue;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) p[i * m + j] += v[i * k + r] * u[j * k + r] / s[r];
      }
    }
    return p;
  });
  // dP = -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P
  const y: Tensor = hostResult([x], [...front(x), n, m], x.dtype, parts, (g) => {
    const pT = mT(y), gT = mT(g);
    const left = sub(gT, matmul(x, matmul(y, gT))), right = sub(gT, matmul(matmul(gT, y), x));
    const first = neg(matmul(pT, matmul(g, pT)));
    return [add(first, add(matmul(left, matmul(y, pT)), matmul(matmul(pT, y), right)))];
  });
  return named("LinalgPinv", y);
}

/** The pseudo-inverse without the singular values up to `rcond` times the largest. Reads x. `torch.pinverse`. */
export function pinverse(x: Tensor, rcond: number | Named<{ rcond: number }> = 1e-15): Tensor {
  if (isNamed(rcond)) return pinverse(x, ...inPlace("pinverse", ["rcond"], [rcond]));
  requireKind("pinverse", "rcond", rcond, "number");
  return pinv(x, { rtol: rcond });
}

/** The least squares solution of A X = B and what belongs to it. */
export interface LstsqResult
  extends NamedTuple<readonly ["solution", "residuals", "rank", "singularValues"]> {
  /** X, of the smallest norm where there are several. */
  readonly solution: Tensor;
  /** Squared residuals of each column for overdetermined systems of full rank, from every driver but "gelsy"; else empty. */
  readonly residuals: Tensor;
  /** The rank of A; empty from "gels". */
  readonly rank: Tensor;
  /** The singular values of A, from "gelsd" and "gelss"; else empty. */
  readonly singularValues: Tensor;
}

/** Options of `lstsq`. */
export interface LstsqOptions {
  /** Relative to the largest, below which a singular value counts as zero. */
  readonly rcond?: number | null;
  /** Whose results to give: LAPACK's "gelsy" (default), "gels", "gelsd" or "gelss". They are computed alike. */
  readonly driver?: "gels" | "gelsy" | "gelsd" | "gelss" | null;
}

/** X that makes the norm of A X - B smallest, for A [..., m, n] and B [..., m, k]. Reads A. `torch.linalg.lstsq`. */
export function lstsq(a: Tensor, b: Tensor, options: LstsqOptions = {}): LstsqResult {
  checkCall("linalg.lstsq", [a, b]);
  checkOptions("linalg.lstsq", options, { rcond: "number?", driver: "string?" });
  const driver = options.driver ?? "gelsy";
  if (!["gels", "gelsy", "gelsd", "gelss"].includes(driver)) {
    throw new ValueError(
      `torch.linalg.lstsq: parameter \`driver\` should be one of (gels, gelsy, gelsd, gelss), but got ${driver}`,
    );
  }
  if (a.shape.length < 2) throw new ShapeError("torch.linalg.lstsq: input must have at least 2 dimensions.");
  requireMatrices("linalg.lstsq", a);
  const [m, n] = a.shape.slice(-2);
  const vector = b.shape.length === a.shape.length - 1, right = vector ? column(b) : b;
  if (right.shape[right.shape.length - 2] !== m) {
    throw new ShapeError(
      `torch.linalg.lstsq: input.size(-2) should match other.size(-2), but got ${m} and ${
        right.shape[right.shape.length - 2]
      }`,
    );
  }
  const cut: RankOptions = { rtol: options.rcond };
  const x = matmul(pinv(a, cut), right), rank = matrixRank(a, cut);
  const none = (dtype: DType) => hostResult([a], [0], dtype, [], null);
  const full = m > n && driver !== "gelsy" && Array.from(rank.toTypedArray(), Number).every((r) => r === n);
  const rest = sub(matmul(a, x), right);
  return namedTuple(
    "linalg_lstsq",
    ["solution", "residuals", "rank", "singularValues"],
    named("LinalgLstsq", vector ? squeeze(x, -1) : x),
    full ? sum(mul(rest, rest), -2) : none(a.dtype),
    driver === "gels" ? none("int64") : rank,
    driver === "gels" || driver === "gelsy" ? none(a.dtype) : svdvals(a),
  );
}
