/**
 * Making tensors: from data and of one value. Ranges are in ranges.ts, random tensors in random.ts.
 *
 * @module
 */
import { source } from "../apply.ts";
import { backendOf, defaultDevice, type DeviceName } from "../device.ts";
import {
  bytesOf,
  type DType,
  dtypes,
  getDefaultDtype,
  type HostArray,
  hostArray,
  isDType,
  isFloat,
  isInt,
  promoteTypes,
  roundTo,
  writeElement,
} from "../dtype.ts";
import { checkFits } from "../dtype_info.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { fullPrim, leafPrim } from "../prim/source.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { hostStorage, type Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { cast, checkTensors, pythonType, type Scalar } from "./cast.ts";
import { type Given, inOrder, inPlaceWith, isNamed, type Named, numberIn } from "./arguments.ts";
import { checkKind, checkOptions, type FixedOptions, requireKind, withoutNulls } from "./options.ts";

/** Options of every function that makes a tensor. */
export interface TensorOptions extends Pick<FixedOptions, "layout" | "pinMemory"> {
  /** Element type; the default one, float32, for numbers when not given. */
  readonly dtype?: DType;
  /** Device; the default device when not given. */
  readonly device?: DeviceName;
  /** Whether `backward()` computes its gradient. */
  readonly requiresGrad?: boolean;
}

/** Nested arrays of numbers, bigints, booleans, and tensors with one element, whose values are read. */
export type NestedArray = Scalar | Tensor | readonly NestedArray[];

/** A shape and options as arguments: `zeros(2, 3, options)` or `zeros([2, 3], options)`. */
export type SizeArguments<O> =
  | readonly [shape: Shape, options?: O]
  | readonly [...sizes: number[], options: O]
  | readonly number[];

/** The shape and the options of arguments that may come either way. */
export function sizeArguments<O>(args: SizeArguments<O>): [shape: Shape, options: O | undefined] {
  const isShape = (arg: unknown): arg is Shape => Array.isArray(arg);
  const [first, second] = args, last = args.at(-1);
  if (isShape(first)) return [first, second as O | undefined];
  const isOptions = typeof last === "object" || (last === undefined && args.length > 0);
  return isOptions ? [args.slice(0, -1) as number[], last as O | undefined] : [args as Shape, undefined];
}

/** A copy of the shape, which its caller may go on to change, once it is known to be one whose elements can be counted. */
export function checkShape(op: string, shape: Shape): Shape {
  requireKind(op, "size", shape, "numbers");
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0) {
      throw new ValueError(
        `Trying to create tensor with negative dimension ${d}: [${
          shape.join(", ")
        }], in ${op}; sizes are whole numbers from 0`,
      );
    }
  }
  if (sizeOf(shape) > Number.MAX_SAFE_INTEGER) {
    throw new ValueError(`Storage size calculation overflowed with sizes=[${shape.join(", ")}], in ${op}`);
  }
  return [...shape];
}

/** The tensor over a storage that exists. */
export function fromStorage(storage: Storage, shape: Shape): Tensor {
  const { dtype, device } = storage.residency;
  const typed = { shape, dtype };
  const leaf = new Tensor({
    prim: leafPrim,
    inputs: [],
    attrs: typed,
    shape,
    dtype,
    device,
    track: 0,
  });
  leaf.storage = storage;
  return leaf;
}

/** The tensor over a host array that the caller gives away. Length and shape must agree. */
export function fromHost(
  data: HostArray,
  shape: Shape,
  dtype: DType,
  device: DeviceName = defaultDevice(),
): Tensor {
  return fromStorage(hostStorage(device, dtype, data), shape);
}

const tensorNames = ["dtype", "device", "requiresGrad"] as const;

