/**
 * Losses with a margin: of pairs, triplets, rankings, and of class scores that should lie apart.
 *
 * @module
 */
import { type Given, inOrder, isNamed } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { scalarName } from "../../dtype.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../../errors.ts";
import { broadcastShapes, sameShape, type Shape, sizeOf, torchSize } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { asFloat, requireFloat } from "../cast.ts";
import { fullLike } from "../create.ts";
import { iota } from "../ranges.ts";
import { add, div, exp, log1p, minimum, mul, neg, sqrt, sub } from "../elementwise.ts";
import { eq, logicalAnd, logicalNot, lt, where } from "../logical.ts";
import { logsigmoid } from "./activation.ts";
import { classHint, toIndex, within } from "../indexing/indexing.ts";
import {
  type Aimed,
  aimed,
  lossKinds,
  type LossOptions,
  reduced,
  refuseGradient,
  writtenAs,
} from "./loss.ts";
import { pairwiseDistance } from "./similarity.ts";
import { clamp } from "../pointwise.ts";
import { sum } from "../reduce.ts";
import { cumsum } from "../scan.ts";
import { gatherExact, scatterExact } from "../routine.ts";
import { expand, reshape, unsqueeze } from "../view.ts";

const positive = (x: Tensor) => named("ClampMin", clamp(x, 0));

/** The option of a margin. */
export interface MarginLossOptions extends LossOptions {
  /** How far apart things should be. */
  readonly margin?: number;
}

/** What those options hold. */
export const marginLossKinds: Kinds<MarginLossOptions> = { margin: "number", ...lossKinds };

/** max(0, -target (a - b) + margin); the target is 1 where a should be the larger one, else -1. margin 0 by default. `torch.nn.functional.margin_ranking_loss`. */
export function marginRankingLoss(
  a: Tensor,
  ...given: Given<[input2: Tensor, target: Tensor], [], { input2: Tensor; target: Tensor }, MarginLossOptions>
): Tensor {
  const names = ["input2", "target"];
  const [b, target, options = {}] = inOrder<[Tensor, Tensor, MarginLossOptions?]>(
    "margin_ranking_loss",
    names,
    2,
    given,
    true,
  );
  checkCall("margin_ranking_loss", [a, b, target], options, marginLossKinds);
  const { margin = 0, reduction } = options;
  if (a.shape.length !== b.shape.length || a.shape.length !== target.shape.length) {
    throw new ShapeError(
      `margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ${
        torchSize(a.shape)
      }, input2: ${torchSize(b.shape)}, target: ${torchSize(target.shape)} `,
    );
  }
  const apart = asFloat(mul(neg(target), sub(a, b)));
  return reduced("margin_ranking_loss", positive(add(apart, margin)), reduction);
}

/** x where the target is 1, max(0, margin - x) where it is -1. margin 1 by default. `torch.nn.functional.hinge_embedding_loss`. */
export function hingeEmbeddingLoss(
  input: Tensor,
  target: Aimed<MarginLossOptions>,
  options: MarginLossOptions = {},
): Tensor {
  if (isNamed(target)) return hingeEmbeddingLoss(input, ...aimed("hinge_embedding_loss", target, options));
  checkCall("hinge_embedding_loss", [input, target], options, marginLossKinds);
  const { margin = 1, reduction } = options;
  const apart = where(eq(target, 1), 0, positive(sub(fullLike(input, margin), input)));
  const near = where(eq(target, -1), 0, input);
  return reduced("hinge_embedding_loss", add(apart, near), reduction);
}

/** ln(1 + e^(-target x)), targets 1 and -1. `torch.nn.functional.soft_margin_loss`. */
export function softMarginLoss(input: Tensor, target: Aimed<LossOptions>, options: LossOptions = {}): Tensor {
  if (isNamed(target)) return softMarginLoss(input, ...aimed("soft_margin_loss", target, options));
  const op = "soft_margin_loss";
  checkCall(op, [input, target], options, lossKinds);
  refuseGradient(op, "target", target);
  const shape = broadcastShapes(op, input.shape, target.shape);
  if (!sameShape(shape, input.shape)) {
    throw new ShapeError(
      `output with shape [${input.shape.join(", ")}] doesn't match the broadcast shape [${
        shape.join(", ")
      }], in ${op}`,
    );
  }
  const loss = writtenAs(op, log1p(exp(mul(neg(input), target))), input.dtype);
  return named("SoftMarginLoss", reduced(op, loss, options.reduction));
}

