/**
 * The operations behind layers, under the names of `torch.nn.functional`.
 *
 * @module
 */
export {
  celu,
  elu,
  gelu,
  glu,
  gumbelSoftmax,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logsigmoid,
  mish,
  prelu,
  relu,
  relu6,
  rrelu,
  selu,
  silu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
} from "../core/ops/activation.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from "../core/ops/adaptive_pool.ts";
export { scaledDotProductAttention } from "../core/ops/attention.ts";
export { batchNorm, instanceNorm } from "../core/ops/batch_norm.ts";
export { bilinear } from "../core/ops/bilinear.ts";
export { crossEntropy, nllLoss } from "../core/ops/class_loss.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
} from "../core/ops/conv.ts";
export { ctcLoss } from "../core/ops/ctc_loss.ts";
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from "../core/ops/dropout.ts";
export { sigmoid, tanh } from "../core/ops/elementwise.ts";
export { embedding, embeddingBag } from "../core/ops/embedding.ts";
export { fractionalMaxPool2d, fractionalMaxPool3d } from "../core/ops/fractional_pool.ts";
export { affineGrid, gridSample } from "../core/ops/grid.ts";
export { fold, unfold } from "../core/ops/im2col.ts";
export { linear } from "../core/ops/linalg.ts";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  gaussianNllLoss,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  poissonNllLoss,
  smoothL1Loss,
} from "../core/ops/loss.ts";
export {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from "../core/ops/margin_loss.ts";
export { oneHot } from "../core/ops/mask.ts";
export { pdist } from "../core/ops/matrix_functions.ts";
export {
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from "../core/ops/max_pool.ts";
export { groupNorm, layerNorm, localResponseNorm, rmsNorm } from "../core/ops/normalization.ts";
export { pad } from "../core/ops/pad.ts";
export { avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d, lpPool3d } from "../core/ops/pool.ts";
export { interpolate, upsample } from "../core/ops/resize.ts";
export { channelShuffle, pixelShuffle, pixelUnshuffle } from "../core/ops/shuffle.ts";
export { cosineSimilarity, normalize, pairwiseDistance } from "../core/ops/similarity.ts";
export { logSoftmax, softmax, softmin } from "../core/ops/softmax.ts";
