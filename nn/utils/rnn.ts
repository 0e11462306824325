/**
 * Batches of sequences of unequal length: what `torch.nn.utils.rnn` offers.
 *
 * @module
 */
export {
  PackedSequence,
  type PackedSequenceInit,
  type PackOptions,
  packPaddedSequence,
  packSequence,
  padPackedSequence,
  padSequence,
  type PadSequenceOptions,
  type UnpackOptions,
  unpackSequence,
  unpadSequence,
} from "./packed_sequence.ts";
