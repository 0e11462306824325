/**
 * Element types: their names, sizes, host arrays, PyTorch's promotion rules, and which one new float tensors have.
 * Nothing here knows tensors; conversion of single values lives here, conversion of tensors is the `cast` primitive.
 *
 * @module
 */
import { DTypeError, OutOfMemoryError } from "./errors.ts";

/** The element types a tensor can have. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** The typed arrays that hold tensor elements on the host. `bfloat16` is held as its raw bits, `bool` as 0 and 1. */
export type HostArray =
  | Float32Array
  | Float64Array
  | Float16Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** What kind of number a dtype holds. */
export type DTypeKind = "bool" | "int" | "float";

interface DTypeInfo {
  /** PyTorch's name of the C++ type. */
  readonly scalar: string;
  /** The C++ type itself. */
  readonly cpp: string;
  readonly bytes: number;
  readonly kind: DTypeKind;
  /** Order inside a kind for promotion; uint8 and int8, float16 and bfloat16 are the two exceptions. */
  readonly rank: number;
  readonly array: new (length: number) => HostArray;
}

const table: Readonly<Record<DType, DTypeInfo>> = {
  bool: { scalar: "Bool", cpp: "bool", bytes: 1, kind: "bool", rank: 0, array: Uint8Array },
  uint8: { scalar: "Byte", cpp: "unsigned char", bytes: 1, kind: "int", rank: 1, array: Uint8Array },
  int8: { scalar: "Char", cpp: "signed char", bytes: 1, kind: "int", rank: 1, array: Int8Array },
  int16: { scalar: "Short", cpp: "short int", bytes: 2, kind: "int", rank: 2, array: Int16Array },
  int32: { scalar: "Int", cpp: "int", bytes: 4, kind: "int", rank: 3, array: Int32Array },
  int64: { scalar: "Long", cpp: "long int", bytes: 8, kind: "int", rank: 4, array: BigInt64Array },
  float16: { scalar: "Half", cpp: "c10::Half", bytes: 2, kind: "float", rank: 5, array: Float16Array },
  bfloat16: {
    scalar: "BFloat16",
    cpp: "c10::BFloat16",
    bytes: 2,
    kind: "float",
    rank: 5,
    array: Uint16Array,
  },
  float32: { scalar: "Float", cpp: "float", bytes: 4, kind: "float", rank: 6, array: Float32Array },
  float64: { scalar: "Double", cpp: "double", bytes: 8, kind: "float", rank: 7, array: Float64Array },
};

/** Every dtype, in promotion order. */
export const dtypes: readonly DType[] = Object.keys(table) as DType[];

/** What is known of a dtype. Throws DTypeError for what is none, as programs without type checking may give. */
function infoOf(dtype: DType): DTypeInfo {
  return table[dtype] ?? unknown(dtype);
}

function unknown(dtype: unknown): never {
  throw new DTypeError(`expected a dtype, one of ${dtypes.join(", ")}, but got ${String(dtype)}`);
}

/** Bytes of one element on the host. */
export function bytesOf(dtype: DType): number {
  return infoOf(dtype).bytes;
}

/** Whether `value` is the name of a dtype. */
export function isDType(value: unknown): value is DType {
  return typeof value === "string" && Object.hasOwn(table, value);
}

/** The kind of number a dtype holds: `"bool"`, `"int"` or `"float"`. */
export function kindOf(dtype: DType): DTypeKind {
  return infoOf(dtype).kind;
}

/** Whether the dtype is one of the floating-point types. */
export function isFloat(dtype: DType): boolean {
  return infoOf(dtype).kind === "float";
}

/** Whether the dtype is a float of half the width of float32: values are stored in it, and computed in float32. */
export function isHalf(dtype: DType): boolean {
  return dtype === "float16" || dtype === "bfloat16";
}

/** Whether the dtype is an integer type (`bool` is not). */
export function isInt(dtype: DType): boolean {
  return infoOf(dtype).kind === "int";
}

/** PyTorch's spelling, as it stands in printed tensors and files: `torch.float32`. */
export function torchName(dtype: DType): string {
  return `torch.${dtype}`;
}

/** PyTorch's name of the C++ type, as its error sentences have it: `Float`, `Long`. */
export function scalarName(dtype: DType): string {
  return infoOf(dtype).scalar;
}

/** The C++ type behind a dtype, as some of PyTorch's error sentences have it: `float`, `long int`. */
export function cppName(dtype: DType): string {
  return infoOf(dtype).cpp;
}

/**
 * A zero-filled host array for `length` elements.
 *
 * @throws {OutOfMemoryError} when there is not that much memory
 */
export function hostArray(dtype: DType, length: number): HostArray {
  try {
    return new (infoOf(dtype).array)(length);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OutOfMemoryError(
      `not enough memory on the host: you tried to allocate ${
        length * bytesOf(dtype)
      } bytes for ${length} elements of ${dtype}`,
    );
  }
}

/**
 * The dtype of an operation on two tensors of the same category, as `torch.promote_types`:
 * the smallest dtype both fit in, where a float absorbs every integer.
 *
 * @example
 * ```ts
 * import { promoteTypes } from "@tenon/tenon";
 * console.log(promoteTypes("uint8", "int8"), promoteTypes("int64", "float16")); // int16 float16
 * ```
 */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const x = infoOf(a), y = infoOf(b);
  if (x.rank !== y.rank) return x.rank > y.rank ? a : b;
  // The two pairs that share a rank: neither holds the other.
  return x.kind === "int" ? "int16" : "float32";
}

