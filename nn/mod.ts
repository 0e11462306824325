/**
 * Modules, layers, losses and optimizers under PyTorch's names.
 *
 * @module
 */
export * from "./containers.ts";
export * from "./linear.ts";
export { type ForwardHook, type ForwardPreHook, type HookHandle, Module } from "./module.ts";
export { Parameter, type ParameterOptions } from "./parameter.ts";
export { type Positions, Sequential, type SequentialConstructor, SequentialModule } from "./sequential.ts";
export { type LoadReport, type StateDict } from "./state_dict.ts";
export * as optim from "./optim/mod.ts";
