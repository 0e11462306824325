/**
 * The operations behind layers, under the names of `torch.nn.functional`.
 *
 * @module
 */
export * from "../core/functional.ts";
export { sigmoid, tanh } from "../core/ops/elementwise.ts";
