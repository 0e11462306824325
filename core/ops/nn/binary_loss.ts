/**
 * Binary cross entropy: of probabilities, and of logits.
 *
 * @module
 */
import { probabilityPrim } from "../../prim/elementwise.ts";
import { abs, add, div, exp, log, log1p, maximum, minimum, mul, neg, sub } from "../elementwise.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { sameShape, torchSize } from "../../shape.ts";
import { isFloat, scalarName } from "../../dtype.ts";
import { checkCall, type Kinds } from "../options.ts";
import { inSingle } from "../cast.ts";
import { isNamed } from "../arguments.ts";
import { checkHeld } from "../indexing/indexing.ts";
import { lt, where } from "../logical.ts";
import { floats } from "./activation.ts";
import { expand } from "../view.ts";
import { clamp } from "../pointwise.ts";
import { apply, named } from "../../apply.ts";
import {
  type Aimed,
  aimed,
  lossKinds,
  type LossOptions,
  reduced,
  refuseGradient,
  writtenAs,
} from "./loss.ts";

/** Options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** A factor for each element; broadcasts to the input. */
  readonly weight?: Tensor | null;
}

/** What those options hold. */
export const binaryCrossEntropyKinds: Kinds<BinaryCrossEntropyOptions> = { weight: "tensor?", ...lossKinds };

/**
 * -(target ln(input) + (1 - target) ln(1 - input)) of probabilities, logarithms not below -100. Shapes and dtypes are equal.
 * `torch.nn.functional.binary_cross_entropy`.
 */
export function binaryCrossEntropy(
  input: Tensor,
  target: Aimed<BinaryCrossEntropyOptions>,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  if (isNamed(target)) return binaryCrossEntropy(input, ...aimed("binary_cross_entropy", target, options));
  checkCall("binary_cross_entropy", [input, target], options, binaryCrossEntropyKinds);
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(
      `Using a target size (${torchSize(target.shape)}) that is different to the input size (${
        torchSize(input.shape)
      }) is deprecated. Please ensure they have the same size., in binary_cross_entropy`,
    );
  }
  if (!isFloat(input.dtype) || target.dtype !== input.dtype) {
    throw new DTypeError(
      `Found dtype ${scalarName(target.dtype)} but expected ${
        scalarName(input.dtype)
      }, in binary_cross_entropy: input and target are floats of one dtype; cast with .to()`,
    );
  }
  checkHeld(input, (x) => !(x >= 0 && x <= 1), (x) =>
    new ValueError(
      `all elements of input should be between 0 and 1, in binary_cross_entropy: got ${x}; for logits there is binaryCrossEntropyWithLogits`,
    ));
  const { weight } = options;
  refuseGradient("binary_cross_entropy", "weight", weight);
  const floor = (x: Tensor) => clamp(x, -100);
  // -(t - 1) and not 1 - t: the sign of a zero gradient is PyTorch's.
  const lost = (p: Tensor) => sub(mul(sub(target, 1), floor(log1p(neg(p)))), mul(target, floor(log(p))));
  const given = apply(probabilityPrim, [input], undefined);
  const loss = given.track === 0 ? lost(given) : bounded(given, target, lost);
  const weighted = weight ? mul(loss, expand(weight, loss.shape)) : loss;
  return named("BinaryCrossEntropy", reduced("binary_cross_entropy", weighted, options.reduction));
}

/** `lost` of the input, whose slope (x - t) / (x (1 - x)) is divided by no less than 1e-12: near 0 and 1 it is a straight line. */
function bounded(input: Tensor, target: Tensor, lost: (p: Tensor) => Tensor): Tensor {
  const x = input.detach(), least = Math.fround(1e-12), edge = lt(mul(x, sub(1, x)), least);
  const line = mul(sub(input, x), div(sub(target.detach(), x), least));
  return sub(lost(where(edge, x, input)), where(edge, line, 0));
}

/** Options of `binaryCrossEntropyWithLogits`. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor for the positive part of each class; broadcasts to the input. */
  readonly posWeight?: Tensor | null;
}

/** What those options hold. */
export const binaryCrossEntropyWithLogitsKinds: Kinds<BinaryCrossEntropyWithLogitsOptions> = {
  weight: "tensor?",
  posWeight: "tensor?",
  ...lossKinds,
};

/**
 * `binaryCrossEntropy` of sigmoid(input), without the loss of digits: (1 - t) max(x, 0) - p t min(x, 0) + (1 + (p - 1) t) ln(1 + e^-|x|).
 * `torch.nn.functional.binary_cross_entropy_with_logits`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(nn.functional.binaryCrossEntropyWithLogits(tensor([0, 2]), tensor([1, 1])).item().toFixed(4)); // 0.4100
 * ```
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Aimed<BinaryCrossEntropyWithLogitsOptions>,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  if (isNamed(target)) {
    return binaryCrossEntropyWithLogits(
      input,
      ...aimed("binary_cross_entropy_with_logits", target, options),
    );
  }
  checkCall("binary_cross_entropy_with_logits", [input, target], options, binaryCrossEntropyWithLogitsKinds);
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(
      `Target size (${torchSize(target.shape)}) must be the same as input size (${
        torchSize(input.shape)
      }), in binary_cross_entropy_with_logits`,
    );
  }
  const op = "binary_cross_entropy_with_logits", { weight, posWeight } = options;
  refuseGradient(op, "weight", weight);
  refuseGradient(op, "pos_weight", posWeight);
  const curved = inSingle(floats(op, input), (x) => log1p(exp(neg(abs(x)))));
  const share = posWeight ? mul(curved, add(mul(sub(posWeight, 1), target), 1)) : curved;
  const right = posWeight ? mul(posWeight, target) : target;
  const straight = sub(mul(sub(1, target), maximum(input, 0)), mul(right, minimum(input, 0)));
  const loss = add(straight, share);
  const written = writtenAs(op, weight ? mul(loss, weight) : loss, target.dtype);
  return named("BinaryCrossEntropyWithLogits", reduced(op, written, options.reduction));
}