/** 1 - cos(a, b) where the target is 1, max(0, cos(a, b) - margin) where it is -1. margin 0 by default. `torch.nn.functional.cosine_embedding_loss`. */
export function cosineEmbeddingLoss(
  a: Tensor,
  ...given: Given<[input2: Tensor, target: Tensor], [], { input2: Tensor; target: Tensor }, MarginLossOptions>
): Tensor {
  const names = ["input2", "target"];
  const [b, target, options = {}] = inOrder<[Tensor, Tensor, MarginLossOptions?]>(
    "cosine_embedding_loss",
    names,
    2,
    given,
    true,
  );
  checkCall("cosine_embedding_loss", [a, b, target], options, marginLossKinds);
  const { margin = 0, reduction } = options;
  const rank = target.shape.length;
  if (rank > 1) {
    throw new ShapeError(
      "0D or 1D target tensor expected, multi-target not supported, in cosine_embedding_loss",
    );
  }
  if (a.shape.length !== rank + 1 || b.shape.length !== rank + 1) {
    throw new ShapeError(
      `${rank}D target tensor expects ${rank + 1}D input tensors, but found inputs with sizes [${
        a.shape.join(", ")
      }] and [${b.shape.join(", ")}]., in cosine_embedding_loss`,
    );
  }
  const epsilon = 1e-12, dot = (x: Tensor, y: Tensor) => sum(mul(x, y), rank);
  const length = sqrt(mul(add(dot(a, a), epsilon), add(dot(b, b), epsilon)));
  const cosine = div(dot(a, b), length);
  const near = where(eq(target, 1), sub(1, cosine), 0),
    apart = where(eq(target, -1), positive(sub(cosine, margin)), 0);
  return reduced("cosine_embedding_loss", add(near, apart), reduction);
}

/** Options of `tripletMarginLoss`. */
export interface TripletMarginLossOptions extends MarginLossOptions {
  /** The exponent of the distance; 2 by default. */
  readonly p?: number;
  /** Added to the differences; 1e-6 by default. */
  readonly eps?: number;
  /** Take the distance of positive and negative instead, where it is smaller. */
  readonly swap?: boolean;
}

/** What those options hold. */
export const tripletMarginLossKinds: Kinds<TripletMarginLossOptions> = {
  margin: "number",
  p: "number",
  eps: "number",
  swap: "boolean",
  ...lossKinds,
};

/** Options of `tripletMarginWithDistanceLoss`. */
export interface TripletMarginWithDistanceLossOptions extends MarginLossOptions {
  /** The distance of two batches of vectors; `pairwiseDistance` by default. */
  readonly distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
  /** Take the distance of positive and negative instead, where it is smaller. */
  readonly swap?: boolean;
}

/** What those options hold. */
export const tripletMarginWithDistanceLossKinds: Kinds<TripletMarginWithDistanceLossOptions> = {
  margin: "number",
  distanceFunction: "function?",
  swap: "boolean",
  ...lossKinds,
};

/** max(0, d(anchor, positive) - d(anchor, negative) + margin) with a distance of one's own; margin 1 by default. `torch.nn.functional.triplet_margin_with_distance_loss`. */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  ...given: Given<
    [positive: Tensor, negative: Tensor],
    [],
    { positive: Tensor; negative: Tensor },
    TripletMarginWithDistanceLossOptions
  >
): Tensor {
  const names = ["positive", "negative"];
  const [near, far, options = {}] = inOrder<[Tensor, Tensor, TripletMarginWithDistanceLossOptions?]>(
    "triplet_margin_with_distance_loss",
    names,
    2,
    given,
    true,
  );
  checkCall(
    "triplet_margin_with_distance_loss",
    [anchor, near, far],
    options,
    tripletMarginWithDistanceLossKinds,
  );
  const { margin = 1, swap = false, reduction } = options;
  const ranks = [anchor, near, far].map((t) => t.shape.length);
  if (ranks.some((r) => r !== ranks[0])) {
    throw new ShapeError(
      `All inputs should have same dimension but got ${ranks[0]}D, ${ranks[1]}D and ${
        ranks[2]
      }D inputs., in triplet_margin_loss`,
    );
  }
  const distance = options.distanceFunction ?? pairwiseDistance;
  const away = distance(anchor, far);
  const least = swap ? minimum(away, distance(near, far)) : away;
  const loss = positive(add(sub(distance(anchor, near), least), margin));
  return reduced("triplet_margin_loss", loss, reduction);
}

