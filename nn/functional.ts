/**
 * The operations behind layers, under the names of `torch.nn.functional`.
 *
 * @module
 */
export * from "../core/functional.ts";
export {
  type AttentionForwardArguments,
  type AttentionForwardOptions,
  type AttentionWeights,
  type AttentionWeightsInOrder,
  multiHeadAttentionForward,
} from "./attention_function.ts";
export { sigmoid, tanh } from "../core/ops/elementwise.ts";
