/**
 * Combinations and other ways to lay tensors out: triangles' indices, window functions, splitting along named directions.
 *
 * @module
 */
import { named } from "../apply.ts";
import { DeviceError, DTypeError, ShapeError, ValueError } from "../errors.ts";
import { getDefaultDtype, hostArray, isFloat, writeElement } from "../dtype.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fromHost, tensor, type TensorOptions } from "./create.ts";
import { indexSelect } from "./indexing/indexing.ts";
import { diagEmbed, tensorSplit } from "./rearrange.ts";
import { flip, reshape } from "./view.ts";
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions, type Kinds, requireKind, withoutNulls } from "./options.ts";

const combinationsKinds: Kinds<{ readonly withReplacement?: boolean }> = {
  withReplacement: "boolean",
};

/**
 * All choices of `r` elements of a vector in their order, as rows. `torch.combinations`.
 *
 * @throws {ShapeError} when x is no vector
 * @example
 * ```ts
 * import { combinations, tensor } from "@tenon/tenon";
 * console.log(combinations(tensor([1, 2, 3])).tolist()); // [ [ 1, 2 ], [ 1, 3 ], [ 2, 3 ] ]
 * ```
 */
export function combinations(
  x: Tensor,
  r: number | Named<{ r: number }, { readonly withReplacement?: boolean }> = 2,
  options: { readonly withReplacement?: boolean } = {},
): Tensor {
  if (isNamed(r)) return combinations(x, ...inPlaceWith("combinations", ["r"], [r], options));
  checkCall("combinations", [x], options, combinationsKinds);
  if (x.shape.length !== 1) throw new ShapeError(`Expect a 1D vector, but got shape [${x.shape.join(", ")}]`);
  if (!Number.isInteger(r) || r < 0) throw new ValueError(`Expect a non-negative number, but got ${r}`);
  const n = x.shape[0], rows: number[][] = [];
  const choose = (row: readonly number[], from: number): void => {
    if (row.length === r) rows.push([...row]);
    else for (let i = from; i < n; i++) choose([...row, i], options.withReplacement ? i : i + 1);
  };
  if (r > 0) choose([], 0);
  const places = tensor(rows.flat(), { dtype: "int64", device: x.device });
  const chosen = indexSelect(x, 0, places);
  // Of none PyTorch makes a vector.
  return named("Stack", r === 0 ? chosen : reshape(chosen, [rows.length, r]));
}

/** How many elements of a matrix are on and below the diagonal `offset`. */
function countBelow(rows: number, columns: number, offset: number): number {
  const within = (i: number) => Math.min(Math.max(i, 0), rows);
  // Rows grow by one from the first that has an element to the first that is full.
  const first = within(-offset), full = Math.max(first, within(columns - offset - 1));
  return (full - first) * (first + full + 2 * offset + 1) / 2 + (rows - full) * columns;
}

function triangleIndices(
  op: string,
  rows: number,
  columns: number,
  offset: number,
  options: TensorOptions,
): Tensor {
  if (![rows, columns].every((n) => Number.isSafeInteger(n) && n >= 0)) {
    const [name, got] = Number.isSafeInteger(rows) && rows >= 0 ? ["col", columns] : ["row", rows];
    throw new ValueError(`${name} must be non-negative, got${got}, in ${op}`);
  }
  if (!Number.isSafeInteger(offset)) {
    throw new ValueError(`${op}(): argument 'offset' must be int, not ${offset}`);
  }
  const lower = op === "tril_indices";
  const count = lower
    ? countBelow(rows, columns, offset)
    : rows * columns - countBelow(rows, columns, offset - 1);
  if (count >= 2 ** 31) {
    throw new DeviceError(`${op}: not enough memory on the host for the places of ${count} elements`);
  }
  const places = new BigInt64Array(2 * count);
  for (let i = lower ? Math.max(0, -offset) : 0, n = 0; n < count; i++) {
    const start = lower ? 0 : Math.max(0, i + offset);
    const end = lower ? Math.min(columns, i + offset + 1) : columns;
    for (let j = start; j < end; j++, n++) {
      places[n] = BigInt(i);
      places[count + n] = BigInt(j);
    }
  }
  return tensor(places, { dtype: "int64", ...options, shape: [2, count] });
}

/** Row and column numbers of the elements on and below the diagonal `offset`, int64 [2, count]. `torch.tril_indices`. */
export function trilIndices(rows: number, columns: number, offset = 0, options: TensorOptions = {}): Tensor {
  return triangleIndices("tril_indices", rows, columns, offset, options);
}

/** Row and column numbers of the elements on and above the diagonal `offset`, int64 [2, count]. `torch.triu_indices`. */
export function triuIndices(rows: number, columns: number, offset = 0, options: TensorOptions = {}): Tensor {
  return triangleIndices("triu_indices", rows, columns, offset, options);
}

/** Options of window functions. */
export interface WindowFunctionOptions extends TensorOptions {
  /** For spectra (default true): the window of one element more, without its last. */
  readonly periodic?: boolean;
}

const windowNames = ["periodic", "dtype", "device", "requiresGrad"] as const;

