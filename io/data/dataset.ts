/**
 * Data sets: something with a length and elements by number, and views over it. Drawing from them in batches is loader.ts.
 *
 * @module
 */
import { IndexError, ShapeError, ValueError } from "../../core/errors.ts";
import { checkTensors } from "../../core/ops/cast.ts";
import { tensor } from "../../core/ops/create.ts";
import { indexSelect } from "../../core/ops/indexing/indexing.ts";
import { type Given, inOrder } from "../../core/ops/arguments.ts";
import { checkKind, isRecord } from "../../core/ops/options.ts";
import { select } from "../../core/ops/view.ts";
import { defaultGenerator, type Generator } from "../../core/random/generator.ts";
import { randperm } from "../../core/random/integers.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Batch } from "./collate.ts";

/**
 * A data set whose samples are found by number. `torch.utils.data.Dataset`.
 *
 * @example
 * ```ts
 * import { io } from "@tenon/tenon";
 * class Squares extends io.data.Dataset<[number, number]> {
 *   readonly length = 100;
 *   at(index: number): [number, number] {
 *     return [index, index * index];
 *   }
 * }
 * console.log(new Squares().at(3)); // [ 3, 9 ]
 * ```
 */
export abstract class Dataset<T> {
  /** How many samples there are. Python's `len(dataset)`. */
  abstract readonly length: number;

  /** The sample of that number, from 0. Python's `dataset[index]`. */
  abstract at(index: number): T;

  /**
   * Several samples as one batch, as the default collation would make it, where that can be had faster than sample by sample; null where it cannot.
   */
  batch(_indices: readonly number[]): Batch<T> | null {
    return null;
  }

  /** One sample after the other. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** A data set that is a stream: no length, no order but its own. `torch.utils.data.IterableDataset`. */
export abstract class IterableDataset<T> {
  /** A new pass over the samples. */
  abstract [Symbol.iterator](): Iterator<T>;
}

/** What takes the place of a data set: an array is one. */
export type DatasetLike<T> = Dataset<T> | readonly T[];

/** Refuses what has no length. */
export function checkDataset(op: string, dataset: unknown): void {
  const sized = typeof dataset === "object" && dataset !== null && "length" in dataset;
  if (sized && typeof dataset.length === "number") return;
  throw new ValueError(
    `${op}: expected a data set or an array, but got ${
      typeof dataset === "object" && dataset !== null
        ? "an object without a length; a data set has length and at(i), which are __len__ and __getitem__"
        : dataset
    }`,
  );
}

/** The sample of a number from 0 to before the length. */
export function sampleOf<T>(dataset: DatasetLike<T>, index: number): T {
  if (dataset instanceof Dataset) return dataset.at(index);
  return dataset[checkIndex("array", index, dataset.length)];
}

/** The number of a sample counted from the start; negative ones count from the end. */
function checkIndex(what: string, index: number, length: number): number {
  const i = index < 0 ? index + length : index;
  if (!Number.isInteger(i) || i < 0 || i >= length) {
    throw new IndexError(`index ${index} is out of range for a ${what} of ${length} samples`);
  }
  return i;
}

/**
 * Tensors side by side: sample i is the i-th slice of each along the first dimension. `torch.utils.data.TensorDataset`.
 *
 * @example
 * ```ts
 * import { arange, io } from "@tenon/tenon";
 * const data = new io.data.TensorDataset(arange(6).reshape([3, 2]), arange(3));
 * const [x, y] = data.at(1);
 * console.log(String(x), String(y)); // tensor([2, 3]) tensor(1)
 * ```
 */
export class TensorDataset<T extends readonly Tensor[]> extends Dataset<T> {
  /** The tensors, as given. */
  readonly tensors: T;
  /** How many samples there are. */
  readonly length: number;

  /**
   * Takes tensors of one length.
   *
   * @throws {ShapeError} when their first dimensions differ, or one has none
   */
  constructor(...tensors: T) {
    super();
    checkTensors("TensorDataset", tensors);
    this.tensors = tensors;
    this.length = tensors[0]?.shape[0] ?? 0;
    if (tensors.length === 0 || tensors.some((t) => t.shape[0] !== this.length)) {
      throw new ShapeError(
        `Size mismatch between tensors: TensorDataset needs tensors of one first dimension, but got the shapes ${
          tensors.map((t) => `[${t.shape.join(", ")}]`).join(", ") || "of none"
        }`,
      );
    }
  }

  /** The sample of that number; negative ones count from the end. */
  at(index: number): T {
    const i = checkIndex("TensorDataset", index, this.length);
    return this.tensors.map((t) => select(t, 0, i)) as readonly Tensor[] as T;
  }

