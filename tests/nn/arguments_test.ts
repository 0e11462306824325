/**
 * Arguments of layers, optimizers and schedulers: by position and by name, and what is refused that would be ignored or misread.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "../../core/errors.ts";
import { ones, tensor } from "../../core/ops/create.ts";
import { rand } from "../../core/ops/random.ts";
import { manualSeed } from "../../core/random/generator.ts";
import type { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";

/** Calls a constructor as a program does that is not type-checked. */
function make(name: string, ...args: unknown[]): unknown {
  return Reflect.construct(Reflect.get(nn, name), args);
}

const unknownNames: [name: string, args: unknown[], sentence: string][] = [
  [
    "Linear",
    [3, 2, { biass: false }],
    "Linear() got an unexpected keyword argument 'biass'; it knows inFeatures, outFeatures, bias",
  ],
  ["Dropout", [{ rate: 0.5 }], "Dropout() got an unexpected keyword argument 'rate'; it knows p, inplace"],
  ["Conv2d", [1, 1, 3, { strides: 2 }], "Conv2d() got an unexpected keyword argument 'strides'"],
  ["BatchNorm2d", [3, { epsilon: 1 }], "BatchNorm2d() got an unexpected keyword argument 'epsilon'"],
  [
    "LSTM",
    [3, 2, { layers: 2 }],
    "LSTM() got an unexpected keyword argument 'layers'; it knows inputSize, hiddenSize, numLayers",
  ],
  [
    "CrossEntropyLoss",
    [{ smoothing: 1 }],
    "CrossEntropyLoss() got an unexpected keyword argument 'smoothing'",
  ],
  [
    "MSELoss",
    [{ reduce: "sum" }],
    "MSELoss() got an unexpected keyword argument 'reduce'; it knows reduction",
  ],
  ["ReLU", [{ inPlace: true }], "ReLU() got an unexpected keyword argument 'inPlace'; it knows inplace"],
  ["Embedding", [3, 2, { padding: 0 }], "Embedding() got an unexpected keyword argument 'padding'"],
  ["MultiheadAttention", [4, 2, { batchfirst: true }], "got an unexpected keyword argument 'batchfirst'"],
];

const misread: [name: string, args: unknown[], sentence: string][] = [
  ["Dropout", ["0.5"], `Dropout(): argument 'p' must be float, not the string "0.5"`],
  ["Linear", ["3", 2], `Linear(): argument 'inFeatures' must be int, not the string "3"`],
  ["Linear", [3], "Linear(): argument 'outFeatures' must be int, not None"],
  ["Linear", [3, 2, { bias: "false" }], `Linear(): argument 'bias' must be bool, not the string "false"`],
  ["LayerNorm", [3, { eps: "1e-5" }], `LayerNorm(): argument 'eps' must be float, not the string "1e-5"`],
  ["MaxPool2d", [2, { stride: "2" }], "argument 'stride' must be int or tuple of ints or None"],
  ["Softmax", ["1"], `Softmax(): argument 'dim' must be int or None, not the string "1"`],
  ["Threshold", ["1", 2], `Threshold(): argument 'threshold' must be float, not the string "1"`],
  ["CrossEntropyLoss", [{ weight: [1, 2] }], "argument 'weight' must be Tensor or None, not 1,2"],
  ["MSELoss", ["sum"], "MSELoss: keyword arguments are one last record of options"],
  ["PixelShuffle", ["2"], `PixelShuffle(): argument 'upscaleFactor' must be int, not the string "2"`],
];

Deno.test("layers refuse options that they do not know, and name those that they know", () => {
  for (const [name, args, sentence] of unknownNames) {
    assertThrows(() => make(name, ...args), ValueError, sentence);
  }
});

Deno.test("layers refuse values of the wrong kind by the name of the argument", () => {
  for (const [name, args, sentence] of misread) {
    assertThrows(() => make(name, ...args), ValueError, sentence);
  }
});

