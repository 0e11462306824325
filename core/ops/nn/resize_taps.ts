/**
 * Which input elements make an output element when sizes change, and with what weights: arithmetic on the host, in the precision that PyTorch computes in.
 * resize.ts applies it to tensors.
 *
 * @module
 */
import type { DType } from "../../dtype.ts";

/** For each output element the input elements it takes and their weights; all lists have one length. */
export interface Taps {
  readonly index: readonly (readonly number[])[];
  readonly weight: readonly (readonly number[])[];
}

/** One dimension to resize. */
export interface Axis {
  readonly size: number;
  readonly out: number;
  /** Input elements per output element. */
  readonly scale: number;
  readonly align: boolean;
  /** Rounds to the precision of the computation. */
  readonly round: (v: number) => number;
}

const precise = (v: number) => v;

/** One dimension of `size` elements made `out` long; `factor` is the scale where it was given and counts. */
export function axis(size: number, out: number, factor: number | null, align: boolean, dtype: DType): Axis {
  const round = dtype === "float64" ? precise : Math.fround;
  const scale = align ? (out > 1 ? (size - 1) / (out - 1) : 0) : factor === null ? size / out : 1 / factor;
  return { size, out, scale: round(scale), align, round };
}

const clamp = (i: number, size: number) => Math.min(Math.max(i, 0), size - 1);

/** The input element that is nearest to each output element; the `exact` ones take their centres for that. */
export function nearestIndex({ size, out, scale, round }: Axis, exact: boolean): number[] {
  return Array.from({ length: out }, (_, i) => clamp(Math.floor(round((exact ? i + 0.5 : i) * scale)), size));
}

/** The place of output element i among the input elements. */
export function place({ scale, align, round }: Axis, i: number): number {
  return align ? round(scale * i) : round(round(scale * (i + 0.5)) - 0.5);
}

/** The two neighbours of each output element. */
function linearTaps(a: Axis): Taps {
  const index: number[][] = [], weight: number[][] = [];
  for (let i = 0; i < a.out; i++) {
    const at = Math.max(place(a, i), 0), low = Math.min(Math.floor(at), a.size - 1);
    const share = Math.min(Math.max(a.round(at - low), 0), 1);
    index.push([low, Math.min(low + 1, a.size - 1)]);
    weight.push([1 - share, share]);
  }
  return { index, weight };
}

/** The cubic convolution kernel with parameter `a` at distance d. */
export function cubic(d: number, a: number): number {
  const t = Math.abs(d);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

/** The four neighbours of each output element. */
function cubicTaps(axis: Axis): Taps {
  const index: number[][] = [], weight: number[][] = [];
  for (let i = 0; i < axis.out; i++) {
    const at = place(axis, i), low = Math.floor(at), share = axis.round(at - low);
    const steps = [-1, 0, 1, 2];
    index.push(steps.map((k) => clamp(low + k, axis.size)));
    weight.push(steps.map((k) => cubic(share - k, -0.75)));
  }
  return { index, weight };
}

/** A kernel stretched over all input elements that an output element covers. */
function antialiasTaps({ size, out, scale }: Axis, kernel: (d: number) => number, width: number): Taps {
  const stretch = Math.max(scale, 1), support = width / 2 * stretch;
  const index: number[][] = [], weight: number[][] = [];
  for (let i = 0; i < out; i++) {
    const centre = scale * (i + 0.5);
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), size);
    const places = Array.from({ length: Math.max(end - first, 1) }, (_, k) => first + k);
    const weights = places.map((p) => kernel((p - centre + 0.5) / stretch));
    const total = weights.reduce((a, b) => a + b, 0);
    index.push(places.map((p) => clamp(p, size)));
    weight.push(weights.map((w) => total === 0 ? w : w / total));
  }
  const longest = Math.max(...index.map((list) => list.length));
  const filled = (list: number[]) => [...list, ...new Array<number>(longest - list.length).fill(0)];
  return { index: index.map(filled), weight: weight.map(filled) };
}

const triangle = (d: number) => Math.max(0, 1 - Math.abs(d));

/** The taps of one dimension of a linear or cubic mode. */
export function tapsOf(isCubic: boolean, antialias: boolean, a: Axis): Taps {
  if (isCubic) return antialias ? antialiasTaps(a, (d) => cubic(d, -0.5), 4) : cubicTaps(a);
  return antialias ? antialiasTaps(a, triangle, 2) : linearTaps(a);
}
