/**
 * Utilities: what `torch.nn.utils` offers.
 *
 * @module
 */
export * from "./clip_grad.ts";
export * from "./convert_parameters.ts";
export * from "./fusion.ts";
export * as parametrizations from "./parametrizations.ts";
export * as parametrize from "./parametrize.ts";
export * as prune from "./prune.ts";
export * as rnn from "./rnn.ts";
export * from "./skip_init.ts";
export {
  removeSpectralNorm,
  removeWeightNorm,
  spectralNorm,
  type SpectralNormArguments,
  type SpectralNormOptions,
  weightNorm,
} from "./weight_norm.ts";
