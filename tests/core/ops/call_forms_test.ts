/**
 * The forms in which a call may be written: what PyTorch takes by position can be named in the last record, and 0-d tensors stand where
 * PyTorch reads a number. Wrong forms are refused with the right one.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as t from "../../../core/mod.ts";
import { ShapeError, type Tensor, tensor, ValueError } from "../../../core/mod.ts";

const x = tensor([[3, -1, 2], [0.5, 4, -2]]), image = t.arange(32, { dtype: "float32" }).reshape(1, 2, 4, 4);
const weight = t.ones([4, 2, 3, 3]), bias = tensor([1, 2, 3, 4]), two = tensor(2n), half = tensor(0.5);

/** Values, dtype and shape of a result, which may hold several tensors. */
function seen(y: Tensor | Iterable<Tensor>): unknown {
  return y instanceof t.Tensor ? [y.tolist(), y.dtype, y.shape] : [...y].map(seen);
}

type Form = readonly [
  name: string,
  named: () => Tensor | Iterable<Tensor>,
  placed: () => Tensor | Iterable<Tensor>,
];

const names: readonly Form[] = [
  ["sum", () => t.sum(x, { dim: 1, keepdim: true }), () => t.sum(x, 1, { keepdim: true })],
  ["sum dtype", () => x.sum({ dtype: "float16" }), () => x.sum(null, { dtype: "float16" })],
  ["mean", () => x.mean({ dim: [0, 1] }), () => x.mean([0, 1])],
  ["prod", () => x.prod({ dim: 0 }), () => x.prod(0)],
  ["amax", () => x.amax({ dim: 1 }), () => x.amax(1)],
  ["max", () => x.max({ dim: 1, keepdim: true }), () => x.max(1, { keepdim: true })],
  ["min", () => t.min(x, { dim: 0 }), () => t.min(x, 0)],
  ["argmax", () => x.argmax({ dim: 1 }), () => x.argmax(1)],
  ["any", () => x.any({ dim: 1 }), () => x.any(1)],
  ["std", () => x.std({ dim: 1, unbiased: false }), () => x.std(1, { unbiased: false })],
  ["std of all", () => x.std({ unbiased: false }), () => x.std(null, { unbiased: false })],
  ["var", () => t.var(x, { dim: 1, correction: 0 }), () => t.var(x, 1, { correction: 0 })],
  ["logsumexp", () => x.logsumexp({ dim: 1 }), () => x.logsumexp(1)],
  ["median", () => x.median({ dim: 1 }), () => x.median(1)],
  ["quantile", () => x.quantile(0.5, { dim: 1 }), () => x.quantile(0.5, 1)],
  ["norm", () => x.norm({ p: 1, dim: 1 }), () => x.norm(1, 1)],
  ["norm of p", () => x.norm(1, { dim: 1, keepdim: true }), () => x.norm(1, 1, { keepdim: true })],
  ["cumsum", () => x.cumsum({ dim: 1 }), () => x.cumsum(1)],
  ["softmax", () => t.softmax(x, { dim: 0 }), () => t.softmax(x, 0)],
  [
    "logSoftmax",
    () => x.logSoftmax({ dim: 0, dtype: "float16" }),
    () => x.logSoftmax(0, { dtype: "float16" }),
  ],
  ["sort", () => x.sort({ descending: true }), () => x.sort(-1, { descending: true })],
  ["argsort", () => x.argsort({ dim: 0 }), () => x.argsort(0)],
  ["topk", () => x.topk(1, { dim: 0, largest: false }), () => x.topk(1, 0, { largest: false })],
  ["cat", () => t.cat([x, x], { dim: 1 }), () => t.cat([x, x], 1)],
  ["stack", () => t.stack([x, x], { dim: 1 }), () => t.stack([x, x], 1)],
  ["split", () => x.split(1, { dim: 1 }), () => x.split(1, 1)],
  ["chunk", () => x.chunk(3, { dim: 1 }), () => x.chunk(3, 1)],
  ["flatten", () => image.flatten({ startDim: 1 }), () => image.flatten(1)],
  ["unsqueeze", () => x.unsqueeze({ dim: 1 }), () => x.unsqueeze(1)],
  ["flip", () => x.flip({ dims: [0] }), () => x.flip([0])],
  ["roll", () => x.roll(1, { dims: 0 }), () => x.roll(1, 0)],
  ["tril", () => x.tril({ diagonal: 1 }), () => x.tril(1)],
  ["diagonal", () => x.diagonal({ offset: 1 }), () => x.diagonal(1)],
  ["repeatInterleave", () => x.repeatInterleave(2, { dim: 1 }), () => x.repeatInterleave(2, 1)],
  ["clamp", () => x.clamp({ max: 1 }), () => x.clamp(null, 1)],
  ["arange", () => t.arange(3, { dtype: "float64" }), () => t.arange(0, 3, 1, { dtype: "float64" })],
  ["arange step", () => t.arange(0, { end: 6, step: 2 }), () => t.arange(0, 6, 2)],
  ["logspace", () => t.logspace(0, 1, 3, { base: 2 }), () => t.logspace(0, 1, 3, 2)],
  ["eye", () => t.eye(2, { dtype: "int64" }), () => t.eye(2, 2, { dtype: "int64" })],
  ["pad", () => t.pad(x, [1, 1], { value: 7 }), () => t.pad(x, [1, 1], "constant", 7)],
  ["oneHot", () => t.oneHot(tensor([0n, 1n]), { numClasses: 3 }), () => t.oneHot(tensor([0n, 1n]), 3)],
  [
    "conv2d",
    () => t.conv2d(image, weight, { padding: 1 }),
    () => t.conv2d(image, weight, null, { padding: 1 }),
  ],
  [
    "conv2d bias",
    () => t.conv2d(image, weight, { bias, stride: 2 }),
    () => t.conv2d(image, weight, bias, { stride: 2 }),
  ],
  ["layerNorm", () => t.layerNorm(x, [3], { eps: 1 }), () => t.layerNorm(x, [3], null, null, { eps: 1 })],
  ["linear", () => t.linear(x, t.ones([4, 3]), { bias }), () => t.linear(x, t.ones([4, 3]), bias)],
  ["dropout", () => t.dropout(x, { training: false }), () => t.dropout(x, 0.5, false)],
  ["dropout p", () => t.dropout(x, 0.5, { training: false }), () => t.dropout(x, 0.5, false)],
  ["dropout in place", () => t.dropout(x, { p: 1, inplace: true }), () => t.dropout(x, 1)],
  ["relu in place", () => t.relu(x, { inplace: true }), () => t.relu(x)],
  ["leakyRelu", () => t.leakyRelu(x, { negativeSlope: 0.5 }), () => t.leakyRelu(x, 0.5)],
  ["elu", () => t.elu(x, 2, { inplace: false }), () => t.elu(x, 2)],
  ["hardtanh", () => t.hardtanh(x, -2, { maxVal: 3 }), () => t.hardtanh(x, -2, 3)],
  ["softplus", () => t.softplus(x, { beta: 2 }), () => t.softplus(x, 2)],
  ["hardshrink", () => t.hardshrink(x, { lambd: 2 }), () => t.hardshrink(x, 2)],
  ["cdist", () => t.cdist(x, x, { p: 1 }), () => t.cdist(x, x, 1)],
  ["tensordot", () => t.tensordot(x, x.t(), { dims: 1 }), () => t.tensordot(x, x.t(), 1)],
];

