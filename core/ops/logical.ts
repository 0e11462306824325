/**
 * Logic: of truth values, and of the bits of integers. Bools are bits too.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { isFloat, scalarName } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import * as prim from "../prim/elementwise.ts";
import type { Primitive } from "../prim/primitive.ts";
import { Tensor } from "../tensor.ts";
import { commonType, type TensorLike } from "./cast.ts";
import { fillValue } from "./create.ts";
import { binaryAs, toBool } from "./elementwise.ts";
import { checkCall } from "./options.ts";

function bitwise(p: Primitive<undefined>, name: string, a: TensorLike, b: TensorLike): Tensor {
  const dtype = commonType(name, [a, b]);
  if (isFloat(dtype)) {
    throw new DTypeError(
      `"${name}_cpu" not implemented for '${
        scalarName(dtype)
      }': it needs integer or bool tensors; cast with .to("int64")`,
    );
  }
  return binaryAs(p, a, b, dtype);
}

function shift(p: Primitive<undefined>, name: string, a: TensorLike, b: TensorLike): Tensor {
  if (commonType(name, [a, b]) === "bool") {
    throw new DTypeError(`"${name}_cpu" not implemented for 'Bool': cast with .to("int64")`);
  }
  return bitwise(p, name, a, b);
}

function logicalOperand(x: TensorLike): TensorLike {
  return x instanceof Tensor ? toBool(x) : fillValue(x, "bool") === 1;
}

/** Both are non-zero. `torch.logical_and`. */
export function logicalAnd(a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(prim.andPrim, logicalOperand(a), logicalOperand(b), "bool");
}

/** One of both is non-zero. `torch.logical_or`. */
export function logicalOr(a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(prim.orPrim, logicalOperand(a), logicalOperand(b), "bool");
}

/** Exactly one of both is non-zero. `torch.logical_xor`. */
export function logicalXor(a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(prim.xorPrim, logicalOperand(a), logicalOperand(b), "bool");
}

/** The element is zero. `torch.logical_not`. */
export function logicalNot(x: Tensor): Tensor {
  checkCall("logical_not", [x]);
  return apply(prim.notPrim, [toBool(x)], undefined);
}

/** Bitwise and; logical for bool. `torch.bitwise_and`. */
export function bitwiseAnd(a: TensorLike, b: TensorLike): Tensor {
  return bitwise(prim.andPrim, "bitwise_and", a, b);
}

/** Bitwise or; logical for bool. `torch.bitwise_or`. */
export function bitwiseOr(a: TensorLike, b: TensorLike): Tensor {
  return bitwise(prim.orPrim, "bitwise_or", a, b);
}

/** Bitwise exclusive or; logical for bool. `torch.bitwise_xor`. */
export function bitwiseXor(a: TensorLike, b: TensorLike): Tensor {
  return bitwise(prim.xorPrim, "bitwise_xor", a, b);
}

/** All bits inverted; logical for bool. `torch.bitwise_not`. */
export function bitwiseNot(x: Tensor): Tensor {
  checkCall("bitwise_not", [x]);
  if (isFloat(x.dtype)) {
    throw new DTypeError(
      `~ (operator.invert) is only implemented on integer and Boolean-type tensors, but bitwiseNot got ${x.dtype}`,
    );
  }
  return apply(prim.notPrim, [x], undefined);
}

/** a shifted left by b bits. `torch.bitwise_left_shift`. */
export function bitwiseLeftShift(a: TensorLike, b: TensorLike): Tensor {
  return shift(prim.shlPrim, "lshift", a, b);
}

/** a shifted right by b bits, keeping the sign. `torch.bitwise_right_shift`. */
export function bitwiseRightShift(a: TensorLike, b: TensorLike): Tensor {
  return shift(prim.shrPrim, "rshift", a, b);
}

/** An int32 tensor shifted right by b bits, zeros coming in. */
export function unsignedRightShift(a: Tensor, b: TensorLike): Tensor {
  return binaryAs(prim.ushrPrim, a, b, "int32");
}
