/**
 * Adam and AdamW, and SparseAdam, which PyTorch has for gradients that are sparse.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { maximum } from "../../core/ops/elementwise.ts";
import type { Tensor } from "../../core/tensor.ts";
import {
  checkMoments,
  type Decayed,
  type DecaySettings,
  momentDefaults,
  MomentOptimizer,
} from "./moments.ts";
import {
  Optimizer,
  type OptimizerArguments,
  optimizerArguments,
  type Update,
  type Usual,
} from "./optimizer.ts";
import { numberOf, type ParameterState, tensorOf } from "./state.ts";

/** Settings of Adam and AdamW: the learning rate is 0.001 by default, `weightDecay` an L2 penalty (Adam, 0 by default) or decoupled decay (AdamW, 0.01 by default). */
export interface AdamSettings extends DecaySettings {
  /** Divide by the largest average so far. */
  amsgrad: boolean;
  /** Climb instead of descend. */
  maximize: boolean;
}

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
  /** The usual settings. */
  protected static readonly usual: Usual<AdamSettings> = {
    lr: 1e-3,
    ...momentDefaults,
    amsgrad: false,
    maximize: false,
    foreach: null,
    capturable: false,
    differentiable: false,
    fused: false,
    decoupledWeightDecay: undefined,
  };

  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<AdamSettings, ["lr", "betas", "eps", "weightDecay", "amsgrad"]>) {
    const names = ["lr", "betas", "eps", "weightDecay", "amsgrad"] as const;
    const [params, usual, settings] = optimizerArguments<AdamSettings>(
      new.target.name,
      given,
      new.target.usual,
      names,
    );
    super(params, usual, settings);
  }

  /** The new value and state of a parameter, as lazy expressions. */
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
  /** The usual settings. */
  protected static override readonly usual: Usual<AdamSettings> = {
    lr: 1e-3,
    ...momentDefaults,
    weightDecay: 1e-2,
    amsgrad: false,
    foreach: null,
    maximize: false,
    capturable: false,
  };

  /** The parameter and the gradient to descend along, after weight decay. */
  protected override decay(p: Tensor, grad: Tensor, settings: AdamSettings): Decayed {
    return super.decay(p, grad, { ...settings, decoupledWeightDecay: true });
  }
}

/** Settings of SparseAdam. */
export type SparseAdamSettings = Omit<AdamSettings, "weightDecay" | "amsgrad" | "decoupledWeightDecay">;

/**
 * Adam that moves the rows alone that a sparse gradient has. Gradients are dense here, and PyTorch's refuses those: so does every step of this one.
 * `torch.optim.SparseAdam`.
 */
export class SparseAdam extends Optimizer<SparseAdamSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<SparseAdamSettings, ["lr", "betas", "eps"]>) {
    const defaults = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, maximize: false } as const;
    const [params, usual, settings] = optimizerArguments<SparseAdamSettings>(
      new.target.name,
      given,
      defaults,
      ["lr", "betas", "eps"],
    );
    super(params, usual, settings);
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, betas, eps }: SparseAdamSettings): void {
    checkMoments({ lr, betas, eps });
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(): Update {
    throw new ValueError("SparseAdam does not support dense gradients, please consider Adam instead");
  }
}