const settings: readonly Form[] = [
  [
    "conv2d",
    () => t.conv2d(image, weight, bias, 2, 1),
    () => t.conv2d(image, weight, bias, { stride: 2, padding: 1 }),
  ],
  [
    "convTranspose2d",
    () => t.convTranspose2d(image, t.ones([2, 1, 3, 3]), null, 2, 1),
    () => t.convTranspose2d(image, t.ones([2, 1, 3, 3]), { stride: 2, padding: 1 }),
  ],
  ["avgPool2d", () => t.avgPool2d(image, 2, 2, 1), () => t.avgPool2d(image, 2, { stride: 2, padding: 1 })],
  ["maxPool2d", () => t.maxPool2d(image, 3, 1, 1), () => t.maxPool2d(image, 3, { stride: 1, padding: 1 })],
  ["normalize", () => t.normalize(x, 1, 0), () => t.normalize(x, { p: 1, dim: 0 })],
  [
    "cosineSimilarity",
    () => t.cosineSimilarity(x, x.neg(), 0),
    () => t.cosineSimilarity(x, x.neg(), { dim: 0 }),
  ],
  [
    "pairwiseDistance",
    () => t.pairwiseDistance(x, x.neg(), 1),
    () => t.pairwiseDistance(x, x.neg(), { p: 1 }),
  ],
  ["interpolate", () => t.interpolate(image, [2, 2]), () => t.interpolate(image, { size: [2, 2] })],
  [
    "interpolate by a factor",
    () => t.interpolate(image, null, 2, "bilinear"),
    () => t.interpolate(image, { scaleFactor: 2, mode: "bilinear" }),
  ],
  ["layerNorm", () => t.layerNorm(x, [3], null, null, 1), () => t.layerNorm(x, [3], { eps: 1 })],
  [
    "batchNorm",
    () => t.batchNorm(x, null, null, null, null, true, 0.1, 1).output,
    () => t.batchNorm(x, null, null, { training: true, eps: 1 }).output,
  ],
  [
    "crossEntropy",
    () => t.crossEntropy(x, tensor([0n, 1n]), tensor([1, 2, 3])),
    () => t.crossEntropy(x, tensor([0n, 1n]), { weight: tensor([1, 2, 3]) }),
  ],
  ["isclose", () => t.isclose(x, x.add(1), 1, 1), () => t.isclose(x, x.add(1), { rtol: 1, atol: 1 })],
  [
    "scaledDotProductAttention",
    () => t.scaledDotProductAttention(x, x, x, null, 0, true),
    () => t.scaledDotProductAttention(x, x, x, { isCausal: true }),
  ],
];

