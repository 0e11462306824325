/**
 * Connectionist temporal classification: the likelihood of a label sequence over all its alignments with the frames, by the forward recursion in
 * logarithms. The recursion is built of operations, so gradients need nothing of their own.
 *
 * @module
 */
import { type Given, inOrder } from "../arguments.ts";
import { checkCall, type Kinds, requireKind } from "../options.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { Tensor } from "../../tensor.ts";
import { cast, requireFloat } from "../cast.ts";
import { full, tensor } from "../create.ts";
import { iota } from "../ranges.ts";
import { add, div, exp, log, maximum, neg, remainder, sub } from "../elementwise.ts";
import { eq, ge, isinf, logicalAnd, lt, ne, where } from "../logical.ts";
import { classHint, toIndex, within } from "../indexing/indexing.ts";
import { checkReduction, lossKinds, type LossOptions, reduced } from "./loss.ts";
import { indefinite } from "../pointwise.ts";
import { mean, sum } from "../reduce.ts";
import { gatherExact } from "../routine.ts";
import { expand, narrow, padDim, reshape, select, unsqueeze } from "../view.ts";
import { cat } from "../join.ts";

/** Options of `ctcLoss`. */
export interface CtcLossOptions extends LossOptions {
  /** The number of the blank label; 0 by default. */
  readonly blank?: number;
  /** Losses of impossible alignments, which are infinite and have a gradient of NaN, count as zero and have no gradient. */
  readonly zeroInfinity?: boolean;
}

/** What those options hold. */
export const ctcLossKinds: Kinds<CtcLossOptions> = { blank: "number", zeroInfinity: "boolean", ...lossKinds };

/** Lengths: one for each example. */
export type Lengths = readonly number[] | Tensor;

function lengthsOf(name: string, lengths: Lengths, count: number): number[] {
  const list = lengths instanceof Tensor ? Array.from(lengths.toTypedArray(), Number) : [...lengths];
  if (list.length !== count) {
    throw new ShapeError(`${name} must be of size batch_size, in ctc_loss: got ${list.length} for ${count}`);
  }
  if (list.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ValueError(`${name} must be whole numbers from 0, in ctc_loss: got [${list.join(", ")}]`);
  }
  return list;
}

/** Targets as [N, S], from there or from one sequence after the other. */
function paddedTargets(targets: Tensor, lengths: readonly number[], longest: number): Tensor {
  if (targets.shape.length === 2) return narrow(targets, 1, 0, longest);
  let start = 0;
  const rows = lengths.map((n) => padDim(narrow(targets, 0, (start += n) - n, n), 0, 0, longest - n, 0));
  return cat(rows.map((row) => unsqueeze(row, 0)));
}

/** ln(e^a + e^b + e^c), with a gradient where all are -Infinity. */
function logSum(parts: readonly Tensor[]): Tensor {
  const top = parts.reduce((a, b) => maximum(a, b)).detach();
  const dead = eq(top, -Infinity), shift = where(dead, 0, top);
  const total = parts.map((p) => exp(sub(p, shift))).reduce((a, b) => add(a, b));
  return where(dead, -Infinity, add(log(where(dead, 1, total)), shift));
}

function checkTargets(
  targets: Tensor,
  inputLengths: readonly number[],
  targetLengths: readonly number[],
  frames: number,
): void {
  const late = inputLengths.find((n) => n > frames);
  if (late !== undefined) {
    throw new ValueError(
      `Expected input_lengths to have value at most ${frames}, but got value ${late} (while checking arguments for ctc_loss)`,
    );
  }
  const longest = Math.max(0, ...targetLengths);
  if (
    targets.shape.length === 2 && (targets.shape[1] < longest || targets.shape[0] !== targetLengths.length)
  ) {
    throw new ShapeError(
      `Expected tensor to have size at least ${longest} at dimension 1, but got size ${
        targets.shape[1]
      } for argument #2 'targets' (while checking arguments for ctc_loss): targets are [${
        targets.shape.join(", ")
      }]`,
    );
  }
  const total = targetLengths.reduce((a, b) => a + b, 0);
  if (targets.shape.length !== 2 && (targets.shape.length !== 1 || targets.shape[0] !== total)) {
    throw new ShapeError(
      `ctc_loss: targets must be [batch, longest], or a vector of all ${total} labels, but got [${
        targets.shape.join(", ")
      }]`,
    );
  }
}

/**
 * The negative log likelihood of label sequences, given log probabilities [frames, N, classes] (or [frames, classes]); targets are [N, longest] or one sequence
 * after the other. The mean is over the losses divided by the target lengths. The gradient is PyTorch's: that of log probabilities that come from
 * `logSoftmax`. `torch.nn.functional.ctc_loss`.
 */
