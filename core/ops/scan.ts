/**
 * Running sums, products and extremes along a dimension, and their opposite: differences.
 *
 * @module
 */
import { named } from "../apply.ts";
import { type DType, isFloat } from "../dtype.ts";
import { ShapeError, ValueError } from "../errors.ts";
import type { ScanCombiner } from "../kernel/plan.ts";
import { normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { asFloat, cast, inSingle, requireFloat } from "./cast.ts";
import { zeros } from "./create.ts";
import { iota } from "./ranges.ts";
import { sub } from "./elementwise.ts";
import { eq, isnan, logicalOr, logicalXor, where } from "./logical.ts";
import { logaddexp } from "./pointwise.ts";
import { type ValuesAndIndices, valuesAndIndices } from "./reduce.ts";
import { gatherExact, scan } from "./routine.ts";
import { narrow, padDim, transpose } from "./view.ts";
import { cat } from "./join.ts";
import { inPlace, inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, type Kinds } from "./options.ts";

/** Options of running sums and products. */
export interface CumulativeOptions {
  /** Convert to this dtype first; integers and bools become int64 otherwise. */
  readonly dtype?: DType;
}

const cumulativeKinds: Kinds<CumulativeOptions> = {
  dtype: "string",
};

function scanAlong(x: Tensor, dim: number, combiner: ScanCombiner): Tensor {
  if (x.shape.length === 0) return x.value;
  return transpose(scan(transpose(x, dim, -1), combiner, false), dim, -1);
}

function accumulating(x: Tensor, dtype: DType | undefined): Tensor {
  return cast(x, dtype ?? (isFloat(x.dtype) ? x.dtype : "int64"));
}

/**
 * The sum of all elements up to each one, along `dim`. `torch.cumsum`.
 *
 * @example
 * ```ts
 * import { cumsum, tensor } from "@tenon/tenon";
 * console.log(cumsum(tensor([1, 2, 3]), 0).tolist()); // [ 1, 3, 6 ]
 * ```
 */
export function cumsum(
  x: Tensor,
  dim: number | Named<{ dim: number }, CumulativeOptions>,
  options: CumulativeOptions = {},
): Tensor {
  if (isNamed(dim)) return cumsum(x, ...inPlaceWith("cumsum", ["dim"], [dim], options));
  checkCall("cumsum", [x], options, cumulativeKinds);
  const at = normalizeDim("cumsum", dim, x.shape.length);
  return named("Cumsum", scanAlong(accumulating(x, options.dtype), at, "sum"));
}

/** The product of all elements up to each one, along `dim`. `torch.cumprod`. */
export function cumprod(
  x: Tensor,
  dim: number | Named<{ dim: number }, CumulativeOptions>,
  options: CumulativeOptions = {},
): Tensor {
  if (isNamed(dim)) return cumprod(x, ...inPlaceWith("cumprod", ["dim"], [dim], options));
  checkCall("cumprod", [x], options, cumulativeKinds);
  const at = normalizeDim("cumprod", dim, x.shape.length);
  return named("Cumprod", scanAlong(accumulating(x, options.dtype), at, "prod"));
}

function runningExtreme(name: string, x: Tensor, dim: number, combiner: "max" | "min"): ValuesAndIndices {
  const op = name.toLowerCase();
  checkCall(op, [x]);
  const at = normalizeDim(op, dim, x.shape.length);
  if (x.shape.length === 0) {
    return valuesAndIndices(op, x.value, zeros([], { dtype: "int64", device: x.device }));
  }
  const numbers = x.dtype === "bool" ? cast(x, "uint8") : x.detach();
  const running = scanAlong(numbers, at, combiner);
  // Where the running extreme was met, the newest one counts; after a NaN only another NaN does.
  const met = logicalOr(eq(numbers, running), isnan(numbers));
  const places = where(met, iota(x.shape, at, { device: x.device }), 0);
  const indices = scanAlong(places, at, "max");
  return valuesAndIndices(op, named(name, gatherExact(x, at, indices)), indices);
}

/** The largest element so far and its index, along `dim`; of equal ones the last. `torch.cummax`. */
export function cummax(x: Tensor, dim: number | Named<{ dim: number }>): ValuesAndIndices {
  if (isNamed(dim)) return cummax(x, ...inPlace("cummax", ["dim"], [dim]));
  return runningExtreme("Cummax", x, dim, "max");
}

/** The smallest element so far and its index, along `dim`; of equal ones the last. `torch.cummin`. */
export function cummin(x: Tensor, dim: number | Named<{ dim: number }>): ValuesAndIndices {
  if (isNamed(dim)) return cummin(x, ...inPlace("cummin", ["dim"], [dim]));
  return runningExtreme("Cummin", x, dim, "min");
}

/** ln of the running sum of e^x, without overflow. `torch.logcumsumexp`. */
export function logcumsumexp(x: Tensor, dim: number | Named<{ dim: number }>): Tensor {
  if (isNamed(dim)) return logcumsumexp(x, ...inPlace("logcumsumexp", ["dim"], [dim]));
  checkCall("logcumsumexp", [x]);
  const at = normalizeDim("logcumsumexp", dim, x.shape.length);
  if (x.shape.length === 0) return asFloat(x);
  requireFloat("logcumsumexp_out_cpu", x);
  // By doubling: a global shift would lose what lies far below the largest element.
  const doubled = (start: Tensor) => {
    let y = start;
    for (let step = 1, n = x.shape[at]; step < n; step *= 2) {
      y = logaddexp(y, padDim(narrow(y, at, 0, n - step), at, step, 0, -Infinity));
    }
    return y;
  };
  return named("Logcumsumexp", inSingle(x.value, doubled));
}

/** Options of `diff`. */
export interface DiffOptions {
  /** How often to take differences; 1 by default. */
  readonly n?: number;
  /** The last dimension by default. */
  readonly dim?: number;
  /** Put before x along `dim`. */
  readonly prepend?: Tensor | null;
  /** Put after x along `dim`. */
  readonly append?: Tensor | null;
}

const diffKinds: Kinds<DiffOptions> = {
  n: "number",
  dim: "number",
  prepend: "tensor?",
  append: "tensor?",
};

/** Refuses what cannot stand beside x along `dim`. */
function checkBeside(x: Tensor, more: Tensor, dim: number): void {
  if (more.shape.length !== x.shape.length) {
    throw new ShapeError(
      `diff expects prepend or append to be the same dimension as input, but got ${more.shape.length} and ${x.shape.length} dimensions`,
    );
  }
  const other = x.shape.findIndex((s, d) => d !== dim && s !== more.shape[d]);
  if (other < 0) return;
  throw new ShapeError(
    `diff expects the shape of tensor to prepend or append to match that of input except along the differencing dimension; input.size(${other}) = ${
      x.shape[other]
    }, but got tensor.size(${other}) = ${more.shape[other]}`,
  );
}

/**
 * Differences of neighbours, `x[i + 1] - x[i]`; exclusive or for bools. `torch.diff`.
 *
 * @example
 * ```ts
 * import { diff, tensor } from "@tenon/tenon";
 * console.log(diff(tensor([1, 4, 9])).tolist()); // [ 3, 5 ]
 * ```
 */
export function diff(x: Tensor, options: DiffOptions = {}): Tensor {
  checkCall("diff", [x], options, diffKinds);
  const { n = 1, dim = -1, prepend, append } = options;
  if (x.shape.length === 0) throw new ShapeError("diff expects input to be at least one-dimensional");
  if (!Number.isInteger(n) || n < 0) {
    throw new ValueError(`order must be non-negative but got ${n}, in diff`);
  }
  const at = normalizeDim("diff", dim, x.shape.length);
  for (const more of [prepend, append]) if (more !== undefined && more !== null) checkBeside(x, more, at);
  if (n === 0) return x.value;
  const parts = [prepend, x, append].filter((t) => t !== undefined && t !== null);
  let y = parts.length === 1 ? x.value : cat(parts, at);
  for (let i = 0; i < n; i++) {
    const left = Math.max(0, y.shape[at] - 1), first = Math.min(1, y.shape[at]);
    const high = narrow(y, at, first, left), low = narrow(y, at, 0, left);
    y = y.dtype === "bool" ? logicalXor(high, low) : sub(high, low);
  }
  return y;
}
