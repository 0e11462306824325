/**
 * How often values occur: the most frequent ones, runs of equal neighbours, histograms.
 *
 * @module
 */
import { named } from "../apply.ts";
import { hostArray, isFloat, readElement, scalarName, writeElement } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import { type NamedTuple, namedTuple } from "../named_tuple.ts";
import { normalizeDim, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import {
  checkSlices,
  searchsorted,
  uniqueKinds,
  type UniqueOptions,
  type UniqueResult,
  uniqueResult,
} from "./binning.ts";
import { cast, requireFloat } from "./cast.ts";
import { fromHost, onesLike, tensor, zeros, zerosLike } from "./create.ts";
import { iota, linspace } from "./ranges.ts";
import { div, minimum, mul, sub } from "./elementwise.ts";
import { eq, logicalAnd, where } from "./logical.ts";
import { indexSelect } from "./indexing/indexing.ts";
import { amax, amin, highest } from "./extremes.ts";
import { type ReduceOptions, sumDims, type ValuesAndIndices, valuesAndIndices } from "./reduce.ts";
import { type Given, inOrder, inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, checkOptions, type Kinds, requireKind } from "./options.ts";
import { gatherExact, scatterExact } from "./routine.ts";
import { narrow, permute, reshape, select, squeeze, transpose, unsqueeze } from "./view.ts";

/** The most frequent value along `dim`, the smallest of several, and the place of its last occurrence; NaN where there is no number. `torch.mode`. */
export function mode(
  x: Tensor,
  dim: number | Named<{ dim: number }, ReduceOptions> = -1,
  options: ReduceOptions = {},
): ValuesAndIndices {
  if (isNamed(dim)) return mode(x, ...inPlaceWith("mode", ["dim"], [dim], options));
  checkCall("mode", [x]);
  checkOptions<Pick<ReduceOptions, "keepdim">>("mode", options, { keepdim: "boolean" });
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
  checkCall("unique_consecutive", [x], given, uniqueKinds);
  const options: UniqueOptions = given ?? {};
  const dim = options.dim ?? undefined;
  const at = dim === undefined ? 0 : normalizeDim("unique_consecutive", dim, x.shape.length);
  if (dim !== undefined) checkSlices("unique_consecutive", x, dim, at);
  const source = dim === undefined ? reshape(x.detach(), [sizeOf(x.shape)]) : x.detach();
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

/** How many bins, or the edges of them. */
export type Bins = number | Tensor | readonly number[];

/** Options of `histogram`. */
export interface HistogramOptions {
  /** The outer edges, for a number of bins; the smallest and largest element by default. */
  readonly range?: readonly [number, number];
  /** What each element counts; 1 by default. */
  readonly weight?: Tensor | null;
  /** Scale so that the integral is 1. */
  readonly density?: boolean;
}

const histogramKinds: Kinds<HistogramOptions> = {
  range: "any",
  weight: "tensor?",
  density: "boolean",
};

/** The edges that `bins` stands for: equal intervals of a range, by default from the smallest to the largest element; or the edges themselves. */
function edgesOf(
  op: string,
  x: Tensor,
  bins: Bins,
  range: readonly [number, number] | null,
  dim = 0,
): Tensor {
  const like = { dtype: x.dtype, device: x.device };
  let edges: Tensor;
  if (typeof bins === "number") {
    if (!Number.isInteger(bins) || bins < 1) {
      throw new ValueError(`${op}: bins must be > 0, but got ${bins} for dimension ${dim}`);
    }
    let [low, high] = range ?? (x.shape[0] === 0 ? [0, 1] : [amin(x).item(), amax(x).item()]);
    if (!Number.isFinite(low) || !Number.isFinite(high)) {
      throw new ValueError(`${op}: dimension ${dim}'s range [${low}, ${high}] is not finite`);
    }
    if (low > high) {
      throw new ValueError(
        `${op}: min should not exceed max, but got min ${low} max ${high} for dimension ${dim}`,
      );
    }
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    edges = linspace(low, high, bins + 1, like);
  } else edges = bins instanceof Tensor ? cast(bins, x.dtype) : tensor(bins, like);
  if (edges.shape.length !== 1 || edges.shape[0] < 2) {
    throw new ShapeError(
      `${op}: bins must be a number or a vector of edges, got [${edges.shape.join(", ")}]`,
    );
  }
  return edges;
}

/** The interval of each element of a vector, and whether it lies in any; the last one includes its end. */
function placed(
  x: Tensor,
  edges: Tensor,
): { readonly bin: Tensor; readonly inside: Tensor; readonly count: number } {
  const count = edges.shape[0] - 1, edge = (i: number) => narrow(edges, 0, i, 1);
  const inside = logicalAnd(x.ge(edge(0)), x.le(edge(count)));
  return { bin: minimum(sub(searchsorted(edges, x, { right: true }), 1), count - 1), inside, count };
}

/** How many elements lie in each interval (the last one includes its end), and the edges: for a number of equal intervals, 100 by default, or given edges. `torch.histogram`. */
export function histogram(
  x: Tensor,
  bins: Bins | Named<{ bins: Bins }, HistogramOptions> = 100,
  options: HistogramOptions = {},
): NamedTuple<readonly ["hist", "binEdges"]> {
  if (isNamed(bins)) return histogram(x, ...inPlaceWith("histogram", ["bins"], [bins], options));
  checkCall("histogram", [x], options, histogramKinds);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `"histogram" not implemented for '${scalarName(x.dtype)}': it needs floats; cast with .to("float32")`,
    );
  }
  const { weight, density = false } = options, like = { dtype: x.dtype, device: x.device };
  const flat = reshape(x.detach(), [sizeOf(x.shape)]);
  const edges = edgesOf("torch.histogram()", flat, bins, options.range ?? null);
  const { bin, inside, count } = placed(flat, edges);
  const shares = weight ? reshape(cast(weight, x.dtype), flat.shape) : onesLike(flat);
  const base = zeros([count], like);
  const hist = scatterExact(base, 0, where(inside, bin, 0), where(inside, shares, zerosLike(shares)), "add");
  const result = (h: Tensor) => namedTuple("histogram", ["hist", "binEdges"], h, edges);
  if (!density) return result(hist);
  const widths = sub(narrow(edges, 0, 1, count), narrow(edges, 0, 0, count));
  return result(div(hist, mul(hist.sum(), widths)));
}

