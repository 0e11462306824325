/**
 * Whether new nodes remember that a gradient may be asked of them. Two independent reasons, one bit each: the facade's `requiresGrad`
 * leaves and the functional transforms' fresh leaves. `noGrad` switches off the first only, so that `grad` works inside it.
 *
 * @module
 */
import { GradError, ValueError } from "./errors.ts";

/** The node depends on a leaf with `requiresGrad`. */
export const FACADE = 1;
/** The node depends on a leaf of a functional transform. */
export const FUNCTIONAL = 2;

let mask = FACADE | FUNCTIONAL;

/** The bits that new nodes may take from their arguments. */
export function trackMask(): number {
  return mask;
}

/** Whether `requiresGrad` is being followed, as `torch.is_grad_enabled()`. */
export function isGradEnabled(): boolean {
  return (mask & FACADE) !== 0;
}

function withMask<T>(name: string, next: number, fn: () => T): T {
  if (typeof fn !== "function") {
    throw new ValueError(
      `${name}: expected a function to run, as in ${name}(() => ...), but got ${typeof fn}`,
    );
  }
  const before = mask;
  mask = next;
  try {
    const result = fn();
    if (result instanceof Promise) {
      throw new GradError(
        `${name}: the function is async, and what it awaits would run outside ${name}; call ${name} around the synchronous parts`,
      );
    }
    return result;
  } finally {
    mask = before;
  }
}

/**
 * Runs `fn` without following `requiresGrad`, as `torch.no_grad()`. Synchronous functions only.
 *
 * @example
 * ```ts
 * import { noGrad, tensor } from "@tenon/tenon";
 * const x = tensor([1, 2], { requiresGrad: true });
 * console.log(noGrad(() => x.mul(2)).requiresGrad); // false
 * ```
 */
export function noGrad<T>(fn: () => T): T {
  return withMask("noGrad", mask & ~FACADE, fn);
}

/**
 * Runs `fn` with `requiresGrad` followed or not, as `torch.set_grad_enabled(mode)`: `setGradEnabled(training, () => model(x))`.
 *
 * @example
 * ```ts
 * import { setGradEnabled, tensor } from "@tenon/tenon";
 * const x = tensor([1, 2], { requiresGrad: true }), training = false;
 * console.log(setGradEnabled(training, () => x.mul(2)).requiresGrad); // false
 * ```
 */
export function setGradEnabled<T>(mode: boolean, fn: () => T): T {
  if (typeof mode !== "boolean") {
    throw new ValueError(`setGradEnabled: expected a bool and a function to run, but got ${typeof mode}`);
  }
  return withMask("setGradEnabled", mode ? mask | FACADE : mask & ~FACADE, fn);
}

/** Runs `fn` without following `requiresGrad`, as `torch.inference_mode()`: here the same as `noGrad`. */
export function inferenceMode<T>(fn: () => T): T {
  return withMask("inferenceMode", mask & ~FACADE, fn);
}

/** Runs `fn` with `requiresGrad` followed again, inside `noGrad`, as `torch.enable_grad()`. */
export function enableGrad<T>(fn: () => T): T {
  return followed("enableGrad", fn);
}

/** `enableGrad` for what users know under another name. */
export function followed<T>(name: string, fn: () => T): T {
  return withMask(name, mask | FACADE, fn);
}
