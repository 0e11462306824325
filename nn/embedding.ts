/**
 * Embedding tables.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { empty } from "../core/ops/create.ts";
import { embedding, embeddingBag } from "../core/ops/nn/embedding.ts";
import { indexFill, type IndexLike } from "../core/ops/indexing/indexing.ts";
import { checkOptions, type FixedOptions, type Kinds } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { normal_ } from "../init/normal.ts";
import { type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";
import { float } from "./module/repr.ts";

/** Options of Embedding. */
export interface EmbeddingLayerOptions extends FactoryOptions, Pick<FixedOptions, "sparse"> {
  /** The row that is zero at first and gets no gradient; negative counts from the end. */
  readonly paddingIdx?: number | null;
  /** Rows with a larger norm are scaled down to it. */
  readonly maxNorm?: number | null;
  /** The exponent of that norm; 2 by default. */
  readonly normType?: number;
  /** Divide each row's gradient by how often the row was taken. */
  readonly scaleGradByFreq?: boolean;
}

const kinds: Kinds<EmbeddingLayerOptions> = {
  paddingIdx: "whole?",
  maxNorm: "number?",
  normType: "number",
  scaleGradByFreq: "boolean",
  ...factoryKinds,
};

/** The number of the padding row from the start; null without one. */
function paddingRow(op: string, index: number | null, rows: number): number | null {
  if (index === null) return null;
  if (index >= rows || index < -rows) {
    throw new ValueError(
      `Padding_idx must be within num_embeddings, in ${op}: got ${index} for ${rows} rows`,
    );
  }
  return index < 0 ? index + rows : index;
}

/** What tables share. */
export abstract class EmbeddingModule extends Module {
  /** Number of rows. */
  numEmbeddings: number;
  /** Length of a row. */
  embeddingDim: number;
  /** The row that gets no gradient, or null. */
  paddingIdx: number | null;
  /** Rows with a larger norm are scaled down to it, or null. */
  maxNorm: number | null;
  /** The exponent of that norm. */
  normType: number;
  /** Whether a row's gradient is divided by how often the row was taken. */
  scaleGradByFreq: boolean;
  /** [numEmbeddings, embeddingDim]. */
  declare weight: Parameter;

  /** Takes the number and length of rows. */
  protected constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions) {
    super();
    checkSizes(this.reprName(), { numEmbeddings, embeddingDim });
    const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, dtype, device } =
      options;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = paddingRow(this.reprName(), paddingIdx, numEmbeddings);
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.registerParameter("weight", new Parameter(empty([numEmbeddings, embeddingDim], { dtype, device })));
    this.resetParameters();
  }

  /** Takes over a table of rows, which stay as they are unless `freeze` is false. */
  protected adopt(table: Tensor, { freeze = true, paddingIdx = null }: PretrainedOptions): this {
    [this.numEmbeddings, this.embeddingDim] = table.shape;
    this.paddingIdx = paddingRow(this.reprName(), paddingIdx, this.numEmbeddings);
    this.weight = new Parameter(table, { requiresGrad: !freeze });
    return this;
  }

  /** Draws the rows anew from the standard normal distribution; the padding row is zero. */
  resetParameters(): void {
    normal_(this.weight);
    if (this.paddingIdx !== null) this.weight.data = indexFill(this.weight.data, 0, [this.paddingIdx], 0);
  }

  /** The settings that the text shows when they are not the usual ones. */
  protected normText(): string {
    return (this.maxNorm === null ? "" : `, max_norm=${float(this.maxNorm)}`) +
      (this.normType === 2 ? "" : `, norm_type=${float(this.normType)}`) +
      (this.scaleGradByFreq ? ", scale_grad_by_freq=True" : "");
  }
}

/** Options of `fromPretrained`. */
export interface PretrainedOptions extends EmbeddingLayerOptions {
  /** Whether the table stays as it is; true by default. */
  readonly freeze?: boolean;
}

function checkTable(op: string, table: Tensor): void {
  if (table.ndim !== 2) {
    throw new ShapeError(
      `Embeddings parameter is expected to be 2-dimensional, in ${op}: got [${table.shape.join(", ")}]`,
    );
  }
}

/** What a table cannot do without, where it is given by name. */
export interface EmbeddingSizes {
  /** Number of rows. */
  readonly numEmbeddings: number;
  /** Length of a row. */
  readonly embeddingDim: number;
}

/**
 * A table of rows, taken by number: [...] to [..., embeddingDim]. `torch.nn.Embedding`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const embedding = new nn.Embedding(10, 3);
 * console.log(embedding(tensor([[1, 2, 4, 5], [4, 3, 2, 9]], { dtype: "int64" })).shape); // [ 2, 4, 3 ]
 * ```
 */
