/**
 * What Adam and its relatives share, and the relatives: Adamax, NAdam, RAdam.
 *
 * @module
 */
import { maximum } from "../../core/ops/elementwise.ts";
import type { Tensor } from "../../core/tensor.ts";
import {
  checkRange,
  Optimizer,
  type OptimizerArguments,
  optimizerArguments,
  penalised,
  type Update,
} from "./optimizer.ts";
import { asCount, numberOf, type ParameterState, tensorOf } from "./state.ts";

/** Settings that all relatives of Adam have. */
export interface MomentSettings {
  /** Learning rate. */
  lr: number;
  /** Decay of the averages of gradient and squared gradient; [0.9, 0.999] by default. */
  betas: readonly [number, number];
  /** Added to the divisor; 1e-8 by default. */
  eps: number;
  /** Factor of the L2 penalty; 0 by default. */
  weightDecay: number;
}

/** Settings of those whose weight decay can be decoupled. Newer ones are part of a group where they are given, as its text is PyTorch's. */
export interface DecaySettings extends MomentSettings {
  /** Climb instead of descend. */
  maximize?: boolean;
  /** `weightDecay` shrinks the parameters beside the step, as in AdamW, instead of adding to the gradient. */
  decoupledWeightDecay?: boolean;
}

/** A parameter and its gradient after weight decay. */
export interface Decayed {
  /** The parameter. */
  readonly p: Tensor;
  /** The gradient to descend along. */
  readonly grad: Tensor;
}

/** The usual settings of all of them but the learning rate. */
export const momentDefaults: Omit<MomentSettings, "lr"> = { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };

/** Refuses settings of averages that make no sense. */
export function checkMoments({ lr, betas, eps }: Pick<MomentSettings, "lr" | "betas" | "eps">): void {
  checkRange("learning rate", lr, 0);
  checkRange("epsilon value", eps, 0);
  checkRange("beta parameter at index 0", betas[0], 0, 1);
  checkRange("beta parameter at index 1", betas[1], 0, 1);
}

/** What Adam and its relatives share. */
export abstract class MomentOptimizer<S extends MomentSettings> extends Optimizer<S> {
  /** Refuses settings that make no sense. */
  protected override check({ lr, betas, eps, weightDecay }: S): void {
    checkMoments({ lr, betas, eps });
    checkRange("weight_decay value", weightDecay, 0);
  }

  /** The parameter and the gradient to descend along, after weight decay. */
  protected decay(p: Tensor, grad: Tensor, settings: DecaySettings & { readonly lr: number }): Decayed {
    const { lr, weightDecay, decoupledWeightDecay, maximize } = settings;
    if (!decoupledWeightDecay) return { p, grad: penalised(p, grad, settings, (v) => this.scalar(v, p)) };
    return { p: p.mul(this.scalar(1 - lr * weightDecay, p)), grad: maximize ? grad.neg() : grad };
  }
}

/** Settings that newer versions of PyTorch have. */
const newer = { maximize: undefined, decoupledWeightDecay: undefined };

/** Settings of Adamax. */
export interface AdamaxSettings extends MomentSettings {
  /** Climb instead of descend. */
  maximize: boolean;
}

/** Adam with the largest gradient in place of the root mean square. `torch.optim.Adamax`. */
export class Adamax extends MomentOptimizer<AdamaxSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<AdamaxSettings, ["lr", "betas", "eps", "weightDecay"]>) {
    const [params, usual, settings] = optimizerArguments<AdamaxSettings>(new.target.name, given, {
      lr: 2e-3,
      ...momentDefaults,
      foreach: null,
      maximize: false,
    }, ["lr", "betas", "eps", "weightDecay"]);
    super(params, usual, settings);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    p: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: AdamaxSettings,
  ): Update {
    const { lr, betas: [beta1, beta2], eps } = settings;
    const s = (value: number) => this.scalar(value, p);
    const grad = penalised(p, given, settings, s);
    const step = numberOf(state.step) + 1;
    const mean = this.average(p, state.exp_avg, grad, beta1);
    const largest = maximum((tensorOf(state.exp_inf) ?? this.zeros(p)).mul(s(beta2)), grad.abs().add(s(eps)));
    const rate = lr / (1 - beta1 ** step);
    return { value: p.sub(mean.mul(s(rate)).div(largest)), state: { step, exp_avg: mean, exp_inf: largest } };
  }
}

