/**
 * Softmax over very many classes: frequent ones are told apart at once, rare ones in clusters that few examples reach.
 *
 * @module
 */
import { type NamedTuple, namedTuple } from "../core/named_tuple.ts";
import { IndexError, ShapeError, ValueError } from "../core/errors.ts";
import { tensor, zeros } from "../core/ops/create.ts";
import { add } from "../core/ops/elementwise.ts";
import { gather, indexAdd, indexSelect } from "../core/ops/indexing/indexing.ts";
import { checkKind } from "../core/ops/options.ts";
import { argmax } from "../core/ops/extremes.ts";
import { mean } from "../core/ops/reduce.ts";
import { logSoftmax } from "../core/ops/nn/softmax.ts";
import { narrow, select, squeeze, unsqueeze } from "../core/ops/view.ts";
import { cat } from "../core/ops/join.ts";
import type { Tensor } from "../core/tensor.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { ModuleList } from "./containers.ts";
import { Linear } from "./linear.ts";
import { type Layer, Module } from "./module/module.ts";
import { Sequential } from "./sequential.ts";

/** Options of AdaptiveLogSoftmaxWithLoss. */
export interface AdaptiveLogSoftmaxOptions extends FactoryOptions {
  /** What the size of each further cluster's features is divided by; 4 by default. */
  readonly divValue?: number;
  /** Whether the head has a bias; false by default. */
  readonly headBias?: boolean;
}

/** What a call gives: the logarithm of the probability of each target, and the mean of their negatives. */
export type AdaptiveLogSoftmaxResult = NamedTuple<readonly ["output", "loss"]>;

const resultOf = (output: Tensor, loss: Tensor): AdaptiveLogSoftmaxResult =>
  namedTuple("_ASMoutput", ["output", "loss"], output, loss);

/** What the layer cannot do without, where it is given by name. */
export interface AdaptiveLogSoftmaxSizes {
  /** Features of the input. */
  readonly inFeatures: number;
  /** Number of classes. */
  readonly nClasses: number;
  /** Where each further cluster begins. */
  readonly cutoffs: readonly number[];
}