  /** Several samples as one batch. */
  override batch(indices: readonly number[]): Batch<T> {
    const places = indices.map((i) => checkIndex("TensorDataset", i, this.length));
    const batch = this.tensors.map((t) =>
      indexSelect(t, 0, tensor(places, { dtype: "int64", device: t.device }))
    );
    return batch as readonly Tensor[] as Batch<T>;
  }
}

/** The samples of a data set whose numbers are in `indices`, in that order. `torch.utils.data.Subset`. */
export class Subset<T> extends Dataset<T> {
  /** The whole data set. */
  readonly dataset: DatasetLike<T>;
  /** The numbers in the whole data set. */
  readonly indices: readonly number[];
  /** How many samples there are. */
  readonly length: number;

  /** A view: nothing is copied. */
  constructor(
    ...given: Given<
      [dataset: DatasetLike<T>, indices: readonly number[]],
      [],
      { readonly dataset: DatasetLike<T>; readonly indices: readonly number[] }
    >
  ) {
    super();
    const names = ["dataset", "indices"];
    const [dataset, indices] = inOrder<[DatasetLike<T>, readonly number[]]>("Subset", names, 2, given);
    checkDataset("Subset", dataset);
    checkKind("Subset", "indices", indices ?? null, "numbers");
    this.dataset = dataset;
    this.indices = indices;
    this.length = indices.length;
  }

  /** The sample of that number; negative ones count from the end. */
  at(index: number): T {
    return sampleOf(this.dataset, this.indices[checkIndex("Subset", index, this.length)]);
  }

  /** Several samples as one batch. */
  override batch(indices: readonly number[]): Batch<T> | null {
    if (!(this.dataset instanceof Dataset)) return null;
    return this.dataset.batch(indices.map((i) => this.indices[checkIndex("Subset", i, this.length)]));
  }
}

/** Data sets one after the other. `torch.utils.data.ConcatDataset`. */
export class ConcatDataset<T> extends Dataset<T> {
  /** The data sets in order. */
  readonly datasets: readonly DatasetLike<T>[];
  /** Where each data set ends, counted over all. */
  readonly cumulativeSizes: readonly number[];
  /** How many samples there are. */
  readonly length: number;

  /**
   * Takes at least one data set.
   *
   * @throws {ValueError} when there is none
   */
  constructor(
    ...given: Given<
      [datasets: readonly DatasetLike<T>[]],
      [],
      { readonly datasets: readonly DatasetLike<T>[] }
    >
  ) {
    super();
    const [datasets] = inOrder<[readonly DatasetLike<T>[]]>("ConcatDataset", ["datasets"], 1, given);
    checkKind("ConcatDataset", "datasets", datasets ?? null, "iterable");
    for (const dataset of datasets) {
      if (dataset instanceof IterableDataset) {
        throw new ValueError("ConcatDataset does not support IterableDataset; ChainDataset takes streams");
      }
      checkDataset("ConcatDataset", dataset);
    }
    if (datasets.length === 0) {
      throw new ValueError("datasets should not be an empty iterable, in ConcatDataset");
    }
    let end = 0;
    this.datasets = datasets;
    this.cumulativeSizes = datasets.map((d) => end += d.length);
    this.length = end;
  }

  /** The sample of that number; negative ones count from the end. */
  at(index: number): T {
    const i = checkIndex("ConcatDataset", index, this.length);
    const which = this.cumulativeSizes.findIndex((end) => i < end);
    return sampleOf(this.datasets[which], i - (which > 0 ? this.cumulativeSizes[which - 1] : 0));
  }
}

/**
 * Streams one after the other. `torch.utils.data.ChainDataset`.
 *
 * @example
 * ```ts
 * import { io } from "@tenon/tenon";
 * class Count extends io.data.IterableDataset<number> {
 *   constructor(readonly n: number) {
 *     super();
 *   }
 *   override *[Symbol.iterator](): Iterator<number> {
 *     for (let i = 0; i < this.n; i++) yield i;
 *   }
 * }
 * console.log([...new io.data.ChainDataset([new Count(2), new Count(3)])]); // [ 0, 1, 0, 1, 2 ]
 * ```
 */
export class ChainDataset<T> extends IterableDataset<T> {
  /** Takes the streams in order. */
  constructor(readonly datasets: Iterable<IterableDataset<T>>) {
    super();
    checkKind("ChainDataset", "datasets", datasets ?? null, "iterable");
  }

