/**
 * Arguments that a call cannot do without, by name, as PyTorch programs give them: `max_pool2d(x, kernel_size=3, stride=2)`. Each call is compared with
 * the same by position.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  arange,
  broadcastTo,
  combinations,
  cumulativeTrapezoid,
  einsum,
  full,
  fullLike,
  histogram,
  histogramdd,
  linalg,
  linspace,
  logspace,
  manualSeed,
  multinomial,
  normal,
  ones,
  randint,
  reshape,
  split,
  type Tensor,
  tensor,
  tile,
  transpose,
  trapezoid,
  ValueError,
  vander,
} from "../../../core/mod.ts";
import { ConvTranspose1d, functional as F, MaxUnpool2d } from "../../../nn/mod.ts";

const image = arange(64).reshape([1, 4, 4, 4]).float(), line = image.reshape([1, 4, 16]);
const cube = image.reshape([1, 1, 4, 4, 4]), rows = arange(6).reshape([2, 3]).float();
const taken = F.maxPool2d(image, 2, { returnIndices: true });
const transposed = new ConvTranspose1d(4, 1, 2, { stride: 2 });

/** A draw that begins anew. */
function drawn(draw: () => Tensor): () => Tensor {
  return () => (manualSeed(3), draw());
}

const cases: [name: string, byName: () => Tensor, byPosition: () => Tensor][] = [
  ["max_pool1d", () => F.maxPool1d(line, { kernelSize: 3, stride: 2 }), () => F.maxPool1d(line, 3, 2)],
  ["max_pool2d", () => F.maxPool2d(image, { kernelSize: 2, padding: 1 }), () => F.maxPool2d(image, 2, 2, 1)],
  ["max_pool3d", () => F.maxPool3d(cube, { kernelSize: 2 }), () => F.maxPool3d(cube, 2)],
  [
    "max_pool2d, values and indices",
    () => F.maxPool2d(image, { kernelSize: 2, returnIndices: true }).indices,
    () => taken.indices,
  ],
  [
    "max_pool2d_with_indices",
    () => F.maxPool2dWithIndices(image, { kernelSize: 2 }).indices,
    () => taken.indices,
  ],
  [
    "max_unpool2d",
    () => F.maxUnpool2d(taken.values, taken.indices, { kernelSize: 2 }),
    () => F.maxUnpool2d(taken.values, taken.indices, 2),
  ],
  [
    "avg_pool2d",
    () => F.avgPool2d(image, { kernelSize: 3, padding: 1, countIncludePad: false }),
    () => F.avgPool2d(image, 3, null, 1, false, false),
  ],
  ["lp_pool2d", () => F.lpPool2d(image, { normType: 2, kernelSize: 2 }), () => F.lpPool2d(image, 2, 2)],
  ["lp_pool2d, half by name", () => F.lpPool2d(image, 2, { kernelSize: 2 }), () => F.lpPool2d(image, 2, 2)],
  [
    "adaptive_avg_pool2d",
    () => F.adaptiveAvgPool2d(image, { outputSize: 1 }),
    () => F.adaptiveAvgPool2d(image, 1),
  ],
  [
    "adaptive_max_pool2d",
    () => F.adaptiveMaxPool2d(image, { outputSize: [1, 2], returnIndices: true }).indices,
    () => F.adaptiveMaxPool2d(image, [1, 2], { returnIndices: true }).indices,
  ],
  ["unfold", () => F.unfold(image, { kernelSize: 2, stride: 2 }), () => F.unfold(image, 2, 1, 0, 2)],
  [
    "fold",
    () => F.fold(ones([1, 4, 4]), { outputSize: 4, kernelSize: 2, stride: 2 }),
    () => F.fold(ones([1, 4, 4]), 4, 2, 1, 0, 2),
  ],
  [
    "layer_norm",
    () => F.layerNorm(rows, { normalizedShape: [3], eps: 1 }),
    () => F.layerNorm(rows, [3], { eps: 1 }),
  ],
  [
    "layer_norm with a factor",
    () => F.layerNorm(rows, { normalizedShape: [3], weight: ones([3]), bias: null }),
    () => F.layerNorm(rows, [3], ones([3])),
  ],
  ["rms_norm", () => F.rmsNorm(rows, { normalizedShape: [3] }), () => F.rmsNorm(rows, [3])],
  ["group_norm", () => F.groupNorm(image, { numGroups: 2 }), () => F.groupNorm(image, 2)],
  ["local_response_norm", () => F.localResponseNorm(image, { size: 2 }), () => F.localResponseNorm(image, 2)],
  ["pixel_shuffle", () => F.pixelShuffle(image, { upscaleFactor: 2 }), () => F.pixelShuffle(image, 2)],
  ["pad", () => F.pad(rows, { pad: [1, 0], value: 7 }), () => F.pad(rows, [1, 0], "constant", 7)],
];

