/**
 * Second derivatives of composed operations: the gradient of a projection of the gradient against differences of it in float64. The rules of the
 * primitives are checked in core/prim; here stand operations that compose them with care for branches, detached parts and repeated use.
 */
import { assert } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { grad, type Tensor, tensor } from "../../../core/mod.ts";
import { onCpu, widest, within } from "../precision.ts";

/** Numbers that look random, in (-1.5, 1.5), and the same in every run. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (state * 48271) % 0x7fffffff;
    return 3 * (state / 0x7fffffff) - 1.5;
  });
}

function random(shape: readonly number[], seed: number): Tensor {
  return tensor(numbers(shape.reduce((a, b) => a * b, 1), seed), { shape, dtype: widest() });
}

const int = (values: number[]) => tensor(values, { dtype: "int64" });
const weight = () => random([3, 2, 2, 2], 7), points = () => random([1, 2, 2, 2], 9).mul(0.6);
const probabilities = (x: Tensor) => core.softmax(x, 1);

/** Smooth where the arguments are; each takes a tensor of the shape beside it. */
const cases: Readonly<Record<string, readonly [readonly number[], (x: Tensor) => Tensor]>> = {
  conv2d: [[1, 2, 4, 4], (x) => core.conv2d(x, weight(), null, { stride: 2, padding: 1 }).pow(2)],
  "conv2d in its weight": [
    [3, 2, 2, 2],
    (w) => core.conv2d(random([1, 2, 4, 4], 3), w, null, { dilation: 2 }).pow(2),
  ],
  convTranspose2d: [[1, 3, 2, 2], (x) => core.convTranspose2d(x, weight(), null, { stride: 2 }).pow(2)],
  maxPool2d: [[1, 1, 4, 4], (x) => core.maxPool2d(x, 2).pow(3)],
  "maxPool2d with indices": [
    [1, 1, 5, 5],
    (x) => core.maxPool2d(x, 3, { stride: 2, padding: 1, returnIndices: true }).values.pow(3),
  ],
  avgPool2d: [
    [1, 1, 5, 5],
    (x) => core.avgPool2d(x, 3, { stride: 2, padding: 1, countIncludePad: false }).pow(3),
  ],
  lpPool2d: [[1, 1, 4, 4], (x) => core.lpPool2d(x.add(2), 3, 2)],
  adaptiveAvgPool1d: [[1, 1, 5], (x) => core.adaptiveAvgPool1d(x, 3).pow(3)],
  unfold: [[1, 1, 3, 3], (x) => core.unfold(x, 2).pow(3)],
  fold: [[1, 4, 4], (x) => core.fold(x, 3, 2).pow(3)],
  "pad by reflection": [[1, 2, 3], (x) => core.pad(x, [2, 1], "reflect").pow(3)],
  "interpolate, bicubic": [
    [1, 1, 3, 3],
    (x) => core.interpolate(x, { size: [5, 4], mode: "bicubic" }).pow(3),
  ],
  gridSample: [[1, 1, 3, 3], (x) => core.gridSample(x, points()).pow(3)],
  "gridSample in its grid": [
    [1, 2, 2, 2],
    (g) => core.gridSample(random([1, 1, 4, 4], 5), g.mul(0.5), { mode: "bicubic" }).pow(2),
  ],
  embedding: [[4, 2], (w) => core.embedding(int([1, 3, 1]), w, { paddingIdx: 3 }).pow(3)],
  embeddingBag: [[4, 2], (w) => core.embeddingBag(int([1, 3, 1]), w, int([0, 1])).pow(3)],
  crossEntropy: [[3, 4], (x) => core.crossEntropy(x, int([0, 3, 1]), { labelSmoothing: 0.1 })],
  "crossEntropy, probabilities": [[3, 4], (x) => core.crossEntropy(x, probabilities(random([3, 4], 8)))],
  binaryCrossEntropyWithLogits: [
    [2, 3],
    (x) => core.binaryCrossEntropyWithLogits(x, core.sigmoid(random([2, 3], 4))),
  ],
  smoothL1Loss: [[5], (x) => core.smoothL1Loss(x, random([5], 2).mul(2), { reduction: "sum" })],
  klDiv: [
    [2, 3],
    (x) => core.klDiv(core.logSoftmax(x, 1), probabilities(random([2, 3], 6)), { reduction: "sum" }),
  ],
  cosineSimilarity: [[2, 3], (x) => core.cosineSimilarity(x, random([2, 3], 3))],
  ctcLoss: [
    [4, 1, 3],
    (x) => core.ctcLoss(core.logSoftmax(x, 2), int([1, 2]).reshape([1, 2]), [4], [2], { reduction: "sum" }),
  ],
  scaledDotProductAttention: [
    [1, 3, 2],
    (x) => core.scaledDotProductAttention(x, x.mul(2), x.add(1), { isCausal: true }),
  ],
  layerNorm: [[2, 4], (x) => core.layerNorm(x, [4]).pow(3)],
  logsumexp: [[2, 3], (x) => core.logsumexp(x, 1).pow(2)],
  softmax: [[2, 3], (x) => core.softmax(x, 1).pow(2)],
  norm: [[2, 3], (x) => core.norm(x, 3, 1)],
  prod: [[2, 3], (x) => core.prod(x, 1)],
  cumprod: [[4], (x) => core.cumprod(x, 0)],
  std: [[2, 3], (x) => core.std(x, 1)],
  polygamma: [[3], (x) => core.polygamma(2, x.abs().add(1))],
  i1: [[3], (x) => core.special.i1(x)],
  matrixExp: [[3, 3], (x) => core.matrixExp(x).pow(2)],
  qr: [[3, 2], (x) => core.qr(x).R.pow(2)],
  cholesky: [[2, 2], (x) => core.cholesky(x.matmul(x.mT).add(core.eye(2, 2, { dtype: widest() })))],
  pinv: [[3, 2], (x) => core.pinverse(x).pow(2)],
};

/** The gradient of a projection of `fn`, projected in turn. */
function slope(fn: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const loss = (t: Tensor) => {
    const y = fn(t);
    return y.mul(random(y.shape, 17)).sum();
  };
  return grad(loss)(x).mul(random(x.shape, 13)).sum();
}

for (const [name, [shape, fn]] of Object.entries(cases)) {
  Deno.test(`second derivative of ${name}`, () => {
    const found = grad((x: Tensor) => slope(fn, x))(random(shape, 11)).toTypedArray();
    const values = numbers(found.length, 11), h = 1e-5;
    values.forEach((_, i) => {
      const at = (by: number) =>
        onCpu(() => slope(fn, tensor(values.map((v, k) => k === i ? v + by : v), { shape })).item());
      const measured = (at(h) - at(-h)) / (2 * h);
      assert(
        Math.abs(Number(found[i]) - measured) <= within(2e-5, 2e-4) * (1 + Math.abs(measured)),
        `element ${i}: ${found[i]}, but differences give ${measured}`,
      );
    });
  });
}
