/**
 * Data sets, samplers and the data loader: `torch.utils.data`, with its orders for its seeds.
 *
 * @module
 */
export { type Batch, defaultCollate, defaultConvert } from "./collate.ts";
export * from "./dataset.ts";
export { DataLoader, type DataLoaderOptions } from "./loader.ts";
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from "./sampler.ts";
