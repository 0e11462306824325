/**
 * Comparisons, choices by condition, and logic: of truth values, and of the bits of integers. Bools are bits too.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { isFloat, scalarName } from "../dtype.ts";
import { checkFits } from "../dtype_info.ts";
import { DTypeError, ValueError } from "../errors.ts";
import * as prim from "../prim/elementwise.ts";
import type { Primitive } from "../prim/primitive.ts";
import { broadcastShapes } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { settingsOf, type Trailing } from "./arguments.ts";
import { asFloat, cast, checkOperand, checkTensors, commonType, type TensorLike } from "./cast.ts";
import { constant, fillValue, full } from "./create.ts";
import { abs, add, binary, binaryAs, mul, sub } from "./elementwise.ts";
import { nonzero } from "./indexing/mask.ts";
import { checkCall, type Kinds } from "./options.ts";
import { expand } from "./view.ts";

/**
 * a == b, as bool. `torch.eq`.
 *
 * @example
 * ```ts
 * import { eq, tensor } from "@tenon/tenon";
 * console.log(eq(tensor([1, 2]), tensor([1, 3])).tolist()); // [ true, false ]
 * ```
 */
export function eq(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.eqPrim, a, b);
}

/** a != b, as bool. `torch.ne`. */
export function ne(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.nePrim, a, b);
}

/** a < b, as bool. `torch.lt`. */
export function lt(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.ltPrim, a, b);
}

/** a <= b, as bool. `torch.le`. */
export function le(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.lePrim, a, b);
}

/** a > b, as bool. `torch.gt`. */
export function gt(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.gtPrim, a, b);
}

/** a >= b, as bool. `torch.ge`. */
export function ge(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.gePrim, a, b);
}

/**
 * Whether x is NaN, as bool. `torch.isnan`.
 *
 * @example
 * ```ts
 * import { isnan, tensor } from "@tenon/tenon";
 * console.log(isnan(tensor([1, NaN])).tolist()); // [ false, true ]
 * ```
 */
export function isnan(x: Tensor): Tensor {
  checkTensors("isnan", [x]);
  return ne(x, x);
}

/** Whether x is infinite, as bool. `torch.isinf`. */
export function isinf(x: Tensor): Tensor {
  checkTensors("isinf", [x]);
  return isFloat(x.dtype) ? eq(abs(x), Infinity) : full(x.shape, false, { device: x.device });
}

/** Whether x is neither NaN nor infinite, as bool. `torch.isfinite`. */
export function isfinite(x: Tensor): Tensor {
  checkTensors("isfinite", [x]);
  return isFloat(x.dtype) ? lt(abs(x), Infinity) : full(x.shape, true, { device: x.device });
}

/** Whether an element is not zero (NaN is not). */
export function toBool(x: Tensor): Tensor {
  return cast(x, "bool");
}

/**
 * a where the condition is true, b elsewhere; all three broadcast. `torch.where`.
 *
 * @throws {DTypeError} when the condition is not bool
 * @throws {ShapeError} when the three do not broadcast
 * @example
 * ```ts
 * import { tensor, where } from "@tenon/tenon";
 * const x = tensor([-1, 2, -3]);
 * console.log(where(x.gt(0), x, 0).tolist()); // [ 0, 2, 0 ]
 * ```
 */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor;
/** The indices where the condition is not zero, one tensor per dimension: `nonzero` as a tuple. Reads the condition. */
export function where(condition: Tensor): Tensor[];
/** Either form. */
export function where(condition: Tensor, a?: TensorLike, b?: TensorLike): Tensor | Tensor[] {
  if (a === undefined && b === undefined) return nonzero(condition, { asTuple: true });
  // One of two is an operand that is missing, which the common dtype refuses.
  return chosen(condition, a as TensorLike, b as TensorLike);
}

function chosen(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  checkTensors("where", [condition]);
  if (condition.dtype !== "bool" && condition.dtype !== "uint8") {
    throw new DTypeError(
      `where expected condition to be a boolean tensor, but got a tensor with dtype ${
        scalarName(condition.dtype)
      }`,
    );
  }
  const dtype = commonType("where", [a, b]);
  let shape = condition.shape;
  if (a instanceof Tensor) shape = broadcastShapes("where", shape, a.shape);
  if (b instanceof Tensor) shape = broadcastShapes("where", shape, b.shape);
  const side = (x: TensorLike) => {
    if (x instanceof Tensor) return expand(cast(x, dtype), shape);
    checkFits("where", x, dtype);
    return constant(shape, x, dtype, condition.device);
  };
  return apply(prim.wherePrim, [expand(toBool(condition), shape), side(a), side(b)], undefined);
}

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

