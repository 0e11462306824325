/**
 * What the dtypes can hold: `finfo`, `iinfo`, and the check of a number. The dtypes themselves are dtype.ts.
 *
 * @module
 */
import { bytesOf, cppName, type DType, isFloat, isInt } from "./dtype.ts";
import { DTypeError, ValueError } from "./errors.ts";
import { formatGeneral } from "./format_number.ts";

/** Numerical limits of a floating-point dtype. `torch.finfo`. */
export class FloatInfo {
  /** Bits of an element. */
  readonly bits: number;
  /** The distance from 1 to the next larger number. */
  readonly eps: number;
  /** The largest finite number. */
  readonly max: number;
  /** The smallest finite number, minus the largest. */
  readonly min: number;
  /** The smallest positive number with a full mantissa. */
  readonly smallestNormal: number;
  /** `smallestNormal` under its older name. */
  readonly tiny: number;
  /** The decimal resolution. */
  readonly resolution: number;

  /** @internal Use `finfo(dtype)`. `digits` are the bits of the mantissa after the leading one. */
  constructor(readonly dtype: DType, digits: number, largestExponent: number) {
    this.bits = 8 * bytesOf(dtype);
    this.eps = 2 ** -digits;
    this.max = (2 - this.eps) * 2 ** largestExponent;
    this.min = -this.max;
    this.smallestNormal = this.tiny = 2 ** (1 - largestExponent);
    // Through its text: 10 ** -6 and 1e-6 are neighbours, not the same.
    this.resolution = Number(`1e-${Math.floor(digits * Math.log10(2))}`);
  }

  /** The text that PyTorch prints. */
  toString(): string {
    const { resolution, min, max, eps, smallestNormal, tiny } = this;
    const fields = Object.entries({ resolution, min, max, eps, smallest_normal: smallestNormal, tiny })
      .map(([name, value]) => `${name}=${formatGeneral(value)}`);
    return `finfo(${fields.join(", ")}, dtype=${this.dtype})`;
  }
}

/** Limits of an integer dtype. `torch.iinfo`. */
export class IntInfo {
  /** Bits of an element. */
  readonly bits: number;
  /** The largest integer; a bigint for int64. */
  readonly max: number | bigint;
  /** The smallest integer; a bigint for int64. */
  readonly min: number | bigint;

  /** @internal Use `iinfo(dtype)`. */
  constructor(readonly dtype: DType) {
    this.bits = 8 * bytesOf(dtype);
    const count = 1n << BigInt(this.bits), min = dtype === "uint8" ? 0n : -count / 2n;
    const max = min + count - 1n, wide = dtype === "int64";
    this.min = wide ? min : Number(min);
    this.max = wide ? max : Number(max);
  }

  /** The text that PyTorch prints. */
  toString(): string {
    return `iinfo(min=${formatGeneral(Number(this.min))}, max=${
      formatGeneral(Number(this.max))
    }, dtype=${this.dtype})`;
  }
}

/** Made once: every number that a tensor is filled with is compared with them. */
const floatInfos: Readonly<Partial<Record<DType, FloatInfo>>> = {
  float16: new FloatInfo("float16", 10, 15),
  bfloat16: new FloatInfo("bfloat16", 7, 127),
  float32: new FloatInfo("float32", 23, 127),
  float64: new FloatInfo("float64", 52, 1023),
};

/**
 * Numerical limits of a floating-point dtype, float32 when not given. `torch.finfo`.
 *
 * @throws {DTypeError} for an integer dtype or bool
 * @example
 * ```ts
 * import { finfo } from "@tenon/tenon";
 * console.log(finfo("float16").max); // 65504
 * ```
 */
export function finfo(dtype: DType = "float32"): FloatInfo {
  const info = floatInfos[dtype];
  if (!isFloat(dtype) || info === undefined) {
    throw new DTypeError(
      `torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo': iinfo("${dtype}")`,
    );
  }
  return info;
}

/**
 * Limits of an integer dtype. `torch.iinfo`.
 *
 * @throws {DTypeError} for a floating-point dtype or bool
 * @example
 * ```ts
 * import { iinfo } from "@tenon/tenon";
 * console.log(iinfo("int8").min, iinfo("int64").max); // -128 9223372036854775807n
 * ```
 */
export function iinfo(dtype: DType): IntInfo {
  if (!isInt(dtype)) {
    const advice = dtype === "bool"
      ? "bool has no limits"
      : `Use torch.finfo to handle 'torch.iinfo': finfo("${dtype}")`;
    throw new DTypeError(`torch.iinfo() requires an integer input type. ${advice}`);
  }
  return new IntInfo(dtype);
}

/** PyTorch's name of a dtype in the sentence about a number that it cannot hold. */
function converted(dtype: DType): string {
  if (isInt(dtype)) return dtype === "int32" ? "int" : `${dtype}_t`;
  return cppName(dtype).replace("c10", "at");
}

/** Throws for a number that the dtype of its operation cannot hold. Like PyTorch, uint8 takes -1 for 255, but no fraction below zero. */
export function checkFits(
  op: string,
  value: number | bigint | boolean,
  dtype: DType,
  name: string = converted(dtype),
): void {
  if (typeof value === "boolean" || dtype === "bool") return;
  let fits: boolean;
  if (isInt(dtype)) {
    const bits = 8 * bytesOf(dtype), signed = dtype !== "uint8", limit = 2 ** (signed ? bits - 1 : bits);
    const whole = typeof value === "bigint" || Number.isInteger(value);
    fits = value >= (signed ? -limit : whole ? 1 - limit : 0) && (whole ? value < limit : value <= limit - 1);
  } else {
    const size = Math.abs(Number(value));
    fits = !Number.isFinite(size) || size <= finfo(dtype).max;
  }
  if (fits) return;
  throw new ValueError(`value cannot be converted to type ${name} without overflow, in ${op}: got ${value}`);
}
