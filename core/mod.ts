/**
 * The core: tensors, operations, autograd, devices. `mod.ts` at the top adds nn, init and io.
 *
 * - Making tensors: `tensor`, `zeros`, `ones`, `full`, `arange`, `linspace`, `eye`, `rand`, `randn`, `randint` and others
 * - Operations are functions and methods: `sum(x, 1)` is `x.sum(1)`. Nothing is computed before a value is read: by `item`, `tolist`, printing, or
 *   `await x.data()`
 * - Derivatives: `x.backward()` and `x.grad` as in PyTorch; `grad`, `valueAndGrad`, `vjp`, `jvp`, `jacobian`, `hessian` of functions; `vmap` and `compile`
 * - Every error is a `TenonError`, with PyTorch's sentence first
 *
 * @example
 * ```ts
 * import { grad, type Tensor, tensor } from "@tenon/tenon/core";
 *
 * const x = tensor([[1, 2], [3, 4]]);
 * const [values, indices] = x.max(1);
 * console.log(values.tolist(), indices.tolist()); // [ 2, 4 ] [ 1, 1 ]
 * console.log(grad((t: Tensor) => t.pow(2).sum())(x)); // twice x
 * ```
 *
 * @module
 */
export {
  bytesOf,
  canCast,
  type DType,
  type DTypeKind,
  dtypes,
  getDefaultDtype,
  type HostArray,
  isDType,
  isFloat,
  isInt,
  kindOf,
  promoteTypes,
  setDefaultDtype,
} from "./dtype.ts";
export { finfo, FloatInfo, iinfo, IntInfo } from "./dtype_info.ts";
export { commonShape as broadcastShapes, type Shape, type SizeList } from "./shape.ts";
export {
  DeviceError,
  DTypeError,
  GradError,
  IndexError,
  LoadError,
  OutOfMemoryError,
  ShapeError,
  TenonError,
  ValueError,
} from "./errors.ts";
export { setWarnings } from "./warnings.ts";
export { Tensor, type TensorData, type ToOptions } from "./tensor.ts";
export type { NestedValues, ReadMethods } from "./methods/read.ts";
export type { MathMethods } from "./methods/math.ts";
export type { ReduceMethods } from "./methods/reduce.ts";
export type { ViewMethods } from "./methods/view.ts";
export type { LinalgMethods } from "./methods/linalg.ts";
export type { PointwiseMethods } from "./methods/pointwise.ts";
export type { RearrangeMethods } from "./methods/rearrange.ts";
export type { OrderMethods } from "./methods/order.ts";
export type { IndexMethods } from "./methods/index.ts";
export type { SpecialMethods } from "./methods/special.ts";
export type { ArrangeMethods } from "./methods/arrange.ts";
export type { AliasMethods } from "./methods/alias.ts";
export type { FormMethods } from "./methods/form.ts";
export type { NamedTuple, Results } from "./named_tuple.ts";
export type { Node } from "./node.ts";
export { flattenTree, mapTree, type Tree } from "./tree.ts";
export {
  availableDevices,
  defaultDevice,
  deviceInfo,
  type DeviceName,
  getNumThreads,
  type GpuLimits,
  requestDevice,
  setDefaultDevice,
  setNumThreads,
  type WebGpuOptions,
} from "./device.ts";
export type { DeviceInfo } from "./backend/backend.ts";
export { evaluate, type EvaluateOptions, setFusion } from "./evaluate.ts";
export { setDebug } from "./graph/compile.ts";
export { memory, type MemoryReport, setMemoryBudget } from "./residents.ts";
export { enableGrad, inferenceMode, isGradEnabled, noGrad, setGradEnabled } from "./grad_mode.ts";
export type { BackwardOptions } from "./transform/backward.ts";
export {
  type Args,
  grad,
  type GradOptions,
  type GradResult,
  jvp,
  linearize,
  stopGradient,
  valueAndGrad,
  vjp,
} from "./transform/grad.ts";
export { type MappedDims, vmap, type VmapOptions } from "./transform/vmap.ts";
export {
  hessian,
  hvp,
  jacfwd,
  jacobian,
  type JacobianOf,
  type JacobianOptions,
  jacrev,
} from "./transform/jacobian.ts";
export { checkpoint, customVjp } from "./transform/custom.ts";
export { compile, type CompiledFunction, type CompileFunctionOptions } from "./transform/compile/compile.ts";
export type { GradHook, HookRemover } from "./transform/grad_cell.ts";
export * as autograd from "./transform/autograd/mod.ts";
export type { AutogradOptions } from "./transform/autograd/autograd.ts";
export type { FunctionalOptions, Tensors } from "./transform/autograd/functional.ts";
export { defaultGenerator, Generator, manualSeed } from "./random/generator.ts";
export * as random from "./random/pure/mod.ts";
export { getPrintOptions, type PrintOptions, type PrintOptionsInit, setPrintOptions } from "./print.ts";
export * from "./operations.ts";
export * from "./functional.ts";
export * as linalg from "./linalg.ts";
export * as special from "./special.ts";
