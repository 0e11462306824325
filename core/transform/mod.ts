/**
 * The transforms: functions of functions. Gradients, jacobians, vmap, checkpoints.
 *
 * @module
 */
export type { BackwardOptions } from "./backward.ts";
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
} from "./grad.ts";
export { type MappedDims, vmap, type VmapOptions } from "./vmap.ts";
export { hessian, hvp, jacfwd, jacobian, type JacobianOf, type JacobianOptions, jacrev } from "./jacobian.ts";
export { checkpoint, customVjp } from "./custom.ts";
export { compile, type CompileFunctionOptions } from "./compile/compile.ts";
export type { GradHook, HookRemover } from "./grad_cell.ts";
export * as autograd from "./autograd.ts";
export type { AutogradOptions } from "./autograd.ts";
export type { FunctionalOptions, Tensors } from "./functional.ts";
