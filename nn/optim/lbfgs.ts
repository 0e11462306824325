/**
 * L-BFGS.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { evaluate } from "../../core/evaluate.ts";
import { followed, noGrad } from "../../core/grad_mode.ts";
import { tensor, zerosLike } from "../../core/ops/create.ts";
import { narrow, reshape } from "../../core/ops/view.ts";
import { cat } from "../../core/ops/join.ts";
import { sizeOf } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { takePending } from "../../core/transform/backward.ts";
import type { Parameter } from "../module/parameter.ts";
import { type LinePoint, strongWolfe } from "./line_search.ts";
import {
  checkRange,
  Optimizer,
  type OptimizerArguments,
  optimizerArguments,
  type Update,
} from "./optimizer.ts";
import type { OptimizerStateDict, ParameterState } from "./state.ts";

/** Settings of LBFGS. */
export interface LBFGSSettings {
  /** Learning rate; 1 by default. */
  lr: number;
  /** Iterations of each step; 20 by default. */
  maxIter: number;
  /** Evaluations of each step; maxIter * 1.25 by default. */
  maxEval: number;
  /** A largest gradient at which to stop; 1e-7 by default. */
  toleranceGrad: number;
  /** A change of loss or parameters at which to stop; 1e-9 by default. */
  toleranceChange: number;
  /** How many steps are remembered; 100 by default. */
  historySize: number;
  /** "strong_wolfe", or null for steps of size lr. */
  lineSearchFn: "strong_wolfe" | null;
}

const defaults: LBFGSSettings = {
  lr: 1,
  maxIter: 20,
  maxEval: 25,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null,
};

/** What is known of the loss from earlier iterations. */
interface Memory {
  funcEvals: number;
  nIter: number;
  direction: Tensor | null;
  t: number;
  /** Changes of the gradient, of the parameters, and 1 over their dot products. */
  history: { readonly y: Tensor; readonly s: Tensor; readonly ro: number }[];
  scale: number;
  lastGrad: Tensor | null;
  lastLoss: number;
}

function needsClosure(): ValueError {
  return new ValueError(
    "LBFGS.step() missing 1 required argument: 'closure': it evaluates the loss several times; pass a function that clears the gradients, " +
      "computes the loss, calls backward() and returns the loss",
  );
}

/** Computes a vector now: each number that is read of it later would compute what it is made of again. */
function held(x: Tensor): Tensor {
  evaluate([x]);
  return x;
}

const dot = (a: Tensor, b: Tensor): number => a.mul(b).sum().item();
const largest = (x: Tensor): number => x.abs().max().item();

/**
 * Approximates curvature from the last gradients. A step calls its closure several times. One group of parameters, all of one dtype.
 * `torch.optim.LBFGS`.
 *
 * @example
 * ```ts
 * import { nn, optim, tensor } from "@tenon/tenon";
 * const x = new nn.Parameter(tensor([-1.2, 1]));
 * const optimizer = new optim.LBFGS([x], { lineSearchFn: "strong_wolfe", maxIter: 50 });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const [a, b] = x;
 *   const loss = a.sub(1).pow(2).add(b.sub(a.pow(2)).pow(2).mul(100));
 *   loss.backward();
 *   return loss;
 * });
 * console.log(x.sub(1).abs().max().item() < 1e-3); // true
 * ```
 */
export class LBFGS extends Optimizer<LBFGSSettings> {
  /** PyTorch has 1 and not 1.0. */
  protected override readonly wholeRate = true;
  private memory: Memory = {
    funcEvals: 0,
    nIter: 0,
    direction: null,
    t: 1,
    history: [],
    scale: 1,
    lastGrad: null,
    lastLoss: 0,
  };

  /** Takes parameters, and settings by position or by name. */
  constructor(
    ...given: OptimizerArguments<
      LBFGSSettings,
      ["lr", "maxIter", "maxEval", "toleranceGrad", "toleranceChange", "historySize", "lineSearchFn"]
    >
  ) {
    const [params, usual, settings] = optimizerArguments<LBFGSSettings>(new.target.name, given, defaults, [
      "lr",
      "maxIter",
      "maxEval",
      "toleranceGrad",
      "toleranceChange",
      "historySize",
      "lineSearchFn",
    ]);
    const maxEval = Math.floor((settings.maxIter ?? usual.maxIter) * 5 / 4);
    super(params, { ...usual, maxEval }, settings);
    if (this.paramGroups.length !== 1) {
      throw new ValueError("LBFGS doesn't support per-parameter options (parameter groups)");
    }
  }

  /** Refuses settings that make no sense. */
  protected override check({ lr, lineSearchFn }: LBFGSSettings): void {
    checkRange("learning rate", lr, 0);
    if (lineSearchFn !== null && lineSearchFn !== "strong_wolfe") {
      throw new ValueError(`only 'strong_wolfe' is supported, in LBFGS: got ${lineSearchFn}`);
    }
  }

  /** There is no update of one parameter from one gradient. */
  protected override update(): Update {
    throw needsClosure();
  }

  /** The parameters of the one group. */
  private get params(): Parameter[] {
    return this.paramGroups[0].params;
  }

  /** The gradients of all parameters as one vector. */
  private gradient(): Tensor {
    return held(cat(this.params.map((p) => reshape((p.gradCell?.value ?? zerosLike(p)).detach(), [-1])), 0));
  }

  /** The parameters as they are. */
  private point(): Tensor[] {
    return this.params.map((p) => p.data);
  }

