/**
 * Where gradients arrive: the cell behind the `.grad` of a leaf, with what optimizer steps do with it, and hooks on tensors. A step overwrites what
 * gradients are computed from, so it brings them to memory, where they stay as long as there is room; those that somebody has seen stay in any case. The
 * memory of others is free at once when another gradient, or none, takes their place.
 *
 * @module
 */
import { GradError, ShapeError } from "../errors.ts";
import { isHeld } from "../graph/trace.ts";
import { discard } from "../residents.ts";
import { sameShape } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";

/** The gradient of one leaf. */
export class GradCell {
  /** The gradient, or null. */
  value: Tensor | null = null;
  /** A step has used this gradient. */
  stepped = false;
  /** Somebody may have the gradient who is not to lose it. */
  private seen = false;

  /** The gradient, for somebody to have. */
  read(): Tensor | null {
    this.seen = true;
    const storage = this.value?.storage ?? null;
    if (storage !== null) storage.residency.derived = false;
    return this.value;
  }

  /** Another gradient in place of the one there was. */
  replace(value: Tensor | null): void {
    const storage = this.value?.storage ?? null;
    if (value !== this.value && storage !== null && this.isAlone(storage) && storage.residency.derived) {
      discard(storage);
    }
    this.put(value);
    this.stepped = false;
  }

  /** The sum of this gradient and another one. */
  accumulate(g: Tensor, add: (a: Tensor, b: Tensor) => Tensor): void {
    // What has left for lack of room cannot be added to. Only whoever needs the sum must learn of it, so the cell stays marked.
    const { lost } = this, before = this.value === null ? null : this.read();
    this.put(before === null ? g : add(before, g));
    this.stepped = lost;
  }

  /** Whether the gradient was used by a step and left for lack of room. */
  get lost(): boolean {
    return this.stepped && this.value !== null && !isHeld(this.value);
  }

  /** A step has used the gradient, and computed it unless it was there before. */
  step(computed: boolean): void {
    this.stepped = true;
    const storage = this.value?.storage ?? null;
    if (computed && storage !== null && this.isAlone(storage)) storage.residency.derived = true;
  }

  private put(value: Tensor | null): void {
    this.value = value;
    this.seen = false;
    if (value === null) return;
    const other = homes.get(value);
    if (other === undefined || other === this || other.value !== value) homes.set(value, this);
    else {
      // Two leaves have one gradient, which neither may give up.
      other.read();
      this.read();
    }
  }

  /** Whether nobody else has the value of the gradient. */
  private isAlone(storage: Storage): boolean {
    return !this.seen && !storage.shared;
  }
}

/** The cell that a gradient was put into first. */
const homes = new WeakMap<Tensor, GradCell>();

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

/** Whether hooks see the gradients of a leaf, and may keep them. */
export function isWatched(x: Tensor): boolean {
  return any && (hooks.get(x.owner ?? x)?.size ?? 0) > 0;
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
