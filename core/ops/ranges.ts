/**
 * Tensors of numbers in order: ranges, indices, and the identity made of them.
 *
 * @module
 */
import { source } from "../apply.ts";
import type { DeviceName } from "../device.ts";
import {
  type DType,
  getDefaultDtype,
  hostArray,
  isFloat,
  isHalf,
  isInt,
  roundTo,
  writeElement,
} from "../dtype.ts";
import { checkFits } from "../dtype_info.ts";
import { ValueError } from "../errors.ts";
import { iotaPrim } from "../prim/source.ts";
import { fmaf } from "../random/libm/float.ts";
import { fma } from "../random/libm/mod.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { checkShape, fillValue, finish, fromHost, placeOf, type TensorOptions } from "./create.ts";
import { add } from "./elementwise.ts";
import { eq } from "./logical.ts";
import { type Given, inOrder, inPlaceWith, isNamed, type Named, numberIn } from "./arguments.ts";
import { requireKind } from "./options.ts";

/** The index along `dim` at every place of `shape`, int64. */
export function iota(shape: Shape, dim: number, options: TensorOptions = {}): Tensor {
  const dtype = options.dtype ?? "int64";
  const index = source(
    iotaPrim,
    { dim, shape: [...shape], dtype: dtype === "int32" ? "int32" : "int64" },
    placeOf("iota", options),
  );
  return cast(index, dtype);
}

/**
 * `start, start + step, ...` below `end`: `arange(end)`, `arange(start, end, step)`. int64 when all arguments are whole (as in PyTorch),
 * else float32. Ends may be 0-d tensors, which are read. `torch.arange`.
 *
 * @throws {ValueError} when `step` is 0 or leads away from `end`
 * @example
 * ```ts
 * import { arange } from "@tenon/tenon";
 * console.log(arange(3).tolist(), arange(1, 2, 0.25).tolist(), arange(3).dtype); // [ 0, 1, 2 ] [ 1, 1.25, 1.5, 1.75 ] int64
 * ```
 */
