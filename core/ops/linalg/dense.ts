/**
 * Dense matrix algorithms on the host, in float64, on row-major arrays: LU, Cholesky, Householder QR, Jacobi's methods for eigenvalues and singular values. The
 * conventions (pivots, signs, order) are LAPACK's. What makes operations of them is decompose.ts and solve.ts.
 *
 * @module
 */

/** A factorisation P A = L U: both factors in one array, the row that each row came from, and the sign of the permutation. */
export interface Lu {
  readonly factors: Float64Array;
  readonly rows: readonly number[];
  readonly sign: number;
  /** The first column without a pivot, or -1. */
  readonly singular: number;
}

/** LU with partial pivoting of an m by n matrix. */
export function luOf(a: Float64Array, m: number, n: number): Lu {
  const f = a.slice(), rows = Array.from({ length: m }, (_, i) => i);
  let sign = 1, singular = -1;
  for (let k = 0; k < Math.min(m, n); k++) {
    let pivot = k;
    for (let i = k + 1; i < m; i++) if (Math.abs(f[i * n + k]) > Math.abs(f[pivot * n + k])) pivot = i;
    if (f[pivot * n + k] === 0) {
      if (singular < 0) singular = k;
      continue;
    }
    if (pivot !== k) {
      for (let j = 0; j < n; j++) [f[k * n + j], f[pivot * n + j]] = [f[pivot * n + j], f[k * n + j]];
      [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
      sign = -sign;
    }
    for (let i = k + 1; i < m; i++) {
      const factor = f[i * n + k] /= f[k * n + k];
      if (factor !== 0) { for (let j = k + 1; j < n; j++) f[i * n + j] -= factor * f[k * n + j]; }
    }
  }
  return { factors: f, rows, sign, singular };
}

/** The solution of A X = B for a factorised n by n matrix and n by k right sides. */
export function luSolve({ factors: f, rows }: Lu, n: number, b: Float64Array, k: number): Float64Array {
  const x = new Float64Array(n * k);
  for (let c = 0; c < k; c++) {
    for (let i = 0; i < n; i++) {
      let sum = b[rows[i] * k + c];
      for (let j = 0; j < i; j++) sum -= f[i * n + j] * x[j * k + c];
      x[i * k + c] = sum;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i * k + c];
      for (let j = i + 1; j < n; j++) sum -= f[i * n + j] * x[j * k + c];
      x[i * k + c] = sum / f[i * n + i];
    }
  }
  return x;
}

/** The solution of A X = B for a triangular A. A zero on the diagonal gives infinities, as in BLAS. */
export function triangularSolve(
  a: Float64Array,
  n: number,
  b: Float64Array,
  k: number,
  upper: boolean,
  unit: boolean,
): Float64Array {
  const x = b.slice();
  for (let c = 0; c < k; c++) {
    for (let step = 0; step < n; step++) {
      const i = upper ? n - 1 - step : step;
      let sum = x[i * k + c];
      for (let j = upper ? i + 1 : 0; j < (upper ? n : i); j++) sum -= a[i * n + j] * x[j * k + c];
      x[i * k + c] = unit ? sum : sum / a[i * n + i];
    }
  }
  return x;
}

/** The lower Cholesky factor of the lower triangle, or the order of the first minor that is not positive. */
export function choleskyOf(a: Float64Array, n: number): Float64Array | number {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (i !== j) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return i + 1;
    }
  }
  return l;
}

/** x [m, columns] after the reflection 1 - tau v v^T, from column `from` on; v is 0 before row `first`. */
function reflect(
  v: Float64Array,
  tau: number,
  x: Float64Array,
  columns: number,
  first: number,
  from: number,
): void {
  for (let j = from; j < columns; j++) {
    let sum = 0;
    for (let i = first; i < v.length; i++) sum += v[i] * x[i * columns + j];
    for (let i = first; i < v.length; i++) x[i * columns + j] -= tau * sum * v[i];
  }
}

/** Householder's reflections of an m by n matrix: R, with the vectors below its diagonal, and their factors. */
export function reflectionsOf(
  a: Float64Array,
  m: number,
  n: number,
): {
  readonly packed: Float64Array;
  readonly vectors: readonly Float64Array[];
  readonly taus: readonly number[];
} {
  const packed = a.slice(), vectors: Float64Array[] = [], taus: number[] = [];
  for (let k = 0; k < Math.min(m, n); k++) {
    const v = new Float64Array(m);
    let below = 0;
    for (let i = k + 1; i < m; i++) below += packed[i * n + k] ** 2;
    const alpha = packed[k * n + k];
    v[k] = 1;
    let tau = 0;
    if (below > 0) {
      const beta = -Math.sign(alpha || 1) * Math.sqrt(alpha * alpha + below);
      tau = (beta - alpha) / beta;
      for (let i = k + 1; i < m; i++) v[i] = packed[i * n + k] / (alpha - beta);
    }
    vectors.push(v);
    taus.push(tau);
    reflect(v, tau, packed, n, k, k);
    for (let i = k + 1; i < m; i++) packed[i * n + k] = v[i];
  }
  return { packed, vectors, taus };
}

