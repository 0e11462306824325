/**
 * Batches of sequences of unequal length: padded with a value, or packed without padding.
 *
 * @module
 */
import { IndexError, ShapeError, ValueError } from "../../core/errors.ts";
import { full, tensor } from "../../core/ops/create.ts";
import { indexSelect } from "../../core/ops/indexing/indexing.ts";
import { type Alone, optionsOf, refuseMore } from "../../core/ops/arguments.ts";
import { checkCall, checkKind, checkOptions } from "../../core/ops/options.ts";
import { narrow, select, transpose } from "../../core/ops/view.ts";
import { cat, stack } from "../../core/ops/join.ts";
import { Tensor } from "../../core/tensor.ts";

/** What a packed sequence is made of. */
export interface PackedSequenceInit {
  /** The elements of all sequences, moment by moment: [sum of lengths, ...]. */
  readonly data: Tensor;
  /** How many sequences are still running at each moment; never grows. */
  readonly batchSizes: readonly number[];
  /** Where each sorted sequence stood in the batch, or null when the batch was sorted. */
  readonly sortedIndices?: readonly number[] | null;
}

/** A batch of sequences without padding, longest first. `torch.nn.utils.rnn.PackedSequence`. */
export class PackedSequence {
  /** The elements of all sequences, moment by moment. */
  readonly data: Tensor;
  /** How many sequences are still running at each moment. */
  readonly batchSizes: readonly number[];
  /** Where each sorted sequence stood in the batch, or null. */
  readonly sortedIndices: readonly number[] | null;
  /** Where each sequence of the batch stands in the sorted order, or null. */
  readonly unsortedIndices: readonly number[] | null;

  /** Made by `packPaddedSequence` and `packSequence`. */
  constructor({ data, batchSizes, sortedIndices = null }: PackedSequenceInit) {
    this.data = data;
    this.batchSizes = batchSizes;
    this.sortedIndices = sortedIndices;
    this.unsortedIndices = sortedIndices === null ? null : inverse(sortedIndices);
  }

  /** The text that PyTorch prints. */
  toString(): string {
    const list = (values: readonly number[] | null) =>
      values === null ? "None" : tensor([...values], { dtype: "int64", device: "cpu" });
    return `PackedSequence(data=${this.data}, batch_sizes=${list(this.batchSizes)}, sorted_indices=${
      list(this.sortedIndices)
    }, unsorted_indices=${list(this.unsortedIndices)})`;
  }

  /** What `console.log` prints, in Deno and in Node, indented where it stands inside something. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The same sequences with other elements. */
  withData(data: Tensor): PackedSequence {
    return new PackedSequence({ data, batchSizes: this.batchSizes, sortedIndices: this.sortedIndices });
  }
}

function inverse(order: readonly number[]): number[] {
  const out = new Array<number>(order.length);
  order.forEach((from, to) => out[from] = to);
  return out;
}

/** The slices along `dim` in another order. */
export function reorder(x: Tensor, dim: number, order: readonly number[] | null): Tensor {
  return order === null ? x : indexSelect(x, dim, tensor([...order], { dtype: "int64", device: x.device }));
}

/** Options of packing. */
export interface PackOptions {
  /** Whether the batch is the first dimension; false by default. */
  readonly batchFirst?: boolean;
  /** Whether the sequences are sorted by length, longest first; true by default. */
  readonly enforceSorted?: boolean;
}

/**
 * Takes the padding out of a batch [time, batch, ...]. As in the functions below, `batchFirst` may stand alone in the place of the options.
 * `torch.nn.utils.rnn.pack_padded_sequence`.
 *
 * @throws {ValueError} for lengths that do not fit, or that are not sorted when they should be
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const packed = nn.utils.rnn.packPaddedSequence(tensor([[1, 2, 3], [4, 0, 0]]), [3, 1], { batchFirst: true });
 * console.log(packed.data.tolist(), packed.batchSizes); // [ 1, 4, 2, 3 ] [ 2, 1, 1 ]
 * ```
 */
