/**
 * Modules, layers, losses and optimizers under PyTorch's names. A module is a class whose fields are its layers and parameters; it is called like a
 * function. `functional` has the layers as functions, `init` the initialisers, `optim` the optimizers, `utils` clipping, packed sequences and
 * parametrizations.
 *
 * @example
 * ```ts
 * import { rand, type Tensor } from "@tenon/tenon";
 * import * as nn from "@tenon/tenon/nn";
 *
 * class Net extends nn.Module {
 *   hidden = new nn.Linear(4, 8);
 *   out = new nn.Linear(8, 2);
 *   forward(x: Tensor): Tensor {
 *     return this.out(nn.functional.relu(this.hidden(x)));
 *   }
 * }
 * const net = new Net();
 * console.log(net, net(rand(1, 4)).shape, Object.keys(net.stateDict()));
 * ```
 *
 * @module
 */
export * from "./activation.ts";
export * from "./adaptive_softmax.ts";
export type { BiasOf, FactoryOptions, WantedSize } from "./arguments.ts";
export type { Given, Leading, Named, NamedFrom, NeededThen, Trailing } from "../core/ops/arguments.ts";
export * from "./attention.ts";
export type { AttentionCallOptions } from "./attention_function.ts";
export type { BackwardHook, Gradients } from "./module/backward_hooks.ts";
export {
  BatchNorm,
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  InstanceNorm,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  type NormArguments,
  type NumFeatures,
  RunningNorm,
  type RunningNormArguments,
  type RunningNormOptions,
  type StatisticOf,
} from "./batch_norm.ts";
export { Buffer, type BufferConstructor } from "./module/buffer.ts";
export * from "./class_loss.ts";
export * from "./containers.ts";
export {
  Conv,
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvArguments,
  type ConvFunction,
  type ConvLayerOptions,
  ConvModule,
  type ConvSizes,
  type PaddingMode,
} from "./conv.ts";
export {
  ConvTranspose,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeArguments,
  type ConvTransposeLayerOptions,
  type TransposeFunction,
} from "./conv_transpose.ts";
export { deepcopy } from "./module/deepcopy.ts";
export * from "./distance.ts";
export * from "./dropout.ts";
export * from "./embedding.ts";
export * from "./flatten.ts";
export {
  functionalCall,
  stackModuleState,
  valueAndGrad,
  type ValuesByName,
} from "./module/functional_call.ts";
export {
  type ForwardHook,
  type ForwardPreHook,
  type HookHandle,
  registerModuleForwardHook,
  registerModuleForwardPreHook,
  registerModuleFullBackwardHook,
} from "./module/hooks.ts";
export * from "./fractional_pool.ts";
export * from "./lazy_conv.ts";
export * from "./lazy_norm.ts";
export * from "./linear.ts";
export * from "./loss.ts";
export * from "./max_pool.ts";
export { type Layer, Module } from "./module/module.ts";
export type {
  BufferOptions,
  DuplicateOptions,
  LoadStateDictOptions,
  ZeroGradOptions,
} from "./module/options.ts";
export * from "./normalization.ts";
export * from "./padding.ts";
export { Parameter, type ParameterOptions } from "./module/parameter.ts";
export * from "./pool.ts";
export * from "./rectifier.ts";
export type { CellState, CellWeights, Step } from "./recurrence.ts";
export * from "./resample.ts";
export { GRU, LSTM, RNN, type RNNOptions } from "./rnn.ts";
export {
  type LSTMOptions,
  type RecurrentArguments,
  RecurrentModule,
  RecurrentModule as RNNBase,
  type RecurrentOptions,
  type RecurrentSizes,
} from "./recurrent.ts";
export * from "./rnn_cell.ts";
export { type Positions, Sequential, type SequentialConstructor, SequentialModule } from "./sequential.ts";
export * from "./softmax.ts";
export { type LoadReport, type StateDict } from "./module/state_dict.ts";
export type {
  IncompatibleKeys,
  LoadStateDictPostHook,
  LoadStateDictPreHook,
  StateDictHook,
  StateDictPreHook,
} from "./module/state_hooks.ts";
export * from "./transformer.ts";
export {
  type Activation,
  type DecoderMaskArguments,
  type DecoderMasks,
  type EncoderLayerMasks,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  TransformerLayer,
  type TransformerLayerArguments,
  type TransformerLayerOptions,
  type TransformerLayerSizes,
} from "./transformer_layer.ts";
export { UninitializedBuffer, UninitializedParameter } from "./module/uninitialized.ts";
export type { PackedSequence } from "./utils/packed_sequence.ts";
export * as functional from "./functional.ts";
export * as optim from "./optim/mod.ts";
export * as utils from "./utils/mod.ts";
export * as init from "../init/mod.ts";
