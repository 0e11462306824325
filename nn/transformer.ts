/**
 * Transformers: stacks of encoder and decoder layers, and both together. The layers are in transformer_layer.ts.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import { ShapeError } from "../core/errors.ts";
import { checkTensors } from "../core/ops/cast.ts";
import { full } from "../core/ops/create.ts";
import type { Kinds } from "../core/ops/options.ts";
import { triu } from "../core/ops/rearrange.ts";
import type { Tensor } from "../core/tensor.ts";
import { xavierUniform_ } from "../init/xavier.ts";
import { needed, type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds } from "./arguments.ts";
import { ModuleList } from "./containers.ts";
import { deepcopy } from "./module/deepcopy.ts";
import { type Layer, Module } from "./module/module.ts";
import { LayerNorm } from "./normalization.ts";
import {
  type Activation,
  type DecoderMaskArguments,
  decoderMaskKinds,
  type DecoderMasks,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from "./transformer_layer.ts";

function copies<M extends Module>(op: string, layer: M, numLayers: number): ModuleList<M> {
  checkSizes(op, { numLayers });
  return new ModuleList(Array.from({ length: numLayers }, () => deepcopy(layer)));
}

/** Masks of an encoder. */
export interface EncoderMasks {
  /** [length, length] or [batch * heads, length, length]: where attention is not allowed. */
  readonly mask?: Tensor | null;
  /** [batch, length]: where the source is padding. */
  readonly srcKeyPaddingMask?: Tensor | null;
}

/** Options of a stack of layers. */
export interface StackOptions {
  /** What comes after the last layer; nothing by default. */
  readonly norm?: Layer | null;
}

/**
 * A stack of copies of an encoder layer: [S, N, E], or [N, S, E] where the layer is batch first, to the same. `torch.nn.TransformerEncoder`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const layer = new nn.TransformerEncoderLayer(16, 4, { dimFeedforward: 32 });
 * const encoder = new nn.TransformerEncoder(layer, 2);
 * console.log(encoder(randn([10, 2, 16])).shape, encoder.layers.length); // [ 10, 2, 16 ] 2
 * ```
 */
export class TransformerEncoder extends Module {
  /** The layers. */
  layers: ModuleList<TransformerEncoderLayer>;
  /** How many there are. */
  numLayers: number;
  /** What comes after the last one, or null. */
  norm: Layer | null;

  /** Takes the layer to copy, how often, and a norm for the end, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [encoderLayer: TransformerEncoderLayer, numLayers: number],
      [norm: Layer | null],
      { readonly encoderLayer: TransformerEncoderLayer; readonly numLayers: number },
      StackOptions
    >
  ) {
    super();
    const options = settingsOf<
      { readonly encoderLayer: TransformerEncoderLayer; readonly numLayers: number } & StackOptions
    >("TransformerEncoder", settings, { encoderLayer: "any", numLayers: "any", norm: "any" });
    const layer = needed("TransformerEncoder", options, "encoderLayer");
    this.numLayers = needed("TransformerEncoder", options, "numLayers");
    this.layers = copies("TransformerEncoder", layer, this.numLayers);
    this.norm = options.norm ?? null;
  }

  /** What the stack computes; masks by position or by name. */
  override forward(
    src: Tensor,
    ...masks: Trailing<[mask: Tensor | null, srcKeyPaddingMask: Tensor | null], EncoderMasks>
  ): Tensor {
    const { mask, srcKeyPaddingMask } = settingsOf<EncoderMasks>("TransformerEncoder", masks, {
      mask: "tensor?",
      srcKeyPaddingMask: "tensor?",
    });
    let x = src;
    for (const layer of this.layers) x = layer(x, { srcMask: mask, srcKeyPaddingMask });
    return this.norm === null ? x : this.norm(x);
  }
}

/** A stack of copies of a decoder layer: target [T, N, E] and memory [S, N, E] to [T, N, E]. `torch.nn.TransformerDecoder`. */
export class TransformerDecoder extends Module {
  /** The layers. */
  layers: ModuleList<TransformerDecoderLayer>;
  /** How many there are. */
  numLayers: number;
  /** What comes after the last one, or null. */
  norm: Layer | null;

  /** Takes the layer to copy, how often, and a norm for the end, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [decoderLayer: TransformerDecoderLayer, numLayers: number],
      [norm: Layer | null],
      { readonly decoderLayer: TransformerDecoderLayer; readonly numLayers: number },
      StackOptions
    >
  ) {
    super();
    const options = settingsOf<
      { readonly decoderLayer: TransformerDecoderLayer; readonly numLayers: number } & StackOptions
    >("TransformerDecoder", settings, { decoderLayer: "any", numLayers: "any", norm: "any" });
    const layer = needed("TransformerDecoder", options, "decoderLayer");
    this.numLayers = needed("TransformerDecoder", options, "numLayers");
    this.layers = copies("TransformerDecoder", layer, this.numLayers);
    this.norm = options.norm ?? null;
  }

  /** What the stack computes from a target and an encoder's output; masks by position or by name. */
  override forward(tgt: Tensor, memory: Tensor, ...masks: DecoderMaskArguments): Tensor {
    const options = settingsOf<DecoderMasks>("TransformerDecoder", masks, decoderMaskKinds);
    let x = tgt;
    for (const layer of this.layers) x = layer(x, memory, options);
    return this.norm === null ? x : this.norm(x);
  }
}