/** PyTorch's names for max pooling with the places, and for two modes of interpolation. */
const seconds: readonly Form[] = [
  [
    "maxPool1dWithIndices",
    () => t.maxPool1dWithIndices(image.select(0, 0), 2, 1),
    () => t.maxPool1d(image.select(0, 0), 2, { stride: 1, returnIndices: true }),
  ],
  [
    "maxPool2dWithIndices",
    () => t.maxPool2dWithIndices(image, 3, { padding: 1 }),
    () => t.maxPool2d(image, 3, { padding: 1, returnIndices: true }),
  ],
  [
    "maxPool3dWithIndices",
    () => t.maxPool3dWithIndices(image, 2),
    () => t.maxPool3d(image, 2, { returnIndices: true }),
  ],
  [
    "adaptiveMaxPool1dWithIndices",
    () => t.adaptiveMaxPool1dWithIndices(x.unsqueeze(0), 2),
    () => t.adaptiveMaxPool1d(x.unsqueeze(0), 2, { returnIndices: true }),
  ],
  [
    "adaptiveMaxPool2dWithIndices",
    () => t.adaptiveMaxPool2dWithIndices(image, 3),
    () => t.adaptiveMaxPool2d(image, 3, { returnIndices: true }),
  ],
  [
    "adaptiveMaxPool3dWithIndices",
    () => t.adaptiveMaxPool3dWithIndices(image, 2),
    () => t.adaptiveMaxPool3d(image, 2, { returnIndices: true }),
  ],
  [
    "fractionalMaxPool2dWithIndices",
    () =>
      t.fractionalMaxPool2dWithIndices(image, 2, { outputSize: 2, randomSamples: t.full([1, 2, 2], 0.5) }),
    () =>
      t.fractionalMaxPool2d(image, 2, {
        outputSize: 2,
        randomSamples: t.full([1, 2, 2], 0.5),
        returnIndices: true,
      }),
  ],
  [
    "upsampleNearest",
    () => t.upsampleNearest(image, null, 2),
    () => t.interpolate(image, { scaleFactor: 2 }),
  ],
  [
    "upsampleBilinear",
    () => t.upsampleBilinear(image, { size: 7 }),
    () => t.interpolate(image, { size: 7, mode: "bilinear", alignCorners: true }),
  ],
];

