/**
 * Elementwise operations on tensors and numbers: broadcasting and dtype promotion as PyTorch's, then one primitive each. Functions of one number that give
 * a float stand in transcendental.ts, comparisons and choices in logical.ts.
 *
 * @module
 */
import { apply, named } from "../apply.ts";
import { type DType, isFloat, isHalf, isInt, scalarName } from "../dtype.ts";
import { checkFits, finfo } from "../dtype_info.ts";
import { DTypeError, ValueError } from "../errors.ts";
import * as prim from "../prim/elementwise.ts";
import type { Primitive } from "../prim/primitive.ts";
import { broadcastShapes, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import {
  cast,
  checkTensors,
  commonType,
  deviceOf,
  floatType,
  inSingle,
  operandOf,
  requireFloat,
  type TensorLike,
  toTensor,
} from "./cast.ts";
import { constant, full } from "./create.ts";
import { checkHeld } from "./indexing/indexing.ts";
import { numberIn } from "./arguments.ts";
import { eq, gt, isnan, lt, where } from "./logical.ts";
import { checkCall, checkOptions, type Kinds } from "./options.ts";
import { reciprocal, sqrt } from "./transcendental.ts";
import { expand } from "./view.ts";

export * from "./transcendental.ts";

/** Both operands at one dtype and one shape, and `p` of them. */
export function binaryAs(p: Primitive<undefined>, a: TensorLike, b: TensorLike, dtype: DType): Tensor {
  if (a instanceof Tensor) {
    if (b instanceof Tensor) {
      const x = cast(a, dtype), y = cast(b, dtype);
      if (sameShape(x.shape, y.shape)) return apply(p, [x, y], undefined);
      const shape = broadcastShapes(p.name, a.shape, b.shape);
      return apply(p, [expand(x, shape), expand(y, shape)], undefined);
    }
    return apply(p, [cast(a, dtype), constant(a.shape, b, dtype, a.device)], undefined);
  }
  if (b instanceof Tensor) {
    return apply(p, [constant(b.shape, a, dtype, b.device), cast(b, dtype)], undefined);
  }
  const device = deviceOf([a, b]);
  return apply(p, [toTensor(a, dtype, device), toTensor(b, dtype, device)], undefined);
}

/** A binary operation in the dtype that both have in common. */
export function binary(p: Primitive<undefined>, a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(p, a, b, commonType(p.name, [a, b]));
}

function floatBinary(p: Primitive<undefined>, a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(p, a, b, floatType(commonType(p.name, [a, b])));
}

/** The common dtype, which has to be a float. */
export function floatsAlone(op: string, a: TensorLike, b: TensorLike): DType {
  const dtype = commonType(op, [a, b]);
  if (isFloat(dtype)) return dtype;
  throw new DTypeError(
    `"${op}_cpu" not implemented for '${scalarName(dtype)}': it needs floats; cast with .to("float32")`,
  );
}

/** `p` of a and b times the factor of an addition, which is whole unless the sum is of floats. */
function withFactor(
  p: Primitive<undefined>,
  a: TensorLike,
  b: TensorLike,
  factor?: number | Tensor,
): Tensor {
  const op = p.name, dtype = commonType(op, [a, b]);
  if (factor === undefined) return binaryAs(p, a, b, dtype);
  const alpha = numberIn(op, "alpha", factor);
  if (!Number.isInteger(alpha) && !isFloat(dtype)) {
    throw new ValueError(
      `For integral input tensors, argument alpha must not be a floating point number., in ${op}: got ${alpha}`,
    );
  }
  checkFits(op, alpha, dtype);
  const device = deviceOf([a, b]), as = (x: TensorLike, d: DType) => cast(toTensor(x, dtype, device), d);
  // The product is of the dtype of the sum: that of b alone may hold less.
  if (dtype !== "bfloat16") return binaryAs(p, a, mul(as(b, dtype), alpha), dtype);
  // The factor is rounded, and then the sum, but not the product.
  const single = (x: TensorLike) => as(x, "float32");
  return named(p.torchName, cast(binaryAs(p, single(a), mul(single(b), single(alpha)), "float32"), dtype));
}

const alphaKinds: Kinds<{ readonly alpha?: number | Tensor }> = { alpha: "scalar" };

/** a + b. `torch.add`, with `alpha` as a factor of b. */
export function add(
  a: TensorLike,
  b: TensorLike,
  options: { readonly alpha?: number | Tensor } = {},
): Tensor {
  checkOptions("add", options, alphaKinds);
  return withFactor(prim.addPrim, a, b, options.alpha);
}

/** a - b. `torch.sub`, with `alpha` as a factor of b. */
export function sub(
  a: TensorLike,
  b: TensorLike,
  options: { readonly alpha?: number | Tensor } = {},
): Tensor {
  checkOptions("sub", options, alphaKinds);
  const isBool = (x: TensorLike) => operandOf(x).dtype === "bool";
  if (isBool(a) && isBool(b)) {
    throw new DTypeError(
      "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead: logicalXor(a, b)",
    );
  }
  if (isBool(a) || isBool(b)) {
    throw new DTypeError(
      "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead: logicalNot(x), or cast it with .to()",
    );
  }
  const y = withFactor(prim.subPrim, a, b, options.alpha);
  return a instanceof Tensor ? y : named("RsubBackward1", y);
}

/** a * b. `torch.mul`. */
export function mul(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.mulPrim, a, b);
}