export function ctcLoss(
  logProbs: Tensor,
  ...given: Given<
    [targets: Tensor, inputLengths: Lengths, targetLengths: Lengths],
    [],
    { targets: Tensor; inputLengths: Lengths; targetLengths: Lengths },
    CtcLossOptions
  >
): Tensor {
  const [targets, inputLengths, targetLengths, options = {}] = inOrder<
    [Tensor, Lengths, Lengths, CtcLossOptions?]
  >("ctc_loss", ["targets", "inputLengths", "targetLengths"], 3, given, true);
  checkCall("ctc_loss", [logProbs, targets], options, ctcLossKinds);
  for (
    const [name, lengths] of [["input_lengths", inputLengths], ["target_lengths", targetLengths]] as const
  ) {
    requireKind("ctc_loss", name, lengths, lengths instanceof Tensor ? "tensor" : "numbers");
  }
  const { blank = 0, zeroInfinity = false, reduction = "mean" } = options;
  checkReduction("ctc_loss", reduction);
  requireFloat("ctc_loss", logProbs);
  if (logProbs.shape.length === 2) {
    const loss = ctcLoss(unsqueeze(logProbs, 1), targets, inputLengths, targetLengths, options);
    return reduction === "none" ? reshape(loss, []) : loss;
  }
  if (logProbs.shape.length !== 3) {
    throw new ShapeError(
      `ctc_loss: log_probs must be [frames, batch, classes] or [frames, classes], but got [${
        logProbs.shape.join(", ")
      }]`,
    );
  }
  const [frames, batch, classes] = logProbs.shape, { device } = logProbs;
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes) {
    throw new ValueError(`blank must be in label range, in ctc_loss: got ${blank} of ${classes} classes`);
  }
  const labels = within(
    toIndex(
      targets,
      logProbs,
      (got) => new DTypeError(`ctc_loss: targets must be of integers, but got ${got}; ${classHint}`),
    ),
    0,
    classes,
    (got) => new ValueError(`ctc_loss: target ${got} is not in [0, ${classes})`),
  );
  const inLengths = lengthsOf("input_lengths", inputLengths, batch);
  const outLengths = lengthsOf("target_lengths", targetLengths, batch);
  checkTargets(labels, inLengths, outLengths, frames);
  const longest = Math.max(0, ...outLengths), states = 2 * longest + 1;
  const int64 = (values: readonly number[]) =>
    reshape(tensor(values, { dtype: "int64", device }), [batch, 1]);
  // A blank before, between and after the labels; two equal labels cannot follow each other without one.
  const place = iota([batch, states], 1, { device }), isLabel = eq(remainder(place, 2), 1);
  let extended: Tensor = full([batch, states], blank, { dtype: "int64", device }), skip: Tensor | null = null;
  if (longest > 0) {
    const rows = paddedTargets(labels, outLengths, longest);
    const twice = reshape(expand(unsqueeze(rows, 2), [batch, longest, 2]), [batch, 2 * longest]);
    extended = where(isLabel, padDim(twice, 1, 0, 1, 0), blank);
    skip = logicalAnd(
      logicalAnd(isLabel, ge(place, 2)),
      ne(extended, padDim(narrow(extended, 1, 0, states - 2), 1, 2, 0, blank)),
    );
  }
  const moved = (x: Tensor, by: number) => padDim(narrow(x, 1, 0, states - by), 1, by, 0, -Infinity);
  // Before the first frame only the first state is reached.
  let reached: Tensor = where(eq(place, 0), full([], 0, { dtype: logProbs.dtype, device }), -Infinity);
  const ends = int64(inLengths);
  for (let t = 0; t < frames; t++) {
    const from = [reached];
    if (skip !== null) from.push(moved(reached, 1), where(skip, moved(reached, 2), -Infinity));
    const next = add(logSum(from), gatherExact(select(logProbs, 0, t), 1, extended));
    reached = inLengths.every((n) => n > t)
      ? next
      : where(lt(full([], t, { dtype: "int64", device }), ends), next, reached);
  }
  const last = (back: number) =>
    gatherExact(reached, 1, int64(outLengths.map((n) => Math.max(2 * n - back, 0))));
  const whole = logSum([
    last(0),
    where(eq(int64(outLengths), 0), -Infinity, last(1)),
  ]);
  // PyTorch adds e^logProbs to the gradient: nothing once logSoftmax has been differentiated.
  const counted = lt(iota([frames, batch, 1], 0, { device }), reshape(ends, [1, batch, 1]));
  const mass = sum(where(counted, exp(logProbs), 0), [0, 2]), none = sub(mass, mass.detach());
  const cost = neg(reshape(whole, [batch])), impossible = isinf(cost);
  // Where no path is possible the gradient is NaN.
  const extra = zeroInfinity ? none : where(impossible, indefinite(impossible, mass), none);
  const loss = add(cost, extra), finite = zeroInfinity ? where(impossible, 0, loss) : loss;
  if (reduction !== "mean") return reduced("ctc_loss", finite, reduction);
  const lengths = cast(maximum(reshape(int64(outLengths), [batch]), 1), logProbs.dtype);
  return mean(div(finite, lengths));
}