/**
 * Whether a value of dtype `from` may be stored as `to` under the promotion rules: not if its kind (bool, integer, float) is higher.
 * `torch.can_cast`.
 *
 * @example
 * ```ts
 * import { canCast } from "@tenon/tenon";
 * console.log(canCast("int64", "float32"), canCast("float32", "int64")); // true false
 * ```
 */
export function canCast(from: DType, to: DType): boolean {
  return kindOrder[kindOf(from)] <= kindOrder[kindOf(to)];
}

/** How strongly an operand takes part in promotion: dimensioned tensor over 0-d tensor over JavaScript number. */
export interface Operand {
  readonly dtype: DType;
  readonly weight: "dimensioned" | "zeroDim" | "number";
}

const kindOrder: Readonly<Record<DTypeKind, number>> = { bool: 0, int: 1, float: 2 };

/**
 * The dtype of an operation on mixed operands, as `torch.result_type`: a 0-d tensor or a number changes the result
 * only when its kind (bool, int, float) is higher than that of every operand of greater weight.
 */
export function resultType(operands: readonly Operand[]): DType {
  const byWeight: Record<Operand["weight"], DType | null> = {
    dimensioned: null,
    zeroDim: null,
    number: null,
  };
  for (const { dtype, weight } of operands) {
    const before = byWeight[weight];
    byWeight[weight] = before === null ? dtype : promoteTypes(before, dtype);
  }
  let result = byWeight.dimensioned;
  for (const next of [byWeight.zeroDim, byWeight.number]) {
    if (next === null) continue;
    if (result === null || !canCast(next, result)) result = next;
  }
  return result ?? "float32";
}

const scratchF32 = new Float32Array(1);
const scratchBits = new Uint32Array(scratchF32.buffer);

/** The raw bits of `value` rounded to bfloat16, ties to even. */
export function toBFloat16Bits(value: number): number {
  scratchF32[0] = value;
  const bits = scratchBits[0];
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of raw bfloat16 bits. */
export function fromBFloat16Bits(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratchF32[0];
}

/** `value` rounded to a float dtype. The 16-bit types go through float32, as PyTorch's casts from double do. */
export function roundTo(dtype: DType, value: number): number {
  switch (dtype) {
    case "float64":
      return value;
    case "float16":
      return Math.f16round(Math.fround(value));
    case "bfloat16":
      return fromBFloat16Bits(toBFloat16Bits(value));
    default:
      return Math.fround(value);
  }
}

/** Reads element `i` as a number or, for int64, a bigint; bool gives 0 or 1. */
export function readElement(array: HostArray, dtype: DType, i: number): number | bigint {
  const value = array[i];
  return dtype === "bfloat16" ? fromBFloat16Bits(value as number) : value;
}

/**
 * Writes `value` at `i`, converted as PyTorch does on x86: floats to integers truncate to 32 bits (to 64 for int64 and uint8), of which narrower
 * types keep the low ones; what does not fit, NaN included, is the lowest integer, whose low bits are 0. Anything non-zero (NaN included) is
 * `true`, integers wrap to their width.
 */
export function writeElement(
  array: HostArray,
  dtype: DType,
  i: number,
  value: number | bigint | boolean,
): void {
  switch (dtype) {
    case "bool":
      array[i] = value === false || value === 0 || value === 0n ? 0 : 1;
      return;
    case "int64":
      array[i] = typeof value === "bigint" ? BigInt.asIntN(64, value) : toInt64(Number(value));
      return;
    case "bfloat16":
      array[i] = toBFloat16Bits(Number(value));
      return;
    default:
      if (typeof value === "bigint" && isInt(dtype)) array[i] = Number(BigInt.asIntN(32, value));
      else if (isInt(dtype) && typeof value === "number") {
        array[i] = dtype === "uint8" ? Number(BigInt.asUintN(8, toInt64(value))) : toInt32(value);
      } else array[i] = Number(value);
  }
}

/** A number truncated to 64 bits; the lowest integer where it does not fit. */
export function toInt64(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** The same to 32 bits. */
export function toInt32(value: number): number {
  return value > -(2 ** 31) - 1 && value < 2 ** 31 ? Math.trunc(value) : -(2 ** 31);
}

let preferred: DType = "float32";

/** The dtype of new float tensors when nothing else is said: float32 unless it was set. `torch.get_default_dtype`. */
export function getDefaultDtype(): DType {
  return preferred;
}

/**
 * Sets the dtype that numbers, `zeros`, `rand`, layers and the like have from now on, and that integers become in functions such as `exp`.
 * Typed arrays keep theirs. `torch.set_default_dtype`.
 *
 * @throws {DTypeError} when it is not a floating-point dtype
 * @example
 * ```ts
 * import { setDefaultDtype, tensor } from "@tenon/tenon";
 * setDefaultDtype("float64");
 * console.log(tensor([0.1]).dtype, String(tensor([0.1]))); // float64 tensor([0.1000])
 * setDefaultDtype("float32");
 * ```
 */
export function setDefaultDtype(dtype: DType): void {
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `only floating-point types are supported as the default type, but setDefaultDtype got ${dtype}`,
    );
  }
  preferred = dtype;
}
