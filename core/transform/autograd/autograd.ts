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
import { type Alone, type Given, inOrder, optionsOf } from "../../ops/arguments.ts";
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
  /** Gradients go to the inputs alone. */
  readonly onlyInputs?: true;
  /** A gradient is of one sum; `vmap` makes many at once. */
  readonly isGradsBatched?: false;
}

/** What is differentiated, and with respect to what, where they are given by name. */
export interface GradArguments {
  /** What is differentiated: the sum of these. */
  readonly outputs: Tensor | readonly Tensor[];
  /** With respect to these. */
  readonly inputs: Tensor | readonly Tensor[];
}

/** What `autograd.backward` takes, where it is given by name. */
export interface BackwardArguments {
  /** What is differentiated: the sum of these. */
  readonly tensors: Tensor | readonly Tensor[];
  /** The cotangent of each; null or nothing for those with one element. */
  readonly gradTensors?: Tensor | null | readonly (Tensor | null)[];
}

/** Options with which no gradient is missing. */
export type EveryGradient =
  | (AutogradOptions & { readonly allowUnused?: false })
  | (AutogradOptions & { readonly materializeGrads: true });

/** The forms of a call of `autograd.grad` with options O. */
export type GradForm<O> = Given<
  [outputs: GradArguments["outputs"], inputs: GradArguments["inputs"]],
  [gradOutputs: AutogradOptions["gradOutputs"]],
  GradArguments,
  O
>;

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
 * const [h] = autograd.grad({ outputs: g.sum(), inputs: x });
 * console.log(g.tolist(), h.tolist()); // [ 3, 12 ] [ 6, 12 ]
 * ```
 */
export function grad(...given: GradForm<EveryGradient>): Tensor[];
/** The same, where an input may have no part in the outputs. */
export function grad(...given: GradForm<AutogradOptions>): (Tensor | null)[];
export function grad(...given: readonly unknown[]): (Tensor | null)[] {
  const [outputs, inputs, gradOutputs, options = {}] = inOrder<
    [GradArguments["outputs"], GradArguments["inputs"], AutogradOptions["gradOutputs"], AutogradOptions?]
  >("grad", ["outputs", "inputs", "gradOutputs"], 2, given, true);
  checkOptions("grad", options, ["allowUnused", "materializeGrads", "retainGraph", "createGraph"]);
  checkTensors("grad", [...listOf<Tensor>(outputs), ...listOf<Tensor>(inputs)]);
  const ys = listOf<Tensor>(outputs), xs = listOf<Tensor>(inputs).map((x) => x.value);
  if (xs.length === 0) throw new GradError("grad requires non-empty inputs.");
  const cotangents = gradOutputs ? listOf<Tensor | null>(gradOutputs) : [];
  if (cotangents.length > 0 && cotangents.length !== ys.length) {
    throw new GradError(
      `got ${ys.length} tensors and ${cotangents.length} gradients: gradOutputs has one entry for each output`,
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
    const starts = ys.map((y, i) => startOf(y, cotangents[i]));
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
  ...given: Given<
    [tensors: Tensor | readonly Tensor[]],
    [gradTensors: Tensor | null | readonly (Tensor | null)[], retainGraph: boolean],
    BackwardArguments,
    BackwardOptions
  >
): void {
  type Placed = [
    tensors: BackwardArguments["tensors"],
    gradTensors?: BackwardArguments["gradTensors"],
    options?: Alone<"retainGraph", BackwardOptions>,
  ];
  const [tensors, gradTensors, options = {}] = inOrder<Placed>(
    "backward",
    ["tensors", "gradTensors"],
    1,
    given,
    true,
  );
  const cotangents = gradTensors ? listOf<Tensor | null>(gradTensors) : [];
  const ys = listOf<Tensor>(tensors);
  checkTensors("backward", ys);
  if (cotangents.length > 0 && cotangents.length !== ys.length) {
    throw new GradError(`got ${ys.length} tensors and ${cotangents.length} gradients`);
  }
  const settings = optionsOf<BackwardOptions, "retainGraph">("retainGraph", options);
  // What several share is freed by the last one.
  ys.forEach((y, i) =>
    backwardOf(y, cotangents[i] ?? null, i < ys.length - 1 ? { ...settings, retainGraph: true } : settings)
  );
}