/** max(0, |anchor - positive| - |anchor - negative| + margin) of the last dimension's p-norms; margin 1 by default. `torch.nn.functional.triplet_margin_loss`. */
export function tripletMarginLoss(
  anchor: Tensor,
  ...given: Given<
    [positive: Tensor, negative: Tensor],
    [],
    { positive: Tensor; negative: Tensor },
    TripletMarginLossOptions
  >
): Tensor {
  const names = ["positive", "negative"];
  const [near, far, options = {}] = inOrder<[Tensor, Tensor, TripletMarginLossOptions?]>(
    "triplet_margin_loss",
    names,
    2,
    given,
    true,
  );
  checkCall("triplet_margin_loss", [anchor, near, far], options, tripletMarginLossKinds);
  const { p = 2, eps = 1e-6, ...rest } = options;
  const distanceFunction = (a: Tensor, b: Tensor) => pairwiseDistance(a, b, { p, eps });
  return tripletMarginWithDistanceLoss(anchor, near, far, { ...rest, distanceFunction });
}

/** Scores as [N, C] and targets with N in front, from [N, C], [C] or the single score of a 0-d tensor. */
function scores(op: string, input: Tensor): Tensor {
  requireFloat(op, input);
  if (input.shape.length > 2 || input.shape[input.shape.length - 1] === 0) {
    throw new ShapeError(
      `Expected non-empty vector or matrix with optional 0-dim batch size, but got: [${
        input.shape.join(", ")
      }], in ${op}`,
    );
  }
  return input.shape.length < 2 ? reshape(input, [1, sizeOf(input.shape)]) : input.value;
}

function classNumbers(op: string, target: Tensor, shape: Shape, like: Tensor): Tensor {
  const index = toIndex(
    target,
    like,
    (got) => new DTypeError(`expected scalar type Long but found ${scalarName(got)}, in ${op}; ${classHint}`),
  );
  if (!sameShape(index.shape, shape)) {
    throw new ShapeError(
      `inconsistent target size, got: [${index.shape.join(", ")}], in ${op}: expected [${shape.join(", ")}]`,
    );
  }
  return index;
}

/** Options of `multiMarginLoss`. */
export interface MultiMarginLossOptions extends MarginLossOptions {
  /** The exponent, 1 (default) or 2. */
  readonly p?: number;
  /** A factor for each class. */
  readonly weight?: Tensor | null;
}

/** What those options hold. */
export const multiMarginLossKinds: Kinds<MultiMarginLossOptions> = {
  p: "number",
  margin: "number",
  weight: "tensor?",
  ...lossKinds,
};

/** The sum over the other classes of max(0, margin - x[target] + x[i])^p, over the number of classes; margin 1 by default. `torch.nn.functional.multi_margin_loss`. */
export function multiMarginLoss(
  input: Tensor,
  target: Aimed<MultiMarginLossOptions>,
  options: MultiMarginLossOptions = {},
): Tensor {
  if (isNamed(target)) return multiMarginLoss(input, ...aimed("multi_margin_loss", target, options));
  checkCall("multi_margin_loss", [input, target], options, multiMarginLossKinds);
  const { p = 1, margin = 1, weight, reduction } = options;
  refuseGradient("multi_margin_loss", "weight", weight);
  if (p !== 1 && p !== 2) {
    throw new ValueError(`only p == 1 and p == 2 supported, in multi_margin_loss: got ${p}`);
  }
  const x = scores("multi_margin_loss", input), [n, classes] = x.shape;
  const given = reshape(
    input.shape.length === 1 && target.shape.length === 1 && target.shape[0] === 1
      ? classNumbers("multi_margin_loss", target, [1], input)
      : classNumbers("multi_margin_loss", target, input.shape.slice(0, -1), input),
    [n, 1],
  );
  const index = within(
    given,
    0,
    classes,
    (got) => new IndexError(`target out of range, in multi_margin_loss: ${got} of ${classes} classes`),
  );
  if (weight && !sameShape(weight.shape, [classes])) {
    throw new ShapeError(
      `inconsistent weight size, got: [${
        weight.shape.join(", ")
      }], in multi_margin_loss: expected [${classes}]`,
    );
  }
  const gap = positive(add(sub(x, gatherExact(x, 1, index)), margin));
  const powered = p === 1 ? gap : mul(gap, gap);
  const weighted = weight ? mul(powered, gatherExact(expand(weight, [n, classes]), 1, index)) : powered;
  const own = eq(iota(x.shape, 1, { device: x.device }), index);
  const loss = div(sum(where(own, 0, weighted), 1), classes);
  return named("MultiMarginLoss", reduced("multi_margin_loss", reshape(loss, target.shape), reduction));
}