  /** A new pass over all of them. */
  override *[Symbol.iterator](): IterableIterator<T> {
    for (const dataset of this.datasets) {
      if (!(dataset instanceof IterableDataset)) {
        throw new ValueError(
          "ChainDataset only supports IterableDataset; ConcatDataset takes data sets with a length",
        );
      }
      yield* { [Symbol.iterator]: () => dataset[Symbol.iterator]() };
    }
  }
}

/** What StackDataset makes of data sets: a sample of each, in their form. */
export type Stacked<D> = { -readonly [K in keyof D]: D[K] extends DatasetLike<infer T> ? T : never };

/**
 * Data sets side by side: a sample is the list, or the record, of theirs. `torch.utils.data.StackDataset`.
 *
 * @example
 * ```ts
 * import { io } from "@tenon/tenon";
 * const pairs = new io.data.StackDataset([1, 2], ["a", "b"]);
 * const named = new io.data.StackDataset({ x: [1, 2], y: ["a", "b"] });
 * console.log(pairs.at(1), named.at(0)); // [ 2, "b" ] { x: 1, y: "a" }
 * ```
 */
export class StackDataset<D extends readonly DatasetLike<unknown>[] | Record<string, DatasetLike<unknown>>>
  extends Dataset<Stacked<D>> {
  /** The data sets, as given. */
  readonly datasets: D;
  /** How many samples there are. */
  readonly length: number;

  /**
   * Takes a record of data sets of one length.
   *
   * @throws {ValueError} when there is none, or when their lengths differ
   */
  constructor(datasets: D & Readonly<Record<string, DatasetLike<unknown>>>);
  /** Takes data sets of one length, side by side. */
  constructor(...datasets: D & readonly DatasetLike<unknown>[]);
  constructor(...datasets: readonly unknown[]) {
    super();
    const [first] = datasets;
    this.datasets = (datasets.length === 1 && isRecord(first) ? first : datasets) as D;
    const list: readonly DatasetLike<unknown>[] = Object.values(this.datasets);
    if (list.length === 0) throw new ValueError("At least one dataset should be passed, to StackDataset");
    for (const dataset of list) checkDataset("StackDataset", dataset);
    this.length = list[0].length;
    if (list.some(({ length }) => length !== this.length)) {
      throw new ValueError(
        `Size mismatch between datasets: StackDataset got the lengths ${
          list.map((d) => d.length).join(", ")
        }`,
      );
    }
  }

  /** The sample of that number; negative ones count from the end. */
  at(index: number): Stacked<D> {
    const i = checkIndex("StackDataset", index, this.length), { datasets } = this;
    const samples = Array.isArray(datasets)
      ? datasets.map((dataset) => sampleOf(dataset, i))
      : Object.fromEntries(Object.entries(datasets).map(([name, dataset]) => [name, sampleOf(dataset, i)]));
    return samples as Stacked<D>;
  }
}

/** Whole lengths from fractions of `total`; what rounding leaves over goes to the first ones. */
function wholeLengths(total: number, fractions: readonly number[]): number[] {
  for (const [i, fraction] of fractions.entries()) {
    if (fraction < 0 || fraction > 1) {
      throw new ValueError(
        `Fraction at index ${i} is not between 0 and 1, in randomSplit: it is ${fraction}`,
      );
    }
  }
  const lengths = fractions.map((fraction) => Math.floor(total * fraction));
  const rest = total - lengths.reduce((a, b) => a + b, 0);
  for (let i = 0; i < rest; i++) lengths[i % lengths.length]++;
  return lengths;
}

/**
 * Splits a data set at random into parts of the given lengths, or of fractions that sum to 1. `torch.utils.data.random_split`.
 *
 * @throws {ValueError} when the lengths do not sum to the length of the data set
 * @example
 * ```ts
 * import { io, manualSeed } from "@tenon/tenon";
 * manualSeed(0);
 * const [train, test] = io.data.randomSplit(["a", "b", "c", "d", "e"], [0.8, 0.2]);
 * console.log([...train], [...test]);
 * ```
 */
export function randomSplit<T>(
  ...given: Given<
    [dataset: DatasetLike<T>, lengths: readonly number[]],
    [generator: Generator],
    { readonly dataset: DatasetLike<T>; readonly lengths: readonly number[]; readonly generator: Generator }
  >
): Subset<T>[] {
  const [dataset, lengths, generator = defaultGenerator] = inOrder<
    [DatasetLike<T>, readonly number[], Generator | undefined]
  >("randomSplit", ["dataset", "lengths", "generator"], 2, given);
  checkDataset("randomSplit", dataset);
  checkKind("randomSplit", "lengths", lengths ?? null, "numbers");
  checkKind("randomSplit", "generator", generator, "generator");
  const total = dataset.length, sum = lengths.reduce((a, b) => a + b, 0);
  const fractions = Math.abs(sum - 1) <= 1e-9 && sum <= 1;
  const sizes = fractions ? wholeLengths(total, lengths) : lengths;
  if (!sizes.every((n) => Number.isInteger(n) && n >= 0) || sizes.reduce((a, b) => a + b, 0) !== total) {
    throw new ValueError(
      `Sum of input lengths does not equal the length of the input dataset!, in randomSplit: [${
        lengths.join(", ")
      }] for ${total} samples`,
    );
  }
  const order = randperm(generator, total);
  let start = 0;
  return sizes.map((n) => {
    const indices = Array.from({ length: n }, (_, i) => Number(order[start + i]));
    start += n;
    return new Subset(dataset, indices);
  });
}