const maskKinds: Kinds<TransformerMasks> = {
  srcMask: "tensor?",
  tgtMask: "tensor?",
  memoryMask: "tensor?",
  srcKeyPaddingMask: "tensor?",
  tgtKeyPaddingMask: "tensor?",
  memoryKeyPaddingMask: "tensor?",
};

/** Options of Transformer. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Features; 512 by default. */
  readonly dModel?: number;
  /** Heads; 8 by default. */
  readonly nhead?: number;
  /** Layers of the encoder; 6 by default. */
  readonly numEncoderLayers?: number;
  /** Layers of the decoder; 6 by default. */
  readonly numDecoderLayers?: number;
  /** An encoder in place of the usual one. */
  readonly customEncoder?: TransformerEncoder | null;
  /** A decoder in place of the usual one. */
  readonly customDecoder?: TransformerDecoder | null;
}

/** Masks of a transformer. */
export interface TransformerMasks extends DecoderMasks {
  /** [source, source]: where attention of the source to itself is not allowed. */
  readonly srcMask?: Tensor | null;
  /** [batch, source]: where the source is padding. */
  readonly srcKeyPaddingMask?: Tensor | null;
}

/**
 * Encoder and decoder: source [S, N, E] and target [T, N, E] to [T, N, E]; batch first where that is set. `torch.nn.Transformer`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const model = new nn.Transformer({ dModel: 16, nhead: 4, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 32 });
 * console.log(model(randn([10, 2, 16]), randn([7, 2, 16])).shape); // [ 7, 2, 16 ]
 * ```
 */
export class Transformer extends Module {
  /** From the source to the memory. */
  encoder: TransformerEncoder;
  /** From target and memory to the output. */
  decoder: TransformerDecoder;
  /** Features. */
  dModel: number;
  /** Heads. */
  nhead: number;
  /** Whether the batch is the first dimension. */
  batchFirst: boolean;

  /** Everything by position or by name. */
  constructor(
    ...settings: Trailing<
      [
        dModel: number,
        nhead: number,
        numEncoderLayers: number,
        numDecoderLayers: number,
        dimFeedforward: number,
        dropout: number,
        activation: Activation,
      ],
      TransformerOptions
    >
  ) {
    super();
    const options = settingsOf<TransformerOptions>("Transformer", settings, {
      dModel: "number",
      nhead: "number",
      numEncoderLayers: "number",
      numDecoderLayers: "number",
      dimFeedforward: "number",
      dropout: "number",
      activation: "any",
      customEncoder: "function?",
      customDecoder: "function?",
      layerNormEps: "number",
      batchFirst: "boolean",
      normFirst: "boolean",
      ...factoryKinds,
    });
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6 } = options;
    const layerOptions: TransformerLayerOptions = {
      dimFeedforward: options.dimFeedforward,
      dropout: options.dropout,
      activation: options.activation,
      layerNormEps: options.layerNormEps,
      batchFirst: options.batchFirst,
      normFirst: options.normFirst,
      dtype: options.dtype,
      device: options.device,
    };
    const norm = () =>
      new LayerNorm(dModel, { eps: options.layerNormEps, dtype: options.dtype, device: options.device });
    this.encoder = options.customEncoder ??
      new TransformerEncoder(
        new TransformerEncoderLayer(dModel, nhead, layerOptions),
        numEncoderLayers,
        norm(),
      );
    this.decoder = options.customDecoder ??
      new TransformerDecoder(
        new TransformerDecoderLayer(dModel, nhead, layerOptions),
        numDecoderLayers,
        norm(),
      );
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = options.batchFirst ?? false;
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
  }

  /** The output for a source and a target; masks by position or by name. */
  override forward(
    src: Tensor,
    tgt: Tensor,
    ...masks: Trailing<
      [srcMask: Tensor | null, tgtMask: Tensor | null, memoryMask: Tensor | null],
      TransformerMasks
    >
  ): Tensor {
    const options = settingsOf<TransformerMasks>("Transformer", masks, maskKinds);
    checkTensors("Transformer", [src, tgt]);
    const batchDim = this.batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.size(batchDim) !== tgt.size(batchDim)) {
      throw new ShapeError(
        `the batch number of src and tgt must be equal, in Transformer: got ${src.size(batchDim)} and ${
          tgt.size(batchDim)
        }`,
      );
    }
    if (src.size(-1) !== this.dModel || tgt.size(-1) !== this.dModel) {
      throw new ShapeError(
        `the feature number of src and tgt must be equal to d_model, in Transformer: got ${
          src.size(-1)
        } and ${tgt.size(-1)}, d_model is ${this.dModel}`,
      );
    }
    const { srcMask, srcKeyPaddingMask, tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask } =
      options;
    const memory = this.encoder(src, { mask: srcMask, srcKeyPaddingMask });
    return this.decoder(tgt, memory, { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask });
  }

  /** A mask [size, size] that lets each position see itself and what came before: minus infinity above the diagonal. */
  static generateSquareSubsequentMask(size: number, options: { readonly device?: DeviceName } = {}): Tensor {
    return triu(full([size, size], -Infinity, { device: options.device }), 1);
  }
}
