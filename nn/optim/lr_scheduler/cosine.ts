/**
 * Schedulers that follow half a cosine.
 *
 * @module
 */
import { ValueError } from "../../../core/errors.ts";
import { needed } from "../../../core/ops/arguments.ts";
import {
  LRScheduler,
  scheduled,
  type SchedulerArguments,
  schedulerKinds,
  type SchedulerOptions,
} from "./scheduler.ts";

/** Options of CosineAnnealingLR. */
export interface CosineAnnealingLROptions extends SchedulerOptions {
  /** The least learning rate; 0 by default. */
  readonly etaMin?: number;
}

/**
 * From the first learning rate to the least in `tMax` steps, and back. `torch.optim.lr_scheduler.CosineAnnealingLR`.
 *
 * @example
 * ```ts
 * import { nn, optim } from "@tenon/tenon";
 * const optimizer = new optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 0.1 });
 * const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, 4);
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0].toFixed(4);
 * });
 * console.log(rates.join(" ")); // 0.0854 0.0500 0.0146 0.0000
 * ```
 */
export class CosineAnnealingLR extends LRScheduler<{ tMax: number; etaMin: number }> {
  /** Takes the optimizer and the number of steps; the least learning rate by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [tMax: number],
      [etaMin: number],
      { readonly tMax: number },
      CosineAnnealingLROptions
    >
  ) {
    const [optimizer, options] = scheduled<CosineAnnealingLROptions & { readonly tMax: number }>(
      "CosineAnnealingLR",
      given,
      {
        tMax: "number",
        etaMin: "number",
        ...schedulerKinds,
      },
    );
    super(
      optimizer,
      { tMax: needed("CosineAnnealingLR", options, "tMax"), etaMin: options.etaMin ?? 0 },
      options,
    );
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { tMax, etaMin } = this.settings, epoch = this.lastEpoch;
    if (epoch === 0) return this.current;
    if (this.stepCount === 1 && epoch > 0) {
      return this.baseLrs.map((lr) => etaMin + (lr - etaMin) * (1 + Math.cos(epoch * Math.PI / tMax)) / 2);
    }
    if ((epoch - 1 - tMax) % (2 * tMax) === 0) {
      return this.current.map((lr, i) =>
        lr + (this.baseLrs[i] - etaMin) * (1 - Math.cos(Math.PI / tMax)) / 2
      );
    }
    const now = 1 + Math.cos(Math.PI * epoch / tMax), before = 1 + Math.cos(Math.PI * (epoch - 1) / tMax);
    return this.current.map((lr) => now / before * (lr - etaMin) + etaMin);
  }

  /** The same from the first learning rates. */
  protected override closedForm(): number[] {
    const { tMax, etaMin } = this.settings;
    return this.baseLrs.map((lr) =>
      etaMin + (lr - etaMin) * (1 + Math.cos(Math.PI * this.lastEpoch / tMax)) / 2
    );
  }
}

/** Options of CosineAnnealingWarmRestarts. */
export interface WarmRestartsOptions extends SchedulerOptions {
  /** What the length of a period is multiplied by at each restart; 1 by default. */
  readonly tMult?: number;
  /** The least learning rate; 0 by default. */
  readonly etaMin?: number;
}

/** @internal */
export interface WarmRestartsSettings {
  t0: number;
  tI: number;
  tMult: number;
  etaMin: number;
  tCur: number;
}

/** Falls along half a cosine, then starts anew. `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`. */
export class CosineAnnealingWarmRestarts extends LRScheduler<WarmRestartsSettings> {
  /** Takes the optimizer and the length of the first period; the others by position or by name. */
  constructor(
    ...given: SchedulerArguments<
      [t0: number],
      [tMult: number, etaMin: number],
      { readonly t0: number },
      WarmRestartsOptions
    >
  ) {
    const [optimizer, options] = scheduled<WarmRestartsOptions & { readonly t0: number }>(
      "CosineAnnealingWarmRestarts",
      given,
      {
        t0: "number",
        tMult: "number",
        etaMin: "number",
        ...schedulerKinds,
      },
    );
    const { tMult = 1, etaMin = 0, lastEpoch = -1 } = options;
    const t0 = needed("CosineAnnealingWarmRestarts", options, "t0");
    if (!Number.isInteger(t0) || t0 <= 0) {
      throw new ValueError(`Expected positive integer T_0, but got ${t0}`);
    }
    if (!Number.isInteger(tMult) || tMult < 1) {
      throw new ValueError(`Expected integer T_mult >= 1, but got ${tMult}`);
    }
    super(optimizer, { t0, tI: t0, tMult, etaMin, tCur: lastEpoch }, options);
  }

  /** The learning rates of step `lastEpoch`. */
  protected override rates(): number[] {
    const { etaMin, tCur, tI } = this.settings;
    return this.baseLrs.map((lr) => etaMin + (lr - etaMin) * (1 + Math.cos(Math.PI * tCur / tI)) / 2);
  }

  /** Sets the learning rates of the next step, or of a given one, which may be between two whole ones. */
  override step(epoch?: number): void {
    const s = this.settings;
    const at = epoch ?? (this.lastEpoch < 0 ? 0 : undefined);
    if (at === undefined) {
      this.lastEpoch++;
      s.tCur++;
      if (s.tCur >= s.tI) {
        s.tCur -= s.tI;
        s.tI *= s.tMult;
      }
    } else {
      if (!(at >= 0)) throw new ValueError(`Expected non-negative epoch, but got ${at}`);
      this.place(at);
      this.lastEpoch = Math.floor(at);
    }
    this.apply(this.rates(), at);
  }

  /** Finds the period that a step is in. */
  private place(at: number): void {
    const s = this.settings;
    if (at < s.t0) {
      s.tI = s.t0;
      s.tCur = at;
    } else if (s.tMult === 1) {
      s.tCur = at % s.t0;
    } else {
      const n = Math.trunc(Math.log(at / s.t0 * (s.tMult - 1) + 1) / Math.log(s.tMult));
      s.tCur = at - s.t0 * (s.tMult ** n - 1) / (s.tMult - 1);
      s.tI = s.t0 * s.tMult ** n;
    }
  }
}
