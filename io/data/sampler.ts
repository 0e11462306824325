/**
 * Samplers: the order in which the numbers of samples are drawn, PyTorch's order for PyTorch's seed.
 *
 * @module
 */
import { hostArray, writeElement } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { type Given, inOrder, needed, settingsOf } from "../../core/ops/arguments.ts";
import { checkKind, isRecord, type Kinds } from "../../core/ops/options.ts";
import { defaultGenerator, Generator } from "../../core/random/generator.ts";
import { randint, random, randperm } from "../../core/random/integers.ts";
import { multinomial } from "../../core/random/multinomial.ts";
import { Tensor } from "../../core/tensor.ts";
import { checkDataset } from "./dataset.ts";

/** An order of samples: each iteration is a new pass. `torch.utils.data.Sampler`. */
export abstract class Sampler<T = number> implements Iterable<T> {
  /** How many it draws in a pass. */
  abstract readonly length: number;

  /** A new pass. */
  abstract [Symbol.iterator](): Iterator<T>;
}

/** What is drawn from. */
export interface SampledData {
  /** A data set, or anything that has a length. */
  readonly dataSource: { readonly length: number };
}

/** Options of samplers that draw at random. */
export interface RandomSamplerOptions {
  /** Whether a sample may be drawn more than once; false when not given. */
  readonly replacement?: boolean;
  /** How many are drawn in a pass; as many as there are when not given. */
  readonly numSamples?: number | null;
  /** Where the random bits come from. Without one, each pass seeds a fresh generator from the default one. */
  readonly generator?: Generator;
}

const randomKinds: Kinds<SampledData & RandomSamplerOptions> = {
  dataSource: "any",
  replacement: "boolean",
  numSamples: "number?",
  generator: "generator",
};

/** Throws unless `value` is a whole number from 1. */
export function checkCount(sampler: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value <= 0) {
    throw new ValueError(
      `${name} should be a positive integer value, but got ${name}=${value}, in ${sampler}`,
    );
  }
}

/** One 64-bit draw, as `torch.empty((), dtype=torch.int64).random_()`. */
export function drawSeed(generator: Generator): bigint {
  return BigInt(random(generator, 1, "int64")[0]);
}

/** The arguments of a sampler, where a record that has a length stands for a data set: it names nothing. */
function withSource(given: readonly unknown[]): readonly unknown[] {
  const [source] = given;
  return given.length === 1 && isRecord(source) && "length" in source ? [source, {}] : given;
}

/** In order: 0, 1, 2 ... `torch.utils.data.SequentialSampler`. */
export class SequentialSampler implements Sampler {
  /** How many it draws in a pass. */
  readonly length: number;