Deno.test("the type of a bias follows from what was asked for", () => {
  assertEquals(new nn.Conv2d(1, 2, 3).bias.shape.length, 1);
  const none: null[] = [
    new nn.Conv2d(1, 2, 3, { bias: false }).bias,
    new nn.Conv1d(1, 2, 3, 1, 0, 1, 1, false).bias,
    new nn.ConvTranspose3d(1, 2, 3, { bias: false }).bias,
    new nn.Linear(1, 2, false).bias,
  ];
  assertEquals(none, [null, null, null, null]);
});

Deno.test("what PyTorch takes by position is taken by position", () => {
  assertEquals(String(new nn.Linear(10, 8, false)), "Linear(in_features=10, out_features=8, bias=False)");
  assertEquals(new nn.Bilinear(2, 3, 4, false).bias, null);
  assertEquals(String(new nn.LazyLinear(8, false)), "LazyLinear(in_features=0, out_features=8, bias=False)");
  assertEquals(String(new nn.EmbeddingBag(4, 3, null, 2, false, "max")), "EmbeddingBag(4, 3, mode=max)");
  assertEquals(new nn.CrossEntropyLoss(tensor([1, 2])).weight?.tolist(), [1, 2]);
  assertEquals(new nn.MultiMarginLoss(1, 1, tensor([1, 2])).weight?.tolist(), [1, 2]);
  assertEquals(new nn.PoissonNLLLoss(false, true).full, true);
  assertEquals(String(new nn.ReLU(true)), "ReLU(inplace=True)");
  assertEquals(String(new nn.GELU("tanh")), "GELU(approximate='tanh')");
});

Deno.test("a table of given rows draws no random numbers", () => {
  const table = tensor([[1, 2], [3, 4], [5, 6]]);
  manualSeed(0);
  const next = rand([]).item();
  manualSeed(0);
  const layer = nn.Embedding.fromPretrained(table, { paddingIdx: -1 });
  assertEquals(rand([]).item(), next);
  assertEquals([layer.numEmbeddings, layer.embeddingDim, layer.paddingIdx], [3, 2, 2]);
  assertEquals(layer.weight.tolist(), table.tolist());
  assertEquals(layer.weight.requiresGrad, false);
  assertThrows(
    () => nn.Embedding.fromPretrained(table, { paddingIdx: 3 }),
    ValueError,
    "Padding_idx must be",
  );
});

const params = () => new nn.Linear(1, 1).parameters();

Deno.test("optimizers take what says how PyTorch makes a step, and refuse what would change it", () => {
  const settings = { foreach: true, fused: true, capturable: false, differentiable: false } as const;
  const { SGD, Adam, AdamW, Adamax, NAdam, RAdam, RMSprop, Adagrad, Adadelta, ASGD, Rprop } = nn.optim;
  for (const Kind of [Adam, AdamW, Adamax, NAdam, RAdam, RMSprop, Adagrad, Adadelta, ASGD, Rprop]) {
    assertEquals(new Kind(params(), settings).paramGroups.length, 1);
  }
  // torch.optim.Adam(net.parameters(), 1e-3)
  assertEquals(
    [new SGD(params(), 0.5), new AdamW(params(), 0.5), new nn.optim.LBFGS(params(), 0.5)].map((o) =>
      o.paramGroups[0].lr
    ),
    [0.5, 0.5, 0.5],
  );
  assertEquals(new AdamW(params(), 0.5).paramGroups[0].weightDecay, 0.01);
  const group = new SGD([{ params: params(), foreach: false }], { lr: 1, ...settings }).paramGroups[0];
  assertEquals([group.foreach, group.fused, group.capturable], [false, true, false]);
  assertThrows(
    () => Reflect.construct(Adam, [params(), { differentiable: true }]),
    ValueError,
    "'differentiable' can only be false here",
  );
});

