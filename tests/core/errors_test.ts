/**
 * The common mistakes: each throws the class that errors.ts says, and begins with PyTorch's sentence (tests/fixtures/errors.py).
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as t from "../../core/mod.ts";
import type { Tensor } from "../../core/mod.ts";
import * as nn from "../../nn/mod.ts";

const fixture: Record<string, [string, string]> = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/errors.json", import.meta.url)),
);

const { optim } = nn;
const ones = (...shape: number[]) => t.ones(shape);
const long = (values: t.NestedArray) => t.tensor(values, { dtype: "int64" });
const leaf = (...shape: number[]) => t.ones(shape, { requiresGrad: true });
const x = ones(2, 5), y = ones(4, 8), v = ones(3), i = t.arange(3), b = t.tensor([true, false]);
const img = ones(1, 2, 6, 6), one = t.tensor(1);
const load = (state: Record<string, Tensor>) => new nn.Linear(3, 2).loadStateDict(state);

type Mistake = () => unknown;
const { ShapeError, DTypeError, IndexError, ValueError, DeviceError, GradError, LoadError } = t;

const shape: Record<string, Mistake> = {
  backwardGradShape: () => leaf(2).mul(2).backward(v),
  indexSelectDim: () => t.indexSelect(x, 0, long([[0]])),
  addShapes: () => ones(2, 3).add(ones(2, 4)),
  addRanks: () => ones(3).add(ones(2, 4)),
  mulShapes: () => ones(2, 3, 4).mul(ones(3, 3, 4)),
  whereShapes: () => t.where(v.gt(0), ones(2), ones(2)),
  matmul: () => x.matmul(y),
  matmul3: () => ones(2, 3, 4).matmul(ones(2, 5, 6)),
  matmulVector: () => x.matmul(v),
  matmulScalar: () => x.matmul(one),
  mmRank: () => t.mm(x, v),
  mmRank1: () => t.mm(v, x),
  bmmBatch: () => t.bmm(ones(2, 3, 4), ones(3, 4, 5)),
  mvShapes: () => t.mv(x, v),
  dotShapes: () => t.dot(v, ones(4)),
  dotRank: () => t.dot(x, x),
  linear: () => t.linear(x, ones(3, 4)),
  layerLinear: () => new nn.Linear(3, 2).forward(ones(2, 4)),
  einsumSizes: () => t.einsum("ij,jk->ik", x, y),
  einsumRank: () => t.einsum("ijk->i", x),
  reshape: () => x.reshape(3, 4),
  reshapeInfer: () => x.reshape(3, -1),
  reshapeTwo: () => x.reshape(-1, -1),
  view: () => x.view(7),
  expand: () => v.expand(2, 4),
  expandRank: () => x.expand(5),
  permuteCount: () => x.permute(0),
  unflatten: () => ones(6).unflatten(0, [4, 2]),
  gatherRank: () => x.gather(1, long([1])),
  splitSizes: () => x.split([1, 2], 1),
  catRanks: () => t.cat([x, v]),
  catSizes: () => t.cat([x, ones(2, 4)]),
  catScalar: () => t.cat([one]),
  stackSizes: () => t.stack([ones(2), ones(3)]),
  tRank: () => ones(1, 2, 3).t(),
  itemMany: () => x.item(),
  ragged: () => t.tensor([[1, 2], [3]]),
  convChannels: () => t.conv2d(img, ones(3, 4, 3, 3)),
  convKernel: () => t.conv2d(img, ones(3, 2, 9, 9)),
  convRank: () => t.conv2d(ones(2, 3), ones(3, 2, 3, 3)),
  poolSize: () => t.maxPool2d(ones(1, 1, 1, 1), 2),
  padReflect: () => t.pad(ones(1, 1, 2, 2), [3, 3, 0, 0], "reflect"),
  layerNormShape: () => t.layerNorm(x, [4]),
  batchNormRank: () => new nn.BatchNorm2d(3).forward(x),
  groupNormChannels: () => t.groupNorm(ones(1, 5, 2, 2), 2),
  mseSizes: () => t.mseLoss(x, y),
  nllBatch: () => t.nllLoss(x.logSoftmax(1), long([0])),
  bceSizes: () => t.binaryCrossEntropy(ones(2), ones(3)),
};

const dtype: Record<string, Mistake> = {
  matmulDtypes: () => ones(2, 2).matmul(ones(2, 2).long()),
  gatherDtype: () => x.gather(1, ones(1, 1)),
  embeddingDtype: () => t.embedding(ones(2), x),
  oneHotDtype: () => t.oneHot(ones(2), 2),
  maskedSelectDtype: () => t.maskedSelect(x, ones(2, 5)),
  meanLong: () => i.mean(),
  stdLong: () => t.std(i),
  normLong: () => t.norm(i),
  softmaxLong: () => t.softmax(i, 0),
  argmaxBool: () => t.argmax(b),
  subBool: () => b.sub(b),
  subBoolOther: () => b.sub(1),
  negBool: () => b.neg(),
  andFloat: () => t.bitwiseAnd(x, x),
  shiftFloat: () => t.bitwiseLeftShift(x, 1),
  remainderBool: () => t.remainder(b, b),
  reluBool: () => t.relu(b),
  hardtanhBool: () => t.hardtanh(b),
  klDivLong: () => t.klDiv(i, i, { reduction: "sum" }),
  lerpDtype: () => x.lerp(x.double(), 0.5),
  randIntDtype: () => t.rand([2], { dtype: "int64" }),
  gradInt: () => i.requiresGrad_(),
  crossEntropyDtype: () => t.crossEntropy(x, ones(2)),
};

const range: Record<string, Mistake> = {
  dimTwice: () => x.sum([0, 0]),
  dimRange: () => x.sum(2),
  unbindScalar: () => t.unbind(one),
  dimNegative: () => x.sum(-3),
  dimScalar: () => one.sum(1),
  squeezeDim: () => x.squeeze(3),
  transposeDim: () => x.transpose(0, 2),
  softmaxDim: () => x.softmax(2),
  sizeDim: () => x.size(2),
  index: () => x.get(2),
  indexSecond: () => x.get(0, 5),
  indexNegative: () => x.get(-3),
  indexMany: () => x.get(0, 0, 0),
  indexScalar: () => one.get(0),
  indexTensor: () => x.get(long([5])).tolist(),
  indexFloat: () => x.get(t.tensor([0.5])),
  indexMask: () => x.get(t.tensor([true, false, true])),
  selectRange: () => x.select(0, 5),
  selectScalar: () => one.select(0, 0),
  narrow: () => x.narrow(0, 1, 3),
  gatherRange: () => x.gather(1, long([[9]])).tolist(),
  indexSelectRange: () => t.indexSelect(x, 0, long([4])).tolist(),
  scatterRange: () => t.scatter(x, 1, long([[9]]), 1).tolist(),
  embeddingRange: () => t.embedding(long([9]), x).tolist(),
  takeRange: () => t.take(x, long([99])).tolist(),
  topk: () => t.topk(v, 4),
  kthvalue: () => t.kthvalue(v, 0),
  boolMany: () => t.max(x.narrow(0, 0, 0)),
  argmaxEmpty: () => t.argmax(ones(0)),
  maxEmptyDim: () => t.max(ones(2, 0), 1),
  nllTarget: () => t.nllLoss(x.logSoftmax(1), long([0, 9])).item(),
};

const value: Record<string, Mistake> = {
  einsumCount: () => t.einsum("ij,jk->ik", x),
  einsumOutput: () => t.einsum("ij->k", x),
  permuteTwice: () => x.permute(0, 0),
  flattenOrder: () => x.flatten(1, 0),
  oneHotRange: () => t.oneHot(long([3]), 2).tolist(),
  splitSize: () => x.split(-1),
  chunks: () => x.chunk(0),
  catEmpty: () => t.cat([]),
  stackEmpty: () => t.stack([]),
  powNegative: () => i.pow(-1),
  divZero: () => i.floorDivide(0),
  clampNone: () => x.clamp(),
  negativeSize: () => t.zeros([-1]),
  arangeStep: () => t.arange(0, 5, 0),
  arangeSign: () => t.arange(5, 0),
  linspaceSteps: () => t.linspace(0, 1, -1),
  randintEmpty: () => t.randint(5, 5, [2]),
  poissonNegative: () => t.poisson(t.tensor([-1])),
  bernoulliRange: () => t.bernoulli(t.tensor([1.5])),
  normalStd: () => t.normal(0, -1, [2]),
  multinomialMany: () => t.multinomial(v, 4),
  multinomialNegative: () => t.multinomial(t.tensor([1, -1]), 1),
  dropoutP: () => t.dropout(x, 1.5),
  uniformOrder: () => t.uniform([2], 1, 0),
  permNegative: () => t.randperm(-1),
  convGroups: () => new nn.Conv2d(3, 4, 3, { groups: 2 }),
  batchNormOne: () => t.batchNorm(ones(1, 3), null, null, { training: true }),
  embeddingHeads: () => new nn.MultiheadAttention(5, 2),
  reduction: () => t.mseLoss(x, x, { reduction: "total" as "sum" }),
  optimEmpty: () => new optim.SGD([], { lr: 0.1 }),
  optimLr: () => new optim.SGD([new nn.Parameter(ones(1))], { lr: -1 }),
  nesterov: () => new optim.SGD([new nn.Parameter(ones(1))], { lr: 0.1, nesterov: true }),
  adamBeta: () => new optim.Adam([new nn.Parameter(ones(1))], { betas: [1, 0.9] }),
  adamEps: () => new optim.Adam([new nn.Parameter(ones(1))], { eps: -1 }),
  rngSize: () => t.setRngState(t.zeros([10], { dtype: "uint8" })),
};

const gradient: Record<string, Mistake> = {
  backwardShape: () => leaf(2).mul(2).backward(),
  backwardNone: () => ones(1).sum().backward(),
  backwardTwice: () => {
    const w = leaf(2), s = w.mul(w).sum();
    s.backward();
    s.backward();
  },
  requiresGradMiddle: () => {
    leaf(2).mul(2).requiresGrad = false;
  },
};

const loading: Record<string, Mistake> = {
  loadMissing: () => load({ weight: ones(2, 3) }),
  loadUnexpected: () => load({ weight: ones(2, 3), bias: ones(2), extra: v }),
  loadShape: () => load({ weight: ones(3, 3), bias: ones(2) }),
};

type ErrorClass = new (message: string) => t.TenonError;

/** The class of each group of mistakes. */
const table: readonly (readonly [ErrorClass, Record<string, Mistake>])[] = [
  [ShapeError, shape],
  [DTypeError, dtype],
  [IndexError, range],
  [ValueError, value],
  [GradError, gradient],
  [LoadError, loading],
];