/** The device that the options name, or the default one. Throws DeviceError where it does not exist, and ValueError for unknown options. */
export function placeOf<O extends TensorOptions>(
  op: string,
  options: O,
  names: readonly (keyof O & string)[] = tensorNames,
): DeviceName {
  checkOptions(op, options, names);
  checkKind(op, "requires_grad", options.requiresGrad, "boolean");
  if (options.device === undefined || options.device === null) return defaultDevice();
  backendOf(options.device);
  return options.device;
}

/** The tensor, with the gradient that the options ask for. */
export function finish(x: Tensor, options: TensorOptions | undefined): Tensor {
  if (!options?.requiresGrad) return x;
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `Only Tensors of floating point and complex dtype can require gradients, but this one is ${x.dtype}`,
    );
  }
  x.requiresGrad = true;
  return x;
}

function checkDType(op: string, dtype: string): void {
  if (!isDType(dtype)) {
    throw new DTypeError(`${op}: "${dtype}" is not a dtype; use one of ${dtypes.join(", ")}`);
  }
}

function isTypedArray(data: unknown): data is HostArray {
  return ArrayBuffer.isView(data) && !(data instanceof DataView);
}

function typedArrayType(data: HostArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Float16Array) return "float16";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Int8Array) return "int8";
  if (data instanceof Uint8Array) return "uint8";
  throw new DTypeError(
    `tensor: no dtype corresponds to ${(data as object).constructor.name}; ` +
      `use Float32Array, Float64Array, Float16Array, BigInt64Array, Int32Array, Int16Array, Int8Array or Uint8Array`,
  );
}

/**
 * A tensor from nested arrays, a typed array (with `shape`), a number, bigint or boolean. The data is copied. Numbers become float32,
 * bigints int64, booleans bool, typed arrays their own type, unless `dtype` is given. Tensors with one element may stand among the numbers:
 * their values are read (`stack` joins tensors without reading them, and passes gradients). `torch.tensor`.
 *
 * @throws {ShapeError} when nested arrays are ragged or `shape` does not fit
 * @example
 * ```ts
 * import { tensor } from "@tenon/tenon";
 * console.log(tensor([[1, 2], [3, 4]]).shape); // [ 2, 2 ]
 * ```
 */
export function tensor(
  data: NestedArray | HostArray | Tensor,
  options: TensorOptions & { readonly shape?: Shape } = {},
): Tensor {
  const device = placeOf("tensor", options, [...tensorNames, "shape"]);
  const { dtype: wanted } = withoutNulls(options);
  if (wanted !== undefined) checkDType("tensor", wanted);
  if (data instanceof Tensor) {
    const value = fromHost(data.toTypedArray(), data.shape, data.dtype, device);
    return finish(wanted === undefined ? value : cast(value, wanted), options);
  }
  let shape: Shape, dtype: DType, host: HostArray;
  if (isTypedArray(data)) {
    dtype = options.dtype ?? typedArrayType(data);
    shape = [data.length];
    host = hostArray(dtype, data.length);
    if (data.constructor === host.constructor) (host as Float32Array).set(data as Float32Array);
    else for (let i = 0; i < data.length; i++) writeElement(host, dtype, i, data[i]);
  } else {
    const inferred: number[] = [];
    for (let level: NestedArray = data; Array.isArray(level); level = level[0]) {
      inferred.push(level.length);
      if (level.length === 0) break;
    }
    shape = inferred;
    const flat: Scalar[] = [], tensors = new Map<number, Tensor>();
    flatten(data, shape, 0, flat, tensors);
    dtype = options.dtype ?? mixedType(flat, tensors);
    host = hostArray(dtype, flat.length);
    for (let i = 0; i < flat.length; i++) {
      if (isInt(dtype)) checkFits("tensor", flat[i], dtype, dtype);
      writeElement(host, dtype, i, flat[i]);
    }
  }
  if (options.shape !== undefined) {
    shape = checkShape("tensor", options.shape);
    if (sizeOf(shape) !== host.length) {
      throw new ShapeError(
        `shape '[${shape.join(", ")}]' is invalid for input of size ${host.length}, in tensor`,
      );
    }
  }
  return finish(fromHost(host, shape, dtype, device), options);
}