const index = arange(3).reshape([1, 3]), mask = rows.gt(2);
cases.push(
  ["topk", () => rows.topk({ k: 2, dim: 1 }).values, () => rows.topk(2, 1).values],
  ["kthvalue", () => rows.kthvalue({ k: 2 }).values, () => rows.kthvalue(2).values],
  ["quantile", () => rows.quantile({ q: 0.5, dim: 1 }), () => rows.quantile(0.5, 1)],
  ["gather", () => rows.gather({ dim: 1, index }), () => rows.gather(1, index)],
  ["gather, half by name", () => rows.gather(1, { index }), () => rows.gather(1, index)],
  ["index_select", () => rows.indexSelect({ dim: 1, index: [0, 2] }), () => rows.indexSelect(1, [0, 2])],
  ["index_fill", () => rows.indexFill(1, [0], { value: 9 }), () => rows.indexFill(1, [0], 9)],
  [
    "scatter",
    () => rows.scatter({ dim: 1, index, src: ones([1, 3]) }),
    () => rows.scatter(1, index, ones([1, 3])),
  ],
  ["scatter a value", () => rows.scatter(1, index, { value: 7 }), () => rows.scatter(1, index, 7)],
  [
    "scatter, merging",
    () => rows.scatter({ dim: 1, index, value: 7, reduce: "add" }),
    () => rows.scatter(1, index, 7, { reduce: "add" }),
  ],
  ["scatter_add", () => rows.scatterAdd(1, index, { src: rows }), () => rows.scatterAdd(1, index, rows)],
  ["masked_fill", () => rows.maskedFill({ mask, value: -1 }), () => rows.maskedFill(mask, -1)],
  ["masked_fill, half by name", () => rows.maskedFill(mask, { value: -1 }), () => rows.maskedFill(mask, -1)],
  ["split", () => rows.split({ splitSize: 2, dim: 1 })[0], () => rows.split(2, 1)[0]],
  [
    "torch.split",
    () => split(rows, { splitSizeOrSections: [1, 2], dim: 1 })[1],
    () => split(rows, [1, 2], 1)[1],
  ],
  ["chunk", () => rows.chunk({ chunks: 3, dim: 1 })[1], () => rows.chunk(3, 1)[1]],
  ["roll", () => rows.roll({ shifts: 1, dims: 1 }), () => rows.roll(1, 1)],
  [
    "repeat_interleave",
    () => rows.repeatInterleave({ repeats: 2, dim: 0 }),
    () => rows.repeatInterleave(2, 0),
  ],
  ["full", () => full({ size: [2], fillValue: 3, dtype: "int32" }), () => full([2], 3, { dtype: "int32" })],
  ["full, half by name", () => full([2], { fillValue: 3 }), () => full([2], 3)],
  ["full_like", () => fullLike(rows, { fillValue: 3 }), () => fullLike(rows, 3)],
  ["arange", () => arange({ start: 1, end: 7, step: 2 }), () => arange(1, 7, 2)],
  ["arange to an end", () => arange({ end: 3, dtype: "float32" }), () => arange(3, { dtype: "float32" })],
  ["linspace", () => linspace({ start: 0, end: 1, steps: 3 }), () => linspace(0, 1, 3)],
  ["linspace, half by name", () => linspace(0, 1, { steps: 3 }), () => linspace(0, 1, 3)],
  ["randint", drawn(() => randint({ low: 2, high: 9, size: [4] })), drawn(() => randint(2, 9, [4]))],
  ["randint to an end", drawn(() => randint({ high: 9, size: [4] })), drawn(() => randint(9, [4]))],
  ["randint, half by name", drawn(() => randint(2, 9, { size: [4] })), drawn(() => randint(2, 9, [4]))],
  ["normal", drawn(() => normal({ mean: 1, std: 2, size: [3] })), drawn(() => normal(1, 2, [3]))],
  ["normal of size alone", drawn(() => normal({ size: [3] })), drawn(() => normal(0, 1, [3]))],
  [
    "multinomial",
    drawn(() => multinomial(ones([4]), { numSamples: 3, replacement: true })),
    drawn(() => multinomial(ones([4]), 3, true)),
  ],
);