  /** Puts the parameters `t` along the direction from a point. */
  private move(from: readonly Tensor[], t: number, direction: Tensor): void {
    let start = 0;
    this.params.forEach((p, i) => {
      const size = sizeOf(p.shape);
      p.data = held(
        from[i].add(reshape(narrow(direction, 0, start, size), p.shape).mul(this.scalar(t, p))).detach(),
      );
      start += size;
    });
  }

  /** The direction of the next step: the approximate inverse Hessian times the gradient. */
  private nextDirection(grad: Tensor, historySize: number): Tensor {
    const m = this.memory;
    if (m.nIter === 1 || m.direction === null || m.lastGrad === null) {
      m.history = [];
      m.scale = 1;
      return held(grad.neg());
    }
    const y = held(grad.sub(m.lastGrad)), s = held(m.direction.mul(this.scalar(m.t, grad)));
    const ys = dot(y, s);
    if (ys > 1e-10) {
      if (m.history.length === historySize) m.history.shift();
      m.history.push({ y, s, ro: 1 / ys });
      m.scale = ys / dot(y, y);
    }
    const al = new Array<number>(m.history.length);
    let q = held(grad.neg());
    for (let i = m.history.length - 1; i >= 0; i--) {
      const { y, s, ro } = m.history[i];
      al[i] = dot(s, q) * ro;
      q = held(q.sub(y.mul(this.scalar(al[i], q))));
    }
    let r = held(q.mul(this.scalar(m.scale, q)));
    m.history.forEach(({ y, s, ro }, i) => r = held(r.add(s.mul(this.scalar(al[i] - dot(y, r) * ro, r)))));
    return r;
  }

  /** Takes up to `maxIter` iterations. Returns the first loss. */
  override step(): never;
  /** Calls the closure several times. */
  override step(closure: () => Tensor): Tensor;
  override step(closure?: () => Tensor): Tensor {
    if (closure === undefined) throw needsClosure();
    this.stepCount++;
    const first = followed("step", closure);
    const lossThere = () => Number(followed("step", closure).item());
    noGrad(() => this.iterate(Number(first.item()), lossThere));
    evaluate(takePending());
    return first;
  }

  /** The iterations of one step. */
  private iterate(firstLoss: number, lossThere: () => number): void {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn } =
      this.paramGroups[0];
    const m = this.memory;
    let loss = firstLoss, evaluations = 1, grad = this.gradient();
    m.funcEvals++;
    if (largest(grad) <= toleranceGrad) return;
    for (let n = 1; n <= maxIter; n++) {
      m.nIter++;
      const direction = this.nextDirection(grad, historySize);
      m.direction = direction;
      m.lastGrad = grad;
      m.lastLoss = loss;
      m.t = m.nIter === 1 ? Math.min(1, 1 / grad.abs().sum().item()) * lr : lr;
      const slope = dot(grad, direction);
      if (slope > -toleranceChange) break;
      let more = 0;
      if (lineSearchFn !== null) {
        const from = this.point();
        const at = (t: number): LinePoint<Tensor> => {
          this.move(from, t, direction);
          const there = lossThere(), g = this.gradient();
          return { t, loss: there, slope: dot(g, direction), grad: g };
        };
        const found = strongWolfe(at, { t: 0, loss, slope, grad }, m.t, largest(direction), toleranceChange);
        ({ loss, grad, t: m.t } = found.point);
        more = found.evaluations;
        this.move(from, m.t, direction);
      } else {
        this.move(this.point(), m.t, direction);
        if (n !== maxIter) {
          loss = lossThere();
          grad = this.gradient();
          more = 1;
        }
      }
      evaluations += more;
      m.funcEvals += more;
      const done = n === maxIter || evaluations >= maxEval || largest(grad) <= toleranceGrad ||
        largest(direction) * Math.abs(m.t) <= toleranceChange ||
        Math.abs(loss - m.lastLoss) < toleranceChange;
      if (done) break;
    }
  }

  /** Memory and settings in PyTorch's form. */
  override stateDict(): OptimizerStateDict {
    const { param_groups } = super.stateDict(), m = this.memory;
    if (m.direction === null) return { state: {}, param_groups };
    const like = m.direction;
    const state: ParameterState = {
      func_evals: m.funcEvals,
      n_iter: m.nIter,
      d: like,
      t: m.t,
      old_dirs: m.history.map(({ y }) => y),
      old_stps: m.history.map(({ s }) => s),
      ro: m.history.map(({ ro }) => tensor(ro, { dtype: like.dtype, device: like.device })),
      H_diag: m.scale,
      prev_flat_grad: m.lastGrad,
      prev_loss: m.lastLoss,
    };
    return { state: { 0: state }, param_groups };
  }

  /** Takes over what `stateDict` gave, here or in PyTorch. */
  override loadStateDict(dict: OptimizerStateDict): void {
    super.loadStateDict({ state: {}, param_groups: dict.param_groups });
    const given = dict.state[0];
    if (given === undefined) return;
    const number = (key: string): number => {
      const value = given[key];
      return typeof value === "number" ? value : value instanceof Tensor ? Number(value.item()) : 0;
    };
    const one = (key: string): Tensor | null => {
      const value = given[key];
      return value instanceof Tensor ? value.detach() : null;
    };
    const list = (key: string): Tensor[] => {
      const value = given[key];
      return Array.isArray(value) ? value.map((x: Tensor) => x.detach()) : [];
    };
    const steps = list("old_stps"), ro = list("ro");
    this.memory = {
      funcEvals: number("func_evals"),
      nIter: number("n_iter"),
      direction: one("d"),
      t: number("t"),
      history: list("old_dirs").map((y, i) => ({ y, s: steps[i], ro: Number(ro[i].item()) })),
      scale: number("H_diag"),
      lastGrad: one("prev_flat_grad"),
      lastLoss: number("prev_loss"),
    };
  }
}
