/**
 * Adam and AdamW.
 *
 * @module
 */
import { maximum } from "../../core/ops/elementwise.ts";
import type { Tensor } from "../../core/tensor.ts";
import { momentDefaults, MomentOptimizer, type MomentSettings } from "./moments.ts";
import {
  type ParametersOrGroups,
  penalised,
  settingsIn,
  type SettingsOrRate,
  type Update,
} from "./optimizer.ts";
import { numberOf, type ParameterState, tensorOf } from "./state.ts";

/** Settings of Adam and AdamW: the learning rate is 0.001 by default, `weightDecay` an L2 penalty (Adam, 0 by default) or decoupled decay (AdamW, 0.01 by default). */
export interface AdamSettings extends MomentSettings {
  /** Divide by the largest average so far. */
  amsgrad: boolean;
  /** Climb instead of descend. */
  maximize: boolean;
}

const defaults: AdamSettings = { lr: 1e-3, ...momentDefaults, amsgrad: false, maximize: false };

/**
 * Adaptive moments. `torch.optim.Adam`.
 *
 * @example
 * ```ts
 * import { nn, ones, optim } from "@tenon/tenon";
 * const net = new nn.Linear(4, 1);
 * const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
 * net(ones([2, 4])).sum().backward();
 * optimizer.step();
 * ```
 */
export class Adam extends MomentOptimizer<AdamSettings> {
  constructor(
    params: ParametersOrGroups<AdamSettings>,
    settings: SettingsOrRate<AdamSettings> = {},
  ) {
    super(params, defaults, settings);
  }

  /** PyTorch's settings that can have one value only here. */
  protected override get fixed(): Readonly<Record<string, null | false>> {
    return { foreach: null, capturable: false, differentiable: false, fused: false };
  }

  /** The parameter and gradient after weight decay. */
  protected decay(p: Tensor, grad: Tensor, settings: AdamSettings): { p: Tensor; grad: Tensor } {
    return { p, grad: penalised(p, grad, settings, (value) => this.scalar(value, p)) };
  }

  protected override update(
    before: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: AdamSettings,
  ): Update {
    const { lr, betas: [beta1, beta2], eps, amsgrad } = settings;
    const { p, grad } = this.decay(before, given, settings);
    const step = numberOf(state.step) + 1;
    const s = (value: number) => this.scalar(value, p);
    const m = this.average(p, state.exp_avg, grad, beta1);
    const v = this.average(p, state.exp_avg_sq, grad.mul(grad), beta2);
    const next: ParameterState = { step, exp_avg: m, exp_avg_sq: v };
    let largest = v;
    if (amsgrad) {
      largest = maximum(tensorOf(state.max_exp_avg_sq) ?? this.zeros(p), v);
      next.max_exp_avg_sq = largest;
    }
    const correction1 = 1 - beta1 ** step, correction2 = 1 - beta2 ** step;
    const divisor = largest.sqrt().div(s(Math.sqrt(correction2))).add(s(eps));
    return { value: p.add(m.mul(s(-lr / correction1)).div(divisor)), state: next };
  }
}

/** Adam with decoupled weight decay. `torch.optim.AdamW`. */
export class AdamW extends Adam {
  constructor(
    params: ParametersOrGroups<AdamSettings>,
    settings: SettingsOrRate<AdamSettings> = {},
  ) {
    const named = settingsIn(settings);
    super(params, { ...named, weightDecay: named.weightDecay ?? 1e-2 });
  }

  /** PyTorch's settings that can have one value only here. */
  protected override get fixed(): Readonly<Record<string, null | false>> {
    return { foreach: null, capturable: false };
  }

  protected override decay(
    p: Tensor,
    grad: Tensor,
    { lr, weightDecay, maximize }: AdamSettings,
  ): { p: Tensor; grad: Tensor } {
    return { p: p.mul(this.scalar(1 - lr * weightDecay, p)), grad: maximize ? grad.neg() : grad };
  }
}