const line3 = tensor([1, 2, 4]), places = tensor([0, 1, 3]), square = rows.matmul(rows.t()).add(ones([2, 2]));
cases.push(
  ["trapezoid", () => trapezoid(line3, { x: places }), () => trapezoid(line3, places)],
  ["trapezoid of places, dim", () => trapezoid(rows, places, { dim: 1 }), () => trapezoid(rows, places)],
  ["trapezoid of numbers", () => trapezoid(line3, [0, 1, 3]), () => trapezoid(line3, places)],
  [
    "cumulative_trapezoid",
    () => cumulativeTrapezoid(line3, { x: places, dim: 0 }),
    () => cumulativeTrapezoid(line3, places),
  ],
  [
    "combinations",
    () => combinations(line3, { r: 2, withReplacement: true }),
    () => combinations(line3, 2, { withReplacement: true }),
  ],
  ["logspace", () => logspace({ start: 0, end: 1, steps: 3, base: 2 }), () => logspace(0, 1, 3, 2)],
  [
    "histogram",
    () => histogram(line3, { bins: 4, range: [0, 3] }).hist,
    () => histogram(line3, 4, { range: [0, 3] }).hist,
  ],
  [
    "histogramdd",
    () => histogramdd(rows, { bins: 2, density: true }).hist,
    () => histogramdd(rows, 2, { density: true }).hist,
  ],
  ["take_along_dim", () => rows.takeAlongDim(index, { dim: 1 }), () => rows.takeAlongDim(index, 1)],
  [
    "scatter_reduce",
    () => rows.scatterReduce(1, index, rows, { reduce: "amax", includeSelf: false }),
    () => rows.scatterReduce(1, index, rows, "amax", { includeSelf: false }),
  ],
  [
    "slice_scatter",
    () => rows.sliceScatter(ones([2, 1]), { dim: 1, start: 1, end: 3, step: 2 }),
    () => rows.sliceScatter(ones([2, 1]), 1, 1, 3, 2),
  ],
  ["broadcast_to, sizes one by one", () => rows.broadcastTo(2, 2, 3), () => rows.broadcastTo([2, 2, 3])],
  ["vander", () => vander(line3, { N: 2, increasing: true }), () => vander(line3, 2, { increasing: true })],
  ["linalg.vander", () => linalg.vander(line3, { N: 2 }), () => linalg.vander(line3, 2)],
  ["linalg.tensorinv", () => linalg.tensorinv(square, { ind: 1 }), () => linalg.tensorinv(square, 1)],
  [
    "repeat_interleave of a known size",
    () => rows.repeatInterleave([1, 2], { dim: 0, outputSize: 3 }),
    () => rows.repeatInterleave([1, 2], 0),
  ],
  ["size", () => tensor(rows.size({ dim: 1 })), () => tensor(rows.size(1))],
  [
    "einsum, numbers for letters",
    () => einsum(rows, ["...", 0], rows, [51, 0], ["...", 51]),
    () => einsum("ij,kj->ik", rows, rows),
  ],
  ["einsum, operands in a list", () => einsum("ij->j", [rows]), () => einsum("ij->j", rows)],
  [
    "ConvTranspose1d",
    () => transposed(line, { outputSize: [32] }),
    () => transposed(line, [32]),
  ],
  [
    "MaxUnpool2d",
    () => new MaxUnpool2d(2)(taken.values, taken.indices, { outputSize: [5, 5] }),
    () => new MaxUnpool2d(2)(taken.values, taken.indices, [5, 5]),
  ],
);

const logits = tensor([[1, -2, 0.5], [0, 3, -1]]),
  target = tensor([2n, 0n]),
  other = ones([2, 3]),
  side = ones([2]);
