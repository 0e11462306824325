/**
 * Data sets, samplers and the data loader against the orders of PyTorch 1.13 (tests/fixtures/data_loader.py).
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  arange,
  DTypeError,
  Generator,
  IndexError,
  manualSeed,
  rand,
  ShapeError,
  TenonError,
  type Tensor,
  tensor,
  ValueError,
} from "../../../core/mod.ts";
import {
  BatchSampler,
  ChainDataset,
  ConcatDataset,
  DataLoader,
  Dataset,
  defaultCollate,
  IterableDataset,
  RandomSampler,
  randomSplit,
  SequentialSampler,
  StackDataset,
  Subset,
  SubsetRandomSampler,
  TensorDataset,
  WeightedRandomSampler,
} from "../../../io/data/mod.ts";

const fixture: Record<string, unknown> = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/data_loader.json", import.meta.url)),
);

class Numbers extends Dataset<number> {
  constructor(readonly length: number) {
    super();
  }
  at(index: number): number {
    return index;
  }
}

class Countdown extends IterableDataset<number> {
  constructor(readonly from: number) {
    super();
  }
  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = this.from; i > 0; i--) yield i;
  }
}

const generator = (seed: number) => new Generator().manualSeed(seed);
const next = (g?: Generator) => rand([1], { generator: g }).item();

/** Two passes, then what the default generator gives next. */
function passes(loader: DataLoader<number>): unknown[] {
  const pass = () => [...loader].map((batch) => batch.tolist());
  return [pass(), pass(), next()];
}

function withGenerator(): unknown[] {
  const g = generator(3);
  return [
    ...passes(new DataLoader(new Numbers(10), { batchSize: 4, shuffle: true, generator: g })),
    next(g),
  ];
}

function sampled(
  seed: number,
  count: number,
  options: { replacement?: boolean; numSamples: number },
): unknown[] {
  const g = generator(seed), sampler = new RandomSampler(new Numbers(count), { ...options, generator: g });
  return [[...sampler], [...sampler], next(g)];
}

function interleaved(): unknown[] {
  const pass = new DataLoader(new Numbers(6), { batchSize: 6, shuffle: true })[Symbol.iterator]();
  const between = next();
  return [between, pass.next().value?.tolist(), next()];
}

const weights = [0.1, 0.9, 0.4, 0.7, 3, 0.6];
const cases: Record<string, () => unknown> = {
  sequential: () => passes(new DataLoader(new Numbers(7), { batchSize: 3 })),
  shuffle: () => passes(new DataLoader(new Numbers(10), { batchSize: 4, shuffle: true })),
  shuffleSeed7:
    () => (manualSeed(7), passes(new DataLoader(new Numbers(100), { batchSize: 16, shuffle: true }))),
  dropLast: () => passes(new DataLoader(new Numbers(10), { batchSize: 4, shuffle: true, dropLast: true })),
  generator: withGenerator,
  replacement: () => sampled(4, 50, { replacement: true, numSamples: 70 }),
  moreSamples: () => sampled(5, 10, { numSamples: 23 }),
  subsetSampler: () =>
    passes(
      new DataLoader(new Numbers(10), { batchSize: 2, sampler: new SubsetRandomSampler([1, 3, 5, 7, 9]) }),
    ),
  weighted: () => [
    [...new WeightedRandomSampler(weights, 8)],
    [...new WeightedRandomSampler(weights, 4, false)],
    [...new WeightedRandomSampler([1, 2, 3], 5, true, { generator: generator(1) })],
  ],
  batchSampler: () =>
    passes(
      new DataLoader(new Numbers(9), {
        batchSampler: new BatchSampler(new RandomSampler(new Numbers(9)), 4, false),
      }),
    ),
  split: () => randomSplit(new Numbers(10), [7, 3]).map((s) => s.indices),
  splitFractions: () => randomSplit(new Numbers(11), [0.5, 0.3, 0.2]).map((s) => s.indices),
  splitGenerator: () =>
    randomSplit(new Numbers(10), [3, 3, 4], { generator: generator(42) }).map((s) => s.indices),
  interleaved,
  tensors: () => {
    const x = arange(12, undefined, 1, { dtype: "float32" }).reshape([6, 2]);
    const loader = new DataLoader(new TensorDataset(x, arange(6)), { batchSize: 4, shuffle: true });
    return [...loader].map(([a, b]) => [a.tolist(), b.tolist()]);
  },
};