/** The dtype of a division that stays with whole numbers; refuses bool, and zeros at hand that integers are divided by. */
function divisionType(op: string, a: TensorLike, b: TensorLike): DType {
  const dtype = commonType(op, [a, b]);
  if (dtype === "bool") {
    throw new DTypeError(`"${op}_cpu" not implemented for 'Bool': cast with .to("int64"), or use logicalAnd`);
  }
  const nothing = [a, b].some((x) => x instanceof Tensor && x.shape.includes(0));
  if (isFloat(dtype) || nothing) return dtype;
  const byZero = () => prim.zeroDivision(op, dtype);
  if (b instanceof Tensor) checkHeld(b, (v) => v === 0 || v === 0n, byZero);
  else if (Number(b) === 0) throw byZero();
  return dtype;
}

/** A division that stays with whole numbers: `p`, or `byNonzero` where integers are divided by a tensor. */
function division(
  p: Primitive<undefined>,
  byNonzero: Primitive<undefined>,
  op: string,
  a: TensorLike,
  b: TensorLike,
): Tensor {
  const dtype = divisionType(op, a, b);
  return binaryAs(isFloat(dtype) || !(b instanceof Tensor) ? p : byNonzero, a, b, dtype);
}

/**
 * a / b, true division: integers give float32. `roundingMode` "trunc" or "floor" rounds. `torch.div`.
 *
 * @throws {ValueError} when `roundingMode` is neither "trunc" nor "floor"
 * @example
 * ```ts
 * import { div, tensor } from "@tenon/tenon";
 * const x = tensor([-7, 7]);
 * console.log(div(x, 2).tolist(), div(x, 2, { roundingMode: "floor" }).tolist()); // [ -3.5, 3.5 ] [ -4, 3 ]
 * ```
 */
export function div(
  a: TensorLike,
  b: TensorLike,
  options: { readonly roundingMode?: "trunc" | "floor" } = {},
): Tensor {
  checkOptions("div", options, { roundingMode: "string?" });
  if (options.roundingMode === "floor") return named("DivBackward2", floorDivide(a, b));
  if (options.roundingMode !== "trunc") {
    const mode: string | null | undefined = options.roundingMode;
    if (mode !== undefined && mode !== null) {
      throw new ValueError(
        `div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${mode}'`,
      );
    }
    if (a instanceof Tensor || !(b instanceof Tensor)) return floatBinary(prim.divPrim, a, b);
    // A number is divided by a tensor as PyTorch does, which rounds twice.
    return named("Mul", a === 1 ? reciprocal(b) : mul(reciprocal(b), a));
  }
  const dtype = divisionType("div_trunc", a, b);
  if (isFloat(dtype)) {
    const y = trunc(floatBinary(prim.divPrim, a, b));
    if (y.track === 0) return y;
    // Zero is the gradient, not zero times that of a quotient, which may be infinite.
    const [x, z] = [a, b].map((v) => expand(toTensor(v, dtype, y.device), y.shape));
    const never = full(y.shape, false, { dtype: "bool", device: y.device });
    return named("DivBackward2", where(never, x, where(never, z, y.detach())));
  }
  // Integers: the remainder with the dividend's sign divides exactly. Zeros are looked for once.
  const byNonzero = b instanceof Tensor ? prim.restByNonzeroPrim : prim.fmodPrim;
  const x = toTensor(a, dtype, deviceOf([a, b])), rest = binaryAs(byNonzero, x, b, dtype);
  return binaryAs(prim.floorDividePrim, sub(x, rest), b, dtype);
}

