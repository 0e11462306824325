/**
 * Adagrad and Adadelta.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { full } from "../../core/ops/create.ts";
import type { Tensor } from "../../core/tensor.ts";
import {
  checkRange,
  Optimizer,
  type OptimizerArguments,
  optimizerArguments,
  penalised,
  type Update,
} from "./optimizer.ts";
import { numberOf, type ParameterState, tensorOf } from "./state.ts";

/** Settings of Adagrad. */
export interface AdagradSettings {
  /** Learning rate; 0.01 by default. */
  lr: number;
  /** How fast the learning rate falls; 0 by default. */
  lrDecay: number;
  /** Added to the divisor; 1e-10 by default. */
  eps: number;
  /** Factor of the L2 penalty; 0 by default. */
  weightDecay: number;
  /** What the sums of squares begin with; 0 by default. */
  initialAccumulatorValue: number;
  /** Climb instead of descend. */
  maximize: boolean;
}

/** The gradient over the root of the sum of its squares so far. `torch.optim.Adagrad`. */
export class Adagrad extends Optimizer<AdagradSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(
    ...given: OptimizerArguments<
      AdagradSettings,
      ["lr", "lrDecay", "weightDecay", "initialAccumulatorValue", "eps"]
    >
  ) {
    const [params, usual, settings] = optimizerArguments<AdagradSettings>(new.target.name, given, {
      lr: 1e-2,
      lrDecay: 0,
      eps: 1e-10,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      foreach: null,
      maximize: false,
    }, ["lr", "lrDecay", "weightDecay", "initialAccumulatorValue", "eps"]);
    super(params, usual, settings);
  }

  /** Refuses settings that make no sense. */
  protected override check(settings: AdagradSettings): void {
    checkRange("learning rate", settings.lr, 0);
    checkRange("lr_decay value", settings.lrDecay, 0);
    checkRange("weight_decay value", settings.weightDecay, 0);
    checkRange("initial_accumulator_value value", settings.initialAccumulatorValue, 0);
    checkRange("epsilon value", settings.eps, 0);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    p: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: AdagradSettings,
  ): Update {
    const { lr, lrDecay, eps } = settings;
    const s = (value: number) => this.scalar(value, p);
    const grad = penalised(p, given, settings, s);
    const step = numberOf(state.step) + 1;
    const before = tensorOf(state.sum) ??
      // PyTorch fills the sums of all groups when the optimizer is made, whatever a group says.
      full(p.shape, this.defaults.initialAccumulatorValue, { dtype: p.dtype, device: p.device });
    const sum = before.add(grad.mul(grad));
    const rate = lr / (1 + (step - 1) * lrDecay);
    return { value: p.sub(grad.mul(s(rate)).div(sum.sqrt().add(s(eps)))), state: { step, sum } };
  }
}

/** Settings of Adadelta. */
export interface AdadeltaSettings {
  /** Learning rate; 1 by default. */
  lr: number;
  /** Decay of the averages; 0.9 by default. */
  rho: number;
  /** Added below the roots; 1e-6 by default. */
  eps: number;
  /** Factor of the L2 penalty; 0 by default. */
  weightDecay: number;
  /** Climb instead of descend. */
  maximize: boolean;
}

/** Steps as large as earlier ones, in units of the parameter. `torch.optim.Adadelta`. */
export class Adadelta extends Optimizer<AdadeltaSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(...given: OptimizerArguments<AdadeltaSettings, ["lr", "rho", "eps", "weightDecay"]>) {
    const [params, usual, settings] = optimizerArguments<AdadeltaSettings>(new.target.name, given, {
      lr: 1,
      rho: 0.9,
      eps: 1e-6,
      weightDecay: 0,
      maximize: false,
      foreach: null,
    }, ["lr", "rho", "eps", "weightDecay"]);
    super(params, usual, settings);
  }

  /** State that is a number here and a tensor of one element in PyTorch. */
  protected override get counts(): readonly string[] {
    return [];
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, rho, eps, weightDecay }: AdadeltaSettings): void {
    checkRange("learning rate", lr, 0);
    if (!(rho >= 0 && rho <= 1)) throw new ValueError(`Invalid rho value: ${rho}`);
    checkRange("epsilon value", eps, 0);
    checkRange("weight_decay value", weightDecay, 0);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    p: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: AdadeltaSettings,
  ): Update {
    const { lr, rho, eps } = settings;
    const s = (value: number) => this.scalar(value, p);
    const grad = penalised(p, given, settings, s);
    const square = this.average(p, state.square_avg, grad.mul(grad), rho);
    const steps = tensorOf(state.acc_delta) ?? this.zeros(p);
    const delta = steps.add(s(eps)).sqrt().div(square.add(s(eps)).sqrt()).mul(grad);
    return {
      value: p.sub(delta.mul(s(lr))),
      state: {
        step: numberOf(state.step) + 1,
        square_avg: square,
        acc_delta: this.average(p, steps, delta.mul(delta), rho),
      },
    };
  }
}