for (const [name, run] of Object.entries(cases)) {
  Deno.test(`data: PyTorch's order: ${name}`, () => {
    manualSeed(0);
    assertEquals(run(), fixture[name]);
  });
}

Deno.test("data: every case of the fixture is run", () => {
  assertEquals(Object.keys(cases), Object.keys(fixture));
});

Deno.test("data: views see the samples of the sets behind them", () => {
  const both = new ConcatDataset([new Numbers(3), [10, 11], new Subset(new Numbers(100), [42, 99])]);
  assertEquals([...both], [0, 1, 2, 10, 11, 42, 99]);
  assertEquals([both.length, both.at(-1), both.cumulativeSizes], [7, 99, [3, 5, 7]]);
  const pairs = new TensorDataset(arange(6).reshape([3, 2]), arange(3));
  assertEquals(pairs.at(-1).map((t) => t.tolist()), [[4, 5], 2]);
  // A subset of a subset of tensors makes the batch that collation makes.
  const subset = new Subset(new Subset(pairs, [2, 1, 0]), [0, 2]);
  const [[x, y]] = new DataLoader(subset, { batchSize: 2 });
  const [a, b] = defaultCollate([subset.at(0), subset.at(1)]);
  assertEquals([x.tolist(), y.tolist()], [a.tolist(), b.tolist()]);
  assertEquals([x.tolist(), y.tolist()], [[[4, 5], [0, 1]], [2, 0]]);
});

Deno.test("data: arrays, streams and sequences are data sets too", () => {
  const loader = new DataLoader(["a", "b", "c"], { batchSize: 2 });
  assertEquals([...loader], [["a", "b"], ["c"]]);
  assertEquals([loader.length, new DataLoader(["a", "b", "c"], { batchSize: 2, dropLast: true }).length], [
    2,
    1,
  ]);
  const stream = new DataLoader(new Countdown(5), { batchSize: 2 });
  assertEquals([...stream].map((b) => b.tolist()), [[5, 4], [3, 2], [1]]);
  assertEquals([...new DataLoader(new Countdown(5), { batchSize: 2, dropLast: true })].length, 2);
  assertEquals([...new SequentialSampler({ length: 3 })], [0, 1, 2]);
});

Deno.test("data: collation stacks tensors and numbers, and keeps form and names", () => {
  const batch = defaultCollate([
    { x: tensor([1, 2]), label: 3, weight: 0.5, ok: true, name: "a", pair: [1, Float32Array.of(1)] as const },
    { x: tensor([3, 4]), label: 4, weight: 1, ok: false, name: "b", pair: [2, Float32Array.of(2)] as const },
  ]);
  const shown = (t: Tensor) => [t.dtype, t.tolist()];
  assertEquals(shown(batch.x), ["float32", [[1, 2], [3, 4]]]);
  assertEquals(shown(batch.label), ["int64", [3, 4]]);
  assertEquals(shown(batch.weight), ["float32", [0.5, 1]]);
  assertEquals(shown(batch.ok), ["bool", [true, false]]);
  assertEquals(batch.name, ["a", "b"]);
  assertEquals(batch.pair.map(shown), [["int64", [1, 2]], ["float32", [[1], [2]]]]);
});

Deno.test("data: collation keeps the widest dtypes", () => {
  const wide = defaultCollate([1n, 2n ** 60n]),
    double = defaultCollate([Float64Array.of(1), Float64Array.of(2)]);
  assertEquals([wide.dtype, wide.tolist()], ["int64", [1, 2n ** 60n]]);
  assertEquals([double.dtype, double.tolist()], ["float64", [[1], [2]]]);
});

Deno.test("data: collateFn says what a batch is", () => {
  const loader = new DataLoader(new Numbers(5), { batchSize: 2, collateFn: (samples) => samples.join("+") });
  const batches: string[] = [...loader];
  assertEquals(batches, ["0+1", "2+3", "4"]);
});