for (const [name, second, first] of seconds) {
  Deno.test(`${name}: a second name`, () => assertEquals(seen(second()), seen(first())));
}

for (const [name, placed, named] of settings) {
  Deno.test(`${name}: settings by position are those by name`, () =>
    assertEquals(seen(placed()), seen(named())));
}

for (const [name, named, placed] of names) {
  Deno.test(`${name}: arguments by name are those by position`, () =>
    assertEquals(seen(named()), seen(placed())));
}

const numbers: readonly Form[] = [
  ["full", () => t.full([2], half), () => tensor([0.5, 0.5])],
  ["full of a whole number is int64", () => t.full([1], two), () => tensor([2n])],
  ["full of a bool", () => t.full([1], tensor(true)), () => tensor([true])],
  ["fullLike", () => t.fullLike(bias, two), () => tensor([2, 2, 2, 2])],
  ["newFull", () => bias.newFull([1], two), () => tensor([2])],
  ["arange", () => t.arange(two), () => tensor([0n, 1n])],
  ["arange of a float", () => t.arange(tensor(2)), () => tensor([0, 1])],
  ["linspace", () => t.linspace(half, two, 2), () => tensor([0.5, 2])],
  ["add", () => bias.add(bias, { alpha: two }), () => bias.mul(3)],
  ["sub", () => bias.sub(bias, { alpha: half }), () => bias.mul(0.5)],
  [
    "addcmul",
    () => t.addcmul(bias, bias, bias, { value: half }),
    () => t.addcmul(bias, bias, bias, { value: 0.5 }),
  ],
  ["addmm", () => t.addmm(x, t.eye(2), x, { beta: two, alpha: half }), () => x.mul(2.5)],
  ["tensor", () => tensor([[half, 1], [two, tensor([4])]]), () => tensor([[0.5, 1], [2, 4]])],
  [
    "tensor of wide numbers",
    () => tensor([tensor(1, { dtype: "float64" }), half]),
    () => tensor([1, 0.5], { dtype: "float64" }),
  ],
  ["tensor of whole numbers", () => tensor([two, true]), () => tensor([2n, 1n])],
  ["tensor of gradients", () => tensor([tensor(1, { requiresGrad: true })]), () => tensor([1])],
];

for (const [name, read, plain] of numbers) {
  Deno.test(`${name}: the number of a 0-d tensor is read`, () => assertEquals(seen(read()), seen(plain())));
}

const rows = tensor([[1, 2], [3, 4]]), product = (a: Tensor, b: Tensor) => a.mul(b).sum();

const alone: readonly Form[] = [
  ["to", () => x.to("cpu", "float64"), () => x.to({ device: "cpu", dtype: "float64" })],
  [
    "to, without waiting",
    () => x.to("cpu", { nonBlocking: true }),
    () => x.to({ device: "cpu", nonBlocking: true }),
  ],
  ["vmap", () => t.vmap((v: Tensor) => v.sum(), 1)(rows), () => rows.sum(0)],
  [
    "vmap of two",
    () => t.vmap(product, [0, null])(rows, rows),
    () => t.vmap(product, { inDims: [0, null] })(rows, rows),
  ],
  ["grad", () => t.grad(product, 1)(rows, rows.mul(2)) as Tensor, () => rows],
  ["valueAndGrad", () => t.valueAndGrad(product, 1)(rows, rows.mul(2))[1] as Tensor, () => rows],
];