export function packPaddedSequence(
  input: Tensor,
  lengths: Tensor | readonly number[],
  settings: Alone<"batchFirst", PackOptions> = {},
): PackedSequence {
  refuseMore("packPaddedSequence", arguments, 3);
  const options = optionsOf<PackOptions, "batchFirst">("batchFirst", settings);
  checkCall("packPaddedSequence", [input], options, { batchFirst: "boolean", enforceSorted: "boolean" });
  if (!(lengths instanceof Tensor)) checkKind("packPaddedSequence", "lengths", lengths ?? null, "numbers");
  const { batchFirst = false, enforceSorted = true } = options;
  const given = Array.isArray(lengths)
    ? [...lengths as readonly number[]]
    : Array.from((lengths as Tensor).toTypedArray(), Number);
  const batch = input.size(batchFirst ? 0 : 1), time = input.size(batchFirst ? 1 : 0);
  if (given.length !== batch) {
    throw new ValueError(
      `Expected \`len(lengths)\` to be equal to batch_size, but got ${given.length} (batch_size=${batch}), in packPaddedSequence`,
    );
  }
  for (const length of given) {
    if (!Number.isInteger(length) || length <= 0 || length > time) {
      throw new ValueError(
        `Length of all samples has to be greater than 0, but found an element in 'lengths' that is ${length}, in packPaddedSequence of ${time} moments`,
      );
    }
  }
  const order = given.map((_, i) => i).sort((a, b) => given[b] - given[a] || a - b);
  const sorted = order.map((i) => given[i]);
  if (enforceSorted && sorted.some((length, i) => length !== given[i])) {
    throw new ValueError(
      "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass { enforceSorted: false } to " +
        `packPaddedSequence and/or packSequence to sidestep this requirement: got ${given.join(", ")}`,
    );
  }
  const sortedIndices = enforceSorted ? null : order;
  const steps = reorder(batchFirst ? transpose(input, 0, 1) : input, 1, sortedIndices);
  const batchSizes = Array.from(
    { length: sorted[0] },
    (_, t) => sorted.filter((length) => length > t).length,
  );
  const parts = batchSizes.map((size, t) => narrow(select(steps, 0, t), 0, 0, size));
  return new PackedSequence({ data: cat(parts, 0), batchSizes, sortedIndices });
}

/** Options of unpacking. */
export interface UnpackOptions {
  /** Whether the batch becomes the first dimension; false by default. */
  readonly batchFirst?: boolean;
  /** What fills the missing elements; 0 by default. */
  readonly paddingValue?: number;
  /** Pad to this length; that of the longest sequence by default. */
  readonly totalLength?: number;
}

/** Puts padding back: the batch [time, batch, ...] and the lengths as int64. `torch.nn.utils.rnn.pad_packed_sequence`. */
export function padPackedSequence(
  sequence: PackedSequence,
  given: Alone<"batchFirst", UnpackOptions> = {},
): [Tensor, Tensor] {
  refuseMore("padPackedSequence", arguments, 2);
  const options = optionsOf<UnpackOptions, "batchFirst">("batchFirst", given);
  if (!(sequence instanceof PackedSequence)) {
    throw new ValueError(
      "padPackedSequence: expected a PackedSequence, as packPaddedSequence gives; got something else",
    );
  }
  checkOptions("padPackedSequence", options, {
    batchFirst: "boolean",
    paddingValue: "number",
    totalLength: "number",
  });
  const { batchFirst = false, paddingValue = 0, totalLength } = options;
  const { data, batchSizes, unsortedIndices } = sequence;
  const batch = batchSizes[0], longest = batchSizes.length;
  if (totalLength !== undefined && totalLength < longest) {
    throw new ValueError(
      `Expected total_length to be at least the length of the longest sequence in input, but got total_length=${totalLength} and max sequence length being ${longest}`,
    );
  }
  const rest = data.shape.slice(1);
  const blank = (rows: number) =>
    full([rows, ...rest], paddingValue, { dtype: data.dtype, device: data.device });
  let start = 0;
  const steps = batchSizes.map((size) => {
    const rows = narrow(data, 0, start, size);
    start += size;
    return size === batch ? rows : cat([rows, blank(batch - size)], 0);
  });
  for (let t = longest; t < (totalLength ?? longest); t++) steps.push(blank(batch));
  const padded = reorder(stack(steps, 0), 1, unsortedIndices);
  const sorted = Array.from({ length: batch }, (_, i) => batchSizes.filter((size) => size > i).length);
  const lengths = unsortedIndices === null ? sorted : unsortedIndices.map((i) => sorted[i]);
  return [batchFirst ? transpose(padded, 0, 1) : padded, tensor(lengths, { dtype: "int64", device: "cpu" })];
}

