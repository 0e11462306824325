/**
 * Files: tensors and whole training runs, in the safetensors format, and what `torch.save` wrote. Data sets and their loader are `data`.
 *
 * | PyTorch | here |
 * |---|---|
 * | `torch.save(net.state_dict(), path)` | `await save(net.stateDict(), path)` |
 * | `net.load_state_dict(torch.load(path))` | `net.loadStateDict(await load(path))`, from safetensors, `.pt` and `.pth` |
 * | `torch.load(path)` of anything else | `await loadTorch(path)` |
 * | `torch.save({"model": ..., "optimizer": ...}, path)` | `await saveCheckpoint(path, { model, optimizer, random })` |
 * | `torch.utils.data` | `data` |
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
