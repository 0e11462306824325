/**
 * Samplers: the order in which the numbers of samples are drawn, PyTorch's order for PyTorch's seed.
 *
 * @module
 */
import { hostArray, writeElement } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { checkKind, checkOptions } from "../../core/ops/options.ts";
import { defaultGenerator, Generator } from "../../core/random/generator.ts";
import { randint, random, randperm } from "../../core/random/integers.ts";
import { multinomial } from "../../core/random/multinomial.ts";
import { Tensor } from "../../core/tensor.ts";
import { checkDataset } from "./dataset.ts";

/** An order of samples: each iteration is a new pass. `torch.utils.data.Sampler`. */
export interface Sampler<T = number> extends Iterable<T> {
  /** How many it draws in a pass. */
  readonly length: number;
}

/** Options of samplers that draw at random. */
export interface RandomSamplerOptions {
  /** Whether a sample may be drawn more than once; false when not given. */
  readonly replacement?: boolean;
  /** How many are drawn in a pass; as many as there are when not given. */
  readonly numSamples?: number;
  /** Where the random bits come from. Without one, each pass seeds a fresh generator from the default one. */
  readonly generator?: Generator;
}

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

/** In order: 0, 1, 2 ... `torch.utils.data.SequentialSampler`. */
export class SequentialSampler implements Sampler {
  /** How many it draws in a pass. */
  readonly length: number;

  /** For a data set, or anything that has a length. */
  constructor(dataset: { readonly length: number }) {
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
  constructor(dataset: { readonly length: number }, options: RandomSamplerOptions = {}) {
    checkOptions("RandomSampler", options, {
      replacement: "boolean",
      numSamples: "number",
      generator: "any",
    });
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

  /** Without a generator the default one is drawn from. */
  constructor(
    private readonly indices: readonly number[],
    private readonly options: { readonly generator?: Generator } = {},
  ) {
    checkKind("SubsetRandomSampler", "indices", indices ?? null, "numbers");
    checkOptions("SubsetRandomSampler", options, { generator: "any" });
    this.length = indices.length;
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const i of randperm(this.options.generator ?? defaultGenerator, this.length)) {
      yield this.indices[Number(i)];
    }
  }
}

/** Numbers drawn by weight, with replacement unless told otherwise. `torch.utils.data.WeightedRandomSampler`. */
export class WeightedRandomSampler implements Sampler {
  /** How many it draws in a pass. */
  readonly length: number;
  private readonly weights: readonly number[];

  /**
   * Takes a weight for each sample, and how many to draw in a pass.
   *
   * @throws {ValueError} when `numSamples` is not a positive whole number
   */
  constructor(
    weights: readonly number[] | Tensor,
    numSamples: number,
    private readonly replacement = true,
    private readonly options: { readonly generator?: Generator } = {},
  ) {
    const given = weights instanceof Tensor ? Array.from(weights.toTypedArray(), Number) : weights;
    checkKind("WeightedRandomSampler", "weights", given ?? null, "numbers");
    checkKind("WeightedRandomSampler", "replacement", replacement, "boolean");
    checkOptions("WeightedRandomSampler", options, { generator: "any" });
    checkCount("WeightedRandomSampler", "num_samples", numSamples);
    this.weights = [...given];
    this.length = numSamples;
  }

  /** A new pass. */
  *[Symbol.iterator](): IterableIterator<number> {
    const { weights, length, replacement } = this, host = hostArray("float64", weights.length);
    weights.forEach((w, i) => writeElement(host, "float64", i, w));
    const generator = this.options.generator ?? defaultGenerator;
    for (const i of multinomial(generator, host, "float64", 1, weights.length, length, replacement)) {
      yield Number(i);
    }
  }
}

/** The draws of another sampler in groups. `torch.utils.data.BatchSampler`. */
export class BatchSampler implements Sampler<number[]> {
  /** Groups of `batchSize`; the last one may be smaller, or with `dropLast` is left out. */
  constructor(
    private readonly sampler: Sampler,
    readonly batchSize: number,
    readonly dropLast: boolean,
  ) {
    checkCount("BatchSampler", "batch_size", batchSize);
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