/**
 * The sum over targets t and other classes i of max(0, 1 - (x[t] - x[i])), over the number of classes. Each row of the target lists classes up to the
 * first -1. `torch.nn.functional.multilabel_margin_loss`.
 */
export function multilabelMarginLoss(
  input: Tensor,
  target: Aimed<LossOptions>,
  options: LossOptions = {},
): Tensor {
  if (isNamed(target)) {
    return multilabelMarginLoss(input, ...aimed("multilabel_margin_loss", target, options));
  }
  checkCall("multilabel_margin_loss", [input, target], options, lossKinds);
  const op = "multilabel_margin_loss";
  const x = scores(op, input), [n, classes] = x.shape;
  const index = within(
    reshape(classNumbers(op, target, input.shape, input), [n, classes]),
    -1,
    classes,
    (got) => new IndexError(`argument #2 'target' is out of range, in ${op}: ${got} of ${classes} classes`),
  );
  const listed = eq(cumsum(lt(index, 0), 1), 0), safe = where(listed, index, 0);
  // Which classes are targets: unlisted places write their 0 to a class behind the last.
  const wide = expand(fullLike(x, 0).narrow(1, 0, 1), [n, classes + 1]);
  const marks = scatterExact(wide, 1, where(listed, index, classes), fullLike(x, 1), "set");
  const isTarget = eq(marks.narrow(1, 0, classes), 1);
  // [N, t, i]
  const gap = positive(add(sub(1, unsqueeze(gatherExact(x, 1, safe), 2)), unsqueeze(x, 1)));
  const counted = logicalAnd(unsqueeze(listed, 2), unsqueeze(logicalNot(isTarget), 1));
  const loss = div(sum(where(counted, gap, 0), [1, 2]), classes);
  return named(
    "MultilabelMarginLoss",
    reduced(op, input.shape.length < 2 ? reshape(loss, []) : loss, options.reduction),
  );
}

/** Options of `multilabelSoftMarginLoss`. */
export interface MultilabelSoftMarginLossOptions extends LossOptions {
  /** A factor for each class. */
  readonly weight?: Tensor | null;
}

/** What those options hold. */
export const multilabelSoftMarginLossKinds: Kinds<MultilabelSoftMarginLossOptions> = {
  weight: "tensor?",
  ...lossKinds,
};

/** Binary cross entropy with logits, averaged over the classes (the last dimension of the input). `torch.nn.functional.multilabel_soft_margin_loss`. */
export function multilabelSoftMarginLoss(
  input: Tensor,
  target: Aimed<MultilabelSoftMarginLossOptions>,
  options: MultilabelSoftMarginLossOptions = {},
): Tensor {
  if (isNamed(target)) {
    return multilabelSoftMarginLoss(input, ...aimed("multilabel_soft_margin_loss", target, options));
  }
  checkCall("multilabel_soft_margin_loss", [input, target], options, multilabelSoftMarginLossKinds);
  const { weight, reduction } = options;
  if (input.shape.length === 0) {
    throw new IndexError(
      "Dimension specified as -1 but tensor has no dimensions, in multilabel_soft_margin_loss",
    );
  }
  const loss = neg(add(mul(target, logsigmoid(input)), mul(sub(1, target), logsigmoid(neg(input)))));
  const weighted = weight ? mul(loss, weight) : loss;
  // PyTorch takes the class dimension and its size from the input, also where the target is larger.
  const classes = input.shape.length - 1;
  return reduced("multilabel_soft_margin_loss", div(sum(weighted, classes), input.shape[classes]), reduction);
}