Deno.test("data: mistakes are named with PyTorch's sentences", () => {
  const numbers = new Numbers(4), sampler = new SequentialSampler(numbers);
  const loader = (options: object) => () => new DataLoader(numbers, options);
  assertThrows(
    loader({ batchSize: 0 }),
    ValueError,
    "batch_size should be a positive integer value, but got batch_size=0",
  );
  assertThrows(
    loader({ numWorkers: 2 }),
    ValueError,
    "DataLoader() got an unexpected keyword argument 'numWorkers'",
  );
  assertThrows(
    loader({ sampler, shuffle: true }),
    ValueError,
    "sampler option is mutually exclusive with shuffle",
  );
  assertThrows(
    loader({ batchSampler: new BatchSampler(sampler, 2, false), dropLast: true }),
    ValueError,
    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last",
  );
  assertThrows(
    () => new DataLoader([], { shuffle: true }),
    ValueError,
    "num_samples should be a positive integer value, but got num_samples=0",
  );
  assertThrows(
    () => new DataLoader(new Countdown(3), { shuffle: true }),
    ValueError,
    "DataLoader with IterableDataset: expected unspecified shuffle option",
  );
  assertThrows(() => new DataLoader(new Countdown(3)).length, ValueError, "has no len()");
  assertThrows(() => new DataLoader(new Countdown(3), { batchSize: -1 }), ValueError, "batch_size");
  assertThrows(() => new TensorDataset(arange(3), arange(4)), ShapeError, "Size mismatch between tensors");
  assertThrows(() => new TensorDataset(tensor(1)), ShapeError, "Size mismatch between tensors");
  assertThrows(() => new TensorDataset(arange(3)).at(3), IndexError, "index 3 is out of range");
  assertThrows(() => new Subset(numbers, [0]).at(1), IndexError, "Subset of 1 samples");
  assertThrows(() => new ConcatDataset([]), ValueError, "datasets should not be an empty iterable");
  assertThrows(
    () => randomSplit(numbers, [1, 2]),
    ValueError,
    "Sum of input lengths does not equal the length of the input dataset!",
  );
  assertThrows(
    () => randomSplit(numbers, [1.5, -0.5]),
    ValueError,
    "Fraction at index 0 is not between 0 and 1",
  );
  assertThrows(() => defaultCollate([null]), DTypeError, "default_collate: batch must contain tensors");
  assertThrows(() => defaultCollate([1, tensor(1)]), DTypeError, "sample 1 is object");
  assertThrows(
    () => defaultCollate([[1, 2], [1]]),
    ShapeError,
    "each element in list of batch should be of equal size",
  );
  assertThrows(
    () => defaultCollate([tensor([1, 2]), tensor([1])]),
    ShapeError,
    "stack expects each tensor to be equal size",
  );
});

class Count extends IterableDataset<number> {
  constructor(readonly n: number) {
    super();
  }
  override *[Symbol.iterator](): Iterator<number> {
    for (let i = 0; i < this.n; i++) yield i;
  }
}

Deno.test("without a batch size samples come one by one, as they are", () => {
  const loader = new DataLoader(["a", "b", "c"], { batchSize: null });
  assertEquals([loader.length, ...loader], [3, "a", "b", "c"]);
  assertEquals([...new DataLoader(new Count(2), { batchSize: null })], [0, 1]);
  const [[array]] = new DataLoader([[new Float32Array([1, 2])]], { batchSize: null }) as Iterable<[Tensor]>;
  assertEquals(array.tolist(), [1, 2]);
  assertThrows(
    () => new DataLoader([1], { batchSize: null, dropLast: true }),
    ValueError,
    "batch_size=None option disables auto-batching and is mutually exclusive with drop_last",
  );
});

Deno.test("streams are chained, and refused where a length is needed", () => {
  assertEquals([...new ChainDataset([new Count(2), new Count(3)])], [0, 1, 0, 1, 2]);
  const concat: unknown = ConcatDataset;
  assertThrows(
    () => Reflect.construct(concat as typeof ConcatDataset, [[new Count(2)]]),
    ValueError,
    "ConcatDataset does not support IterableDataset",
  );
});

Deno.test("weights may be a tensor", () => {
  manualSeed(0);
  const given = [...new WeightedRandomSampler([0.1, 0.7, 0.2], 4)];
  manualSeed(0);
  assertEquals([...new WeightedRandomSampler(tensor([0.1, 0.7, 0.2], { dtype: "float64" }), 4)], given);
});