Deno.test("optimizers refuse unknown and misread settings", () => {
  const optimizer = (name: string, ...args: unknown[]) =>
    Reflect.construct(Reflect.get(nn.optim, name), args);
  const cases: [name: string, settings: unknown, sentence: string][] = [
    [
      "SGD",
      { learningRate: 0.1 },
      "SGD() got an unexpected keyword argument 'learningRate'; it knows params, lr, momentum, dampening",
    ],
    ["SGD", { lr: "0.1" }, `SGD(): argument 'lr' must be float, not the string "0.1"`],
    ["SGD", -0.1, "Invalid learning rate: -0.1"],
    ["AdamW", true, "AdamW(): argument 'lr' must be float, not true"],
    ["SGD", {}, "parameter group didn't specify a value of required optimization parameter lr"],
    ["Adam", { beta1: 0.9 }, "Adam() got an unexpected keyword argument 'beta1'; it knows params, lr, betas"],
    ["AdamW", { betas: 0.9 }, "AdamW(): argument 'betas' must be list of numbers, not 0.9"],
    ["LBFGS", { maxIterations: 3 }, "LBFGS() got an unexpected keyword argument 'maxIterations'"],
  ];
  for (const [name, settings, sentence] of cases) {
    assertThrows(() => optimizer(name, params(), settings), ValueError, sentence);
  }
  assertThrows(
    () => optimizer("SGD", [{ params: params(), learningRate: 1 }], { lr: 0.1 }),
    ValueError,
    "SGD.addParamGroup() got an unexpected keyword argument 'learningRate'",
  );
});

Deno.test("groups may bring the learning rates, and undefined stands for the default", () => {
  const sgd = new nn.optim.SGD([{ params: params(), lr: 0.1 }, { params: params(), lr: 0.2 }]);
  assertEquals(sgd.paramGroups.map((group) => group.lr), [0.1, 0.2]);
  assertEquals(new nn.optim.AdamW(params(), { weightDecay: undefined }).paramGroups[0].weightDecay, 0.01);
});

Deno.test("schedulers refuse unknown and misread settings", () => {
  const optimizer = new nn.optim.SGD(params(), { lr: 1 });
  const scheduler = (name: string, ...args: unknown[]) =>
    Reflect.construct(Reflect.get({ ...nn.optim.lrScheduler, ...nn.optim.swaUtils }, name), [
      optimizer,
      ...args,
    ]);
  const cases: [name: string, args: unknown[], sentence: string][] = [
    [
      "StepLR",
      [2, { gama: 1 }],
      "StepLR() got an unexpected keyword argument 'gama'; it knows optimizer, stepSize, gamma, lastEpoch",
    ],
    ["StepLR", ["2"], `StepLR(): argument 'stepSize' must be int, not the string "2"`],
    ["MultiStepLR", [2], "MultiStepLR(): argument 'milestones' must be list of numbers, not 2"],
    ["ExponentialLR", [], "ExponentialLR() missing 1 required positional argument: 'gamma'"],
    ["StepLR", [2, { stepSize: 3 }], "StepLR: got multiple values for argument 'stepSize'"],
    [
      "CosineAnnealingLR",
      [5, { etaMax: 1 }],
      "CosineAnnealingLR() got an unexpected keyword argument 'etaMax'",
    ],
    ["OneCycleLR", [1, { steps: 1 }], "OneCycleLR() got an unexpected keyword argument 'steps'"],
    ["SWALR", ["0.1"], "SWALR(): argument 'swaLr' must be float or list of floats, not the string"],
    ["SWALR", [[1, 2]], "expected 1 values for swa_lr, got 2, in SWALR"],
    ["ReduceLROnPlateau", [{ wait: 1 }], "ReduceLROnPlateau() got an unexpected keyword argument 'wait'"],
  ];
  for (const [name, args, sentence] of cases) {
    assertThrows(() => scheduler(name, ...args), ValueError, sentence);
  }
});

