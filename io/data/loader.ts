/**
 * The data loader: batches of a data set, in PyTorch's order for PyTorch's seed. Iteration is synchronous: `for (const [x, y] of loader)`.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { needed, settingsOf } from "../../core/ops/arguments.ts";
import type { FixedOptions, Kinds } from "../../core/ops/options.ts";
import { defaultGenerator, type Generator } from "../../core/random/generator.ts";
import { type Batch, collateSamples, defaultConvert } from "./collate.ts";
import { checkDataset, Dataset, type DatasetLike, IterableDataset, sampleOf } from "./dataset.ts";
import {
  BatchSampler,
  checkCount,
  drawSeed,
  grouped,
  RandomSampler,
  type Sampler,
  SequentialSampler,
} from "./sampler.ts";

/** What the samples of a data loader come from, where it is given by name. */
export interface DataSource<T> {
  /** A data set, an array, or a stream. */
  readonly dataset: DatasetLike<T> | IterableDataset<T>;
}

/** Options of a data loader; the names are those of `torch.utils.data.DataLoader`. */
export interface DataLoaderOptions<T, B = Batch<T>> extends Pick<FixedOptions, "numWorkers" | "pinMemory"> {
  /** Samples in a batch, 1 when not given; null gives the samples one by one, without a batch dimension. */
  readonly batchSize?: number | null;
  /** A new random order in each pass. */
  readonly shuffle?: boolean;
  /** The order of the samples, in place of `shuffle`. */
  readonly sampler?: Sampler;
  /** The numbers of each batch, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  readonly batchSampler?: Sampler<readonly number[]>;
  /** Leaves out a last batch that is smaller than the others. */
  readonly dropLast?: boolean;
  /** Makes a batch of samples; `defaultCollate` when not given. */
  readonly collateFn?: (samples: T[]) => B;
  /** Where the random order comes from; the default generator when not given. */
  readonly generator?: Generator;
}

const kinds: Kinds<DataSource<never> & DataLoaderOptions<never, unknown>> = {
  dataset: "any",
  batchSize: "number?",
  shuffle: "boolean",
  sampler: "iterable",
  batchSampler: "iterable",
  dropLast: "boolean",
  collateFn: "function",
  generator: "any",
};

function* samplesIn<T>(dataset: DatasetLike<T>, order: Iterable<number>): IterableIterator<T> {
  for (const i of order) yield sampleOf(dataset, i);
}

function exclusive(message: string): ValueError {
  return new ValueError(`${message}, in DataLoader: leave one of them out`);
}

/**
 * Batches of a data set, an array, or a stream of samples. Each `for` loop is a new pass. `torch.utils.data.DataLoader` without workers.
 *
 * A pass draws from the generator as PyTorch does: one seed when it begins, and with `shuffle` another one when the first batch is asked for.
 *
 * @example
 * ```ts
 * import { arange, io, manualSeed } from "@tenon/tenon";
 * manualSeed(0);
 * const data = new io.data.TensorDataset(arange(4), arange(4).mul(10));
 * for (const [x, y] of new io.data.DataLoader(data, { batchSize: 2, shuffle: true })) {
 *   console.log(String(x), String(y));
 * }
 * ```
 */
export class DataLoader<T, B = Batch<T>> {
  /** What the samples come from. */
  readonly dataset: DatasetLike<T> | IterableDataset<T>;
  /** Samples in a batch; null when batches are not of one size. */
  readonly batchSize: number | null;
  private readonly batches: Sampler<readonly number[]> | null;
  /** The order of samples that come one by one. */
  private readonly single: Sampler | null;
  private readonly options: DataLoaderOptions<T, B>;

