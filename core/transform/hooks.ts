/**
 * Hooks on tensors: functions that see the gradient of a tensor while it is computed, and may replace it.
 *
 * @module
 */
import { GradError, ShapeError } from "../errors.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Sees a gradient; what it returns (if anything) takes its place. */
export type GradHook = (grad: Tensor) => Tensor | void;

/** Takes a hook off again. */
export interface HookRemover {
  /** Takes the hook off. */
  remove(): void;
}

/** By tensor; a parameter's stay when its value is replaced. */
const hooks = new WeakMap<Tensor, Set<GradHook>>();
let any = false;

/** Adds a hook to a tensor that requires a gradient. */
export function addHook(x: Tensor, hook: GradHook): HookRemover {
  if (!x.requiresGrad) {
    throw new GradError(
      "cannot register a hook on a tensor that doesn't require gradient; set requiresGrad first, in registerHook",
    );
  }
  const key = x.value.owner ?? x.value;
  const own = hooks.get(key) ?? new Set();
  hooks.set(key, own.add(hook));
  any = true;
  return { remove: () => own.delete(hook) };
}

/** The gradient of a node after its hooks. */
export function hooked(x: Tensor, g: Tensor): Tensor {
  if (!any) return g;
  let result = g;
  for (const hook of hooks.get(x.owner ?? x) ?? []) {
    const next = hook(result);
    if (next === undefined) continue;
    if (!sameShape(next.shape, g.shape)) {
      throw new ShapeError(
        `hook has changed the size of value: the gradient has shape [${
          g.shape.join(", ")
        }], but the hook returned [${next.shape.join(", ")}]`,
      );
    }
    result = next;
  }
  return result;
}
