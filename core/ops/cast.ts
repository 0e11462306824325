/**
 * Conversion between dtypes, and how operands of a mixed operation come to one dtype.
 *
 * @module
 */
import { apply } from "../apply.ts";
import { defaultDevice, type DeviceName } from "../device.ts";
import {
  type DType,
  getDefaultDtype,
  isFloat,
  isHalf,
  kindOf,
  type Operand,
  resultType as typeOfAll,
  scalarName,
} from "../dtype.ts";
import { checkFits } from "../dtype_info.ts";
import { DTypeError, TenonError } from "../errors.ts";
import { castPrim } from "../prim/elementwise.ts";
import { Tensor } from "../tensor.ts";
import { inWords } from "../words.ts";
import { constant } from "./create.ts";

/** A JavaScript value that stands for a 0-d tensor. Whole numbers count as integers in promotion, as Python's `2` does. */
export type Scalar = number | bigint | boolean;

/** What operations take as an operand. */
export type TensorLike = Tensor | Scalar;

/** Converts to `dtype`; the same tensor when it has that dtype already. `torch.Tensor.to(dtype)`. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x.value : apply(castPrim, [x], { dtype });
}

/** Converts to the dtype of `other`. */
export function castLike(x: Tensor, other: Tensor): Tensor {
  return cast(x, other.dtype);
}

/** x as floats: integers and bools become the default dtype, as PyTorch does for functions such as exp. */
export function asFloat(x: Tensor): Tensor {
  return cast(x, floatType(x.dtype));
}

/**
 * `f` of a float tensor, computed in float32 where its dtype has half the width, and rounded once: as PyTorch's kernels do, sums do not overflow and
 * steps in between lose no digits.
 */
export function inSingle(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  return isHalf(x.dtype) ? cast(f(cast(x, "float32")), x.dtype) : f(x);
}

/** Refuses what is not a float tensor. */
export function requireFloat(op: string, x: Tensor): void {
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `"${op}" not implemented for '${scalarName(x.dtype)}': it needs floats; cast with .to("float32")`,
    );
  }
}

function numberOperand(value: Scalar): Operand {
  if (typeof value === "boolean") return { dtype: "bool", weight: "number" };
  if (typeof value === "bigint" || Number.isInteger(value)) return { dtype: "int64", weight: "number" };
  return { dtype: getDefaultDtype(), weight: "number" };
}

/** How an operand takes part in promotion. */
export function operandOf(x: TensorLike): Operand {
  if (!(x instanceof Tensor)) return numberOperand(x);
  return { dtype: x.dtype, weight: x.shape.length === 0 ? "zeroDim" : "dimensioned" };
}

/** The device of the first tensor among the operands, else the default one. */
export function deviceOf(operands: readonly TensorLike[]): DeviceName {
  for (const x of operands) if (x instanceof Tensor) return x.device;
  return defaultDevice();
}

/** The common dtype of the operands of an operation, as PyTorch's type promotion. */
export function commonType(op: string, operands: readonly TensorLike[]): DType {
  const plain = plainType(operands);
  if (plain !== null) return plain;
  operands.forEach((x, i) => checkOperand(op, x, i));
  return typeOfAll(operands.map(operandOf));
}

/** The common cases, since every operation comes by here: tensors of one dtype, and numbers beside them where it is a float. Else null. */
function plainType(operands: readonly TensorLike[]): DType | null {
  let dtype: DType | null = null, numbers = false;
  for (let i = 0; i < operands.length; i++) {
    const x = operands[i];
    if (typeof x === "number") numbers = true;
    else if (!(x instanceof Tensor) || (dtype !== null && x.dtype !== dtype)) return null;
    else dtype = x.dtype;
  }
  return dtype !== null && numbers && !isFloat(dtype) ? null : dtype;
}

/** Python's name of the type of a value. */
export function pythonType(x: unknown): string {
  if (x === null || x === undefined) return "NoneType";
  if (x instanceof Promise) return "coroutine";
  if (Array.isArray(x)) return "list";
  if (typeof x === "number") return Number.isInteger(x) ? "int" : "float";
  const names: Readonly<Record<string, string>> = {
    string: "str",
    boolean: "bool",
    bigint: "int",
    object: "dict",
  };
  return names[typeof x] ?? typeof x;
}

/** What to do about an operand that is no tensor. */
export function remedy(x: unknown): string {
  if (x instanceof Promise) return "await it";
  if (typeof x === "function") return "call it";
  return Object.prototype.toString.call(x) === "[object Selection]"
    ? "x.at(...) is a place to write to; x.get(...) reads it"
    : "wrap data in tensor(...)";
}

