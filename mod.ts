/**
 * Tenon: PyTorch for Deno and TypeScript. Immutable lazy tensors on WebGPU and CPU, functional autograd, and PyTorch's nn.
 *
 * @module
 */
export * from "./core/mod.ts";
export * as init from "./init/mod.ts";
export * as io from "./io/mod.ts";
export * as nn from "./nn/mod.ts";
export * as optim from "./nn/optim/mod.ts";
