/**
 * Losses of numbers against numbers: squared, absolute, Huber, likelihoods of Poisson and normal distributions, divergence of distributions.
 * Binary cross entropy is in binary_loss.ts. Those of classes are in class_loss.ts, those with margins in margin_loss.ts.
 *
 * @module
 */
import { type Given, inOrder, isNamed, type Named } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { canCast, type DType, isFloat, scalarName } from "../../dtype.ts";
import { DTypeError, GradError, ShapeError, ValueError } from "../../errors.ts";
import { trackMask } from "../../grad_mode.ts";
import { broadcastShapes, sameShape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { cast, commonType } from "../cast.ts";
import { abs, add, div, exp, log, mul, sub } from "../elementwise.ts";
import { gt, lt, where } from "../logical.ts";
import { clamp, square, xlogy } from "../pointwise.ts";
import { mean, sum } from "../reduce.ts";
import { checkHeld } from "../indexing/indexing.ts";
import { fullLike } from "../create.ts";
import { expand, reshape } from "../view.ts";
import { warnOnce } from "../../warnings.ts";

/** How the losses of the elements become one: not at all, their mean, or their sum. */
export type Reduction = "none" | "mean" | "sum";

/** The second argument of losses, where it is given by name. */
export interface Target {
  /** What the input is compared with. */
  readonly target: Tensor;
}

/** What the input is compared with, or a record that names it among the options O. */
export type Aimed<O> = Tensor | Named<Target, O>;

/** The target and the options of a loss, both by name. */
export function aimed<O extends object>(op: string, named: Named<Target, O>, options: O): [Tensor, O] {
  const given = Object.keys(options).length === 0 ? [named] : [named, options];
  return inOrder<[Tensor, O]>(op, ["target"], 1, given, true);
}

/** The option that all losses have. */
export interface LossOptions {
  /** "mean" by default. */
  readonly reduction?: Reduction;
}

/** What those options hold. */
export const lossKinds: Kinds<LossOptions> = { reduction: "string" };

/** Refuses an unknown reduction. */
export function checkReduction(op: string, reduction: string): void {
  if (reduction !== "none" && reduction !== "mean" && reduction !== "sum") {
    throw new ValueError(
      `${reduction} is not ${
        /^(poisson|gaussian)/.test(op) ? "valid" : "a valid value for reduction"
      }, in ${op}: use "none", "mean" or "sum"`,
    );
  }
}

/** The losses of the elements, reduced; checks the name of the reduction. */
export function reduced(op: string, loss: Tensor, reduction: Reduction = "mean"): Tensor {
  checkReduction(op, reduction);
  return reduction === "none" ? loss : reduction === "sum" ? sum(loss) : mean(loss);
}

/** Refuses a gradient in `x`, an argument in which PyTorch's function has none. */
export function refuseGradient(fn: string, argument: string, x: Tensor | null | undefined): void {
  if (!x || (x.value.track & trackMask()) === 0) return;
  throw new GradError(
    `The function '${fn}' is not differentiable with respect to argument '${argument}'. This input cannot have requires_grad True.; detach() it`,
  );
}

/** Input and target at one shape. */
function paired(op: string, input: Tensor, target: Tensor): [Tensor, Tensor] {
  if (sameShape(input.shape, target.shape)) return [input.value, target.value];
  const shape = broadcastShapes(op, input.shape, target.shape);
  return [expand(input, shape), expand(target, shape)];
}

/** A loss that PyTorch writes into a tensor of the given dtype, which has to hold numbers of its kind. */
export function writtenAs(op: string, loss: Tensor, dtype: DType): Tensor {
  if (canCast(loss.dtype, dtype)) return cast(loss, dtype);
  throw new DTypeError(
    `result type ${scalarName(loss.dtype)} can't be cast to the desired output type ${
      scalarName(dtype)
    }, in ${op}; ` +
      `cast with .to("${loss.dtype}")`,
  );
}

/** The same for losses whose input and target are alike: others are rarely meant. */
function alike(op: string, input: Tensor, target: Tensor): [Tensor, Tensor] {
  if (!sameShape(input.shape, target.shape)) {
    const size = (x: Tensor) => `torch.Size([${x.shape.join(", ")}])`;
    warnOnce(
      op,
      `Using a target size (${size(target)}) that is different to the input size (${
        size(input)
      }). This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size., in ${op}`,
    );
  }
  return paired(op, input, target);
}

/** input - target in the dtype that they have in common: also of bools among floats, which no subtraction takes. */
function difference(op: string, input: Tensor, target: Tensor): Tensor {
  const [x, y] = alike(op, input, target), dtype = commonType(op, [x, y]);
  return sub(cast(x, dtype), cast(y, dtype));
}

/**
 * (input - target)^2. Shapes broadcast. `torch.nn.functional.mse_loss`.
 *
 * @throws {ShapeError} when the shapes do not broadcast; where they do and differ, a warning
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const x = tensor([1, 2]), y = tensor([0, 4]);
 * console.log(nn.functional.mseLoss(x, y).item(), nn.functional.mseLoss(x, y, { reduction: "none" }).tolist()); // 2.5 [ 1, 4 ]
 * ```
 */
export function mseLoss(input: Tensor, target: Aimed<LossOptions>, options: LossOptions = {}): Tensor {
  if (isNamed(target)) return mseLoss(input, ...aimed("mse_loss", target, options));
  checkCall("mse_loss", [input, target], options, lossKinds);
  const d = difference("mse_loss", input, target);
  return named("MseLoss", reduced("mse_loss", square(d), options.reduction));
}

/** |input - target|. Shapes broadcast. `torch.nn.functional.l1_loss`. */
export function l1Loss(input: Tensor, target: Aimed<LossOptions>, options: LossOptions = {}): Tensor {
  if (isNamed(target)) return l1Loss(input, ...aimed("l1_loss", target, options));
  checkCall("l1_loss", [input, target], options, lossKinds);
  const [x, y] = alike("l1_loss", input, target);
  return reduced("l1_loss", abs(sub(x, y)), options.reduction);
}

/** Options of `smoothL1Loss`. */
export interface SmoothL1LossOptions extends LossOptions {
  /** Up to which difference the loss is a square; 1 by default, 0 is `l1Loss`. */
  readonly beta?: number;
}

/** What those options hold. */
export const smoothL1LossKinds: Kinds<SmoothL1LossOptions> = { beta: "number", ...lossKinds };

/** d^2 / (2 beta) where d = |input - target| is below beta, else d - beta / 2. `torch.nn.functional.smooth_l1_loss`. */
export function smoothL1Loss(
  input: Tensor,
  target: Aimed<SmoothL1LossOptions>,
  options: SmoothL1LossOptions = {},
): Tensor {
  if (isNamed(target)) return smoothL1Loss(input, ...aimed("smooth_l1_loss", target, options));
  checkCall("smooth_l1_loss", [input, target], options, smoothL1LossKinds);
  const { beta = 1, reduction } = options;
  if (!(beta >= 0)) {
    throw new ValueError(`smooth_l1_loss does not support negative values for beta., but got ${beta}`);
  }
  const d = abs(difference("smooth_l1_loss", input, target));
  const near = lt(d, beta), inner = where(gt(d, beta), 0, d);
  const loss = beta === 0 ? d : where(near, div(mul(square(inner), 0.5), beta), sub(d, 0.5 * beta));
  return named("SmoothL1Loss", reduced("smooth_l1_loss", loss, reduction));
}

/** Options of `huberLoss`. */
export interface HuberLossOptions extends LossOptions {
  /** Up to which difference the loss is a square; 1 by default. */
  readonly delta?: number;
}

/** What those options hold. */
export const huberLossKinds: Kinds<HuberLossOptions> = { delta: "number", ...lossKinds };

/** d^2 / 2 where d = |input - target| is at most delta, else delta (d - delta / 2). `torch.nn.functional.huber_loss`. */
export function huberLoss(
  input: Tensor,
  target: Aimed<HuberLossOptions>,
  options: HuberLossOptions = {},
): Tensor {
  if (isNamed(target)) return huberLoss(input, ...aimed("huber_loss", target, options));
  checkCall("huber_loss", [input, target], options, huberLossKinds);
  const { delta = 1, reduction } = options;
  if (!(delta > 0)) {
    throw new ValueError(`huber_loss does not support non-positive values for delta., but got ${delta}`);
  }
  const d = abs(difference("huber_loss", input, target));
  const far = gt(d, delta), inner = mul(square(where(far, 0, d)), 0.5);
  // Of an infinite delta nothing is far, and its slope would be 0 times infinity.
  const loss = delta === Infinity ? inner : where(far, mul(sub(d, 0.5 * delta), delta), inner);
  return named("HuberLoss", reduced("huber_loss", writtenAs("huber_loss", loss, input.dtype), reduction));
}

/** Options of `klDiv`. */
export interface KlDivOptions {
  /** "mean" (of all elements) by default; "batchmean" divides the sum by the batch size, which is the divergence. */
  readonly reduction?: Reduction | "batchmean";
  /** Whether the target is given as logarithms too. */
  readonly logTarget?: boolean;
}

/** What those options hold. */
export const klDivKinds: Kinds<KlDivOptions> = { logTarget: "boolean", ...lossKinds };

/**
 * target (ln(target) - input): the divergence of a target distribution from one given as logarithms. `torch.nn.functional.kl_div`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const p = tensor([0.5, 0.5]), q = tensor([0.25, 0.75]);
 * console.log(nn.functional.klDiv(q.log(), p, { reduction: "sum" }).item().toFixed(4)); // 0.1438
 * ```
 */
export function klDiv(input: Tensor, target: Aimed<KlDivOptions>, options: KlDivOptions = {}): Tensor {
  if (isNamed(target)) return klDiv(input, ...aimed("kl_div", target, options));
  checkCall("kl_div", [input, target], options, klDivKinds);
  const { reduction = "mean", logTarget = false } = options;
  if (!isFloat(input.dtype) || !isFloat(target.dtype)) {
    throw new DTypeError(
      `kl_div: Integral inputs not supported. Got ${input.dtype} and ${target.dtype}; cast with .to("float32")`,
    );
  }
  const [x, t] = paired("kl_div", input, target);
  const loss = logTarget ? mul(exp(t), sub(t, x)) : sub(xlogy(t, t), mul(t, x));
  if (reduction !== "batchmean") return reduced("kl_div", loss, reduction);
  return div(sum(loss), input.shape[0] ?? 1);
}

/** Options of `poissonNllLoss`. */
export interface PoissonNllLossOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate; true by default. */
  readonly logInput?: boolean;
  /** Add Stirling's approximation of ln(target!). */
  readonly full?: boolean;
  /** Added to the rate inside the logarithm; 1e-8 by default. */
  readonly eps?: number;
}