function windowFunction(
  name: string,
  length: number,
  options: WindowFunctionOptions,
  value: (t: number) => number,
): Tensor {
  checkOptions(name, options, windowNames);
  if (!Number.isInteger(length) || length < 0) {
    throw new ValueError(`${name} requires non-negative window_length, got window_length=${length}`);
  }
  const { periodic = true, dtype = getDefaultDtype(), device } = withoutNulls(options);
  if (!isFloat(dtype)) {
    throw new DTypeError(`${name} expects floating point dtypes, got: ${dtype}`);
  }
  const host = hostArray(dtype, length), span = periodic ? length : length - 1;
  for (let i = 0; i < length; i++) writeElement(host, dtype, i, length === 1 ? 1 : value(i / span));
  return fromHost(host, [length], dtype, device);
}

const cosine = (t: number, k: number) => Math.cos(2 * Math.PI * k * t);

/** A raised cosine. `torch.hann_window`. */
export function hannWindow(length: number, options: WindowFunctionOptions = {}): Tensor {
  return windowFunction("hann_window", length, options, (t) => 0.5 - 0.5 * cosine(t, 1));
}

/** alpha - beta cos(2 pi t). `torch.hamming_window`. */
export function hammingWindow(
  length: number,
  options: WindowFunctionOptions & { readonly alpha?: number; readonly beta?: number } = {},
): Tensor {
  checkOptions("hamming_window", options, [...windowNames, "alpha", "beta"]);
  const { alpha = 0.54, beta = 0.46, ...shared } = options;
  return windowFunction("hamming_window", length, shared, (t) => alpha - beta * cosine(t, 1));
}

/** 0.42 - 0.5 cos(2 pi t) + 0.08 cos(4 pi t). `torch.blackman_window`. */
export function blackmanWindow(length: number, options: WindowFunctionOptions = {}): Tensor {
  return windowFunction(
    "blackman_window",
    length,
    options,
    (t) => 0.42 - 0.5 * cosine(t, 1) + 0.08 * cosine(t, 2),
  );
}

/** A triangle. `torch.bartlett_window`. */
export function bartlettWindow(length: number, options: WindowFunctionOptions = {}): Tensor {
  return windowFunction("bartlett_window", length, options, (t) => 1 - Math.abs(2 * t - 1));
}

/** The order-0 modified Bessel function, by its series. */
function bessel0(x: number): number {
  let term = 1, total = 1;
  for (let k = 1; k < 500 && term > total * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    total += term;
  }
  return total;
}

/** I0(beta sqrt(1 - (2 t - 1)^2)) / I0(beta). `torch.kaiser_window`. */
export function kaiserWindow(
  length: number,
  options: WindowFunctionOptions & { readonly beta?: number } = {},
): Tensor {
  checkOptions("kaiser_window", options, [...windowNames, "beta"]);
  const { beta = 12, ...shared } = options;
  return windowFunction(
    "kaiser_window",
    length,
    shared,
    (t) => bessel0(beta * Math.sqrt(Math.max(0, 1 - (2 * t - 1) ** 2))) / bessel0(beta),
  );
}

/** The columns in reverse order. `torch.fliplr`. */
export function fliplr(x: Tensor): Tensor {
  checkCall("fliplr", [x]);
  if (x.shape.length < 2) throw new ShapeError("Input must be >= 2-d., in fliplr");
  return flip(x, 1);
}

/** The rows in reverse order. `torch.flipud`. */
export function flipud(x: Tensor): Tensor {
  checkCall("flipud", [x]);
  if (x.shape.length < 1) throw new ShapeError("Input must be >= 1-d., in flipud");
  return flip(x, 0);
}

/** The flattened x on the diagonal `offset` of a matrix. `torch.diagflat`. */
export function diagflat(x: Tensor, offset = 0): Tensor {
  checkCall("diagflat", [x]);
  return named("Diag", diagEmbed(reshape(x, [sizeOf(x.shape)]), offset));
}

function splitAlong(
  op: string,
  x: Tensor,
  sections: number | readonly number[],
  dim: number,
  least: number,
): Tensor[] {
  checkCall(op, [x]);
  requireKind(op, "indices_or_sections", sections, "sizes");
  if (x.shape.length < least) {
    throw new ShapeError(
      `torch.${op} requires a tensor with at least ${least} dimension, but got a tensor with ${x.shape.length} dimensions!`,
    );
  }
  if (typeof sections === "number" && (sections < 1 || x.shape[dim] % sections !== 0)) {
    throw new ValueError(
      `torch.${op} attempted to split along dimension ${dim}, but the size of the dimension ${
        x.shape[dim]
      } is not divisible by the split_size ${sections}!`,
    );
  }
  return tensorSplit(x, sections, dim);
}

/** Equal pieces side by side, or cut before indices: along dimension 1, vectors along 0. `torch.hsplit`. */
export function hsplit(x: Tensor, sections: number | readonly number[]): Tensor[] {
  checkCall("hsplit", [x]);
  return splitAlong("hsplit", x, sections, x.shape.length === 1 ? 0 : 1, 1);
}

/** Equal pieces one below the other, or cut before indices: along dimension 0. `torch.vsplit`. */
export function vsplit(x: Tensor, sections: number | readonly number[]): Tensor[] {
  return splitAlong("vsplit", x, sections, 0, 2);
}

/** Equal pieces behind each other, or cut before indices: along dimension 2. `torch.dsplit`. */
export function dsplit(x: Tensor, sections: number | readonly number[]): Tensor[] {
  return splitAlong("dsplit", x, sections, 2, 3);
}
