/**
 * Where gradients arrive: the cell behind the `.grad` of a leaf, with what optimizer steps do with it, and hooks on tensors. A step need not
 * bring gradients to memory; it does so in the first step, and from then on once somebody asked for a gradient after a step, by reading it or
 * by adding to it.
 *
 * @module
 */
import { GradError, ShapeError } from "../errors.ts";
import { isHeld } from "../graph/trace.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** The gradient of one leaf. */
export class GradCell {
  /** The gradient, or null. */
  value: Tensor | null = null;
  /** A step has used this gradient. */
  stepped = false;
  /** Steps so far, of any optimizer. */
  private steps = 0;
  /** Somebody asked for a gradient after a step. */
  private asked = false;

  /** The gradient, for whoever may ask after a step. */
  read(): Tensor | null {
    if (this.stepped) this.asked = true;
    return this.value;
  }

  /** Another gradient in place of the one there was. */
  replace(value: Tensor | null): void {
    this.value = value;
    this.stepped = false;
  }

  /** The sum of this gradient and another one. */
  accumulate(g: Tensor, add: (a: Tensor, b: Tensor) => Tensor): void {
    const before = this.read();
    // What a step did not keep cannot be added to. Only whoever needs the sum must learn of it, so the cell stays marked.
    const lost = this.lost;
    this.value = before === null ? g : add(before, g);
    this.stepped = lost;
  }

  /** Whether a step leaves the gradient readable. */
  get keeps(): boolean {
    return this.asked || this.steps === 0;
  }

  /** Whether the gradient was used by a step that did not keep it. */
  get lost(): boolean {
    return this.stepped && this.value !== null && !isHeld(this.value);
  }

  /** A step has used the gradient. */
  step(): void {
    this.steps++;
    this.stepped = true;
  }
}

/** Sees a gradient; what it returns (if anything) takes its place. */
export type GradHook = (grad: Tensor) => Tensor | void;

/** Takes a hook off again. */
export interface HookRemover {
  /** Takes the hook off. */
  remove(): void;
}

/** Hooks by tensor; a parameter's stay when its value is replaced. */
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
