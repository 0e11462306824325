/**
 * Schedulers that multiply the learning rate: by steps, exponentially, along a line, by a function.
 *
 * @module
 */
import { ValueError } from "../../../core/errors.ts";
import { checkKind, type Kinds } from "../../../core/ops/options.ts";
import { needed } from "../../../core/ops/arguments.ts";
import {
  checkOptimizer,
  LRScheduler,
  type Scheduled,
  scheduled,
  type SchedulerArguments,
  schedulerKinds,
  type SchedulerOptions,
  type SchedulerStateDict,
} from "./scheduler.ts";

/** Options of StepLR. */
export interface StepLROptions extends SchedulerOptions {
  /** What the learning rate is multiplied by; 0.1 by default. */
  readonly gamma?: number;
}

const stepKinds: Kinds<StepLROptions> = { gamma: "number", ...schedulerKinds };

/**
 * Multiplies the learning rate by gamma every `stepSize` steps. `torch.optim.lr_scheduler.StepLR`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const optimizer = new optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 0.5 });
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, 2, { gamma: 0.5 });
 * for (let epoch = 0; epoch < 2; epoch++) {
 *   optimizer.step();
 *   scheduler.step();
 * }
 * console.log(scheduler.getLastLr()); // [ 0.25 ]
 * ```
 */
export class StepLR extends LRScheduler<{ stepSize: number; gamma: number }> {
  /** Takes the optimizer and the number of steps; gamma by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [stepSize: number],
      [gamma: number],
      { readonly stepSize: number },
      StepLROptions
    >
  ) {
    const [optimizer, options] = scheduled<StepLROptions & { readonly stepSize: number }>("StepLR", given, {
      stepSize: "whole",
      ...stepKinds,
    });
    super(
      optimizer,
      { stepSize: needed("StepLR", options, "stepSize"), gamma: options.gamma ?? 0.1 },
      options,
    );
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { stepSize, gamma } = this.settings;
    const keep = this.lastEpoch === 0 || this.lastEpoch % stepSize !== 0;
    return keep ? this.current : this.current.map((lr) => lr * gamma);
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    const { stepSize, gamma } = this.settings;
    return this.baseLrs.map((lr) => lr * gamma ** Math.floor(this.lastEpoch / stepSize));
  }
}

/** Multiplies the learning rate by gamma at each milestone. `torch.optim.lr_scheduler.MultiStepLR`. */
export class MultiStepLR extends LRScheduler<{ milestones: readonly number[]; gamma: number }> {
  /** Takes the optimizer and the steps; gamma by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [milestones: readonly number[]],
      [gamma: number],
      { readonly milestones: readonly number[] },
      StepLROptions
    >
  ) {
    const [optimizer, options] = scheduled<StepLROptions & { readonly milestones: readonly number[] }>(
      "MultiStepLR",
      given,
      { milestones: "numbers", ...stepKinds },
    );
    const milestones = needed("MultiStepLR", options, "milestones");
    super(
      optimizer,
      { milestones: [...milestones].sort((a, b) => a - b), gamma: options.gamma ?? 0.1 },
      options,
    );
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { milestones, gamma } = this.settings;
    const times = milestones.filter((m) => m === this.lastEpoch).length;
    return times === 0 ? this.current : this.current.map((lr) => lr * gamma ** times);
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    const { milestones, gamma } = this.settings;
    const times = milestones.filter((m) => m <= this.lastEpoch).length;
    return this.baseLrs.map((lr) => lr * gamma ** times);
  }

  /** Settings and position in PyTorch's form, which counts each milestone. */
  override stateDict(): SchedulerStateDict {
    const counts: Record<string, number> = {};
    for (const m of this.settings.milestones) counts[m] = (counts[m] ?? 0) + 1;
    return { ...super.stateDict(), milestones: counts };
  }