  /**
   * Takes everything by name. Nothing is read yet.
   *
   * @throws {ValueError} for options that are unknown or exclude each other, a batch size below 1, or an empty data set that is to be shuffled
   */
  constructor(named: DataSource<T> & DataLoaderOptions<T, B>);
  /** Takes the size of batches and whether they are shuffled by position. */
  constructor(
    dataset: DatasetLike<T> | IterableDataset<T>,
    batchSize: number | null,
    shuffle?: boolean,
    options?: DataLoaderOptions<T, B>,
  );
  /** Takes the data set, and the others by name. */
  constructor(dataset: DatasetLike<T> | IterableDataset<T>, options?: DataLoaderOptions<T, B>);
  constructor(...args: readonly unknown[]) {
    type All = DataSource<T> & DataLoaderOptions<T, B>;
    const { dataset: source, ...given } = settingsOf<All>("DataLoader", args, kinds as Kinds<All>, 5);
    const dataset = needed("DataLoader", { dataset: source }, "dataset");
    if (!(dataset instanceof IterableDataset)) checkDataset("DataLoader", dataset);
    const { sampler, batchSampler, shuffle = false, dropLast = false, batchSize = 1, generator } = given;
    this.dataset = dataset;
    this.options = given;
    this.batchSize = batchSampler === undefined ? batchSize : null;
    if (sampler !== undefined && shuffle) {
      throw exclusive("sampler option is mutually exclusive with shuffle");
    }
    if (batchSampler !== undefined && (batchSize !== 1 || shuffle || sampler !== undefined || dropLast)) {
      throw exclusive(
        "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last",
      );
    }
    if (batchSize === null && dropLast) {
      throw exclusive(
        "batch_size=None option disables auto-batching and is mutually exclusive with drop_last",
      );
    }
    if (!(dataset instanceof IterableDataset)) {
      const order = sampler ??
        (shuffle ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset));
      this.single = batchSampler === undefined && batchSize === null ? order : null;
      this.batches = batchSampler ??
        (batchSize === null ? null : new BatchSampler(order, batchSize, dropLast));
      return;
    }
    const [option] = Object.entries({ shuffle: shuffle || undefined, sampler, batchSampler })
      .find(([, value]) => value !== undefined) ?? [null];
    if (option !== null) {
      throw new ValueError(
        `DataLoader with IterableDataset: expected unspecified ${option} option, but it was given: a stream has its own order`,
      );
    }
    if (batchSize !== null) checkCount("DataLoader", "batch_size", batchSize);
    this.batches = null;
    this.single = null;
  }

  /**
   * How many batches a pass gives. Python's `len(loader)`.
   *
   * @throws {ValueError} for a stream, whose length nobody knows
   */
  get length(): number {
    const order = this.batches ?? this.single;
    if (order === null) {
      throw new ValueError("object of type 'IterableDataset' has no len(), in DataLoader");
    }
    return order.length;
  }

  /** A new pass over the batches. */
  [Symbol.iterator](): IterableIterator<B> {
    // PyTorch seeds its workers with this draw; without workers it still advances the stream.
    drawSeed(this.options.generator ?? defaultGenerator);
    return this.pass();
  }

  /** One pass over the data. */
  private *pass(): IterableIterator<B> {
    const { dataset, batches, options } = this;
    const { collateFn, batchSize = 1, dropLast = false } = options;
    if (batchSize === null && batches === null) {
      const convert = (collateFn ?? defaultConvert) as (sample: unknown) => B;
      const samples: Iterable<T> = dataset instanceof IterableDataset
        ? { [Symbol.iterator]: () => dataset[Symbol.iterator]() }
        : samplesIn(dataset, this.single ?? []);
      for (const sample of samples) yield convert(sample);
      return;
    }
    // Without collateFn, B is what the default makes.
    const collate = collateFn ?? ((samples: T[]) => collateSamples(samples) as B);
    if (dataset instanceof IterableDataset) {
      for (const samples of grouped(dataset, batchSize ?? 1, dropLast)) yield collate(samples);
      return;
    }
    for (const indices of batches ?? []) {
      const ready = collateFn === undefined && dataset instanceof Dataset ? dataset.batch(indices) : null;
      yield ready as B | null ?? collate(indices.map((i) => sampleOf(dataset, i)));
    }
  }
}
