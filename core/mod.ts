/**
 * The core: tensors, operations, autograd, devices. `mod.ts` at the top adds nn, init and io.
 *
 * @module
 */
export {
  bytesOf,
  canCast,
  type DType,
  type DTypeKind,
  dtypes,
  type HostArray,
  isDType,
  isFloat,
  isInt,
  kindOf,
  promoteTypes,
} from "./dtype.ts";
export { finfo, FloatInfo, iinfo, IntInfo } from "./dtype_info.ts";
export { broadcastShapes, type Shape, type SizeList } from "./shape.ts";
export {
  DeviceError,
  DTypeError,
  GradError,
  IndexError,
  LoadError,
  ShapeError,
  TenonError,
  ValueError,
} from "./errors.ts";
export { Tensor, type TensorData } from "./tensor.ts";
export type { NestedValues, ReadMethods } from "./methods/read.ts";
export type { MathMethods } from "./methods/math.ts";
export type { ReduceMethods } from "./methods/reduce.ts";
export type { ViewMethods } from "./methods/view.ts";
export type { LinalgMethods } from "./methods/linalg.ts";
export type { PointwiseMethods } from "./methods/pointwise.ts";
export type { RearrangeMethods } from "./methods/rearrange.ts";
export type { OrderMethods } from "./methods/order.ts";
export type { IndexMethods } from "./methods/index.ts";
export type { Bound, Index, Slice, SliceText } from "./ops/index_terms.ts";
export type { Node } from "./node.ts";
export { flattenTree, mapTree, type Tree } from "./tree.ts";
export {
  availableDevices,
  defaultDevice,
  deviceInfo,
  type DeviceName,
  requestDevice,
  setDefaultDevice,
} from "./device.ts";
export type { WebGpuOptions } from "./backend/webgpu/device.ts";
export type { DeviceInfo } from "./backend/backend.ts";
export { evaluate, type EvaluateOptions, setFusion } from "./evaluate.ts";
export { setDebug } from "./graph/compile.ts";
export { memory, type MemoryReport, setMemoryBudget } from "./residents.ts";
export { enableGrad, isGradEnabled, noGrad } from "./grad_mode.ts";
export * from "./transform/mod.ts";
export { defaultGenerator, Generator, manualSeed } from "./random/generator.ts";
export * as random from "./random/pure/mod.ts";
export { getPrintOptions, type PrintOptions, type PrintOptionsInit, setPrintOptions } from "./print.ts";
export {
  celu,
  type DrawOptions,
  elu,
  gelu,
  type GeluOptions,
  glu,
  gumbelSoftmax,
  type GumbelSoftmaxOptions,
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
} from "./ops/activation.ts";
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
} from "./ops/adaptive_pool.ts";
export { type AttentionOptions, scaledDotProductAttention } from "./ops/attention.ts";
export {
  bincount,
  bucketize,
  histc,
  type SearchOptions,
  searchsorted,
  unique,
  type UniqueOptions,
  type UniqueResult,
} from "./ops/binning.ts";
export { cast, type Scalar, type TensorLike } from "./ops/cast.ts";
export { crossEntropy, type CrossEntropyOptions, nllLoss, type NllLossOptions } from "./ops/class_loss.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  type ConvOptions,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type ConvTransposeOptions,
} from "./ops/conv.ts";
export {
  arange,
  empty,
  emptyLike,
  eye,
  fromHost,
  full,
  fullLike,
  linspace,
  logspace,
  type NestedArray,
  ones,
  onesLike,
  type SizeArguments,
  tensor,
  type TensorOptions,
  zeros,
  zerosLike,
} from "./ops/create.ts";
export { ctcLoss, type CtcLossOptions, type Lengths } from "./ops/ctc_loss.ts";
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  type DropoutOptions,
  featureAlphaDropout,
  featureDropout,
} from "./ops/dropout.ts";
export { einsum } from "./ops/einsum.ts";
export {
  abs,
  acos,
  acosh,
  add,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  bitwiseAnd,
  bitwiseLeftShift,
  bitwiseNot,
  bitwiseOr,
  bitwiseRightShift,
  bitwiseXor,
  ceil,
  copysign,
  cos,
  cosh,
  digamma,
  div,
  eq,
  erf,
  erfc,
  erfinv,
  exp,
  exp2,
  expm1,
  floor,
  floorDivide,
  fmod,
  ge,
  gt,
  hypot,
  isfinite,
  isinf,
  isnan,
  le,
  lgamma,
  log,
  log10,
  log1p,
  log2,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  maximum,
  minimum,
  mul,
  ne,
  neg,
  nextafter,
  pow,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  sinh,
  sqrt,
  sub,
  tan,
  tanh,
  trunc,
  where,
} from "./ops/elementwise.ts";
export { embedding, embeddingBag, type EmbeddingBagOptions, type EmbeddingOptions } from "./ops/embedding.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "./ops/grid.ts";
export { fold, unfold, type UnfoldOptions } from "./ops/im2col.ts";
export {
  gather,
  indexAdd,
  indexCopy,
  indexFill,
  type IndexLike,
  indexSelect,
  scatter,
  scatterAdd,
  scatterReduce,
  type ScatterReduction,
  take,
  takeAlongDim,
} from "./ops/indexing.ts";
export {
  addmm,
  type AddmmOptions,
  addmv,
  baddbmm,
  bmm,
  dot,
  linear,
  matmul,
  mm,
  mv,
  outer,
} from "./ops/linalg.ts";
export {
  binaryCrossEntropy,
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  type BinaryCrossEntropyWithLogitsOptions,
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
} from "./ops/loss.ts";
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
} from "./ops/margin_loss.ts";
export { argwhere, maskedFill, maskedScatter, maskedSelect, nonzero, oneHot } from "./ops/mask.ts";
export {
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type MaxPoolOptions,
  type MaxPoolWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  type MaxUnpoolOptions,
} from "./ops/max_pool.ts";
export {
  batchNorm,
  type BatchNormOptions,
  cosineSimilarity,
  groupNorm,
  instanceNorm,
  type InstanceNormOptions,
  layerNorm,
  localResponseNorm,
  type LocalResponseNormOptions,
  normalize,
  type NormalizeOptions,
  type NormOptions,
  pairwiseDistance,
  type PairwiseDistanceOptions,
  rmsNorm,
  type RunningNormResult,
} from "./ops/normalization.ts";
export { pad, type PadMode } from "./ops/pad.ts";
export {
  addcdiv,
  addcmul,
  clamp,
  clip,
  type CloseOptions,
  deg2rad,
  frac,
  heaviside,
  isclose,
  lerp,
  logaddexp,
  logaddexp2,
  logit,
  nanToNum,
  type NanToNumOptions,
  rad2deg,
  signbit,
  sinc,
  square,
  trigamma,
  xlogy,
} from "./ops/pointwise.ts";
export {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type AvgPoolOptions,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  type LpPoolOptions,
} from "./ops/pool.ts";
export { cdist, cross, kron, tensordot, trace, vander } from "./ops/products.ts";
export {
  bernoulli,
  bernoulliLike,
  cauchy,
  exponential,
  geometric,
  logNormal,
  multinomial,
  normal,
  rand,
  randint,
  randintLike,
  randLike,
  randn,
  randnLike,
  randomLike,
  type RandomOptions,
  randperm,
  uniform,
} from "./ops/random.ts";
export {
  atleast1d,
  atleast2d,
  atleast3d,
  blockDiag,
  broadcastTensors,
  broadcastTo,
  columnStack,
  diag,
  diagEmbed,
  dstack,
  hstack,
  meshgrid,
  movedim,
  repeat,
  repeatInterleave,
  roll,
  rot90,
  tensorSplit,
  tile,
  tril,
  triu,
  unbind,
  vstack,
} from "./ops/rearrange.ts";
export {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  countNonzero,
  type Dims,
  logsumexp,
  max,
  mean,
  min,
  norm,
  prod,
  type ReduceOptions,
  std,
  sum,
  type ValuesAndIndices,
  variance,
  type VarOptions,
} from "./ops/reduce.ts";
export { interpolate, type InterpolateMode, type InterpolateOptions, upsample } from "./ops/resize.ts";
export {
  cummax,
  cummin,
  cumprod,
  cumsum,
  type CumulativeOptions,
  diff,
  type DiffOptions,
  logcumsumexp,
} from "./ops/scan.ts";
export { resultType } from "./ops/result_type.ts";
export { forkRng, getRngState, initialSeed, seed, setRngState } from "./ops/rng_state.ts";
export { Selection } from "./ops/selection.ts";
export { channelShuffle, pixelShuffle, pixelUnshuffle } from "./ops/shuffle.ts";
export type { Sizes } from "./ops/spatial.ts";
export { logSoftmax, softmax, type SoftmaxOptions, softmin } from "./ops/softmax.ts";
export {
  argsort,
  type Interpolation,
  kthvalue,
  median,
  nanmedian,
  nanquantile,
  quantile,
  type QuantileOptions,
  sort,
  type SortOptions,
  topk,
} from "./ops/sort.ts";
export {
  allclose,
  aminmax,
  corrcoef,
  cov,
  equal,
  nanmean,
  nansum,
  stdMean,
  varMean,
} from "./ops/statistics.ts";
export {
  cat,
  chunk,
  diagonal,
  expand,
  flatten,
  flip,
  narrow,
  permute,
  reshape,
  select,
  slice,
  split,
  squeeze,
  stack,
  transpose,
  unflatten,
  unsqueeze,
} from "./ops/view.ts";