  /** Takes over what `stateDict` gave. */
  override loadStateDict(state: Readonly<SchedulerStateDict>): void {
    const { milestones, ...rest } = state;
    super.loadStateDict(rest);
    if (typeof milestones === "object" && milestones !== null) {
      this.settings.milestones = Object.entries(milestones).flatMap(([m, count]) =>
        new Array<number>(Number(count)).fill(Number(m))
      );
    }
  }
}

/**
 * Multiplies the learning rate by gamma at every step. `torch.optim.lr_scheduler.ExponentialLR`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const optimizer = new optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 0.1 });
 * const scheduler = new optim.lrScheduler.ExponentialLR(optimizer, 0.5);
 * const rates = Array.from({ length: 3 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0].toFixed(4);
 * });
 * console.log(rates.join(" ")); // 0.0500 0.0250 0.0125
 * ```
 */
export class ExponentialLR extends LRScheduler<{ gamma: number }> {
  /** Takes the optimizer and gamma. */
  constructor(
    ...given: SchedulerArguments<[gamma: number], [], { readonly gamma: number }, SchedulerOptions>
  ) {
    const [optimizer, options] = scheduled<SchedulerOptions & { readonly gamma: number }>(
      "ExponentialLR",
      given,
      { gamma: "number", ...schedulerKinds },
    );
    super(optimizer, { gamma: needed("ExponentialLR", options, "gamma") }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    return this.lastEpoch === 0 ? this.current : this.current.map((lr) => lr * this.settings.gamma);
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    return this.baseLrs.map((lr) => lr * this.settings.gamma ** this.lastEpoch);
  }
}

/** Options of ConstantLR. */
export interface ConstantLROptions extends SchedulerOptions {
  /** What the learning rate is multiplied by at first; 1/3 by default. */
  readonly factor?: number;
  /** For how many steps; 5 by default. */
  readonly totalIters?: number;
}

/** A smaller learning rate for the first steps. `torch.optim.lr_scheduler.ConstantLR`. */
export class ConstantLR extends LRScheduler<{ factor: number; totalIters: number }> {
  /** Takes the optimizer; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<[], [factor: number, totalIters: number], unknown, ConstantLROptions>
  ) {
    const [optimizer, options] = scheduled<ConstantLROptions>("ConstantLR", given, {
      factor: "number",
      totalIters: "number",
      ...schedulerKinds,
    });
    const { factor = 1 / 3, totalIters = 5 } = options;
    if (!(factor >= 0 && factor <= 1)) {
      throw new ValueError(`Constant multiplicative factor expected to be between 0 and 1., got ${factor}`);
    }
    super(optimizer, { factor, totalIters }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { factor, totalIters } = this.settings;
    if (this.lastEpoch === 0) return this.current.map((lr) => lr * factor);
    return this.lastEpoch === totalIters ? this.current.map((lr) => lr * (1 / factor)) : this.current;
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    const { factor, totalIters } = this.settings;
    return this.baseLrs.map((lr) => lr * (factor + (this.lastEpoch >= totalIters ? 1 : 0) * (1 - factor)));
  }
}

/** Options of LinearLR. */
export interface LinearLROptions extends SchedulerOptions {
  /** Factor at the start; 1/3 by default. */
  readonly startFactor?: number;
  /** Factor at the end; 1 by default. */
  readonly endFactor?: number;
  /** Steps from start to end; 5 by default. */
  readonly totalIters?: number;
}

/** A factor that goes along a line. `torch.optim.lr_scheduler.LinearLR`. */
export class LinearLR extends LRScheduler<{ startFactor: number; endFactor: number; totalIters: number }> {
  /** Takes the optimizer; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [],
      [startFactor: number, endFactor: number, totalIters: number],
      unknown,
      LinearLROptions
    >
  ) {
    const [optimizer, options] = scheduled<LinearLROptions>("LinearLR", given, {
      startFactor: "number",
      endFactor: "number",
      totalIters: "number",
      ...schedulerKinds,
    });
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    if (!(startFactor >= 0 && startFactor <= 1)) {
      throw new ValueError(
        `Starting multiplicative factor expected to be between 0 and 1., got ${startFactor}`,
      );
    }
    if (!(endFactor >= 0 && endFactor <= 1)) {
      throw new ValueError(`Ending multiplicative factor expected to be between 0 and 1., got ${endFactor}`);
    }
    super(optimizer, { startFactor, endFactor, totalIters }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { startFactor, endFactor, totalIters } = this.settings;
    if (this.lastEpoch === 0) return this.current.map((lr) => lr * startFactor);
    if (this.lastEpoch > totalIters) return this.current;
    const way = endFactor - startFactor;
    return this.current.map((lr) => lr * (1 + way / (totalIters * startFactor + (this.lastEpoch - 1) * way)));
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    const { startFactor, endFactor, totalIters } = this.settings;
    return this.baseLrs.map((lr) =>
      lr * (startFactor + (endFactor - startFactor) * Math.min(totalIters, this.lastEpoch) / totalIters)
    );
  }
}

/** Options of PolynomialLR. */
export interface PolynomialLROptions extends SchedulerOptions {
  /** Steps until the learning rate is 0; 5 by default. */
  readonly totalIters?: number;
  /** The exponent; 1 by default. */
  readonly power?: number;
}

/** The learning rate times (1 - step / totalIters)^power. `torch.optim.lr_scheduler.PolynomialLR`. */
export class PolynomialLR extends LRScheduler<{ totalIters: number; power: number }> {
  /** Takes the optimizer; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<[], [totalIters: number, power: number], unknown, PolynomialLROptions>
  ) {
    const [optimizer, options] = scheduled<PolynomialLROptions>("PolynomialLR", given, {
      totalIters: "number",
      power: "number",
      ...schedulerKinds,
    });
    super(optimizer, { totalIters: options.totalIters ?? 5, power: options.power ?? 1 }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { totalIters, power } = this.settings;
    if (this.lastEpoch === 0 || this.lastEpoch > totalIters) return this.current;
    const factor = ((1 - this.lastEpoch / totalIters) / (1 - (this.lastEpoch - 1) / totalIters)) ** power;
    return this.current.map((lr) => lr * factor);
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    const { totalIters, power } = this.settings;
    return this.baseLrs.map((lr) => lr * (1 - Math.min(totalIters, this.lastEpoch) / totalIters) ** power);
  }
}

/** From the number of a step to a factor. */
export type RateFunction = (epoch: number) => number;

function functionsFor(
  op: string,
  optimizer: Scheduled,
  given: RateFunction | readonly RateFunction[],
): RateFunction[] {
  checkOptimizer(op, optimizer);
  if (typeof given !== "function") checkKind(op, "lrLambda", given ?? null, "iterable");
  const groups = optimizer.paramGroups.length;
  if (typeof given === "function") return new Array<RateFunction>(groups).fill(given);
  if (given.length !== groups) {
    throw new ValueError(`Expected ${groups} lr_lambdas, but got ${given.length}, in ${op}`);
  }
  return [...given];
}

/**
 * The first learning rate times a function of the step. `torch.optim.lr_scheduler.LambdaLR`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const optimizer = new optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 0.1 });
 * const scheduler = new optim.lrScheduler.LambdaLR(optimizer, (epoch) => 1 / (1 + epoch));
 * const rates = Array.from({ length: 3 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0].toFixed(4);
 * });
 * console.log(rates.join(" ")); // 0.0500 0.0333 0.0250
 * ```
 */
export class LambdaLR extends LRScheduler<{ lrLambdas: RateFunction[] }> {
  /** Takes the optimizer and a function, or one for each group. */
  constructor(
    ...given: SchedulerArguments<
      [lrLambda: RateFunction | readonly RateFunction[]],
      [],
      { readonly lrLambda: RateFunction | readonly RateFunction[] },
      SchedulerOptions
    >
  ) {
    type Own = SchedulerOptions & { readonly lrLambda: RateFunction | readonly RateFunction[] };
    const op = new.target.name;
    const [optimizer, options] = scheduled<Own>(op, given, { lrLambda: "any", ...schedulerKinds });
    const lrLambdas = functionsFor(op, optimizer, needed(op, options, "lrLambda"));
    super(optimizer, { lrLambdas }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.settings.lrLambdas[i](this.lastEpoch));
  }

  /** Position in PyTorch's form; functions are not part of it. */
  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), lr_lambdas: this.settings.lrLambdas.map(() => null) };
  }

  /** Takes over what `stateDict` gave. */
  override loadStateDict(state: Readonly<SchedulerStateDict>): void {
    const { lr_lambdas: _, ...rest } = state;
    super.loadStateDict(rest);
  }
}

/** The last learning rate times a function of the step. `torch.optim.lr_scheduler.MultiplicativeLR`. */
export class MultiplicativeLR extends LambdaLR {
  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    if (this.lastEpoch === 0) return this.current;
    return this.current.map((lr, i) => lr * this.settings.lrLambdas[i](this.lastEpoch));
  }
}