/** Householder QR of an m by n matrix: Q [m, width], R [width, n]. */
export function qrOf(
  a: Float64Array,
  m: number,
  n: number,
  width: number,
): { readonly q: Float64Array; readonly r: Float64Array } {
  const { packed, vectors, taus } = reflectionsOf(a, m, n);
  const r = new Float64Array(width * n), q = new Float64Array(m * width);
  for (let i = 0; i < Math.min(width, n); i++) for (let j = i; j < n; j++) r[i * n + j] = packed[i * n + j];
  for (let i = 0; i < width; i++) q[i * width + i] = 1;
  for (let k = vectors.length - 1; k >= 0; k--) reflect(vectors[k], taus[k], q, width, k, 0);
  return { q, r };
}

/** Eigenvalues, ascending, and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations. */
export function eighOf(
  a: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const w = a.slice(), v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0, all = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) off += w[i * n + j] ** 2;
    for (const x of w) all += x * x;
    if (!(off > all * 1e-32)) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = w[p * n + q];
        if (apq === 0) continue;
        const theta = (w[q * n + q] - w[p * n + p]) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1), s = t * c;
        for (let k = 0; k < n; k++) {
          const x = w[k * n + p], y = w[k * n + q];
          w[k * n + p] = c * x - s * y;
          w[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const x = w[p * n + k], y = w[q * n + k];
          w[p * n + k] = c * x - s * y;
          w[q * n + k] = s * x + c * y;
          const vx = v[k * n + p], vy = v[k * n + q];
          v[k * n + p] = c * vx - s * vy;
          v[k * n + q] = s * vx + c * vy;
        }
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => w[i * n + i] - w[j * n + j]);
  const values = Float64Array.from(order, (i) => w[i * n + i]), vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) vectors[k * n + to] = v[k * n + from];
  });
  return { values, vectors };
}

/** Singular values, descending, and vectors (as columns): A [m, n] = U [m, k] diag(s) V [n, k]^T with k = min(m, n); one-sided Jacobi. */
export function svdOf(
  a: Float64Array,
  m: number,
  n: number,
): { readonly u: Float64Array; readonly s: Float64Array; readonly v: Float64Array } {
  if (m < n) {
    const turned = svdOf(transposed(a, m, n), n, m);
    return { u: turned.v, s: turned.s, v: turned.u };
  }
  const w = a.slice(), v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0, turned = true; sweep < 60 && turned; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let pp = 0, qq = 0, pq = 0;
        for (let i = 0; i < m; i++) {
          const x = w[i * n + p], y = w[i * n + q];
          pp += x * x;
          qq += y * y;
          pq += x * y;
        }
        if (Math.abs(pq) <= 1e-16 * Math.sqrt(pp * qq) || pq === 0) continue;
        turned = true;
        const zeta = (qq - pp) / (2 * pq);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(zeta * zeta + 1));
        const c = 1 / Math.sqrt(t * t + 1), s = t * c;
        const rotate = (x: Float64Array, rows: number) => {
          for (let i = 0; i < rows; i++) {
            const f = x[i * n + p], g = x[i * n + q];
            x[i * n + p] = c * f - s * g;
            x[i * n + q] = s * f + c * g;
          }
        };
        rotate(w, m);
        rotate(v, n);
      }
    }
  }
  const lengths = Float64Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += w[i * n + j] ** 2;
    return Math.sqrt(sum);
  });
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => lengths[j] - lengths[i]);
  const u = new Float64Array(m * n), right = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let i = 0; i < n; i++) right[i * n + to] = v[i * n + from];
    if (lengths[from] === 0) return;
    for (let i = 0; i < m; i++) u[i * n + to] = w[i * n + from] / lengths[from];
    // What is left of a column by the rounding of longer ones may point anywhere.
    if (lengths[from] < 1e-12 * lengths[order[0]]) keepOrthogonal(u, m, n, to);
  });
  completeBasis(u, m, n);
  return { u, s: Float64Array.from(order, (i) => lengths[i]), v: right };
}

/** The part of `x` that is orthogonal to the first `count` columns. */
function withoutColumns(x: Float64Array, u: Float64Array, m: number, n: number, count: number): void {
  // Twice, because once leaves a rounding error along the columns.
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < count; k++) {
      let dot = 0;
      for (let i = 0; i < m; i++) dot += x[i] * u[i * n + k];
      for (let i = 0; i < m; i++) x[i] -= dot * u[i * n + k];
    }
  }
}

/** Makes column j orthogonal to those before it; it becomes zero where it is mostly made of them. */
function keepOrthogonal(u: Float64Array, m: number, n: number, j: number): void {
  const x = Float64Array.from({ length: m }, (_, i) => u[i * n + j]);
  withoutColumns(x, u, m, n, j);
  const length = Math.hypot(...x);
  for (let i = 0; i < m; i++) u[i * n + j] = length > 0.5 ? x[i] / length : 0;
}

/** Replaces zero columns by unit vectors that are orthogonal to all others. */
function completeBasis(u: Float64Array, m: number, n: number): void {
  for (let j = 0; j < n; j++) {
    let length = 0;
    for (let i = 0; i < m; i++) length += u[i * n + j] ** 2;
    if (length > 0.5) continue;
    for (let axis = 0; axis < m; axis++) {
      const e = new Float64Array(m);
      e[axis] = 1;
      withoutColumns(e, u, m, n, n);
      const rest = Math.hypot(...e);
      if (rest < 0.1 / Math.sqrt(m)) continue;
      for (let i = 0; i < m; i++) u[i * n + j] = e[i] / rest;
      break;
    }
  }
}

/** The n by m transpose of an m by n matrix. */
export function transposed(a: Float64Array, m: number, n: number): Float64Array {
  const t = new Float64Array(a.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) t[j * m + i] = a[i * n + j];
  return t;
}