const logProbs = logits.logSoftmax(1);
cases.push(
  ["mse_loss", () => F.mseLoss(logits, { target: other }), () => F.mseLoss(logits, other)],
  [
    "l1_loss",
    () => F.l1Loss(logits, { target: other, reduction: "sum" }),
    () => F.l1Loss(logits, other, { reduction: "sum" }),
  ],
  [
    "smooth_l1_loss",
    () => F.smoothL1Loss(logits, { target: other, beta: 2 }),
    () => F.smoothL1Loss(logits, other, { beta: 2 }),
  ],
  [
    "huber_loss",
    () => F.huberLoss(logits, { target: other, delta: 2 }),
    () => F.huberLoss(logits, other, { delta: 2 }),
  ],
  [
    "binary_cross_entropy",
    () => F.binaryCrossEntropy(logits.sigmoid(), { target: other }),
    () => F.binaryCrossEntropy(logits.sigmoid(), other),
  ],
  [
    "binary_cross_entropy_with_logits",
    () => F.binaryCrossEntropyWithLogits(logits, { target: other, posWeight: tensor([2]) }),
    () => F.binaryCrossEntropyWithLogits(logits, other, { posWeight: tensor([2]) }),
  ],
  ["kl_div", () => F.klDiv(logProbs, { target: other }), () => F.klDiv(logProbs, other)],
  [
    "poisson_nll_loss",
    () => F.poissonNllLoss(logits, { target: other, full: true }),
    () => F.poissonNllLoss(logits, other, { full: true }),
  ],
  [
    "gaussian_nll_loss",
    () => F.gaussianNllLoss(logits, { target: other, var: other }),
    () => F.gaussianNllLoss(logits, other, other),
  ],
  [
    "nll_loss",
    () => F.nllLoss(logProbs, { target, ignoreIndex: 0 }),
    () => F.nllLoss(logProbs, target, { ignoreIndex: 0 }),
  ],
  [
    "cross_entropy",
    () => F.crossEntropy(logits, { target, labelSmoothing: 0.1 }),
    () => F.crossEntropy(logits, target, { labelSmoothing: 0.1 }),
  ],
  [
    "margin_ranking_loss",
    () => F.marginRankingLoss(side, { input2: side, target: side, margin: 1 }),
    () => F.marginRankingLoss(side, side, side, { margin: 1 }),
  ],
  [
    "cosine_embedding_loss",
    () => F.cosineEmbeddingLoss(logits, { input2: other, target: side }),
    () => F.cosineEmbeddingLoss(logits, other, side),
  ],
  [
    "hinge_embedding_loss",
    () => F.hingeEmbeddingLoss(logits, { target: other }),
    () => F.hingeEmbeddingLoss(logits, other),
  ],
  [
    "soft_margin_loss",
    () => F.softMarginLoss(logits, { target: other }),
    () => F.softMarginLoss(logits, other),
  ],
  [
    "multi_margin_loss",
    () => F.multiMarginLoss(logits, { target, p: 2 }),
    () => F.multiMarginLoss(logits, target, { p: 2 }),
  ],
  [
    "multilabel_soft_margin_loss",
    () => F.multilabelSoftMarginLoss(logits, { target: other }),
    () => F.multilabelSoftMarginLoss(logits, other),
  ],
  [
    "triplet_margin_loss",
    () => F.tripletMarginLoss(logits, { positive: other, negative: other, margin: 2 }),
    () => F.tripletMarginLoss(logits, other, other, { margin: 2 }),
  ],
  [
    "ctc_loss",
    () =>
      F.ctcLoss(logProbs.unsqueeze(1), {
        targets: tensor([[1n]]),
        inputLengths: [2],
        targetLengths: [1],
        reduction: "sum",
      }),
    () => F.ctcLoss(logProbs.unsqueeze(1), tensor([[1n]]), [2], [1], { reduction: "sum" }),
  ],
);

