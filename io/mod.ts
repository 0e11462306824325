/**
 * Files: tensors and whole training runs, in the safetensors format, and what `torch.save` wrote. Data sets and their loader are `data`.
 *
 * @module
 */
export {
  type CheckpointParts,
  loadCheckpoint,
  type RandomSource,
  saveCheckpoint,
  type Stateful,
} from "./checkpoint.ts";
export * as data from "./data/mod.ts";
export type { HostTensor } from "./host_tensor.ts";
export type { Plain, State } from "./plain.ts";
export * as safetensors from "./safetensors.ts";
export type { Metadata } from "./safetensors.ts";
export { load, type LoadOptions, loadTorch, save, type SaveOptions, type TorchObject } from "./tensors.ts";
export * as torchFile from "./torch_file.ts";
