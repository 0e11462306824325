/**
 * Orthogonal initialisation, by the QR decomposition of a matrix of normal numbers.
 *
 * @module
 */
import { settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { getDefaultDtype } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { cast } from "../core/ops/cast.ts";
import { empty, fromHost } from "../core/ops/create.ts";
import { checkKind } from "../core/ops/options.ts";
import type { Generator } from "../core/random/generator.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { normal } from "./normal.ts";
import { fill, gainKinds, type GainSettings, type Initialisable } from "./target.ts";
import type { InitOptions } from "./uniform.ts";

/**
 * Q of the QR decomposition of a column-major m by n matrix with m >= n, with columns turned so that the diagonal of R is not negative.
 * Householder reflections as LAPACK's geqrf and orgqr make them, here in double precision. Overwrites the argument.
 */
function orthonormalColumns(a: Float64Array, m: number, n: number): Float64Array {
  const factors = new Float64Array(n), signs = new Float64Array(n);
  /** Applies the reflection that column j holds below its diagonal to columns from `first` of `target`. */
  const reflect = (j: number, target: Float64Array, first: number) => {
    for (let c = first; c < n; c++) {
      let dot = target[c * m + j];
      for (let i = j + 1; i < m; i++) dot += a[j * m + i] * target[c * m + i];
      dot *= factors[j];
      target[c * m + j] -= dot;
      for (let i = j + 1; i < m; i++) target[c * m + i] -= dot * a[j * m + i];
    }
  };
  for (let j = 0; j < n; j++) {
    let below = 0;
    for (let i = j + 1; i < m; i++) below = Math.hypot(below, a[j * m + i]);
    const alpha = a[j * m + j];
    // With nothing below the diagonal there is nothing to reflect, and R keeps the sign that is there.
    const beta = below === 0 ? alpha : -Math.sign(alpha || 1) * Math.hypot(alpha, below);
    factors[j] = below === 0 ? 0 : (beta - alpha) / beta;
    for (let i = j + 1; i < m; i++) a[j * m + i] /= alpha - beta || 1;
    signs[j] = Math.sign(beta);
    a[j * m + j] = beta;
    reflect(j, a, j + 1);
  }
  const q = new Float64Array(m * n);
  for (let j = 0; j < n; j++) q[j * m + j] = 1;
  for (let j = n - 1; j >= 0; j--) reflect(j, q, j);
  for (let j = 0; j < n; j++) for (let i = 0; i < m; i++) q[j * m + i] *= signs[j];
  return q;
}

/**
 * A tensor whose rows (or columns, if those are fewer) are orthogonal and of length `gain`, all dimensions after the first taken as one.
 *
 * @throws {ShapeError} with fewer than 2 dimensions
 */
export function orthogonal(shape: Shape, gain = 1, options: InitOptions = {}): Tensor {
  checkKind("init.orthogonal", "shape", shape ?? null, "numbers");
  if (shape.length < 2) {
    throw new ShapeError(
      `Only tensors with 2 or more dimensions are supported, in init.orthogonal: got shape [${
        shape.join(", ")
      }]`,
    );
  }
  const { dtype = getDefaultDtype(), device, generator } = options;
  const count = sizeOf(shape);
  if (count === 0) return empty(shape, { dtype, device });
  const rows = shape[0], columns = count / rows;
  const flat = Float64Array.from(
    normal([rows, columns], 0, 1, { dtype, generator, device: "cpu" }).toTypedArray(),
    Number,
  );
  // Row-major rows by columns is column-major columns by rows: a wide matrix is its own transpose here.
  const wide = rows < columns;
  const q = orthonormalColumns(
    wide ? flat : transposed(flat, rows, columns),
    Math.max(rows, columns),
    Math.min(rows, columns),
  );
  const data = wide ? q : transposed(q, columns, rows);
  const scaled = Float32Array.from(data, (v) => gain * v);
  return dtype === "float64"
    ? fromHost(data.map((v) => gain * v), shape, "float64", device)
    : cast(fromHost(scaled, shape, "float32", device), dtype);
}

/** The transpose of a row-major rows by columns matrix. */
function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = a[r * columns + c];
  return out;
}

/**
 * Fills with orthogonal rows or columns of length `gain`. `torch.nn.init.orthogonal_`.
 *
 * @example
 * ```ts
 * import { init, nn } from "@tenon/tenon";
 * const layer = new nn.Linear(3, 3);
 * init.orthogonal_(layer.weight);
 * console.log(layer.weight.matmul(layer.weight.t()).round().tolist()); // [ [ 1, 0, 0 ], [ 0, 1, 0 ], [ 0, 0, 1 ] ]
 * ```
 */
export function orthogonal_<T extends Initialisable>(
  target: T,
  ...settings: Trailing<[gain: number, generator: Generator], GainSettings>
): T {
  const { gain = 1, generator } = settingsOf<GainSettings>("orthogonal_", settings, gainKinds);
  return fill("orthogonal_", target, (shape, form) => orthogonal(shape, gain, { ...form, generator }));
}