/** What those options hold. */
export const poissonNllLossKinds: Kinds<PoissonNllLossOptions> = {
  logInput: "boolean",
  full: "boolean",
  eps: "number",
  ...lossKinds,
};

/** e^input - target input: the negative log likelihood of counts with a Poisson distribution. `torch.nn.functional.poisson_nll_loss`. */
export function poissonNllLoss(
  input: Tensor,
  target: Aimed<PoissonNllLossOptions>,
  options: PoissonNllLossOptions = {},
): Tensor {
  if (isNamed(target)) return poissonNllLoss(input, ...aimed("poisson_nll_loss", target, options));
  checkCall("poisson_nll_loss", [input, target], options, poissonNllLossKinds);
  const { logInput = true, full = false, eps = 1e-8, reduction } = options;
  const loss = logInput ? sub(exp(input), mul(target, input)) : sub(input, mul(target, log(add(input, eps))));
  if (!full) return reduced("poisson_nll_loss", loss, reduction);
  const many = gt(target, 1), safe = where(many, target, 1);
  const stirling = add(sub(mul(safe, log(safe)), safe), mul(log(mul(safe, 2 * Math.PI)), 0.5));
  return reduced("poisson_nll_loss", add(loss, where(many, stirling, 0)), reduction);
}

/** Options of `gaussianNllLoss`. */
export interface GaussianNllLossOptions extends LossOptions {
  /** Add ln(2 pi) / 2. */
  readonly full?: boolean;
  /** The variance is taken to be no less than this; 1e-6 by default. */
  readonly eps?: number;
}

