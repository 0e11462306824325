/**
 * Utilities: what `torch.nn.utils` offers.
 *
 * @module
 */
export * from "./packed_sequence.ts";