const columns = tensor([0n, 2n]), slices = ones([2, 2]);
cases.push(
  ["transpose", () => rows.transpose({ dim0: 0, dim1: 1 }), () => rows.transpose(0, 1)],
  ["transpose, half by name", () => transpose(rows, 0, { dim1: 1 }), () => rows.transpose(0, 1)],
  ["swapaxes", () => rows.swapaxes({ axis0: 0, axis1: 1 }), () => rows.transpose(0, 1)],
  ["swapdims", () => rows.swapdims({ dim0: 0, dim1: 1 }), () => rows.transpose(0, 1)],
  ["select", () => rows.select({ dim: 1, index: 2 }), () => rows.select(1, 2)],
  ["select, half by name", () => rows.select(1, { index: 2 }), () => rows.select(1, 2)],
  ["narrow", () => rows.narrow({ dim: 1, start: 1, length: 2 }), () => rows.narrow(1, 1, 2)],
  ["narrow, half by name", () => rows.narrow(1, 1, { length: 2 }), () => rows.narrow(1, 1, 2)],
  [
    "narrow from a tensor",
    () => rows.narrow(1, { start: tensor(1n), length: 2 }),
    () => rows.narrow(1, 1, 2),
  ],
  ["movedim", () => rows.movedim({ source: 0, destination: 1 }), () => rows.movedim(0, 1)],
  ["moveaxis", () => rows.moveaxis(0, { destination: 1 }), () => rows.movedim(0, 1)],
  ["permute", () => rows.permute({ dims: [1, 0] }), () => rows.permute(1, 0)],
  ["unflatten", () => rows.unflatten({ dim: 1, sizes: [3, 1] }), () => rows.unflatten(1, [3, 1])],
  ["reshape", () => reshape(rows, { shape: [3, 2] }), () => rows.reshape(3, 2)],
  ["tile", () => tile(rows, { dims: [2] }), () => rows.tile(2)],
  ["broadcast_to", () => broadcastTo(rows, { size: [2, 2, 3] }), () => rows.expand(2, 2, 3)],
  ["take", () => rows.take({ index: [5, 0] }), () => rows.take([5, 0])],
  ["masked_select", () => rows.maskedSelect({ mask }), () => rows.maskedSelect(mask)],
  [
    "masked_scatter",
    () => rows.maskedScatter({ mask, source: rows }),
    () => rows.maskedScatter(mask, rows),
  ],
  [
    "index_add",
    () => rows.indexAdd({ dim: 1, index: columns, source: slices, alpha: 2 }),
    () => rows.indexAdd(1, columns, slices, { alpha: 2 }),
  ],
  [
    "index_copy",
    () => rows.indexCopy(1, { index: columns, source: slices }),
    () => rows.indexCopy(1, columns, slices),
  ],
  [
    "index_reduce",
    () => rows.indexReduce({ dim: 1, index: columns, source: slices, reduce: "amax", includeSelf: false }),
    () => rows.indexReduce(1, columns, slices, "amax", { includeSelf: false }),
  ],
  [
    "index_put",
    () => rows.indexPut({ indices: [tensor([0n])], values: ones([1, 3]), accumulate: true }),
    () => rows.indexPut([tensor([0n])], ones([1, 3]), true),
  ],
  [
    "put",
    () => rows.put({ index: columns, source: ones([2]), accumulate: true }),
    () => rows.put(columns, ones([2]), true),
  ],
  [
    "select_scatter",
    () => rows.selectScatter({ src: ones([2]), dim: 1, index: 0 }),
    () => rows.selectScatter(ones([2]), 1, 0),
  ],
  [
    "diagonal_scatter",
    () => rows.diagonalScatter({ src: ones([2]), offset: 1 }),
    () => rows.diagonalScatter(ones([2]), 1),
  ],
  [
    "as_strided",
    () => rows.asStrided({ size: [2], stride: [2], storageOffset: 1 }),
    () => rows.asStrided([2], [2], 1),
  ],
  [
    "as_strided_scatter",
    () => rows.asStridedScatter(ones([2]), { size: [2], stride: [2] }),
    () => rows.asStridedScatter(ones([2]), [2], [2]),
  ],
  ["linalg.cond", () => linalg.cond(square, { p: 1 }), () => linalg.cond(square, 1)],
  ["matrix_power", () => square.matrixPower({ n: 2 }), () => square.matrixPower(2)],
  ["renorm", () => rows.renorm({ p: 2, dim: 0, maxnorm: 1 }), () => rows.renorm(2, 0, 1)],
);

const kernel = ones([2, 4, 2, 2]), shift = tensor([1, 2]);
cases.push(
  [
    "conv2d",
    () => F.conv2d(image, { weight: kernel, bias: shift, stride: 2 }),
    () => F.conv2d(image, kernel, shift, 2),
  ],
  ["conv2d without a bias", () => F.conv2d(image, { weight: kernel }), () => F.conv2d(image, kernel)],
  [
    "conv_transpose2d",
    () => F.convTranspose2d(image, { weight: ones([4, 2, 2, 2]), bias: shift, padding: 1 }),
    () => F.convTranspose2d(image, ones([4, 2, 2, 2]), shift, 1, 1),
  ],
  [
    "linear",
    () => F.linear(rows, { weight: ones([2, 3]), bias: shift }),
    () => F.linear(rows, ones([2, 3]), shift),
  ],
);

