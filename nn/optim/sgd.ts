/**
 * Stochastic gradient descent.
 *
 * @module
 */
import type { Leading } from "../../core/ops/arguments.ts";
import { ValueError } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Parameter } from "../module/parameter.ts";
import {
  checkRange,
  Optimizer,
  optimizerArguments,
  type ParametersOrGroups,
  penalised,
  type Settings,
  type Update,
  type Usual,
} from "./optimizer.ts";
import { type ParameterState, tensorOf } from "./state.ts";

/** Settings of SGD. */
export interface SGDSettings {
  /** Learning rate. */
  lr: number;
  /** Share of the last direction that is kept; 0 by default. */
  momentum: number;
  /** Share of the gradient that is left out of the direction; 0 by default. */
  dampening: number;
  /** Factor of the L2 penalty; 0 by default. */
  weightDecay: number;
  /** Nesterov's momentum. */
  nesterov: boolean;
  /** Climb instead of descend. */
  maximize: boolean;
}

/** What the constructor of SGD takes: there is no usual learning rate. */
export type SGDArguments =
  | [
    params: ParametersOrGroups<SGDSettings>,
    lr: number,
    ...settings: Leading<
      [momentum: number, dampening: number, weightDecay: number, nesterov: boolean],
      Settings<SGDSettings>
    >,
  ]
  | [params: ParametersOrGroups<SGDSettings>, settings: Settings<SGDSettings> & { readonly lr: number }]
  | [
    groups: Iterable<
      & Settings<SGDSettings>
      & { readonly lr: number; readonly params: Iterable<Parameter> | Parameter }
    >,
    settings?: Settings<SGDSettings>,
  ]
  | [
    named: Settings<SGDSettings> & {
      readonly params: ParametersOrGroups<SGDSettings>;
      readonly lr: number;
    },
  ];

const defaults: Usual<SGDSettings> = {
  lr: undefined,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
  differentiable: false,
};

/**
 * Stochastic gradient descent with momentum. `torch.optim.SGD`.
 *
 * @example
 * ```ts
 * import { nn, ones, optim } from "@tenon/tenon";
 * const net = new nn.Linear(4, 1);
 * const optimizer = new optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.zeroGrad();
 * net(ones([2, 4])).sum().backward();
 * optimizer.step();
 * ```
 */
export class SGD extends Optimizer<SGDSettings> {
  /** Takes parameters or groups, and settings by position or by name; groups that have learning rates of their own need no other. */
  constructor(...given: SGDArguments) {
    const [params, usual, settings] = optimizerArguments<SGDSettings>(new.target.name, given, defaults, [
      "lr",
      "momentum",
      "dampening",
      "weightDecay",
      "nesterov",
    ]);
    super(params, usual, settings);
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, momentum, dampening, weightDecay, nesterov }: SGDSettings): void {
    checkRange("learning rate", lr, 0);
    checkRange("momentum value", momentum, 0);
    checkRange("weight_decay value", weightDecay, 0);
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      throw new ValueError("Nesterov momentum requires a momentum and zero dampening");
    }
  }

  /** The new value and state of a parameter, as lazy expressions. */
  protected override update(p: Tensor, grad: Tensor, state: ParameterState, settings: SGDSettings): Update {
    const { lr, momentum, dampening, weightDecay, nesterov, maximize } = settings;
    let d = penalised(p, grad, { weightDecay, maximize }, (value) => this.scalar(value, p));
    const next: ParameterState = { momentum_buffer: null };
    if (momentum !== 0) {
      const last = tensorOf(state.momentum_buffer);
      const mu = this.scalar(momentum, p);
      const fresh = dampening === 0 ? d : d.mul(this.scalar(1 - dampening, p));
      // The first direction is the gradient itself, without dampening; in memory of its own, which later steps can take over.
      const buffer = last === undefined ? d.mul(this.scalar(1, p)) : last.mul(mu).add(fresh);
      next.momentum_buffer = buffer;
      d = nesterov ? d.add(buffer.mul(mu)) : buffer;
    }
    return { value: p.sub(d.mul(this.scalar(lr, p))), state: next };
  }
}