/**
 * Negative log likelihood of classes sorted by frequency: input [N, in], target [N] to the output [N] and the loss. `torch.nn.AdaptiveLogSoftmaxWithLoss`.
 *
 * @example
 * ```ts
 * import { nn, randn, tensor } from "@tenon/tenon";
 * const softmax = new nn.AdaptiveLogSoftmaxWithLoss(8, 100, [10, 40]);
 * const { output } = softmax(randn([2, 8]), tensor([3, 77], { dtype: "int64" }));
 * console.log(output.shape, softmax.logProb(randn([2, 8])).shape); // [ 2 ] [ 2, 100 ]
 * ```
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  /** Features of the input. */
  inFeatures: number;
  /** Number of classes. */
  nClasses: number;
  /** Where each cluster ends; the first one is the head's. */
  cutoffs: readonly number[];
  /** Tells the frequent classes and the clusters apart. */
  head: Linear<boolean>;
  /** Tells the classes of each further cluster apart. */
  tail: ModuleList;

  /** Takes features, classes, where clusters begin, and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [inFeatures: number, nClasses: number, cutoffs: readonly number[]],
      [divValue: number, headBias: boolean],
      AdaptiveLogSoftmaxSizes,
      AdaptiveLogSoftmaxOptions
    >
  ) {
    super();
    const op = "AdaptiveLogSoftmaxWithLoss";
    const options = settingsOf<AdaptiveLogSoftmaxSizes & AdaptiveLogSoftmaxOptions>(op, settings, {
      inFeatures: "any",
      nClasses: "any",
      cutoffs: "any",
      divValue: "number",
      headBias: "boolean",
      ...factoryKinds,
    });
    const { divValue = 4, headBias = false, dtype, device } = options;
    const inFeatures = needed(op, options, "inFeatures"), nClasses = needed(op, options, "nClasses");
    const cutoffs = needed(op, options, "cutoffs");
    checkSizes("AdaptiveLogSoftmaxWithLoss", { inFeatures, nClasses }, 1);
    checkKind("AdaptiveLogSoftmaxWithLoss", "cutoffs", cutoffs ?? null, "numbers");
    const rising = cutoffs.every((c, i) => Number.isInteger(c) && c > (cutoffs[i - 1] ?? 0) && c < nClasses);
    if (cutoffs.length === 0 || !rising) {
      throw new ValueError(
        "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is between 1 and " +
          `n_classes-1, in AdaptiveLogSoftmaxWithLoss: got [${cutoffs.join(", ")}] for ${nClasses} classes`,
      );
    }
    this.inFeatures = inFeatures;
    this.nClasses = nClasses;
    this.cutoffs = [...cutoffs, nClasses];
    this.head = new Linear(inFeatures, cutoffs[0] + cutoffs.length, { bias: headBias, dtype, device });
    this.tail = new ModuleList(cutoffs.map((start, i): Layer => {
      const size = Math.floor(inFeatures / divValue ** (i + 1)), classes = this.cutoffs[i + 1] - start;
      return new Sequential(
        new Linear(inFeatures, size, { bias: false, dtype, device }),
        new Linear(size, classes, { bias: false, dtype, device }),
      ) as Layer;
    }));
  }

  /** Draws the parameters anew. */
  resetParameters(): void {
    for (const module of this.modules()) {
      if (module !== this && module instanceof Linear) module.resetParameters();
    }
  }

  /** Log probabilities of the targets [N] for inputs [N, features] (or one of each), and their loss. Reads the targets. */
  override forward(input: Tensor, target: Tensor): AdaptiveLogSoftmaxResult {
    if (
      target.ndim > 1 || input.ndim !== target.ndim + 1 ||
      (target.ndim === 1 && input.shape[0] !== target.shape[0])
    ) {
      throw new ShapeError(
        `Input and target should have the same size in the batch dimension, in AdaptiveLogSoftmaxWithLoss: got [${
          input.shape.join(", ")
        }] and [${target.shape.join(", ")}]`,
      );
    }
    if (target.ndim === 0) {
      const { output, loss } = this.forward(unsqueeze(input, 0), unsqueeze(target, 0));
      return resultOf(squeeze(output, 0), loss);
    }
    const classes = Array.from(target.detach().toTypedArray(), Number), shortlist = this.cutoffs[0];
    const wrong = classes.find((c) => !(c >= 0 && c < this.nClasses));
    if (wrong !== undefined) {
      throw new IndexError(
        `Target values should be in [0, ${this.nClasses - 1}], but values in range [${
          Math.min(...classes)
        }, ${Math.max(...classes)}] were found. `,
      );
    }
    const index = (values: readonly number[]) =>
      tensor([...values], { dtype: "int64", device: input.device });
    let output = zeros([classes.length], { dtype: input.dtype, device: input.device });
    const inHead = [...classes];
    for (const [i, cluster] of [...this.tail].entries()) {
      const start = this.cutoffs[i], end = this.cutoffs[i + 1];
      const rows = classes.flatMap((c, row) => c >= start && c < end ? [row] : []);
      if (rows.length === 0) continue;
      for (const row of rows) inHead[row] = shortlist + i;
      const local = logSoftmax(cluster(indexSelect(input, 0, index(rows))), 1);
      const chosen = gather(local, 1, unsqueeze(index(rows.map((row) => classes[row] - start)), 1));
      output = indexAdd(output, 0, index(rows), squeeze(chosen, 1));
    }
    const head = gather(logSoftmax(this.head(input), 1), 1, unsqueeze(index(inHead), 1));
    output = add(output, squeeze(head, 1));
    return resultOf(output, mean(output.neg()));
  }

  /** Log probabilities [N, classes] of all classes. */
  logProb(input: Tensor): Tensor {
    const head = logSoftmax(this.head(input), 1), shortlist = this.cutoffs[0];
    const clusters = [...this.tail].map((cluster, i) =>
      add(logSoftmax(cluster(input), 1), unsqueeze(select(head, 1, shortlist + i), 1))
    );
    return cat([narrow(head, 1, 0, shortlist), ...clusters], 1);
  }

  /** The most probable class of each input. */
  predict(input: Tensor): Tensor {
    return argmax(this.logProb(input), 1);
  }
}