function errorOf(mistake: Mistake): unknown {
  try {
    mistake();
  } catch (error) {
    return error;
  }
  return null;
}

/** PyTorch's sentence as an error begins with it: the full stop may become a comma, and its request for a report is left out. */
function sentenceOf(text: string): string {
  return text.replace(/\.? {2}\(Could this error message be improved.*$/, "").replace(/\.$/, "");
}

for (const [kind, cases] of table) {
  for (const [name, mistake] of Object.entries(cases)) {
    Deno.test(`errors: ${name} is ${kind.name}, which begins with PyTorch's sentence`, () => {
      const error = errorOf(mistake);
      assert(error instanceof kind, `threw ${error}`);
      const sentence = sentenceOf(fixture[name][1]);
      assertEquals(error.message.slice(0, sentence.length), sentence);
      assertEquals(error.name, kind.name);
    });
  }
}

Deno.test("errors: every mistake of the fixture is made, and each error is a TenonError", () => {
  const made = table.flatMap(([, cases]) => Object.keys(cases)).sort();
  assertEquals(made, Object.keys(fixture).sort());
  for (const kind of [...table.map(([kind]) => kind), DeviceError]) {
    assert(new kind("") instanceof t.TenonError, kind.name);
  }
});

Deno.test("errors: a device that is not there, and operands on two", () => {
  const name = "cuda" as t.DeviceName;
  assertThrows(() => t.setDefaultDevice(name), DeviceError, "available: cpu");
  assertThrows(
    () => x.add(t.ones([2, 5], { device: "reference" })),
    DeviceError,
    "Expected all tensors to be on the same device, but found at least two devices",
  );
});

Deno.test("errors: inside a module, the path to the layer that refused", () => {
  const net = new nn.Sequential(new nn.Linear(5, 3), new nn.ReLU(), new nn.Sequential(new nn.Linear(4, 2)));
  const error = assertThrows(() => net(x), ShapeError);
  assertStringIncludes(error.message, "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x2)");
  assertStringIncludes(error.message, "2.0 (Linear)");
});
