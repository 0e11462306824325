/**
 * Files: the safetensors format, and the files that `torch.save` writes.
 *
 * @module
 */
export type { HostTensor } from "./host_tensor.ts";
export * as safetensors from "./safetensors.ts";
export * as torchFile from "./torch_file.ts";