export class Embedding extends EmbeddingModule {
  /** Takes the number and length of rows; the padding row by position or by name. */
  constructor(
    ...settings: NeededThen<
      [numEmbeddings: number, embeddingDim: number],
      [paddingIdx: number | null, maxNorm: number | null, normType: number, scaleGradByFreq: boolean],
      EmbeddingSizes,
      EmbeddingLayerOptions
    >
  ) {
    const options = settingsOf<EmbeddingSizes & EmbeddingLayerOptions>("Embedding", settings, {
      numEmbeddings: "any",
      embeddingDim: "any",
      ...kinds,
    });
    const { numEmbeddings, embeddingDim } = options as EmbeddingSizes;
    super(numEmbeddings, embeddingDim, options);
  }

  /** A layer with the rows of a table; they stay as they are unless `freeze` is false. */
  static fromPretrained(table: Tensor, options: PretrainedOptions = {}): Embedding {
    checkTable("Embedding.fromPretrained", table);
    checkOptions<PretrainedOptions>("Embedding.fromPretrained", options, { freeze: "boolean", ...kinds });
    const { freeze: _freeze, paddingIdx: _paddingIdx, ...others } = options;
    // A layer without rows draws no numbers, as PyTorch draws none here.
    return new Embedding(0, 0, others).adopt(table, options);
  }

  /** The rows of an index. */
  override forward(index: IndexLike): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(index, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    const padding = this.paddingIdx === null ? "" : `, padding_idx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}${this.normText()}`;
  }
}

/** Options of EmbeddingBag. */
export interface EmbeddingBagLayerOptions extends EmbeddingLayerOptions {
  /** How a bag becomes one row; "mean" by default. */
  readonly mode?: "sum" | "mean" | "max";
  /** Whether the last offset is the end of the last bag. */
  readonly includeLastOffset?: boolean;
}

const bagKinds: Kinds<EmbeddingBagLayerOptions> = {
  maxNorm: "number?",
  normType: "number",
  scaleGradByFreq: "boolean",
  mode: "string",
  includeLastOffset: "boolean",
  paddingIdx: "whole?",
  ...factoryKinds,
};

/**
 * Sums, means or maxima of bags of rows: indices [N, length], or [all] and where the bags start [N], to [N, embeddingDim]. `torch.nn.EmbeddingBag`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const bags = new nn.EmbeddingBag(10, 3, { mode: "sum" });
 * const index = tensor([1, 2, 4, 5, 4, 3], { dtype: "int64" });
 * console.log(bags(index, tensor([0, 4], { dtype: "int64" })).shape); // [ 2, 3 ]
 * ```
 */
export class EmbeddingBag extends EmbeddingModule {
  /** How a bag becomes one row. */
  mode: "sum" | "mean" | "max";
  /** Whether the last offset is the end of the last bag. */
  includeLastOffset: boolean;

  /** Takes the number and length of rows; the others by position or by name. */
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    ...settings: Trailing<
      [maxNorm: number | null, normType: number, scaleGradByFreq: boolean, mode: "sum" | "mean" | "max"],
      EmbeddingBagLayerOptions
    >
  ) {
    const options = settingsOf<EmbeddingBagLayerOptions>("EmbeddingBag", settings, bagKinds, 4);
    super(numEmbeddings, embeddingDim, options);
    this.mode = options.mode ?? "mean";
    this.includeLastOffset = options.includeLastOffset ?? false;
  }

  /** A layer with the rows of a table; they stay as they are unless `freeze` is false. */
  static fromPretrained(
    table: Tensor,
    options: EmbeddingBagLayerOptions & PretrainedOptions = {},
  ): EmbeddingBag {
    checkTable("EmbeddingBag.fromPretrained", table);
    checkOptions<EmbeddingBagLayerOptions & PretrainedOptions>("EmbeddingBag.fromPretrained", options, {
      freeze: "boolean",
      ...bagKinds,
    });
    const { freeze: _freeze, paddingIdx: _paddingIdx, ...others } = options;
    return new EmbeddingBag(0, 0, others).adopt(table, options);
  }

  /** One row per bag: bags are the rows of an index matrix, or begin at `offsets` in an index vector. */
  override forward(
    index: IndexLike,
    offsets: IndexLike | null = null,
    perSampleWeights: Tensor | null = null,
  ): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset } = this;
    return embeddingBag(index, this.weight, offsets, {
      paddingIdx,
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      includeLastOffset,
      perSampleWeights,
    });
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    const padding = this.paddingIdx === null ? "" : `, padding_idx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${this.normText()}, mode=${this.mode}${padding}`;
  }
}
