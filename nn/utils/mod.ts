/**
 * Utilities: what `torch.nn.utils` offers.
 *
 * @module
 */
export * from "./clip_grad.ts";
export * from "./convert_parameters.ts";
export * as rnn from "./rnn.ts";