for (const [name, value, record] of alone) {
  Deno.test(`${name}: the option that is meant may stand alone`, () =>
    assertEquals(seen(value()), seen(record())));
}

Deno.test("backward takes retainGraph alone, and everything by name", () => {
  const w = tensor([1, 2], { requiresGrad: true }), y = w.mul(3);
  y.sum().backward({ retainGraph: true });
  y.backward(t.ones([2]), true);
  y.backward({ gradient: t.ones([2]) });
  assertEquals(w.grad?.tolist(), [9, 9]);
});

/** What an unchecked program would write. */
const wrong = <T>(value: unknown) => value as T;

const refused: readonly (readonly [call: () => unknown, sentence: string])[] = [
  [() => tensor([x]), "only one element tensors can be converted to Python scalars"],
  [() => tensor([x]), "stack([a, b]) joins tensors"],
  [() => t.full([2], bias), "full(): argument 'fill_value' must be Number, not Tensor of shape [4]"],
  [() => t.arange(tensor(3, { requiresGrad: true })), "its gradient would be lost: pass .detach()"],
  [() => x.sum(wrong(two)), "sum(): argument 'dim' must be int, not Tensor; .item() reads its number"],
  [() => x.topk(1, wrong(two)), "topk(): argument 'dim' must be int, not Tensor; .item() reads its number"],
  [() => x.sum(1, wrong(true)), "such as { keepdim: true }, but got true"],
  [() => x.std(1, wrong(false)), "such as { unbiased: false }, but got false"],
  [() => x.sort(1, wrong(true)), "such as { descending: true }, but got true"],
  [
    () => t.conv2d(image, weight, null, 1, 1, 1, 1, ...wrong<[]>([2])),
    "conv2d: too many arguments by position",
  ],
  [() => t.cat([wrong(x.at(0))]), "x.at(...) is a place to write to; x.get(...) reads it"],
  [() => x.add(wrong(x.at(0))), "x.at(...) is a place to write to; x.get(...) reads it"],
  [
    () => t.vmap((v: Tensor) => v, 1, ...wrong<[]>([1])),
    "vmap() takes 2 positional arguments but 3 were given",
  ],
  [() => x.to("cpu", wrong(true)), 'to: "true" is neither a dtype nor a device'],
  [() => t.relu(x, wrong(true)), "such as { inplace: true }, but got true"],
  [() => t.mseLoss(x, x, wrong(bias)), "such as { reduction: ... }, but got Tensor"],
  [() => t.crossEntropy(x, tensor([0n, 1n]), null, ...wrong<[]>([true])), "too many arguments by position"],
  [() => t.avgPool2d(image, 2, 2, ...wrong<[]>([0, false, true, null, 1])), "too many arguments by position"],
  [() => t.normalize(x, 2, { p: 2 }), "normalize: got multiple values for argument 'p'"],
  [() => t.softmax(x, wrong({ axis: 1 })), "softmax() got an unexpected keyword argument 'axis'"],
  [() => t.cat([x, x], wrong({ axis: 1 })), "cat() got an unexpected keyword argument 'axis'; it knows dim"],
  [() => t.dropout(x, 0.5, { p: 0.5 }), "dropout() got multiple values for argument 'p'"],
  [() => x.sum({ dim: 1 }, { keepdim: true }), "but after { dim } follows { keepdim }"],
  [() => t.softplus(x, wrong(2n)), "softplus(): argument 'beta' must be float, not the bigint 2n"],
  [() => t.softshrink(x, wrong(1n)), "softshrink(): argument 'lambd' must be float, not the bigint 1n"],
  [() => t.threshold(x, wrong(1n), 2), "threshold(): argument 'threshold' must be float, not the bigint 1n"],
];

Deno.test("wrong forms are refused, with the right one", () => {
  for (const [call, sentence] of refused) assertThrows(call, t.TenonError, sentence);
  assertThrows(() => tensor([x]), ShapeError);
  assertThrows(() => t.full([2], bias), ValueError);
});
