/**
 * Every error Tenon throws. PyTorch's own sentence comes first where it has one; then where it happened, what was
 * given, and what to do about it.
 *
 * @module
 */

/** The parent of every error that Tenon throws on purpose. */
export class TenonError extends Error {
  /** The name of the class, as it stands before the message. */
  override name = "TenonError";
}

/** Shapes that do not fit: broadcasting, matmul, reshape, concatenation. */
export class ShapeError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "ShapeError";
}

/** A dtype that the operation or the device cannot take. */
export class DTypeError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "DTypeError";
}

/** A dimension or an index out of range. */
export class IndexError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "IndexError";
}

/** An argument whose value makes no sense: a negative size, an unknown mode, probability above one. */
export class ValueError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "ValueError";
}

/** A device that is missing, lost, out of memory, or not the one the other operands are on. */
export class DeviceError extends TenonError {
  /** The name of the class, as it stands before the message. */
  override name = "DeviceError";
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
