/**
 * Utilities: what `torch.nn.utils` offers.
 *
 * @module
 */
export * from "./clip_grad.ts";
export * from "./convert_parameters.ts";
export * as parametrize from "./parametrize.ts";
export * as rnn from "./rnn.ts";
export * from "./weight_norm.ts";
