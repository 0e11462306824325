/**
 * Losses of class scores against classes: cross entropy and negative log likelihood. Targets are class numbers or, for cross entropy, probabilities.
 *
 * @module
 */
import { inOrder, isNamed, settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { isFloat, scalarName } from "../../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../../errors.ts";
import { sameShape, type Shape, sizeOf, torchSize } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, requireFloat } from "../cast.ts";
import { add, div, mul, neg } from "../elementwise.ts";
import { eq, logicalNot, where } from "../logical.ts";
import { classHint, toIndex, within } from "../indexing/indexing.ts";
import {
  type Aimed,
  checkReduction,
  lossKinds,
  type LossOptions,
  type Reduction,
  refuseGradient,
} from "./loss.ts";
import { sum } from "../reduce.ts";
import { gatherExact } from "../routine.ts";
import { logSoftmax } from "./softmax.ts";
import { reshape } from "../view.ts";

/** Options of `nllLoss`. */
export interface NllLossOptions extends LossOptions {
  /** A factor for each class. */
  readonly weight?: Tensor | null;
  /** The target that takes no part; -100 by default. */
  readonly ignoreIndex?: number;
}

/** What those options hold. */
export const nllLossKinds: Kinds<NllLossOptions> = { weight: "tensor?", ignoreIndex: "number", ...lossKinds };

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** The share of the loss that is against all classes alike; 0 by default. */
  readonly labelSmoothing?: number;
}

/** What those options hold. */
export const crossEntropyKinds: Kinds<CrossEntropyOptions> = {
  weight: "tensor?",
  ignoreIndex: "number",
  labelSmoothing: "number",
  ...lossKinds,
};

/** The dimension of the classes: the first of a vector, else the second. */
function classDim(input: Tensor): number {
  return input.shape.length === 1 ? 0 : 1;
}

