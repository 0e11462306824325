/**
 * RMSprop.
 *
 * @module
 */
import type { Tensor } from "../../core/tensor.ts";
import {
  checkRange,
  Optimizer,
  type OptimizerArguments,
  optimizerArguments,
  penalised,
  type Update,
  type Usual,
} from "./optimizer.ts";
import { numberOf, type ParameterState, tensorOf } from "./state.ts";

/** Settings of RMSprop. */
export interface RMSpropSettings {
  /** Learning rate; 0.01 by default. */
  lr: number;
  /** Share of the last direction that is kept; 0 by default. */
  momentum: number;
  /** Decay of the average of squared gradients; 0.99 by default. */
  alpha: number;
  /** Added to the divisor; 1e-8 by default. */
  eps: number;
  /** Divide by the deviation of the gradient, not by its root mean square. */
  centered: boolean;
  /** Factor of the L2 penalty; 0 by default. */
  weightDecay: number;
  /** Climb instead of descend. */
  maximize: boolean;
}

const defaults: Usual<RMSpropSettings> = {
  lr: 1e-2,
  momentum: 0,
  alpha: 0.99,
  eps: 1e-8,
  centered: false,
  weightDecay: 0,
  foreach: null,
  maximize: false,
  differentiable: false,
};

/**
 * The gradient over a running root mean square of it. `torch.optim.RMSprop`.
 *
 * @example
 * ```ts
 * import { nn, ones, optim } from "@tenon/tenon";
 * const net = new nn.Linear(4, 1);
 * const optimizer = new optim.RMSprop(net.parameters(), { lr: 0.01, momentum: 0.9 });
 * net(ones([2, 4])).sum().backward();
 * optimizer.step();
 * ```
 */
export class RMSprop extends Optimizer<RMSpropSettings> {
  /** Takes parameters or groups, and settings by position or by name. */
  constructor(
    ...given: OptimizerArguments<
      RMSpropSettings,
      ["lr", "alpha", "eps", "weightDecay", "momentum", "centered"]
    >
  ) {
    const [params, usual, settings] = optimizerArguments<RMSpropSettings>(
      new.target.name,
      given,
      defaults,
      [
        "lr",
        "alpha",
        "eps",
        "weightDecay",
        "momentum",
        "centered",
      ],
    );
    super(params, usual, settings);
  }

  /** State that is a number here and a tensor of one element in PyTorch. */
  protected override get counts(): readonly string[] {
    return [];
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, eps, momentum, weightDecay, alpha }: RMSpropSettings): void {
    checkRange("learning rate", lr, 0);
    checkRange("epsilon value", eps, 0);
    checkRange("momentum value", momentum, 0);
    checkRange("weight_decay value", weightDecay, 0);
    checkRange("alpha value", alpha, 0);
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(
    p: Tensor,
    given: Tensor,
    state: ParameterState,
    settings: RMSpropSettings,
  ): Update {
    const { lr, momentum, alpha, eps, centered } = settings;
    const s = (value: number) => this.scalar(value, p);
    const grad = penalised(p, given, settings, s);
    const square = this.average(p, state.square_avg, grad.mul(grad), alpha);
    const next: ParameterState = { step: numberOf(state.step) + 1, square_avg: square };
    let spread = square;
    if (momentum > 0) next.momentum_buffer = null;
    if (centered) {
      const mean = this.average(p, state.grad_avg, grad, alpha);
      next.grad_avg = mean;
      spread = square.sub(mean.mul(mean));
    }
    const direction = grad.div(spread.sqrt().add(s(eps)));
    if (momentum <= 0) return { value: p.sub(direction.mul(s(lr))), state: next };
    const buffer = (tensorOf(state.momentum_buffer) ?? this.zeros(p)).mul(s(momentum)).add(direction);
    next.momentum_buffer = buffer;
    return { value: p.sub(buffer.mul(s(lr))), state: next };
  }
}
