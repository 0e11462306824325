/**
 * Indexing as in `x[i, 2:5, mask, idx]`: `x.at(...)` names a region of a tensor, which can be read or written; writing gives a new tensor.
 * Numbers, slices, new axes and the ellipsis are views; index tensors and masks go through gather and scatter.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { IndexError, ShapeError } from "../../errors.ts";
import { broadcastShapes, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { type Scalar, toTensor } from "../cast.ts";
import { full } from "../create.ts";
import { add, maximum, minimum, mul } from "../elementwise.ts";
import { ge, logicalOr, lt, where } from "../logical.ts";
import { type Advanced, type Cut, type Index, parse } from "./index_terms.ts";
import { alongDim } from "./indexing.ts";
import { nonzero } from "./mask.ts";
import { gatherExact, scatterExact } from "../routine.ts";
import { dilate, expand, flip, padDim, reshape, strided } from "../view.ts";

type Mode = "set" | "add" | "mul" | "max" | "min";

const combine: Readonly<Record<Mode, (a: Tensor, b: Tensor) => Tensor>> = {
  set: (_, b) => b,
  add,
  mul,
  max: maximum,
  min: minimum,
};

/** A region of a tensor, made by `x.at(...)`. */
export class Selection {
  /** What names it in messages. */
  readonly [Symbol.toStringTag] = "Selection";
  /** The view that numbers, slices and new axes make. */
  readonly #view: Tensor;
  readonly #cuts: readonly Cut[];
  readonly #advanced: readonly Advanced[];
  readonly #source: Tensor;

  /** @internal Use `x.at(...)`. */
  constructor(source: Tensor, indices: readonly Index[]) {
    const parsed = parse(source.value, indices);
    this.#source = source.value;
    this.#cuts = parsed.cuts;
    this.#advanced = parsed.advanced;
    const cut = parsed.cuts.reduce((acc, c, d) => strided(acc, d, c.start, c.step, c.size), source.value);
    this.#view = named(parsed.torchName, reshape(cut, parsed.shape), source);
  }