export function arange(
  start: number | Tensor | Named<Record<"start" | "end" | "step", number | Tensor>, TensorOptions>,
  end?: number | Tensor | Named<Record<"end" | "step", number | Tensor>, TensorOptions>,
  stride: number | Tensor | Named<Record<"end" | "step", number | Tensor>, TensorOptions> = 1,
  options: TensorOptions = {},
): Tensor {
  if (isNamed(start) || isNamed(end) || isNamed(stride)) {
    const names = ["start", "end", "step"], values = [start, end, stride] as const;
    const [from = 0, to, by, rest] = inPlaceWith("arange", names, values, options);
    if (isNamed(start) && to === undefined) {
      throw new ValueError("arange() missing 1 required positional argument: 'end'");
    }
    return arange(from, to, by, rest);
  }
  const device = placeOf("arange", options);
  const given = [end === undefined ? 0 : start, end ?? start, stride];
  const [from, to, step] = given.map((value, i) => numberIn("arange", ["start", "end", "step"][i], value));
  if (step === 0 || !Number.isFinite(step)) {
    throw new ValueError(`step must be nonzero, in arange(${from}, ${to}, ${step})`);
  }
  if (!Number.isFinite(from) || !Number.isFinite(to)) {
    throw new ValueError(
      `unsupported range: ${from} -> ${to}, in arange; bounds must be finite`.replace("NaN", "nan").replace(
        "Infinity",
        "inf",
      ),
    );
  }
  if ((to - from) * step < 0) {
    throw new ValueError(
      `upper bound and larger bound inconsistent with step sign, in arange(${from}, ${to}, ${step})`,
    );
  }
  const whole = given.every((v) => typeof v === "number" ? Number.isInteger(v) : isInt(v.dtype));
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

/** Both ends of a range as numbers. */
function endsOf(op: string, start: number | Tensor, end: number | Tensor): readonly [number, number] {
  requireKind(op, "start", start, "scalar");
  requireKind(op, "end", end, "scalar");
  return [numberIn(op, "start", start), numberIn(op, "end", end)];
}

/**
 * The i-th of even steps, counted from `start` in the first half and from `end` in the second, with the bits of PyTorch on processors with AVX2: whole
 * pairs of vectors of floats are counted from the first element of each vector.
 */
function evenly(dtype: DType, start: number, end: number, steps: number): (i: number) => number {
  const half = isHalf(dtype), single = dtype === "float32";
  const round = (v: number) => isFloat(dtype) ? roundTo(dtype, v) : v;
  // One rounding, except for half precision.
  const multiplyAdd = half
    ? (a: number, b: number, c: number) => round(c + round(a * round(b)))
    : single
    ? fmaf
    : fma;
  const step = round(round(end - start) / round(steps - 1)), middle = Math.floor(steps / 2);
  const at = (i: number) => i < middle ? multiplyAdd(step, i, start) : multiplyAdd(-step, steps - 1 - i, end);
  const width = half ? 16 : single ? 8 : 4, paired = steps - steps % (2 * width);
  return (i) => {
    // PyTorch truncates the first of a vector of integers too, so that they go up and down; newer versions do not.
    if (!isFloat(dtype) || i >= paired) return at(i);
    const lane = i % width;
    return round(at(i - lane) + round(lane * step));
  };
}

/**
 * `steps` values from `from` to `to`, both included; ends may be 0-d tensors, which are read. `torch.linspace`.
 *
 * @throws {ValueError} when the number of steps is negative
 * @example
 * ```ts
 * import { linspace } from "@tenon/tenon";
 * console.log(linspace(0, 1, 5).tolist()); // [ 0, 0.25, 0.5, 0.75, 1 ]
 * ```
 */
export function linspace(
  ...given: Given<
    [start: number | Tensor, end: number | Tensor, steps: number],
    [],
    { start: number | Tensor; end: number | Tensor; steps: number },
    TensorOptions
  >
): Tensor {
  const [from, to, steps, options = {}] = inOrder<
    [number | Tensor, number | Tensor, number, TensorOptions?]
  >("linspace", ["start", "end", "steps"], 3, given, true);
  const device = placeOf("linspace", options), [start, end] = endsOf("linspace", from, to);
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(`number of steps must be non-negative, got ${steps}, in linspace`);
  }
  const dtype = options.dtype ?? getDefaultDtype();
  const host = hostArray(dtype, steps);
  for (const value of [start, end]) checkFits("linspace", value, dtype);
  const first = Number(fillValue(start, dtype)),
    value = evenly(dtype, first, Number(fillValue(end, dtype)), steps);
  for (let i = 0; i < steps; i++) writeElement(host, dtype, i, steps === 1 ? first : value(i));
  return finish(fromHost(host, [steps], dtype, device), options);
}

/** `steps` values from base^from to base^to, both included. `torch.logspace`. */
export function logspace(
  ...given: Given<
    [start: number | Tensor, end: number | Tensor, steps: number],
    [base: number],
    { start: number | Tensor; end: number | Tensor; steps: number; base: number },
    TensorOptions
  >
): Tensor {
  const [from, to, steps, base = 10, options = {}] = inOrder<
    [number | Tensor, number | Tensor, number, number?, TensorOptions?]
  >("logspace", ["start", "end", "steps", "base"], 3, given, true);
  const device = placeOf("logspace", options), [start, end] = endsOf("logspace", from, to);
  requireKind("logspace", "base", base, "number");
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

/**
 * The identity matrix, n by m. `torch.eye`.
 *
 * @example
 * ```ts
 * import { eye } from "@tenon/tenon";
 * console.log(eye(2, 3).tolist()); // [ [ 1, 0, 0 ], [ 0, 1, 0 ] ]
 * ```
 */
export function eye(
  n: number,
  m: number | Named<{ m: number }, TensorOptions> = n,
  options: TensorOptions = {},
): Tensor {
  if (isNamed(m)) return eye(n, ...inPlaceWith("eye", ["m"], [m], options));
  for (const [name, size] of [["n", n], ["m", m]] as const) {
    if (size < 0) throw new ValueError(`${name} must be greater or equal to 0, got ${size}, in eye`);
  }
  checkShape("eye", [n, m]);
  const mask = diagonalMask(n, m, 0, placeOf("eye", options));
  return finish(cast(mask, options.dtype ?? getDefaultDtype()), options);
}
