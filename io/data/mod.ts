/**
 * Data sets, samplers and the data loader: `torch.utils.data`, with its orders for its seeds.
 *
 * @module
 */
export { type Batch, defaultCollate, defaultConvert } from "./collate.ts";
export * from "./dataset.ts";
export { DataLoader, type DataLoaderOptions, type DataSource } from "./loader.ts";
export {
  BatchSampler,
  type Groups,
  RandomSampler,
  type RandomSamplerOptions,
  type SampledData,
  Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  type WeightedDraws,
  WeightedRandomSampler,
} from "./sampler.ts";
