/**
 * Backward hooks of modules: functions that see the gradients of a module's outputs and inputs, and may replace the latter.
 *
 * @module
 */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { isGradEnabled } from "../../core/grad_mode.ts";
import { zerosLike } from "../../core/ops/create.ts";
import { narrow, reshape } from "../../core/ops/view.ts";
import { cat } from "../../core/ops/join.ts";
import { sameShape, sizeOf } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { withPull } from "../../core/transform/custom.ts";
import type { Module } from "./module.ts";

/** Gradients of inputs or outputs; null for what is no tensor or needs no gradient. */
export type Gradients = readonly (Tensor | null)[];

/** Sees the gradients of a module's inputs and outputs; what it returns (if anything) replaces those of the inputs. */
export type BackwardHook = (
  module: Module,
  gradInput: Gradients,
  gradOutput: Gradients,
) => Gradients | Tensor | null | void;

/**
 * Tensors with the same values, whose gradients `see` is given all together; what it returns goes on in their place. Several tensors
 * are joined to one and parted again, so that they are one node of the graph.
 */
function jointly(xs: readonly Tensor[], see: (grads: readonly Tensor[]) => readonly Tensor[]): Tensor[] {
  if (xs.length === 1) return [withPull(xs[0], xs, (g) => see([g]))];
  const part = (joined: Tensor): Tensor[] => {
    let start = 0;
    return xs.map((x) => {
      const size = sizeOf(x.shape);
      start += size;
      return reshape(narrow(joined, 0, start - size, size), x.shape);
    });
  };
  const joined = cat(xs.map((x) => reshape(x, [-1])), 0);
  return part(withPull(joined, [joined], (g) => [cat(see(part(g)).map((x) => reshape(x, [-1])), 0)]));
}

/** Places of the tensors that need a gradient, in a list of values or a single one. */
function placesOf(values: readonly unknown[]): number[] {
  return values.flatMap((value, i) => value instanceof Tensor && value.requiresGrad ? [i] : []);
}

function spread(length: number, places: readonly number[], grads: readonly Tensor[]): Gradients {
  const all = new Array<Tensor | null>(length).fill(null);
  places.forEach((place, i) => all[place] = grads[i]);
  return all;
}

function replacement(
  hook: BackwardHook,
  module: Module,
  gradInput: Gradients,
  gradOutput: Gradients,
): Gradients {
  const changed = hook(module, gradInput, gradOutput);
  if (changed === undefined || changed === null) return gradInput;
  const list = changed instanceof Tensor ? [changed] : changed;
  if (list.length !== gradInput.length) {
    throw new ValueError(
      `Backward hook returned an invalid number of grad_input, got ${list.length}, but expected ${gradInput.length}`,
    );
  }
  list.forEach((g, i) => {
    const before = gradInput[i];
    if (g !== null && before !== null && !sameShape(g.shape, before.shape)) {
      throw new ShapeError(
        `a backward hook has changed the shape of gradient ${i} from [${before.shape.join(", ")}] to [${
          g.shape.join(", ")
        }]`,
      );
    }
  });
  return list;
}

/** What a call with backward hooks does to the inputs before and to the outputs after `forward`. */
export class BackwardWatch {
  private gradOutput: Gradients = [];
  private inputs: readonly unknown[] = [];

  /** Watches over one call of a module. */
  constructor(private readonly module: Module, private readonly hooks: readonly BackwardHook[]) {}

  /** The inputs that `forward` gets. */
  before(inputs: unknown[]): unknown[] {
    this.inputs = inputs;
    const places = isGradEnabled() ? placesOf(inputs) : [];
    if (places.length === 0) return inputs;
    const watched = jointly(places.map((i) => inputs[i] as Tensor), (grads) => {
      const found = this.run(spread(inputs.length, places, grads));
      return places.map((place, i) => found[place] ?? zerosLike(grads[i]));
    });
    const given = [...inputs];
    places.forEach((place, i) => given[place] = watched[i]);
    return given;
  }

  /** The output that the caller gets. */
  after(output: unknown): unknown {
    const list: readonly unknown[] = Array.isArray(output) ? output : [output];
    const places = isGradEnabled() ? placesOf(list) : [];
    if (places.length === 0) return output;
    const alone = placesOf(this.inputs).length === 0;
    const watched = jointly(places.map((i) => list[i] as Tensor), (grads) => {
      this.gradOutput = spread(list.length, places, grads);
      // Without inputs that need a gradient there is nothing to wait for.
      if (alone) this.run(this.inputs.map(() => null));
      return grads;
    });
    if (!Array.isArray(output)) return watched[0];
    const result = [...list];
    places.forEach((place, i) => result[place] = watched[i]);
    return result;
  }

  private run(gradInput: Gradients): Gradients {
    return this.hooks.reduce(
      (grads, hook) => replacement(hook, this.module, grads, this.gradOutput),
      gradInput,
    );
  }
}