Deno.test("what PyTorch programs give by position stands alone in the place of the options", () => {
  const net = new nn.Linear(2, 2), x = ones([1, 2]);
  net.registerBuffer("scale", ones([1]), false);
  assertEquals(Object.keys(net.stateDict()), ["weight", "bias"]);
  assertEquals(net.loadStateDict({}, false).missingKeys, ["weight", "bias"]);
  assertEquals(new nn.Parameter(x, false).requiresGrad, false);
  net(x).sum().backward();
  net.zeroGrad(false);
  assertEquals(net.bias.grad?.tolist(), [0, 0]);
  net.zeroGrad(true);
  assertEquals(net.bias.grad, null);
  const padded = nn.utils.rnn.padSequence([ones([2, 3]), ones([1, 3])], true);
  assertEquals(padded.shape, [2, 2, 3]);
  const packed = nn.utils.rnn.packPaddedSequence(padded, [2, 1], true);
  assertEquals(nn.utils.rnn.padPackedSequence(packed, true)[0].shape, [2, 2, 3]);
});

Deno.test("the norm of a stack of layers comes by position or by name", () => {
  const norm = new nn.LayerNorm(4), layer = new nn.TransformerEncoderLayer(4, 2, 8);
  assertEquals(new nn.TransformerEncoder(layer, 1, norm).norm, norm);
  assertEquals(new nn.TransformerEncoder(layer, 1, { norm }).norm, norm);
  assertEquals(new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2, 8), 1, { norm }).norm, norm);
  assertEquals(new nn.TransformerEncoder(layer, 1).norm, null);
});

Deno.test("the type of running statistics follows from what was asked for", () => {
  const tracking: Tensor = new nn.BatchNorm2d(3).runningMean;
  const none: null = new nn.BatchNorm1d(3, { trackRunningStats: false }).runningVar;
  const lazy: Tensor = new nn.LazyBatchNorm1d().runningMean;
  assertEquals([tracking.shape, none, lazy.dtype], [[3], null, "float32"]);
});

Deno.test("schedulers take what they need by position or by name", () => {
  const { CosineAnnealingLR, CosineAnnealingWarmRestarts, ExponentialLR, MultiStepLR, OneCycleLR, StepLR } =
    nn.optim.lrScheduler;
  const optimizer = () => new nn.optim.SGD(params(), { lr: 1, momentum: 0.9 });
  const pairs = [
    [new StepLR(optimizer(), 2, 0.5), new StepLR(optimizer(), { stepSize: 2, gamma: 0.5 })],
    [new MultiStepLR(optimizer(), [1, 3]), new MultiStepLR(optimizer(), { milestones: [1, 3] })],
    [new ExponentialLR(optimizer(), 0.5), new ExponentialLR(optimizer(), { gamma: 0.5 })],
    [
      new CosineAnnealingLR(optimizer(), 4, 0.1),
      new CosineAnnealingLR(optimizer(), { tMax: 4, etaMin: 0.1 }),
    ],
    [
      new CosineAnnealingWarmRestarts(optimizer(), 2, 2),
      new CosineAnnealingWarmRestarts(optimizer(), { t0: 2, tMult: 2 }),
    ],
    [new OneCycleLR(optimizer(), 2, 6), new OneCycleLR(optimizer(), { maxLr: 2, totalSteps: 6 })],
  ];
  for (const [byPosition, byName] of pairs) {
    for (let step = 0; step < 5; step++) {
      byPosition.step();
      byName.step();
      assertEquals(byName.getLastLr(), byPosition.getLastLr());
    }
  }
});

Deno.test("a call of MultiheadAttention takes masks and switches by position or by name", () => {
  const attention = new nn.MultiheadAttention(4, 2), x = rand([3, 2, 4]);
  const keyPaddingMask = tensor([[false, true, false], [false, false, false]]);
  const attnMask = nn.Transformer.generateSquareSubsequentMask(3);
  const [byPosition, weights] = attention(x, x, x, keyPaddingMask, false, attnMask);
  assertEquals(byPosition.tolist(), attention(x, x, x, { keyPaddingMask, attnMask })[0].tolist());
  assertEquals(weights, null);
});