/** Options of padding. */
export interface PadSequenceOptions {
  /** Whether the batch is the first dimension of the result; false by default. */
  readonly batchFirst?: boolean;
  /** What fills the missing elements; 0 by default. */
  readonly paddingValue?: number;
}

/** Stacks sequences [length, ...] of unequal length, the shorter ones padded. `torch.nn.utils.rnn.pad_sequence`. */
export function padSequence(
  sequences: readonly Tensor[],
  given: Alone<"batchFirst", PadSequenceOptions> = {},
): Tensor {
  refuseMore("padSequence", arguments, 2);
  const options = optionsOf<PadSequenceOptions, "batchFirst">("batchFirst", given);
  checkKind("padSequence", "sequences", sequences ?? null, "iterable");
  checkCall("padSequence", sequences, options, { batchFirst: "boolean", paddingValue: "number" });
  const { batchFirst = false, paddingValue = 0 } = options;
  if (sequences.length === 0) throw new IndexError("received an empty list of sequences, in padSequence");
  const longest = Math.max(...sequences.map((x) => x.size(0)));
  const padded = sequences.map((x) => {
    const missing = longest - x.shape[0];
    if (x.shape.slice(1).join() !== sequences[0].shape.slice(1).join()) {
      throw new ShapeError(
        `padSequence: the sequences must be alike but for their length, got [${x.shape.join(", ")}] beside [${
          sequences[0].shape.join(", ")
        }]`,
      );
    }
    if (missing === 0) return x;
    return cat(
      [x, full([missing, ...x.shape.slice(1)], paddingValue, { dtype: x.dtype, device: x.device })],
      0,
    );
  });
  return stack(padded, batchFirst ? 0 : 1);
}

/** The sequences of a padded batch, each in its length. `torch.nn.utils.rnn.unpad_sequence`. */
export function unpadSequence(
  padded: Tensor,
  lengths: Tensor | readonly number[],
  given: Alone<"batchFirst", { readonly batchFirst?: boolean }> = {},
): Tensor[] {
  const options = optionsOf<{ readonly batchFirst?: boolean }, "batchFirst">("batchFirst", given);
  checkCall("unpadSequence", [padded], options, { batchFirst: "boolean" });
  const batchMajor = options.batchFirst ? padded : transpose(padded, 0, 1);
  const each = Array.isArray(lengths)
    ? lengths as readonly number[]
    : Array.from((lengths as Tensor).toTypedArray(), Number);
  return each.map((length, i) => narrow(select(batchMajor, 0, i), 0, 0, length));
}

/** Packs sequences [length, ...] of unequal length. `torch.nn.utils.rnn.pack_sequence`. */
export function packSequence(
  sequences: readonly Tensor[],
  options: { readonly enforceSorted?: boolean } = {},
): PackedSequence {
  checkOptions("packSequence", options, { enforceSorted: "boolean" });
  return packPaddedSequence(padSequence(sequences), sequences.map((x) => x.size(0)), options);
}

/** The sequences of a packed batch. `torch.nn.utils.rnn.unpack_sequence`. */
export function unpackSequence(sequence: PackedSequence): Tensor[] {
  const [padded, lengths] = padPackedSequence(sequence);
  return unpadSequence(padded, lengths);
}
