/**
 * Where a leaf keeps its `.grad`, and what optimizer steps do with it. A step need not bring gradients to memory; it does so in the first step,
 * and from then on once somebody asked for a gradient after a step, by reading it or by adding to it.
 *
 * @module
 */
import { isHeld } from "../graph/trace.ts";
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
