/**
 * Clipping gradients.
 *
 * @module
 */
import { GradError, ValueError } from "../../core/errors.ts";
import { checkTensors } from "../../core/ops/cast.ts";
import { tensor } from "../../core/ops/create.ts";
import { checkKind, type FixedOptions } from "../../core/ops/options.ts";
import { clamp } from "../../core/ops/pointwise.ts";
import { norm } from "../../core/ops/linalg/norms.ts";
import { stack } from "../../core/ops/join.ts";
import { Tensor } from "../../core/tensor.ts";
import { type Given, needed, settingsOf } from "../../core/ops/arguments.ts";

/** Whose gradients are clipped, where they are given by name. */
export interface Clipped {
  /** Parameters, or one of them. */
  readonly parameters: Tensor | Iterable<Tensor>;
}

/** Options of `clipGradNorm_`. */
export interface ClipGradNormOptions extends Pick<FixedOptions, "foreach"> {
  /** Order of the norm; 2 by default, Infinity for the largest magnitude. */
  readonly normType?: number;
  /** Throw when the norm is infinite or not a number; reads it. */
  readonly errorIfNonfinite?: boolean;
}

/** A gradient, and where one takes its place. */
interface Gradient {
  readonly grad: Tensor;
  replace(clipped: Tensor): void;
}

function gradientsOf(op: string, parameters: Tensor | Iterable<Tensor>): Gradient[] {
  checkKind(op, "parameters", parameters ?? null, "iterable");
  const list = parameters instanceof Tensor ? [parameters] : [...parameters];
  // Not by way of `p.grad`: what nobody outside has seen need not outlive the next step.
  return list.flatMap(({ gradCell: cell }) =>
    cell?.value ? [{ grad: cell.value.detach(), replace: (clipped) => cell.replace(clipped) }] : []
  );
}

/**
 * Scales all gradients together so that their norm, taken over all of them, is at most `maxNorm`. Returns the norm before, a tensor without
 * dimensions. `torch.nn.utils.clip_grad_norm_`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const p = new nn.Parameter(tensor([0, 0]));
 * p.grad = tensor([3, 4]);
 * console.log(nn.utils.clipGradNorm_([p], 1).item(), p.grad.norm().item().toFixed(3)); // 5 1.000
 * ```
 */
export function clipGradNorm_(
  ...given: Given<
    [parameters: Tensor | Iterable<Tensor>, maxNorm: number],
    [normType: number, errorIfNonfinite: boolean],
    Clipped & { maxNorm: number },
    ClipGradNormOptions
  >
): Tensor {
  const op = "clipGradNorm_";
  const options = settingsOf<Clipped & { readonly maxNorm: number } & ClipGradNormOptions>(op, given, {
    parameters: "iterable",
    maxNorm: "number",
    normType: "number",
    errorIfNonfinite: "boolean",
  });
  const all = gradientsOf(op, needed(op, options, "parameters")), maxNorm = needed(op, options, "maxNorm");
  if (all.length === 0) return tensor(0);
  const total = totalOf(all.map(({ grad }) => grad), options);
  scale(all, maxNorm, total);
  // To be read after the optimizer's step, too, which overwrites what it is made of.
  total.kept = true;
  return total;
}

/** The norm of all tensors together. */
function totalOf(tensors: readonly Tensor[], options: ClipGradNormOptions): Tensor {
  const { normType = 2, errorIfNonfinite = false } = options;
  const norms = tensors.map((x) => norm(x.reshape([-1]), normType));
  const total = norms.length === 1 ? norms[0] : norm(stack(norms, 0), normType);
  if (errorIfNonfinite && !Number.isFinite(total.item())) {
    throw new GradError(
      `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. ` +
        "To disable this error and scale the gradients by the non-finite norm anyway, set { errorIfNonfinite: false }",
    );
  }
  return total;
}

/** Scales gradients of a total norm down to the largest one. */
function scale(all: readonly Gradient[], maxNorm: number, total: Tensor): void {
  const most = tensor(maxNorm, { dtype: total.dtype, device: total.device });
  const factor = clamp(most.div(total.add(1e-6)), null, 1);
  for (const { grad, replace } of all) replace(grad.mul(factor));
}

/** The norm of several tensors, taken over all of them, a tensor without dimensions. `torch.nn.utils.get_total_norm`. */
export function getTotalNorm(
  ...given: Given<
    [tensors: Tensor | Iterable<Tensor>],
    [normType: number, errorIfNonfinite: boolean],
    { tensors: Tensor | Iterable<Tensor> },
    ClipGradNormOptions
  >
): Tensor {
  const op = "getTotalNorm";
  type Own = { readonly tensors: Tensor | Iterable<Tensor> } & ClipGradNormOptions;
  const kinds = { tensors: "iterable", normType: "number", errorIfNonfinite: "boolean" } as const;
  const options = settingsOf<Own>(op, given, kinds), tensors = needed(op, options, "tensors");
  const list = tensors instanceof Tensor ? [tensors] : [...tensors];
  checkTensors(op, list);
  return list.length === 0 ? tensor(0) : totalOf(list, options);
}

/** Scales all gradients together as their total norm, which is known, asks for. `torch.nn.utils.clip_grads_with_norm_`. */
export function clipGradsWithNorm_(
  ...given: Given<
    [parameters: Tensor | Iterable<Tensor>, maxNorm: number, totalNorm: Tensor],
    [],
    Clipped & { maxNorm: number; totalNorm: Tensor },
    Pick<FixedOptions, "foreach">
  >
): void {
  const op = "clipGradsWithNorm_";
  const options = settingsOf<Clipped & { readonly maxNorm: number; readonly totalNorm: Tensor }>(op, given, {
    parameters: "iterable",
    maxNorm: "number",
    totalNorm: "tensor",
  });
  const all = gradientsOf(op, needed(op, options, "parameters"));
  scale(all, needed(op, options, "maxNorm"), needed(op, options, "totalNorm"));
}

/**
 * Keeps every element of the gradients within -clipValue and clipValue. `torch.nn.utils.clip_grad_value_`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * const net = new nn.Linear(2, 1);
 * net(ones(1, 2)).mul(100).sum().backward();
 * nn.utils.clipGradValue_(net.parameters(), 0.5);
 * console.log(net.weight.grad?.tolist()); // [ [ 0.5, 0.5 ] ]
 * ```
 */
export function clipGradValue_(
  ...given: Given<
    [parameters: Tensor | Iterable<Tensor>, clipValue: number],
    [],
    Clipped & { clipValue: number },
    Pick<FixedOptions, "foreach">
  >
): void {
  const op = "clipGradValue_", kinds = { parameters: "iterable", clipValue: "number" } as const;
  const options = settingsOf<Clipped & { readonly clipValue: number }>(op, given, kinds);
  const all = gradientsOf(op, needed(op, options, "parameters"));
  const clipValue = needed(op, options, "clipValue");
  if (!(clipValue >= 0)) {
    throw new ValueError(`clipGradValue_: the bound must not be negative, got ${clipValue}`);
  }
  for (const { grad, replace } of all) replace(clamp(grad, -clipValue, clipValue));
}