/**
 * floor(a / b), towards minus infinity; the dtype of the operands. `torch.floor_divide`.
 *
 * An integer divided by zero is an error: at once where the divisor's values are at hand, otherwise when the result is computed. On WebGPU in a runtime that
 * cannot wait for the device nobody looks at them, and the result is 0 there.
 *
 * @throws {ValueError} for an integer divided by zero
 */
export function floorDivide(a: TensorLike, b: TensorLike): Tensor {
  return division(prim.floorDividePrim, prim.floorDivideByNonzeroPrim, "div_floor", a, b);
}

/**
 * a modulo b, with the sign of b. `torch.remainder`.
 *
 * An integer divided by zero is an error: at once where the divisor's values are at hand, otherwise when the result is computed. On WebGPU in a runtime that
 * cannot wait for the device nobody looks at them, and the result is 0 there.
 *
 * @throws {ValueError} for an integer divided by zero
 * @example
 * ```ts
 * import { remainder, tensor } from "@tenon/tenon";
 * console.log(remainder(tensor([-7, 7]), 3).tolist()); // [ 2, 1 ]
 * ```
 */
export function remainder(a: TensorLike, b: TensorLike): Tensor {
  return numbered(
    "Remainder",
    division(prim.remainderPrim, prim.remainderByNonzeroPrim, "remainder", a, b),
    b,
  );
}

/**
 * a modulo b, with the sign of a. `torch.fmod`.
 *
 * An integer divided by zero is an error: at once where the divisor's values are at hand, otherwise when the result is computed. On WebGPU in a runtime that
 * cannot wait for the device nobody looks at them, and the result is 0 there.
 *
 * @throws {ValueError} for an integer divided by zero
 */
export function fmod(a: TensorLike, b: TensorLike): Tensor {
  return numbered("Fmod", division(prim.fmodPrim, prim.fmodByNonzeroPrim, "fmod", a, b), b);
}

const cube = (x: Tensor): Tensor => mul(mul(x, x), x);

/** a to the power b. Small whole exponents are products. `torch.pow`. */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  if (a instanceof Tensor && typeof b === "number") {
    if (isFloat(a.dtype) || (isInt(a.dtype) && Number.isInteger(b) && b >= 0)) {
      if (b === 2) return namedPow(mul(a, a));
      if (b === 1) return namedPow(mul(a, 1));
      if (b === 3) return namedPow(a.dtype === "float16" ? inSingle(a, cube) : cube(a));
      if (b === 0.5) return namedPow(sqrt(a));
    }
    if (isInt(a.dtype) && Number.isInteger(b) && b < 0) {
      throw new ValueError(
        "Integers to negative integer powers are not allowed. Cast to a float dtype first, in pow",
      );
    }
  }
  const dtype = commonType("pow", [a, b]);
  if (
    dtype === "bool" ||
    (a instanceof Tensor && a.dtype === "bool" && typeof b === "number" && b < 0 && Number.isInteger(b))
  ) throw new DTypeError(`"pow" not implemented for 'Bool': cast with .to("int64")`);
  return numbered("Pow", binaryAs(prim.powPrim, a, b, dtype), b);
}

/** PyTorch tells apart whether the second operand is a number (0) or a tensor (1). */
function numbered(name: string, y: Tensor, second: TensorLike): Tensor {
  return named(`${name}Backward${second instanceof Tensor ? 1 : 0}`, y);
}

function namedPow(y: Tensor): Tensor {
  if (y.track !== 0) y.opName = "Pow";
  return y;
}

/** The larger of both, NaN if one is. `torch.maximum`. */
export function maximum(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.maxPrim, a, b);
}

/** The smaller of both, NaN if one is. `torch.minimum`. */
export function minimum(a: TensorLike, b: TensorLike): Tensor {
  return binary(prim.minPrim, a, b);
}