/** The numbers of nested arrays, row by row; a tensor among them is also noted at its place. */
function flatten(
  data: NestedArray,
  shape: Shape,
  depth: number,
  out: Scalar[],
  tensors: Map<number, Tensor>,
): void {
  if (data instanceof Tensor) {
    if (depth !== shape.length) throw ragged(shape, depth, "a tensor");
    if (sizeOf(data.shape) !== 1) {
      throw new ShapeError(
        `only one element tensors can be converted to Python scalars, in tensor: an array holds one of shape [${
          data.shape.join(", ")
        }]; stack([a, b]) joins tensors`,
      );
    }
    tensors.set(out.length, data);
    out.push(data.item<Scalar>());
    return;
  }
  if (!Array.isArray(data)) {
    if (depth !== shape.length) throw ragged(shape, depth, "a number");
    if (typeof data !== "number" && typeof data !== "bigint" && typeof data !== "boolean") {
      const type = pythonType(data);
      throw new DTypeError(
        `${
          type === "str" ? `new(): invalid data type '${type}'` : `Could not infer dtype of ${type}`
        }, in tensor at depth ${depth}: it takes numbers, bigints and booleans`,
      );
    }
    out.push(data);
    return;
  }
  if (depth >= shape.length || data.length !== shape[depth]) {
    throw ragged(shape, depth, String(data.length));
  }
  for (const item of data) flatten(item, shape, depth + 1, out, tensors);
}

/** The dtype that holds the tensors in an array and the numbers beside them. */
function mixedType(flat: readonly Scalar[], tensors: ReadonlyMap<number, Tensor>): DType {
  if (tensors.size === 0) return inferType(flat);
  const types = [...tensors.values()].map((t) => t.dtype);
  if (tensors.size < flat.length) types.push(inferType(flat.filter((_, i) => !tensors.has(i))));
  return types.reduce(promoteTypes);
}

function ragged(shape: Shape, depth: number, got: string): ShapeError {
  const expected = depth < shape.length ? `sequence of length ${shape[depth]}` : "a number";
  return new ShapeError(
    `expected ${expected} at dim ${depth} (got ${got}), in tensor: nested arrays must be rectangular`,
  );
}

function inferType(flat: readonly Scalar[]): DType {
  if (flat.length === 0) return getDefaultDtype();
  if (flat.every((v) => typeof v === "boolean")) return "bool";
  if (flat.every((v) => typeof v !== "number")) return "int64";
  return getDefaultDtype();
}

/** A literal in the form that a constant of `dtype` holds: bigint for int64, 0 or 1 for bool, rounded for floats. */
export function fillValue(value: Scalar, dtype: DType): number | bigint {
  if (dtype === "bool") return value === true || (value !== false && value != 0) ? 1 : 0;
  if (!isInt(dtype)) return roundTo(dtype, Number(value));
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new ValueError(`value cannot be converted to type ${dtype} without overflow: ${value}`);
  }
  const whole = typeof value === "bigint" ? value : BigInt(Math.trunc(Number(value)));
  if (dtype === "int64") return whole;
  // Numbers wrap to the width of the dtype, so a uint8 is compared with 255 where -1 is meant, as in PyTorch.
  const bits = 8 * bytesOf(dtype);
  return Number(dtype === "uint8" ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole));
}

/** A literal in every element. Every number beside a tensor comes by here, so that nothing is checked which a tensor's own shape and dtype make sure of. */
export function constant(shape: Shape, value: Scalar, dtype: DType, device: DeviceName): Tensor {
  return source(fullPrim, { value: fillValue(value, dtype), shape, dtype }, device);
}

