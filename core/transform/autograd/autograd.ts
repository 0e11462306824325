/**
 * Gradients of recorded tensors: returned by `grad`, added to the leaves by `backward`.
 *
 * @module
 */
import { GradError } from "../../errors.ts";
import { enableGrad, FACADE, noGrad } from "../../grad_mode.ts";
import { zerosLike } from "../../ops/create.ts";
import type { Tensor } from "../../tensor.ts";
import {
  backward as backwardOf,
  type BackwardOptions,
  recordedNodes,
  releaseNodes,
  startOf,
} from "../backward.ts";
import { type Alone, optionsOf } from "../../ops/arguments.ts";
import { pullAll } from "../pull.ts";
import { checkOptions } from "../../ops/options.ts";
import { checkTensors } from "../../ops/cast.ts";

/** Options of `autograd.grad`. */
export interface AutogradOptions extends BackwardOptions {
  /** The cotangent of each output; null or nothing for outputs with one element. */
  readonly gradOutputs?: Tensor | null | readonly (Tensor | null)[];
  /** Give null for an input that no output depends on, instead of failing. */
  readonly allowUnused?: boolean;
  /** Give zeros for such an input. */
  readonly materializeGrads?: boolean;
}

const listOf = <T>(x: T | readonly T[]): readonly T[] => Array.isArray(x) ? x : [x as T];

/**
 * The gradients of the sum of `outputs` with respect to `inputs`, which require gradients and need not be leaves. `.grad` stays as it is.
 * `torch.autograd.grad`.
 *
 * @throws {GradError} when an input does not require a gradient, or has no part in the outputs
 * @example
 * ```ts
 * import { autograd, tensor } from "@tenon/tenon";
 * const x = tensor([1, 2], { requiresGrad: true });
 * const [g] = autograd.grad(x.pow(3).sum(), [x], { createGraph: true });
 * const [h] = autograd.grad(g!.sum(), [x]);
 * console.log(g!.tolist(), h!.tolist()); // [ 3, 12 ] [ 6, 12 ]
 * ```
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: AutogradOptions = {},
): (Tensor | null)[] {
  checkOptions("grad", options, [
    "gradOutputs",
    "allowUnused",
    "materializeGrads",
    "retainGraph",
    "createGraph",
  ]);
  checkTensors("grad", [...listOf<Tensor>(outputs), ...listOf<Tensor>(inputs)]);
  const ys = listOf<Tensor>(outputs), xs = listOf<Tensor>(inputs).map((x) => x.value);
  if (xs.length === 0) throw new GradError("grad requires non-empty inputs.");
  const given = options.gradOutputs === undefined ? [] : listOf<Tensor | null>(options.gradOutputs);
  if (given.length > 0 && given.length !== ys.length) {
    throw new GradError(
      `got ${ys.length} tensors and ${given.length} gradients: gradOutputs has one entry for each output`,
    );
  }
  if (xs.some((x) => (x.track & FACADE) === 0)) {
    throw new GradError(
      ys.some((y) => !y.requiresGrad)
        ? `element ${
          ys.findIndex((y) => !y.requiresGrad)
        } of tensors does not require grad and does not have a grad_fn`
        : "One of the differentiated Tensors does not require grad",
    );
  }
  const run = options.createGraph ? enableGrad : noGrad;
  return run(() => {
    const starts = ys.map((y, i) => startOf(y, given[i]));
    const roots = starts.map((s) => s.root);
    const nodes = recordedNodes(roots);
    const found = pullAll(roots, starts.map((s) => s.seed), xs, FACADE);
    const result = found.map((g, i) => {
      if (g !== null) return g;
      if (options.materializeGrads) return zerosLike(xs[i]);
      if (options.allowUnused) return null;
      throw new GradError(
        "One of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.",
      );
    });
    releaseNodes(nodes, options);
    return result;
  });
}

/**
 * Adds the gradients of the sum of `tensors` to the leaves that they were made of. Each with more than one element needs its cotangent among
 * `gradTensors`. `torch.autograd.backward`.
 *
 * @throws {GradError} when a tensor does not require a gradient, or has several elements and no cotangent
 */
export function backward(
  tensors: Tensor | readonly Tensor[],
  gradTensors?: Tensor | null | readonly (Tensor | null)[],
  options: Alone<"retainGraph", BackwardOptions> = {},
): void {
  const ys = listOf<Tensor>(tensors), given = gradTensors ? listOf<Tensor | null>(gradTensors) : [];
  checkTensors("backward", ys);
  if (given.length > 0 && given.length !== ys.length) {
    throw new GradError(`got ${ys.length} tensors and ${given.length} gradients`);
  }
  const settings = optionsOf<BackwardOptions, "retainGraph">("retainGraph", options);
  // What several share is freed by the last one.
  ys.forEach((y, i) =>
    backwardOf(y, given[i] ?? null, i < ys.length - 1 ? { ...settings, retainGraph: true } : settings)
  );
}
