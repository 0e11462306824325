/**
 * What nn.utils makes of layers, against PyTorch (tests/fixtures/nn_utils.py): parametrizations, pruning, fused layers, skipped draws.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { IndexError, ShapeError, ValueError } from "../../core/errors.ts";
import { ones, tensor } from "../../core/ops/create.ts";
import { arange, eye } from "../../core/ops/ranges.ts";
import { rand, randn } from "../../core/ops/random.ts";
import { manualSeed } from "../../core/random/generator.ts";
import type { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";

const { parametrizations, prune } = nn.utils;

interface Orthogonal {
  readonly arguments: [number, number, "matrix_exp" | "cayley" | "householder" | null, boolean];
  readonly text: string;
  readonly keys: string[];
  readonly weight: number[];
  readonly gradient: number[];
}

const fixture: {
  orthogonal: Orthogonal[];
  spectral: { text: string; keys: string[]; weights: number[][] };
  masks: number[][];
  together: number[][];
  fused: { weight: number[]; bias: number[] };
} = JSON.parse(await Deno.readTextFile(new URL("../fixtures/nn_utils.json", import.meta.url)));

function close(x: Tensor, wanted: readonly number[], what: string): void {
  const got = Array.from(x.detach().toTypedArray(), Number);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  assert(
    got.length === wanted.length && got.every((v, i) => Math.abs(v - wanted[i]) <= 1e-5 * scale),
    `${what}: ${got} is not ${wanted}`,
  );
}

function original(layer: nn.Module): nn.Parameter {
  return layer.getParameter("parametrizations.weight.original");
}

Deno.test("orthogonal weights are PyTorch's, with their gradients", () => {
  for (
    const { arguments: [inputs, outputs, orthogonalMap, useTrivialization], ...wanted } of fixture.orthogonal
  ) {
    const what = `orthogonal(${inputs}, ${outputs}, ${orthogonalMap}, ${useTrivialization})`;
    manualSeed(0);
    const layer = new nn.Linear(inputs, outputs);
    parametrizations.orthogonal(layer, "weight", { orthogonalMap, useTrivialization });
    close(layer.weight, wanted.weight, what);
    const x = arange(1, inputs + 1).float().expand([2, inputs]);
    layer(x).mul(arange(1, outputs + 1)).pow(2).sum().backward();
    close(original(layer).grad as Tensor, wanted.gradient, `${what}: gradient`);
    assertEquals([String(layer), Object.keys(layer.stateDict())], [wanted.text, wanted.keys]);
  }
});

Deno.test("an orthogonal weight stays orthogonal while it is learned, and is set to the nearest one", () => {
  const layer = parametrizations.orthogonal(new nn.Linear(3, 3)), w = eye(3).flip(0);
  layer.weight = w as nn.Parameter;
  assert(layer.weight.sub(w).abs().max().item() < 1e-6);
  const optimizer = new nn.optim.SGD(layer.parameters(), { lr: 0.1 });
  for (let i = 0; i < 3; i++) {
    optimizer.zeroGrad();
    layer(ones([1, 3])).pow(2).mul(arange(3)).sum().backward();
    optimizer.step();
  }
  assert(layer.weight.t().matmul(layer.weight).sub(eye(3)).abs().max().item() < 1e-5);
  assertThrows(
    () => parametrizations.orthogonal(new nn.Linear(2, 2), "bias"),
    ValueError,
    "Expected a matrix",
  );
});

Deno.test("weights of spectral norm one are PyTorch's each time they are used", () => {
  manualSeed(0);
  const layer = parametrizations.spectralNorm(new nn.ConvTranspose2d(2, 3, 2), "weight", {
    nPowerIterations: 2,
  });
  fixture.spectral.weights.forEach((wanted, i) => close(layer.weight, wanted, `use ${i}`));
  assertEquals([String(layer), Object.keys(layer.stateDict())], [
    fixture.spectral.text,
    fixture.spectral.keys,
  ]);
  layer.eval();
  assertEquals(layer.weight.tolist(), layer.weight.tolist());
});

Deno.test("pruning masks are PyTorch's, one method after the other", () => {
  manualSeed(0);
  const layer = new nn.Linear(4, 3),
    steps = [
      () => prune.l1Unstructured(layer, "weight", 3),
      () => prune.l1Unstructured(layer, "weight", 0.5),
      () => prune.randomUnstructured(layer, "weight", 2),
      () => prune.randomStructured(layer, "weight", 1, 1),
      () => prune.lnStructured(layer, "weight", 1, 2, 0),
    ];
  steps.forEach((step, i) => {
    step();
    assertEquals(layer.getBuffer("weight_mask").reshape([-1]).tolist(), fixture.masks[i], `step ${i}`);
  });
  manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(3, 2), new nn.Linear(2, 1));
  prune.globalUnstructured([[net[0], "weight"], [net[1], "weight"]], new prune.L1Unstructured(4));
  const masks = [...net].map((m) => m.getBuffer("weight_mask").reshape([-1]).tolist());
  assertEquals(masks, fixture.together);
});

Deno.test("a pruned weight is learned where the mask lets it, also in copies, until pruning is made to last", () => {
  const layer = prune.customFromMask(new nn.Linear(2, 1), "weight", tensor([[0, 1]])),
    copy = nn.deepcopy(layer);
  assertEquals(Object.keys(layer.stateDict()), ["bias", "weight_orig", "weight_mask"]);
  layer(tensor([[3, 5]])).sum().backward();
  assertEquals(layer.getParameter("weight_orig").grad?.tolist(), [[0, 5]]);
  layer.getParameter("weight_orig").data = tensor([[7, 9]]);
  assertEquals(layer(tensor([[1, 1]])).sub(layer.bias).tolist(), [[9]]);
  assertEquals([prune.isPruned(layer), prune.isPruned(copy)], [true, true]);
  prune.remove(layer, "weight");
  assertEquals([layer.weight.tolist(), Object.keys(layer.stateDict())], [[[0, 9]], ["bias", "weight"]]);
  assertEquals([prune.isPruned(layer), prune.isPruned(copy)], [false, true]);
  assertEquals(prune.remove(copy, "weight").weight.select(1, 0).tolist(), [0]);
});

Deno.test("a weight that is computed before each call is the last call's after an optimizer step", () => {
  const make = () => new nn.Linear(2, 1, false);
  for (
    const layer of [
      prune.identity(make(), "weight"),
      nn.utils.weightNorm(make()),
      nn.utils.spectralNorm(make()),
    ]
  ) {
    const optimizer = new nn.optim.SGD(layer.parameters(), { lr: 0.5 });
    layer(ones([1, 2])).sum().backward();
    const before = layer.weight.tolist();
    layer(ones([1, 2])).sum().backward();
    optimizer.step();
    assertEquals(layer.weight.shape, [1, 2]);
    assert(layer.weight.sub(tensor(before)).abs().max().item() < 0.1);
    layer(ones([1, 2]));
    assert(layer.weight.sub(tensor(before)).abs().max().item() > 0);
  }
});

Deno.test("pruning refuses amounts, dimensions and names that cannot be meant", () => {
  const layer = new nn.Linear(2, 2);
  const cases: [run: () => unknown, error: typeof ValueError, sentence: string][] = [
    [
      () => prune.l1Unstructured(layer, "weight", -1),
      ValueError,
      "amount=-1 should either be a float in the range",
    ],
    [() => prune.l1Unstructured(layer, "weight", 1.5), ValueError, "amount=1.5 should either be"],
    [
      () => prune.l1Unstructured(layer, "weight", 5),
      ValueError,
      "should be smaller than the number of parameters",
    ],
    [() => prune.l1Unstructured(layer, "wait", 1), ValueError, "Linear has no parameter 'wait'"],
    [
      () => prune.lnStructured(layer, "bias", 1, 2, 0),
      ValueError,
      "can only be applied to multidimensional tensors",
    ],
    [
      () => prune.lnStructured(layer, "weight", 1, 2, 2),
      IndexError,
      "Invalid index 2 for tensor of size torch.Size([2, 2])",
    ],
    [() => prune.remove(layer, "weight"), ValueError, "has to be pruned before pruning can be removed"],
    [
      () => prune.l1Unstructured(layer, "weight", 1, { importanceScores: ones([1]) }),
      ShapeError,
      "importance_scores should have the same shape as parameter weight of Linear",
    ],
    [
      () => prune.globalUnstructured([], new prune.LnStructured(1, 2)),
      ValueError,
      'Only "unstructured" PRUNING_TYPE',
    ],
  ];
  for (const [run, error, sentence] of cases) assertThrows(run, error, sentence);
  assertEquals(Object.keys(layer.stateDict()), ["weight", "bias"]);
});

Deno.test("a norm becomes part of the layer before it", () => {
  manualSeed(0);
  const conv = new nn.Conv2d(2, 3, 2, { bias: false }).eval(), norm = new nn.BatchNorm2d(3).eval();
  norm.runningMean = tensor([0.1, 0.2, 0.3]);
  norm.runningVar = tensor([1, 2, 3]);
  if (norm.weight !== null) norm.weight.data = tensor([1, 0.5, 2]);
  const layer = nn.utils.fuseConvBnEval(conv, norm);
  close(layer.weight, fixture.fused.weight, "weight");
  close(layer.getParameter("bias"), fixture.fused.bias, "bias");
  assertEquals(conv.bias, null);
  const transposed = new nn.ConvTranspose2d(2, 3, 2).eval(), x = randn([1, 2, 4, 4]);
  const both = nn.utils.fuseConvBnEval(transposed, norm, true);
  assert(both(x).sub(norm(transposed(x))).abs().max().item() < 1e-5);
  const linear = new nn.Linear(4, 3).eval(), flat = new nn.BatchNorm1d(3).eval();
  flat.runningVar = tensor([1, 2, 3]);
  const y = randn([2, 4]);
  assert(nn.utils.fuseLinearBnEval(linear, flat)(y).sub(flat(linear(y))).abs().max().item() < 1e-5);
  assertThrows(() => nn.utils.fuseConvBnEval(conv, norm.train()), ValueError, "Fusion only for eval!");
});

Deno.test("a module made without its first draws leaves the generator as it was", () => {
  manualSeed(0);
  const next = rand([]).item();
  manualSeed(0);
  assertEquals(nn.utils.skipInit(nn.Linear, 3, 2, { bias: false }).bias, null);
  assertEquals(rand([]).item(), next);
  const wrong: unknown = Map;
  assertThrows(
    () => nn.utils.skipInit(wrong as typeof nn.Dropout),
    ValueError,
    "Expected a Module; got",
  );
});

class Doubled extends nn.Module {
  calls = 0;
  override forward(x: Tensor): Tensor {
    this.calls++;
    return x.mul(2);
  }
}

Deno.test("parametrizations are handed on, and computed once inside cached", () => {
  const { cached, registerParametrization, transferParametrizationsAndParams, typeBeforeParametrizations } =
    nn.utils.parametrize;
  const doubled = new Doubled(), from = registerParametrization(new nn.Linear(2, 2), "weight", doubled);
  const to = transferParametrizationsAndParams(from, new nn.Linear(2, 2));
  assertEquals(to.weight.tolist(), from.weight.tolist());
  assert(
    to.getParameter("parametrizations.weight.original") ===
      from.getParameter("parametrizations.weight.original"),
  );
  assert(typeBeforeParametrizations(to) === nn.Linear && typeBeforeParametrizations(doubled) === Doubled);
  const before = doubled.calls;
  assert(cached(() => from.weight === from.weight && cached(() => from.weight) === from.weight));
  assertEquals(doubled.calls, before + 1);
  assert(from.weight !== from.weight);
  assertThrows(
    () => transferParametrizationsAndParams(new nn.Linear(1, 1), to),
    ValueError,
    "does not have a parametrization",
  );
});
