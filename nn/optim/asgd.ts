/**
 * ASGD, which averages its parameters, and Rprop, which looks at signs alone.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { full } from "../../core/ops/create.ts";
import { sign } from "../../core/ops/elementwise.ts";
import { where } from "../../core/ops/logical.ts";
import { clamp } from "../../core/ops/pointwise.ts";
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

/** Settings of ASGD. */
export interface ASGDSettings {
  /** Learning rate; 0.01 by default. */
  lr: number;
  /** Decay of the parameters; 1e-4 by default. */
  lambd: number;
  /** How the learning rate falls; 0.75 by default. */
  alpha: number;
  /** The step at which averaging begins; 1e6 by default. */
  t0: number;
  /** Factor of the L2 penalty; 0 by default. */
  weightDecay: number;
  /** Climb instead of descend. */
  maximize: boolean;
}

/** Stochastic gradient descent that also averages its parameters. `torch.optim.ASGD`. */
export class ASGD extends Optimizer<ASGDSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<ASGDSettings, ["lr", "lambd", "alpha", "t0", "weightDecay"]>) {
    const [params, usual, settings] = optimizerArguments<ASGDSettings>(new.target.name, given, {
      lr: 1e-2,
      lambd: 1e-4,
      alpha: 0.75,
      t0: 1e6,
      weightDecay: 0,
      foreach: null,
      maximize: false,
    }, ["lr", "lambd", "alpha", "t0", "weightDecay"]);
    super(params, usual, settings);
  }

  /** State that is a number here and a tensor of one element in PyTorch. */
  protected override get counts(): readonly string[] {
    return ["step", "eta", "mu"];
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, weightDecay }: ASGDSettings): void {
    checkRange("learning rate", lr, 0);
    checkRange("weight_decay value", weightDecay, 0);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(p: Tensor, given: Tensor, state: ParameterState, settings: ASGDSettings): Update {
    const { lr, lambd, alpha, t0 } = settings;
    const s = (value: number) => this.scalar(value, p);
    const grad = penalised(p, given, settings, s);
    const step = numberOf(state.step) + 1;
    const eta = asCount(numberOf(state.eta, lr)), mu = asCount(numberOf(state.mu, 1));
    const value = p.mul(s(1 - lambd * eta)).sub(grad.mul(s(eta)));
    const before = tensorOf(state.ax) ?? this.zeros(p);
    const average = mu === 1 ? value.clone() : before.add(value.sub(before).mul(s(mu)));
    return {
      value,
      state: {
        step,
        eta: asCount(lr / (1 + lambd * lr * step) ** alpha),
        mu: asCount(1 / Math.max(1, step - t0)),
        ax: average,
      },
    };
  }
}

/** Settings of Rprop. */
export interface RpropSettings {
  /** First step size; 0.01 by default. */
  lr: number;
  /** Factors of the step size where the sign turned and where it stayed; [0.5, 1.2] by default. */
  etas: readonly [number, number];
  /** Least and largest step size; [1e-6, 50] by default. */
  stepSizes: readonly [number, number];
  /** Climb instead of descend. */
  maximize: boolean;
}

/** Steps of a size that grows while the sign of the gradient stays. `torch.optim.Rprop`. */
export class Rprop extends Optimizer<RpropSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<RpropSettings, ["lr", "etas", "stepSizes"]>) {
    const [params, usual, settings] = optimizerArguments<RpropSettings>(new.target.name, given, {
      lr: 1e-2,
      etas: [0.5, 1.2],
      stepSizes: [1e-6, 50],
      foreach: null,
      maximize: false,
    }, ["lr", "etas", "stepSizes"]);
    super(params, usual, settings);
  }

  /** State that is a number here and a tensor of one element in PyTorch. */
  protected override get counts(): readonly string[] {
    return [];
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, etas }: RpropSettings): void {
    checkRange("learning rate", lr, 0);
    if (!(0 < etas[0] && etas[0] < 1 && 1 < etas[1])) {
      throw new ValueError(`Invalid eta values: ${etas[0]}, ${etas[1]}`);
    }
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    p: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: RpropSettings,
  ): Update {
    const { lr, etas: [shrink, grow], stepSizes: [least, most], maximize } = settings;
    const s = (value: number) => this.scalar(value, p);
    const grad = maximize ? given.neg() : given;
    const product = grad.mul(tensorOf(state.prev) ?? this.zeros(p));
    const turned = product.lt(0);
    const before = tensorOf(state.step_size) ?? full(p.shape, lr, { dtype: p.dtype, device: p.device });
    const factor = where(turned, s(shrink), where(product.gt(0), s(grow), s(1)));
    const size = clamp(before.mul(factor), least, most);
    const kept = where(turned, s(0), grad);
    return {
      value: p.sub(sign(kept).mul(size)),
      state: { step: numberOf(state.step) + 1, prev: kept, step_size: size },
    };
  }
}
