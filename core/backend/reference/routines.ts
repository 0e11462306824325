/**
 * The routines, each in its plainest form over dense operands: Float64Array for numbers, which holds every dtype but int64 exactly, and
 * BigInt64Array for int64. Convolutions are in conv.ts.
 *
 * @module
 */
import { type DType, isFloat } from "../../dtype.ts";
import { IndexError } from "../../errors.ts";
import type { RoutineName, Routines } from "../../kernel/plan.ts";
import { type Shape, sizeOf, stridesOf } from "../../shape.ts";
import { fillAddresses } from "./address.ts";
import { conv, convInputGrad, convWeightGrad } from "./conv.ts";
import { int64Fold, numberFold } from "./fold.ts";
import { int64Table, numberTable } from "./scalar.ts";
import { bigintsOf, castValues, type Dense, type Elements, numbersOf, valueArray } from "./values.ts";

/** Computes `out.values`, which are zero before, from the inputs. */
export type Routine<N extends RoutineName> = (
  attrs: Routines[N],
  inputs: readonly Dense[],
  out: Dense,
) => void;

/** Every routine. */
export const routines: { readonly [N in RoutineName]: Routine<N> } = {
  matmul,
  conv,
  convInputGrad,
  convWeightGrad,
  gather: ({ dim }, [x, index], out) => {
    const from = positions(x.shape, dim, index);
    if (x.values instanceof BigInt64Array) {
      const to = bigintsOf(out.values);
      for (let i = 0; i < to.length; i++) to[i] = x.values[from[i]];
    } else {
      const to = numbersOf(out.values);
      for (let i = 0; i < to.length; i++) to[i] = x.values[from[i]];
    }
  },
  scatter: ({ dim, mode }, [base, index, source], out) => {
    const to = positions(base.shape, dim, index);
    const fn = mode === "set" ? null : mode;
    if (base.values instanceof BigInt64Array) {
      const target = bigintsOf(out.values), values = bigintsOf(source.values);
      target.set(base.values);
      merge(target, to, values, fn === null ? (_, b) => b : int64Table.binary[fn]!);
    } else {
      const target = numbersOf(out.values), values = numbersOf(source.values);
      target.set(base.values);
      const combine = fn === null ? (_: number, b: number) => b : numberTable(out.dtype).binary[fn]!;
      const rounded = new Float64Array(1);
      merge(target, to, values, (a, b) => {
        rounded[0] = combine(a, b);
        return roundTo(out.dtype, rounded)[0];
      });
    }
  },
  argsort: ({ descending }, [x], out) => {
    const positions = bigintsOf(out.values);
    forEachRow(x.shape, (start, n) => {
      const order = Array.from({ length: n }, (_, i) => i);
      const { values } = x;
      const before = values instanceof BigInt64Array
        ? (a: number, b: number) =>
          values[start + a] < values[start + b] ? -1 : values[start + a] > values[start + b] ? 1 : 0
        : (a: number, b: number) => compareNumbers(values[start + a], values[start + b]);
      order.sort(descending ? (a, b) => before(b, a) : before);
      order.forEach((from, i) => positions[start + i] = BigInt(from));
    });
  },
  scan: ({ combiner, reverse }, [x], out) => {
    forEachRow(x.shape, (start, n) => {
      if (x.values instanceof BigInt64Array) {
        scanRow(int64Fold(combiner), x.values, bigintsOf(out.values), start, n, reverse);
      } else scanRow(numberFold(combiner, out.dtype), x.values, numbersOf(out.values), start, n, reverse);
    });
  },
  fold: ({ size, stride, dilation }, [g], out) => {
    const k = g.shape[g.shape.length - 1], windows = g.shape[g.shape.length - 2];
    const rows = windows * k === 0 ? 0 : sizeOf(g.shape) / (windows * k);
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < windows; o++) {
        for (let j = 0; j < k; j++) {
          const to = row * size + o * stride + j * dilation, from = (row * windows + o) * k + j;
          if (g.values instanceof BigInt64Array) bigintsOf(out.values)[to] += g.values[from];
          else numbersOf(out.values)[to] += g.values[from];
        }
      }
    }
  },
};

function matmul(_: Routines["matmul"], [a, b]: readonly Dense[], out: Dense): void {
  const m = a.shape[a.shape.length - 2], depth = a.shape[a.shape.length - 1], n = b.shape[b.shape.length - 1];
  const batches = sizeOf(out.shape) / (m * n);
  for (let batch = 0; batch < batches; batch++) {
    const atA = batch * m * depth, atB = batch * depth * n, atOut = batch * m * n;
    for (let i = 0; i < m; i++) {
      for (let k = 0; k < depth; k++) {
        const x = atA + i * depth + k, y = atB + k * n, z = atOut + i * n;
        if (a.values instanceof BigInt64Array) {
          const left = a.values[x], right = bigintsOf(b.values), to = bigintsOf(out.values);
          for (let j = 0; j < n; j++) to[z + j] += left * right[y + j];
        } else {
          const left = a.values[x], right = numbersOf(b.values), to = numbersOf(out.values);
          if (isFloat(out.dtype)) { for (let j = 0; j < n; j++) to[z + j] += left * right[y + j]; }
          // A product of two int32 may not fit a double.
          else for (let j = 0; j < n; j++) to[z + j] = (to[z + j] + Math.imul(left, right[y + j])) | 0;
        }
      }
    }
  }
}

/** For each element of `index`, the address in a contiguous tensor of `shape` of that point with `dim` replaced by the element. */
function positions(shape: Shape, dim: number, index: Dense): Float64Array {
  const strides = stridesOf(shape), indices = index.values;
  const out = new Float64Array(indices.length);
  const along = strides[dim];
  const rest = strides.map((s, d) => d === dim ? 0 : s);
  if (indices.length > 0) fillAddresses(index.shape, rest, 0, 0, indices.length, out);
  for (let i = 0; i < indices.length; i++) {
    const at = Number(indices[i]);
    if (!(at >= 0 && at < shape[dim])) {
      throw new IndexError(`index ${at} is out of bounds for dimension ${dim} with size ${shape[dim]}`);
    }
    out[i] += at * along;
  }
  return out;
}

function merge<V>(
  target: Elements<V>,
  to: Float64Array,
  source: Elements<V>,
  combine: (a: V, b: V) => V,
): void {
  for (let i = 0; i < to.length; i++) target[to[i]] = combine(target[to[i]], source[i]);
}

/** Rounds or wraps numbers to what `dtype` can hold. */
function roundTo(dtype: DType, values: Float64Array): Float64Array {
  const held = valueArray(dtype, values.length);
  castValues(values, 1, values.length, held, dtype);
  values.set(numbersOf(held));
  return values;
}

function scanRow<V>(
  fold: { reset(): void; push(v: V): void; value(): V },
  from: Elements<V>,
  to: Elements<V>,
  start: number,
  n: number,
  reverse: boolean,
): void {
  fold.reset();
  for (let i = 0; i < n; i++) {
    const at = start + (reverse ? n - 1 - i : i);
    fold.push(from[at]);
    to[at] = fold.value();
  }
}

/** Ascending, NaN above all. */
function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(a !== a) - Number(b !== b);
}

function forEachRow(shape: Shape, visit: (start: number, length: number) => void): void {
  const n = shape.length === 0 ? 1 : shape[shape.length - 1];
  const total = sizeOf(shape);
  for (let start = 0; start < total; start += n) visit(start, n);
}