/** How many bins along all dimensions or along each, or the edges along each. */
export type GridBins = number | readonly (number | Tensor)[];

/** Options of `histogramdd`. */
export interface HistogramddOptions {
  /** The outer edges of each dimension, one pair after the other, for numbers of bins; the smallest and largest element by default. */
  readonly range?: readonly number[] | null;
  /** What each point counts; 1 by default. */
  readonly weight?: Tensor | null;
  /** Scale so that the integral is 1. */
  readonly density?: boolean;
}

/**
 * The counts of a histogram in several dimensions, [bins of the first, bins of the second, ...] in the dtype of x, and the edges along each; by name and by
 * position.
 */
export type HistogramddResult =
  & readonly [hist: Tensor, binEdges: readonly Tensor[]]
  & { readonly hist: Tensor; readonly binEdges: readonly Tensor[] };

/**
 * How many points, the rows of x [..., dimensions], lie in each box of a grid: of a number of equal intervals along all dimensions, a number for each, or given
 * edges for each. `torch.histogramdd`.
 */
export function histogramdd(
  x: Tensor,
  ...given: Given<[bins: GridBins], [], { bins: GridBins }, HistogramddOptions>
): HistogramddResult {
  const [bins, options = {}] = inOrder<[GridBins, HistogramddOptions?]>(
    "histogramdd",
    ["bins"],
    1,
    given,
    true,
  );
  const op = "torch.histogramdd()";
  checkCall("histogramdd", [x]);
  checkOptions("histogramdd", options, { range: "any", weight: "tensor?", density: "boolean" });
  if (typeof bins !== "number" && !Array.isArray(bins)) requireKind("histogramdd", "bins", bins, "sizes");
  requireFloat("histogramdd", x);
  if (x.shape.length < 2) throw new ShapeError(`${op}: input tensor should have at least 2 dimensions`);
  const rank = x.shape[x.shape.length - 1], points = reshape(x.detach(), [-1, rank]);
  const each = typeof bins === "number" ? new Array<number>(rank).fill(bins) : bins;
  const { range, weight, density = false } = options;
  if (each.length !== rank) {
    throw new ValueError(
      `${op}: expected ${rank} sequences of bin edges for a ${rank}-dimensional histogram but got ${each.length}`,
    );
  }
  if (range && range.length !== 2 * rank) {
    throw new ValueError(
      `${op}: for a ${rank}-dimensional histogram range should have ${
        2 * rank
      } elements, but got ${range.length}`,
    );
  }
  const binEdges = each.map((b, d) =>
    edgesOf(op, select(points, 1, d), b, range ? [range[2 * d], range[2 * d + 1]] : null, d)
  );
  let place: Tensor | null = null, all: Tensor | null = null;
  binEdges.forEach((edges, d) => {
    const { bin, inside, count } = placed(select(points, 1, d), edges);
    place = place === null ? bin : place.mul(count).add(bin);
    all = all === null ? inside : logicalAnd(all, inside);
  });
  const like = { dtype: x.dtype, device: x.device }, shape = binEdges.map((e) => e.shape[0] - 1);
  const inside = (all as Tensor | null) ?? zeros([points.shape[0]], { dtype: "bool", device: x.device });
  const at = where(inside, (place as Tensor | null) ?? 0, 0).long();
  const shares = weight
    ? reshape(cast(weight, x.dtype), [points.shape[0]])
    : onesLike(at, { dtype: x.dtype });
  const counts = scatterExact(
    zeros([sizeOf(shape)], like),
    0,
    at,
    where(inside, shares, zerosLike(shares)),
    "add",
  );
  const hist = reshape(counts, shape);
  const result = (h: Tensor): HistogramddResult => {
    const pair: readonly [Tensor, readonly Tensor[]] = [h, binEdges];
    // By name too, unseen by those who list the two.
    const named = { hist: { value: h }, binEdges: { value: binEdges } };
    return Object.defineProperties(pair, named) as HistogramddResult;
  };
  if (!density) return result(hist);
  const volumes = binEdges.reduce((acc, edges, d) => {
    const widths = sub(narrow(edges, 0, 1, shape[d]), narrow(edges, 0, 0, shape[d]));
    return mul(acc, reshape(widths, shape.map((s, i) => i === d ? s : 1)));
  }, onesLike(hist));
  return result(div(hist, mul(hist.sum(), volumes)));
}
