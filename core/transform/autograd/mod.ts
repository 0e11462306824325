/**
 * `torch.autograd`: `grad`, gradients of recorded tensors, returned and not accumulated; `backward` of several tensors; `Function`, operations
 * with a gradient of their own; `gradcheck`, gradients against differences of values; `functional`, derivatives of functions.
 *
 * @module
 */
export {
  type AutogradOptions,
  backward,
  type BackwardArguments,
  type EveryGradient,
  grad,
  type GradArguments,
  type GradForm,
} from "./autograd.ts";
export { CustomFunction as Function, type FunctionClass, type FunctionContext } from "./function.ts";
export * as functional from "./functional.ts";
export { gradcheck, type GradcheckOptions, gradgradcheck } from "./gradcheck.ts";
