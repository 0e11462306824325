/**
 * Clipping gradients.
 *
 * @module
 */
import { GradError, ValueError } from "../../core/errors.ts";
import { tensor } from "../../core/ops/create.ts";
import { checkKind, type FixedOptions } from "../../core/ops/options.ts";
import { clamp } from "../../core/ops/pointwise.ts";
import { norm } from "../../core/ops/linalg/norms.ts";
import { stack } from "../../core/ops/join.ts";
import { Tensor } from "../../core/tensor.ts";
import { type Given, inPlace, isNamed, type Named, needed, settingsOf } from "../../core/ops/arguments.ts";

/** Options of `clipGradNorm_`. */
export interface ClipGradNormOptions extends Pick<FixedOptions, "foreach"> {
  /** Order of the norm; 2 by default, Infinity for the largest magnitude. */
  readonly normType?: number;
  /** Throw when the norm is infinite or not a number; reads it. */
  readonly errorIfNonfinite?: boolean;
}

function gradientsOf(op: string, parameters: Tensor | Iterable<Tensor>): { p: Tensor; grad: Tensor }[] {
  checkKind(op, "parameters", parameters ?? null, "iterable");
  const list = parameters instanceof Tensor ? [parameters] : [...parameters];
  return list.flatMap((p) => p.grad === null ? [] : [{ p, grad: p.grad.detach() }]);
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
  parameters: Tensor | Iterable<Tensor>,
  ...settings: Given<
    [maxNorm: number],
    [normType: number, errorIfNonfinite: boolean],
    { maxNorm: number },
    ClipGradNormOptions
  >
): Tensor {
  const options = settingsOf<{ readonly maxNorm: number } & ClipGradNormOptions>(
    "clipGradNorm_",
    settings,
    {
      maxNorm: "number",
      normType: "number",
      errorIfNonfinite: "boolean",
    },
  );
  const maxNorm = needed("clipGradNorm_", options, "maxNorm");
  const { normType = 2, errorIfNonfinite = false } = options;
  const all = gradientsOf("clipGradNorm_", parameters);
  if (all.length === 0) return tensor(0);
  const norms = all.map(({ grad }) => norm(grad.reshape([-1]), normType));
  const total = norms.length === 1 ? norms[0] : norm(stack(norms, 0), normType);
  if (errorIfNonfinite && !Number.isFinite(total.item())) {
    throw new GradError(
      `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. ` +
        "To disable this error and scale the gradients by the non-finite norm anyway, set { errorIfNonfinite: false }",
    );
  }
  const factor = clamp(
    tensor(maxNorm, { dtype: total.dtype, device: total.device }).div(total.add(1e-6)),
    null,
    1,
  );
  for (const { p, grad } of all) p.grad = grad.mul(factor);
  // To be read after the optimizer's step, too, which overwrites what it is made of.
  total.kept = true;
  return total;
}

/** Keeps every element of the gradients within -clipValue and clipValue. `torch.nn.utils.clip_grad_value_`. */
export function clipGradValue_(
  parameters: Tensor | Iterable<Tensor>,
  clipValue: number | Named<{ clipValue: number }>,
): void {
  if (isNamed(clipValue)) {
    return clipGradValue_(parameters, ...inPlace("clipGradValue_", ["clipValue"], [clipValue], 1));
  }
  if (!(clipValue >= 0)) {
    throw new ValueError(`clipGradValue_: the bound must not be negative, got ${clipValue}`);
  }
  for (const { p, grad } of gradientsOf("clipGradValue_", parameters)) {
    p.grad = clamp(grad, -clipValue, clipValue);
  }
}