  /** The elements of the region. */
  get(): Tensor {
    if (this.#advanced.length === 0) return this.#view;
    const { flat, dim, index, shape } = layOut(this.#view, this.#advanced);
    return named("Index", reshape(gatherExact(flat, dim, index), shape));
  }

  /** The tensor with the region replaced by `value`, which broadcasts. Where an index occurs twice, the last one stays. */
  set(value: Tensor | Scalar): Tensor {
    return this.#write(value, "set");
  }

  /** The tensor with `value` added in the region; indices that occur twice add twice. */
  add(value: Tensor | Scalar): Tensor {
    return this.#write(value, "add");
  }

  /** The tensor with the region multiplied by `value`; indices that occur twice multiply twice. */
  mul(value: Tensor | Scalar): Tensor {
    return this.#write(value, "mul");
  }

  /** The tensor with the larger of region and `value` in the region. */
  max(value: Tensor | Scalar): Tensor {
    return this.#write(value, "max");
  }

  /** The tensor with the smaller of region and `value` in the region. */
  min(value: Tensor | Scalar): Tensor {
    return this.#write(value, "min");
  }

  #write(value: Tensor | Scalar, mode: Mode): Tensor {
    const { dtype, device } = this.#source;
    const given = toTensor(value, dtype, device);
    const view = this.#view, advanced = this.#advanced;
    let written: Tensor;
    const [only] = advanced;
    if (advanced.length === 0) {
      written = combine[mode](view, fit(given, view.shape));
    } else if (advanced.length === 1 && only.kind === "mask" && sizeOf(given.shape) === 1) {
      // One value at a mask needs no indices, so the mask is not read.
      const places = only.mask.shape;
      const mask = reshape(
        only.mask,
        view.shape.map((_, d) => places[d - only.dim] ?? 1),
      );
      written = where(mask, combine[mode](view, reshape(given, [])), view);
    } else {
      const { flat, dim, index, shape, restore } = layOut(view, advanced);
      const source = reshape(fit(given, shape), index.shape);
      written = restore(scatterExact(flat, dim, index, source, mode));
    }
    return named(advanced.length === 0 ? "CopySlices" : "IndexPut", this.#putBack(written));
  }

  /** The source with the view replaced. */
  #putBack(written: Tensor): Tensor {
    const source = this.#source, cuts = this.#cuts;
    if (sizeOf(written.shape) === 0) return source;
    if (cuts.every((c, d) => c.step === 1 && c.size === source.shape[d])) {
      return reshape(written, source.shape);
    }
    // Spread over the source's shape: the mirror image of the slices.
    const spread = (x: Tensor) =>
      cuts.reduce((acc, { start, step, size }, d) => {
        const forward = step > 0 ? acc : flip(acc, d);
        const first = step > 0 ? start : start + (size - 1) * step;
        const apart = dilate(forward, d, Math.abs(step));
        return padDim(apart, d, first, source.shape[d] - first - apart.shape[d], 0);
      }, reshape(x, cuts.map((c) => c.size)));
    const mask = spread(full(written.shape, true, { device: source.device }));
    return where(mask, spread(written), source);
  }
}

/** `value` broadcast to the region; leading dimensions of size 1 may be too many. */
function fit(value: Tensor, shape: Shape): Tensor {
  let from = value;
  while (from.shape.length > shape.length && from.shape[0] === 1) from = reshape(from, from.shape.slice(1));
  const extra = shape.length - from.shape.length;
  if (extra < 0 || from.shape.some((s, d) => s !== 1 && s !== shape[extra + d])) {
    throw new ShapeError(
      `shape mismatch: value tensor of shape [${
        value.shape.join(", ")
      }] cannot be broadcast to indexing result of shape [${shape.join(", ")}]`,
    );
  }
  return expand(from, shape);
}

interface LaidOut {
  /** The view with its indexed dimensions together, as one. */
  readonly flat: Tensor;
  readonly dim: number;
  /** The index along it, over all of the result. */
  readonly index: Tensor;
  /** The shape of the result. */
  readonly shape: Shape;
  /** Brings a tensor like `flat` back to the form of the view. */
  restore(flat: Tensor): Tensor;
}

/** Several index tensors as one index along one dimension. */
function layOut(view: Tensor, advanced: readonly Advanced[]): LaidOut {
  const entries = advanced.flatMap((a) =>
    a.kind === "index"
      ? [a]
      : nonzero(a.mask, { asTuple: true }).map((index, i) => ({ dim: a.dim + i, index }))
  );
  const common = broadcastIndices(entries.map((e) => e.index.shape));
  const dims = entries.map((e) => e.dim);
  // Numbers in 0-d tensors select, so they do not decide where the result's dimensions stand.
  const counted = entries.some((e) => e.index.shape.length > 0)
    ? entries.filter((e) => e.index.shape.length > 0).map((e) => e.dim)
    : dims;
  const remaining = view.shape.map((_, d) => d).filter((d) => !dims.includes(d) || counted.includes(d));
  const places = counted.map((d) => remaining.indexOf(d));
  const adjacent = places.every((p, i) => i === 0 || p === places[i - 1] + 1);
  const others = view.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const before = adjacent ? others.filter((d) => d < counted[0]) : [];
  const after = others.filter((d) => !before.includes(d));
  const order = [...before, ...dims, ...after];
  const sizes = dims.map((d) => view.shape[d]), size = sizeOf(sizes), count = sizeOf(common);
  if (size === 0 && count > 0) {
    throw new IndexError(
      `index is out of bounds for dimension ${dims[sizes.indexOf(0)]} with size 0`,
    );
  }
  const outside = (list: readonly number[]) => list.map((d) => view.shape[d]);
  const flatShape = [...outside(before), size, ...outside(after)];
  const linear = linearIndex(entries.map((e) => e.index), sizes, common);
  const dim = before.length;
  return {
    flat: reshape(view.permute(order), flatShape),
    dim,
    index: alongDim(reshape(linear, [count]), dim, flatShape),
    shape: [...outside(before), ...common, ...outside(after)],
    restore: (flat) => reshape(flat, outside(order)).permute(order.map((_, i) => order.indexOf(i))),
  };
}

function broadcastIndices(shapes: readonly Shape[]): Shape {
  try {
    return shapes.reduce((a, b) => broadcastShapes("index", a, b));
  } catch {
    throw new IndexError(
      `shape mismatch: indexing tensors could not be broadcast together with shapes ${
        shapes.map((s) => `[${s.join(", ")}]`).join(", ")
      }`,
    );
  }
}

/** The row-major index into dimensions of the given sizes. A part out of range puts the whole out of range. */
function linearIndex(indices: readonly Tensor[], sizes: readonly number[], common: Shape): Tensor {
  if (indices.length === 1) return expand(indices[0], common);
  const isOut = (index: Tensor, size: number) => logicalOr(lt(index, 0), ge(index, size));
  const linear = indices.reduce((acc, index, i) => add(mul(acc, sizes[i]), index));
  const out = indices.map((index, i) => isOut(index, sizes[i])).reduce(logicalOr);
  return expand(where(out, sizeOf(sizes), linear), common);
}
