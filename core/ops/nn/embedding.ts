/**
 * Rows of a table by index: embeddings, and sums, means or maxima of bags of them.
 *
 * @module
 */
import { inPlaceWith, isNamed, type Named, settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type FixedOptions, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { isFloat, scalarName } from "../../dtype.ts";
import { DTypeError, IndexError, ShapeError, TenonError, ValueError } from "../../errors.ts";
import { sameShape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { searchsorted } from "../binning.ts";
import { cast } from "../cast.ts";
import { fullLike, onesLike, zeros } from "../create.ts";
import { arange } from "../ranges.ts";
import { add, div, maximum, mul, sub } from "../elementwise.ts";
import { eq, gt, where } from "../logical.ts";
import { alongDim, heldValues, indexHint, type IndexLike, toIndex, within } from "../indexing/indexing.ts";
import { scatterReduce } from "../indexing/scatter.ts";
import { norm } from "../linalg/norms.ts";
import { gatherExact, nothing, scatterExact } from "../routine.ts";
import { expand, narrow, reshape, unsqueeze } from "../view.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions extends Pick<FixedOptions, "sparse"> {
  /** The row that gets no gradient; negative counts from the end. */
  readonly paddingIdx?: number | null;
  /** Rows with a larger norm are scaled down to it. Unlike PyTorch's, the table itself stays as it is. */
  readonly maxNorm?: number | null;
  /** The exponent of that norm; 2 by default. */
  readonly normType?: number;
  /** Divide each row's gradient by how often the row was taken. */
  readonly scaleGradByFreq?: boolean;
}

const embeddingKinds: Kinds<EmbeddingOptions> = {
  paddingIdx: "number?",
  maxNorm: "number?",
  normType: "number",
  scaleGradByFreq: "boolean",
};

function checked(op: string, index: IndexLike, weight: Tensor): Tensor {
  if (weight.shape.length !== 2) {
    throw new ShapeError(`'weight' must be 2-D, in ${op}: got [${weight.shape.join(", ")}]`);
  }
  const at = toIndex(index, weight, (got) =>
    new DTypeError(
      `Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.${
        scalarName(got)
      }Tensor instead (while checking arguments for ${op}); ${indexHint}`,
    ));
  return within(at, 0, weight.shape[0], (got) =>
    new IndexError(
      `index out of range in self, in ${op}: ${got} is not in [0, ${
        weight.shape[0]
      }), the rows of the weight`,
    ));
}

function paddingRow(op: string, paddingIdx: number | null | undefined, rows: number): number | null {
  if (paddingIdx === null || paddingIdx === undefined) return null;
  if (!Number.isInteger(paddingIdx) || paddingIdx >= rows || paddingIdx < -rows) {
    throw new ValueError(
      `Padding_idx must be within num_embeddings, in ${op}: ${paddingIdx} of ${rows} rows`,
    );
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** The value of `y`, the gradient of `x`; both have one shape. */
function valueOf(y: Tensor, x: Tensor): Tensor {
  return add(y.detach(), sub(x, x.detach()));
}

/** The rows at `flat`, as embedding options say. */
function rowsAt(op: string, weight: Tensor, flat: Tensor, options: EmbeddingOptions): Tensor {
  const [rows, width] = weight.shape, count = flat.shape[0];
  const padding = paddingRow(op, options.paddingIdx, rows);
  if (count === 0 || width === 0) return nothing([count, width], [weight]);
  let y = gatherExact(weight, 0, alongDim(flat, 0, [count, width]));
  if (options.maxNorm !== undefined && options.maxNorm !== null) {
    const length = norm(y.detach(), options.normType ?? 2, 1, { keepdim: true });
    const short = div(options.maxNorm, add(length, 1e-7));
    // The table is renormalised outside of the graph, so the gradient does not see it.
    y = valueOf(where(gt(length, options.maxNorm), mul(y, short), y), y);
  }
  if (y.track === 0) return y;
  const column = (t: Tensor) => unsqueeze(t, 1);
  if (options.scaleGradByFreq) {
    const zero = zeros([rows], { dtype: "int64", device: weight.device });
    const counts = gatherExact(scatterExact(zero, 0, flat, onesLike(flat), "add"), 0, flat);
    y = valueOf(y, div(y, column(cast(counts, y.dtype))));
  }
  return padding === null ? y : where(column(eq(flat, padding)), y.detach(), y);
}

/**
 * The rows of weight [rows, width] at an index of any shape: [...index, width]. `torch.nn.functional.embedding`.
 *
 * @throws {IndexError} when an index is not a row (on WebGPU such rows are zeros, where the indices were computed there)
 * @throws {DTypeError} when the index is not of integers
 * @example
 * ```ts
 * import { embedding, tensor } from "@tenon/tenon";
 * console.log(embedding([1, 0], tensor([[1, 2], [3, 4]])).tolist()); // [ [ 3, 4 ], [ 1, 2 ] ]
 * ```
 */
export function embedding(
  index: IndexLike,
  weight: Tensor,
  ...settings: Trailing<
    [paddingIdx: number | null, maxNorm: number | null, normType: number, scaleGradByFreq: boolean],
    EmbeddingOptions
  >
): Tensor {
  const options = settingsOf<EmbeddingOptions>("embedding", settings, embeddingKinds, 4);
  checkCall("embedding", [weight]);
  const at = checked("embedding", index, weight);
  const rows = rowsAt("embedding", weight, reshape(at, [sizeOf(at.shape)]), options);
  return named("Embedding", reshape(rows, [...at.shape, weight.shape[1]]));
}

/** Options of `embeddingBag`. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** How a bag becomes one row; "mean" by default. */
  readonly mode?: "sum" | "mean" | "max";
  /** A factor for each index, of its shape; for mode "sum". */
  readonly perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag. */
  readonly includeLastOffset?: boolean;
}

const embeddingBagKinds: Kinds<EmbeddingBagOptions> = {
  paddingIdx: "number?",
  maxNorm: "number?",
  normType: "number",
  scaleGradByFreq: "boolean",
  mode: "string",
  perSampleWeights: "tensor?",
  includeLastOffset: "boolean",
};

/** The bag of each index, and the number of bags. */
interface Bags {
  readonly flat: Tensor;
  readonly bag: Tensor;
  readonly count: number;
}

function bagsOf(at: Tensor, offsets: IndexLike | null | undefined, includeLast: boolean): Bags {
  const flat = reshape(at, [sizeOf(at.shape)]), device = at.device;
  if (at.shape.length === 2) {
    if (offsets !== null && offsets !== undefined) {
      throw new ValueError(
        "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences, in embedding_bag",
      );
    }
    const [count, length] = at.shape;
    const bag = expand(unsqueeze(arange(count, undefined, 1, { device }), 1), [count, length]);
    return { flat, bag: reshape(bag, [count * length]), count };
  }
  if (at.shape.length !== 1) {
    throw new ShapeError(`input has to be 1D or 2D Tensor, but got Tensor of dimension ${at.shape.length}`);
  }
  if (offsets === null || offsets === undefined) {
    throw new ValueError("offsets has to be a 1D Tensor but got None, in embedding_bag");
  }
  const starts = toIndex(
    offsets,
    at,
    (got) => new DTypeError(`embedding_bag: offsets must be of integers, but got ${got}; ${indexHint}`),
  );
  if (starts.shape.length !== 1) {
    throw new ShapeError(
      `offsets has to be a 1D Tensor, in embedding_bag: got shape [${starts.shape.join(", ")}]`,
    );
  }
  const late = (got: number | bigint | string) =>
    new ValueError(
      `offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got ${got}`,
    );
  const bags = starts.shape[0] - (includeLast ? 1 : 0);
  if (bags < 0) {
    throw new ValueError("include_last_offset: number of offset should be at least 1, in embedding_bag");
  }
  const first = heldValues(starts)?.[0] ?? 0;
  if (Number(first) !== 0) throw late(first);
  const beyond = (got: number | bigint) =>
    new ValueError(
      `offsets[-1] can not be greater than input's length ${flat.shape[0]} but got offsets[-1] of ${got}`,
    );
  const inside = within(starts, 0, flat.shape[0] + 1, beyond, { told: false });
  const positions = arange(flat.shape[0], undefined, 1, { device });
  const bag = sub(searchsorted(narrow(inside, 0, 0, bags), positions, { right: true }), 1);
  // What stands before the first bag is in bag -1.
  const placed = within(bag, 0, bags, () => late("another"), { told: false });
  // The refusal is about the first offset, not about a place that is none.
  return { flat, bag: maximum(placed, 0), count: bags };
}

/**
 * The sum, mean or maximum of the rows of each bag: the rows of a matrix of indices, or the stretches of a vector of indices that start at `offsets`.
 * Indices equal to `paddingIdx` take no part; an empty bag gives zeros. With `scaleGradByFreq` the gradient of a row is divided by how often its own index
 * occurs; PyTorch 1.13 takes the count of another one once an index has occurred twice. `torch.nn.functional.embedding_bag`.
 */
export function embeddingBag(
  index: IndexLike,
  weight: Tensor,
  offsets?: IndexLike | null | Named<{ offsets: IndexLike | null }, EmbeddingBagOptions>,
  options: EmbeddingBagOptions = {},
): Tensor {
  if (isNamed(offsets)) {
    return embeddingBag(index, weight, ...inPlaceWith("embedding_bag", ["offsets"], [offsets], options));
  }
  checkCall("embedding_bag", [weight], options, embeddingBagKinds);
  const { mode = "mean", perSampleWeights, includeLastOffset = false } = options;
  if (mode !== "sum" && mode !== "mean" && mode !== "max") {
    throw new ValueError(`mode has to be one of sum, mean or max, in embedding_bag: got ${mode}`);
  }
  if (mode === "max" && options.scaleGradByFreq) {
    throw new ValueError("max mode does not support scaling the gradient by the frequency, in embedding_bag");
  }
  if (!isFloat(weight.dtype)) {
    throw new DTypeError(
      `Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, Float, Double; but got torch.${
        scalarName(weight.dtype)
      }Tensor instead (while checking arguments for embedding_bag); cast with .to("float32")`,
    );
  }
  const at = checked("embedding_bag", index, weight);
  if (perSampleWeights && !sameShape(perSampleWeights.shape, at.shape)) {
    throw new ShapeError(
      `embedding_bag: If per_sample_weights ([${
        perSampleWeights.shape.join(", ")
      }]) is not None, then it must have the same shape as the input ([${at.shape.join(", ")}])`,
    );
  }
  if (perSampleWeights && mode !== "sum") {
    throw new TenonError(
      `embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode='${mode}')`,
    );
  }
  const { flat, bag, count } = bagsOf(at, offsets, includeLastOffset);
  const width = weight.shape[1], shape = [count, width];
  if (sizeOf(shape) === 0 || flat.shape[0] === 0) return nothing(shape, [weight]);
  const rows = rowsAt("embedding_bag", weight, flat, options);
  const padding = paddingRow("embedding_bag", options.paddingIdx, weight.shape[0]);
  // What takes no part goes to a bag of its own behind the others.
  const target = padding === null ? bag : where(eq(flat, padding), fullLike(bag, count), bag);
  const bins = padding === null ? count : count + 1;
  const places = alongDim(target, 0, rows.shape);
  const base = zeros([bins, width], { dtype: weight.dtype, device: weight.device });
  const cut = (t: Tensor) => narrow(t, 0, 0, count);
  if (mode === "max") {
    return named("EmbeddingBag", cut(scatterReduce(base, 0, places, rows, "amax", { includeSelf: false })));
  }
  const weighted = perSampleWeights
    ? mul(rows, reshape(cast(perSampleWeights, rows.dtype), [flat.shape[0], 1]))
    : rows;
  const total = cut(scatterExact(base, 0, places, weighted, "add"));
  if (mode === "sum") return named("EmbeddingBag", total);
  const zero = zeros([bins], { dtype: "int64", device: weight.device });
  const sizes = cut(scatterExact(zero, 0, target, onesLike(target), "add"));
  return named("EmbeddingBag", div(total, unsqueeze(cast(maximum(sizes, 1), total.dtype), 1)));
}
