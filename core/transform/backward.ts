/**
 * PyTorch's imperative form of the gradient: `loss.backward()` adds to the `.grad` of every leaf that requires one.
 *
 * @module
 */
import { GradError, ShapeError } from "../errors.ts";
import { evaluate } from "../evaluate.ts";
import { enableGrad, FACADE, noGrad } from "../grad_mode.ts";
import { castLike } from "../ops/cast.ts";
import { onesLike } from "../ops/create.ts";
import { add } from "../ops/elementwise.ts";
import { sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { GradCell, isWatched } from "./grad_cell.ts";
import { pullAll, trackedNodes } from "./pull.ts";
import { type Alone, inPlaceWith, isNamed, type Named, optionsOf } from "../ops/arguments.ts";
import { checkKind, checkOptions } from "../ops/options.ts";

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep the graph, so that backward can be called on it again. */
  readonly retainGraph?: boolean;
  /** Make the gradients differentiable themselves. */
  readonly createGraph?: boolean;
}

/** The tensor and the cotangent to start from, checked as PyTorch does. */
export function startOf(output: Tensor, gradient: Tensor | null | undefined): { root: Tensor; seed: Tensor } {
  const root = output.value;
  if ((root.track & FACADE) === 0) {
    throw new GradError(
      "element 0 of tensors does not require grad and does not have a grad_fn; set requiresGrad on a leaf, or call backward() outside noGrad()",
    );
  }
  if (gradient === undefined || gradient === null) {
    if (sizeOf(root.shape) === 1) return { root, seed: onesLike(root) };
    throw new GradError(
      `grad can be implicitly created only for scalar outputs, but this tensor has shape [${
        root.shape.join(", ")
      }]; ` +
        "reduce it to one value, or pass its cotangent to backward(gradient)",
    );
  }
  if (!sameShape(gradient.shape, root.shape)) {
    throw new ShapeError(
      `Mismatch in shape: grad_output[0] has a shape of torch.Size([${
        gradient.shape.join(", ")
      }]) and output[0] has a shape of torch.Size([${root.shape.join(", ")}]).`,
    );
  }
  return { root, seed: castLike(gradient, root) };
}

/** The recorded nodes behind the roots; throws when a backward before has freed them. */
export function recordedNodes(roots: readonly Tensor[]): Tensor[] {
  const nodes = trackedNodes(roots, FACADE);
  if (nodes.some((x) => x.released)) {
    throw new GradError(
      "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). " +
        "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you " +
        "need to backward through the graph a second time or if you need to access saved tensors after calling backward. Pass { retainGraph: true }.",
    );
  }
  return nodes;
}

/** Frees the graph for backward, unless it is wanted again. */
export function releaseNodes(nodes: readonly Tensor[], options: BackwardOptions): void {
  if (options.retainGraph ?? options.createGraph) return;
  for (const x of nodes) {
    if (x.owner !== null) continue;
    x.released = true;
    // It will not need its arguments again, except for the evaluation that it is part of.
    for (const input of x.inputs) if (input.owner !== null) input.uses--;
  }
}

/** Adds the gradients of `output` to its leaves. */
export function backward(
  output: Tensor,
  gradient: Tensor | null | undefined | Named<{ gradient: Tensor | null }, BackwardOptions>,
  given: Alone<"retainGraph", BackwardOptions>,
): void {
  const options = optionsOf<BackwardOptions, "retainGraph">("retainGraph", given);
  if (isNamed(gradient)) {
    return backward(output, ...inPlaceWith("backward", ["gradient"], [gradient], options));
  }
  checkKind("backward", "gradient", gradient, "tensor?");
  checkOptions("backward", options, { retainGraph: "boolean?", createGraph: "boolean" });
  const run = options.createGraph ? enableGrad : noGrad;
  run(() => {
    const { root, seed } = startOf(output, gradient);
    const nodes = recordedNodes([root]);
    const leaves = nodes.filter((x) => x.owner !== null);
    const retained = nodes.filter((x) => x.retains);
    const grads = pullAll([root], [seed], [...leaves, ...retained], FACADE);
    leaves.forEach((leaf, i) => accumulate(leaf.owner as Tensor, grads[i]));
    retained.forEach((x, i) => accumulate(x, grads[leaves.length + i]));
    pending.push({ root, leaves: leaves.map((leaf) => leaf.owner as Tensor) });
    if (pending.length > mostPending) pending.shift();
    releaseNodes(nodes, options);
  });
}

/** Roots of recent backward calls and the leaves they reached, for the optimizer step that evaluates them together with the update. */
let pending: { readonly root: Tensor; readonly leaves: readonly Tensor[] }[] = [];
const mostPending = 8;

/** Values that the next step computes as well, and how many earlier ones they still depend on. */
const joining = new Map<Tensor, number>();
const longestChain = 8;

/**
 * Has the next optimizer step compute a value that replaces another, such as a running statistic: together with the step it costs little,
 * and what it is made of need not be kept for later. Where no step comes for long, it is computed at once, so that no chain grows.
 */
export function evaluateWithStep(next: Tensor, replaced: Tensor): void {
  const earlier = joining.get(replaced) ?? 0;
  joining.delete(replaced);
  if (earlier + 1 >= longestChain) evaluate([next]);
  else joining.set(next, earlier + 1);
}

/**
 * What a step computes beside the update of its own parameters: roots of recent backward calls, the gradients that these left at other
 * leaves and that could not be computed afterwards, and values that joined. Forgets them.
 */
export function takePending(own: ReadonlySet<Tensor> = new Set()): Tensor[] {
  const leaves = new Set(pending.flatMap((call) => call.leaves)).difference(own);
  const grads = [...leaves].flatMap(({ gradCell: cell }) =>
    cell === null || cell.value === null || cell.lost ? [] : [cell.value]
  );
  const roots = [...pending.map((call) => call.root), ...grads, ...joining.keys()];
  pending = [];
  joining.clear();
  return roots;
}

function accumulate(target: Tensor, g: Tensor | null): void {
  if (g === null) return;
  const cell = target.gradCell ??= new GradCell();
  cell.accumulate(g, add);
  if (isWatched(target)) cell.read();
}