Deno.test("layers take what they need by position or by name", () => {
  const same = (a: nn.Module, b: nn.Module) => assertEquals(String(a), String(b));
  const conv: nn.Conv2d<false> = new nn.Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 3, bias: false });
  same(conv, new nn.Conv2d(1, 2, 3, { bias: false }));
  const none: null = conv.bias,
    some: Tensor = new nn.Conv1d({ inChannels: 1, outChannels: 2, kernelSize: 3 }).bias;
  assertEquals([none, some.shape], [null, [2]]);
  same(
    new nn.Conv3d({ inChannels: 2, outChannels: 4, kernelSize: [1, 2, 3], groups: 2 }),
    new nn.Conv3d(2, 4, [1, 2, 3], {
      groups: 2,
    }),
  );
  const linear: nn.Linear<true> = new nn.Linear({ inFeatures: 3, outFeatures: 2 });
  same(linear, new nn.Linear(3, 2));
  same(new nn.Linear({ inFeatures: 3, outFeatures: 2, bias: false }), new nn.Linear(3, 2, false));
  same(new nn.Embedding({ numEmbeddings: 5, embeddingDim: 2, paddingIdx: 0 }), new nn.Embedding(5, 2, 0));
  same(
    new nn.LSTM({ inputSize: 3, hiddenSize: 4, numLayers: 2, batchFirst: true }),
    new nn.LSTM(3, 4, 2, true, true),
  );
  same(new nn.GRU({ inputSize: 3, hiddenSize: 4 }), new nn.GRU(3, 4));
  same(
    new nn.RNN({ inputSize: 3, hiddenSize: 4, nonlinearity: "relu" }),
    new nn.RNN(3, 4, { nonlinearity: "relu" }),
  );
  same(new nn.MultiheadAttention({ embedDim: 4, numHeads: 2 }), new nn.MultiheadAttention(4, 2));
  const layer = { dModel: 4, nhead: 2, dimFeedforward: 8 };
  same(new nn.TransformerEncoderLayer(layer), new nn.TransformerEncoderLayer(4, 2, 8));
  same(new nn.TransformerDecoderLayer(layer), new nn.TransformerDecoderLayer(4, 2, 8));
  assertThrows(
    () => make("LSTM", { inputSize: 3 }),
    ValueError,
    "argument 'hiddenSize' must be int, not None",
  );
  assertThrows(() => make("Conv2d", { inChannels: 1, outChannels: 2 }), ValueError, "kernel_size");
  assertThrows(
    () => make("Linear", { inFeatures: 1 }),
    ValueError,
    "argument 'outFeatures' must be int, not None",
  );
});

