/**
 * Tensors of numbers in order: ranges, indices, and the identity made of them.
 *
 * @module
 */
import { source } from "../apply.ts";
import type { DeviceName } from "../device.ts";
import { getDefaultDtype, hostArray, isInt, writeElement } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { iotaPrim } from "../prim/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { checkShape, finish, fromHost, placeOf, type TensorOptions } from "./create.ts";
import { add, eq } from "./elementwise.ts";
import { requireKind } from "./options.ts";

/** The index along `dim` at every place of `shape`, int64. */
export function iota(shape: Shape, dim: number, options: TensorOptions = {}): Tensor {
  const dtype = options.dtype ?? "int64";
  const index = source(
    iotaPrim,
    { dim, shape, dtype: dtype === "int32" ? "int32" : "int64" },
    placeOf("iota", options),
  );
  return cast(index, dtype);
}

/**
 * `start, start + step, ...` below `end`: `arange(end)`, `arange(start, end, step)`. int64 when all arguments are whole (as in PyTorch),
 * else float32. `torch.arange`.
 */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  const device = placeOf("arange", options);
  const from = end === undefined ? 0 : start, to = end ?? start;
  if (step === 0 || !Number.isFinite(step)) {
    throw new ValueError(`step must be nonzero, in arange(${from}, ${to}, ${step})`);
  }
  if (!Number.isFinite(from) || !Number.isFinite(to)) {
    throw new ValueError(`unsupported range: ${from} -> ${to}, in arange; bounds must be finite`);
  }
  if ((to - from) * step < 0) {
    throw new ValueError(
      `upper bound and larger bound inconsistent with step sign, in arange(${from}, ${to}, ${step})`,
    );
  }
  const whole = [from, to, step].every(Number.isInteger);
  const dtype = options.dtype ?? (whole ? "int64" : getDefaultDtype());
  // Whole numbers count in whole steps; int64 counts its elements in them too.
  const inDtype = isInt(dtype) ? Math.trunc : (v: number) => v, exact = dtype === "int64" ? inDtype : Number;
  if (inDtype(step) === 0) {
    throw new ValueError(`step must be nonzero, in arange(${from}, ${to}, ${step}) of ${dtype}`);
  }
  const size = Math.ceil((exact(to) - exact(from)) / exact(step)), first = inDtype(from), by = inDtype(step);
  const host = hostArray(dtype, size);
  for (let i = 0; i < size; i++) writeElement(host, dtype, i, first + i * by);
  return finish(fromHost(host, [size], dtype, device), options);
}

/** `steps` values from `start` to `end`, both included. `torch.linspace`. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  const device = placeOf("linspace", options);
  for (const [name, value] of [["start", start], ["end", end]] as const) {
    requireKind("linspace", name, value, "number");
  }
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(`number of steps must be non-negative, got ${steps}, in linspace`);
  }
  const dtype = options.dtype ?? getDefaultDtype();
  const host = hostArray(dtype, steps);
  // From both ends, as PyTorch does: symmetric, and the last value is exactly `end`.
  const round = dtype === "float32" ? Math.fround : (v: number) => v;
  const step = steps > 1 ? round((end - start) / (steps - 1)) : 0;
  for (let i = 0; i < steps; i++) {
    const value = i < steps / 2 ? start + step * i : end - step * (steps - 1 - i);
    writeElement(host, dtype, i, steps === 1 ? start : value);
  }
  return finish(fromHost(host, [steps], dtype, device), options);
}

/** `steps` values from base^start to base^end, both included. `torch.logspace`. */
export function logspace(
  start: number,
  end: number,
  steps: number,
  base = 10,
  options: TensorOptions = {},
): Tensor {
  const device = placeOf("logspace", options);
  for (const [name, value] of [["start", start], ["end", end]] as const) {
    requireKind("logspace", name, value, "number");
  }
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(`number of steps must be non-negative, got ${steps}, in logspace`);
  }
  const dtype = options.dtype ?? getDefaultDtype();
  const host = hostArray(dtype, steps);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  for (let i = 0; i < steps; i++) {
    writeElement(
      host,
      dtype,
      i,
      Math.pow(base, i < steps / 2 ? start + step * i : end - step * (steps - 1 - i)),
    );
  }
  return finish(fromHost(host, [steps], dtype, device), options);
}

/** bool [rows, columns]: true on the diagonal `offset`. */
export function diagonalMask(rows: number, columns: number, offset: number, device: DeviceName): Tensor {
  const row = iota([rows, columns], 0, { device }), column = iota([rows, columns], 1, { device });
  return eq(column, add(row, offset));
}

/** The identity matrix, n by m. `torch.eye`. */
export function eye(n: number, m: number = n, options: TensorOptions = {}): Tensor {
  for (const [name, size] of [["n", n], ["m", m]] as const) {
    if (size < 0) throw new ValueError(`${name} must be greater or equal to 0, got ${size}, in eye`);
  }
  checkShape("eye", [n, m]);
  const mask = diagonalMask(n, m, 0, placeOf("eye", options));
  return finish(cast(mask, options.dtype ?? getDefaultDtype()), options);
}
