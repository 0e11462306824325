/**
 * What methods of a module can be given by name.
 *
 * @module
 */

/** How members are listed that stand under several names. */
export interface DuplicateOptions {
  /** List each once, under its first name; true by default. */
  readonly removeDuplicate?: boolean;
}

/** Options of `registerBuffer`. */
export interface BufferOptions {
  /** Whether the buffer is part of the state dict; true by default. */
  readonly persistent?: boolean;
}

/** Options of `zeroGrad`. */
export interface ZeroGradOptions {
  /** Forget the gradients, which is the default; false makes them zeros. */
  readonly setToNone?: boolean;
}

/** Options of `loadStateDict`. */
export interface LoadStateDictOptions {
  /** Whether every key must match; true by default. */
  readonly strict?: boolean;
}