function checkWeight(input: Tensor, weight: Tensor | null | undefined): void {
  const classes = input.shape[classDim(input)];
  if (weight && (weight.shape.length !== 1 || weight.shape[0] !== classes)) {
    throw new ShapeError(
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: [${
        weight.shape.join(", ")
      }]`,
    );
  }
}

/** The classes as int64 with 0 for those to ignore, and where these are. */
interface Classes {
  readonly index: Tensor;
  readonly ignored: Tensor;
}

function classesOf(op: string, input: Tensor, target: Tensor, ignoreIndex: number): Classes {
  const rank = input.shape.length, given = target.shape;
  if (rank === 0) throw new ShapeError(`Expected 1 or more dimensions (got 0), in ${op}`);
  const wanted: Shape = rank === 1 ? [] : [input.shape[0], ...input.shape.slice(2)];
  if (!sameShape(given, wanted)) {
    const sizes = `of input ${torchSize(input.shape)} and target ${torchSize(given)}`;
    if (rank > 1 && given.length > 0 && given[0] !== wanted[0]) {
      throw new ShapeError(
        `Expected input batch_size (${wanted[0]}) to match target batch_size (${
          given[0]
        })., in ${op} ${sizes}`,
      );
    }
    throw new ShapeError(
      rank <= 2 && given.length > 1
        ? `0D or 1D target tensor expected, multi-target not supported, in ${op} ${sizes}`
        : rank === 1
        ? `size mismatch (got input: [${input.shape.join(", ")}], target: [${given.join(", ")}]), in ${op}`
        : `Expected target size [${wanted.join(", ")}], got [${given.join(", ")}], in ${op} ${sizes}`,
    );
  }
  const index = toIndex(
    target,
    input,
    (got) => new DTypeError(`expected scalar type Long but found ${scalarName(got)}, in ${op}; ${classHint}`),
  );
  const classes = input.shape[classDim(input)];
  const refuse = (i: number | bigint) =>
    new IndexError(`Target ${i} is out of bounds., in ${op}: there are ${classes} classes`);
  return {
    index: within(index, 0, classes, refuse, { ignore: ignoreIndex }),
    ignored: eq(index, ignoreIndex),
  };
}

/** x at each class number: the dimension of the classes disappears. */
function atClass(x: Tensor, index: Tensor): Tensor {
  const dim = classDim(x);
  const places = reshape(index, x.shape.map((s, d) => d === dim ? 1 : s));
  return reshape(gatherExact(x, dim, places), index.shape);
}

function weightsAt(weight: Tensor, index: Tensor): Tensor {
  return reshape(gatherExact(weight, 0, reshape(index, [sizeOf(index.shape)])), index.shape);
}

/** How many elements take part, in the dtype of the loss. */
function countOf(ignored: Tensor, loss: Tensor): Tensor {
  return sum(cast(logicalNot(ignored), loss.dtype));
}

/** -logProbs at the classes, times weights; the mean is over the weights. */
function nll(
  logProbs: Tensor,
  { index, ignored }: Classes,
  weight: Tensor | null | undefined,
  reduction: Reduction,
): Tensor {
  refuseGradient(logProbs.shape.length > 2 ? "nll_loss2d_forward" : "nll_loss_forward", "weight", weight);
  const chosen = neg(atClass(logProbs, index));
  const factor = weight ? where(ignored, 0, weightsAt(weight, index)) : null;
  const loss = where(ignored, 0, factor === null ? chosen : mul(chosen, factor));
  if (reduction === "none") return loss;
  if (reduction === "sum") return sum(loss);
  return div(sum(loss), factor === null ? countOf(ignored, loss) : sum(factor));
}

/** 1 - ls of the likelihood loss, and ls of the mean of all classes' losses. */
function smoothed(logProbs: Tensor, classes: Classes, options: CrossEntropyOptions, amount: number): Tensor {
  const { weight, reduction = "mean" } = options;
  const dim = classDim(logProbs), count = logProbs.shape[dim];
  const aligned = weight ? reshape(weight, logProbs.shape.map((_, d) => d === dim ? count : 1)) : null;
  const all = neg(sum(aligned === null ? logProbs : mul(logProbs, aligned), dim));
  const { index, ignored } = classes, kept = where(ignored, 0, all);
  let uniform = kept;
  if (reduction === "sum") uniform = sum(kept);
  if (reduction === "mean") {
    const norm = weight ? sum(where(ignored, 0, weightsAt(weight, index))) : countOf(ignored, all);
    uniform = div(sum(kept), norm);
  }
  return add(mul(nll(logProbs, classes, weight, reduction), 1 - amount), mul(uniform, amount / count));
}

/** Cross entropy against probabilities of the input's shape. */
function againstProbabilities(
  logProbs: Tensor,
  target: Tensor,
  options: CrossEntropyOptions,
  smoothing: number,
): Tensor {
  const { weight, reduction = "mean" } = options;
  const dim = classDim(logProbs), count = logProbs.shape[dim];
  const goal = smoothing === 0 ? target : add(mul(target, 1 - smoothing), smoothing / count);
  const aligned = weight ? reshape(weight, logProbs.shape.map((_, d) => d === dim ? count : 1)) : null;
  const terms = mul(logProbs, goal);
  const loss = neg(sum(aligned === null ? terms : mul(terms, aligned), dim));
  if (reduction === "none") return loss;
  if (reduction === "sum") return sum(loss);
  return named("DivBackward1", div(sum(loss), sizeOf(logProbs.shape) / count));
}

/**
 * -weight x[target], of log probabilities x [N, C, ...] (or [C]) and class numbers [N, ...] (or a number); the mean is over the weights.
 * `torch.nn.functional.nll_loss`.
 *
 * @throws {ShapeError} when the target does not fit the input
 * @throws {DTypeError} when the target is not of int64
 * @throws {IndexError} when a class number is out of range
 * @example
 * ```ts
 * import { logSoftmax, nn, tensor } from "@tenon/tenon";
 * const logits = tensor([[1, 2], [3, 1]]), target = tensor([1n, 0n]);
 * console.log(nn.functional.nllLoss(logSoftmax(logits, 1), target).item().toFixed(4)); // 0.2201
 * ```
 */
export function nllLoss(
  input: Tensor,
  target: Aimed<NllLossOptions>,
  ...settings: Trailing<[weight: Tensor | null], NllLossOptions>
): Tensor {
  if (isNamed(target)) {
    return nllLoss(
      input,
      ...inOrder<[Tensor, NllLossOptions]>("nll_loss", ["target"], 1, [target, ...settings], true),
    );
  }
  const options = settingsOf<NllLossOptions>("nll_loss", settings, nllLossKinds, 1);
  checkCall("nll_loss", [input, target]);
  const { weight, ignoreIndex = -100, reduction = "mean" } = options;
  checkReduction("nll_loss", reduction);
  requireFloat("nll_loss", input);
  const classes = classesOf("nll_loss", input, target, ignoreIndex);
  checkWeight(input, weight);
  return named(input.shape.length > 2 ? "NllLoss2D" : "NllLoss", nll(input, classes, weight, reduction));
}

/**
 * The cross entropy of scores x [N, C, ...] (or [C]) against class numbers [N, ...] (or a number), or against probabilities of x's shape.
 * `torch.nn.functional.cross_entropy`.
 *
 * @throws {ShapeError} when the target does not fit the input
 * @throws {DTypeError} when the target is neither class numbers nor probabilities
 * @throws {IndexError} when a class number is out of range
 * @example
 * ```ts
 * import { crossEntropy, tensor, zeros } from "@tenon/tenon";
 * console.log(crossEntropy(zeros([2, 4]), tensor([0n, 3n])).item().toFixed(4)); // 1.3863
 * ```
 */
export function crossEntropy(
  input: Tensor,
  target: Aimed<CrossEntropyOptions>,
  ...settings: Trailing<[weight: Tensor | null], CrossEntropyOptions>
): Tensor {
  if (isNamed(target)) {
    return crossEntropy(
      input,
      ...inOrder<[Tensor, CrossEntropyOptions]>("cross_entropy", ["target"], 1, [target, ...settings], true),
    );
  }
  const options = settingsOf<CrossEntropyOptions>("cross_entropy", settings, crossEntropyKinds, 1);
  checkCall("cross_entropy", [input, target]);
  const { weight, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 } = options;
  checkReduction("cross_entropy", reduction);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ValueError(`label_smoothing must be between 0.0 and 1.0. Got: ${labelSmoothing}`);
  }
  requireFloat("cross_entropy", input);
  if (input.shape.length === 0) {
    throw new ShapeError("Expected 1 or more dimensions (got 0), in cross_entropy");
  }
  checkWeight(input, weight);
  const probabilities = isFloat(target.dtype) && sameShape(input.shape, target.shape);
  const classes = probabilities ? null : classesOf("cross_entropy", input, target, ignoreIndex);
  const logProbs = logSoftmax(input, classDim(input));
  if (classes === null) return againstProbabilities(logProbs, target, options, labelSmoothing);
  if (labelSmoothing > 0) return named("Add", smoothed(logProbs, classes, options, labelSmoothing));
  const name = input.shape.length > 2 ? "NllLoss2D" : "NllLoss";
  return named(name, nll(logProbs, classes, weight, reduction));
}