Deno.test("data sets, samplers and loaders refuse what has no length and options that they do not know", () => {
  const make = (what: unknown, ...args: unknown[]) => () => Reflect.construct(what as typeof Subset, args);
  const cases: [run: () => unknown, sentence: string][] = [
    [make(DataLoader), "DataLoader() missing 1 required positional argument: 'dataset'"],
    [make(DataLoader, 3), "DataLoader: expected a data set or an array, but got 3"],
    [make(DataLoader, [1], { batch: 2 }), "'batch'; it knows dataset, batchSize, shuffle"],
    [
      make(DataLoader, [1], { batchSize: "2" }),
      `argument 'batchSize' must be float or None, not the string "2"`,
    ],
    [make(Subset, [1]), "Subset() missing 1 required positional argument: 'indices'"],
    [
      make(WeightedRandomSampler, [1], 1, true, { gen: 1 }),
      "'gen'; it knows weights, numSamples, replacement, generator",
    ],
  ];
  for (const [run, sentence] of cases) assertThrows(run, ValueError, sentence);
  assertThrows(
    make(TensorDataset, [1, 2]),
    TenonError,
    "TensorDataset(): argument 'input' (position 1) must be Tensor, not list",
  );
});

Deno.test("loaders and samplers take their arguments by name and, in PyTorch's order, by position", () => {
  const dataset = ["a", "b", "c", "d", "e"], weights = [0.1, 0.7, 0.2];
  const seeded = (make: () => Iterable<unknown>) => {
    manualSeed(3);
    return [...make()];
  };
  const same: [byName: () => Iterable<unknown>, byPosition: () => Iterable<unknown>][] = [
    [() => new DataLoader({ dataset, batchSize: 2 }), () => new DataLoader(dataset, 2)],
    [
      () => new DataLoader({ dataset, batchSize: 2, shuffle: true, dropLast: true }),
      () => new DataLoader(dataset, 2, true, { dropLast: true }),
    ],
    [() => new SequentialSampler({ dataSource: dataset }), () => new SequentialSampler(dataset)],
    [
      () => new RandomSampler({ dataSource: dataset, replacement: true, numSamples: 7 }),
      () => new RandomSampler(dataset, true, 7),
    ],
    [
      () => new WeightedRandomSampler({ weights, numSamples: 2, replacement: false }),
      () => new WeightedRandomSampler(weights, 2, false),
    ],
    [
      () => new SubsetRandomSampler({ indices: [4, 2, 0] }),
      () => new SubsetRandomSampler([4, 2, 0]),
    ],
    [
      () => new BatchSampler({ sampler: new SequentialSampler(dataset), batchSize: 2, dropLast: false }),
      () => new BatchSampler(new SequentialSampler(dataset), 2, false),
    ],
  ];
  for (const [byName, byPosition] of same) assertEquals(seeded(byName), seeded(byPosition));
  const words: string[][] = [...new DataLoader({ dataset, batchSize: 5 })];
  assertEquals(words, [dataset]);
  const [wide] = new DataLoader(dataset, { collateFn: (names) => names.map((name) => name.toUpperCase()) });
  assertEquals(wide, ["A"]);
  assertThrows(
    () => Reflect.construct(BatchSampler, [[1], 2, 1]),
    ValueError,
    "drop_last should be a boolean value, but got drop_last=1",
  );
});

Deno.test("data sets take their arguments by name; StackDataset puts them side by side", () => {
  const dataset = ["a", "b", "c"], datasets = [dataset, ["d"]];
  assertEquals([...new Subset({ dataset, indices: [2, 0] })], ["c", "a"]);
  assertEquals([...new ConcatDataset({ datasets })], ["a", "b", "c", "d"]);
  const split = (make: () => Subset<string>[]) => {
    manualSeed(1);
    return make().map((part) => [...part]);
  };
  const lengths = [2, 1];
  assertEquals(split(() => randomSplit({ dataset, lengths })), split(() => randomSplit(dataset, lengths)));
  const generator = new Generator().manualSeed(5);
  const seeded = randomSplit(dataset, lengths, { generator }).map((part) => [...part]);
  generator.manualSeed(5);
  assertEquals(randomSplit(dataset, lengths, generator).map((part) => [...part]), seeded);

  const pairs = new StackDataset(dataset, [1, 2, 3]), named = new StackDataset({ x: dataset, y: [1, 2, 3] });
  const pair: [string, number] = pairs.at(-1), record: { x: string; y: number } = named.at(0);
  assertEquals([pair, record, pairs.length], [["c", 3], { x: "a", y: 1 }, 3]);
  const [batch] = new DataLoader(named, { batchSize: 2 });
  assertEquals([batch.x, batch.y.tolist()], [["a", "b"], [1, 2]]);
  assertThrows(() => new StackDataset([1], [1, 2]), ValueError, "Size mismatch between datasets");
  assertThrows(() => new StackDataset({}), ValueError, "At least one dataset should be passed");
});