/** The angle of the point (b, a), in radians. `torch.atan2`. */
export function atan2(a: TensorLike, b: TensorLike): Tensor {
  return floatBinary(prim.atan2Prim, a, b);
}

/** sqrt(a^2 + b^2) without overflow. `torch.hypot`. */
export function hypot(a: TensorLike, b: TensorLike): Tensor {
  return binaryAs(prim.hypotPrim, a, b, floatsAlone("hypot", a, b));
}

/** |a| with the sign of b. `torch.copysign`. */
export function copysign(a: TensorLike, b: TensorLike): Tensor {
  const y = floatBinary(prim.copysignPrim, a, b);
  return b instanceof Tensor ? y : named("CopysignBackward1", y);
}

/** The next representable value after a towards b. `torch.nextafter`. */
export function nextafter(a: TensorLike, b: TensorLike): Tensor {
  const dtype = floatsAlone("nextafter", a, b);
  if (!isHalf(dtype)) return binaryAs(prim.nextafterPrim, a, b, dtype);
  // A step of the shorter type is so many of float32's, but at least its smallest number.
  const { eps, tiny, max } = finfo(dtype), device = deviceOf([a, b]);
  const [x, y] = [a, b].map((v) => cast(toTensor(v, dtype, device), "float32"));
  const step = mul(sub(binaryAs(prim.nextafterPrim, x, y, "float32"), x), eps * 2 ** 23);
  const whole = where(lt(abs(step), tiny * eps), mul(sign(step), tiny * eps), step);
  const moved = where(eq(abs(x), Infinity), mul(sign(x), max), add(x, whole));
  return cast(where(eq(x, y), y, where(isnan(y), y, moved)), dtype);
}

/** -x. `torch.neg`. */
export function neg(x: Tensor): Tensor {
  checkTensors("neg", [x]);
  if (x.dtype === "bool") {
    throw new DTypeError(
      "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead: logicalNot(x)",
    );
  }
  return apply(prim.negPrim, [x], undefined);
}

/** |x|. `torch.abs`. */
export function abs(x: Tensor): Tensor {
  return apply(prim.absPrim, [notBool("abs", x)], undefined);
}

/** -1, 0 or 1; 0 for NaN and without a sign for -0, as PyTorch has it. `torch.sign`. */
export function sign(x: Tensor): Tensor {
  checkTensors("sign", [x]);
  if (x.dtype === "bool") return x.value;
  if (!isFloat(x.dtype)) return apply(prim.signPrim, [x], undefined);
  return apply(prim.signPrim, [where(gt(abs(x), 0), x, 0)], undefined);
}

/** x, unless it is of bools. */
function notBool(op: string, x: Tensor): Tensor {
  checkTensors(op, [x]);
  if (x.dtype !== "bool") return x.value;
  throw new DTypeError(`"${op}_vml_cpu" not implemented for 'Bool': cast with .to("int64")`);
}

function rounding(p: Primitive<undefined>, x: Tensor): Tensor {
  checkTensors(p.name, [x]);
  return isFloat(x.dtype) ? apply(p, [x], undefined) : notBool(p.name, x);
}

/** The largest whole number not above x. `torch.floor`. */
export function floor(x: Tensor): Tensor {
  return rounding(prim.floorPrim, x);
}

/** The smallest whole number not below x. `torch.ceil`. */
export function ceil(x: Tensor): Tensor {
  return rounding(prim.ceilPrim, x);
}

/** x without its fraction. `torch.trunc`. */
export function trunc(x: Tensor): Tensor {
  return rounding(prim.truncPrim, x);
}

const roundKinds: Kinds<{ readonly decimals?: number }> = { decimals: "whole" };

/** The nearest whole number, half to even; with `decimals`, to that many digits. `torch.round`. */
export function round(x: Tensor, options: { readonly decimals?: number } = {}): Tensor {
  checkCall("round", [x], options, roundKinds);
  const decimals = options.decimals ?? 0;
  if (decimals !== 0) requireFloat("round_cpu", x);
  if (decimals === 0) return rounding(prim.roundPrim, x);
  const factor = Math.pow(10, Math.abs(decimals));
  const y = decimals > 0 ? div(round(mul(x, factor)), factor) : mul(round(div(x, factor)), factor);
  return named("RoundBackward1", y);
}
