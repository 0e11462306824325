/**
 * Every error Tenon throws. PyTorch's own sentence comes first where it has one; then where it happened (in a module, the path to the layer), what was
 * given, and what to do about it.
 *
 * | class | what is wrong | PyTorch throws |
 * |---|---|---|
 * | `TenonError` | the parent of all; alone, for what fits no other | `RuntimeError` |
 * | `ShapeError` | sizes or numbers of dimensions that do not fit | `RuntimeError`, `ValueError` |
 * | `DTypeError` | a dtype that the operation or the device cannot take | `RuntimeError`, `TypeError` |
 * | `IndexError` | a dimension, an index or a class out of range | `IndexError`, `RuntimeError` |
 * | `ValueError` | an argument whose value makes no sense | `ValueError`, `RuntimeError` |
 * | `DeviceError` | a device that is missing, lost, or another one than the operands' | `RuntimeError` |
 * | `OutOfMemoryError` | a `DeviceError`: the memory of a device is full | `OutOfMemoryError` |
 * | `GradError` | a gradient that cannot be had, a graph that was freed, a value read where none exists | `RuntimeError` |
 * | `LoadError` | a state dict or a file that does not fit or is damaged | `RuntimeError` |
 *
 * @module
 */

/**
 * The parent of every error that Tenon throws on purpose.
 *
 * @example
 * ```ts
 * import { ones, TenonError } from "@tenon/tenon";
 * try {
 *   ones([2, 5]).matmul(ones([4, 8]));
 * } catch (error) {
 *   if (!(error instanceof TenonError)) throw error;
 *   console.log(error.name); // ShapeError
 * }
 * ```
 */
export class TenonError extends Error {
  /** The name of the class, as it stands before the message. */
  override name = "TenonError";
}

/** Sizes or numbers of dimensions that do not fit: broadcasting, matmul, reshape, concatenation, a layer's input. */
export class ShapeError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "ShapeError";
}

/** A dtype that the operation or the device cannot take. */
export class DTypeError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "DTypeError";
}

/** A dimension, an index or a class out of range. */
export class IndexError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "IndexError";
}

/** An argument whose value makes no sense: a negative size, an unknown mode, a probability above one. */
export class ValueError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "ValueError";
}

/** A device that is missing, lost, out of memory, or not the one the other operands are on. */
export class DeviceError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "DeviceError";
}

/** A device without memory for what is to be computed, though all that could leave it has left. It can be used as before, for what it has room for. */
export class OutOfMemoryError extends DeviceError {
  /** The name of the class, as it stands before the message. */
  override name = "OutOfMemoryError";
}

/** Autograd misuse: no gradient defined, a graph that was freed, a value read where none exists. */
export class GradError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "GradError";
}

/** A state dict or a file that does not fit or is damaged. */
export class LoadError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "LoadError";
}