Deno.test("layers take everything by name, or from some argument on", () => {
  const layer = new nn.TransformerEncoderLayer(4, 2);
  const pairs: [byName: nn.Module, byPosition: nn.Module][] = [
    [new nn.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }), new nn.MaxPool2d(3, 2, 1)],
    [new nn.MaxUnpool2d({ kernelSize: 2 }), new nn.MaxUnpool2d(2)],
    [new nn.AvgPool1d({ kernelSize: 3, stride: 2 }), new nn.AvgPool1d(3, 2)],
    [new nn.AvgPool2d({ kernelSize: 3 }), new nn.AvgPool2d(3)],
    [new nn.LPPool2d({ normType: 2, kernelSize: 3 }), new nn.LPPool2d(2, 3)],
    [new nn.LPPool2d(2, { kernelSize: 3 }), new nn.LPPool2d(2, 3)],
    [new nn.AdaptiveAvgPool2d({ outputSize: [1, null] }), new nn.AdaptiveAvgPool2d([1, null])],
    [new nn.AdaptiveMaxPool1d({ outputSize: 2 }), new nn.AdaptiveMaxPool1d(2)],
    [
      new nn.FractionalMaxPool2d({ kernelSize: 2, outputSize: 3 }),
      new nn.FractionalMaxPool2d(2, 3),
    ],
    [new nn.LayerNorm({ normalizedShape: [3], eps: 1 }), new nn.LayerNorm([3], 1)],
    [new nn.RMSNorm({ normalizedShape: 3 }), new nn.RMSNorm(3)],
    [new nn.GroupNorm({ numGroups: 2, numChannels: 4 }), new nn.GroupNorm(2, 4)],
    [new nn.GroupNorm(2, { numChannels: 4, affine: false }), new nn.GroupNorm(2, 4, 1e-5, false)],
    [new nn.LocalResponseNorm({ size: 2, k: 2 }), new nn.LocalResponseNorm(2, 1e-4, 0.75, 2)],
    [new nn.BatchNorm2d({ numFeatures: 4, momentum: 0.2 }), new nn.BatchNorm2d(4, 1e-5, 0.2)],
    [new nn.InstanceNorm1d({ numFeatures: 4, affine: true }), new nn.InstanceNorm1d(4, { affine: true })],
    [new nn.Conv2d(3, 4, { kernelSize: 3, padding: 1 }), new nn.Conv2d(3, 4, 3, 1, 1)],
    [
      new nn.ConvTranspose2d({ inChannels: 3, outChannels: 4, kernelSize: 3, stride: 2 }),
      new nn.ConvTranspose2d(3, 4, 3, 2),
    ],
    [
      new nn.LazyConv2d({ outChannels: 4, kernelSize: 3, bias: false }),
      new nn.LazyConv2d(4, 3, { bias: false }),
    ],
    [new nn.LazyConvTranspose1d(4, { kernelSize: 3 }), new nn.LazyConvTranspose1d(4, 3)],
    [new nn.LazyLinear({ outFeatures: 4, bias: false }), new nn.LazyLinear(4, false)],
    [new nn.Bilinear({ in1Features: 2, in2Features: 3, outFeatures: 4 }), new nn.Bilinear(2, 3, 4)],
    [new nn.GRUCell({ inputSize: 2, hiddenSize: 3, bias: false }), new nn.GRUCell(2, 3, false)],
    [
      new nn.RNNCell({ inputSize: 2, hiddenSize: 3, nonlinearity: "relu" }),
      new nn.RNNCell(2, 3, true, "relu"),
    ],
    [new nn.TransformerEncoder(layer, { numLayers: 2 }), new nn.TransformerEncoder(layer, 2)],
    [new nn.TransformerEncoder({ encoderLayer: layer, numLayers: 2 }), new nn.TransformerEncoder(layer, 2)],
    [new nn.ZeroPad2d({ padding: 1 }), new nn.ZeroPad2d(1)],
    [new nn.ReflectionPad1d({ padding: [1, 2] }), new nn.ReflectionPad1d([1, 2])],
    [new nn.ConstantPad2d({ padding: 1, value: 2 }), new nn.ConstantPad2d(1, 2)],
    [new nn.PixelShuffle({ upscaleFactor: 2 }), new nn.PixelShuffle(2)],
    [new nn.Unfold({ kernelSize: 2, stride: 2 }), new nn.Unfold(2, 1, 0, 2)],
    [new nn.Fold({ outputSize: 4, kernelSize: 2 }), new nn.Fold(4, 2)],
    [new nn.Threshold({ threshold: 1, value: 2 }), new nn.Threshold(1, 2)],
    [new nn.Unflatten({ dim: 1, unflattenedSize: [2, 3] }), new nn.Unflatten(1, [2, 3])],
    [
      new nn.AdaptiveLogSoftmaxWithLoss({ inFeatures: 4, nClasses: 9, cutoffs: [3] }),
      new nn.AdaptiveLogSoftmaxWithLoss(4, 9, [3]),
    ],
  ];
  for (const [byName, byPosition] of pairs) assertEquals(String(byName), String(byPosition));
  assertThrows(
    () => new nn.MaxPool2d({ stride: 2 }),
    ValueError,
    "MaxPool2d() missing 1 required positional",
  );
  assertThrows(
    () => Reflect.construct(nn.BatchNorm2d, [{ num_features: 2 }]),
    ValueError,
    "'num_features' is 'numFeatures' here",
  );
});