/** The dtype of PyTorch's number that a 0-d tensor holds. */
function numberType(x: Tensor): DType {
  return isFloat(x.dtype) ? getDefaultDtype() : isInt(x.dtype) ? "int64" : "bool";
}

function filled(op: string, shape: Shape, fill: Scalar | Tensor, options: TensorOptions): Tensor {
  const device = placeOf(op, options), value = numberIn(op, "fill_value", fill);
  const dtype = options.dtype ?? (fill instanceof Tensor ? numberType(fill) : inferType([value]));
  checkDType(op, dtype);
  if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean") {
    throw new DTypeError(
      `${op}(): argument 'fill_value' (position 2) must be Number, not ${pythonType(value)}`,
    );
  }
  checkFits(op, value, dtype);
  const attrs = { value: fillValue(value, dtype), shape: checkShape(op, shape), dtype };
  return finish(source(fullPrim, attrs, device), options);
}

/**
 * One value everywhere; that of a 0-d tensor is read. Without `dtype`: float32 for numbers, int64 for bigints, bool for booleans.
 * `torch.full`.
 */
export function full(
  ...given: Given<
    [shape: Shape, value: Scalar | Tensor],
    [],
    { size: Shape; fillValue: Scalar | Tensor },
    TensorOptions
  >
): Tensor {
  const [shape, value, options = {}] = inOrder<[Shape, Scalar | Tensor, TensorOptions?]>(
    "full",
    ["size", "fillValue"],
    2,
    given,
    true,
  );
  return filled("full", shape, value, options);
}

function sized(op: string, args: SizeArguments<TensorOptions>, value: number): Tensor {
  const [shape, options] = sizeArguments(args);
  return filled(op, shape, value, { dtype: getDefaultDtype(), ...options });
}

function filledLike(op: string, x: Tensor, value: Scalar | Tensor, options: TensorOptions): Tensor {
  checkTensors(op, [x]);
  return filled(op, x.shape, value, { dtype: x.dtype, device: x.device, ...withoutNulls(options) });
}

/** All zeros: `zeros(2, 3)` or `zeros([2, 3])`, and options. `torch.zeros`. */
export function zeros(...args: SizeArguments<TensorOptions>): Tensor {
  return sized("zeros", args, 0);
}

/** All ones: `ones(2, 3)` or `ones([2, 3])`, and options. `torch.ones`. */
export function ones(...args: SizeArguments<TensorOptions>): Tensor {
  return sized("ones", args, 1);
}

/** A tensor whose values do not matter; here they are zeros. `torch.empty`. */
export function empty(...args: SizeArguments<TensorOptions>): Tensor {
  return sized("empty", args, 0);
}

/** One value in the shape, dtype and device of `x`. `torch.full_like`. */
export function fullLike(
  x: Tensor,
  value: Scalar | Tensor | Named<{ fillValue: Scalar | Tensor }, TensorOptions>,
  options: TensorOptions = {},
): Tensor {
  if (isNamed(value)) return fullLike(x, ...inPlaceWith("full_like", ["fillValue"], [value], options, 1));
  return filledLike("full_like", x, value, options);
}

/** Zeros in the shape, dtype and device of `x`. `torch.zeros_like`. */
export function zerosLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return filledLike("zeros_like", x, 0, options);
}

/** Ones in the shape, dtype and device of `x`. `torch.ones_like`. */
export function onesLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return filledLike("ones_like", x, 1, options);
}

/** A tensor like `x` whose values do not matter. `torch.empty_like`. */
export function emptyLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return filledLike("empty_like", x, 0, options);
}

/** Data as a tensor: a tensor itself, converted where dtype or device differ; anything else as `tensor` makes it. `torch.as_tensor`. */
export function asTensor(
  data: NestedArray | HostArray | Tensor,
  options: { readonly dtype?: DType; readonly device?: DeviceName } = {},
): Tensor {
  return data instanceof Tensor ? data.to(options) : tensor(data, options);
}