for (const [name, byName, byPosition] of cases) {
  Deno.test(`by name: ${name}`, () => assertEquals(byName().tolist(), byPosition().tolist()));
}

Deno.test("what is missing, unknown or given twice is named", () => {
  const wrong: [call: () => unknown, sentence: string][] = [
    [
      () => F.maxPool2d(image, { stride: 2 }),
      "max_pool2d() missing 1 required positional argument: 'kernelSize'",
    ],
    [
      () => F.lpPool2d(image, 2, { stride: 2 }),
      "lp_pool2d() missing 1 required positional argument: 'kernelSize'",
    ],
    [() => rows.topk({ dim: 1 }), "topk() missing 1 required positional argument: 'k'; given by name: dim"],
    [
      () => rows.gather(Object.fromEntries([["dim", 1]])),
      "gather() missing 1 required positional argument: 'index'; given by name: dim",
    ],
    [
      () => rows.gather({ dim: 1, index, ...Object.fromEntries([["sparse", true]]) }),
      "gather() got an unexpected keyword argument 'sparse'; it knows dim, index, and 'sparse' can only be false here",
    ],
    [
      () => Reflect.apply(rows.gather, rows, [1, index, 3]),
      "gather() takes 2 positional arguments but 3 were given",
    ],
    [
      () => linspace(0, 1, Object.fromEntries([["step", 3]])),
      "linspace() missing 1 required positional argument: 'steps'",
    ],
    [
      () => rows.repeatInterleave(2, { dim: 0, outputSize: 3 }),
      "allocated size does not match required size",
    ],
    [() => einsum(rows, [0, 52]), "subscript in subscript list is not within the valid range [0, 52)"],
    [() => einsum("ij"), "einsum(): must specify the equation string and at least one operand"],
    [() => arange({ start: 1 }), "arange() missing 1 required positional argument: 'end'"],
    [() => randint({ low: 1, size: [2] }), "'high' and 'size' are needed; given by name: low, size"],
    [
      () => F.layerNorm(rows, { eps: 1 }),
      "layer_norm() missing 1 required positional argument: 'normalizedShape'; given by name: eps",
    ],
    [
      () => F.maxPool2d(image, Object.fromEntries([["kernel_size", 2]])),
      "it knows kernelSize, stride, padding, dilation, ceilMode, returnIndices, and 'kernel_size' is 'kernelSize' here",
    ],
    [
      () => F.groupNorm(image, 2, Object.fromEntries([["numGroups", 2]])),
      "group_norm() got multiple values for argument 'numGroups'",
    ],
  ];
  for (const [call, sentence] of wrong) assertThrows(call, ValueError, sentence);
});

Deno.test("by name: what is missing or too much is said in PyTorch's words", () => {
  const call = (fn: unknown, ...args: unknown[]) => () => Reflect.apply(fn as () => unknown, rows, args);
  const wrong: [call: () => unknown, sentence: string][] = [
    [call(rows.transpose, 0), "transpose() missing 1 required positional argument: 'dim1'"],
    [call(rows.transpose), "transpose() missing 2 required positional arguments: 'dim0' and 'dim1'"],
    [
      call(rows.transpose, { dim0: 0 }),
      "missing 1 required positional argument: 'dim1'; given by name: dim0",
    ],
    [call(rows.select, 0, { dim: 1, index: 1 }), "select() got multiple values for argument 'dim'"],
    [call(rows.narrow, 1, 1), "narrow() missing 1 required positional argument: 'length'"],
    [call(rows.movedim, 0, 1, 2), "movedim() takes 2 positional arguments but 3 were given"],
    [call(rows.unflatten, { dim: 1, size: [3] }), "missing 1 required positional argument: 'sizes'"],
    [call(rows.indexAdd, 1, columns), "index_add() missing 1 required positional argument: 'source'"],
    [call(rows.take, { indices: [1] }), "take() missing 1 required positional argument: 'index'"],
  ];
  for (const [run, sentence] of wrong) assertThrows(run, ValueError, sentence);
});