  /** For a data set, or anything that has a length. */
  constructor(...given: Given<[dataSource: { readonly length: number }], [], SampledData>) {
    const op = "SequentialSampler";
    const dataset = needed(
      op,
      settingsOf<SampledData>(op, withSource(given), { dataSource: "any" }),
      "dataSource",
    );
    checkDataset("SequentialSampler", dataset);
    this.length = dataset.length;
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** At random, each once or with replacement. `torch.utils.data.RandomSampler`. */
export class RandomSampler implements Sampler {
  /** How many it draws in a pass. */
  readonly length: number;
  private readonly count: number;
  private readonly replacement: boolean;
  private readonly generator: Generator | undefined;

  /**
   * For a data set, or anything that has a length.
   *
   * @throws {ValueError} when there is nothing to draw
   */
  constructor(
    ...given: Given<
      [dataSource: { readonly length: number }],
      [replacement: boolean, numSamples: number],
      SampledData,
      RandomSamplerOptions
    >
  ) {
    const options = settingsOf<SampledData & RandomSamplerOptions>(
      "RandomSampler",
      withSource(given),
      randomKinds,
    );
    const dataset = needed("RandomSampler", options as Partial<SampledData>, "dataSource");
    checkDataset("RandomSampler", dataset);
    this.count = dataset.length;
    this.length = options.numSamples ?? dataset.length;
    this.replacement = options.replacement ?? false;
    this.generator = options.generator;
    checkCount("RandomSampler", "num_samples", this.length);
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number> {
    const generator = this.generator ?? new Generator().manualSeed(drawSeed(defaultGenerator));
    if (this.replacement) {
      // Draws come in blocks of 32, which matters to a generator that others draw from too.
      for (let left = this.length; left > 0; left -= 32) {
        for (const i of randint(generator, Math.min(32, left), "int64", 0, this.count)) yield Number(i);
      }
      return;
    }
    let left = this.length;
    // After the last whole permutation one more is drawn, even when nothing is taken from it.
    for (;;) {
      const order = randperm(generator, this.count);
      for (const i of order.subarray(0, Math.min(left, this.count))) yield Number(i);
      if (left < this.count) return;
      left -= this.count;
    }
  }
}

/** The given numbers in random order. `torch.utils.data.SubsetRandomSampler`. */
export class SubsetRandomSampler implements Sampler {
  /** How many it draws in a pass. */
  readonly length: number;
  private readonly indices: readonly number[];
  private readonly generator: Generator | undefined;

  /** Without a generator the default one is drawn from. */
  constructor(
    ...given: Given<
      [indices: readonly number[]],
      [generator: Generator],
      { readonly indices: readonly number[]; readonly generator: Generator }
    >
  ) {
    type Own = { readonly indices: readonly number[]; readonly generator?: Generator };
    const kinds = { indices: "numbers", generator: "generator" } as const;
    const settings = settingsOf<Own>("SubsetRandomSampler", given, kinds);
    this.indices = needed("SubsetRandomSampler", settings as Partial<Own>, "indices");
    this.generator = settings.generator;
    this.length = this.indices.length;
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const i of randperm(this.generator ?? defaultGenerator, this.length)) {
      yield this.indices[Number(i)];
    }
  }
}

/** What WeightedRandomSampler takes. */
export interface WeightedDraws {
  /** The weight of each sample. */
  readonly weights: readonly number[] | Tensor;
  /** How many are drawn in a pass. */
  readonly numSamples: number;
  /** Whether a sample may be drawn more than once; true when not given. */
  readonly replacement: boolean;
  /** Where the random bits come from; the default generator when not given. */
  readonly generator: Generator;
}

const weightedKinds: Kinds<WeightedDraws> = {
  weights: "any",
  numSamples: "number",
  replacement: "boolean",
  generator: "generator",
};

/** Numbers drawn by weight, with replacement unless told otherwise. `torch.utils.data.WeightedRandomSampler`. */
export class WeightedRandomSampler implements Sampler {
  /** How many it draws in a pass. */
  readonly length: number;
  private readonly weights: readonly number[];
  private readonly replacement: boolean;
  private readonly generator: Generator | undefined;

  /**
   * Takes a weight for each sample, and how many to draw in a pass.
   *
   * @throws {ValueError} when `numSamples` is not a positive whole number
   */
  constructor(
    ...given: Given<
      [weights: readonly number[] | Tensor, numSamples: number],
      [replacement: boolean, generator: Generator],
      WeightedDraws
    >
  ) {
    const op = "WeightedRandomSampler", settings = settingsOf<WeightedDraws>(op, given, weightedKinds);
    const weights = needed(op, settings, "weights");
    const list = weights instanceof Tensor ? Array.from(weights.toTypedArray(), Number) : weights;
    checkKind(op, "weights", list, "numbers");
    this.length = needed(op, settings, "numSamples");
    checkCount(op, "num_samples", this.length);
    this.weights = [...list];
    this.replacement = settings.replacement ?? true;
    this.generator = settings.generator;
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number> {
    const { weights, length, replacement } = this, host = hostArray("float64", weights.length);
    weights.forEach((w, i) => writeElement(host, "float64", i, w));
    const generator = this.generator ?? defaultGenerator;
    for (const i of multinomial(generator, host, "float64", 1, weights.length, length, replacement)) {
      yield Number(i);
    }
  }
}

/** What BatchSampler takes. */
export interface Groups {
  /** The order of samples. */
  readonly sampler: Sampler;
  /** How many draws are in a group. */
  readonly batchSize: number;
  /** Whether a last group that is smaller is left out. */
  readonly dropLast: boolean;
}

/** The draws of another sampler in groups. `torch.utils.data.BatchSampler`. */
export class BatchSampler implements Sampler<number[]> {
  /** How many draws are in a group. */
  readonly batchSize: number;
  /** Whether a last group that is smaller is left out. */
  readonly dropLast: boolean;
  private readonly sampler: Sampler;

  /** Groups of `batchSize`; the last one may be smaller, or with `dropLast` is left out. */
  constructor(...given: Given<[sampler: Sampler, batchSize: number, dropLast: boolean], [], Groups>) {
    const names = ["sampler", "batchSize", "dropLast"];
    const [sampler, batchSize, dropLast] = inOrder<[Sampler, number, boolean]>(
      "BatchSampler",
      names,
      3,
      given,
    );
    checkKind("BatchSampler", "sampler", sampler ?? null, "iterable");
    checkCount("BatchSampler", "batch_size", batchSize);
    if (typeof dropLast !== "boolean") {
      throw new ValueError(
        `drop_last should be a boolean value, but got drop_last=${dropLast}, in BatchSampler`,
      );
    }
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
  }

  /** How many groups a pass gives. */
  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number[]> {
    yield* grouped(this.sampler, this.batchSize, this.dropLast);
  }
}

/** Items in groups of `size`, the last one smaller or left out. */
export function* grouped<T>(items: Iterable<T>, size: number, dropLast: boolean): IterableIterator<T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0 && !dropLast) yield group;
}