function logicalOperand(op: string, x: TensorLike): TensorLike {
  checkOperand(op, x);
  return x instanceof Tensor ? toBool(x) : fillValue(x, "bool") === 1;
}

function logicalPair(pair: Primitive<undefined>, op: string, a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(pair, logicalOperand(op, a), logicalOperand(op, b), "bool");
}

/**
 * Both are non-zero. `torch.logical_and`.
 *
 * @example
 * ```ts
 * import { logicalAnd, tensor } from "@tenon/tenon";
 * console.log(logicalAnd(tensor([0, 1, 2]), tensor([1, 1, 0])).tolist()); // [ false, true, false ]
 * ```
 */
export function logicalAnd(a: TensorLike, b: TensorLike): Tensor {
  return logicalPair(prim.andPrim, "logical_and", a, b);
}

/** One of both is non-zero. `torch.logical_or`. */
export function logicalOr(a: TensorLike, b: TensorLike): Tensor {
  return logicalPair(prim.orPrim, "logical_or", a, b);
}

/** Exactly one of both is non-zero. `torch.logical_xor`. */
export function logicalXor(a: TensorLike, b: TensorLike): Tensor {
  return logicalPair(prim.xorPrim, "logical_xor", a, b);
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

/**
 * a shifted left by b bits. `torch.bitwise_left_shift`.
 *
 * @example
 * ```ts
 * import { bitwiseLeftShift, tensor } from "@tenon/tenon";
 * console.log(bitwiseLeftShift(tensor([1n, 3n]), 2).tolist()); // [ 4, 12 ]
 * ```
 */
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

/** Tolerances of comparisons. */
export interface CloseOptions {
  /** Relative to the second operand; 1e-5 by default. */
  readonly rtol?: number;
  /** 1e-8 by default. */
  readonly atol?: number;
  /** Whether NaN equals NaN. */
  readonly equalNan?: boolean;
}

const closeKinds: Kinds<CloseOptions> = {
  rtol: "number",
  atol: "number",
  equalNan: "boolean",
};

/**
 * Whether |a - b| <= atol + rtol |b|, as bool; infinities are close to themselves only. `torch.isclose`.
 *
 * @example
 * ```ts
 * import { isclose, tensor } from "@tenon/tenon";
 * console.log(isclose(tensor([1, 2]), tensor([1 + 1e-6, 2.1])).tolist()); // [ true, false ]
 * ```
 */
export function isclose(
  a: Tensor,
  b: Tensor,
  ...settings: Trailing<[rtol: number, atol: number, equalNan: boolean], CloseOptions>
): Tensor {
  const options = settingsOf<CloseOptions>("isclose", settings, closeKinds);
  checkCall("isclose", [a, b]);
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  if (a.dtype !== b.dtype) {
    throw new DTypeError(
      `${scalarName(a.dtype)} did not match ${scalarName(b.dtype)}, in isclose; cast one with .to()`,
    );
  }
  for (const [name, tolerance] of [["rtol", rtol], ["atol", atol]] as const) {
    if (tolerance >= 0) continue;
    throw new ValueError(`${name} must be greater than or equal to zero, but got ${tolerance}, in isclose`);
  }
  const same = eq(a, b);
  if (!isFloat(a.dtype)) {
    if (rtol === 0 && atol === 0) return same;
    // Differences of short integers would wrap.
    const other = asFloat(b), gap = abs(sub(asFloat(a), other)), allowed = add(abs(mul(other, rtol)), atol);
    return logicalOr(same, le(gap, allowed));
  }
  const gap = abs(sub(a, b)), allowed = add(abs(mul(b, rtol)), atol);
  const near = logicalOr(same, logicalAnd(lt(gap, Infinity), le(gap, allowed)));
  return equalNan ? logicalOr(near, logicalAnd(isnan(a), isnan(b))) : near;
}
