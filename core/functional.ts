/**
 * The operations of `torch.nn.functional`, file by file.
 *
 * @module
 */
export {
  celu,
  elu,
  gelu,
  type GeluOptions,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  type InplaceOptions,
  leakyRelu,
  logsigmoid,
  mish,
  prelu,
  relu,
  relu6,
  selu,
  silu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
} from "./ops/nn/activation.ts";
export {
  type DrawOptions,
  gumbelSoftmax,
  type GumbelSoftmaxOptions,
  rrelu,
  type RreluOptions,
} from "./ops/nn/random_activation.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type AdaptiveMaxPoolOptions,
  type AdaptiveMaxPoolWithIndices,
  type OutputSizes,
} from "./ops/nn/adaptive_pool.ts";
export { type AttentionOptions, scaledDotProductAttention } from "./ops/nn/attention.ts";
export {
  batchNorm,
  type BatchNormOptions,
  instanceNorm,
  type InstanceNormOptions,
  type RunningNormResult,
} from "./ops/nn/batch_norm.ts";
export { crossEntropy, type CrossEntropyOptions, nllLoss, type NllLossOptions } from "./ops/nn/class_loss.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  type ConvBias,
  type ConvOptions,
  type ConvSettings,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type ConvTransposeOptions,
  type ConvTransposeSettings,
  type ConvWeight,
} from "./ops/nn/conv.ts";
export { ctcLoss, type CtcLossOptions, type Lengths } from "./ops/nn/ctc_loss.ts";
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  type DropoutOptions,
  type DropoutSettings,
  featureAlphaDropout,
} from "./ops/nn/dropout.ts";
export {
  embedding,
  embeddingBag,
  type EmbeddingBagOptions,
  type EmbeddingOptions,
} from "./ops/nn/embedding.ts";
export {
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  type FractionalMaxPoolOptions,
  type FractionalMaxPoolWithIndices,
} from "./ops/nn/fractional_pool.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "./ops/nn/grid.ts";
export { fold, type FoldSizes, unfold, type UnfoldOptions } from "./ops/nn/im2col.ts";
export { bilinear, linear } from "./ops/linalg/matmul.ts";
export {
  binaryCrossEntropy,
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  type BinaryCrossEntropyWithLogitsOptions,
} from "./ops/nn/binary_loss.ts";
export {
  type Aimed,
  gaussianNllLoss,
  type GaussianNllLossOptions,
  huberLoss,
  type HuberLossOptions,
  klDiv,
  type KlDivOptions,
  l1Loss,
  type LossOptions,
  mseLoss,
  poissonNllLoss,
  type PoissonNllLossOptions,
  type Reduction,
  smoothL1Loss,
  type SmoothL1LossOptions,
  type Target,
} from "./ops/nn/loss.ts";
export {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  type MarginLossOptions,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  type MultilabelSoftMarginLossOptions,
  multiMarginLoss,
  type MultiMarginLossOptions,
  softMarginLoss,
  tripletMarginLoss,
  type TripletMarginLossOptions,
  tripletMarginWithDistanceLoss,
  type TripletMarginWithDistanceLossOptions,
} from "./ops/nn/margin_loss.ts";
export { oneHot } from "./ops/indexing/mask.ts";
export { pdist } from "./ops/linalg/matrix_functions.ts";
export {
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type MaxPoolOptions,
  type MaxPoolSettings,
  type MaxPoolWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  type MaxUnpoolOptions,
  type MaxUnpoolSettings,
} from "./ops/nn/max_pool.ts";
export {
  type Affine,
  groupNorm,
  layerNorm,
  localResponseNorm,
  type LocalResponseNormOptions,
  type NormOptions,
  rmsNorm,
} from "./ops/nn/normalization.ts";
export { pad, type PadMode } from "./ops/nn/pad.ts";
export {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type AvgPoolOptions,
  type AvgPoolSettings,
  type KernelSize,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  type LpPoolOptions,
  type LpPoolSettings,
  type NormType,
} from "./ops/nn/pool.ts";
export {
  interpolate,
  type InterpolateMode,
  type InterpolateOptions,
  upsample,
  upsampleBilinear,
  upsampleNearest,
} from "./ops/nn/resize.ts";
export {
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3dWithIndices,
  fractionalMaxPool2dWithIndices,
  fractionalMaxPool3dWithIndices,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxPool3dWithIndices,
} from "./ops/nn/pool_indices.ts";
export { channelShuffle, pixelShuffle, pixelUnshuffle } from "./ops/nn/shuffle.ts";
export {
  cosineSimilarity,
  type CosineSimilarityOptions,
  normalize,
  type NormalizeOptions,
  pairwiseDistance,
  type PairwiseDistanceOptions,
} from "./ops/nn/similarity.ts";
export { logSoftmax, softmax, type SoftmaxOptions, softmin } from "./ops/nn/softmax.ts";
export type { Sizes } from "./ops/nn/spatial.ts";