/** Settings of NAdam. */
export interface NAdamSettings extends DecaySettings {
  /** How fast the momentum comes up; 0.004 by default. */
  momentumDecay: number;
}

/** Adam with Nesterov's momentum. `torch.optim.NAdam`. */
export class NAdam extends MomentOptimizer<NAdamSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(
    ...given: OptimizerArguments<NAdamSettings, ["lr", "betas", "eps", "weightDecay", "momentumDecay"]>
  ) {
    const [params, usual, settings] = optimizerArguments<NAdamSettings>(new.target.name, given, {
      lr: 2e-3,
      ...momentDefaults,
      momentumDecay: 4e-3,
      foreach: null,
      ...newer,
    }, ["lr", "betas", "eps", "weightDecay", "momentumDecay"]);
    super(params, usual, settings);
  }

  /** State that is a number here and a tensor of one element in PyTorch. */
  protected override get counts(): readonly string[] {
    return ["step", "mu_product"];
  }

  /** Refuses settings that make no sense. */
  protected override check(settings: NAdamSettings): void {
    super.check(settings);
    checkRange("momentum_decay value", settings.momentumDecay, 0);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    before: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: NAdamSettings,
  ): Update {
    const { lr, betas: [beta1, beta2], eps, momentumDecay } = settings;
    const { p, grad } = this.decay(before, given, settings);
    const s = (value: number) => this.scalar(value, p);
    const step = numberOf(state.step) + 1;
    const momentum = (at: number) => beta1 * (1 - 0.5 * 0.96 ** (at * momentumDecay));
    const mu = momentum(step), next = momentum(step + 1);
    const product = asCount(asCount(numberOf(state.mu_product, 1)) * asCount(mu));
    const productNext = asCount(asCount(product * asCount(mu)) * asCount(next));
    const mean = this.average(p, state.exp_avg, grad, beta1);
    const square = this.average(p, state.exp_avg_sq, grad.mul(grad), beta2);
    const divisor = square.div(s(1 - beta2 ** step)).sqrt().add(s(eps));
    const value = p.add(grad.mul(s(-lr * (1 - mu) / (1 - product))).div(divisor))
      .add(mean.mul(s(-lr * next / (1 - productNext))).div(divisor));
    return { value, state: { step, mu_product: product, exp_avg: mean, exp_avg_sq: square } };
  }
}

/** Settings of RAdam. */
export type RAdamSettings = DecaySettings;

/** Adam that goes without the divisor until enough gradients are known for it. `torch.optim.RAdam`. */
export class RAdam extends MomentOptimizer<RAdamSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<RAdamSettings, ["lr", "betas", "eps", "weightDecay"]>) {
    const [params, usual, settings] = optimizerArguments<RAdamSettings>(new.target.name, given, {
      lr: 1e-3,
      ...momentDefaults,
      foreach: null,
      ...newer,
    }, ["lr", "betas", "eps", "weightDecay"]);
    super(params, usual, settings);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    before: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: RAdamSettings,
  ): Update {
    const { lr, betas: [beta1, beta2], eps } = settings;
    const { p, grad } = this.decay(before, given, settings);
    const s = (value: number) => this.scalar(value, p);
    const step = numberOf(state.step) + 1;
    const mean = this.average(p, state.exp_avg, grad, beta1);
    const square = this.average(p, state.exp_avg_sq, grad.mul(grad), beta2);
    const correction2 = 1 - beta2 ** step;
    // How many gradients the average of squares amounts to, now and in the end.
    const most = 2 / (1 - beta2) - 1, length = most - 2 * step * beta2 ** step / correction2;
    const direction = mean.mul(s(lr / (1 - beta1 ** step)));
    const next: ParameterState = { step, exp_avg: mean, exp_avg_sq: square };
    if (length <= 5) return { value: p.sub(direction), state: next };
    const rectification = Math.sqrt(
      (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length),
    );
    const factor = s(Math.sqrt(correction2) * rectification);
    return { value: p.sub(direction.mul(factor).div(square.sqrt().add(s(eps)))), state: next };
  }
}