/** The operand as a tensor of `dtype`; numbers become 0-d constants on `device`. */
export function toTensor(x: TensorLike, dtype: DType, device: DeviceName): Tensor {
  if (x instanceof Tensor) return cast(x, dtype);
  return constant([], x, dtype, device);
}

/** The dtype of a quotient, or of a transcendental function, of operands of this one: integers and bools become the default dtype. */
export function floatType(dtype: DType): DType {
  return isFloat(dtype) ? dtype : getDefaultDtype();
}

/** A number in the dtype that it multiplies, which has to hold it: whole for integers, whether it is zero for bools. */
export function factorOf(op: string, value: number, dtype: DType): Scalar {
  const kind = kindOf(dtype);
  checkFits(op, value, dtype);
  return kind === "float" ? value : kind === "int" ? Math.trunc(value) : value !== 0;
}

/** Throws unless the operand is a tensor or a number: the first of an operation or the second. */
export function checkOperand(op: string, x: unknown, at = 1): void {
  if (!(x instanceof Tensor) && typeof x !== "number" && typeof x !== "bigint" && typeof x !== "boolean") {
    throw notTensor(op, x, at, "Tensor or Number");
  }
}

/** Throws unless all are tensors: arrays and numbers are not taken where only a tensor makes sense. */
export function checkTensors(op: string, operands: readonly unknown[]): void {
  for (let i = 0; i < operands.length; i++) {
    if (!(operands[i] instanceof Tensor)) throw notTensor(op, operands[i], i, "Tensor");
  }
}

/** PyTorch's names of tensors among the arguments, where they are not `input` and `other`. */
const tensorNames: Readonly<Record<string, readonly string[]>> = {
  mm: ["input", "mat2"],
  bmm: ["input", "mat2"],
  mv: ["input", "vec"],
  dot: ["input", "tensor"],
  outer: ["input", "vec2"],
  addmm: ["input", "mat1", "mat2"],
  baddbmm: ["input", "batch1", "batch2"],
  addmv: ["input", "mat", "vec"],
  addr: ["input", "vec1", "vec2"],
  addcmul: ["input", "tensor1", "tensor2"],
  addcdiv: ["input", "tensor1", "tensor2"],
  lerp: ["input", "end", "weight"],
  heaviside: ["input", "values"],
  where: ["condition"],
  linear: ["input", "weight", "bias"],
  prelu: ["input", "weight"],
  embedding: ["weight"],
  embedding_bag: ["weight"],
  masked_fill: ["input", "mask"],
  masked_select: ["input", "mask"],
  masked_scatter: ["input", "mask", "source"],
  scatter_add: ["input", "src"],
  scatter_reduce: ["input", "src"],
  index_add: ["input", "source"],
  index_copy: ["input", "source"],
  cdist: ["x1", "x2"],
  cosine_similarity: ["x1", "x2"],
  pairwise_distance: ["x1", "x2"],
  "linalg.solve": ["A", "B"],
};

/** What PyTorch says of an argument that is no tensor; and what to do about it. */
function notTensor(op: string, x: unknown, at: number, wanted: string): TenonError {
  const name = tensorNames[op]?.[at] ??
    (/loss|cross_entropy|kl_div/.test(op) && at === 1 ? "target" : ["input", "other"][at]);
  const call = `${op.replace("linalg.", "linalg_")}()`;
  if (x === undefined && name !== undefined) {
    return new TenonError(`${call} missing 1 required positional argument: '${name}'; ${remedy(x)}`);
  }
  const argument = name === undefined ? "argument" : `argument '${name}'`;
  return new TenonError(
    `${call}: ${argument} (position ${at + 1}) must be ${wanted}, not ${pythonType(x)}: got ${inWords(x)}; ${
      remedy(x)
    }`,
  );
}

/**
 * The dtype of the result of arithmetic on `a` and `b`: tensors with dimensions decide before 0-d tensors, and those before numbers, unless the
 * kind (bool, integer, float) is higher. `torch.result_type`.
 *
 * @example
 * ```ts
 * import { ones, resultType } from "@tenon/tenon";
 * console.log(resultType(ones([2], { dtype: "int8" }), 1), resultType(ones([2], { dtype: "int8" }), 0.5)); // int8 float32
 * ```
 */
export function resultType(a: TensorLike, b: TensorLike): DType {
  return commonType("resultType", [a, b]);
}
