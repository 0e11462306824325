/**
 * How often values occur: the most frequent ones, runs of equal neighbours, histograms.
 *
 * @module
 */
import { named } from "../apply.ts";
import { hostArray, isFloat, readElement, writeElement } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import { normalizeDim, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { searchsorted, type UniqueOptions, type UniqueResult, uniqueResult } from "./binning.ts";
import { cast } from "./cast.ts";
import { fromHost, iota, linspace, onesLike, tensor, zeros, zerosLike } from "./create.ts";
import { div, eq, minimum, mul, sub, where } from "./elementwise.ts";
import { logicalAnd } from "./logical.ts";
import { atLeastVector, indexSelect } from "./indexing.ts";
import {
  amax,
  amin,
  highest,
  type ReduceOptions,
  sumDims,
  type ValuesAndIndices,
  valuesAndIndices,
} from "./reduce.ts";
import { gatherExact, scatterExact } from "./routine.ts";
import { narrow, permute, reshape, squeeze, transpose, unsqueeze } from "./view.ts";

/** The most frequent value along `dim`, the smallest of several, and the place of its last occurrence; NaN where there is no number. `torch.mode`. */
export function mode(x: Tensor, dim = -1, options: ReduceOptions = {}): ValuesAndIndices {
  const at = normalizeDim("mode", dim, x.shape.length), size = x.shape[at] ?? 1;
  if (size === 0) throw new IndexError(`mode(): Expected reduction dim ${at} to have non-zero size.`);
  if (x.shape.length === 0) {
    return valuesAndIndices("mode", x.value, zeros([], { dtype: "int64", device: x.device }));
  }
  const numbers = x.dtype === "bool" ? cast(x, "uint8") : x.detach();
  const last = x.shape.length - 1, rows = transpose(numbers, at, -1);
  const equal = eq(unsqueeze(rows, -1), unsqueeze(rows, -2));
  const counts = sumDims(cast(equal, "int32"), [last + 1]);
  const frequent = eq(counts, amax(counts, -1, { keepdim: true }));
  const least = amin(where(frequent, rows, highest(rows.dtype)), -1, { keepdim: true });
  const chosen = logicalAnd(frequent, eq(rows, least));
  const place = amax(where(chosen, iota(rows.shape, last, { device: x.device }), 0), -1, { keepdim: true });
  const indices = transpose(place, at, -1), values = gatherExact(x, at, indices);
  return options.keepdim
    ? valuesAndIndices("mode", named("Mode", values), indices)
    : valuesAndIndices("mode", named("Mode", squeeze(values, at)), squeeze(indices, at));
}

function int64(values: readonly number[], like: Tensor): Tensor {
  const host = hostArray("int64", values.length);
  values.forEach((v, i) => writeElement(host, "int64", i, v));
  return fromHost(host, [values.length], "int64", like.device);
}

/**
 * The values without their direct repetitions: of the flattened x, or slices along `dim`; with `returnInverse` and `returnCounts` the number of each
 * element's run, and the lengths of the runs. Reads x. `torch.unique_consecutive`.
 */
export function uniqueConsecutive<const O extends UniqueOptions = Record<never, never>>(
  x: Tensor,
  given?: O,
): UniqueResult<O> {
  const options: UniqueOptions = given ?? {};
  const dim = options.dim ?? undefined;
  const at = dim === undefined ? 0 : normalizeDim("unique_consecutive", dim, x.shape.length);
  const source = dim === undefined ? reshape(x.detach(), [sizeOf(x.shape)]) : atLeastVector(x.detach());
  const count = source.shape[at];
  const data = permute(source, [at, ...source.shape.map((_, d) => d).filter((d) => d !== at)]).toTypedArray();
  const width = count === 0 ? 0 : data.length / count;
  const same = (i: number) => {
    for (let k = 0; k < width; k++) {
      if (readElement(data, x.dtype, i * width + k) !== readElement(data, x.dtype, (i - 1) * width + k)) {
        return false;
      }
    }
    return true;
  };
  const firsts: number[] = [], counts: number[] = [], inverse: number[] = [];
  for (let i = 0; i < count; i++) {
    if (i === 0 || !same(i)) {
      firsts.push(i);
      counts.push(0);
    }
    counts[counts.length - 1]++;
    inverse.push(firsts.length - 1);
  }
  const values = indexSelect(source, at, int64(firsts, x));
  const places = () => int64(inverse, x);
  return uniqueResult(
    options as O,
    values,
    () => dim === undefined ? reshape(places(), x.shape) : places(),
    () => int64(counts, x),
  );
}

/** Options of `histogram`. */
export interface HistogramOptions {
  /** The outer edges, for a number of bins; the smallest and largest element by default. */
  readonly range?: readonly [number, number];
  /** What each element counts; 1 by default. */
  readonly weight?: Tensor | null;
  /** Scale so that the integral is 1. */
  readonly density?: boolean;
}

/** How many elements lie in each interval (the last one includes its end), and the edges: for a number of equal intervals, or given edges. `torch.histogram`. */
export function histogram(
  x: Tensor,
  bins: number | Tensor | readonly number[],
  options: HistogramOptions = {},
): NamedTuple<readonly ["hist", "binEdges"]> {
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `"histogram" not implemented for '${x.dtype}': it needs floats; cast with .to("float32")`,
    );
  }
  const { weight, density = false } = options, like = { dtype: x.dtype, device: x.device };
  const flat = reshape(x.detach(), [sizeOf(x.shape)]);
  let edges: Tensor;
  if (typeof bins === "number") {
    if (!Number.isInteger(bins) || bins < 1) {
      throw new ValueError(`torch.histogram(): bins must be > 0, but got ${bins}`);
    }
    let [low, high] = options.range ??
      (flat.shape[0] === 0 ? [0, 1] : [amin(flat).item(), amax(flat).item()]);
    if (!(low <= high)) {
      throw new ValueError(`torch.histogram(): range [${low}, ${high}] is not finite and ascending`);
    }
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    edges = linspace(low, high, bins + 1, like);
  } else edges = bins instanceof Tensor ? cast(bins, x.dtype) : tensor(bins, like);
  if (edges.shape.length !== 1 || edges.shape[0] < 2) {
    throw new ShapeError(
      `torch.histogram(): bins must be a number or a vector of edges, got [${edges.shape.join(", ")}]`,
    );
  }
  const count = edges.shape[0] - 1;
  const edge = (i: number) => narrow(edges, 0, i, 1);
  const inside = logicalAnd(flat.ge(edge(0)), flat.le(edge(count)));
  const bin = minimum(sub(searchsorted(edges, flat, { right: true }), 1), count - 1);
  const shares = weight ? reshape(cast(weight, x.dtype), flat.shape) : onesLike(flat);
  const base = zeros([count], like);
  const hist = scatterExact(base, 0, where(inside, bin, 0), where(inside, shares, zerosLike(shares)), "add");
  const result = (h: Tensor) => namedTuple("histogram", ["hist", "binEdges"], h, edges);
  if (!density) return result(hist);
  const widths = sub(narrow(edges, 0, 1, count), narrow(edges, 0, 0, count));
  return result(div(hist, mul(hist.sum(), widths)));
}