/** What those options hold. */
export const gaussianNllLossKinds: Kinds<GaussianNllLossOptions> = {
  full: "boolean",
  eps: "number",
  ...lossKinds,
};

/**
 * (ln(variance) + (input - target)^2 / variance) / 2: the negative log likelihood under normal distributions. The variance has the input's shape, or lacks
 * the last dimension, or has it with size 1; where it is negative the loss is NaN, or an error if it is at hand. `torch.nn.functional.gaussian_nll_loss`.
 */
export function gaussianNllLoss(
  input: Tensor,
  ...given: Given<
    [target: Tensor, variance: Tensor | number],
    [],
    { target: Tensor; var: Tensor | number },
    GaussianNllLossOptions
  >
): Tensor {
  const names = ["target", "var"];
  const [target, variance, options = {}] = inOrder<[Tensor, Tensor | number, GaussianNllLossOptions?]>(
    "gaussian_nll_loss",
    names,
    2,
    given,
    true,
  );
  checkCall("gaussian_nll_loss", [input, target], options, gaussianNllLossKinds);
  const { full = false, eps = 1e-6, reduction } = options;
  let v = variance instanceof Tensor ? variance.value : fullLike(input, variance);
  const front = input.shape.slice(0, -1);
  if (sameShape(v.shape, front) && !sameShape(v.shape, input.shape)) v = reshape(v, [...v.shape, 1]);
  else if (!sameShape(v.shape, input.shape) && !sameShape(v.shape, [...front, 1])) {
    throw new ShapeError(
      `var is of incorrect size, in gaussian_nll_loss: got [${v.shape.join(", ")}] for input [${
        input.shape.join(", ")
      }]`,
    );
  }
  if (!isFloat(v.dtype)) {
    throw new DTypeError(
      `result type Float can't be cast to the desired output type ${
        scalarName(v.dtype)
      }, in gaussian_nll_loss: ` +
        'the variance is a float tensor; cast it with .to("float32")',
    );
  }
  checkHeld(v, (x) => x < 0, () => new ValueError("var has negative entry/entries, in gaussian_nll_loss"));
  // Clamped without a trace: the gradient goes to the variance even where it is raised.
  const raised = where(lt(v, 0), NaN, clamp(v, eps));
  const safe = add(raised.detach(), sub(v, v.detach()));
  const loss = mul(add(log(safe), div(square(sub(input, target)), safe)), 0.5);
  return reduced("gaussian_nll_loss", full ? add(loss, 0.5 * Math.log(2 * Math.PI)) : loss, reduction);
}
